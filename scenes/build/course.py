"""A river's course in the scene: a fine line with its low water, its banks, and the water through its stations."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from console.domain.geo import chainage_km, nearest_on_line
from console.viewdata.scene import SceneRiver
from scenes.ground.frame import to_local
from scenes.ground.source import Ground

Array = NDArray[np.float64]
STEP_KM = 0.4
BEND_STEPS = 1.0  # a mapped line has corners that no river has
NEAR_KM, FADE_KM = 2.0, 28.0  # beyond the outermost stations
BANK_KM = (0.9, 1.4, 2.0)  # how far beside the line the bank's top is sought


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """x, y: local km, (n,); along_km: (n,) from the first vertex; low_water_m, bank_m: (n,).

    bank_m: the lower of the two banks' tops, NaN where the ground is not known. normal: (n, 2) to the left.
    """

    name: str
    x: Array
    y: Array
    along_km: Array
    low_water_m: Array
    bank_m: Array
    normal: Array
    _line: Array
    _line_km: Array
    _line_along: Array

    def place(self, lon: float, lat: float) -> float:
        """Return how far along (km) the place of the course nearest to a station is."""
        at, _ = nearest_on_line(self._line, lon, lat)
        return float(np.interp(at, self._line_km, self._line_along))

    def point(self, along_km: float) -> tuple[float, float]:
        return float(np.interp(along_km, self.along_km, self.x)), float(np.interp(along_km, self.along_km, self.y))


def course_of(river: SceneRiver, ground: Ground) -> Course:
    x, y = to_local(river.line[:, 0], river.line[:, 1])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    fine = np.linspace(0.0, along[-1], max(8, int(along[-1] / STEP_KM)))
    fx, fy = (_rounded(np.interp(fine, along, v)) for v in (x, y))
    dx, dy = np.gradient(fx), np.gradient(fy)
    length = np.maximum(np.hypot(dx, dy), 1e-9)
    normal = np.column_stack([-dy / length, dx / length])
    sides = []
    for sign in (1.0, -1.0):
        tops = [ground.heights(fx + sign * k * normal[:, 0], fy + sign * k * normal[:, 1], 0.2) for k in BANK_KM]
        sides.append(np.max(np.array(tops, float), 0))
    bank = np.min(np.array(sides), 0)
    low = np.interp(fine, along, river.low_water_m)
    return Course(river.name, fx, fy, fine, low, bank, normal, river.line, chainage_km(river.line), along)


def _rounded(values: Array) -> Array:
    """Return coordinates with rounded corners; both ends stay."""
    return np.concatenate([values[:1], gaussian_filter1d(values, BEND_STEPS, mode="nearest")[1:-1], values[-1:]])


def crossing(
    x: Array, y: Array, a: tuple[float, float], b: tuple[float, float]
) -> tuple[int, float, tuple[float, float]] | None:
    """Return where a line x, y (n,) is first crossed by the segment a–b: (piece, share of it, place); None for nowhere."""
    px, py, dx, dy = x[:-1], y[:-1], np.diff(x), np.diff(y)
    sx, sy = b[0] - a[0], b[1] - a[1]
    cross = dx * sy - dy * sx
    safe = np.where(np.abs(cross) > 1e-12, cross, np.inf)
    along = ((a[0] - px) * sy - (a[1] - py) * sx) / safe
    across = ((a[0] - px) * dy - (a[1] - py) * dx) / safe
    hits = np.flatnonzero((along >= 0) & (along <= 1) & (across >= 0) & (across <= 1) & np.isfinite(safe))
    if not len(hits):
        return None
    i = int(hits[0])
    share = float(along[i])
    return i, share, (float(px[i] + share * dx[i]), float(py[i] + share * dy[i]))


def stage_along(along_km: Array, low_water_m: Array, stations: Sequence[tuple[float, float]]) -> Array:
    """Return the water surface (m) along a river, shape (n,).

    Through every station's stage exactly; between two, the height above low water is interpolated along the
    chainage; beyond the first and last it goes back to low water within 30 km: nobody knows it there.

    Args:
        along_km: shape (n,) ascending.
        low_water_m: shape (n,).
        stations: (chainage km, stage m) in any order; empty means low water.
    """
    if not stations:
        return low_water_m.copy()
    ordered = sorted(stations)
    at = np.array([s[0] for s in ordered])
    above = np.array([s[1] for s in ordered]) - np.interp(at, along_km, low_water_m)
    beyond = np.maximum(np.maximum(at[0] - along_km, along_km - at[-1]), 0.0)
    return np.asarray(low_water_m + np.interp(along_km, at, above) * np.clip(1.0 - (beyond - NEAR_KM) / FADE_KM, 0.0, 1.0))


def crests(stations: Sequence[tuple[float, float]]) -> list[float]:
    """Return where (km) flood crests are: between a station that falls and the next one below that still rises.

    stations: (chainage km, change of the last hour m). The place is where the change between the two crosses zero.
    """
    ordered = sorted(stations)
    found = []
    for (a, rise_a), (b, rise_b) in itertools.pairwise(ordered):
        if rise_a < 0 < rise_b and b > a:
            found.append(a + (b - a) * rise_a / (rise_a - rise_b))
    return found
