"""Depths in NetCDF and HDF5: which variable, which axis is time, where the grid lies.

Opened with GDAL's netCDF driver, which knows the CF conventions; an HDF5 file that does not follow them is read
with its HDF5 driver and placed by its own x, y and time arrays.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rasterio.errors import RasterioError

from console.store.depth_arrays import (
    DEGREES_NOTE,
    DEPTH_WORDS,
    NOT_A_GRID,
    PARTS,
    STANDARD,
    Variable,
    array_frames,
    axis_times,
    doubts_of,
    words_of,
)
from console.store.depth_cache import DepthRefused
from console.store.depth_frames import SAVE_AGAIN, Frames, Told, clean, open_raster, read_band, times_told, wkt_of
from console.store.netcdf_header import least_bytes

OTHER_WORDS = re.compile(r"sea_floor|bed|ground|soil|snow|velocity|speed|流速|level|elevation|水位|高程", re.IGNORECASE)
VARIABLES_MAX = 200


def gridded_frames(path: Path, kind: str, told: Told, stack: ExitStack) -> Frames:
    """Return the chosen variable of a file as steps. kind: nc (classic) or hdf.

    Raises:
        DepthRefused: damaged, several variables, no grid, or no times.
    """
    if '"' in str(path):
        raise DepthRefused(f"文件名 {clean(path.name)} 里有引号。", "请改名后再导入。")
    if kind == "nc":
        _check_complete(path)
    try:
        found = _variables(path, "netCDF")
    except RasterioError:
        if kind != "hdf":
            raise
        found = []  # HDF5 that netCDF does not take
    chosen = _choose(path.name, found or _variables(path, "HDF5"), told.variable)
    if not found:
        return array_frames(path, chosen, "HDF5", told, stack)
    data = open_raster(chosen.address, "netCDF", stack)
    if data.transform.is_identity or "GEOLOCATION2" in data.tag_namespaces():  # axes that CF does not know, or uneven ones
        return array_frames(path, chosen, "NETCDF", told, stack)
    return _cf_frames(path, chosen, data, told)


def _check_complete(path: Path) -> None:
    """Refuse half a classic NetCDF file.

    Raises:
        DepthRefused: the file is shorter than its header says, or has a broken one.
    """
    try:
        missing = least_bytes(path) - path.stat().st_size
    except (ValueError, OSError) as exc:
        raise DepthRefused(f"文件 {path.name} 的文件头已损坏。", SAVE_AGAIN, str(exc)) from exc
    if missing > 0:
        raise DepthRefused(f"文件 {path.name} 只有一半（还差 {missing} 字节）。", SAVE_AGAIN)


def _variables(path: Path, driver: str) -> list[Variable]:
    """Return the variables with at least two axes. driver: netCDF or HDF5."""
    with ExitStack() as stack:
        data = open_raster(path, driver, stack)
        listed = data.tags(ns="SUBDATASETS")
        if data.count:
            return [_described(data, str(path), (data.count, *data.shape))]
        found = []
        for i in range(1, min(len(listed) // 2, VARIABLES_MAX) + 1):
            address, text = listed[f"SUBDATASET_{i}_NAME"], listed[f"SUBDATASET_{i}_DESC"]
            sizes = tuple(int(n) for n in re.findall(r"\d+", text.partition("]")[0]))
            if len(sizes) >= 2 and min(sizes[-2:]) > 2:  # bounds of axes have two columns
                with ExitStack() as one:
                    inner = open_raster(address, PARTS[driver.upper()][0], one)
                    found.append(_described(inner, address, sizes))
        return found


def _described(data: Any, address: str, sizes: tuple[int, ...]) -> Variable:
    tags = data.tags(1) if data.count else {}
    last = str(tags.get("NETCDF_VARNAME", ""))
    full = [k.partition("#")[0] for k in data.tags()]  # with its group
    name = address.rpartition('"://' if address.startswith("HDF5:") else '":')[2] if '":' in address else ""
    name = name or next((f for f in full if f.rpartition("/")[2] == last), last)
    return Variable(name.strip("/"), address, sizes, tuple(str(tags[k]) for k in ("standard_name", "long_name") if k in tags))


def _choose(file: str, found: list[Variable], told: str) -> Variable:
    """Return the variable that the user names, or the only one that can be a depth.

    Raises:
        DepthRefused: none, or more than one; those that are there are named.
    """
    if not found:
        raise DepthRefused(f"文件 {file} 里没有格网变量。", NOT_A_GRID)
    there = "、".join(clean(v.name, 40) + (f"（{clean(v.words[-1], 30)}）" if v.words else "") for v in found[:12])
    if told:
        named = next((v for v in found if told in (v.name, v.name.rpartition("/")[2])), None)
        if named is None:
            raise DepthRefused(f"文件 {file} 里没有变量“{clean(told, 40)}”。", f"可选：{there}。")
        return named
    if len(found) == 1:
        return found[0]
    standard = [v for v in found if any(w in STANDARD for w in v.words)]
    words = [v for v in found if any(DEPTH_WORDS.search(w) and not OTHER_WORDS.search(w) for w in (v.name, *v.words))]
    for best in (standard, [v for v in words if len(v.sizes) > 2], words):
        if len(best) == 1:
            return best[0]
    raise DepthRefused(f"文件 {file} 里有多个变量，看不出哪个是水深。", f"请在导入时选定，可选：{there}。")


def _cf_frames(path: Path, chosen: Variable, data: Any, told: Told) -> Frames:
    """Return a variable whose axes and place the driver understood."""
    tags = {k: str(v) for k, v in data.tags().items()}
    notes: list[str] = []
    times = times_told(data.count, told)
    if times is None:
        times = axis_times(path.name, data, tags, told, notes)
    crs = wkt_of(data)
    units = {v for k, v in tags.items() if k.endswith("#units")}
    if not crs and any(u.startswith("degree") and u.endswith(("east", "E")) for u in units):
        crs = "EPSG:4490"
        notes.append(DEGREES_NOTE)
    facts = {k.removeprefix("NC_GLOBAL#").lower(): v for k, v in tags.items() if k.startswith("NC_GLOBAL#")}
    return Frames(
        times, lambda i: read_band(data, i + 1), data.transform, data.shape, crs, data.units[0] or "", chosen.name,
        facts | words_of(chosen), notes + doubts_of(chosen, told),
    )  # fmt: skip
