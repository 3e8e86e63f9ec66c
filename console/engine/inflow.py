"""Inflow worked back from the reservoir's level (反推入库), with the error that a centimetre makes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WINDOWS_H = (1, 2, 3, 6, 12)
ENOUGH = 0.05
READING_M = 0.01
Array = NDArray[np.float64]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BackInflow:
    """Mean inflow of the last window_h hours, m³/s, with the error of one reading step.

    settled: the error is under 5 % of the value; otherwise the longest window that the readings
    allow was not long enough.
    """

    value_m3s: float
    window_h: float
    error_m3s: float
    settled: bool


def inflow_from_change_m3s(outflow_m3s: float, change_mcm: float, hours: float) -> float:
    """Return the mean inflow from the mean outflow and the change of storage.

    Raises:
        ValueError: a figure is not finite, or hours is not over 0.

    Source: Ī = Ō + ΔW·10⁶/(3600·Δt), evaporation and seepage left out.
    """
    if not (math.isfinite(outflow_m3s) and math.isfinite(change_mcm) and math.isfinite(hours) and hours > 0):
        raise ValueError(f"outflow {outflow_m3s}, change {change_mcm}, hours {hours}")
    return outflow_m3s + change_mcm * 1e6 / (3600.0 * hours)


def level_error_m3s(area_km2: float, hours: float, reading_m: float = READING_M) -> float:
    """Return how much inflow one step of the level reading stands for.

    Raises:
        ValueError: area or hours not over 0, or the step negative or not finite.

    Source: δI ≈ A·10⁶·δz/(3600·Δt); 1 cm on 370 km² in an hour is 1028 m³/s.
    """
    if not (math.isfinite(area_km2) and area_km2 > 0 and hours > 0 and math.isfinite(reading_m) and reading_m >= 0):
        raise ValueError(f"area {area_km2} km², hours {hours}, step {reading_m} m")
    return area_km2 * 1e6 * reading_m / (3600.0 * hours)


def back_calculated(
    level: tuple[Times, Array],
    outflow: tuple[Times, Array],
    change_mcm: Callable[[float, float], float | None],
    area_km2: Callable[[float], float | None],
    gap_s: float = 5400.0,
) -> BackInflow | None:
    """Return the inflow over the shortest window whose error is small enough.

    Args:
        level: UTC s and metres, shape (n,) each, ascending; the window ends at its last reading.
        outflow: UTC s and m³/s, shape (k,) each, ascending.
        change_mcm: storage between two levels, None where it is not known.
        area_km2: area at a level, None where it is not known.
        gap_s: readings further apart than this are not joined.

    Returns:
        None where levels, outflow or the curve do not cover even one hour.

    Source: Δt is enlarged over 1, 2, 3, 6, 12 h until δI < 5 % of Ī (record the window, SL 323 INQDR).
    """
    z_t, z = _finite(*level)
    q_t, q = _finite(*outflow)
    if len(z_t) < 2 or len(q_t) < 1:
        return None
    end = float(z_t[-1])
    best = None
    for hours in WINDOWS_H:
        before = _at(z_t, z, end - hours * 3600.0, gap_s)
        flow = _mean(q_t, q, end - hours * 3600.0, end, gap_s)
        change = None if before is None else change_mcm(before, float(z[-1]))
        area = area_km2(float(z[-1]))
        if change is None or flow is None or area is None or not area > 0:
            continue
        value = inflow_from_change_m3s(flow, change, hours)
        error = level_error_m3s(area, hours)
        best = BackInflow(value, float(hours), error, error < ENOUGH * abs(value))
        if best.settled:
            return best
    return best


def _finite(t: Times, v: Array) -> tuple[Times, Array]:
    keep = np.isfinite(v)
    return np.asarray(t)[keep], np.asarray(v, float)[keep]


def _at(t: Times, v: Array, when: float, gap_s: float) -> float | None:
    """Return a value between two readings that are near enough to be joined."""
    i = int(np.searchsorted(t, when))
    if i < len(t) and t[i] == when:
        return float(v[i])
    if i == 0 or i == len(t) or t[i] - t[i - 1] > gap_s:
        return None
    return float(np.interp(when, t[i - 1 : i + 1], v[i - 1 : i + 1]))


def _mean(t: Times, v: Array, start: float, end: float, gap_s: float) -> float | None:
    """Return the time mean over a window; the last reading may be held for one gap."""
    first = _at(t, v, start, gap_s)
    last = _at(t, v, end, gap_s)
    if last is None and 0 <= end - t[-1] <= gap_s:
        last = float(v[-1])
    if first is None or last is None:
        return None
    inside = (t > start) & (t < end)
    times = np.concatenate([[start], t[inside].astype(float), [end]])
    if (np.diff(times) > gap_s).any():
        return None
    return float(np.trapezoid(np.concatenate([[first], v[inside], [last]]), times) / (end - start))
