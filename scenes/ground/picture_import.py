"""A user's GeoTIFF on the scene's grid, and imagery into a pyramid; warped block by block, never the whole file."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.warp import Resampling
from rasterio.windows import Window

from console.errors import ConsoleError
from scenes.ground.frame import GRID, HALF_KM, ORIGIN_M, Box
from scenes.ground.picture_pyramid import Pixels, halve_picture
from scenes.ground.pyramid import PICTURE, About, PyramidWriter, stop_if

MIN_PIXEL_M, MAX_CELL_M = 0.05, 2000.0
ABSURD_CELL_M = 0.005  # finer is a raster in degrees that says metres
HALF_M = HALF_KM * 1000
BLOCK = 2048  # cells a side of what is held at once
CACHE_MB = 128
STORED_BLOCK_MAX = 32_000_000  # pixels of one stored block; more would have to be held at once
NICE = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 8.0, 9.0, 10.0)
DARK_AND_BRIGHT = (2.0, 98.0)  # percent of the values that become black and white, where they are no bytes
SAMPLE = 1024
Progress = Callable[[float], None]
Cancelled = Callable[[], bool]


class GroundRefused(ConsoleError):
    """The file cannot serve as terrain or imagery; the reason and the next step are said."""


class PlacedRaster:
    """An open GeoTIFF with its place on the scene's grid; for one thread."""

    def __init__(self, path: Path, data: Any, crs: str, finest_m: float) -> None:
        self.path, self.data = path, data
        rows, columns = data.block_shapes[0]
        if rows * columns > STORED_BLOCK_MAX:
            raise GroundRefused(f"文件 {path.name} 的存储块太大。", "请用 GIS 软件另存为分块（tiled）的 GeoTIFF 后再导入。")
        if data.crs is None and not crs:
            step = "它只有控制点：请先在 GIS 软件中校正。" if data.gcps[0] else "请在导入时注明坐标系（如 EPSG:4490）。"
            raise GroundRefused(f"文件 {path.name} 没有坐标系。", step)
        if data.transform.is_identity or data.transform.is_degenerate:
            raise GroundRefused(f"文件 {path.name} 没有地理位置。", "请补上 .tfw 文件或在 GIS 软件中配准后再导入。")
        self.stated = CRS.from_user_input(crs or data.crs.to_wkt())
        self.crs = (self.stated.sub_crs_list[0] if self.stated.is_compound else self.stated).to_2d()
        self._to_grid = Transformer.from_crs(self.crs, GRID, always_xy=True)
        self.window = self._within_square()
        self.own_m = self._own_cell()
        if not ABSURD_CELL_M <= self.own_m <= MAX_CELL_M:
            step = f"请换用格距 {finest_m:g}–{MAX_CELL_M:g} 米的文件，并检查坐标系是否填对。"
            raise GroundRefused(f"文件 {path.name} 的格距约 {_spoken(self.own_m)} 米。", step)
        self.same_grid = self.own_m >= finest_m and self._on_grid()
        self.cell_m = abs(data.transform.a) if self.same_grid else max(finest_m, sensible_cell(self.own_m))
        self.box, self.size = self._target()

    def _within_square(self) -> tuple[int, int, int, int]:
        """Return first and last column, first and last row that the province square covers."""
        side = np.linspace(-HALF_KM, HALF_KM, 41) * 1000
        x, y = (g.ravel() for g in np.meshgrid(side + ORIGIN_M[0], side + ORIGIN_M[1]))
        own_x, own_y = self._to_grid.transform(x, y, direction="INVERSE")
        found = np.isfinite(own_x) & np.isfinite(own_y)
        if not found.any():
            raise GroundRefused(f"文件 {self.path.name} 的坐标不能换算。", "请检查它的坐标系是否填对。", self.stated.name)
        column, row = ~self.data.transform * (own_x[found], own_y[found])
        margin = 2 + 0.002 * max(np.ptp(column), np.ptp(row))  # the square's edge is curved in the file's system
        left, right = max(0.0, column.min() - margin), min(float(self.data.width), column.max() + margin)
        top, bottom = max(0.0, row.min() - margin), min(float(self.data.height), row.max() + margin)
        if right - left < 1 or bottom - top < 1:
            self._outside()
        return math.floor(left), math.ceil(right), math.floor(top), math.ceil(bottom)

    def _outside(self) -> None:
        step = "请检查坐标系是否填对（例如横坐标带不带带号、中央经线是几度）。"
        raise GroundRefused(f"文件 {self.path.name} 的位置不在本省范围内。", step, f"{self.stated.name} {self.data.bounds}")

    def _metres(self, column: Any, row: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        x, y = self.data.transform * (np.asarray(column, float), np.asarray(row, float))
        east, north = self._to_grid.transform(x, y)
        return np.asarray(east) - ORIGIN_M[0], np.asarray(north) - ORIGIN_M[1]

    def _own_cell(self) -> float:
        left, right, top, bottom = self.window
        c, r = (left + right) / 2, (top + bottom) / 2
        x, y = self._metres([c, c + 1, c], [r, r, r + 1])
        area = abs((x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]))
        return math.sqrt(area) if math.isfinite(area) else 0.0

    def _on_grid(self) -> bool:
        """Tell whether the cells are already the scene's: then nothing needs to be interpolated."""
        t = self.data.transform
        return bool(t.is_rectilinear and t.a == -t.e > 0 and self.crs.equals(CRS.from_user_input(GRID), ignore_axis_order=True))

    def _target(self) -> tuple[Box, tuple[int, int]]:
        left, right, top, bottom = self.window
        c, r = np.meshgrid(np.linspace(left, right, 65), np.linspace(top, bottom, 65))
        x, y = self._metres(c, r)
        x, y = x[np.isfinite(x)], y[np.isfinite(y)]
        shift = (0.0, 0.0)
        if self.same_grid:
            corner_x, corner_y = self._metres(0, 0)
            shift = (float(corner_x) % self.cell_m, float(corner_y) % self.cell_m)
        edges = []
        for values, offset in ((x, shift[0]), (y, shift[1])):
            limit = HALF_KM * 1000
            first = max(math.floor((values.min() - offset) / self.cell_m + 1e-6), math.ceil((-limit - offset) / self.cell_m))
            last = min(math.ceil((values.max() - offset) / self.cell_m - 1e-6), math.floor((limit - offset) / self.cell_m))
            if last <= first:
                self._outside()
            edges.append((first * self.cell_m + offset, last - first))
        (west, columns), (south, rows) = edges
        k = self.cell_m / 1000
        return (west / 1000, south / 1000, west / 1000 + columns * k, south / 1000 + rows * k), (rows, columns)

    def warped(self, **options: Any) -> WarpedVRT:
        """Return the file on the scene's grid, north up."""
        averaging = self.cell_m > 1.2 * self.own_m
        west, north = self.box[0] * 1000 + ORIGIN_M[0], self.box[3] * 1000 + ORIGIN_M[1]
        place = rasterio.transform.from_origin(west, north, self.cell_m, self.cell_m)
        how = Resampling.average if averaging else Resampling.bilinear
        how = Resampling.nearest if self.same_grid else how
        given = {"resampling": how, "tolerance": 0.02, "src_crs": self.crs.to_wkt()} | options
        return WarpedVRT(self.data, crs=GRID, transform=place, width=self.size[1], height=self.size[0], **given)

    def blocks(self, side: int) -> Iterator[tuple[int, int, Window, float]]:
        """Yield (row and column of the pyramid's block, its window of the warped file, the share done after it)."""
        rows, columns = self.size
        high, wide = self.block_shape(side)
        count, total = 0, -(-rows // high) * -(-columns // wide)
        for row in range(0, rows, high):
            for column in range(0, columns, wide):
                h, w = min(high, rows - row), min(wide, columns - column)
                count += 1
                yield row, column, Window(column, rows - row - h, w, h), count / total

    def block_shape(self, side: int) -> tuple[int, int]:
        """Return rows, columns to hold at once: flat where the file is stored in whole lines, to read each about once."""
        if self.data.block_shapes[0][1] < self.data.width:
            return side, side
        line = self.data.width * self.data.count * np.dtype(self.data.dtypes[0]).itemsize
        high = max(1, min(side, max(side // 16, CACHE_MB * 500_000 // line)))  # half of the cache holds them
        return high, side * side // high

    def notes(self) -> list[str]:
        found = (
            [f"原格距约 {_spoken(self.own_m)} 米，按 {self.cell_m:g} 米存"] if abs(self.cell_m / self.own_m - 1) > 1e-3 else []
        )
        datum = self.crs.geodetic_crs.datum.name if self.crs.geodetic_crs and self.crs.geodetic_crs.datum else ""
        if "Beijing 1954" in datum or "Xian 1980" in datum:
            found.append("北京 54／西安 80 坐标没有公开的精确转换参数，位置可能偏几十米到一百多米")
        return found


@contextmanager
def placed(path: Path, crs: str, finest_m: float) -> Iterator[PlacedRaster]:
    """Open a GeoTIFF on the scene's grid; faults of reading it while it is open are said in words.

    Raises:
        GroundRefused: missing, damaged, no coordinate system or place, outside the province square, absurd cells.
    """
    if not path.is_file():
        raise GroundRefused(f"文件 {path.name} 不在原来的位置。", "请接上存放它的磁盘后重新选择文件。", str(path))
    try:
        options = {"GDAL_CACHEMAX": CACHE_MB, "GTIFF_REPORT_COMPD_CS": True}
        with rasterio.Env(**options), rasterio.open(path, driver="GTiff") as data:
            yield PlacedRaster(path, data, crs, finest_m)
    except (RasterioError, CPLE_BaseError, OSError) as exc:
        raise GroundRefused(f"文件 {path.name} 读不出来。", "请确认它是完整的 GeoTIFF（可重新拷贝一次）。", str(exc)) from exc
    except (CRSError, ProjError) as exc:
        raise GroundRefused(f"文件 {path.name} 的坐标系不认识。", "请填写 EPSG 编号（如 EPSG:4547）。", str(exc)) from exc


def _spoken(metres: float) -> str:
    return f"{metres:.3g}" if metres < 1000 else f"{metres:.0f}"


def sensible_cell(own_m: float) -> float:
    """Return a round cell near a file's own: within 4 % one that people use, else two digits."""
    power = 10.0 ** math.floor(math.log10(own_m))
    near = min(NICE, key=lambda n: abs(n * power / own_m - 1))
    return round(near * power, 6) if abs(near * power / own_m - 1) < 0.04 else round(own_m / power, 1) * power


def file_sha(path: Path, progress: Progress, cancelled: Cancelled) -> str:
    """Return the SHA-256 of a file, hexadecimal; progress hears 0 to 1."""
    digest, read, size = hashlib.sha256(), 0, max(1, path.stat().st_size)
    with path.open("rb") as source:
        while part := source.read(8 << 20):
            digest.update(part)
            read += len(part)
            progress(min(1.0, read / size))
            stop_if(cancelled)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class PictureReport:
    """What an import found. own_m, pixel_m: the file's spacing and the stored one. empty: share without picture."""

    label: str
    crs: str
    own_m: float
    pixel_m: float
    size: tuple[int, int]
    box: Box
    empty: float
    sha: str
    notes: tuple[str, ...]


def import_picture(
    path: Path,
    target_folder: Path,
    crs: str = "",
    progress: Progress = lambda _share: None,
    cancelled: Cancelled = lambda: False,
    *,
    block: int = BLOCK,
) -> PictureReport:
    """Warp imagery (palette, grey, RGB, RGBA; more than 8 bits are stretched) into a picture pyramid.

    crs: what the user says where the file does not, or does wrongly. block: pixels a side held at once.

    Raises:
        GroundRefused: the file cannot serve as imagery.
        ImportCancelled: the user stopped it; nothing is left.
        PyramidNotWritten: disk full, no right to write; nothing is left.
    """
    with placed(path, crs, MIN_PIXEL_M) as raster:
        painting = _painting(raster)
        sha = file_sha(path, lambda share: progress(0.05 * share), cancelled)
        label, km = f"影像：{path.name}", raster.cell_m / 1000
        about = About(PICTURE, label, "", False, km, raster.box, raster.size, sha)
        shown = 0
        with (
            PyramidWriter(target_folder, about, halve_picture) as writer,
            raster.warped(**painting.options) as warped,
            raster.warped(resampling=Resampling.nearest, **painting.outline) as outline,
        ):
            for row, column, window, done in raster.blocks(block):
                known = outline.read(painting.alpha, window=window) > 0
                pixels = painting.pixels(warped.read(painting.bands, window=window), known)[::-1]
                shown += int(np.count_nonzero(pixels[..., 3]))
                writer.put(row, column, pixels)
                progress(0.05 + 0.75 * done)
                stop_if(cancelled)
            if not shown:
                raise GroundRefused(f"影像 {path.name} 在本省范围内没有内容。", "请检查无效值设置，或换用覆盖本省的影像。")
            writer.finish(lambda share: progress(0.8 + 0.2 * share), cancelled)
    empty = 1 - shown / (raster.size[0] * raster.size[1])
    stated = raster.stated.name
    return PictureReport(label, stated, raster.own_m, raster.cell_m, raster.size, raster.box, empty, sha, tuple(raster.notes()))


@dataclass(frozen=True, slots=True)
class _Painting:
    """How stored values become what is seen.

    bands: of the warped file. alpha: the band of the outline that tells where there is a picture. options, outline:
    of warping the colours and the outline. table: colours of a palette, (256, 4). low, high: black and white by band.
    """

    bands: list[int]
    alpha: int
    options: dict[str, Any]
    outline: dict[str, Any]
    table: Pixels | None
    low: list[float]
    high: list[float]

    def pixels(self, stored: NDArray[Any], known: NDArray[np.bool_]) -> Pixels:
        """Return RGBA of stored values, shape (bands, rows, columns)."""
        if self.table is not None:
            return np.asarray(np.where(known[..., None], self.table[stored[0]], 0), np.uint8)
        out = np.zeros((*known.shape, 4), np.uint8)
        for i in range(3):
            j = min(i, len(self.bands) - 1)
            shown = stored[j]
            if shown.dtype != np.uint8:
                scaled = (shown.astype(np.float32) - np.float32(self.low[j])) * np.float32(255 / (self.high[j] - self.low[j]))
                shown = np.rint(np.nan_to_num(np.clip(scaled, 0, 255))).astype(np.uint8)
            out[..., i] = np.where(known, shown, 0)
        out[..., 3] = known * np.uint8(255)
        return out


def _painting(raster: PlacedRaster) -> _Painting:
    data, kinds = raster.data, list(raster.data.colorinterp)
    alpha = kinds.index(ColorInterp.alpha) + 1 if ColorInterp.alpha in kinds else data.count + 1
    own = {"src_alpha": alpha, "dst_alpha": alpha} if alpha <= data.count else {}
    outline = own or {"add_alpha": True}  # apart from the colours: with it these take ten times as long
    if kinds[0] == ColorInterp.palette:
        table = np.zeros((256, 4), np.uint8)
        for entry, color in data.colormap(1).items():
            table[entry & 255] = color
        return _Painting([1], alpha, {"resampling": Resampling.nearest}, outline, table, [0.0], [255.0])
    colors = [kinds.index(c) + 1 for c in (ColorInterp.red, ColorInterp.green, ColorInterp.blue) if c in kinds]
    bands = colors if len(colors) == 3 else [1, 2, 3] if data.count >= 3 else [1]
    if len(bands) == 1 and data.dtypes[0] not in ("uint8", "uint16"):
        raise GroundRefused(f"文件 {raster.path.name} 只有一个 {data.dtypes[0]} 波段，像是高程。", "请作为地形导入。")
    if any(data.dtypes[b - 1].startswith("complex") for b in bands):
        raise GroundRefused(f"文件 {raster.path.name} 存的是复数，不是影像。", "请换用 8 位或 16 位影像。")
    return _Painting(bands, alpha, own, outline, None, *_range(raster, bands))


def _range(raster: PlacedRaster, bands: list[int]) -> tuple[list[float], list[float]]:
    """Return what becomes black and white of each band: bytes as they are, else 2 to 98 percent of the values."""
    if all(raster.data.dtypes[b - 1] == "uint8" for b in bands):
        return [0.0] * len(bands), [255.0] * len(bands)
    left, right, top, bottom = raster.window
    window = Window(left, top, right - left, bottom - top)
    shape = (min(SAMPLE, bottom - top), min(SAMPLE, right - left))
    pairs = []
    for band in bands:
        values = raster.data.read(band, window=window, out_shape=shape, masked=True).compressed()
        values = values[np.isfinite(values)]
        pairs.append(tuple(map(float, np.percentile(values, DARK_AND_BRIGHT))) if values.size else (0.0, 1.0))
    return [p[0] for p in pairs], [max(p[1], p[0] + 1e-6) for p in pairs]
