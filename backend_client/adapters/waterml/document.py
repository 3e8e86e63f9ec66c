"""What a WaterML document of any version says, in one form, and which reader it needs."""

from __future__ import annotations

from dataclasses import dataclass

from backend_client.adapters.harvest import BAD, MANUAL, MEASURED, RECONSTRUCTED, SUSPECT
from backend_client.adapters.times import utc_s

WORST_LAST = (MEASURED, MANUAL, RECONSTRUCTED, SUSPECT, BAD)


@dataclass(frozen=True, slots=True)
class WmlSeries:
    """rows: (UTC s, published value or None, quality). promised: how many the document says, or None.

    property_code, property_name: what is measured, as published. statistic: "" for plain readings.
    left_out: values whose time could not be read. unknown: quality words that no rule maps.
    """

    key: str
    site: str
    site_name: str
    property_code: str
    property_name: str
    statistic: str
    unit: str
    datum: str
    lon: float | None
    lat: float | None
    interval_s: int | None
    rows: tuple[tuple[int, float | None, int], ...]
    promised: int | None
    left_out: int
    unknown: frozenset[str]


def worst(qualities: list[int]) -> int:
    """Return the quality that wins: one bad word is not washed clean by a good one."""
    return max(qualities, key=WORST_LAST.index, default=MEASURED)


def moment(text: str, *zones: str) -> int | None:
    """Return UTC seconds by the text's own offset or the first zone that is known; None otherwise."""
    for zone in (*(z for z in zones if z), ""):
        try:
            return utc_s(text, zone)
        except ValueError:
            continue
    return None
