"""A user's GeoTIFF read a tile at a time: any coordinate system, any size, never the whole file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.warp import Resampling, reproject, transform_bounds
from rasterio.windows import Window, from_bounds

from console.errors import ConsoleError

MERCATOR = "EPSG:3857"
HALF_M = 20_037_508.342789244
EDGE_LAT = 85.0
BLOCK_MAX = 64_000_000  # pixels of one stored block; more would have to be held at once
FEET = {"ft": 0.3048, "foot": 0.3048, "feet": 0.3048, "us-ft": 0.304800609601}
SAMPLE = 512
WHOLE_READ_MAX = 4096 * 4096  # pixels that one tile may read fully where there are no smaller versions
Array = NDArray[np.float32]


class RasterRefused(ConsoleError):
    """The file cannot be shown on the map; the reason and the next step are said."""


@dataclass(frozen=True, slots=True)
class RasterAbout:
    """kind: imagery or dem. bounds: west, south, east, north, degrees. cell_m: about. note: what is not known.

    unit_m: metres of one unit of height.
    """

    kind: str
    bounds: tuple[float, float, float, float]
    cell_m: float
    crs: str
    note: str
    unit_m: float = 1.0


class RasterFile:
    """An open file; used by one thread at a time. crs: what the user says where the file does not."""

    def __init__(self, path: Path, crs: str = "") -> None:
        """Open.

        Raises:
            RasterRefused: missing, not a GeoTIFF, no place on the earth, or stored in absurd blocks.
        """
        if not path.is_file():
            raise RasterRefused(
                f"文件 {path.name} 不在原来的位置。", "请接上存放它的磁盘，或移除这个图层后重新添加。", str(path)
            )
        try:
            self._data = rasterio.open(path, driver="GTiff")
        except (RasterioError, ValueError) as exc:
            raise RasterRefused(f"文件 {path.name} 读不出来。", "请确认它是完整的 GeoTIFF。", str(exc)) from exc
        try:
            self._crs = self._placed(path, crs)
            self.about = self._about(path)
        except (ConsoleError, RasterioError, ValueError) as exc:
            self._data.close()
            if isinstance(exc, ConsoleError):
                raise
            raise RasterRefused(f"文件 {path.name} 的坐标不能换算。", "请在 GIS 软件中检查坐标系后再用。", str(exc)) from exc
        self._stretch: tuple[Array, Array] | None = None

    def close(self) -> None:
        self._data.close()

    def _placed(self, path: Path, crs: str) -> Any:
        data = self._data
        rows, columns = data.block_shapes[0]
        if rows * columns > BLOCK_MAX:
            raise RasterRefused(f"影像 {path.name} 的存储块太大。", "请用 GIS 软件另存为分块（tiled）的 GeoTIFF，再重新添加。")
        if data.crs is None and not crs:
            step = "请在 GIS 软件中指定坐标系（如 EPSG:4490），或添加时注明坐标系。"
            if data.gcps[0]:
                step = "它只有控制点：请先在 GIS 软件中校正，再重新添加。"
            raise RasterRefused(f"影像 {path.name} 没有坐标系。", step)
        if data.transform.is_identity:
            raise RasterRefused(f"影像 {path.name} 没有地理位置。", "请补上 .tfw 文件或在 GIS 软件中配准后再用。")
        return rasterio.crs.CRS.from_user_input(crs) if crs else data.crs

    def _about(self, path: Path) -> RasterAbout:
        data = self._data
        west, south, east, north = transform_bounds(self._crs, "EPSG:4326", *data.bounds, densify_pts=21)
        if not all(math.isfinite(v) for v in (west, south, east, north)) or not (-180 <= west < east <= 180 and south < north):
            raise RasterRefused(f"影像 {path.name} 的位置不在地球上。", "请检查它的坐标系是否填对。")
        cell_m = (north - south) * 111_320 / max(1, data.height)
        name = _crs_name(self._crs)
        if self._looks_like_heights():
            unit, datum = (data.units[0] or "").strip(), _vertical(self._crs)
            note = f"高程单位：{unit or '未注明（按米晕渲）'}；高程基准：{datum or '未注明'}"
            return RasterAbout("dem", (west, south, east, north), cell_m, name, note, FEET.get(unit.lower(), 1.0))
        return RasterAbout("imagery", (west, south, east, north), cell_m, name, "")

    def _looks_like_heights(self) -> bool:
        data = self._data
        if (
            data.count != 1
            or data.colorinterp[0] == ColorInterp.palette
            or data.dtypes[0] not in ("int16", "int32", "float32", "float64")
        ):
            return False
        sample = self._sample(1)
        return bool(sample.size) and float(sample.min()) > -500 and float(sample.max()) < 9000

    def _sample(self, band: int) -> Array:
        """Return known values of a band from a much smaller version of it."""
        data = self._data
        shape = (min(SAMPLE, data.height), min(SAMPLE, data.width))
        values = data.read(band, out_shape=shape, masked=True).astype(np.float32)
        flat = values.filled(np.nan).ravel()
        return np.asarray(flat[np.isfinite(flat)], np.float32)

    # --- tiles ----------------------------------------------------------------------------------
    def heights(self, z: int, x: int, y: int, side: int, margin: int) -> Array | None:
        """Return heights in the file's unit, shape (side + 2 margin)², NaN where there is none; None outside."""
        return self._first(self._warped([1], z, x, y, side, margin, Resampling.bilinear))

    def colors(self, z: int, x: int, y: int, side: int) -> NDArray[np.uint8] | None:
        """Return red, green, blue, alpha of a tile, shape (side, side, 4); None outside."""
        data = self._data
        if data.colorinterp[0] == ColorInterp.palette:
            return self._palette(self._first(self._warped([1], z, x, y, side, 0, Resampling.nearest)))
        bands = [1, 2, 3] if data.count >= 3 else [1]
        found = self._warped(bands, z, x, y, side, 0, Resampling.bilinear)
        if found is None:
            return None
        known = np.isfinite(found).all(axis=0)
        low, high = self._range(bands)
        scaled = (found - low[:, None, None]) / (high - low)[:, None, None] * 255
        out = np.zeros((side, side, 4), np.uint8)
        out[..., :3] = np.rint(np.clip(np.where(known, scaled, 0), 0, 255)).transpose(1, 2, 0)
        out[..., 3] = np.where(known, 255, 0)
        return out

    def _palette(self, index: Array | None) -> NDArray[np.uint8] | None:
        if index is None:
            return None
        table = np.zeros((256, 4), np.uint8)
        for entry, color in self._data.colormap(1).items():
            if 0 <= entry < 256:
                table[entry] = color
        known = np.isfinite(index)
        out = table[np.where(known, index, 0).astype(np.uint8)]
        out[~known] = 0
        return np.asarray(out)

    def _range(self, bands: list[int]) -> tuple[Array, Array]:
        """Return what becomes black and white of each band: bytes as they are, else 2 to 98 percent of the values."""
        if self._stretch is None:
            if all(self._data.dtypes[b - 1] == "uint8" for b in bands):
                pairs = [(0.0, 255.0)] * len(bands)
            else:
                samples = [self._sample(b) for b in bands]
                pairs = [tuple(np.percentile(s, (2, 98))) if s.size else (0.0, 1.0) for s in samples]
            low = np.array([p[0] for p in pairs], np.float32)
            self._stretch = low, np.maximum(np.array([p[1] for p in pairs], np.float32), low + 1e-6)
        return self._stretch

    @staticmethod
    def _first(found: Array | None) -> Array | None:
        return None if found is None else found[0]

    def _warped(self, bands: list[int], z: int, x: int, y: int, side: int, margin: int, how: Resampling) -> Array | None:
        """Return bands of a tile with its margin, shape (bands, n, n), NaN for none."""
        step = 2 * HALF_M / 2**z
        cell = step / side
        left, top = -HALF_M + x * step - margin * cell, HALF_M - y * step + margin * cell
        n = side + 2 * margin
        window = self._window(left, top - n * cell, left + n * cell, top)
        if window is None:
            return None
        shape = _read_shape(window, 2 * n)
        smooth = how is not Resampling.nearest and window.width * window.height <= WHOLE_READ_MAX
        values = self._read(bands, window, shape, Resampling.average if smooth else Resampling.nearest)
        place = self._data.window_transform(window) * rasterio.Affine.scale(window.width / shape[1], window.height / shape[0])
        out = np.full((len(bands), n, n), np.nan, np.float32)
        reproject(
            values, out, src_transform=place, src_crs=self._crs, src_nodata=np.nan, dst_nodata=np.nan,
            dst_transform=rasterio.transform.from_origin(left, top, cell, cell), dst_crs=MERCATOR, resampling=how,
        )  # fmt: skip
        return out

    def _read(self, bands: list[int], window: Window, shape: tuple[int, int], how: Resampling) -> Array:
        data = self._data
        values = data.read(bands, window=window, out_shape=(len(bands), *shape), resampling=how).astype(np.float32)
        known = data.dataset_mask(window=window, out_shape=shape, resampling=Resampling.nearest) > 0
        values[:, ~known] = np.nan
        values[~np.isfinite(values)] = np.nan
        return np.asarray(values)

    def _window(self, left: float, bottom: float, right: float, top: float) -> Window | None:
        """Return the whole pixels that a rectangle of the map touches, None when outside."""
        data = self._data
        try:
            box = transform_bounds(MERCATOR, self._crs, left, bottom, right, top, densify_pts=21)
        except RasterioError:  # a tile so far from the zone that it has no place there
            return None
        if not all(math.isfinite(v) for v in box):
            return None
        rough = (
            from_bounds(*box, transform=data.transform)
            if data.transform.is_rectilinear
            else Window(0, 0, data.width, data.height)
        )
        first_x, first_y = max(0, math.floor(rough.col_off) - 3), max(0, math.floor(rough.row_off) - 3)
        last_x = min(data.width, math.ceil(rough.col_off + rough.width) + 3)
        last_y = min(data.height, math.ceil(rough.row_off + rough.height) + 3)
        return Window(first_x, first_y, last_x - first_x, last_y - first_y) if last_x > first_x and last_y > first_y else None


def _read_shape(window: Window, most: int) -> tuple[int, int]:
    """Return (rows, columns) to read: enough for the tile, not the file's millions."""
    return (max(1, min(int(window.height), most)), max(1, min(int(window.width), most)))


def _crs_name(crs: Any) -> str:
    try:
        return str(CRS.from_wkt(crs.to_wkt()).name)
    except CRSError:
        return ""


def _vertical(crs: Any) -> str:
    """Return the name of the height system that a compound coordinate system states, "" for none."""
    try:
        parts = CRS.from_wkt(crs.to_wkt()).sub_crs_list
    except CRSError:
        return ""
    return next((p.name for p in parts if p.is_vertical), "")
