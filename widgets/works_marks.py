"""What the works' views have in common: their five states' marks, and the word for simulated data."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QIcon, QPainter, QPen, QPixmap

from console.domain.states import State
from console.look import Look
from widgets.painted import PaintedView
from widgets.symbols import draw_state

LEVELS = {"unknown": State.NO_DATA, "normal": State.NORMAL, "attention": State.WATCH, "alarm": State.GUARANTEED}
TOKENS = {
    "unknown": "text.dim",
    "normal": "text",
    "attention": "state.watch",
    "doubtful": "state.warning",
    "alarm": "state.guaranteed",
}
SHAPES = {"unknown": "—", "normal": "○", "attention": "◇", "doubtful": "[?]", "alarm": "■"}


def draw_mark(painter: QPainter, look: Look, state: str, centre: QPointF, radius: float) -> None:
    """Draw a state's mark; a state of a newer version is drawn as unknown."""
    if state == "doubtful":
        _draw_doubtful(painter, look, centre, radius)
        return
    draw_state(painter, look, LEVELS.get(state, State.NO_DATA), centre, radius)


def _draw_doubtful(painter: QPainter, look: Look, centre: QPointF, radius: float) -> None:
    """Draw a framed question mark: a reading far off, but most likely the instrument's."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    color = look.color(TOKENS["doubtful"])
    side = 1.8 * radius
    box = QRectF(centre.x() - side / 2, centre.y() - side / 2, side, side)
    painter.setPen(QPen(color, 1.4))
    painter.setBrush(look.color("panel"))
    painter.drawRoundedRect(box, 2, 2)
    font = look.font(bold=True)
    font.setPixelSize(max(7, round(1.7 * radius)))
    painter.setFont(font)
    painter.setPen(color)
    painter.drawText(box.adjusted(-4, -6, 4, 6), Qt.AlignmentFlag.AlignCenter, "?")
    painter.restore()


def mark_icon(look: Look, state: str) -> QIcon:
    """Return a state's mark in its own colour, for a button whose text keeps the colour of text."""
    size = round(16 * look.scale)
    picture = QPixmap(QSize(2 * size, 2 * size))
    picture.setDevicePixelRatio(2.0)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    draw_mark(painter, look, state, QPointF(size / 2, size / 2), 0.42 * size)
    painter.end()
    return QIcon(picture)


def chosen_style(look: Look) -> str:
    """Return the style of a pair of modes: the chosen one is underlined and bold, not only shaded."""
    line = f"border-bottom: 2px solid {look.color('accent').name()};"
    return (
        "QPushButton { padding: 2px 6px; border-radius: 0px; border-bottom: 2px solid transparent; }"
        f"QPushButton:checked {{ {line} font-weight: bold; }}"
    )


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
