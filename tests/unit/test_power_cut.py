"""Power cuts at any write or sync: what was told saved is there. The long form: python3 -m tests powercut."""

from __future__ import annotations

from tests.power import cut_once


def test_nothing_told_saved_is_lost_when_the_power_fails():
    results = [cut_once(seed, "full") for seed in range(40)]
    assert sum(told for told, _, _ in results) > 300
    assert sum(lost for _, lost, _ in results) == 0
    assert all(sound for _, _, sound in results)


def test_the_disk_of_this_test_does_lose_what_was_not_synced():
    results = [cut_once(seed, "normal") for seed in range(20)]
    assert sum(lost for _, lost, _ in results) > 0, "a disk that loses nothing proves nothing"
    assert all(sound for _, _, sound in results), "late is not the same as damaged"
