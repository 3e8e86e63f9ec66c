"""Rain on the map: filled isohyets, Thiessen polygons, what each basin had."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

from console.domain.geo import mercator_y
from console.domain.rain import BOUNDS_24H, TOKENS
from console.domain.time import stamp
from console.look import Look
from console.viewdata.map import RainField
from widgets.map_base import to_pixels
from widgets.map_projection import MapFrame

FILL = 105  # of 255: rivers and names stay readable through it
AMOUNTS_KM = 320.0  # in a closer view the gauges carry their own amounts


class RainDrape:
    """Paths in (lon, −Mercator y) are made once per field."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self.field: RainField | None = None
        self._bands: list[tuple[str, QPainterPath]] = []
        self._cells: list[tuple[QPainterPath, float, QPointF]] = []
        self._outlines = QPainterPath()

    def show(self, field: RainField | None) -> None:
        self.field = field
        self._bands, self._cells, self._outlines = [], [], QPainterPath()
        if field is None:
            return
        for band in field.bands:
            path = QPainterPath()
            for area in band.rings:
                for ring in area:
                    path.addPolygon(_polygon(ring))
            self._bands.append((band.token, path))
        for ring, mm in field.cells:
            path = QPainterPath()
            path.addPolygon(_polygon(ring))
            self._cells.append((path, mm, path.boundingRect().center()))
        for ring in field.outlines:
            self._outlines.addPolygon(_polygon(ring))

    def draw(self, painter: QPainter, frame: MapFrame, shown: dict[str, int]) -> None:
        """Draw what is switched on of "isohyets" and "thiessen", as see-through as asked."""
        if self.field is None or not ({"isohyets", "thiessen"} & set(shown)):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setTransform(to_pixels(frame), combine=True)
        if "isohyets" in shown:
            for token, path in self._bands:
                painter.fillPath(path, self._look.color(token, round(FILL * shown["isohyets"] / 100)))
                painter.strokePath(path, _line(self._look, token, 1.0))
        if "thiessen" in shown:
            painter.setOpacity(shown["thiessen"] / 100)
            for path, _mm, _centre in self._cells:
                painter.strokePath(path, _line(self._look, "text.dim", 1.0))
        painter.strokePath(self._outlines, _line(self._look, "text.dim", 1.6, Qt.PenStyle.DashLine))
        painter.restore()

    def amounts(self, painter: QPainter, frame: MapFrame, shown: dict[str, int], taken: Sequence[QRect]) -> None:
        """Write each polygon's rain where nothing else is written; a number cut by a label would be another number."""
        if "thiessen" not in shown or frame.width_km <= AMOUNTS_KM:
            return
        painter.setFont(self._look.font("small_px"))
        painter.setPen(self._look.color("text"))
        transform = to_pixels(frame)
        for path, mm, centre in self._cells:
            box = transform.mapRect(path.boundingRect())
            if box.width() > 46 and box.height() > 22:
                at = transform.map(centre)
                place = QRect(round(at.x()) - 22, round(at.y()) - 9, 44, 18)
                if not any(place.intersects(t) for t in taken):
                    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, f"{mm:.1f}")

    def legend(self, painter: QPainter, right: float, top: float) -> QRect:
        """Draw the grades, the window, and the basins' means with how many gauges they rest on; return the box it took."""
        field = self.field
        if field is None:
            return QRect()
        look = self._look
        painter.setFont(look.font("small_px"))
        metrics = painter.fontMetrics()
        line = metrics.height() + 4
        head = self._head(field)
        means = self._means(field)
        width = max(metrics.horizontalAdvance(t) for t in [head, *means]) + 20
        width = max(width, 6 * 44 + 20)
        box = QRectF(right - width - 10, top, width, line * (len(means) + 1) + 46)
        painter.fillRect(box, look.color("panel", 225))
        painter.setPen(look.color("line"))
        painter.drawRect(box)
        painter.setPen(look.color("text"))
        painter.drawText(QPointF(box.left() + 10, box.top() + line - 2), head)
        step = (box.width() - 20) / len(TOKENS)
        for i, token in enumerate(TOKENS):
            part = QRectF(box.left() + 10 + i * step, box.top() + line + 4, step, 10)
            painter.fillRect(part, look.color(token))
            painter.setPen(look.color("text.dim"))
            place = QRectF(part.left(), part.bottom() + 1, step, line)
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft, f"{BOUNDS_24H[i]:g}")
        y = box.top() + 2 * line + 20
        for text in means:
            painter.setPen(look.color("text"))
            painter.drawText(QPointF(box.left() + 10, y), text)
            y += line
        return box.toAlignedRect()

    def _means(self, field: RainField) -> list[str]:
        return [self._mean(a) for a in field.areas] or [self._look.tr(field.said or "没有雨量数据")]

    def _head(self, field: RainField) -> str:
        """Return which hours the colours stand for, and for how long nothing came since."""
        tr = self._look.tr
        said = f"{field.hours:.3g} h {tr('雨量')} mm · {tr('至')} {stamp(field.until_t)}"
        if field.ahead:
            return f"{said}（{tr('没有雨量预报')}）"
        return f"{said}（{tr('此后缺报')} {field.silent_h:.0f} h）" if field.silent_h >= 1 else said

    def strip(self, painter: QPainter, right: float, bottom: float) -> QRect:
        """Draw the grades and the window in one line, for a map with no room for more; return the box it took.

        Where no gauge said anything there are no colours to be explained, and the line says that.
        """
        field = self.field
        if field is None:
            return QRect()
        look = self._look
        painter.setFont(look.font("small_px"))
        metrics = painter.fontMetrics()
        silent = not field.areas and not field.bands
        head = f"{self._head(field)} · {self._means(field)[0]}" if silent else self._head(field)
        cell = 0.0 if silent else float(max(metrics.horizontalAdvance(f"{b:g}") for b in BOUNDS_24H) + 8)
        width = min(metrics.horizontalAdvance(head) + 18 + cell * len(TOKENS), right - 16)
        box = QRectF(right - width - 8, bottom - metrics.height() - 4, width, metrics.height() + 4)
        painter.fillRect(box, look.color("panel", 225))
        painter.setPen(look.color("text"))
        room = int(width - 12 - cell * len(TOKENS))
        said = metrics.elidedText(head, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QPointF(box.left() + 6, box.top() + metrics.ascent() + 2), said)
        x = box.right() - cell * len(TOKENS)
        for bound, token in zip(BOUNDS_24H, TOKENS, strict=False) if cell else ():
            part = QRectF(x, box.top(), cell, box.height())
            painter.fillRect(part, look.color(token))
            dark = look.color(token).lightnessF() < 0.6
            painter.setPen(look.color("ink.light" if dark else "ink.dark"))
            painter.drawText(part, int(Qt.AlignmentFlag.AlignCenter), f"{bound:g}")
            x += cell
        return box.toAlignedRect()

    def _mean(self, area: tuple[str, float, int, int, float]) -> str:
        name, mm, used, missing, share = area
        tr = self._look.tr
        least = "" if share >= 0.95 else "≥"
        gauges = f"{used} {tr('站')}" + (f"，{tr('缺')} {missing}" if missing else "")
        return f"{name} {tr('面雨量')} {least}{mm:.1f}（{gauges}）"


def _polygon(ring: NDArray[np.float64]) -> QPolygonF:
    points = np.column_stack([ring[:, 0], -mercator_y(ring[:, 1])])
    return QPolygonF([QPointF(x, y) for x, y in points.tolist()])


def _line(look: Look, token: str, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    pen = QPen(look.color(token), width, style)
    pen.setCosmetic(True)
    return pen
