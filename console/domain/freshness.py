"""How old a value may be before it must not look live."""

from __future__ import annotations

from enum import IntEnum


class Freshness(IntEnum):
    LIVE = 0
    LATE = 1
    STALE = 2
    MISSING = 3


WORDS = {
    Freshness.LIVE: "",
    Freshness.LATE: "迟报",
    Freshness.STALE: "过时",
    Freshness.MISSING: "缺报",
}
STEADY_M = 0.02


def freshness(age_s: float | None, interval_s: int) -> Freshness:
    """Return the freshness of a value of that age.

    Hourly series are late after 75 min and stale after 3 h; 5-min series late after 15 min and
    stale after 60; daily 08:00 series stale after 26 h.

    Source: field defaults (domain dossier §2.10), configurable per installation later.
    """
    if age_s is None:
        return Freshness.MISSING
    if interval_s >= 86400:
        late, stale = 25 * 3600, 26 * 3600
    elif interval_s >= 3600:
        late, stale = interval_s + 900, 3 * interval_s
    else:
        late, stale = max(900, 3 * interval_s), max(3600, 12 * interval_s)
    if age_s > stale:
        return Freshness.STALE
    return Freshness.LATE if age_s > late else Freshness.LIVE


def trend(change: float | None, steady: float = STEADY_M) -> int:
    """Return 1 rising, 0 steady, −1 falling for the change over the last hour; 0 if unknown.

    steady: changes below it are none, in the unit of what is measured.
    """
    if change is None or round(abs(change), 2) < steady:  # as it is shown, so that equal numbers get equal words
        return 0
    return 1 if change > 0 else -1


def breaks_line(gap_s: float, interval_s: int) -> bool:
    """Tell whether two neighbouring readings are too far apart to be joined by a line."""
    return gap_s > 1.5 * interval_s
