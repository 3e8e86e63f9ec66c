"""The card of one object: what it is, its values now, its figures with their sources, what belongs to it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from console.domain.states import TOKENS, WORDS, State
from console.look import Look
from console.viewdata.duty import Fact, ObjectCardView
from widgets.painted import Guard, PaintedView
from widgets.symbols import draw_state


class ObjectCard(QScrollArea):
    """Scrolls an ObjectCardView that is longer than the panel."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._page = _CardPage(look, self)
        self.setWidget(self._page)
        self.viewport().setAutoFillBackground(False)  # the panel's ground, not the palette's
        self._page.setAutoFillBackground(False)

    @property
    def view(self) -> ObjectCardView | None:
        return self._page.view

    @property
    def on_fault(self) -> Guard | None:
        return self._page.on_fault

    @on_fault.setter
    def on_fault(self, guard: Guard | None) -> None:
        self._page.on_fault = guard

    def show_view(self, view: ObjectCardView | None) -> None:
        if view != self._page.view:
            other = view is None or self._page.view is None or view.code != self._page.view.code
            self._page.show_view(view)
            if other:
                self.verticalScrollBar().setValue(0)


class _CardPage(PaintedView):
    """Paints the card and asks for the height that it takes."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(look, parent)
        self.view: ObjectCardView | None = None
        look.changed.connect(self._measure)

    def show_view(self, view: ObjectCardView | None) -> None:
        self.view = view
        self._measure()
        self.update()

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self._measure()

    def _line(self) -> int:
        return self.look.px("small_px") + 10

    def _measure(self) -> None:
        view = self.view
        if view is None:
            self.setMinimumHeight(0)
            return
        lines = sum(len(s.facts) + (1.3 if s.title else 0) for s in view.sections)
        note = 3 * self._line() if view.note else 0
        self.setMinimumHeight(round(60 * self.look.scale + lines * self._line() + note))

    def paint(self, painter: QPainter) -> None:
        view = self.view
        if view is None:
            self.empty(painter, self.look.tr("没有选中对象"), self.look.tr("在图上、沙盘或表中点一下，或用 Ctrl+K 查找"))
            return
        box = QRectF(self.rect()).adjusted(14, 10, -12, -8)
        y = self._head(painter, box, view)
        for section in view.sections:
            if section.title:
                y += self._line() * 1.3
                self._title(painter, box, y, section.title)
            for fact in section.facts:
                y += self._line()
                self._fact(painter, box, y, fact)
        if view.note:
            painter.setFont(self.look.font("small_px"))
            painter.setPen(self.look.color("text.faint"))
            rest = QRectF(box.left(), y + 10, box.width(), box.bottom() - y - 10)
            painter.drawText(rest, Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap, view.note)

    def _head(self, painter: QPainter, box: QRectF, view: ObjectCardView) -> float:
        look = self.look
        draw_state(painter, look, view.state, QPointF(box.left() + 9, box.top() + 12), 9)
        painter.setFont(look.font("title_px", bold=True))
        metrics = painter.fontMetrics()
        word = view.state_word or look.tr(WORDS[view.state])
        y = box.top() + metrics.ascent() + 3
        strong = view.state >= State.WARNING
        painter.setPen(look.color(TOKENS[view.state] if strong else "text.dim"))
        painter.drawText(QPointF(box.right() - metrics.horizontalAdvance(word), y), word)
        painter.setPen(look.color("text"))
        room = int(box.width() - metrics.horizontalAdvance(word) - 40)
        painter.drawText(QPointF(box.left() + 26, y), metrics.elidedText(view.title, Qt.TextElideMode.ElideRight, room))
        painter.setFont(look.font("small_px"))
        y += painter.fontMetrics().height() + 2
        painter.setPen(look.color("text.dim"))
        painter.drawText(QPointF(box.left() + 26, y), view.subtitle)
        return y

    def _title(self, painter: QPainter, box: QRectF, y: float, title: str) -> None:
        painter.setFont(self.look.font("small_px", bold=True))
        painter.setPen(self.look.color("text.faint"))
        text = self.look.tr(title)
        painter.drawText(QPointF(box.left(), y), text)
        at = box.left() + painter.fontMetrics().horizontalAdvance(text) + 10
        painter.setPen(self.look.color("line"))
        painter.drawLine(QPointF(at, y - 4), QPointF(box.right(), y - 4))

    def _fact(self, painter: QPainter, box: QRectF, y: float, fact: Fact) -> None:
        look = self.look
        name_w = 96 * look.scale
        painter.setFont(look.font("small_px"))
        small = painter.fontMetrics()
        painter.setPen(look.color("text.dim"))
        painter.drawText(QPointF(box.left(), y), look.tr(fact.name))
        painter.setFont(look.font())
        metrics = painter.fontMetrics()
        painter.setPen(look.color(fact.ink))
        value = metrics.elidedText(fact.value, Qt.TextElideMode.ElideRight, int(box.width() - name_w))
        painter.drawText(QPointF(box.left() + name_w, y), value)
        used = metrics.horizontalAdvance(value)
        room = int(box.width() - name_w - used - 14)
        if fact.source and room > 30:
            painter.setFont(look.font("small_px"))
            painter.setPen(look.color("text.faint"))
            text = small.elidedText(fact.source, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QPointF(box.right() - small.horizontalAdvance(text), y), text)
