"""Basin facts and flood descriptions read from the package's data files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

from console.domain.time import from_beijing
from console.drill.recorded import RecordedSeries
from console.drill.works_model import works_objects

BASIN = resources.files("assets") / "basin"
DRILL = "drill-"  # before the code of a prepared disaster that is played
DRILLS = re.compile(rf"{DRILL}[A-Za-z0-9][A-Za-z0-9_-]*")  # it names a folder: no way out of it
GAUGE_NOTE = "演练雨量站：位置取所在县城或测站的大致坐标，读数为重建"
THRESHOLD_KINDS = (
    "warning",
    "guaranteed",
    "record",
    "flood_limit",
    "normal",
    "flood_control_high",
    "design",
    "check",
    "dead",
    "crest",
)


def _read(*parts: str) -> dict[str, Any]:
    return tomllib.loads(BASIN.joinpath(*parts).read_text("utf-8"))


def _thresholds(raw: dict[str, Any], element: str) -> list[dict[str, Any]]:
    found = []
    for kind in THRESHOLD_KINDS:
        if fact := raw.get(kind):
            item = {"kind": kind, "value": fact["value"], "element": element}
            item["source"] = f"{fact['src']}（{fact['sure']}）"
            if "season" in fact:
                item["season"] = fact["season"]
            found.append(item)
    return found


def _object(kind: str, raw: dict[str, Any], element: str) -> dict[str, Any]:
    fixed = {"code", "name", "river", "city", "datum", "at", "note", *THRESHOLD_KINDS}
    props: dict[str, Any] = {
        "name": raw["name"],
        "type": kind,
        "river": raw.get("river", ""),
        "city": raw.get("city", ""),
        "datum": raw.get("datum", "资料未注明"),
        "note": raw.get("note", ""),
        "thresholds": _thresholds(raw, element),
        "facts": {k: v for k, v in raw.items() if k not in fixed},
        "code_is_local": True,
    }
    if kind in ("river", "reservoir") and raw.get("river") in ("北江", "武江", "浈江", "连江", "潖江"):
        props["rain_basin"] = "LOC00901"
    return {
        "code": raw["code"],
        "version": 1,
        "valid_from": "2022-01-01",
        "geometry": {"type": "Point", "coordinates": raw["at"]} if "at" in raw else None,
        "properties": props,
    }


def _reservoirs() -> list[dict[str, Any]]:
    """Return the reservoirs, each with its place in the chain it is operated in."""
    places = {
        code: {"cascade": chain["name"], "cascade_order": order}
        for chain in _read("cascades.toml")["cascade"]
        for order, code in enumerate(chain["members"], 1)
    }
    return [_object("reservoir", r | places.get(r["code"], {}), "RZ") for r in _read("reservoirs.toml")["reservoir"]]


def declared_works() -> dict[str, Any]:
    """Return the works' declarations, from which their documents and their simulated readings are made."""
    return _read("works.toml")


def basin_objects() -> dict[str, list[dict[str, Any]]]:
    """Return object documents of the contract by kind: stations, reservoirs, basins, rivers, works and their parts."""
    rivers = _read("rivers.toml")
    return {
        "stations": [
            *(_object("river", r, "Z") for r in _read("stations.toml")["station"]),
            *(_object("rain", g | {"note": GAUGE_NOTE}, "P") for g in _read("rain_gauges.toml")["gauge"]),
        ],
        "reservoirs": _reservoirs(),
        "basins": [_object("basin", b, "P") for b in rivers["basin"]],
        "reaches": [
            {
                "code": r["code"],
                "version": 1,
                "valid_from": "2022-01-01",
                "geometry": None,
                "properties": {k: v for k, v in r.items() if k != "code"},
            }
            for r in rivers["river"]
        ],
        **works_objects(declared_works()),
    }


@dataclass(frozen=True, slots=True)
class FloodFacts:
    """A flood as published: marks, assumptions, rain totals, events. Times are UTC seconds."""

    key: str
    name: str
    title: str
    from_t: int
    to_t: int
    start_t: int
    focus: str
    hydrographs: tuple[dict[str, Any], ...]
    rain: tuple[dict[str, Any], ...]
    events: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """What a drill plays: series, and the statement that travels with them."""

    facts: FloodFacts
    series: tuple[RecordedSeries, ...]
    method: str


def is_recording(source: str) -> bool:
    """Tell whether a source is played from this program: a flood, or a prepared disaster (whose library may lack it)."""
    return source in flood_keys() or DRILLS.fullmatch(source) is not None


def flood_keys() -> list[str]:
    floods = BASIN.joinpath("floods")
    return sorted(f.name.removesuffix(".toml") for f in floods.iterdir() if f.name.endswith(".toml"))


def flood_facts(key: str) -> FloodFacts:
    """Return one flood's facts.

    Raises:
        FileNotFoundError: there is no such flood.
    """
    raw = _read("floods", f"{key}.toml")
    return FloodFacts(
        key=key,
        name=raw["name"],
        title=raw["title"],
        from_t=from_beijing(raw["from"]),
        to_t=from_beijing(raw["to"]),
        start_t=from_beijing(raw["start"]),
        focus=raw["focus"],
        hydrographs=tuple(raw["hydrograph"]),
        rain=tuple(raw.get("rain", ())),
        events=tuple((from_beijing(e["at"]), e["text"], e["source"]) for e in raw.get("event", ())),
    )


def marks_of(hydrograph: dict[str, Any]) -> Iterator[tuple[int, float, str]]:
    """Yield the marks of a hydrograph: UTC s, value, source; some are inferred, see inferred_of."""
    for at, value, source, *_ in hydrograph.get("mark", ()):
        yield from_beijing(at), float(value), str(source)


def inferred_of(hydrograph: dict[str, Any]) -> frozenset[int]:
    """Return the times of marks that were worked out from a report, not published as that hour's reading."""
    return frozenset(from_beijing(at) for at, _, _, *how in hydrograph.get("mark", ()) if how == ["推算"])
