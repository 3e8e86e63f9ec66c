"""Windows of readings with proof: as many different rows as the server counts, else a smaller window.

Neither offsets nor a missing next link are trusted: rows that come and go while pages are read
shift the pages, and some servers cut an answer and say nothing. A window whose rows fit one answer
is one look at the server; larger ones are split by time. Links are followed only where time can be
split no further, or where the server filters no times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

R = TypeVar("R")
SMALLEST_S = 60
REQUESTS = 600  # of one read; what is left then is a gap, said as such
GAPS = 8  # after so many windows without proof the count itself is doubtful: no more splitting


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """One answer. rows: by the server's id. received: how many came, before equal ids fell together."""

    rows: Mapping[str, R]
    received: int
    count: int | None
    next_link: str


class Pages(Protocol[R]):
    """How one server is asked. Every method raises BackendError's subclasses and nothing else."""

    def ask(self, from_t: int, to_t: int) -> Page[R]:
        """Return the first answer for from_t ≤ t ≤ to_t (UTC s)."""
        ...

    def ask_all(self) -> Page[R]:
        """Return the first answer without a filter on time."""
        ...

    def follow(self, link: str) -> Page[R]: ...


@dataclass(slots=True)
class Tally(Generic[R]):
    """What one read found. gaps: (from, to, reason) of windows without proof."""

    rows: dict[str, R] = field(default_factory=dict)
    expected: int | None = 0
    gaps: list[tuple[int, int, str]] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)
    requests_left: int = REQUESTS


def read_window(pages: Pages[R], from_t: int, to_t: int, *, filters_time: bool = True, requests: int = REQUESTS) -> Tally[R]:
    """Read from_t ≤ t ≤ to_t; rows outside may be among them when the server filters badly.

    Raises:
        BackendError: as Pages; what was read before is dropped, the next read asks again.
    """
    tally: Tally[R] = Tally(requests_left=requests)
    if not filters_time:
        _by_links(pages, None, (from_t, to_t), tally)
        return tally
    waiting = [(from_t, to_t)]
    while waiting:
        a, b = waiting.pop()
        if tally.requests_left <= 0:
            tally.gaps.append((a, b, "request-budget"))
            continue
        waiting.extend(reversed(_one(pages, a, b, tally)))
    return tally


def _one(pages: Pages[R], a: int, b: int, tally: Tally[R]) -> list[tuple[int, int]]:
    """Read one window; return the smaller windows to read instead, none when it is settled."""
    page = _ask(pages, a, b, tally)
    tally.rows.update(page.rows)  # real rows, proved or not
    if page.count is None:
        return _uncounted(pages, page, a, b, tally)
    if len(page.rows) > page.count:  # a row came between count and page, or the count is wrong: look again
        tally.notes.add("rows-over-count")
        page = _ask(pages, a, b, tally)
    count = page.count or 0
    if page.received != len(page.rows):
        tally.notes.add("rows-repeated")
    if len(page.rows) == count:
        _settle(tally, page.rows, count)
        return []
    if not page.next_link and len(page.rows) < count:
        tally.notes.add("next-link-missing")
    if b - a >= SMALLEST_S and len(page.rows) < count and len(tally.gaps) < GAPS:
        return _split(a, b, len(page.rows), count)
    _by_links(pages, (a, b), (a, b), tally)
    return []


def _uncounted(pages: Pages[R], page: Page[R], a: int, b: int, tally: Tally[R]) -> list[tuple[int, int]]:
    """Without a count: both halves of a window must have rows, and none that the whole did not have.

    An answer that was cut lacks rows of one half. When all rows are in one half that says nothing,
    and this half is looked at instead. One row alone is believed.
    """
    tally.expected = None
    if not page.next_link and len(page.rows) <= 1:
        return []
    middle = (a + b) // 2
    if not page.next_link and b - a >= SMALLEST_S:
        low, high = _ask(pages, a, middle, tally).rows, _ask(pages, middle + 1, b, tally).rows
        tally.rows.update({**low, **high})
        whole = page.rows.keys()
        if low and high and low.keys() <= whole and high.keys() <= whole:
            return []
        if low.keys() | high.keys() == whole:
            return [(a, middle)] if low else [(middle + 1, b)]
        tally.notes.add("answers-cut")
    if b - a >= SMALLEST_S and len(tally.gaps) < GAPS:
        return [(a, middle), (middle + 1, b)]
    tally.gaps.append((a, b, "no-count"))
    return []


def _by_links(pages: Pages[R], asked: tuple[int, int] | None, window: tuple[int, int], tally: Tally[R]) -> None:
    """Follow links to the end, twice; asked: None is without a filter on time.

    A row that goes while pages are read pulls the others forward, and one of them is never seen.
    It shows: the row that went is in the first pass and not in the second. So the first must lie
    within the second, and the second must have as many rows as were counted. One page is one look.
    """
    first, count, single = _pass(pages, asked, tally)
    second, count = (first, count) if single else _pass(pages, asked, tally)[:2]
    _settle(tally, {**first, **second}, count)
    if count is None or (len(second) != count if single else len(second) < count):
        tally.gaps.append((*window, f"{len(second)}-of-{'?' if count is None else count}"))
    elif not first.keys() <= second.keys():
        tally.gaps.append((*window, "rows-went-while-read"))


def _pass(pages: Pages[R], asked: tuple[int, int] | None, tally: Tally[R]) -> tuple[dict[str, R], int | None, bool]:
    """Return (rows, count of the first page, whether it was the only one)."""
    tally.requests_left -= 1
    page = pages.ask_all() if asked is None else pages.ask(*asked)
    found, count, received, single = dict(page.rows), page.count, page.received, not page.next_link
    seen = {""}
    while page.next_link not in seen and tally.requests_left > 0:
        seen.add(page.next_link)
        tally.requests_left -= 1
        page = pages.follow(page.next_link)
        found.update(page.rows)
        received += page.received
    if received != len(found):
        tally.notes.add("rows-repeated")
    return found, count, single


def _ask(pages: Pages[R], a: int, b: int, tally: Tally[R]) -> Page[R]:
    tally.requests_left -= 1
    return pages.ask(a, b)


def _split(a: int, b: int, got: int, count: int) -> list[tuple[int, int]]:
    """Return equal windows that each fit one answer if the rows are spread evenly; at least two."""
    parts = min(max(2, -(-count * 5 // (4 * max(got, 1)))), 64, (b - a) // 2 + 1)
    edges = [a + (b + 1 - a) * i // parts for i in range(parts + 1)]
    return [(lo, hi - 1) for lo, hi in pairwise(edges) if hi > lo]


def _settle(tally: Tally[R], found: Mapping[str, R], count: int | None) -> None:
    tally.rows.update(found)
    tally.expected = None if tally.expected is None or count is None else tally.expected + count
