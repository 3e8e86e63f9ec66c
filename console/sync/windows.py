"""Which windows a console fetches, and in which order: newest first, cut where the data are.

Why a jump loses nothing. A console that was away holds the feed up to a cursor C and everything the
centre knew then. It takes a snapshot of the newest window [W, ∞) at seq S ≥ C and goes on with the
feed from S, so it skips what has a seq in (C, S]. Of that, everything with t ≥ W is in snapshots of
[W, ∞), each taken at S or later. What is left are readings older than W that came, were corrected or
were deleted while it was away. The centre keeps with each Beijing day the seq that changed it last,
in the transaction of the change; so the days it names after C, asked after S, hold all of them.
Those days are put in the line in the transaction that moves the cursor, and each is compared and
replaced by a snapshot of that day.

A snapshot's page adds rows and takes none away. So the days of which something was here already when
a window came (the overlap, a bundle carried in, a try that broke off) are compared after it as well.
"""

from __future__ import annotations

from collections.abc import Iterable

from console.domain.digests import DAY_S, day_of, day_window
from console.store.progress import FAR_FUTURE, Window

HOUR_S = 3600
OVERLAP_S = 2 * HOUR_S  # late readings around the moment the line broke
CHUNK_S = 7 * DAY_S
NEAR_S = 7 * DAY_S


def _edges(now_t: float) -> list[int]:
    """Return where windows begin; the first day is cut so that the centre writes one while we read another."""
    now = int(now_t) // HOUR_S * HOUR_S  # whole hours: a broken download finds its window again
    return [now - 6 * HOUR_S, now - 15 * HOUR_S, *range(now - DAY_S, now - NEAR_S - 1, -DAY_S)]


def all_windows(kind: str, scope: str, now_t: float, days: Iterable[int] | None) -> list[Window]:
    """Return windows that hold everything: 6 h, 15 h, 24 h, days of the last week, then weeks.

    kind: of the first window; the others are ``fill``. days: those with readings (days since
    1970), so that empty years cost nothing; None when the centre does not say.
    """
    edges = _edges(now_t)
    held = sorted(days) if days is not None else None
    if held:
        at = edges[-1]
        while at > day_window(held[0])[0]:
            at -= CHUNK_S
            edges.append(at)
    edges = [e for e in edges if e > 0]
    found: list[Window] = []
    end = FAR_FUTURE
    for edge in edges:
        first = not found
        if first or held is None or any(day_of(edge) <= d <= day_of(end) for d in held):
            found.append(Window(kind if first else "fill", scope, edge, end))
            end = edge - 1
    found.append(Window("fill", scope, 0, end))
    return found


def since(asof: float) -> int:
    """Return where the window of a console begins that knew everything as of then."""
    return max(0, int(asof - OVERLAP_S) // HOUR_S * HOUR_S)


def missed_windows(scope: str, asof: float, now_t: float) -> list[Window]:
    """Return the windows of [since(asof), ∞), newest first; the first one moves the feed's cursor."""
    start = since(asof)
    found: list[Window] = []
    end = FAR_FUTURE
    for edge in [*(e for e in _edges(now_t) if e > start), start]:
        found.append(Window("fill" if found else "first", scope, edge, end))
        end = edge - 1
    return found


def day_windows(scope: str, days: Iterable[int], before_t: int = FAR_FUTURE) -> list[Window]:
    """Return a window for each day that begins before a moment."""
    spans = [day_window(d) for d in days]
    return [Window("day", scope, max(0, a), b) for a, b in spans if a < before_t and b > 0]
