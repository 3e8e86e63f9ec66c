"""WaterML 1.0 and 1.1: timeSeriesResponse of USGS NWIS and of CUAHSI WaterOneFlow."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

from backend_client.adapters.harvest import SUSPECT
from backend_client.adapters.plausible import number
from backend_client.adapters.safe_xml import attribute, children, descendants, first, text_at
from backend_client.adapters.waterml.document import WmlSeries, moment, worst
from backend_client.adapters.waterml.words import CENSORED, QUALIFIERS


def series_of(root: Any, zone: str) -> Iterator[WmlSeries]:
    """Yield one series per ``values`` block: a station with two sensors has two.

    zone: for times without an offset where the document itself gives none.
    """
    for node in descendants(root, "timeSeries"):
        for block in children(node, "values"):
            yield _series(node, block, zone)


def _series(node: Any, block: Any, zone: str) -> WmlSeries:
    source, variable = first(node, "sourceInfo"), first(node, "variable")
    code = first(source, "siteCode") if source is not None else None
    site = (code.text or "").strip() if code is not None else ""
    network = attribute(code, "network") if code is not None else ""
    property_code = text_at(variable, "variableCode") if variable is not None else ""
    methods = [attribute(m, "methodID") for m in children(block, "method")]
    name = attribute(node, "name") or f"{network}:{site}:{property_code}"
    place = first(source, "geoLocation", "geogLocation") if source is not None else None
    rows, left_out, unknown = _rows(block, _missing(variable), _zone(source) or zone)
    count = attribute(block, "count")
    return WmlSeries(
        key=f"{name}#{methods[0] if len(methods) == 1 else ''}",
        site=site,
        site_name=html.unescape(text_at(source, "siteName") if source is not None else ""),
        property_code=property_code,
        property_name=html.unescape(text_at(variable, "variableName") if variable is not None else ""),
        statistic=_statistic(variable),
        unit=_unit(variable, block),
        datum=text_at(source, "verticalDatum") if source is not None else "",
        lon=number(text_at(place, "longitude")) if place is not None else None,
        lat=number(text_at(place, "latitude")) if place is not None else None,
        interval_s=None,
        rows=tuple(rows),
        promised=int(count) if count.isascii() and count.isdigit() and len(count) < 10 else None,
        left_out=left_out,
        unknown=frozenset(unknown),
    )


def _rows(block: Any, missing: float | None, zone: str) -> tuple[list[tuple[int, float | None, int]], int, set[str]]:
    rows: list[tuple[int, float | None, int]] = []
    unknown: set[str] = set()
    left_out = 0
    for node in children(block, "value"):
        utc = attribute(node, "dateTimeUTC")
        t = moment(utc, "UTC") if utc else moment(attribute(node, "dateTime"), attribute(node, "timeOffset"), zone)
        if t is None:
            left_out += 1
            continue
        value = number((node.text or "").strip())
        rows.append((t, None if value == missing else value, _quality(node, unknown)))
    return rows, left_out, unknown


def _quality(node: Any, unknown: set[str]) -> int:
    found = []
    for word in attribute(node, "qualifiers").replace(",", " ").split():
        if word.upper() not in QUALIFIERS:
            unknown.add(word[:20])
        found.append(QUALIFIERS.get(word.upper(), SUSPECT))
    censor = attribute(node, "censorCode").lower()
    if censor not in CENSORED:
        unknown.add(censor[:20])
    return worst([*found, CENSORED.get(censor, SUSPECT)])


def _missing(variable: Any) -> float | None:
    if variable is None:
        return None
    return number(text_at(variable, "noDataValue") or text_at(variable, "NoDataValue"))


def _unit(variable: Any, block: Any) -> str:
    if variable is None:
        return ""
    unit = first(variable, "unit")
    if unit is not None:
        return text_at(unit, "unitCode") if not text_at(unit, "unitCode").isdigit() else text_at(unit, "unitAbbreviation")
    units = first(variable, "units")
    said = attribute(units, "unitsAbbreviation") if units is not None else ""
    return said or attribute(block, "unitsAbbreviation")


def _statistic(variable: Any) -> str:
    options = first(variable, "options") if variable is not None else None
    if options is None:
        return ""
    return next((attribute(o, "optionCode") for o in children(options, "option") if attribute(o, "name") == "Statistic"), "")


def _zone(source: Any) -> str:
    """Return the site's offset where it is the same all year; a site with summer time leaves it open."""
    info = first(source, "timeZoneInfo") if source is not None else None
    if info is None or attribute(info, "siteUsesDaylightSavingsTime").lower() in ("true", "1"):
        return ""
    zone = first(info, "defaultTimeZone")
    return attribute(zone, "zoneOffset") if zone is not None else ""
