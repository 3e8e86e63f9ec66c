"""A laptop without a network: a tour of every workspace opens no network socket and leaves no incident."""

from __future__ import annotations

from tests.bench.monitor import desk, filled_home


def test_a_tour_of_every_panel_opens_no_socket(tmp_path):
    filled_home(tmp_path)
    report = desk(tmp_path)
    assert report["dialled"] == []
    assert report["incidents"] == []
    assert set(report["panels_ms"]) >= {"monitor.map", "monitor.table", "monitor.works", "monitor.video", "monitor.card"}
