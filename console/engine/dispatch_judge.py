"""The judge of dispatch plans: every plan runs through level pools and Muskingum reaches, and each breach is named.

It shares no equation with the optimiser: reaches by recursion, levels by the storage curve, outlets that let
through no more than they can at the level of each sub-step. Storage is exact: what came less what went.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from console.engine.dispatch_case import (
    FLOW_TOLERANCE_M3S,
    LEVEL_TOLERANCE_M,
    Array,
    Control,
    DispatchCase,
    Reservoir,
    Rule,
)
from console.engine.storage import LevelTable

SUB_STEPS = 6
FINE = 1001  # points of the inverse storage curve: its error is far under the judge's centimetre

WORDS = {
    "level_high": "水位超过上限",
    "level_low": "水位低于下限",
    "beyond_table": "水位超出库容曲线",
    "end": "期末水位不在要求之内",
    "release_low": "出库小于下限",
    "release_high": "出库大于上限",
    "capacity": "出库超过该水位的泄流能力",
    "ramp": "出库变幅过大",
    "gates": "与闸门孔数不符",
}


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit not kept. step: 0 … n − 1, the worst one. kind: a key of WORDS. amount and allowed: m or m³/s."""

    code: str
    name: str
    kind: str
    step: int
    amount: float
    allowed: float
    unit: str

    @property
    def words(self) -> str:
        amounts = f"{self.amount:.2f} {self.unit}（允许 {self.allowed:.2f} {self.unit}）"
        return f"{self.name}第 {self.step + 1} 时段{WORDS[self.kind]}：{amounts}"


@dataclass(frozen=True, slots=True)
class Score:
    """peak_m3s, over_mcm: by control station. total: the objective with its weights, without penalties."""

    peak_m3s: tuple[float, ...]
    peak_step: tuple[int, ...]
    over_mcm: tuple[float, ...]
    top_level_m: tuple[float, ...]
    total: float


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A plan as the judge saw it.

    release, inflow (n_reservoir, n); level, storage (n_reservoir, n + 1); flow (n_control, n).
    why (n_reservoir, n): code of what decided the release, "" for a given schedule.
    """

    release_m3s: Array
    inflow_m3s: Array
    level_m: Array
    storage_mcm: Array
    flow_m3s: Array
    why: tuple[tuple[str, ...], ...]
    breaches: tuple[Breach, ...]
    score: Score
    balance_error: float

    @property
    def feasible(self) -> bool:
        return not self.breaches


Decide = Callable[[int, int, float, float, float], tuple[float, str]]
"""(reservoir, step, level m, inflow m³/s, release before) → release wanted, why."""


class _Routed:
    """One reach, step by step."""

    def __init__(self, coefficients: tuple[int, float, float, float], before: float) -> None:
        parts, self._c0, self._c1, self._c2 = coefficients
        self._in, self._out = [before] * parts, [before] * parts

    def through(self, flow: float) -> float:
        for k, (was_in, was_out) in enumerate(zip(self._in, self._out, strict=True)):
            self._in[k] = flow
            flow = self._out[k] = self._c0 * flow + self._c1 * was_in + self._c2 * was_out
        return flow


class Pool:
    """Level of a storage and what the outlets let through, both quick to ask."""

    def __init__(self, r: Reservoir) -> None:
        self._levels, self._storage = r.storage.drawn(FINE)
        self._capacity = r.capacity
        self._most = r.release_max_m3s

    def level(self, mcm: float) -> float:
        return float(np.interp(mcm, self._storage, self._levels))

    def beyond(self, mcm: float) -> bool:
        return not self._storage[0] - 1e-9 <= mcm <= self._storage[-1] + 1e-9

    def can(self, level_m: float) -> float:
        """Return what all outlets let through; above its curve the capacity of the curve's top."""
        if self._capacity is None:
            return self._most
        low, high = self._capacity.level_m[0], self._capacity.level_m[-1]
        return float(self._capacity.at(min(max(level_m, low), high)) or 0.0) if level_m >= low else 0.0


def starting_flow(case: DispatchCase, code: str) -> float:
    """Return what left a node before the first step: the steady flow of releases now and first laterals."""
    node = next(n for n in case.every if n.code == code)
    if isinstance(node, Reservoir):
        return node.release_now_m3s
    return float(node.lateral_m3s[0]) + sum(starting_flow(case, n.code) for n in case.above(code))


def judge(case: DispatchCase, decide: Decide, gates_open: Array | None = None, *, promised: bool = False) -> Judged:
    """Run decisions through the works; nothing is judged but what the works really did.

    gates_open: (n_reservoir, n). promised: the plan names its releases, so that outlets which cannot give them
    are a breach; a rule only says what it wants.
    """
    n, kappa = case.steps, case.mcm_per_flow
    place = {r.code: i for i, r in enumerate(case.reservoirs)}
    station = {c.code: i for i, c in enumerate(case.controls)}
    pools = [Pool(r) for r in case.reservoirs]
    routes = {x.code: _Routed(x.reach.parts(case.dt_h), starting_flow(case, x.code)) for x in case.nodes}
    release, inflow, wanted = (np.zeros((len(place), n)) for _ in range(3))
    level, storage = (np.zeros((len(place), n + 1)) for _ in range(2))
    flow, why = np.zeros((len(station), n)), [[""] * n for _ in place]
    for i, r in enumerate(case.reservoirs):
        level[i, 0], storage[i, 0] = r.level_m, r.storage.at(r.level_m) or 0.0
    order = case.nodes
    for t in range(n):
        arriving = dict.fromkeys([*place, *station], 0.0)
        for node in order:
            if isinstance(node, Control):
                k = station[node.code]
                out = flow[k, t] = arriving[node.code] + node.lateral_m3s[t]
            else:
                i = place[node.code]
                inflow[i, t] = arriving[node.code] + node.inflow_m3s[t]
                before = release[i, t - 1] if t else node.release_now_m3s
                wanted[i, t], why[i][t] = decide(i, t, level[i, t], inflow[i, t], before)
                out = release[i, t] = _let_through(pools[i], storage[i, t], inflow[i, t], wanted[i, t], kappa)
                storage[i, t + 1] = storage[i, t] + kappa * (inflow[i, t] - out)
                level[i, t + 1] = pools[i].level(storage[i, t + 1])
            if node.to is not None:
                arriving[node.to] += routes[node.code].through(float(out))
    gap = storage[:, -1] - storage[:, 0] - kappa * (inflow - release).sum(1)
    came = kappa * inflow.sum() + storage[:, 0].sum()
    named = wanted if promised else release
    breaches: list[Breach] = []
    for i, r in enumerate(case.reservoirs):
        breaches += _breaches(r, pools[i], level[i], storage[i], release[i], named[i])
    if gates_open is not None:
        breaches += _gate_breaches(case, release, gates_open)
    score = _score(case, release, storage, level, flow)
    return Judged(
        release, inflow, level, storage, flow, tuple(map(tuple, why)), tuple(breaches), score,
        float(np.abs(gap).max() / max(came, 1e-12)),
    )  # fmt: skip


def scheduled(release_m3s: Array) -> Decide:
    """Return decisions that follow a table (n_reservoir, n)."""
    return lambda i, t, _level, _inflow, _before: (float(release_m3s[i, t]), "")


def do_nothing(case: DispatchCase) -> Decide:
    """Let out what comes in, within what the outlets may: no flood storage is used."""

    def decide(i: int, _t: int, _level: float, inflow: float, _before: float) -> tuple[float, str]:
        r = case.reservoirs[i]
        return min(max(inflow, r.release_min_m3s), r.release_max_m3s), "balance"

    return decide


def by_rules(case: DispatchCase) -> Decide:
    """Follow each reservoir's written rule; one without a rule lets out what comes in."""
    pools = [Pool(r) for r in case.reservoirs]
    stations = {c.code: c for c in case.controls}
    kappa = case.mcm_per_flow

    def decide(i: int, t: int, level: float, inflow: float, before: float) -> tuple[float, str]:
        r = case.reservoirs[i]
        if r.rule is None:
            return do_nothing(case)(i, t, level, inflow, before)
        if r.rule.free_m is not None and level >= r.rule.free_m:
            return min(pools[i].can(level), r.release_max_m3s), "free"
        want, why = _by_level(r.rule, level, inflow)
        room = ((r.storage.at(level) or 0.0) - (r.storage.at(r.rule.limit_m) or 0.0)) / kappa
        if why != "below" and want > inflow + max(0.0, room):
            want, why = inflow + max(0.0, room), "to_limit"  # not below the limit within the step
        station = stations.get(r.rule.compensate or "")
        late = case.travel_h(r.code, station.code) if station else None
        if station is not None and late is not None:
            ahead = min(t + round(late / case.dt_h), case.steps - 1)
            allowed = max(0.0, station.safe_m3s - float(station.lateral_m3s[ahead]))
            if want > allowed:
                want, why = allowed, "compensate"
        if r.ramp_m3s is not None and abs(want - before) > r.ramp_m3s:
            want, why = before + np.copysign(r.ramp_m3s, want - before), "ramp"
        return min(max(float(want), r.release_min_m3s), r.release_max_m3s), why

    return decide


def _by_level(rule: Rule, level: float, inflow: float) -> tuple[float, str]:
    if level < rule.limit_m:
        return rule.base_m3s, "below"
    reached = [q for z, q in sorted(rule.stages) if z <= level]
    return (reached[-1], "stage") if reached else (inflow, "hold")


def _let_through(pool: Pool, storage: float, inflow: float, wanted: float, kappa: float) -> float:
    """Return the mean release over a step: what is wanted, or what the outlets let through where that is less."""
    if wanted <= min(pool.can(pool.level(storage)), pool.can(pool.level(storage + kappa * (inflow - wanted)))):
        return wanted  # the level goes straight from one end to the other
    went, here = 0.0, storage
    for _ in range(SUB_STEPS):
        out = min(wanted, pool.can(pool.level(here)))
        half = here + kappa * (inflow - out) / (2 * SUB_STEPS)
        out = min(wanted, pool.can(pool.level(half)))
        here += kappa * (inflow - out) / SUB_STEPS
        went += out / SUB_STEPS
    return went


def _breaches(r: Reservoir, pool: Pool, level: Array, storage: Array, release: Array, wanted: Array) -> list[Breach]:
    """Return the worst breach of each kind, limits kept within a centimetre and 1 m³/s."""
    before = np.concatenate([[r.release_now_m3s], release[:-1]])
    out = []

    def look(kind: str, value: Array, limit: float, sign: float, unit: str) -> None:
        over = sign * (value - limit)
        k = int(np.argmax(over))
        if over[k] > (LEVEL_TOLERANCE_M if unit == "m" else FLOW_TOLERANCE_M3S):
            out.append(Breach(r.code, r.name, kind, k, float(value[k]), float(limit), unit))

    look("level_high", level[1:], r.level_max_m, 1.0, "m")
    look("level_low", level[1:], r.level_min_m, -1.0, "m")
    look("release_low", wanted, r.release_min_m3s, -1.0, "m³/s")
    look("release_high", wanted, r.release_max_m3s, 1.0, "m³/s")
    if r.ramp_m3s is not None:
        look("ramp", np.abs(release - before), r.ramp_m3s, 1.0, "m³/s")
    short = int(np.argmax(wanted - release))
    if wanted[short] - release[short] > FLOW_TOLERANCE_M3S:
        out.append(Breach(r.code, r.name, "capacity", short, float(wanted[short]), float(release[short]), "m³/s"))
    outside = [k for k, s in enumerate(storage[1:].tolist()) if pool.beyond(s)]
    if outside:
        top = float(level[1:][outside[0]])
        out.append(Breach(r.code, r.name, "beyond_table", outside[0], top, top, "m"))
    if r.level_end_m is not None and r.end_must:
        low, high = r.level_end_m
        last = float(level[-1])
        if not low - LEVEL_TOLERANCE_M <= last <= high + LEVEL_TOLERANCE_M:
            out.append(Breach(r.code, r.name, "end", len(release) - 1, last, low if last < low else high, "m"))
    return out


def _gate_breaches(case: DispatchCase, release: Array, gates_open: Array) -> list[Breach]:
    out = []
    for i, r in enumerate(case.reservoirs):
        if r.gates is None:
            continue
        rest = release[i] - gates_open[i] * r.gates.each_m3s
        off = np.maximum(-rest, rest - r.gates.base_max_m3s)
        k = int(np.argmax(off))
        if off[k] > FLOW_TOLERANCE_M3S:
            out.append(Breach(r.code, r.name, "gates", k, float(release[i, k]), float(release[i, k] - off[k]), "m³/s"))
    return out


def _score(case: DispatchCase, release: Array, storage: Array, level: Array, flow: Array) -> Score:
    w, kappa = case.weights, case.mcm_per_flow
    safe = np.array([c.safe_m3s for c in case.controls]).reshape(-1, 1)
    over = np.maximum(flow - safe, 0.0)
    total = w.peak * float(over.max(1).sum() if len(over) else 0.0) + w.over_mcm * kappa * float(over.sum())
    total += w.lower * float(flow.max(1).sum() if len(flow) else 0.0)
    for i, r in enumerate(case.reservoirs):
        total += w.change * float(np.abs(np.diff(release[i], prepend=r.release_now_m3s)).sum())
        total += w.filled_mcm * max(0.0, float(storage[i].max() - storage[i, 0]))
        if r.benefit is not None:
            total -= w.benefit * float(r.benefit @ release[i])
        if r.level_end_m is not None and not r.end_must:
            low, high = (_at(r.storage, z) for z in r.level_end_m)
            total += w.end_mcm * float(max(0.0, low - storage[i, -1], storage[i, -1] - high))
    return Score(
        tuple(float(q.max()) for q in flow), tuple(int(q.argmax()) for q in flow), tuple((kappa * over.sum(1)).tolist()),
        tuple(level.max(1).tolist()), total,
    )  # fmt: skip


def _at(table: LevelTable, level_m: float) -> float:
    return float(table.at(level_m) or 0.0)
