"""Around the map: scale bar, north, legend of what is shown, credit, time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen, QPolygonF

from console.domain.states import TOKENS as STATE_TOKENS
from console.domain.states import State
from console.look import Look
from console.viewdata.map import MapLayerView, MapView
from widgets.map_projection import MapFrame
from widgets.symbols import draw_mark

STEPS_KM = (200, 100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1)


def scale_bar(painter: QPainter, look: Look, frame: MapFrame) -> None:
    painter.setFont(look.font("small_px"))
    metrics = painter.fontMetrics()
    for km in STEPS_KM:
        length = km / frame.km_per_pixel
        if length <= 140:
            break
    right, y = frame.width - 14, frame.height - 10
    painter.setPen(QPen(look.color("text.dim"), 1.5))
    painter.drawLine(QPointF(right - length, y), QPointF(right, y))
    for x in (right - length, right):
        painter.drawLine(QPointF(x, y - 4), QPointF(x, y))
    text = f"{km:g} km" if km >= 1 else f"{km * 1000:g} m"
    painter.drawText(QPointF(right - metrics.horizontalAdvance(text), y - 7), text)


def north(painter: QPainter, look: Look, frame: MapFrame) -> None:
    x, y = frame.width - 20.0, 34.0
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.color("text.dim"))
    painter.drawPolygon(QPolygonF([QPointF(x, y - 16), QPointF(x + 5, y), QPointF(x, y - 4), QPointF(x - 5, y)]))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setFont(look.font("small_px"))
    painter.setPen(look.color("text.dim"))
    painter.drawText(QRectF(x - 10, y - 2, 20, 18), Qt.AlignmentFlag.AlignCenter, look.tr("北"))


def credit(painter: QPainter, look: Look, frame: MapFrame, text: str) -> QRect:
    """Write whose the ground is; return the box it took."""
    painter.setFont(look.font("small_px"))
    metrics = painter.fontMetrics()
    cut = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, frame.width - 230))
    box = QRect(6, frame.height - metrics.height() - 6, metrics.horizontalAdvance(cut) + 8, metrics.height() + 2)
    painter.fillRect(box, look.color("panel", 190))
    painter.setPen(look.color("text.faint"))
    painter.drawText(10, frame.height - 8, cut)
    return box


def loud(layer: MapLayerView) -> MapLayerView:
    """Return a layer that keeps to what is over a limit, with no more signs than those."""
    over = {STATE_TOKENS[state] for state in State if state >= State.WARNING}
    return replace(layer, legend=tuple(sign for sign in layer.legend if sign[0] == "state" and sign[1] in over))


class Legend:
    """Counts and the signs of every shown layer, each sign once. box: where it lies, known before it is drawn."""

    def __init__(self, look: Look, metrics: QFontMetrics, view: MapView, shown: Sequence[MapLayerView]) -> None:
        counts, tr = view.counts, look.tr
        self._look, self._metrics = look, metrics
        self._lines = [f"{tr('站')} {counts.stations} · {tr('超限')} {counts.over} · {tr('不明')} {counts.unknown}"]
        if counts.unplaced:
            self._lines.append(f"{counts.unplaced} {tr('站无坐标，只在表中')}")
        self._signs = list(dict.fromkeys(sign for layer in shown for sign in layer.legend))
        texts = [metrics.horizontalAdvance(t) for t in self._lines]
        words = [metrics.horizontalAdvance(tr(s[2])) + 34 for s in self._signs]
        self._line = metrics.height() + 4
        self.box = QRect(10, 10, max([*texts, *words, 90]) + 20, self._line * (len(self._signs) + len(self._lines)) + 8)

    def draw(self, painter: QPainter) -> None:
        look, box = self._look, QRectF(self.box)
        painter.setFont(look.font("small_px"))
        painter.fillRect(box, look.color("panel", 225))
        painter.setPen(look.color("line"))
        painter.drawRect(box)
        y = box.top() + self._line - 2
        for text in self._lines:
            painter.setPen(look.color("text.dim"))
            painter.drawText(QPointF(box.left() + 10, y), text)
            y += self._line
        for symbol, token, word in self._signs:
            _sign(painter, look, self._metrics, QPointF(box.left(), y), symbol, token, look.tr(word))
            y += self._line


class LegendLine:
    """The signs of the shown layers side by side, for a map with no room for a box; as many as fit, in order."""

    def __init__(self, look: Look, metrics: QFontMetrics, shown: Sequence[MapLayerView], room: int) -> None:
        self._look, self._metrics = look, metrics
        self._placed: list[tuple[tuple[str, str, str], int]] = []
        x = 8
        for sign in dict.fromkeys(sign for layer in shown for sign in layer.legend):
            wide = metrics.horizontalAdvance(look.tr(sign[2])) + 36
            if x + wide > room:
                break
            self._placed.append((sign, x))
            x += wide
        self.box = QRect(6, 6, x - 4, metrics.height() + 6) if self._placed else QRect()

    def draw(self, painter: QPainter) -> None:
        if not self._placed:
            return
        look = self._look
        painter.setFont(look.font("small_px"))
        painter.fillRect(self.box, look.color("panel", 215))
        base = self.box.top() + 3 + self._metrics.ascent()
        for (symbol, token, word), x in self._placed:
            _sign(painter, look, self._metrics, QPointF(x - 6, base), symbol, token, look.tr(word))


def _sign(painter: QPainter, look: Look, metrics: QFontMetrics, at: QPointF, symbol: str, token: str, word: str) -> None:
    x, y = at.x(), at.y()
    if symbol == "swatch":
        painter.fillRect(QRectF(x + 10, y - metrics.ascent() + 2, 16, metrics.ascent() - 2), look.color(token, 190))
    elif symbol in ("line", "dashes"):
        style = Qt.PenStyle.DotLine if symbol == "dashes" else Qt.PenStyle.SolidLine
        painter.setPen(QPen(look.color(token), 2.4, style))
        painter.drawLine(QPointF(x + 10, y - 4), QPointF(x + 26, y - 4))
    elif symbol in ("dot", "square"):
        painter.setPen(QPen(look.color("panel"), 1))
        painter.setBrush(look.color(token))
        draw = painter.drawEllipse if symbol == "dot" else painter.drawRect
        draw(QRectF(x + 14, y - 8, 8, 8))
    else:
        state = next((s for s in State if f"state.{s.name.lower()}" == token.replace("nodata", "no_data")), State.NORMAL)
        draw_mark(painter, look, symbol, state, QPointF(x + 18, y - 4), 6.5)
    painter.setPen(look.color("text.dim"))
    painter.drawText(QPointF(x + 34, y), word)
