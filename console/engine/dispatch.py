"""Joint dispatch of a chain of reservoirs: optimised, by the written rules, and with nothing done, side by side.

A linear program (HiGHS) proposes, or a mixed one where gates are whole; the judge (dispatch_judge) runs each
plan through level pools and decides whether it keeps every limit. A plan that does not is marked and says which
limit, where and by how much. Outlets that depend on the level are tangents, drawn anew at the judged levels.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from console.engine.dispatch_case import (
    FLOW_TOLERANCE_M3S,
    LEVEL_TOLERANCE_M,
    Array,
    DispatchCase,
    DispatchRefused,
    Reservoir,
    checked,
)
from console.engine.dispatch_judge import Judged, by_rules, do_nothing, judge, scheduled
from console.engine.dispatch_program import Program, Solved
from console.engine.inundation_grid import Going, Stopped, always

ROUNDS = 5
LP_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """kind: optimised, rules, nothing. notes: what must be said of it, in words. gap: of whole gates, 0.02 is 2 %.

    gates_open (n_reservoir, n): None where they were not asked for whole, or not found so.

    state: optimal, limit (time was up: the best so far), infeasible (no plan keeps all limits; this breaks least), given.
    """

    kind: str
    judged: Judged
    state: str
    notes: tuple[str, ...]
    wall_s: float
    gap: float | None = None
    gates_open: Array | None = None

    @property
    def feasible(self) -> bool:
        return self.judged.feasible


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Three plans for one case. best: the kind to propose, None when none keeps all limits."""

    optimised: Plan
    rules: Plan
    nothing: Plan
    best: str | None


@dataclass(frozen=True, slots=True)
class Binding:
    """Why a release is what it is. less: it cannot be smaller because of this; otherwise it cannot be larger.

    kind: release_min, ramp, level_max, level_end, release_max, capacity, level_min, control, free (nothing binds).
    at_step: where the limit is met, later than step for levels; node: whose limit.
    """

    code: str
    step: int
    less: bool
    kind: str
    at_step: int
    node: str
    limit: float
    words: str


def compare(case: DispatchCase, *, integer: bool = False, time_limit_s: float = 30.0, going: Going = always) -> Compared:
    """Return the optimised plan, the rules' and that of doing nothing, all judged alike.

    The optimised plan is never worse than the rules': where the rules keep all limits and score better, their
    schedule is the optimised plan, and it says so.

    Raises:
        DispatchRefused: the case is not usable. Stopped: going said no.
    """
    checked(case)
    nothing = _given(case, "nothing")
    rules = _given(case, "rules")
    _ask(going, 0.2)
    best = optimise(case, integer=integer, time_limit_s=time_limit_s)
    _ask(going, 1.0)
    whole = integer and any(r.gates for r in case.reservoirs)  # rules do not think in whole gates
    if rules.feasible and not whole and (not best.feasible or rules.judged.score.total < best.judged.score.total - 1e-6):
        notes = (*best.notes, "优化没有找到比规则更好的方案，采用规则方案的出库过程。")
        best = Plan("optimised", rules.judged, best.state, notes, best.wall_s, best.gap)
    ranked = sorted((p for p in (best, rules, nothing) if p.feasible), key=lambda p: p.judged.score.total)
    return Compared(best, rules, nothing, ranked[0].kind if ranked else None)


def optimise(case: DispatchCase, *, integer: bool = False, time_limit_s: float = 30.0, gap: float = 0.005) -> Plan:
    """Return the plan with the least of what Weights counts, judged. time_limit_s and gap: for whole gates only.

    Where no plan keeps all limits it is tried once more with breakable ones: at most twice the time.

    Raises:
        DispatchRefused: the case is not usable, or no solution came in time.
    """
    checked(case)
    began = time.perf_counter()
    bent = any(r.capacity is not None for r in case.reservoirs)
    levels: Array | None = judge(case, do_nothing(case)).level_m if bent else None
    notes: list[str] = []
    latest = solved, judged = _round(case, False, levels, LP_LIMIT_S, gap, notes)
    for _ in range(ROUNDS - 1 if bent else 0):
        if levels is not None and np.abs(latest[1].level_m - levels).max() < LEVEL_TOLERANCE_M:
            break
        levels = latest[1].level_m
        latest = _round(case, False, levels, LP_LIMIT_S, gap, notes)
        solved, judged = min((solved, judged), latest, key=lambda f: _order(f[1]))
    if integer and any(r.gates for r in case.reservoirs):  # once, at the levels that the continuous plan led to
        solved, judged = _round(case, True, judged.level_m if bent else None, time_limit_s, gap, notes)
    if not judged.feasible and any(b.kind == "capacity" for b in judged.breaches):
        given = scheduled(judged.release_m3s)  # ask only for what the outlets gave
        again = judge(case, given, solved.gates_open, promised=True)
        judged = min(judged, again, key=_order)
    notes += _notes(case, solved, judged, integer)
    wall_s = time.perf_counter() - began
    return Plan("optimised", judged, solved.state, tuple(dict.fromkeys(notes)), wall_s, solved.gap, solved.gates_open)


def bindings(case: DispatchCase, plan: Plan, code: str) -> tuple[Binding, ...]:
    """Return for each step why a reservoir's release cannot be smaller, and why not larger: 2·n lines.

    Found from the limits that the judged plan touches (1 cm, 1 m³/s): a level limit binds every release before
    it. It names the first one met; it does not prove that no other plan is as good.

    Raises:
        KeyError: there is no such reservoir.
    """
    codes = [r.code for r in case.reservoirs]
    if code not in codes:
        raise KeyError(code)
    i = codes.index(code)
    return tuple(
        b for t in range(case.steps) for b in (_why_not_less(case, plan.judged, i, t), _why_not_more(case, plan.judged, i, t))
    )


def _why_not_less(case: DispatchCase, j: Judged, i: int, t: int) -> Binding:
    r, q = case.reservoirs[i], float(j.release_m3s[i, t])
    before = float(j.release_m3s[i, t - 1]) if t else r.release_now_m3s
    if q <= r.release_min_m3s + FLOW_TOLERANCE_M3S:
        return _binding(r, t, True, "release_min", t, r.release_min_m3s, f"已是最小出库 {r.release_min_m3s:.0f} m³/s")
    if r.ramp_m3s is not None and before - q >= r.ramp_m3s - FLOW_TOLERANCE_M3S:
        return _binding(r, t, True, "ramp", t, r.ramp_m3s, f"每时段变幅已到 {r.ramp_m3s:.0f} m³/s，不能减得更快")
    full = np.flatnonzero(j.level_m[i, t + 1 :] >= r.level_max_m - LEVEL_TOLERANCE_M)
    if len(full):
        at = t + int(full[0])
        return _binding(
            r, t, True, "level_max", at, r.level_max_m, f"再少放，第 {at + 1} 时段末将超过最高水位 {r.level_max_m:.2f} m"
        )
    if r.level_end_m is not None and abs(j.level_m[i, -1] - r.level_end_m[1]) <= LEVEL_TOLERANCE_M:
        end = r.level_end_m[1]
        return _binding(r, t, True, "level_end", case.steps - 1, end, f"再少放，期末水位将高于 {end:.2f} m")
    return _binding(r, t, True, "free", t, q, "没有界限挡着：再少放不能使控制站更好")


def _why_not_more(case: DispatchCase, j: Judged, i: int, t: int) -> Binding:
    r, q = case.reservoirs[i], float(j.release_m3s[i, t])
    before = float(j.release_m3s[i, t - 1]) if t else r.release_now_m3s
    if q >= r.release_max_m3s - FLOW_TOLERANCE_M3S:
        return _binding(r, t, False, "release_max", t, r.release_max_m3s, f"已是最大出库 {r.release_max_m3s:.0f} m³/s")
    if r.capacity is not None:
        lower = float(min(j.level_m[i, t], j.level_m[i, t + 1]))
        can = r.capacity.at(min(max(lower, r.capacity.level_m[0]), r.capacity.level_m[-1])) or 0.0
        if q >= can - FLOW_TOLERANCE_M3S:
            return _binding(r, t, False, "capacity", t, can, f"已到该水位的泄流能力 {can:.0f} m³/s")
    if r.ramp_m3s is not None and q - before >= r.ramp_m3s - FLOW_TOLERANCE_M3S:
        return _binding(r, t, False, "ramp", t, r.ramp_m3s, f"每时段变幅已到 {r.ramp_m3s:.0f} m³/s，不能加得更快")
    for k, c in enumerate(case.controls):
        late = case.travel_h(r.code, c.code)
        if late is None:
            continue
        top = max(c.safe_m3s, float(j.flow_m3s[k].max()))
        span = j.flow_m3s[
            k, t : min(case.steps, t + round(2 * late / case.dt_h) + 2)
        ]  # most of what leaves now is there by then
        at = np.flatnonzero(span >= top - FLOW_TOLERANCE_M3S)
        if len(at):
            word = "安全泄量" if top <= c.safe_m3s + FLOW_TOLERANCE_M3S else "最高流量"
            return _binding(
                r,
                t,
                False,
                "control",
                t + int(at[0]),
                top,
                f"{c.name}第 {t + int(at[0]) + 1} 时段已到{word} {top:.0f} m³/s",
                c.code,
            )
    empty = np.flatnonzero(j.level_m[i, t + 1 :] <= r.level_min_m + LEVEL_TOLERANCE_M)
    if len(empty):
        at_step = t + int(empty[0])
        return _binding(
            r, t, False, "level_min", at_step, r.level_min_m, f"再多放，第 {at_step + 1} 时段末将低于 {r.level_min_m:.2f} m"
        )
    if r.level_end_m is not None and abs(j.level_m[i, -1] - r.level_end_m[0]) <= LEVEL_TOLERANCE_M:
        end = r.level_end_m[0]
        return _binding(r, t, False, "level_end", case.steps - 1, end, f"再多放，期末水位将低于 {end:.2f} m")
    return _binding(r, t, False, "free", t, q, "没有界限挡着：再多放没有好处")


def _binding(r: Reservoir, t: int, less: bool, kind: str, at: int, limit: float, words: str, node: str = "") -> Binding:
    return Binding(r.code, t, less, kind, at, node or r.code, limit, words)


def _given(case: DispatchCase, kind: str) -> Plan:
    began = time.perf_counter()
    judged = judge(case, by_rules(case) if kind == "rules" else do_nothing(case))
    notes = [b.words for b in judged.breaches]
    if kind == "rules":
        notes += [f"{r.name}没有给出调度规则，按来多少放多少计。" for r in case.reservoirs if r.rule is None]
    return Plan(kind, judged, "given", tuple(notes), time.perf_counter() - began)


def _round(
    case: DispatchCase, whole: bool, levels: Array | None, time_limit_s: float, gap: float, notes: list[str]
) -> tuple[Solved, Judged]:
    solved = _solved(case, whole, levels, time_limit_s, gap, notes)
    return solved, judge(case, scheduled(solved.release_m3s), solved.gates_open, promised=True)


def _solved(case: DispatchCase, whole: bool, levels: Array | None, time_limit_s: float, gap: float, notes: list[str]) -> Solved:
    """Solve with every limit hard; only when nothing keeps them all, with each limit breakable at its price."""
    for integer in (True, False) if whole else (False,):
        for elastic in (False, True):
            limit = time_limit_s if integer else LP_LIMIT_S
            found = Program(case, integer=integer, elastic=elastic, levels_m=levels).solve(limit, gap)
            if len(found.release_m3s):
                return Solved("infeasible", *_rest(found)) if elastic else found
            if found.state == "limit":
                break
        if integer:
            notes.append(f"整数闸门在 {time_limit_s:.0f} 秒内没有解出，改按连续开度计算。")
    raise DispatchRefused(f"优化在 {LP_LIMIT_S:.0f} 秒内没有解出。", "请缩短时段数或减少节点后再试；规则方案仍可用。")


def _rest(s: Solved) -> tuple[Array, Array | None, float | None, int]:
    return s.release_m3s, s.gates_open, s.gap, s.nodes


def _order(j: Judged) -> tuple[bool, float, float]:
    """Return what makes one judged plan better than another: limits kept, then how far broken, then the objective."""
    return not j.feasible, sum(abs(b.amount - b.allowed) for b in j.breaches), j.score.total


def _notes(case: DispatchCase, solved: Solved, judged: Judged, integer: bool) -> list[str]:
    words = [f"不可行：{b.words}" for b in judged.breaches]
    if solved.state == "infeasible":
        words.append("没有方案能同时满足全部约束；这里给出违反最少的一个，不能直接下达。")
    if solved.state == "limit" and solved.gap is not None:
        words.append(f"时间到，当前解距最优界 {solved.gap:.1%}。")
    if any(r.gates for r in case.reservoirs):
        words.append("闸门按整孔、单孔流量不随水位变化计。" if integer else "闸门按连续开度计，未取整孔。")
    words.append("按给定来水完全准确计；河道用线性马斯京根，起始按恒定流。")
    return words


def _ask(going: Going, share: float) -> None:
    if not going(share):
        raise Stopped
