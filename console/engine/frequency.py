"""Flood frequency by Pearson type III (皮尔逊Ⅲ型): fit of annual maxima, quantiles, return periods.

Source: SL 44-2006 (设计洪水计算规范), domain dossier §7.13; Hosking & Wallis (1997), appendix A.9.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Method = Literal["moments", "l-moments", "curve"]
YEARS_MIN = 10  # fewer maxima say nothing of a return period
YEARS_ADVISED = 30  # SL 44-2006, 2.1: a design series should have at least 30 years
STRAIGHT = 1e-3  # a skew smaller than this is drawn as normal
SAMPLES = 400
SEED = 44


class TooFewYears(ValueError):
    """The series is too short; n tells how many maxima there are."""

    def __init__(self, n: int) -> None:
        super().__init__(f"{n} annual maxima, at least {YEARS_MIN} are needed")
        self.n = n


@dataclass(frozen=True, slots=True)
class Pearson3:
    """A fitted distribution of annual maxima. mean in the series' unit; n: years it was fitted on."""

    mean: float
    cv: float
    cs: float
    n: int
    method: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval; by: how the interval was found."""

    value: float
    low: float
    high: float
    by: str


def _special() -> Any:
    from scipy import special  # scipy is slow to import: not before the first window

    return special


def frequency_factor(p: Array | float, cs: Array | float) -> Array:
    """Return Φ of exceedance probability p for skew Cs, so that x_p = x̄(1 + Cv·Φ). Broadcasts."""
    p_, cs_ = np.broadcast_arrays(np.asarray(p, float), np.asarray(cs, float))
    size = np.maximum(np.abs(cs_), STRAIGHT)
    tail = np.where(cs_ < 0, 1 - p_, p_)
    curved = size / 2 * _special().gammainccinv(4 / size**2, tail) - 2 / size
    found = np.where(cs_ < 0, -curved, curved)
    return np.asarray(np.where(np.abs(cs_) < STRAIGHT, _special().ndtri(1 - p_), found))


def exceedance(fit: Pearson3, x: Array | float) -> Array:
    """Return the probability that a year's maximum reaches x."""
    return _exceedance((np.asarray(x, float) - fit.mean) / (fit.mean * fit.cv), fit.cs)


def _exceedance(k: Array, cs: Array | float) -> Array:
    k_, cs_ = np.broadcast_arrays(np.asarray(k, float), np.asarray(cs, float))
    size = np.maximum(np.abs(cs_), STRAIGHT)
    side = np.where(cs_ < 0, -k_, k_)
    upper = _special().gammaincc(4 / size**2, np.maximum((side + 2 / size) * 2 / size, 0.0))
    found = np.where(cs_ < 0, 1 - upper, upper)
    return np.asarray(np.where(np.abs(cs_) < STRAIGHT, _special().ndtr(-k_), found))


def quantile(fit: Pearson3, years: Array | float) -> Array:
    """Return the value of a return period.

    Raises:
        ValueError: a return period of a year or less.
    """
    t = np.asarray(years, float)
    if not (t > 1).all():
        raise ValueError("a return period is longer than one year")
    return np.asarray(fit.mean * (1 + fit.cv * frequency_factor(1 / t, fit.cs)))


def return_period(fit: Pearson3, x: float) -> float:
    """Return the return period of a value, years, ≥ 1; inf beyond what the curve reaches."""
    p = float(exceedance(fit, x))
    return 1 / p if p > 0 else math.inf


def fit_maxima(values: Sequence[float] | Array, method: Method = "l-moments") -> Pearson3:
    """Fit annual maxima, shape (n,), one a year.

    curve: least squares of the deviations from the empirical frequencies m/(n+1), begun at L-moments.

    Raises:
        TooFewYears: fewer than YEARS_MIN. ValueError: a maximum is not positive and finite, or all are equal.
    """
    x = np.asarray(values, float)
    if len(x) < YEARS_MIN:
        raise TooFewYears(len(x))
    if not np.isfinite(x).all() or (x <= 0).any():
        raise ValueError("annual maxima must be positive numbers")
    if np.ptp(x) < 1e-9 * x.max():
        raise ValueError("annual maxima are all equal")
    if method == "moments":
        return _by_moments(x)
    mean, cv, cs = (float(c[0]) for c in _l_moments(x[None, :]))
    fit = Pearson3(mean, cv, cs, len(x), "l-moments")
    return _by_curve(x, fit) if method == "curve" else fit


def _by_moments(x: Array) -> Pearson3:
    n, mean = len(x), float(x.mean())
    sd = float(x.std(ddof=1))
    cs = n / ((n - 1) * (n - 2)) * float((((x - mean) / sd) ** 3).sum())
    return Pearson3(mean, sd / mean, cs, n, "moments")


def _l_moments(x: Array) -> tuple[Array, Array, Array]:
    """Return mean, Cv, Cs, each shape (m,), of samples x shape (m, n)."""
    n = x.shape[1]
    s = np.sort(x, axis=1)
    i = np.arange(n)
    b0 = s.mean(1)
    b1 = (s * i / (n - 1)).mean(1)
    b2 = (s * i * (i - 1) / ((n - 1) * (n - 2))).mean(1)
    l2 = 2 * b1 - b0
    t3 = np.clip((6 * b2 - 6 * b1 + b0) / l2, -0.95, 0.95)
    size = np.maximum(np.abs(t3), 1e-6)
    z, y = 3 * np.pi * size**2, 1 - size
    small = (1 + 0.2906 * z) / (z + 0.1882 * z**2 + 0.0442 * z**3)
    large = (0.36067 * y - 0.59567 * y**2 + 0.25361 * y**3) / (1 - 2.78861 * y + 2.56096 * y**2 - 0.77045 * y**3)
    alpha = np.where(size < 1 / 3, small, large)
    sd = l2 * np.sqrt(np.pi * alpha) * np.exp(_special().gammaln(alpha) - _special().gammaln(alpha + 0.5))
    return b0, sd / b0, 2 / np.sqrt(alpha) * np.sign(t3)


def _by_curve(x: Array, start: Pearson3) -> Pearson3:
    s = np.sort(x)[::-1]
    p = np.arange(1, len(s) + 1) / (len(s) + 1)

    def misfit(c: Array) -> Array:
        return np.asarray((c[0] * (1 + c[1] * frequency_factor(p, c[2])) - s) / start.mean)

    first = np.array([start.mean, start.cv, float(np.clip(start.cs, -1.5, 5.5))])
    low, high = [0.5 * start.mean, 0.2 * start.cv, -2.0], [2 * start.mean, 3 * start.cv, 6.0]
    from scipy.optimize import least_squares

    found = least_squares(misfit, first, bounds=(low, high), x_scale=[start.mean, start.cv, 1.0])
    return Pearson3(float(found.x[0]), float(found.x[1]), float(found.x[2]), len(x), "curve")


def _resampled(fit: Pearson3) -> tuple[Array, Array, Array]:
    """Refit samples drawn from the distribution itself; the same every time."""
    p = np.random.default_rng(SEED).uniform(1e-6, 1 - 1e-6, (SAMPLES, fit.n))
    return _l_moments(fit.mean * (1 + fit.cv * frequency_factor(p, fit.cs)))


BOOTSTRAP = f"parametric bootstrap, {SAMPLES} samples, L-moments, seed {SEED}"


def quantile_interval(fit: Pearson3, years: float, level: float = 0.9) -> Estimate:
    """Return the value of a return period with its central interval."""
    mean, cv, cs = _resampled(fit)
    drawn = mean * (1 + cv * frequency_factor(1 / years, cs))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(quantile(fit, years)), float(low), float(high), BOOTSTRAP)


def period_interval(fit: Pearson3, x: float, level: float = 0.9) -> Estimate:
    """Return the return period of a value, years, with its central interval; high may be inf."""
    mean, cv, cs = _resampled(fit)
    p = np.sort(_exceedance((x - mean) / (mean * cv), cs))[::-1]
    ends = [p[min(len(p) - 1, int(len(p) * q))] for q in ((1 - level) / 2, (1 + level) / 2)]
    low, high = (1 / e if e > 0 else math.inf for e in ends)
    return Estimate(return_period(fit, x), float(low), float(high), BOOTSTRAP)


@dataclass(frozen=True, slots=True)
class Published:
    """A return period read between published ones. side: within, below the first, above the last."""

    years: float
    side: Literal["within", "below", "above"]


def through_published(points: Sequence[tuple[float, float]]) -> Pearson3:
    """Return the curve through published (years, value) points, exact for three and nearest for more; n is 0.

    Raises:
        ValueError: fewer than three points.
    """
    from scipy.optimize import least_squares  # scipy is slow to import: not before the first window

    if len(points) < 3:
        raise ValueError("three published points are needed")
    years, values = np.array(sorted(points), float).T
    middle = float(values.mean())

    def off(x: Array) -> Array:
        fit = Pearson3(float(x[0]) * middle, float(np.exp(x[1])), float(x[2]), 0, "published")
        return np.asarray(quantile(fit, years) / values - 1.0, float)

    found = least_squares(off, [0.6, math.log(0.4), 1.0], bounds=([0.05, -5.0, -1.0], [1.5, 1.0, 6.0]))
    return Pearson3(float(found.x[0]) * middle, float(np.exp(found.x[1])), float(found.x[2]), 0, "published")


def between_published(points: Sequence[tuple[float, float]], x: float) -> Published:
    """Return the return period of x between published (years, value) points, linear in log years.

    Never beyond them: outside, years is that of the nearest point and side says so.

    Raises:
        ValueError: fewer than two points, or values do not grow with the return period.
    """
    rows = sorted(points)
    years, values = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    if len(rows) < 2 or not (np.isfinite(values).all() and np.isfinite(years).all()):
        raise ValueError("at least two published points are needed")
    if (years <= 1).any() or (np.diff(values) <= 0).any() or (np.diff(years) <= 0).any():
        raise ValueError("published values must grow with the return period")
    if x < values[0]:
        return Published(float(years[0]), "below")
    if x > values[-1]:
        return Published(float(years[-1]), "above")
    return Published(float(np.exp(np.interp(x, values, np.log(years)))), "within")
