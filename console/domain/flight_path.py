"""The way a camera takes through its keyframes: smooth in every bend, or at one pace."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from console.domain.flight_camera import KM_PER_DEGREE, PITCH, FlightCamera

Ease = Literal["smooth", "linear", "cut"]
Vector = tuple[float, ...]  # lon, lat, ln distance, height, heading (unwrapped), pitch
PIECES = 48  # of a leg, when its length is measured
SAME = 1e-6  # no way at all: a millionth of the distance looked over
RAMP_S = 1.0  # at one pace a flight still starts and stops softly
LIMIT = 3.0  # a bend no steeper than this many times the flatter leg does not swing out


@dataclass(frozen=True, slots=True)
class Stop:
    """A keyframe of the way. t_s: when the camera is there; ease: how it came; dwell_s: how long it stays."""

    t_s: float
    camera: FlightCamera
    ease: Ease = "smooth"
    dwell_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Leg:
    """A cubic between two stops. width: of its parameter; starts, ends: vectors; leaves, arrives: their slopes."""

    width: float
    starts: Vector
    ends: Vector
    leaves: Vector
    arrives: Vector

    def value(self, u: float) -> Vector:
        p, h = u / self.width, self.width
        a, b = (1 + 2 * p) * (1 - p) ** 2, p * p * (3 - 2 * p)
        c, d = p * (1 - p) ** 2 * h, p * p * (p - 1) * h
        rows = zip(self.starts, self.ends, self.leaves, self.arrives, strict=True)
        return tuple(a * v0 + b * v1 + c * m0 + d * m1 for v0, v1, m0, m1 in rows)

    def slope(self, u: float) -> Vector:
        p, h = u / self.width, self.width
        a, c, d = 6 * p * (1 - p) / h, (1 - p) * (1 - 3 * p), p * (3 * p - 2)
        rows = zip(self.starts, self.ends, self.leaves, self.arrives, strict=True)
        return tuple(a * (v1 - v0) + c * m0 + d * m1 for v0, v1, m0, m1 in rows)


class Route:
    """The whole way. steady: at one pace, so that the stops between two rests get new times (times).

    Position follows a Catmull-Rom curve; distance (as its logarithm), height, heading and pitch never swing
    beyond their keyframes. A cut stays where it is until the camera jumps. Exact at every stop.

    Source: E. Catmull, R. Rom 1974 (its form for uneven knots: the slope of the parabola through three);
    M. Steffen, Astron. Astrophys. 239, 443 (1990), for the monotone parts.
    """

    def __init__(self, stops: Sequence[Stop], *, steady: bool = False) -> None:
        self._stops = tuple(stops)
        self._vectors = _unwrapped([s.camera for s in stops])
        self._steady = steady
        self._legs = self._flown()
        self._runs = [_Run(a, b, self._legs[a:b]) for a, b in self._spans()] if steady else []
        self.times = self._timed()

    def at(self, t_s: float) -> FlightCamera:
        """Return the camera at film second t_s."""
        k = max(0, bisect_right(self.times, t_s) - 1)
        stop = self._stops[k]
        left_s = t_s - self.times[k] - stop.dwell_s
        leg = self._legs[k] if k < len(self._legs) else None
        if left_s <= 0 or leg is None:
            return stop.camera
        if not self._steady:
            return _camera(leg.value(left_s))
        run = next(r for r in self._runs if r.first <= k < r.last)
        begin = self.times[run.first] + self._stops[run.first].dwell_s
        lasts_s = self.times[run.last] - begin
        return _camera(run.value((t_s - begin) / lasts_s, lasts_s))

    def _flown(self) -> list[_Leg | None]:
        """Return a leg after every stop but the last; None where the camera stays until a cut or has no way to go."""
        stops, rows = self._stops, self._vectors
        widths: list[float] = []
        for k in range(len(stops) - 1):
            free = stops[k + 1].t_s - stops[k].t_s - stops[k].dwell_s
            far = _length(_minus(rows[k + 1], rows[k]), _middle(rows[k], rows[k + 1]))
            width = far if self._steady else free
            widths.append(0.0 if stops[k + 1].ease == "cut" or far < SAME else width)
        slopes = [_times(_minus(rows[k + 1], rows[k]), 1 / w) if w > 0 else () for k, w in enumerate(widths)]
        legs: list[_Leg | None] = []
        for k, width in enumerate(widths):
            if width <= 0:
                legs.append(None)
                continue
            straight = stops[k + 1].ease == "linear"
            rest = slopes[k] if self._steady else tuple(0.0 for _ in slopes[k])
            leaves = slopes[k] if straight else self._tangent(k, widths, slopes) or rest
            arrives = slopes[k] if straight else self._tangent(k + 1, widths, slopes) or rest
            legs.append(_Leg(width, rows[k], rows[k + 1], leaves, arrives))
        return legs

    def _joined(self, k: int, widths: Sequence[float]) -> bool:
        inner = 0 < k < len(self._stops) - 1
        return inner and self._stops[k].dwell_s == 0 and widths[k - 1] > 0 and widths[k] > 0

    def _tangent(self, k: int, widths: Sequence[float], slopes: Sequence[Vector]) -> Vector | None:
        """Return how the camera passes a stop; None where it rests there."""
        if not self._joined(k, widths):
            return None
        before, after, h0, h1 = slopes[k - 1], slopes[k], widths[k - 1], widths[k]
        if self._stops[k].ease == "linear":  # a straight leg is gone on with, as far as the bend then holds
            mean, before = before, after
        elif self._stops[k + 1].ease == "linear":
            mean, after = after, before
        else:
            mean = tuple((h1 * a + h0 * b) / (h0 + h1) for a, b in zip(before, after, strict=True))
        shrink = math.cos(math.radians(self._vectors[k][1]))
        speeds = [math.hypot(v[0] * shrink, v[1]) for v in (mean, before, after)]
        most = LIMIT * min(speeds[1:])
        part = 1.0 if speeds[0] <= most else most / speeds[0]
        return (
            mean[0] * part,
            mean[1] * part,
            *(_even(a, b, m) for a, b, m in zip(before[2:], after[2:], mean[2:], strict=True)),
        )

    def _spans(self) -> list[tuple[int, int]]:
        """Return (first, end) legs of what is flown without a rest."""
        widths = [leg.width if leg else 0.0 for leg in self._legs]
        spans: list[tuple[int, int]] = []
        for k, width in enumerate(widths):
            if width > 0 and spans and spans[-1][1] == k and self._joined(k, widths):
                spans[-1] = (spans[-1][0], k + 1)
            elif width > 0:
                spans.append((k, k + 1))
        return spans

    def _timed(self) -> tuple[float, ...]:
        times = [s.t_s for s in self._stops]
        for run in self._runs:
            begin = times[run.first] + self._stops[run.first].dwell_s
            lasts_s = times[run.last] - begin
            for k in range(run.first + 1, run.last):
                times[k] = begin + lasts_s * run.when(k - run.first, lasts_s)
        return tuple(times)


class _Run:
    """Legs flown at one pace: way over the ground in distances of the eye, zoom and turns count together.

    first, last: the stops where it begins and ends.
    """

    def __init__(self, first: int, last: int, legs: Sequence[_Leg | None]) -> None:
        self.first, self.last = first, last
        self._legs = [leg for leg in legs if leg is not None]
        self._far = [0.0]
        self._speed: list[tuple[float, float]] = []
        for leg in self._legs:
            step = leg.width / PIECES
            paces = [_length(leg.slope(n * step / 2), leg.value(n * step / 2)) for n in range(2 * PIECES + 1)]
            for n in range(PIECES):
                a, b, c = paces[2 * n : 2 * n + 3]
                self._far.append(self._far[-1] + (a + 4 * b + c) * step / 6)
                self._speed.append((a, c))

    def when(self, stop: int, lasts_s: float) -> float:
        """Return at which part of the time an inner stop is reached."""
        ramp, p = _ramp(lasts_s), self._far[stop * PIECES] / self._far[-1]
        v = 1 / (1 - ramp)
        if p < v * ramp / 2:
            return math.sqrt(2 * ramp * p / v)
        if p > 1 - v * ramp / 2:
            return 1 - math.sqrt(2 * ramp * (1 - p) / v)
        return p / v + ramp / 2

    def value(self, part: float, lasts_s: float) -> Vector:
        """Return where the camera is after a part of the time."""
        ramp = _ramp(lasts_s)
        v = 1 / (1 - ramp)
        if part < ramp:
            gone = v * part * part / (2 * ramp)
        elif part > 1 - ramp:
            gone = 1 - v * (1 - part) ** 2 / (2 * ramp)
        else:
            gone = v * (part - ramp / 2)
        far = min(1.0, max(0.0, gone)) * self._far[-1]
        n = min(len(self._speed) - 1, max(0, bisect_right(self._far, far) - 1))
        leg, (a, b) = self._legs[n // PIECES], self._speed[n]
        step, wide = leg.width / PIECES, self._far[n + 1] - self._far[n]
        p = (far - self._far[n]) / wide if wide > 0 else 0.0
        leaves, arrives = (min(wide / v, LIMIT * step) if v > 0 else LIMIT * step for v in (a, b))  # where it turns back v is 0
        inner = p * p * (3 - 2 * p) * step + p * (1 - p) ** 2 * leaves + p * p * (p - 1) * arrives
        return leg.value(n % PIECES * step + inner)


def _ramp(lasts_s: float) -> float:
    return min(RAMP_S / lasts_s, 0.25)


def _even(before: float, after: float, mean: float) -> float:
    """Return a slope that keeps a rise a rise (Steffen 1990, eq. 11)."""
    if before * after <= 0 or before * mean <= 0:
        return 0.0
    return math.copysign(min(2 * abs(before), 2 * abs(after), abs(mean)), before)


def _unwrapped(cameras: Sequence[FlightCamera]) -> list[Vector]:
    """Return the vectors; every turn is the shorter one."""
    rows: list[Vector] = []
    heading = cameras[0].heading if cameras else 0.0
    for c in cameras:
        heading += (c.heading - heading + 180) % 360 - 180
        rows.append((c.lon, c.lat, math.log(c.distance_km), c.height_m, heading, c.pitch))
    return rows


def _camera(row: Vector) -> FlightCamera:
    lon, lat, far, height, heading, pitch = row
    return FlightCamera(lon, lat, math.exp(far), heading % 360, min(PITCH[1], max(PITCH[0], pitch)), height)


def _length(step: Vector, near: Vector) -> float:
    """Return how much a picture changes with a step from a camera: in distances of the eye and radians."""
    km = KM_PER_DEGREE / math.exp(near[2])
    east, north = step[0] * km * math.cos(math.radians(near[1])), step[1] * km
    height = step[3] / 1000 / math.exp(near[2])
    return math.hypot(east, north, step[2], height, math.radians(step[4]), math.radians(step[5]))


def _minus(a: Vector, b: Vector) -> Vector:
    return tuple(x - y for x, y in zip(a, b, strict=True))


def _middle(a: Vector, b: Vector) -> Vector:
    return tuple((x + y) / 2 for x, y in zip(a, b, strict=True))


def _times(a: Vector, factor: float) -> Vector:
    return tuple(x * factor for x in a)
