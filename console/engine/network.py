"""A river network of sub-basins, reservoirs, reaches, diversions, retention areas and stations, run in one sweep.

Every node is routed over the whole period in topological order; the balance of each node and of the whole is
checked by the trapezoid rule, which Muskingum and the level pool keep to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.engine import level_pool, muskingum
from console.engine.network_nodes import (
    Diversion,
    Inflow,
    Node,
    Reach,
    Retention,
    Station,
    node_of,
)
from console.engine.network_reading import Assumed
from console.engine.network_reservoir import Compensated, Reservoir
from console.engine.rating_loop import looped_level
from console.engine.refused import EngineRefused, positive, series_of
from console.engine.release_rules import Compensate, Rule

Array = NDArray[np.float64]
MASS_LIMIT = 1e-3  # of the inflow: more is said beside the result


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Nodes by id in the order in which they can be run."""

    name: str
    nodes: Mapping[str, Node]
    raw: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Network:
        """Read a network: name and a list `node` of mappings (see network_nodes for their keys).

        Raises:
            EngineRefused: declared (node and key named) or cycle (the nodes in it named).
        """
        rows = declared.get("node")
        if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
            raise EngineRefused("declared", "河网没有节点（node）")
        nodes: dict[str, Node] = {}
        for i, raw in enumerate(rows):
            node = node_of(raw, i)
            if node.node_id in nodes:
                raise EngineRefused("declared", f"节点“{node.node_id}”的 id：重复")
            nodes[node.node_id] = node
        return cls(str(declared.get("name", "")), {k: nodes[k] for k in _order(nodes)}, tuple(rows))

    def changed(self, changes: Mapping[str, Mapping[str, Any]]) -> Network:
        """Return the network with some keys of some nodes replaced: a what-if. A None takes the key away.

        Raises:
            EngineRefused: declared, also for a node that is not there.
        """
        unknown = set(changes) - set(self.nodes)
        if unknown:
            raise EngineRefused("declared", f"没有节点“{min(unknown)}”")
        rows = []
        for raw in self.raw:
            more = changes.get(str(raw["id"]), {})
            rows.append({k: v for k, v in {**raw, **more}.items() if v is not None})
        return Network.of({"name": self.name, "node": rows})


@dataclass(frozen=True, slots=True, eq=False)
class NodeCourse:
    """What passed a node, (members, n), m³/s.

    outflow_m3s: what goes on to the next node. branch_m3s: diverted or taken into the area, None elsewhere.
    level_m: of a pool, or of a station by its rating; None where not known. storage_m3: in the node.
    beyond: (members, n), the rating was left: no level is known there and level_m holds its end value.
    mass_error: |in − out − ΔS| relative to the inflow. reasons, remarks: of member 0's pool.
    nodes_m3s: (parts + 1, members), the last flows within a reach, from which a run goes on.
    """

    inflow_m3s: Array
    outflow_m3s: Array
    branch_m3s: Array | None = None
    level_m: Array | None = None
    storage_m3: Array | None = None
    beyond: NDArray[np.bool_] | None = None
    mass_error: float = 0.0
    reasons: tuple[str, ...] = ()
    remarks: tuple[level_pool.Remark, ...] = ()
    nodes_m3s: Array | None = None

    @property
    def peak_m3s(self) -> float:
        """Greatest outflow of any member."""
        return float(self.outflow_m3s.max())


@dataclass(frozen=True, slots=True, eq=False)
class NetworkResult:
    """Courses by node id, the balance of the whole (relative to all inflow), and what was assumed for it."""

    courses: Mapping[str, NodeCourse]
    mass_error: float
    assumed: tuple[Assumed, ...]
    limits: tuple[str, ...]


def run(
    network: Network,
    inflows_m3s: Mapping[str, ArrayLike],
    dt_h: float,
    start: Mapping[str, float] | None = None,
    carried: Mapping[str, Array] | None = None,
) -> NetworkResult:
    """Run a network over a period.

    Args:
        inflows_m3s: for every inflow node (n,) or (members, n), instants Δt apart.
        start: level (m) of pools and outflow (m³/s) of reaches at the first instant; a pool without one takes its
            declared start_level_m, a reach begins steady.
        carried: flows within reaches at the first instant, (parts + 1,), as an earlier run left them.

    Raises:
        EngineRefused: gap, negative, shape (the node is named), parameter, unstable, range (node and row).
    """
    positive(dt_h, "时段长")
    given = _given(network, inflows_m3s)
    members, n = np.broadcast_shapes(*(v.shape for v in given.values()))
    begun, within = dict(start or {}), carried or {}
    unknown = set(begun) - {k for k, v in network.nodes.items() if isinstance(v.kind, Reservoir | Reach)}
    if unknown:
        raise EngineRefused("declared", f"起始值所指的“{min(unknown)}”不是水库或河段")
    arriving = {k: np.zeros((members, n)) for k in network.nodes}
    courses: dict[str, NodeCourse] = {}
    limits: list[str] = []
    lost = np.zeros(members)
    for node_id, node in network.nodes.items():
        coming = arriving[node_id]
        try:
            stood = begun.get(node_id) if node_id not in within else within[node_id]
            course, said = _pass(node, coming, given.get(node_id), dt_h, stood, courses)
        except EngineRefused as exc:
            raise EngineRefused(exc.code, f"节点“{node.name}”：{exc.detail}") from exc
        courses[node_id] = course
        limits += [f"{node.name}：{s}" for s in said]
        if node.to is not None:
            arriving[node.to] = arriving[node.to] + course.outflow_m3s
        into = node.kind.into if isinstance(node.kind, Diversion) else None
        if into is not None and course.branch_m3s is not None:
            arriving[into] = arriving[into] + course.branch_m3s
        lost += _leaving(node, course, dt_h)
    if any(isinstance(v.kind, Reach) and k not in begun and k not in within for k, v in network.nodes.items()):
        limits.append("未给起始流量的河段按恒定流起算")
    error = _whole(given, courses, lost, dt_h)
    if error > MASS_LIMIT:
        limits.append(f"水量不闭合 {error:.2%}")
    assumed = tuple(a for node in network.nodes.values() for a in node.assumed)
    return NetworkResult(courses, error, assumed, tuple(limits))


def _order(nodes: Mapping[str, Node]) -> list[str]:
    before: dict[str, set[str]] = {k: set() for k in nodes}
    for node_id, node in nodes.items():
        after = [("to", node.to)]
        if isinstance(node.kind, Diversion):
            after.append(("into", node.kind.into))
        for key, target in after:
            if target is not None and target not in nodes:
                raise EngineRefused("declared", f"节点“{node_id}”的 {key}：没有节点“{target}”")
            if target is not None and isinstance(nodes[target].kind, Inflow):
                raise EngineRefused("declared", f"节点“{node_id}”的 {key}：“{target}”是来水节点，不能接纳水流")
            if target is not None:
                before[target].add(node_id)
        if isinstance(node.kind, Reservoir) and node.kind.compensated is not None:
            for other in node.kind.compensated.lateral:
                if other not in nodes:
                    raise EngineRefused("declared", f"节点“{node_id}”的 rule.lateral：没有节点“{other}”")
                before[node_id].add(other)
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as exc:
        raise EngineRefused("cycle", f"节点相互循环：{' → '.join(exc.args[1])}") from exc


def _given(network: Network, inflows_m3s: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """Return the inflows as (members or 1, n), each checked under its node's name."""
    sources = {k: v for k, v in network.nodes.items() if isinstance(v.kind, Inflow)}
    extra = set(inflows_m3s) - set(sources)
    if extra or not sources:
        raise EngineRefused("declared", f"“{min(extra)}”不是来水节点" if extra else "河网没有来水节点")
    given = {}
    for node_id, node in sources.items():
        if node_id not in inflows_m3s:
            raise EngineRefused("gap", f"来水节点“{node.name}”没有流量过程")
        series = series_of(inflows_m3s[node_id], f"来水“{node.name}”", ndim=None)
        given[node_id] = series[None] if series.ndim == 1 else series
    shapes = {k: v.shape for k, v in given.items()}
    many = {s[0] for s in shapes.values()} - {1}
    if any(len(s) != 2 for s in shapes.values()) or len({s[1] for s in shapes.values()}) > 1 or len(many) > 1:
        raise EngineRefused("shape", f"来水过程的成员数或时段数不一致：{shapes}")
    if next(iter(shapes.values()))[1] < 2:
        raise EngineRefused("short", "至少要两个时刻")
    return given


def _pass(
    node: Node,
    coming: Array,
    given: Array | None,
    dt_h: float,
    start: float | Array | None,
    courses: Mapping[str, NodeCourse],
) -> tuple[NodeCourse, Sequence[str]]:
    """Return the course through one node and what must be said of it. start: an array for a reach that goes on."""
    kind = node.kind
    if isinstance(kind, Inflow):
        own = coming if given is None else np.broadcast_to(given, coming.shape)
        return NodeCourse(own, own), ()
    if isinstance(kind, Reach):
        whole = np.repeat(start[:, None], len(coming), axis=1) if isinstance(start, np.ndarray) else None
        first = None if isinstance(start, np.ndarray) else start
        got = muskingum.route(
            coming, kind.k_h, kind.x, dt_h, parts=kind.parts, first_outflow_m3s=first, nodes_m3s=whole
        )  # fmt: skip
        flow, storage = got.outflow_m3s, got.storage_m3
        return NodeCourse(coming, flow, storage_m3=storage, mass_error=got.mass_error, nodes_m3s=got.nodes_m3s), ()
    if isinstance(start, np.ndarray):
        raise EngineRefused("declared", "只有河段能接续上次的流量")
    if isinstance(kind, Reservoir):
        return _through_pool(kind, coming, dt_h, start, courses)
    if isinstance(kind, Diversion):
        return _divided(kind, coming, dt_h)
    if isinstance(kind, Retention):
        return _retained(kind, coming, dt_h)
    return _looked_at(kind, coming, dt_h)


def _through_pool(
    kind: Reservoir, coming: Array, dt_h: float, start: float | None, courses: Mapping[str, NodeCourse]
) -> tuple[NodeCourse, Sequence[str]]:
    if kind.pool is None:
        return NodeCourse(coming, coming), ("没有库容曲线，按来水下泄",)
    level = kind.start_level_m if start is None else start
    if level is None:
        raise EngineRefused("gap", "没有起始水位")
    if kind.gone_h is not None:
        return _until_gone(kind, coming, dt_h, level, courses)
    results = []
    for m, flow in enumerate(coming):
        try:
            results.append(level_pool.route(kind.pool, flow, dt_h * 3600.0, level, _rule(kind, courses, m, dt_h), kind.limits))
        except EngineRefused as exc:
            raise EngineRefused(exc.code, f"{exc.detail}（成员 {m + 1}）" if len(coming) > 1 else exc.detail) from exc
    first = results[0]
    said = sorted({text for r in results for text in r.limits})
    over = sum(any(x.code in ("over", "beyond", "safe") for x in r.remarks) for r in results)
    if over:
        said.append("有时段超过水位或泄量限制" if len(results) == 1 else f"{over} 个成员有时段超过水位或泄量限制")
    return NodeCourse(
        coming, np.stack([r.outflow_m3s for r in results]), level_m=np.stack([r.level_m for r in results]),
        storage_m3=np.stack([r.storage_m3 for r in results]), mass_error=max(r.balance_error for r in results),
        reasons=first.reasons, remarks=first.remarks,
    ), said  # fmt: skip


def _until_gone(
    kind: Reservoir, coming: Array, dt_h: float, level_m: float, courses: Mapping[str, NodeCourse]
) -> tuple[NodeCourse, Sequence[str]]:
    """Route through a pool up to the hour at which its dam goes; what comes afterwards passes whole.

    What the pool held leaves as a flood of its own; here it stays as it stood, so that the balance closes.
    """
    gone = max(0, int(np.ceil((kind.gone_h or 0.0) / dt_h - 1e-9)))
    passing = ("溃坝后按来水下泄",) * (coming.shape[1] - gone)
    if gone < 2:
        whole = np.full(coming.shape, kind.pool.storage_of(level_m) if kind.pool is not None else 0.0)
        return NodeCourse(coming, coming, level_m=np.full(coming.shape, level_m), storage_m3=whole, reasons=passing), ()
    before, said = _through_pool(replace(kind, gone_h=None), coming[:, :gone], dt_h, level_m, courses)
    if before.level_m is None or before.storage_m3 is None:
        raise EngineRefused("declared", "没有库容曲线")
    after = np.ones((1, coming.shape[1] - gone))
    last = before.storage_m3[:, -1:] + (coming[:, gone - 1 : gone] - before.outflow_m3s[:, -1:]) * dt_h * 1800.0
    flow, level = np.hstack([before.outflow_m3s, coming[:, gone:]]), np.hstack([before.level_m, before.level_m[:, -1:] * after])
    storage, reasons = np.hstack([before.storage_m3, last * after]), (*before.reasons, *passing)
    return NodeCourse(
        coming, flow, level_m=level, storage_m3=storage, mass_error=before.mass_error, reasons=reasons, remarks=before.remarks
    ), said


def _rule(kind: Reservoir, courses: Mapping[str, NodeCourse], member: int, dt_h: float) -> Rule:
    wish: Compensated | None = kind.compensated
    if wish is None:
        return kind.rule
    lateral = sum((courses[k].outflow_m3s[member] for k in wish.lateral[1:]), courses[wish.lateral[0]].outflow_m3s[member])
    return Compensate(wish.safe_m3s, lateral, round(wish.travel_h / dt_h), wish.least_m3s)


def _divided(kind: Diversion, coming: Array, dt_h: float) -> tuple[NodeCourse, Sequence[str]]:
    said = []
    branch = np.interp(coming, kind.main_m3s, kind.branch_m3s)
    if kind.orders is not None:
        hours = np.arange(coming.shape[1]) * dt_h
        at = np.maximum(np.searchsorted(np.array(kind.orders.from_h), hours + 1e-9, side="right") - 1, 0)
        wanted = np.array(kind.orders.flow_m3s)[at][None]
        if (wanted > branch + 1e-9).any():
            said.append("分流指令有时段超过可分流量，按可分流量")
        branch = np.minimum(branch, wanted)
    if (coming > kind.main_m3s[-1]).any():
        said.append(f"干流流量超出分流关系上限 {kind.main_m3s[-1]:.0f} m³/s，分流按末值")
    return NodeCourse(coming, coming - branch, branch_m3s=branch), said


def _retained(kind: Retention, coming: Array, dt_h: float) -> tuple[NodeCourse, Sequence[str]]:
    """Fill the area step by step; what a step's trapezoid would overfill is not taken."""
    half = dt_h * 1800.0
    opened = np.zeros(len(coming), bool)
    held, taken = np.zeros(len(coming)), np.zeros_like(coming)
    storage = np.zeros_like(coming)
    for i in range(coming.shape[1]):
        if kind.opens_m3s is not None:
            opened |= coming[:, i] >= kind.opens_m3s
        if kind.opens_h is not None:
            opened |= i * dt_h >= kind.opens_h - 1e-9
        if kind.closes_h is not None and i * dt_h >= kind.closes_h - 1e-9:
            opened[:] = False
        before = taken[:, i - 1] if i else np.zeros(len(coming))
        wish = np.where(opened, np.clip(coming[:, i] - kind.keep_m3s, 0.0, kind.inlet_m3s), 0.0)
        room = kind.volume_m3 - held - half * before  # the half step after this instant is filled by it as well
        taken[:, i] = np.clip(np.minimum(wish, room / (2 * half if i + 1 < coming.shape[1] else half)), 0.0, None)
        if i:
            held = held + half * (before + taken[:, i])
        storage[:, i] = held
    full = (held >= 0.98 * kind.volume_m3) & (kind.volume_m3 > 0)
    said = ["蓄滞洪区已近蓄满"] if full.any() else []
    inside = np.trapezoid(taken, dx=dt_h * 3600.0, axis=1)
    error = float(np.max(np.abs(inside - held)) / max(float(np.trapezoid(coming, dx=dt_h * 3600.0, axis=1).max()), 1.0))
    return NodeCourse(coming, coming - taken, branch_m3s=taken, storage_m3=storage, mass_error=error), said


def _looked_at(kind: Station, coming: Array, dt_h: float) -> tuple[NodeCourse, Sequence[str]]:
    if kind.rating_m is None or kind.rating_m3s is None:
        return NodeCourse(coming, coming), ("没有水位流量关系，只给流量",)
    beyond = (coming < kind.rating_m3s[0]) | (coming > kind.rating_m3s[-1])
    said = []
    if beyond.any():
        said.append(f"流量有时段在水位流量关系 {kind.rating_m3s[0]:.0f}–{kind.rating_m3s[-1]:.0f} m³/s 之外，那些时段没有水位")
    level = np.interp(coming, kind.rating_m3s, kind.rating_m)
    if kind.loop is not None:
        steady, level = level, looped_level(coming, kind.rating_m, kind.rating_m3s, kind.loop, dt_h * 3600.0)
        lower, higher = float((steady - level).max()), float((level - steady).max())
        said.append(f"水位按 Jones 绳套修正，涨水面最多低 {lower:.2f} m，退水面最多高 {higher:.2f} m")
    return NodeCourse(coming, coming, level_m=level, beyond=beyond), said


def _leaving(node: Node, course: NodeCourse, dt_h: float) -> Array:
    """Return the volume (m³) that leaves the network at a node, per member."""
    out = np.zeros(len(course.outflow_m3s))
    if node.to is None:
        out += np.trapezoid(course.outflow_m3s, dx=dt_h * 3600.0, axis=1)
    if isinstance(node.kind, Diversion) and node.kind.into is None and course.branch_m3s is not None:
        out += np.trapezoid(course.branch_m3s, dx=dt_h * 3600.0, axis=1)
    return out


def _whole(given: Mapping[str, Array], courses: Mapping[str, NodeCourse], lost: Array, dt_h: float) -> float:
    came = sum((np.trapezoid(v, dx=dt_h * 3600.0, axis=1) for v in given.values()), np.zeros(1))
    kept = np.zeros(len(lost))
    for c in courses.values():
        if c.storage_m3 is not None:
            kept += c.storage_m3[:, -1] - c.storage_m3[:, 0]
    return float(np.max(np.abs(came - lost - kept) / np.maximum(came, 1.0)))
