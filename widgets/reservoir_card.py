"""Reservoir cross-section: rule levels, live surface, in and out, what is known of the storage."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QLinearGradient, QPainter, QPainterPath, QPen

from console.domain.elements import FLOW, LEVEL, signed, storage_text
from console.domain.states import TOKENS, WORDS, State
from console.domain.time import stamp
from console.viewdata.curves import ReservoirView
from widgets.painted import PaintedView

LEVEL_TOKENS = {
    "flood_limit": "state.flood_limit",
    "normal": "state.watch",
    "design": "state.guaranteed",
    "check": "state.guaranteed",
    "dead": "text.faint",
    "crest": "text.dim",
}


class ReservoirCard(PaintedView):
    """Paints a ReservoirView; unknown figures are dashes, never zeros."""

    view: ReservoirView | None = None

    def show_view(self, view: ReservoirView | None) -> None:
        self.view = view
        self.update()

    def paint(self, painter: QPainter) -> None:
        view = self.view
        if view is None:
            self.empty(painter, self.look.tr("没有选中水库"), self.look.tr("在图上、表中或用 Ctrl+K 选一座水库"))
            return
        box = QRectF(self.rect()).adjusted(10, 8, -10, -8)
        wide = box.width() > 460
        left = QRectF(box.left(), box.top(), box.width() * (0.56 if wide else 1.0), box.height() * (1.0 if wide else 0.55))
        self._section(painter, left, view)
        right = (
            QRectF(left.right() + 14, box.top(), box.right() - left.right() - 14, box.height())
            if wide
            else QRectF(box.left(), left.bottom() + 6, box.width(), box.bottom() - left.bottom() - 6)
        )
        self._figures(painter, right, view)

    def _section(self, painter: QPainter, box: QRectF, view: ReservoirView) -> None:
        known = [v for _, _, v, _ in view.levels] + ([view.level_m] if view.level_m is not None else [])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not known:
            self.empty(painter, f"{view.name}\n{self.look.tr('没有水位，也没有公布的特征水位')}")
            return
        low, high = min(known) - 3.0, max(known) + 1.5
        body = box.adjusted(0, 4, 0, -22)
        dam_x = body.left() + body.width() * 0.58

        def y_of(level: float) -> float:
            return body.bottom() - (level - low) / (high - low) * body.height()

        bank = QPainterPath(QPointF(body.left(), body.top()))
        bank.lineTo(body.left() + body.width() * 0.16, body.bottom())
        bank.lineTo(dam_x + 26, body.bottom())
        bank.lineTo(dam_x + 10, body.top())
        bank.lineTo(dam_x, body.top())
        bank.lineTo(dam_x - 6, body.bottom())
        painter.setPen(Qt.PenStyle.NoPen)
        if view.level_m is not None:
            self._water(painter, body, dam_x, y_of(view.level_m), view)
        dam = QPainterPath(QPointF(dam_x, body.top()))
        for dx, y in ((10, body.top()), (34, body.bottom()), (-8, body.bottom())):
            dam.lineTo(dam_x + dx, y)
        dam.closeSubpath()
        painter.setBrush(self.look.color("concrete"))
        painter.drawPath(dam)
        painter.setPen(QPen(self.look.color("line.strong"), 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawLine(QPointF(body.left(), body.top()), QPointF(body.left() + body.width() * 0.16, body.bottom()))
        self._rule_levels(painter, body, dam_x, y_of, view)
        self._flows(painter, box, view)

    def _water(self, painter: QPainter, body: QRectF, dam_x: float, y: float, view: ReservoirView) -> None:
        slope = (body.bottom() - y) / body.height()
        edge = body.left() + body.width() * 0.16 * (1 - slope)
        water = QPainterPath(QPointF(edge, y))
        water.lineTo(dam_x - 1, y)
        water.lineTo(dam_x - 7, body.bottom())
        water.lineTo(body.left() + body.width() * 0.16, body.bottom())
        water.closeSubpath()
        shade = QLinearGradient(0, y, 0, body.bottom())
        shade.setColorAt(0, self.look.color("water", 120 if view.stale else 255))
        shade.setColorAt(1, self.look.color("water.deep", 120 if view.stale else 255))
        painter.fillPath(water, shade)
        painter.setPen(QPen(self.look.color("water.surface"), 2, Qt.PenStyle.DashLine if view.stale else Qt.PenStyle.SolidLine))
        painter.drawLine(QPointF(edge, y), QPointF(dam_x - 1, y))
        painter.setFont(self.look.font("big_px", bold=True))
        strong = view.state >= State.FLOOD_LIMIT
        painter.setPen(self.look.color(TOKENS[view.state] if strong else "text"))
        text = f"{LEVEL.text(view.level_m)} m"
        top = min(y + 4, body.bottom() - 40)
        area = QRectF(edge + 18, top, dam_x - edge - 30, 36)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
        painter.setPen(Qt.PenStyle.NoPen)

    def _rule_levels(self, painter: QPainter, body: QRectF, dam_x: float, y_of: object, view: ReservoirView) -> None:
        painter.setFont(self.look.font("small_px"))
        metrics = painter.fontMetrics()
        last_y = -1e9
        for kind, word, level, _source in sorted(view.levels, key=lambda x: -x[2]):
            y = y_of(level)  # type: ignore[operator]
            color = self.look.color(LEVEL_TOKENS.get(kind, "text.dim"))
            painter.setPen(QPen(color, 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(body.left(), y), QPointF(dam_x, y))
            text_y = max(y, last_y + metrics.height())
            room = int(body.right() - dam_x - 40)
            text = metrics.elidedText(f"{self.look.tr(word)} {level:.2f}", Qt.TextElideMode.ElideRight, room)
            painter.drawText(QPointF(dam_x + 38, text_y + 4), text)
            last_y = text_y

    def _flows(self, painter: QPainter, box: QRectF, view: ReservoirView) -> None:
        painter.setFont(self.look.font("small_px"))
        painter.setPen(self.look.color("text"))
        y = box.bottom() - 4
        painter.drawText(QPointF(box.left(), y), f"{self.look.tr('入库')} → {FLOW.text(view.inflow_m3s)}")
        painter.drawText(
            QPointF(box.left() + box.width() * 0.45, y), f"{self.look.tr('出库')} → {FLOW.text(view.outflow_m3s)} m³/s"
        )

    def _figures(self, painter: QPainter, box: QRectF, view: ReservoirView) -> None:
        tr = self.look.tr
        net = None
        if view.inflow_m3s is not None and view.outflow_m3s is not None:
            net = view.inflow_m3s - view.outflow_m3s
        net_text = "—" if net is None else f"{'+' if net >= 0 else '−'}{abs(net):,.0f} m³/s".replace(",", " ")
        hours = "—" if view.hours_to_limit is None else f"≈ {view.hours_to_limit:.1f} h"
        rows = [
            (tr("状态"), tr(WORDS[view.state])),
            (tr("距汛限"), f"{signed(view.margin_m)} m" if view.margin_m is not None else "—"),
            (tr("1h 变化"), f"{signed(view.change_1h)} m" if view.change_1h is not None else "—"),
            (tr("净入流"), net_text),
            (tr("到汛限"), hours),
            (tr("蓄水量"), storage_text(view.storage_mcm)),
            (tr("防洪库容"), storage_text(view.flood_control_mcm)),
            (tr("总库容"), storage_text(view.total_mcm)),
            (tr("数据"), f"{stamp(view.level_t)} {tr(view.quality)}" if view.level_t else tr("缺报")),
        ]
        painter.setFont(self.look.font())
        metrics = painter.fontMetrics()
        line = min(metrics.height() + 5, max(metrics.height(), int(box.height() / len(rows))))
        y = box.top() + metrics.ascent() + 2
        for name, value in rows:
            if y > box.bottom():
                break
            painter.setPen(self.look.color("text.dim"))
            painter.drawText(QPointF(box.left(), y), name)
            bad = name == tr("状态") and view.state >= State.FLOOD_LIMIT
            painter.setPen(self.look.color(TOKENS[view.state] if bad else "text"))
            painter.drawText(QPointF(box.left() + 82 * self.look.scale, y), value)
            y += line
