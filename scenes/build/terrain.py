"""A height field: generated from spot heights and rivers, or read from the user's own DEM.

The generated one is a picture of the basin, not a survey: every view that shows it says
合成地形 仅供演示. Local coordinates are kilometres east and north of the field's centre.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.interpolate import RBFInterpolator
from scipy.ndimage import distance_transform_edt, gaussian_filter, zoom

from console.domain.geo import chainage_km, nearest_on_line

Array = NDArray[np.float64]
GRID = "EPSG:4547"  # CGCS2000, 3-degree Gauss-Kruger, central meridian 114 E
GEOGRAPHIC = "EPSG:4490"
COARSE = 97
VALLEY_KM = 5.5
CHANNEL_KM = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class HeightField:
    """Heights on a regular grid.

    east_km shape (nx,), north_km shape (ny,) ascending, local; height_m shape (ny, nx), metres
    above the datum named by `datum`. origin: easting, northing (m) of local zero in EPSG:4547.
    """

    east_km: Array
    north_km: Array
    height_m: NDArray[np.float32]
    origin: tuple[float, float]
    label: str
    datum: str
    synthetic: bool

    def to_local(self, lon: Array | float, lat: Array | float) -> tuple[Array, Array]:
        """Return local east, north in km of CGCS2000 degrees."""
        east, north = _forward().transform(np.asarray(lon, float), np.asarray(lat, float))
        return (np.asarray(east) - self.origin[0]) / 1000, (np.asarray(north) - self.origin[1]) / 1000

    def to_degrees(self, east_km: float, north_km: float) -> tuple[float, float]:
        lon, lat = _forward().transform(east_km * 1000 + self.origin[0], north_km * 1000 + self.origin[1], direction="INVERSE")
        return float(lon), float(lat)

    def height_at(self, east_km: Array | float, north_km: Array | float) -> Array:
        """Return bilinear heights, metres; outside the field the nearest edge."""
        fx = np.interp(east_km, self.east_km, np.arange(len(self.east_km)))
        fy = np.interp(north_km, self.north_km, np.arange(len(self.north_km)))
        i = np.minimum(fx.astype(int), len(self.east_km) - 2)
        j = np.minimum(fy.astype(int), len(self.north_km) - 2)
        u, v = fx - i, fy - j
        h = self.height_m
        return np.asarray(
            h[j, i] * (1 - u) * (1 - v) + h[j, i + 1] * u * (1 - v) + h[j + 1, i] * (1 - u) * v + h[j + 1, i + 1] * u * v
        )


def _forward() -> Transformer:
    return Transformer.from_crs(GEOGRAPHIC, GRID, always_xy=True)


def river_profile(line: Array, knots: Sequence[Sequence[float]]) -> Array:
    """Return the low-water surface (m) at each vertex of a line, shape (n,), falling downstream.

    knots: (lon, lat, metres) in downstream order; the surface never rises along the line.
    """
    placed = sorted((nearest_on_line(line, k[0], k[1])[0], k[2]) for k in knots)
    at = np.array([p[0] for p in placed])
    level = np.minimum.accumulate(np.array([p[1] for p in placed]))
    return np.asarray(np.interp(chainage_km(line), at, level))


def synthetic_terrain(
    box: Sequence[float],
    spots: Array,
    rivers: Mapping[str, Array],
    profiles: Mapping[str, Sequence[Sequence[float]]],
    pools: Sequence[tuple[float, float, float, float]],
    size: int = 1025,
    seed: int = 20220622,
) -> HeightField:
    """Generate the basin.

    Args:
        box: west, south, east, north in degrees.
        spots: shape (n, 3): lon, lat, height m.
        rivers: name → line (n, 2) lon/lat, downstream order.
        profiles: name → knots for river_profile(); a river without one is only a faint valley.
        pools: lon, lat, radius km, level m of reservoirs; the ground there lies below the level.
        size: vertices per side, 2ⁿ+1.
    """
    east, north = _forward().transform([box[0], box[2], box[0], box[2]], [box[1], box[1], box[3], box[3]])
    low, high = (min(east), min(north)), (max(east), max(north))
    origin = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2)
    half = max(high[0] - low[0], high[1] - low[1]) / 2000
    axis = np.linspace(-half, half, size)
    blank = HeightField(axis, axis, np.zeros((size, size), np.float32), origin, "", "", synthetic=True)
    base = _smooth_surface(blank, spots, size)
    height = _with_relief(base, seed, size)
    height = _with_valleys(blank, height, base, rivers, profiles)
    for lon, lat, radius_km, level in pools:
        height = _with_pool(blank, height, lon, lat, radius_km, level)
    return HeightField(
        axis, axis, height.astype(np.float32), origin, "合成地形 仅供演示", "近似 1985 国家高程基准", synthetic=True
    )


def _smooth_surface(field: HeightField, spots: Array, size: int) -> Array:
    x, y = field.to_local(spots[:, 0], spots[:, 1])
    coarse = np.linspace(field.east_km[0], field.east_km[-1], COARSE)
    gx, gy = np.meshgrid(coarse, coarse)
    surface = RBFInterpolator(np.column_stack([x, y]), spots[:, 2], kernel="linear", smoothing=4.0, neighbors=24)
    values = surface(np.column_stack([gx.ravel(), gy.ravel()])).reshape(COARSE, COARSE)
    values = gaussian_filter(np.maximum(values, 1.0), 0.8)
    return np.asarray(zoom(values, size / COARSE, order=3)[:size, :size])


def _with_relief(base: Array, seed: int, size: int) -> Array:
    """Add ridged noise whose amplitude grows with the ground's height: hills, not plains."""
    rng = np.random.default_rng(seed)
    ridges = np.zeros((size, size))
    weight, total = 1.0, 0.0
    for cells in (9, 18, 36, 72, 144, 288):
        noise = zoom(rng.standard_normal((cells + 1, cells + 1)), size / (cells + 1), order=3)[:size, :size]
        ridges += weight * (1.0 - np.abs(noise) * 0.9)
        total += weight
        weight *= 0.56
    ridges = np.clip(ridges / total, -0.6, 1.0)
    amplitude = np.clip((base - 20.0) / 420.0, 0.0, 1.0) ** 0.8 * (140.0 + 0.42 * base)
    return np.asarray(np.maximum(base * 0.78 + amplitude * (ridges - 0.12) * 1.5, 0.5))


def _with_valleys(
    field: HeightField,
    height: Array,
    base: Array,
    rivers: Mapping[str, Array],
    profiles: Mapping[str, Sequence[Sequence[float]]],
) -> Array:
    size = len(field.east_km)
    cell = float(field.east_km[1] - field.east_km[0])
    wet = np.zeros((size, size), bool)
    level = np.zeros((size, size))
    for name, line in rivers.items():
        x, y = _densified(*field.to_local(line[:, 0], line[:, 1]), cell * 0.5)
        i = np.round((x - field.east_km[0]) / cell).astype(int)
        j = np.round((y - field.north_km[0]) / cell).astype(int)
        inside = (i >= 0) & (j >= 0) & (i < size) & (j < size)
        if name in profiles:
            surface = river_profile(line, profiles[name])
            z = np.interp(np.linspace(0, 1, len(x)), np.linspace(0, 1, len(line)), surface)
            along = np.linspace(0, len(line) - 1, len(x))
            z = np.interp(along, np.arange(len(line)), surface)
        else:
            z = np.full(len(x), np.nan)
            z[inside] = base[j[inside], i[inside]] * 0.45
        wet[j[inside], i[inside]] = True
        level[j[inside], i[inside]] = z[inside]
    distance, (nj, ni) = distance_transform_edt(~wet, return_indices=True)
    distance = distance * cell
    river = gaussian_filter(level[nj, ni], 2.0)
    share = 1.0 - np.exp(-np.maximum(0.0, distance - CHANNEL_KM) / VALLEY_KM)
    floor = river + 6.0 + 2.0 * np.minimum(distance, 6.0)
    valley = floor + share * np.maximum(height - floor, 0.0)
    valley = np.where(height < floor, np.maximum(height, river + 3.0), valley)
    channel = distance < CHANNEL_KM
    return np.asarray(np.where(channel, river - 9.0, valley))


def _densified(x: Array, y: Array, step: float) -> tuple[Array, Array]:
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    at = np.arange(0.0, along[-1], step)
    return np.interp(at, along, x), np.interp(at, along, y)


def _with_pool(field: HeightField, height: Array, lon: float, lat: float, radius_km: float, level: float) -> Array:
    x, y = (float(v) for v in field.to_local(lon, lat))
    gx, gy = np.meshgrid(field.east_km - x, field.north_km - y)
    d = np.hypot(gx, gy)
    bowl = level - 25.0 + 45.0 * np.clip(d / radius_km - 0.75, 0, 1.2)
    near = np.clip((d - radius_km) / (1.2 * radius_km), 0.0, 1.0)
    return np.asarray(np.where(d < 2.2 * radius_km, np.minimum(height, bowl) * (1 - near) + height * near, height))


def relief_picture(field: HeightField, size: int = 2048) -> NDArray[np.uint8]:
    """Return an RGB picture (size, size, 3), row 0 in the south: tint by height, baked hill shade."""
    h = zoom(field.height_m.astype(np.float32), size / len(field.east_km), order=1)[:size, :size]
    km = (field.east_km[-1] - field.east_km[0]) / size
    gy, gx = np.gradient(h, km * 1000)
    exaggeration = 5.0
    nx, ny, nz = -gx * exaggeration, -gy * exaggeration, np.ones_like(h)
    norm = np.sqrt(nx**2 + ny**2 + 1)
    light = np.array([-0.55, 0.55, 0.63])
    shade = np.clip((nx * light[0] + ny * light[1] + nz * light[2]) / norm, 0, 1)
    stops = np.array([-20, 0, 30, 120, 300, 600, 1000, 1500, 2000], float)
    tint = np.array(
        [
            (52, 70, 74),
            (74, 98, 84),
            (84, 110, 84),
            (101, 122, 88),
            (122, 130, 92),
            (140, 130, 98),
            (152, 138, 112),
            (172, 162, 142),
            (205, 200, 190),
        ],
        float,
    )
    rgb = np.stack([np.interp(h, stops, tint[:, c]) for c in range(3)], axis=-1)
    return np.asarray(np.clip(rgb * (0.42 + 0.78 * shade[..., None]), 0, 255).astype(np.uint8))
