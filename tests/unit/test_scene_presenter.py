"""What the sandbox is told to draw and to write: nothing that is not known, and signs only of what is drawn."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

from vtkmodules.vtkRenderingCore import vtkRenderer

from console.domain.objects import ReachNode, River, Threshold
from console.domain.states import State
from console.presenters.scene import RISE_M, column_ratio, present_scene, scene_view
from console.viewdata.map import RainBand, RainField, TyphoonPoint, TyphoonView
from console.viewdata.scene import LAYERS, SceneReach, SceneStation, SceneStyle, SceneView
from console.viewdata.scene_works import SceneArea, SceneGate, SceneSpot, SceneWorks, SceneWorksView
from scenes.build.course import course_of
from scenes.ground.frame import to_degrees
from scenes.ground.source import Ground
from scenes.render.flow import FARTHEST_KM, LONG, Flow
from scenes.render.wire import Told
from scenes.render.works import MODEL_KM, WorksLayer
from scenes.spots import ALARM_RANK, Shown, Spots
from scenes.wording import Drawn, film_notes, legend_rows, notes
from tests.grounds import river, write_hills
from tests.rows import T, board_of, station_row

DAY_S = 86400
COLORS = {"works.alarm": (1.0, 0.0, 0.0), "works.unknown": (0.5, 0.5, 0.5)}


def same(text):
    return text


def at(east_km, north_km):
    lon, lat = to_degrees(east_km, north_km)
    return {"lon": float(lon), "lat": float(lat)}


def reach(view, name="北江"):
    return next(r for r in view.reaches if r.name == name)


class Target:
    def show_view(self, view):
        self.view = view


# --- what is known ------------------------------------------------------------------------------


def test_the_water_passes_only_through_stations_whose_reading_still_holds():
    board = board_of(
        station_row("A", [20.0, 20.5], **at(0, 60)),
        station_row("旧", [18.0, 18.5], end=T - DAY_S, **at(1, 40)),
        station_row("从未", [], **at(2, 20)),
        station_row("不知在哪", [9.0, 9.5]),
        station_row("潮", [1.0, 1.2], kind="tide", **at(3, 0)),
        station_row("雨", [3.0], kind="rain", **at(4, 0)),
    )
    view = scene_view(board, None)
    assert [z for _, _, z in reach(view).stages] == [20.5, 1.2]
    assert [s.code for s in view.stations] == ["A", "旧", "从未", "潮"], "without a place it is not drawn"
    stale = next(s for s in view.stations if s.code == "旧")
    assert stale.stale and reach(view).states[1][2] is State.NO_DATA, "an old reading colours no water"
    target = Target()
    assert present_scene(target, board, "A", same) == "水面经过 2/4 站水位"
    assert target.view.selected == "A"


def test_a_station_on_no_river_moves_no_water_and_is_not_counted():
    view = scene_view(board_of(station_row("A", [5.0], river="", **at(0, 0))), None)
    assert view.reaches == () and len(view.stations) == 1
    assert present_scene(Target(), board_of(station_row("A", [5.0], river="", **at(0, 0))), None, same) == "水面经过 0/1 站水位"


def test_a_reservoir_in_the_rivers_course_holds_its_own_level_and_moves_no_river():
    pool = station_row("R", [22.1, 22.3], kind="reservoir", facts={"total_mcm": 1900.0}, **at(0, 50))
    view = scene_view(board_of(station_row("A", [20.0, 20.5], **at(0, 60)), pool), None)
    assert [z for _, _, z in reach(view).stages] == [20.5]
    assert view.pools[0].level_m == 22.3 and view.pools[0].label == "站R 22.30 m"
    old = station_row("R", [22.1], kind="reservoir", end=T - 2 * DAY_S, **at(0, 50))
    silent = scene_view(board_of(old), None).pools[0]
    assert silent.level_m is None and silent.label == "站R —", "an old level is no surface"


def test_a_larger_reservoir_is_drawn_larger_but_never_like_a_province():
    def radius(total):
        facts = {"total_mcm": total} if total is not None else {}
        return scene_view(board_of(station_row("R", [1.0], kind="reservoir", facts=facts, **at(0, 0))), None).pools[0].radius_km

    sizes = [radius(t) for t in (1.0, 100.0, 1900.0, 90_000.0)]
    assert sizes == sorted(sizes) and sizes[0] == radius(10.0) == 1.8 and sizes[-1] < 9.0
    assert radius(None) == radius(100.0) and radius("很大") == radius(100.0)


def test_only_the_rule_levels_in_force_are_rings():
    row = station_row("R", [22.0], kind="reservoir", thresholds={"normal": 24.0}, **at(0, 0))
    season = (
        Threshold("flood_limit", 18.0, "RZ", season=("0401", "0630")),
        Threshold("flood_limit", 23.0, "RZ", season=("0701", "1015")),
        Threshold("normal", 24.0, "RZ"),
    )
    row = replace(row, station=replace(row.station, thresholds=season))
    june, august = board_of(row), board_of(row, at=T + 50 * DAY_S)
    assert dict(scene_view(june, None).pools[0].rules) == {"汛限": 18.0, "正常蓄水": 24.0}
    assert dict(scene_view(august, None).pools[0].rules)["汛限"] == 23.0


def test_a_flood_travels_only_where_a_travel_time_was_published():
    rows = [station_row(code, [20.0 - n], **at(n, 90 - 30 * n)) for n, code in enumerate("ABCD")]
    nodes = (ReachNode("A", 10.0), ReachNode("B", 46.0, 6.0), ReachNode("C", 80.0), ReachNode("D", 110.0, 5.0))
    view = scene_view(board_of(*rows, rivers=(River("r", "北江", nodes),)), None)
    assert [v for *_, v in reach(view).speeds] == [6.0, 6.0], "36 km in 6 h, 30 km in 5 h; B to C is not published"
    assert reach(view).speeds[0][:2] == (rows[0].station.lon, rows[0].station.lat)
    gone = scene_view(board_of(*rows[:1], rivers=(River("r", "北江", nodes),)), None)
    assert reach(gone).speeds == ()


@pytest.mark.parametrize(("chainage", "travel_h"), [(10.0, 6.0), (5.0, 6.0), (46.0, -6.0), (46.0, 0.0)])
def test_a_travel_time_that_makes_no_sense_is_no_speed(chainage, travel_h):
    rows = [station_row(code, [20.0], **at(n, 90 - 30 * n)) for n, code in enumerate("AB")]
    rivers = (River("r", "北江", (ReachNode("A", 10.0), ReachNode("B", chainage, travel_h))),)
    assert reach(scene_view(board_of(*rows, rivers=rivers), None)).speeds == ()


def test_a_station_that_hardly_moves_takes_no_side_in_where_the_crest_is():
    rows = [station_row(f"S{n}", [20.0, 20.0 + by], **at(0, 60 - n)) for n, by in enumerate((0.0, RISE_M / 2, 0.2, -0.2))]
    rows.append(station_row("旧", [20.0, 21.0], end=T - DAY_S, **at(0, 0)))
    assert [round(by, 3) for *_, by in reach(scene_view(board_of(*rows), None)).rises] == [0.2, -0.2]


def test_columns_grow_towards_the_warning_level_and_unknown_ones_are_short():
    ratios = [column_ratio(station_row("A", [z], thresholds={"warning": 20.0})) for z in (0.0, 16.0, 20.0, 25.0, 60.0)]
    assert ratios == sorted(ratios) and ratios[0] == 0.04 and ratios[-1] == 1.0
    assert column_ratio(station_row("A", [25.0])) == 0.12


# --- what is written ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    return Ground([write_hills(tmp_path_factory.mktemp("hills") / "g", 1024)])


def test_what_is_over_a_limit_is_written_first_and_an_old_alarm_is_none(ground, look):
    rows = [
        station_row("警", [21.0], thresholds={"warning": 20.0, "guaranteed": 25.0}, **at(0, 60)),
        station_row("保", [26.0], thresholds={"warning": 20.0, "guaranteed": 25.0}, **at(5, 60)),
        station_row("旧", [26.0], thresholds={"guaranteed": 25.0}, end=T - DAY_S, **at(9, 60)),
        station_row("常", [10.0], thresholds={"warning": 20.0}, **at(12, 60)),
    ]
    view = scene_view(board_of(*rows), None)
    spots = Spots(ground)
    ranks = {one.code: one.rank for one in spots.labels(view, None, 100.0, look)}
    assert ranks["保"] > ranks["警"] >= ALARM_RANK > ranks["常"] > ranks["旧"], "an old alarm is unknown now"
    shown = Shown(view, towns=(("清远", 113.0, 23.7),))
    wanted = spots.wanted(shown, 100.0, look)
    assert wanted.labels[-1].text == "清远" and wanted.ranks.min() == wanted.labels[-1].rank, "a town gives way to all"
    assert spots.wanted(shown, 100.0, look) is wanted, "a frame costs only projection"
    quiet = replace(view, style=SceneStyle(layers=("water",)))
    assert spots.labels(quiet, None, 100.0, look) == []


def works(state="unknown", **more):
    place = at(0, 60)
    gates = tuple(SceneGate(n, 1.0, 12.0, 14.0) for n in range(1, 4))
    made = SceneWorks("W", "飞来峡", "dam", place["lon"], place["lat"], gates=gates, crest_m=60.0, base_m=20.0, state=state)
    return replace(made, **more)


def test_a_works_in_alarm_outranks_a_station_in_warning_and_sensors_are_named_from_near(ground, look):
    spot = SceneSpot("S", "渗压 1", "sensor", **at(0.1, 60), state="alarm")
    bare = SceneArea("Z", "没有边界", ())
    ring = tuple(tuple(at(x, y).values()) for x, y in ((1, 60), (2, 60), (2, 61)))
    view = SceneWorksView((works("alarm"), replace(works("normal"), code="X")), (bare, SceneArea("A", "潖江", ring)), (spot,))
    spots = Spots(ground)
    ranks = {one.code: one.rank for one in spots.works(view, SceneStyle(), 40.0)}
    assert ranks["W"] > ALARM_RANK + 10 * int(State.WARNING) > ALARM_RANK > ranks["X"] and "S" not in ranks
    assert {one.code for one in spots.works(view, SceneStyle(), 2.0)} == {"W", "X", "A", "S"}, (
        "and what has no outline no place"
    )
    assert spots.works(view, SceneStyle(layers=("water",)), 2.0) == []


# --- the legend ---------------------------------------------------------------------------------


def words(view, told=None, **more):
    return [row.text for row in legend_rows(Drawn(view, told, **more), same)]


def test_the_legend_names_what_is_drawn_and_nothing_else():
    lon, lat = at(0, 60).values()
    assert words(SceneView()) == []
    calm = SceneView(reaches=(SceneReach("北江", ((lon, lat, State.NORMAL),), ((lon, lat, 20.0),)),))
    assert words(calm) == ["河道水面（宽度示意）", "流向"]
    worse = replace(calm, reaches=(replace(calm.reaches[0], states=((lon, lat, State.GUARANTEED), (lon, lat, State.NO_DATA))),))
    assert words(worse) == ["河段超保", "河段不明，水面按内插或低水示意", "流向"]
    assert "河段不明，水面按内插或低水示意" in words(calm, rivers=frozenset({"北江", "绥江"})), "no station tells of 绥江"
    watch = replace(calm, reaches=(replace(calm.reaches[0], states=((lon, lat, State.WATCH),)),))
    assert words(watch) == ["河段关注", "流向"]
    assert words(calm, Told(0.0, {}, (("北江", 0.0, 60.0, 20.0),)))[-1] == "洪峰约在此处（上退下涨之间）"
    stations = (SceneStation("S", "石角", lon, lat, State.WARNING, False, 0.5, "石角"),)
    assert words(SceneView(stations=stations)) == ["超警站", "柱高：距警戒，越高越近或超过"]
    for code in ("water", "stations"):
        left = tuple(c for c in LAYERS if c != code)
        quiet = replace(worse, stations=stations, style=SceneStyle(layers=left))
        assert len(words(quiet)) < len(words(replace(quiet, style=SceneStyle())))


def test_arrows_are_said_to_move_only_where_arrows_that_move_are_drawn():
    lon, lat = at(0, 60).values()
    moving = SceneReach("北江", (), ((lon, lat, 20.0),), (), ((lon, lat, lon, lat - 0.3, 6.0),))
    dry = replace(moving, name="东江", stages=())
    still = replace(moving, name="西江", speeds=())
    assert "流向；按公布传播时间随时间轴移动" in words(SceneView(reaches=(moving, still)))
    assert "流向" in words(SceneView(reaches=(dry, still))), "a river without a stage has no arrows, moving or not"
    assert not any("流向" in w for w in words(SceneView(reaches=(dry,))))


def test_rain_and_typhoon_are_in_the_legend_and_never_in_the_plainer_pictures():
    rain = RainField(24.0, 0.0, (RainBand(50.0, "rain.3", ()), RainBand(250.0, "rain.6", ())))
    wind = TyphoonView("T", "某", (TyphoonPoint(0, 113.0, 21.0, 30.0, 970.0),))
    view = SceneView(rain=rain, typhoons=(wind,))
    assert words(view) == ["台风路径", "24h 50–100 mm", "24h ≥250 mm"], "no forecast was issued, no circle is known"
    now = TyphoonPoint(60, 113.0, 21.0, 30.0, 970.0, ((7, (100.0,) * 4),))
    told = replace(wind, ahead=(now,), now=now)
    assert words(SceneView(typhoons=(told,))) == ["台风路径", "预报路径与可能范围", "7 级风圈"]
    assert words(view, plain=True) == []


def test_the_note_says_what_the_ground_and_the_data_are():
    told = Told(0.0, {"北江": 1.24, "东江": 0.31})
    lines = notes(Drawn(SceneView(), told), "合成地形 仅供演示", True, ("正在生成 40%", ""), same, data="重建数据")
    assert (
        lines[0] == ("正在生成 40%", "accent") and "北江 +1.2 m、东江 +0.3 m" in lines[1][0] and "不作漫堤判断" in lines[1][0]
    )
    assert lines[2][0].startswith("重建数据 · 合成地形 仅供演示 · 垂直夸大 ×8 · ") and "仅示意" in lines[2][0]
    live = notes(Drawn(SceneView(style=SceneStyle(4.0)), plain=True), "石角 1 m", False, (), same, data="")
    bare = notes(Drawn(SceneView(style=SceneStyle(layers=()))), "石角 1 m", False, (), same, data="")
    assert "水面" not in bare[0][0], "no water, no words of it"
    assert len(live) == 1 and live[0][0].startswith("石角 1 m · 垂直夸大 ×4 · 2.5 维")
    guessed = SceneWorksView((works("normal", unstated=("坝顶高程",)),), unplaced=("芦苞水闸",))
    told_works = notes(Drawn(SceneView(), works=guessed), "石角 1 m", False, (), same, data="")
    assert told_works[0][0] == "工程外形和走线为示意；没有位置、未落图的工程：芦苞水闸"
    surveyed = Drawn(SceneView(), works=SceneWorksView((works("normal"),)))
    assert all("示意；" not in words for words, _ in notes(surveyed, "石角 1 m", False, (), same, data=""))
    assert film_notes("合成地形 仅供演示", "重建数据", same)[:2] == ("重建数据", "合成地形 仅供演示")


# --- arrows and models, on VTK ------------------------------------------------------------------


def corners(flow):
    """Return the arrows (n, 3 corners, 3): tip, left, right; unused ones left out."""
    found = flow._mesh.points.reshape(-1, 3, 3).astype(float)
    return found[np.abs(found).max(axis=(1, 2)) > 0]


def flow_view(course, moment, speeds):
    a, b = (at(*course.point(km)) for km in (20.0, 120.0))
    legs = ((*a.values(), *b.values(), 6.0),) if speeds else ()
    return SceneView(moment, (), (SceneReach("北江", (), ((*a.values(), 40.0),), (), legs),))


def test_arrows_point_downstream_and_lie_on_the_water(ground):
    course = course_of(river(), ground)
    flow = Flow(vtkRenderer(), {"北江": course})
    surface = {"北江": course.low_water_m + 3.0}
    flow.show(flow_view(course, 0.0, False), surface)
    flow.seen_from(60.0)
    found = corners(flow)
    assert len(found) > 20 and flow._mesh.actor.GetVisibility()
    for tip, left, right in found:
        tail = (left + right) / 2
        km = [course.place(*at(*p[:2]).values()) for p in (tail, tip)]
        assert km[1] > km[0], "north to south, as the river runs"
        assert np.linalg.norm(tip - tail) == pytest.approx(LONG * flow._distance, rel=0.01)
        assert tip[2] * 1000 == pytest.approx(np.interp(np.mean(km), course.along_km, surface["北江"]) + 3.0, abs=0.3)
    flow.seen_from(FARTHEST_KM * 1.3)
    assert not flow._mesh.actor.GetVisibility(), "from far they would hide the river"
    flow.seen_from(60.0)
    flow.show(replace(flow_view(course, 0.0, False), style=SceneStyle(layers=("water",))), surface)
    assert not flow._mesh.actor.GetVisibility()
    flow.release()


def test_arrows_move_with_the_clock_only_between_stations_with_a_travel_time(ground):
    course = course_of(river(), ground)
    flow = Flow(vtkRenderer(), {"北江": course})
    flow.seen_from(60.0)
    places = []
    for moment, speeds in ((0.0, False), (1200.0, False), (0.0, True), (1200.0, True)):
        flow.show(flow_view(course, moment, speeds), {"北江": course.low_water_m})
        places.append(np.array([course.place(*at(*tip[:2]).values()) for tip, _, _ in corners(flow)]))
    assert np.array_equal(places[0], places[1]), "without a travel time the clock moves nothing"
    went = places[3] - places[2]
    between = (places[2] > 24) & (places[2] < 114)
    assert went[between] == pytest.approx(2.0, abs=0.25), "2 km in twenty minutes at 6 km/h"
    assert np.allclose(went[(places[2] < 16) | (places[2] > 126)], 0.0, atol=1e-6)
    flow.release()


def shown(renderer):
    actors = renderer.GetActors()
    actors.InitTraversal()
    found = [actors.GetNextActor() for _ in range(actors.GetNumberOfItems())]
    return [a.GetMapper().GetInput().GetNumberOfPoints() for a in found if a.GetVisibility()]


def test_a_works_is_a_sign_from_far_and_a_model_from_near_and_goes_with_its_layer(ground):
    renderer = vtkRenderer()
    layer = WorksLayer(renderer, ground)
    sensor = SceneSpot("S", "渗压 1", "sensor", **at(0, 60), state="alarm", elevation_m=30.0)
    view = SceneWorksView((works("alarm"),), (), (sensor,))
    layer.show(view, COLORS, SceneStyle())
    layer.seen_from((0.0, 20.0, 30.0), 50.0)
    (sign,) = shown(renderer)
    layer.seen_from((0.0, 60.0 - MODEL_KM / 2, 1.0), 4.0)
    near = shown(renderer)
    assert len(near) == 2 and sign not in near, "the model and its sensor"
    before = layer._drawn["SceneWorks W"]
    layer.show(view, COLORS, SceneStyle(4.0))
    assert layer._drawn["SceneWorks W"] is before, "another style builds nothing anew"
    assert before.model.actor.GetScale()[2] == pytest.approx(4e-3)
    layer.show(replace(view, works=(works("unknown"),)), COLORS, SceneStyle())
    assert layer._drawn["SceneWorks W"] is not before
    layer.restyle(SceneStyle(layers=("water",)))
    layer.seen_from((0.0, 60.0, 1.0), 4.0)
    assert shown(renderer) == []
    layer.release()
    assert renderer.GetActors().GetNumberOfItems() == 0
