"""Min/max pyramid: a million samples drawn with every extreme kept in its pixel column."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FACTOR = 2
Array = NDArray[np.float64]


class Pyramid:
    """Built once per series; view() is cheap at any zoom.

    t shape (n,) ascending, v shape (n,), NaN missing. A gap longer than 1.5 intervals becomes a
    NaN so that no line is drawn across it.
    """

    def __init__(self, t: NDArray[np.int64], v: Array, interval_s: int) -> None:
        t_float = t.astype(float)
        breaks = np.flatnonzero(np.diff(t_float) > 1.5 * interval_s) + 1
        self._t = np.insert(t_float, breaks, t_float[breaks - 1] + interval_s / 2) if len(breaks) else t_float
        self._v = np.insert(v.astype(float), breaks, np.nan) if len(breaks) else v.astype(float)
        low, high = self._v, self._v
        self._levels: list[tuple[Array, Array, Array]] = []
        while len(low) > 256:
            low, high, gap = _reduced(low, high)
            self._levels.append((low, high, gap))

    def view(self, first: float, last: float, columns: int) -> tuple[Array, Array]:
        """Return (t, v) to draw of [first, last]: two to four points per pixel column."""
        a = max(0, int(np.searchsorted(self._t, first)) - 1)
        b = min(len(self._t), int(np.searchsorted(self._t, last)) + 2)
        if b - a <= 2 * columns or not self._levels:
            return self._t[a:b], self._v[a:b]
        level, size = 0, FACTOR
        while (b - a) / (size * FACTOR) >= columns and level + 1 < len(self._levels):
            level, size = level + 1, size * FACTOR
        low, high, gap = self._levels[level]
        i, j = a // size, min(len(low), -(-b // size))
        start = self._t[np.minimum(np.arange(i, j) * size, len(self._t) - 1)]
        end = self._t[np.minimum(np.arange(i, j) * size + size - 1, len(self._t) - 1)]
        t = np.column_stack([start, end]).ravel()
        v = np.column_stack([low[i:j], high[i:j]]).ravel()
        holes = np.flatnonzero(gap[i:j] > 0)
        if not len(holes):
            return t, v
        return np.insert(t, 2 * holes + 2, end[holes]), np.insert(v, 2 * holes + 2, np.nan)


def _reduced(low: Array, high: Array) -> tuple[Array, Array, Array]:
    pad = -len(low) % FACTOR
    lows = np.pad(low, (0, pad), constant_values=np.nan).reshape(-1, FACTOR)
    highs = np.pad(high, (0, pad), constant_values=np.nan).reshape(-1, FACTOR)
    empty = np.isnan(lows).all(1)
    with np.errstate(invalid="ignore"):
        small = np.where(empty, np.nan, np.fmin.reduce(lows, axis=1))
        large = np.where(empty, np.nan, np.fmax.reduce(highs, axis=1))
    gap = np.isnan(lows).any(1).astype(float)
    if pad:
        gap[-1] = float(np.isnan(lows[-1, : FACTOR - pad]).any())
    return small, large, gap
