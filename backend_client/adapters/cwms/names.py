"""Time series ids of CWMS: ``Location.Parameter.Type.Interval.Duration.Version``."""

from __future__ import annotations

import re
from dataclasses import dataclass

UNITS_S = {"minute": 60, "minutes": 60, "hour": 3600, "hours": 3600, "day": 86400, "days": 86400, "week": 604800}


@dataclass(frozen=True, slots=True)
class SeriesName:
    """interval_s: None for irregular ones (0, ~1Day and months)."""

    location: str
    parameter: str
    kind: str
    interval_s: int | None
    duration_s: int | None
    version: str


def parse_name(text: str) -> SeriesName | None:
    """Return the parts; None when it has not six of them."""
    words = text.split(".")
    if len(words) != 6 or not all(words[:3]):
        return None
    return SeriesName(words[0], words[1], words[2], _seconds(words[3]), _seconds(words[4]), words[5])


def element_of(name: SeriesName, has_storage: bool) -> str:
    """Return our element, "" when nothing fits.

    has_storage: the location also has a storage, so its elevation is a pool's. A running total of
    rain is no rain of an interval.
    """
    base, _, part = name.parameter.partition("-")
    part = part.lower()
    if base == "Stage":
        return "Z"
    if base == "Elev":
        pool = part in ("pool", "forebay", "lake") or (has_storage and not part)
        return "RZ" if pool else "" if part not in ("", "tailwater") else "Z"
    if base == "Flow":
        return {"": "Q", "in": "INQ", "res in": "INQ", "out": "OTQ", "res out": "OTQ"}.get(part, "")
    if base == "Stor":
        return "W" if not part else ""
    if base == "Precip" and name.kind in ("Total", "Inc") and name.duration_s:
        return "P"
    return ""


def _seconds(text: str) -> int | None:
    found = re.fullmatch(r"(\d{1,4})(\w+)", text)
    unit = UNITS_S.get(found[2].lower()) if found else None
    return int(found[1]) * unit if found and unit else None
