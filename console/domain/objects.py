"""Stations, reservoirs, basins: what the console watches, with the source of each figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from console.domain.elements import ELEMENTS, LEVELS, Element
from console.domain.time import beijing

# Kinds of objects that a line of business watches. Matters: what is neither a station nor a works and mostly
# has no readings: a project, a case, a permit.
WATCHED = ("stations", "reservoirs", "basins", "gates", "sensors", "matters")
THINGS = ("works", "surveys", "typhoons", "cameras", "retention_areas")  # kinds that views read as documents
BY_WORKS = frozenset({"sensor", "gate", "pump"})  # judged by their works' model, not by a figure of their own
MAIN_ELEMENTS = {
    "reservoir": "RZ",
    "basin": "P",
    "rain": "P",
    "wind": "WS",
    "salinity": "CL",
    "soil": "SM",
    "gate": "GTO",
    "pump": "PMN",
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """One figure to compare with.

    kind: warning, guaranteed, record, record_flow, flood_limit, normal, flood_control_high, design, check, dead, crest.
    season: (MMDD, MMDD) where it holds, both included, may cross New Year; None all year.
    """

    kind: str
    value: float
    element: str = "Z"
    source: str = ""
    valid_from: str = ""
    season: tuple[str, str] | None = None

    def holds_at(self, t: float) -> bool:
        """Tell whether the figure is in force on t's Beijing date.

        Source: flood-limited level is seasonal (SL 323 ST_RSVRFSR_B, MMDD ranges).
        """
        moment = beijing(t)
        if self.valid_from and moment.strftime("%Y-%m-%d") < self.valid_from:
            return False
        if self.season is None:
            return True
        first, last = self.season
        day = moment.strftime("%m%d")
        return first <= day <= last if first <= last else day >= first or day <= last


@dataclass(frozen=True, slots=True)
class Station:
    """Any watched object with readings.

    kind: river, reservoir, tide, rain, basin, wind, salinity, soil, gate, pump, sensor, or one that a topic
    declares. element: what a sensor measures. declared: its main element where a topic declares it.
    Position in CGCS2000 degrees, None unknown.
    """

    code: str
    name: str
    kind: str
    river: str = ""
    city: str = ""
    lon: float | None = None
    lat: float | None = None
    datum: str = ""
    thresholds: tuple[Threshold, ...] = ()
    rain_basin: str = ""
    note: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    element: str = ""
    declared: Element | None = None

    def threshold(self, kind: str, t: float, element: str | None = None) -> Threshold | None:
        """Return the figure of that kind in force at t, the newest first; None if unknown."""
        found = [th for th in self.thresholds if th.kind == kind and th.holds_at(t) and element in (None, th.element)]
        return max(found, key=lambda th: th.valid_from, default=None)

    def level_threshold(self, kind: str, t: float) -> Threshold | None:
        """Return that figure of the water level, whether of a river or of a pool; never one of the flow."""
        return next((th for element in LEVELS if (th := self.threshold(kind, t, element)) is not None), None)

    @property
    def main_element(self) -> str:
        return self.what.code

    @property
    def what(self) -> Element:
        """Return what is measured here first."""
        return self.declared or ELEMENTS[self.element or MAIN_ELEMENTS.get(self.kind, "Z")]


@dataclass(frozen=True, slots=True)
class Thing:
    """An object without readings of its own: a works, a survey, a typhoon, a camera.

    lines: its geometry as lon/lat lists, one of one point for a point. facts: its properties as sent.
    """

    kind: str
    code: str
    name: str
    lines: tuple[tuple[tuple[float, float], ...], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1

    @property
    def place(self) -> tuple[float, float] | None:
        """Return its first point, CGCS2000 degrees, None where it has no place."""
        return self.lines[0][0] if self.lines and self.lines[0] else None


@dataclass(frozen=True, slots=True)
class Series:
    """One time series. interval_s is the usual reporting interval. declared: its element where a topic declares it."""

    sid: int
    object_code: str
    element: str
    unit: str
    datum: str = ""
    source: str = ""
    interval_s: int = 3600
    declared: Element | None = None

    @property
    def what(self) -> Element:
        """Return the element that it is of; one that nobody declared is worded by its code and unit."""
        return self.declared or ELEMENTS.get(self.element) or Element(self.element, self.element, self.unit, 2)


@dataclass(frozen=True, slots=True)
class ReachNode:
    """A station on a basin strip; chainage_km grows downstream."""

    code: str
    chainage_km: float
    travel_h: float | None = None


@dataclass(frozen=True, slots=True)
class River:
    """A river's stations in downstream order, for the strip and the water surface.

    joins: (river code, chainage km) where it flows into another one, None for an end or unknown.
    """

    code: str
    name: str
    nodes: tuple[ReachNode, ...] = ()
    joins: tuple[str, float] | None = None


def station_from_doc(doc: Mapping[str, Any]) -> Station:
    """Return a Station from an object document of the contract.

    Raises:
        KeyError, TypeError, ValueError: the document breaks the contract.
    """
    props = doc["properties"]
    point = doc.get("geometry") or {}
    lon, lat = point["coordinates"][:2] if point.get("type") == "Point" else (None, None)
    thresholds = tuple(found for item in props.get("thresholds", ()) if (found := _threshold(item)) is not None)
    place = _degrees(lon, 180.0), _degrees(lat, 90.0)
    if None in place:
        place = None, None
    return Station(
        code=str(doc["code"]),
        name=str(props["name"]),
        kind=str(props.get("type", doc.get("kind", "river"))),
        river=str(props.get("river") or ""),
        city=str(props.get("city") or ""),
        lon=place[0],
        lat=place[1],
        datum=str(props.get("datum") or ""),
        thresholds=thresholds,
        rain_basin=str(props.get("rain_basin") or ""),
        note=str(props.get("note") or ""),
        facts=dict(props.get("facts") or {}),
        element=str(props["element"]) if props.get("element") in ELEMENTS else "",
    )


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _degrees(value: object, limit: float) -> float | None:
    return float(value) if _is_figure(value) and abs(value) <= limit else None  # type: ignore[arg-type]


def _threshold(item: Mapping[str, Any]) -> Threshold | None:
    """Return one figure; None for one that is no number or whose season cannot be read: it would hold all year."""
    if not isinstance(item, Mapping) or not _is_figure(item.get("value")):
        return None
    try:
        season = _season(item.get("season"))
    except ValueError:
        return None
    return Threshold(
        kind=str(item.get("kind", "")),
        value=float(item["value"]),
        element=str(item.get("element", "Z")),
        source=str(item.get("source", "")),
        valid_from=str(item.get("valid_from", "")),
        season=season,
    )


def _season(raw: object) -> tuple[str, str] | None:
    """Raises: ValueError: it is there and is not two MMDD texts; a limit without its season would hold all year."""
    if not raw:
        return None
    if isinstance(raw, list | tuple) and len(raw) == 2 and all(isinstance(d, str) and len(d) == 4 and d.isdigit() for d in raw):
        return str(raw[0]), str(raw[1])
    raise ValueError(f"season {raw!r}")


def thing_from_doc(kind: str, doc: Mapping[str, Any]) -> Thing:
    """Return a Thing from an object document; geometry may be a Point, LineString, Polygon or none.

    Raises:
        KeyError, TypeError, ValueError: the document breaks the contract.
    """
    shape = doc.get("geometry") or {}
    points = shape.get("coordinates") or []
    nested = {"Point": [[points]], "LineString": [points], "Polygon": points, "MultiLineString": points}
    lines = nested.get(str(shape.get("type")), []) if points else []
    return Thing(
        kind=kind,
        code=str(doc["code"]),
        name=str(doc["properties"].get("name") or doc["code"]),
        lines=tuple(line for line in (_placed(part) for part in lines) if line),
        facts=dict(doc["properties"]),
        version=int(doc.get("version", 1)),
    )


def _placed(line: Sequence[Sequence[object]]) -> tuple[tuple[float, float], ...]:
    """Return the points of a line that lie on the earth."""
    points = ((_degrees(p[0], 180.0), _degrees(p[1], 90.0)) for p in line)
    return tuple((x, y) for x, y in points if x is not None and y is not None)


def series_from_doc(doc: Mapping[str, Any]) -> Series:
    props = doc["properties"]
    return Series(
        sid=_sid(props["sid"]),
        object_code=str(props["object"]),
        element=str(props["element"]),
        unit=str(props.get("unit") or ""),
        datum=str(props.get("datum") or ""),
        source=str(props.get("source") or ""),
        interval_s=int(props.get("interval_s") or 3600),
    )


def _sid(value: object) -> int:
    """Raises: ValueError: not a number that a database can hold."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise ValueError(f"series {str(value)[:40]}")
    return value


def river_from_doc(doc: Mapping[str, Any]) -> River:
    props = doc["properties"]
    nodes = tuple(
        ReachNode(str(n["code"]), float(n["chainage_km"]), float(n["travel_h"]) if _is_figure(n.get("travel_h")) else None)
        for n in props.get("nodes", ())
        if _is_figure(n.get("chainage_km"))
    )
    into = props.get("joins")
    joins = (str(into["river"]), float(into["chainage_km"])) if into and _is_figure(into.get("chainage_km")) else None
    return River(str(doc["code"]), str(props["name"]), nodes, joins)
