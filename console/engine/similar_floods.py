"""Floods of the past that came as this one comes: the last hours of a series laid along all its years.

Likeness is the root mean square difference of the values themselves over the window, not of their shape alone: a flood
that rises as fast two metres lower is another flood. What followed is told beside it; it is no forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.engine.refused import EngineRefused

Array = NDArray[np.float64]
HOUR_S = 3600.0
HOLE_H = 6.0  # a longer one is not filled by a straight line
APART_H = 240.0
LEAST = 0.9  # of the window that must be known


@dataclass(frozen=True, slots=True)
class Similar:
    """One flood of the past. source: which series it was found in. at_t: the moment there that is like now, UTC s.

    rms: of the window, in the series' unit. peak: the highest in what followed, at peak_h hours after at_t. change: of
    the window's last value to the value at its beginning. known_h: how long after at_t anything was read.
    """

    source: str
    at_t: float
    rms: float
    value: float
    change: float
    peak: float
    peak_h: float
    known_h: float


def hourly(t: Array, v: Array, from_t: float, to_t: float) -> Array:
    """Return values at whole hours from from_t to to_t, NaN outside of the readings and in holes longer than HOLE_H."""
    at = np.arange(from_t, to_t + 1.0, HOUR_S)
    good = np.isfinite(v)
    t, v = np.asarray(t, float)[good], np.asarray(v, float)[good]
    if len(t) < 2:
        return np.full(len(at), np.nan)
    out = np.interp(at, t, v, left=np.nan, right=np.nan)
    after = np.clip(np.searchsorted(t, at), 1, len(t) - 1)
    out[(t[after] - t[after - 1] > HOLE_H * HOUR_S) & (t[after] != at)] = np.nan
    return np.asarray(out, float)


def similar(
    pasts: Sequence[tuple[str, Array, Array]], now: Array, *, window_h: int, ahead_h: int, most: int = 5
) -> list[Similar]:
    """Return the moments of the past that are most like now, the most alike first and APART_H apart.

    Args:
        pasts: (source, t UTC s, values), ascending times, any step.
        now: (window_h + 1,), the last hours, hourly; the pasts are without them.

    Raises:
        EngineRefused: gap: too little of the last hours is known.
    """
    known = np.isfinite(now)
    if len(now) != window_h + 1 or known.mean() < LEAST or not known[-1]:
        raise EngineRefused("gap", f"最近 {window_h} 小时的读数不足九成，不能找相似洪水")
    found: list[Similar] = []
    for source, t, v in pasts:
        if len(t) < 2:
            continue
        start = float(np.ceil(t[0] / HOUR_S) * HOUR_S)
        values = hourly(t, v, start, float(t[-1]))
        if len(values) > window_h:
            found += _in_one(source, start, values, now, known, window_h, ahead_h)
    chosen: list[Similar] = []
    for one in sorted(found, key=lambda s: s.rms):
        if all(abs(one.at_t - c.at_t) >= APART_H * HOUR_S for c in chosen):
            chosen.append(one)
        if len(chosen) == most:
            break
    return chosen


def _in_one(
    source: str, start: float, values: Array, now: Array, known: NDArray[np.bool_], window_h: int, ahead_h: int
) -> list[Similar]:
    windows = np.lib.stride_tricks.sliding_window_view(values, window_h + 1)[:, known]
    rms = np.sqrt(((windows - now[known]) ** 2).mean(axis=1))  # NaN where a window has a hole
    found, left = [], rms.copy()
    apart = int(APART_H)
    while np.isfinite(left).any():
        i = int(np.nanargmin(left))
        after = values[i + window_h : i + window_h + ahead_h + 1]
        k = int(np.nanargmax(after))
        known_h = float(np.flatnonzero(np.isfinite(after))[-1])
        last, first = float(values[i + window_h]), float(values[i])
        found.append(
            Similar(
                source, start + (i + window_h) * HOUR_S, float(rms[i]), last, last - first, float(after[k]), float(k), known_h
            )
        )
        left[max(0, i - apart + 1) : i + apart] = np.nan
    return found
