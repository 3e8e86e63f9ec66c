"""The renderer's stage: water at the stages of its stations, no flicker, nothing stuck, nothing kept."""

from __future__ import annotations

import gc
import os
import random
import weakref
from dataclasses import replace

import numpy as np
import pytest

os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

from console.domain.states import State
from console.viewdata.map import RainBand, RainField, TyphoonPoint, TyphoonView
from console.viewdata.scene import LAYERS, SceneFlood, ScenePool, SceneReach, SceneStation, SceneStyle, SceneView
from scenes.build.course import crests, crossing, stage_along
from scenes.build.shore import Dam
from scenes.camera import OrbitCamera
from scenes.ground.frame import to_degrees, to_local
from scenes.ground.quadtree import Eye, TileKey, bounds, chosen
from scenes.ground.source import Ground
from scenes.ground.tile import Palette, make_tile
from scenes.render.sky import Sky
from scenes.render.stage import Stage
from tests.grounds import river, write_hills

PALETTE = Palette(tuple((20 * i + 40, 20 * i + 60, 90) for i in range(8)), 0.4, 1.1)
SKY = Sky(((0.1, 0.2, 0.3), (0.4, 0.5, 0.6)), ((0.0, 0.0, 0.1), (0.1, 0.1, 0.2)))
RIVER_RED = (1.0, 0.0, 0.0)
COLORS = {"river": RIVER_RED, "water": (0.0, 0.0, 1.0), "state2": (1.0, 1.0, 0.0), "unknown": (0.5, 0.5, 0.5)}


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    return Ground([write_hills(tmp_path_factory.mktemp("hills") / "g", 1024)])


@pytest.fixture
def stage(ground):
    found = Stage(640, 360, SKY)
    found.set_ground(ground, (river(),), PALETTE, SKY, lambda: None)
    yield found
    found.release()


def settled(stage, camera, size=(640, 360)):
    for _ in range(600):
        pixels, coming = stage.render(camera, *size, whole=True)
        if not coming:
            return pixels
    raise AssertionError("tiles stuck")


def stations_on(course, n):
    """Stages at n stations along a river, 1 to 9 m above low water."""
    found = []
    for i, share in enumerate(np.linspace(0.03, 0.97, n)):
        km = share * course.along_km[-1]
        x, y = course.point(km)
        lon, lat = (float(v) for v in to_degrees(x, y))
        found.append((lon, lat, float(np.interp(km, course.along_km, course.low_water_m)) + 1.0 + i % 8))
    return tuple(found)


def test_water_stands_at_twenty_check_points_within_five_centimetres(stage):
    course = stage.rivers.courses["北江"]
    stages = stations_on(course, 8)
    stage.show(SceneView(0.0, (), (SceneReach("北江", (), stages),), colors=COLORS, style=SceneStyle(exaggeration=12.0)))
    for lon, lat, level in stages:
        assert abs(stage.rivers.level_m("北江", lon, lat) - level) < 0.05
    placed = sorted((course.place(lon, lat), level) for lon, lat, level in stages)
    low = course.low_water_m
    for km in np.linspace(placed[0][0], placed[-1][0], 20):
        at, levels = zip(*placed, strict=True)
        above = np.interp(km, at, [z - np.interp(k, course.along_km, low) for k, z in placed])
        expected = np.interp(km, course.along_km, low) + above
        lon, lat = (float(v) for v in to_degrees(*course.point(km)))
        assert abs(stage.rivers.level_m("北江", lon, lat) - expected) < 0.05, km


def test_a_reservoir_stands_at_its_level_and_an_unknown_one_has_none(stage):
    lon, lat = (float(v) for v in to_degrees(30.0, 40.0))
    pools = (
        ScenePool("A", "甲", lon, lat, 3.0, 123.45, State.NORMAL, "甲", (("汛限", 120.0),)),
        ScenePool("B", "乙", lon, lat, 3.0, None, State.NO_DATA),
    )
    stage.show(SceneView(0.0, pools=pools, colors=COLORS))
    assert stage.pools.level_m("A") == pytest.approx(123.45, abs=0.01) and stage.pools.level_m("B") is None
    stage.show(SceneView(1.0, pools=(replace(pools[0], level_m=124.0), pools[1]), colors=COLORS))
    assert stage.pools.level_m("A") == pytest.approx(124.0, abs=0.01)


def test_a_reservoir_and_its_rule_levels_end_at_the_dam_that_is_known_later(stage):
    lon, lat = (float(v) for v in to_degrees(30.0, 40.0))
    view = SceneView(
        0.0, pools=(ScenePool("A", "甲", lon, lat, 3.0, 123.45, State.NORMAL, "甲", (("汛限", 120.0),)),), colors=COLORS
    )
    stage.show(view)
    assert stage.pools.rims()[0][:, 1].max() > 42.0 and stage.pools._rings.points[:, 1].max() > 42.0
    stage.pools.set_dams((Dam(30.0, 41.0, 0.0),))
    stage.show(view)
    assert 40.9 < stage.pools.rims()[0][:, 1].max() < 41.3 and stage.pools._rings.points[:, 1].max() < 41.3


def red(pixels):
    p = pixels[..., :3].astype(int)
    return int(((p[..., 0] > 140) & (p[..., 1] < 90) & (p[..., 2] < 90)).sum())


def test_water_neither_flickers_nor_vanishes_as_the_camera_trembles_and_dives(stage):
    stage.show(SceneView(0.0, (), (SceneReach("北江", (), stations_on(stage.rivers.courses["北江"], 5)),), colors=COLORS))
    x, y = stage.rivers.courses["北江"].point(130.0)
    for distance in (100.0, 30.0, 10.0, 3.0, 1.0, 0.3):
        camera = OrbitCamera(x, y, 0.2, distance, 20.0, 55.0)
        areas = []
        for turn in (0.0, 0.1, 0.2, 0.1, 0.0):
            areas.append(red(settled(stage, replace(camera, heading=camera.heading + turn), (1280, 720))))
        assert min(areas) > 60, f"no water at {distance} km"
        steps = np.abs(np.diff(areas))
        assert steps.max() <= 0.01 * max(areas), (distance, areas)


def test_five_hundred_random_settings_leave_no_stuck_tile(stage):
    rng = random.Random(7)
    lon, lat = (float(v) for v in to_degrees(0.0, 20.0))
    stations = tuple(SceneStation(f"S{i}", "站", lon + i * 0.01, lat, State(i % 4), False, i / 20, "x") for i in range(20))
    ring = np.array([[lon, lat], [lon + 0.5, lat], [lon + 0.5, lat + 0.5], [lon, lat]])
    rain = RainField(24.0, 0.0, (RainBand(50.0, "rain.3", ((ring,),)),))
    wind = TyphoonView(
        "T",
        "某",
        (TyphoonPoint(0, lon, lat - 1, 30.0, 970.0),),
        now=TyphoonPoint(3600, lon, lat, 28.0, 975.0, ((7, (100.0, 80.0, 60.0, 90.0)),)),
    )
    flood = SceneFlood("f", (-5.0, 0.0, 15.0, 20.0), np.full((64, 64, 4), 120, np.uint8))
    for n in range(500):
        style = SceneStyle(
            rng.choice((1.0, 4.0, 8.0, 20.0)), rng.random() < 0.5, tuple(c for c in LAYERS if rng.random() < 0.7)
        )
        pool = ScenePool("A", "甲", lon, lat, 3.0, rng.choice((None, 50.0, 300.0)), State.NORMAL, "甲")
        stage.show(
            SceneView(
                float(n),
                stations[: rng.randrange(20)],
                (SceneReach("北江", (), ((lon, lat, 30.0),)),),
                (pool,),
                None,
                COLORS,
                (wind,) if rng.random() < 0.5 else (),
                rain if rng.random() < 0.5 else None,
                style,
            )
        )
        stage.show_picture("flood", flood if rng.random() < 0.5 else None)
        camera = OrbitCamera(
            rng.uniform(-300, 300),
            rng.uniform(-200, 200),
            0.0,
            10 ** rng.uniform(-0.5, 2.9),
            rng.uniform(0, 360),
            rng.uniform(5, 88),
        )
        stage.render(camera, *rng.choice(((320, 200), (640, 360))))
    final = settled(stage, OrbitCamera(0.0, 20.0, 0.5, 60.0))
    assert len(np.unique(final[::8, ::8, :3].reshape(-1, 3), axis=0)) > 20


def test_a_stage_that_is_released_keeps_nothing(ground):
    made = Stage(320, 200, SKY)
    made.set_ground(ground, (river(),), PALETTE, SKY, lambda: None)
    made.render(OrbitCamera(), 320, 200)
    watched = [weakref.ref(made.window), weakref.ref(made.renderer), *(weakref.ref(actor) for _, actor in made.terrain.actors)]
    made.release()
    del made
    gc.collect()
    assert [w() for w in watched] == [None] * len(watched)


def test_tiles_cover_the_view_once_and_a_tile_waits_for_all_its_children():
    camera = OrbitCamera(10.0, 20.0, 0.5, 30.0, 30.0, 40.0)
    eye = Eye(*camera.eye, camera.planes(1280, 720))
    made = {TileKey(0, 0, 0)}
    for _ in range(40):
        choice = chosen(eye, 1.6, lambda _box: 7, lambda _key: (0.0, 0.5), made.__contains__)
        covered = sum((bounds(k)[2] - bounds(k)[0]) ** 2 for k in choice.drawn)
        for key in choice.drawn:
            assert not any(k != key and inside(bounds(k), bounds(key)) for k in choice.drawn), "two tiles on one place"
        if not choice.missing:
            break
        made.add(choice.missing[0])
    assert not choice.missing and max(k.level for k in choice.drawn) == 7 and covered < 819.2**2
    assert all(eye.sees(bounds(k), 0.0, 0.5) for k in choice.drawn)


def inside(a, b):
    return b[0] <= a[0] and a[2] <= b[2] and b[1] <= a[1] and a[3] <= b[3]


def test_neighbouring_tiles_meet_at_the_same_heights(ground):
    left, right = make_tile(ground, TileKey(6, 30, 30), PALETTE), make_tile(ground, TileKey(6, 30, 31), PALETTE)
    a, b = left.points.reshape(35, 35, 3), right.points.reshape(35, 35, 3)
    assert np.allclose(a[1:-1, 33, 2], b[1:-1, 1, 2], atol=1e-6)
    assert (a[1:-1, 34, 2] < a[1:-1, 33, 2]).all(), "a skirt hangs below the edge"


def test_a_crest_lies_between_what_falls_and_what_still_rises():
    assert crests([(0.0, -0.10), (50.0, 0.10), (90.0, 0.2)]) == [25.0]
    assert crests([(0.0, 0.1), (50.0, 0.2)]) == [] and crests([(0.0, 0.1), (50.0, -0.2)]) == []


def test_the_surface_meets_every_stage_and_falls_back_to_low_water():
    km, low = np.linspace(0, 200, 401), np.linspace(48, 1, 401)
    for at, level in (stages := [(60.0, 35.97), (110.0, 23.28), (160.0, 12.2)]):
        assert abs(np.interp(at, km, stage_along(km, low, stages)) - level) < 0.05
    assert stage_along(km, low, []).tolist() == low.tolist()


def test_a_line_across_a_river_is_found_where_it_crosses():
    x, y = np.array([0.0, 0.0, 5.0]), np.array([10.0, 0.0, -10.0])
    piece, share, place = crossing(x, y, (-1.0, 4.0), (1.0, 4.0))
    assert (piece, share, place) == (0, pytest.approx(0.6), (pytest.approx(0.0), pytest.approx(4.0)))
    assert crossing(x, y, (3.0, 4.0), (9.0, 4.0)) is None


def test_the_place_under_the_cursor_stays_there_while_zooming():
    camera = OrbitCamera(10.0, 20.0, 0.5, 80.0, 30.0, 40.0)
    spot = np.array([[14.0, 26.0, 1.2]])
    before = camera.project(spot, 1000, 600)
    after = camera.zoomed_to(0.3, tuple(spot[0])).project(spot, 1000, 600)
    assert before[0] == pytest.approx(after[0]) and before[1] == pytest.approx(after[1])
    x, y, depth = camera.project(np.array([[10.0, 20.0, 0.5]]), 1000, 600)
    assert (x[0], y[0], depth[0]) == pytest.approx((500, 300, 80.0))
    eye, way = camera.ray(500.0, 300.0, 1000, 600)
    assert eye + 80.0 * way == pytest.approx([10.0, 20.0, 0.5])
    assert camera.towards(camera, 0.5) == camera and camera.orbited(0, 90).pitch <= 89


def test_local_coordinates_come_back_as_degrees():
    lon, lat = to_degrees(*to_local(113.41, 24.19))
    assert (float(lon), float(lat)) == pytest.approx((113.41, 24.19), abs=1e-8)
