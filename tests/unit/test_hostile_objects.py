"""What a centre may send by mistake or in malice: it is left out with a word in the log, and the rest goes on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from console.domain.documents import readable
from console.domain.network import upstream_of
from console.domain.objects import ReachNode, River, Station
from console.domain.rain import grade, grade_word
from console.domain.states import State, judge
from console.domain.typhoons import grade_of
from console.presenters.card_papers import Papers
from console.presenters.typhoon import typhoon_views
from console.state.shown import shown_river, shown_series, shown_station, shown_thing
from console.store.cache_reader import _believable
from tests.rows import T, station_row
from widgets.decimate import Pyramid

HUGE = 10**400


def doc(**props):
    return {"code": "A", "properties": {"name": "甲", "type": "river"} | props, "geometry": None}


@pytest.mark.parametrize("value", ["nan", math.nan, math.inf, HUGE, True, None, [1], "11"])
def test_a_limit_that_is_no_figure_is_no_limit(value):
    station = shown_station(doc(thresholds=[{"kind": "warning", "value": value}]))
    assert station.thresholds == ()
    assert judge(station, 20.0, None, T).state is State.UNJUDGED, "unknown is never normal"


@pytest.mark.parametrize("season", [["0101"], "x", [1, 2], ["0101", "02"], {"a": 1}])
def test_a_limit_whose_season_cannot_be_read_does_not_hold_all_year(season):
    station = shown_station(
        doc(thresholds=[{"kind": "warning", "value": 5.0, "season": season}, {"kind": "record", "value": 9.0}])
    )
    assert [t.kind for t in station.thresholds] == ["record"]


@pytest.mark.parametrize("place", [[math.inf, 24], ["nan", 24], [1e308, 24], [HUGE, 24], [113, 99], [None, None]])
def test_a_place_off_the_earth_is_no_place(place):
    station = shown_station(doc() | {"geometry": {"type": "Point", "coordinates": place}})
    assert (station.lon, station.lat) == (None, None)


def test_one_bad_document_leaves_the_others():
    series = [
        {"code": "1", "properties": {"sid": 1, "object": "A", "element": "Z"}},
        {"code": "2", "properties": {"sid": 2**70, "object": "A", "element": "Z"}},
        {"code": "3", "properties": {"sid": 3, "object": "A", "element": "Z", "interval_s": math.inf}},
        {"code": "4", "properties": {"sid": 4, "object": "A", "element": "Z"}},
    ]
    assert [s.sid for s in readable(shown_series, series)] == [1, 4]
    things = [
        {"code": "W", "properties": {"name": "堤"}, "geometry": {"type": "LineString", "coordinates": [[113], []]}},
        {
            "code": "V",
            "properties": {"name": "堤"},
            "geometry": {"type": "Polygon", "coordinates": [[], [[113, 24], [1e308, 1]]]},
        },
    ]
    assert [t.lines for t in readable(lambda d: shown_thing("works", d), things)] == [(((113.0, 24.0),),)]
    river = shown_river(
        {
            "code": "R",
            "properties": {
                "name": "江",
                "nodes": [{"code": "A", "chainage_km": HUGE}, {"code": "B", "chainage_km": 1, "travel_h": "5"}],
            },
        }
    )
    assert river.nodes == (ReachNode("B", 1.0, None),)


def test_an_element_that_nobody_knows_does_not_name_a_station():
    assert shown_station(doc(element="<b>")).main_element == "Z"


def test_a_reading_that_no_gauge_can_give_is_missing():
    assert np.isnan(_believable([1e17, -1e308, math.inf, None])).all() and _believable([35.97])[0] == 35.97
    assert station_row("R", (1.0, 2.0, 1e17), kind="reservoir").level.value is None


def test_absurd_rain_and_wind_have_no_grade():
    assert (grade(1e30), grade(-1.0), grade_word(0.0)) == (0, 0, "无")
    assert grade_of(-3.0)[1] == "强度不明" and grade_of(5.0)[1] == "强度不明" and grade_of(12.0)[1] == "热带低压"
    thing = shown_thing("typhoons", {"code": "T", "properties": {"name": "x", "fixes": [{"t": HUGE, "lon": 1, "lat": 1}]}})
    assert typhoon_views([thing], T) == ()


def test_papers_that_are_no_papers_are_passed_over():
    row = station_row("A", name="石角")
    papers = Papers({"plans": [{"properties": []}, {"properties": "x"}, {"properties": {"name": "石角预案", "facts": 5}}]})
    assert papers.of("plans", row.code, row.station.name, row.station.city) == ["石角预案"]


def test_a_long_chain_and_a_ring_of_rivers_end():
    chain = [River(f"R{i}", "", (ReachNode(f"S{i}", 1.0),), joins=(f"R{i + 1}", 5.0)) for i in range(3000)]
    outlet = River("R3000", "", (ReachNode("OUT", 10.0),))
    assert len(upstream_of("OUT", [*chain, outlet])) == 3000
    ring = [River("A", "", (ReachNode("a", 1.0),), ("B", 9.0)), River("B", "", (ReachNode("b", 9.5),), ("A", 0.5))]
    assert upstream_of("b", ring) == {"a"}


def test_a_short_series_in_a_narrow_plot_is_drawn_as_it_is():
    t = np.arange(200.0)
    found, _ = Pyramid(t, t, 1).view(0.0, 200.0, 60)
    assert len(found) == 200


def test_a_station_without_figures_is_not_green():
    assert judge(Station("S", "甲", "river"), 3.0, 100.0, T).state is State.UNJUDGED
