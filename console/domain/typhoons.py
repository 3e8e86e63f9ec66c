"""Grades of tropical cyclones by the wind near their centre."""

from __future__ import annotations

# lower bounds, m/s; the colour of each; its word. Source: GB/T 19201-2006
GRADES = (
    (51.0, "state.record", "超强台风"),
    (41.5, "state.guaranteed", "强台风"),
    (32.7, "state.flood_limit", "台风"),
    (24.5, "state.warning", "强热带风暴"),
    (17.2, "state.watch", "热带风暴"),
    (10.8, "state.normal", "热带低压"),
)
UNKNOWN = ("state.nodata", "强度不明")


def grade_of(wind_ms: float | None) -> tuple[str, str]:
    """Return (token, word) of a wind near the centre, m/s; unknown wind is no grade."""
    if wind_ms is None:
        return UNKNOWN
    return next(((token, word) for low, token, word in GRADES if wind_ms >= low), UNKNOWN)
