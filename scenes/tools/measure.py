"""Distance, area, bearing and slope, and the volume of water between two levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from console.errors import ConsoleError
from scenes.ground.frame import to_degrees
from scenes.ground.source import Ground
from scenes.tools import wording
from scenes.tools.profile import profile
from scenes.tools.sampling import MERIDIAN_KM, Basis, Place, basis_of, grid_scale, true_km

Array = NDArray[np.float64]
MOST_CELLS = 4_000_000
WINDS = ("北", "东北", "东", "东南", "南", "西南", "西", "西北")


@dataclass(frozen=True, slots=True)
class Distance:
    """Lengths of a line.

    flat_km: on the ellipsoid. space_km: straight from point to point, None where a point's height is unknown.
    ground_km: along the ground, its unknown stretches (unknown_km) flat.
    """

    flat_km: float
    space_km: float | None
    ground_km: float
    unknown_km: float
    basis: Basis

    def words(self) -> str:
        space = "未知" if self.space_km is None else wording.km(self.space_km)
        gap = f"（{wording.km(self.unknown_km)} 高程未知、按平距计）" if self.unknown_km else ""
        text = f"平距 {wording.km(self.flat_km)}，空间直线 {space}，沿地面 {wording.km(self.ground_km)}{gap}"
        return f"{text} · {self.basis.words()}"


@dataclass(frozen=True, slots=True)
class Area:
    """flat_m2 on the ellipsoid; surface_m2 of the ground itself, None where all is unknown; unknown: share counted flat."""

    flat_m2: float
    surface_m2: float | None
    unknown: float
    cell_km: float
    basis: Basis

    def words(self) -> str:
        surface = "未知" if self.surface_m2 is None else wording.area(self.surface_m2)
        gap = f"，{wording.share(self.unknown)}高程未知、按平面计" if self.unknown and self.surface_m2 is not None else ""
        return (
            f"平面面积 {wording.area(self.flat_m2)}，地表面积 {surface}"
            f"（{wording.km(self.cell_km)} 格）{gap} · {self.basis.words()}"
        )


@dataclass(frozen=True, slots=True)
class Slope:
    """bearing_deg: true, clockwise from north, at the first place. rise_m: second less first, None where unknown."""

    bearing_deg: float
    flat_km: float
    rise_m: float | None
    basis: Basis

    @property
    def percent(self) -> float | None:
        return None if self.rise_m is None else self.rise_m / self.flat_km / 10

    def words(self) -> str:
        wind = WINDS[round(self.bearing_deg / 45) % 8]
        text = f"真方位 {self.bearing_deg:.1f}°（{wind}），平距 {wording.km(self.flat_km)}，"
        if self.rise_m is None or self.percent is None:
            return text + f"高差未知 · {self.basis.words()}"
        degrees = np.degrees(np.arctan(self.percent / 100))
        fall = f"高差 {wording.metres(self.rise_m)}，坡度 {self.percent:.2f}%（{degrees:.2f}°）".replace("-", "−")
        return f"{text}{fall} · {self.basis.words()}"


@dataclass(frozen=True, slots=True)
class Storage:
    """Water that a polygon's ground holds between two level surfaces.

    Every place under the level counts, whether water can get there or not. volume_m3 between the levels;
    area_low_m2, area_high_m2: water surfaces at each. error_m3: change when the cell was halved to cell_km.
    unknown: share of the polygon without a height; it holds nothing here.
    """

    low_m: float
    high_m: float
    volume_m3: float
    area_low_m2: float
    area_high_m2: float
    error_m3: float
    unknown: float
    cell_km: float
    basis: Basis

    def words(self) -> str:
        gap = f"，{wording.share(self.unknown)}的范围高程未知、未计" if self.unknown else ""
        return (
            f"{wording.metres(self.low_m)} 至 {wording.metres(self.high_m)} 间水量 {wording.volume(self.volume_m3)}"
            f"（±{wording.volume(self.error_m3)}，格距减半之差），水面 {wording.area(self.area_low_m2)} → "
            f"{wording.area(self.area_high_m2)}，范围内低于水位处都计、不论是否连通{gap} · {self.basis.words()}"
        )


def distance(ground: Ground, points_km: Array, step_km: float) -> Distance:
    """Return the lengths of a line of local km, shape (n, 2).

    Raises:
        ConsoleError: as `profile`.
    """
    line = profile(ground, points_km, step_km)
    points = np.asarray(points_km, float)
    height = ground.heights(points[:, 0], points[:, 1]).astype(float)
    straight = float(np.hypot(true_km(points[:, 0], points[:, 1]), np.diff(height) / 1000).sum())
    return Distance(line.flat_km, straight if np.isfinite(straight) else None, line.ground_km, line.unknown_km, line.basis)


def area(ground: Ground, ring_km: Array, cell_km: float) -> Area:
    """Return the flat area inside a ring (n, 2) and that of the ground's surface, from slopes over cell_km.

    Raises:
        ConsoleError: the ring encloses nothing or crosses itself, or has too many cells.
    """
    polygon = _polygon(ring_km)
    x, y, weight = _cells(polygon, cell_km)
    half, scale = cell_km / 2, grid_scale(x)
    east, west = ground.heights(x + half, y), ground.heights(x - half, y)
    north, south = ground.heights(x, y + half), ground.heights(x, y - half)
    run = cell_km * 1000 / scale
    stretch = np.sqrt(1 + ((east - west) / run) ** 2 + ((north - south) / run) ** 2)
    known = np.isfinite(stretch)
    flat = weight * 1e6 / scale**2
    surface = float((flat * np.where(known, stretch, 1.0)).sum()) if known.any() else None
    return Area(float(flat.sum()), surface, float(1 - known.mean()), cell_km, basis_of(ground, x, y))


def bearing_and_slope(ground: Ground, a: Place, b: Place) -> Slope:
    """Return the direction and the slope from a to b.

    Source: grid convergence γ = Δλ·sin φ, true bearing = grid bearing + γ.

    Raises:
        ConsoleError: a and b are one place.
    """
    x, y = np.array([a[0], b[0]]), np.array([a[1], b[1]])
    flat = float(true_km(x, y)[0])
    if flat == 0:
        raise ConsoleError("两点重合，没有方位和坡度。", "请取两个不同的点。")
    lon, lat = to_degrees(*a)
    centre, _ = to_degrees(MERIDIAN_KM, a[1])
    turn = float((lon - centre) * np.sin(np.radians(lat)))
    grid = float(np.degrees(np.arctan2(x[1] - x[0], y[1] - y[0])))
    height = ground.heights(x, y).astype(float)
    rise = float(height[1] - height[0])
    return Slope((grid + turn) % 360, flat, rise if np.isfinite(rise) else None, basis_of(ground, x, y))


def volume_between(ground: Ground, polygon_km: Array, low_m: float, high_m: float, cell_km: float) -> Storage:
    """Return the water between two levels inside a polygon (n, 2), on cells of cell_km and of half that.

    Raises:
        ConsoleError: the levels are in the wrong order, the polygon encloses nothing, or it has too many cells.
    """
    if not low_m < high_m:
        raise ConsoleError(f"下水位 {low_m:g} m 不低于上水位 {high_m:g} m。", "请把较低的水位放在前面。")
    polygon = _polygon(polygon_km)
    coarse = _held(ground, polygon, low_m, high_m, cell_km)
    fine = _held(ground, polygon, low_m, high_m, cell_km / 2)
    low, high, error = fine[1], fine[2], abs(fine[0] - coarse[0])
    return Storage(low_m, high_m, fine[0], low, high, error, fine[3], cell_km / 2, fine[4])


def _held(
    ground: Ground, polygon: shapely.Polygon, low_m: float, high_m: float, cell_km: float
) -> tuple[float, float, float, float, Basis]:
    """Return volume m³, areas m² at the low and the high level, the unknown share, and the basis."""
    x, y, weight = _cells(polygon, cell_km)
    height = ground.heights(x, y).astype(float)
    m2 = weight * 1e6 / grid_scale(x) ** 2
    depth = np.clip(high_m - np.fmax(height, low_m), 0.0, None)
    unknown = np.isnan(height)
    depth[unknown] = 0.0
    at_low, at_high = float((m2 * (height < low_m)).sum()), float((m2 * (height < high_m)).sum())
    return float((m2 * depth).sum()), at_low, at_high, float(unknown.mean()), basis_of(ground, x, y)


def _polygon(ring_km: Array) -> shapely.Polygon:
    ring = np.asarray(ring_km, float).reshape(-1, 2)
    if len(ring) < 3 or not np.isfinite(ring).all():
        raise ConsoleError("范围不足三个点，围不出面积。", "请至少取三个点。")
    polygon = shapely.Polygon(ring)
    if not polygon.is_valid or polygon.area == 0:
        raise ConsoleError("边线相交，量不出面积。", "请改成不相交的边线。")
    return polygon


def _cells(polygon: shapely.Polygon, cell_km: float) -> tuple[Array, Array, Array]:
    """Return centres x, y of the cells in a polygon, and the km² of the grid that each stands for (together the polygon's)."""
    west, south, east, north = polygon.bounds
    if not cell_km > 0:
        raise ConsoleError(f"格距 {cell_km} 不是正数。", "请给出大于 0 的格距。")
    columns, rows = int(np.ceil((east - west) / cell_km)), int(np.ceil((north - south) / cell_km))
    if columns * rows > MOST_CELLS:
        raise ConsoleError(f"范围内有 {columns * rows} 格，太多。", "请放大格距，或缩小范围。", f"最多 {MOST_CELLS}")
    gx, gy = np.meshgrid(
        west + (np.arange(columns) + 0.5) * (east - west) / columns, south + (np.arange(rows) + 0.5) * (north - south) / rows
    )
    inside = shapely.contains_xy(polygon, gx.ravel(), gy.ravel())
    x, y = gx.ravel()[inside], gy.ravel()[inside]
    if not len(x):
        raise ConsoleError("范围比一格还小，量不出来。", "请缩小格距。")
    return x, y, np.full(len(x), polygon.area / len(x))
