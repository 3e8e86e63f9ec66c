"""The centre's objects and series as SensorThings entities with their relations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from console.central.repository import Repository
from console.domain.elements import ELEMENTS

OBJECT_KINDS = ("stations", "reservoirs", "basins")
QUALITY_WORDS = ("measured", "reconstructed", "suspect", "bad", "manual", "forecast")
UCUM = {"m": "m", "m³/s": "m3/s", "mm": "mm", "百万m³": "10*6.m3"}
RELATIONS: dict[str, dict[str, str]] = {
    "Things": {"Locations": "Locations", "Datastreams": "Datastreams", "HistoricalLocations": "HistoricalLocations"},
    "Locations": {"Things": "Things", "HistoricalLocations": "HistoricalLocations"},
    "HistoricalLocations": {"Thing": "Things", "Locations": "Locations"},
    "Sensors": {"Datastreams": "Datastreams"},
    "ObservedProperties": {"Datastreams": "Datastreams"},
    "Datastreams": {
        "Thing": "Things",
        "Sensor": "Sensors",
        "ObservedProperty": "ObservedProperties",
        "Observations": "Observations",
    },
    "Observations": {"Datastream": "Datastreams", "FeatureOfInterest": "FeaturesOfInterest"},
    "FeaturesOfInterest": {"Observations": "Observations"},
}  # relation → entity set; a relation that is no entity set's name leads to one entity
GEOJSON = "application/geo+json"


@dataclass(frozen=True, slots=True)
class Entity:
    """links: relation → ids in its entity set. sids: the series of a feature of interest or Datastream."""

    entity_set: str
    entity_id: int | str
    body: Mapping[str, Any]
    links: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)
    sids: frozenset[int] = frozenset()


Catalogue = dict[str, dict[int | str, Entity]]


def read_catalogue(repo: Repository) -> Catalogue:
    """Return all entities but observations. Only objects that have readings are Things."""
    objects = {d["code"]: d for kind in OBJECT_KINDS for d in repo.objects(kind)}
    series = [d["properties"] for d in repo.objects("series")]
    by_object: dict[str, list[Mapping[str, Any]]] = {}
    for one in series:
        by_object.setdefault(one["object"], []).append(one)
    found: Catalogue = {name: {} for name in RELATIONS}
    for code, own in by_object.items():
        doc = objects.get(code, {"code": code, "geometry": None, "properties": {"name": code}})
        for entity in _of_object(doc, own):
            found[entity.entity_set][entity.entity_id] = entity
    for entity in (*_properties(series), *_sensors(series)):
        found[entity.entity_set][entity.entity_id] = entity
    for one in series:
        name = objects.get(one["object"], {}).get("properties", {}).get("name", one["object"])
        found["Datastreams"][one["sid"]] = _datastream(one, name)
    return found


def _of_object(doc: Mapping[str, Any], own: list[Mapping[str, Any]]) -> Iterable[Entity]:
    code, props, geometry = doc["code"], doc["properties"], doc.get("geometry")
    name = props.get("name", code)
    about = f"{props.get('river') or ''} {props.get('city') or ''}".strip() or name
    kept = {k: props[k] for k in ("type", "river", "city", "datum", "note") if props.get(k)}
    streams = tuple(s["sid"] for s in own)
    places = (code,) if geometry else ()
    body = {"name": name, "description": about, "properties": {"stcd": code, **kept}}
    yield Entity("Things", code, body, {"Locations": places, "Datastreams": streams, "HistoricalLocations": ()})
    feature = {"name": name, "description": about, "encodingType": GEOJSON}
    if geometry:
        yield Entity("Locations", code, feature | {"location": geometry}, {"Things": (code,), "HistoricalLocations": ()})
    yield Entity("FeaturesOfInterest", code, feature | {"feature": geometry}, {}, frozenset(streams))


def _properties(series: list[Mapping[str, Any]]) -> Iterable[Entity]:
    for code in sorted({s["element"] for s in series}):
        element = ELEMENTS.get(code)
        name = element.name if element else code
        body = {"name": name, "definition": f"urn:fcc:element:{code.lower()}", "description": name}
        yield Entity("ObservedProperties", code, body, {"Datastreams": tuple(s["sid"] for s in series if s["element"] == code)})


def _sensors(series: list[Mapping[str, Any]]) -> Iterable[Entity]:
    for source in sorted({s["source"] for s in series}):
        body = {
            "name": source or "未注明来源",
            "description": source or "未注明来源",
            "encodingType": "text/html",
            "metadata": source or "未注明来源",
        }
        yield Entity(
            "Sensors", sensor_id(source), body, {"Datastreams": tuple(s["sid"] for s in series if s["source"] == source)}
        )


def sensor_id(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def _datastream(one: Mapping[str, Any], name: str) -> Entity:
    element = ELEMENTS.get(one["element"])
    unit = one["unit"] or (element.unit if element else "")
    body = {
        "name": f"{name} {element.name if element else one['element']}",
        "description": f"{name} {element.name if element else one['element']}",
        "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
        "unitOfMeasurement": {"name": unit, "symbol": unit, "definition": f"ucum:{UCUM.get(unit, unit)}"},
        "properties": {
            "element": one["element"],
            "datum": one["datum"],
            "source": one["source"],
            "interval_s": one["interval_s"],
            "phenomenonTime": "end of the interval" if one["element"] == "P" else "instant",
        },
    }
    links = {"Thing": (one["object"],), "Sensor": (sensor_id(one["source"]),), "ObservedProperty": (one["element"],)}
    return Entity("Datastreams", one["sid"], body, links, frozenset({one["sid"]}))
