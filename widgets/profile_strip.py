"""The ground along a line drawn on the map: elevation over distance, and which ground it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from console.look import Look
from widgets.painted import PaintedView

HEIGHT = 150
Waters = tuple[tuple[str, float, tuple[float, float] | None], ...]


class ProfileStrip(PaintedView):
    """distance_km (n,), elevation_m (n,) above the ground's own datum, NaN unknown. source: what ground it is.

    waters: (when, level m, (from, to) km of its connected surface, None where it is dry), the newest first.
    """

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(look, parent)
        self.setFixedHeight(round(HEIGHT * look.scale))
        self.setMouseTracking(True)
        self._km = np.empty(0)
        self._m = np.empty(0)
        self._source = ""
        self._waters: Waters = ()
        self._hover: float | None = None

    def show_profile(
        self, distance_km: NDArray[np.float64], elevation_m: NDArray[np.float64], source: str, waters: Waters = ()
    ) -> None:
        self._km, self._m, self._source, self._waters = distance_km, elevation_m, source, waters
        self._hover = None
        self.show()
        self.update()

    def _plot(self) -> QRectF:
        return QRectF(self.rect()).adjusted(56, 22, -14, -22)

    def paint(self, painter: QPainter) -> None:
        known = np.isfinite(self._m)
        if known.sum() < 2:
            self.empty(painter, self.look.tr("这条线下没有地形高程"), self.look.tr("在沙盘的工具条上可以添加自己的地形"))
            return
        look, box = self.look, self._plot()
        levels = [level for _, level, _ in self._waters]
        low, high = min([float(np.nanmin(self._m)), *levels]), max([float(np.nanmax(self._m)), *levels])
        low, high = low - 0.05 * max(high - low, 1), high + 0.05 * max(high - low, 1)
        x = box.left() + self._km / max(self._km[-1], 1e-9) * box.width()
        y = box.bottom() - (self._m - low) / (high - low) * box.height()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        at = np.flatnonzero(known)
        for piece in np.split(at, np.flatnonzero(np.diff(at) > 1) + 1):  # nothing is drawn where the ground is unknown
            line = [QPointF(a, b) for a, b in zip(x[piece].tolist(), y[piece].tolist(), strict=True)]
            path = QPainterPath(QPointF(line[0].x(), box.bottom()))
            for point in line:
                path.lineTo(point)
            path.lineTo(QPointF(line[-1].x(), box.bottom()))
            painter.fillPath(path, look.color("note", 50))
            painter.setPen(QPen(look.color("note"), 1.6))
            painter.drawPolyline(QPolygonF(line))
        self._show_waters(painter, box, low, high)
        self._axes(painter, box, low, high)
        self._reading(painter, box, x, y)

    def _show_waters(self, painter: QPainter, box: QRectF, low: float, high: float) -> None:
        """Draw each water over its surface, the newest solid; its words at the right, apart from each other."""
        painter.setFont(self.look.font("small_px"))
        tall = painter.fontMetrics().height()
        free = box.top() - tall
        for when, level, span in sorted(self._waters, key=lambda w: -w[1]):
            y = box.bottom() - (level - low) / (high - low) * box.height()
            newest = (when, level, span) == self._waters[0]
            color = self.look.color("water.surface" if newest else "curve.flow", 255 if newest else 170)
            painter.setPen(QPen(color, 2.0 if newest else 1.2, Qt.PenStyle.SolidLine if newest else Qt.PenStyle.DashLine))
            if span is not None:
                a, b = (box.left() + km / max(self._km[-1], 1e-9) * box.width() for km in span)
                painter.drawLine(QPointF(a, y), QPointF(b, y))
            text = f"{when} {level:.2f} m" + ("" if span is not None else f" {self.look.tr('低于河底')}")
            free = max(free + tall, y - 3)
            width = painter.fontMetrics().horizontalAdvance(text)
            painter.drawText(QPointF(box.right() - width, min(free, box.bottom() - 2)), text)

    def _axes(self, painter: QPainter, box: QRectF, low: float, high: float) -> None:
        look = self.look
        painter.setFont(look.font("small_px"))
        painter.setPen(look.color("text.dim"))
        for value in (low, (low + high) / 2, high):
            y = box.bottom() - (value - low) / (high - low) * box.height()
            place = QRectF(0, y - 9, box.left() - 6, 18)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{value:.0f} m")
        painter.drawText(QPointF(box.left(), box.bottom() + 16), "0")
        end = f"{self._km[-1]:.1f} km"
        painter.drawText(QPointF(box.right() - painter.fontMetrics().horizontalAdvance(end), box.bottom() + 16), end)
        painter.drawText(QPointF(box.left(), box.top() - 8), f"{look.tr('剖面')} · {self._source}")

    def _reading(self, painter: QPainter, box: QRectF, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
        if self._hover is None or not box.left() <= self._hover <= box.right():
            return
        i = int(np.abs(x - self._hover).argmin())
        if not np.isfinite(self._m[i]):
            return
        painter.setPen(QPen(self.look.color("text.dim"), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x[i], box.top()), QPointF(x[i], box.bottom()))
        text = f"{self._km[i]:.2f} km  {self._m[i]:.1f} m"
        painter.setPen(self.look.color("text"))
        width = painter.fontMetrics().horizontalAdvance(text)
        painter.drawText(QPointF(min(float(x[i]) + 6, box.right() - width), max(float(y[i]) - 6, box.top() + 10)), text)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = event.position().x()
        self.update()
