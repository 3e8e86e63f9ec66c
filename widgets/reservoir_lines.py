"""The figures of the reservoir card: one column, two where the panel is low, and what finds no room is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from console.domain.states import State
from console.look import Look
from console.viewdata.reservoir import Line
from widgets.symbols import draw_state
from widgets.whole_parts import whole_parts

LOWEST_PX = 17.0  # a line may be squeezed to this: the glyphs, without the font's own leading
COLUMN_PX = 205.0  # a name and a value need this
NOTE_PX = 30.0  # a note shorter than this is left to the tip
SIGN_PX = 20.0
GAP = 10.0
DASH = "—"


@dataclass(frozen=True, slots=True)
class Lead:
    """What stands before the first value: the state's sign."""

    state: State
    stale: bool


def fits_one_column(look: Look, lines: int, height: float) -> bool:
    return lines * LOWEST_PX * look.scale <= height


class LinesPainter:
    """Draws lines in a box; places holds (box, whole text) for tips."""

    def __init__(self, look: Look, lead: Lead) -> None:
        self.look = look
        self.lead = lead
        self.places: list[tuple[QRectF, str]] = []

    def draw(self, painter: QPainter, box: QRectF, lines: Sequence[Line]) -> None:
        lowest = LOWEST_PX * self.look.scale
        room = max(1, int((box.height() + 2) // lowest))
        if len(lines) <= room:
            self._column(painter, box, lines, len(lines), small=False)
            return
        columns = max(1, min(2, int(box.width() // (COLUMN_PX * self.look.scale))))
        each = min(room, -(-len(lines) // columns))
        shown = list(lines[: each * columns])
        hidden = lines[len(shown) :]
        if hidden:
            hidden = lines[len(shown) - 1 :]
            shown = shown[:-1]
        wide = (box.width() - GAP * (columns - 1)) / columns
        for i in range(columns):
            part = QRectF(box.left() + i * (wide + GAP), box.top(), wide, box.height())
            self._column(painter, part, shown[i * each : (i + 1) * each], each, small=columns > 1)
        if hidden:
            step = self._step(box.height(), each)
            last = QRectF(box.left() + (columns - 1) * (wide + GAP), box.top() + (each - 1) * step, wide, step)
            self._hidden(painter, last, hidden)

    def _step(self, height: float, rows: int) -> float:
        natural = QFontMetricsF(self.look.font()).height() + 6
        return min(natural, max(LOWEST_PX * self.look.scale, height / max(1, rows)))

    def _column(self, painter: QPainter, box: QRectF, lines: Sequence[Line], rows: int, *, small: bool) -> None:
        """Names, values and notes each begin at one place; the reason of a dash follows it."""
        if not lines:
            return
        step = self._step(box.height(), rows)
        name_font = self.look.font("small_px" if small else "base_px")
        bold = QFontMetricsF(self.look.font(bold=True))
        names = max(QFontMetricsF(name_font).horizontalAdvance(n.name) for n in lines) + 8
        values = max((self._lead(n) + bold.horizontalAdvance(n.value) for n in lines if n.value != DASH), default=0.0) + GAP
        for i, line in enumerate(lines):
            row = QRectF(box.left(), box.top() + i * step, box.width(), step)
            painter.setFont(name_font)
            painter.setPen(self.look.color("text.dim"))
            painter.drawText(QPointF(row.left(), _base(painter, row)), line.name)
            start = row.left() + names
            self._value(painter, row, start, line)
            dash = line.value == DASH
            self._note(painter, row, start + (bold.horizontalAdvance(DASH) + 6 if dash else values), line)

    def _lead(self, line: Line) -> float:
        return SIGN_PX * self.look.scale if line.lead else 0.0

    def _value(self, painter: QPainter, row: QRectF, x: float, line: Line) -> None:
        if line.lead:
            draw_state(painter, self.look, self.lead.state, QPointF(x + 7, row.center().y()), 6.5, stale=self.lead.stale)
            x += self._lead(line)
        painter.setFont(self.look.font(bold=True))
        painter.setPen(self.look.color(line.ink if line.value != DASH else "text.dim"))
        metrics = QFontMetricsF(painter.font())
        text = whole_parts(line.value, metrics, max(0.0, row.right() - x + 1))
        painter.drawText(QPointF(x, _base(painter, row)), text)
        if line.note or text != line.value:
            self.places.append((row, f"{line.name} {line.value}\n{line.note}".strip()))

    def _note(self, painter: QPainter, row: QRectF, x: float, line: Line) -> None:
        if not line.note or row.right() - x < NOTE_PX:
            return
        painter.setFont(self.look.font("small_px"))
        painter.setPen(self.look.color("text.dim"))
        metrics = QFontMetricsF(painter.font())
        painter.drawText(QPointF(x, _base(painter, row)), whole_parts(line.note, metrics, row.right() - x))

    def _hidden(self, painter: QPainter, row: QRectF, lines: Sequence[Line]) -> None:
        painter.setFont(self.look.font("small_px"))
        painter.setPen(self.look.color("state.warning"))
        text = self.look.tr("另有 {} 项：放大面板或停在此处看").format(len(lines))
        shown = QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, row.width())
        painter.drawText(QPointF(row.left(), _base(painter, row)), shown)
        self.places.append((row, "\n".join(f"{n.name} {n.value} {n.note}".strip() for n in lines)))


def _base(painter: QPainter, row: QRectF) -> float:
    metrics = QFontMetricsF(painter.font())
    return row.top() + (row.height() + metrics.ascent() - metrics.descent()) / 2
