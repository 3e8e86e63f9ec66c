"""Fifty consoles at one centre (the long form: ``python3 -m tests load``)."""

from __future__ import annotations

from tests.long.load import load_of


def test_fifty_consoles_hear_every_ring_and_get_a_commit_at_once(tmp_path):
    found = load_of(tmp_path, consoles=50, events=8)
    assert found.delivered == found.sent * found.consoles == 400
    assert found.p99_ms < 1000, "a ring is late"
    assert found.pulled_rows == 500_000 and found.pull_cpu_s < 0.6, "the page was made once for each console"
