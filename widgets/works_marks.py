"""What the works' views have in common: their four states' marks, and the word for simulated data."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from console.domain.states import State
from console.look import Look
from widgets.painted import PaintedView
from widgets.symbols import draw_state

LEVELS = {"unknown": State.NO_DATA, "normal": State.NORMAL, "attention": State.WATCH, "alarm": State.GUARANTEED}
TOKENS = {"unknown": "text.dim", "normal": "text", "attention": "state.watch", "alarm": "state.guaranteed"}
SHAPES = {"unknown": "—", "normal": "○", "attention": "◇", "alarm": "■"}


def draw_mark(painter: QPainter, look: Look, state: str, centre: QPointF, radius: float) -> None:
    """Draw a state's mark; a state of a newer version is drawn as unknown."""
    draw_state(painter, look, LEVELS.get(state, State.NO_DATA), centre, radius)


def simulated_words(look: Look) -> str:
    return look.tr("模拟数据，仅供演练")


def draw_simulated(painter: QPainter, look: Look, right_top: QPointF) -> float:
    """Draw the chip that names simulated data, its right upper corner there; return its width."""
    painter.save()
    painter.setFont(look.font("small_px"))
    text = simulated_words(look)
    metrics = painter.fontMetrics()
    width = metrics.horizontalAdvance(text) + 14.0
    box = QRectF(right_top.x() - width, right_top.y(), width, metrics.height() + 4.0)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.color("drill"))
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(look.color("ink.light"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()
    return width


class SimulatedChip(PaintedView):
    """The same chip as a small view of its own, for heads made of widgets."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        look.changed.connect(self._resize)
        self._resize()

    def _resize(self) -> None:
        metrics = QFontMetricsF(self.look.font("small_px"))
        self.setFixedSize(round(metrics.horizontalAdvance(simulated_words(self.look))) + 18, round(metrics.height()) + 8)
        self.setAccessibleName(simulated_words(self.look))

    def paint(self, painter: QPainter) -> None:
        draw_simulated(painter, self.look, QPointF(self.width() - 1.0, 1.0))
