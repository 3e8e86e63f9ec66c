"""Live station table: topics above, filter in words, saved views, pinned names, grouped columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from console.look import Look
from console.viewdata.board import Row
from console.viewdata.filter_sentence import NotUnderstood
from console.viewdata.filter_words import WORDS, Ground, read_filter
from console.viewdata.table import TableView
from widgets.pinned_table import PinnedTable
from widgets.plain import PlainLabel
from widgets.station_cells import RowDelegate
from widgets.station_model import StationTableModel
from widgets.topic_tabs import TopicTabs
from widgets.view_picker import ViewPicker

FILTER_MS = 150


NOBODY = "这一类没有测站"
EMPTY = "还没有测站：与中心同步后列在这里；没有网络时可在 运维 · 离线包 里导入离线包"


class StationTable(QWidget):
    """Signals:
    selected: the user chose a row; arg is the object's code.
    topic_chosen: another topic is wanted; arg is its code, "" for all.
    back_requested: Escape in the rows: back to everything.
    """

    selected = Signal(str)
    topic_chosen = Signal(str)
    back_requested = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.model = StationTableModel(look, self)
        self._view = TableView((), ())
        self._quiet = False
        self.tabs = TopicTabs(look, self)
        self.tabs.chosen.connect(self.topic_chosen)
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText(look.tr("筛选：站名、河流，或 超警且上涨、距警戒>-0.5、英德50km内、石角上游"))
        self.filter.setAccessibleName(look.tr("筛选"))
        self.filter.setClearButtonEnabled(True)
        self.filter.installEventFilter(self)
        self._typed = QTimer(self, singleShot=True, interval=FILTER_MS)
        self._typed.timeout.connect(self._filter)
        self.filter.textChanged.connect(lambda: self._typed.start())
        self.views = ViewPicker(look, self)
        self.said = PlainLabel("", self)
        self.said.setObjectName("warn")
        self.said.setWordWrap(True)
        self.said.hide()
        self.table = PinnedTable(look, self.model, self)
        for table in (self.table, self.table.pinned):
            table.setItemDelegate(RowDelegate(look, table))
            header = table.horizontalHeader()
            header.sortIndicatorChanged.connect(self._sorted)
        self.table.setAccessibleName(look.tr("测站表"))
        self.table.installEventFilter(self)
        self.table.selectionModel().currentRowChanged.connect(self._chosen)
        self._lay_out()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        line.addWidget(self.filter, 1)
        line.addWidget(self.views)
        stack = QVBoxLayout(self)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(0)
        stack.addWidget(self.tabs)
        stack.addLayout(line)
        stack.addWidget(self.said)
        stack.addWidget(self.table, 1)

    def show_controls(self, on: bool) -> None:
        """A wall shows the rows alone."""
        self.table.compact = not on
        for widget in (self.tabs, self.filter, self.views):
            widget.setVisible(on)

    # --- data -----------------------------------------------------------------------------
    def show_view(self, view: TableView) -> None:
        self._quiet = True
        self._view = view
        self.tabs.show_tabs(view.tabs, view.topic)
        self.model.set_view(view)
        if self.filter.text():
            self._filter()
        elif not view.rows:
            self.complain(self.look.tr(NOBODY if view.everything else EMPTY))
        elif self.said.text() in (self.look.tr(EMPTY), self.look.tr(NOBODY)):
            self.complain("")
        self._quiet = False

    def show_selected(self, code: str | None) -> None:
        place = self.model.place_of(code) if code else None
        self._quiet = True
        if place is None:
            self.table.clearSelection()
        elif self.table.currentIndex().row() != place:
            name = next((i for i, c in enumerate(self.model.columns) if c.field == "name"), 0)
            self.table.choose(self.model.index(place, name))
        self._quiet = False

    # --- gestures -------------------------------------------------------------------------
    def _chosen(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid() and not self._quiet:
            self.selected.emit(self.model.row(current.row()).code)

    def _sorted(self, column: int, order: Qt.SortOrder) -> None:
        self.model.sort(column, order)
        for table in (self.table, self.table.pinned):
            header = table.horizontalHeader()
            if (header.sortIndicatorSection(), header.sortIndicatorOrder()) != (column, order):
                header.blockSignals(True)
                header.setSortIndicator(column, order)
                header.blockSignals(False)
                header.update()

    def sort_by(self, field: str, order: Qt.SortOrder) -> None:
        """Sort by a field, "" for the order of danger."""
        column = next((i for i, c in enumerate(self.model.columns) if c.field == field), -1)
        self.table.horizontalHeader().setSortIndicator(column, order)

    def set_filter(self, words: str) -> None:
        """Set the filter as if it had been typed, at once."""
        self.filter.setText(words)
        self._typed.stop()
        self._filter()

    def _filter(self) -> None:
        ground = Ground(self._view.everything or self._view.rows, self._view.rivers, self._view.moments)
        fits: Callable[[Row], bool] | None = None
        try:
            fits = read_filter(self.filter.text(), ground)
        except NotUnderstood as exc:
            self.said.setText(str(exc))
            self.said.show()
            return
        self.model.set_filter(fits)
        found = self.model.rowCount()
        empty = fits is not None and not found
        said = f"{self.look.tr('没有符合的站')}；{self.look.tr('不认识的词按站名、河流、地市查找；可用')} {'、'.join(WORDS)}"
        self.said.setText(said if empty else "")
        self.said.setVisible(empty)

    def complain(self, text: str) -> None:
        """Say what did not work, until the filter is used again."""
        self.said.setText(text)
        self.said.setVisible(bool(text))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """In the filter line Escape clears it and Down goes to the rows; in the rows Escape goes back to everything."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        if watched is self.table and event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Backspace):
            self.back_requested.emit()
            return True
        if watched is self.filter:
            if event.key() == Qt.Key.Key_Escape and self.filter.text():
                self.set_filter("")
                return True
            if event.key() == Qt.Key.Key_Down:
                self.table.setFocus()
                return True
        return super().eventFilter(watched, event)

    def rows_shown(self) -> Sequence[Row]:
        return self.model.rows()
