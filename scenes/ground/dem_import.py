"""A user's DEM into a pyramid: any GeoTIFF with a known place, warped block by block to the scene's grid.

The vertical datum is asked, never guessed, and no offset is built in. The relations that are published for
Guangdong contradict each other (1985 is 0.557 m or 0.744 m above the Pearl datum's heights, 0.029 m below
or 0.158 m above those of 1956): which of them holds is for the survey that made the DEM to say.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.windows import Window

from scenes.ground.frame import Box
from scenes.ground.picture_import import BLOCK, Cancelled, GroundRefused, PlacedRaster, Progress, file_sha, placed
from scenes.ground.pyramid import HEIGHTS, About, Heights, PyramidWriter, halve_heights, stop_if

MIN_CELL_M = 0.5
LOWEST_M, HIGHEST_M = -500.0, 9000.0
MAX_EMPTY = 0.995  # a levee surveyed along a river leaves most of its rectangle empty
MUCH_EMPTY = 0.6
MAX_OFFSET_M = 100.0
NO_DATA = (-9999.0, -32768.0, -32767.0, -99999.0, float(np.finfo(np.float32).min))  # meant when no value is stated
METRES = {"": 1.0, "m": 1.0, "metre": 1.0, "meter": 1.0, "metres": 1.0, "meters": 1.0, "米": 1.0, "dm": 0.1, "cm": 0.01,
          "ft": 0.3048, "foot": 0.3048, "feet": 0.3048, "us-ft": 1200 / 3937, "us survey foot": 1200 / 3937}  # fmt: skip
SPIKE_M = 5.0  # and 45 degrees on all sides
SLOPES_DEG = (2.0, 5.0, 10.0, 15.0, 25.0, 35.0, 45.0, 90.0)
DATUMS = {"1985": "1985 国家高程基准", "1956": "1956 黄海高程", "pearl": "珠江基面", "ellipsoid": "椭球高",
          "unknown": "高程基准不明", "custom": "自定高程基准"}  # fmt: skip
ASK = {"1956": "资料中有两种换算（全国 −0.029 m、广东 +0.158 m），",
       "pearl": "资料中有两种换算（全国 +0.557 m、广东 +0.744 m），",
       "ellipsoid": "椭球高与水位相差数米到数十米，", "custom": ""}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Vertical:
    """What the heights count from. offset_m: metres to add to get the 1985 datum, as the user gives it."""

    datum: str
    offset_m: float | None = None

    def to_1985_m(self) -> float:
        """Return the metres to add.

        Raises:
            GroundRefused: the datum needs an offset and none is given, or the offset makes no sense.
        """
        name = DATUMS.get(self.datum)
        if name is None:
            raise GroundRefused(f"不认识高程基准“{self.datum}”。", f"请在 {'、'.join(DATUMS.values())} 中选择。")
        if self.datum in ASK and self.offset_m is None:
            step = f"{ASK[self.datum]}请向测量单位查明后填写“换算到 1985 要加的米数”。"
            raise GroundRefused(f"{name}换算到 1985 国家高程基准需要改正数。", step)
        offset = self.offset_m or 0.0
        if not math.isfinite(offset) or abs(offset) > MAX_OFFSET_M:
            raise GroundRefused(f"高程改正数 {offset:g} 米不合理。", f"请填写 ±{MAX_OFFSET_M:.0f} 米以内的数。")
        if self.datum not in ASK and offset:
            step = "请去掉改正数；若确需改正，请改选“自定高程基准”。"
            raise GroundRefused(f"选了{name}，又填了改正数 {offset:+g} 米。", step)
        return offset

    def stated(self) -> str:
        """Return what was done about the datum, as shown."""
        if self.datum == "1985":
            return DATUMS["1985"]
        if self.datum == "unknown":
            return "高程基准不明（未换算，按 1985 显示）"
        return f"{DATUMS[self.datum]} {self.to_1985_m():+.3f} m → 1985（按用户给出）"


@dataclass(frozen=True, slots=True)
class DemAbout:
    """What a file says before it is imported.

    crs: its name. own_cell_m: its spacing at the middle. cell_m, size (rows, columns), box (local km): of the
    pyramid it would become. unit_m: metres of one unit. vertical: the datum that the file states, None for none
    that is known here. vertical_said: in the file's words. notes: what the user should know.
    """

    name: str
    crs: str
    own_cell_m: float
    cell_m: float
    size: tuple[int, int]
    box: Box
    unit_m: float
    vertical: Vertical | None
    vertical_said: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemReport:
    """What an import found.

    low_m, high_m: 1985 datum. empty: share of the file's cells (within the province square) without height.
    slopes: (up to degrees, share) by class. spikes: single cells that stand at least 5 m and one cell's
    width above or below all eight neighbours. sha: SHA-256 of the file.
    """

    about: DemAbout
    label: str
    datum: str
    low_m: float
    high_m: float
    empty: float
    slopes: tuple[tuple[float, float], ...]
    spikes: int
    sha: str
    notes: tuple[str, ...]


def read_about(path: Path, crs: str = "") -> DemAbout:
    """Return what a DEM says of itself. crs: what the user says where the file does not, or does wrongly.

    Raises:
        GroundRefused: it cannot serve as terrain.
    """
    with placed(path, crs, MIN_CELL_M) as raster:
        return _about(raster)


def _about(raster: PlacedRaster) -> DemAbout:
    data, name = raster.data, raster.path.name
    if data.count >= 3 or data.colorinterp[0] == ColorInterp.palette or data.dtypes[0] in ("uint8", "int8"):
        raise GroundRefused(f"文件 {name} 像是影像或晕渲图，不是高程。", "请作为影像导入，或换用 DEM 文件。")
    if data.dtypes[0].startswith("complex"):
        raise GroundRefused(f"文件 {name} 存的是复数，不是高程。", "请换用 DEM 文件。")
    vertical, said, axis_m = _vertical(raster.stated)
    unit, notes = (data.units[0] or "").strip(), raster.notes()
    unit_m = METRES.get(unit.lower(), 1.0) if unit else axis_m
    if unit.lower() not in METRES:
        notes.append(f"高程单位“{unit}”不认识，按米处理")
    elif unit_m != 1.0:
        notes.append(f"高程单位为{unit or '英尺'}，已乘 {unit_m:.6g} 换算为米")
    if said and vertical is None:
        notes.append(f"文件注明的高程基准“{said}”没有内置换算")
    return DemAbout(
        name, raster.stated.name, raster.own_m, raster.cell_m, raster.size, raster.box, unit_m, vertical, said, tuple(notes)
    )


def _vertical(crs: CRS) -> tuple[Vertical | None, str, float]:
    """Return the datum that a coordinate system states, its words, and metres of its height unit."""
    part = next((p for p in crs.sub_crs_list if p.is_vertical), None) if crs.is_compound else None
    if part is None:
        three = len(crs.axis_info) == 3 and not crs.is_geocentric
        return (Vertical("ellipsoid"), f"{crs.name}（椭球高）", 1.0) if three else (None, "", 1.0)
    words = ((("1985",), "1985"), (("1956",), "1956"), (("Pearl", "珠江", "珠基"), "pearl"))
    datum = next((d for names, d in words if any(n in part.name for n in names)), "")
    return Vertical(datum) if datum else None, part.name, part.axis_info[0].unit_conversion_factor or 1.0


@dataclass(slots=True)
class _Survey:
    """What one pass over the file's own cells finds; metres in the file's datum. nodata: values that must mean none."""

    low: float = math.inf
    high: float = -math.inf
    known: int = 0
    total: int = 0
    spikes: int = 0
    nodata: set[float] = field(default_factory=set)


def import_dem(
    path: Path,
    target_folder: Path,
    vertical: Vertical | None,
    crs: str = "",
    progress: Progress = lambda _share: None,
    cancelled: Cancelled = lambda: False,
    *,
    block: int = BLOCK,
) -> DemReport:
    """Check a DEM and warp it into a height pyramid.

    Args:
        path: the file; its first band is taken.
        target_folder: where the pyramid will be; an earlier one there is replaced when the new one is whole.
        vertical: as the user says; None: as the file says.
        crs: what the user says where the file does not, or does wrongly.
        progress: hears 0 to 1.
        cancelled: asked after each block.
        block: cells a side of what is held at once.

    Raises:
        GroundRefused: the file cannot serve as terrain, or its datum needs an offset.
        ImportCancelled: the user stopped it; nothing is left.
        PyramidNotWritten: disk full, no right to write; nothing is left.
    """
    with placed(path, crs, MIN_CELL_M) as raster:
        about = _about(raster)
        chosen = vertical or about.vertical
        if chosen is None:
            raise GroundRefused(f"地形文件 {path.name} 没有注明高程基准。", "请在导入时选择高程基准。", about.vertical_said)
        offset, label, datum = chosen.to_1985_m(), f"地形：{path.name}", chosen.stated()
        sha = file_sha(path, lambda share: progress(0.05 * share), cancelled)
        survey = _surveyed(raster, about.unit_m, block, lambda share: progress(0.05 + 0.2 * share), cancelled)
        target = About(HEIGHTS, label, datum, False, about.cell_m / 1000, about.box, about.size, sha)
        with PyramidWriter(target_folder, target, halve_heights) as writer:
            slopes = _warp(raster, survey, about.unit_m, offset, writer, block, progress, cancelled)
            writer.finish(lambda share: progress(0.85 + 0.15 * share), cancelled)
    low, high, empty = survey.low + offset, survey.high + offset, 1 - survey.known / survey.total
    return DemReport(about, label, datum, low, high, empty, slopes, survey.spikes, sha, _notes(about, survey, chosen, empty))


def _warp(
    raster: PlacedRaster,
    survey: _Survey,
    unit_m: float,
    offset_m: float,
    writer: PyramidWriter,
    block: int,
    progress: Progress,
    cancelled: Cancelled,
) -> tuple[tuple[float, float], ...]:
    """Write level 0; returns the share of each class of slope."""
    options: dict[str, Any] = {"dtype": "float32", "nodata": math.nan}
    if survey.nodata:
        options["src_nodata"] = next(iter(survey.nodata))
    elif raster.data.nodata is None and raster.data.dtypes[0].startswith("float"):
        options["src_nodata"] = math.nan
    under = np.zeros(len(SLOPES_DEG), np.int64)
    with raster.warped(**options) as warped:
        for row, column, window, done in raster.blocks(block):
            heights = _metres(raster, warped.read(1, window=window)[::-1], unit_m)
            heights[(heights < survey.low - 1) | (heights > survey.high + 1)] = np.nan  # mixed with a value beyond float32
            heights += np.float32(offset_m)
            under += _under(heights, raster.cell_m)
            writer.put(row, column, heights)
            progress(0.25 + 0.6 * done)
            stop_if(cancelled)
    shares = np.diff(under, prepend=0) / max(1, int(under[-1]))
    return tuple(zip(SLOPES_DEG, map(float, shares), strict=True))


def _metres(raster: PlacedRaster, stored: NDArray[Any], unit_m: float) -> Heights:
    """Return heights in metres of stored values, NaN where there is none."""
    out = stored.astype(np.float32)
    out[~np.isfinite(out)] = np.nan
    scale, offset = raster.data.scales[0] * unit_m, raster.data.offsets[0] * unit_m
    return out if (scale, offset) == (1.0, 0.0) else np.asarray(out * np.float32(scale) + np.float32(offset))


def _surveyed(raster: PlacedRaster, unit_m: float, block: int, progress: Progress, cancelled: Cancelled) -> _Survey:
    """Return what the file's own cells are like, before anything is written."""
    found, data, name = _Survey(), raster.data, raster.path.name
    unstated = data.nodata is None and MaskFlags.all_valid in data.mask_flag_enums[0]
    left, right, top, bottom = raster.window
    high, wide = raster.block_shape(block)
    for row in range(top, bottom, high):
        for column in range(left, right, wide):
            rows, columns = min(high, bottom - row), min(wide, right - column)
            up, before = min(1, row - top), min(1, column - left)  # a neighbour more on each side
            down, after = min(1, bottom - row - rows), min(1, right - column - columns)
            stored = data.read(
                1, window=Window(column - before, row - up, columns + before + after, rows + up + down), masked=True
            )
            with np.errstate(over="ignore"):  # an infinite height is none
                values = stored.data.astype(np.float32)
            values[np.ma.getmaskarray(stored)] = np.nan
            if unstated:
                for value in NO_DATA:
                    if (hit := values == np.float32(value)).any():
                        found.nodata.add(value)
                        values[hit] = np.nan
            values = _metres(raster, values, unit_m)
            found.spikes += _spikes(values, max(SPIKE_M, raster.own_m))
            own = values[up : up + rows, before : before + columns]
            known = own[np.isfinite(own)]
            found.known, found.total = found.known + known.size, found.total + own.size
            if known.size:
                found.low, found.high = min(found.low, float(known.min())), max(found.high, float(known.max()))
            step = "请在 GIS 软件中检查单位与无效值（NoData）设置，改正后重新导入。"
            if found.low < LOWEST_M or found.high > HIGHEST_M:
                raise GroundRefused(f"地形文件 {name} 的高程 {found.low:.5g}–{found.high:.5g} 米不合理。", step)
            if len(found.nodata) > 1:
                raise GroundRefused(f"地形文件 {name} 没有注明无效值，里面却像有几种。", step, str(sorted(found.nodata)))
            stop_if(cancelled)
        progress((row + high - top) / (bottom - top))
    if found.known < (1 - MAX_EMPTY) * found.total:
        share = 100 * (1 - found.known / found.total)
        raise GroundRefused(f"地形文件 {name} 在本省范围内有 {share:.1f} % 没有高程。", "请换用覆盖更完整的 DEM。")
    return found


def _spikes(values: Heights, least_m: float) -> int:
    """Return how many cells stand out of all eight neighbours by so much; all must be known."""
    if min(values.shape) < 3:
        return 0
    count, middle = 0, values[1:-1, 1:-1]
    for sign, furthest in ((1, np.maximum), (-1, np.minimum)):
        across = furthest(furthest(values[:, :-2], values[:, 2:]), values[:, 1:-1])
        around = furthest(furthest(across[:-2], across[2:]), furthest(values[1:-1, :-2], values[1:-1, 2:]))
        count += int(np.count_nonzero(sign * (middle - around) > least_m))
    return count


def _under(heights: Heights, cell_m: float) -> NDArray[np.int64]:
    """Return how many cells are no steeper than each class's end, by central differences."""
    if min(heights.shape) < 3:
        return np.zeros(len(SLOPES_DEG), np.int64)
    east = (heights[1:-1, 2:] - heights[1:-1, :-2]) / np.float32(2 * cell_m)
    north = (heights[2:, 1:-1] - heights[:-2, 1:-1]) / np.float32(2 * cell_m)
    steep = east * east + north * north
    return np.array([np.count_nonzero(steep <= math.tan(math.radians(s)) ** 2) for s in SLOPES_DEG], np.int64)


def _notes(about: DemAbout, survey: _Survey, chosen: Vertical, empty: float) -> tuple[str, ...]:
    notes = list(about.notes)
    if survey.nodata:
        notes.append(f"文件没有注明无效值，{next(iter(survey.nodata)):g} 按无效处理")
    if empty > MUCH_EMPTY:
        notes.append(f"{100 * empty:.0f} % 的格子没有高程，那里显示其他地形")
    if survey.spikes:
        notes.append(f"有 {survey.spikes} 个孤立的尖点或坑，未改动，请核对原始数据")
    if chosen.datum == "unknown":
        notes.append("高程基准不明：与水位比较可能差几分米")
    if about.vertical and about.vertical.datum != chosen.datum:
        notes.append(f"文件注明的高程基准是“{about.vertical_said}”，按所选的“{DATUMS[chosen.datum]}”处理")
    return tuple(notes)
