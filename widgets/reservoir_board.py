"""Table of all reservoirs: state, level against the limit of the date, room, rain, flows, hours, age."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QStackedLayout, QVBoxLayout, QWidget

from console.look import Look
from console.viewdata.filter_sentence import NotUnderstood
from console.viewdata.reservoir import ReservoirRow
from widgets.plain import PlainLabel
from widgets.reservoir_model import BAR, COLUMNS, STATE, ReservoirModel
from widgets.reservoir_table import ReservoirRows

FILTER_PX = 26


class ReservoirBoard(QWidget):
    """Filter, summary and table.

    Signals:
        selected: the user chose a reservoir; arg is its code.
    """

    selected = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.model = ReservoirModel(look, self)
        self.filter = QLineEdit(self)
        self.filter.setClearButtonEnabled(True)
        self.filter.setFixedHeight(round(FILTER_PX * look.scale))
        self.filter.setFont(look.font("small_px"))
        self.filter.textChanged.connect(self._filter)
        self.summary = PlainLabel("", self)
        self.summary.setObjectName("dim")
        self.said = PlainLabel("", self)
        self.said.setObjectName("warn")
        self.said.hide()
        self.table = ReservoirRows(look, self.model, self)
        self.table.selectionModel().currentRowChanged.connect(self._chosen)
        self._empty = PlainLabel("", self)
        self._empty.setObjectName("dim")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 8, 0)
        head.setSpacing(10)
        head.addWidget(self.filter, 1)
        head.addWidget(self.summary)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.said)
        column.addLayout(self._stack, 1)
        self._quiet = False
        look.changed.connect(self._reword)
        self._reword()

    def _reword(self) -> None:
        tr = self.look.tr
        self.filter.setPlaceholderText(tr("筛选：水库、河流，或 超汛限 未公布 上涨 过时"))
        self.filter.setAccessibleName(tr("筛选"))
        self.table.setAccessibleName(tr("水库总表"))
        self.table.fit()
        self._empty.setText(tr("还没有水库：中心登记水库对象后列在这里"))

    def _filter(self, text: str) -> None:
        said = ""
        try:
            self.model.set_filter(text)
            if text.strip() and not self.model.rowCount():
                said = self.look.tr("没有符合的水库")
        except NotUnderstood as exc:
            said = str(exc)
        self.said.setText(said)
        self.said.setVisible(bool(said))

    def show_rows(self, rows: Sequence[ReservoirRow]) -> None:
        self._quiet = True
        self.model.set_rows(rows)
        self.table.fit()
        self._stack.setCurrentIndex(1 if rows else 0)
        self._quiet = False

    def show_summary(self, text: str) -> None:
        self.summary.setText(text)

    def show_selected(self, code: str | None) -> None:
        place = self.model.place_of(code) if code else None
        self._quiet = True
        if place is None:
            self.table.selectionModel().clear()
        elif self.table.currentIndex().row() != place:
            index = self.model.index(place, STATE)
            flags = QItemSelectionModel.SelectionFlag
            self.table.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
            self.table.scrollTo(index)
        self._quiet = False

    def _chosen(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid() and not self._quiet:
            self.selected.emit(self.model.row(current.row()).code)

    def cells(self) -> list[list[str]]:
        """Return the table as it is shown, with heads and the mark that flood storage is counted to."""
        shown = [c for i, c in enumerate(COLUMNS) if i != BAR]
        tr = self.look.tr
        head = [*(tr(c.title) for c in shown), tr("可用防洪库容算到"), tr("可用防洪库容 百万m³")]
        return [head, *([*(c.text(r) for c in shown), r.available_to, _number(r.available_mcm)] for r in self.model.rows())]


def _number(value: float | None) -> str:
    """Return a storage in one unit for all lines, so that a sheet can add it up."""
    return "" if value is None else f"{value:.2f}"
