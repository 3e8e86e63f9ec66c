"""Depths in GeoTIFF: the bands of one file, or the files of a folder, each with its time."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.engine.depth_grid import Array
from console.store.depth_cache import DepthRefused
from console.store.depth_frames import TELL_TIMES, Frames, Told, open_raster, read_band, times_of_axis, times_told, wkt_of
from console.store.depth_times import natural_key, text_times

TIME_TAGS = ("time", "datetime", "timestamp", "valid_time", "date")
BLOCK_MAX = 64_000_000  # cells of one stored block; more would have to be held at once
FILES_MAX = 5000


def band_frames(path: Path, told: Told, stack: ExitStack) -> Frames:
    """Return the bands of one GeoTIFF as steps.

    Raises:
        DepthRefused: no times, or absurd blocks.
    """
    data = open_raster(path, "GTiff", stack)
    _check_blocks(data, path.name)
    notes: list[str] = []
    times = times_told(data.count, told)
    if times is None:
        times = _band_times(path.name, data, told, notes)
    if times is None:
        raise DepthRefused(f"文件 {path.name} 的波段没有时间（描述和标签中都没有）。", TELL_TIMES)
    return Frames(
        times, lambda i: read_band(data, i + 1), data.transform, data.shape, wkt_of(data), data.units[0] or "",
        facts={k.lower(): str(v) for k, v in data.tags().items()}, notes=notes,
    )  # fmt: skip


def _band_times(name: str, data: Any, told: Told, notes: list[str]) -> Array | None:
    tags = [{k.lower(): str(v) for k, v in data.tags(b).items()} for b in data.indexes]
    units = next((str(v) for k, v in data.tags().items() if k.lower() == "time#units"), "")
    steps = [t.get("netcdf_dim_time") for t in tags]
    if units and all(steps):  # a NetCDF that was saved as GeoTIFF
        return times_of_axis(name, np.array([float(s or "nan") for s in steps]), units, "", told, notes)
    described = [str(d or "") for d in data.descriptions]
    tagged = [next((t[k] for k in TIME_TAGS if k in t), "") for t in tags]
    for texts in (described, tagged):
        if found := text_times(texts, told.start_s, told.zone_h):
            _say_zone(found[1], notes)
            return found[0]
    return None


def folder_frames(path: Path, told: Told, stack: ExitStack) -> Frames:
    """Return the GeoTIFFs of a folder as steps.

    Raises:
        DepthRefused: none, grids that differ, several bands in one, or no times in the names.
    """
    files = sorted(
        (f for f in path.iterdir() if f.suffix.lower() in (".tif", ".tiff") and not f.name.startswith(".") and f.is_file()),
        key=lambda f: natural_key(f.name),
    )
    if not 0 < len(files) <= FILES_MAX:
        raise DepthRefused(f"文件夹 {path.name} 里有 {len(files)} 个 GeoTIFF。", f"请放入 1 到 {FILES_MAX} 个，每个时刻一个。")
    first = open_raster(files[0], "GTiff", stack)
    for file in files:
        with ExitStack() as one:
            data = open_raster(file, "GTiff", one)
            _check_blocks(data, file.name)
            if data.count != 1:
                raise DepthRefused(f"文件 {file.name} 有 {data.count} 个波段。", "文件夹中每个文件应只有一个时刻的水深。")
            if data.shape != first.shape or data.crs != first.crs or not data.transform.almost_equals(first.transform, 1e-6):
                raise DepthRefused(f"{files[0].name} 与 {file.name} 的格网不一致。", "请换成范围、格距、坐标系都相同的文件。")
    notes: list[str] = []
    times = times_told(len(files), told)
    if times is None:
        found = text_times([f.stem for f in files], told.start_s, told.zone_h)
        if found is None:
            raise DepthRefused(
                f"文件夹 {path.name} 的文件名里没有时间。", TELL_TIMES + "文件名也可写成 depth_20220620_0800.tif。"
            )
        times = found[0]
        _say_zone(found[1], notes)

    def read(i: int) -> NDArray[np.float32]:
        with ExitStack() as one:
            return read_band(open_raster(files[i], "GTiff", one), 1)

    facts = {k.lower(): str(v) for k, v in first.tags().items()}
    return Frames(times, read, first.transform, first.shape, wkt_of(first), first.units[0] or "", facts=facts, notes=notes)


def _say_zone(assumed: bool, notes: list[str]) -> None:
    if assumed:
        notes.append("时间没有注明时区，按北京时间理解；若是世界时，请在导入时注明")


def _check_blocks(data: Any, name: str) -> None:
    rows, columns = data.block_shapes[0]
    if rows * columns > BLOCK_MAX:
        raise DepthRefused(f"文件 {name} 的存储块太大。", "请用 GIS 软件另存为分块（tiled）的 GeoTIFF，再导入。")
