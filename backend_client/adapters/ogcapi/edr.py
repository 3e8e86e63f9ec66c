"""OGC API EDR: locations or positions of a collection as series, CoverageJSON as readings.

EDR has no count. A window is believed when its two halves hold no time that the whole did not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.harvest import MEASURED, SUSPECT, Capability, ForeignSeries, Gap, Harvest, Meter, readings
from backend_client.adapters.ogcapi.coverage import PointSeries, label_of, point_series, unit_of
from backend_client.adapters.ogcapi.features_document import features_of
from backend_client.adapters.ogcapi.mapping import EdrMapping
from backend_client.adapters.ogcapi.service import collection_doc, conformance, outside, time_extent
from backend_client.adapters.proved_windows import Page, read_window
from backend_client.adapters.times import iso_z, utc_end
from backend_client.adapters.units import to_ours
from backend_client.errors import WireFormatError

NOTHING = frozenset({204, 404})  # both are in use for "no data in that window"
Row = tuple[int, Any]


class OgcEdr:
    """Reads one EDR collection by its mapping. Used by one thread."""

    def __init__(
        self,
        server: str | ForeignHttp,
        mapping: EdrMapping,
        *,
        headers: Mapping[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not isinstance(server, ForeignHttp):
            server = ForeignHttp(server, headers=headers, transport=transport)
        self._http = server
        self._map = mapping
        self._queries: frozenset[str] | None = None
        self._extent: tuple[int | None, int | None] = (None, None)

    @property
    def meter(self) -> Meter:
        return self._http.meter

    def close(self) -> None:
        self._http.close()

    def probe(self) -> Capability:
        """Return the queries that the collection offers.

        Raises:
            BackendError: as the Adapter protocol says.
        """
        doc = collection_doc(self._http, self._map.collection)
        offered = doc.get("data_queries")
        self._queries = frozenset(str(q) for q in offered) if isinstance(offered, dict) else frozenset()
        traits = (
            ("queries", " ".join(sorted(self._queries))),
            ("count", "no"),
            ("modified_since", "no"),
            ("conformance", str(len(conformance(self._http)))),
        )
        notes = ("no-count",) + (("no-point-queries",) if not self._queries & {"locations", "position"} else ())
        title = str(doc.get("title") or self._map.collection)[:120]
        return Capability("ogcapi-edr", title, "1.1", traits, notes)

    def series(self) -> tuple[ForeignSeries, ...]:
        """Return place × parameter; a parameter that nothing of ours fits is listed with element "".

        Raises:
            BackendError: as the Adapter protocol says.
        """
        doc = collection_doc(self._http, self._map.collection)
        raw = doc.get("parameter_names")
        parameters = raw if isinstance(raw, dict) else {}
        return tuple(
            self._series(code, place, str(name), parameter)
            for code, place in sorted(self._places().items())
            for name, parameter in sorted(parameters.items())
            if isinstance(parameter, dict)
        )

    def read(self, wanted: Sequence[ForeignSeries], from_t: int, to_t: int) -> Harvest:
        """Read from_t ≤ t ≤ to_t, one place and parameter after the other.

        Raises:
            BackendError: as the Adapter protocol says.
        """
        notes, unknown = {"no-count"}, set[str]()
        self._extent = time_extent(self._http, self._map.collection)
        parts, gaps = [], []
        for series in (s for s in wanted if s.element):
            pages = self._pages(series)
            tally = read_window(pages, from_t, to_t)
            notes |= tally.notes | pages.notes
            if "unreadable-times" in pages.notes:
                gaps.append(Gap(series.key, from_t, to_t, "unreadable-times"))
            gaps += [Gap(series.key, a, b, why) for a, b, why in tally.gaps]
            rows = [(t, *self._value(raw, notes)) for t, raw in tally.rows.values()]
            if any(not from_t <= t <= to_t for t, _, _ in rows):
                notes.add("rows-outside-the-window")
            parts.append(readings(series, rows, from_t, to_t))
        return Harvest(tuple(parts), None, not gaps, tuple(gaps), tuple(sorted(notes)), tuple(sorted(unknown)))

    def _value(self, raw: Any, notes: set[str]) -> tuple[float | None, int]:
        try:
            return self._map.terms.number(raw), MEASURED
        except ValueError:
            notes.add("results-not-numbers")
            return None, SUSPECT

    def _places(self) -> dict[str, tuple[str, float | None, float | None]]:
        if self._map.positions:
            return {code: (name, lon, lat) for code, (name, lon, lat) in self._map.positions.items()}
        path = f"collections/{self._map.collection}/locations"
        found, _, _ = features_of(self._http.get(path, {"f": "json"}).json(), path)
        names = {f.feature_id: str(f.props.get("name") or f.props.get("title") or f.feature_id) for f in found}
        return {f.feature_id: (names[f.feature_id], f.lon, f.lat) for f in found if f.feature_id}

    def _series(
        self, code: str, place: tuple[str, float | None, float | None], name: str, parameter: Mapping[str, Any]
    ) -> ForeignSeries:
        observed = parameter.get("observedProperty")
        label = label_of(observed.get("label")) if isinstance(observed, dict) else ""
        element = self._map.parameters.get(name) or self._map.terms.element(name, label, label_of(parameter.get("name")))
        unit = unit_of(parameter)
        scale = to_ours(element, unit)
        key = f"{self._map.collection}|{code}|{name}"
        element = element if scale is not None else ""
        return ForeignSeries(key, code, place[0], element, unit, *(scale or (1.0, 0.0)), lon=place[1], lat=place[2])

    def _pages(self, series: ForeignSeries) -> CoveragePages:
        collection, _, rest = series.key.partition("|")
        parameter = rest.removeprefix(f"{series.station_code}|")
        path = f"collections/{collection}/locations/{quote(series.station_code, safe='')}"
        params: dict[str, str | int] = {"parameter-name": parameter, "f": "json"}
        if self._map.positions:
            if series.lon is None or series.lat is None:
                raise WireFormatError(f"series {series.key!r} has no position")
            path = f"collections/{collection}/position"
            params["coords"] = f"POINT({series.lon} {series.lat})"
        return CoveragePages(self._http, path, params, self._extent, self._map.terms.zone)


class CoveragePages:
    """Windows of one place and parameter; a row is known by its time. notes: what was wrong with the answers."""

    def __init__(
        self, http: ForeignHttp, path: str, params: Mapping[str, str | int], extent: tuple[int | None, int | None], zone: str
    ) -> None:
        self._http = http
        self._path = path
        self._params = params
        self._extent = extent
        self._zone = zone
        self.notes: set[str] = set()

    def ask(self, from_t: int, to_t: int) -> Page[Row]:
        return self._page({**self._params, "datetime": f"{iso_z(from_t)}/{iso_z(to_t)}"}, from_t, to_t)

    def ask_all(self) -> Page[Row]:
        return self._page(dict(self._params), 0, 2**62)

    def follow(self, link: str) -> Page[Row]:
        raise WireFormatError(f"{self._path}: a coverage has no further pages: {link[:60]!r}")

    def _page(self, params: dict[str, str | int], from_t: int, to_t: int) -> Page[Row]:
        nothing = NOTHING | {400} if outside(self._extent, from_t, to_t) else NOTHING
        answer = self._http.get(self._path, params, accept=nothing)
        found = () if answer.status in nothing else point_series(answer.json(), self._path)
        rows: dict[str, Row] = {}
        received = 0
        for one in self._mine(found):
            for text, raw in zip(one.times, one.values, strict=True):
                received += 1
                self._take(rows, text, raw, from_t, to_t)
        return Page(rows, received, None, "")

    def _mine(self, found: Sequence[PointSeries]) -> Sequence[PointSeries]:
        """Return the ranges of our parameter; servers rename it, but we asked for one only."""
        if len({one.parameter for one in found}) <= 1:
            return found
        wanted = str(self._params["parameter-name"])
        return [one for one in found if wanted in (one.parameter, one.label)]

    def _take(self, rows: dict[str, Row], text: str, raw: Any, from_t: int, to_t: int) -> None:
        try:
            t = utc_end(text, self._zone)
        except ValueError:
            self.notes.add("unreadable-times")
            return
        if from_t <= t <= to_t:  # halves and whole can only be compared inside their windows
            rows[str(t)] = (t, raw)
        else:
            self.notes.add("rows-outside-the-window")
