"""Which windows of a source are due.

Late data and corrections never show under a cursor, so windows are read again: 3 h in each pass,
72 h each hour, 30 days each night.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from console.domain.time import beijing

HOUR, DAY = 3600, 86_400
SHORT_S, LONG_S, WHOLE_S = 3 * HOUR, 72 * HOUR, 30 * DAY
NIGHT_HOURS = (1, 5)  # Beijing time, when the 30 days are read
SLICE_S = DAY  # longest window of one read: bounds memory and what a failure loses
AHEAD_S = 600  # clocks of stations run ahead; later readings are not believed


@dataclass
class WindowPlan:
    """Remembers when the longer windows were read whole; times are wall time, UTC s."""

    long_at: float = 0.0
    whole_at: float = 0.0

    def due(self, now: float, last_ok: float | None = None) -> tuple[int, str]:
        """Return (length in s, name) of the window to read now: short, long or whole.

        last_ok: when the source was last read; after a longer outage than the long window all is read.
        """
        if last_ok is not None and now - last_ok > LONG_S:
            return WHOLE_S, "whole"
        night = NIGHT_HOURS[0] <= beijing(now).hour < NIGHT_HOURS[1]
        if night and now - self.whole_at >= 20 * HOUR:
            return WHOLE_S, "whole"
        return (LONG_S, "long") if now - self.long_at >= HOUR else (SHORT_S, "short")

    def done(self, name: str, now: float) -> None:
        if name in ("long", "whole"):
            self.long_at = now
        if name == "whole":
            self.whole_at = now


def slices(length_s: int, now: float) -> Iterator[tuple[int, int]]:
    """Yield (from, to) in UTC s, both included, newest first: the picture is right within one read."""
    end = int(now) + AHEAD_S
    first = int(now) - length_s
    yield max(first, int(now) - SHORT_S), end
    end = int(now) - SHORT_S - 1
    while end >= first:
        yield max(first, end - SLICE_S + 1), end
        end -= SLICE_S
