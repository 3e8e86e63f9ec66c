"""Attachments as a row of buttons: what is about to be saved, or what a log line carries."""

from __future__ import annotations

from collections.abc import Sequence

import qtawesome
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from console.look import Look


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
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(10, 0, 10, 0)
        self._row.setSpacing(6)
        self._row.addStretch(1)
        self.hide()

    def show_items(self, items: Sequence[tuple[str, str]]) -> None:
        """Show (SHA-256, text); hidden while there is none."""
        if tuple(items) == self.items:
            return
        self.items = tuple(items)
        while self._row.count() > 1:
            taken = self._row.takeAt(0)
            if taken is not None and (old := taken.widget()) is not None:
                old.deleteLater()
        for i, (sha256, text) in enumerate(self.items):
            button = QPushButton(text.replace("&", "&&"), self)
            button.setIcon(qtawesome.icon(self._icon, color=self.look.color("text.dim")))
            button.setAccessibleName(f"{self._hint} {text}")
            button.clicked.connect(lambda _checked, s=sha256: self.pressed.emit(s))
            self._row.insertWidget(i, button)
        self.setVisible(bool(self.items))
