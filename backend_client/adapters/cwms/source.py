"""An adapter over the CWMS Data API: pages followed to their end and counted against the server's total."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from backend_client.adapters.conditional import ConditionalGet
from backend_client.adapters.cwms.names import element_of, parse_name
from backend_client.adapters.cwms.quality import quality_of
from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.harvest import Capability, ForeignSeries, Gap, Harvest, Meter, SeriesReadings, readings
from backend_client.adapters.plain_words import one_line
from backend_client.adapters.plausible import graded, number
from backend_client.adapters.times import LATEST_S, iso_z
from backend_client.adapters.units import to_ours
from backend_client.errors import WireFormatError

PAGE = 5000
PAGES_LIMIT = 2000
JSON_V2 = {"Accept": "application/json;version=2"}


class Cwms:
    """base: up to and with ``…/cwms-data/``. office: e.g. SWT. like: a pattern of series ids, "" all."""

    def __init__(self, http: ForeignHttp, *, office: str, like: str = "") -> None:
        self._http = http
        self._kept = ConditionalGet(http)
        self._office = office
        self._like = like

    @property
    def meter(self) -> Meter:
        return self._http.meter

    def close(self) -> None:
        self._http.close()

    def probe(self) -> Capability:
        words = self._words({"page-size": 1, **({"like": self._like} if self._like else {})})
        answer, _ = self._kept.get(f"catalog/TIMESERIES?{words}", headers=JSON_V2)
        body = _object(answer.data, "catalog")
        traits = (
            ("paging", "next-page"),
            ("etag", "yes" if "etag" in answer.headers else "no"),
            ("total", "yes" if isinstance(body.get("total"), int) else "no"),
            ("modified_since", "no"),
        )
        return Capability("cwms", f"CWMS {one_line(self._office, 20)}", "v2", traits)

    def series(self) -> tuple[ForeignSeries, ...]:
        entries = [e for e in self._catalog("TIMESERIES", self._like) if isinstance(e.get("name"), str)]
        places = {str(e.get("name")): e for e in self._catalog("LOCATIONS", "")}
        names = {e["name"]: parse_name(e["name"]) for e in entries}
        stores = {n.location for n in names.values() if n and n.parameter == "Stor"}
        found = []
        for entry in entries:
            name = names[entry["name"]]
            unit = str(entry.get("units") or "")
            element = element_of(name, name.location in stores) if name else ""
            scale = to_ours(element, unit) if element else None
            code = name.location if name else entry["name"].split(".")[0]
            place = places.get(code, {})
            found.append(
                ForeignSeries(
                    key=entry["name"],
                    station_code=one_line(code, 60),
                    station_name=one_line(str(place.get("public-name") or place.get("long-name") or code), 60),
                    element=element if scale else "",
                    unit=unit,
                    factor=scale[0] if scale else 1.0,
                    offset=scale[1] if scale else 0.0,
                    datum=one_line(str(place.get("vertical-datum") or ""), 40) if element in ("Z", "RZ") else "",
                    lon=number(place.get("longitude")),
                    lat=number(place.get("latitude")),
                    interval_s=name.interval_s if name else None,
                )
            )
        return tuple(sorted(found, key=lambda s: s.key))

    def read(self, wanted: Sequence[ForeignSeries], from_t: int, to_t: int) -> Harvest:
        """Read a window of each series. expected: the sum of the server's totals, None where it gives none."""
        parts: list[SeriesReadings] = []
        gaps: list[Gap] = []
        notes: set[str] = set()
        unknown: set[str] = set()
        expected: int | None = 0
        for series in wanted:
            part, total, problem = self._one(series, from_t, to_t, notes, unknown)
            parts.append(part)
            expected = None if expected is None or total is None else expected + total
            if problem:
                gaps.append(Gap(series.key, from_t, to_t, problem))
        return Harvest(tuple(parts), expected, not gaps, tuple(gaps), tuple(sorted(notes)), tuple(sorted(unknown)))

    def _one(
        self, series: ForeignSeries, from_t: int, to_t: int, notes: set[str], unknown: set[str]
    ) -> tuple[SeriesReadings, int | None, str]:
        """Return readings, how many there should be if known, and why they are not proved whole ("" if they are)."""
        rows: list[tuple[int, float | None, int]] = []
        total: int | None = None
        problem = ""
        came = 0
        for page in self._pages(series.key, from_t, to_t):
            if page is None:
                problem = "pages-do-not-end"
                break
            scale = to_ours(series.element, str(page.get("units") or series.unit))
            if scale is None:
                problem = f"unit {one_line(str(page.get('units')), 20)}"
                break
            said = page.get("total")
            total = said if isinstance(said, int) and said > 0 and total is None else total
            found = _rows(page, series, scale, notes, unknown)
            came += len(found)
            rows += found
        if not problem and total is not None and came != total:
            problem = f"total {total} read {came}"
        part = readings(series, rows, from_t, to_t)
        return part, None if total is None else len(part.t) + max(total - came, 0), problem

    def _pages(self, name: str, from_t: int, to_t: int) -> Iterator[dict[str, Any] | None]:
        """Yield pages; None at the end means that the server's cursor ran in a circle or never ended."""
        words: dict[str, Any] = {"name": name, "begin": iso_z(from_t), "end": iso_z(to_t), "unit": "SI", "page-size": PAGE}
        seen: set[str] = set()
        for _ in range(PAGES_LIMIT):
            page = _object(self._http.get(f"timeseries?{self._words(words)}", headers=JSON_V2).data, "timeseries")
            yield page
            cursor = page.get("next-page")
            if not cursor:
                return
            if not isinstance(cursor, str) or cursor in seen:
                break
            seen.add(cursor)
            words = words | {"page": cursor}
        yield None

    def _catalog(self, kind: str, like: str) -> Iterator[dict[str, Any]]:
        words: dict[str, Any] = {"page-size": PAGE, **({"like": like} if like else {})}
        seen: set[str] = set()
        for _ in range(PAGES_LIMIT):
            answer, _changed = self._kept.get(f"catalog/{kind}?{self._words(words)}", headers=JSON_V2)
            body = _object(answer.data, "catalog")
            entries = body.get("entries")
            if not isinstance(entries, list):
                raise WireFormatError("catalog: no entries")
            yield from (e for e in entries if isinstance(e, dict))
            cursor = body.get("next-page")
            if not cursor:
                return
            if not isinstance(cursor, str) or cursor in seen:
                break
            seen.add(cursor)
            words = words | {"page": cursor}
        raise WireFormatError("catalog: pages do not end")

    def _words(self, more: Mapping[str, Any]) -> str:
        return urlencode({"office": self._office, **more})


def _rows(
    page: Mapping[str, Any], series: ForeignSeries, scale: tuple[float, float], notes: set[str], unknown: set[str]
) -> list[tuple[int, float | None, int]]:
    """Return rows in the series' published unit, whatever unit this page came in."""
    values = page.get("values")
    if not isinstance(values, list):
        raise WireFormatError("timeseries: no values")
    t_at, v_at, q_at = _columns(page)
    found = []
    for row in values:
        try:
            t, value, code = int(row[t_at]) // 1000, number(row[v_at]), int(row[q_at] or 0)
        except (TypeError, ValueError, IndexError, KeyError, OverflowError) as exc:
            raise WireFormatError(f"timeseries: row {str(row)[:60]!r}") from exc
        if not 0 <= t <= LATEST_S:
            notes.add(f"bad-time:{series.key}")
            continue
        quality, missing, bits = quality_of(code)
        if bits:
            unknown.add(f"bits 0x{bits:08X}")
        ours = None if value is None or missing else value * scale[0] + scale[1]
        quality = graded(series.element, ours, quality)
        found.append((t, None if ours is None else (ours - series.offset) / series.factor, quality))
    return found


def _columns(page: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return the places of time, value and quality; documented order where the answer does not say."""
    places: dict[str, int] = {}
    for column in page.get("value-columns") or []:
        if isinstance(column, dict) and isinstance(column.get("ordinal"), int):
            places[str(column.get("name", "")).replace("-", "").lower()] = column["ordinal"] - 1
    return places.get("datetime", 0), places.get("value", 1), places.get("qualitycode", 2)


def _object(data: bytes, what: str) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise WireFormatError(f"{what}: not JSON: {exc}") from exc
    if not isinstance(body, dict):
        raise WireFormatError(f"{what}: not a JSON object")
    return body
