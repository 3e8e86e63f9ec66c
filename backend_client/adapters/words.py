"""Names of what is observed, and words of quality, that need no site's own mapping."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backend_client.adapters.harvest import BAD, ELEMENTS, FORECAST, MANUAL, MEASURED, RECONSTRUCTED, SUSPECT

# whole names only, lower case: "cumulative rainfall" is no rain of an interval and must not match
KNOWN_ELEMENTS = {
    "z": "Z", "水位": "Z", "河道水位": "Z", "stage": "Z", "water level": "Z", "waterlevel": "Z", "gage height": "Z",
    "gauge height": "Z", "river stage": "Z", "q": "Q", "流量": "Q", "discharge": "Q", "streamflow": "Q", "river discharge": "Q",
    "p": "P", "雨量": "P", "降水量": "P", "降雨量": "P", "rainfall": "P", "precipitation": "P", "rz": "RZ", "库水位": "RZ",
    "reservoir level": "RZ", "pool elevation": "RZ", "inq": "INQ", "入库流量": "INQ", "reservoir inflow": "INQ",
    "otq": "OTQ", "出库流量": "OTQ", "reservoir outflow": "OTQ", "w": "W", "蓄水量": "W", "reservoir storage": "W",
} | {f"urn:fcc:element:{e.lower()}": e for e in ELEMENTS}  # fmt: skip
KNOWN_QUALITY = {
    "": MEASURED, "good": MEASURED, "pass": MEASURED, "passed": MEASURED, "valid": MEASURED, "ok": MEASURED,
    "approved": MEASURED, "provisional": MEASURED, "raw": MEASURED, "unchecked": MEASURED, "measured": MEASURED,
    "reconstructed": RECONSTRUCTED, "estimated": RECONSTRUCTED, "interpolated": RECONSTRUCTED,
    "suspect": SUSPECT, "questionable": SUSPECT, "doubtful": SUSPECT, "bad": BAD, "fail": BAD, "failed": BAD,
    "invalid": BAD, "rejected": BAD, "manual": MANUAL, "forecast": FORECAST,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terms:
    """How one source speaks; what is given here goes before the known words.

    elements: observed property's name or definition URI → our element ("" hides it). quality: word
    → our code. missing: numbers that mean "no value". station_keys: properties that hold a
    station's code, the first found is taken. zone: of times without an offset, "" refuses them.
    """

    elements: Mapping[str, str] = field(default_factory=dict)
    quality: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[float, ...] = (-999.0, -9999.0, -999999.0)
    station_keys: tuple[str, ...] = ("stcd", "STCD", "code", "station_code", "samplingFeatureCode")
    zone: str = ""

    def element(self, *names: str) -> str:
        """Return our element for the first of the names that is known, or ""."""
        for table in (self.elements, KNOWN_ELEMENTS):
            for name in names:
                found = table.get(name, table.get(name.strip().lower()))
                if found is not None:
                    return found
        return ""

    def quality_of(self, raw: Any, unknown: set[str]) -> int:
        """Return our code of a quality in any form; a word without a rule is SUSPECT and noted in unknown."""
        word = quality_word(raw)
        for key in (word, word.lower()):
            if key in self.quality:
                return self.quality[key]
        if word.lower() in KNOWN_QUALITY:
            return KNOWN_QUALITY[word.lower()]
        unknown.add(word[:60])
        return SUSPECT

    def number(self, raw: Any) -> float | None:
        """Return a finite number, or None for null, "", NaN, infinity and the numbers that mean missing.

        Raises:
            ValueError: a text, a truth value, or an object where a number belongs.
        """
        if raw is None or raw == "":
            return None
        if isinstance(raw, bool) or not isinstance(raw, int | float | str):
            raise ValueError(f"not a number: {str(raw)[:40]!r}")
        try:
            value = float(raw)
        except OverflowError:
            return None
        return None if not math.isfinite(value) or value in self.missing else value


def quality_word(raw: Any) -> str:
    """Return the word inside a quality: a text, a number, or ISO 19157 objects of any nesting."""
    if isinstance(raw, list):
        return quality_word(raw[0]) if raw else ""
    if isinstance(raw, dict):
        for key in ("code", "value", "result", "DQ_Status", "resultQuality"):
            if key in raw:
                return quality_word(raw[key])
        return str(sorted(raw))[:60] if raw else ""
    return "" if raw is None else str(raw).strip()
