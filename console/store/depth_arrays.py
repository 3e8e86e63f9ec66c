"""A variable of NetCDF or HDF5 with its axes as arrays beside it: what CF would say in words, read from them.

The driver knows a grid's place only where the file names its axes as CF does. Many files only have x, y and time.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio import Affine
from rasterio.errors import RasterioError

from console.engine.depth_grid import Array
from console.store.depth_cache import DepthRefused
from console.store.depth_frames import TELL_TIMES, Frames, Told, clean, open_raster, read_band, times_of_axis, times_told

# Source: CF standard name table, flood_water_thickness.
STANDARD = ("flood_water_thickness",)
DEPTH_WORDS = re.compile(r"水深|淹没深|inund|(?:^|[^a-z])(?:depth|depths|hmax|wd|h)(?:$|[^a-z])", re.IGNORECASE)
NOT_A_GRID = "请在原软件中插值到等间距的规则格网（x、y 各一维坐标）后再导入。"
PARTS = {"NETCDF": ("netCDF", '":'), "HDF5": ("HDF5Image", '"://')}  # driver and separator of a file's parts
DEGREES = ("lon", "longitude", "lat", "latitude")
X_NAMES = ("x", "X", "easting", "lon", "longitude")
Y_NAMES = ("y", "Y", "northing", "lat", "latitude")
T_NAMES = ("time", "Time", "t", "times")
UNEVEN = 0.05  # of a cell
DEGREES_NOTE = "坐标是经纬度，没有注明基准，按 CGCS2000 理解"


@dataclass(frozen=True, slots=True)
class Variable:
    """address: what GDAL opens. sizes: of its axes, the last two are rows and columns. words: its other names."""

    name: str
    address: str
    sizes: tuple[int, ...]
    words: tuple[str, ...]


def array_frames(path: Path, chosen: Variable, scheme: str, told: Told, stack: ExitStack) -> Frames:
    """Return a variable (time, y, x) placed by its arrays. scheme: NETCDF or HDF5.

    Raises:
        DepthRefused: no arrays that fit it, uneven ones, or no times.
    """
    address = f'{scheme}:"{path}{PARTS[scheme][1]}{chosen.name}' if chosen.name else str(path)
    with rasterio.Env(GDAL_NETCDF_BOTTOMUP="NO"):  # rows as they are stored: their order is the array's
        data = open_raster(address, PARTS[scheme][0] if chosen.name else scheme, stack)
    part = _Parts(path, scheme, chosen.name.rpartition("/")[0])
    x, y = part.array(X_NAMES), part.array(Y_NAMES)
    if x is None or y is None or data.shape != (len(y.values), len(x.values)) or not (_even(x.values) and _even(y.values)):
        raise DepthRefused(
            f"文件 {path.name} 的变量 {clean(chosen.name)} 不是规则格网（间距不等，或没有相配的坐标）。", NOT_A_GRID
        )
    notes: list[str] = []
    tags = {k: str(v) for k, v in data.tags().items()}
    facts = {k.removeprefix("NC_GLOBAL#").lower(): v for k, v in tags.items()}
    dx, dy = ((a[-1] - a[0]) / (len(a) - 1) for a in (x.values, y.values))
    crs = part.crs(str(data.tags(1).get("grid_mapping", "")), facts)
    if not crs and x.name in DEGREES:
        crs = "EPSG:4490"
        notes.append(DEGREES_NOTE)
    times = times_told(data.count, told)
    if times is None and "NETCDF_DIM_EXTRA" in tags and "phony_dim" not in tags["NETCDF_DIM_EXTRA"]:
        times = axis_times(path.name, data, tags, told, notes)
    elif times is None:
        time = part.array(T_NAMES)
        if time is None or len(time.values) != data.count:
            raise DepthRefused(f"文件 {path.name} 没有时间坐标。", TELL_TIMES)
        times = times_of_axis(path.name, time.values, time.facts.get("units", ""), time.facts.get("calendar", ""), told, notes)
    return Frames(
        times, lambda i: read_band(data, i + 1), Affine(dx, 0, x.values[0] - dx / 2, 0, dy, y.values[0] - dy / 2), data.shape,
        crs, str(data.tags(1).get("units", "")), chosen.name, facts | words_of(chosen), notes + doubts_of(chosen, told),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Axis:
    name: str
    values: Array
    facts: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Parts:
    """The other variables of a file: beside the chosen one before the root."""

    path: Path
    scheme: str
    group: str

    def array(self, names: tuple[str, ...]) -> _Axis | None:
        """Return the first one-dimensional array (n,) of these names."""
        for place in dict.fromkeys((f"{self.group}/" if self.group else "", "")):
            for name in names:
                with ExitStack() as stack:
                    data = self._open(place + name, stack)
                    if data is not None and data.count == 1 and data.height == 1:
                        return _Axis(name, np.asarray(data.read(1)[0], float), {k: str(v) for k, v in data.tags(1).items()})
        return None

    def crs(self, mapping: str, facts: dict[str, str]) -> str:
        """Return what the grid mapping, or else the file, says of its coordinate system, "" for nothing."""
        with ExitStack() as stack:
            data = self._open(mapping, stack) if mapping else None
            stated = facts | ({k.lower(): str(v) for k, v in data.tags(1).items()} if data is not None else {})
        found = next((stated[k].strip() for k in ("crs_wkt", "spatial_ref", "crs", "epsg") if stated.get(k)), "")
        return f"EPSG:{found}" if found.isdigit() else found

    def _open(self, name: str, stack: ExitStack) -> Any:
        driver, between = PARTS[self.scheme]
        try:
            return open_raster(f'{self.scheme}:"{self.path}{between}{name}', driver, stack)
        except RasterioError:  # there is none of this name
            return None


def axis_times(file: str, data: Any, tags: dict[str, str], told: Told, notes: list[str]) -> Array:
    """Return the times of the bands: all axes but time must have one value."""
    axes = [a for a in tags.get("NETCDF_DIM_EXTRA", "").strip("{}").split(",") if a]
    bands = [data.tags(b) for b in data.indexes]
    values = {a: [str(b.get(f"NETCDF_DIM_{a}", "")) for b in bands] for a in axes}

    def is_time(axis: str) -> bool:
        named = axis in T_NAMES or tags.get(f"{axis}#standard_name") == "time" or tags.get(f"{axis}#axis") == "T"
        return named or " since " in tags.get(f"{axis}#units", "")

    time = next((a for a in axes if is_time(a)), "")
    others = [a for a in axes if a != time and len(set(values[a])) > 1]
    if others or (time and len(axes) > 1 and len(set(values[time])) < len(bands)):
        names = "、".join(clean(a, 30) for a in axes if a != time)
        raise DepthRefused(f"文件 {file} 的水深除时间外还有别的维（{names}）。", "请先取出其中一层，再导入。")
    if not time or not all(values[time]):
        raise DepthRefused(f"文件 {file} 没有时间坐标。", TELL_TIMES)
    found = np.array([float(v) for v in values[time]])
    return times_of_axis(file, found, tags.get(f"{time}#units", ""), tags.get(f"{time}#calendar", ""), told, notes)


def _even(axis: Array) -> bool:
    if len(axis) < 2 or not np.isfinite(axis).all() or axis[0] == axis[-1]:
        return False
    return bool(np.abs(axis - np.linspace(axis[0], axis[-1], len(axis))).max() < UNEVEN * abs(axis[1] - axis[0]))


def words_of(chosen: Variable) -> dict[str, str]:
    return {"long_name": chosen.words[-1]} if chosen.words else {}


def doubts_of(chosen: Variable, told: Told) -> list[str]:
    names = (chosen.name, *chosen.words)
    if told.variable or any(n in STANDARD or DEPTH_WORDS.search(n) for n in names):
        return []
    return [f"变量 {clean(chosen.name, 40)} 没有说明是水深，按水深理解"]
