"""How observations are asked for, and how one becomes a row of ours."""

from __future__ import annotations

from collections.abc import Iterable

from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.harvest import SUSPECT
from backend_client.adapters.proved_windows import Page
from backend_client.adapters.sensorthings.document import RawObservation, observations, own_link
from backend_client.adapters.sensorthings.probe import Strategy
from backend_client.adapters.times import iso_z, utc_end
from backend_client.adapters.words import Terms

Row = tuple[int, str, float | None, int]


class ObservationPages:
    """Pages of one path: a Datastream's Observations, or all of them. rehosted: a link named another host."""

    def __init__(self, http: ForeignHttp, path: str, strategy: Strategy) -> None:
        self.rehosted = False
        self._http = http
        self._path = path
        self._strategy = strategy

    def ask(self, from_t: int, to_t: int) -> Page[RawObservation]:
        # up to, not including, the next second: an observation may carry parts of a second
        begin = max(0, from_t - self._strategy.lead_s)
        return self._page(self._path, {"$filter": f"phenomenonTime ge {iso_z(begin)} and phenomenonTime lt {iso_z(to_t + 1)}"})

    def ask_all(self) -> Page[RawObservation]:
        return self._page(self._path, {})

    def follow(self, link: str) -> Page[RawObservation]:
        return self._page(link, None)

    def _page(self, path: str, filters: dict[str, str | int] | None) -> Page[RawObservation]:
        params = None if filters is None else self._options() | filters
        rows, count, link = observations(self._http.get(path, params).json(), self._path)
        own = own_link(link, self._http.base_url)
        self.rehosted |= own != link
        return Page(keyed(rows), len(rows), count, own)

    def _options(self) -> dict[str, str | int]:
        how = self._strategy
        options: dict[str, str | int] = {"$top": how.top} if how.top else {}
        if how.count:
            options["$count"] = "true"
        if how.order:
            options["$orderby"] = f"{how.order} asc"
        if how.data_array:
            options["$resultFormat"] = "dataArray"
        return options


def keyed(rows: Iterable[RawObservation]) -> dict[str, RawObservation]:
    """Return rows by id; those of a server that sends none by stream and times."""
    return {r.obs_id or f"{r.stream} {r.phenomenon} {r.result_time}": r for r in rows}


def row_of(raw: RawObservation, terms: Terms, unknown: set[str], notes: set[str]) -> Row | None:
    """Return (UTC s, rank, value as published, quality), or None for a time that cannot be read.

    rank: rows for the same time sort by it, the last wins: later resultTime, then later id.
    """
    try:
        t = utc_end(raw.phenomenon, terms.zone)
    except ValueError:
        notes.add("unreadable-times")
        return None
    quality = terms.quality_of(raw.quality, unknown)
    try:
        value = terms.number(raw.result)
    except ValueError:
        notes.add("results-not-numbers")
        value, quality = None, SUSPECT
    return t, f"{_instant(raw.result_time):>20}{raw.obs_id:>40}", value, quality


def _instant(text: str) -> str:
    try:
        return str(utc_end(text, "UTC"))
    except ValueError:
        return ""  # no resultTime: the id decides
