"""States, seasons, ages, times: the words and colours that officers trust."""

from __future__ import annotations

import pytest

from console.domain.elements import FLOW, LEVEL, signed, storage_text
from console.domain.freshness import Freshness, breaks_line, freshness, trend
from console.domain.objects import Station, Threshold, station_from_doc
from console.domain.states import State, judge
from console.domain.time import age_text, from_beijing, hydrological_day, stamp

T = from_beijing("2022-06-22 14:00")
RIVER = Station("S", "英德(五)", "river", thresholds=(Threshold("warning", 26.0), Threshold("record", 34.2)))


@pytest.mark.parametrize(
    ("level", "state"),
    [
        (25.49, State.NORMAL),
        (25.5, State.WATCH),
        (26.0, State.WARNING),
        (34.2, State.WARNING),
        (34.21, State.RECORD),
        (None, State.NO_DATA),
    ],
)
def test_a_river_climbs_the_ladder(level, state):
    assert judge(RIVER, level, None, T).state is state


def test_unknown_thresholds_are_skipped_not_taken_as_zero():
    bare = Station("S", "坪石(二)", "river")
    verdict = judge(bare, 152.4, None, T)
    assert (verdict.state, verdict.margin_m) == (State.UNJUDGED, None), "a reading without a figure is not normal"


def test_too_little_moisture_is_the_danger_not_too_much():
    soil = Station("M", "墒情", "soil", thresholds=(Threshold("warning", 50.0, "SM"),))
    assert [judge(soil, v, None, T).state for v in (80.0, 54.0, 20.0)] == [State.NORMAL, State.WATCH, State.WARNING]


def test_over_the_crest_is_the_worst_even_where_no_limit_is_known():
    pool = Station("R", "水库", "reservoir", thresholds=(Threshold("crest", 88.2, "RZ"), Threshold("normal", 75.0, "RZ")))
    assert [judge(pool, v, None, T).state for v in (80.0, 90.0)] == [State.UNJUDGED, State.RECORD]


def test_over_the_flood_limit_depends_on_the_date():
    pool = Station("R", "水库", "reservoir", thresholds=(Threshold("flood_limit", 144.5, "RZ", season=("0401", "0630")),))
    assert judge(pool, 146.4, None, from_beijing("2024-04-20 08:00")).state is State.FLOOD_LIMIT
    assert judge(pool, 146.4, None, from_beijing("2024-11-20 08:00")).state is State.UNJUDGED


def test_a_season_may_cross_new_year():
    winter = Threshold("flood_limit", 1.0, season=("1115", "0228"))
    assert winter.holds_at(from_beijing("2024-01-10 00:00"))
    assert winter.holds_at(from_beijing("2023-12-01 00:00"))
    assert not winter.holds_at(from_beijing("2024-06-01 00:00"))


def test_a_threshold_counts_from_its_date_and_the_newest_wins():
    s = Station(
        "S",
        "横门",
        "river",
        thresholds=(Threshold("warning", 1.5, valid_from="2006-01-01"), Threshold("warning", 2.0, valid_from="2017-01-01")),
    )
    assert s.threshold("warning", from_beijing("2010-01-01")).value == 1.5
    assert s.threshold("warning", T).value == 2.0


def test_a_null_threshold_in_a_document_is_unknown():
    doc = {"code": "A", "properties": {"name": "A", "thresholds": [{"kind": "warning", "value": None}]}}
    assert station_from_doc(doc).thresholds == ()


@pytest.mark.parametrize(
    ("age", "word"), [(0, Freshness.LIVE), (4600, Freshness.LATE), (10801, Freshness.STALE), (None, Freshness.MISSING)]
)
def test_hourly_values_grow_old(age, word):
    assert freshness(age, 3600) is word


def test_small_changes_are_steady_and_gaps_break_the_line():
    assert [trend(0.014), trend(0.019), trend(0.02), trend(-0.5), trend(None)] == [0, 1, 1, -1, 0], "as they are shown"
    assert breaks_line(5401, 3600) and not breaks_line(5400, 3600)


def test_numbers_are_written_as_officers_write_them():
    assert [LEVEL.text(35.9), LEVEL.text(None), LEVEL.text(float("nan"))] == ["35.90", "—", "—"]
    assert [FLOW.text(18534.0), FLOW.text(720.4), FLOW.text(8.123)] == ["18500", "720", "8.12"]
    assert [signed(9.97), signed(-0.4), signed(0.001), signed(None)] == ["+9.97", "−0.40", "0.00", "—"]
    assert [storage_text(1900.0), storage_text(8.1), storage_text(None)] == ["19.00 亿m³", "810 万m³", "—"]


def test_times_are_beijing_times_whatever_the_machine_says(monkeypatch):
    for zone in ("UTC", "America/New_York", "Asia/Shanghai"):
        monkeypatch.setenv("TZ", zone)
        assert stamp(T, T) == "06-22 14:00"
    assert stamp(T, T + 400 * 86400) == "2022-06-22 14:00"
    with pytest.raises(ValueError, match="zone"):
        from_beijing("2022-06-22T14:00+08:00")


def test_the_hydrological_day_ends_at_eight():
    end = from_beijing("2022-06-13 08:00")
    assert hydrological_day(end) == end
    assert hydrological_day(end - 1) == end
    assert hydrological_day(end + 1) == end + 86400


def test_ages_are_short():
    assert [age_text(s) for s in (5, 65, 3 * 3600 + 1200, 4 * 86400)] == ["5秒", "1分", "3小时20分", "4天"]
