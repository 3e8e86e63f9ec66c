"""A chain of reservoirs as one picture: tributary pools over the river, main pools on it, flows between."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPen

from console.domain.states import State
from console.look import Look
from console.viewdata.reservoir import CascadeNode, CascadeView
from widgets.cascade_line import CELL_PX as LOW_CELL_PX
from widgets.cascade_line import draw_cell, height_of, lines_that_fit, node_text
from widgets.painted import PaintedView
from widgets.plain import show_tip
from widgets.reservoir_section import draw_arrow, draw_level_bar
from widgets.symbols import draw_state

CELL_PX = 100
ROW_PX = 168  # lower than this, the chain is drawn in lines
LINES = ("name", "level", "flows")


def most_needed(nodes: Sequence[CascadeNode], selected: str | None, room: int) -> list[CascadeNode]:
    """Return as many pools as there is room for, in the chain's order: the chosen, the worst, those with a level first."""

    def last(i: int) -> tuple[bool, int, bool, bool, int]:
        n = nodes[i]
        return n.code != selected, -max(0, int(n.state)), n.level_m is None or n.stale, n.branch, i

    return [nodes[i] for i in sorted(sorted(range(len(nodes)), key=last)[:room])]


class CascadeBoard(PaintedView):
    """Signals:
    selected: the user chose a reservoir; arg is its code.
    """

    selected = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.view: CascadeView | None = None
        self._cells: list[tuple[QRectF, str]] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(look.tr("梯级"))

    def show_view(self, view: CascadeView | None) -> None:
        self.view = view
        if view is not None:
            told = [f"{n.name} {n.state_word} {n.level_text} m" for n in view.nodes]
            self.setAccessibleDescription("；".join([view.total_text, *told]))
        self.update()

    def paint(self, painter: QPainter) -> None:
        view = self.view
        self._cells = []
        if view is None:
            self.empty(
                painter,
                self.look.tr("还没有登记梯级"),
                self.look.tr("中心提供水库所属的梯级和上下游次序后，这里按上下游列出各库水位、距汛限和出入库"),
            )
            return
        box = QRectF(self.rect()).adjusted(10, 6, -10, -6)
        small = QFontMetricsF(self.look.font("small_px"))
        base = QFontMetricsF(self.look.font(bold=True))
        head, foot = base.height() + 4, small.height() + 2
        least = height_of(self.look, len(LINES))
        if box.height() - head - foot < least:  # the lowest panel keeps the pools: first the notes go, then the sum
            foot = 0.0
        if box.height() - head - foot < least:
            head = 0.0
        area = QRectF(box.left(), box.top() + head, box.width(), box.height() - head - foot)
        hidden = self._rows(painter, area, view)
        more = f"{self.look.tr('另有')} {hidden} {self.look.tr('座未画出，请放大面板')}" if hidden else ""
        if head:
            self._head(painter, QRectF(box.left(), box.top(), box.width(), head), view.total_text, more)
        if foot:
            line = QRectF(box.left(), box.bottom() - foot, box.width(), foot)
            self._text(painter, line, "；".join(view.notes), "text.dim", size="small_px")

    def _head(self, painter: QPainter, box: QRectF, total: str, more: str) -> None:
        room = QFontMetricsF(self.look.font("small_px")).horizontalAdvance(more) + (12 if more else 0)
        self._text(painter, box.adjusted(0, 0, -room, -4), total, "text", bold=True)
        if more:
            self._text(painter, box.adjusted(box.width() - room + 12, 0, 0, -4), more, "state.warning", size="small_px")

    def _rows(self, painter: QPainter, box: QRectF, view: CascadeView) -> int:
        """Lay the chain out in as many rows as its cells need; return how many found no room."""
        scale = self.look.scale
        low = box.height() < ROW_PX * scale
        cell, tall = (LOW_CELL_PX * scale, height_of(self.look, len(LINES)) + 6) if low else (CELL_PX * scale, ROW_PX * scale)
        across = max(1, int(box.width() // cell))
        rows = max(1, min(-(-len(view.nodes) // across), int(box.height() // tall) or 1))
        shown = most_needed(view.nodes, view.selected, rows * across)
        across = min(across, -(-len(shown) // rows)) or 1
        width, height = box.width() / across, box.height() / rows
        for i, node in enumerate(shown):
            row, place = divmod(i, across)
            area = QRectF(box.left() + place * width, box.top() + row * height, width, height).adjusted(0, 0, 0, -4)
            self._cells.append((area, node.code))
            if view.selected == node.code:
                painter.fillRect(area.adjusted(0, 0, -2, 2), self.look.color("select"))
            first, last = i == 0, i == len(shown) - 1
            if low:
                draw_cell(painter, self.look, area, node, lines_that_fit(self.look, area.height() + 4), first=first, last=last)
            else:
                self._node(painter, area, node, first=first, last=last)
        return len(view.nodes) - len(shown)

    def _node(self, painter: QPainter, cell: QRectF, node: CascadeNode, *, first: bool, last: bool) -> None:
        look = self.look
        small, base = QFontMetricsF(look.font("small_px")), QFontMetricsF(look.font(bold=True))
        head = cell.top() + base.height()
        draw_state(painter, look, node.state, QPointF(cell.left() + 10, head - base.ascent() / 2 + 1), 6, stale=node.stale)
        self._text(
            painter, QRectF(cell.left() + 20, cell.top(), cell.width() - 22, base.height() + 2), node.name, "text", bold=True
        )
        river_box = QRectF(cell.left() + 4, head, cell.width() - 6, small.height())
        self._text(painter, river_box, f"{node.river} · {node.state_word}", node.state_token)
        river_y = cell.bottom() - small.height() - 10
        foot = river_y - 16 if node.branch else river_y
        bar = QRectF(cell.left() + 8, river_box.bottom() + 4, 12, max(12.0, foot - river_box.bottom() - 6))
        draw_level_bar(painter, look, bar, node.marks, node.level_m, stale=node.stale)
        self._figures(painter, QRectF(bar.right() + 8, bar.top(), cell.right() - bar.right() - 8, bar.height()), node)
        self._river(painter, cell, river_y, bar, node, first=first, last=last)

    def _figures(self, painter: QPainter, box: QRectF, node: CascadeNode) -> None:
        tr = self.look.tr
        arrow = {1: " ↑", -1: " ↓"}.get(node.trend, "") if node.level_m is not None else ""
        strong = node.state >= State.FLOOD_LIMIT
        lines = [
            (f"{node.level_text} m{arrow}", node.state_token if strong else "text", True),
            (
                f"{tr('距汛限')} {node.margin_text}" if node.margin_text else "",
                node.state_token if strong else "text.dim",
                False,
            ),
            (f"{tr('剩余')} {node.available_text}", "text" if node.available_text != "—" else "text.dim", False),
            (node.available_sure, "text.dim", False),
            (f"{tr('入')} {node.inflow_text}", "text.faint" if node.stale else "text.dim", False),
        ]
        height = min(QFontMetricsF(self.look.font("small_px")).height() + 3, box.height() / len(lines))
        y = box.top()
        for text, token, bold in lines:
            if text:
                self._text(painter, QRectF(box.left(), y, box.width(), height), text, token, bold=bold, size="small_px")
                y += height

    def _river(
        self, painter: QPainter, cell: QRectF, y: float, bar: QRectF, node: CascadeNode, *, first: bool, last: bool
    ) -> None:
        """Draw the river under the pools; a tributary falls into it, a main pool stands in it."""
        pen = QPen(self.look.color("map.river"), 4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(pen)
        start = bar.center().x() if first else cell.left()
        painter.drawLine(QPointF(start, y + 3), QPointF(cell.right() - (12 if last else 0), y + 3))
        if node.branch:
            painter.setPen(QPen(self.look.color("map.river"), 2.4))
            painter.drawLine(QPointF(bar.center().x(), bar.bottom() + 1), QPointF(bar.center().x(), y + 2))
        painter.restore()
        small = QFontMetricsF(self.look.font("small_px"))
        flow = node.outflow_text
        if flow != "—":
            x = bar.center().x() + 8
            text = f"{self.look.tr('出')} {flow}"
            area = QRectF(x + 24, y + 6, max(10.0, cell.right() - x - 26), small.height())
            draw_arrow(painter, self.look, QPointF(x, y + 6 + small.height() / 2), 20, "curve.outflow")
            self._text(painter, area, text, "text.faint" if node.stale else "text", size="small_px")

    def _text(self, painter: QPainter, box: QRectF, text: str, token: str, *, bold: bool = False, size: str = "") -> None:
        font = self.look.font(size or ("base_px" if bold else "small_px"), bold=bold)
        painter.setFont(font)
        painter.setPen(self.look.color(token))
        shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    # --- hand -----------------------------------------------------------------------------
    def event(self, event: QEvent) -> bool:
        """A tip tells all that is known of a pool."""
        if isinstance(event, QHelpEvent):
            code = next((code for box, code in self._cells if box.contains(QPointF(event.pos()))), None)
            node = next((n for n in self.view.nodes if n.code == code), None) if self.view is not None else None
            show_tip(event.globalPos(), node_text(self.look, node) if node is not None else "", self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = next((code for box, code in self._cells if box.contains(event.position())), None)
        if found is not None:
            self.selected.emit(found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right go up and down the chain."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or self.view is None or not self.view.nodes:
            super().keyPressEvent(event)
            return
        codes = [n.code for n in self.view.nodes]
        here = codes.index(self.view.selected) if self.view.selected in codes else (-1 if step > 0 else len(codes))
        self.selected.emit(codes[min(max(here + step, 0), len(codes) - 1)])
