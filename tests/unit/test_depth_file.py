"""A user's inundation file taken over: each format, each refusal, and what the cache promises."""

from __future__ import annotations

import base64
import json
import shutil
import struct
import zlib
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
import rasterio.shutil
from rasterio.transform import from_origin
from scipy.io import netcdf_file

from console.engine.inundation_grid import DepthSeries, Stopped
from console.errors import ConsoleError
from console.store import depth_file
from console.store.depth_arrays import Variable, array_frames
from console.store.depth_cache import DepthRefused, open_depths, step_path
from console.store.depth_file import import_depths
from console.store.depth_frames import Told
from console.store.depth_times import elapsed_s, stamp
from console.store.netcdf_header import least_bytes

T0 = 1_655_683_200.0  # 2022-06-20 00:00 UTC
NAN = np.nan
DEPTH = (np.arange(60, dtype=np.float32).reshape(3, 4, 5) / 10).astype(np.float32)  # row 0 is the southernmost
X, Y = 450_050.0 + 100 * np.arange(5), 2_530_050.0 + 100 * np.arange(4)
PLACE = from_origin(450_000, 2_530_400, 100, 100)
# Plain HDF5 without dimension scales, made with libhdf5: /results/depth, /results/speed (both DEPTH), x, y, time.
HDF = zlib.decompress(base64.b85decode(
    'c-rll!AlfT9LL}6x;pM|;A*7R!8wJ8gl%^#6LLm!Z4YLW9qN>#v$?eH%FZk)MHxXTco2eUr9%*iL5Dzyf({-#tkAWampTjm0rs7F?~OB~JDMIc'
    'oZl||=6&98-n{pFzxmC3Z$8u4e<FM)Obii4Qb(GIUACAko^qCX{Rq<n({oI(1URoV>)IG^;_b8c78$>NE1fp1w_L)Xvk{_NB)%L+$)tOS41LFn'
    'BP!nlPP>w-mGio0#bf4>&lSwycKpWJlQThDo(SzPe!E!UO8!*(@e7Ibd>L}ujjL1o1hh7#s^iepjL$Hw=O$HqzU|oKxx<4u`-}+Yc~c5H^R+vU'
    'eW{fP8mZ3&UhbkgNC9&rzIIf&J8Sbcv#FTW&gvx6Dw5WxmYrzU2Lb_se)nhw3JSB0)MC@ozh*YWhVk!M_(7CKhCu33Ba(6<hpb3Q3$x+#Kk51|'
    '&&Ft3v085Oh^vqlR~-%B{^PBz#k}o!Ja3-#w&VHud$YG4&$k;bM>n?CtJSOP)q$R+N~H(aJwWnO<+PkkCS`Cro6X9Y8C)-bS5RI?-744`SQYFC'
    '*e|f(vN3hpY`wBxjVj4xi-LAAl@i!Fu=8L^uq$8+SU=bR*f7{#uo18<SRPCRn*p1}^>gqSD9@vA0c;WMCD<#l3fLR4w_xwUmcibGeE|CiwhHzM'
    '><ide<v5O4oIcxY=+`q;cRZr{^JA(rPpE!&<C>{gnf}Ri>mb$JvMIByqWGEF7hinw<^Pl@Uq_O#xlYR$3-|98M(HA-t=A&9_1eQxT`fs`mtgRQ'
    'BeE`?3Lkb|8nUlTC9U(qzIHh7b$Y$aAGCjhAUMXkbG$O^sX|f_lG+OHHQtfPZaXmdc(-?O|7zdj?T<QF930#qbCKOnIF6n_8a(|GbiE%3_s2@a'
    'xl^h2J}5Qchj!chFi|X*G)c=9##AX0Pb50ympT)1DIV`O|F#o_zY~6*<vzEKvi6MgTcclNCC$o5jkbQJhla0rr!J;0@5pCS^S)d`({p-R&lL;S'
    '{bAevx~l2YWN}>0)AAo2pIIy'
))  # fmt: skip


def tif(
    path: Path, depth=DEPTH, *, crs: str | None = "EPSG:4547", place=PLACE, unit="m", about=None, tags=None, **kind
) -> Path:
    """Write steps (nt, ny, nx), southern row first, as bands. about: each band's description; tags: of the file."""
    kind = {"dtype": "float32", "nodata": -9999.0} | kind
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(depth),
        height=depth.shape[1],
        width=depth.shape[2],
        crs=crs,
        transform=place,
        **kind,
    ) as out:
        out.update_tags(**tags or {})
        for i, step in enumerate(depth):
            held = np.where(np.isnan(step), -9999, step)[::-1]
            out.write((np.rint(held) if "int" in kind["dtype"] else held).astype(kind["dtype"]), i + 1)
            out.set_band_unit(i + 1, unit)
            if about:
                out.set_band_description(i + 1, about[i])
    return path


def netcdf(
    path: Path, depth=DEPTH, *, crs="EPSG:4547", up=True, unit="m", since="hours since 2022-06-20 00:00:00", **more
) -> Path:
    """Write a CF file of classic format. more: other (variables), name (of depth), standard, degrees, uneven, layers, calendar."""
    names = ("lat", "lon") if more.get("degrees") else ("y", "x")
    with netcdf_file(path, "w", version=2) as out:
        out.title = "石角溃堤试算".encode()
        out.institution = "广东院".encode()
        out.source = b"MIKE 21 simulation"
        out.date_created = b"2022-06-21"
        for name, size in (("time", len(depth)), *zip(names, depth.shape[1:], strict=True), ("one", 1), ("layer", 2)):
            out.createDimension(name, size)
        if since:
            time = out.createVariable("time", "d", ("time",))
            time.units, time.calendar = since.encode(), more.get("calendar", "standard").encode()
            time[:] = [0, 1, 2.5][: len(depth)]
        for name, axis, unit_of in zip(names, (Y, X), ("degrees_north", "degrees_east"), strict=True):
            held = out.createVariable(name, "d", (name,))
            held.units = unit_of.encode() if more.get("degrees") else b"m"
            if more.get("standard"):
                held.standard_name = f"projection_{name}_coordinate".encode()
            values = axis if not more.get("degrees") else (23 if name == "lat" else 113) + 0.001 * np.arange(len(axis))
            values = values + (np.arange(len(values)) ** 3 if more.get("uneven") == name else 0)
            held[:] = values if up or name in ("x", "lon") else values[::-1]
        if crs:
            mapping = out.createVariable("crs", "i", ("one",))
            mapping[:] = 0
            for key, value in pyproj.CRS(crs).to_cf().items():
                setattr(mapping, key, value.encode() if isinstance(value, str) else value)
        for name in (more.get("name", "depth"), *more.get("other", ())):
            axes = ("time", "layer", *names) if more.get("layers") else ("time", *names)
            held = out.createVariable(name, "f", axes)
            held.units, held._FillValue = unit.encode(), np.float32(-9999)
            if crs:
                held.grid_mapping = b"crs"
            steps = np.where(np.isnan(depth), -9999, depth if up else depth[:, ::-1])
            held[:] = steps[:, None].repeat(2, axis=1) if more.get("layers") else steps
    return path


def refusal(path: Path, folder: Path, told: Told | None = None) -> str:
    with pytest.raises(ConsoleError) as refused:
        import_depths(path, folder, told)
    assert refused.value.next_step
    assert not folder.exists() and not list(folder.parent.glob("*.part"))
    return refused.value.what + refused.value.next_step


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "淹没" / "一"


STEPS = Told(start_s=T0, step_s=3600.0)


def check(found, depth=DEPTH, times=(0, 3600, 9000)) -> None:
    assert found.x_m == pytest.approx(X, abs=1e-3) and found.y_m == pytest.approx(Y, abs=1e-3)
    assert (found.t_s - T0).tolist() == pytest.approx(times)
    for i, step in enumerate(depth):
        np.testing.assert_array_equal(found.step(i), step)


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
