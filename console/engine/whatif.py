"""One scenario of a chain: its inputs applied to the network and the base, run, and put into figures.

Pure: the same case gives the same outcome, here or in another process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.domain.scenario import DamBreak, Inflow, Input, Keep, Rain, Retention, Scenario, Schedule, Spill, Tide, named
from console.engine.chain_base import Base
from console.engine.dam_break import failed
from console.engine.network import Network, NodeCourse, run
from console.engine.network_nodes import Diversion, Node, Station
from console.engine.network_nodes import Inflow as InflowNode
from console.engine.network_nodes import Retention as RetentionNode
from console.engine.network_reading import SETTLED, Assumed
from console.engine.network_reservoir import Reservoir
from console.engine.rain_runoff import model_of, with_rain
from console.engine.refused import EngineRefused
from console.engine.tidal_case import joining_of, places_of, tidal_course
from console.engine.warm_start import FADE_H, Warm, corrected, shift_m, warm
from console.engine.whatif_spill import Spilled, spills_of
from console.errors import ConsoleError

Array = NDArray[np.float64]
ENGINE = "chain-3"
STEP_H = 1.0
Tell = Callable[..., None]
PASSING: dict[str, Any] = {
    "through": {"value": True, "sure": "假定", "src": "没有实测库水位"}, "storage": None, "outlets": None, "rule": None,
    "limits": None, "start_level_m": None, "gates": None,
}  # fmt: skip


class RunRefused(ConsoleError):
    """A scenario that cannot be run; says what to change."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """declared: the network as its file has it."""

    declared: Mapping[str, Any]
    base: Base
    scenario: Scenario


@dataclass(frozen=True, slots=True, eq=False)
class NodeOutcome:
    """A node's course, (n,) hourly from the base moment. level_m: NaN where no level is known.

    kind: reservoir, station, diversion, retention. branch_m3s: diverted, or taken into the area.
    """

    name: str
    kind: str
    inflow_m3s: Array
    flow_m3s: Array
    branch_m3s: Array | None
    level_m: Array | None
    storage_m3: Array | None
    reasons: tuple[str, ...]

    @property
    def peak(self) -> tuple[float, float]:
        """Return the greatest flow, m³/s, and its hour."""
        i = int(np.argmax(self.flow_m3s))
        return float(self.flow_m3s[i]), i * STEP_H

    @property
    def highest(self) -> tuple[float, float] | None:
        """Return the highest level, m, and its hour; None where none is known, at a station also at the time of the peak."""
        if self.level_m is None or not np.isfinite(self.level_m).any():
            return None
        if self.kind != "reservoir" and not np.isfinite(self.level_m[int(np.argmax(self.flow_m3s))]):
            return None
        i = int(np.nanargmax(self.level_m))
        return float(self.level_m[i]), i * STEP_H


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """nodes by id in order downstream; reaches and inflows are left out. mass_error: part of what came in.

    spills: of the scenario, in its order. corrected_m3s: by station, its flow with the errors before the start taken off.
    """

    hours: Array
    nodes: Mapping[str, NodeOutcome]
    mass_error: float
    assumed: tuple[Assumed, ...]
    limits: tuple[str, ...]
    spills: tuple[Spilled, ...] = ()
    corrected_m3s: Mapping[str, Array] = field(default_factory=dict)

    def figures(self) -> dict[str, float]:
        """Return the figures that tables are made of, by name."""
        found: dict[str, float] = {}
        for node_id, node in self.nodes.items():
            found[f"{node_id}.peak_m3s"], found[f"{node_id}.peak_h"] = node.peak
            if node.highest is not None:
                found[f"{node_id}.highest_m"], found[f"{node_id}.highest_h"] = node.highest
            if node.storage_m3 is not None:
                found[f"{node_id}.most_mcm"] = float(node.storage_m3.max()) / 1e6
        return found


def run_case(case: Case, tell: Tell) -> Outcome:
    """Run a scenario; fit to be sent to a worker process.

    Raises:
        RunRefused: what cannot be calculated, with what to change.
    """
    try:
        return outcome_of(case, tell)
    except EngineRefused as exc:
        raise RunRefused(f"情景“{case.scenario.name}”没有算：{exc.detail}。", "请改这一项后再算。", exc.code) from exc


def outcome_of(case: Case, tell: Tell = lambda *_: None) -> Outcome:
    """Raises: EngineRefused: an input for a place that is not there, or of a kind that a chain does not take."""
    network, inflows, said = prepared(case)
    tell(0.1)
    start = started(case)
    got = run(network, inflows, STEP_H, case.base.start, start.carried)
    tell(0.9)
    nodes = {
        k: _outcome(node, got.courses[k])
        for k, node in network.nodes.items()
        if isinstance(node.kind, Reservoir | Station | Diversion | RetentionNode)
    }
    for one in (entry for entry in case.scenario.inputs if isinstance(entry, DamBreak)):
        nodes[one.work] = _gone(nodes[one.work], one.at_s / 3600.0)
    fading = np.exp(-np.arange(len(next(iter(nodes.values())).flow_m3s)) * STEP_H / FADE_H)
    for k, node in nodes.items():
        moved = shift_m(start, case.base.stage_m.get(k), node.level_m)
        if moved and node.level_m is not None:
            nodes[k] = replace(node, level_m=np.asarray(node.level_m + moved * fading, float))
            said.append(f"{node.name}：水位按起算时实测修正 {moved:+.2f} m，此后渐减（每 {FADE_H:g} h 减到 1/e，假定）")
    n = len(next(iter(nodes.values())).flow_m3s)
    mass_error, tidal = got.mass_error, set[str]()
    for entry in case.scenario.inputs:
        if isinstance(entry, Tide):
            below, mass, of_tide = _tidal(case, entry, nodes)
            nodes |= below
            mass_error = max(mass_error, mass)
            said += of_tide
            tidal |= {node.name for node in below.values()}
    joining = joining_of(case.declared)
    if not tidal and joining and any(isinstance(i, Inflow) and i.node == joining for i in case.scenario.inputs):
        raise EngineRefused("declared", "这条江的来水只在给了增水或潮位时起作用，请加一项潮位，或删去它的来水")
    spills, of_spills = spills_of(case.declared, got.courses, [i for i in case.scenario.inputs if isinstance(i, Spill)])
    stations = {k: node for k, node in nodes.items() if node.kind == "station"}
    named_so = {k: node.name for k, node in stations.items()}
    better, of_start = corrected(start, {k: node.flow_m3s for k, node in stations.items()}, named_so)
    limits = (*start.said, *of_start, *said, *(line for line in got.limits if line.split("：")[0] not in tidal), *of_spills)
    return Outcome(np.arange(n, dtype=float) * STEP_H, nodes, mass_error, got.assumed, limits, spills, better)


def _gone(node: NodeOutcome, at_h: float) -> NodeOutcome:
    """Return a reservoir whose level and storage end with its dam."""
    after = np.arange(len(node.flow_m3s)) * STEP_H >= at_h
    level = None if node.level_m is None else np.where(after, np.nan, node.level_m)
    return replace(node, level_m=level, storage_m3=None if node.storage_m3 is None else np.where(after, 0.0, node.storage_m3))


def _tidal(case: Case, entry: Tide, nodes: Mapping[str, NodeOutcome]) -> tuple[dict[str, NodeOutcome], float, list[str]]:
    """Return the nodes of the tidal river, the error of its balance and what must be said of it. Raises: EngineRefused."""
    last = str(case.declared.get("tidal", {}).get("node", ""))
    joining = joining_of(case.declared)
    if case.declared.get("tidal") and last not in nodes:
        raise EngineRefused("declared", f"河网文件的 tidal：没有节点“{last}”")
    given = next((i for i in case.scenario.inputs if isinstance(i, Inflow) and joining and i.node == joining), None)
    above = nodes[last].flow_m3s if last in nodes else np.zeros(1)
    got = tidal_course(case.declared, case.base, entry, given, above)
    found = {}
    for place in places_of(case.declared):
        k = str(place["id"])
        if k in nodes:
            found[k] = replace(nodes[k], level_m=got.level_m[k])  # its flow stays the chain's: comparable without a tide
        else:
            found[k] = NodeOutcome(
                str(place["name"]), "station", got.flow_m3s[k], got.flow_m3s[k], None, got.level_m[k], None, ()
            )
    return found, got.mass_error, list(got.said)


def started(case: Case) -> Warm:
    """Return where the rivers stand when a case begins: as measured, unless every inflow is the scenario's own.

    A flood of a stated frequency does not begin in the rivers of today. Raises: EngineRefused.
    """
    if case.scenario.given >= set(case.base.inflows_m3s):
        return Warm(said=("全部来水由情景给定，河段按恒定流起算",))
    return warm(case.declared, case.base)


def prepared(case: Case) -> tuple[Network, dict[str, Array], list[str]]:
    """Return a scenario's network and inflows, and what must be said of both. Raises: EngineRefused."""
    breaks = _breaks(case)
    hours = len(next(iter(case.base.inflows_m3s.values())))
    declared, floods, broken = failed(case.declared, case.base.start, hours, breaks)
    network = Network.of(declared)
    held, said = _held(network, case.base)
    changes, operated = dict(held), dict[str, Input]()
    inflows, rained = changed_inflows(network, case)
    for entry in case.scenario.inputs:
        if not isinstance(entry, Inflow | Rain | Spill | DamBreak | Tide):
            node_id, change = _change(network, entry)
            changes[node_id] = change
            if node_id in operated:
                both = "、".join(_way_of(e) for e in (operated[node_id], entry))
                raise EngineRefused("declared", f"“{network.nodes[node_id].name}”同时给了{both}，只能按一种调度，请只留一项")
            operated[node_id] = entry
            said = [line for line in said if not line.startswith(f"{network.nodes[node_id].name}：没有给出调度")]
    raw = {str(r["id"]): r for r in network.raw}
    for one in breaks:
        if one.work not in case.base.start:  # nothing is known of the pool before
            changes[one.work] = dict(PASSING)
            continue
        rule = changes.get(one.work, {}).get("rule", raw[one.work].get("rule")) or {"kind": "free"}
        bare = rule["value"] if "value" in rule else {k: v for k, v in rule.items() if k not in ("sure", "src")}
        changes[one.work] = {"rule": _planned({"kind": "until", "until_h": one.at_s / 3600.0, "rule": bare})}
    return network.changed(changes), inflows | floods, [*said, *rained, *broken]


def _breaks(case: Case) -> list[DamBreak]:
    """Return a scenario's failing dams, each with the level that it fails at: as stated, or as the run has it by then.

    Raises:
        EngineRefused: one fails after the run.
    """
    found: list[DamBreak] = []
    others = tuple(entry for entry in case.scenario.inputs if not isinstance(entry, DamBreak | Spill | Tide))
    for one in sorted((e for e in case.scenario.inputs if isinstance(e, DamBreak)), key=lambda e: e.at_s):
        if one.at_s >= case.scenario.lead_h * 3600.0:
            raise EngineRefused("range", f"溃坝时间 {one.at_s / 3600:g} h 不在预见期 {case.scenario.lead_h:g} h 内")
        level = one.level_m
        if level is None and one.work in case.base.start:
            until_then = replace(case, scenario=replace(case.scenario, inputs=(*others, *found)))
            network, inflows, _ = prepared(until_then)
            course = run(network, inflows, STEP_H, case.base.start, started(until_then).carried).courses[one.work]
            levels = course.level_m[0] if course.level_m is not None else np.full(2, case.base.start[one.work])
            level = float(np.interp(one.at_s / 3600.0, np.arange(len(levels)) * STEP_H, levels))
        found.append(replace(one, level_m=level))
    return found


def changed_inflows(network: Network, case: Case) -> tuple[dict[str, Array], list[str]]:
    """Return the base's inflows with a scenario's changes, rain first, and what must be said of them.

    Raises:
        EngineRefused: there is no such inflow or basin, or its rain cannot be used.
    """
    rains = [entry for entry in case.scenario.inputs if isinstance(entry, Rain)]
    model = model_of(case.declared) if rains else None
    inflows, said = with_rain(model, case.base.rain, case.base.inflows_m3s, rains, case.scenario.given)
    for entry in case.scenario.inputs:
        if isinstance(entry, Inflow) and entry.node != joining_of(case.declared):
            _node(network, entry, entry.node, InflowNode)
            inflows[entry.node] = _changed(inflows[entry.node], entry)
    return inflows, said


def _held(network: Network, base: Base) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return what is changed of reservoirs that a scenario says nothing of, and the words for it.

    One whose own rule nobody published stays at the level that it starts from; one whose level is not measured
    passes on what comes.
    """
    rules, said = {}, []
    raw = {str(r["id"]): r for r in network.raw}
    for node_id, node in network.nodes.items():
        own = raw[node_id].get("rule")
        if not isinstance(node.kind, Reservoir) or node.kind.pool is None:
            continue
        if node_id not in base.start:
            said.append(f"{node.name}：没有给出调度，也没有实测库水位，按来水下泄")
            rules[node_id] = dict(PASSING)
            continue
        if isinstance(own, Mapping) and own.get("sure") not in SETTLED:
            level = round(base.start[node_id], 2)
            rule = {"kind": "hold", "level_m": level}
            rules[node_id] = {"rule": {"value": rule, "sure": "假定", "src": "规则未公布，按起算水位控制"}}
            said.append(f"{node.name}：没有给出调度，按起算水位 {level:.2f} m 控制（来多少泄多少）")
    return rules, said


def _changed(flow: Array, entry: Inflow) -> Array:
    """Return an inflow as a scenario has it; what a shift lacks at its edge keeps the edge's value."""
    hours = np.arange(len(flow)) * STEP_H
    if entry.points:
        t, v = np.array(entry.points).T
        return np.asarray(np.interp(hours, t / 3600.0, v), float)
    shifted = np.interp(hours - entry.shift_h, hours, flow)
    return np.asarray(np.maximum(shifted * entry.factor + entry.add_m3s, 0.0), float)


def _change(network: Network, entry: Input) -> tuple[str, dict[str, Any]]:
    """Return the node that an input changes and its new keys."""
    if isinstance(entry, Keep):
        _node(network, entry, entry.work, Reservoir)
        return entry.work, {"rule": _planned({"kind": "hold", "level_m": entry.level_m})}
    if isinstance(entry, Schedule) and entry.kind == "gates":
        node = _node(network, entry, entry.work, Reservoir)
        if not any(str(r["id"]) == entry.work and "gates" in r for r in network.raw):
            raise EngineRefused("declared", f"“{node.name}”没有闸门资料，不能按开度调度，请改给出库过程")
        return entry.work, {"rule": _planned({"kind": "gates", "rows": _rows(entry)})}
    if isinstance(entry, Schedule) and entry.kind == "release":
        node = _node(network, entry, entry.work, Reservoir | Diversion)
        rows = _rows(entry)
        if isinstance(node.kind, Diversion):
            return entry.work, {"orders": {"points": rows, "sure": "方案"}}
        return entry.work, {"rule": _planned({"kind": "schedule", "rows": rows})}
    if isinstance(entry, Retention):
        _node(network, entry, entry.area, RetentionNode)
        if entry.close_s is not None:
            raise EngineRefused("declared", f"蓄滞洪区“{entry.area}”的关闭时间还不能计算")
        change: dict[str, Any] = {"opens_h": {"value": entry.open_s / 3600.0, "sure": "方案"}, "opens_m3s": None}
        change["keep_m3s"] = {"value": 0.0, "sure": "方案"}
        if entry.flow_m3s is not None:
            change["inlet_m3s"] = {"value": entry.flow_m3s, "sure": "方案"}
        return entry.area, change
    raise EngineRefused("declared", f"河网计算不接受“{named(entry)[1]}”这一项（{named(entry)[0]}）")


def _way_of(entry: Input) -> str:
    """Return how an entry operates its work, in words."""
    if isinstance(entry, Schedule):
        return "闸门开度" if entry.kind == "gates" else "出库过程"
    return "控制水位" if isinstance(entry, Keep) else "启用"


def _rows(entry: Schedule) -> list[list[float]]:
    """Return a schedule as rows of hour and value, from the start on."""
    rows = [[t / 3600.0, v] for t, v in entry.points]
    return rows if rows[0][0] <= 0.0 else [[0.0, rows[0][1]], *rows]


def _planned(rule: dict[str, Any]) -> dict[str, Any]:
    return {"value": rule, "sure": "方案", "src": "情景给定"}


def _node(network: Network, entry: Input, node_id: str, kind: Any) -> Node:
    node = network.nodes.get(node_id)
    if node is None or not isinstance(node.kind, kind):
        raise EngineRefused("declared", f"“{node_id}”不是这一项（{named(entry)[0]}）能用的对象")
    if isinstance(node.kind, Reservoir) and node.kind.pool is None:
        raise EngineRefused("declared", f"“{node.name}”没有库容曲线，不能给调度")
    return node


def _outcome(node: Node, course: NodeCourse) -> NodeOutcome:
    level = None
    if course.level_m is not None:
        level = course.level_m[0].copy()
        if course.beyond is not None:
            level[course.beyond[0]] = math.nan
    names = {Reservoir: "reservoir", Station: "station", Diversion: "diversion", RetentionNode: "retention"}
    return NodeOutcome(
        node.name, names[type(node.kind)], course.inflow_m3s[0], course.outflow_m3s[0],
        None if course.branch_m3s is None else course.branch_m3s[0], level,
        None if course.storage_m3 is None else course.storage_m3[0], tuple(dict.fromkeys(course.reasons)),
    )  # fmt: skip
