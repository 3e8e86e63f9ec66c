"""Map lines, terrain and water: named rivers, valleys below hills, surfaces through the stages."""

from __future__ import annotations

import tomllib
from importlib import resources

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from console.domain.geo import chainage_km, distance_km, mercator_lat, mercator_y, nearest_on_line
from console.errors import ConsoleError
from console.store import basemap
from scenes.build.dem import read_dem
from scenes.build.terrain import relief_picture, river_profile, synthetic_terrain
from scenes.build.tiles import TilePyramid
from scenes.build.water import lift, ribbon, stage_along
from scenes.camera import OrbitCamera
from widgets.decimate import Pyramid
from widgets.map_projection import MapFrame


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return basemap.load_basemap(tmp_path_factory.mktemp("basemap"))


@pytest.fixture(scope="module")
def field(base):
    relief = tomllib.loads((resources.files("assets") / "basin" / "relief.toml").read_text("utf-8"))
    rivers = {n: lines[0] for n, lines in base.rivers.items()}
    spots = np.array(relief["peaks"] + relief["plains"], float)
    return synthetic_terrain(relief["box"], spots, rivers, relief["profiles"], [], size=257)


def test_the_beijiang_passes_its_stations_in_order(base):
    line = base.rivers["北江"][0]
    stations = [(113.59, 24.80), (113.41, 24.19), (113.25, 23.81), (113.05, 23.69), (112.96, 23.57), (112.83, 23.17)]
    placed = [nearest_on_line(line, *s) for s in stations]
    assert all(away < 2.5 for _, away in placed)
    assert [km for km, _ in placed] == sorted(km for km, _ in placed)
    assert 240 < chainage_km(line)[-1] < 290


def test_prefectures_and_counties_are_there_and_no_national_border_is(base):
    assert len(base.prefectures) == 21 and not base.schematic
    assert {"广州市", "清远市", "韶关市"} <= {p.name for p in base.prefectures}
    assert "不作划界依据" in base.credit


def test_the_cache_holds_the_same_map(base, tmp_path):
    first = basemap.load_basemap(tmp_path)
    again = basemap.load_basemap(tmp_path)
    assert first.rivers.keys() == again.rivers.keys()
    assert np.allclose(first.rivers["北江"][0], again.rivers["北江"][0], atol=1e-4)


def test_without_the_packages_a_schematic_map_says_so(monkeypatch, tmp_path):
    def missing():
        raise ImportError("basemap data")

    monkeypatch.setattr(basemap, "build_basemap", missing)
    found = basemap.load_basemap(tmp_path)
    assert found.schematic and "示意" in found.credit and "北江" in found.rivers


def test_a_river_row_of_another_shape_is_refused(monkeypatch):
    monkeypatch.setitem(basemap.CHECK_POINTS, 11125, 7)
    with pytest.raises(ValueError, match="11125"):
        basemap.build_basemap()


def test_the_generated_terrain_is_labelled_and_rivers_lie_in_their_valleys(field, base):
    assert field.synthetic and "合成地形 仅供演示" in field.label
    assert field.height_m.max() > 1400 and field.height_m.min() < 5
    line = base.rivers["北江"][0]
    x, y = field.to_local(line[::20, 0], line[::20, 1])
    beside = field.height_at(x + 4.0, y)
    assert (beside > field.height_at(x, y) - 3).mean() > 0.9


def test_river_profiles_never_rise_downstream(base):
    knots = [(113.576, 24.812, 48.0), (113.41, 24.19, 22.0), (112.96, 23.57, 3.5)]
    assert (np.diff(river_profile(base.rivers["北江"][0], knots)) <= 1e-9).all()


def test_the_water_surface_meets_every_stage():
    km = np.linspace(0, 200, 401)
    low = np.linspace(48, 1, 401)
    stages = [(60.0, 35.97), (110.0, 23.28), (160.0, 12.2)]
    surface = stage_along(km, low, stages)
    for at, stage in stages:
        assert abs(np.interp(at, km, surface) - stage) < 0.05
    assert stage_along(km, low, []).tolist() == low.tolist()
    strip = ribbon(np.linspace(0, 10, 401), np.zeros(401), 1.0)
    lift(strip, surface, 8.0)
    assert np.allclose(strip.points[0::2, 2] / 8.0 * 1000, surface)


def test_tiles_cover_the_ground_once_and_get_finer_towards_the_eye(field):
    pyramid = TilePyramid(field, relief_picture(field, 256), 8.0)
    tiles = pyramid.chosen((-160.0, -160.0, 2.0), 1.0)
    area = sum((e - w) * (n - s) for w, s, e, n in map(pyramid.bounds, tiles))
    side = field.east_km[-1] - field.east_km[0]
    assert area == pytest.approx(side**2)
    near = min(tiles, key=lambda k: (k.row << k.level) + (k.column << k.level))
    assert near.level < max(k.level for k in tiles)
    mesh = pyramid.mesh(tiles[0])
    assert mesh.triangles.max() < len(mesh.points) and mesh.picture.dtype == np.uint8


def test_a_users_dem_replaces_the_terrain_and_a_wrong_one_says_why(tmp_path):
    heights = np.add.outer(np.linspace(0, 300, 200), np.linspace(0, 100, 240)).astype("f4")
    good = tmp_path / "dem.tif"
    with rasterio.open(
        good,
        "w",
        driver="GTiff",
        width=240,
        height=200,
        count=1,
        dtype="float32",
        crs="EPSG:4490",
        transform=from_origin(113.0, 24.4, 0.002, 0.002),
    ) as out:
        out.write(heights, 1)
    found = read_dem(good)
    assert not found.synthetic and "dem.tif" in found.label and 300 < found.height_m.max() < 420
    naked = tmp_path / "naked.tif"
    with rasterio.open(naked, "w", driver="GTiff", width=9, height=9, count=1, dtype="float32") as out:
        out.write(np.zeros((9, 9), "f4"), 1)
    (tmp_path / "text.tif").write_text("no raster")
    for name in ("naked.tif", "text.tif", "missing.tif"):
        with pytest.raises(ConsoleError, match="地形文件"):
            read_dem(tmp_path / name)


def test_the_camera_projects_what_it_looks_at_to_the_middle():
    camera = OrbitCamera(10.0, 20.0, 0.5, 80.0, 30.0, 40.0)
    x, y, depth = camera.project(np.array([[10.0, 20.0, 0.5]]), 1000, 600)
    assert (x[0], y[0], depth[0]) == pytest.approx((500, 300, 80.0))
    assert camera.towards(camera, 0.5) == camera
    assert camera.orbited(0, 90).pitch <= 88 and camera.zoomed(1e9).distance_km <= 700


def test_the_map_zooms_about_the_cursor():
    frame = MapFrame.fitting(111.0, 22.0, 116.0, 26.0, 900, 600)
    before = frame.to_degrees(200, 150)
    after = frame.zoomed(2.5, 200, 150).to_degrees(200, 150)
    assert before == pytest.approx(after)
    assert mercator_lat(float(mercator_y(24.19))) == pytest.approx(24.19)
    assert float(distance_km(113.0, 24.0, 114.0, 24.0)) == pytest.approx(101.6, abs=0.3)


def test_every_extreme_is_drawn_in_its_pixel_column():
    rng = np.random.default_rng(7)
    t = np.arange(1_000_000, dtype=np.int64) * 60
    v = np.cumsum(rng.standard_normal(len(t)))
    v[123_456], v[777_777] = 5000.0, -5000.0
    shown_t, shown_v = Pyramid(t, v, 60).view(float(t[0]), float(t[-1]), 1200)
    assert len(shown_t) < 12 * 1200
    assert np.nanmax(shown_v) == 5000.0 and np.nanmin(shown_v) == -5000.0
    column = (t[-1] - t[0]) / 1200
    assert abs(shown_t[np.nanargmax(shown_v)] - t[123_456]) <= column


def test_gaps_break_the_line_and_nothing_is_invented():
    t = np.array([0, 3600, 7200, 36000, 39600])
    shown_t, shown_v = Pyramid(t, np.arange(5.0), 3600).view(-1, 50000, 500)
    assert np.isnan(shown_v).sum() == 1 and set(shown_v[~np.isnan(shown_v)]) == {0.0, 1.0, 2.0, 3.0, 4.0}
    assert 7200 < shown_t[np.isnan(shown_v)][0] < 36000
