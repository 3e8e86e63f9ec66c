"""Codes of WaterML services: what is measured, and how far it is to be trusted."""

from __future__ import annotations

from backend_client.adapters.harvest import BAD, MANUAL, MEASURED, RECONSTRUCTED, SUSPECT

# USGS parameter codes; depth to ground water and the like stay unread
PROPERTIES = {
    "00060": "Q", "00061": "Q", "30208": "Q", "00065": "Z", "63160": "Z", "30207": "Z", "00062": "RZ", "62614": "RZ",
    "62615": "RZ", "00054": "W", "72036": "W", "00045": "P", "00046": "P",
}  # fmt: skip
NAMES = (
    ("depth to water level", ""), ("gage height", "Z"), ("gauge height", "Z"), ("water level", "Z"), ("stage", "Z"),
    ("streamflow", "Q"), ("discharge", "Q"), ("reservoir storage", "W"), ("precipitation", "P"), ("rainfall", "P"),
)  # fmt: skip
PLAIN_STATISTICS = {"", "00011"}  # instantaneous; a daily mean is another quantity
SUM_STATISTIC = "00006"

QUALIFIERS = {
    "A": MEASURED, "P": MEASURED, "R": MEASURED, "ZFL": MEASURED, "V": MEASURED,
    "E": RECONSTRUCTED, "ICE": SUSPECT, "BKW": SUSPECT, "AFF": SUSPECT, "DRY": SUSPECT, "FLD": SUSPECT, "RAT": SUSPECT,
    "TST": SUSPECT, "PMP": SUSPECT, "<": SUSPECT, ">": SUSPECT, "&": SUSPECT,
    "EQP": BAD, "MNT": BAD, "DIS": BAD, "SSN": BAD, "***": BAD, "--": BAD, "UNT": BAD,
}  # fmt: skip
CENSORED = {"": MEASURED, "nc": MEASURED, "lt": SUSPECT, "gt": SUSPECT, "nd": SUSPECT, "pnq": SUSPECT}
# last part of http://www.opengis.net/def/waterml/2.0/quality/…
QUALITIES_2 = {
    "good": MEASURED, "unchecked": MEASURED, "provisional": MEASURED, "approved": MEASURED, "suspect": SUSPECT,
    "poor": BAD, "missing": BAD, "estimate": RECONSTRUCTED, "estimated": RECONSTRUCTED, "manual": MANUAL,
}  # fmt: skip


def element_of(code: str, name: str, statistic: str) -> str:
    """Return our element, "" when nothing of ours fits or the series is a statistic of it."""
    element = PROPERTIES.get(code, "")
    if not element and not (code.isdigit() and len(code) == 5):
        text = name.lower()
        element = next((e for word, e in NAMES if word in text), "")
    if statistic in PLAIN_STATISTICS or (element == "P" and statistic == SUM_STATISTIC):
        return element
    return ""
