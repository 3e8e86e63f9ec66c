"""Reservoir card: the section with its marks, water and flows, and the figures with what each rests on."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QHelpEvent, QPainter, QPen

from console.domain.elements import LEVEL
from console.domain.states import State
from console.viewdata.reservoir import MARK_TOKENS, ReservoirView
from widgets.painted import PaintedView
from widgets.plain import show_tip
from widgets.reservoir_lines import Lead, LinesPainter, fits_one_column
from widgets.reservoir_section import LevelScale, draw_arrow, draw_pool, free_place, mark_label, scale_of, spread

WIDE_PX = 560
TICK_PX = 16  # a mark that would run through the level's text is a tick of this length at the dam
GAP = 12.0


class ReservoirCard(PaintedView):
    """Paints a ReservoirView; unknown figures are dashes with what would fill them, never zeros."""

    view: ReservoirView | None = None

    def show_view(self, view: ReservoirView | None) -> None:
        self.view = view
        self.setAccessibleName(self.look.tr("水库"))
        if view is not None:
            self.setAccessibleDescription("；".join(f"{n.name} {n.value} {n.note}".strip() for n in view.lines))
        self.update()

    def paint(self, painter: QPainter) -> None:
        view = self.view
        self._places: list[tuple[QRectF, str]] = []
        self._level_box = QRectF()
        if view is None:
            self.empty(painter, self.look.tr("没有选中水库"), self.look.tr("在图上、表中或用 Ctrl+K 选一座水库"))
            return
        box = QRectF(self.rect()).adjusted(10, 8, -10, -8)
        if box.width() >= WIDE_PX * self.look.scale:
            share = 0.42 if fits_one_column(self.look, len(view.lines), box.height()) else 0.315
            left = QRectF(box.left(), box.top(), box.width() * share, box.height())
            right = QRectF(left.right() + GAP, box.top(), box.right() - left.right() - GAP, box.height())
        else:
            rows = len(view.lines) * self._line_height()
            tall = min(max(box.height() - rows - GAP, box.height() * 0.34), box.height() * 0.55)
            left = QRectF(box.left(), box.top(), box.width(), tall)
            right = QRectF(box.left(), left.bottom() + GAP, box.width(), box.bottom() - left.bottom() - GAP)
        self._section(painter, left, view)
        self._figures(painter, right, view)

    def _line_height(self) -> float:
        return QFontMetricsF(self.look.font()).height() + 1.0

    # --- section ----------------------------------------------------------------------------
    def _section(self, painter: QPainter, box: QRectF, view: ReservoirView) -> None:
        small = QFontMetricsF(self.look.font("small_px"))
        body = box.adjusted(0, small.height() + 4, 0, -(small.height() + 4))
        labels = [mark_label(self.look, m) for m in view.marks]
        room = max([small.horizontalAdvance(text) for text in labels] + [small.horizontalAdvance("00 000")])
        dam_x = max(body.left() + 60, body.right() - room - 32)
        scale = scale_of(view.marks, view.level_m, body.top(), body.bottom())
        y = scale.y(view.level_m) if scale is not None and view.level_m is not None else None
        edge = draw_pool(painter, self.look, body, dam_x, y, stale=view.stale)
        font = self._level_font(dam_x - TICK_PX - body.left(), view)
        if scale is not None and y is not None:
            lines = [scale.y(m.level_m) for m in view.marks]
            size = QFontMetricsF(font)
            wide = size.horizontalAdvance(_level_text(view)) + 8
            middle = min(max((edge + dam_x) / 2, edge + wide / 2), dam_x - TICK_PX - wide / 2)
            middle = max(middle, body.left() + wide / 2)
            top = free_place(y, size.height() - 4, lines, body.top(), body.bottom())
            self._level_box = QRectF(middle - wide / 2, top, wide, size.height() - 4)
        if scale is not None:
            self._marks(painter, body, dam_x, scale, view, labels)
        if y is not None:
            self._level(painter, font, view)
        elif not view.marks:
            painter.setPen(self.look.color("text.dim"))
            area = QRectF(body.left(), body.top(), dam_x - body.left(), body.height())
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area.adjusted(14, 0, -6, 0), flags, self.look.tr("没有水位，也没有公布的特征水位"))
        self._flows(painter, box, dam_x, view)

    def _marks(
        self, painter: QPainter, body: QRectF, dam_x: float, scale: LevelScale, view: ReservoirView, labels: list[str]
    ) -> None:
        painter.setFont(self.look.font("small_px"))
        metrics = painter.fontMetrics()
        ordered = sorted(zip(view.marks, labels, strict=True), key=lambda pair: -pair[0].level_m)
        wanted = [scale.y(mark.level_m) for mark, _ in ordered]
        half = metrics.height() / 2
        places = spread(wanted, metrics.height() - 2.0, body.top(), body.bottom() - half)
        for (mark, text), y, at in zip(ordered, wanted, places, strict=True):
            color = self.look.color(MARK_TOKENS[mark.kind])
            strong = mark.kind == "flood_limit"
            across = self._level_box.adjusted(0, -1, 0, 1)
            start = across.right() + 4 if across.top() <= y <= across.bottom() else body.left() + 2
            painter.setPen(QPen(color, 1.8 if strong else 1.0, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(start, y), QPointF(dam_x, y))
            painter.setPen(QPen(color, 1))
            painter.drawLine(QPointF(dam_x + 9, y), QPointF(dam_x + 25, at))
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(body.right() - dam_x - 27))
            painter.setFont(self.look.font("small_px", bold=strong))
            painter.drawText(QPointF(dam_x + 28, at + metrics.ascent() / 2 - 1), shown)
            self._places.append((QRectF(dam_x, at - half, body.right() - dam_x, metrics.height()), f"{text} {mark.source}"))

    def _level_font(self, room: float, view: ReservoirView) -> QFont:
        font = self.look.font("big_px", bold=True)
        needed = QFontMetricsF(font).horizontalAdvance(_level_text(view)) + 10
        font.setPixelSize(max(self.look.px("small_px"), int(font.pixelSize() * min(1.0, room / needed))))
        return font

    def _level(self, painter: QPainter, font: QFont, view: ReservoirView) -> None:
        """Write the level where no mark runs through it, on a ground of its own."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.color("panel", 205))
        painter.drawRoundedRect(self._level_box, 4, 4)
        painter.setFont(font)
        strong = view.state >= State.WATCH
        painter.setPen(self.look.color("text.faint" if view.stale else view.state_token if strong else "text"))
        painter.drawText(self._level_box.adjusted(0, -6, 0, 6), Qt.AlignmentFlag.AlignCenter, _level_text(view))

    def _flows(self, painter: QPainter, box: QRectF, dam_x: float, view: ReservoirView) -> None:
        """Write inflow over the water at the left and outflow at the dam's foot, each with its arrow."""
        painter.setFont(self.look.font("small_px", bold=True))
        metrics = QFontMetricsF(painter.font())
        tr = self.look.tr
        ink = "text.faint" if view.flows_stale else "text"
        base = box.top() + metrics.ascent()
        draw_arrow(painter, self.look, QPointF(box.left(), base - metrics.ascent() / 2.6), 24, "curve.flow")
        painter.setPen(self.look.color(ink))
        painter.drawText(QPointF(box.left() + 30, base), f"{tr('入库')} {view.inflow_text} m³/s")
        text = f"{tr('出库')} {view.outflow_text} m³/s"
        base = box.bottom() - metrics.descent()
        wide = metrics.horizontalAdvance(text)
        x = min(dam_x - 4, box.right() - wide - 30)
        draw_arrow(painter, self.look, QPointF(x, base - metrics.ascent() / 2.6), 24, "curve.outflow")
        painter.setPen(self.look.color(ink))
        painter.drawText(QPointF(x + 30, base), text)

    # --- figures ----------------------------------------------------------------------------
    def _figures(self, painter: QPainter, box: QRectF, view: ReservoirView) -> None:
        lines = LinesPainter(self.look, Lead(view.state, view.stale))
        lines.draw(painter, box, view.lines)
        self._places += lines.places

    def event(self, event: QEvent) -> bool:
        """A tip tells in full what a line had to cut short."""
        if isinstance(event, QHelpEvent):
            found = next((text for box, text in getattr(self, "_places", ()) if box.contains(QPointF(event.pos()))), "")
            show_tip(event.globalPos(), found, self)
            return True
        return super().event(event)


def _level_text(view: ReservoirView) -> str:
    return f"{LEVEL.text(view.level_m)} m" + {1: " ↑", -1: " ↓"}.get(view.trend, "")
