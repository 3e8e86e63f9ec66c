"""GeoJSON feature collections as pages, checked where they enter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend_client.errors import WireFormatError


@dataclass(frozen=True, slots=True)
class Feature:
    """feature_id: "" when the server gives none. lon, lat: of a point."""

    feature_id: str
    props: Mapping[str, Any]
    lon: float | None
    lat: float | None


def features_of(doc: Any, where: str) -> tuple[tuple[Feature, ...], int | None, str]:
    """Return (features, numberMatched, next link).

    Raises:
        WireFormatError: no FeatureCollection.
    """
    if not isinstance(doc, dict) or not isinstance(doc.get("features"), list):
        raise WireFormatError(f"{where}: no FeatureCollection")
    matched = doc.get("numberMatched")
    count = matched if isinstance(matched, int) and not isinstance(matched, bool) and matched >= 0 else None
    return tuple(_feature(f, where) for f in doc["features"]), count, link_of(doc, "next")


def link_of(doc: Mapping[str, Any], rel: str) -> str:
    links = doc.get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("rel") == rel and isinstance(link.get("href"), str):
            return str(link["href"])
    return ""


def _feature(raw: Any, where: str) -> Feature:
    if not isinstance(raw, dict):
        raise WireFormatError(f"{where}: a feature that is no object")
    props = raw.get("properties")
    raw_id = raw.get("id")
    lon, lat = point_of(raw.get("geometry"))
    return Feature("" if raw_id is None else str(raw_id), props if isinstance(props, dict) else {}, lon, lat)


def point_of(geometry: Any) -> tuple[float | None, float | None]:
    """Return (lon, lat) of a GeoJSON point, else (None, None)."""
    at = geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
    if isinstance(at, list) and len(at) >= 2 and all(isinstance(x, int | float) and not isinstance(x, bool) for x in at[:2]):
        lon, lat = float(at[0]), float(at[1])
        if -180 <= lon <= 180 and -90 <= lat <= 90:
            return lon, lat
    return None, None
