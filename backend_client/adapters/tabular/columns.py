"""Which column is what: national table names, Chinese headings, units in brackets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from backend_client.adapters.units import same_unit

# meaning → accepted headings, lower case, without unit and brackets
MEANINGS: dict[str, tuple[str, ...]] = {
    "code": ("stcd", "站码", "测站编码", "站号"),
    "name": ("stnm", "站名", "测站名称", "水库名称"),
    "river": ("rvnm", "河名", "河流", "河流名称"),
    "t": ("tm", "ymdhm", "时间", "观测时间", "时刻"),
    "Z": ("z", "水位"),
    "Q": ("q", "流量"),
    "RZ": ("rz", "库水位", "库上水位"),
    "INQ": ("inq", "入库流量", "入流"),
    "OTQ": ("otq", "oq", "出库流量", "出流"),
    "W": ("w", "蓄水量", "库容"),
    "P": ("drp", "雨量", "时段降水量"),
    "interval": ("intv", "时段长"),
    "quality": ("质量", "质量码", "数据质量", "quality", "qc"),
    "trend": ("wptn", "rwptn", "水势"),
    "lon": ("lgtd", "lgtd1", "经度"),
    "lat": ("lttd", "lttd1", "纬度"),
    "datum": ("dtmnm", "基面名称", "基面"),
    "type": ("sttp", "站类"),
    "city": ("addvcd", "stlc", "站址"),
    "warning": ("wrz", "警戒水位"),
    "guaranteed": ("grz", "保证水位"),
    "record": ("obhtz", "实测最高水位"),
}
ELEMENTS = ("Z", "Q", "RZ", "INQ", "OTQ", "W", "P")
UNIT_FACTORS = {
    ("W", "亿m3"): 100.0,
    ("W", "亿m³"): 100.0,
    ("W", "万m3"): 0.01,
    ("W", "万m³"): 0.01,
    ("W", "百万m3"): 1.0,
    ("W", "百万m³"): 1.0,
    ("W", "106m3"): 1.0,
    ("Z", "cm"): 0.01,
    ("RZ", "cm"): 0.01,
}
NEUTRAL = {"", "m", "m3/s", "m³/s", "mm", "立方米每秒", "米", "毫米"}
FIXED = ("river", "code", "name", "t", "trend", "Z")  # order of the keyed export whose flows drift


@dataclass(frozen=True, slots=True)
class Layout:
    """meanings: one per column, "" for a column that is kept aside. factors: to our units."""

    meanings: tuple[str, ...]
    factors: tuple[float, ...]
    titles: tuple[str, ...]
    declared: frozenset[str] = frozenset()  # elements that the installation adds to ours

    def place(self, meaning: str) -> int | None:
        return self.meanings.index(meaning) if meaning in self.meanings else None

    @property
    def holds_readings(self) -> bool:
        return {"code", "t"} <= set(self.meanings) and any(e in self.meanings for e in (*ELEMENTS, *self.declared))

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return the headings that mean nothing here."""
        return tuple(t for t, m in zip(self.titles, self.meanings, strict=True) if not m and t.strip())

    @property
    def holds_stations(self) -> bool:
        known = {"lon", "lat", "warning", "guaranteed", "record", "datum", "type"}
        return "code" in self.meanings and "t" not in self.meanings and bool(known & set(self.meanings))


class UnknownUnit(ValueError):
    """A heading names a unit that we cannot convert."""


def heading_of(cell: object) -> tuple[str, str]:
    """Return a heading's name in lower case and the unit that it has in brackets, "" for none."""
    text = str(cell).strip().lower()
    match = re.fullmatch(r"(.*?)\s*[(（\[](.*?)[)）\]]\s*", text)
    return (match.group(1), match.group(2).replace(" ", "")) if match else (text, "")


def layout_of(header: list[object], declared: Mapping[str, tuple[str, str]] | None = None) -> Layout:
    """Return what each heading means. declared: heading in lower case → (element, unit) of the installation's own.

    Raises:
        UnknownUnit: a measured column has a unit that we do not know.
    """
    meanings, factors = [], []
    for cell in header:
        name, unit = heading_of(cell)
        own, own_unit = (declared or {}).get(name, ("", ""))
        meaning = next((m for m, names in MEANINGS.items() if name in names), own)
        if meaning == own != "" and unit and not same_unit(unit, own_unit.lower()):
            raise UnknownUnit(f"列“{cell}”的单位应为 {own_unit or '无单位'}")
        factor = 1.0
        if meaning in ELEMENTS and unit not in NEUTRAL:
            if (meaning, unit) not in UNIT_FACTORS:
                raise UnknownUnit(f"列“{cell}”的单位不认识")
            factor = UNIT_FACTORS[(meaning, unit)]
        meanings.append(meaning)
        factors.append(factor)
    added = frozenset(code for code, _ in (declared or {}).values())
    return Layout(tuple(meanings), tuple(factors), tuple(str(c) for c in header), added)


class Misaligned(ValueError):
    """A line has more or fewer cells than the header and cannot be put in order."""


def aligned(layout: Layout, cells: list[object]) -> dict[str, object]:
    """Return meaning → cell of a line, also where flow columns come and go within a file.

    The keyed exports of the Changjiang bulletin list their keys in alphabetical order and leave
    out what is missing: oq, q, then river, code, name, time, trend, stage. Two leading numbers are
    outflow and inflow; one alone is the flow that the header names, if it names just one.

    Raises:
        Misaligned: no rule fits.
    """
    if len(cells) == len(layout.meanings):
        return {m: c for m, c in zip(layout.meanings, cells, strict=True) if m}
    core = [m for m in layout.meanings if m not in ("Q", "OTQ")]
    if tuple(core) == FIXED and 0 <= len(cells) - len(FIXED) <= 2:
        extra, rest = cells[: len(cells) - len(FIXED)], cells[len(cells) - len(FIXED) :]
        found: dict[str, object] = dict(zip(FIXED, rest, strict=True))
        named = [m for m in layout.meanings if m in ("Q", "OTQ")]
        if len(extra) == 2:
            found |= {"OTQ": extra[0], "Q": extra[1]}
        elif len(extra) == 1 and len(named) == 1:
            found[named[0]] = extra[0]
        elif len(extra) == 1:
            found["unclear"] = extra[0]
        return found
    raise Misaligned(f"有 {len(cells)} 列，表头有 {len(layout.meanings)} 列")
