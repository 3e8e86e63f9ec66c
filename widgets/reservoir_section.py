"""A reservoir cut open: its marks to scale, the water behind the dam; large on the card, small in rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QLinearGradient, QPainter, QPainterPath, QPen

from console.look import Look
from console.viewdata.reservoir import MARK_TOKENS, MARK_WORDS, Mark

BANK = 0.16  # share of the pool's width that the bank takes


@dataclass(frozen=True, slots=True)
class LevelScale:
    """Levels in metres to pixels from top to bottom."""

    low_m: float
    high_m: float
    top: float
    bottom: float

    def y(self, level_m: float) -> float:
        return self.bottom - (level_m - self.low_m) / (self.high_m - self.low_m) * (self.bottom - self.top)


def scale_of(marks: Sequence[Mark], level_m: float | None, top: float, bottom: float) -> LevelScale | None:
    """Return a scale that holds every mark and the water, with water under the lowest; None for nothing."""
    known = [m.level_m for m in marks] + ([level_m] if level_m is not None else [])
    if not known:
        return None
    span = max(max(known) - min(known), 1.0)
    return LevelScale(min(known) - 0.30 * span, max(known) + 0.10 * span, top, bottom)


def spread(wanted: Sequence[float], step: float, top: float, bottom: float) -> list[float]:
    """Return places near the wanted ones (ascending), at least a step apart and inside top..bottom."""
    places: list[float] = []
    for y in wanted:
        places.append(max(y, places[-1] + step) if places else max(y, top))
    limit = bottom
    for i in range(len(places) - 1, -1, -1):
        places[i] = min(places[i], limit)
        limit = places[i] - step
    return places


def free_place(surface: float, height: float, lines: Sequence[float], top: float, bottom: float) -> float:
    """Return the top of a text of that height: under the surface, else over it, else the nearest gap between lines.

    Where no gap is high enough it stands under the surface, and lines have to give way.
    """
    below = min(surface + 4, bottom - height)
    edges = sorted([top, *(y for y in lines if top < y < bottom), surface, bottom])
    gaps = [(a + 3, b - 3 - height) for a, b in pairwise(edges) if b - a >= height + 6]
    wanted = [below, surface - height - 4]
    for place in wanted:
        if any(low - 1 <= place <= high + 1 for low, high in gaps):
            return place
    nearest = [min(max(below, low), high) for low, high in gaps]
    return min(nearest, key=lambda y: abs(y - surface), default=below)


def mark_label(look: Look, mark: Mark) -> str:
    """Return a mark's word and level; a figure nobody vouches for says so."""
    doubt = look.tr("（未核实）") if mark.unverified else ""
    return f"{look.tr(MARK_WORDS[mark.kind])} {mark.level_m:.2f}{doubt}"


def shade(look: Look, top: float, bottom: float, stale: bool) -> QLinearGradient:
    fill = QLinearGradient(0, top, 0, bottom)
    fill.setColorAt(0, look.color("water", 120 if stale else 255))
    fill.setColorAt(1, look.color("water.deep", 120 if stale else 255))
    return fill


def draw_level_bar(
    painter: QPainter, look: Look, box: QRectF, marks: Sequence[Mark], level_m: float | None, *, stale: bool = False
) -> None:
    """Draw an upright bar with the water in it and a tick for each mark; nothing known is an empty dotted frame."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    scale = scale_of(marks, level_m, box.top(), box.bottom())
    frame = QPen(look.color("line.strong"), 1, Qt.PenStyle.DotLine if level_m is None else Qt.PenStyle.SolidLine)
    if scale is not None and level_m is not None:
        y = scale.y(level_m)
        painter.fillRect(QRectF(box.left(), y, box.width(), box.bottom() - y), shade(look, y, box.bottom(), stale))
        painter.setPen(QPen(look.color("water.surface"), 1.6, Qt.PenStyle.DashLine if stale else Qt.PenStyle.SolidLine))
        painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
    painter.setPen(frame)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box)
    if scale is not None:
        for mark in marks:
            strong = mark.kind == "flood_limit"
            painter.setPen(QPen(look.color(MARK_TOKENS[mark.kind]), 2.2 if strong else 1.2))
            y = scale.y(mark.level_m)
            painter.drawLine(QPointF(box.left() - (4 if strong else 1), y), QPointF(box.right() + (6 if strong else 4), y))
    painter.restore()


def draw_pool(painter: QPainter, look: Look, body: QRectF, dam_x: float, level_y: float | None, *, stale: bool) -> float:
    """Draw bank, water and dam; return where the water begins at its surface (the bank's foot without water)."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    foot = body.left() + (dam_x - body.left()) * BANK
    edge = foot
    if level_y is not None:
        edge = body.left() + (foot - body.left()) * (level_y - body.top()) / max(1.0, body.height())
        water = QPainterPath(QPointF(edge, level_y))
        for x, y in ((dam_x, level_y), (dam_x, body.bottom()), (foot, body.bottom())):
            water.lineTo(x, y)
        water.closeSubpath()
        painter.fillPath(water, shade(look, level_y, body.bottom(), stale))
        style = Qt.PenStyle.DashLine if stale else Qt.PenStyle.SolidLine
        painter.setPen(QPen(look.color("water.surface"), 2, style))
        painter.drawLine(QPointF(edge, level_y), QPointF(dam_x, level_y))
    painter.setPen(QPen(look.color("line.strong"), 1.4))
    painter.drawLine(QPointF(body.left(), body.top()), QPointF(foot, body.bottom()))
    painter.drawLine(QPointF(foot, body.bottom()), QPointF(dam_x, body.bottom()))
    dam = QPainterPath(QPointF(dam_x, body.top()))
    for dx, y in ((8, body.top()), (8, body.top() + body.height() * 0.2), (24, body.bottom()), (0, body.bottom())):
        dam.lineTo(dam_x + dx, y)
    dam.closeSubpath()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.color("concrete"))
    painter.drawPath(dam)
    painter.restore()
    return edge


def draw_arrow(painter: QPainter, look: Look, start: QPointF, length: float, token: str) -> None:
    """Draw an arrow to the right."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(look.color(token), 2))
    end = start + QPointF(length, 0)
    painter.drawLine(start, end - QPointF(4, 0))
    head = QPainterPath(end)
    head.lineTo(end + QPointF(-8, -4.5))
    head.lineTo(end + QPointF(-8, 4.5))
    head.closeSubpath()
    painter.fillPath(head, look.color(token))
    painter.restore()
