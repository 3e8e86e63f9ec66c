"""How long to leave a source alone: by what the last read cost it, not by what we would like."""

from __future__ import annotations

import random
from collections.abc import Callable

SHARE = 0.02  # of the time, at most, that one source spends on us
FIRST_BACKOFF_S = 5.0
LONGEST_S = 3600.0
JITTER = 0.25


def next_wait_s(
    spent_s: float,
    wanted_s: float,
    failures: int,
    retry_after_s: float | None,
    *,
    chance: Callable[[], float] = random.random,
) -> float:
    """Return seconds from the end of one read to the begin of the next.

    spent_s: what the read cost in waiting for the server. wanted_s: the configured interval, never
    undercut. failures: reads that failed in a row; each doubles the wait, up to an hour (or
    wanted_s, where that is longer). retry_after_s: what the server asked for; never undercut.
    chance: 0 ≤ x < 1; spreads consoles that failed together by up to a quarter.
    """
    wait = max(wanted_s, spent_s * (1 / SHARE - 1))
    if failures > 0:
        backoff = FIRST_BACKOFF_S * 2.0 ** min(failures - 1, 20)
        wait = min(max(wait, backoff), max(LONGEST_S, wanted_s))
    wait = max(wait, retry_after_s or 0.0)
    return wait * (1.0 + JITTER * chance()) if failures > 0 else wait
