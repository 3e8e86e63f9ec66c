"""The river as a line: stations in order, state, distance to warning, the peak under way."""

from __future__ import annotations

import itertools

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QLinearGradient, QMouseEvent, QPainter, QPen

from console.domain.states import TOKENS, State
from console.look import Look
from console.viewdata.curves import StripNode, StripView
from widgets.map_rivers import UNKNOWN_DASH, river_token
from widgets.painted import PaintedView
from widgets.symbols import draw_reservoir, draw_state

MIN_GAP = 96


class BasinStrip(PaintedView):
    """Signals:
    selected: a station was clicked; arg is its code.
    """

    selected = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.view: StripView | None = None
        self.setMinimumHeight(92)
        self._spots: list[tuple[QPointF, str]] = []
        self._name_room = 92

    def show_view(self, view: StripView) -> None:
        self.view = view
        self.update()

    def places(self) -> list[float]:
        """Return each node's x: by chainage, but never closer than a label needs."""
        nodes = self.view.nodes if self.view else ()
        if not nodes:
            return []
        left, right = 56.0, max(120.0, self.width() - 56.0)
        span = max(1e-6, nodes[-1].chainage_km - nodes[0].chainage_km)
        even = [left + (right - left) * i / max(1, len(nodes) - 1) for i in range(len(nodes))]
        true = [left + (right - left) * (n.chainage_km - nodes[0].chainage_km) / span for n in nodes]
        room = (right - left) / max(1, len(nodes) - 1)
        mixed = [e + (t - e) * 0.35 for e, t in zip(even, true, strict=True)]
        closest = min((b - a for a, b in itertools.pairwise(mixed)), default=room)
        return mixed if closest >= MIN_GAP * self.look.scale * 0.9 else even

    def paint(self, painter: QPainter) -> None:
        view = self.view
        self._spots = []
        if view is None or not view.nodes:
            self.empty(painter, self.look.tr("没有河系数据"), self.look.tr("同步后会显示本流域的站点顺序"))
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        xs = self.places()
        self._name_room = int(min((b - a for a, b in itertools.pairwise(xs)), default=92)) - 4
        y = self.height() * 0.52
        for i, (a, b) in enumerate(itertools.pairwise(xs)):
            start, end = (State.NO_DATA if n.stale else n.state for n in (view.nodes[i], view.nodes[i + 1]))
            shade = QLinearGradient(a, y, b, y)
            for place, state in ((0, start), (1, end)):
                shade.setColorAt(place, self.look.color(river_token(state)))
            pen = QPen(shade, 5 if max(start, end) >= State.WATCH else 4)
            if State.NO_DATA in (start, end):
                pen.setDashPattern(UNKNOWN_DASH)
            painter.setPen(pen)
            painter.drawLine(QPointF(a, y), QPointF(b, y))
        self._peak(painter, view, xs, y)
        for node, x in zip(view.nodes, xs, strict=True):
            self._node(painter, node, x, y, node.code == view.selected)

    def x_of(self, km: float, xs: list[float]) -> float:
        nodes = self.view.nodes if self.view else ()
        for i in range(len(nodes) - 1):
            a, b = nodes[i].chainage_km, nodes[i + 1].chainage_km
            if a <= km <= b and b > a:
                return xs[i] + (xs[i + 1] - xs[i]) * (km - a) / (b - a)
        return xs[-1] if nodes and km > nodes[-1].chainage_km else xs[0]

    def _peak(self, painter: QPainter, view: StripView, xs: list[float], y: float) -> None:
        if view.peak_km is None:
            return
        x = self.x_of(view.peak_km, xs)
        width = 70.0
        hump = QLinearGradient(x - width, 0, x + width, 0)
        for place, alpha in ((0.0, 0), (0.5, 190), (1.0, 0)):
            hump.setColorAt(place, self.look.color("accent", alpha))
        painter.fillRect(QRectF(x - width, y - 9, 2 * width, 18), hump)
        painter.setFont(self.look.font("small_px", bold=True))
        painter.setPen(self.look.color("accent"))
        metrics = painter.fontMetrics()
        text = view.peak_text
        wide = metrics.horizontalAdvance(text)
        at = min(max(6.0, x - wide / 2), self.width() - wide - 6)
        painter.drawText(QPointF(at, metrics.ascent() + 2), text)

    def _node(self, painter: QPainter, node: StripNode, x: float, y: float, selected: bool) -> None:
        centre = QPointF(x, y)
        self._spots.append((centre, node.code))
        if selected:
            painter.setPen(QPen(self.look.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(centre, 13, 13)
        if node.reservoir:
            draw_reservoir(painter, self.look, node.state, centre, 9)
        else:
            draw_state(painter, self.look, node.state, centre, 8, stale=node.stale)
        painter.setFont(self.look.font("small_px", bold=selected))
        metrics = painter.fontMetrics()
        painter.setPen(self.look.color("text"))
        name = metrics.elidedText(node.name, Qt.TextElideMode.ElideRight, self._name_room)
        painter.drawText(QPointF(x - metrics.horizontalAdvance(name) / 2, y - 16), name)
        strong = node.state >= State.WARNING and not node.stale
        painter.setPen(self.look.color(TOKENS[node.state] if strong else "text.dim"))
        arrow = {1: " ↑", -1: " ↓"}.get(node.trend, "")
        for row, text in enumerate((node.value_text + arrow, node.margin_text)):
            at = QPointF(x - metrics.horizontalAdvance(text) / 2, y + 14 + metrics.ascent() + row * metrics.height())
            if at.y() < self.height() - 1:
                painter.drawText(at, text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for centre, code in self._spots:
            if abs(centre.x() - event.position().x()) < 40:
                self.selected.emit(code)
                return
