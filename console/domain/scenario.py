"""A scenario of the consultation: named inputs that never change once made, and the record of a run of them.

A change makes a new scenario. Two scenarios with the same base moment and inputs have the same inputs id,
whatever they are called and whoever made them: their results may be shared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

from console.domain.scenario_reader import LIMITS, Reader, ScenarioError
from console.domain.time import stamp

SCHEMA = 1
MAX_CHARS = 4_000_000
INPUTS_MAX = 200
NAME_MAX, AUTHOR_MAX, NOTE_MAX = 60, 60, 400
STATES = ("waiting", "running", "done", "cancelled", "failed")
EVERYWHERE = "*"  # a basin's name that stands for all of them
Points = tuple[tuple[float, float], ...]
"""(seconds after the base moment, value), in order of time."""


@dataclass(frozen=True, slots=True)
class Rain:
    """Rain of a basin, EVERYWHERE for all: as it comes times factor, or drawn (points), then factor is 1.

    A drawn value is mm/h from its moment to the next one's, the last to the end; before the first it is dry.
    """

    basin: str
    factor: float = 1.0
    points: Points = ()


@dataclass(frozen=True, slots=True)
class Inflow:
    """Flow into a node: the forecast times factor, plus add_m3s, later by shift_h; or drawn m³/s (points)."""

    node: str
    factor: float = 1.0
    add_m3s: float = 0.0
    shift_h: float = 0.0
    points: Points = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a reservoir or gate does. kind: release (m³/s) or gates (opening, m, each gate)."""

    work: str
    kind: str
    points: Points


@dataclass(frozen=True, slots=True)
class Keep:
    """A reservoir held at a level, m of its own datum: it passes on what comes, fills or draws down to it."""

    work: str
    level_m: float


@dataclass(frozen=True, slots=True)
class StartLevel:
    """Where a reservoir stands at the base moment, m of its own datum: in the place of a reading, or of none."""

    work: str
    level_m: float


@dataclass(frozen=True, slots=True)
class Breach:
    """A levee (code of the works) that gives way, at_km by its own chainage, at_s after the base moment.

    width_m: the last, reached in growth_h; sill_m: 1985 datum, None down to the ground behind.
    """

    levee: str
    at_km: float
    width_m: float
    at_s: float
    growth_h: float = 1.0
    sill_m: float | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """A retention area put to use. flow_m3s: what its gates take; None as much as they can."""

    area: str
    open_s: float
    close_s: float | None = None
    flow_m3s: float | None = None


@dataclass(frozen=True, slots=True)
class Tide:
    """Level at a tidal station: the usual tide plus a surge that is surge_m high at peak_s; or drawn levels, m (points).

    peak_s: None is when most water comes down the river, the worst meeting.
    """

    station: str
    surge_m: float = 0.0
    points: Points = ()
    peak_s: float | None = None


@dataclass(frozen=True, slots=True)
class Spill:
    """A pollutant let into a river, at_km from its upper end. to_s = from_s: at once."""

    river: str
    substance: str
    at_km: float
    mass_kg: float
    from_s: float
    to_s: float
    limit_mg_l: float
    decay_per_d: float = 0.0


@dataclass(frozen=True, slots=True)
class DamBreak:
    """A dam that fails, its reservoir at level_m (its own datum; None as it stands at the start)."""

    work: str
    at_s: float
    level_m: float | None = None


Input = Rain | Inflow | Schedule | Keep | StartLevel | Breach | Retention | Tide | Spill | DamBreak
KINDS: dict[str, type[Input]] = {
    "rain": Rain,
    "inflow": Inflow,
    "schedule": Schedule,
    "keep": Keep,
    "start": StartLevel,
    "breach": Breach,
    "retention": Retention,
    "tide": Tide,
    "spill": Spill,
    "dam": DamBreak,
}
KIND_WORDS = {
    "rain": "降雨", "inflow": "来水", "schedule": "调度过程", "keep": "控制水位", "start": "起算库水位", "breach": "溃口",
    "retention": "蓄滞洪区", "tide": "潮位", "spill": "污染", "dam": "溃坝",
}  # fmt: skip
KEY_WORDS = {
    "factor": "倍数", "add_m3s": "加流量 m³/s", "shift_h": "推迟 h", "points": "过程", "kind": "类型",
    "width_m": "口宽 m", "at_s": "发生时间", "growth_h": "发展历时 h", "sill_m": "口底高程 m",
    "open_s": "开启时间", "close_s": "关闭时间", "flow_m3s": "分洪流量 m³/s", "surge_m": "增水 m", "peak_s": "增水峰时间",
    "level_m": "水位 m", "substance": "物质", "at_km": "位置 km", "mass_kg": "质量 kg", "from_s": "开始时间",
    "to_s": "结束时间", "limit_mg_l": "限值 mg/L", "decay_per_d": "降解 1/d",
}  # fmt: skip


def named(entry: Input) -> tuple[str, str]:
    """Return an input's kind and whose it is; what a scenario may hold only once, spills and breaches apart."""
    kind = next(k for k, cls in KINDS.items() if isinstance(entry, cls))
    owner = str(getattr(entry, fields(entry)[0].name))
    if isinstance(entry, Schedule):
        owner = f"{owner}（{'出库' if entry.kind == 'release' else '闸门'}）"
    return kind, owner


@dataclass(frozen=True, slots=True)
class Scenario:
    """made_t, base_t: UTC s; base_t is the moment that the run starts from. lead_h: how far it goes.

    However it is made, it is checked as if it were read from a file.

    Raises:
        ScenarioError: a value is outside its limits, two inputs for the same thing, or too many.
    """

    name: str
    author: str
    made_t: float
    base_t: float
    lead_h: float
    inputs: tuple[Input, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        r = Reader({f.name: getattr(self, f.name) for f in fields(self)}, "")
        for key, limit, default in (("name", NAME_MAX, None), ("author", AUTHOR_MAX, None), ("note", NOTE_MAX, "")):
            r.text(key, limit, default)
        for key in ("made_t", "base_t", "lead_h"):
            object.__setattr__(self, key, r.number(key))
        read = (input_from_doc(input_doc(i), f"第 {n} 项输入 ") for n, i in enumerate(self.inputs, 1))
        object.__setattr__(self, "inputs", tuple(read))
        if len(self.inputs) > INPUTS_MAX:
            raise ScenarioError("inputs", str(len(self.inputs)), f"一个情景最多 {INPUTS_MAX} 项输入")
        once = [named(i) for i in self.inputs if not isinstance(i, Breach | Spill)]
        twice = next((k for k in once if once.count(k) > 1), None)
        if twice:
            raise ScenarioError("inputs", twice[1], f"{KIND_WORDS[twice[0]]}只能给一次")

    @property
    def inputs_id(self) -> str:
        """Return the hash of what a run depends on: base moment, lead time, inputs in any order."""
        held = {"base_t": self.base_t, "lead_h": self.lead_h, "inputs": sorted(canonical(input_doc(i)) for i in self.inputs)}
        return hashlib.sha256(canonical(held).encode()).hexdigest()

    @property
    def given(self) -> frozenset[str]:
        """Return the nodes whose inflow is drawn: what the rivers do there does not matter."""
        return frozenset(i.node for i in self.inputs if isinstance(i, Inflow) and i.points)

    def copied(self, name: str, author: str, made_t: float, inputs: tuple[Input, ...] | None = None) -> Scenario:
        return replace(self, name=name, author=author, made_t=made_t, inputs=self.inputs if inputs is None else inputs)

    def changed_against(self, other: Scenario) -> tuple[str, ...]:
        """Return what differs from another scenario, a line each; nothing for the same inputs."""
        lines = []
        if self.base_t != other.base_t:
            lines.append(f"起算时间：{stamp(other.base_t)} → {stamp(self.base_t)}")
        if self.lead_h != other.lead_h:
            lines.append(f"预见期：{other.lead_h:g} h → {self.lead_h:g} h")
        mine, theirs = _by_name(self.inputs), _by_name(other.inputs)
        for key in [*mine, *(k for k in theirs if k not in mine)]:
            now, then = mine.get(key), theirs.get(key)
            if now != then:
                lines.append(f"{KIND_WORDS[key[0]]} {key[1]}：{_difference(now, then, self.base_t)}")
        return tuple(lines)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What was run, by what, and how exact. started: UTC s; mass_error: part of what went in, None where it has none."""

    inputs_id: str
    engine: str
    seed: int
    started: float
    wall_s: float
    mass_error: float | None
    state: str
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ScenarioError("state", self.state, f"应为 {'、'.join(STATES)} 之一")


def input_doc(entry: Input) -> dict[str, Any]:
    """Return an input's document; what has its default is left out, so that a new key does not change old ids."""
    doc: dict[str, Any] = {"type": named(entry)[0]}
    for f in fields(entry):
        value = getattr(entry, f.name)
        if value != f.default:
            doc[f.name] = [list(p) for p in value] if isinstance(value, tuple) else value
    return doc


def scenario_doc(s: Scenario) -> dict[str, Any]:
    head = {"schema": SCHEMA, "name": s.name, "author": s.author, "made_t": s.made_t, "base_t": s.base_t, "lead_h": s.lead_h}
    return {**head, "note": s.note, "inputs": [input_doc(i) for i in s.inputs]}


def scenario_from_doc(raw: Mapping[str, Any]) -> Scenario:
    """Read a scenario strictly.

    Raises:
        ScenarioError: names the key and its value.
    """
    r = Reader(raw, "")
    r.only({"schema", "name", "author", "made_t", "base_t", "lead_h", "note", "inputs"})
    if raw.get("schema") != SCHEMA:
        raise r.fault("schema", f"本程序能读 {SCHEMA}；较新的文件请用较新的版本打开")
    entries = r.items("inputs", INPUTS_MAX)
    inputs = tuple(input_from_doc(entry, f"第 {n} 项输入 ") for n, entry in enumerate(entries, 1))
    name, author, note = r.text("name", NAME_MAX), r.text("author", AUTHOR_MAX), r.text("note", NOTE_MAX, "")
    return Scenario(name, author, r.number("made_t"), r.number("base_t"), r.number("lead_h"), inputs, note)


def scenario_from_json(text: str) -> Scenario:
    """Raises: ScenarioError: not JSON, too large, or not a scenario."""
    if len(text) > MAX_CHARS:
        raise ScenarioError("文件", f"{len(text)} 字", f"超过 {MAX_CHARS // 10_000} 万字")
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ScenarioError("文件", text[:20], f"不是 JSON：{exc}") from exc
    if not isinstance(raw, dict):
        raise ScenarioError("文件", type(raw).__name__, "最外层应为一个表")
    return scenario_from_doc(raw)


def scenario_json(s: Scenario) -> str:
    """Return the canonical text: the same scenario gives the same bytes."""
    return canonical(scenario_doc(s))


def canonical(doc: Any) -> str:
    """Return JSON with sorted keys and without spaces; a whole number is the same whether written 3 or 3.0."""
    return json.dumps(_plain(doc), ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def input_from_doc(raw: Any, where: str) -> Input:
    """Read one input. Raises: ScenarioError."""
    r = Reader.of(raw, where)
    kind = r.choice("type", tuple(KINDS))
    cls = KINDS[kind]
    r.only({"type", *(f.name for f in fields(cls))})
    needed = {f.name: f for f in fields(cls)}
    values: dict[str, Any] = {}
    for name, f in needed.items():
        if name not in raw and f.default is not MISSING:
            continue
        if name == "points":
            values[name] = r.points(name, *_point_limits(kind, raw))
        elif name in LIMITS:
            values[name] = None if raw.get(name) is None and f.default is None else r.number(name)
        elif name == "kind":
            values[name] = r.choice(name, ("release", "gates"))
        else:
            values[name] = r.text(name, NAME_MAX)
    read = cls(**values)
    _fits(r, read)
    return read


def _fits(r: Reader, read: Input) -> None:
    """Refuse what no single key shows to be wrong."""
    if isinstance(read, Retention) and read.close_s is not None and read.close_s <= read.open_s:
        raise r.fault("close_s", "关闭应在开启之后")
    if isinstance(read, Spill) and read.to_s < read.from_s:
        raise r.fault("to_s", "结束不应早于开始")
    if isinstance(read, Schedule) and not read.points:
        raise r.fault("points", "至少要有一个时间点")
    drawn = isinstance(read, Rain | Inflow | Tide) and bool(read.points)
    plain = {"factor": 1.0, "add_m3s": 0.0, "shift_h": 0.0, "surge_m": 0.0}
    if drawn and (both := next((k for k, v in plain.items() if getattr(read, k, v) != v), "")):
        raise r.fault(both, "已给出过程（points），不能再给这一项")
    if isinstance(read, Tide) and read.points and read.peak_s is not None:
        raise r.fault("peak_s", "已给出过程（points），不能再给这一项")


def _point_limits(kind: str, raw: Mapping[str, Any]) -> tuple[float, float, str]:
    """Return least, most and unit of the values of a series."""
    if kind == "schedule":
        return (0.0, 60.0, "m") if raw.get("kind") == "gates" else (0.0, 200_000.0, "m³/s")
    return {"rain": (0.0, 500.0, "mm"), "inflow": (0.0, 200_000.0, "m³/s"), "tide": (-10.0, 15.0, "m")}[kind]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _by_name(inputs: tuple[Input, ...]) -> dict[tuple[str, str], Input]:
    out: dict[tuple[str, str], Input] = {}
    for i in inputs:
        kind, owner = key = named(i)
        while key in out:  # a second breach of a levee, a second spill into a river
            key = (kind, f"{owner}（{sum(k[1].startswith(owner) for k in out) + 1}）")
        out[key] = i
    return out


def _difference(now: Input | None, then: Input | None, base_t: float) -> str:
    if now is None:
        return "去掉"
    if then is None:
        return f"新增，{_said(now, base_t)}"
    parts = []
    for f in fields(now):
        a, b = getattr(then, f.name), getattr(now, f.name)
        if a != b:
            parts.append(f"{KEY_WORDS[f.name]} {_value(f.name, a, base_t)} → {_value(f.name, b, base_t)}")
    return "，".join(parts)


def _said(entry: Input, base_t: float) -> str:
    shown = [f for f in fields(entry)[1:] if getattr(entry, f.name) != f.default]
    return "，".join(f"{KEY_WORDS[f.name]} {_value(f.name, getattr(entry, f.name), base_t)}" for f in shown)


def _value(name: str, value: Any, base_t: float) -> str:
    if value is None:
        return "未给"
    if isinstance(value, tuple):
        values = [v for _, v in value]
        return f"{len(value)} 点（{min(values):g}–{max(values):g}）" if value else "不改"
    if name.endswith("_s"):
        return stamp(base_t + value)
    return f"{value:g}" if isinstance(value, float) else {"release": "出库", "gates": "闸门"}.get(value, str(value))
