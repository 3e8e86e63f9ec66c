"""WaterML 2.0: observations with a MeasurementTimeseries, point metadata over defaults."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from backend_client.adapters.harvest import BAD, SUSPECT
from backend_client.adapters.plausible import number
from backend_client.adapters.safe_xml import XSI_NIL, attribute, descendants, first, text_at
from backend_client.adapters.waterml.document import WmlSeries, moment, worst
from backend_client.adapters.waterml.words import QUALIFIERS, QUALITIES_2

_DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,7})S)?)?", re.ASCII)


def series_of(root: Any, zone: str) -> Iterator[WmlSeries]:
    for observation in descendants(root, "OM_Observation"):
        for series in descendants(observation, "MeasurementTimeseries"):
            yield _series(observation, series, zone)


def _series(observation: Any, series: Any, zone: str) -> WmlSeries:
    site, name, lon, lat, own_zone = _feature(observation)
    code, title = _reference(first(observation, "observedProperty"))
    procedure, _ = _reference(first(observation, "procedure"))
    defaults = next((d for d in descendants(series, "DefaultTVPMeasurementMetadata")), None)
    base_quality, unknown = _quality(defaults)
    every = _duration(defaults)
    early = every if _interpolation(defaults).endswith("succ") else 0
    rows: list[tuple[int, float | None, int]] = []
    left_out = 0
    for point in descendants(series, "MeasurementTVP"):
        t = moment(text_at(point, "time"), own_zone, zone)
        if t is None or early is None:  # the total that follows a time, of unknown length, has no end
            left_out += 1
            continue
        value, quality, words = _value(point)
        unknown |= words
        rows.append((t + early, value, base_quality if quality is None else quality))
    return WmlSeries(
        key=f"{site}|{code}|{procedure}",
        site=site,
        site_name=name,
        property_code=code,
        property_name=title,
        statistic="",
        unit=_unit(defaults, series),
        datum="",
        lon=lon,
        lat=lat,
        interval_s=every,
        rows=tuple(rows),
        promised=None,
        left_out=left_out,
        unknown=frozenset(unknown),
    )


def _value(point: Any) -> tuple[float | None, int | None, set[str]]:
    """Return (value, quality or None where the default holds, unknown words)."""
    node = first(point, "value")
    details = next((d for d in descendants(point, "TVPMeasurementMetadata")), None)
    quality, unknown = _quality(details)
    said = details is not None and any(True for _ in details)
    if node is None or node.get(XSI_NIL) in ("true", "1") or (details is not None and first(details, "nilReason") is not None):
        return None, BAD if not said or quality == 0 else quality, unknown
    return number((node.text or "").strip()), quality if said and _has_quality(details) else None, unknown


def _has_quality(details: Any) -> bool:
    return first(details, "quality") is not None or first(details, "qualifier") is not None


def _quality(details: Any) -> tuple[int, set[str]]:
    """Return the worst of quality and qualifiers in a metadata element."""
    if details is None:
        return 0, set()
    found, unknown = [], set()
    for node in details:
        if not isinstance(node.tag, str) or not node.tag.endswith(("}quality", "}qualifier")):
            continue
        code, title = _reference(node)
        code = code or text_at(node, "Category", "value") or text_at(node, "value")
        quality = QUALITIES_2.get(code.lower(), QUALIFIERS.get(code.upper(), QUALITIES_2.get(title.lower())))
        if quality is None:
            unknown.add((code or title)[:20])
        found.append(SUSPECT if quality is None else quality)
    return worst(found), unknown


def _feature(observation: Any) -> tuple[str, str, float | None, float | None, str]:
    """Return (site, name, lon, lat, zone offset) of the feature of interest, referred to or spelled out."""
    node = first(observation, "featureOfInterest")
    site, name = _reference(node)
    point = next((p for p in descendants(node, "MonitoringPoint")), None) if node is not None else None
    if point is None:
        return site, name or site, None, None, ""
    site = text_at(point, "identifier") or site or next((v for k, v in point.attrib.items() if k.endswith("}id")), "")
    position = next((p for p in descendants(point, "pos")), None)
    numbers = [number(x) for x in (position.text or "").split()] if position is not None else []
    lat, lon = numbers[:2] if len(numbers) >= 2 else (None, None)  # EPSG:4326 in GML is latitude first
    zone = next((z for z in descendants(point, "zoneOffset")), None)
    summer = any(True for z in descendants(point, "daylightSavingTimeZone"))
    return site, text_at(point, "name") or name or site, lon, lat, "" if zone is None or summer else (zone.text or "").strip()


def _reference(node: Any) -> tuple[str, str]:
    """Return (last meaningful part of xlink:href, xlink:title)."""
    if node is None:
        return "", ""
    href = attribute(node, "href")
    query = parse_qs(urlsplit(href).query)
    code = next((query[k][0] for k in ("pmcode", "parameterCd", "sites", "agency_cd") if k in query), "")
    return code or re.split(r"[/#:]", href.rstrip("/"))[-1], attribute(node, "title")


def _unit(defaults: Any, series: Any) -> str:
    node = first(defaults, "uom") if defaults is not None else None
    if node is None:
        node = next((u for u in descendants(series, "uom")), None)
    if node is None:
        return ""
    return attribute(node, "code") or attribute(node, "title") or re.split(r"[/#]", attribute(node, "href"))[-1]


def _interpolation(defaults: Any) -> str:
    node = first(defaults, "interpolationType") if defaults is not None else None
    return "" if node is None else _reference(node)[0].lower()


def _duration(defaults: Any) -> int | None:
    text = text_at(defaults, "aggregationDuration") if defaults is not None else ""
    found = _DURATION.fullmatch(text) if text else None
    if found is None:
        return None
    days, hours, minutes, seconds = (int(x or 0) for x in found.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds or None
