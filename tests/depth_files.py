"""Inundation files as models and offices write them: GeoTIFF, NetCDF and HDF5 with what a test wants wrong in them."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
import rasterio.shutil
from rasterio.transform import from_origin
from scipy.io import netcdf_file

from console.errors import ConsoleError
from console.store.depth_file import import_depths
from console.store.depth_frames import Told

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


STEPS = Told(start_s=T0, step_s=3600.0)


def check(found, depth=DEPTH, times=(0, 3600, 9000)) -> None:
    assert found.x_m == pytest.approx(X, abs=1e-3) and found.y_m == pytest.approx(Y, abs=1e-3)
    assert (found.t_s - T0).tolist() == pytest.approx(times)
    for i, step in enumerate(depth):
        np.testing.assert_array_equal(found.step(i), step)
