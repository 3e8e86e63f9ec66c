"""Risk against benefit: how high the reservoir is driven for how low a peak downstream, a point a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from console.look import Look
from console.viewdata.consult import TradePoint, TradeView
from widgets.plain import PlainLabel
from widgets.plot_axes import FigureAxis
from widgets.scenario_list import ink_of

LEAST_PX, A_HUNDRED_MCM_PX = 12.0, 14.0
NAME_MOST = 14
NEAR_LIMIT = 0.35  # a limit farther off than this share of the points' spread and more is not drawn, but told
LEAST_SPREAD = (400.0, 0.4)  # m³/s and m: points that hardly differ are not drawn as if they did


class TradePlot(QWidget):
    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.view = TradeView()
        self.plot = pg.PlotWidget(
            self, axisItems={"bottom": FigureAxis("bottom"), "left": FigureAxis("left")}, enableMenu=False
        )
        self.plot.setMouseEnabled(False, False)
        self.plot.hideButtons()
        self.said, self.empty = PlainLabel("", self), PlainLabel("", self)
        self.said.setObjectName("dim")
        self.said.setContentsMargins(10, 0, 0, 2)
        self.empty.setObjectName("dim")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 4, 2)
        for widget, share in ((self.empty, 1), (self.plot, 1), (self.said, 0)):
            column.addWidget(widget, share)
        look.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        self.show_view(self.view)

    def show_view(self, view: TradeView) -> None:
        self.view = view
        for widget in (self.plot, self.said):
            widget.setVisible(not view.missing and bool(view.points))
        self.empty.setVisible(bool(view.missing) or not view.points)
        self.empty.setText(view.missing)
        self.plot.clear()
        if not view.points:
            return
        look, plot = self.look, self.plot
        plot.setBackground(look.color("panel"))
        for side, name in (("bottom", view.x_name), ("left", view.y_name)):
            axis: Any = plot.getAxis(side)
            axis.setLabel(name, color=look.color("text.dim").name())
            axis.setPen(look.color("line.strong"))
            axis.setTextPen(look.color("text.dim"))
        plot.showGrid(x=True, y=True, alpha=0.12)
        ranges = self._ranges()
        told = [look.tr("左下为好：下游洪峰低，库水位也低；圆点越大，蓄滞洪区进水越多；模拟结果")]
        for limit, (low, high), angle, word in (
            (view.x_limit, ranges[0], 90, "控制流量"),
            (view.y_limit, ranges[1], 0, "水位上限"),
        ):
            if limit is None:
                continue
            if low <= limit <= high:
                line = pg.InfiniteLine(limit, angle, pen=pg.mkPen(look.color("state.warning"), style=Qt.PenStyle.DashLine))
                plot.addItem(line)
            told.append(f"{look.tr(word)} {limit:g}" + ("" if low <= limit <= high else f"（{look.tr('在图外')}）"))
        self.said.setText(" · ".join(told))
        for point in view.points:
            ink = look.color(ink_of(point.place))
            fill = None if point.stale else pg.mkBrush(ink)
            size = LEAST_PX + A_HUNDRED_MCM_PX * min(2.0, point.taken_mcm / 100)
            plot.addItem(pg.ScatterPlotItem([point.x], [point.y], size=size, pen=pg.mkPen(ink, width=2), brush=fill))
        for x, y, names in _named(view.points):
            words = pg.TextItem(names, color=look.color("text"), anchor=(0.5, 1.4))
            words.setPos(x, y)
            plot.addItem(words)
        plot.setRange(xRange=ranges[0], yRange=ranges[1], padding=0)

    def _ranges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return what of both axes is shown: all points with room, and limits that lie near."""
        found = []
        for values, limit, least in (
            ([p.x for p in self.view.points], self.view.x_limit, LEAST_SPREAD[0]),
            ([p.y for p in self.view.points], self.view.y_limit, LEAST_SPREAD[1]),
        ):
            spread = max(least, max(values) - min(values))
            middle = (max(values) + min(values)) / 2
            low, high = middle - 0.7 * spread, middle + 0.7 * spread
            if limit is not None and low - NEAR_LIMIT * spread <= limit <= high + NEAR_LIMIT * spread:
                low, high = min(low, limit - 0.1 * spread), max(high, limit + 0.1 * spread)
            found.append((low, high))
        return found[0], found[1]


def _named(points: Sequence[TradePoint]) -> list[tuple[float, float, str]]:
    """Return (x, y, names) of each place: scenarios whose water is the same lie upon each other and share their words."""
    found: dict[tuple[float, float], list[str]] = {}
    for point in points:
        found.setdefault((round(point.x), round(point.y, 2)), []).append(point.name)
    return [
        (x, y, "、".join(n if len(n) <= NAME_MOST else f"{n[:NAME_MOST]}…" for n in names)) for (x, y), names in found.items()
    ]
