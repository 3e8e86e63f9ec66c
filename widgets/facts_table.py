"""A plain table of facts for the system workspace: sources, outbox, processes, instruments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStackedLayout,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from console.look import Look
from widgets.plain import PlainLabel

Role = Qt.ItemDataRole
Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
Cell = tuple[str, str]  # text, colour token


class FactsModel(QAbstractTableModel):
    def __init__(self, look: Look, titles: Sequence[str], parent: QObject) -> None:
        super().__init__(parent)
        self.look = look
        self._titles = tuple(titles)
        self.rows: tuple[tuple[Cell, ...], ...] = ()

    def set_rows(self, rows: Sequence[Sequence[Cell]]) -> None:
        new = tuple(tuple(r) for r in rows)
        if new == self.rows:
            return
        if len(new) == len(self.rows):
            self.rows = new
            self.dataChanged.emit(self.index(0, 0), self.index(len(new) - 1, len(self._titles) - 1))
            return
        self.beginResetModel()
        self.rows = new
        self.endResetModel()

    def set_titled(self, titles: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """Show other columns too."""
        if tuple(titles) == self._titles:
            self.set_rows(rows)
            return
        self.beginResetModel()
        self._titles, self.rows = tuple(titles), tuple(tuple(r) for r in rows)
        self.endResetModel()

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._titles)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        text, token = self.rows[index.row()][index.column()]
        if role == Role.DisplayRole:
            return text
        return self.look.color(token) if role == Role.ForegroundRole else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Role.DisplayRole:
            return self.look.tr(self._titles[section])
        return None


class ColouredCells(QStyledItemDelegate):
    """A chosen row keeps the colours of its cells: they carry meaning, and white on pale blue cannot be read."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        colour = index.data(Role.ForegroundRole)
        if colour is not None:
            option.palette.setColor(QPalette.ColorRole.HighlightedText, QColor(colour))


class FactsTable(QWidget):
    """Shows rows, or says what would fill it."""

    def __init__(self, look: Look, titles: Sequence[str], widths: Sequence[int], empty: str) -> None:
        super().__init__()
        self.model = FactsModel(look, titles, self)
        self.table = QTableView(self)
        self.table.setModel(self.model)
        self.table.setItemDelegate(ColouredCells(self.table))
        self.table.verticalHeader().setVisible(False)
        self.table.setShowGrid(False)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        for i, width in enumerate(widths):
            self.table.horizontalHeader().resizeSection(i, round(width * look.scale))
        self.table.horizontalHeader().setStretchLastSection(True)
        self._empty = PlainLabel(look.tr(empty), self)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setObjectName("dim")
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.table)

    def show_titled(self, titles: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """Show rows under other titles; the first column keeps its width and the others share the rest."""
        self.model.set_titled(titles, rows)
        header = self.table.horizontalHeader()
        for column in range(1, len(titles)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self._stack.setCurrentIndex(1 if rows else 0)

    def show_rows(self, rows: Sequence[Sequence[Cell]]) -> None:
        self.model.set_rows(rows)
        self._stack.setCurrentIndex(1 if rows else 0)
