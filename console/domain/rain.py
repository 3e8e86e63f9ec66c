"""Rain: the grades of the weather service, and the sum of a window with what it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from numpy.typing import NDArray

WINDOWS_H = (1, 3, 6, 12, 24, 72)
# lower bounds in mm of 24 h and of 12 h. Source: GB/T 28592-2012, table 1
BOUNDS_24H = (0.1, 10.0, 25.0, 50.0, 100.0, 250.0)
BOUNDS_12H = (0.1, 5.0, 15.0, 30.0, 70.0, 140.0)
GRADES = ("小雨", "中雨", "大雨", "暴雨", "大暴雨", "特大暴雨")
TOKENS = tuple(f"rain.{i}" for i in range(1, 7))


def grade(mm: float, bounds: tuple[float, ...] = BOUNDS_24H) -> int:
    """Return the grade, 1 to 6, of a rain rounded to 0.1 mm (half up); 0 for less than 0.1 mm."""
    if not math.isfinite(mm) or mm < bounds[0] or mm > 1e6:
        return 0
    tenths = float(Decimal(repr(float(mm))).quantize(Decimal("0.1"), ROUND_HALF_UP))
    return sum(1 for b in bounds if tenths >= b)


def grade_word(mm: float, bounds: tuple[float, ...] = BOUNDS_24H) -> str:
    """Return the grade in words; what falls but stays under 0.1 mm is a trace."""
    found = grade(mm, bounds)
    if found:
        return GRADES[found - 1]
    return "微量降雨(零星小雨)" if mm > 0 else "无"


@dataclass(frozen=True, slots=True)
class RainSum:
    """mm: what the readings of a window add up to. share: part of the window that has readings, 0 to 1."""

    mm: float
    share: float

    @property
    def whole(self) -> bool:
        return self.share >= 0.95

    def text(self) -> str:
        """Return the sum as officers write it; of an incomplete window it is a lower bound."""
        return f"{self.mm:.1f}" if self.whole else f"≥{self.mm:.1f}"


def window_sum(t: NDArray[np.int64], v: NDArray[np.float64], interval_s: int, end_t: float, hours: float) -> RainSum | None:
    """Return the rain of (end − hours, end]; stamps are interval ends.

    None when no reading falls in it, or when each reading covers more than the window.

    t (n,) UTC s ascending, v (n,) mm of each interval, NaN unknown.
    """
    if interval_s > hours * 3600:
        return None
    first = int(np.searchsorted(t, round(end_t - hours * 3600), side="right"))
    last = int(np.searchsorted(t, end_t, side="right"))
    inside = v[first:last]
    known = inside[np.isfinite(inside) & (inside >= 0)]
    if not len(known):
        return None
    # the open interval at the end is not missing yet
    due = max(1, int((hours * 3600 - (end_t % interval_s)) // interval_s)) if interval_s < hours * 3600 else 1
    return RainSum(float(known.sum()), min(1.0, len(known) / due))


def greatest_sum(t: NDArray[np.int64], v: NDArray[np.float64], interval_s: int, hours: float) -> tuple[int, float] | None:
    """Return (end of the window, mm) of the greatest rain of so many hours, the first of equals.

    t (n,) UTC s ascending, the ends of the intervals; v (n,) mm, finite. None where no interval fits in the window.
    """
    if interval_s > hours * 3600 or not len(t):
        return None
    total = np.concatenate([[0.0], np.cumsum(v)])
    first = np.searchsorted(t, t - round(hours * 3600), side="right")
    sums = np.round(total[1:] - total[first], 6)
    i = int(np.argmax(sums))
    return int(t[i]), float(sums[i])
