"""Works, their sensors, gates and surveys as their documents declare them, checked field by field.

Documents come from other machines: a figure that is missing, not finite or out of reason is left out,
and what was left out is named, so that a view can say what would fill it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.domain.objects import Station, Thing

TYPES = {"dam": "大坝", "levee": "堤防", "sluice": "水闸", "pump": "泵站", "hydropower": "水电站"}
SUBSYSTEMS = {
    "rain_water": "水雨情采集",
    "dam_monitoring": "大坝安全监测",
    "gate_control": "闸门自动控制",
    "video": "视频监控",
    "network": "网络通信",
    "forecast": "洪水预报预警",
    "decision": "工程管理决策支持",
    "works_status": "工情采集",
}
SUBSYSTEM_STATES = {"ok": "运行", "partial": "部分运行", "fault": "故障", "absent": "未建", "unknown": "未知"}
MAX_READINGS = 4000
MAX_SECTIONS = 60
MAX_PROFILE = 400
CHAINAGE_M = (-1e6, 1e7)
METRES = (-1e4, 1e4)


def number(value: Any, low: float = -1e12, high: float = 1e12) -> float | None:
    """Return a finite figure within reason, None for anything else (text, NaN, true)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) and low <= found <= high else None


def text(value: Any, limit: int = 60) -> str:
    return value[:limit] if isinstance(value, str) else ""


def chainage_text(chainage_m: float | None) -> str:
    """Return a chainage as officers write it: 12+345."""
    if chainage_m is None:
        return "—"
    whole = round(chainage_m)
    sign, whole = ("−" if whole < 0 else ""), abs(whole)
    return f"{sign}{whole // 1000}+{whole % 1000:03d}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def profile_of(value: Any, limit: int = MAX_PROFILE) -> tuple[tuple[float, float], ...]:
    """Return (offset_m, elevation_m) points; one that is no pair of figures is left out."""
    found = []
    for point in _listed(value)[:limit]:
        pair = _listed(point)
        a, b = (number(pair[i], *METRES) if len(pair) == 2 else None for i in (0, 1))
        if a is not None and b is not None:
            found.append((a, b))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Section:
    """A cross-section that is watched. profile: ground or concrete outline, (offset_m, elevation_m) in order."""

    code: str
    name: str
    chainage_m: float | None
    profile: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Subsystem:
    """One of the eight monitoring subsystems. state: a key of SUBSYSTEM_STATES. coverage: 0..1, None unknown.

    at: since when this is so, UTC s; None where nobody said.
    """

    code: str
    state: str
    coverage: float | None
    note: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Works:
    """One works. class_word as published; facts: (name, text, source). level: (object, element) of the water before it."""

    code: str
    name: str
    type: str
    class_word: str
    facts: tuple[tuple[str, str, str], ...]
    sections: tuple[Section, ...]
    subsystems: tuple[Subsystem, ...]
    level: tuple[str, str] | None
    below: tuple[str, str] | None
    flow: tuple[str, str] | None
    reservoir: str
    scour_limit_m: float | None
    crest_m: float | None
    gate_count: int | None
    note: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """Past readings that a model is fitted to; None is missing. rain_mm: means by lag in days."""

    version: str
    source: str
    t: tuple[float, ...]
    level_m: tuple[float | None, ...]
    value: tuple[float | None, ...]
    rain_mm: tuple[tuple[float, tuple[float | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor. problem: a code that says why no model can be made, "" where one may be tried."""

    code: str
    name: str
    works: str
    element: str
    section: str
    chainage_m: float | None
    offset_m: float | None
    elevation_m: float | None
    kind: str
    level_degree: int | None
    driver: tuple[str, str] | None
    rain: tuple[str, str] | None
    attention_s: float
    alarm_s: float
    calibration: Calibration | None
    problem: str


@dataclass(frozen=True, slots=True)
class Gate:
    """One bay. Figures that are not known are None: a bay is then drawn as unknown."""

    code: str
    works: str
    bay: int | None
    width_m: float | None
    max_opening_m: float | None
    sill_m: float | None


def _pointer(value: Any, element: str) -> tuple[str, str] | None:
    doc = _mapping(value)
    code = text(doc.get("object"), 80)
    return (code, text(doc.get("element"), 12) or element) if code else None


def works_of(thing: Thing) -> Works:
    """Return a works from its document; nothing in it can make this fail."""
    f = thing.facts
    sections = tuple(_section(s) for s in map(_mapping, _listed(f.get("sections"))[:MAX_SECTIONS]))
    told = _mapping(f.get("subsystems"))
    facts = tuple(
        (text(d.get("name"), 20), text(d.get("text"), 80), text(d.get("source"), 60))
        for d in map(_mapping, _listed(f.get("published"))[:20])
        if d.get("name")
    )
    kind = text(f.get("type"))
    gates = number(f.get("gate_count"), 1, 500)
    return Works(
        code=thing.code,
        name=thing.name,
        type=kind if kind in TYPES else "",
        class_word=text(f.get("class")),
        facts=facts,
        sections=sections,
        subsystems=tuple(_subsystem(code, _mapping(told.get(code))) for code in SUBSYSTEMS),
        level=_pointer(f.get("level"), "Z"),
        below=_pointer(f.get("below"), "Z"),
        flow=_pointer(f.get("flow"), "Q"),
        reservoir=text(f.get("reservoir"), 80),
        scour_limit_m=number(f.get("scour_limit_m"), 0.01, 100),
        crest_m=number(f.get("crest_m"), *METRES),
        gate_count=None if gates is None else int(gates),
        note=text(f.get("note"), 400),
        simulated=f.get("simulated") is True,
    )


def _section(doc: Mapping[str, Any]) -> Section:
    code = text(doc.get("code"), 20)
    return Section(
        code, text(doc.get("name"), 40) or code, number(doc.get("chainage_m"), *CHAINAGE_M), profile_of(doc.get("profile"))
    )


def _subsystem(code: str, doc: Mapping[str, Any]) -> Subsystem:
    state = text(doc.get("state"))
    return Subsystem(
        code,
        state if state in SUBSYSTEM_STATES else "unknown",
        number(doc.get("coverage"), 0.0, 1.0),
        text(doc.get("note"), 80),
        number(doc.get("at"), 0, 4_102_444_800),
    )


def sensor_of(station: Station) -> Sensor:
    """Return a sensor from its station; what is unusable becomes its problem."""
    f = station.facts
    hst, limits = _mapping(f.get("hst")), _mapping(f.get("limits"))
    calibration, problem = calibration_of(f.get("calibration"))
    attention = number(limits.get("attention_s"), 0.5, 20) or 2.0
    alarm = number(limits.get("alarm_s"), 0.5, 20) or 3.0
    degree = number(hst.get("level_degree"), 0, 4)
    driver = _pointer(f.get("driver"), "Z")
    return Sensor(
        code=station.code,
        name=station.name,
        works=text(f.get("works"), 80),
        element=station.main_element,
        section=text(f.get("section"), 20),
        chainage_m=number(f.get("chainage_m"), *CHAINAGE_M),
        offset_m=number(f.get("offset_m"), *METRES),
        elevation_m=number(f.get("elevation_m"), *METRES),
        kind=text(hst.get("kind")),
        level_degree=None if degree is None else int(degree),
        driver=driver,
        rain=_pointer(f.get("rain"), "P"),
        attention_s=attention,
        alarm_s=max(alarm, attention),
        calibration=calibration,
        problem=problem or ("" if driver else "driver"),
    )


def calibration_of(value: Any) -> tuple[Calibration | None, str]:
    """Return (calibration, ""), or (None, why): none, size, length, time."""
    doc = _mapping(value)
    days = _listed(doc.get("t_day"))
    if not days:
        return None, "none"
    rain = {k: _listed(v) for k, v in _mapping(doc.get("rain_mm")).items()}
    columns = [_listed(doc.get("level_m")), _listed(doc.get("value")), *rain.values()]
    if max(map(len, [days, *columns])) > MAX_READINGS or len(rain) > 6:
        return None, "size"
    if any(len(c) != len(days) for c in columns):
        return None, "length"
    t = [number(d, 0, 47_000) for d in days]
    if any(d is None for d in t):
        return None, "time"
    level, read, *rains = [tuple(number(v, -1e6, 1e6) for v in c) for c in columns]
    lags = [number(_float(k), 0.1, 365) for k in rain]
    if any(lag is None for lag in lags):
        return None, "time"
    return (
        Calibration(
            version=text(doc.get("version"), 40),
            source=text(doc.get("source"), 40),
            t=tuple(d * 86400.0 for d in t if d is not None),
            level_m=level,
            value=read,
            rain_mm=tuple((lag, r) for lag, r in zip(lags, rains, strict=True) if lag is not None),
        ),
        "",
    )


def _float(word: Any) -> float | None:
    try:
        return float(word)
    except (TypeError, ValueError):
        return None


def gate_of(station: Station) -> Gate:
    f = station.facts
    bay = number(f.get("bay"), 1, 500)
    return Gate(
        station.code,
        text(f.get("works"), 80),
        None if bay is None else int(bay),
        number(f.get("width_m"), 0.1, 200),
        number(f.get("max_opening_m"), 0.05, 100),
        number(f.get("sill_m"), *METRES),
    )
