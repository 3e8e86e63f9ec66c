"""What a person drew on the map."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Note:
    """kind: point, line or area. points: lon/lat, CGCS2000 degrees. at_t: when, centre's time UTC s."""

    note_id: str
    kind: str
    points: tuple[Point, ...]
    text: str
    author: str
    at_t: float
