"""What an OGC API server says of itself and of a collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.times import utc_s
from backend_client.errors import WireFormatError

JSON = {"f": "json"}


def conformance(http: ForeignHttp) -> tuple[str, ...]:
    """Return the classes that the server declares; none when it has no such page.

    Raises:
        BackendError: as ForeignHttp.get.
    """
    answer = http.get("conformance", JSON, missing_ok=True)
    doc = answer.json() if answer.status == 200 else {}
    stated = doc.get("conformsTo") if isinstance(doc, dict) else None
    return tuple(str(c) for c in stated) if isinstance(stated, list) else ()


def collection_doc(http: ForeignHttp, collection: str) -> Mapping[str, Any]:
    """Return a collection's description.

    Raises:
        BackendError: as ForeignHttp.get, or no object.
    """
    doc = http.get(f"collections/{collection}", JSON).json()
    if not isinstance(doc, dict):
        raise WireFormatError(f"collections/{collection}: no object")
    return doc


def collection_title(http: ForeignHttp, collection: str) -> str:
    return str(collection_doc(http, collection).get("title") or collection)[:120]


def queryables(http: ForeignHttp, collection: str) -> frozenset[str]:
    """Return the properties that may stand in a query; none when the server does not say.

    Raises:
        BackendError: as ForeignHttp.get.
    """
    answer = http.get(f"collections/{collection}/queryables", JSON, missing_ok=True)
    doc = answer.json() if answer.status == 200 else {}
    props = doc.get("properties") if isinstance(doc, dict) else None
    return frozenset(str(p) for p in props) if isinstance(props, dict) else frozenset()


def time_extent(http: ForeignHttp, collection: str) -> tuple[int | None, int | None]:
    """Return the collection's own begin and end (UTC s); None where it is open or not said.

    Raises:
        BackendError: as ForeignHttp.get.
    """
    extent = collection_doc(http, collection).get("extent")
    temporal = extent.get("temporal") if isinstance(extent, dict) else None
    spans = temporal.get("interval") if isinstance(temporal, dict) else None
    found = [s for s in spans if isinstance(s, list) and len(s) == 2] if isinstance(spans, list) else []
    if not found:
        return None, None
    begins, ends = [_instant(s[0]) for s in found], [_instant(s[1]) for s in found]
    return (
        None if None in begins else min(b for b in begins if b is not None),
        None if None in ends else max(e for e in ends if e is not None),
    )


def _instant(raw: Any) -> int | None:
    try:
        return utc_s(str(raw), "UTC")
    except ValueError:
        return None  # open, or unreadable: no bound


def outside(extent: tuple[int | None, int | None], from_t: int, to_t: int) -> bool:
    """Tell whether a window has nothing in common with an extent; some servers answer such with 400."""
    begin, end = extent
    return (begin is not None and to_t < begin) or (end is not None and from_t > end)
