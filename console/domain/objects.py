"""Stations, reservoirs, basins: what the console watches, with the source of each figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from console.domain.time import beijing


@dataclass(frozen=True, slots=True)
class Threshold:
    """One figure to compare with.

    kind: warning, guaranteed, record, record_flow, flood_limit, normal, design, check, dead, crest.
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

    kind: river, reservoir, tide, rain, basin. Position in CGCS2000 degrees, None unknown.
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

    def threshold(self, kind: str, t: float, element: str | None = None) -> Threshold | None:
        """Return the figure of that kind in force at t, the newest first; None if unknown."""
        found = [th for th in self.thresholds if th.kind == kind and th.holds_at(t) and element in (None, th.element)]
        return max(found, key=lambda th: th.valid_from, default=None)

    @property
    def main_element(self) -> str:
        return {"reservoir": "RZ", "basin": "P", "rain": "P"}.get(self.kind, "Z")


@dataclass(frozen=True, slots=True)
class Series:
    """One time series. interval_s is the usual reporting interval."""

    sid: int
    object_code: str
    element: str
    unit: str
    datum: str = ""
    source: str = ""
    interval_s: int = 3600


@dataclass(frozen=True, slots=True)
class ReachNode:
    """A station on a basin strip; chainage_km grows downstream."""

    code: str
    chainage_km: float
    travel_h: float | None = None


@dataclass(frozen=True, slots=True)
class River:
    """A river's stations in downstream order, for the strip and the water surface."""

    code: str
    name: str
    nodes: tuple[ReachNode, ...] = ()


def station_from_doc(doc: Mapping[str, Any]) -> Station:
    """Return a Station from an object document of the contract.

    Raises:
        KeyError, TypeError, ValueError: the document breaks the contract.
    """
    props = doc["properties"]
    point = doc.get("geometry") or {}
    lon, lat = point["coordinates"][:2] if point.get("type") == "Point" else (None, None)
    thresholds = tuple(
        Threshold(
            kind=str(item["kind"]),
            value=float(item["value"]),
            element=str(item.get("element", "Z")),
            source=str(item.get("source", "")),
            valid_from=str(item.get("valid_from", "")),
            season=(str(item["season"][0]), str(item["season"][1])) if item.get("season") else None,
        )
        for item in props.get("thresholds", ())
        if item.get("value") is not None
    )
    return Station(
        code=str(doc["code"]),
        name=str(props["name"]),
        kind=str(props.get("type", doc.get("kind", "river"))),
        river=str(props.get("river") or ""),
        city=str(props.get("city") or ""),
        lon=None if lon is None else float(lon),
        lat=None if lat is None else float(lat),
        datum=str(props.get("datum") or ""),
        thresholds=thresholds,
        rain_basin=str(props.get("rain_basin") or ""),
        note=str(props.get("note") or ""),
        facts=dict(props.get("facts") or {}),
    )


def series_from_doc(doc: Mapping[str, Any]) -> Series:
    props = doc["properties"]
    return Series(
        sid=int(props["sid"]),
        object_code=str(props["object"]),
        element=str(props["element"]),
        unit=str(props.get("unit") or ""),
        datum=str(props.get("datum") or ""),
        source=str(props.get("source") or ""),
        interval_s=int(props.get("interval_s") or 3600),
    )


def river_from_doc(doc: Mapping[str, Any]) -> River:
    props = doc["properties"]
    nodes = tuple(ReachNode(str(n["code"]), float(n["chainage_km"]), n.get("travel_h")) for n in props.get("nodes", ()))
    return River(str(doc["code"]), str(props["name"]), nodes)
