"""A user's own DEM in the sandbox: at the right place, at the right height, or refused in words."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pyproj import CRS
from rasterio.transform import Affine, from_origin

from scenes.ground import pyramid
from scenes.ground.dem_import import GroundRefused, Vertical, import_dem, read_about
from scenes.ground.frame import ORIGIN_M, to_local
from scenes.ground.picture_import import sensible_cell
from scenes.ground.pyramid import HeightPyramid, ImportCancelled, PyramidNotWritten
from scenes.ground.source import Ground
from tests.geotiffs import HILL, flat, hill, hill_in, left_in, near, one, write

NATIONAL = Vertical("1985")
CASES = Path(__file__).parents[2].parent / "shared" / "refcases"


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True) if os.name == "posix" else None
    if done is None or done.returncode:
        pytest.skip("no right to mount a small disk here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize(
    ("crs", "cell"),
    [
        ("EPSG:4490", 1 / 3600),
        ("EPSG:4326", 1 / 3600),
        ("EPSG:4547", 25.0),
        ("EPSG:4548", 25.0),
        ("EPSG:4546", 25.0),
        ("EPSG:4526", 25.0),  # zone before the easting
        ("EPSG:32649", 30.0),
        ("EPSG:3857", 30.0),
        ("+proj=tmerc +lat_0=0 +lon_0=113.2 +k=1 +x_0=800000 +y_0=-2000000 +ellps=GRS80 +units=m", 25.0),  # a city's own
        ("EPSG:4547 in feet", 80.0),
        ("EPSG:4547 turned", 25.0),
    ],
)
def test_the_same_hill_is_at_the_same_place_whatever_the_coordinate_system(tmp_path, crs, cell):
    turned = 30.0 if crs.endswith("turned") else 0.0
    crs = crs.removesuffix(" turned")
    if crs.endswith("feet"):
        crs = "+proj=tmerc +lat_0=0 +lon_0=114 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80 +units=us-ft"
    report = import_dem(hill_in(tmp_path / "hill.tif", crs, cell, turned=turned), tmp_path / "p", NATIONAL)
    source = HeightPyramid(tmp_path / "p")
    assert 24 <= report.about.cell_m <= 31 and source.cell_km * 1000 == report.about.cell_m
    away = np.linspace(-1.2, 1.2, 61)
    for east, north in ((HILL[0] + away, HILL[1] + 0 * away), (HILL[0] + 0 * away, HILL[1] + away)):
        assert source.heights(east, north, 0.0) == pytest.approx(hill(east, north), abs=0.6)
    x, y = (g.ravel() for g in np.meshgrid(HILL[0] + np.linspace(-0.3, 0.3, 121), HILL[1] + np.linspace(-0.3, 0.3, 121)))
    above = source.heights(x, y, 0.0) - 280.0
    above = np.maximum(above, 0)
    half = source.cell_km / 2
    assert abs((x * above).sum() / above.sum() - HILL[0]) < half and abs((y * above).sum() / above.sum() - HILL[1]) < half
    assert source.label == "地形：hill.tif" and source.datum == "1985 国家高程基准" and not source.synthetic
    assert report.high_m == pytest.approx(320, abs=2) and report.low_m == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize(
    ("file", "crs", "east", "north"),
    [
        ("crs_cgcs2000.json", "EPSG:4547", "E", "N"),
        ("crs_cgcs2000_b.json", "EPSG:4526", "E4526", "N"),
        ("crs_cgcs2000_b.json", "EPSG:4549", "E4549", "N4549"),
    ],
)
def test_a_mark_at_published_coordinates_is_found_at_its_degrees(tmp_path, file, crs, east, north):
    if not (CASES / file).is_file():
        pytest.skip("the reference cases are not here")
    for i, point in enumerate(json.loads((CASES / file).read_text("utf-8"))["points"]):
        mark = np.full((41, 41), 10, np.float32)
        mark[20, 20] = 90
        place = from_origin(point[east] - 20.5 * 30, point[north] + 20.5 * 30, 30, 30)
        import_dem(write(tmp_path / "m.tif", mark, place, crs), tmp_path / f"p{i}", NATIONAL)
        x, y = to_local(point["lon"], point["lat"])
        source = HeightPyramid(tmp_path / f"p{i}")
        step = np.linspace(-0.09, 0.09, 301)
        e, n = np.meshgrid(x + step, y + step)
        above = source.heights(e, n, 0.0) - 10.0
        assert abs((e * above).sum() / above.sum() - x) < 0.001 and abs((n * above).sum() / above.sum() - y) < 0.001, "1 m"


def test_a_levee_survey_of_one_metre_in_the_scenes_own_projection_is_stored_cell_for_cell(tmp_path):
    rng = np.random.default_rng(8)
    survey = rng.normal(22, 2, (50, 60)).astype(np.float32)
    place = from_origin(ORIGIN_M[0] + 1000.25, ORIGIN_M[1] + 2000.75, 1.0, 1.0)
    report = import_dem(write(tmp_path / "石角段 1 m.tif", survey, place), tmp_path / "p", NATIONAL)
    source = HeightPyramid(tmp_path / "p")
    np.testing.assert_array_equal(source._levels[0], survey[::-1])
    assert source.box == pytest.approx((1.00025, 1.95075, 1.06025, 2.00075)) and report.about.size == (50, 60)
    assert one(source, 1.00025 + 0.0035, 2.00075 - 0.0025) == survey[2, 3], "the centre of a cell"
    coarse = pyramid.write_pyramid(
        tmp_path / "q", np.full((64, 64), 5, np.float32), (-32, -32, 32, 32), label="合成", datum="", synthetic=True
    )
    ground = Ground([coarse, source])
    assert ground.at(1.03, 1.98) == pytest.approx(22, abs=8) and ground.at(1.2, 1.98) == 5.0


def test_what_is_warped_in_small_blocks_is_the_same_as_at_once(tmp_path):
    hill_in(tmp_path / "hill.tif", "EPSG:4490", 1 / 3600, n=300, tiled=True, blockxsize=64, blockysize=64)
    hill_in(tmp_path / "lines.tif", "EPSG:4490", 1 / 3600, n=300, compress="deflate")
    told = []
    whole = import_dem(tmp_path / "hill.tif", tmp_path / "a", NATIONAL)
    parts = import_dem(tmp_path / "hill.tif", tmp_path / "b", NATIONAL, progress=told.append, block=64)
    import_dem(tmp_path / "lines.tif", tmp_path / "c", NATIONAL, block=50)
    levels = [HeightPyramid(tmp_path / n)._levels for n in "abc"]
    for a, b, c in zip(*levels, strict=True):
        np.testing.assert_allclose(a, b, atol=0.01)
        np.testing.assert_allclose(a, c, atol=0.01)
    assert (whole.low_m, whole.high_m, whole.spikes) == (parts.low_m, parts.high_m, parts.spikes)
    assert told == sorted(told) and told[-1] == 1.0 and len(told) > 20


def test_an_unstated_no_data_value_is_not_mixed_into_the_slopes_beside_it(tmp_path):
    values = np.linspace(0, 900, 100, dtype=np.float32)[None, :].repeat(100, 0)
    values[40:60, 40:60] = -9999
    place = from_origin(113.0, 23.5, 0.001, 0.001)
    import_dem(write(tmp_path / "stated.tif", values, place, "EPSG:4490", nodata=-9999), tmp_path / "a", NATIONAL)
    import_dem(write(tmp_path / "unstated.tif", values, place, "EPSG:4490"), tmp_path / "b", NATIONAL)
    a, b = (HeightPyramid(tmp_path / n)._levels[0] for n in "ab")
    np.testing.assert_array_equal(a, b)


def test_a_value_beyond_all_numbers_never_becomes_a_height(tmp_path):
    values = np.full((60, 60), 60.0)
    values[20:40, 20:40] = -1.7976931348623157e308
    report = import_dem(
        write(tmp_path / "d.tif", values, from_origin(113.0, 23.5, 0.001, 0.001), "EPSG:4490"), tmp_path / "p", NATIONAL
    )
    level = HeightPyramid(tmp_path / "p")._levels[0]
    assert set(np.unique(level[np.isfinite(level)])) == {60.0} and report.low_m == 60.0 and np.isnan(level).any()


def test_a_survey_much_finer_than_the_scene_is_averaged_and_said(tmp_path):
    ridges = np.tile(np.array([[30.0], [32.0]], np.float32), (200, 400))
    report = import_dem(write(tmp_path / "d.tif", ridges, near(cell_m=0.1, n=400)), tmp_path / "p", NATIONAL)
    assert report.about.cell_m == 0.5 and any("原格距约 0.1 米，按 0.5 米存" in n for n in report.notes)
    inner = HeightPyramid(tmp_path / "p")._levels[0][4:-4, 4:-4]
    assert np.all((inner > 30.7) & (inner < 31.3))


@pytest.mark.parametrize(
    ("own", "stored"),
    [(29.6, 30), (30.92, 30), (12.5, 12.5), (0.98, 1), (90, 90), (92.8, 90), (4.97, 5), (1000, 1000), (0.5, 0.5), (17.3, 17)],
)
def test_a_cell_is_rounded_to_what_people_use(own, stored):
    assert sensible_cell(own) == pytest.approx(stored)


def test_a_national_dem_larger_than_the_province_is_cropped_to_its_square(tmp_path):
    lon = np.arange(90, 130, 0.016) + 0.008
    lat = np.arange(45, 5, -0.016) - 0.008
    values = (lat[:, None] * 10 + lon[None, :]).astype(np.float32)
    report = import_dem(
        write(tmp_path / "china.tif", values, from_origin(90, 45, 0.016, 0.016), "EPSG:4490"), tmp_path / "p", NATIONAL
    )
    source = HeightPyramid(tmp_path / "p")
    west, south, east, north = source.box
    assert -409.6 <= west < -407 and 407 < east <= 409.6 and -409.6 <= south < -407 and 407 < north <= 409.6
    lon, lat = np.array([110.2, 113.3, 116.9]), np.array([20.5, 23.1, 25.2])
    assert source.heights(*to_local(lon, lat), 0.0) == pytest.approx(lat * 10 + lon, abs=0.02)
    assert report.empty == 0.0


def test_holes_and_masks_stay_unknown_and_the_levels_below_show_through(tmp_path):
    values = np.full((100, 100), 60, np.float32)
    values[40:60, 40:60] = -9999
    stated = import_dem(write(tmp_path / "a.tif", values, near(), nodata=-9999), tmp_path / "a", NATIONAL)
    told = import_dem(write(tmp_path / "b.tif", values, near()), tmp_path / "b", NATIONAL)
    filled = np.where(values < 0, np.float32(60), values)
    masked = import_dem(write(tmp_path / "c.tif", filled, near(), mask=values > 0), tmp_path / "c", NATIONAL)
    nan = import_dem(
        write(tmp_path / "d.tif", np.where(values < 0, np.float32(np.nan), values), near(), "EPSG:4547"),
        tmp_path / "d",
        NATIONAL,
    )
    for name, report in zip("abcd", (stated, told, masked, nan), strict=True):
        source = HeightPyramid(tmp_path / name)
        assert np.isnan(one(source, *HILL)) and one(source, HILL[0] + 0.3, HILL[1]) == 60, name
        assert np.nanmin(source._levels[0]) == 60 and report.low_m == 60 and report.empty == pytest.approx(0.04), name
    assert any("-9999 按无效处理" in n for n in told.notes) and not stated.notes


def test_holes_are_not_smeared_when_the_file_is_warped(tmp_path):
    values = np.full((100, 100), 60, np.int16)
    values[40:60, 40:60] = -32768
    place = from_origin(113.0, 23.5, 0.001, 0.001)
    import_dem(write(tmp_path / "srtm.tif", values, place, "EPSG:4326"), tmp_path / "p", NATIONAL)
    level = HeightPyramid(tmp_path / "p")._levels[0]
    assert set(np.unique(level[np.isfinite(level)])) == {60.0} and 0.03 < np.isnan(level).mean() < 0.1


@pytest.mark.parametrize(
    ("vertical", "added", "words"),
    [
        (Vertical("1985"), 0.0, "1985 国家高程基准"),
        (Vertical("pearl", 0.557), 0.557, "珠江基面 +0.557 m → 1985（按用户给出）"),
        (Vertical("pearl", 0.744), 0.744, "珠江基面 +0.744 m → 1985（按用户给出）"),
        (Vertical("1956", -0.029), -0.029, "1956 黄海高程 -0.029 m → 1985（按用户给出）"),
        (Vertical("ellipsoid", 12.4), 12.4, "椭球高 +12.400 m → 1985（按用户给出）"),
        (Vertical("custom", -1.5), -1.5, "自定高程基准 -1.500 m → 1985（按用户给出）"),
        (Vertical("unknown"), 0.0, "高程基准不明（未换算，按 1985 显示）"),
    ],
)
def test_heights_are_brought_to_1985_only_by_what_the_user_gives(tmp_path, vertical, added, words):
    report = import_dem(flat(tmp_path / "d.tif"), tmp_path / "p", vertical)
    source = HeightPyramid(tmp_path / "p")
    assert one(source, *HILL) == pytest.approx(50 + added, abs=1e-4) and source.datum == report.datum == words
    assert report.low_m == report.high_m == pytest.approx(50 + added)
    assert any("基准不明" in n for n in report.notes) == (vertical.datum == "unknown")


@pytest.mark.parametrize(
    ("vertical", "what", "step"),
    [
        (Vertical("pearl"), "珠江基面换算到 1985 国家高程基准需要改正数", "+0.557 m、广东 +0.744 m"),
        (Vertical("1956"), "1956 黄海高程换算到", "全国 −0.029 m、广东 +0.158 m"),
        (Vertical("ellipsoid"), "椭球高换算到", "数十米"),
        (Vertical("custom"), "需要改正数", "米数"),
        (Vertical("pearl", 744.0), "不合理", "±100"),
        (Vertical("pearl", float("nan")), "不合理", "±100"),
        (Vertical("1985", 0.557), "又填了改正数", "自定"),
        (Vertical("黄海"), "不认识高程基准", "珠江基面"),
        (None, "没有注明高程基准", "选择"),
    ],
)
def test_a_datum_is_never_guessed(tmp_path, vertical, what, step):
    with pytest.raises(GroundRefused, match=what) as refusal:
        import_dem(flat(tmp_path / "d.tif"), tmp_path / "p", vertical)
    assert step in refusal.value.next_step and left_in(tmp_path) == ["d.tif"]


def test_a_height_system_in_the_file_is_the_default_and_the_users_word_counts_more(tmp_path):
    path = flat(tmp_path / "d.tif", crs=CRS("EPSG:4547+5737").to_wkt())
    about = read_about(path)
    assert about.vertical == NATIONAL and "1985" in about.vertical_said
    assert import_dem(path, tmp_path / "p", None).datum == "1985 国家高程基准"
    report = import_dem(path, tmp_path / "q", Vertical("pearl", 0.6))
    assert any("按所选的“珠江基面”处理" in n for n in report.notes)
    assert one(HeightPyramid(tmp_path / "q"), *HILL) == pytest.approx(50.6)
    old = flat(tmp_path / "e.tif", crs=CRS("EPSG:4547+5736").to_wkt())
    assert read_about(old).vertical == Vertical("1956")
    with pytest.raises(GroundRefused, match="1956 黄海高程换算到"):
        import_dem(old, tmp_path / "r", None)
    geoid = read_about(flat(tmp_path / "f.tif", crs=CRS("EPSG:4547+3855").to_wkt()))
    assert geoid.vertical is None and geoid.vertical_said == "EGM2008 height" and any("EGM2008" in n for n in geoid.notes)


def test_ellipsoid_heights_are_recognised_and_need_an_offset(tmp_path):
    place = from_origin(113.0, 23.5, 0.001, 0.001)
    path = write(tmp_path / "lidar.tif", np.full((40, 40), 50, np.float32), place, CRS("EPSG:4979").to_wkt(version="WKT2_2019"))
    assert read_about(path).vertical == Vertical("ellipsoid")
    with pytest.raises(GroundRefused, match="椭球高换算到"):
        import_dem(path, tmp_path / "p", None)


@pytest.mark.parametrize(
    ("options", "height_m"),
    [({"units": "ft"}, 30.48), ({"units": "US survey foot"}, 30.48006), ({"units": "m"}, 100.0), ({"units": "cm"}, 1.0),
     ({"scales": 0.1, "offsets": 5.0}, 15.0), ({"crs": CRS("EPSG:4547+8228").to_wkt()}, 30.48)],
)  # fmt: skip
def test_units_and_stored_scales_become_metres_and_are_said(tmp_path, options, height_m):
    report = import_dem(flat(tmp_path / "d.tif", 100.0, **options), tmp_path / "p", NATIONAL)
    assert one(HeightPyramid(tmp_path / "p"), *HILL) == pytest.approx(height_m, abs=1e-4)
    assert any("换算为米" in n for n in report.notes) == (report.about.unit_m != 1)


def test_spikes_pits_and_slopes_are_counted_and_nothing_is_changed(tmp_path):
    x = np.arange(120) * 10.0
    values = (
        np.broadcast_to(np.where(x < 600, 50.0, 50.0 + (x - 600) * np.tan(np.radians(12))), (120, 120))
        .astype(np.float32)
        .copy()
    )
    values[20, 20] += 40
    values[63, 63] -= 40  # beside a block's border
    values[90, 30:32] += 40  # two cells: a building perhaps, no spike
    report = import_dem(write(tmp_path / "d.tif", values, near(n=120)), tmp_path / "p", NATIONAL, block=64)
    assert report.spikes == 2 and any("2 个孤立的尖点或坑" in n for n in report.notes)
    shares = dict(report.slopes)
    assert (
        sum(shares.values()) == pytest.approx(1)
        and shares[2.0] == pytest.approx(0.5, abs=0.03)
        and shares[15.0] == pytest.approx(0.5, abs=0.03)
    )
    np.testing.assert_array_equal(HeightPyramid(tmp_path / "p")._levels[0], values[::-1])


def test_old_national_coordinates_are_taken_with_a_warning(tmp_path):
    report = import_dem(hill_in(tmp_path / "d.tif", "EPSG:2383", 25.0), tmp_path / "p", NATIONAL)
    assert any("西安 80" in n for n in report.notes)


def cut(path, keep=0.5):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path


@pytest.mark.parametrize(
    ("make", "what", "step"),
    [
        (lambda p: p, "不在原来的位置", "磁盘"),
        (lambda p: [p.write_bytes(b"II*\0not a tiff"), p][1], "读不出来", "GeoTIFF"),
        (lambda p: [p.write_bytes(b""), p][1], "读不出来", "GeoTIFF"),
        (lambda p: cut(flat(p, n=200)), "读不出来", "完整"),
        (lambda p: cut(flat(p, n=200, compress="deflate"), 0.9), "读不出来", "完整"),
        (lambda p: flat(p, crs=None), "没有坐标系", "EPSG"),
        (lambda p: write(p, np.ones((40, 40), np.float32), Affine.identity()), "没有地理位置", "tfw"),
        (lambda p: write(p, np.ones((40, 40), np.float32), from_origin(-90, 40, 0.001, 0.001), "EPSG:4326"), "不在本省范围内", "带号"),
        (lambda p: write(p, np.ones((40, 40), np.float32), from_origin(38_450_000, 2_600_000, 30, 30)), "不在本省范围内", "带号"),
        (lambda p: write(p, np.ones((40, 40), np.float32), near(cell_m=5000, n=40)), "格距约 5000 米", "0.5–2000"),
        (lambda p: write(p, np.ones((40, 40), np.float32), near(cell_m=0.0003, n=40)), "格距约 0.0003 米", "坐标系"),
        (lambda p: flat(p, 30_000.0), "不合理", "NoData"),
        (lambda p: flat(p, -1234.0), "不合理", "单位"),
        (lambda p: flat(p, -9999.0), "100.0 % 没有高程", "完整"),
        (lambda p: flat(p, np.nan), "100.0 % 没有高程", "完整"),
        (lambda p: flat(p, 120, dtype="uint8"), "像是影像或晕渲图", "影像"),
        (lambda p: write(p, np.ones((3, 40, 40), np.uint16), near(n=40)), "像是影像", "影像"),
        (lambda p: write(p, np.ones((40, 40), np.complex64), near(n=40)), "复数", "DEM"),
    ],
    ids=["gone", "no tiff", "empty", "cut", "cut deflate", "no crs", "no place", "America", "zone", "coarse", "degrees", "high", "low",
         "no data", "nan", "shade", "rgb", "radar"],
)  # fmt: skip
def test_what_cannot_be_terrain_is_refused_in_words_and_leaves_nothing(tmp_path, make, what, step):
    path = make(tmp_path / "地形.tif")
    with pytest.raises(GroundRefused, match=what) as refusal:
        import_dem(path, tmp_path / "p", NATIONAL)
    assert step in refusal.value.next_step and "地形.tif" in refusal.value.what
    assert left_in(tmp_path) in (["地形.tif"], [])


def test_a_coordinate_system_may_be_given_and_a_wrong_one_is_said(tmp_path):
    path = flat(tmp_path / "d.tif", crs=None)
    import_dem(path, tmp_path / "p", NATIONAL, "EPSG:4547")
    assert one(HeightPyramid(tmp_path / "p"), *HILL) == 50.0
    with pytest.raises(GroundRefused, match="坐标系不认识"):
        read_about(path, "EPSG:999999")
    with pytest.raises(GroundRefused, match="不在本省范围内"):
        read_about(path, "EPSG:32610")


def test_stopped_at_any_moment_nothing_is_left(tmp_path):
    hill_in(tmp_path / "d.tif", "EPSG:4490", 1 / 3600)
    asked = []
    import_dem(tmp_path / "d.tif", tmp_path / "p", NATIONAL, cancelled=lambda: bool(asked.append(1)), block=64)
    for moment in range(1, len(asked) + 1):
        left = iter(range(moment, 0, -1))
        with pytest.raises(ImportCancelled, match="已取消"):
            import_dem(tmp_path / "d.tif", tmp_path / "q", NATIONAL, cancelled=lambda left=left: next(left) == 1, block=64)
        assert left_in(tmp_path) == ["d.tif", "p"]


def test_a_disk_that_fills_up_during_an_import_is_said_and_nothing_is_left(small_disk, tmp_path, monkeypatch):
    path = hill_in(tmp_path / "d.tif", "EPSG:4490", 1 / 3600, n=800)
    with pytest.raises(PyramidNotWritten, match="磁盘空间不够"):
        import_dem(path, small_disk / "p", NATIONAL)
    monkeypatch.setattr(pyramid, "SPACE_KEPT", -(10**9))
    with pytest.raises(PyramidNotWritten, match="磁盘已满"):
        import_dem(path, small_disk / "p", NATIONAL, block=128)
    assert left_in(small_disk) == []


def test_a_second_import_replaces_the_first_only_when_whole(tmp_path):
    import_dem(flat(tmp_path / "d.tif", 10.0), tmp_path / "p", NATIONAL)
    with pytest.raises(GroundRefused):
        import_dem(flat(tmp_path / "d.tif", 20_000.0), tmp_path / "p", NATIONAL)
    assert one(HeightPyramid(tmp_path / "p"), *HILL) == 10.0
    import_dem(flat(tmp_path / "d.tif", 30.0), tmp_path / "p", NATIONAL)
    assert one(HeightPyramid(tmp_path / "p"), *HILL) == 30.0 and left_in(tmp_path) == ["d.tif", "p"]
