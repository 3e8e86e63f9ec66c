"""A spill into the main river of a chain: carried by the flows of the same run, so that a dilution release shows.

Only what the chain knows is taken from it: the flow at the upper end, and at every node on the way the water that joins,
is diverted, or is kept and let go by a reservoir. The bed is that of a wide channel by Manning, as declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.domain.scenario import Spill
from console.engine import transport_case as tc
from console.engine.network import NodeCourse
from console.engine.open_channel import normal_depth_m
from console.engine.refused import EngineRefused
from console.engine.transport import TransportResult, run_transport

Array = NDArray[np.float64]
HOUR_S, DAY_S = 3600.0, 86400.0
DX_M = 500.0
OUT_S = 900.0
LEAST_M3S = 1.0  # a node that adds or takes less is none


@dataclass(frozen=True, slots=True)
class River:
    """What a chain declares of its main river. nodes: with km from the first, m wide and slope down to the next.

    dispersion_m2s: None takes Fischer's formula.

    intakes: (name, km) of those that take water; told: whether the office named them, or they are towns' gauges.
    """

    name: str
    nodes: tuple[str, ...]
    at_km: Array
    width_m: Array
    slope: Array
    manning: float
    dispersion_m2s: float | None
    intakes: tuple[tuple[str, float], ...]
    told: bool
    src: str
    sure: str


@dataclass(frozen=True, slots=True)
class Passing:
    """What passes a place; hours after the base moment, None where it does not. peak_mg_l: 0 where nothing comes."""

    name: str
    at_km: float
    front_h: float | None
    arrival_h: float | None
    peak_h: float | None
    peak_mg_l: float
    leave_h: float | None
    over_h: float
    over_at_end: bool
    well_mixed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Spilled:
    """One spill's run. hours (k,), at_km (n,), mg_l (k, n). mass_error: part of what was spilled."""

    river: str
    substance: str
    limit_mg_l: float
    hours: Array
    at_km: Array
    mg_l: Array
    places: tuple[Passing, ...]
    mass_error: float


def river_of(declared: Mapping[str, Any]) -> River | None:
    """Return a chain's main river; None where none is declared.

    Raises:
        EngineRefused: declared: a key is missing or out of order.
    """
    raw = declared.get("transport")
    if raw is None:
        return None
    names = {str(n["id"]): str(n.get("name", n["id"])) for n in declared.get("node", ())}
    try:
        rows = raw["place"]
        at = np.array([float(r["at_km"]) for r in rows])
        own = tuple((str(i["name"]), float(i["at_km"])) for i in raw.get("intake", ()))
        river = River(
            str(raw["river"]), tuple(str(r["node"]) for r in rows), at, np.array([float(r["width_m"]) for r in rows]),
            np.array([float(r["slope"]) for r in rows]), float(raw["manning"]),
            float(raw["dispersion_m2s"]) if "dispersion_m2s" in raw else None,
            own or tuple((names[str(r["node"])], float(r["at_km"])) for r in rows if r.get("watched")), bool(own),
            str(raw["src"]), str(raw["sure"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as exc:
        raise EngineRefused("declared", f"河网文件的 transport 段读不懂（{exc}）") from exc
    positive = (river.width_m > 0).all() and (river.slope > 0).all() and river.manning > 0 <= (river.dispersion_m2s or 0.0)
    if len(at) < 2 or at[0] != 0.0 or (np.diff(at) <= 0).any() or not positive or not set(river.nodes) <= set(names):
        raise EngineRefused("declared", "河网文件的 transport 段：节点须自上而下，首个 0 km，河宽、比降、糙率为正")
    return river


def spills_of(
    declared: Mapping[str, Any], courses: Mapping[str, NodeCourse], spills: Sequence[Spill]
) -> tuple[tuple[Spilled, ...], list[str]]:
    """Return what becomes of each spill, each in clean water, and what must be said.

    courses: of the chain's run, hourly, their first member.

    Raises:
        EngineRefused: no river, another river, or a spill outside of it or its time.
    """
    if not spills:
        return (), []
    river = river_of(declared)
    if river is None:
        raise EngineRefused("declared", "这个河网没有河道参数（transport 段），不能算污染")
    found, said = [], []
    for spill in spills:
        if spill.river != river.name:
            raise EngineRefused("declared", f"污染只能算“{river.name}”，不能算“{spill.river}”")
        got, steady = _ran(declared, river, courses, spill)
        found.append(_spilled(river, spill, got))
        said += [f"污染 {spill.substance}：{line}" for line in got.limits]
        if steady:
            said.append(f"污染 {spill.substance}：来水变化太急，不能逐时输移，按预见期内平均流量计算")
    said.append(f"污染：断面为宽浅河道（{river.sure}：{river.src}）")
    if not river.told:
        said.append("污染：取水口位置未公布，这里列的是各城区水文站断面；可在 network_beijiang.toml 的 transport.intake 填写")
    return tuple(found), list(dict.fromkeys(said))


def _ran(
    declared: Mapping[str, Any], river: River, courses: Mapping[str, NodeCourse], spill: Spill
) -> tuple[TransportResult, bool]:
    """Return the run, and whether only steady flows could carry it."""
    try:
        try:
            return run_transport(_case(declared, river, courses, spill, steady=False)), False
        except tc.RanDry:
            return run_transport(_case(declared, river, courses, spill, steady=True)), True
    except tc.TransportRefused as exc:
        raise EngineRefused("range", f"{exc.what.rstrip('。')}，{exc.next_step.rstrip('。')}") from exc


def _case(
    declared: Mapping[str, Any], river: River, courses: Mapping[str, NodeCourse], spill: Spill, *, steady: bool
) -> tc.TransportCase:
    flows = _flows(declared, river, courses)
    hours = np.arange(len(flows[0][2]), dtype=float)

    def flow(values: Array) -> tc.Flow:
        if steady:
            return tc.Flow.constant(float(values.mean()))
        return tc.Flow(tuple((hours * HOUR_S).tolist()), tuple(values.tolist()))

    length_m = float(river.at_km[-1]) * 1000.0
    inflows = tuple(
        tc.Inflow(name, km * 1000.0, flow(values))
        for name, km, values in flows[1:]
        if km * 1000.0 < length_m and np.abs(values).max() >= LEAST_M3S
    )
    x_km = (np.arange(round(length_m / DX_M)) + 0.5) * DX_M / 1000.0
    start = sum((np.where(x_km >= km, v.mean() if steady else v[0], 0.0) for _, km, v in flows), np.zeros(len(x_km)))
    piece = np.searchsorted(river.at_km, x_km, "right") - 1
    width, slope = river.width_m[piece], river.slope[piece]
    deep = normal_depth_m(np.maximum(start, LEAST_M3S), width, slope, river.manning)
    given = None if river.dispersion_m2s is None else np.full(len(x_km), river.dispersion_m2s)
    channel = tc.Channel(DX_M, width * deep, width, slope, given)
    put = tc.Spill(spill.substance, spill.at_km * 1000.0, spill.mass_kg, spill.from_s, spill.to_s)
    return tc.TransportCase(
        channel, flow(flows[0][2]), float(hours[-1]) * HOUR_S, OUT_S, (put,), inflows,
        tuple(tc.Intake(name, km * 1000.0, spill.limit_mg_l) for name, km in river.intakes), spill.decay_per_d / DAY_S,
    )  # fmt: skip


def _flows(declared: Mapping[str, Any], river: River, courses: Mapping[str, NodeCourse]) -> list[tuple[str, float, Array]]:
    """Return (name, km, m³/s) of the upper end, then of each node on the way what it adds (negative: takes or keeps)."""
    nodes = {str(n["id"]): n for n in declared.get("node", ())}
    km = dict(zip(river.nodes, river.at_km.tolist(), strict=True))
    here, at = river.nodes[0], 0.0
    found = [(str(nodes[here].get("name", here)), 0.0, courses[here].outflow_m3s[0])]
    seen = {here}
    while here != river.nodes[-1]:
        before, here = here, str(nodes[here].get("to", ""))
        if here not in nodes or here in seen:
            raise EngineRefused("declared", f"河网文件的 transport 段：从“{before}”到不了“{river.nodes[-1]}”")
        seen.add(here)
        at = km.get(here, at)
        if nodes[here]["kind"] != "reach":
            added = courses[here].outflow_m3s[0] - courses[before].outflow_m3s[0]
            found.append((str(nodes[here].get("name", here)), at, np.asarray(added, float)))
    return found


def _spilled(river: River, spill: Spill, got: TransportResult) -> Spilled:
    def h(seconds: float | None) -> float | None:
        return None if seconds is None else round(seconds / HOUR_S, 3)

    places = tuple(
        Passing(
            p.intake.name, p.intake.at_m / 1000.0, h(p.front_s), h(p.arrival_s), h(p.peak_s), p.peak_mg_l, h(p.leave_s),
            p.over_s / HOUR_S, p.over_at_end, p.well_mixed,
        )
        for p in got.passages
        if p.intake.at_m >= spill.at_km * 1000.0
    )  # fmt: skip
    return Spilled(
        river.name, spill.substance, spill.limit_mg_l, got.t_s / HOUR_S, got.x_m / 1000.0, got.mg_l, places, got.mass.error
    )
