"""How the station table paints its state symbols and sparklines."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from console.domain.freshness import breaks_line
from console.domain.states import TOKENS, State
from console.look import Look
from console.viewdata.board import Row
from widgets.station_model import Index, Role, StationTableModel
from widgets.symbols import draw_state


class RowDelegate(QStyledItemDelegate):
    """Draws the state symbol and the sparkline; other cells are plain text."""

    def __init__(self, look: Look, parent: QObject) -> None:
        super().__init__(parent)
        self.look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width() + 14, self.look.px("row_px"))

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """A selected row keeps the colours that carry its state."""
        super().initStyleOption(option, index)
        ink = index.data(Role.ForegroundRole)
        if ink is not None:
            palette = option.palette
            palette.setColor(palette.ColorRole.HighlightedText, ink)
            option.palette = palette

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        model = index.model()
        if not isinstance(model, StationTableModel):
            return
        field = model.columns[index.column()].field
        if field not in ("state", "spark"):
            return
        row = model.row(index.row())
        box: QRect = option.rect
        if field == "state":
            centre = QPointF(box.center().x(), box.center().y() + 1)
            draw_state(painter, self.look, row.state, centre, 7, stale=row.stale)
        else:
            draw_spark(painter, self.look, QRectF(box).adjusted(6, 5, -6, -5), row, model.moments.moment)
        state: QStyle.StateFlag = option.state
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(self.look.color("accent"))
            painter.drawRect(box.adjusted(0, 0, -1, -1))


def draw_spark(painter: QPainter, look: Look, box: QRectF, row: Row, moment: float) -> None:
    """Draw the last 24 h; gaps stay open, rain hangs as bars, the warning level is dashed when in range."""
    main = row.main
    t, v = (main.recent_t, main.recent_v) if main else (np.empty(0, np.int64), np.empty(0))
    painter.save()
    if main is None or len(t) < 2 or row.stale:
        painter.setPen(QPen(look.color("curve.gap"), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(box.left(), box.center().y()), QPointF(box.right(), box.center().y()))
    if main is not None and len(t) >= 2 and np.isfinite(v).any():
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x = box.left() + (t - moment + 86400) / 86400 * box.width()  # what is silent leaves its end open
        if main.element == "P":
            _bars(painter, look, box, x, v)
        else:
            limit = row.station.threshold("warning", moment, main.element)
            _line(painter, look, box, row, (t, x, v), limit.value if limit else None)
    painter.restore()


def _bars(painter: QPainter, look: Look, box: QRectF, x: np.ndarray, v: np.ndarray) -> None:
    top = max(float(np.nanmax(v)), 5.0)
    width = max(1.0, box.width() / 24 - 1)
    for a, mm in zip(x.tolist(), v.tolist(), strict=True):
        if math.isfinite(mm) and mm > 0:
            height = mm / top * box.height()
            bar = QRectF(a - width, box.bottom() - height, width, height)
            painter.fillRect(bar.intersected(box), look.color("curve.rain"))


def _line(
    painter: QPainter,
    look: Look,
    box: QRectF,
    row: Row,
    points: tuple[np.ndarray, np.ndarray, np.ndarray],
    limit: float | None,
) -> None:
    t, x, v = points
    low, high = float(np.nanmin(v)), float(np.nanmax(v))
    span = max(high - low, 0.05)
    y = box.bottom() - (v - low) / span * box.height()
    if limit is not None and low < limit < high:
        level = box.bottom() - (limit - low) / span * box.height()
        painter.setPen(QPen(look.color("state.warning", 150), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(box.left(), level), QPointF(box.right(), level))
    token = TOKENS[row.state] if row.state >= State.WARNING else "state.normal"
    painter.setPen(QPen(look.color(token), 1.3))
    interval_s = row.main.interval_s if row.main else 3600
    start = 0
    for i in range(1, len(t) + 1):
        if i == len(t) or breaks_line(t[i] - t[i - 1], interval_s) or not math.isfinite(v[i]):
            run = [QPointF(a, b) for a, b in zip(x[start:i].tolist(), y[start:i].tolist(), strict=True) if math.isfinite(b)]
            painter.drawPolyline(QPolygonF(run))
            start = i
