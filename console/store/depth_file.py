"""A user's inundation file taken over: checked, in metres, on a regular EPSG:4547 grid, in a cache of our own."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from console.engine.depth_grid import Array, Depth
from console.engine.inundation_grid import Going, Stopped, always
from console.store.depth_cache import CachedDepths, DepthAbout, DepthRefused, open_depths, step_path, write_depths
from console.store.depth_frames import SAVE_AGAIN, Frames, Told, clean, file_kind, says_simulated
from console.store.depth_geotiff import band_frames, folder_frames
from console.store.depth_netcdf import gridded_frames
from console.store.depth_place import Place, placed
from console.store.depth_times import BEIJING_H
from console.store.raster_file import FEET

UNITS_M = FEET | {
    "m": 1.0, "meter": 1.0, "metre": 1.0, "meters": 1.0, "metres": 1.0, "米": 1.0,
    "cm": 0.01, "centimeter": 0.01, "centimetre": 0.01, "centimeters": 0.01, "centimetres": 0.01, "厘米": 0.01,
    "mm": 0.001, "millimeter": 0.001, "millimetre": 0.001, "millimeters": 0.001, "millimetres": 0.001, "毫米": 0.001,
    "us survey foot": FEET["us-ft"],
}  # fmt: skip
NONE_VALUES = (-9999.0, -99999.0, -999.0, -32768.0)  # "no value" of files that do not declare it
HUGE = 1e15
NOISE_M = 0.001  # a solver's negative residue: dry
DEPTH_MAX_M = 200.0  # deeper than any reservoir of the province
BAD_SHARE = 0.2  # of the known cells; more is a level or an elevation, not a depth
STEPS_MAX, BYTES_MAX = 5000, 16 * 2**30
CENTURIES_S = 7e9  # 1748 to 2191


@contextmanager
def opened(path: Path, told: Told) -> Iterator[Frames]:
    """Open a depth file or a folder of GeoTIFFs.

    Raises:
        DepthRefused: not a known format, damaged, no times, or no grid of depths in it.
    """
    with ExitStack() as stack:
        try:
            if path.is_dir():
                frames = folder_frames(path, told, stack)
            elif (kind := file_kind(path)) == "tif":
                frames = band_frames(path, told, stack)
            elif kind:
                frames = gridded_frames(path, kind, told, stack)
            else:
                raise DepthRefused(
                    f"文件 {clean(path.name)} 不是认得的水深格式。", "可用：多波段 GeoTIFF、GeoTIFF 文件夹、NetCDF、HDF5。"
                )
        except (RasterioError, ValueError, OSError) as exc:  # all that a broken file provokes
            raise DepthRefused(f"文件 {clean(path.name)} 读不出来，可能已损坏或只有一半。", SAVE_AGAIN, str(exc)) from exc
        yield frames


def import_depths(path: Path, folder: Path, told: Told | None = None, going: Going = always) -> CachedDepths:
    """Take a file over into a cache folder and open that; blocks for seconds to minutes. An older cache is replaced.

    going: asked with the share done; False ends it and leaves nothing behind.

    Raises:
        DepthRefused, VectorRefused: with what to do.
        Stopped: going said no.
    """
    told, name = told or Told(), clean(path.name)
    with opened(path, told) as frames:
        times, order = _ordered(name, frames)
        scale = _scale(name, told.unit or frames.unit, frames)
        place = placed(name, frames.transform, frames.shape, frames.crs, told.crs, going)
        _check_room(name, folder, place.index.size * 4 * len(times))
        state = _Reading(name, scale, told.empty_is_dry)

        def fill(draft: Path) -> DepthAbout:
            for i, source in enumerate(order):
                np.save(step_path(draft, i), _step(frames, int(source), place, state))
                if not going((i + 1) / len(order)):
                    raise Stopped
            return _about(name, frames, place, times, state, told)

        try:
            write_depths(folder, (place.x_m, place.y_m, times), fill)
        except OSError as exc:
            full = exc.errno == errno.ENOSPC
            what = "磁盘已满，淹没数据写不下。" if full else "淹没数据写不进缓存。"
            raise DepthRefused(what, "请清理磁盘后再导入。" if full else "请检查数据文件夹是否可写。", str(exc)) from exc
    return open_depths(folder)


@dataclass(slots=True)
class _Reading:
    """Counts cells of all steps. negative, absurd: were masked."""

    name: str
    scale: float
    empty_is_dry: bool
    known: int = 0
    negative: int = 0
    absurd: int = 0
    wet: int = 0

    def depths(self, raw: NDArray[np.float32]) -> Depth:
        """Return metres of values as stored, NaN where there is none or it cannot be a depth.

        Raises:
            DepthRefused: too many cannot.
        """
        none = ~(np.abs(raw) < HUGE) | np.isin(raw, NONE_VALUES)
        depth = np.where(none, np.float32(np.nan), raw) * np.float32(self.scale)
        negative, absurd = depth < -NOISE_M, depth > DEPTH_MAX_M
        self.known += int(depth.size - none.sum())
        self.negative += int(negative.sum())
        self.absurd += int(absurd.sum())
        self.wet += int((depth > 0).sum())
        if self.negative + self.absurd > BAD_SHARE * max(1, self.known):
            raise DepthRefused(
                f"文件 {self.name} 有 {self.negative} 个负值、{self.absurd} 个超过 {DEPTH_MAX_M:g} 米的值，不像水深。",
                "请确认选的是水深而不是水位或高程，单位是否填对。",
            )
        depth[(depth < 0) & ~negative] = 0.0
        depth[negative | absurd] = np.nan
        if self.empty_is_dry:
            depth[none] = 0.0
        return np.asarray(depth, np.float32)


def _step(frames: Frames, source: int, place: Place, state: _Reading) -> Depth:
    try:
        raw = frames.read(source)
    except (RasterioError, ValueError, OSError) as exc:
        raise DepthRefused(f"文件 {state.name} 的第 {source + 1} 个时刻读不出来，可能只有一半。", SAVE_AGAIN, str(exc)) from exc
    found = state.depths(raw).ravel()[place.index]
    found[place.index < 0] = np.nan
    return np.asarray(found, np.float32)


def _ordered(name: str, frames: Frames) -> tuple[Array, NDArray[np.int64]]:
    """Return ascending times and the order of the file's steps in them.

    Raises:
        DepthRefused: a time is missing or there twice, or there are too many.
    """
    times = frames.t_s
    if not 0 < len(times) <= STEPS_MAX:
        raise DepthRefused(f"文件 {name} 有 {len(times)} 个时刻，不能用。", f"请取出其中 1 到 {STEPS_MAX} 个时刻。")
    order = np.argsort(times, kind="stable")
    if not (np.isfinite(times).all() and (np.abs(times) < CENTURIES_S).all()) or (np.diff(times[order]) <= 0).any():
        raise DepthRefused(f"文件 {name} 的时间有缺失、重复或不合理。", "请在原软件中检查，或在导入时填写起始时间和步长。")
    if (np.diff(order) != 1).any():
        frames.notes.append("时刻没有按先后排列，已按时间重排")
    return times[order], order


def _scale(name: str, unit: str, frames: Frames) -> float:
    """Return metres of one unit.

    Raises:
        DepthRefused: a unit that is not a length.
    """
    if not unit.strip():
        frames.notes.append("水深单位未注明，按米理解")
        return 1.0
    found = UNITS_M.get(unit.strip().lower())
    if found is None:
        raise DepthRefused(
            f"文件 {name} 的单位“{clean(unit, 30)}”不是认得的水深单位。", "请在导入时选定单位：米、厘米、毫米或英尺。"
        )
    return found


def _check_room(name: str, folder: Path, size: int) -> None:
    if size > BYTES_MAX:
        raise DepthRefused(
            f"文件 {name} 导入后有 {size / 2**30:.1f} GB，太大。",
            f"请裁剪、放大格距或减少时刻，到 {BYTES_MAX / 2**30:.0f} GB 以内。",
        )
    there = next(p for p in (folder, *folder.parents) if p.exists())
    if shutil.disk_usage(there).free < size * 1.05:
        raise DepthRefused(f"磁盘空间不够：导入 {name} 要 {size / 2**30:.1f} GB。", "请清理磁盘后再导入。")


def _about(name: str, frames: Frames, place: Place, times: Array, state: _Reading, told: Told) -> DepthAbout:
    """Say where the depths come from, now that all were read.

    Raises:
        DepthRefused: not one of them is known.
    """
    if not state.known and not state.empty_is_dry:
        raise DepthRefused(f"文件 {name} 里没有一个有效的水深。", "请确认选的变量和无效值设置，再导入。")
    facts, notes = frames.facts, [*place.notes, *frames.notes]
    if place.moved:
        notes.append(f"已从 {clean(place.crs, 60)} 换到 CGCS2000（中央经线 114°）规则格网，取最近的格，位置差不超过半格")
    if state.negative:
        notes.append(f"{state.negative} 个负值按未知处理")
    if state.absurd:
        notes.append(f"{state.absurd} 个超过 {DEPTH_MAX_M:g} 米的值按未知处理")
    if state.empty_is_dry:
        notes.append("没有值的格按用户说明理解为未淹")
    if not state.wet:
        notes.append("所有时刻都没有水")
    beijing = timezone(timedelta(hours=BEIJING_H))
    first, last = (datetime.fromtimestamp(t, beijing).strftime("%Y-%m-%d %H:%M") for t in (times[0], times[-1]))
    notes.append(f"{len(times)} 个时刻，{first} 至 {last}（北京时间）")
    simulated = told.simulated if told.simulated is not None else says_simulated(facts)
    kind = {True: "模拟", False: "非模拟", None: "未注明是否模拟"}[simulated]
    title = clean(facts.get("title", ""), 60)
    return DepthAbout(
        label=f"淹没水深（{kind}）：{title or name}",
        file=name,
        variable=clean(frames.variable, 60),
        title=title,
        made_by=clean(
            next((facts[k] for k in ("institution", "creator_name", "author", "tifftag_artist") if facts.get(k)), "")
        ),
        made_at=clean(next((facts[k] for k in ("date_created", "date", "tifftag_datetime") if facts.get(k)), ""), 40),
        simulated=simulated,
        crs=clean(place.crs, 80),
        cell_m=(float(place.x_m[1] - place.x_m[0]), float(place.y_m[1] - place.y_m[0])),
        notes=tuple(notes),
    )
