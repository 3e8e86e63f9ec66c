"""What a value can be at all: a number outside is kept but marked bad, never drawn as a flood."""

from __future__ import annotations

import math

from backend_client.adapters.harvest import BAD

# our element → lowest and highest value in our unit; rain of an interval of up to a day
LIMITS = {
    "Z": (-20.0, 9000.0),
    "RZ": (-20.0, 9000.0),
    "Q": (-20_000.0, 350_000.0),
    "INQ": (-20_000.0, 350_000.0),
    "OTQ": (-20_000.0, 350_000.0),
    "W": (0.0, 250_000.0),
    "P": (0.0, 2000.0),
}


def number(text: object) -> float | None:
    """Return a finite number, None for anything else: a word, an empty cell, infinity, 10 to the 400.

    A database's Decimal and a JSON integer of 5,000 digits come here too.
    """
    if text is None or isinstance(text, bool) or (isinstance(text, str) and "_" in text):  # Python reads 1_000
        return None
    try:
        value = float(text.strip() if isinstance(text, str) else text)  # type: ignore[arg-type]
    except (ValueError, TypeError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def graded(element: str, ours: float | None, quality: int) -> int:
    """Return the quality, or BAD when our value is outside what the element can be."""
    if ours is None or element not in LIMITS:
        return quality
    low, high = LIMITS[element]
    return quality if low <= ours <= high else BAD
