"""The card of one object: what it is, its values now, its figures with their sources."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from console.domain.states import TOKENS, WORDS, State
from console.viewdata.duty import ObjectCardView
from widgets.painted import PaintedView
from widgets.symbols import draw_state


class ObjectCard(PaintedView):
    """Paints an ObjectCardView."""

    view: ObjectCardView | None = None

    def show_view(self, view: ObjectCardView | None) -> None:
        if view != self.view:
            self.view = view
            self.update()

    def paint(self, painter: QPainter) -> None:
        view = self.view
        if view is None:
            self.empty(painter, self.look.tr("没有选中对象"), self.look.tr("在图上、沙盘或表中点一下，或用 Ctrl+K 查找"))
            return
        look = self.look
        box = QRectF(self.rect()).adjusted(14, 10, -12, -8)
        draw_state(painter, look, view.state, QPointF(box.left() + 9, box.top() + 12), 9)
        painter.setFont(look.font("title_px", bold=True))
        metrics = painter.fontMetrics()
        painter.setPen(look.color("text"))
        y = box.top() + metrics.ascent() + 3
        painter.drawText(QPointF(box.left() + 26, y), view.title)
        strong = view.state >= State.WARNING
        painter.setPen(look.color(TOKENS[view.state] if strong else "text.dim"))
        word = look.tr(WORDS[view.state])
        painter.drawText(QPointF(box.right() - metrics.horizontalAdvance(word), y), word)
        painter.setFont(look.font("small_px"))
        small = painter.fontMetrics()
        y += small.height() + 2
        painter.setPen(look.color("text.dim"))
        painter.drawText(QPointF(box.left() + 26, y), view.subtitle)
        y += 8
        name_w = 96 * look.scale
        for fact in view.facts:
            y += small.height() + 5
            if y > box.bottom():
                return
            painter.setPen(look.color("text.dim"))
            painter.setFont(look.font("small_px"))
            painter.drawText(QPointF(box.left(), y), look.tr(fact.name))
            painter.setFont(look.font())
            painter.setPen(look.color(fact.ink))
            painter.drawText(QPointF(box.left() + name_w, y), fact.value)
            used = painter.fontMetrics().horizontalAdvance(fact.value)
            painter.setFont(look.font("small_px"))
            painter.setPen(look.color("text.faint"))
            room = int(box.right() - box.left() - name_w - used - 14)
            if fact.source and room > 30:
                text = small.elidedText(fact.source, Qt.TextElideMode.ElideRight, room)
                painter.drawText(QPointF(box.right() - small.horizontalAdvance(text), y), text)
        if view.note:
            rest = QRectF(box.left(), y + 10, box.width(), box.bottom() - y - 10)
            painter.setPen(look.color("text.faint"))
            painter.drawText(rest, Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap, view.note)
