"""The ruler of the time bar: drag to any moment, marks to jump to, the flood as a small curve."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF, QWheelEvent

from console.domain.time import BEIJING, full_stamp
from console.look import Look
from console.viewdata.timebar import TimeBarView, TimeMark
from widgets.painted import PaintedView
from widgets.plain import show_tip

STEPS_S = (3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400, 30 * 86400)
OFFSET_S = 8 * 3600


class TimeRuler(PaintedView):
    """Signals:
    time_requested: look at this moment, UTC s.
    seek_requested: move the recording's own clock there (Shift or beyond now), UTC s.
    zoom_requested: factor of the shown span.
    """

    time_requested = Signal(float)
    seek_requested = Signal(float)
    zoom_requested = Signal(float)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.view: TimeBarView | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumWidth(300)
        self.setAccessibleName(look.tr("时间轴"))

    def show_view(self, view: TimeBarView) -> None:
        self.view = view
        self.update()

    def x_of(self, t: float) -> float:
        v = self.view
        return 0.0 if v is None else (t - v.from_t) / (v.to_t - v.from_t) * self.width()

    def t_of(self, x: float) -> float:
        v = self.view
        return 0.0 if v is None else v.from_t + x / max(1, self.width()) * (v.to_t - v.from_t)

    def paint(self, painter: QPainter) -> None:
        view = self.view
        if view is None or view.to_t <= view.from_t:
            return
        self._future(painter, view)
        self._curve(painter, view)
        self._scale(painter, view)
        self._marks(painter, view)
        self._hands(painter, view)
        if self.hasFocus():
            painter.setPen(self.look.color("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _future(self, painter: QPainter, view: TimeBarView) -> None:
        x = self.x_of(view.now)
        if x < self.width():
            ahead = QRectF(max(0.0, x), 0, self.width() - max(0.0, x), self.height())
            painter.fillRect(ahead, QBrush(self.look.color("curve.gap", 50), Qt.BrushStyle.BDiagPattern))

    def _curve(self, painter: QPainter, view: TimeBarView) -> None:
        good = np.isfinite(view.curve_v)
        if good.sum() < 2:
            return
        t, v = view.curve_t[good], view.curve_v[good]
        shown = (t >= view.from_t) & (t <= view.to_t)
        if shown.sum() < 2:
            return
        t, v = t[shown], v[shown]
        low, high = float(v.min()), float(v.max())
        base, top = self.height() - 2, self.height() * 0.42
        y = base - (v - low) / max(1e-6, high - low) * (base - top)
        x = (t - view.from_t) / (view.to_t - view.from_t) * self.width()
        known = int(np.searchsorted(t, view.now, side="right"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        points = self._points(x[:known], y[:known])
        if len(points) > 1:
            area = QPolygonF([QPointF(points[0].x(), base), *points, QPointF(points[-1].x(), base)])
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.look.color("map.river", 60))
            painter.drawPolygon(area)
            painter.setPen(QPen(self.look.color("map.river"), 1.2))
            painter.drawPolyline(QPolygonF(points))
        ahead = self._points(x[max(0, known - 1) :], y[max(0, known - 1) :])
        if len(ahead) > 1:  # what lies after now is a forecast
            painter.setPen(QPen(self.look.color("forecast"), 1.4, Qt.PenStyle.DashLine))
            painter.drawPolyline(QPolygonF(ahead))

    def _points(self, x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> list[QPointF]:
        step = max(1, len(x) // max(1, self.width()))
        return [QPointF(a, b) for a, b in zip(x[::step].tolist(), y[::step].tolist(), strict=True)]

    def _scale(self, painter: QPainter, view: TimeBarView) -> None:
        span = view.to_t - view.from_t
        step = next((s for s in STEPS_S if span / s * 74 <= self.width()), STEPS_S[-1])
        painter.setFont(self.look.font("small_px"))
        t = math.ceil((view.from_t + OFFSET_S) / step) * step - OFFSET_S
        while t < view.to_t:
            x = self.x_of(t)
            moment = datetime.fromtimestamp(t, UTC).astimezone(BEIJING)
            midnight = moment.hour == 0
            painter.setPen(QPen(self.look.color("line.strong" if midnight else "line"), 1))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height() if midnight else 8))
            painter.setPen(self.look.color("text.dim" if midnight else "text.faint"))
            text = moment.strftime("%m-%d") if midnight or step >= 86400 else moment.strftime("%H:%M")
            painter.drawText(QPointF(x + 4, painter.fontMetrics().ascent() + 1), text)
            t += step

    def _marks(self, painter: QPainter, view: TimeBarView) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.look.color("panel.head"), 1))
        for mark in view.marks:
            if view.from_t <= mark.t <= view.to_t:
                painter.setBrush(self.look.color(mark.token))
                painter.drawEllipse(QPointF(self.x_of(mark.t), self.height() * 0.55), 4.5, 4.5)

    def _hands(self, painter: QPainter, view: TimeBarView) -> None:
        now_x, x = self.x_of(view.now), self.x_of(view.moment)
        painter.setPen(QPen(self.look.color("good"), 1.5, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(now_x, 0), QPointF(now_x, self.height()))
        token = "accent" if view.mode == "live" else "review"
        painter.setPen(QPen(self.look.color(token), 2))
        painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        painter.setBrush(self.look.color(token))
        painter.drawPolygon(QPolygonF([QPointF(x - 6, 0), QPointF(x + 6, 0), QPointF(x, 8)]))

    # --- hand -----------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._ask(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._ask(event)
            return
        near = self.mark_near(event.position().x())
        text = f"{full_stamp(near.t)} {near.text}" if near else full_stamp(self.t_of(event.position().x()))
        show_tip(event.globalPosition().toPoint(), text, self)

    def mark_near(self, x: float) -> TimeMark | None:
        marks = self.view.marks if self.view else ()
        near = min(marks, key=lambda m: abs(self.x_of(m.t) - x), default=None)
        return near if near is not None and abs(self.x_of(near.t) - x) < 6 else None

    def _ask(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.RightButton or self.view is None:
            return
        near = self.mark_near(event.position().x()) if event.type() == event.Type.MouseButtonPress else None
        t = float(near.t) if near else self.t_of(event.position().x())
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.seek_requested.emit(t)
        else:
            self.time_requested.emit(t)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_requested.emit(0.999 ** event.angleDelta().y())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -3600, Qt.Key.Key_Right: 3600, Qt.Key.Key_PageUp: -86400, Qt.Key.Key_PageDown: 86400}
        if self.view is not None and event.key() in step:
            self.time_requested.emit(self.view.moment + step[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)
