"""Level-pool routing of a reservoir with outlets, rules and limits; every step's release has its reason (调洪演算).

The trapezoid balance (I₁+I₂)/2 − (O₁+O₂)/2 = ΔS/Δt is solved exactly on piecewise-linear curves, so that the
water balance closes to rounding.

Source: Chow, Maidment & Mays (1988), section 8.2; domain dossier §7.7.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.engine.refused import EngineRefused, positive, series_of
from console.engine.release_rules import SETTLING_STEPS, Free, Limits, Moment, Rule
from console.engine.storage import LevelTable

Array = NDArray[np.float64]
Kind = Literal["free", "turbine", "gate"]
FINE = 160  # points that stand for a smooth curve
BEYOND_M = 5.0  # a pool may rise so far over its curve, said each time; further is refused
TINY = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Outlet:
    """One way out: capacity (m³/s) when fully open, over level.

    kind: free cannot be closed; turbine and gate are opened as the rule wants, turbines first.
    """

    name: str
    capacity: LevelTable
    kind: Kind = "gate"


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Curves of a reservoir at common levels, ascending: storage m³; least and most release m³/s (k,)."""

    level_m: tuple[float, ...]
    storage_m3: tuple[float, ...]
    least_m3s: tuple[float, ...]
    most_m3s: tuple[float, ...]
    outlets: tuple[Outlet, ...]
    curve_top_m: float

    @classmethod
    def of(cls, storage: LevelTable, outlets: Sequence[Outlet]) -> Pool:
        """Join a storage curve (10⁶ m³) and outlets.

        Below an outlet's table it gives its lowest value only if that is 0 or the pool begins there.

        Raises:
            EngineRefused: no outlet, or an outlet's table begins above 0 within the pool, or storage stays the same.
        """
        if not outlets:
            raise EngineRefused("shape", "水库没有泄水设施")
        levels = {float(z) for z in _points(storage)}
        low, high = min(levels), max(levels)
        for o in outlets:
            levels |= {float(z) for z in _points(o.capacity) if low < z < high}
            if o.capacity.level_m[0] > low and o.capacity.value[0] > 0:
                raise EngineRefused("range", f"泄水设施“{o.name}”的曲线从 {o.capacity.level_m[0]:g} m 起即不为 0，其下泄量未知")
        z = np.array(sorted(levels))
        s = np.array([storage.at(v) for v in z.tolist()], float) * 1e6
        if (np.diff(s) <= 0).any():
            raise EngineRefused("range", f"水位 {z[int(np.argmin(np.diff(s)))]:g} m 以上库容不增，不能调洪")
        free = sum((_capacity(o, z) for o in outlets if o.kind == "free"), np.zeros_like(z))
        every = sum((_capacity(o, z) for o in outlets), np.zeros_like(z))
        slope = (s[-1] - s[-2]) / (z[-1] - z[-2])
        z, s = np.append(z, high + BEYOND_M), np.append(s, s[-1] + slope * BEYOND_M)
        free, every = np.append(free, free[-1]), np.append(every, every[-1])
        return cls(_tuple(z), _tuple(s), _tuple(free), _tuple(every), tuple(outlets), high)

    def storage_of(self, level_m: float) -> float:
        """Return storage, m³, of a level.

        Raises:
            EngineRefused: range, the level lies outside the curve.
        """
        if not self.level_m[0] <= level_m <= self.curve_top_m:
            raise EngineRefused("range", f"水位 {level_m:g} m 不在库容曲线 {self.level_m[0]:g}–{self.curve_top_m:g} m 之内")
        return _between(level_m, self.level_m, self.storage_m3)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to know about a step. code: top, over, bottom, empty, held, capacity, ramp, safe, beyond."""

    step: int
    code: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class PoolResult:
    """The course of a reservoir, (n,) each, at the inflow's instants.

    by_outlet: m³/s. reasons: why each step's release is what it is. remarks: limits that acted.
    balance_error: |ΣI − ΣO − ΔS| relative to the inflow volume. limits: to be said beside it.
    """

    level_m: Array
    storage_m3: Array
    outflow_m3s: Array
    by_outlet: dict[str, Array]
    reasons: tuple[str, ...]
    remarks: tuple[Remark, ...]
    balance_error: float
    limits: tuple[str, ...]


def route(
    pool: Pool,
    inflow_m3s: ArrayLike,
    dt_s: float,
    start_level_m: float,
    rule: Rule | None = None,
    limits: Limits | None = None,
    *,
    first_outflow_m3s: float | None = None,
) -> PoolResult:
    """Route a flood through a reservoir.

    Args:
        inflow_m3s: (n,), instants dt_s apart; a negative one is refused (back-calculated inflow: smooth it first).
        start_level_m: at the first instant.
        rule: None leaves everything open.
        first_outflow_m3s: None takes what the rule wants at the start.

    Raises:
        EngineRefused: gap, negative, parameter, range (start level or pool outside its curve, with the step).
    """
    flow = series_of(inflow_m3s, "入库流量").tolist()
    positive(dt_s, "时段长")
    rule, limits = rule or Free(), limits or Limits()
    rule.check(len(flow))
    run = _Run(pool, rule, limits, flow, dt_s, pool.storage_of(start_level_m))
    run.begin(first_outflow_m3s)
    for i in range(1, len(flow)):
        run.advance(i)
    return run.result()


class _Run:
    """Storage and release so far, and one step onward."""

    def __init__(self, pool: Pool, rule: Rule, limits: Limits, flow: list[float], dt: float, storage: float) -> None:
        self._pool, self._rule, self._limits, self._in, self._dt = pool, rule, limits, flow, dt
        self._s, self._o, self._why = [storage], [0.0], [""]
        self._remarks: list[Remark] = []
        half = dt / 2
        self._g_least = tuple(s + half * q for s, q in zip(pool.storage_m3, pool.least_m3s, strict=True))
        self._g_most = tuple(s + half * q for s, q in zip(pool.storage_m3, pool.most_m3s, strict=True))
        top, bottom = limits.top_m, limits.bottom_m
        self._top = pool.storage_of(top) if top <= pool.curve_top_m else math.inf
        self._bottom = pool.storage_of(bottom) if bottom > pool.level_m[0] else pool.storage_m3[0]

    def begin(self, given: float | None) -> None:
        """Set the release at the first instant: the given one, or what the rule wants and the outlets can."""
        pool, s = self._pool, self._s[0]
        rest = (s - pool.storage_m3[0]) / self._dt + (self._in[0] + self._in[min(1, len(self._in) - 1)]) / 2
        if given is not None:
            self._o[0], self._why[0] = float(series_of([given], "起始下泄")[0]), "给定的起始下泄"
            if given > 2 * rest:
                raise EngineRefused("range", f"起始下泄 {given:g} m³/s 大于库内存水可供")
            return
        least, most = _between(s, pool.storage_m3, pool.least_m3s), _between(s, pool.storage_m3, pool.most_m3s)
        wanted, self._why[0] = self._rule.wanted(self._moment(0))
        self._o[0] = max(least, min(wanted, most, self._limits.most_m3s, 2 * max(rest, 0.0)))

    def advance(self, i: int) -> None:
        """Find the release and storage at the end of step i."""
        pool, limits = self._pool, self._limits
        rhs = self._s[-1] + self._dt / 2 * (self._in[i - 1] + self._in[i] - self._o[-1])
        wanted, why = self._rule.wanted(self._moment(i))
        target, codes = self._limited(i, wanted, rhs)
        s2, o2, cut = self._solve(rhs, target)
        if cut == "most" and math.isfinite(wanted):
            codes.append(("capacity", f"泄流能力只有 {o2:.0f} m³/s"))
        if cut == "least" and target < o2 - 1e-6:
            codes.append(("capacity", f"无控制设施自由溢流 {o2:.0f} m³/s"))
        if s2 > self._top * (1 + TINY):
            codes.append(("over", f"高于最高限制水位 {limits.top_m:g} m"))
        if o2 > limits.most_m3s * (1 + 1e-9):
            codes.append(("safe", f"下泄 {o2:.0f} m³/s 超过下游安全泄量 {limits.most_m3s:g} m³/s"))
        if s2 < pool.storage_m3[0] - TINY * pool.storage_m3[-1]:
            raise EngineRefused("unstable", f"第 {i + 1} 行：一个时段内放空到库容曲线以下，须缩短时段")
        if s2 > pool.storage_m3[-1]:
            raise EngineRefused("range", f"第 {i + 1} 行：库水位高出库容曲线顶 {pool.curve_top_m:g} m 达 {BEYOND_M:g} m 以上")
        self._s.append(s2)
        self._o.append(o2)
        self._why.append("；".join([why, *(text for _, text in codes)]))
        if _between(s2, pool.storage_m3, pool.level_m) > pool.curve_top_m + TINY:
            codes.append(("beyond", f"高于库容曲线顶 {pool.curve_top_m:g} m，按末段外延"))
        self._remarks += [Remark(i, code, text) for code, text in codes]

    def _limited(self, i: int, wanted: float, rhs: float) -> tuple[float, list[tuple[str, str]]]:
        """Return the wanted release within safe discharge, ramps and levels, and which of them acted.

        The top level is stronger than ramp and safe discharge, water that is not there stronger than all.
        """
        limits, dt, before, now = self._limits, self._dt, self._o[-1], self._in[i]
        hours = dt / 3600.0
        codes: list[tuple[str, str]] = []
        target = max(wanted, 0.0)
        if target > limits.most_m3s:
            target = limits.most_m3s
            codes += [("held", f"受下游安全泄量 {limits.most_m3s:g} m³/s 限制")] if math.isfinite(wanted) else []
        if target > before + limits.rise_m3s_h * hours:
            target = before + limits.rise_m3s_h * hours
            codes.append(("ramp", f"加大受变幅 {limits.rise_m3s_h:g} m³/s 每小时限制"))
        elif target < before - limits.fall_m3s_h * hours:
            target = before - limits.fall_m3s_h * hours
            codes.append(("ramp", f"减小受变幅 {limits.fall_m3s_h:g} m³/s 每小时限制"))
        if math.isfinite(self._top):
            kept = now + (self._s[-1] - self._top) / (SETTLING_STEPS * dt)  # as Hold does: no swing about the top level
            if kept > target:
                target = kept
                codes.append(("top", f"近最高限制水位 {limits.top_m:g} m，加大下泄"))
        nxt = self._in[i + 1] if i + 1 < len(self._in) else now
        over = rhs - self._bottom
        eased = now + (self._s[-1] - self._bottom) / (SETTLING_STEPS * dt)
        there = max(min(eased, over / dt + (now + nxt) / 2, 2 * over / dt), 0.0)  # this step and the next stay above
        if target > there:
            target = there
            if self._bottom > self._pool.storage_m3[0]:
                codes.append(("bottom", f"水位将低于 {limits.bottom_m:g} m，减小下泄"))
            else:
                codes.append(("empty", "库水将放空，减小下泄"))
        return target, codes

    def _solve(self, rhs: float, target: float) -> tuple[float, float, str]:
        """Return storage and release at the step's end, and what cut the target: least, most or nothing."""
        pool, half = self._pool, self._dt / 2
        if math.isfinite(target):
            s = rhs - half * target
            if s >= pool.storage_m3[0] - TINY * pool.storage_m3[-1]:  # emptied to the last drop, but for rounding
                least, most = _between(s, pool.storage_m3, pool.least_m3s), _between(s, pool.storage_m3, pool.most_m3s)
                if least <= target <= most:
                    return s, target, ""
                if target < least:
                    s = _between(rhs, self._g_least, pool.storage_m3)
                    return s, (rhs - s) / half, "least"
        s = _between(rhs, self._g_most, pool.storage_m3)
        return s, (rhs - s) / half, "most"

    def _moment(self, i: int) -> Moment:
        s = self._s[-1]
        level = _between(s, self._pool.storage_m3, self._pool.level_m)
        return Moment(i, i * self._dt / 3600.0, level, s, self._o[-1], self._in[i], self._dt, self._pool.storage_of)

    def result(self) -> PoolResult:
        storage, out = np.array(self._s), np.array(self._o)
        level = np.interp(storage, self._pool.storage_m3, self._pool.level_m)
        flow = np.array(self._in)
        volume = float(np.trapezoid(flow, dx=self._dt))
        gone = float(np.trapezoid(flow - out, dx=self._dt)) if len(flow) > 1 else 0.0
        scale = max(volume, abs(float(storage[-1] - storage[0])), 1.0)
        said = []
        beyond = sum(r.code == "beyond" for r in self._remarks)
        if beyond:
            said.append(f"{beyond} 个时段高于库容曲线顶 {self._pool.curve_top_m:g} m，按末段外延，泄流能力按顶端值")
        if any(o.capacity.level_m[-1] < float(level.max()) - TINY for o in self._pool.outlets):
            said.append("水位超出部分泄流曲线的上限，其上按末值")
        return PoolResult(
            level, storage, out, _shared_out(self._pool, level, out), tuple(self._why), tuple(self._remarks),
            abs(gone - float(storage[-1] - storage[0])) / scale, tuple(said),
        )  # fmt: skip


def gate_flow_m3s(head_m: float, width_m: float, opening_m: float, mu: float = 0.60, m: float = 0.385) -> float:
    """Return flow through a sluice of this width: under the gate, or over the sill when the gate is clear of it.

    Args:
        head_m: upstream level over the sill, not negative. opening_m: of the gate, not negative.
        mu, m: coefficients; the defaults are textbook values and must be replaced by calibrated ones.

    Raises:
        EngineRefused: a figure is negative or not finite.

    Source: Q = μ·b·e·√(2g(H − εe)) for e/H ≤ 0.65 with ε = 0.62, else Q = m·b·√(2g)·H^1.5 (domain dossier §7.7);
    the smaller where both could be, so that raising the gate never lessens the flow.
    """
    h, b, e = (float(series_of([v], n)[0]) for v, n in ((head_m, "水头"), (width_m, "闸宽"), (opening_m, "开度")))
    weir = m * b * math.sqrt(2 * 9.81) * h * math.sqrt(h)
    if h == 0 or e / h > 0.65:
        return weir
    return min(weir, mu * b * e * math.sqrt(2 * 9.81 * (h - 0.62 * e)))


def _between(x: float, xs: tuple[float, ...], ys: tuple[float, ...]) -> float:
    """Interpolate on rising xs; below the first and above the last along the end segments."""
    k = min(max(bisect_right(xs, x) - 1, 0), len(xs) - 2)
    return ys[k] + (x - xs[k]) * (ys[k + 1] - ys[k]) / (xs[k + 1] - xs[k])


def _tuple(values: Array) -> tuple[float, ...]:
    return tuple(float(v) for v in values)


def _points(table: LevelTable) -> Array:
    """Return the levels at which a table is read: its own and, since it may be smooth between them, a fine grid."""
    if len(table.level_m) == 2:
        return table.level_m
    return np.union1d(table.level_m, np.linspace(table.level_m[0], table.level_m[-1], FINE))


def _capacity(outlet: Outlet, level_m: Array) -> Array:
    table = outlet.capacity
    held = np.clip(level_m, table.level_m[0], table.level_m[-1])
    out = np.array([table.at(z) for z in held.tolist()], float)
    return np.asarray(np.where(level_m < table.level_m[0], float(table.value[0]), out))


def _shared_out(pool: Pool, level_m: Array, out: Array) -> dict[str, Array]:
    """Divide the release among the outlets: free ones, then turbines, then gates, each up to its capacity."""
    rest, shares = out.copy(), {}
    for kind in ("free", "turbine", "gate"):
        for o in pool.outlets:
            if o.kind == kind:
                capacity = np.interp(level_m, pool.level_m, _capacity(o, np.array(pool.level_m)))
                shares[o.name] = np.minimum(rest, capacity)
                rest = rest - shares[o.name]
    last = next((o.name for k in ("gate", "turbine", "free") for o in reversed(pool.outlets) if o.kind == k), "")
    shares[last] = shares[last] + rest  # a given first outflow may exceed what the curves say
    return shares
