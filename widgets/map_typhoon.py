"""Typhoons on the map: the track so far, wind circles now, the forecast and its likely area."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

from console.domain.geo import mercator_y
from console.domain.time import stamp
from console.domain.typhoons import grade_of
from console.look import Look
from console.viewdata.map import TyphoonPoint, TyphoonView
from widgets.map_projection import MapFrame

CIRCLES = {7: "state.watch", 10: "state.flood_limit", 12: "state.guaranteed"}
KM_PER_DEGREE = 111.32


def circle_path(point: TyphoonPoint, radii_km: Sequence[float], frame: MapFrame) -> QPainterPath:
    """Return a wind circle of four quadrants (NE SE SW NW, km) in the frame's pixels."""
    angles = np.radians(np.arange(0, 361, 3))
    quadrant = (np.floor(np.degrees(angles) / 90).astype(int)) % 4
    radius = np.array(radii_km, float)[quadrant]
    lat = point.lat + radius * np.cos(angles) / KM_PER_DEGREE
    lon = point.lon + radius * np.sin(angles) / (KM_PER_DEGREE * math.cos(math.radians(point.lat)))
    x, y = frame.to_pixels(lon, mercator_y(lat))
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]))
    return path


def draw_typhoons(painter: QPainter, look: Look, frame: MapFrame, typhoons: Sequence[TyphoonView]) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for one in typhoons:
        _cone(painter, look, frame, one)
        _circles(painter, look, frame, one)
        _track(painter, look, frame, one)
        _words(painter, look, frame, one)
    painter.restore()


def _place(frame: MapFrame, point: TyphoonPoint) -> QPointF:
    x, y = frame.to_pixels(np.asarray(point.lon), mercator_y(point.lat))
    return QPointF(float(x), float(y))


def _cone(painter: QPainter, look: Look, frame: MapFrame, one: TyphoonView) -> None:
    if len(one.cone) < 3:
        return
    ring = np.array(one.cone, float)
    x, y = frame.to_pixels(ring[:, 0], mercator_y(ring[:, 1]))
    polygon = QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])
    painter.setPen(QPen(look.color("text.dim"), 1, Qt.PenStyle.DashLine))
    painter.setBrush(look.color("text.dim", 40))
    painter.drawPolygon(polygon)


def _circles(painter: QPainter, look: Look, frame: MapFrame, one: TyphoonView) -> None:
    if one.now is None:
        return
    for force, radii in one.now.radii_km:
        color = look.color(CIRCLES.get(force, "text.dim"))
        painter.setPen(QPen(color, 1.4))
        painter.setBrush(look.color(CIRCLES.get(force, "text.dim"), 36))
        path = circle_path(one.now, radii, frame)
        painter.drawPath(path)
        box = path.boundingRect()
        if box.width() > 60:
            painter.setFont(look.font("small_px"))
            painter.drawText(QPointF(box.center().x() - 12, box.top() - 3), f"{force} {look.tr('级')}")


def _track(painter: QPainter, look: Look, frame: MapFrame, one: TyphoonView) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    past = [*one.track, *([one.now] if one.now else [])]
    for points, style in ((past, Qt.PenStyle.SolidLine), ([*past[-1:], *one.ahead], Qt.PenStyle.DashLine)):
        painter.setPen(QPen(look.color("text"), 1.6, style))
        painter.drawPolyline(QPolygonF([_place(frame, p) for p in points]))
    painter.setPen(QPen(look.color("panel"), 1))
    for point in [*past, *one.ahead]:
        painter.setBrush(look.color(grade_of(point.wind_ms)[0]))
        painter.drawEllipse(_place(frame, point), 4, 4)


def _words(painter: QPainter, look: Look, frame: MapFrame, one: TyphoonView) -> None:
    now = one.now
    if now is None:
        return
    at, tr = _place(frame, now), look.tr
    painter.setPen(QPen(look.color(grade_of(now.wind_ms)[0]), 2.4))
    painter.setBrush(look.color("panel"))
    painter.drawEllipse(at, 8, 8)
    wind = f"{now.wind_ms:.0f} m/s" if now.wind_ms is not None else "—"
    lines = [f"{one.name} {tr(grade_of(now.wind_ms)[1])} {wind}", f"{stamp(now.t)} {now.word}".strip()]
    painter.setFont(look.font("small_px"))
    metrics = painter.fontMetrics()
    width = max(metrics.horizontalAdvance(t) for t in lines) + 12
    left = at.x() + 14 if at.x() + 14 + width < frame.width else at.x() - 14 - width
    box = QRectF(left, at.y() - metrics.height() - 4, width, 2 * metrics.height() + 8)
    painter.fillRect(box, look.color("panel", 225))
    for i, text in enumerate(lines):
        painter.setPen(look.color("text" if i == 0 else "text.dim"))
        painter.drawText(QPointF(box.left() + 6, box.top() + metrics.ascent() + 3 + i * metrics.height()), text)
