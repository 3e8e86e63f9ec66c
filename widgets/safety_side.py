"""Figures beside the safety chart: state, residual, quality of the fit, and the share of each cause."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from console.domain.elements import signed
from console.look import Look
from console.viewdata.works import SafetyView
from widgets.painted import PaintedView
from widgets.works_marks import draw_mark

CAUSE_TOKENS = ("curve.flow", "curve.outflow", "text.dim", "curve.rain")


class SafetySide(PaintedView):
    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._view: SafetyView | None = None
        look.changed.connect(self._resize)
        self._resize()

    def _resize(self) -> None:
        self.setFixedWidth(round(252 * self.look.scale))

    def show_view(self, view: SafetyView | None) -> None:
        self._view = view
        self.update()

    def paint(self, painter: QPainter) -> None:
        view = self._view
        if view is None:
            return
        look = self.look
        box = QRectF(self.rect()).adjusted(10, 8, -10, -6)
        painter.setFont(look.font("small_px"))
        metrics = painter.fontMetrics()
        lines = len(view.rows) + (1 if view.s else 0) + (len(view.causes) + 2 if view.causes else 0)
        line = max(metrics.height() - 3, min(metrics.height() + 4, int(box.height() / max(1, lines))))
        names = max((metrics.horizontalAdvance(n) for n, _, _ in view.rows), default=0) + 12
        y = box.top() + metrics.ascent()
        for i, (name, text, token) in enumerate(view.rows):
            if y > box.bottom():
                return
            painter.setPen(look.color("text.dim"))
            painter.drawText(QPointF(box.left(), y), name)
            at = box.left() + names
            if i == 0:
                draw_mark(painter, look, view.state, QPointF(at + 6, y - metrics.ascent() / 2 + 1), 6)
                at += 18
            painter.setPen(look.color(token))
            painter.drawText(QPointF(at, y), metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(box.right() - at)))
            y += line
        if view.s:
            y = self._bands(painter, QPointF(box.left(), y), view) + line
        if view.causes:
            self._causes(painter, QRectF(box.left(), y - metrics.ascent() + 4, box.width(), box.bottom() - y), view, line)

    def _bands(self, painter: QPainter, at: QPointF, view: SafetyView) -> float:
        """Name the bands of the chart; return the baseline used."""
        look, x = self.look, at.x()
        metrics = painter.fontMetrics()
        for k, token, word in (
            (view.attention, "state.watch", look.tr("关注")),
            (view.alarm, "state.guaranteed", look.tr("超限")),
        ):
            painter.setPen(QPen(look.color(token), 1.4, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, at.y() - metrics.ascent() / 2 + 1), QPointF(x + 16, at.y() - metrics.ascent() / 2 + 1))
            text = f"±{k:g}σ {word}"
            painter.setPen(look.color("text.dim"))
            painter.drawText(QPointF(x + 20, at.y()), text)
            x += 34 + metrics.horizontalAdvance(text)
        return at.y()

    def _causes(self, painter: QPainter, box: QRectF, view: SafetyView, line: int) -> None:
        look = self.look
        metrics = painter.fontMetrics()
        painter.setPen(look.color("text.dim"))
        painter.drawText(QPointF(box.left(), box.top() + metrics.ascent()), look.tr("各因素影响（相对率定均值）"))
        most = max((abs(v) for _, v in view.causes if abs(v) < 1e9), default=0.0) or 1.0
        middle = box.left() + box.width() * 0.78
        half = box.width() * 0.22 - 2
        y = box.top() + line + 3.0
        painter.setPen(QPen(look.color("line.strong"), 1))
        painter.drawLine(QPointF(middle, y - 2), QPointF(middle, y + len(view.causes) * line))
        for i, (name, value) in enumerate(view.causes):
            painter.setPen(look.color("text"))
            text = f"{name} {signed(value, view.decimals)}"
            room = int(middle - half - box.left() - 4)
            painter.drawText(
                QPointF(box.left(), y + metrics.ascent()), metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(room, 60))
            )
            length = half * max(-1.0, min(1.0, value / most))
            bar = QRectF(middle, y + 3, length, metrics.height() - 6).normalized()
            painter.fillRect(bar, look.color(CAUSE_TOKENS[i % len(CAUSE_TOKENS)]))
            y += line
