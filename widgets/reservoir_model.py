"""Model of the table of all reservoirs: sorts and filters itself, repaints only what changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from console.domain.freshness import trend
from console.domain.states import State
from console.look import Look
from console.viewdata.filter_sentence import plain, read_sentence
from console.viewdata.reservoir import ReservoirRow
from widgets.plain import plain_tip
from widgets.reservoir_section import mark_label

Role = Qt.ItemDataRole
Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
UNKNOWN = -math.inf


class Column(NamedTuple):
    title: str
    width: int
    text: Callable[[ReservoirRow], str]
    key: Callable[[ReservoirRow], Any]
    right: bool = False


def _known(value: float | None) -> float:
    return UNKNOWN if value is None else value


# the most telling first: what does not fit stands behind the right edge
COLUMNS = (
    Column("状态", 122, lambda r: r.state_word, lambda r: r.rank),
    Column("水库", 88, lambda r: r.name, lambda r: r.name),
    Column("水位 m", 72, lambda r: r.level_text, lambda r: _known(r.level_m), True),
    Column("距汛限 m", 96, lambda r: r.margin_text, lambda r: _known(r.margin_m), True),
    Column("入库 m³/s", 92, lambda r: r.inflow_text, lambda r: _known(r.inflow_m3s), True),
    Column("出库 m³/s", 78, lambda r: r.outflow_text, lambda r: _known(r.outflow_m3s), True),
    Column("1h 变化 m", 76, lambda r: r.change_text, lambda r: _known(r.change_1h), True),
    Column("到汛限", 82, lambda r: r.hours_text, lambda r: _known(r.hours), True),
    Column("剖面", 46, lambda r: "", lambda r: _known(r.level_m)),
    Column("可用防洪库容", 138, lambda r: r.available_text, lambda r: _known(r.available_mcm), True),
    Column("纳雨 mm", 78, lambda r: r.absorb_text, lambda r: _known(r.absorb_mm), True),
    Column("河流", 62, lambda r: r.river, lambda r: r.river),
    Column("时间", 160, lambda r: r.time_text, lambda r: _known(r.t), True),
    Column("质量", 50, lambda r: r.quality, lambda r: r.quality),
)
STATE, NAME, LEVEL, MARGIN, BAR, ROOM, RAIN, TIME = 0, 1, 2, 3, 8, 9, 10, 12
DANGER_ORDER = -1


class ReservoirModel(QAbstractTableModel):
    """Rows in danger order unless a column is chosen; what is not known stands last either way."""

    def __init__(self, look: Look, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self._rows: list[ReservoirRow] = []
        self._shown: list[int] = []
        self._order = (DANGER_ORDER, Qt.SortOrder.AscendingOrder)
        self._fits: Callable[[ReservoirRow], bool] | None = None
        self.repainted = 0
        look.changed.connect(self._reworded)

    def _reworded(self) -> None:
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)

    def set_rows(self, rows: Sequence[ReservoirRow]) -> None:
        """Take the whole table; the chosen line stays chosen while others move around it."""
        old, self._rows = self._rows, list(rows)
        if len(old) != len(self._rows) or any(a.code != b.code for a, b in zip(old, self._rows, strict=True)):
            self.beginResetModel()
            self._shown = self._arranged()
            self.endResetModel()
            return
        changed = [i for i, (a, b) in enumerate(zip(old, self._rows, strict=True)) if a != b]
        if not changed:
            return
        before, after = self._shown, self._arranged()
        if before != after:
            self._move(before, after)
            return
        places = {source: row for row, source in enumerate(after)}
        for source in changed:
            if (row := places.get(source)) is not None:
                self.repainted += 1
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def _move(self, before: list[int], after: list[int]) -> None:
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        sources = [before[i.row()] for i in kept]
        self._shown = after
        places = {source: row for row, source in enumerate(after)}
        moved = [self.index(places[s], i.column()) if s in places else ROOT for s, i in zip(sources, kept, strict=True)]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def set_filter(self, text: str) -> None:
        """Raises:
        NotUnderstood: the sentence cannot be read; the rows stay as they are.
        """
        self._fits = reading_of(text)
        self._move(self._shown, self._arranged())

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._order = (column, order)
        self._move(self._shown, self._arranged())

    def _arranged(self) -> list[int]:
        rows = self._rows
        keep = [i for i, r in enumerate(rows) if self._fits is None or self._fits(r)]
        column, order = self._order
        if column == DANGER_ORDER:
            return sorted(keep, key=lambda i: rows[i].rank, reverse=True)
        key = COLUMNS[column].key
        known = [i for i in keep if key(rows[i]) not in (UNKNOWN, "", "—")]
        missing = [i for i in keep if key(rows[i]) in (UNKNOWN, "", "—")]
        return sorted(known, key=lambda i: key(rows[i]), reverse=order == Qt.SortOrder.DescendingOrder) + missing

    def row(self, index: int) -> ReservoirRow:
        return self._rows[self._shown[index]]

    def rows(self) -> list[ReservoirRow]:
        return [self._rows[i] for i in self._shown]

    def place_of(self, code: str) -> int | None:
        return next((n for n, i in enumerate(self._shown) if self._rows[i].code == code), None)

    # --- Qt -------------------------------------------------------------------------------
    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        column = COLUMNS[index.column()]
        if role == Role.DisplayRole:
            return column.text(self.row(index.row()))
        if role == Role.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        if role == Role.ToolTipRole:
            told = self._tip(self.row(index.row()), index.column())
            return plain_tip(told) if told else None
        if role == Role.ForegroundRole:
            return self._ink(self.row(index.row()), index.column())
        return None

    def _tip(self, row: ReservoirRow, column: int) -> str:
        """Return what a cell rests on: the mark that room is counted to, the datum, the marks of the bar."""
        tr = self.look.tr
        if column in (ROOM, RAIN):
            to = row.available_to if column == ROOM else row.absorb_to
            return f"{tr('算到')} {to}" if to else ""
        if column == LEVEL:
            return f"{row.level_text} m · {row.datum}" if row.datum else ""
        if column != BAR:
            return ""
        marks = [mark_label(self.look, m) for m in reversed(row.marks)]
        return "\n".join([*(marks or [tr("没有公布的特征水位")]), f"{tr('水位')} {row.level_text}"])

    def _ink(self, row: ReservoirRow, column: int) -> Any:
        if row.stale and column not in (STATE, NAME):
            return self.look.color("state.stale" if column == TIME else "text.faint")
        if column == STATE or (column in (LEVEL, MARGIN) and row.state >= State.FLOOD_LIMIT):
            return self.look.color(row.state_token)
        return self.look.color("text" if column in (NAME, LEVEL, MARGIN) else "text.dim")

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Role.DisplayRole:
            return self.look.tr(COLUMNS[section].title)
        if role == Role.ToolTipRole and section == BAR:
            return plain_tip(self.look.tr("竖条为水面，长橙线为当日汛限，短线为其他特征水位；停在各行上看名称和数值"))
        if role == Role.TextAlignmentRole and COLUMNS[section].right:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None


def reading_of(text: str) -> Callable[[ReservoirRow], bool] | None:
    """Return what a row must fulfil: names, rivers, states such as 超汛限, or 上涨 下落 过时, joined as in every filter.

    Raises:
        NotUnderstood: it is no such sentence.
    """
    return read_sentence(text, _condition)


def _condition(word: str) -> Callable[[ReservoirRow], bool]:
    known: dict[str, Callable[[ReservoirRow], bool]] = {
        **dict.fromkeys(("上涨", "涨"), lambda r: trend(r.change_1h) > 0),
        **dict.fromkeys(("下落", "落", "回落"), lambda r: trend(r.change_1h) < 0),
        **dict.fromkeys(("过时", "缺报"), lambda r: r.stale),
        "超汛限": lambda r: r.margin_m is not None and r.margin_m > 0,
    }
    if word in known:
        return known[word]
    if word[0] == "非" and len(word) > 1:
        inner = _condition(word[1:])
        return lambda r: not inner(r)
    return lambda r: any(word in plain(text) for text in (r.name, r.river, r.state_word)) or word == plain(r.code)
