"""Windows of observations with proof: as many different rows as the server counts, else a smaller window.

Neither ``$skip`` nor a missing nextLink is trusted: rows that come and go while pages are read shift
the pages. A window whose rows fit one answer is one look at the server; larger ones are split by
time. Links are followed only where time can be split no further.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.sensorthings.document import Page, RawObservation, own_link, page_of
from backend_client.adapters.sensorthings.probe import Strategy
from backend_client.adapters.times import iso_z

SMALLEST_S = 60
REQUESTS = 600  # of one read; what is left then is a gap, said as such
LINKS = 200


@dataclass(slots=True)
class Tally:
    """What one read of a path found. rows: by id. gaps: windows without proof, with the reason."""

    rows: dict[str, RawObservation] = field(default_factory=dict)
    expected: int | None = 0
    gaps: list[tuple[int, int, str]] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)
    requests_left: int = REQUESTS


def read_window(http: ForeignHttp, path: str, strategy: Strategy, from_t: int, to_t: int) -> Tally:
    """Read from_t ≤ t ≤ to_t of one path.

    Raises:
        BackendError: as ForeignHttp.get; what was read before is dropped, the next read asks again.
    """
    tally = Tally()
    if not strategy.time_filter:
        _whole_by_links(http, path, strategy, from_t, to_t, tally)
        return tally
    open_windows = [(from_t, to_t)]
    while open_windows:
        a, b = open_windows.pop()
        if tally.requests_left <= 0:
            tally.gaps.append((a, b, "request-budget"))
            continue
        open_windows.extend(reversed(_one(http, path, strategy, a, b, tally)))
    return tally


def _one(http: ForeignHttp, path: str, strategy: Strategy, a: int, b: int, tally: Tally) -> list[tuple[int, int]]:
    """Read one window; return the smaller windows to read instead, none when it is settled."""
    page = _ask(http, path, strategy, a, b, tally)
    found = keyed(page.rows)
    if page.count is None:
        return _uncounted(http, path, strategy, (a, b), found, page, tally)
    if len(found) > page.count:  # a row came between count and page, or the count is wrong: look again
        tally.notes.add("rows-over-count")
        page = _ask(http, path, strategy, a, b, tally)
        found = keyed(page.rows)
    if len(page.rows) != len(found):
        tally.notes.add("rows-repeated")
    if len(found) == page.count:
        _settle(tally, found, page.count)
        return []
    if not page.next_link and len(found) < (page.count or 0):
        tally.notes.add("next-link-missing")
    if b - a >= SMALLEST_S and len(found) < (page.count or 0):
        return _split(a, b, len(found), page.count or 0)
    return _by_links(http, page, (a, b), tally)


def _uncounted(
    http: ForeignHttp,
    path: str,
    strategy: Strategy,
    window: tuple[int, int],
    found: dict[str, RawObservation],
    page: Page,
    tally: Tally,
) -> list[tuple[int, int]]:
    """Without a count: the halves of a window together must hold the same rows as the whole."""
    a, b = window
    tally.expected = None
    if len(found) == 0 and not page.next_link:
        return []
    middle = (a + b) // 2
    halves: dict[str, RawObservation] = {}
    if not page.next_link and b > a:
        for lo, hi in ((a, middle), (middle + 1, b)):
            halves |= keyed(_ask(http, path, strategy, lo, hi, tally).rows)
        if halves.keys() <= found.keys():
            tally.rows.update(found)
            return []
    if b - a >= SMALLEST_S:
        return [(a, middle), (middle + 1, b)]
    tally.rows.update(found | halves)
    tally.gaps.append((a, b, "no-count"))
    return []


def _by_links(http: ForeignHttp, page: Page, window: tuple[int, int], tally: Tally) -> list[tuple[int, int]]:
    """Follow links through a window that can be split no further; prove it by its count or leave a gap."""
    found, count = keyed(page.rows), page.count or 0
    _follow(http, page, found, tally)
    _settle(tally, found, count)
    if len(found) != count:
        tally.gaps.append((*window, f"{len(found)}-of-{count}"))
    return []


def _whole_by_links(http: ForeignHttp, path: str, strategy: Strategy, a: int, b: int, tally: Tally) -> None:
    """Read everything of a path whose server filters no times; the caller re-filters."""
    page = page_of(http.get(path, _params(strategy, None)).json(), path)
    found = keyed(page.rows)
    _follow(http, page, found, tally)
    _settle(tally, found, page.count)
    if page.count is None or len(found) != page.count:
        tally.gaps.append((a, b, f"{len(found)}-of-{'?' if page.count is None else page.count}"))


def _follow(http: ForeignHttp, page: Page, found: dict[str, RawObservation], tally: Tally) -> None:
    seen = {""}
    for _ in range(LINKS):
        link = own_link(page.next_link, http.base_url)
        if link != page.next_link:
            tally.notes.add("links-name-another-host")
        if link in seen or tally.requests_left <= 0:
            return
        seen.add(link)
        tally.requests_left -= 1
        page = page_of(http.get(link).json(), "nextLink")
        found.update(keyed(page.rows))


def _ask(http: ForeignHttp, path: str, strategy: Strategy, a: int, b: int, tally: Tally) -> Page:
    tally.requests_left -= 1
    # up to, not including, the next second: an observation may carry parts of a second
    when = f"phenomenonTime ge {iso_z(max(0, a - strategy.lead_s))} and phenomenonTime lt {iso_z(b + 1)}"
    return page_of(http.get(path, _params(strategy, when)).json(), path)


def _params(strategy: Strategy, when: str | None) -> dict[str, str | int]:
    params: dict[str, str | int] = {"$top": strategy.top} if strategy.top else {}
    if strategy.count:
        params["$count"] = "true"
    if when:
        params["$filter"] = when
    if strategy.order:
        params["$orderby"] = f"{strategy.order} asc"
    if strategy.data_array:
        params["$resultFormat"] = "dataArray"
    return params


def _split(a: int, b: int, got: int, count: int) -> list[tuple[int, int]]:
    """Return equal windows that each fit one answer if the rows are spread evenly; at least two."""
    parts = min(max(2, -(-count * 5 // (4 * max(got, 1)))), 64, (b - a) // 2 + 1)
    edges = [a + (b + 1 - a) * i // parts for i in range(parts + 1)]
    return [(lo, hi - 1) for lo, hi in pairwise(edges) if hi > lo]


def _settle(tally: Tally, found: Mapping[str, RawObservation], count: int | None) -> None:
    tally.rows.update(found)
    if tally.expected is not None:
        tally.expected = None if count is None else tally.expected + count


def keyed(rows: tuple[RawObservation, ...]) -> dict[str, RawObservation]:
    """Return rows by id; a server that sends none is keyed by stream and times."""
    return {r.obs_id or f"{r.stream} {r.phenomenon} {r.result_time}": r for r in rows}
