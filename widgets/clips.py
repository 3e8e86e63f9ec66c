"""Attachments as a row of buttons: what is about to be saved, or what a log line carries."""

from __future__ import annotations

from collections.abc import Sequence

import qtawesome
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QWidget

from console.look import Look

IN_A_ROW = 4
SHOWN = 44  # characters of a button


class Clips(QWidget):
    """Signals:
    pressed: arg is the file's SHA-256.
    """

    pressed = Signal(str)

    def __init__(self, look: Look, icon: str, hint: str) -> None:
        super().__init__()
        self.look = look
        self._icon = icon
        self._hint = hint
        self.items: tuple[tuple[str, str], ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(10, 0, 10, 0)
        self._grid.setSpacing(4)
        self._grid.setColumnStretch(IN_A_ROW, 1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # long names widen no window
        self.hide()

    def show_items(self, items: Sequence[tuple[str, str]]) -> None:
        """Show (SHA-256, text); hidden while there is none."""
        if tuple(items) == self.items:
            return
        self.items = tuple(items)
        while (taken := self._grid.takeAt(0)) is not None:
            if (old := taken.widget()) is not None:
                old.deleteLater()
        for i, (sha256, text) in enumerate(self.items):
            shown = text if len(text) <= SHOWN else f"{text[: SHOWN // 2]}…{text[-SHOWN // 2 :]}"
            button = QPushButton(shown.replace("&", "&&"), self)
            button.setIcon(qtawesome.icon(self._icon, color=self.look.color("text.dim")))
            button.setAccessibleName(f"{self._hint} {text}")
            button.clicked.connect(lambda _checked, s=sha256: self.pressed.emit(s))
            self._grid.addWidget(button, i // IN_A_ROW, i % IN_A_ROW)
        self.setVisible(bool(self.items))
