"""Gate mimic: every bay with its gate raised to scale; an opening that is not known is drawn as unknown."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QHelpEvent, QPainter, QPen

from console.domain.elements import GATE_OPENING
from console.look import Look
from console.viewdata.works import Bay, GatesView
from widgets.painted import PaintedView
from widgets.plain import show_tip
from widgets.works_marks import draw_simulated

BAY_PX = 32.0
MAX_ROWS = 4
FLOW_ALPHA = 66
TALLEST = 3.0  # a bay is drawn at most so many times as high as wide


class GateMimic(PaintedView):
    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.view: GatesView | None = None
        self._boxes: list[tuple[QRectF, Bay]] = []

    def show_view(self, view: GatesView | None) -> None:
        if view != self.view:
            self.view = view
            self.update()

    def paint(self, painter: QPainter) -> None:
        view = self.view
        self._boxes = []
        if view is None:
            self.empty(painter, self.look.tr("没有选中工程"))
            return
        if not view.bays:
            self.empty(
                painter,
                f"{view.title}\n{self.look.tr('没有闸门资料')}",
                self.look.tr("中心提供各孔闸门和开度读数后，这里画出每孔开度"),
            )
            return
        top = self._head(painter, view)
        box = QRectF(12, top, self.width() - 24, self.height() - top - 8)
        per_row = max(1, int(box.width() // (BAY_PX * self.look.scale)))
        rows = min(MAX_ROWS, -(-len(view.bays) // per_row))
        shown = view.bays[: per_row * rows]
        per_row = -(-len(shown) // rows)
        high = box.height() / rows
        for r in range(rows):
            row = shown[r * per_row : (r + 1) * per_row]
            self._row(painter, QRectF(box.left(), box.top() + r * high, box.width(), high), row, per_row)
        if len(view.bays) > len(shown):
            painter.setPen(self.look.color("text.dim"))
            painter.drawText(
                QPointF(box.left(), self.height() - 2), f"{self.look.tr('另有未画出的孔')} {len(view.bays) - len(shown)}"
            )

    def _head(self, painter: QPainter, view: GatesView) -> float:
        look = self.look
        painter.setFont(look.font("small_px"))
        metrics = painter.fontMetrics()
        chip = draw_simulated(painter, look, QPointF(self.width() - 12.0, 4.0)) + 12 if view.simulated else 0.0
        y = 6.0 + metrics.ascent()
        painter.setPen(look.color("text"))
        room = int(self.width() - 24 - chip)
        painter.drawText(QPointF(12, y), metrics.elidedText(view.summary, Qt.TextElideMode.ElideRight, room))
        y += metrics.height() + 4
        rows = (
            (look.tr("上游"), view.upstream_text),
            (look.tr("下游"), view.downstream_text),
            (look.tr("下泄"), view.flow_text),
        )
        needed = [metrics.horizontalAdvance(f"{name}{text}") + 32 for name, text in rows]
        fits = sum(needed) <= self.width() - 24
        x = 12.0
        for (name, text), want in zip(rows, needed, strict=True):
            wide = want if fits else (self.width() - 24) / 3
            painter.setPen(look.color("text.dim"))
            painter.drawText(QPointF(x, y), name)
            used = metrics.horizontalAdvance(name) + 8
            painter.setPen(look.color("text"))
            painter.drawText(QPointF(x + used, y), metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(wide - used - 8)))
            x += wide
        y += metrics.height()
        painter.setPen(look.color("text.dim"))
        painter.drawText(QPointF(12, y), metrics.elidedText(view.datum_text, Qt.TextElideMode.ElideRight, self.width() - 24))
        return y + 8

    def _row(self, painter: QPainter, box: QRectF, bays: tuple[Bay, ...], per_row: int) -> None:
        painter.setFont(self.look.font("small_px"))
        metrics = painter.fontMetrics()
        words = 2 * metrics.height() + 4
        wide = min(box.width() / per_row, 110 * self.look.scale)
        tall = min(max(20.0, box.height() - words - 8), TALLEST * wide)
        body = QRectF(box.left(), box.top() + 4, wide * len(bays), tall)
        pier = max(3.0, wide * 0.10)
        painter.setPen(Qt.PenStyle.NoPen)
        for i in range(len(bays) + 1):
            x = body.left() + i * wide - pier / 2
            painter.fillRect(QRectF(x, body.top(), pier, body.height()), self.look.color("concrete"))
        painter.fillRect(QRectF(body.left() - pier / 2, body.bottom() - 4, body.width() + pier, 4), self.look.color("concrete"))
        for i, bay in enumerate(bays):
            opening = QRectF(body.left() + i * wide + pier / 2, body.top(), wide - pier, body.height() - 4)
            self._boxes.append((opening.adjusted(0, 0, 0, words), bay))
            self._bay(painter, opening, bay)
            self._text(painter, QRectF(body.left() + i * wide, body.bottom() + 2, wide, words), bay)

    def _bay(self, painter: QPainter, box: QRectF, bay: Bay) -> None:
        look = self.look
        full = bay.max_opening_m
        leaf = box.adjusted(1, box.height() * 0.12, -1, 0)
        if bay.opening_m is None or not full:
            painter.fillRect(box, look.color("panel"))
            painter.setPen(QPen(look.color("text.dim"), 1.2, Qt.PenStyle.DotLine))
            painter.setBrush(QBrush(look.color("curve.gap", 150), Qt.BrushStyle.BDiagPattern))
            painter.drawRect(leaf)
            painter.setPen(look.color("text"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "？")
            return
        painter.fillRect(box, look.color("panel"))
        lift = leaf.height() * min(1.0, bay.opening_m / full)
        if lift > 0:
            self._flow(painter, QRectF(box.left(), box.bottom() - lift, box.width(), lift))
        raised = QRectF(leaf.left(), leaf.top() - box.height() * 0.12, leaf.width(), leaf.height() - lift + box.height() * 0.12)
        painter.setPen(QPen(look.color("line.strong"), 1))
        painter.setBrush(look.color("panel.head"))
        painter.drawRect(raised)
        ribs = max(1, int(raised.height() // (12 * look.scale)))
        painter.setPen(QPen(look.color("line"), 1))
        for k in range(1, ribs):
            y = raised.top() + k * raised.height() / ribs
            painter.drawLine(QPointF(raised.left() + 2, y), QPointF(raised.right() - 2, y))
        painter.setPen(QPen(look.color("text.dim"), 2))
        painter.drawLine(raised.bottomLeft(), raised.bottomRight())

    def _flow(self, painter: QPainter, box: QRectF) -> None:
        """Draw water passing under the leaf: a pale ground with some strokes, so that a row of open bays stays calm."""
        painter.fillRect(box, self.look.color("water", FLOW_ALPHA))
        painter.setPen(QPen(self.look.color("water.surface", 90), 1))
        for part in (0.3, 0.5, 0.7):
            x = box.left() + part * box.width()
            painter.drawLine(QPointF(x, box.top() + 0.2 * box.height()), QPointF(x, box.bottom() - 3))

    def _text(self, painter: QPainter, box: QRectF, bay: Bay) -> None:
        look = self.look
        metrics = painter.fontMetrics()
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.setPen(look.color("text.dim"))
        painter.drawText(box, flags, str(bay.number))
        if bay.opening_m is None:
            text, token = look.tr("未知"), "text.dim"
        elif bay.opening_m == 0:
            text, token = look.tr("关"), "text.dim"
        else:
            text, token = f"{GATE_OPENING.text(bay.opening_m)} m", "text"
            if metrics.horizontalAdvance(text) > box.width():
                text = text.removesuffix(" m")
        painter.setPen(look.color(token))
        painter.drawText(box.adjusted(0, metrics.height(), 0, 0), flags, text)

    def bay_at(self, place: QPointF) -> Bay | None:
        return next((bay for box, bay in self._boxes if box.contains(place)), None)

    def event(self, event: object) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QHelpEvent.Type.ToolTip:
            bay = self.bay_at(QPointF(event.pos()))
            text = ""
            if bay is not None:
                full = "—" if bay.max_opening_m is None else f"{bay.max_opening_m:g}"
                text = f"{bay.number} · {GATE_OPENING.text(bay.opening_m)} / {full} m · {bay.reason or bay.text}"
            show_tip(event.globalPos(), text, self)
            return True
        return super().event(event)  # type: ignore[arg-type]
