"""1-D transport of a spill down a river: where the cloud is, when it passes each intake, how much it is thinned.

Finite volumes on equal cells, x from the upper end, flow downstream only. Each cell keeps its water (m³) and
its pollutant (g); both move with the same face flows, so a uniform concentration stays uniform while the flow
changes, and mass is lost nowhere. Advection: van Leer's limiter, Courant number ≤ 0.8. Dispersion: implicit.
Changing flows travel as a kinematic wave, Q = Q₀·(A/A₀)^(5/3), from the steady state of the first moment.

Source: van Leer (1974) for the limiter; Fischer et al. (1979) for dispersion and mixing length; Manning.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from console.engine.inundation_grid import Going, always
from console.engine.transport_case import Intake, RanDry, TransportCase, checked, limits_of

Array = NDArray[np.float64]
CFL = 0.8
WIDE = 5.0 / 3.0  # exponent of Q(A) in a wide channel by Manning
TINY_G = 1e-20  # a cell's mass below this is nothing: denormal numbers would slow each step tenfold


@dataclass(frozen=True, slots=True)
class Passage:
    """What an intake sees; times in s of the run, concentrations mg/L.

    arrival_s: first at or above the limit; leave_s: last at or above it, None when never or not over yet
    (over_at_end). front_s: 10 % of its own peak. well_mixed: it lies beyond the mixing length of every spill.
    """

    intake: Intake
    front_s: float | None
    arrival_s: float | None
    peak_s: float | None
    peak_mg_l: float
    leave_s: float | None
    over_s: float
    over_at_end: bool
    well_mixed: bool


@dataclass(frozen=True, slots=True)
class MassAccount:
    """Pollutant of the whole run, kg. entered: spills, inflows, upper end and what was there at the start."""

    entered_kg: float
    left_kg: float
    decayed_kg: float
    remains_kg: float

    @property
    def error(self) -> float:
        """Return what is missing or too much, as a part of what entered."""
        gap = self.entered_kg - self.left_kg - self.decayed_kg - self.remains_kg
        return abs(gap) / self.entered_kg if self.entered_kg > 0 else abs(gap)


@dataclass(frozen=True, slots=True, eq=False)
class TransportResult:
    """x_m (n,) cell centres; t_s (nt,); mg_l and flow_m3s (nt, n), the flow at each cell's lower end.

    track_t_s (k,) and track_mg_l (k, n_intake): every step at the intakes. limits: what the result may not be
    used for, in words. complete: False where the run was stopped; arrays then end at the last moment reached.
    """

    x_m: Array
    t_s: Array
    mg_l: Array
    flow_m3s: Array
    track_t_s: Array
    track_mg_l: Array
    passages: tuple[Passage, ...]
    mass: MassAccount
    limits: tuple[str, ...]
    steps: int
    wall_s: float
    complete: bool


def mixed_mg_l(c1_mg_l: float, q1_m3s: float, c2_mg_l: float, q2_m3s: float) -> float:
    """Return the concentration after two flows have mixed: what a dilution release achieves at its mouth.

    Raises:
        ValueError: the flows are negative or both zero.

    Source: C = (C₁Q₁ + C₂Q₂)/(Q₁ + Q₂).
    """
    if min(q1_m3s, q2_m3s) < 0 or not q1_m3s + q2_m3s > 0:
        raise ValueError(f"flows {q1_m3s}, {q2_m3s}")
    return (c1_mg_l * q1_m3s + c2_mg_l * q2_m3s) / (q1_m3s + q2_m3s)


def run_transport(case: TransportCase, going: Going = always) -> TransportResult:
    """Run a case. going: asked with the share done at each output time; False ends the run early, result kept.

    Raises:
        TransportRefused: the case is not usable; says which value and why. RanDry: what is taken leaves no water.
    """
    checked(case)
    began = time.perf_counter()
    river = _River(case)
    outputs: Array = np.unique(np.append(np.arange(0.0, case.end_s, case.out_s), case.end_s))
    stops = sorted({*outputs.tolist(), *(t for s in case.spills for t in (s.from_s, s.to_s) if 0 < t < case.end_s)})
    river.instant(0.0)
    river.note()
    kept, wanted = [river.picture()], set(outputs.tolist())
    for start, end in pairwise(stops):
        river.advance(start, end)
        river.instant(end)
        if end in wanted:
            kept.append(river.picture())
            if not going(end / case.end_s):
                break
    return _result(case, river, kept, outputs[: len(kept)], river.t >= case.end_s, began)


def _result(
    case: TransportCase, river: _River, kept: list[tuple[Array, Array]], t_s: Array, complete: bool, began: float
) -> TransportResult:
    times, track = np.array(river.times), np.array(river.track).reshape(len(river.times), len(case.intakes))
    stated = limits_of(case, river.first_flow)
    passages = tuple(_passage(i, times, track[:, k], i.name not in stated.unmixed) for k, i in enumerate(case.intakes))
    mass = MassAccount(*(v / 1000.0 for v in (river.entered, river.left, river.decayed, float(river.mass.sum()))))
    words = [*stated.words]
    if not complete:
        words.append(f"计算被提前停止，只算到第 {times[-1] / 3600:.1f} h。")
    words += [f"取水口 {p.intake.name}：计算结束时仍在限值以上，撤离时间未知。" for p in passages if p.over_at_end]
    return TransportResult(
        river.x, t_s, np.array([c for c, _ in kept]), np.array([q for _, q in kept]), times, track, passages, mass,
        tuple(words), river.steps, time.perf_counter() - began, complete,
    )  # fmt: skip


class _River:
    """The state of a run: water and pollutant of each cell, and what passed its ends."""

    def __init__(self, case: TransportCase) -> None:
        from scipy.linalg import lapack  # scipy is slow to import: not before the first window

        self._solve, self._split = lapack.dgttrs, lapack.dgttrf
        c = case.channel
        n, self.case, self.dx = len(c.area_m2), case, c.dx_m
        self.x = np.asarray((np.arange(n) + 0.5) * c.dx_m, float)
        self._places = [(i, _spread(i.at_m, i.end_m, n, c.dx_m)) for i in case.inflows]
        lateral, _ = self._lateral(0.0)
        self.flow = np.concatenate([[case.upstream.at(0.0)], case.upstream.at(0.0) + np.cumsum(lateral)])  # at the n + 1 faces
        self.first_flow, self._first_area = self.flow.copy(), c.area_m2.astype(float)
        self.water = c.area_m2 * c.dx_m
        self.steady = case.upstream.steady and all(i.flow.steady for i in case.inflows)
        self.mass = np.broadcast_to(np.asarray(case.initial_mg_l, float), (n,)) * self.water
        self.entered, self.left, self.decayed = float(self.mass.sum()), 0.0, 0.0
        self.dispersion = c.dispersion(self.flow[1:])
        self._factors: tuple[float, tuple[Array, ...]] | None = None
        self._at = [_between(i.at_m, n, c.dx_m) for i in case.intakes]
        self.times: list[float] = []
        self.track: list[list[float]] = []
        self.t, self.steps = 0.0, 0

    def picture(self) -> tuple[Array, Array]:
        return self.mass / self.water, self.flow[1:].copy()

    def note(self) -> None:
        c = self.mass / self.water
        self.times.append(self.t)
        self.track.append([float(c[i] * (1 - part) + c[i + 1] * part) for i, part in self._at])

    def instant(self, t: float) -> None:
        """Put in what is spilled at this moment at once."""
        for s in self.case.spills:
            if s.from_s == s.to_s == t:
                self.mass = self.mass + s.mass_kg * 1000.0 * _spread(s.at_m, s.end_m, len(self.x), self.dx)
                self.entered += s.mass_kg * 1000.0

    def advance(self, start: float, end: float) -> None:
        """Go from one stop to the next in equal steps while the flow is steady, else in steps as short as it asks."""
        rate = np.zeros(len(self.x))
        for s in self.case.spills:
            if s.from_s <= start and end <= s.to_s and s.to_s > s.from_s:
                rate += s.mass_kg * 1000.0 / (s.to_s - s.from_s) * _spread(s.at_m, s.end_m, len(self.x), self.dx)
        left = end - start
        while left > 0:
            reach = CFL * float((self.water / self.flow[1:]).min()) / (1.0 if self.steady else WIDE)
            dt = left / max(1, int(np.ceil(left / reach - 1e-9)))
            self._step(dt, rate)
            left = left - dt if left - dt > 1e-6 else 0.0
            self.t = end - left
            self.note()

    def _step(self, dt: float, rate: Array) -> None:
        case, middle = self.case, self.t + dt / 2
        lateral, carried = self._lateral(middle)
        if not self.steady:
            self.flow[0] = case.upstream.at(middle)
            area = self.water / self.dx
            self.flow[1:] = self.first_flow[1:] * (area / self._first_area) ** WIDE
        q = self.flow
        c = self.mass / self.water
        drop = np.diff(c, prepend=case.upstream_mg_l)  # towards each cell
        ahead = np.append(drop[1:], 0.0)
        both = drop * ahead
        bend = np.divide(both, drop + ahead, out=np.zeros_like(c), where=both > 0)  # van Leer's limiter times the drop, halved
        face = c + (1.0 - q[1:] * dt / self.water) * bend
        flux = dt * np.concatenate([[q[0] * case.upstream_mg_l], q[1:] * face])
        gained = dt * (rate + carried + np.minimum(lateral, 0.0) * c)
        mass = self.mass - np.diff(flux) + gained
        self.entered += float(flux[0] + dt * (rate + carried).sum())
        self.left += float(flux[-1] - dt * (np.minimum(lateral, 0.0) * c).sum())
        if not self.steady:
            self.water = self.water - dt * np.diff(q) + dt * lateral
            if (self.water <= 0.0).any():
                at_km = float(self.x[int(np.argmin(self.water))]) / 1000.0
                raise RanDry(f"{middle / 3600:.1f} h 时 {at_km:.1f} km 处的水被取完。", "请减少取水或拦蓄的流量。")
            self.dispersion = case.channel.dispersion(q[1:], self.water / self.dx)
            self._factors = None
        mass = self._disperse(mass, dt)
        if case.decay_per_s > 0:
            after = mass * np.exp(-case.decay_per_s * dt)
            self.decayed += float((mass - after).sum())
            mass = after
        mass[np.abs(mass) < TINY_G] = 0.0
        self.mass = mass
        self.steps += 1

    def _disperse(self, mass: Array, dt: float) -> Array:
        """Solve (V + dt·L)·c = m; L has zero column sums, so the mass is that which was."""
        exchange = self.water / self.dx * self.dispersion / self.dx  # m³/s between neighbours
        between = (exchange[1:] + exchange[:-1]) / 2
        held = 2.0 * exchange[0] if self.case.held else 0.0
        if self._factors is None or self._factors[0] != dt:
            diagonal = self.water.copy()
            diagonal[:-1] += dt * between
            diagonal[1:] += dt * between
            diagonal[0] += dt * held
            self._factors = dt, self._split(-dt * between, diagonal, -dt * between)[:5]
        right = mass.copy()
        right[0] += dt * held * self.case.upstream_mg_l
        c: Array = self._solve(*self._factors[1], right)[0]
        crossed = float(dt * held * (self.case.upstream_mg_l - c[0]))
        self.entered += crossed
        return c * self.water

    def _lateral(self, t: float) -> tuple[Array, Array]:
        """Return the flow (m³/s, negative where it is taken) and the pollutant (g/s) entering each cell from the side."""
        flow, carried = np.zeros(len(self.x)), np.zeros(len(self.x))
        for inflow, place in self._places:
            q = inflow.flow.at(t)
            flow += q * place
            carried += max(q, 0.0) * inflow.mg_l * place
        return flow, carried


def _spread(at_m: float, end_m: float | None, n: int, dx: float) -> Array:
    """Return the share of each cell (n,): a line by its length in it, a point by its distance to two cell centres."""
    share = np.zeros(n)
    if end_m is None or end_m == at_m:
        i, part = _between(at_m, n, dx)
        share[i] += 1.0 - part
        share[i + 1] += part
        return share
    low = np.arange(n) * dx
    share = np.clip(np.minimum(low + dx, end_m) - np.maximum(low, at_m), 0.0, None)
    return np.asarray(share / share.sum())


def _between(at_m: float, n: int, dx: float) -> tuple[int, float]:
    """Return the cell whose centre is at or before a place, and how far the next one's is on; clamped to the ends."""
    where = min(max(at_m / dx - 0.5, 0.0), n - 1.0)
    i = min(int(where), n - 2)
    return i, where - i


def _passage(intake: Intake, t: Array, c: Array, well_mixed: bool) -> Passage:
    k = int(np.argmax(c))
    peak = float(c[k])
    if not peak > TINY_G:
        return Passage(intake, None, None, None, 0.0, None, 0.0, False, well_mixed)
    over = c >= intake.limit_mg_l
    arrival = _crossing(t, c, intake.limit_mg_l)
    at_end = bool(over[-1])
    leave = None if at_end or not over.any() else -_crossed(-t[::-1], c[::-1], intake.limit_mg_l)
    share = _above(c, intake.limit_mg_l)
    return Passage(
        intake, _crossing(t, c, 0.1 * peak), arrival, float(t[k]), peak, leave, float((np.diff(t) * share).sum()), at_end,
        well_mixed,
    )  # fmt: skip


def _crossing(t: Array, c: Array, limit: float) -> float | None:
    return _crossed(t, c, limit) if (c >= limit).any() else None


def _crossed(t: Array, c: Array, limit: float) -> float:
    """Return when the series first reaches the limit, on the straight line between two steps."""
    k = int(np.argmax(c >= limit))
    return float(t[0]) if k == 0 else float(t[k - 1] + (t[k] - t[k - 1]) * (limit - c[k - 1]) / (c[k] - c[k - 1]))


def _above(c: Array, limit: float) -> Array:
    """Return the share of each interval (k − 1,) at or above the limit."""
    low, high = np.minimum(c[1:], c[:-1]), np.maximum(c[1:], c[:-1])
    rise = high - low
    share = np.divide(high - limit, rise, out=(high >= limit).astype(float), where=rise > 0)
    return np.asarray(np.clip(share, 0.0, 1.0))
