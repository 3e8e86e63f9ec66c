"""Storage, area and release curves of a reservoir: read between their points, never beyond them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _smooth(z: Array, v: Array) -> Any:
    from scipy.interpolate import PchipInterpolator  # scipy is slow to import: not before the first window

    return PchipInterpolator(z, v, extrapolate=False)


class LevelTable:
    """A quantity that never falls while the level rises: storage (10⁶ m³), area (km²) or release (m³/s).

    Between the points it is a monotone cubic (PCHIP), or straight lines when smooth is False.
    Outside them it is not known: every answer there is None.

    Source: SL 323 ST_ZVARL_B gives points only; shape-preserving cubic of Fritsch & Carlson (1980).
    """

    def __init__(self, level_m: Sequence[float], value: Sequence[float], *, smooth: bool = True) -> None:
        """Take the points, shape (n,) both, n ≥ 2.

        Raises:
            ValueError: fewer than two points, something not finite, levels not strictly rising, or
                values that are negative or fall.
        """
        z, v = np.asarray(level_m, float), np.asarray(value, float)
        if z.shape != v.shape or z.ndim != 1 or len(z) < 2:
            raise ValueError("two or more points of level and value are needed")
        if not (np.isfinite(z).all() and np.isfinite(v).all()):
            raise ValueError("a point is not finite")
        if (np.diff(z) <= 0).any() or (np.diff(v) < 0).any() or (v < 0).any():
            raise ValueError("levels must rise and values must neither fall nor be negative")
        self.level_m, self.value = z, v
        self._fit = _smooth(z, v) if smooth and len(z) > 2 else None

    def covers(self, level_m: float | None) -> bool:
        """Tell whether the level lies within the table."""
        return level_m is not None and bool(self.level_m[0] <= level_m <= self.level_m[-1])

    def at(self, level_m: float | None) -> float | None:
        """Return the quantity at a level, None outside the table."""
        if level_m is None or not self.covers(level_m):
            return None
        found = np.interp(level_m, self.level_m, self.value) if self._fit is None else self._fit(level_m)
        return min(max(float(found), float(self.value[0])), float(self.value[-1]))  # the cubic misses its ends by a rounding

    def slope(self, level_m: float | None) -> float | None:
        """Return the growth per metre of level; of storage in 10⁶ m³ this is the water's area in km²."""
        if level_m is None or not self.covers(level_m):
            return None
        if self._fit is not None:
            return max(0.0, float(self._fit(level_m, 1)))
        i = min(max(int(np.searchsorted(self.level_m, level_m, side="right")), 1), len(self.level_m) - 1)
        return float((self.value[i] - self.value[i - 1]) / (self.level_m[i] - self.level_m[i - 1]))

    def level_of(self, value: float | None) -> float | None:
        """Return the level that belongs to a quantity, the lowest where it stays the same; None outside."""
        if value is None or not self.value[0] <= value <= self.value[-1]:
            return None
        i = max(1, int(np.searchsorted(self.value, value, side="left")))
        low, high = float(self.level_m[i - 1]), float(self.level_m[i])
        if value == self.value[i - 1]:
            return low
        if self._fit is None:
            share = (value - self.value[i - 1]) / (self.value[i] - self.value[i - 1])
            return float(low + share * (high - low))
        from scipy.optimize import brentq

        return float(brentq(lambda z: float(self._fit(z)) - value, low, high))

    def drawn(self, count: int = 160) -> tuple[Array, Array]:
        """Return level and quantity for a picture, shape (count,) each."""
        levels = np.linspace(self.level_m[0], self.level_m[-1], count)
        return levels, np.array([self.at(z) for z in levels.tolist()], float)


def storage_between_mcm(
    storage: LevelTable | None, area: LevelTable | None, from_m: float | None, to_m: float | None
) -> float | None:
    """Return the storage from one level up to another, 10⁶ m³, negative when the other is lower.

    The storage curve decides; where it is absent or too short, the area is summed over the levels.
    None where neither covers both levels.
    """
    if from_m is None or to_m is None:
        return None
    if storage is not None:
        below, above = storage.at(from_m), storage.at(to_m)
        if below is not None and above is not None:
            return above - below
    if area is None or not (area.covers(from_m) and area.covers(to_m)):
        return None
    levels = np.linspace(from_m, to_m, 33)
    areas = np.array([area.at(z) for z in levels.tolist()], float)
    return float(np.trapezoid(areas, levels))


def rain_absorption_mm(room_mcm: float, runoff_coefficient: float, catchment_km2: float) -> float:
    """Return the rain over the catchment that fills a room in the reservoir.

    Args:
        room_mcm: free storage, 10⁶ m³, not negative.
        runoff_coefficient: part of the rain that arrives, over 0 to 1.
        catchment_km2: area that drains into the reservoir, over 0.

    Raises:
        ValueError: a figure is not finite or outside its range.

    Source: P = 1000·ΔV / (α·F).
    """
    if not (math.isfinite(room_mcm) and room_mcm >= 0):
        raise ValueError(f"room {room_mcm}")
    if not (math.isfinite(catchment_km2) and catchment_km2 > 0 and 0 < runoff_coefficient <= 1):
        raise ValueError(f"catchment {catchment_km2} km², runoff coefficient {runoff_coefficient}")
    return 1000.0 * room_mcm / (runoff_coefficient * catchment_km2)


def hours_to_fill(room_mcm: float, net_inflow_m3s: float) -> float | None:
    """Return the hours until a room is full at a steady net inflow; None when the water does not rise.

    Raises:
        ValueError: the room is negative or a figure is not finite.
    """
    if not (math.isfinite(room_mcm) and math.isfinite(net_inflow_m3s) and room_mcm >= 0):
        raise ValueError(f"room {room_mcm}, net inflow {net_inflow_m3s}")
    return room_mcm * 1e6 / net_inflow_m3s / 3600.0 if net_inflow_m3s > 0 else None
