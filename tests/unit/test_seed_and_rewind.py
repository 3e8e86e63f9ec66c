"""What a centre begins with, and what it still knows after its recording was moved back."""

from __future__ import annotations

import pytest

from console.central.process import seed
from console.central.repository import open_repository
from console.domain.objects import thing_from_doc
from console.domain.works import works_of
from console.drill.facts import basin_objects
from console.drill.recordings import recording_of
from console.presenters.regimes import Regimes, _rain
from console.store.sqlite import transaction
from tests.rows import T, board_of, station_row

H = 3600


@pytest.fixture
def repo(tmp_path):
    found = open_repository(tmp_path / "centre", "live")
    yield found
    found.close()


def test_a_live_centre_begins_without_anything_that_was_invented_for_drills(repo, tmp_path):
    seed(repo, tmp_path, "live", None)
    assert not repo.objects("sensors") and not repo.objects("gates") and not repo.objects("surveys")
    works = [works_of(thing_from_doc("works", d)) for d in repo.objects("works")]
    assert works and not any(w.simulated or w.sections for w in works) and any(w.facts for w in works)
    assert all(s.state == "unknown" for w in works for s in w.subsystems)
    assert repo.objects("stations") and repo.objects("reservoirs")


def test_a_drill_has_them_all_and_says_that_they_are_simulated(tmp_path):
    repo = open_repository(tmp_path / "drill", "beijiang-2022-06")
    try:
        seed(repo, tmp_path, "beijiang-2022-06", recording_of(tmp_path, "beijiang-2022-06"))
        assert repo.objects("sensors") and repo.objects("surveys")
        assert any(works_of(thing_from_doc("works", d)).simulated for d in repo.objects("works"))
    finally:
        repo.close()


def alarm(onset, first_seen, cleared=None):
    return {
        "onset_t": onset,
        "first_seen_t": first_seen,
        "cleared_t": cleared,
        "peak_t": None,
        "value": 11.0,
        "peak": 11.0,
    }


def test_an_alarm_that_stood_at_the_moment_gone_back_to_stands_there_whenever_it_was_first_seen(repo):
    with transaction(repo._db):
        repo._put_records(
            [
                ("alarm", "stood", alarm(T - 48 * H, T)),  # the recording had jumped past its beginning
                ("alarm", "later", alarm(T - H, T)),
                ("alarm", "cleared", alarm(T - 48 * H, T - 48 * H, cleared=T - H)),
            ]
        )
    repo.rewind(T - 24 * H)
    found = dict(repo.records("alarm"))
    assert set(found) == {"stood", "cleared"}
    assert found["stood"]["first_seen_t"] == T - 24 * H and found["cleared"]["cleared_t"] is None


def test_without_an_areal_series_the_greatest_gauge_heads_the_rain_tile():
    gauges = [station_row(c, (0.0, mm, mm), kind="rain", name=f"站{c}") for c, mm in (("A", 5.0), ("B", 40.0))]
    tile = _rain(Regimes(board_of(*gauges), (), {}), str)
    assert tile.value.endswith("80.0") and tile.lines == ("点最大 站B 24h", "暴雨以上 1 站") and tile.unit == "mm"


def test_a_real_store_that_an_earlier_version_seeded_loses_what_was_invented_and_keeps_its_own(repo, tmp_path):
    for kind, docs in basin_objects().items():
        repo.put_objects(kind, docs)
    own = {"name": "自己的测量", "works": "LOCWK002", "at": T, "points": [[0, 0, 1.0]]}
    repo.put_objects("surveys", [{"code": "OWN", "version": 1, "geometry": None, "properties": own}])
    seed(repo, tmp_path, "live", None)
    assert [d["code"] for d in repo.objects("surveys")] == ["OWN"] and not repo.objects("sensors")
    levee = next(w for d in repo.objects("works") if (w := works_of(thing_from_doc("works", d))).code == "LOCWK002")
    assert not levee.simulated and levee.scour_limit_m is None and levee.facts
    assert "模拟" not in levee.note and "示意" in levee.note, "what is true of the line and its gauge stays said"
