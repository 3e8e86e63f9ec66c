"""Stage–discharge relation Q = a(Z − Z₀)^b: fit, uncertainty, range, tests, and the flood's loop.

Source: GB 50179-2015 (河流流量测验规范) and ISO 1100-2 as in the domain dossier §7.8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
POINTS_MIN = 6
SPAN_MIN_M = 0.5  # a smaller span of levels leaves b undetermined
ROBUST = 0.05  # log residuals beyond about 5 % weigh less
B_LOW, B_HIGH = 1.0, 3.5  # open channels; outside, few pairs are being fitted beyond what they say
LOOP_SHARE = 0.03  # a narrower loop is within the error of a discharge measurement
LIMB_MIN_M = 0.2


class NoRating(ValueError):
    """No curve can be fitted; reason: few, span, shape."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Rating:
    """Q = a(Z − z0_m)^b, m³/s. se: relative standard error. Valid for low_m ≤ Z ≤ high_m only."""

    a: float
    z0_m: float
    b: float
    se: float
    n: int
    low_m: float
    high_m: float

    def flow_m3s(self, level_m: Array) -> Array:
        """Return the curve's flow; NaN at and below the level of no flow. Beyond the range it is a guess."""
        depth = np.asarray(level_m, float) - self.z0_m
        return np.asarray(np.where(depth > 0, self.a * np.maximum(depth, 1e-9) ** self.b, np.nan))

    @property
    def at_bound(self) -> bool:
        """The exponent ended at the edge of what is allowed: the pairs do not determine it."""
        return not B_LOW + 1e-3 < self.b < B_HIGH - 1e-3

    def inside(self, level_m: Array | float) -> NDArray[np.bool_]:
        """Tell which levels lie within the gauged range."""
        z = np.asarray(level_m, float)
        return np.asarray((z >= self.low_m) & (z <= self.high_m))


def fit_power(level_m: Array, flow_m3s: Array) -> Rating:
    """Fit gauged pairs, both shape (n,); outliers weigh less (soft L1 on log residuals).

    Raises:
        NoRating: too few pairs, too small a span, or flow does not grow with level.
    """
    z, q = np.asarray(level_m, float), np.asarray(flow_m3s, float)
    good = np.isfinite(z) & np.isfinite(q) & (q > 0)
    z, q = z[good], q[good]
    if len(z) < POINTS_MIN:
        raise NoRating("few", f"{len(z)} pairs, at least {POINTS_MIN} are needed")
    span = float(np.ptp(z))
    if span < SPAN_MIN_M:
        raise NoRating("span", f"levels span {span:.2f} m only")
    target, floor = np.log(q), float(z.min())

    def misfit(c: Array) -> Array:
        return np.asarray(c[0] + c[1] * np.log(np.maximum(z - c[2], 1e-9)) - target)

    if np.polyfit(z, q, 1)[0] <= 0:
        raise NoRating("shape", "flow does not grow with level")
    bounds = ([-50.0, B_LOW, floor - 20 * span], [50.0, B_HIGH, floor - 1e-3 * span])
    best = None
    for part in (0.05, 0.5, 2.0):
        z0 = floor - part * span
        b, log_a = np.polyfit(np.log(z - z0), target, 1)
        start = [float(np.clip(log_a, -49, 49)), float(np.clip(b, B_LOW + 0.01, B_HIGH - 0.01)), z0]
        from scipy.optimize import least_squares  # scipy is slow to import: not before the first window

        found = least_squares(misfit, start, bounds=bounds, loss="soft_l1", f_scale=ROBUST, x_scale=[1.0, 1.0, span])
        if best is None or found.cost < best.cost:
            best = found
    assert best is not None  # noqa: S101 - three starts
    a, b, z0 = math.exp(best.x[0]), float(best.x[1]), float(best.x[2])
    off = q / (a * (z - z0) ** b) - 1
    se = math.sqrt(float((off**2).sum()) / (len(z) - 2))
    return Rating(a, z0, b, se, len(z), floor, float(z.max()))


@dataclass(frozen=True, slots=True)
class RatingTests:
    """Statistics of the three tests; each passes below its critical value."""

    sign: float
    run: float
    bias: float

    @property
    def passed(self) -> bool:
        """Source: GB 50179-2015 annex: 符号 α=0.25 → 1.15, 适线 α=0.05 → 1.64, 偏离 α=0.10 → 1.7."""
        return self.sign < 1.15 and self.run < 1.64 and self.bias < 1.70


def three_tests(rating: Rating, level_m: Array, flow_m3s: Array) -> RatingTests:
    """Return the sign (符号), run (适线) and bias (偏离数值) statistics of pairs about a curve."""
    order = np.argsort(level_m)
    z, q = np.asarray(level_m, float)[order], np.asarray(flow_m3s, float)[order]
    off = q / rating.flow_m3s(z) - 1
    off = off[np.isfinite(off)]
    n = len(off)
    over = int((off > 0).sum())
    sign = (abs(over - 0.5 * n) - 0.5) / (0.5 * math.sqrt(n))
    changes = int((np.diff(off > 0) != 0).sum())
    run = (0.5 * (n - 1) - changes - 0.5) / (0.5 * math.sqrt(n - 1))
    spread = float(off.std(ddof=1)) / math.sqrt(n)
    return RatingTests(sign, run, abs(float(off.mean())) / spread if spread else 0.0)


@dataclass(frozen=True, slots=True)
class Loop:
    """How a flood's rising limb differs from its falling one at the same level.

    share: (rising − falling) / mean flow, averaged over the levels both limbs passed; low_m, high_m: those.
    """

    share: float
    low_m: float
    high_m: float

    @property
    def marked(self) -> bool:
        return abs(self.share) >= LOOP_SHARE

    @property
    def anticlockwise(self) -> bool:
        """Rising flow is the larger, the usual sense with Z upward and Q to the right."""
        return self.share > 0


def flood_loop(level_m: Array, flow_m3s: Array) -> Loop | None:
    """Return the loop of a flood's pairs in time order; None when the limbs share no levels."""
    good = np.isfinite(level_m) & np.isfinite(flow_m3s)
    z, q = np.asarray(level_m, float)[good], np.asarray(flow_m3s, float)[good]
    if len(z) < POINTS_MIN:
        return None
    top = int(np.argmax(z))
    foot = int(np.argmin(z[: top + 1]))
    end = top + int(np.argmin(z[top:]))
    rise_z, rise_q = _by_level(z[foot : top + 1], q[foot : top + 1])
    fall_z, fall_q = _by_level(z[top : end + 1], q[top : end + 1])
    if len(rise_z) < 3 or len(fall_z) < 3:
        return None
    low, high = max(rise_z[0], fall_z[0]), min(rise_z[-1], fall_z[-1])
    if high - low < LIMB_MIN_M:
        return None
    at = np.linspace(low, high, 21)
    up, down = np.interp(at, rise_z, rise_q), np.interp(at, fall_z, fall_q)
    return Loop(float(np.mean((up - down) / (0.5 * (up + down)))), float(low), float(high))


def _by_level(z: Array, q: Array) -> tuple[Array, Array]:
    levels, place = np.unique(z, return_inverse=True)
    return levels, np.bincount(place, q) / np.bincount(place)
