"""Figures of a stretch of one series; a gap is never bridged and its share is always told."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.domain.freshness import breaks_line
from console.domain.quality import raises_alarm

Array = NDArray[np.float64]
HOUR_S = 3600.0
RATE_SPANS_H = (1, 3, 6)


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Usable readings of [from_t, to_t], UTC s. t (n,), v (n,) finite; joined (n−1,): no gap between."""

    t: Array
    v: Array
    joined: NDArray[np.bool_]
    from_t: float
    to_t: float
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Rate:
    """The fastest rise over span_h hours: per_h in units an hour, from t − span_h to t."""

    span_h: int
    per_h: float
    t: float


@dataclass(frozen=True, slots=True)
class Over:
    """What lay over a threshold. seconds: how long; amount: ∫(v − threshold)dt, units × s.

    unknown: share of the stretch in gaps, which count for nothing.
    """

    seconds: float
    amount: float
    unknown: float


@dataclass(frozen=True, slots=True)
class Summary:
    """low, high: (t, value), the first of equals. rise: where the rise to the highest began, None if none."""

    high: tuple[float, float]
    low: tuple[float, float]
    mean: float
    rise: tuple[float, float] | None
    rates: tuple[Rate, ...]
    completeness: float
    gaps: tuple[tuple[float, float], ...]


def trusted(v: Array, quality: NDArray[np.int64]) -> Array:
    """Return the values with NaN for what is suspect, bad or a forecast."""
    known = [int(c) for c in np.unique(quality).tolist()]
    doubtful = [c for c in known if not raises_alarm(c)]
    return np.where(np.isin(quality, doubtful), np.nan, v) if doubtful else v


def stretch_of(
    t: NDArray[np.int64], v: Array, quality: NDArray[np.int64], interval_s: int, from_t: float, to_t: float
) -> Stretch:
    """Return the usable readings of a window: finite, not suspect, not bad, not forecast.

    Where a line crosses the window's edge, its value there is a reading too.
    """
    good = np.isfinite(v)
    usable = np.isfinite(trusted(v, quality))
    at, value = t[usable].astype(float), v[usable].astype(float)
    first, last = int(np.searchsorted(at, from_t)), int(np.searchsorted(at, to_t, side="right"))
    inner_t, inner_v = at[first:last], value[first:last]
    for edge, i in ((from_t, first), (to_t, last)):
        if 0 < i < len(at) and at[i - 1] < edge < at[i] and not breaks_line(at[i] - at[i - 1], interval_s):
            cut = value[i - 1] + (edge - at[i - 1]) / (at[i] - at[i - 1]) * (value[i] - value[i - 1])
            place = 0 if edge == from_t else len(inner_t)
            inner_t, inner_v = np.insert(inner_t, place, edge), np.insert(inner_v, place, cut)
    inside = (t >= from_t) & (t <= to_t)
    steps = np.diff(inner_t)
    return Stretch(inner_t, inner_v, steps <= 1.5 * interval_s, from_t, to_t, int((good & ~usable & inside).sum()))


def summary(s: Stretch) -> Summary | None:
    """Return the stretch's figures; None when it holds no usable reading."""
    if not len(s.t):
        return None
    top, low = int(np.argmax(s.v)), int(np.argmin(s.v))
    foot = top - int(np.argmin(s.v[: top + 1][::-1]))  # the last lowest before the highest
    return Summary(
        high=(float(s.t[top]), float(s.v[top])),
        low=(float(s.t[low]), float(s.v[low])),
        mean=mean(s),
        rise=(float(s.t[foot]), float(s.v[foot])) if s.v[foot] < s.v[top] else None,
        rates=tuple(r for h in RATE_SPANS_H if (r := fastest_rise(s, h)) is not None),
        completeness=known_share(s),
        gaps=gaps(s),
    )


def mean(s: Stretch) -> float:
    """Return the mean over time of what is known; of the readings where nothing is joined."""
    steps = np.diff(s.t)[s.joined]
    if not len(steps) or steps.sum() == 0:
        return float(s.v.mean())
    return float((0.5 * (s.v[:-1] + s.v[1:])[s.joined] * steps).sum() / steps.sum())


def known_share(s: Stretch) -> float:
    """Return the share of the stretch that readings cover, 0 to 1."""
    span = s.to_t - s.from_t
    return float(np.diff(s.t)[s.joined].sum() / span) if span > 0 else float(len(s.t) > 0)


def gaps(s: Stretch) -> tuple[tuple[float, float], ...]:
    """Return where nothing usable is between readings, and before the first and after the last."""
    found = [(float(s.t[i]), float(s.t[i + 1])) for i in np.flatnonzero(~s.joined).tolist()]
    if len(s.t):
        found = [(s.from_t, float(s.t[0])), *found, (float(s.t[-1]), s.to_t)]
    else:
        found = [(s.from_t, s.to_t)]
    return tuple((a, b) for a, b in found if b > a)


def fastest_rise(s: Stretch, span_h: int) -> Rate | None:
    """Return the fastest rise over span_h hours within an unbroken run; None if no run is that long."""
    best: Rate | None = None
    for run in np.split(np.arange(len(s.t)), np.flatnonzero(~s.joined) + 1):
        if len(run) < 2 or s.t[run[-1]] - s.t[run[0]] < span_h * HOUR_S:
            continue
        t, v = s.t[run], s.v[run]
        ends = np.unique(np.concatenate([t, t + span_h * HOUR_S]))
        ends = ends[(ends >= t[0] + span_h * HOUR_S) & (ends <= t[-1])]
        rise = (np.interp(ends, t, v) - np.interp(ends - span_h * HOUR_S, t, v)) / span_h
        i = int(np.argmax(rise))
        if best is None or rise[i] > best.per_h:
            best = Rate(span_h, float(rise[i]), float(ends[i]))
    return best


def over_threshold(s: Stretch, threshold: float) -> Over:
    """Return how long and how much the series lay over a threshold, straight between joined readings.

    Raises:
        ValueError: the threshold is not finite.
    """
    if not math.isfinite(threshold):
        raise ValueError("threshold")
    steps = np.diff(s.t)[s.joined]
    a, b = (s.v[:-1] - threshold)[s.joined], (s.v[1:] - threshold)[s.joined]
    rise = np.abs(b - a)
    share = np.where(rise > 0, np.maximum(np.maximum(a, b), 0) / np.where(rise > 0, rise, 1.0), (a > 0).astype(float))
    share = np.where((a >= 0) & (b >= 0) & (rise > 0), 1.0, np.minimum(share, 1.0))
    height = np.where((a >= 0) & (b >= 0), 0.5 * (a + b), 0.5 * np.maximum(np.maximum(a, b), 0))
    return Over(float((share * steps).sum()), float((share * height * steps).sum()), 1 - known_share(s))


def value_at(t: NDArray[np.int64], v: Array, interval_s: int, at: float) -> float | None:
    """Return the value on the line at a moment; None in a gap or outside the readings."""
    i = int(np.searchsorted(t, at, side="right")) - 1
    if i < 0 or not math.isfinite(v[i]):
        return None
    if t[i] == at:
        return float(v[i])
    if i + 1 >= len(t) or breaks_line(float(t[i + 1] - t[i]), interval_s) or not math.isfinite(v[i + 1]):
        return None
    return float(v[i] + (at - t[i]) / (t[i + 1] - t[i]) * (v[i + 1] - v[i]))


def flood_peaks(t: NDArray[np.int64], v: Array, apart_s: float, count: int) -> list[tuple[int, float]]:
    """Return the highest readings at least apart_s from each other, highest first: the floods' peaks.

    A highest value at the edge of what is known is not a peak.
    """
    left = np.isfinite(v)
    found: list[tuple[int, float]] = []
    while left.any() and len(found) < count:
        i = int(np.argmax(np.where(left, v, -np.inf)))
        inside = 0 < i < len(v) - 1
        if inside and v[i] > np.nanmin(v[: i + 1]) and v[i] > np.nanmin(v[i:]):
            found.append((int(t[i]), float(v[i])))
        left &= np.abs(t - t[i]) >= apart_s
    return found
