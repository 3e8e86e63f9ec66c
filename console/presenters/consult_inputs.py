"""From changes as an officer types them to a scenario's inputs, and the other way; a fault names its row."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from console.domain.scenario import (
    EVERYWHERE,
    KEY_WORDS,
    KIND_WORDS,
    Breach,
    DamBreak,
    Inflow,
    Input,
    Keep,
    Rain,
    Retention,
    Schedule,
    Spill,
    StartLevel,
    Tide,
    input_doc,
    input_from_doc,
    named,
)
from console.domain.scenario_reader import LIMITS, ScenarioError
from console.engine.chain_base import Base
from console.engine.levee_breach import levees_of
from console.errors import ConsoleError
from console.presenters.wording import Translate
from console.viewdata.consult import CHANGES, COURSES, Change, Target

HOUR_S = 3600.0
SHOWN_PIECES = 6  # a longer course is told by its number of points
PAIRS_HELP = "请写“小时 数值”，各段用分号分开，如 0 9000; 6 12000。"
FLOWS = ("factor", "add", "shift")
RAINS = ("rain", "drawn")
MANY = ("spill", "breach")  # of which one object may have several
SEAS = ("surge", "tide")
COURSE_HELP = {
    "tide": "时间应依次增大，至多 5000 点，潮位在 −10 到 15 m 之间",
    "gates": "时间应依次增大，至多 5000 点，开度在 0 到 60 m 之间",
    "": "时间应依次增大，至多 5000 点，数值不能太大或为负",
}
PAIR = re.compile(r"[;；\n]+")
PART = re.compile(r"[\s,，h]+")


class NotAChange(ConsoleError):
    """A row of the form that cannot be taken."""


def targets_of(declared: Mapping[str, Any]) -> tuple[Target, ...]:
    """Return the nodes and levees that can be changed, in the order of the network's file."""
    rained = {str(b.get("node")) for b in declared.get("runoff", {}).get("basin", ())}
    dams = {str(d.get("node")) for d in declared.get("dam", ())}
    found = [Target(EVERYWHERE, "全流域", RAINS)] if rained else []
    for raw in declared.get("node", ()):
        kinds = {
            "inflow": (*(RAINS if raw["id"] in rained else ()), *FLOWS, "course"),
            "reservoir": _of_reservoir(raw, dams),
            "diversion": ("release",),
            "retention": ("retention",),
        }.get(str(raw["kind"]), ())
        if kinds:
            found.append(Target(str(raw["id"]), str(raw.get("name", raw["id"])), kinds))
    found += [Target(levee.code, levee.name, ("breach",)) for levee in levees_of(declared).values()]
    if "transport" in declared:
        river = str(declared["transport"].get("river", ""))
        found.append(Target(river, river, ("spill",)))
    if "tidal" in declared:
        mouth, joining = str(declared["tidal"].get("mouth", "")), declared["tidal"].get("joining")
        found.append(Target(mouth, mouth, SEAS))
        if joining:
            found.append(Target(str(joining["node"]), str(joining.get("name", joining["node"])), ("course", "factor", "add")))
    return tuple(found)


def _of_reservoir(raw: Mapping[str, Any], dams: set[str]) -> tuple[str, ...]:
    if "storage" not in raw:
        return ()
    more = (("gates", "gates" in raw), ("actual", True), ("dam", raw["id"] in dams))
    return ("start", "keep", "release", *(kind for kind, there in more if there))


def inputs_of(changes: Sequence[Change], base: Base | None = None) -> tuple[Input, ...]:
    """Return the inputs; changes of one inflow become one. base: for releases as they were measured.

    Raises:
        NotAChange: names the row and says how to write it, or which value is outside its limits.
    """
    inflows: dict[str, Inflow] = {}
    others: list[Input] = []
    seen: set[tuple[str, str]] = set()
    for row, change in enumerate(changes, 1):
        had = len(others)
        if (change.kind, change.target) in seen and change.kind not in MANY:
            raise NotAChange(f"第 {row} 项：同一对象的“{CHANGES[change.kind]}”已经给过。", "请删去其中一项。")
        seen.add((change.kind, change.target))
        if change.kind == "course":
            if any((kind, change.target) in seen for kind in FLOWS):
                raise NotAChange(f"第 {row} 项：这一来水已给了倍数、加流量或推迟。", "请只留过程，或只留那一项。")
            points = tuple((_seconds(hour), flow) for hour, flow in _pairs(change.text, row))
            inflows[change.target] = Inflow(change.target, points=points)
        elif change.kind in FLOWS:
            if ("course", change.target) in seen:
                raise NotAChange(f"第 {row} 项：这一来水已给了过程。", "请只留过程，或只留这一项。")
            before = inflows.get(change.target, Inflow(change.target))
            inflows[change.target] = _with(before, change.kind, _number(change.text, row))
        elif change.kind in RAINS:
            if {(kind, change.target) for kind in RAINS} <= seen:
                raise NotAChange(f"第 {row} 项：同一分区既给了倍数又给了过程。", "请只留一项。")
            others.append(_rain(change, row))
        elif change.kind in SEAS:
            if {(kind, change.target) for kind in SEAS} <= seen:
                raise NotAChange(f"第 {row} 项：同一河口既给了增水又给了潮位过程。", "请只留一项。")
            others.append(_tide(change, row))
        elif change.kind == "dam":
            others.append(_dam_break(change, row))
        elif change.kind == "breach":
            others.append(_breach(change, row))
        elif change.kind == "spill":
            others.append(_spill(change, row))
        elif change.kind == "start":
            others.append(StartLevel(change.target, _number(change.text, row)))
        elif change.kind == "keep":
            others.append(Keep(change.target, _number(change.text, row)))
        elif change.kind == "actual":
            others.append(Schedule(change.target, "release", _measured(change.target, row, base)))
        elif change.kind in ("release", "gates"):
            points = tuple((_seconds(hour), value) for hour, value in _pairs(change.text, row))
            others.append(Schedule(change.target, change.kind, points))
        else:
            parts = [p for p in PART.split(change.text.strip()) if p]
            if len(parts) not in (1, 2, 3):
                raise NotAChange(
                    f"第 {row} 项“{change.text[:20]}”看不懂。", "请写启用的小时，可再写进洪流量和关闭的小时，如 12 1300 48。"
                )
            flow = _number(parts[1], row) if len(parts) > 1 else None
            close = _seconds(_number(parts[2], row)) if len(parts) > 2 else None
            others.append(Retention(change.target, _seconds(_number(parts[0], row)), close, flow))
        _checked(others[-1] if len(others) > had else inflows[change.target], change, row)
    return (*inflows.values(), *others)


def _checked(entry: Input, change: Change, row: int) -> None:
    """Refuse a row whose value no scenario may have, in the words and units of the form."""
    try:
        input_from_doc(input_doc(entry), "")
    except ScenarioError as exc:
        key = exc.key.split(" ")[0]
        if key in LIMITS and key.endswith("_s"):
            allowed = f"应在 0 到 {LIMITS[key][1] / HOUR_S:g} 小时之间"
        else:
            allowed = COURSE_HELP.get(change.kind, COURSE_HELP[""]) if key == "points" else exc.next_step.rstrip("。")
        said = KEY_WORDS.get(key, key)
        raise NotAChange(f"第 {row} 项“{change.text[:20]}”的{said}不能用。", f"{allowed}。") from exc


def unsaid(inputs: Sequence[Input]) -> tuple[str, ...]:
    """Return what of a scenario the form cannot say, in words; a copy is without it."""
    return tuple(dict.fromkeys(KIND_WORDS[named(entry)[0]] for entry in inputs if _unsayable(entry)))


def _unsayable(entry: Input) -> bool:
    """Tell whether no row says an input whole: an area that is shut at an hour and takes what it can."""
    return isinstance(entry, Retention) and entry.close_s is not None and entry.flow_m3s is None


def changes_of(inputs: Sequence[Input]) -> tuple[Change, ...]:
    """Return inputs as rows of the form; what the form cannot say is left out."""
    found: list[Change] = []
    for entry in inputs:
        if isinstance(entry, Inflow) and entry.points:
            found.append(Change("course", entry.node, "; ".join(f"{t / HOUR_S:.12g} {v:.12g}" for t, v in entry.points)))
        elif isinstance(entry, Inflow):
            pairs = (("factor", entry.factor, 1.0), ("add", entry.add_m3s, 0.0), ("shift", entry.shift_h, 0.0))
            found += [Change(kind, entry.node, f"{value:.12g}") for kind, value, plain in pairs if value != plain]
        elif isinstance(entry, Rain):
            text = "; ".join(f"{t / HOUR_S:.12g} {v:.12g}" for t, v in entry.points)
            found.append(Change("drawn", entry.basin, text) if text else Change("rain", entry.basin, f"{entry.factor:.12g}"))
        elif isinstance(entry, Tide) and entry.points:
            found.append(Change("tide", entry.station, "; ".join(f"{t / HOUR_S:.12g} {v:.12g}" for t, v in entry.points)))
        elif isinstance(entry, Tide):
            peak = f" {entry.peak_s / HOUR_S:.12g}" if entry.peak_s is not None else ""
            found.append(Change("surge", entry.station, f"{entry.surge_m:.12g}{peak}"))
        elif isinstance(entry, DamBreak):
            level = f" {entry.level_m:.12g}" if entry.level_m is not None else ""
            found.append(Change("dam", entry.work, f"{entry.at_s / HOUR_S:.12g}{level}"))
        elif isinstance(entry, Breach):
            sill = [] if entry.sill_m is None else [entry.sill_m]
            numbers = (entry.at_km, entry.width_m, entry.at_s / HOUR_S, entry.growth_h, *sill)
            found.append(Change("breach", entry.levee, " ".join(f"{v:.12g}" for v in numbers)))
        elif isinstance(entry, Spill):
            figures = (entry.at_km, entry.mass_kg, entry.from_s / HOUR_S, entry.to_s / HOUR_S, entry.limit_mg_l)
            decay = f" {entry.decay_per_d:.12g}" if entry.decay_per_d else ""
            substance = "".join(entry.substance.split())  # in one word, or the line could not be read again
            text = " ".join(f"{v:.12g}" for v in figures)
            found.append(Change("spill", entry.river, f"{substance} {text}{decay}"))
        elif isinstance(entry, StartLevel):
            found.append(Change("start", entry.work, f"{entry.level_m:.12g}"))
        elif isinstance(entry, Keep):
            found.append(Change("keep", entry.work, f"{entry.level_m:.12g}"))
        elif isinstance(entry, Schedule):
            found.append(Change(entry.kind, entry.work, "; ".join(f"{t / HOUR_S:.12g} {v:.12g}" for t, v in entry.points)))
        elif isinstance(entry, Retention):
            more = [] if entry.flow_m3s is None else [entry.flow_m3s]
            if entry.close_s is not None and more:
                more.append(entry.close_s / HOUR_S)
            text = " ".join(f"{v:.12g}" for v in (entry.open_s / HOUR_S, *more))
            found.append(Change("retention", entry.area, text))
    return tuple(found)


def change_words(change: Change, names: Mapping[str, str], tr: Translate) -> str:
    """Return a change as a line of a list."""
    units = {"add": "m³/s", "shift": "h", "keep": "m", "start": "m", "drawn": "mm/h"}
    name, unit = names.get(change.target, change.target), units.get(change.kind, "")
    pieces = [p for p in PAIR.split(change.text) if p.strip()]
    if change.kind in COURSES and len(pieces) > SHOWN_PIECES:
        return f"{name} {tr(CHANGES[change.kind])} {len(pieces)} {tr('点')}"
    if change.kind == "retention":
        hour, *more = change.text.split() or [""]
        parts = [f"{tr('起于第')} {hour} h", *(f"{v} {unit}" for v, unit in zip(more, ("m³/s", "h"), strict=False))]
        return f"{name} {tr(CHANGES[change.kind])} {'，'.join(parts)}"
    if change.kind == "breach":
        return f"{name} {tr(CHANGES[change.kind])} {_breach_words(change.text, tr)}"
    value = f"×{change.text}" if change.kind in ("factor", "rain") else f"{change.text} {unit}".strip()
    return f"{name} {tr(CHANGES[change.kind])} {value}"


def _breach_words(text: str, tr: Translate) -> str:
    km, width, hour, growth, *sill = text.split()
    words = [f"K{km}", f"{tr('宽')} {width} m", f"{tr('溃于第')} {hour} h", f"{tr('发展')} {growth} h"]
    return "，".join([*words, *(f"{tr('口底')} {z} m" for z in sill)])


def _rain(change: Change, row: int) -> Rain:
    if change.kind == "rain":
        return Rain(change.target, _number(change.text, row))
    return Rain(change.target, points=tuple((_seconds(hour), mm) for hour, mm in _pairs(change.text, row)))


def _tide(change: Change, row: int) -> Tide:
    if change.kind == "tide":
        return Tide(change.target, points=tuple((_seconds(hour), level) for hour, level in _pairs(change.text, row)))
    parts = [p for p in PART.split(change.text.strip()) if p]
    if len(parts) not in (1, 2):
        raise NotAChange(f"第 {row} 项“{change.text[:20]}”看不懂。", "请写增水 m，可再写增水峰现的小时，如 2.1 30。")
    return Tide(change.target, _number(parts[0], row), peak_s=_seconds(_number(parts[1], row)) if len(parts) == 2 else None)


def _dam_break(change: Change, row: int) -> DamBreak:
    parts = [p for p in PART.split(change.text.strip()) if p]
    if len(parts) not in (1, 2):
        raise NotAChange(f"第 {row} 项“{change.text[:20]}”看不懂。", "请写溃坝的小时，可再写溃坝时的库水位，如 6 150。")
    return DamBreak(change.target, _seconds(_number(parts[0], row)), _number(parts[1], row) if len(parts) == 2 else None)


def _breach(change: Change, row: int) -> Breach:
    parts = [p for p in PART.split(change.text.strip()) if p]
    if len(parts) not in (3, 4, 5):
        raise NotAChange(
            f"第 {row} 项“{change.text[:20]}”看不懂。",
            "请依次写桩号 km、口宽 m、溃决的小时，可再写发展历时 h 和口门底高程 m（1985），如 12.1 200 30 2 5.6。",
        )
    at_km, width_m, hour, *more = (_number(p, row) for p in parts)
    return Breach(
        change.target, at_km, width_m, _seconds(hour), more[0] if more else 1.0, more[1] if len(more) > 1 else None
    )  # fmt: skip


def _spill(change: Change, row: int) -> Spill:
    substance, *figures = change.text.replace("，", " ").replace(",", " ").split() or [""]
    if len(figures) not in (5, 6):
        raise NotAChange(
            f"第 {row} 项“{change.text[:20]}”看不懂。",
            "请依次写物质、距起点 km、质量 kg、开始和结束的小时、限值 mg/L，可再写降解 1/d，如 镉 5 3600 0 2 0.005。",
        )
    at_km, mass_kg, begun, ended, limit, *decay = (_number(f, row) for f in figures)
    return Spill(
        change.target, substance, at_km, mass_kg, _seconds(begun), _seconds(ended), limit, decay[0] if decay else 0.0
    )  # fmt: skip


def _with(inflow: Inflow, kind: str, value: float) -> Inflow:
    if kind == "factor":
        return replace(inflow, factor=value)
    return replace(inflow, add_m3s=value) if kind == "add" else replace(inflow, shift_h=value)


def _measured(node: str, row: int, base: Base | None) -> tuple[tuple[float, float], ...]:
    """Return the release that was measured since the start, as (seconds, m³/s); after its last reading that one stays."""
    seen = base.measured.get(node) if base is not None else None
    hours, flow = seen.flow if seen is not None else ((), ())
    if len(hours) < 2:
        raise NotAChange(f"第 {row} 项：起算时间之后没有实测出库。", "请把起算时间放早一些，或自己写出库过程。")
    return tuple((round(float(h) * HOUR_S), round(float(v))) for h, v in zip(hours, flow, strict=True))


def _seconds(hours: float) -> float:
    """Return hours as seconds, to the millisecond: what was 600 s stays so through the form."""
    return round(hours * HOUR_S, 3)


def _number(text: str, row: int) -> float:
    try:
        found = float(text.strip().removeprefix("×").replace("－", "-"))
    except ValueError as exc:
        raise NotAChange(f"第 {row} 项“{text[:20]}”不是数。", "请只写一个数，不写单位。") from exc
    if not math.isfinite(found):
        raise NotAChange(f"第 {row} 项“{text[:20]}”不是数。", "请只写一个数，不写单位。")
    return found


def _pairs(text: str, row: int) -> list[tuple[float, float]]:
    found = []
    for piece in PAIR.split(text.strip()):
        parts = [p for p in PART.split(piece.strip()) if p]
        if not parts:
            continue
        if len(parts) != 2:
            raise NotAChange(f"第 {row} 项“{piece.strip()[:20]}”看不懂。", PAIRS_HELP)
        found.append((_number(parts[0], row), _number(parts[1], row)))
    if not found:
        raise NotAChange(f"第 {row} 项没有写过程。", PAIRS_HELP)
    return found
