"""A proposed schedule for the measured reservoirs of a chain, from a scenario's own inflows; pure, for a worker.

The chain is seen as its reservoirs with a known level and the stations with a safe flow, joined by their travel times.
The proposal is a scenario like any other: its releases are run through the whole network again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from console.domain.scenario import (
    NAME_MAX,
    NOTE_MAX,
    Breach,
    DamBreak,
    Inflow,
    Input,
    Keep,
    Rain,
    Retention,
    Scenario,
    Schedule,
    Spill,
    StartLevel,
    Tide,
)
from console.engine import dispatch
from console.engine.dispatch_case import Control, DispatchCase, Reach, Reservoir, Rule, Weights
from console.engine.inundation_grid import Stopped
from console.engine.network import Network, run
from console.engine.network_nodes import Node, Station
from console.engine.network_nodes import Reach as ReachNode
from console.engine.network_nodes import Retention as RetentionNode
from console.engine.network_reservoir import Reservoir as ReservoirNode
from console.engine.refused import EngineRefused
from console.engine.storage import LevelTable
from console.engine.whatif import RunRefused, outcome_of
from console.engine.whatif_gates import whole_gates
from console.engine.whatif_inputs import PASSING, STEP_H, Case, begun, changed_inflows, started

Array = NDArray[np.float64]
STATES = {
    "optimal": "最优",
    "limit": "到时限，未证最优",
    "infeasible": "没有方案满足全部约束，此方案违反最少",
    "given": "采用规则方案",
}
X = 0.2
ROUNDS, OVER_M = 3, 0.05  # the program sees means over steps; the network, which has the last word, instants
WEIGHTS = Weights(lower=0.2, filled_mcm=2.0)
"""A peak below the safe flow is lowered while 10⁶ m³ of room take 10 m³/s off it, at the two stations together: a crest
shaved flat for more than about a day is left, and the room kept for the next flood."""
Tell = Callable[..., None]
GIVEN = (Inflow, Rain, Retention, Spill, Tide, Breach, StartLevel)  # what a proposal takes over as it is


@dataclass(frozen=True, slots=True)
class Proposal:
    """A new scenario's name, inputs and note. feasible: every limit is kept."""

    name: str
    inputs: tuple[Input, ...]
    note: str
    feasible: bool


def optimise_case(case: Case, tell: Tell) -> Proposal:
    """Propose releases for a scenario's inflows; its held levels are taken as ceilings.

    Raises:
        RunRefused: there is no reservoir whose level is measured, or no station with a safe flow below one.
        DispatchRefused: a limit makes no sense.
    """

    def going(share: float) -> bool:
        tell(share)
        return True

    try:
        case = begun(case)
        asked = dispatch_case(case)
        tops = {r.code: r.level_max_m for r in asked.reservoirs}  # as they were asked for: later rounds leave a margin
        for _ in range(ROUNDS):
            found = dispatch.compare(asked, going=going)
            proposal = _proposal(case.scenario, asked, found, tops)
            over = _over(case, proposal, tops)
            lower = _lowered(asked, over)
            if not over or lower is None or not proposal.feasible:
                break
            asked = lower
        if not over and proposal.feasible:
            proposal = _in_whole_gates(case, asked, found, tops, proposal)
    except EngineRefused as exc:
        raise RunRefused(f"情景“{case.scenario.name}”没有优化：{exc.detail}。", "请改这一项后再算。", exc.code) from exc
    except Stopped as exc:  # going never says no
        raise RunRefused("优化中断。", "请再算一次。") from exc
    return _marked(case.scenario, proposal, asked, tops, over)


def _in_whole_gates(
    case: Case, asked: DispatchCase, found: dispatch.Compared, tops: Mapping[str, float], smooth: Proposal
) -> Proposal:
    """Return the proposal in whole gates where the whole network keeps its ceilings with it, else the continuous one."""
    whole = whole_gates(case.declared, asked, found)
    if whole.plan is None:
        return replace(smooth, note="；".join(filter(None, [smooth.note, whole.words]))[:NOTE_MAX])
    best = replace(found, optimised=whole.plan)
    proposal = _proposal(case.scenario, asked, best, tops, whole.words)
    if not _over(case, proposal, tops):
        return proposal
    return replace(smooth, note=f"{smooth.note}；整孔闸门方案经全河网复算超过水位上限，出库按连续开度"[:NOTE_MAX])


def _over(case: Case, proposal: Proposal, tops: Mapping[str, float]) -> dict[str, float]:
    """Return by how much the whole network's run of a proposal stands over the highest levels, m, by reservoir.

    Raises:
        EngineRefused: the network cannot be run with it.
    """
    inputs = tuple(i for i in proposal.inputs if not isinstance(i, Breach))  # below all that is asked for
    nodes = outcome_of(replace(case, scenario=replace(case.scenario, inputs=inputs), plains={})).nodes
    off = {k: node.highest[0] - tops[k] for k, node in nodes.items() if k in tops and node.highest is not None}
    return {k: v for k, v in off.items() if v > OVER_M}


def _lowered(asked: DispatchCase, over: Mapping[str, float]) -> DispatchCase | None:
    """Return the question with its highest levels lowered by what the run stood over; None where there is no room left."""
    reservoirs = []
    for r in asked.reservoirs:
        top = r.level_max_m - over.get(r.code, 0.0)
        if r.code in over and (top <= r.level_m or top <= r.level_min_m):
            return None
        end = None if r.level_end_m is None else (min(r.level_end_m[0], top), min(r.level_end_m[1], top))
        reservoirs.append(replace(r, level_max_m=top, level_end_m=end))
    return replace(asked, reservoirs=tuple(reservoirs))


def _marked(
    scenario: Scenario, proposal: Proposal, asked: DispatchCase, tops: Mapping[str, float], over: Mapping[str, float]
) -> Proposal:
    """Return a proposal with what the run of the whole network has against it."""
    if not over:
        return proposal
    names = {r.code: r.name for r in asked.reservoirs}
    words = [f"全河网复算{names[k]}高出上限 {tops[k]:.2f} m 达 {v:.2f} m" for k, v in over.items()]
    name = proposal.name if not proposal.feasible else f"优化（不满足约束）：{scenario.name}"[:NAME_MAX]
    return replace(proposal, name=name, note="；".join([*words, proposal.note])[:NOTE_MAX], feasible=False)


def dispatch_case(case: Case) -> DispatchCase:
    """Return what a joint dispatch of the chain is asked. Raises: EngineRefused."""
    if any(isinstance(entry, DamBreak) for entry in case.scenario.inputs):
        raise EngineRefused("declared", "有溃坝的情景不能优化调度")
    network = Network.of(case.declared)
    inflows, _ = changed_inflows(network, case)
    stops = _stops(network, case)
    pools = [k for k in stops if isinstance(network.nodes[k].kind, ReservoirNode)]
    stations = [k for k in stops if k not in pools]
    if not pools:
        raise EngineRefused("declared", "没有一座有库容曲线和实测库水位的水库")
    if not stations:
        raise EngineRefused("declared", "水库下游没有给出安全流量（safe_m3s）的控制站")
    open_network = network.changed(_open(network))
    carried = started(case).carried
    lateral = {k: _lateral(open_network, inflows, k, stops, carried) for k in stops}
    ceilings = {i.work: i.level_m for i in case.scenario.inputs if isinstance(i, Keep)}
    return DispatchCase(
        STEP_H,
        tuple(_reservoir(network, case, k, lateral[k], stops, ceilings.get(k)) for k in pools),
        tuple(_control(network, k, lateral[k], stops) for k in stations),
        WEIGHTS,
    )


def _stops(network: Network, case: Case) -> list[str]:
    """Return reservoirs with a curve and a level, and the stations with a safe flow below one of them."""
    pools = [k for k, n in network.nodes.items() if isinstance(n.kind, ReservoirNode) and n.kind.pool and k in case.base.start]
    below = {k for pool in pools for k in _way(network, pool)}
    return [
        k for k, n in network.nodes.items()
        if k in pools or (k in below and isinstance(n.kind, Station) and n.kind.safe_m3s is not None)
    ]  # fmt: skip


def _way(network: Network, node: str) -> list[str]:
    """Return the nodes below one, in order."""
    found, here = [], network.nodes[node].to
    while here is not None:
        found.append(here)
        here = network.nodes[here].to
    return found


def _open(network: Network) -> dict[str, dict[str, object]]:
    """Return changes that let everything pass: reservoirs without storage, detention areas shut."""
    changes: dict[str, dict[str, object]] = {}
    for k, n in network.nodes.items():
        if isinstance(n.kind, ReservoirNode) and n.kind.pool is not None:
            changes[k] = dict(PASSING)
        if isinstance(n.kind, RetentionNode):
            changes[k] = {"opens_m3s": None, "opens_h": None, "opens_level_m": None}
    return changes


def _lateral(
    network: Network, inflows: Mapping[str, Array], stop: str, stops: list[str], carried: Mapping[str, Array]
) -> Array:
    """Return what joins above a stop and below the next ones, as means over steps.

    carried: what flows within reaches at the start; of those above all stops alone, for below a stop the program
    routes releases itself.
    """
    mine = {k for k in inflows if next((n for n in _way(network, k) if n in stops), "") == stop}
    only = {k: (v if k in mine else np.zeros_like(v)) for k, v in inflows.items()}
    below = {k for s in stops for k in _way(network, s)}
    own = {k: v for k, v in carried.items() if k not in below and next((n for n in _way(network, k) if n in stops), "") == stop}
    flow = run(network, only, STEP_H, carried=own).courses[stop].inflow_m3s[0]
    return np.asarray(np.maximum((flow[:-1] + flow[1:]) / 2, 0.0), float)


def _joined(network: Network, node: str, stops: list[str]) -> tuple[str | None, Reach]:
    """Return the next stop below and the reach to it."""
    spent = 0.0
    for below in _way(network, node):
        kind = network.nodes[below].kind
        if below in stops:
            return below, Reach(spent, X if spent else 0.0)
        spent += kind.k_h if isinstance(kind, ReachNode) else 0.0
    return None, Reach()


def _reservoir(network: Network, case: Case, node_id: str, own: Array, stops: list[str], ceiling: float | None) -> Reservoir:
    node: Node = network.nodes[node_id]
    kind = node.kind
    if not isinstance(kind, ReservoirNode) or kind.pool is None:
        raise EngineRefused("declared", f"“{node.name}”没有库容曲线")
    pool, limits, level = kind.pool, kind.limits, case.base.start[node_id]
    known = [i for i, z in enumerate(pool.level_m) if z <= pool.curve_top_m + 1e-9]
    levels = [pool.level_m[i] for i in known]
    storage = LevelTable(levels, [pool.storage_m3[i] / 1e6 for i in known], smooth=False)
    capacity = LevelTable(levels, [pool.most_m3s[i] for i in known], smooth=False)
    top = min(ceiling if ceiling is not None else limits.top_m, levels[-1])
    if level > top:
        raise EngineRefused("range", f"“{node.name}”起算水位 {level:.2f} m 已高于上限 {top:.2f} m")
    most = min(max(pool.most_m3s), limits.most_m3s)
    ramps = [v for v in (limits.rise_m3s_h, limits.fall_m3s_h) if np.isfinite(v)]
    seen = case.base.measured.get(node_id)
    now = float(seen.flow[1][0]) if seen is not None and len(seen.flow[1]) else float(own[0])
    to, reach = _joined(network, node_id, stops)
    return Reservoir(
        node_id, node.name, storage, own, level, max(limits.bottom_m, levels[0]), top, most,
        release_now_m3s=min(now, most), to=to, reach=reach, capacity=capacity, ramp_m3s=min(ramps) * STEP_H if ramps else None,
        level_end_m=(max(level - 0.5, levels[0]), min(level + 0.5, top)), end_must=False, rule=Rule(level),
    )  # fmt: skip


def _control(network: Network, node_id: str, lateral: Array, stops: list[str]) -> Control:
    node = network.nodes[node_id]
    if not isinstance(node.kind, Station) or node.kind.safe_m3s is None:
        raise EngineRefused("declared", f"“{node.name}”没有安全流量")
    to, reach = _joined(network, node_id, stops)
    return Control(node_id, node.name, node.kind.safe_m3s, lateral, to, reach)


def _proposal(
    scenario: Scenario, asked: DispatchCase, found: dispatch.Compared, tops: Mapping[str, float], first: str = ""
) -> Proposal:
    """Return the optimised plan as a scenario. first: what its note says before all else."""
    plan = found.optimised
    schedules = tuple(Schedule(r.code, "release", _steps(plan.judged.release_m3s[i])) for i, r in enumerate(asked.reservoirs))
    kept = tuple(i for i in scenario.inputs if isinstance(i, GIVEN) or _other(i, asked))
    lines = [first or f"线性规划：{STATES[plan.state]}"]
    if any(isinstance(i, Breach) for i in kept):
        lines.append("按堤防不溃时的来水和控制站优化，溃口照旧计入新情景")
    for i, c in enumerate(asked.controls):
        peaks = [p.judged.score.peak_m3s[i] for p in (plan, found.rules, found.nothing)]
        lines.append(f"{c.name}洪峰 {peaks[0]:.0f}（按起算水位控制 {peaks[1]:.0f}，不调度 {peaks[2]:.0f}）")
    for i, r in enumerate(asked.reservoirs):
        level = plan.judged.level_m[i]
        lines.append(
            f"{r.name}最高 {plan.judged.score.top_level_m[i]:.2f} m（上限 {tops[r.code]:.2f} m）、最低 {level.min():.2f} m、"
            f"期末 {level[-1]:.2f} m{_missed(r, float(level[-1]))}"
        )
        at = int(np.argmax(plan.judged.flow_m3s[-1])) if len(asked.controls) else 0
        words = [b.words for b in dispatch.bindings(asked, plan, r.code) if b.less and b.kind != "free" and b.step <= at]
        if words:
            lines.append(f"不能再少泄：{words[-1]}")
    lines += [f"违反：{b.words}" for b in plan.judged.breaches[:3]]
    marked = "" if plan.feasible else "（不满足约束）"
    name = f"优化{marked}：{scenario.name}"[:NAME_MAX]
    return Proposal(name, (*kept, *schedules), "；".join(lines)[:NOTE_MAX], plan.feasible)


def _missed(r: Reservoir, last_m: float) -> str:
    """Return by how much the level at the end is off what was wished, in words; "" where it is not."""
    low, high = r.level_end_m or (last_m, last_m)
    off = last_m - high if last_m > high else last_m - low if last_m < low else 0.0
    return (
        f"（偏离期望 {low:.2f}–{high:.2f} m 达 {off:+.2f} m，还没有{'消落' if off > 0 else '回蓄'}）" if abs(off) > 0.05 else ""
    )


def _other(entry: Input, asked: DispatchCase) -> bool:
    """Tell whether an operation concerns something that the proposal does not set."""
    return isinstance(entry, Schedule) and entry.work not in {r.code for r in asked.reservoirs}


def _steps(release: Array) -> tuple[tuple[float, float], ...]:
    """Return a release by step as (seconds, m³/s), where it changes."""
    rounded = np.round(release)
    keep = [0, *(i for i in range(1, len(rounded)) if rounded[i] != rounded[i - 1])]
    return tuple((i * STEP_H * 3600.0, float(rounded[i])) for i in keep)
