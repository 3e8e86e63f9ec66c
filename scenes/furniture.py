"""What stands on the picture's glass: compass, scale bar, cursor readout, legend, what the ground is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen, QPolygonF

from console.look import Look
from scenes.camera import OrbitCamera
from scenes.palette import surface

COMPASS_PX = 48
PAD = 8


@dataclass(frozen=True, slots=True)
class LegendRow:
    """symbol: band, line, box, ring, dash, arrow. token: its colour."""

    symbol: str
    token: str
    text: str


def compass_box(width: int) -> QRect:
    return QRect(width - COMPASS_PX - 10, 12, COMPASS_PX, COMPASS_PX)


def paint_compass(painter: QPainter, look: Look, width: int, heading: float) -> None:
    """Draw north; a click there turns the view to it."""
    box = compass_box(width)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(look.font("small_px"))
    metrics = painter.fontMetrics()
    centre = QPointF(box.center())
    painter.setPen(QPen(look.color("line.strong"), 1))
    painter.setBrush(look.color("panel", 215))
    painter.drawEllipse(centre, 23, 23)
    painter.translate(centre)
    painter.rotate(-heading)
    painter.setBrush(look.color("text"))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawPolygon(QPolygonF([QPointF(0, -18), QPointF(5, 1), QPointF(-5, 1)]))
    painter.setPen(look.color("text"))
    painter.drawText(QPointF(-metrics.horizontalAdvance("北") / 2, 15), "北")
    painter.restore()


def scale_bar(km_per_pixel: float, most_px: int = 180) -> tuple[float, str]:
    """Return the length (pixels) and the words of a bar of a round length."""
    room = km_per_pixel * most_px
    power = 10.0 ** math.floor(math.log10(max(1e-6, room)))
    km = next(k * power for k in (5, 2, 1) if k * power <= room)
    return km / km_per_pixel, f"{km:g} km" if km >= 1 else f"{km * 1000:.0f} m"


def paint_scale(painter: QPainter, look: Look, right: int, bottom: int, camera: OrbitCamera, height: int) -> None:
    """Draw the scale at the place looked at; elsewhere a picture in perspective has another."""
    length, words = scale_bar(camera.km_per_pixel(height))
    painter.setFont(look.font("small_px"))
    metrics = painter.fontMetrics()
    text = f"{words} · {look.tr('画面中心处')}"
    wide = max(round(length), metrics.horizontalAdvance(text)) + 2 * PAD
    box = QRect(right - wide, bottom - metrics.height() - 14, wide, metrics.height() + 14)
    painter.fillRect(box, look.color("panel", 200))
    painter.setPen(look.color("text"))
    painter.drawText(box.left() + PAD, box.top() + metrics.ascent() + 2, text)
    y = box.bottom() - 5
    painter.setPen(QPen(look.color("text"), 2))
    painter.drawLine(box.left() + PAD, y, box.left() + PAD + round(length), y)
    for x in (box.left() + PAD, box.left() + PAD + round(length)):
        painter.drawLine(x, y - 4, x, y)


def note_box(look: Look, left: int, bottom: int, lines: Sequence[tuple[str, str]], most: int) -> QRect:
    """Return where paint_note writes."""
    metrics = QFontMetrics(look.font("small_px"))
    texts = [metrics.elidedText(text, Qt.TextElideMode.ElideRight, most - 2 * PAD) for text, _ in lines if text]
    if not texts:
        return QRect()
    tall = len(texts) * (metrics.height() + 1) + 6
    return QRect(left, bottom - tall, max(metrics.horizontalAdvance(text) for text in texts) + 2 * PAD, tall)


def legend_box(look: Look, left: int, top: int, rows: Sequence[LegendRow]) -> QRect:
    """Return where paint_legend draws."""
    if not rows:
        return QRect()
    metrics = QFontMetrics(look.font("small_px"))
    wide = max(metrics.horizontalAdvance(r.text) for r in rows) + 30 + 2 * PAD
    return QRect(left, top, wide, len(rows) * (metrics.height() + 3) + 8)


def paint_note(painter: QPainter, look: Look, left: int, bottom: int, lines: Sequence[tuple[str, str]], most: int) -> QRect:
    """Write lines (words, colour token) on one plate that ends at bottom; too long ones are cut with dots."""
    painter.setFont(look.font("small_px"))
    metrics = painter.fontMetrics()
    texts = [(metrics.elidedText(text, Qt.TextElideMode.ElideRight, most - 2 * PAD), token) for text, token in lines if text]
    if not texts:
        return QRect()
    box = note_box(look, left, bottom, lines, most)
    painter.fillRect(box, look.color("panel", 215))
    for i, (text, token) in enumerate(texts):
        painter.setPen(look.color(token))
        painter.drawText(box.left() + PAD, box.top() + 3 + metrics.ascent() + i * (metrics.height() + 1), text)
    return box


def paint_legend(painter: QPainter, look: Look, left: int, top: int, rows: Sequence[LegendRow]) -> QRect:
    """Draw the signs of what is drawn now and nothing else."""
    if not rows:
        return QRect()
    painter.save()
    painter.setFont(look.font("small_px"))
    metrics = painter.fontMetrics()
    tall = metrics.height() + 3
    box = legend_box(look, left, top, rows)
    painter.fillRect(box, look.color("panel", 205))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for i, row in enumerate(rows):
        y = box.top() + 4 + i * tall
        middle = y + tall // 2
        x = box.left() + PAD
        color = surface(look, row.token)
        if row.symbol in ("line", "dash"):
            style = Qt.PenStyle.DashLine if row.symbol == "dash" else Qt.PenStyle.SolidLine
            painter.setPen(QPen(color, 3 if row.symbol == "line" else 2, style))
            painter.drawLine(x, middle, x + 20, middle)
        elif row.symbol == "ring":
            painter.setPen(QPen(color, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(x + 10, middle), 8, 4)
        elif row.symbol == "arrow":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawPolygon(QPolygonF([QPointF(x + 4, middle - 4), QPointF(x + 16, middle), QPointF(x + 4, middle + 4)]))
        elif row.symbol == "box":
            painter.fillRect(QRect(x + 7, y + 3, 6, tall - 6), color)
        else:
            painter.fillRect(QRect(x, y + 3, 20, tall - 6), color)
        painter.setPen(look.color("text"))
        painter.drawText(x + 30, y + metrics.ascent() + 1, row.text)
    painter.restore()
    return box
