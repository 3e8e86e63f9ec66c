"""Which tables tell what a place is: seasonal limits, marks, curves, yearly maxima, matters; and their lines as values."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from backend_client.adapters.tabular.columns import MEANINGS, UNIT_FACTORS, UnknownUnit, heading_of
from backend_client.adapters.tabular.readings import MISSING

# meaning → accepted headings, lower case. Source: SL 323 tables ST_RSVRFSR_B, ST_RSVRFCCH_B, ST_ZVARL_B.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "code": ("stcd", "rscd", "站码", "测站编码", "水库编码", "编码"),
    "first": ("bgmd", "开始月日", "起始月日"),
    "last": ("edmd", "结束月日", "终止月日"),
    "flood_limit": ("fsltdz", "汛限水位"),
    "year": ("yr", "year", "actyr", "年份"),
    "level": ("rz", "z", "库水位", "水位"),
    "storage": ("w", "蓄水量", "库容"),
    "area": ("wsfa", "水面面积"),
    "surveyed": ("mstm", "施测时间"),
    "release": ("泄量", "泄流量", "下泄流量"),
    "opening": ("工况", "开度", "孔口"),
    "normal": ("normz", "正常高水位", "正常蓄水位"),
    "flood_control_high": ("防洪高水位",),
    "design": ("dsflz", "设计洪水位", "设计水位"),
    "check": ("ckflz", "校核洪水位", "校核水位"),
    "dead": ("ddz", "死水位"),
    "crest": ("damel", "坝顶高程"),
    "total": ("ttcp", "总库容"),
    "flood_control": ("fldcp", "防洪库容"),
    "runoff": ("径流系数",),
    "catchment": ("集水面积", "集雨面积"),
    "max_flow": ("年最大流量", "最大流量"),
    "max_level": ("年最高水位", "最高水位"),
    "name": ("名称",),
    "type": ("类型",),
    "lon": ("经度",),
    "lat": ("纬度",),
    "city": ("市", "地市"),
}
ALSO = {  # columns of these tables, or of a station table beside them, that need no mention
    "SL 323": ("ptno", "fstp", "fsltdw", "moditime", "rsvrtp", "dtmnm"),
    "places": ("stnm", "站名", "水库名称", "站类", "sttp", "经度", "lgtd", "纬度", "lttd", "河名", "rvnm", "基面"),
    "words": ("点序号", "序号", "备注"),
}
VOLUMES = frozenset({"storage", "total", "flood_control"})
UNITS = {"level": ("m", "米"), "flow": ("m3/s", "m³/s", "立方米每秒"), "area": ("km2", "km²", "平方公里")}
SORT = {"area": "area", "catchment": "area", "release": "flow", "max_flow": "flow"}
WORDS = frozenset({"code", "first", "last", "surveyed", "opening", "name", "type", "city"})
MARKS = ("normal", "flood_control_high", "design", "check", "dead", "crest")
NEEDS = (  # the first whose columns are all there
    ("seasons", {"code", "first", "last", "flood_limit"}),
    ("releases", {"code", "level", "release"}),
    ("storage", {"code", "level", "storage"}),
    ("annual", {"code", "year", "max_flow"}),
    ("annual", {"code", "year", "max_level"}),
    ("matters", {"code", "name", "type"}),
)
REQUIRED = {
    "seasons": ("first", "last", "flood_limit"),
    "releases": ("level", "release"),
    "storage": ("level", "storage"),
    "matters": ("name", "type"),
}
DATED = re.compile("日期|时间|时刻|date|time")
NAMES = {
    "seasons": "分期汛限水位",
    "marks": "水库特征值",
    "storage": "水位库容曲线",
    "releases": "泄流曲线",
    "annual": "历年最大值",
    "matters": "业务事项",
}
Row = dict[str, Any]


class BadLine(ValueError):
    """A line that is left out; the text says why, in Chinese."""


@dataclass(frozen=True, slots=True)
class FactTable:
    """kind: a key of NAMES. meanings, factors: one per column; others: columns kept by their own titles."""

    kind: str
    meanings: tuple[str, ...]
    factors: tuple[float, ...]
    titles: tuple[str, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return the titles of the columns that mean nothing here."""
        known = {name for names in ALSO.values() for name in names}
        pairs = zip(self.titles, self.meanings, strict=True)
        return tuple(t for t, m in pairs if not m and heading_of(t)[0] not in known)

    def rows(self, lines: Iterable[tuple[int, list[Any]]]) -> Iterator[tuple[int, Row | str]]:
        """Yield each line's number with its values, or with why it cannot be used."""
        for number, cells in lines:
            if not any(str(c).strip() for c in cells):
                continue
            try:
                yield number, self._row(cells)
            except BadLine as exc:
                yield number, str(exc)

    def _row(self, cells: list[Any]) -> Row:
        if len(cells) != len(self.meanings):
            raise BadLine(f"有 {len(cells)} 列，表头有 {len(self.meanings)} 列")
        row: Row = {}
        for meaning, factor, title, cell in zip(self.meanings, self.factors, self.titles, cells, strict=True):
            text = str(cell).strip()
            if not text or text.lower() in MISSING:
                continue
            if not meaning:
                row.setdefault("others", {})[title] = _plain(text)
            elif meaning in WORDS:
                row[meaning] = _month_day(text, title) if meaning in ("first", "last") else text
            else:
                row[meaning] = _figure(text, title) * factor
        if not row.get("code"):
            raise BadLine("没有编码")
        if lacking := [self._title(m) for m in REQUIRED.get(self.kind, ()) if m not in row]:
            raise BadLine(f"“{'”“'.join(lacking)}”是空的")
        return row

    def _title(self, meaning: str) -> str:
        return self.titles[self.meanings.index(meaning)]


def fact_table(header: list[Any]) -> FactTable | None:
    """Return what kind of table a header begins; None for one of readings or of stations.

    Raises:
        UnknownUnit: a heading names a unit that we cannot convert.
    """
    found = [heading_of(cell) for cell in header]
    meanings = tuple(next((m for m, names in HEADINGS.items() if name in names), "") for name, _ in found)
    known = set(meanings)
    kind = next((k for k, needs in NEEDS if needs <= known), "")
    if not kind and "code" in known and len(known & {*MARKS, "total", "flood_control", "catchment", "runoff"}) >= 2:
        kind = "marks"
    unknown = [name for (name, _), meaning in zip(found, meanings, strict=True) if not meaning]
    dated = any(DATED.search(name) for name in unknown)  # readings of days, not the points of a curve
    if not kind or any(name in MEANINGS["t"] for name, _ in found) or (kind in ("storage", "releases") and dated):
        return None
    factors = tuple(_factor(m, unit, cell) for m, (_, unit), cell in zip(meanings, found, header, strict=True))
    return FactTable(kind, meanings, factors, tuple(str(c).strip()[:40] for c in header))


def _factor(meaning: str, unit: str, cell: Any) -> float:
    if not unit or not meaning or meaning in WORDS or meaning in ("year", "lon", "lat", "runoff"):
        return 1.0
    if meaning in VOLUMES:
        factor = UNIT_FACTORS.get(("W", unit))
    else:
        factor = 1.0 if unit in UNITS[SORT.get(meaning, "level")] else None
    if factor is None:
        raise UnknownUnit(f"列“{cell}”的单位不认识")
    return factor


def _figure(text: str, title: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise BadLine(f"“{title}”不是数：{text[:20]}") from None
    if not math.isfinite(value) or abs(value) > 1e9:
        raise BadLine(f"“{title}”不可能是 {text[:20]}")
    return value


def _plain(text: str) -> float | str:
    """Return a fact as a number where it is one; a code with leading zeros stays a word."""
    if re.fullmatch(r"-?(0|[1-9]\d{0,11})(\.\d{1,6})?", text):
        return float(text)
    return text[:500]


def _month_day(text: str, title: str) -> str:
    """Return MMDD; 415, 4-15, 04/15 and 4月15日 are understood."""
    found = re.fullmatch(r"(\d{1,2})[-/.月](\d{1,2})日?", text) or re.fullmatch(r"(\d{1,2})(\d{2})(?:\.0+)?", text)
    try:
        day = date(2000, int(found[1]), int(found[2])) if found else None
    except ValueError:
        day = None
    if day is None:
        raise BadLine(f"“{title}”应为月日，如 0415：{text[:20]}")
    return day.strftime("%m%d")
