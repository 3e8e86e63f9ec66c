"""Water surfaces: ribbons along rivers through the stages of their stations, flat reservoir pools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ribbon:
    """A strip mesh: points (2n, 3) local km, triangles (m, 3), chainage_km (n,)."""

    points: Array
    triangles: NDArray[np.int64]
    chainage_km: Array


def stage_along(chainage_km: Array, low_water_m: Array, stations: Sequence[tuple[float, float]]) -> Array:
    """Return the water surface (m) along a river.

    Through every station's stage exactly; between two, the height above low water is interpolated
    along the chainage; beyond the first and last it is carried on.

    Args:
        chainage_km: shape (n,) ascending.
        low_water_m: shape (n,).
        stations: (chainage km, stage m) in any order; empty means low water.
    """
    if not stations:
        return low_water_m.copy()
    ordered = sorted(stations)
    at = np.array([s[0] for s in ordered])
    above = np.array([s[1] for s in ordered]) - np.interp(at, chainage_km, low_water_m)
    return np.asarray(low_water_m + np.interp(chainage_km, at, above))


def ribbon(x: Array, y: Array, width_km: float) -> Ribbon:
    """Return a ribbon of constant width along a line of local km, at height zero."""
    dx, dy = np.gradient(x), np.gradient(y)
    length = np.maximum(np.hypot(dx, dy), 1e-9)
    nx, ny = -dy / length, dx / length
    half = width_km / 2
    left = np.column_stack([x + nx * half, y + ny * half, np.zeros(len(x))])
    right = np.column_stack([x - nx * half, y - ny * half, np.zeros(len(x))])
    points = np.empty((2 * len(x), 3))
    points[0::2], points[1::2] = left, right
    i = np.arange(0, 2 * len(x) - 2, 2)
    triangles = np.concatenate([np.column_stack([i, i + 1, i + 2]), np.column_stack([i + 1, i + 3, i + 2])])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    return Ribbon(points, triangles, along)


def lift(strip: Ribbon, surface_m: Array, exaggeration: float) -> None:
    """Set a ribbon's heights in place from the surface at its line vertices, shape (n,)."""
    z = surface_m / 1000.0 * exaggeration
    strip.points[0::2, 2] = z
    strip.points[1::2, 2] = z


def disc(x: float, y: float, radius_km: float, sides: int = 40) -> tuple[Array, NDArray[np.int64]]:
    """Return points (sides + 1, 3) and triangles of a flat disc at height zero."""
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    wobble = 1.0 + 0.12 * np.sin(3 * angle + x) + 0.08 * np.cos(5 * angle + y)
    rim = np.column_stack([x + radius_km * wobble * np.cos(angle), y + radius_km * wobble * np.sin(angle), np.zeros(sides)])
    points = np.vstack([[x, y, 0.0], rim])
    i = np.arange(sides)
    triangles = np.column_stack([np.zeros(sides, int), i + 1, (i + 1) % sides + 1])
    return points, triangles
