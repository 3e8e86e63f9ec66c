"""Which stations and floods may stand on one picture, and what is said where they may not."""

from __future__ import annotations

import numpy as np
import pytest

from console.domain.objects import ReachNode, river_from_doc, station_from_doc
from console.domain.time import beijing, from_beijing
from console.drill.facts import basin_objects
from console.engine.travel import travel_hours
from console.presenters.curve_past import CALENDAR, PEAK, Past, at_its_peak, same_period, shift_of, typed_day
from console.presenters.station_facts import annual_maxima, gaugings, return_flows

H = 3600


def beijiang():
    return next(r for r in map(river_from_doc, basin_objects()["reaches"]) if r.name == "北江").nodes


def test_published_hours_add_up_along_the_river_and_an_unknown_hop_makes_the_whole_unknown():
    nodes = beijiang()
    yingde, feilaixia, below, qingyuan, shijiao, shaoguan = (
        "LOC00106",
        "LOC00506",
        "LOC00109",
        "LOC00111",
        "LOC00112",
        "LOC00104",
    )
    assert travel_hours(nodes, yingde, shijiao) == 13 and travel_hours(nodes, shijiao, yingde) == -13
    assert travel_hours(nodes, feilaixia, below) == 0, "the gauge below the dam"
    assert travel_hours(nodes, below, qingyuan) == 4
    assert travel_hours(nodes, shaoguan, shijiao) is None and travel_hours(nodes, shijiao, "LOC00113") is None
    assert travel_hours(nodes, shijiao, shijiao) == 0 and travel_hours(nodes, "X", shijiao) is None
    assert travel_hours((ReachNode("A", 0.0), ReachNode("B", 5.1)), "A", "B") is None


def test_a_past_flood_is_moved_by_peak_or_to_the_same_day_of_this_year():
    here, past = from_beijing("2024-04-22 02:00"), Past("peak:1", from_beijing("2022-06-22 14:00"), "")
    assert past.t + shift_of(past, PEAK, here) == here
    moved = beijing(past.t + shift_of(past, CALENDAR, here))
    assert (moved.year, moved.month, moved.day, moved.hour) == (2024, 6, 22, 14)
    leap = Past("day:x", from_beijing("2024-02-29 12:00"), "")
    assert beijing(leap.t + shift_of(leap, CALENDAR, from_beijing("2023-03-01 00:00"))).day == 28


def test_other_years_are_offered_only_where_they_are_cached():
    t = np.concatenate([np.arange(from_beijing(f"{y}-06-10"), from_beijing(f"{y}-07-01"), H) for y in (2019, 2022)])
    rows = (t, np.ones(len(t)), np.zeros(len(t), np.int64))
    assert [p.text[:4] for p in same_period(rows, from_beijing("2022-06-22 14:00"))] == ["2019"]
    assert same_period(rows, from_beijing("2022-12-22 14:00")) == []
    assert same_period((t[:0], t[:0].astype(float), t[:0]), from_beijing("2022-06-22")) == []


def test_a_typed_day_is_laid_over_by_the_peak_around_it():
    past = typed_day("2013年8月17日")
    assert past.key == "day:2013-08-17" and typed_day(" 2013/8/17 ") == past
    t = past.t + H * np.arange(-60, 60, dtype=np.int64)
    v = 10.0 - np.abs(np.arange(-60, 60) - 20) / 10
    assert at_its_peak(past, (t, v, np.zeros(120, np.int64))).t == past.t + 20 * H
    assert at_its_peak(past, (t[:0], v[:0], t[:0])) == past
    for bad in ("", "昨天", "2013-13-40", "0001-01-01", "2013"):
        with pytest.raises(ValueError):
            typed_day(bad)


def test_published_figures_are_declared_with_their_sources():
    stations = {s.name: s for s in map(station_from_doc, basin_objects()["stations"])}
    points, source = return_flows(stations["石角"])
    assert points == [(10.0, 13900.0), (50.0, 17600.0), (100.0, 19000.0)] and "央视" in source
    found, left_out = gaugings(stations["石角"])
    assert len(found) == 9 and left_out == 0 and sum(g.forecast for g in found) == 5
    assert all(g.source for s in stations.values() for g in gaugings(s)[0])
    assert gaugings(stations["坪石(二)"]) == ((), 0) and return_flows(stations["坪石(二)"]) is None
    assert all(annual_maxima(s) is None for s in stations.values()), "none was published: none is invented"
