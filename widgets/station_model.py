"""The rows of the station table: sorted and filtered here, repainted only where something changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from console.domain.elements import grouped
from console.domain.states import TOKENS, State
from console.look import Look
from console.viewdata.board import Row
from console.viewdata.table import Moments, TableColumn, TableView

Role = Qt.ItemDataRole
Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
DANGER_ORDER = ""  # sort "field": worst state first, then distance to the limit
STRONG = ("value", "margin", "rain_24h")
FIRST = ("name",)


class StationTableModel(QAbstractTableModel):
    """Sorts and filters itself: a proxy takes seconds at 20,000 rows."""

    def __init__(self, look: Look, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.columns: tuple[TableColumn, ...] = ()
        self.moments = Moments()
        self._all: list[Row] = []
        self._state_key = np.empty(0, np.int64)
        self._margin_key = np.empty(0)
        self._place: dict[str, int] = {}
        self._shown: list[int] = []
        self.order = (DANGER_ORDER, Qt.SortOrder.AscendingOrder)
        self._fits: Callable[[Row], bool] | None = None
        self.repainted = 0
        look.changed.connect(self._reworded)

    def _reworded(self) -> None:
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, max(0, len(self.columns) - 1))

    # --- data -----------------------------------------------------------------------------
    def set_view(self, view: TableView) -> None:
        """Take the whole table; when only values changed, what is selected stays selected."""
        columns = [(c.field, c.title) for c in view.columns]
        same_columns = columns == [(c.field, c.title) for c in self.columns]
        aged = self.moments != view.moments
        self.moments = view.moments
        new = list(view.rows)
        old, self._all = self._all, new
        self._state_key = np.array([-int(r.state) for r in new], np.int64)
        self._margin_key = np.array([-_number(r.margin_m) for r in new])
        if same_columns and len(old) == len(new) and all(a.code == b.code for a, b in zip(old, new, strict=True)):
            self.columns = view.columns
            changed = [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if _differs(a, b)]
            if changed or aged:
                self._values_changed(changed)
            return
        self._place = {r.code: i for i, r in enumerate(new)}
        self.beginResetModel()
        self.columns = view.columns
        self._shown = self._arranged()
        self.endResetModel()

    def update_rows(self, rows: Sequence[Row]) -> None:
        """Take only rows that changed, by their code."""
        changed = []
        for row in rows:
            i = self._place.get(row.code)
            if i is not None and self._all[i].mark != row.mark:
                self._all[i] = row
                self._state_key[i], self._margin_key[i] = -int(row.state), -_number(row.margin_m)
                changed.append(i)
        if changed:
            self._values_changed(changed)

    def _values_changed(self, changed: list[int]) -> None:
        after = self._arranged()
        if after != self._shown:
            self._move(after)
            return
        places = {source: row for row, source in enumerate(self._shown)}
        for source in changed:
            row = places.get(source)
            if row is not None:
                self.repainted += 1
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(self.columns) - 1))

    def set_filter(self, fits: Callable[[Row], bool] | None) -> None:
        self._fits = fits
        self._rearrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        known = 0 <= column < len(self.columns)
        self.order = (self.columns[column].field if known else DANGER_ORDER, order)
        self._rearrange()

    def _rearrange(self) -> None:
        after = self._arranged()
        if after != self._shown:
            self._move(after)

    def _move(self, after: list[int]) -> None:
        """Put the rows in another order; what is selected stays selected while it is shown."""
        before = self._shown
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        codes = [before[i.row()] for i in kept]
        self._shown = after
        places = {source: row for row, source in enumerate(after)}
        moved = [self.index(places[c], i.column()) if c in places else ROOT for c, i in zip(codes, kept, strict=True)]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def _arranged(self) -> list[int]:
        rows, fits = self._all, self._fits
        field, order = self.order
        column = next((c for c in self.columns if c.field == field), None)
        if column is None or field == "state":
            keep = None if fits is None else np.array([i for i, r in enumerate(rows) if fits(r)], np.int64)
            state, margin = (k if keep is None else k[keep] for k in (self._state_key, self._margin_key))
            chosen = np.lexsort((margin, state))
            if column is not None and order == Qt.SortOrder.AscendingOrder:
                chosen = chosen[::-1]
            return (chosen if keep is None else keep[chosen]).tolist()  # type: ignore[no-any-return]
        shown = [(column.key(r, self.moments), i) for i, r in enumerate(rows) if fits is None or fits(r)]
        known = [(k, i) for k, i in shown if k is not None]
        known.sort(key=lambda x: (isinstance(x[0], str), x[0]), reverse=order == Qt.SortOrder.DescendingOrder)
        return [i for _, i in known] + [i for k, i in shown if k is None]

    def row(self, index: int) -> Row:
        return self._all[self._shown[index]]

    def place_of(self, code: str) -> int | None:
        source = self._place.get(code)
        return self._shown.index(source) if source in self._shown else None

    def rows(self) -> list[Row]:
        return [self._all[i] for i in self._shown]

    def cells(self, rows: Sequence[Row] | None = None) -> list[list[str]]:
        """Return head and lines as texts, for the clipboard and for files; columns without words left out."""
        columns = [c for c in self.columns if c.field not in ("spark",)]
        tr = self.look.tr
        head = [f"{tr(c.group)} {tr(c.title)}".strip() if c.title else tr("状态") for c in columns]
        chosen = self.rows() if rows is None else rows
        return [head, *[[c.text(r, self.moments) for c in columns] for r in chosen]]

    # --- Qt -------------------------------------------------------------------------------
    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def _shown_text(self, column: TableColumn, row: Row) -> str:
        """Return a cell as it stands on screen: figures in groups of three digits, what is a word as it is."""
        text = column.text(row, self.moments)
        return text if not column.right or isinstance(column.key(row, self.moments), str) else grouped(text)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        column = self.columns[index.column()]
        if role == Role.DisplayRole:
            return None if column.field == "state" else self._shown_text(column, self.row(index.row()))
        if role == Role.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        if role == Role.ForegroundRole:
            return self._ink(self.row(index.row()), column.field)
        if role == Role.AccessibleTextRole and column.field == "state":
            return self.look.tr(self.row(index.row()).state_word)
        return None

    def _ink(self, row: Row, field: str) -> Any:
        if row.stale and field not in FIRST:
            return self.look.color("state.stale" if field == "time" else "text.faint")
        if field in STRONG and row.state >= State.WARNING:
            return self.look.color(TOKENS[row.state])
        return self.look.color("text" if field in (*FIRST, *STRONG) else "text.dim")

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        column = self.columns[section]
        if role == Role.DisplayRole:
            return self.look.tr(column.title) if column.title else ""
        if role == Role.TextAlignmentRole and column.right:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None


def _differs(a: Row, b: Row) -> bool:
    return a.mark != b.mark or (a.station is not b.station and a.station != b.station)


def _number(value: float | None) -> float:
    return -1e9 if value is None else value
