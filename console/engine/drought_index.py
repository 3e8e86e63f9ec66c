"""How dry some months were beside the same months of other years: the standardised precipitation index (SPI).

The sum of the last months is taken for a gamma variate of its calendar month, fitted on the whole record, and told as
the normal variate of the same probability: 0 is usual, −1 is drier than five years of six.

Source: GB/T 20481-2017 (气象干旱等级), SPI and its grades; Thom 1958, Mon. Weather Rev. 86, for the fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.engine.refused import EngineRefused, series_of

Array = NDArray[np.float64]
YEARS_MIN = 10  # fewer of a calendar month say nothing of what is usual
YEARS_ADVISED = 30  # GB/T 20481-2017: the record that the index should rest on
SPANS = (1, 24)
ALIKE = 1e-6  # of the largest: months that differ less are alike
FARTHEST = 4.0  # a record of some decades tells no rarer month apart
GRADES = ((-2.0, "特旱"), (-1.5, "重旱"), (-1.0, "中旱"), (-0.5, "轻旱"))


def spi(rain_mm: ArrayLike, span: int, first_month: int = 1) -> Array:
    """Return the index of each month for the sum of the last span months, (n,); NaN where these are not all there.

    Args:
        rain_mm: monthly sums without a gap, (n,). first_month: 1 to 12, of the first of them.

    Raises:
        EngineRefused: parameter, negative or gap (row), or short: a calendar month has less than YEARS_MIN years, or it
            never rained in it, or always as much.
    """
    if not SPANS[0] <= span <= SPANS[1]:
        raise EngineRefused("parameter", f"累计月数须在 {SPANS[0]}–{SPANS[1]} 之间")
    rain = series_of(rain_mm, "月雨量")
    found = np.full(len(rain), np.nan)
    if len(rain) < span:
        raise EngineRefused("short", f"只有 {len(rain)} 个月，不足累计的 {span} 个月")
    sums = np.convolve(rain, np.ones(span), "valid")
    month = (first_month - 1 + span - 1 + np.arange(len(sums))) % 12
    for k in range(12):
        own = month == k
        if own.sum() < YEARS_MIN:
            what = f"累计 {span} 个月时，{k + 1} 月只有 {own.sum()} 年" if span > 1 else f"{k + 1} 月只有 {own.sum()} 年"
            raise EngineRefused("short", f"{what}，至少要 {YEARS_MIN} 年")
        found[span - 1 :][own] = _standardised(sums[own], f"{k + 1} 月")
    return found


def grade(index: float) -> str:
    """Return the grade of drought, "" for an index that is not known."""
    if not np.isfinite(index):
        return ""
    return next((name for limit, name in GRADES if index <= limit), "无旱")


def _standardised(values: Array, name: str) -> Array:
    """Return the normal variates of sums of one calendar month; months without rain share the probability that they have."""
    special = _special()
    some = values[values > 0]
    spread = float(np.log(some.mean()) - np.log(some).mean()) if len(some) > 1 and np.ptp(some) > ALIKE * some.max() else 0.0
    if spread <= 0:
        raise EngineRefused("short", f"{name}的雨量都一样，或几乎从不下雨，算不出指数")
    shape = (1.0 + np.sqrt(1.0 + 4.0 * spread / 3.0)) / (4.0 * spread)
    dry = 1.0 - len(some) / len(values)
    below = np.where(values > 0, special.gammainc(shape, values * shape / some.mean()), 0.0)
    return np.asarray(np.clip(special.ndtri(dry + (1.0 - dry) * below), -FARTHEST, FARTHEST), float)


def _special() -> Any:
    from scipy import special  # scipy is slow to import: not before the first window

    return special
