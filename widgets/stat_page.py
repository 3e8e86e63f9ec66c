"""Figures of the shown window or of a measured range, each with how it was found."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from console.look import Look
from console.viewdata.curve_tools import StatBox, StatLine
from widgets.plain import PlainLabel

MARGINS_PX = 40.0  # both margins, the gap and the scroll bar
SLACK = 1.1


class StatPage(QWidget):
    """Signals:
    threshold_typed: the flow over which the volume is counted, as typed; "" for the warning flow.
    """

    threshold_typed = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.box: StatBox | None = None
        self._rows: list[tuple[PlainLabel, PlainLabel, PlainLabel]] = []
        self.title = self._label("dim")
        self.notes = self._label("dim")
        inside = QWidget(self)
        self._list = QVBoxLayout(inside)
        self._list.setContentsMargins(8, 2, 8, 4)
        self._list.setSpacing(1)
        self._list.addStretch(1)
        area = QScrollArea(self)
        area.setObjectName("flat")
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        self.threshold = QLineEdit(self)
        self.threshold.setMaxLength(12)
        self.threshold.setPlaceholderText(look.tr("警戒流量"))
        self.threshold.setAccessibleName(look.tr("超量洪量的起算流量"))
        self.threshold.editingFinished.connect(lambda: self.threshold_typed.emit(self.threshold.text()))
        row = QHBoxLayout()
        row.setContentsMargins(8, 2, 8, 4)
        row.addWidget(self._label("dim", look.tr("起算流量")))
        row.addWidget(self.threshold, 1)
        row.addWidget(self._label("dim", "m³/s"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 0)
        column.setSpacing(2)
        self.title.setContentsMargins(8, 0, 8, 0)
        self.notes.setContentsMargins(8, 0, 8, 0)
        column.addWidget(self.title)
        column.addWidget(area, 1)
        column.addWidget(self.notes)
        column.addLayout(row)
        self.notes.hide()

    def _label(self, name: str = "", text: str = "") -> PlainLabel:
        label = PlainLabel(text, self)
        label.setObjectName(name)
        label.setWordWrap(True)
        return label

    def show_box(self, box: StatBox) -> None:
        if box == self.box:
            return
        self.box = box
        self.title.setText(box.title)
        while len(self._rows) < len(box.lines):
            self._grow()
        for row, line in zip(self._rows, [*box.lines, *[None] * len(self._rows)], strict=False):
            self._fill(row, line)
        self.notes.setText("；".join(box.notes))
        self.notes.setVisible(bool(box.notes))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.box is not None and event.size().width() != event.oldSize().width():
            box, self.box = self.box, None
            self.show_box(box)

    def say(self, text: str) -> None:
        """Say what is wrong with what was typed."""
        self.notes.setText(text)
        self.notes.setVisible(bool(text))

    def _grow(self) -> None:
        word, value, note = self._label("dim"), self._label(), self._label("dim")
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setWordWrap(False)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(word, 1)
        row.addWidget(value)
        last = self._list.count() - 1
        self._list.insertLayout(last, row)
        self._list.insertWidget(last + 1, note)
        self._rows.append((word, value, note))

    def _fill(self, row: tuple[PlainLabel, PlainLabel, PlainLabel], line: StatLine | None) -> None:
        texts = ("", "", "")
        if line is not None and self._fits(line):
            texts = (f"{line.word}  {line.note}".rstrip(), line.text, "")
        elif line is not None:
            texts = (line.word, line.text, line.note)
        for label, text in zip(row, texts, strict=True):
            label.setText(text)
            label.setVisible(bool(text))

    def _fits(self, line: StatLine) -> bool:
        """Tell whether the note has room beside the word."""
        small, large = QFontMetricsF(self.look.font("small_px")), QFontMetricsF(self.look.font())
        room = (self.width() if self.isVisible() else 250 * self.look.scale) - MARGINS_PX
        wanted = small.horizontalAdvance(f"{line.word}  {line.note}") + large.horizontalAdvance(line.text)
        return wanted * SLACK <= room

    def texts(self) -> list[str]:
        """Return what is shown, line by line."""
        return [f"{w.text()} {v.text()} {n.text()}".strip() for w, v, n in self._rows if w.text()]
