"""What residuals of a safety model say: limits, trend, a sudden step, a reading that stands still."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
HOUR_S = 3600.0
DAY_S = 86400.0
ATTENTION_S, ALARM_S = 2.0, 3.0
RECENT = 3  # readings whose median is judged: one spike is no state
TREND_POINTS = 400
STEP_HALF = 6


@dataclass(frozen=True, slots=True)
class Trend:
    """Mann–Kendall test with Sen's slope. slope_per_day in the residual's unit; p two-sided."""

    n: int
    p: float
    slope_per_day: float

    @property
    def significant(self) -> bool:
        return self.p < 0.05


@dataclass(frozen=True, slots=True)
class Step:
    """A jump of the level of residuals. t: first reading after it, UTC s; ratio: its size over the noise around it."""

    t: float
    size: float
    ratio: float


def limit_state(residual: Array, s: float, attention_s: float = ATTENTION_S, alarm_s: float = ALARM_S) -> str:
    """Return normal, attention or alarm for the newest residuals; unknown when none is known.

    Source: ±2s attention, ±3s alarm (practice; SL 601-2013 leaves the choice to the works).
    """
    ratio = recent_ratio(residual, s)
    if ratio is None:
        return "unknown"
    if abs(ratio) >= alarm_s:
        return "alarm"
    return "attention" if abs(ratio) >= attention_s else "normal"


def recent_ratio(residual: Array, s: float) -> float | None:
    """Return the median of the last RECENT readings' residuals in units of s, signed; None when unknown."""
    last = np.asarray(residual, float)[-RECENT:]
    last = last[np.isfinite(last)]
    if not len(last) or not (math.isfinite(s) and s > 0):
        return None
    return float(np.median(last)) / s


def trend_of(t: Array, residual: Array) -> Trend | None:
    """Return the trend of residuals at irregular times; None with fewer than 10 or all alike.

    Source: Mann (1945), Kendall (1975); variance with ties; Sen (1968). Long series are thinned evenly.
    """
    good = np.isfinite(residual) & np.isfinite(t)
    t, r = np.asarray(t, float)[good], np.asarray(residual, float)[good]
    if len(r) > TREND_POINTS:
        keep = np.linspace(0, len(r) - 1, TREND_POINTS).astype(int)
        t, r = t[keep], r[keep]
    n = len(r)
    if n < 10:
        return None
    i, j = np.triu_indices(n, 1)
    rise, apart = r[j] - r[i], (t[j] - t[i]) / DAY_S
    score = float(np.sign(rise).sum())
    _, ties = np.unique(r, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18.0
    later = apart > 0
    if variance <= 0 or not later.any():
        return None
    z = (score - math.copysign(1.0, score)) / math.sqrt(variance) if score else 0.0
    return Trend(n, math.erfc(abs(z) / math.sqrt(2)), float(np.median(rise[later] / apart[later])))


def step_of(t: Array, residual: Array, s: float) -> Step | None:
    """Return the largest sudden step in units of the noise, None where there are too few readings.

    The medians of the STEP_HALF readings before and after each place are compared; a slow rise moves
    both alike and gives a small figure.
    """
    good = np.isfinite(residual)
    t, r = np.asarray(t, float)[good], np.asarray(residual, float)[good]
    if len(r) < 2 * STEP_HALF or not s > 0:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(r, STEP_HALF)
    medians = np.median(windows, axis=1)
    jumps = medians[STEP_HALF:] - medians[:-STEP_HALF]
    direct = r[STEP_HALF : STEP_HALF + len(jumps)] - r[STEP_HALF - 1 : STEP_HALF - 1 + len(jumps)]
    sudden = np.where(np.sign(direct) == np.sign(jumps), np.minimum(np.abs(jumps), np.abs(direct)), 0.0)
    at = int(np.argmax(sudden))
    return Step(float(t[at + STEP_HALF]), float(jumps[at]), float(sudden[at]) / s)


def still_for(t: Array, value: Array) -> tuple[float, int]:
    """Return for how many hours, and over how many readings, the newest ones have not changed at all."""
    good = np.isfinite(value)
    t, v = np.asarray(t, float)[good], np.asarray(value, float)[good]
    if not len(v):
        return 0.0, 0
    moved = np.flatnonzero(v != v[-1])
    first = int(moved[-1]) + 1 if len(moved) else 0
    return float(t[-1] - t[first]) / HOUR_S, len(v) - first
