"""Inundation results of models, NetCDF and HDF5, and what of any file is refused."""

from __future__ import annotations

import shutil
import struct
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
import rasterio.shutil
from scipy.io import netcdf_file

from console.engine.inundation_grid import DepthSeries
from console.store import depth_file
from console.store.depth_arrays import Variable, array_frames
from console.store.depth_file import import_depths
from console.store.depth_frames import Told
from console.store.netcdf_header import least_bytes
from tests.depth_files import DEPTH, HDF, PLACE, STEPS, T0, check, netcdf, refusal, tif


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "淹没" / "一"


# --- NetCDF and HDF5 ------------------------------------------------------------------------------
@pytest.mark.parametrize("standard", [True, False], ids=["axes named as CF does", "axes only called x and y"])
@pytest.mark.parametrize("up", [True, False], ids=["y ascending", "y descending"])
def test_a_file_of_a_model_is_read_as_it_says(tmp_path: Path, cache: Path, up: bool, standard: bool):
    found = import_depths(netcdf(tmp_path / "a.nc", up=up, standard=standard), cache)
    check(found)
    about = found.about
    assert (about.variable, about.title, about.made_by, about.made_at) == ("depth", "石角溃堤试算", "广东院", "2022-06-21")
    assert about.simulated is True and about.label == "淹没水深（模拟）：石角溃堤试算"
    assert any("按 CF 约定理解为世界时" in n for n in about.notes)


def test_the_zone_of_a_time_axis_is_its_own_or_the_users(tmp_path: Path, cache: Path):
    found = import_depths(netcdf(tmp_path / "a.nc", since="hours since 2022-06-20 08:00:00 +08:00"), cache)
    check(found)
    assert not any("世界时" in n for n in found.about.notes)
    check(import_depths(netcdf(tmp_path / "b.nc", since="hours since 2022-06-20 08:00"), cache, Told(zone_h=8.0)))
    check(import_depths(netcdf(tmp_path / "c.nc", since="hours"), cache, Told(start_s=T0)))


def test_degrees_without_a_mapping_are_taken_as_cgcs2000_and_that_is_said(tmp_path: Path, cache: Path):
    found = import_depths(netcdf(tmp_path / "a.nc", degrees=True, crs=""), cache)
    assert any("按 CGCS2000 理解" in n for n in found.about.notes)
    assert DepthSeries(found).at(
        *pyproj.Transformer.from_crs(4490, 4547, always_xy=True).transform(113.002, 23.001), T0
    ) == pytest.approx(0.7)


def test_netcdf_4_is_hdf5_and_may_be_called_either(tmp_path: Path, cache: Path):
    source = tif(
        tmp_path / "a.tif",
        tags={
            "NETCDF_DIM_EXTRA": "{time}",
            "NETCDF_DIM_time_DEF": "{3,6}",
            "NETCDF_DIM_time_VALUES": "{0,1,2.5}",
            "time#units": "hours since 2022-06-20",
        },
    )
    with rasterio.open(source, "r+") as out:
        for i, hours in enumerate((0, 1, 2.5)):
            out.update_tags(i + 1, NETCDF_VARNAME="depth", units="m", NETCDF_DIM_time=str(hours))
    rasterio.shutil.copy(source, tmp_path / "a.nc", driver="netCDF", FORMAT="NC4")
    shutil.copy(tmp_path / "a.nc", tmp_path / "a.h5")
    for name in ("a.nc", "a.h5"):
        check(import_depths(tmp_path / name, cache))
    whole = (tmp_path / "a.nc").read_bytes()
    (tmp_path / "half.nc").write_bytes(whole[: len(whole) // 2])
    assert "只有一半" in refusal(tmp_path / "half.nc", cache.parent / "二")


def test_plain_hdf5_is_placed_by_its_own_arrays(tmp_path: Path, cache: Path):
    path = tmp_path / "结果.h5"
    path.write_bytes(HDF)
    found = import_depths(path, cache)
    check(found)
    assert found.about.variable == "results/depth"
    assert "单位“m s-1”" in refusal(path, cache.parent / "二", Told(variable="speed"))
    path.write_bytes(HDF[:3000])
    assert "只有一半" in refusal(path, cache.parent / "二")


def test_hdf5_that_the_netcdf_library_does_not_take_is_read_by_its_own_driver(tmp_path: Path):
    path = tmp_path / "a.h5"
    path.write_bytes(HDF)
    with ExitStack() as stack:
        frames = array_frames(path, Variable("results/depth", "", (3, 4, 5), ()), "HDF5", Told(), stack)
        assert (frames.t_s - T0).tolist() == [0, 3600, 9000] and frames.crs == "EPSG:4547" and frames.unit == "m"
        np.testing.assert_array_equal(frames.read(2), DEPTH[2])
        assert frames.transform.e == 100  # rows from south to north, as they are stored
        assert (frames.transform.c, frames.transform.f) == (450_000, 2_530_000)


def test_the_header_of_large_classic_files_is_understood_too(tmp_path: Path):
    def name(text: bytes) -> bytes:
        return struct.pack(">Q", len(text)) + text + bytes(-len(text) % 4)

    head = b"CDF\x05" + struct.pack(">Q", 2) + struct.pack(">IQ", 10, 2) + name(b"time") + struct.pack(">Q", 0)
    head += name(b"x") + struct.pack(">Q", 3) + struct.pack(">IQ", 0, 0) + struct.pack(">IQ", 11, 1) + name(b"depth")
    head += struct.pack(">QQQ", 2, 0, 1) + struct.pack(">IQ", 0, 0) + struct.pack(">IQQ", 3, 6, 500)
    (tmp_path / "a.nc").write_bytes(head)
    assert least_bytes(tmp_path / "a.nc") == 500 + 6 + 6  # two records of three shorts; a lone variable is not padded


def test_the_depth_is_found_among_other_variables_or_the_user_is_asked(tmp_path: Path, cache: Path):
    check(import_depths(netcdf(tmp_path / "a.nc", other=("velocity", "level")), cache))
    two = netcdf(tmp_path / "b.nc", name="a1", other=("a2",))
    words = refusal(two, cache.parent / "二")
    assert "多个变量" in words and "a1、a2" in words
    check(import_depths(two, cache, Told(variable="a2")))
    assert "没有变量“a3”" in refusal(two, cache.parent / "二", Told(variable="a3"))
    found = import_depths(netcdf(tmp_path / "c.nc", name="result"), cache)
    assert "变量 result 没有说明是水深，按水深理解" in found.about.notes


def test_half_a_classic_file_is_not_dry_land(tmp_path: Path, cache: Path):
    path = netcdf(tmp_path / "a.nc")
    whole = path.read_bytes()
    path.write_bytes(whole[:-200])
    assert "只有一半（还差 200 字节）" in refusal(path, cache)
    for size in (len(whole) // 3, 40, 4):
        path.write_bytes(whole[:size])
        assert "文件头已损坏" in refusal(path, cache)
    assert least_bytes(netcdf(path, other=("velocity",))) == path.stat().st_size


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"since": ""}, "没有时间坐标"),
        ({"since": "moons since 2022-06-20"}, "时间单位“moons since 2022-06-20”读不懂"),
        ({"since": "hours since the flood"}, "读不懂"),
        ({"calendar": "360_day"}, "历法“360_day”"),
        ({"crs": ""}, "没有坐标系"),
        ({"layers": True}, "别的维（layer）"),
        ({"uneven": "y"}, "不是规则格网"),
        ({"uneven": "x"}, "不是规则格网"),
        ({"uneven": "y", "standard": True}, "不是规则格网"),
        ({"uneven": "x", "standard": True}, "不是规则格网"),
        ({"layers": True, "standard": True}, "别的维（layer）"),
        ({"since": "", "standard": True}, "没有时间坐标"),
        ({"unit": "kg"}, "单位“kg”"),
    ],
)
def test_netcdf_files_that_are_refused(tmp_path: Path, cache: Path, more: dict, words: str):
    assert words in refusal(netcdf(tmp_path / "a.nc", **more), cache)


def test_results_on_a_mesh_are_not_a_grid(tmp_path: Path, cache: Path):
    with netcdf_file(tmp_path / "mesh.nc", "w") as out:
        out.createDimension("time", 3)
        out.createDimension("face", 50)
        time = out.createVariable("time", "d", ("time",))
        time.units = b"hours since 2022-06-20"
        time[:] = [0, 1, 2]
        held = out.createVariable("depth", "f", ("time", "face"))
        held[:] = 1.0
    assert "不是规则格网" in refusal(tmp_path / "mesh.nc", cache)


# --- other refusals -------------------------------------------------------------------------------
def test_files_that_are_not_there_or_not_of_a_known_kind(tmp_path: Path, cache: Path):
    assert "打不开" in refusal(tmp_path / "none.tif", cache)
    (tmp_path / "a.txt").write_text("水深", "utf-8")
    assert "不是认得的水深格式" in refusal(tmp_path / "a.txt", cache)
    (tmp_path / "b.nc").write_bytes(b"CDF\x05" + bytes(100))
    assert "读不出来" in refusal(tmp_path / "b.nc", cache)
    (tmp_path / "空").mkdir()
    assert "0 个 GeoTIFF" in refusal(tmp_path / "空", cache)
    (tmp_path / "c.tif").write_bytes(b"II*\0" + bytes(50))
    assert "读不出来" in refusal(tmp_path / "c.tif", cache)


def test_half_a_geotiff_is_refused(tmp_path: Path, cache: Path):
    path = tif(tmp_path / "a.tif", np.random.default_rng(1).uniform(0, 3, (2, 300, 300)).astype(np.float32))
    with rasterio.open(path) as data:
        copied = tmp_path / "b.tif"
        rasterio.shutil.copy(data, copied, driver="GTiff", COPY_SRC_OVERVIEWS="YES", TILED="YES")
    whole = copied.read_bytes()
    copied.write_bytes(whole[: len(whole) * 2 // 3])
    assert "只有一半" in refusal(copied, cache, STEPS)


def test_times_that_are_missing_or_twice_are_refused(tmp_path: Path, cache: Path):
    assert "没有时间" in refusal(tif(tmp_path / "a.tif"), cache)
    assert "重复" in refusal(tif(tmp_path / "b.tif", about=["2022-06-20 08:00"] * 3), cache)
    assert "步长应大于零" in refusal(tif(tmp_path / "c.tif"), cache, Told(start_s=T0, step_s=-60.0))


def test_a_folder_of_different_grids_is_refused(tmp_path: Path, cache: Path):
    folder = tmp_path / "成果"
    folder.mkdir()
    tif(folder / "d_1.tif", DEPTH[:1])
    tif(folder / "d_2.tif", DEPTH[:1, :3])
    assert "格网不一致" in refusal(folder, cache, STEPS)
    tif(folder / "d_2.tif", DEPTH[:2])
    assert "2 个波段" in refusal(folder, cache, STEPS)


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    path = tif(tmp_path / "a.tif")
    monkeypatch.setattr(depth_file, "BYTES_MAX", 100)
    assert "太大" in refusal(path, cache, STEPS)
    with rasterio.open(
        tmp_path / "wide.tif", "w", driver="GTiff", count=1, height=20_000, width=20_000, dtype="float32", crs="EPSG:4547",
        transform=PLACE, sparse_ok=True, tiled=True,
    ):  # fmt: skip
        pass
    assert "太多" in refusal(tmp_path / "wide.tif", cache, STEPS)
