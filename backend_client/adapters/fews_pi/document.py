"""A PI time series document, JSON or XML, into one plain form."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from backend_client.adapters.plausible import number
from backend_client.adapters.safe_xml import children, first, name_of, parse
from backend_client.adapters.times import utc_s
from backend_client.errors import WireFormatError

STEP_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
EVENTS_LIMIT = 20_000_000


@dataclass(frozen=True, slots=True)
class PiSeries:
    """events: (UTC s, value or None, flag as written). interval_s: None for non-equidistant series.

    forecast_t: when the forecast began, None for observations. start_t, end_t: what the header
    promises, None where it does not. bad_times: events left out because their time is none.
    """

    location: str
    parameter: str
    qualifiers: tuple[str, ...]
    module: str
    kind: str
    member: str
    unit: str
    name: str
    interval_s: int | None
    forecast_t: int | None
    start_t: int | None
    end_t: int | None
    lon: float | None
    lat: float | None
    events: tuple[tuple[int, float | None, str], ...]
    bad_times: int

    @property
    def key(self) -> str:
        words = (self.location, self.parameter, ",".join(self.qualifiers), self.module, self.kind, self.member)
        return "|".join(w.replace("|", "¦") for w in words)


@dataclass(frozen=True, slots=True)
class PiDocument:
    version: str
    series: tuple[PiSeries, ...]


def read_document(data: bytes, what: str) -> PiDocument:
    """Read PI JSON or PI XML, whichever came.

    Raises:
        WireFormatError: neither, cut short, or without a time zone where there are events.
    """
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    try:
        if start == b"<":
            root = parse(data, what)
            if name_of(root) != "TimeSeries":
                raise WireFormatError(f"{what}: root is {name_of(root)[:40]!r}, not TimeSeries")
            zone = zone_of(_text(root, "timeZone"))
            found = (_from_xml(s, zone) for s in children(root, "series"))
            return PiDocument(str(root.get("version") or ""), tuple(found))
        body = json.loads(data)
        zone = zone_of(str(body.get("timeZone", "")))
        return PiDocument(str(body.get("version", "")), tuple(_from_json(s, zone) for s in body.get("timeSeries") or []))
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as exc:
        raise WireFormatError(f"{what}: not a PI time series document: {exc}") from exc


def zone_of(hours: str) -> str:
    """Return a fixed offset: PI writes hours, ``5.5`` is +05:30. Empty stays empty: a time is then refused.

    Raises:
        ValueError: not hours of a time zone.
    """
    if not hours:
        return ""
    minutes = round(float(hours) * 60)
    if abs(minutes) > 14 * 60:
        raise ValueError(f"time zone {hours[:20]!r}")
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _from_json(series: Mapping[str, Any], zone: str) -> PiSeries:
    header = series["header"]
    return _series(header, series.get("events") or [], zone, lambda key: header.get(key) or {}, header.get("qualifierId") or [])


def _from_xml(series: Any, zone: str) -> PiSeries:
    node = first(series, "header")
    if node is None:
        raise ValueError("a series without a header")
    header = {name_of(child): (child.text or "").strip() for child in node}
    events = (e.attrib for e in children(series, "event"))
    qualifiers = [(q.text or "").strip() for q in children(node, "qualifierId")]

    def attributes(key: str) -> Mapping[str, Any]:
        found = first(node, key)
        return {} if found is None else found.attrib

    return _series(header, events, zone, attributes, qualifiers)


def _series(
    header: Mapping[str, Any],
    events: Iterable[Mapping[str, Any]],
    zone: str,
    part: Callable[[str], Mapping[str, Any]],
    qualifiers: Iterable[str],
) -> PiSeries:
    missing = number(header.get("missVal"))
    found, bad = _events(events, zone, missing)
    step = part("timeStep")
    seconds = STEP_S.get(str(step.get("unit", "")))
    return PiSeries(
        location=str(header["locationId"]),
        parameter=str(header["parameterId"]),
        qualifiers=tuple(str(q) for q in qualifiers),
        module=str(header.get("moduleInstanceId") or ""),
        kind=str(header.get("type") or ""),
        member=str(header.get("ensembleMemberIndex") or header.get("ensembleMemberId") or ""),
        unit=str(header.get("units") or ""),
        name=str(header.get("stationName") or ""),
        interval_s=seconds * int(step.get("multiplier") or 1) if seconds else None,
        forecast_t=_moment(part("forecastDate"), zone),
        start_t=_moment(part("startDate"), zone),
        end_t=_moment(part("endDate"), zone),
        lon=number(header.get("lon")),
        lat=number(header.get("lat")),
        events=tuple(found),
        bad_times=bad,
    )


def _events(
    events: Iterable[Mapping[str, Any]], zone: str, missing: float | None
) -> tuple[list[tuple[int, float | None, str]], int]:
    found: list[tuple[int, float | None, str]] = []
    bad = 0
    for event in events:
        t = _moment(event, zone)
        if t is None:
            bad += 1
            continue
        value = number(event.get("value"))
        found.append((t, None if value == missing else value, str(event.get("flag", ""))))
        if len(found) > EVENTS_LIMIT:
            raise ValueError(f"over {EVENTS_LIMIT} events")
    return found, bad


def _moment(node: Mapping[str, Any], zone: str) -> int | None:
    if not node.get("date") or not zone:
        return None
    try:
        return utc_s(f"{node['date']}T{node.get('time') or '00:00:00'}", zone)
    except ValueError:
        return None


def _text(root: Any, name: str) -> str:
    found = first(root, name)
    return "" if found is None else (found.text or "").strip()
