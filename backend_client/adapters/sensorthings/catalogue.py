"""Things, Locations and Datastreams into our series; what nothing of ours fits is listed and never read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.harvest import ForeignSeries
from backend_client.adapters.ogcapi.features_document import point_of
from backend_client.adapters.sensorthings.document import entities, literal, own_link
from backend_client.adapters.sensorthings.probe import NO
from backend_client.adapters.units import to_ours
from backend_client.adapters.words import Terms
from backend_client.errors import WireFormatError

PAGES = 1000
Entity = Mapping[str, Any]


def collection(http: ForeignHttp, path: str, params: Mapping[str, str | int]) -> tuple[dict[str, Entity], bool]:
    """Return all entities of a collection by id, and whether their number is the server's own count.

    Raises:
        BackendError: as ForeignHttp.get, or no collection.
    """
    found: dict[str, Entity] = {}
    page, count, link = entities(http.get(path, {"$count": "true", **params}).json(), path)
    seen = {""}
    for _ in range(PAGES):
        found.update((literal(e.get("@iot.id")), e) for e in page)
        link = own_link(link, http.base_url)
        if link in seen:
            break
        seen.add(link)
        page, _, link = entities(http.get(link).json(), path)
    return found, count is None or len(found) == count


def read_catalogue(http: ForeignHttp, terms: Terms) -> tuple[tuple[ForeignSeries, ...], tuple[str, ...]]:
    """Return (series, notes). $expand stays one level deep: servers differ in anything deeper.

    Raises:
        BackendError: as ForeignHttp.get.
    """
    notes: set[str] = set()
    streams = _expanded(http, "Datastreams", ("Thing", "ObservedProperty"), notes)
    things = _expanded(http, "Things", ("Locations",), notes)
    found = [_series(http, key, stream, things, terms, notes) for key, stream in sorted(streams.items())]
    return tuple(found), tuple(sorted(notes))


def _expanded(http: ForeignHttp, name: str, relations: Sequence[str], notes: set[str]) -> dict[str, Entity]:
    """Return the entities of a set with those relations inside that the server expands rightly.

    A real server (django-ogc-sensorthings 1.2.0) gives every Datastream of a list the first one's
    Thing: readings would stand at the wrong station. So three of the list are asked again one by one.
    """
    expand = ",".join(relations)
    if http.get(name, {"$top": 1, "$expand": expand}, accept=NO).status != 200:
        notes.add(f"expand-refused:{name}")
        expand = ""
    params = {"$expand": expand} if expand else {}
    found, whole = collection(http, name, params)
    if not whole:  # entities came or went while the pages were read: once more
        found, whole = collection(http, name, params)
    notes.update(["catalogue-incomplete"] * (not whole))
    keys = sorted(found)
    sample = {keys[0], keys[len(keys) // 2], keys[-1]} if keys and expand else set()
    for relation in relations:
        if any(_ids(found[k].get(relation)) != _ids(_alone(http, name, k, relation)) for k in sorted(sample)):
            notes.add(f"expand-wrong:{name}/{relation}")
            found = {k: {n: v for n, v in e.items() if n != relation} for k, e in found.items()}
    return found


def _alone(http: ForeignHttp, name: str, key: str, relation: str) -> Any:
    """Return a relation asked for by itself: one entity, or the list of them."""
    path = f"{name}({key})/{relation}"
    doc = http.get(path).json()
    if not isinstance(doc, dict):
        raise WireFormatError(f"{path}: no object")
    return entities(doc, path)[0] if "value" in doc else doc


def _ids(related: Any) -> list[str]:
    several = related if isinstance(related, list) else [related]
    return sorted(literal(e.get("@iot.id")) for e in several if isinstance(e, dict))


def _series(
    http: ForeignHttp, key: str, stream: Entity, things: Mapping[str, Entity], terms: Terms, notes: set[str]
) -> ForeignSeries:
    thing = _related(http, key, stream, "Thing")
    thing = {**thing, **things.get(literal(thing.get("@iot.id")), {})}
    observed = _related(http, key, stream, "ObservedProperty")
    unit = _text(stream.get("unitOfMeasurement"), "symbol") or _text(stream.get("unitOfMeasurement"), "name")
    definition = _text(stream.get("unitOfMeasurement"), "definition")
    element = terms.element(_text(observed, "definition"), _text(observed, "name"), _text(stream, "name"))
    scale = to_ours(element, unit) or to_ours(element, definition) if element else None
    if element and scale is None:
        notes.add(f"unit-unknown:{(unit or definition)[:40]}")
        element = ""
    if "Locations" not in thing:
        thing["Locations"] = _alone(http, "Things", literal(thing.get("@iot.id")), "Locations")
    lon, lat = _position(thing, stream)
    props = [p for p in (stream.get("properties"), thing.get("properties")) if isinstance(p, dict)]
    code = next((str(p[k]) for k in terms.station_keys for p in reversed(props) if p.get(k)), "")
    interval = next((p["interval_s"] for p in props if isinstance(p.get("interval_s"), int)), None)
    datum = next((str(p["datum"]) for p in props if isinstance(p.get("datum"), str)), "")
    return ForeignSeries(
        key,
        code or literal(thing.get("@iot.id")).strip("'"),
        _text(thing, "name"),
        element,
        unit or definition,
        *(scale or (1.0, 0.0)),
        datum=datum,
        lon=lon,
        lat=lat,
        interval_s=interval,
    )


def _related(http: ForeignHttp, key: str, stream: Entity, name: str) -> Entity:
    inside = stream.get(name)
    if isinstance(inside, dict):
        return inside
    doc = _alone(http, "Datastreams", key, name)
    if not isinstance(doc, dict):
        raise WireFormatError(f"Datastreams({key})/{name}: no object")
    return doc


def _text(doc: Any, name: str) -> str:
    raw = doc.get(name) if isinstance(doc, Mapping) else None
    return raw if isinstance(raw, str) else ""


def _position(thing: Entity, stream: Entity) -> tuple[float | None, float | None]:
    """Return the first point: of the Thing's Locations, else of the Datastream's observedArea."""
    places = thing.get("Locations")
    shapes = [p.get("location") for p in places if isinstance(p, dict)] if isinstance(places, list) else []
    for shape in (*shapes, stream.get("observedArea")):
        geometry = shape.get("geometry", shape) if isinstance(shape, dict) else None
        lon, lat = point_of(geometry)
        if lon is not None:
            return lon, lat
    return None, None
