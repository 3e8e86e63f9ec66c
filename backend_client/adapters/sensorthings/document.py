"""SensorThings documents into rows: entities, plain observations and data arrays alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from backend_client.errors import WireFormatError

_RESOURCE = re.compile(r"/((?:Things|Datastreams|Observations)\b.*)$")
_LINK_ID = re.compile(r"Datastreams\(([^()]+)\)(?:/|$|\?)")


@dataclass(frozen=True, slots=True)
class RawObservation:
    """As published. stream: key of the Datastream, "" when the answer does not name it."""

    stream: str
    obs_id: str
    phenomenon: str
    result_time: str
    result: Any
    quality: Any


def literal(raw: Any) -> str:
    """Return an id as it stands in a URL: 12, or 'text' with its quotes doubled.

    Raises:
        WireFormatError: the entity has no usable id.
    """
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    if isinstance(raw, str) and raw:
        return "'" + raw.replace("'", "''") + "'"
    raise WireFormatError(f"an entity without an @iot.id: {str(raw)[:40]!r}")


def entities(doc: Any, where: str) -> tuple[list[Mapping[str, Any]], int | None, str]:
    """Return (entities, count, next link) of a collection.

    Raises:
        WireFormatError: it is no collection.
    """
    if not isinstance(doc, dict) or not isinstance(doc.get("value"), list):
        raise WireFormatError(f"{where}: no value list")
    found = doc["value"]
    if any(not isinstance(e, dict) for e in found):
        raise WireFormatError(f"{where}: an entity that is no object")
    count = doc.get("@iot.count", doc.get("@odata.count"))
    link = doc.get("@iot.nextLink", doc.get("@odata.nextLink"))
    return (
        found,
        count if isinstance(count, int) and not isinstance(count, bool) else None,
        link if isinstance(link, str) else "",
    )


def own_link(link: str, base_url: str) -> str:
    """Return a next link on our side of the server: behind a proxy many write their inner host name.

    Only the part from the entity set on is kept then, so it can never lead to another host.
    """
    there, here = urlsplit(link), urlsplit(base_url)
    if not there.netloc or (there.scheme, there.netloc) == (here.scheme, here.netloc):
        return link
    found = _RESOURCE.search(there.path)
    return f"{found[1]}?{there.query}" if found else ""


def observations(doc: Any, where: str) -> tuple[tuple[RawObservation, ...], int | None, str]:
    """Return (rows, count, next link) of either form; a data array request may be answered in plain form.

    Raises:
        WireFormatError: neither form.
    """
    items, count, link = entities(doc, where)
    rows: list[RawObservation] = []
    for item in items:
        if "dataArray" in item:
            rows.extend(_of_array(item, where))
        else:
            rows.append(_row(item, _stream_of(item)))
    return tuple(rows), count, link


def _of_array(group: Mapping[str, Any], where: str) -> Iterator[RawObservation]:
    names, table = group.get("components"), group["dataArray"]
    if not isinstance(names, list) or not isinstance(table, list):
        raise WireFormatError(f"{where}: a dataArray without components")
    stream = _stream_of(group)
    for cells in table:
        if not isinstance(cells, list) or len(cells) != len(names):
            raise WireFormatError(f"{where}: a dataArray row of another length")
        yield _row(dict(zip((str(n) for n in names), cells, strict=True)), stream)


def _row(item: Mapping[str, Any], stream: str) -> RawObservation:
    raw_id = item.get("@iot.id", item.get("id"))
    return RawObservation(
        stream,
        "" if raw_id is None else str(raw_id),
        str(item.get("phenomenonTime") or ""),
        str(item.get("resultTime") or ""),
        item.get("result"),
        item.get("resultQuality"),
    )


def _stream_of(item: Mapping[str, Any]) -> str:
    inside = item.get("Datastream")
    if isinstance(inside, dict) and "@iot.id" in inside:
        return literal(inside["@iot.id"])
    found = _LINK_ID.search(str(item.get("Datastream@iot.navigationLink") or ""))
    return found[1] if found else ""
