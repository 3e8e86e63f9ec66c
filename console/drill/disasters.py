"""A prepared disaster as a recording to drill with: the typical flood, its rivers as the what-if of the disaster has them.

Levels and flows of the chain are the what-if's; where a station has a level and no curve, its level is moved by the
typical flood's own relation of level and simulated flow. A dam that fails has no level afterwards. Rain, other rivers and
works' instruments stay the typical flood's; the instruments answer the moved levels. Over the first day the one passes
into the other. A pollutant, which no station measures, is told as a drill's reports are: where it passes, as computed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.domain.quality import Quality
from console.domain.scenario import Breach, DamBreak, Input, Retention, Scenario, Spill, Tide
from console.domain.time import HOUR_S, full_stamp
from console.drill.facts import DRILL, FloodFacts, Recording, flood_facts
from console.drill.method import method_text
from console.drill.reconstruct import curves, rebuild, with_works
from console.drill.recorded import Array, RecordedSeries
from console.engine.chain_base import Base, base_of
from console.engine.levee_breach import levees_of
from console.engine.prepared import Prepared, Preparing, Wanted, drawn, prepare
from console.engine.refused import EngineRefused
from console.engine.whatif import Outcome, outcome_of
from console.engine.whatif_inputs import Case
from console.errors import ConsoleError
from console.paths import DataHome
from console.store.chains import PreparedFile, declared_chain, declared_disasters
from console.store.prepared_breaches import BreachKey, read_breaches

SOURCE = "情景模拟"
BLEND_H = 24.0
CLASSES, TOP_FROM = 12, 0.7  # of the relation, whose slope over the upper part goes on above its top
ELEMENTS = {"flow": ("flow_m3s", 0), "inflow": ("inflow_m3s", 0), "level": ("level_m", 2)}


def drill_names(home: Path) -> dict[str, str]:
    """Return the sources that can be drilled with and their names. Raises: StoreError: the library's file cannot be read."""
    return {DRILL + w.code: w.name for w in declared_disasters(home).wanted}


def disaster_drill(home: Path, key: str) -> Recording:
    """Return the recording of a prepared disaster; takes some seconds.

    Raises:
        ConsoleError: there is no such disaster, or it cannot be computed; says why.
    """
    file = declared_disasters(home)
    wanted = next((w for w in file.wanted if DRILL + w.code == key), None)
    if wanted is None:
        raise ConsoleError(f"情景库里没有 {key.removeprefix(DRILL)!r}。", f"可用：{'、'.join(drill_names(home))}。")
    asked = preparing(home)
    declared, base = asked.declared, asked.base
    known = {}
    if any(isinstance(entry, Breach) for entry in wanted.inputs):
        known[wanted.code] = read_breaches(DataHome(home).shared_cache, wanted.code, breach_key(asked, wanted))
        if not known[wanted.code]:
            raise ConsoleError(f"{wanted.name}还不能用来演练：溃口还没有算过。", "请先在“会商”的灾害情景库里等它算完。")
    made = prepare(replace(asked, wanted=(wanted,), known=known), lambda *_: None)[0]
    if made.outcome is None:
        raise ConsoleError(f"{wanted.name}不能用来演练：{made.problem}。", "请改正情景库或河网文件。")
    plain = Scenario("-", "情景库", base.base_t, base.base_t, file.lead_h)
    try:
        usual = outcome_of(Case(declared, base, plain))
    except EngineRefused as exc:
        raise ConsoleError(f"典型洪水不能用来演练：{exc.detail}。", "请改正河网文件。") from exc
    typical = flood_facts(file.typical)
    start = int(file.start_t)
    end = min(typical.to_t, start + int(file.lead_h * HOUR_S))
    measured = curves(typical)
    breaks = {entry.work: entry for entry in made.wanted.inputs if isinstance(entry, DamBreak)}
    rivers = _Rivers(declared, usual, made.outcome, breaks, start)
    moved = [rivers.moved(s) for s in measured] + rivers.added(measured, end)
    facts = replace(
        typical, key=key, name=wanted.name, title=f"{wanted.name}（{SOURCE}）", start_t=start, to_t=end,
        events=_events(made, declared, start),
    )  # fmt: skip
    return Recording(facts, tuple(with_works(typical.key, moved)), _method(made, typical))


def breach_key(asked: Preparing, one: Wanted, ground: str = "") -> BreachKey:
    """Return what the breaches of a prepared disaster rest on. Raises: ConsoleError: its flood cannot be scaled."""
    try:
        scenario, _ = drawn(asked, one, {})
    except EngineRefused as exc:
        raise ConsoleError(f"{one.name}不能算：{exc.detail}。", "请改正情景库或河网文件。", exc.code) from exc
    chain = hashlib.sha256(json.dumps(asked.declared, sort_keys=True, default=str).encode()).hexdigest()
    return BreachKey(scenario.inputs_id, asked.base.hash, chain, ground)


def preparing(home: Path) -> Preparing:
    """Return what the library is computed from; blocks for a second. Raises: ConsoleError."""
    file, declared = declared_disasters(home), declared_chain(home)
    said = f"典型洪水 {file.typical} 自 {full_stamp(file.start_t)}（重建）"
    return Preparing(declared, typical_base(declared, file), file.lead_h, file.station, said, file.wanted)


def typical_base(declared: Mapping[str, Any], file: PreparedFile) -> Base:
    """Return what a prepared disaster starts from. Raises: ConsoleError: the typical flood cannot be used."""
    try:
        series = {(s.object_code, s.element): (s.t, s.value) for s in rebuild(flood_facts(file.typical))}
        return base_of(declared, series, file.start_t, file.lead_h)
    except (EngineRefused, OSError, KeyError, ValueError) as exc:
        why = exc.detail if isinstance(exc, EngineRefused) else str(exc)
        raise ConsoleError(
            f"典型洪水 {file.typical} 用不了：{why}。", "请改情景库文件的 typical 和 start。", repr(exc)
        ) from exc


@dataclass(frozen=True, slots=True)
class _Rivers:
    """The chain in the typical flood and in the disaster; breaks: by reservoir; start: UTC s."""

    declared: Mapping[str, Any]
    usual: Outcome
    made: Outcome
    breaks: Mapping[str, DamBreak]
    start: int

    def moved(self, s: RecordedSeries) -> RecordedSeries:
        """Return a series as the disaster has it, from the start on; one of a place off the chain as it is."""
        row = next((m for m in self.declared.get("measured", ()) if str(m["object"]) == s.object_code), None)
        if row is None or str(row["node"]) not in self.made.nodes:
            return s
        node = str(row["node"])
        part = next((k for k in ELEMENTS if str(row.get(k, "")) == s.element), "level" if s.element == "Z" else "")
        if not part:
            return s
        hours = (s.t - self.start) / HOUR_S
        gone = self.breaks.get(node)
        if gone is not None and part == "level":  # it has no level once its dam is gone
            s = _cut(s, hours < gone.at_s / HOUR_S)
            hours = hours[: len(s.t)]
        name, decimals = ELEMENTS[part]
        values = getattr(self.made.nodes[node], name)
        if gone is not None and part == "level":
            wished = self._until(gone, hours)
        elif values is not None and (whole := self._whole(node, values)) is not None:
            wished = np.interp(hours, self.made.hours, whole)
        elif part == "level":
            wished = s.value + self._raised(s, node, hours)
        else:
            return s
        inside, share = hours >= 0.0, np.clip(hours / BLEND_H, 0.0, 1.0)
        value = np.where(inside, np.round(s.value + share * (wished - s.value), decimals), s.value)
        quality = np.where(inside, int(Quality.RECONSTRUCTED), s.quality).astype(np.int64)
        return RecordedSeries(s.object_code, s.element, s.t, value, quality, SOURCE)

    def _whole(self, node: str, values: Array) -> Array | None:
        """Return a course without gaps: beyond its rating a level goes on by the curve's last slope; None without a curve."""
        gaps = ~np.isfinite(values)
        if not gaps.any():
            return values
        row: Mapping[str, Any] = next((n for n in self.declared.get("node", ()) if str(n["id"]) == node), {})
        rating = row.get("rating")
        if gaps.all() or not isinstance(rating, Mapping) or len(rating.get("points", ())) < 2:
            return None
        z, q = np.array(rating["points"], float).T
        flow = self.made.nodes[node].flow_m3s
        low, high = (z[1] - z[0]) / (q[1] - q[0]), (z[-1] - z[-2]) / (q[-1] - q[-2])
        beyond = np.where(flow > q[-1], z[-1] + (flow - q[-1]) * high, z[0] + (flow - q[0]) * low)
        edge = np.flatnonzero(~gaps)
        nearest = edge[np.abs(edge[None] - np.arange(len(values))[:, None]).argmin(1)]  # a shift at the gauge goes on
        shift = values[nearest] - np.interp(flow[nearest], q, z)
        return np.asarray(np.where(gaps, beyond + shift, values), float)

    def added(self, known: list[RecordedSeries], end: int) -> list[RecordedSeries]:
        """Return what the disaster has and the typical flood has no series of: the level of a gauge with a tide, and where
        a levee breaks the flows of gauges, for those below it fall.
        """
        there = {(s.object_code, s.element) for s in known}
        t = np.arange(self.start, end + 1, HOUR_S, dtype=np.int64)
        found = []
        for row in self.declared.get("measured", ()):
            node = self.made.nodes.get(str(row["node"]))
            if node is None or node.kind != "station":
                continue
            courses = [("Z", node.level_m, 2), (str(row.get("flow", "")), node.flow_m3s if self.made.floods else None, 0)]
            for element, course, decimals in courses:
                key = (str(row["object"]), element)
                if not element or key in there or course is None or not np.isfinite(course).all():
                    continue
                value = np.round(np.interp((t - self.start) / HOUR_S, self.made.hours, course), decimals)
                found.append(RecordedSeries(*key, t, value, np.full(len(t), int(Quality.RECONSTRUCTED), np.int64), SOURCE))
        return found

    def _until(self, gone: DamBreak, hours: Array) -> Array:
        """Return the level of a reservoir up to its failure; to a stated level it rises evenly."""
        level = self.made.nodes[gone.work].level_m
        at_h = gone.at_s / HOUR_S
        known = np.isfinite(level) if level is not None else np.zeros(0, bool)
        if level is None or not known.any():  # it fails at the start: no level of it is played
            return np.zeros(len(hours))
        own = np.interp(hours, self.made.hours[known], level[known])
        off = 0.0 if gone.level_m is None else gone.level_m - float(np.interp(at_h, self.made.hours[known], level[known]))
        return np.asarray(own + off * np.clip(hours / max(at_h, 1.0), 0.0, 1.0), float)

    def _raised(self, s: RecordedSeries, node: str, hours: Array) -> Array:
        """Return by how much a level stands higher than in the typical flood, from both what-ifs' flows."""
        flow = self.usual.nodes[node].flow_m3s
        level = np.interp(self.start + self.usual.hours * HOUR_S, s.t, s.value)
        q, z = _relation(flow, level)
        rise = (z[-1] - np.interp(TOP_FROM * q[-1], q, z)) / max((1.0 - TOP_FROM) * q[-1], 1.0)

        def at(value: Array) -> Array:
            return np.asarray(np.interp(value, q, z) + np.maximum(value - q[-1], 0.0) * rise, float)

        return np.asarray(np.interp(hours, self.made.hours, at(self.made.nodes[node].flow_m3s) - at(flow)), float)


def _cut(s: RecordedSeries, kept: NDArray[np.bool_]) -> RecordedSeries:
    return RecordedSeries(s.object_code, s.element, s.t[kept], s.value[kept], s.quality[kept], s.source)


def _relation(flow: Array, level: Array) -> tuple[Array, Array]:
    """Return flows and the levels that go with them, without the flood's loop: the same share of time above, in classes."""
    q, z = np.sort(flow), np.sort(level)
    classes = np.minimum((CLASSES * (q - q[0]) / max(float(q[-1] - q[0]), 1.0)).astype(int), CLASSES - 1)
    some = np.unique(classes)
    return np.array([q[classes == k].mean() for k in some]), np.array([z[classes == k].mean() for k in some])


def _events(made: Prepared, declared: Mapping[str, Any], start: int) -> tuple[tuple[int, str, str], ...]:
    found = [(start, f"演练开始：{made.wanted.name}", "情景库")]
    names = {str(n["id"]): str(n.get("name", n["id"])) for n in declared.get("node", ())}
    names |= {code: levee.name for code, levee in levees_of(declared).items()}
    for entry in made.wanted.inputs:
        at_s, words = _told(entry, names, made.outcome)
        if words:
            found.append((start + int(at_s), f"演练：{words}", "情景库"))
    for spilled in made.outcome.spills if made.outcome is not None else ():
        for place in spilled.places:
            for hour, words in ((place.arrival_h, "超标"), (place.leave_h, "回到限值以下")):
                if hour is not None:
                    told = f"演练：{place.name}报来{spilled.substance}{words}（推演，最大 {place.peak_mg_l:.2g} mg/L）"
                    found.append((start + int(hour * HOUR_S), told, "情景库"))
    return tuple(sorted(found, key=lambda event: event[0]))


def _told(entry: Input, names: Mapping[str, str], outcome: Outcome | None) -> tuple[float, str]:
    """Return when an input happens and what is told of it; "" where it is no event."""
    if isinstance(entry, DamBreak):
        return entry.at_s, f"{names.get(entry.work, entry.work)}溃坝"
    if isinstance(entry, Breach):
        return entry.at_s, f"{names.get(entry.levee, entry.levee)} K{entry.at_km:g} 溃口"
    if isinstance(entry, Spill):
        return entry.from_s, f"{entry.river} {entry.at_km:g} km 处泄漏{entry.substance} {entry.mass_kg:g} kg"
    if isinstance(entry, Retention):
        return entry.open_s, f"{names.get(entry.area, entry.area)}启用"
    if isinstance(entry, Tide) and outcome is not None:
        mouth = next((n for n in outcome.nodes.values() if n.name == entry.station and n.highest is not None), None)
        top = mouth.highest if mouth is not None else None
        if top is not None:
            return top[1] * HOUR_S, f"{entry.station}最高潮位 {top[0]:.2f} m"
    return 0.0, ""


def _method(made: Prepared, typical: FloodFacts) -> str:
    spilled = "监测站不测污染物：污染只作为演练情报播出，时刻和浓度是推演。" if made.outcome and made.outcome.spills else ""
    lines = [
        f"{made.wanted.name}：情景演练说明",
        "",
        f"本录像是模拟的演练情景，不是真实洪水。来源标“{SOURCE}”的读数由情景推算；其余是典型洪水的重建。",
        f"由来：{made.note}",
        "没有水位流量关系的站，水位按典型洪水的水位与模拟流量关系移动，超出关系线的按其末段外延（都是推算）；降雨和河网以外的江河同典型洪水。",
        *filter(None, (spilled,)),
        *(made.outcome.limits if made.outcome is not None else ()),
        "",
        "典型洪水：",
        "",
    ]
    return "\n".join(lines) + method_text(typical)
