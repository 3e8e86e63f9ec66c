"""A prepared disaster as a recording to drill with: the typical flood, its rivers as the what-if of the disaster has them.

Levels and flows of the chain are the what-if's; where a station has a level and no curve, its level is moved by the
typical flood's own relation of level and simulated flow. Rain, other rivers and works' instruments stay the typical
flood's; the instruments answer the moved levels. Over the first hours the one passes into the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from console.domain.quality import Quality
from console.domain.scenario import DamBreak, Input, Retention, Scenario, Spill, Tide
from console.domain.time import HOUR_S, full_stamp
from console.drill.facts import DRILL, FloodFacts, Recording, flood_facts
from console.drill.method import method_text
from console.drill.reconstruct import curves, rebuild, with_works
from console.drill.recorded import Array, RecordedSeries
from console.engine.chain_base import Base, base_of
from console.engine.prepared import Prepared, Preparing, prepare
from console.engine.refused import EngineRefused
from console.engine.whatif import Case, Outcome, outcome_of
from console.errors import ConsoleError
from console.store.chains import PreparedFile, declared_chain, declared_disasters

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
    file, declared = declared_disasters(home), declared_chain(home)
    wanted = next((w for w in file.wanted if DRILL + w.code == key), None)
    if wanted is None:
        raise ConsoleError(f"情景库里没有 {key.removeprefix(DRILL)!r}。", f"可用：{'、'.join(drill_names(home))}。")
    base = typical_base(declared, file)
    made = prepare(replace(preparing(home), wanted=(wanted,)), lambda *_: None)[0]
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
    known = curves(typical)
    moved = [_moved(s, declared, usual, made.outcome, start, known) for s in known]
    facts = replace(
        typical, key=key, name=wanted.name, title=f"{wanted.name}（{SOURCE}）", start_t=start, to_t=end,
        events=_events(made, declared, start),
    )  # fmt: skip
    return Recording(facts, tuple(with_works(typical.key, moved)), _method(made, typical))


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


def _moved(
    s: RecordedSeries, declared: Mapping[str, Any], usual: Outcome, made: Outcome, start: int, known: list[RecordedSeries]
) -> RecordedSeries:
    """Return a series as the disaster has it, from the start on; one of a place off the chain as it is."""
    row = next((m for m in declared.get("measured", ()) if str(m["object"]) == s.object_code), None)
    if row is None or str(row["node"]) not in made.nodes:
        return s
    node = str(row["node"])
    part = next((k for k in ELEMENTS if str(row.get(k, "")) == s.element), "level" if s.element == "Z" else "")
    if not part:
        return s
    hours = (s.t - start) / HOUR_S
    name, decimals = ELEMENTS[part]
    values = getattr(made.nodes[node], name)
    inside = hours >= 0.0
    if values is not None and np.isfinite(values).all():
        wished = np.interp(hours, made.hours, values)
    elif part == "level":
        wished = s.value + _raised(s, usual, made, node, start, hours)
    else:
        return s
    share = np.clip(hours / BLEND_H, 0.0, 1.0)
    value = np.where(inside, np.round(s.value + share * (wished - s.value), decimals), s.value)
    quality = np.where(inside, int(Quality.RECONSTRUCTED), s.quality).astype(np.int64)
    return RecordedSeries(s.object_code, s.element, s.t, value, quality, SOURCE)


def _raised(s: RecordedSeries, usual: Outcome, made: Outcome, node: str, start: int, hours: Array) -> Array:
    """Return by how much a level stands higher than in the typical flood, from both what-ifs' flows."""
    flow = usual.nodes[node].flow_m3s
    level = np.interp(start + usual.hours * HOUR_S, s.t, s.value)
    q, z = _relation(flow, level)
    rise = (z[-1] - np.interp(TOP_FROM * q[-1], q, z)) / max((1.0 - TOP_FROM) * q[-1], 1.0)

    def at(value: Array) -> Array:
        return np.asarray(np.interp(value, q, z) + np.maximum(value - q[-1], 0.0) * rise, float)

    return np.asarray(np.interp(hours, made.hours, at(made.nodes[node].flow_m3s) - at(flow)), float)


def _relation(flow: Array, level: Array) -> tuple[Array, Array]:
    """Return flows and the levels that go with them, without the flood's loop: the same share of time above, in classes."""
    q, z = np.sort(flow), np.sort(level)
    classes = np.minimum((CLASSES * (q - q[0]) / max(float(q[-1] - q[0]), 1.0)).astype(int), CLASSES - 1)
    some = np.unique(classes)
    return np.array([q[classes == k].mean() for k in some]), np.array([z[classes == k].mean() for k in some])


def _events(made: Prepared, declared: Mapping[str, Any], start: int) -> tuple[tuple[int, str, str], ...]:
    found = [(start, f"演练开始：{made.wanted.name}", "情景库")]
    names = {str(n["id"]): str(n.get("name", n["id"])) for n in declared.get("node", ())}
    for entry in made.wanted.inputs:
        at_s, words = _told(entry, names)
        if words:
            found.append((start + int(at_s), f"演练：{words}", "情景库"))
    return tuple(found)


def _told(entry: Input, names: Mapping[str, str]) -> tuple[float, str]:
    """Return when an input happens and what is told of it; "" where it is no event."""
    if isinstance(entry, DamBreak):
        return entry.at_s, f"{names.get(entry.work, entry.work)}溃坝"
    if isinstance(entry, Spill):
        return entry.from_s, f"{entry.river}距起点 {entry.at_km:g} km {entry.substance} {entry.mass_kg:g} kg 入河"
    if isinstance(entry, Retention):
        return entry.open_s, f"{names.get(entry.area, entry.area)}启用"
    if isinstance(entry, Tide):
        return entry.peak_s or 0.0, f"{entry.station}风暴潮增水 {entry.surge_m:g} m"
    return 0.0, ""


def _method(made: Prepared, typical: FloodFacts) -> str:
    lines = [
        f"{made.wanted.name}：情景演练说明",
        "",
        f"本录像是模拟的演练情景，不是真实洪水。来源标“{SOURCE}”的读数由情景推算；其余是典型洪水的重建。",
        f"由来：{made.note}",
        "没有水位流量关系的站，水位按典型洪水的水位与模拟流量关系移动（推算）；降雨和河网以外的江河同典型洪水。",
        *(made.outcome.limits if made.outcome is not None else ()),
        "",
        "典型洪水：",
        "",
    ]
    return "\n".join(lines) + method_text(typical)
