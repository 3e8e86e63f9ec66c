"""One map of an inundation atlas on paper: the water over rivers and towns, with title, legend, scale and north."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QImage, QImageWriter, QPainter, QPen, QPolygonF

from console.look import Look
from console.presenters.flood import Legend
from console.viewdata.scene import SceneFlood, SceneRiver
from scenes.ground.frame import to_local

WIDE_PX, HIGH_PX = 1600, 1200
MARGIN_PX, HEAD_PX, LEGEND_PX = 30, 70, 330
ROOM = 0.12  # around what is drawn, of its longer side
RIVER = "map.river"
SCALES_KM = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
Town = tuple[str, float, float]


def draw_sheet(
    title: str, flood: SceneFlood, rows: Legend, rivers: tuple[SceneRiver, ...], towns: tuple[Town, ...], look: Look
) -> bytes:
    """Return a map as PNG; may run on a worker thread. look: for the colours of the legend, on paper."""
    image = QImage(WIDE_PX, HIGH_PX, QImage.Format.Format_RGB32)
    image.fill(look.color("panel"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(_font(look, 26, bold=True))
    painter.setPen(look.color("text"))
    painter.drawText(QRectF(MARGIN_PX, 12, WIDE_PX - 2 * MARGIN_PX, HEAD_PX - 16), Qt.AlignmentFlag.AlignVCenter, title)
    frame = QRectF(MARGIN_PX, HEAD_PX, WIDE_PX - LEGEND_PX - 2 * MARGIN_PX, HIGH_PX - HEAD_PX - MARGIN_PX)
    place = _Place(flood.box, frame)
    painter.save()
    painter.setClipRect(frame)
    _draw_rivers(painter, place, rivers, look)
    _draw_flood(painter, place, flood)
    _draw_towns(painter, place, towns, look)
    _draw_breaches(painter, place, flood, look)
    painter.restore()
    painter.setPen(QPen(look.color("text.dim"), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(frame)
    _draw_legend(painter, QPointF(frame.right() + MARGIN_PX, frame.top()), rows, look)
    _draw_scale(painter, QPointF(frame.right() + MARGIN_PX, frame.bottom() - 60), place.px_per_km, look)
    painter.end()
    store = QBuffer()
    store.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(store, QByteArray(b"png")).write(image)
    return bytes(store.data().data())


class _Place:
    """Where local kilometres lie on the sheet."""

    def __init__(self, box: tuple[float, float, float, float], frame: QRectF) -> None:
        room = ROOM * max(box[2] - box[0], box[3] - box[1])
        west, south, east, north = box[0] - room, box[1] - room, box[2] + room, box[3] + room
        self.px_per_km = min(frame.width() / (east - west), frame.height() / (north - south))
        self._middle = QPointF((west + east) / 2, (south + north) / 2)
        self._frame = frame.center()

    def at(self, x_km: float, y_km: float) -> QPointF:
        off = QPointF(x_km - self._middle.x(), self._middle.y() - y_km) * self.px_per_km
        return self._frame + off


def _draw_rivers(painter: QPainter, place: _Place, rivers: tuple[SceneRiver, ...], look: Look) -> None:
    painter.setPen(QPen(look.color(RIVER), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    for river in rivers:
        x, y = to_local(river.line[:, 0], river.line[:, 1])
        painter.drawPolyline(QPolygonF([place.at(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]))


def _draw_flood(painter: QPainter, place: _Place, flood: SceneFlood) -> None:
    rgba = np.ascontiguousarray(flood.rgba[::-1])  # row 0 is the south, an image begins in the north
    high, wide = rgba.shape[:2]
    picture = QImage(rgba.data, wide, high, 4 * wide, QImage.Format.Format_RGBA8888)
    west, south, east, north = flood.box
    painter.drawImage(QRectF(place.at(west, north), place.at(east, south)), picture)


def _draw_towns(painter: QPainter, place: _Place, towns: tuple[Town, ...], look: Look) -> None:
    painter.setFont(_font(look, 18))
    for name, lon, lat in towns:
        x, y = to_local(np.array([lon]), np.array([lat]))
        at = place.at(float(x[0]), float(y[0]))
        painter.setPen(QPen(look.color("panel"), 1))
        painter.setBrush(look.color("text"))
        painter.drawEllipse(at, 5, 5)
        painter.setPen(look.color("text"))
        painter.drawText(at + QPointF(9, 6), name)


def _draw_breaches(painter: QPainter, place: _Place, flood: SceneFlood, look: Look) -> None:
    painter.setFont(_font(look, 18, bold=True))
    red = look.color("state.guaranteed")
    for lon, lat, words in flood.breaches:
        x, y = to_local(np.array([lon]), np.array([lat]))
        at = place.at(float(x[0]), float(y[0]))
        painter.setPen(QPen(red, 3))
        painter.drawLine(at - QPointF(8, 8), at + QPointF(8, 8))
        painter.drawLine(at - QPointF(8, -8), at + QPointF(8, -8))
        painter.drawText(at + QPointF(14, -8), words)


def _draw_legend(painter: QPainter, at: QPointF, rows: Legend, look: Look) -> None:
    painter.setFont(_font(look, 18))
    for i, (_, token, text) in enumerate(rows):
        top = at + QPointF(0, 40 * i)
        painter.setPen(QPen(look.color("text.dim"), 1))
        painter.setBrush(look.color(token))
        painter.drawRect(QRectF(top.x(), top.y(), 34, 24))
        painter.setPen(look.color("text"))
        painter.drawText(QRectF(top.x() + 46, top.y() - 4, LEGEND_PX - 60, 32), Qt.AlignmentFlag.AlignVCenter, text)


def _draw_scale(painter: QPainter, at: QPointF, px_per_km: float, look: Look) -> None:
    km = max((s for s in SCALES_KM if s * px_per_km <= LEGEND_PX - 80), default=SCALES_KM[0])
    long = km * px_per_km
    painter.setPen(QPen(look.color("text"), 3))
    painter.drawLine(at, at + QPointF(long, 0))
    for end in (at, at + QPointF(long, 0)):
        painter.drawLine(end - QPointF(0, 7), end + QPointF(0, 7))
    painter.setFont(_font(look, 18))
    painter.drawText(at + QPointF(0, 34), f"{km:g} km")
    north = at + QPointF(LEGEND_PX - 70, 8)
    painter.setBrush(look.color("text"))
    arrow = ((0, -46), (11, 0), (0, -11), (-11, 0))
    painter.drawPolygon(QPolygonF([north + QPointF(x, y) for x, y in arrow]))
    painter.drawText(north + QPointF(-7, 26), "N")


def _font(look: Look, px: int, *, bold: bool = False) -> QFont:
    font = QFont(look.family)
    font.setPixelSize(px)
    font.setBold(bold)
    return font
