"""The relief of the 2.5-D picture: a true perspective of the ground, in numpy, cheap enough for the hand."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from scenes.camera import OrbitCamera
from scenes.ground.source import Ground
from scenes.plain.overlay import visible
from scenes.plain.plain_picture import relief_colors
from scenes.plain.relief_tiles import ReliefTiles
from scenes.plain.relief_view import GivenUp, Water, cast, clear_of_ground, focus
from scenes.render.sky import NIGHT
from scenes.tools.pick import pick
from tests.mountain import EXAGGERATION, PLAIN_M, SUMMIT_M, H, Mountain, W, from_the_south

RED = np.array([255.0, 0.0, 0.0])


def finish(tiles, camera, height):
    """Fill all windows that a picture needs."""
    while tiles.fill(*focus(camera, height), lambda: False):
        pass


def render(ground, camera, width, height, exaggeration, colors, waters=()):
    tiles = ReliefTiles(ground, colors.tints, exaggeration)
    finish(tiles, camera, height)
    return cast(tiles, camera, width, height, colors.day, 1.0, waters)


@pytest.fixture
def colors(look):
    return relief_colors(look)


def test_a_mountain_hides_what_lies_behind_it(colors):
    behind, before = (np.array([[0.0, y, PLAIN_M / 1000 * EXAGGERATION]]) for y in (14.0, -25.0))
    for ground, seen in ((Mountain(), False), (Mountain(rise_m=0.0), True)):
        picture = render(Ground([ground]), from_the_south(), W, H, EXAGGERATION, colors)
        assert visible(picture, *picture.camera.project(behind, W, H), W, H)[0] == seen
        assert visible(picture, *picture.camera.project(before, W, H), W, H)[0]


def test_water_behind_the_mountain_is_not_in_the_picture_and_before_it_it_is(colors):
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)

    def reds(y, ground):
        rim = np.column_stack([2 * np.cos(angle), y + 2 * np.sin(angle)])
        water = Water(0.0, y, rim, (PLAIN_M + 10) / 1000 * EXAGGERATION, RED)
        rgb = render(Ground([ground]), from_the_south(), W, H, EXAGGERATION, colors, [water]).rgb.astype(int)
        return int(((rgb[..., 0] > 120) & (rgb[..., 1] < 60)).sum())

    assert reds(14.0, Mountain()) == 0 and reds(14.0, Mountain(rise_m=0.0)) > 20 and reds(-25.0, Mountain()) > 20


def test_water_ends_where_the_ground_rises_above_it(colors):
    """A level of 500 m around the summit's foot: the mountain stands out of it as an island."""
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    rim = np.column_stack([20 * np.cos(angle), 20 * np.sin(angle)])
    camera = OrbitCamera(0.0, 0.0, 0.0, 100.0, 0.0, 88.0)
    rgb = render(Ground([Mountain()]), camera, W, H, EXAGGERATION, colors, [Water(0, 0, rim, 4.0, RED)]).rgb.astype(int)
    shore = 6.0 * math.sqrt(2 * math.log(900 / 450))  # where the mountain is 500 m high
    ring = [camera.project(np.array([[r, 0.0, 4.0]]), W, H) for r in (shore - 1.0, shore + 1.0)]
    inner, outer = (rgb[round(float(y[0])), round(float(x[0]))] for x, y, _ in ring)
    assert outer[0] > 150 and outer[1] < 60 and inner[1] > 60


def test_the_relief_stands_where_the_camera_projects_it(colors):
    """Range by range against rays followed through the exact surface."""
    ground = Ground([Mountain()])
    for camera in (from_the_south(), from_the_south(40.0, 90.0), OrbitCamera(5.0, -4.0, 3.0, 25.0, 130.0, 20.0)):
        picture = render(ground, camera, W, H, EXAGGERATION, colors)
        forward = camera.axes()[3]
        wrong = 0
        for i, j in [(i, j) for i in range(15, W, 50) for j in range(60, H, 30)]:
            eye, aim = camera.ray(i + 0.5, j + 0.5, W, H)
            met = pick(ground, eye, aim, EXAGGERATION, 900.0)
            drawn = float(picture.depth_km[j, i]) / float(aim @ forward)
            place = eye + aim * min(drawn, 1e4)
            if met is None:  # sky, or beyond what the source knows: there the picture shows an empty floor
                wrong += max(abs(place[0]), abs(place[1])) < 149.0
            else:
                wrong += abs(drawn - met.distance_km) > 0.02 * met.distance_km
        assert wrong <= 2, "but for rays along a ridge"


def test_straight_down_the_picture_is_a_map(colors):
    picture = render(Ground([Mountain()]), OrbitCamera(0.0, 0.0, 0.0, 200.0, 0.0, 89.0), W, H, EXAGGERATION, colors)
    assert np.isfinite(picture.depth_km).all()
    assert picture.depth_km[H // 2, W // 2] == pytest.approx(200.0 - SUMMIT_M / 1000 * EXAGGERATION, rel=0.01)


def test_a_hundred_cameras_from_sixty_metres_to_a_thousand_kilometres(colors):
    tiles = ReliefTiles(Ground([Mountain()]), colors.tints, EXAGGERATION)
    rng = np.random.default_rng(5)
    for _ in range(100):
        x, y = rng.uniform(-420, 420, 2)
        far = float(np.exp(rng.uniform(math.log(0.06), math.log(1200))))
        camera = OrbitCamera(x, y, rng.uniform(-1, 8), far, rng.uniform(0, 360), rng.uniform(4, 89))
        tiles.fill(x, y, 0.5, lambda: False)
        width, height = (int(v) for v in rng.integers(16, 200, 2))
        camera = clear_of_ground(tiles, camera)
        picture = cast(tiles, camera, width, height, colors.day, float(rng.choice([0.6, 1.0])))
        assert picture.rgb.shape == (height, width, 3) and not np.isnan(picture.depth_km).any()
        assert camera.eye[2] > 0, "never from inside the ground"


def test_without_any_ground_the_picture_is_the_unknown_s_colour_and_no_relief(colors):
    picture = render(Ground([]), OrbitCamera(0.0, 0.0, 0.0, 100.0, 0.0, 60.0), 64, 48, EXAGGERATION, colors)
    assert np.abs(picture.rgb[24, 32] - colors.tints.unknown).max() <= 2
    assert picture.depth_km[24, 32] == pytest.approx(100.0, rel=0.02)


def test_a_moving_picture_is_cheap_enough_for_the_hand(colors):
    """Half of 1280×720 each way while moving: 60 ms of one core on the slowest machine that was planned for, here doubled."""
    tiles = ReliefTiles(Ground([Mountain()]), colors.tints, EXAGGERATION)
    finish(tiles, from_the_south(), 720)
    spent = []
    for turn in range(6):
        began = time.thread_time()
        cast(tiles, from_the_south().orbited(turn * 5, 0), 640, 360, colors.day, 0.6)
        spent.append(time.thread_time() - began)
    assert min(spent) < 0.12


def test_a_picture_in_work_is_dropped_when_the_hand_moves_on(colors):
    tiles = ReliefTiles(Ground([Mountain()]), colors.tints, EXAGGERATION)
    finish(tiles, from_the_south(), H)
    for asked in range(4):
        answers = iter([False] * asked + [True])
        with pytest.raises(GivenUp):
            cast(tiles, from_the_south(), W, H, colors.day, give_up=lambda answers=answers: next(answers))


def test_panning_asks_the_ground_only_for_what_is_new(colors):
    asked = []

    class Counted(Mountain):
        def heights(self, east_km, north_km, cell_km):
            asked.append(east_km.size)
            return super().heights(east_km, north_km, cell_km)

    tiles = ReliefTiles(Ground([Counted()]), colors.tints, EXAGGERATION)
    finish(tiles, from_the_south(), H)
    first = len(asked)
    finish(tiles, from_the_south(), H)
    assert len(asked) == first, "a second picture asks nothing"
    finish(tiles, from_the_south().panned(30.0, 0.0), H)
    assert first < len(asked) < 1.4 * first


def test_at_night_the_ground_is_blue_and_dark_as_in_3d(colors):
    tiles = ReliefTiles(Ground([Mountain()]), colors.tints, EXAGGERATION)
    camera = OrbitCamera(0.0, 0.0, 0.0, 100.0, 0.0, 80.0)
    finish(tiles, camera, H)
    day, night = (cast(tiles, camera, W, H, air).rgb[H // 2, W // 2].astype(float) for air in (colors.day, colors.night))
    assert night / day == pytest.approx(NIGHT, abs=0.03)
    sky_at = OrbitCamera(0.0, 0.0, 2.0, 60.0, 0.0, 4.0)
    day, night = (cast(tiles, sky_at, W, H, air).rgb[2, W // 2].astype(float).sum() for air in (colors.day, colors.night))
    assert night < 0.7 * day


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_unknown_ground_looks_like_no_height(look, theme):
    look.change(theme=theme)
    tints = relief_colors(look).tints
    between = [a + (b - a) * k for a, b in zip(tints.heights, tints.heights[1:], strict=False) for k in np.linspace(0, 1, 9)]
    assert min(np.abs(tints.unknown - c).max() for c in between) > 22
    assert np.abs(tints.unknown - relief_colors(look).day.haze).max() > 22
