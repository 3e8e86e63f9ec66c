"""Foreign series under our names: a station of ours where one is mapped, else a station marked with its source."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend_client.adapters.harvest import ELEMENTS as OURS
from backend_client.adapters.harvest import ForeignSeries
from backend_client.adapters.units import same_unit
from console.central.sources.config import SourceConf
from console.central.store_core import SeriesKey
from console.domain.vocabulary import Vocabulary
from console.texts import printable

INTERVAL_S = 3600  # assumed where the server does not say
KINDS = {"RZ": "reservoir", "INQ": "reservoir", "OTQ": "reservoir", "W": "reservoir", "P": "rain"}


@dataclass(frozen=True, slots=True)
class Placed:
    """One foreign series that is read. key: what it is stored under."""

    foreign: ForeignSeries
    key: SeriesKey


@dataclass(frozen=True, slots=True)
class Catalogue:
    """stations: documents by kind of what is not known yet. unread: series that nothing of ours fits."""

    placed: tuple[Placed, ...]
    stations: Mapping[str, tuple[dict[str, Any], ...]]
    unread: int
    notes: tuple[str, ...]


def catalogue(conf: SourceConf, found: Sequence[ForeignSeries], known: Mapping[str, str], words: Vocabulary) -> Catalogue:
    """Decide what each series becomes. words: what is measured here, and at which kinds of places.

    known: code → kind of document (stations, reservoirs) of the objects that exist. Two series for
    one element of one object would overwrite each other: the first by key is read, the other noted.
    """
    placed: dict[tuple[str, str], Placed] = {}
    made: dict[str, dict[str, Any]] = {}
    notes: set[str] = {f"mapped-station-missing:{ours}" for ours in conf.stations.values() if ours not in known}
    unread = 0
    for series in sorted(found, key=lambda s: s.key):
        code = _code(conf, series)
        element = words.elements.get(series.element)
        if element is not None and not element.bounds and element.code not in OURS and not same_unit(series.unit, element.unit):
            notes.add(f"unit-differs:{element.code}")
            element = None
        if element is None or code is None or (code not in known and series.station_code in conf.stations):
            unread += 1
            continue
        if (code, series.element) in placed:
            notes.add("series-twice")
            unread += 1
            continue
        if code not in known:
            made.setdefault(code, {"element": element.bounds or element.code, "doc": _station(conf, code, series)})
            if KINDS.get(series.element) == "reservoir":
                made[code]["element"] = series.element
        interval = series.interval_s or INTERVAL_S
        key = SeriesKey(code, series.element, element.unit, printable(series.datum, 40), conf.name, interval)
        placed[(code, series.element)] = Placed(series, key)
    return Catalogue(tuple(placed.values()), _by_kind(made, words), unread, tuple(sorted(notes)))


def _code(conf: SourceConf, series: ForeignSeries) -> str | None:
    if series.station_code in conf.stations:
        return conf.stations[series.station_code]
    if conf.unmapped == "ignore" or not series.station_code.strip():
        return None
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", series.station_code)[:60]
    if plain != series.station_code:  # two that differ only in what was replaced must not become one
        plain = f"{plain[:50]}~{hashlib.sha256(series.station_code.encode('utf-8', 'replace')).hexdigest()[:6]}"
    return f"{conf.prefix}-{plain}"


def _station(conf: SourceConf, code: str, series: ForeignSeries) -> dict[str, Any]:
    lon, lat = series.lon, series.lat
    point = None
    if lon is not None and lat is not None and abs(lon) <= 180 and abs(lat) <= 90:  # NaN is neither
        point = {"type": "Point", "coordinates": [lon, lat]}
    return {
        "code": code,
        "version": 1,
        "geometry": point,
        "properties": {
            "name": printable(series.station_name or series.station_code, 60),
            "type": "river",
            "datum": printable(series.datum, 40),
            "source": conf.name,
            "foreign": printable(series.station_code, 80),
            "note": f"来自外部来源“{conf.name}”",
        },
    }


def _by_kind(made: Mapping[str, dict[str, Any]], words: Vocabulary) -> dict[str, tuple[dict[str, Any], ...]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for item in made.values():
        kind = KINDS.get(item["element"]) or words.kind_of(item["element"]) or "river"
        item["doc"]["properties"]["type"] = kind
        found.setdefault("reservoirs" if kind == "reservoir" else "stations", []).append(item["doc"])
    return {kind: tuple(docs) for kind, docs in found.items()}
