"""Units as foreign servers write them, into ours: m, m³/s, mm, 10⁶ m³. What is not known is not guessed."""

from __future__ import annotations

import re
import unicodedata

from backend_client.adapters.harvest import BOUNDS, ELEMENTS

FOOT = 0.3048  # international foot, m; exact
CUBIC_FOOT = FOOT**3
ACRE_FOOT = 43_560 * CUBIC_FOOT  # m³
US_GALLON = 0.003785411784  # m³; exact
DAY = 86_400.0

# spelling after _plain() → how many m, m³/s or m³ one unit is
LENGTHS = {
    "m": 1.0, "米": 1.0, "dm": 0.1, "分米": 0.1, "cm": 0.01, "厘米": 0.01, "mm": 0.001, "毫米": 0.001, "km": 1000.0,
    "[ft_i]": FOOT, "ft": FOOT, "'": FOOT, "[ft_us]": 1200 / 3937,
    "[in_i]": FOOT / 12, "in": FOOT / 12, '"': FOOT / 12, "[yd_i]": 3 * FOOT,
}  # fmt: skip
VOLUMES = {
    "m3": 1.0, "立方米": 1.0, "方": 1.0, "l": 0.001, "L": 0.001, "dam3": 1e3, "ML": 1e6 * 0.001, "Ml": 1e6 * 0.001,
    "GL": 1e9 * 0.001, "hm3": 1e6, "MCM": 1e6, "Mm3": 1e6, "km3": 1e9, "BCM": 1e9,
    "万m3": 1e4, "万立方米": 1e4, "万方": 1e4, "百万m3": 1e6, "百万立方米": 1e6, "亿m3": 1e8, "亿立方米": 1e8, "亿方": 1e8,
    "104m3": 1e4, "106m3": 1e6, "108m3": 1e8, "10*6m3": 1e6, "1000m3": 1e3, "1e6m3": 1e6,
    "ft3": CUBIC_FOOT, "[ft_i]3": CUBIC_FOOT, "[cft_i]": CUBIC_FOOT, "ac-ft": ACRE_FOOT, "acre-ft": ACRE_FOOT,
    "acft": ACRE_FOOT, "af": ACRE_FOOT, "ac.ft": ACRE_FOOT,
    "kaf": 1e3 * ACRE_FOOT, "[gal_us]": US_GALLON, "gal": US_GALLON, "Mgal": 1e6 * US_GALLON,
}  # fmt: skip
FLOWS = {
    "cms": 1.0, "cumec": 1.0, "cumecs": 1.0, "cfs": CUBIC_FOOT, "cusec": CUBIC_FOOT, "cusecs": CUBIC_FOOT,
    "kcfs": 1e3 * CUBIC_FOOT, "mgd": 1e6 * US_GALLON / DAY, "gpm": US_GALLON / 60, "lps": 0.001,
    "流量": 1.0, "立方米每秒": 1.0, "个流量": 1.0,
}  # fmt: skip
RATES = {
    "s": 1.0, "sec": 1.0, "秒": 1.0, "min": 60.0, "分": 60.0, "h": 3600.0, "hr": 3600.0, "时": 3600.0,
    "d": DAY, "day": DAY, "天": DAY, "日": DAY,
}  # fmt: skip
WATER_COLUMN = {"kg/m2": 0.001, "l/m2": 0.001, "L/m2": 0.001}  # depth of rain, m
WORDS = (
    (r"cubic (meter|metre)s? (per|/) second|m3 per sec(ond)?", "m3/s"),
    (r"cubic (feet|foot) (per|/) second|ft3-per-sec", "cfs"),
    (r"(liter|litre)s? per second|l-per-sec", "l/s"),
    (r"million cubic (meter|metre)s?", "hm3"),
    (r"cubic (meter|metre)s?", "m3"),
    (r"acre[ -](feet|foot|ft)", "acre-ft"),
    (r"m3-per-sec", "m3/s"),
    (r"millimet(er|re)s?|millim", "mm"),
    (r"centimet(er|re)s?|centim", "cm"),
    (r"met(er|re)s?|mtr", "m"),
    (r"feet|foot|ft", "ft"),
    (r"inch(es)?|in", "in"),
)
PREFIXES = ("http://www.opengis.net/def/uom/UCUM/", "urn:ogc:def:uom:UCUM::", "urn:ogc:def:uom:UCUM:", "ucum:", "unit:")
QUDT = re.compile(r"https?://qudt\.org/vocab/unit[/#]", re.ASCII)

TO_M = {"Z": 1.0, "RZ": 1.0, "P": 1000.0}  # our unit per metre


def to_ours(element: str, unit: str) -> tuple[float, float] | None:
    """Return (factor, offset): published × factor + offset is in the unit of our element.

    None when the unit is unknown, or measures something else: a rain rate (mm/h) is no rain of an
    interval, and a stage in m³ is a mistake of the server. Mm³ and MCM are read as 10⁶ m³, as all
    water services mean them.
    """
    text, element = _plain(unit), BOUNDS.get(element, element)
    if element in TO_M:
        scale = LENGTHS.get(text)
        if scale is None and element == "P":
            scale = WATER_COLUMN.get(text)
        return None if scale is None else (_tidy(scale * TO_M[element]), 0.0)
    if element in ("Q", "INQ", "OTQ"):
        scale = _flow(text)
    elif element == "W":
        volume = VOLUMES.get(text)
        scale = None if volume is None else volume / 1e6
    elif element in ELEMENTS or not element:
        return None
    else:
        return 1.0, 0.0  # declared by the installation, which compares the unit with its own
    return None if scale is None else (_tidy(scale), 0.0)


def same_unit(one: str, other: str) -> bool:
    """Tell whether two texts are spellings of one unit, with the same scale."""
    return _plain(one) == _plain(other)


def _flow(text: str) -> float | None:
    if (known := FLOWS.get(text)) is not None:
        return known
    volume, slash, per = text.rpartition("/")
    if not slash or volume not in VOLUMES or per not in RATES:
        return None
    return VOLUMES[volume] / RATES[per]


def _plain(unit: str) -> str:
    """Return one spelling of a unit: no superscripts, powers, spaces or URI around it."""
    text = unicodedata.normalize("NFKC", unit).strip()  # ³ → 3, ㎥ → m3, full-width letters
    for prefix in PREFIXES:
        text = text.removeprefix(prefix)
    text = QUDT.sub("", text)
    lower = text.lower()
    for pattern, plain in WORDS:
        if re.fullmatch(pattern, lower):
            return plain
    text = re.sub(r"\*\*|\^|×|\{[^}]*\}", "", text.replace("⁄", "/").replace("∕", "/"))
    text = re.sub(r"[·⋅. ]?\b(s|min|h|d)-1$", r"/\1", text)  # m3.s-1, m3 s-1
    text = re.sub(r"\s+", "", text)
    known = (LENGTHS, VOLUMES, FLOWS, WATER_COLUMN)
    if any(text in table for table in known) or "/" in text:
        return text
    return text.lower() if any(text.lower() in table for table in (FLOWS, {"acre-ft", "ac-ft", "kaf", "af"})) else text


def _tidy(scale: float) -> float:
    """Return scale without the last bit's noise: 1.0 must be exactly 1.0."""
    return float(f"{scale:.15g}")
