"""A user's own DEM: any GeoTIFF with a known coordinate system, warped to the basin's grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.warp import Resampling, calculate_default_transform, reproject, transform_bounds
from scipy.ndimage import distance_transform_edt

from console.errors import ConsoleError
from scenes.build.terrain import GRID, HeightField

SIZE = 1025
MIN_CELL_M, MAX_CELL_M = 0.5, 2000.0
MAX_EMPTY = 0.6


class DemRefused(ConsoleError):
    """The file cannot serve as terrain; the reason and the next step are said."""


def read_dem(path: Path) -> HeightField:
    """Return the DEM as a square height field in EPSG:4547.

    Heights are taken as metres above the 1985 national datum; the label names the file.

    Raises:
        DemRefused: not a raster, no coordinate system, absurd cells or heights, mostly empty.
    """
    try:
        with rasterio.open(path) as raster:
            if raster.crs is None:
                raise DemRefused(f"地形文件 {path.name} 没有坐标系。", "请在 GIS 软件中指定坐标系（如 EPSG:4490）后再用。")
            _, width, height = calculate_default_transform(raster.crs, GRID, raster.width, raster.height, *raster.bounds)
            west, south, east, north = transform_bounds(raster.crs, GRID, *raster.bounds)
            cell = max((east - west) / width, (north - south) / height)
            if not MIN_CELL_M <= cell <= MAX_CELL_M:
                raise DemRefused(
                    f"地形文件 {path.name} 的格距约 {cell:.1f} 米。", f"请换用 {MIN_CELL_M}–{MAX_CELL_M} 米的 DEM。"
                )
            half = max(east - west, north - south) / 2
            origin = ((west + east) / 2, (south + north) / 2)
            step = 2 * half / (SIZE - 1)
            target = rasterio.transform.from_origin(origin[0] - half - step / 2, origin[1] + half + step / 2, step, step)
            heights = np.full((SIZE, SIZE), np.nan, np.float32)
            averaging = Resampling.average if step > cell else Resampling.bilinear
            reproject(
                rasterio.band(raster, 1), heights, dst_transform=target, dst_crs=GRID, dst_nodata=np.nan, resampling=averaging
            )
    except RasterioError as exc:
        raise DemRefused(f"地形文件 {path.name} 读不出来。", "请确认它是 GeoTIFF 栅格并且没有损坏。", str(exc)) from exc
    return _checked(path, heights[::-1], half / 1000, origin)


def _checked(path: Path, heights: np.ndarray, half_km: float, origin: tuple[float, float]) -> HeightField:
    empty = ~np.isfinite(heights)
    if empty.mean() > MAX_EMPTY:
        raise DemRefused(f"地形文件 {path.name} 有 {100 * empty.mean():.0f} % 没有高程。", "请换用覆盖更完整的 DEM。")
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    if low < -500 or high > 9000:
        raise DemRefused(f"地形文件 {path.name} 的高程 {low:.0f}–{high:.0f} 不像以米计。", "请检查单位与无效值设置。")
    if empty.any():
        nearest = distance_transform_edt(empty, return_distances=False, return_indices=True)
        heights = heights[tuple(nearest)]
    axis = np.linspace(-half_km, half_km, SIZE)
    return HeightField(
        axis,
        axis,
        np.ascontiguousarray(heights, np.float32),
        origin,
        f"地形：{path.name}",
        "1985 国家高程基准（按此理解）",
        synthetic=False,
    )
