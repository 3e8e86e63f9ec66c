"""An adapter over a PI REST service: series from headers, windows of readings, forecasts told apart."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from backend_client.adapters.fews_pi.document import PiDocument, PiSeries, read_document
from backend_client.adapters.fews_pi.ensemble import SIDES, Spread, bound_key, bounded, is_bound
from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.harvest import (
    BAD,
    FORECAST,
    MANUAL,
    MEASURED,
    RECONSTRUCTED,
    SUSPECT,
    Capability,
    ForeignSeries,
    Gap,
    Harvest,
    Meter,
    readings,
)
from backend_client.adapters.plain_words import one_line
from backend_client.adapters.plausible import graded, number
from backend_client.adapters.times import iso_z
from backend_client.adapters.units import to_ours
from backend_client.errors import BackendRefused, WireFormatError

# reliable, doubtful, unreliable; in each: original, corrected by a person, filled in
FLAGS = {
    "": MEASURED, "0": MEASURED, "1": MANUAL, "2": RECONSTRUCTED,
    "3": SUSPECT, "4": SUSPECT, "5": SUSPECT, "6": BAD, "7": BAD, "8": BAD, "9": BAD,
}  # fmt: skip
GROUPS = {"water level": "Z", "waterlevel": "Z", "hoogte": "Z", "discharge": "Q", "rainfall": "P", "precipitation": "P"}
PREFIXES = {"H": "Z", "Q": "Q", "P": "P"}
FORMATS = ("PI_JSON", "PI_XML")
LOCATIONS_A_QUERY = 40
WINDOW_S = 31 * 86400


class FewsPi:
    """base: up to and with ``…/rest/fewspiservice/v1/``. filter_id: which part of the archive, "" all.

    elements: parameter id → our element, where the parameter's own group does not tell it. units:
    parameter id → unit, for services that speak XML alone and leave the unit out of the header.
    """

    def __init__(
        self,
        http: ForeignHttp,
        *,
        filter_id: str = "",
        elements: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> None:
        self._http = http
        self._filter = filter_id
        self._elements = dict(elements or {})
        self._format = ""
        self._units = dict(units or {})
        self._groups: dict[str, str] = {}

    @property
    def meter(self) -> Meter:
        return self._http.meter

    def close(self) -> None:
        self._http.close()

    def probe(self) -> Capability:
        """Ask for headers as JSON, then as XML: services before 2017 know XML alone."""
        notes: list[str] = []
        for form in FORMATS:
            self._format = form
            try:
                found = self._headers()
            except (BackendRefused, WireFormatError):
                if form == FORMATS[-1]:
                    raise
                notes.append("no-json")
                continue
            break
        if any(s.events for s in found.series):
            notes.append("only-headers-ignored")
        traits = (("format", self._format), ("series", str(len(found.series))), ("modified_since", "no"))
        return Capability("fews-pi", "Delft-FEWS", one_line(found.version, 20), traits, tuple(notes))

    def series(self) -> tuple[ForeignSeries, ...]:
        self._learn_parameters()
        names = self._locations()
        merged: dict[str, ForeignSeries] = {}
        found = self._headers().series
        meant = {s.key: self._element(s) for s in found}
        bands = list(bounded(found, meant))
        # one of many possible futures is not "the" value
        crowd = Counter(bound_key(s, "") for s in found if s.member)
        # … but the only member of an ensemble is, where the entry names its parameter
        one = {s.key for s in found if s.member and crowd[bound_key(s, "")] == 1 and s.parameter in self._elements}
        alone = [(s.key, s, "" if s.member and s.key not in one else meant[s.key]) for s in found]
        for key, s, element in (*alone, *bands):
            unit = s.unit or self._units.get(s.parameter, "")
            scale = to_ours(element, unit) if element else None
            name, lon, lat = names.get(s.location, ("", None, None))
            merged[key] = ForeignSeries(
                key, one_line(s.location, 60), one_line(s.name or name or s.location, 60), element if scale else "", unit,
                *(scale or (1.0, 0.0)), lon=s.lon if s.lon is not None else lon, lat=s.lat if s.lat is not None else lat,
                interval_s=s.interval_s,
            )  # fmt: skip
        return tuple(merged[k] for k in sorted(merged))

    def read(self, wanted: Sequence[ForeignSeries], from_t: int, to_t: int) -> Harvest:
        """Read windows of a month. expected: steps of equidistant series; None when one is not."""
        if not self._format:
            self.probe()
        rows: dict[str, list[tuple[int, float | None, int]]] = {s.key: [] for s in wanted}
        by_key = {s.key: s for s in wanted}
        seen: set[str] = set()
        gaps: list[Gap] = []
        notes: set[str] = set()
        unknown: set[str] = set()
        steady, spread = True, Spread()
        for start, end in _windows(from_t, to_t):
            for query in self._queries(wanted):
                for s in self._timeseries({**query, "startTime": iso_z(start), "endTime": iso_z(end)}).series:
                    if s.member and bound_key(s, "LO") in by_key:
                        bound = by_key[bound_key(s, "LO")]
                        spread.add(s, _graded(bound, s, unknown))
                        seen |= {bound_key(s, side) for side in SIDES}
                    if s.key not in by_key:
                        continue
                    seen.add(s.key)
                    steady = steady and s.interval_s is not None
                    rows[s.key] += _graded(by_key[s.key], s, unknown)
                    gaps += _gaps(s, start, end)
                    if s.bad_times:
                        notes.add(f"bad-time:{s.key}")
                    if s.forecast_t is not None:
                        notes.add(f"forecast:{s.key}:{iso_z(s.forecast_t)}")
        notes |= {f"absent:{key}" for key in set(by_key) - seen}
        rows |= {key: spread.rows(key) for key in by_key if is_bound(key)}
        parts = tuple(readings(s, rows[s.key], from_t, to_t) for s in wanted)
        expected = sum(len(p.t) for p in parts) + len(gaps) if steady and seen else None
        return Harvest(parts, expected, not gaps, tuple(gaps), tuple(sorted(notes)), tuple(sorted(unknown)))

    def _queries(self, wanted: Sequence[ForeignSeries]) -> Iterator[dict[str, Any]]:
        """Yield queries by parameter and a few dozen locations: an address may not grow without end."""
        places: dict[str, set[str]] = defaultdict(set)
        for s in wanted:
            location, parameter, *_ = s.key.split("|")
            places[parameter.replace("¦", "|")].add(location.replace("¦", "|"))
        for parameter, locations in places.items():
            ordered = sorted(locations)
            for i in range(0, len(ordered), LOCATIONS_A_QUERY):
                yield {"parameterIds": parameter, "locationIds": ordered[i : i + LOCATIONS_A_QUERY]}

    def _headers(self) -> PiDocument:
        return self._timeseries({"onlyHeaders": "true"})

    def _timeseries(self, query: Mapping[str, Any]) -> PiDocument:
        return read_document(self._get("timeseries", query), "timeseries")

    def _get(self, path: str, query: Mapping[str, Any]) -> bytes:
        words = {"documentFormat": self._format or FORMATS[0], **({"filterId": self._filter} if self._filter else {}), **query}
        return self._http.get(f"{path}?{urlencode(words, doseq=True)}").data

    def _learn_parameters(self) -> None:
        for p in self._list("parameters", "timeSeriesParameters"):
            self._units.setdefault(str(p.get("id", "")), str(p.get("unit", "")))
            self._groups[str(p.get("id", ""))] = str(p.get("parameterGroup", ""))

    def _locations(self) -> dict[str, tuple[str, float | None, float | None]]:
        return {
            str(x.get("locationId", "")): (str(x.get("shortName") or ""), number(x.get("lon")), number(x.get("lat")))
            for x in self._list("locations", "locations")
        }

    def _list(self, path: str, key: str) -> list[dict[str, Any]]:
        """Return objects of a list in JSON; an XML-only service's headers must do without."""
        if self._format == "PI_XML":
            return []
        try:
            found = json.loads(self._get(path, {}))[key]
            return [x for x in found if isinstance(x, dict)]
        except (ValueError, KeyError, TypeError, RecursionError) as exc:
            raise WireFormatError(f"{path}: {exc}") from exc

    def _element(self, s: PiSeries) -> str:
        if s.parameter in self._elements:
            return self._elements[s.parameter]
        group = GROUPS.get(self._groups.get(s.parameter, "").lower(), "")
        return group or PREFIXES.get(s.parameter.split(".")[0], "")


def _graded(series: ForeignSeries, s: PiSeries, unknown: set[str]) -> list[tuple[int, float | None, int]]:
    """Return (time, value, quality): what lies beyond the start of a forecast is a forecast, whatever its flag."""
    found = []
    for t, value, flag in s.events:
        if flag not in FLAGS:
            unknown.add(flag[:20])
        quality = FLAGS.get(flag, SUSPECT)
        if s.forecast_t is not None and t > s.forecast_t:
            quality = FORECAST if quality < SUSPECT or quality == MANUAL else quality
        elif s.kind.startswith("simulated") and quality == MEASURED:
            quality = RECONSTRUCTED
        ours = None if value is None else value * series.factor + series.offset
        found.append((t, value, graded(series.element, ours, quality)))
    return found


def _gaps(s: PiSeries, from_t: int, to_t: int) -> list[Gap]:
    """Return where an equidistant series has fewer steps than its own header promises."""
    if s.interval_s is None or s.start_t is None or s.end_t is None:
        return []
    start, end = max(s.start_t, from_t), min(s.end_t, to_t)
    first = s.start_t + -(-(start - s.start_t) // s.interval_s) * s.interval_s
    promised = 0 if first > end else (end - first) // s.interval_s + 1
    came = len({t for t, _, _ in s.events if start <= t <= end})
    return [Gap(s.key, start, end, f"steps {promised} read {came}")] if came < promised else []


def _windows(from_t: int, to_t: int) -> Iterator[tuple[int, int]]:
    for start in range(from_t, to_t + 1, WINDOW_S):
        yield start, min(start + WINDOW_S - 1, to_t)
