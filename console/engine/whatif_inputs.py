"""What a scenario makes of a chain and its base: the network that is run, its inflows, and what must be said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.domain.scenario import (
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
    named,
)
from console.engine.chain_base import Base
from console.engine.dam_break import failed
from console.engine.flooding import Plain
from console.engine.levee_breach import Lost, without
from console.engine.network import Network, run
from console.engine.network_nodes import Diversion, Node
from console.engine.network_nodes import Inflow as InflowNode
from console.engine.network_nodes import Retention as RetentionNode
from console.engine.network_reading import SETTLED
from console.engine.network_reservoir import Reservoir
from console.engine.rain_runoff import model_of, with_rain
from console.engine.refused import EngineRefused
from console.engine.tidal_case import joining_of
from console.engine.warm_start import Warm, warm

Array = NDArray[np.float64]
STEP_H = 1.0
NO_OPERATION = (Inflow, Rain, Spill, DamBreak, Tide, Breach, StartLevel)  # inputs that change no node of the network
MOST_M3S = 1e6  # an order of it takes what the branch can
PASSING: dict[str, Any] = {
    "through": {"value": True, "sure": "假定", "src": "没有实测库水位"}, "storage": None, "outlets": None, "rule": None,
    "limits": None, "start_level_m": None, "gates": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """declared: the network as its file has it. plains: behind a breach or within a detention area, by its place among the
    scenario's inputs.

    lost: what they take from the river, once that is known.
    """

    declared: Mapping[str, Any]
    base: Base
    scenario: Scenario
    plains: Mapping[int, Plain] = field(default_factory=dict)
    lost: tuple[Lost, ...] = ()


def begun(case: Case) -> Case:
    """Return a case whose pools start where its scenario says. Raises: EngineRefused: there is no such pool."""
    stated = [entry for entry in case.scenario.inputs if isinstance(entry, StartLevel)]
    if not stated:
        return case
    network = Network.of(case.declared)
    for entry in stated:
        _node(network, entry, entry.work, Reservoir)
    return replace(case, base=replace(case.base, start={**case.base.start, **{e.work: e.level_m for e in stated}}))


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
    declared, floods, broken = failed(without(case.declared, case.lost), case.base.start, hours, breaks)
    network = Network.of(declared)
    held, said = _held(network, case.base)
    stated = [entry for entry in case.scenario.inputs if isinstance(entry, StartLevel)]
    said += [f"{network.nodes[e.work].name}：起算库水位 {e.level_m:.2f} m 由情景给定" for e in stated]
    changes, operated = dict(held), dict[str, Input]()
    inflows, rained = changed_inflows(network, case)
    for entry in case.scenario.inputs:
        if not isinstance(entry, NO_OPERATION):
            node_id, change = _change(network, entry)
            changes[node_id] = _from_its_hour(case, entry, network, change, held.get(node_id, {}).get("rule"))
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
        rule = _bare(changes.get(one.work, {}).get("rule", raw[one.work].get("rule")))
        changes[one.work] = {"rule": _planned({"kind": "until", "until_h": one.at_s / 3600.0, "rule": rule})}
    return network.changed(changes), inflows | floods, [*said, *rained, *broken]


def _breaks(case: Case) -> list[DamBreak]:
    """Return a scenario's failing dams, each with the level that it fails at: as stated, or as the run has it by then.

    Raises:
        EngineRefused: one fails after the run.
    """
    found: list[DamBreak] = []
    others = tuple(entry for entry in case.scenario.inputs if not isinstance(entry, DamBreak | Spill | Tide | Breach))
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
        change: dict[str, Any] = {"opens_h": {"value": entry.open_s / 3600.0, "sure": "方案"}, "opens_m3s": None}
        if entry.close_s is not None:
            change["closes_h"] = {"value": entry.close_s / 3600.0, "sure": "方案"}
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
    """Return a schedule as rows of hour and value."""
    return [[t / 3600.0, v] for t, v in entry.points]


def _from_its_hour(
    case: Case, entry: Input, network: Network, change: dict[str, Any], before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return a change whose schedule begins later than the run: until then the work is operated as without it.

    Raises:
        EngineRefused: it begins after the run.
    """
    first_h = entry.points[0][0] / 3600.0 if isinstance(entry, Schedule) else 0.0
    if first_h <= 0.0:
        return change
    node = network.nodes[entry.work] if isinstance(entry, Schedule) else None
    if node is None or first_h >= case.scenario.lead_h:
        name = node.name if node is not None else ""
        raise EngineRefused("range", f"“{name}”的过程从第 {first_h:g} h 开始，不在预见期 {case.scenario.lead_h:g} h 内")
    if isinstance(node.kind, Diversion):
        return {"orders": {"points": [[0.0, MOST_M3S], *change["orders"]["points"]], "sure": "方案"}}
    own = next((r.get("rule") for r in network.raw if str(r["id"]) == node.node_id), None)
    rule = {"kind": "then", "from_h": first_h, "before": _bare(before or own), "after": change["rule"]["value"]}
    return {"rule": _planned(rule)}


def _bare(rule: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return a rule without how sure it is and whence."""
    if rule is None:
        return {"kind": "free"}
    return rule["value"] if "value" in rule else {k: v for k, v in rule.items() if k not in ("sure", "src")}


def _planned(rule: dict[str, Any]) -> dict[str, Any]:
    return {"value": rule, "sure": "方案", "src": "情景给定"}


def _node(network: Network, entry: Input, node_id: str, kind: Any) -> Node:
    node = network.nodes.get(node_id)
    if node is None or not isinstance(node.kind, kind):
        raise EngineRefused("declared", f"“{node_id}”不是这一项（{named(entry)[0]}）能用的对象")
    if isinstance(node.kind, Reservoir) and node.kind.pool is None:
        raise EngineRefused("declared", f"“{node.name}”没有库容曲线，不能给调度")
    return node
