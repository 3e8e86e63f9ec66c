"""The generated ground: rivers in their valleys, summits and coast where they belong, basins of the right size."""

from __future__ import annotations

import heapq
import tomllib
from importlib import resources

import numpy as np
import pytest
import shapely

from console.engine.drainage import accumulate, drain, fill_pits, upstream_at
from console.store import basemap
from scenes.ground.frame import HALF_KM, ROOT_KM, to_local
from scenes.ground.synthetic import generate
from scenes.ground.synthetic_guides import courses, inside, make_bend

SIZE = 1025
CELL = ROOT_KM / (SIZE - 1)
AREAS = {"韶关(二)": 14_640, "高道": 9_007, "飞来峡(坝下)": 34_097, "石角": 38_363}  # published, km²


def typed(name):
    return tomllib.loads((resources.files("assets") / "basin" / name).read_text("utf-8"))


@pytest.fixture(scope="module")
def relief():
    return typed("relief_province.toml")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return basemap.load_basemap(tmp_path_factory.mktemp("basemap"))


@pytest.fixture(scope="module")
def made(base, relief):
    shares = []
    ground = made_ground(base, relief, SIZE, shares.append)
    return ground, shares


@pytest.fixture(scope="module")
def ground(made):
    return made[0]


@pytest.fixture(scope="module")
def sea(base):
    return ~inside(base.land, SIZE)


def made_ground(base, relief, size, progress=None):
    rivers = {name: lines[0] for name, lines in base.rivers.items()}
    return generate(relief, rivers, base.other_rivers, base.land, base.lakes, size, progress)


def node(lon, lat):
    x, y = to_local(lon, lat)
    return (float(y) + HALF_KM) / CELL, (float(x) + HALF_KM) / CELL


def window(ground, lon, lat, km):
    """Heights of the nodes within some km of a place, and their distances."""
    row, column = node(lon, lat)
    reach = int(km / CELL) + 2
    r, c = np.mgrid[int(row) - reach : int(row) + reach + 1, int(column) - reach : int(column) + reach + 1]
    away = np.hypot(r - row, c - column) * CELL
    return ground[r, c], away


def test_the_ground_covers_the_root_square_and_tells_how_far_it_is(made):
    ground, shares = made
    assert ground.shape == (SIZE, SIZE) and ground.dtype == np.float32 and np.isfinite(ground).all()
    assert shares == sorted(shares) and len(shares) > 10 and shares[-1] == 1.0
    assert -200 < ground.min() < -50 and 2000 < ground.max() < 2700


def test_every_river_falls_all_the_way_and_lies_in_its_valley(base, relief, ground):
    rivers = courses({n: lines[0] for n, lines in base.rivers.items()}, relief["profiles"])
    assert {r.name for r in rivers} == set(base.rivers) and len(rivers) == 13
    for river in rivers:
        row, column = (np.round((v + HALF_KM) / CELL).astype(int) for v in (river.north_km, river.east_km))
        bed = ground[row, column]
        rise = (bed - np.minimum.accumulate(bed)).max()
        assert rise < 2.0, river.name  # at 800 m a node serves both arms of a meander; at 200 m it is 0.2 m
        assert (bed <= river.level_m - 1.5).all(), river.name
        beside = [ground[row + dy, column + dx] for dy, dx in ((0, 4), (4, 0), (0, -4), (-4, 0))]
        assert (np.mean(beside, axis=0) > bed).mean() > 0.88, river.name


def test_named_summits_stand_at_their_heights_and_tower_over_their_surroundings(relief, ground):
    named = [p for p in [*relief["peaks"], *relief["hills"]] if p[-1]]
    assert len(named) > 60 and [112.99, 24.93, 1902, "石坑崆"] in named
    for lon, lat, height, *_, name in named:
        heights, away = window(ground, lon, lat, 5.0)
        assert abs(heights[away < 2.6].max() - height) <= 20, name
        assert heights[away < 5].max() <= height + 1, name


def test_the_sea_is_below_zero_and_all_land_but_river_beds_above(base, relief, ground, sea):
    assert (ground[sea] < 0).all()
    beds = ground[~sea & (ground < 0)]
    assert beds.min() > -7 and len(beds) < 0.01 * (~sea).sum()
    row, column = (int(v) for v in node(114.5, 21.2))
    assert ground[row, column] < -20  # the shelf


def test_the_delta_is_flat_but_for_its_known_hills(relief, ground, sea):
    delta = next(f for f in relief["flats"] if f["name"] == "珠江三角洲")
    core = np.asarray(shapely.polygons(delta["ring"]).buffer(-0.06).exterior.coords)
    plain = inside([core], SIZE) & ~sea
    row, column = np.nonzero(plain)
    for lon, lat, _, radius, _ in relief["hills"]:
        r, c = node(lon, lat)
        plain[row, column] &= np.hypot(row - r, column - c) * CELL > 1.5 * radius
    assert plain.sum() > 3000
    assert np.percentile(ground[plain], 90) < 8 and np.median(ground[plain]) < 5
    assert window(ground, 112.97, 22.93, 2.6)[0].max() > 300  # 西樵山


def test_towns_lie_low_and_the_mountains_of_the_north_high(ground):
    for lon, lat, limit in ((113.40, 24.20, 120), (113.06, 23.66, 60), (114.30, 25.10, 260), (116.12, 24.29, 160)):
        heights, away = window(ground, lon, lat, 3.0)
        assert heights[away < 3].min() < limit
    assert window(ground, 112.99, 24.93, 15)[0].mean() > 600


def test_upstream_areas_at_the_gauges_are_within_a_tenth(ground, sea):
    places = {s["name"]: s["at"] for s in typed("stations.toml")["station"]}
    water = drain(ground, (CELL, CELL), outlet=sea)
    for name, area_km2 in AREAS.items():
        found = upstream_at(water, *node(*places[name]), (CELL, CELL))
        assert found.area_km2 == pytest.approx(area_km2, rel=0.10), name
    assert (water.filled.height_m[~sea] - ground[~sea] > 1).mean() < 0.03  # next to no pits to fill


def test_the_same_input_gives_the_same_ground_and_a_wrong_size_is_refused(base, relief):
    assert np.array_equal(made_ground(base, relief, 513), made_ground(base, relief, 513))
    with pytest.raises(ValueError, match="500"):
        made_ground(base, relief, 500)


def test_the_bent_grid_folds_nowhere_and_can_be_undone():
    bend = make_bend(513)
    x, y = np.meshgrid(np.linspace(-400, 400, 201), np.linspace(-400, 400, 201))
    u, v = bend(x, y)
    assert (np.diff(u, axis=1) > 0).all() and (np.diff(v, axis=0) > 0).all()
    back = bend.undone(u, v)
    assert np.hypot(back[0] - x, back[1] - y).max() < 0.2  # an eighth of its cell


def flooded(height):
    """Priority-flood, cell by cell: what fill_pits() must equal."""
    ny, nx = height.shape
    out, seen = height.copy(), np.zeros(height.shape, bool)
    queue = [(height[r, c], r, c) for r in range(ny) for c in range(nx) if r in (0, ny - 1) or c in (0, nx - 1)]
    for _, r, c in queue:
        seen[r, c] = True
    heapq.heapify(queue)
    while queue:
        level, r, c = heapq.heappop(queue)
        for i in range(max(r - 1, 0), min(r + 2, ny)):
            for j in range(max(c - 1, 0), min(c + 2, nx)):
                if not seen[i, j]:
                    seen[i, j] = True
                    out[i, j] = max(out[i, j], level)
                    heapq.heappush(queue, (out[i, j], i, j))
    return out


@pytest.mark.parametrize("coarse", [False, True])
def test_filling_equals_priority_flood(coarse):
    height = np.random.default_rng(5).uniform(-20, 80, (60, 75))
    height = np.round(height / 25) * 25 if coarse else height  # coarse: wide flats
    assert np.array_equal(fill_pits(height, (0.1, 0.1)).height_m, flooded(height))


def test_a_pit_of_the_users_dem_is_filled_and_reported():
    height = np.add.outer(np.arange(20.0), np.zeros(30)) + 10
    height[8:10, 10:12] -= 5.0
    height[15, 20] -= 3.0
    filled = fill_pits(height, (0.5, 0.2))
    assert (filled.pits, filled.raised_cells) == (2, 5)
    sill = [7.0 + 10, 14.0 + 10]
    depth = 2 * (sill[0] - 13) + 2 * (sill[0] - 14) + (sill[1] - 22)
    assert filled.volume_m3 == pytest.approx(depth * 500 * 200) and filled.deepest_m == pytest.approx(4)


def test_all_rain_reaches_an_outlet_even_over_flats_and_around_unknown_ground():
    rng = np.random.default_rng(8)
    height = np.round(rng.uniform(0, 6, (80, 90)))
    height[30:40, 50:60] = np.nan
    water = drain(height, (0.5, 0.5))
    ends = water.receiver.ravel() == np.arange(height.size)
    assert water.area_km2.ravel()[ends].sum() == pytest.approx(np.isfinite(height).sum() * 0.25)
    assert (water.receiver[30:40, 50:60] == -1).all()
    assert upstream_at(water, 35, 55, (0.5, 0.5), within_km=1.0) is None
    assert upstream_at(water, 500, 55, (0.5, 0.5)) is None


def test_water_gathers_down_a_valley():
    x = np.abs(np.arange(41) - 20.0)
    height = np.add.outer(np.arange(50.0, 0, -1), 3 * x)
    water = drain(height, (1.0, 1.0))
    found = upstream_at(water, 48.0, 18.0, (1.0, 1.0))
    assert found.column == 20 and found.area_km2 > 1500
    chain = np.array([1, 2, 3, 3], np.int32)
    assert accumulate(chain, np.ones(4)).tolist() == [1, 2, 3, 4]


def test_a_grid_that_is_none_is_refused():
    with pytest.raises(ValueError, match="3 rows"):
        fill_pits(np.zeros((2, 9)), (1, 1))
    with pytest.raises(ValueError, match="without any height"):
        fill_pits(np.full((5, 5), np.nan), (1, 1))
