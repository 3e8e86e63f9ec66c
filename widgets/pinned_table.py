"""A table whose first columns stay in sight and whose head groups columns under one word."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence, QPainter, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from console.look import Look
from console.texts import for_sheet
from widgets.station_model import StationTableModel

LEAST_TELLING = ("quality", "unit", "spark", "change_1h", "river", "time")


class GroupedHeader(QHeaderView):
    """Two lines high where columns are grouped: the group above, the titles below."""

    def __init__(self, look: Look, model: StationTableModel, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._look = look
        self._rows = model
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setSortIndicatorShown(True)
        self.setSortIndicatorClearable(True)

    def _grouped(self) -> bool:
        return any(c.group for c in self._rows.columns)

    def _line(self) -> int:
        return QFontMetrics(self._look.font("small_px")).height() + 4

    def sizeHint(self) -> QSize:
        size = super().sizeHint()
        return QSize(size.width(), size.height() + (self._line() if self._grouped() else 0))

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        columns = self._rows.columns
        if section >= len(columns) or not self._grouped():
            super().paintSection(painter, rect, section)
            return
        line = self._line()
        painter.save()
        super().paintSection(painter, rect.adjusted(0, line, 0, 0), section)
        painter.restore()
        painter.fillRect(QRect(rect.left(), rect.top(), rect.width(), line), self._look.color("panel.head"))
        group = columns[section].group
        if group:
            self._group(painter, section, group, line)

    def _group(self, painter: QPainter, section: int, group: str, line: int) -> None:
        columns = self._rows.columns
        first, last = section, section
        while first > 0 and columns[first - 1].group == group:
            first -= 1
        while last + 1 < len(columns) and columns[last + 1].group == group:
            last += 1
        left = self.sectionViewportPosition(first)
        right = self.sectionViewportPosition(last) + self.sectionSize(last)
        painter.save()
        painter.setFont(self._look.font("small_px"))
        painter.setPen(self._look.color("text.faint"))
        box = QRect(left + 4, 0, right - left - 8, line)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._look.tr(group))
        painter.setPen(self._look.color("line"))
        painter.drawLine(left + 4, line - 1, right - 5, line - 1)
        painter.restore()


class _Rows(QTableView):
    """Rows as a whole; copies the selected lines with their head, units in it."""

    def __init__(self, look: Look, model: StationTableModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows = model
        self.setModel(model)
        self.setHorizontalHeader(GroupedHeader(look, model, self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setSortingEnabled(False)
        self.verticalHeader().setVisible(False)
        self.verticalHeader().setDefaultSectionSize(look.px("row_px"))
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            chosen = sorted({i.row() for i in self.selectionModel().selectedRows()})
            lines = self.rows.cells([self.rows.row(r) for r in chosen])
            QGuiApplication.clipboard().setText("\n".join("\t".join(for_sheet(c) for c in line) for line in lines))
            return
        super().keyPressEvent(event)


class PinnedTable(_Rows):
    """The whole table, with its pinned columns shown once more by a table that lies over it."""

    def __init__(self, look: Look, model: StationTableModel, parent: QWidget) -> None:
        super().__init__(look, model, parent)
        self._look = look
        self.pinned = _Rows(look, model, self)
        self.pinned.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.pinned.setSelectionModel(self.selectionModel())
        self.pinned.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.pinned.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.pinned.setFrameShape(QTableView.Shape.NoFrame)
        self.pinned.setObjectName("pinned")
        self.verticalScrollBar().valueChanged.connect(self.pinned.verticalScrollBar().setValue)
        self.pinned.verticalScrollBar().valueChanged.connect(self.verticalScrollBar().setValue)
        self.horizontalHeader().sectionResized.connect(self._resized)
        self.horizontalHeader().geometriesChanged.connect(self._place)
        self.compact = False  # a wall has no hand to scroll: what does not fit is left out, the least telling first
        model.modelReset.connect(self._columns_changed)
        self._columns_changed()

    def _columns_changed(self) -> None:
        for i, column in enumerate(self.rows.columns):
            width = round(column.width * self._look.scale)
            self.setColumnWidth(i, width)
            self.pinned.setColumnWidth(i, width)
            self.pinned.setColumnHidden(i, not column.pinned)
        self.pinned.setVisible(any(c.pinned for c in self.rows.columns))
        self.fill_width()
        self._place()

    def _resized(self, section: int, _old: int, size: int) -> None:
        self.pinned.setColumnWidth(section, size)
        self._place()

    def _place(self) -> None:
        width = sum(self.columnWidth(i) for i, c in enumerate(self.rows.columns) if c.pinned and not self.isColumnHidden(i))
        frame = self.frameWidth()
        head = self.horizontalHeader().height()
        self.pinned.horizontalHeader().setFixedHeight(max(1, head))
        self.pinned.setGeometry(frame, frame, width, self.viewport().height() + head)
        self.pinned.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fill_width()
        self._place()

    def fill_width(self) -> None:
        """Give the sparkline what is left over, so that no ground lies bare to the right."""
        if self.compact:
            self._leave_out()
        spark = next((i for i, c in enumerate(self.rows.columns) if c.field == "spark"), None)
        if spark is None:
            return
        used = sum(self.columnWidth(i) for i in range(len(self.rows.columns)) if i != spark and not self.isColumnHidden(i))
        base = round(self.rows.columns[spark].width * self._look.scale)
        self.setColumnWidth(spark, max(base, self.viewport().width() - used))

    def _leave_out(self) -> None:
        columns = self.rows.columns
        least = self.horizontalHeader().minimumSectionSize()
        widths = [max(least, round(c.width * self._look.scale)) for c in columns]
        out: set[int] = set()
        for field in LEAST_TELLING:
            if sum(w for i, w in enumerate(widths) if i not in out) <= self.viewport().width():
                break
            out |= {i for i, c in enumerate(columns) if c.field == field}
        for i in range(len(columns)):
            self.setColumnHidden(i, i in out)

    def choose(self, index: QModelIndex) -> None:
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(index)


__all__ = ["GroupedHeader", "PinnedTable"]
