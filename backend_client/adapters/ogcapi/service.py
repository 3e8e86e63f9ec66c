"""What an OGC API server says of itself and of a collection."""

from __future__ import annotations

import time
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


def data_end(http: ForeignHttp, collection: str) -> int:
    """Return the end of the collection's time extent (UTC s), or now when it is open or not said.

    Raises:
        BackendError: as ForeignHttp.get.
    """
    extent = collection_doc(http, collection).get("extent")
    temporal = extent.get("temporal") if isinstance(extent, dict) else None
    spans = temporal.get("interval") if isinstance(temporal, dict) else None
    ends = [s[1] for s in spans if isinstance(s, list) and len(s) == 2] if isinstance(spans, list) else []
    found: list[int] = []
    for end in ends:
        try:
            found.append(utc_s(str(end), "UTC"))
        except ValueError:
            continue  # open ("null") or unreadable: now stands for it
    return max(found) if found else int(time.time())
