"""Table of all reservoirs: state, level against the limit of the date, room, rain, flows, hours, age."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QObject, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QStackedLayout,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from console.look import Look
from console.viewdata.reservoir import ReservoirRow
from widgets.plain import PlainLabel
from widgets.reservoir_model import BAR, COLUMNS, STATE, TIME, Index, ReservoirModel, Role
from widgets.reservoir_section import draw_level_bar
from widgets.symbols import draw_state

ROW_PX = 34
CHIP_PX = 24


class ReservoirDelegate(QStyledItemDelegate):
    """Draws the state's shape before its word, and the level bar with the marks."""

    def __init__(self, look: Look, parent: QObject) -> None:
        super().__init__(parent)
        self.look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        wide = super().sizeHint(option, index).width() + 12 if index.column() == TIME else COLUMNS[index.column()].width
        return QSize(wide, round(ROW_PX * self.look.scale))

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """A selected row keeps the colours that carry its state; the shape stands left of the word."""
        super().initStyleOption(option, index)
        ink = index.data(Role.ForegroundRole)
        if ink is not None:
            palette = option.palette
            palette.setColor(palette.ColorRole.HighlightedText, ink)
            option.palette = palette

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, ReservoirModel):
            super().paint(painter, option, index)
            return
        row = model.row(index.row())
        box = QRectF(option.rect)
        if index.column() == STATE:
            painter.save()
            shifted = QStyleOptionViewItem(option)
            shifted.rect = option.rect.adjusted(round(CHIP_PX * self.look.scale), 0, 0, 0)
            super().paint(painter, shifted, index)
            if option.state & QStyle.StateFlag.State_Selected:
                painter.fillRect(box.adjusted(0, 0, shifted.rect.left() - box.right(), 0), self.look.color("select"))
            centre = QPointF(box.left() + CHIP_PX * self.look.scale / 2 + 2, box.center().y())
            draw_state(painter, self.look, row.state, centre, 7, stale=row.stale)
            painter.restore()
            return
        super().paint(painter, option, index)
        if index.column() == BAR:
            bar = QRectF(box.center().x() - 8, box.top() + 3, 14, box.height() - 6)
            draw_level_bar(painter, self.look, bar, row.marks, row.level_m, stale=row.stale)


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
        self.filter.textChanged.connect(self.model.set_filter)
        self.summary = PlainLabel("", self)
        self.summary.setObjectName("dim")
        self.table = QTableView(self)
        self._prepare_table()
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
        column.addLayout(self._stack, 1)
        self._quiet = False
        look.changed.connect(self._reword)
        self._reword()

    def _prepare_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setItemDelegate(ReservoirDelegate(self.look, table))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(round(ROW_PX * self.look.scale))
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for i, one in enumerate(COLUMNS):
            header.resizeSection(i, round(one.width * self.look.scale))
        header.setStretchLastSection(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.sortIndicatorChanged.connect(self.model.sort)
        table.selectionModel().currentRowChanged.connect(self._chosen)

    def _reword(self) -> None:
        tr = self.look.tr
        self.filter.setPlaceholderText(tr("筛选：水库、河流，或 超汛限 未公布 上涨 过时"))
        self.filter.setAccessibleName(tr("筛选"))
        self.table.setAccessibleName(tr("水库总表"))
        self._empty.setText(tr("还没有水库：中心登记水库对象后列在这里"))

    def show_rows(self, rows: Sequence[ReservoirRow]) -> None:
        self._quiet = True
        self.model.set_rows(rows)
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
        head = [*(tr(c.title) for c in shown), tr("可用防洪库容算到")]
        return [head, *([*(c.text(row) for c in shown), row.available_to] for row in self.model.rows())]
