"""What a works' tables say: which columns each needs, and a line of them as checked values."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from backend_client.adapters.tabular.readings import BadCell, time_of
from console.central.importers.library import BadLine
from console.domain.vocabulary import Vocabulary
from console.domain.works import TYPES

Row = dict[str, Any]
TEXT, FIGURE, TIME = "text", "figure", "time"


@dataclass(frozen=True, slots=True)
class Column:
    """titles: accepted headings. kind: text, figure or time. needed: a line without it is left out."""

    key: str
    titles: tuple[str, ...]
    kind: str = TEXT
    needed: bool = False


def _code(*titles: str) -> Column:
    return Column("code", titles, needed=True)


WORKS = Column("works", ("工程", "工程编号", "所属工程"), needed=True)
NAME = Column("name", ("名称",))
PLACE = (
    Column("section", ("断面", "断面编号", "测段")),
    Column("chainage_m", ("桩号",), FIGURE),
    Column("offset_m", ("离轴距",), FIGURE),
    Column("elevation_m", ("高程",), FIGURE),
)
# kind of table → its names as a file, and its columns
TABLES: Mapping[str, tuple[tuple[str, ...], tuple[Column, ...]]] = {
    "works": (
        ("工程", "水利工程"),
        (
            _code("编号", "工程编号"),
            Column("name", ("名称",), needed=True),
            Column("type", ("类型",), needed=True),
            Column("class", ("等级", "级别")),
            Column("river", ("河流", "河名")),
            Column("city", ("市", "地市")),
            Column("lon", ("经度",), FIGURE),
            Column("lat", ("纬度",), FIGURE),
            Column("level", ("水位站", "临水站", "上游站")),
            Column("below", ("下游站",)),
            Column("flow", ("流量站",)),
            Column("reservoir", ("水库",)),
            Column("scour_limit_m", ("冲刷限值",), FIGURE),
            Column("crest_m", ("坝顶高程", "堤顶高程"), FIGURE),
            Column("gate_count", ("孔数",), FIGURE),
            Column("note", ("备注",)),
        ),
    ),
    "profiles": (
        ("断面", "工程断面"),
        (
            WORKS,
            Column("section", ("断面", "断面编号"), needed=True),
            NAME,
            Column("chainage_m", ("桩号",), FIGURE),
            Column("offset_m", ("离轴距",), FIGURE, needed=True),
            Column("elevation_m", ("高程",), FIGURE, needed=True),
        ),
    ),
    "sensors": (
        ("监测点", "测点"),
        (
            _code("编号", "测点编号"),
            NAME,
            WORKS,
            Column("element", ("要素", "监测项目"), needed=True),
            *PLACE,
            Column("driver", ("水位站",)),
            Column("rain", ("雨量站",)),
            Column("attention_s", ("关注倍数",), FIGURE),
            Column("alarm_s", ("报警倍数",), FIGURE),
            Column("datum", ("基面",)),
        ),
    ),
    "calibrations": (
        ("率定", "监测点率定"),
        (
            _code("监测点", "测点", "编号"),
            Column("t", ("时间", "日期"), TIME, needed=True),
            Column("level_m", ("水位",), FIGURE, needed=True),
            Column("value", ("读数", "测值"), FIGURE, needed=True),
        ),
    ),
    "gates": (
        ("闸门", "闸孔"),
        (
            _code("编号", "闸门编号"),
            NAME,
            WORKS,
            Column("bay", ("孔号",), FIGURE),
            Column("width_m", ("净宽",), FIGURE),
            Column("max_opening_m", ("最大开度",), FIGURE),
        ),
    ),
    "surveys": (
        ("水下测量",),
        (
            _code("编号", "测量编号"),
            NAME,
            WORKS,
            Column("section", ("测段", "断面")),
            Column("at", ("时间", "测量时间"), TIME, needed=True),
            Column("chainage_m", ("桩号",), FIGURE, needed=True),
            Column("offset_m", ("离轴距",), FIGURE, needed=True),
            Column("elevation_m", ("高程",), FIGURE, needed=True),
            Column("datum", ("基面",)),
            Column("method", ("方法",)),
            Column("accuracy_m", ("精度",), FIGURE),
            Column("spacing_m", ("间距",), FIGURE),
            Column("reference", ("基准",)),
        ),
    ),
}
NAMED = {
    "works": "水利工程",
    "profiles": "工程断面",
    "sensors": "监测点",
    "calibrations": "率定",
    "gates": "闸门",
    "surveys": "水下测量",
}
TYPE_OF = {word: code for code, word in TYPES.items()} | {code: code for code in TYPES}


def works_table(stem: str) -> str | None:
    """Return which of these tables a file of this name is, None for any other."""
    word = stem.strip().lower()
    return next((kind for kind, (names, _) in TABLES.items() if word in names or word == kind), None)


@dataclass(frozen=True, slots=True)
class WorksTable:
    """A header that was understood. columns: one per cell, None where it is kept under its own title."""

    kind: str
    columns: tuple[Column | None, ...]
    titles: tuple[str, ...]
    zone: tzinfo
    words: Vocabulary

    def rows(self, lines: Iterable[tuple[int, list[Any]]]) -> Iterator[tuple[int, Row | str]]:
        """Yield each line's number with its values, or with why it cannot be used."""
        for number, cells in lines:
            texts = [str(c if c is not None else "").strip()[:500] for c in cells]
            if not any(texts):
                continue
            try:
                yield number, self._row(texts)
            except (BadLine, BadCell) as exc:
                yield number, str(exc)

    def _row(self, texts: list[str]) -> Row:
        row: Row = {}
        for column, title, text in zip(self.columns, self.titles, texts, strict=False):
            if not text:
                continue
            if column is None:
                row.setdefault("others", {})[title] = text[:80]
            elif column.kind == TIME:
                row[column.key] = time_of(text, self.zone)
            elif column.key == "chainage_m":
                row[column.key] = _chainage(text, title)
            else:
                row[column.key] = _figure(text, title) if column.kind == FIGURE else text[:200]
        lacking = [c.titles[0] for c in TABLES[self.kind][1] if c.needed and c.key not in row]
        if lacking:
            raise BadLine(f"“{'”“'.join(lacking)}”是空的")
        return self._checked(row)

    def _checked(self, row: Row) -> Row:
        if self.kind == "works":
            if row["type"] not in TYPE_OF:
                raise BadLine(f"类型应为{'、'.join(TYPES.values())}之一：{row['type'][:20]}")
            row["type"] = TYPE_OF[row["type"]]
        if self.kind == "sensors":
            named = next((e for e in self.words.elements.values() if row["element"] in (e.code, e.name)), None)
            if named is None:
                raise BadLine(f"没有叫“{row['element'][:20]}”的要素；可用水平位移、沉降、渗压水位、渗流量")
            row["element"] = named.code
        return row


def header_of(kind: str, header: list[Any], zone: tzinfo, words: Vocabulary) -> WorksTable | str:
    """Return a table whose header was understood, or which columns it lacks."""
    titles = [str(c if c is not None else "").strip()[:40] for c in header]
    plain = [t.split("(")[0].split("（")[0].removesuffix(" m").strip() for t in titles]
    columns = tuple(next((c for c in TABLES[kind][1] if t in c.titles), None) for t in plain)
    lacking = [c.titles[0] for c in TABLES[kind][1] if c.needed and c not in columns]
    if lacking:
        return f"“{NAMED[kind]}”表缺少这些列：{'、'.join(lacking)}"
    return WorksTable(kind, columns, tuple(titles), zone, words)


def _chainage(text: str, title: str) -> float:
    """Return a chainage in metres: 1050, 1+050, K1 + 050, -0+050 and 12+003.5 are understood."""
    found = re.fullmatch(r"(-?)[Kk]?(\d{1,5})\s*\+\s*(\d{1,4}(?:\.\d+)?)", text)
    if found is not None:
        return (-1 if found[1] else 1) * (float(found[2]) * 1000 + float(found[3]))
    if text[:1] in "Kk":
        raise BadLine(f"“{title}”写成 K12+000 或米数：{text[:20]}")
    return _figure(text, title)


def _figure(text: str, title: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise BadLine(f"“{title}”不是数：{text[:20]}") from None
    if not math.isfinite(value) or abs(value) > 1e8:
        raise BadLine(f"“{title}”不可能是 {text[:20]}")
    return value
