"""Inundation results as GeoTIFF: times, units, systems and gaps as people leave them, and the cache that is made of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
import rasterio.shutil
from rasterio.transform import from_origin

from console.engine.inundation_grid import DepthSeries, Stopped
from console.store.depth_cache import DepthRefused, open_depths, step_path
from console.store.depth_file import import_depths
from console.store.depth_frames import Told
from console.store.depth_times import elapsed_s, stamp
from tests.depth_files import DEPTH, NAN, STEPS, T0, check, refusal, tif


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "淹没" / "一"


# --- GeoTIFF --------------------------------------------------------------------------------------
def test_bands_with_the_users_start_and_step(tmp_path: Path, cache: Path):
    found = import_depths(tif(tmp_path / "溃堤.tif"), cache, STEPS)
    check(found, times=(0, 3600, 7200))
    assert found.about.file == "溃堤.tif" and found.about.simulated is None
    assert found.about.label == "淹没水深（未注明是否模拟）：溃堤.tif"
    assert found.about.cell_m == (100, 100)


def test_bands_that_say_their_time_in_beijing_unless_they_say_otherwise(tmp_path: Path, cache: Path):
    path = tif(tmp_path / "a.tif", about=["2022-06-20 08:00", "2022-06-20 09:00", "2022-06-20 10:30"])
    found = import_depths(path, cache)
    check(found)
    assert any("按北京时间理解" in n for n in found.about.notes)
    path = tif(tmp_path / "b.tif", about=["2022-06-20T00:00:00Z", "2022-06-20T01:00:00Z", "2022-06-20T02:30:00Z"])
    found = import_depths(path, cache)
    check(found)
    assert not any("理解" in n for n in found.about.notes)
    check(import_depths(tif(tmp_path / "c.tif", about=["0 h", "1 h", "2.5h"]), cache, Told(start_s=T0)))


def test_bands_that_came_from_netcdf_keep_its_time_axis(tmp_path: Path, cache: Path):
    path = tif(tmp_path / "a.tif", tags={"time#units": "hours since 2022-06-20"})
    with rasterio.open(path, "r+") as out:
        for i, hours in enumerate((0, 1, 2.5)):
            out.update_tags(i + 1, NETCDF_DIM_time=str(hours))
    check(import_depths(path, cache))


def test_steps_out_of_order_are_put_in_order(tmp_path: Path, cache: Path):
    path = tif(tmp_path / "a.tif", DEPTH[[2, 0, 1]], about=["2022-06-20 10:30", "2022-06-20 08:00", "2022-06-20 09:00"])
    found = import_depths(path, cache)
    check(found)
    assert any("重排" in n for n in found.about.notes)


def test_a_folder_with_a_file_for_each_time(tmp_path: Path, cache: Path):
    folder = tmp_path / "成果"
    folder.mkdir()
    for name, step in zip(("d_20220620_1030", "d_20220620_0800", "d_20220620_0900"), DEPTH[[2, 0, 1]], strict=True):
        tif(folder / f"{name}.TIF", step[None])
    (folder / "说明.txt").write_text("x", "utf-8")
    check(import_depths(folder, cache))


def test_files_that_are_only_numbered_are_taken_in_the_order_of_their_numbers(tmp_path: Path, cache: Path):
    folder = tmp_path / "成果"
    folder.mkdir()
    for number, step in zip((2, 10, 1), DEPTH[[1, 2, 0]], strict=True):
        tif(folder / f"depth_{number}.tif", step[None])
    check(import_depths(folder, cache, STEPS), times=(0, 3600, 7200))
    cached = tmp_path / "另一"
    assert "文件名里没有时间" in refusal(folder, cached)


def test_centimetres_feet_and_packed_numbers_become_metres(tmp_path: Path, cache: Path):
    found = import_depths(tif(tmp_path / "cm.tif", DEPTH * 100, unit="cm"), cache, STEPS)
    np.testing.assert_allclose(found.step(2), DEPTH[2], rtol=1e-6)
    found = import_depths(tif(tmp_path / "ft.tif", DEPTH, unit="ft"), cache, STEPS)
    np.testing.assert_allclose(found.step(2), DEPTH[2] * 0.3048, rtol=1e-6)
    found = import_depths(
        tif(tmp_path / "mm.tif", DEPTH * 1000, unit="", dtype="int16", nodata=-32768),
        cache,
        Told(unit="mm", start_s=T0, step_s=60.0),
    )
    np.testing.assert_allclose(found.step(2), DEPTH[2], rtol=1e-6)
    path = tif(tmp_path / "packed.tif", DEPTH * 100, dtype="int16", nodata=-1)
    with rasterio.open(path, "r+") as out:
        out.scales = (0.01,) * 3
    np.testing.assert_allclose(import_depths(path, cache, STEPS).step(2), DEPTH[2], rtol=1e-6)


def test_a_unit_that_is_no_length_is_refused_and_none_is_said(tmp_path: Path, cache: Path):
    assert "单位“m s-1”" in refusal(tif(tmp_path / "a.tif", unit="m s-1"), cache, STEPS)
    found = import_depths(tif(tmp_path / "b.tif", unit=""), cache, STEPS)
    assert "水深单位未注明，按米理解" in found.about.notes


# --- what is not a depth --------------------------------------------------------------------------
def test_cells_without_a_value_are_unknown_unless_the_user_says_dry(tmp_path: Path, cache: Path):
    depth = DEPTH.copy()
    depth[:, 0, 0] = NAN
    path = tif(tmp_path / "a.tif", depth)
    found = import_depths(path, cache, STEPS)
    assert np.isnan(found.step(0)[0, 0]) and np.isnan(DepthSeries(found).max_depth()[0, 0])
    found = import_depths(path, cache, Told(start_s=T0, step_s=60.0, empty_is_dry=True))
    assert found.step(0)[0, 0] == 0
    assert any("按用户说明理解为未淹" in n for n in found.about.notes)


def test_impossible_values_are_masked_counted_and_said(tmp_path: Path, cache: Path):
    depth = DEPTH.copy()
    depth[0, 0, :3] = -0.5, -1e-6, 900
    depth[1, 0, 0] = -99999  # a "no value" that the file does not declare
    found = import_depths(tif(tmp_path / "a.tif", depth), cache, STEPS)
    assert found.step(0)[0, :3] == pytest.approx([NAN, 0, NAN], nan_ok=True)
    assert np.isnan(found.step(1)[0, 0])
    assert "1 个负值按未知处理" in found.about.notes and "1 个超过 200 米的值按未知处理" in found.about.notes


def test_elevations_below_the_sea_are_not_depths(tmp_path: Path, cache: Path):
    assert "不像水深" in refusal(tif(tmp_path / "bed.tif", DEPTH - 3), cache, STEPS)


def test_a_file_without_a_single_value_is_refused(tmp_path: Path, cache: Path):
    assert "没有一个有效的水深" in refusal(tif(tmp_path / "a.tif", DEPTH * NAN), cache, STEPS)


# --- places ---------------------------------------------------------------------------------------
def test_the_zone_number_in_front_of_eastings_is_taken_off(tmp_path: Path, cache: Path):
    check(
        import_depths(
            tif(tmp_path / "a.tif", crs="EPSG:4526", place=from_origin(38_450_000, 2_530_400, 100, 100)), cache, STEPS
        ),
        times=(0, 3600, 7200),
    )
    found = import_depths(tif(tmp_path / "b.tif", place=from_origin(38_450_000, 2_530_400, 100, 100)), cache, STEPS)
    check(found, times=(0, 3600, 7200))
    assert any("带号 38" in n for n in found.about.notes)


def test_degrees_become_a_metric_grid_whose_cells_hold_the_files_own_values(tmp_path: Path, cache: Path):
    rng = np.random.default_rng(3)
    depth = rng.uniform(0.1, 4, (1, 60, 80)).astype(np.float32)
    path = tif(tmp_path / "a.tif", depth, crs="EPSG:4490", place=from_origin(112.9, 23.66, 0.0005, 0.0005))
    found = import_depths(path, cache, STEPS)
    assert any("取最近的格" in n for n in found.about.notes)
    assert found.about.cell_m == pytest.approx((51.0, 55.4), abs=0.3)
    back = pyproj.Transformer.from_crs("EPSG:4547", "EPSG:4490", always_xy=True)
    gx, gy = np.meshgrid(found.x_m, found.y_m)
    lon, lat = back.transform(gx, gy)
    column, row = np.floor((lon - 112.9) / 0.0005).astype(int), np.floor((lat - 23.63) / 0.0005).astype(int)
    inside = (column >= 0) & (column < 80) & (row >= 0) & (row < 60)
    step = found.step(0)
    np.testing.assert_array_equal(step[inside], depth[0][row[inside], column[inside]])
    assert np.isnan(step[~inside]).all()
    area = np.diff(found.x_m[:2])[0] * np.diff(found.y_m[:2])[0] * inside.sum()
    geod = pyproj.Geod(a=6378137.0, rf=298.257222101)
    true, _ = geod.polygon_area_perimeter([112.9, 112.94, 112.94, 112.9], [23.63, 23.63, 23.66, 23.66])
    assert area == pytest.approx(true, rel=0.02)


def test_a_turned_grid_is_straightened(tmp_path: Path, cache: Path):
    place = rasterio.Affine.translation(450_000, 2_530_000) * rasterio.Affine.rotation(30) * rasterio.Affine.scale(100, -100)
    found = import_depths(tif(tmp_path / "a.tif", np.full((1, 20, 30), 1.5, np.float32), place=place), cache, STEPS)
    wet = np.isfinite(found.step(0))
    assert (found.step(0)[wet] == 1.5).all()
    assert wet.sum() * found.about.cell_m[0] * found.about.cell_m[1] == pytest.approx(20 * 30 * 100 * 100, rel=0.03)


def test_a_file_without_a_system_is_refused_until_the_user_says_which(tmp_path: Path, cache: Path):
    path = tif(tmp_path / "a.tif", crs=None)
    assert "没有坐标系" in refusal(path, cache, STEPS)
    check(import_depths(path, cache, Told(start_s=T0, step_s=3600.0, crs="EPSG:4547")), times=(0, 3600, 7200))


def test_a_file_from_elsewhere_is_refused(tmp_path: Path, cache: Path):
    path = tif(tmp_path / "a.tif", crs="EPSG:27700", place=from_origin(235_200, 840_000, 50, 50))  # Scotland
    assert "不在广东一带" in refusal(path, cache, STEPS)
    wrong = tif(tmp_path / "b.tif", crs="EPSG:4490")  # metres that are said to be degrees
    assert "像是米" in refusal(wrong, cache, STEPS)


# --- the cache ------------------------------------------------------------------------------------
def test_the_cache_is_there_whole_or_not_at_all(tmp_path: Path, cache: Path):
    path, asked = tif(tmp_path / "a.tif"), []

    def going(share: float) -> bool:
        asked.append(share)
        return share < 0.5

    with pytest.raises(Stopped):
        import_depths(path, cache, STEPS, going)
    assert asked[-1] == pytest.approx(2 / 3)
    assert not cache.exists() and not list(cache.parent.iterdir())


def test_a_new_import_replaces_the_old_one_and_a_failed_one_does_not(tmp_path: Path, cache: Path):
    import_depths(tif(tmp_path / "a.tif"), cache, STEPS)
    cache.with_name("一.part").mkdir()  # what a power cut left
    import_depths(tif(tmp_path / "b.tif", DEPTH + 1), cache, STEPS)
    assert open_depths(cache).step(0)[0, 0] == 1 and sorted(p.name for p in cache.parent.iterdir()) == ["一"]
    with pytest.raises(DepthRefused):
        import_depths(tif(tmp_path / "c.tif", DEPTH - 3), cache, STEPS)
    assert open_depths(cache).about.file == "b.tif"


def test_a_damaged_cache_is_refused_with_what_to_do(tmp_path: Path, cache: Path):
    import_depths(tif(tmp_path / "a.tif"), cache, STEPS)
    whole = step_path(cache, 1).read_bytes()
    for damage in (whole[:50], None):
        if damage is None:
            step_path(cache, 1).unlink()
        else:
            step_path(cache, 1).write_bytes(damage)
        with pytest.raises(DepthRefused, match="不完整.*重新导入"):
            open_depths(cache)
    step_path(cache, 1).write_bytes(bytes(200) + whole)
    found = open_depths(cache)
    with pytest.raises(DepthRefused, match="读不出来.*重新导入"):
        found.step(1)
    np.save(step_path(cache, 1), np.zeros((9, 9), np.float32))
    with pytest.raises(DepthRefused, match="已损坏"):
        open_depths(cache).step(1)
    meta = json.loads((cache / "meta.json").read_text("utf-8"))
    (cache / "meta.json").write_text(json.dumps(meta | {"schema": 99}), "utf-8")
    with pytest.raises(DepthRefused, match="别的版本"):
        open_depths(cache)
    (cache / "meta.json").write_text("{", "utf-8")
    with pytest.raises(DepthRefused, match="不完整"):
        open_depths(cache)


def test_a_long_series_is_read_from_the_cache_two_steps_at_a_time(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    depth = np.stack([np.full((20, 30), 0.1 * i, np.float32) for i in range(20)])
    found = import_depths(tif(tmp_path / "a.tif", depth), cache, STEPS)
    loads = []
    step = type(found).step
    monkeypatch.setattr(type(found), "step", lambda self, i: loads.append(i) or step(self, i))
    series = DepthSeries(found)
    assert series.max_depth()[0, 0] == pytest.approx(1.9)
    assert loads == list(range(20)) and len(series._kept.steps) == 2
    loads.clear()
    assert series.at(450_050, 2_530_150, T0 + 1800) == pytest.approx(0.05)
    assert series.course(450_050, 2_530_150)[1] == pytest.approx(0.1 * np.arange(20), abs=1e-6)
    assert loads == []  # one cell of a mapped file


# --- times in texts -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "after_h"),
    [
        ("2022-06-20 08:00", 0), ("depth_20220620_0900.tif", 1), ("202206200830", 0.5), ("2022年6月20日10时30分", 2.5),
        ("2022-06-20T00:00:00Z", 0), ("2022-06-20T10:00:00+0900", 1), ("d20220620T083000", 0.5), ("2022062010", 2),
        ("DEM2000_20220620_08", 0), ("2022-6-20 9:05:00.0", 1 + 5 / 60), ("20220620_001", -8),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(text: str, after_h: float):
    found = stamp(text, 8.0)
    assert found is not None and (found[0] - T0) / 3600 == pytest.approx(after_h)


def test_numbers_that_are_no_dates():
    assert [stamp(t, 8.0) for t in ("", "depth_12", "20221345", "99999999", "120220620")] == [None] * 5
    assert [elapsed_s(t) for t in ("T=3 h", "depth_090min", "7200s", "2小时", "h3", "3 houses")] == [
        10800,
        5400,
        7200,
        7200,
        None,
        None,
    ]
