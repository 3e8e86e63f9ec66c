"""Rows of all reservoirs: state and name stay in sight, columns are as wide as their figures, none is shown cut."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from console.look import Look
from widgets.reservoir_model import BAR, COLUMNS, NAME, STATE, Index, ReservoirModel
from widgets.reservoir_section import draw_level_bar
from widgets.symbols import draw_state

ROW_PX = 26
HEAD_PX = 24
CHIP_PX = 24
PAD_PX = 22  # what the style keeps free on both sides of a cell
SORT_PX = 12  # room for the sorting arrow
PINNED = (STATE, NAME)


def _span(text: str) -> int:
    """Return about how wide a text is, in halves of a Chinese character: only the widest are measured."""
    return sum(2 if ch > "\u2e80" else 1 for ch in text)


class ReservoirDelegate(QStyledItemDelegate):
    """Draws the state's shape before its word, and the level bar with the marks; a cell half in sight is "…" alone."""

    def __init__(self, look: Look, parent: QObject) -> None:
        super().__init__(parent)
        self.look = look

    def sizeHint(self, _option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(round(COLUMNS[index.column()].width * self.look.scale), round(ROW_PX * self.look.scale))

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """A selected row keeps the colours that carry its state; half a number is not shown."""
        super().initStyleOption(option, index)
        ink = index.data(Qt.ItemDataRole.ForegroundRole)
        if ink is not None:
            palette = option.palette
            palette.setColor(palette.ColorRole.HighlightedText, ink)
            option.palette = palette
        table = option.widget
        if isinstance(table, ReservoirRows) and table.cut(index.column()) and option.text:
            option.text = "…"

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
            draw_state(painter, self.look, row.state, centre, 6.5, stale=row.stale)
            painter.restore()
            return
        super().paint(painter, option, index)
        if index.column() == BAR:
            bar = QRectF(box.center().x() - 8, box.top() + 2, 14, box.height() - 5)
            draw_level_bar(painter, self.look, bar, row.marks, row.level_m, stale=row.stale)


class _Rows(QTableView):
    def __init__(self, look: Look, model: ReservoirModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.look = look
        self.setModel(model)
        self.setItemDelegate(ReservoirDelegate(look, self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().setVisible(False)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setMinimumSectionSize(1)
        self.verticalHeader().setDefaultSectionSize(round(ROW_PX * look.scale))
        header = self.horizontalHeader()
        header.setFixedHeight(round(HEAD_PX * look.scale))
        header.setMinimumSectionSize(1)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSortIndicatorShown(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSectionsClickable(True)


class ReservoirRows(_Rows):
    """The whole table, its pinned columns shown once more by a table that lies over it."""

    def __init__(self, look: Look, model: ReservoirModel, parent: QWidget) -> None:
        super().__init__(look, model, parent)
        self.rows = model
        self.pinned = _Rows(look, model, self)
        self.pinned.setObjectName("pinned")
        self.pinned.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.pinned.setFrameShape(QTableView.Shape.NoFrame)
        self.pinned.setSelectionModel(self.selectionModel())
        self.pinned.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.pinned.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for i in range(len(COLUMNS)):
            self.pinned.setColumnHidden(i, i not in PINNED)
        self.verticalScrollBar().valueChanged.connect(self.pinned.verticalScrollBar().setValue)
        self.pinned.verticalScrollBar().valueChanged.connect(self.verticalScrollBar().setValue)
        self.horizontalScrollBar().valueChanged.connect(self._snap)
        self.horizontalHeader().sectionResized.connect(lambda *_: self._place())
        for header in (self.horizontalHeader(), self.pinned.horizontalHeader()):
            header.sortIndicatorChanged.connect(self._sorted)
        self.fit()

    # --- widths -----------------------------------------------------------------------------
    def needed(self, column: int) -> int:
        """Return the width that a column's head and every figure in it need."""
        look, one = self.look, COLUMNS[column]
        head = QFontMetrics(look.font("small_px")).horizontalAdvance(look.tr(one.title)) + round(SORT_PX * look.scale)
        texts = sorted({one.text(row) for row in self.rows.rows()}, key=_span)[-8:]
        metrics = QFontMetrics(look.font())
        cell = max((metrics.horizontalAdvance(text) for text in texts), default=0)
        chip = round(CHIP_PX * look.scale) if column == STATE else 0
        return max(head, cell + chip, round(COLUMNS[BAR].width * look.scale)) + PAD_PX

    def fit(self) -> None:
        """Make columns as wide as needed and stretch those that fit until they end where the table ends."""
        widths = [self.needed(i) for i in range(len(COLUMNS))]
        room = self.viewport().width()
        shown = len(widths)
        while shown > len(PINNED) + 1 and sum(widths[:shown]) > room:
            shown -= 1
        spare = room - sum(widths[:shown])
        loose = range(len(PINNED), shown)
        for i in loose if spare > 0 else ():
            widths[i] += spare // len(loose) + (1 if i - len(PINNED) < spare % len(loose) else 0)
        for i, width in enumerate(widths):
            self.setColumnWidth(i, width)
            self.pinned.setColumnWidth(i, width)
        self._place()

    def pinned_width(self) -> int:
        return sum(self.columnWidth(i) for i in PINNED)

    def cut(self, column: int) -> bool:
        """Tell whether a column is only partly in sight."""
        if column in PINNED:
            return False
        left = self.columnViewportPosition(column)
        return left < self.pinned_width() or left + self.columnWidth(column) > self.viewport().width()

    def _snap(self, value: int) -> None:
        """Let a column begin where the pinned ones end."""
        stops, at = [0], 0
        for i in range(len(PINNED), len(COLUMNS)):
            at += self.columnWidth(i)
            stops.append(at)
        top = self.horizontalScrollBar().maximum()
        nearest = min((s for s in stops if s <= top), key=lambda s: abs(s - value))
        if value not in (nearest, top):
            self.horizontalScrollBar().setValue(nearest)
        self.viewport().update()

    def _place(self) -> None:
        head, frame = self.horizontalHeader().height(), self.frameWidth()
        self.pinned.setGeometry(frame, frame, self.pinned_width(), self.viewport().height() + head)
        self.pinned.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def _sorted(self, column: int, order: Qt.SortOrder) -> None:
        self.rows.sort(column, order)
        for header in (self.horizontalHeader(), self.pinned.horizontalHeader()):
            header.blockSignals(True)
            header.setSortIndicator(column, order)
            header.blockSignals(False)
            header.update()
