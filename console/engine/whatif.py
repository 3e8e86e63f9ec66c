"""One scenario of a chain: its inputs applied to the network and the base, run, and put into figures.

Pure: the same case gives the same outcome, here or in another process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from console.domain.scenario import Breach, DamBreak, Inflow, Retention, Spill, Tide
from console.engine.dam_break import NODE
from console.engine.flooding import Flooding
from console.engine.levee_breach import NODE as BREACH_NODE
from console.engine.levee_breach import lost_of
from console.engine.network import NodeCourse, run
from console.engine.network_nodes import Diversion, Node, Station
from console.engine.network_nodes import Retention as RetentionNode
from console.engine.network_reading import Assumed
from console.engine.network_reservoir import Reservoir
from console.engine.refused import EngineRefused
from console.engine.tidal_case import joining_of, places_of, tidal_course
from console.engine.warm_start import FADE_H, corrected, shift_m
from console.engine.whatif_floods import breach_floods, retention_floods
from console.engine.whatif_inputs import STEP_H, Case, begun, prepared, started
from console.engine.whatif_spill import Spilled, spills_of
from console.errors import ConsoleError

Array = NDArray[np.float64]
ENGINE = "chain-6"
Tell = Callable[..., None]
STATED_M = 0.1  # a stated level so far off the run's own is told


class RunRefused(ConsoleError):
    """A scenario that cannot be run; says what to change."""


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

    spills: of the scenario, in its order; floods: its breaches in that order, then its detention areas. corrected_m3s: by
    station, its flow with the errors before the start taken off.
    """

    hours: Array
    nodes: Mapping[str, NodeOutcome]
    mass_error: float
    assumed: tuple[Assumed, ...]
    limits: tuple[str, ...]
    spills: tuple[Spilled, ...] = ()
    corrected_m3s: Mapping[str, Array] = field(default_factory=dict)
    floods: tuple[Flooding, ...] = ()

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
    """Return the outcome, with what is flooded where its ground is given.

    Raises:
        EngineRefused: an input for a place that is not there, or of a kind that a chain does not take; a levee that breaks
            without the ground behind it.
    """
    case = begun(case)
    breaks = any(isinstance(entry, Breach) for entry in case.scenario.inputs)
    broken = breach_floods(case, _chain(case).nodes, tell) if breaks and not case.lost else ()
    found = with_floods(case, broken) if broken else _chain(case, tell)
    if not any(isinstance(entry, Retention) for entry in case.scenario.inputs):
        return found
    filled, said = retention_floods(case, found.nodes, tell)
    limits = (*(line for one in filled for line in one.said), *said, *found.limits)
    mass_error = max([found.mass_error, *(one.mass_error for one in filled)])
    return replace(found, floods=(*found.floods, *filled), mass_error=mass_error, limits=limits)


def with_floods(case: Case, broken: tuple[Flooding, ...]) -> Outcome:
    """Return the outcome of a scenario whose breaches are known. Raises: EngineRefused: as outcome_of."""
    case, hours = begun(case), len(next(iter(case.base.inflows_m3s.values())))
    found = _chain(replace(case, lost=lost_of(case.declared, broken, hours)))
    mass_error = max([found.mass_error, *(one.mass_error for one in broken)])
    limits = (*(line for one in broken for line in one.said), *found.limits)
    return replace(found, floods=broken, mass_error=mass_error, limits=limits)


def _chain(case: Case, tell: Tell = lambda *_: None) -> Outcome:
    network, inflows, said = prepared(case)
    tell(0.1)
    start = started(case)
    got = run(network, inflows, STEP_H, case.base.start, start.carried)
    tell(0.9)
    nodes = {
        k: _outcome(node, got.courses[k])
        for k, node in network.nodes.items()
        if isinstance(node.kind, Reservoir | Station | Diversion | RetentionNode) and not k.startswith(BREACH_NODE)
    }
    for one in (entry for entry in case.scenario.inputs if isinstance(entry, DamBreak)):
        until = nodes[one.work].level_m
        nodes[one.work] = _gone(nodes[one.work], one.at_s / 3600.0, inflows[f"{NODE}{one.work}"])
        run_to = None if until is None else float(np.interp(one.at_s / 3600.0, np.arange(len(until)) * STEP_H, until))
        if one.level_m is not None and run_to is not None and abs(one.level_m - run_to) > STATED_M:
            said.append(f"{nodes[one.work].name}：溃坝水位 {one.level_m:.2f} m 为设定，推演到那时为 {run_to:.2f} m，两者不相接")
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


def _gone(node: NodeOutcome, at_h: float, flood_m3s: Array) -> NodeOutcome:
    """Return a reservoir whose level and storage end with its dam, and whose outflow has the flood of the failure."""
    after = np.arange(len(node.flow_m3s)) * STEP_H >= at_h
    level = None if node.level_m is None else np.where(after, np.nan, node.level_m)
    storage = None if node.storage_m3 is None else np.where(after, 0.0, node.storage_m3)
    return replace(node, flow_m3s=node.flow_m3s + flood_m3s, level_m=level, storage_m3=storage)


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
