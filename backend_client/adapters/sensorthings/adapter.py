"""The adapter: probe once, then windows of observations as readings in our units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import httpx

from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.harvest import Capability, ForeignSeries, Gap, Harvest, Meter, SeriesReadings, readings
from backend_client.adapters.proved_windows import Tally, read_window
from backend_client.adapters.sensorthings.catalogue import read_catalogue
from backend_client.adapters.sensorthings.document import RawObservation
from backend_client.adapters.sensorthings.observations import ObservationPages, Row, row_of
from backend_client.adapters.sensorthings.probe import Strategy, probe
from backend_client.adapters.words import Terms

SWEEP_FROM = 4  # series; from here one request for all is cheaper than one for each …
SWEEP_SHARE = 4  # … when at least every fourth Datastream of the server is wanted
Tallied = Tally[RawObservation]


class SensorThings:
    """Reads any SensorThings server. Used by one thread.

    Corrections and late readings do not show in a SensorThings feed, so the caller reads the same
    window again (3 h at each pass, 72 h hourly, 30 d nightly); equal readings change nothing.
    """

    def __init__(
        self,
        server: str | ForeignHttp,
        terms: Terms | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not isinstance(server, ForeignHttp):
            server = ForeignHttp(server, headers=headers, transport=transport)
        self._http = server
        self._terms = terms or Terms()
        self._known: tuple[Capability, Strategy] | None = None
        self._catalogue_notes: tuple[str, ...] = ()
        self._listed = 0

    @property
    def meter(self) -> Meter:
        return self._http.meter

    def close(self) -> None:
        self._http.close()

    def probe(self) -> Capability:
        """Ask again what the server can do.

        Raises:
            BackendError: as the Adapter protocol says.
        """
        self._known = probe(self._http)
        return self._known[0]

    def series(self) -> tuple[ForeignSeries, ...]:
        found, self._catalogue_notes = read_catalogue(self._http, self._terms)
        self._listed = len(found)
        return found

    def read(self, wanted: Sequence[ForeignSeries], from_t: int, to_t: int) -> Harvest:
        """Read from_t ≤ t ≤ to_t of the series that have an element.

        Raises:
            BackendError: as the Adapter protocol says.
        """
        if self._known is None:
            self._known = probe(self._http)
        capability, strategy = self._known
        series = [s for s in wanted if s.element]
        notes, unknown = {*capability.notes, *self._catalogue_notes}, set[str]()
        gaps: list[Gap] = []
        expected: int | None = 0
        parts: list[SeriesReadings] = []
        for group, tally in self._tallies(series, strategy, from_t, to_t):
            notes |= tally.notes
            expected = None if expected is None or tally.expected is None else expected + tally.expected
            gaps += [Gap(s.key, a, b, why) for s in group for a, b, why in tally.gaps]
            lost: set[str] = set()
            parts += _parts(group, tally, self._terms, (from_t, to_t), notes, unknown, lost)
            gaps += [Gap(key, from_t, to_t, "unreadable-times") for key in sorted(lost)]
        return Harvest(tuple(parts), expected, not gaps, tuple(gaps), tuple(sorted(notes)), tuple(sorted(unknown)))

    def _tallies(
        self, series: Sequence[ForeignSeries], strategy: Strategy, from_t: int, to_t: int
    ) -> Iterable[tuple[Sequence[ForeignSeries], Tallied]]:
        together = strategy.sweep and len(series) >= SWEEP_FROM and 0 < self._listed <= SWEEP_SHARE * len(series)
        groups = [(series, "Observations")] if together else [([s], f"Datastreams({s.key})/Observations") for s in series]
        for group, path in groups:
            pages = ObservationPages(self._http, path, strategy)
            tally = read_window(pages, from_t, to_t, filters_time=strategy.time_filter)
            tally.notes.update(["links-name-another-host"] * pages.rehosted)
            yield group, tally


def _parts(
    group: Sequence[ForeignSeries],
    tally: Tallied,
    terms: Terms,
    window: tuple[int, int],
    notes: set[str],
    unknown: set[str],
    lost: set[str],
) -> list[SeriesReadings]:
    """Return readings of each series; lost gets the keys of those with a row whose time says nothing."""
    by_key: dict[str, list[Row]] = {s.key: [] for s in group}
    alone = group[0].key if len(group) == 1 else ""
    for raw in tally.rows.values():
        key = alone or raw.stream
        if key not in by_key:
            continue
        row = row_of(raw, terms, unknown, notes)
        if row is None:
            lost.add(key)
        else:
            by_key[key].append(row)
    found = []
    for one in group:
        rows = sorted(by_key[one.key], key=lambda r: (r[0], r[1]))  # the later resultTime wins
        if any(not window[0] <= r[0] <= window[1] for r in rows):
            notes.add("rows-outside-the-window")
        if any(x[0] == y[0] for x, y in pairwise(rows)):
            notes.add("several-rows-for-one-time")
        found.append(readings(one, [(t, value, quality) for t, _, value, quality in rows], *window))
    return found
