"""State symbols: shape and colour together, so that neither is needed alone."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap

from console.domain.rain import TOKENS as RAIN_TOKENS
from console.domain.states import TOKENS, State
from console.look import Look


def shape_path(state: State, centre: QPointF, radius: float) -> QPainterPath:
    """Return the outline of a state's shape."""
    path = QPainterPath()
    x, y = centre.x(), centre.y()
    if state in (State.WARNING, State.FLOOD_LIMIT):
        points = [(x, y - radius), (x + radius, y + 0.8 * radius), (x - radius, y + 0.8 * radius)]
    elif state is State.GUARANTEED:
        path.addRect(QRectF(x - 0.8 * radius, y - 0.8 * radius, 1.6 * radius, 1.6 * radius))
        return path
    elif state is State.WATCH:
        points = [(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)]
    elif state is State.RECORD:
        points = [
            (
                x + (radius * 1.15 if i % 2 == 0 else radius * 0.5) * math.sin(i * math.pi / 5),
                y - (radius * 1.15 if i % 2 == 0 else radius * 0.5) * math.cos(i * math.pi / 5),
            )
            for i in range(10)
        ]
    else:
        path.addEllipse(centre, radius * 0.72, radius * 0.72)
        return path
    path.moveTo(*points[0])
    for point in points[1:]:
        path.lineTo(*point)
    path.closeSubpath()
    return path


def draw_state(painter: QPainter, look: Look, state: State, centre: QPointF, radius: float, *, stale: bool = False) -> None:
    """Draw a state symbol; hollow for normal, dashed for no data, dimmed ring when stale."""
    color = look.color(TOKENS[state])
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    stale = stale and state is not State.NO_DATA
    hollow = state in (State.NORMAL, State.NO_DATA, State.UNJUDGED, State.WARNING, State.WATCH)
    pen = QPen(color, 1.6)
    if state is State.NO_DATA:
        pen.setStyle(Qt.PenStyle.DotLine)
    painter.setPen(pen)
    fill = QColor(look.color("panel")) if hollow else color
    if stale:
        painter.setOpacity(0.55)
    painter.setBrush(fill)
    painter.drawPath(shape_path(state, centre, radius))
    if state is State.UNJUDGED:  # a ring with a point: something is read, nothing is known of it
        painter.setBrush(color)
        painter.drawEllipse(centre, radius * 0.16, radius * 0.16)
    if stale:
        painter.setOpacity(1.0)
        painter.setPen(QPen(look.color("state.stale"), 1.4))
        painter.drawLine(centre + QPointF(-radius, radius), centre + QPointF(radius, -radius))
    painter.restore()


def draw_reservoir(painter: QPainter, look: Look, state: State, centre: QPointF, radius: float) -> None:
    """Draw a reservoir mark: a bowl with a water line in the state's colour."""
    x, y, r = centre.x(), centre.y(), radius
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    known = state is not State.NO_DATA
    color = look.color("map.river") if state is State.NORMAL else look.color(TOKENS[state])
    path = QPainterPath(QPointF(x - r, y - 0.6 * r))
    for dx, dy in ((1, -0.6), (0.35, 0.7), (-0.35, 0.7)):
        path.lineTo(x + dx * r, y + dy * r)
    path.closeSubpath()
    pen = QPen(color, 1.5)
    if not known:
        pen.setStyle(Qt.PenStyle.DotLine)
    painter.setPen(pen)
    painter.setBrush(color if known and state > State.NORMAL else look.color("panel"))
    painter.drawPath(path)
    painter.restore()


def draw_rain(painter: QPainter, look: Look, grade: int | None, centre: QPointF, radius: float) -> None:
    """Draw a gauge: a drop filled with the colour of its grade; hollow for no rain, dotted for no data."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(look.color("state.normal" if grade is not None else "state.nodata"), 1.2)
    if grade is None:
        pen.setStyle(Qt.PenStyle.DotLine)
    painter.setPen(pen)
    painter.setBrush(look.color(RAIN_TOKENS[grade - 1]) if grade else look.color("panel"))
    path = QPainterPath(centre + QPointF(0, -radius))
    path.cubicTo(
        centre + QPointF(radius * 1.1, radius * 0.2), centre + QPointF(radius * 0.6, radius), centre + QPointF(0, radius)
    )
    path.cubicTo(
        centre + QPointF(-radius * 0.6, radius), centre + QPointF(-radius * 1.1, radius * 0.2), centre + QPointF(0, -radius)
    )
    painter.drawPath(path)
    painter.restore()


def draw_square(painter: QPainter, look: Look, state: State, centre: QPointF, radius: float, *, stale: bool = False) -> None:
    """Draw an object that is no water station: a small square in calm, the state's own shape when it matters."""
    if state >= State.WATCH:
        draw_state(painter, look, state, centre, radius, stale=stale)
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(look.color(TOKENS[state]), 1.3)
    if state is State.NO_DATA:
        pen.setStyle(Qt.PenStyle.DotLine)
    painter.setPen(pen)
    painter.setBrush(look.color("panel"))
    r = radius * 0.62
    painter.drawRect(QRectF(centre.x() - r, centre.y() - r, 2 * r, 2 * r))
    painter.restore()


def draw_mark(
    painter: QPainter, look: Look, symbol: str, state: State, centre: QPointF, radius: float, *, stale: bool = False
) -> None:
    """Draw the symbol that a topic declares; rain.N carries its grade, rain.- is without data."""
    if symbol.startswith("rain"):
        grade = symbol.partition(".")[2]
        draw_rain(painter, look, int(grade) if grade.isdigit() else None, centre, radius)
    elif symbol == "reservoir":
        draw_reservoir(painter, look, state, centre, radius * 1.1)
    elif symbol in ("square", "gate"):
        draw_square(painter, look, state, centre, radius, stale=stale)
    else:
        draw_state(painter, look, state, centre, radius, stale=stale)


class SymbolAtlas:
    """Station symbols drawn once per theme and pixel ratio, then only copied."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._made: dict[tuple[object, ...], QPixmap] = {}
        look.changed.connect(self._made.clear)

    def pixmap(self, kind: str, state: State, stale: bool, size: int, ratio: float) -> QPixmap:
        key = (kind, state, stale, size, ratio)
        if key not in self._made:
            picture = QPixmap(round(size * ratio), round(size * ratio))
            picture.setDevicePixelRatio(ratio)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            centre = QPointF(size / 2, size / 2)
            draw_mark(painter, self._look, kind, state, centre, size * 0.36, stale=stale)
            painter.end()
            self._made[key] = picture
        return self._made[key]
