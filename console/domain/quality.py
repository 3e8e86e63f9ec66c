"""Quality of a value: where it came from and how far it may be trusted."""

from __future__ import annotations

from enum import IntEnum


class Quality(IntEnum):
    """Codes as they travel on the wire; never renumber."""

    MEASURED = 0
    RECONSTRUCTED = 1
    SUSPECT = 2
    BAD = 3
    MANUAL = 4
    FORECAST = 5


WORDS = {
    Quality.MEASURED: "实测",
    Quality.RECONSTRUCTED: "重建",
    Quality.SUSPECT: "存疑",
    Quality.BAD: "坏值",
    Quality.MANUAL: "人工",
    Quality.FORECAST: "预报",
}


def word(code: int) -> str:
    """Return the Chinese word of a code; an unknown code is shown as such, not hidden."""
    try:
        return WORDS[Quality(code)]
    except ValueError:
        return f"质量码{code}"


def raises_alarm(code: int) -> bool:
    """Suspect and bad values never raise a level alarm; forecasts are not observations."""
    return code not in (Quality.SUSPECT, Quality.BAD, Quality.FORECAST)
