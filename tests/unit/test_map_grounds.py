"""Grounds of the map lie where they belong: tiles, imagery and terrain within a pixel, at every zoom."""

from __future__ import annotations

import numpy as np
import pytest

from console.domain.geo import mercator_y
from console.domain.tile_grid import TILE_PX, MapRect, TileGrid, TileKey
from console.engine.hillshade import FLAT, hillshade, relief_colors
from console.engine.mvt_geometry import parts_of
from console.engine.tile_rows import mercator_rows
from console.look import Look
from console.services.ground_words import GroundTrouble
from console.services.map_pictures import as_array, decoded
from console.services.map_rasters import RasterPictures
from console.services.map_readers import MbTilesPictures, NotNow, WebPictures, capabilities_path, counts_from_one, split_address
from console.services.map_vector_tiles import TileStyle, VectorTile, role_of
from console.store.raster_file import RasterFile, RasterRefused
from console.store.tile_cache import TileCache
from console.viewdata.map_sources import MapSource
from tests.tile_site import (
    TileSite,
    coded_tile,
    degrees_of,
    make_mbtiles,
    make_raster,
    plain_tile,
    vector_tile,
)

LON, LAT = 113.05, 23.69


@pytest.fixture
def style(qapp):
    return TileStyle.of(Look())


@pytest.fixture
def site(qapp):
    found = TileSite()
    yield found
    found.close()


def key_at(grid, z, lon=LON, lat=LAT):
    columns, rows = grid.covering(z, MapRect(lon, float(mercator_y(lat)) + 1e-9, lon + 1e-9, float(mercator_y(lat))))
    return TileKey(z, columns.start, rows.start)


# --- where tiles lie -------------------------------------------------------------------------
@pytest.mark.parametrize("geographic", [False, True])
def test_every_zoom_has_one_tile_at_a_place_and_its_children_fill_it(geographic):
    grid = TileGrid(geographic, 0, 20)
    for z in range(21):
        key = key_at(grid, z)
        rect = grid.rect(key)
        assert rect.left <= LON < rect.right and rect.bottom <= float(mercator_y(LAT)) <= rect.top
        parts = [grid.rect(c) for c in key.children()]
        assert (min(p.left for p in parts), max(p.top for p in parts)) == pytest.approx((rect.left, rect.top))
        assert all(c.parent() == key for c in key.children())


def test_the_zoom_follows_the_scale_and_what_the_source_has():
    grid = TileGrid(False, 6, 14)
    assert [grid.zoom_for(256 * 2**z / 360) for z in (3, 8, 14, 17)] == [6, 8, 14, 14]
    assert TileGrid(True, 0, 18).zoom_for(256 * 2**9 / 360) == 8, "a step in degrees is half a step in Mercator"


@pytest.mark.parametrize("z", [2, 4, 7, 12])
def test_a_tile_in_degrees_is_warped_within_a_pixel(z):
    """A line one pixel high at a known latitude is found again at its place in the map's projection."""
    grid = TileGrid(True, 0, 18)
    key = key_at(grid, z, lat=58.0)  # where the projection bends most within what China's maps show
    step = grid.step_deg(z)
    north = 90 - key.y * step
    row = 100
    picture = np.zeros((256, 4, 4), np.uint8)
    picture[row] = 255
    out = mercator_rows(picture, (north, north - step), grid.latitudes(key))[:, 0, 0].astype(float)
    at = (out * (np.arange(len(out)) + 0.5)).sum() / out.sum()
    rect = grid.rect(key)
    true = (rect.top - float(mercator_y(north - (row + 0.5) / 256 * step))) / (rect.top - rect.bottom) * len(out)
    assert abs(at - true) < 1.0
    assert abs(len(out) / 256 - (rect.top - rect.bottom) / step) < 0.01, "no detail is lost in height"


# --- offline files ---------------------------------------------------------------------------
def test_rows_of_an_offline_map_come_from_the_north(tmp_path, style):
    tiles = {(5, x, y): coded_tile(5, x, y) for x in range(24, 28) for y in range(12, 16)}
    reader = MbTilesPictures(make_mbtiles(tmp_path / "a.mbtiles", tiles))
    grid = reader.grid()
    key = key_at(grid, 5)
    color = reader.picture(key, style, online=True).pixelColor(8, 8)
    assert (color.red(), color.green()) == (key.x, key.y) and (grid.min_zoom, grid.max_zoom) == (5, 5)
    assert reader.picture(TileKey(5, 0, 0), style, online=True) is None
    reader.close()


def test_a_vector_tile_is_drawn_in_the_theme_and_without_a_national_border(tmp_path, style):
    reader = MbTilesPictures(make_mbtiles(tmp_path / "v.mbtiles", {(6, 52, 27): vector_tile()}, format="pbf"))
    assert reader.grid().max_zoom > 6, "drawn larger than it was made for"
    picture = reader.picture(TileKey(6, 52, 27), style, online=True)
    side = picture.width()
    water = picture.pixelColor(side // 4, side // 2)
    assert water == style.water and picture.pixelColor(side - 3, side - 3).alpha() == 0
    assert picture.pixelColor(side * 3 // 4, side // 4) == style.road
    assert picture.pixelColor(round(side * 3500 / 4096), side - 20).alpha() == 0
    left, right = TileKey(7, 104, 54), TileKey(7, 105, 54)
    assert reader.picture(left, style, online=True).pixelColor(100, 100) == style.water
    assert reader.picture(right, style, online=True).pixelColor(100, 100).alpha() == 0
    reader.close()


def test_layers_of_vector_tiles_are_known_by_name():
    names = [
        "water",
        "waterway",
        "河流",
        "transportation",
        "道路",
        "boundary",
        "place",
        "water_name",
        "water_polygons_labels",
        "landuse",
        "x",
    ]
    roles = ["water", "water", "water", "roads", "roads", "borders", "labels", "labels", "labels", "ground", "other"]
    assert [role_of(n) for n in names] == roles


def test_commands_that_lie_about_their_length_end_the_shape():
    assert [p.tolist() for p in parts_of([9, 4, 4, 18, 0, 16, 16, 0])] == [[[2, 2], [2, 10], [10, 10]]]
    assert parts_of([(1 << 28) * 8 + 1, 4, 4]) == [] and parts_of([18, 0, 16]) == [] and parts_of([5, 1]) == []
    with pytest.raises(ValueError):
        VectorTile(b"\x1a\xff\xff\xff\xff")


def test_bytes_that_are_no_picture_are_no_tile(qapp):
    assert decoded(b"\x89PNG\r\n\x1a\n" + b"x" * 50) is None and decoded(b"") is None
    assert decoded(plain_tile("red", 512)).width() == 512


def test_a_missing_or_damaged_file_says_what_to_do(tmp_path, style):
    with pytest.raises(GroundTrouble, match="不在原来的位置"):
        MbTilesPictures(tmp_path / "gone.mbtiles").grid()
    (tmp_path / "bad.mbtiles").write_bytes(b"no database" * 200)
    with pytest.raises(GroundTrouble, match="读不出来"):
        MbTilesPictures(tmp_path / "bad.mbtiles").grid()


# --- services ---------------------------------------------------------------------------------
def web(site, cache, template="/{z}/{x}/{y}.png", kind="xyz"):
    return WebPictures(MapSource("s1", kind, "测试服务", site.url + template), cache)


def test_tiles_seen_once_are_there_when_the_service_is_gone(tmp_path, site, style):
    cache = TileCache(tmp_path / "tiles.db")
    reader = web(site, cache)
    key = key_at(reader.grid(), 8)
    assert reader.picture(key, style, online=True) is not None and len(site.asked) == 1
    assert reader.picture(key, style, online=True) is not None and len(site.asked) == 1, "fresh ones are not asked for again"
    site.status = 503
    assert reader.picture(key, style, online=True) is not None
    with pytest.raises(GroundTrouble, match="没有应答"):
        reader.picture(key_at(reader.grid(), 9), style, online=True)
    with pytest.raises(NotNow):
        reader.picture(key_at(reader.grid(), 9), style, online=False)
    reader.close()
    cache.close()


def test_a_wanted_key_and_a_page_instead_of_a_tile_are_told_apart(tmp_path, site, style):
    reader = web(site, None)
    key = key_at(reader.grid(), 8)
    site.status = 403
    with pytest.raises(GroundTrouble, match="密钥"):
        reader.picture(key, style, online=True)
    site.status, site.body = 200, b"<html>login</html>"
    assert reader.picture(key, style, online=True) is None
    reader.close()


def test_rows_from_the_south_and_server_lists_in_an_address(site, style):
    reader = web(site, None, "/{z}/{x}/{-y}.png")
    reader.picture(TileKey(3, 6, 3), style, online=True)
    assert site.asked == ["/3/6/4.png"]
    reader.close()
    assert split_address("https://{s}.a.cn/{z}/{x}/{y}.png?k={key}") == ("https://a.a.cn/", "{z}/{x}/{y}.png?k={key}")
    assert split_address("https://t{0-7}.b.cn/q?x={x}")[0] == "https://t0.b.cn/"
    assert split_address("https://{switch:m,n}.c.cn/x")[0] == "https://m.c.cn/"


def test_addresses_of_the_national_service_in_degrees_count_from_one(site, style):
    template = "/DataServer?T=img_c&x={x}&y={y}&l={z}&tk=k"
    assert counts_from_one(template) and not counts_from_one(template.replace("_c", "_w"))
    site.documents = {"DataServer": plain_tile("#336699")}
    reader = web(site, None, template)
    assert reader.grid().geographic
    picture = reader.picture(key_at(reader.grid(), 7), style, online=True)
    assert site.asked[0].startswith("/DataServer?T=img_c&x=208&y=47&l=8") and picture.height() > picture.width()
    reader.close()


def test_a_wmts_in_degrees_is_read_by_its_capabilities(site, style):
    from tests.unit.test_tiles import DEGREES, capabilities, link

    site.documents = {
        "GetCapabilities": capabilities(DEGREES, link("c"), kvp=site.url + "/wmts?"),
        "GetTile": plain_tile("#336699"),
    }
    assert capabilities_path("img_c/wmts?tk=9&layer=img") == ("img_c/wmts?SERVICE=WMTS&REQUEST=GetCapabilities", {"tk": "9"})
    first = web(site, None, "/wmts?tk=geheim", "wmts")
    grid = first.grid()
    second = WebPictures(first._source, None, first)
    key = key_at(grid, 3)
    assert grid.geographic and second.picture(key, style, online=True) is not None
    assert "TILEMATRIX=4" in site.asked[-1] and "tk=geheim" in site.asked[-1]
    assert sum("GetCapabilities" in a for a in site.asked) == 1, "the second reader knows what the first read"
    first.close()
    second.close()


def test_a_service_that_was_heard_once_can_be_shown_after_a_start_without_network(tmp_path, site, style):
    from tests.unit.test_tiles import DEGREES, capabilities, link

    site.documents = {
        "GetCapabilities": capabilities(DEGREES, link("c"), kvp=site.url + "/wmts?"),
        "GetTile": plain_tile("#336699"),
    }
    cache = TileCache(tmp_path / "t.db")
    before = web(site, cache, "/wmts", "wmts")
    key = key_at(before.grid(), 3)
    before.picture(key, style, online=True)
    before.close()
    site.status = 503
    after = web(site, cache, "/wmts", "wmts")
    assert after.grid() == before.grid() and after.picture(key, style, online=True) is not None and after.heard == 0
    after.close()
    cache.close()


def test_the_kept_tiles_stay_within_their_limit_and_the_oldest_go(tmp_path):
    now = [0.0]
    cache = TileCache(tmp_path / "t.db", limit_bytes=20_000, clock=lambda: now[0])
    for x in range(40):
        now[0] += 10_000
        cache.put("s", 9, x, 0, bytes(1000))
        cache.get("s", 9, 0, 0)  # looked at all the time
    assert cache.size_bytes() <= 20_000
    assert cache.get("s", 9, 0, 0) is not None and cache.get("s", 9, 39, 0) is not None and cache.get("s", 9, 5, 0) is None
    cache.forget("s")
    assert cache.size_bytes() == 0
    cache.close()


def test_a_damaged_tile_cache_is_begun_anew(tmp_path):
    (tmp_path / "t.db").write_bytes(b"rubbish" * 1000)
    cache = TileCache(tmp_path / "t.db")
    cache.put("s", 1, 0, 0, b"x")
    assert cache.get("s", 1, 0, 0) == (b"x", pytest.approx(0, abs=5))
    cache.close()


# --- imagery and terrain -----------------------------------------------------------------------
def spot_around(file, grid, key):
    """Return lon and Mercator degrees of the centre of what is red, sought in a tile and its neighbours."""
    xs, ys = [], []
    for x in range(key.x - 1, key.x + 2):
        for y in range(key.y - 1, key.y + 2):
            rgba = file.colors(key.z, x, y, TILE_PX)
            if rgba is None:
                continue
            rows, columns = np.nonzero((rgba[..., 0] > 137) & (rgba[..., 3] > 0))
            xs.append((x * TILE_PX + columns + 0.5) * grid.step_deg(key.z) / TILE_PX - 180)
            ys.append(180 - (y * TILE_PX + rows + 0.5) * grid.step_deg(key.z) / TILE_PX)
    return np.concatenate(xs).mean(), np.concatenate(ys).mean()


@pytest.mark.parametrize(
    ("crs", "west", "north", "cell"),
    [
        ("EPSG:4547", 396_000.0, 2_624_000.0, 10.0),
        ("EPSG:4326", 113.0, 23.75, 1e-4),
        ("EPSG:4526", 38_396_000.0, 2_624_000.0, 10.0),
    ],
)
def test_imagery_of_any_system_is_placed_within_a_pixel(tmp_path, crs, west, north, cell):
    """A white square in a picture of a GK zone or of degrees is found at its own coordinates."""
    bands = np.full((3, 800, 900), 20, np.uint8)
    row, column = 320, 460
    bands[0, row - 15 : row + 15, column - 15 : column + 15] = 255
    path = make_raster(tmp_path / "i.tif", bands, crs, west, north, cell)
    file = RasterFile(path)
    assert file.about.kind == "imagery"
    lon, lat = degrees_of(crs, west + column * cell, north - row * cell)
    for z in (11, 13, 15, 17):
        grid = TileGrid(False, 0, 20)
        x, y = spot_around(file, grid, key_at(grid, z, lon, lat))
        pixel = grid.step_deg(z) / TILE_PX
        assert abs(x - lon) < 0.75 * pixel and abs(y - float(mercator_y(lat))) < 0.75 * pixel, z
    assert file.colors(13, 0, 0, TILE_PX) is None
    file.close()


def test_nodata_is_transparent_and_other_depths_are_stretched(tmp_path, style):
    values = np.linspace(1000, 3000, 400 * 400).reshape(1, 400, 400).astype(np.uint16)
    values[:, :200] = 0
    path = make_raster(tmp_path / "n.tif", values, "EPSG:4490", 113.0, 24.0, 0.001, nodata=0)
    file = RasterFile(path)
    grid = TileGrid(False, 0, 20)
    empty, full = (file.colors(*key_at(grid, 12, 113.2, lat), TILE_PX) for lat in (23.95, 23.7))
    assert empty[..., 3].max() == 0 and full[..., 3].mean() > 200 and 100 < full[..., 0].max() <= 255
    file.close()
    index = np.full((1, 400, 400), 7, np.uint8)
    path = make_raster(tmp_path / "p.tif", index, "EPSG:4490", 113.0, 24.0, 0.001, colormap={7: (10, 200, 30, 255)})
    file = RasterFile(path)
    assert file.colors(*key_at(grid, 12, 113.2, 23.7), TILE_PX)[128, 128].tolist() == [10, 200, 30, 255]
    file.close()


def test_a_slope_of_known_steepness_is_as_bright_as_it_must_be():
    """A plane that falls to the north-west at 30 degrees faces the lamp of 45 degrees: brightness cos 15."""
    ny = nx = 12
    x, y = np.meshgrid(np.arange(nx) * 10.0, -np.arange(ny) * 10.0)
    slope = np.tan(np.radians(30))
    plane = ((x - y) / np.sqrt(2) * slope).astype(np.float32)
    assert hillshade(plane, 10.0)[5, 5] == pytest.approx(np.cos(np.radians(15)), abs=1e-4)
    assert hillshade(-plane, 10.0)[5, 5] == pytest.approx(np.cos(np.radians(75)), abs=1e-4)
    flat = hillshade(np.zeros((4, 4), np.float32), 10.0)
    assert flat[0, 0] == pytest.approx(FLAT)
    holed = np.zeros((6, 6), np.float32)
    holed[2, 2] = np.nan
    rgba = relief_colors(hillshade(holed, 10.0), np.array([90, 90, 90], np.float32), (0, 0, 0), (255, 255, 255))
    assert rgba[1, 1, 3] == 0 and rgba[3, 3].tolist() == [90, 90, 90, 255]


def test_terrain_becomes_relief_and_says_what_its_heights_are(tmp_path, style):
    rows, columns = np.mgrid[0:300, 0:300]
    heights = (200 + columns * 5.0).astype(np.float32)[None]  # rises to the east, 5 m in 30 m
    path = make_raster(tmp_path / "d.tif", heights, "EPSG:4547", 400_000.0, 2_620_000.0, 30.0, nodata=-9999.0)
    file = RasterFile(path)
    assert file.about.kind == "dem" and file.about.note == "高程单位：未注明（按米晕渲）；高程基准：未注明"
    file.close()
    reader = RasterPictures(MapSource("d", "dem", "地形", str(path)))
    lon, lat = degrees_of("EPSG:4547", 404_500.0, 2_615_500.0)
    pixels = as_array(reader.picture(key_at(reader.grid(), 14, lon, lat), style, online=True))
    shadow, flat, light = style.relief
    gradient = 5 / 30
    shade = (np.sin(np.pi / 4) + gradient * 0.5) / np.sqrt(gradient**2 + 1)
    up = (shade - FLAT) / (1 - FLAT)
    assert abs(int(pixels[100, 100, 2]) - (flat.red() * (1 - up) + light.red() * up)) <= 2, "faces west, towards the lamp"
    reader.close()
    other = make_raster(tmp_path / "u.tif", heights, "EPSG:4547+5737", 400_000.0, 2_620_000.0, 30.0, units="metre")
    file = RasterFile(other)
    assert file.about.note.startswith("高程单位：metre；高程基准：Yellow Sea 1985") and rows.shape
    file.close()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: p.write_bytes(b"II*\0" + b"\xff" * 400), "读不出来"),
        (lambda p: p.write_bytes(b"<VRTDataset><VRTRasterBand/></VRTDataset>"), "读不出来"),
        (lambda p: None, "不在原来的位置"),
        (lambda p: make_raster(p, np.zeros((1, 50, 50), np.uint8), None, 100.0, 20.0, 1.0), "没有坐标系"),
        (lambda p: make_raster(p, np.zeros((1, 50, 50), np.uint8), "EPSG:4547", 9e12, 9e12, 1.0), "不"),
    ],
)
def test_rasters_of_no_use_are_refused_in_words(tmp_path, make, words):
    path = tmp_path / "x.tif"
    make(path)
    with pytest.raises(RasterRefused, match=words):
        RasterFile(path)


def test_a_raster_that_claims_to_be_enormous_costs_nothing(tmp_path, style):
    """A sparse file of ten billion pixels: each tile reads what it needs."""
    path = tmp_path / "big.tif"
    import rasterio
    from rasterio.transform import from_origin

    profile = {
        "driver": "GTiff",
        "count": 1,
        "height": 100_000,
        "width": 100_000,
        "dtype": "uint8",
        "crs": "EPSG:4490",
        "tiled": True,
    }
    with rasterio.open(path, "w", sparse_ok=True, nodata=0, transform=from_origin(110, 26, 5e-5, 5e-5), **profile) as out:
        out.write(np.full((64, 64), 200, np.uint8), 1, window=rasterio.windows.Window(60_000, 46_000, 64, 64))
    assert path.stat().st_size < 20_000_000
    file = RasterFile(path)
    grid = TileGrid(False, 0, 22)
    assert file.colors(*key_at(grid, 18, 113.0016, 23.6984), TILE_PX)[..., 3].max() == 255
    assert file.colors(*key_at(grid, 7), TILE_PX) is not None
    file.close()
