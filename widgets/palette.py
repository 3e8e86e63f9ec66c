"""Command palette: any station, reservoir or command by name, pinyin initials or code."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from console.look import Look
from console.viewdata.palette import PaletteItem, best

SHOWN = 12


class Palette(QFrame):
    """Signals:
    chosen: arg is the PaletteItem's code.
    """

    chosen = Signal(str)

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("palette")
        self.look = look
        self._items: Sequence[PaletteItem] = ()
        self._came_from: QWidget | None = None
        self.input = QLineEdit(self)
        self.input.setPlaceholderText(look.tr("站名、拼音首字母（sj → 石角）、站码或命令"))
        self.list = QListWidget(self)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self.input)
        column.addWidget(self.list, 1)
        self.input.textChanged.connect(self._search)
        self.input.installEventFilter(self)
        self.list.itemClicked.connect(self._take)
        self.hide()

    def open_with(self, items: Sequence[PaletteItem]) -> None:
        """Show over the parent's upper middle with an empty line."""
        self._items = items
        self._came_from = self.window().focusWidget()
        parent = self.parentWidget() or self
        width = min(680, parent.width() - 40)
        self.setGeometry((parent.width() - width) // 2, 56, width, 420)
        self.input.clear()
        self._search("")
        self.show()
        self.raise_()
        self.input.setFocus()

    def _close(self) -> None:
        """Hide, and put the focus back where it was."""
        before, self._came_from = self._came_from, None
        if before is not None:
            before.setFocus()
        self.hide()

    def _search(self, text: str) -> None:
        self.list.clear()
        for item in best(self._items, text, SHOWN):
            detail = self.look.tr(item.detail) if item.detail else ""
            line = QListWidgetItem(f"{item.title}    {detail}    {item.key}".rstrip())
            line.setData(Qt.ItemDataRole.UserRole, item.code)
            self.list.addItem(line)
        if self.list.count():
            self.list.setCurrentRow(0)
        else:
            self.list.addItem(self.look.tr("没有找到；试试站名的首字母"))

    def _take(self, item: QListWidgetItem | None) -> None:
        code = item.data(Qt.ItemDataRole.UserRole) if item else None
        if code:
            self._close()
            self.chosen.emit(code)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.hide()
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        key = event.key()
        if key == Qt.Key.Key_Escape:
            self._close()
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            step = 1 if key == Qt.Key.Key_Down else -1
            self.list.setCurrentRow(max(0, min(self.list.count() - 1, self.list.currentRow() + step)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(self.list.currentItem())
        else:
            return False
        return True
