"""Two underwater surveys compared: where the bed sank or rose, the section at the deepest place, the alarm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen, QPolygonF

from console.domain.time import full_stamp
from console.domain.works import chainage_text
from console.look import Look
from console.viewdata.works import Scour, SectionView
from widgets.painted import PaintedView
from widgets.works_marks import TOKENS, draw_mark, draw_simulated
from widgets.works_section import ticks

Array = NDArray[np.float64]
SCOUR_TOKEN, FILL_TOKEN = "state.guaranteed", "accent"


def difference_image(look: Look, scour_m: Array, most: float) -> QImage:
    """Return the map of a change: scour red, fill blue, stronger with its size, empty where not surveyed."""
    base, red, blue = (_rgb(look.color(name)) for name in ("panel", SCOUR_TOKEN, FILL_TOKEN))
    share = np.clip(np.nan_to_num(scour_m) / most, -1, 1)[..., None]
    rgb = base + np.where(share > 0, (red - base) * share, (blue - base) * -share)
    alpha = np.where(np.isfinite(scour_m), 255, 0)[..., None]
    pixels = np.ascontiguousarray(np.concatenate([rgb, alpha], axis=-1).astype(np.uint8))
    height, width = scour_m.shape
    return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()


def _rgb(color: QColor) -> Array:
    return np.array([color.red(), color.green(), color.blue()], np.float64)


class ScourPicture(PaintedView):
    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.view: SectionView | None = None
        self._image: tuple[object, str, QImage] | None = None

    def show_view(self, view: SectionView | None) -> None:
        self.view = view
        self.update()

    def paint(self, painter: QPainter) -> None:
        view = self.view
        if view is None:
            self.empty(painter, self.look.tr("没有选中工程"))
            return
        scour = view.scour
        if scour.reason or not scour.scour_m.size:
            self.empty(painter, view.scour_says or self.look.tr("还没有水下测量"))
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top = self._words(painter, view, scour)
        box = QRectF(self.rect()).adjusted(54, top, -12, -8)
        if box.height() < 60:
            return
        upper = QRectF(box.left(), box.top(), box.width() - 74, box.height() * 0.5 - 24)
        self._map(painter, upper, scour)
        self._legend(painter, QRectF(upper.right() + 14, upper.top() + 8, 14, upper.height() - 8), scour)
        self._section(painter, QRectF(box.left(), upper.bottom() + 46, box.width(), box.bottom() - upper.bottom() - 66), scour)

    def _words(self, painter: QPainter, view: SectionView, scour: Scour) -> float:
        look = self.look
        painter.setFont(look.font("small_px"))
        metrics = painter.fontMetrics()
        draw_mark(painter, look, scour.state, QPointF(16, 8 + metrics.height() / 2), 7)
        chip = draw_simulated(painter, look, QPointF(self.width() - 10.0, 4.0)) + 10 if scour.simulated else 0.0
        painter.setPen(look.color(TOKENS.get(scour.state, "text.dim")))
        word = {
            "alarm": look.tr("冲刷超限"),
            "attention": look.tr("冲刷接近限值"),
            "normal": look.tr("冲刷在限内"),
        }.get(scour.state, look.tr("没有限值，不作判断"))
        painter.drawText(
            QPointF(30, 6 + metrics.ascent()),
            metrics.elidedText(word, Qt.TextElideMode.ElideRight, int(self.width() - 44 - chip)),
        )
        area = QRectF(30, 10 + metrics.height(), self.width() - 44, 2 * metrics.height())
        flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop
        painter.setPen(look.color("text"))
        used = painter.boundingRect(area, int(flags), view.scour_says)
        painter.drawText(area, int(flags), view.scour_says)
        painter.setPen(look.color("text.dim"))
        y = max(used.bottom(), 26.0) + metrics.ascent() + 2
        times = f"{full_stamp(scour.times[0])} → {full_stamp(scour.times[1])} · {scour.method}".rstrip(" ·")
        painter.drawText(QPointF(30, y), metrics.elidedText(times, Qt.TextElideMode.ElideRight, self.width() - 44))
        return y + metrics.descent() + 6

    def _most(self, scour: Scour) -> float:
        known = np.abs(scour.scour_m[np.isfinite(scour.scour_m)])
        return max(float(known.max()) if len(known) else 0.0, 0.1)

    def _map(self, painter: QPainter, box: QRectF, scour: Scour) -> None:
        look = self.look
        painter.fillRect(box, QBrush(look.color("curve.gap", 110), Qt.BrushStyle.BDiagPattern))
        if self._image is None or self._image[:2] != (id(scour), look.theme):
            self._image = (id(scour), look.theme, difference_image(look, scour.scour_m, self._most(scour)))
        painter.drawImage(box, self._image[2])
        painter.setPen(QPen(look.color("line.strong"), 1))
        painter.drawRect(box)
        painter.setFont(look.font("small_px"))
        metrics = painter.fontMetrics()
        x0, x1, y0, y1 = scour.x_m[0], scour.x_m[-1], scour.y_m[0], scour.y_m[-1]
        painter.setPen(look.color("text.dim"))
        last = -1e9
        for x in ticks(float(x0), float(x1), 6):
            text = chainage_text(x)
            at = box.left() + (x - x0) / (x1 - x0) * box.width() - metrics.horizontalAdvance(text) / 2
            if at > last and at + metrics.horizontalAdvance(text) < box.right() + 20:
                painter.drawText(QPointF(at, box.bottom() + metrics.ascent() + 3), text)
                last = at + metrics.horizontalAdvance(text) + 10
        for y in ticks(float(y0), float(y1), max(2, int(box.height() / 30))):
            text = f"{y:g}"
            at = box.top() + (y - y0) / (y1 - y0) * box.height() + metrics.ascent() / 2 - 1
            painter.drawText(QPointF(box.left() - 6 - metrics.horizontalAdvance(text), at), text)
        place = QPointF(
            box.left() + (scour.chainage_m - x0) / (x1 - x0) * box.width(),
            box.top() + (scour.offset_m - y0) / (y1 - y0) * box.height(),
        )
        painter.setPen(QPen(look.color("text"), 1.6))
        painter.drawLine(place - QPointF(7, 0), place + QPointF(7, 0))
        painter.drawLine(place - QPointF(0, 7), place + QPointF(0, 7))
        painter.setPen(QPen(look.color("text"), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(place.x(), box.top()), QPointF(place.x(), box.bottom()))
        painter.save()
        painter.translate(12, box.center().y())
        painter.rotate(-90)
        painter.setPen(look.color("text.dim"))
        text = look.tr("离轴 m")
        painter.drawText(QPointF(-metrics.horizontalAdvance(text) / 2, 4), text)
        painter.restore()

    def _legend(self, painter: QPainter, box: QRectF, scour: Scour) -> None:
        look, most = self.look, self._most(scour)
        steps = max(2, int(box.height()))
        for i in range(steps):
            share = 1 - 2 * i / (steps - 1)
            color = QColor(look.color(SCOUR_TOKEN if share > 0 else FILL_TOKEN, round(255 * abs(share))))
            painter.fillRect(
                QRectF(box.left(), box.top() + i * box.height() / steps, box.width(), box.height() / steps + 1), color
            )
        painter.setPen(QPen(look.color("line.strong"), 1))
        painter.drawRect(box)
        painter.setFont(look.font("small_px"))
        metrics = painter.fontMetrics()
        painter.setPen(look.color("text.dim"))
        for part, text in ((0.0, f"{look.tr('冲')} {most:.1f}"), (0.5, "0"), (1.0, f"{look.tr('淤')} {most:.1f}")):
            painter.drawText(QPointF(box.right() + 5, box.top() + part * box.height() + metrics.ascent() / 2 - 1), text)
        if scour.limit_m is not None and scour.limit_m < most:
            y = box.top() + box.height() * (1 - scour.limit_m / most) / 2
            painter.setPen(QPen(look.color("text"), 1.6))
            painter.drawLine(QPointF(box.left() - 4, y), QPointF(box.right() + 4, y))

    def _section(self, painter: QPainter, box: QRectF, scour: Scour) -> None:
        look = self.look
        if box.height() < 40:
            return
        painter.setFont(look.font("small_px"))
        metrics = painter.fontMetrics()
        heights = np.concatenate([scour.before[1], scour.after[1]])
        heights = heights[np.isfinite(heights)]
        offsets = np.concatenate([scour.before[0], scour.after[0]])
        low, high = float(heights.min()) - 0.4, float(heights.max()) + 0.4
        left, right = float(offsets.min()), float(offsets.max())

        def place(offset: float, z: float) -> QPointF:
            return QPointF(
                box.left() + (offset - left) / (right - left) * box.width(),
                box.bottom() - (z - low) / (high - low) * box.height(),
            )

        for level in ticks(low, high, max(2, int(box.height() / 28))):
            painter.setPen(QPen(look.color("curve.grid"), 1))
            painter.drawLine(place(left, level), place(right, level))
            painter.setPen(look.color("text.dim"))
            text = f"{level:g}"
            painter.drawText(QPointF(box.left() - 6 - metrics.horizontalAdvance(text), place(left, level).y() + 4), text)
        for (y, z), token, style in (
            (scour.before, "text.dim", Qt.PenStyle.DashLine),
            (scour.after, "curve.level", Qt.PenStyle.SolidLine),
        ):
            painter.setPen(QPen(look.color(token), 1.8, style))
            good = [place(float(a), float(b)) for a, b in zip(y, z, strict=True) if np.isfinite(b)]
            painter.drawPolyline(QPolygonF(good))
        for offset in ticks(left, right, 8):
            text = f"{offset:g}"
            at = place(offset, low)
            painter.setPen(look.color("text.dim"))
            painter.drawText(QPointF(at.x() - metrics.horizontalAdvance(text) / 2, box.bottom() + metrics.ascent() + 2), text)
        title = f"{look.tr('断面')} {chainage_text(scour.chainage_m)}（{look.tr('高程 m，横轴离轴 m')}） "
        painter.setPen(look.color("text"))
        painter.drawText(QPointF(box.left(), box.top() - 6), title)
        x = box.left() + metrics.horizontalAdvance(title) + 8
        for name, token, mark in ((scour.names[0], "text.dim", "┄"), (scour.names[1], "curve.level", "─")):
            painter.setPen(look.color(token))
            text = metrics.elidedText(f"{mark} {name}", Qt.TextElideMode.ElideRight, max(0, int(box.right() - x)))
            painter.drawText(QPointF(x, box.top() - 6), text)
            x += metrics.horizontalAdvance(text) + 16
