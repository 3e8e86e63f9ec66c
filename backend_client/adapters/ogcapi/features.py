"""OGC API Features: readings as features, proved by numberMatched, re-filtered by their own time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import pairwise

import httpx

from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.harvest import SUSPECT, Capability, ForeignSeries, Gap, Harvest, Meter, SeriesReadings, readings
from backend_client.adapters.ogcapi.features_document import Feature, features_of
from backend_client.adapters.ogcapi.mapping import FeaturesMapping, ValueRule
from backend_client.adapters.ogcapi.service import collection_title, conformance, outside, queryables, time_extent
from backend_client.adapters.proved_windows import Page, Tally, read_window
from backend_client.adapters.times import iso_z, utc_end
from backend_client.adapters.units import to_ours

LIMIT = 1000
EARLIEST, LATEST = 0, 4_000_000_000
Row = tuple[int, str, float | None, int]


class OgcFeatures:
    """Reads one collection of one server by its mapping. Used by one thread."""

    def __init__(
        self,
        server: str | ForeignHttp,
        mapping: FeaturesMapping,
        *,
        headers: Mapping[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not isinstance(server, ForeignHttp):
            server = ForeignHttp(server, headers=headers, transport=transport)
        self._http = server
        self._map = mapping
        self._known: Capability | None = None
        self._filters_time = True
        self._extent: tuple[int | None, int | None] = (None, None)

    @property
    def meter(self) -> Meter:
        return self._http.meter

    def close(self) -> None:
        self._http.close()

    def probe(self) -> Capability:
        """Ask what the collection can do; a datetime filter is believed only when it filters.

        Raises:
            BackendError: as the Adapter protocol says.
        """
        known = queryables(self._http, self._map.collection)
        self._extent = time_extent(self._http, self._map.collection)
        pages = FeaturePages(self._http, self._map.collection, {}, self._extent)
        begin = self._extent[0] or 0
        early = pages.ask(begin, begin + 1)  # servers refuse windows outside their extent: its first second
        everything = pages.ask_all()
        self._filters_time = all(self._inside(f, begin, begin + 1) for f in early.rows.values())
        notes = ["datetime-ignored"] * (not self._filters_time) + ["no-number-matched"] * (everything.count is None)
        notes += ["ids-missing"] * any(not f.feature_id for f in everything.rows.values())
        traits = (
            ("datetime", "yes" if self._filters_time else "no"),
            ("number_matched", "no" if everything.count is None else "yes"),
            ("modified_since", "yes" if self._map.modified_property in known else "no"),
            ("station_filter", "yes" if self._map.station_property in known else "no"),
            ("conformance", str(len(conformance(self._http)))),
        )
        title = collection_title(self._http, self._map.collection)
        self._known = Capability("ogcapi-features", title, "1.0", traits, tuple(notes))
        return self._known

    def series(self) -> tuple[ForeignSeries, ...]:
        """Return series of the stations' collection, or those seen in the newest stretch of the data.

        Raises:
            BackendError: as the Adapter protocol says.
        """
        self._probed()
        if self._map.stations_collection:
            pages = FeaturePages(self._http, self._map.stations_collection, {})
            stations = read_window(pages, EARLIEST, LATEST, filters_time=False).rows.values()
            code_of = self._map.station_code_property
            pairs = [(str(f.props.get(code_of, "")) if code_of else f.feature_id, f) for f in stations]
            found = {
                self._key(code, rule): self._series(code, f, rule) for code, f in pairs for rule in self._map.values if code
            }
        else:
            end = self._extent[1] or int(time.time())
            tally = self._tally({}, end - self._map.seen_s, end)
            found = {}
            for feature in tally.rows.values():
                for rule in self._map.values:
                    code = str(feature.props.get(self._map.station_property) or "")
                    if code and rule.fits(feature.props) and rule.value_property in feature.props:
                        found.setdefault(self._key(code, rule), self._series(code, feature, rule))
        return tuple(found[k] for k in sorted(found))

    def read(self, wanted: Sequence[ForeignSeries], from_t: int, to_t: int) -> Harvest:
        """Read from_t ≤ t ≤ to_t; one series alone is asked for by its station where the server can.

        Raises:
            BackendError: as the Adapter protocol says.
        """
        capability = self._probed()
        stations = {s.station_code for s in wanted if s.element}
        by_station = dict(capability.traits)["station_filter"] == "yes" and len(stations) == 1
        params = {self._map.station_property: next(iter(stations))} if by_station else {}
        return self._harvest(wanted, self._tally(params, from_t, to_t), from_t, to_t)

    def read_changed(self, wanted: Sequence[ForeignSeries], since_t: int) -> Harvest:
        """Read what the server changed since then: corrections and late rows too, whatever their time.

        Raises:
            BackendError: as the Adapter protocol says.
            ValueError: the probe found no modified-since.
        """
        if dict(self._probed().traits)["modified_since"] != "yes":
            raise ValueError("this collection cannot be asked for changes")
        pages = FeaturePages(self._http, self._map.collection, {self._map.modified_property: f"{iso_z(since_t)}/.."})
        return self._harvest(wanted, read_window(pages, EARLIEST, LATEST, filters_time=False), EARLIEST, LATEST)

    def _probed(self) -> Capability:
        return self._known or self.probe()

    def _inside(self, feature: Feature, from_t: int, to_t: int) -> bool:
        try:
            return from_t <= utc_end(str(feature.props.get(self._map.time_property) or ""), self._map.terms.zone) <= to_t
        except ValueError:
            return False

    def _tally(self, params: Mapping[str, str], from_t: int, to_t: int) -> Tally[Feature]:
        pages = FeaturePages(self._http, self._map.collection, params, self._extent)
        return read_window(pages, from_t, to_t, filters_time=self._filters_time)

    def _harvest(self, wanted: Sequence[ForeignSeries], tally: Tally[Feature], from_t: int, to_t: int) -> Harvest:
        notes, unknown = {*self._probed().notes, *tally.notes}, set[str]()
        rules = {self._key(s.station_code, r): r for s in wanted if s.element for r in self._map.values}
        rows: dict[str, list[Row]] = {s.key: [] for s in wanted if s.element}
        lost: set[str] = set()
        for feature in tally.rows.values():
            code = str(feature.props.get(self._map.station_property) or "")
            for rule in self._map.values:
                key = self._key(code, rule)
                if key in rows and rules[key].fits(feature.props):
                    row = self._row(feature, rule, notes, unknown)
                    if row is None:
                        lost.add(key)
                    else:
                        rows[key].append(row)
        parts = tuple(_part(s, rows[s.key], from_t, to_t, notes) for s in wanted if s.element)
        gaps = [Gap(s.key, a, b, why) for s in wanted if s.element for a, b, why in tally.gaps]
        gaps += [Gap(key, from_t, to_t, "unreadable-times") for key in sorted(lost)]
        return Harvest(parts, tally.expected, not gaps, tuple(gaps), tuple(sorted(notes)), tuple(sorted(unknown)))

    def _row(self, feature: Feature, rule: ValueRule, notes: set[str], unknown: set[str]) -> Row | None:
        terms, props = self._map.terms, feature.props
        try:
            t = utc_end(str(props.get(self._map.time_property) or ""), terms.zone)
        except ValueError:
            notes.add("unreadable-times")
            return None
        quality = terms.quality_of(props.get(self._map.quality_property), unknown)
        try:
            value = terms.number(props.get(rule.value_property))
        except ValueError:
            notes.add("results-not-numbers")
            value, quality = None, SUSPECT
        return t, f"{props.get(self._map.modified_property) or ''!s:>40}{feature.feature_id:>40}", value, quality

    def _key(self, code: str, rule: ValueRule) -> str:
        where = f"{rule.where[0]}={rule.where[1]}" if rule.where else rule.value_property
        return f"{self._map.collection}|{code}|{where}"

    def _series(self, code: str, feature: Feature, rule: ValueRule) -> ForeignSeries:
        unit = rule.unit or str(feature.props.get(rule.unit_property) or "")
        scale = to_ours(rule.element, unit)
        name = str(feature.props.get(self._map.station_name_property) or code)
        element = rule.element if scale is not None else ""
        return ForeignSeries(
            self._key(code, rule), code, name, element, unit, *(scale or (1.0, 0.0)), lon=feature.lon, lat=feature.lat
        )


class FeaturePages:
    """Pages of a collection's items with fixed further parameters."""

    def __init__(
        self,
        http: ForeignHttp,
        collection: str,
        params: Mapping[str, str],
        extent: tuple[int | None, int | None] = (None, None),
    ) -> None:
        self._http = http
        self._extent = extent
        self._path = f"collections/{collection}/items"
        self._params: dict[str, str | int] = {"f": "json", "limit": LIMIT, **params}

    def ask(self, from_t: int, to_t: int) -> Page[Feature]:
        accept = (400,) if outside(self._extent, from_t, to_t) else ()
        return self._page(self._path, {**self._params, "datetime": f"{iso_z(from_t)}/{iso_z(to_t)}"}, accept)

    def ask_all(self) -> Page[Feature]:
        return self._page(self._path, self._params)

    def follow(self, link: str) -> Page[Feature]:
        return self._page(link, None)

    def _page(self, path: str, params: dict[str, str | int] | None, accept: Sequence[int] = ()) -> Page[Feature]:
        answer = self._http.get(path, params, accept=accept)
        if answer.status in accept:
            return Page({}, 0, 0, "")
        found, count, link = features_of(answer.json(), self._path)
        if not found:
            link = ""  # some servers link from an empty page to itself, one offset further
        keyed = {f.feature_id or repr(sorted((k, repr(v)) for k, v in f.props.items())): f for f in found}
        return Page(keyed, len(found), count, link)


def _part(series: ForeignSeries, rows: list[Row], from_t: int, to_t: int, notes: set[str]) -> SeriesReadings:
    rows.sort(key=lambda r: (r[0], r[1]))  # the row changed last wins
    if any(not from_t <= r[0] <= to_t for r in rows):
        notes.add("rows-outside-the-window")
    if any(x[0] == y[0] for x, y in pairwise(rows)):
        notes.add("several-rows-for-one-time")
    return readings(series, [(t, value, quality) for t, _, value, quality in rows], from_t, to_t)
