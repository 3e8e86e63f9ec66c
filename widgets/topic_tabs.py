"""The topics above the table, each with what is over a limit and what is unknown."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from console.look import Look
from console.viewdata.table import TopicTab
from widgets.plain import no_mnemonic, plain_tip


class TopicTabs(QWidget):
    """Signals:
    chosen: arg is the topic's code, "" for all.
    """

    chosen = Signal(str)

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.look = look
        self._tabs: tuple[TopicTab, ...] = ()
        self._buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(6, 3, 6, 3)
        self._row.setSpacing(4)
        self._row.addStretch(1)
        look.changed.connect(self._reworded)

    def show_tabs(self, tabs: Sequence[TopicTab], current: str) -> None:
        if [t.code for t in tabs] != [t.code for t in self._tabs]:
            self._build(tabs)
        self._tabs = tuple(tabs)
        self._reworded()
        if current in self._buttons:
            self._buttons[current].setChecked(True)

    def _build(self, tabs: Sequence[TopicTab]) -> None:
        for button in self._buttons.values():
            self._row.removeWidget(button)
            button.deleteLater()
        self._buttons = {}
        for place, tab in enumerate(tabs):
            button = QToolButton(self)
            button.setCheckable(True)
            button.setObjectName("topic")
            button.clicked.connect(lambda _on=False, code=tab.code: self.chosen.emit(code))
            self._group.addButton(button)
            self._row.insertWidget(place, button)
            self._buttons[tab.code] = button

    def _reworded(self) -> None:
        tr = self.look.tr
        for tab in self._tabs:
            button = self._buttons[tab.code]
            badges = (f" △{tab.over}" if tab.over else "") + (f" ◌{tab.unknown}" if tab.unknown else "")
            button.setText(no_mnemonic(f"{tr(tab.name)} {tab.total}{badges}"))
            button.setToolTip(plain_tip(f"{tr('超限')} {tab.over} · {tr('不明')} {tab.unknown}"))
