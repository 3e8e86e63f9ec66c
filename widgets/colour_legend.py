"""A line of words in the colours of the curves that they name."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QWidget

from console.look import Look
from widgets.plain import PlainLabel


class ColourLegend(QWidget):
    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(12)

    def show_words(self, words: Sequence[tuple[str, str]]) -> None:
        """Show (text, colour token) side by side."""
        while self._row.count():
            item = self._row.takeAt(0)
            if item is not None and (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for text, token in words:
            label = PlainLabel(text, self)
            label.setFont(self.look.font("small_px"))
            label.setStyleSheet(f"color: {self.look.color(token).name()}")
            self._row.addWidget(label)
            label.show()  # at once: a picture may be taken before the loop runs again
        self._row.addStretch(1)
