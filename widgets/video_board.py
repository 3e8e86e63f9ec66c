"""The wall of tiles: one, four, nine or sixteen cameras, page by page, and a patrol's results."""

from __future__ import annotations

from collections.abc import Sequence

import qtawesome
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from console.look import Look
from widgets.facts_table import Cell, FactsTable
from widgets.painted import Guard
from widgets.plain import PlainLabel, plain_tip
from widgets.video_tile import VideoTile

LAYOUTS = (1, 4, 9, 16)


class VideoBoard(QWidget):
    """Signals:
    layout_chosen: arg is the number of tiles. page_turned: −1 or +1.
    focus_requested: a tile is to be shown alone; arg is its camera, "" to go back.
    snapshot_requested: (camera, name that signs). patrol_toggled: start or stop.
    results_logged: the name that signs. sight_changed: the board came into sight or left it.
    """

    layout_chosen = Signal(int)
    page_turned = Signal(int)
    focus_requested = Signal(str)
    snapshot_requested = Signal(str, str)
    patrol_toggled = Signal()
    results_logged = Signal(str)
    sight_changed = Signal(bool)

    def __init__(self, look: Look, operator: str, titles: Sequence[str], widths: Sequence[int], *, large: bool) -> None:
        super().__init__()
        self.look = look
        self._fault: Guard | None = None
        self.tiles: list[VideoTile] = []
        self.count = self._columns = 0
        self._grid_page = QWidget(self)
        self._grid = QGridLayout(self._grid_page)
        self._grid.setContentsMargins(4, 4, 4, 4)
        self._grid.setSpacing(4)
        self.results = FactsTable(look, titles, widths, "还没有巡检结果。按“巡检”逐路查看全部摄像头")
        self.results.table.setAccessibleName(look.tr("巡检结果"))
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._grid_page)
        self._stack.addWidget(self.results)
        self._head = self._make_head(operator)
        self._head.setVisible(not large)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addWidget(self._stack, 1)
        self.arrange(4)

    def _make_head(self, operator: str) -> QWidget:
        look = self.look
        head = QWidget(self)
        row = QHBoxLayout(head)
        row.setContentsMargins(6, 3, 6, 0)
        row.setSpacing(4)
        self.layouts = QButtonGroup(self)
        for n, icon in zip(LAYOUTS, ("square-outline", "view-grid-outline", "grid", "dots-grid"), strict=True):
            button = self._flat(f"mdi6.{icon}", f"{n} {look.tr('路')}")
            button.setCheckable(True)
            self.layouts.addButton(button, n)
            row.addWidget(button)
        self.layouts.idClicked.connect(self.layout_chosen)
        self.back = self._flat("mdi6.chevron-left", look.tr("上一页"))
        self.page = PlainLabel("", head)
        self.page.setObjectName("dim")
        self.forth = self._flat("mdi6.chevron-right", look.tr("下一页"))
        self.back.clicked.connect(lambda: self.page_turned.emit(-1))
        self.forth.clicked.connect(lambda: self.page_turned.emit(1))
        self.patrol = QPushButton(look.tr("巡检"), head)
        self.patrol.setToolTip(plain_tip(look.tr("逐路查看全部摄像头，记下正常、冻结、离线")))
        self.patrol.clicked.connect(self.patrol_toggled)
        self.show_results = self._flat("mdi6.format-list-checks", look.tr("巡检结果"))
        self.show_results.setCheckable(True)
        self.show_results.toggled.connect(self._turn)
        self.name = QLineEdit(operator, head)
        self.name.setMaxLength(60)
        self.name.setPlaceholderText(look.tr("姓名"))
        self.name.setAccessibleName(look.tr("姓名"))
        self.name.setFixedWidth(round(84 * look.scale))
        self.snapshot = QPushButton(look.tr("截图存日志"), head)
        self.snapshot.setToolTip(plain_tip(look.tr("把选中一路的画面连同时间、地点存为值班日志的附件（S）")))
        self.snapshot.clicked.connect(lambda: self._ask_snapshot(self.current))
        self.log = QPushButton(look.tr("结果存日志"), head)
        self.log.clicked.connect(lambda: self.results_logged.emit(self.name.text()))
        self.log.hide()
        self.counts = PlainLabel("", head)
        self.counts.setObjectName("meta")
        self.said = PlainLabel("", head)
        self.said.setObjectName("dim")
        for left in (self.back, self.page, self.forth, self.patrol, self.show_results, self.counts):
            row.addWidget(left)
        row.addWidget(self.said, 1)
        for right in (self.name, self.snapshot, self.log):
            row.addWidget(right)
        return head

    def _flat(self, icon: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("flat")
        button.setIcon(qtawesome.icon(icon, color=self.look.color("text.dim"), color_on=self.look.color("accent")))
        button.setToolTip(plain_tip(tip))
        button.setAccessibleName(tip)
        return button

    # --- faults of the tiles reach the panel that holds the board --------------------------------
    @property
    def on_fault(self) -> Guard | None:
        return self._fault

    @on_fault.setter
    def on_fault(self, guard: Guard | None) -> None:
        self._fault = guard
        for tile in self.tiles:
            tile.on_fault = guard

    # --- what is shown ---------------------------------------------------------------------------
    def arrange(self, count: int) -> None:
        """Lay out count tiles (1, 4, 9, 16); tiles are kept, not built again."""
        if count == self.count:
            return
        while len(self.tiles) < count:
            tile = VideoTile(self.look)
            tile.on_fault = self._fault
            tile.focus_requested.connect(self.focus_requested)
            tile.snapshot_requested.connect(self._ask_snapshot)
            self.tiles.append(tile)
        for tile in self.tiles[count:]:
            tile.show_view(None)
        self.count, self._columns = count, 0
        self._place()

    def _place(self) -> None:
        """Put the tiles into as many columns as make their pictures largest."""
        head = 0 if self._head.isHidden() else self._head.sizeHint().height()
        columns = best_columns(self.count, self.width(), self.height() - head)
        if columns == self._columns:
            return
        self._columns = columns
        for n, tile in enumerate(self.tiles):
            self._grid.removeWidget(tile)
            if n < self.count:
                self._grid.addWidget(tile, n // columns, n % columns)
            tile.setVisible(n < self.count)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def show_choice(self, layout: int, page: str, *, turning: bool) -> None:
        """Show which layout and page are on; turning: there is more than one page."""
        button = self.layouts.button(layout)
        if button is not None:
            button.setChecked(True)
        self.page.setText(page)
        for widget in (self.back, self.page, self.forth):
            widget.setVisible(turning)

    def show_patrol(self, *, running: bool, possible: bool, rows: Sequence[Sequence[Cell]], said: str) -> None:
        self.patrol.setText(self.look.tr("停止巡检") if running else self.look.tr("巡检"))
        self.patrol.setEnabled(possible or running)
        self.results.show_rows(rows)
        self.log.setEnabled(bool(rows) and not running)
        if said:
            self.said.setText(said)

    def show_counts(self, text: str) -> None:
        self.counts.setText(text)

    def say(self, text: str) -> None:
        self.said.setText(text)
        self.said.setToolTip(plain_tip(text))

    def open_results(self, on: bool) -> None:
        self.show_results.setChecked(on)

    def _turn(self, results: bool) -> None:
        self._stack.setCurrentIndex(1 if results else 0)
        self.snapshot.setVisible(not results)
        self.log.setVisible(results)

    @property
    def current(self) -> str:
        """The camera whose tile has the focus, else the first one shown."""
        shown = [t for t in self.tiles[: self.count] if t.view is not None and t.view.code]
        chosen = next((t for t in shown if t.hasFocus()), shown[0] if shown else None)
        return chosen.view.code if chosen is not None and chosen.view is not None else ""

    def _ask_snapshot(self, code: str) -> None:
        if code:
            self.snapshot_requested.emit(code, self.name.text())

    # --- gestures ---------------------------------------------------------------------------------
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.focus_requested.emit("")
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.sight_changed.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.sight_changed.emit(False)


def best_columns(count: int, width: int, height: int) -> int:
    """Return the columns in which count pictures of 16:9, each with two lines of text, become largest."""

    def size(columns: int) -> tuple[float, int]:
        rows = -(-count // columns)
        return min(width / columns / 16, max(1.0, height / rows - 44) / 9), -abs(columns - rows)

    return max((c for c in range(1, count + 1) if count % c == 0), key=size)
