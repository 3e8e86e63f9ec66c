"""The tables of SL 323-2011 as published: what a mapping file need not say again.

Source: SL 323-2011 (tables ST_STBPRP_B, ST_PPTN_R, ST_RIVER_R, ST_RSVR_R, ST_WAS_R, ST_TIDE_R).
"""

from __future__ import annotations

from typing import Any

STATIONS: dict[str, Any] = {
    "table": "ST_STBPRP_B", "code": "STCD", "name": "STNM", "lon": "LGTD", "lat": "LTTD", "datum": "DTMNM",
}  # fmt: skip
# kind → what [tables.KIND] says when it says nothing
TABLES: dict[str, dict[str, Any]] = {
    "rain": {
        "table": "ST_PPTN_R",
        "interval": "INTV",
        "interval_unit": "HH.NN",
        "values": {"P": {"column": "DRP", "unit": "mm"}},
    },
    "river": {
        "table": "ST_RIVER_R",
        "trend": "WPTN",
        "values": {"Z": {"column": "Z", "unit": "m"}, "Q": {"column": "Q", "unit": "m3/s"}},
    },
    "reservoir": {
        "table": "ST_RSVR_R",
        "trend": "RWPTN",
        "values": {
            "RZ": {"column": "RZ", "unit": "m"},
            "INQ": {"column": "INQ", "unit": "m3/s"},
            "OTQ": {"column": "OTQ", "unit": "m3/s"},
            "W": {"column": "W", "unit": "106m3"},
        },
    },
    "weir": {
        "table": "ST_WAS_R",
        "trend": "SUPWPTN",
        "values": {
            "Z": {"column": "UPZ", "unit": "m"},
            "Z_tail": {"element": "Z", "column": "DWZ", "unit": "m", "suffix": "-DWZ", "name_suffix": "（闸下）"},
            "Q": {"column": "TGTQ", "unit": "m3/s"},
        },
    },
    "tide": {"table": "ST_TIDE_R", "trend": "TDPTN", "values": {"Z": {"column": "TDZ", "unit": "m"}}},
}
FIELDS: dict[str, Any] = {"code": "STCD", "time": "TM", "time_type": "datetime", "time_format": "%Y-%m-%d %H:%M:%S"}
TIME_TYPES = ("datetime", "text", "epoch_s", "epoch_ms")
CODE_TYPES = ("text", "integer")
INTERVAL_UNITS = ("HH.NN", "h", "min", "s")
# three front-ends agree on these; installations that do not say so in trend_codes
TREND_CODES = {"falling": "4", "rising": "5", "steady": "6"}


def interval_s(value: float | None, unit: str) -> int | None:
    """Return seconds of an interval cell, None where it says nothing usable.

    HH.NN is not decimal hours: 0.30 is 30 minutes and 1.30 an hour and a half.
    """
    if value is None or value <= 0:
        return None
    if unit == "HH.NN":
        hours, minutes = divmod(round(value * 100), 100)
        return hours * 3600 + minutes * 60 if minutes < 60 else None
    return round(value * {"h": 3600, "min": 60, "s": 1}[unit]) or None
