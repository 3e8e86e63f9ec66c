"""Station table: the rows of a topic in the columns that it declares."""

from __future__ import annotations

from typing import Protocol

from console.domain.topics import Column, Topic
from console.presenters.fields import field_of
from console.presenters.wording import Translate
from console.viewdata.board import Board, Row
from console.viewdata.table import Moments, TableColumn, TableView, TopicTab

GENERAL = (  # of a table that shows objects of every topic
    Column("state", "", 30, pinned=True),
    Column("name", "站名", 104, pinned=True),
    Column("river", "河流", 68),
    Column("value", "数值", 74),
    Column("unit", "单位", 60),
    Column("margin", "距警戒/汛限 m", 102),
    Column("change_1h", "1h 变化", 68),
    Column("spark", "近 24h", 60),
    Column("time", "时间", 128),
    Column("quality", "质量", 60),
)


class TableTarget(Protocol):
    def show_view(self, view: TableView) -> None: ...
    def show_selected(self, code: str | None) -> None: ...


def columns_of(topic: Topic | None, tr: Translate) -> tuple[TableColumn, ...]:
    """Return the columns of a topic, the general ones for none."""
    found = []
    for spec in topic.columns if topic else GENERAL:
        field = field_of(spec.field, tr)
        found.append(
            TableColumn(spec.field, spec.title, spec.width, field.text, field.key, spec.group, spec.pinned, field.right)
        )
    return tuple(found)


def rows_of(board: Board, topic: Topic | None) -> tuple[Row, ...]:
    if topic is None:
        return tuple(r for r in board.rows if not r.apart)
    kinds = set(topic.kinds)
    return tuple(r for r in board.rows if r.station.kind in kinds)


def tabs_of(board: Board, topics: tuple[Topic, ...]) -> tuple[TopicTab, ...]:
    """Return a tab for all stations and one for every topic that has objects."""
    found = [_tab("", "全部", rows_of(board, None))]
    found += [_tab(t.code, t.name, rows) for t in topics if (rows := rows_of(board, t))]
    return tuple(found)


def _tab(code: str, name: str, rows: tuple[Row, ...]) -> TopicTab:
    return TopicTab(code, name, len(rows), sum(r.over for r in rows), sum(r.unknown for r in rows))


def present_table(
    view: TableTarget,
    board: Board,
    selected: str | None,
    tr: Translate,
    topics: tuple[Topic, ...] = (),
    topic_code: str = "",
) -> str:
    """Fill the table; return the panel's meta text."""
    topic = next((t for t in topics if t.code == topic_code), None)
    rows = rows_of(board, topic)
    moments = Moments(board.moment, board.now)
    shown = topic.code if topic else ""
    view.show_view(TableView(rows, columns_of(topic, tr), shown, tabs_of(board, topics), moments, board.rivers, board.rows))
    view.show_selected(selected)
    known = [r for r in rows if r.main is not None]
    fresh = sum(1 for r in known if not r.stale)
    return f"{tr('有数据')} {len(known)}/{len(rows)} · {tr('及时')} {fresh}"
