"""A table of facts with buttons below it that do something with the chosen row; and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from console.look import Look
from widgets.facts_table import Cell, FactsTable
from widgets.plain import PlainLabel


class ActedTable(QWidget):
    """actions: words of the buttons by code. whole: those that are about all rows and need none.

    Signals:
        acted: code of the button, number of the row; 0 for one that needs none.
    """

    acted = Signal(str, int)

    def __init__(
        self,
        look: Look,
        titles: Sequence[str],
        widths: Sequence[int],
        empty: str,
        actions: Mapping[str, str],
        *,
        whole: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._whole = frozenset(whole)
        self.look, self._actions = look, actions
        self.list = FactsTable(look, titles, widths, empty)
        self.model = self.list.model
        self.status = PlainLabel("", self)
        self.status.setWordWrap(True)
        self.buttons = {code: QPushButton(self) for code in actions}
        below = QHBoxLayout()
        below.setContentsMargins(8, 0, 8, 6)
        for code, button in self.buttons.items():
            button.clicked.connect(lambda _on=False, code=code: self._act(code))
            below.addWidget(button)
        below.addWidget(self.status, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list, 1)
        column.addLayout(below)
        self.list.table.clicked.connect(lambda index: self._show_whole(index.row()))
        look.changed.connect(self._reworded)
        self._reworded()

    def show_rows(self, rows: Sequence[Sequence[Cell]]) -> None:
        self.list.show_rows(rows)
        for code, button in self.buttons.items():
            button.setEnabled(bool(rows) or code in self._whole)

    def say(self, words: str, *, bad: bool = False) -> None:
        self.status.setText(words)
        self.status.setStyleSheet(f"color: {self.look.color('state.guaranteed' if bad else 'text.dim').name()}")

    def _show_whole(self, row: int) -> None:
        """Say the longest cell of a row in full: in its column it may be cut."""
        if row < len(self.model.rows):
            self.say(max((text for text, _ in self.model.rows[row]), key=len))

    def _act(self, code: str) -> None:
        chosen = self.list.table.selectionModel().selectedRows()
        if chosen or code in self._whole:
            self.acted.emit(code, chosen[0].row() if chosen else 0)
        else:
            self.say(self.look.tr("请先选一行"), bad=True)

    def _reworded(self) -> None:
        for code, button in self.buttons.items():
            button.setText(self.look.tr(self._actions[code]))
