"""Observed elements: names, units, and how each is written on screen.

These are the ones that the program's own rules work with; topics declare further ones as data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Element:
    code: str
    name: str
    unit: str
    decimals: int
    significant: int = 0  # >0: significant figures instead of decimals
    low_is_bad: bool = False  # too little is the danger: soil moisture, dissolved oxygen
    bounds: str = ""  # the element whose forecast it bounds; no reading of its own

    def text(self, value: float | None) -> str:
        """Return value as officers write it; missing is an em dash, never zero."""
        if value is None or not math.isfinite(value):
            return "—"
        if not self.significant or value == 0:
            return f"{value:.{self.decimals}f}"
        digits = self.significant - 1 - math.floor(math.log10(abs(value)))
        rounded = round(value, digits)
        return f"{rounded:.{max(0, digits)}f}"


LEVEL = Element("Z", "水位", "m", 2)
FLOW = Element("Q", "流量", "m³/s", 0, significant=3)
RAIN = Element("P", "雨量", "mm", 1)
POOL_LEVEL = Element("RZ", "库水位", "m", 2)
INFLOW = Element("INQ", "入库流量", "m³/s", 0, significant=3)
OUTFLOW = Element("OTQ", "出库流量", "m³/s", 0, significant=3)
STORAGE = Element("W", "蓄水量", "百万m³", 1)

WIND = Element("WS", "风速", "m/s", 1)
WIND_FROM = Element("WD", "风向", "°", 0)
PRESSURE = Element("AP", "气压", "hPa", 1)
CHLORIDE = Element("CL", "氯度", "mg/L", 0)
SOIL_MOISTURE = Element("SM", "土壤含水率", "%", 1, low_is_bad=True)
GATE_OPENING = Element("GTO", "闸门开度", "m", 2)
PUMPS_ON = Element("PMN", "开机台数", "台", 0)
DISPLACEMENT = Element("DX", "水平位移", "mm", 2)
SETTLEMENT = Element("DZ", "沉降", "mm", 2)
PIEZOMETER = Element("PW", "渗压水位", "m", 2)
SEEPAGE = Element("SQ", "渗流量", "L/s", 2)

# A forecast's band: two series beside the forecast's own, on its time steps.
FORECAST_BOUNDS = tuple(
    Element(f"{e.code}{side}", f"{e.name}预报{word}", e.unit, e.decimals, e.significant, bounds=e.code)
    for e in (LEVEL, POOL_LEVEL, FLOW, INFLOW)
    for side, word in (("LO", "下限"), ("HI", "上限"))
)

ELEMENTS = {
    e.code: e
    for e in (
        *(LEVEL, FLOW, RAIN, POOL_LEVEL, INFLOW, OUTFLOW, STORAGE),
        *(WIND, WIND_FROM, PRESSURE, CHLORIDE, SOIL_MOISTURE),
        *(GATE_OPENING, PUMPS_ON, DISPLACEMENT, SETTLEMENT, PIEZOMETER, SEEPAGE),
        *FORECAST_BOUNDS,
    )
}
LEVELS = frozenset({"Z", "RZ"})
FLOWS = frozenset({"Q", "INQ", "OTQ"})


def signed(value: float | None, decimals: int = 2) -> str:
    """Return +1.23, −0.40 (real minus sign) or an em dash."""
    if value is None or not math.isfinite(value):
        return "—"
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0:
        return text
    return ("+" if value > 0 else "−") + text


def grouped(text: str) -> str:
    """Return a figure with its whole part in groups of three: 17200 → 17 200."""
    whole, dot, part = text.partition(".")
    digits = whole.lstrip("-−+")
    if not digits.isdecimal():
        return text
    return whole[: len(whole) - len(digits)] + f"{int(digits):,}".replace(",", " ") + dot + part


def flow_text(value: float | None) -> str:
    """Return a flow in m³/s, three significant figures, grouped; the one way it is written on screen."""
    return grouped(FLOW.text(value))


def storage_text(storage_mcm: float | None) -> str:
    """Return storage in 亿m³ (or 万m³ below 0.1 亿); storage_mcm in 10⁶ m³."""
    if storage_mcm is None or not math.isfinite(storage_mcm):
        return "—"
    if abs(storage_mcm) >= 10:
        return f"{storage_mcm / 100:.2f} 亿m³"
    return f"{storage_mcm * 100:.0f} 万m³"
