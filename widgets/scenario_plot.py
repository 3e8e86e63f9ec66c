"""The compared scenarios at one node: flow above, level below, what was measured as points, thresholds as lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from console.domain.elements import flow_text
from console.domain.time import stamp
from console.look import Look
from console.viewdata.consult import Array, CurveBand, NodeCurve, NodeView
from widgets.colour_legend import ColourLegend
from widgets.plain import PlainLabel, plain_tip
from widgets.plot_axes import BeijingAxis, FigureAxis, plain_figures
from widgets.scenario_list import ink_of

WIDTH_PX, INFLOW_PX = 2.0, 1.0
ROOM = 0.08  # of the range, above and below


class ScenarioPlot(QWidget):
    """Signals:
    node_chosen: arg is a node's id. band_wanted: arg is a bool.
    """

    node_chosen = Signal(str)
    band_wanted = Signal(bool)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.view: NodeView | None = None
        self._cursor_t: float | None = None
        self._cursors: list[Any] = []
        self._quiet = False
        self.nodes = QComboBox(self)
        self.nodes.currentIndexChanged.connect(self._chosen)
        self.band = QCheckBox(self)
        self.band.clicked.connect(self.band_wanted)
        self.legend = ColourLegend(look, self)
        self.flow, self.level = self._plot(), self._plot()
        self.level.setXLink(self.flow)
        self.readout = PlainLabel("", self)
        self.readout.setObjectName("dim")
        self.empty = PlainLabel("", self)
        self.empty.setObjectName("dim")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for plot in (self.flow, self.level):
            plot.scene().sigMouseMoved.connect(lambda at, p=plot: self._hover(p, at))
        head = QHBoxLayout()
        head.setContentsMargins(8, 2, 8, 0)
        head.addWidget(self.nodes)
        head.addWidget(self.legend, 1)
        head.addWidget(self.band)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 4, 2)
        column.setSpacing(2)
        column.addLayout(head)
        for widget, share in ((self.empty, 1), (self.flow, 3), (self.level, 2), (self.readout, 0)):
            column.addWidget(widget, share)
        self.readout.setContentsMargins(10, 0, 0, 0)
        look.changed.connect(self._restyle)
        self._restyle()
        self.show_view(None)

    def _plot(self) -> Any:
        return pg.PlotWidget(self, axisItems={"bottom": BeijingAxis("bottom"), "left": FigureAxis("left")}, enableMenu=False)

    def show_nodes(self, nodes: Sequence[tuple[str, str]], chosen: str) -> None:
        """Offer these nodes, (id, name)."""
        self._quiet = True
        if [self.nodes.itemData(i) for i in range(self.nodes.count())] != [n for n, _ in nodes]:
            self.nodes.clear()
            for node, name in nodes:
                self.nodes.addItem(name, node)
        self.nodes.setCurrentIndex(self.nodes.findData(chosen))
        self.nodes.setVisible(bool(nodes))
        self._quiet = False

    def show_cursor(self, t: float | None) -> None:
        """Mark the Situation's moment."""
        self._cursor_t = t
        for line in self._cursors:
            line.setVisible(t is not None)
            line.setValue(t or 0.0)

    def show_view(self, view: NodeView | None) -> None:
        self.view = view
        self._cursors = []
        for plot in (self.flow, self.level):
            plot.clear()
        curves = view.curves if view is not None else ()
        self.empty.setText((view.missing if view else "") or self.look.tr("勾选并计算情景，这里并排画出它们的过程"))
        self.empty.setVisible(not curves)
        self.flow.setVisible(bool(curves))
        self.readout.setVisible(bool(curves))
        self._show_legend(curves)
        if view is None or not curves:
            self.level.hide()
            return
        if view.band is not None:
            self._band(self.flow, view.band, view.band.flow_m3s)
            self._band(self.level, view.band, view.band.level_m)
        for curve in curves:
            self._curve(self.flow, curve, curve.flow_m3s)
            if curve.inflow_m3s is not None:
                pen = pg.mkPen(self.look.color(ink_of(curve.place), 170), width=INFLOW_PX, style=Qt.PenStyle.DashLine)
                self.flow.addItem(pg.PlotCurveItem(curve.t, curve.inflow_m3s, pen=pen), ignoreBounds=True)
            if curve.corrected_m3s is not None:
                pen = pg.mkPen(self.look.color(ink_of(curve.place)), width=INFLOW_PX, style=Qt.PenStyle.DotLine)
                self.flow.addItem(pg.PlotCurveItem(curve.t, curve.corrected_m3s, pen=pen), ignoreBounds=True)
            if curve.level_m is not None:
                self._curve(self.level, curve, curve.level_m)
        levels = [c.level_m for c in curves if c.level_m is not None and np.isfinite(c.level_m).any()]
        self.level.setVisible(bool(levels))
        low, high = min(c.t[0] for c in curves), max(c.t[-1] for c in curves)
        edges = view.band
        flows = [*edges.flow_m3s] if edges is not None else []
        levels += [*edges.level_m] if edges is not None and edges.level_m is not None else []
        flows += [part for c in curves for part in (c.flow_m3s, c.inflow_m3s, c.corrected_m3s) if part is not None]
        self._frame(self.flow, flows, view.flow_seen, view.flow_limits, (low, high))
        self._frame(self.level, levels, view.level_seen, view.level_limits, (low, high))
        for plot in (self.flow, self.level):
            plot.addItem(pg.InfiniteLine(view.base_t, pen=pg.mkPen(self.look.color("line.strong"))), ignoreBounds=True)
            cursor = pg.InfiniteLine(self._cursor_t or 0.0, pen=pg.mkPen(self.look.color("accent")))
            plot.addItem(cursor, ignoreBounds=True)
            self._cursors.append(cursor)
        self.readout.setText(self._words(view))

    def _band(self, plot: Any, band: CurveBand, edges: tuple[Array, Array] | None) -> None:
        if edges is not None:
            low, high = (pg.PlotCurveItem(band.t, part, pen=pg.mkPen(None)) for part in edges)
            brush = pg.mkBrush(self.look.color(ink_of(band.place), 45))
            for item in (low, high, pg.FillBetweenItem(low, high, brush=brush)):
                plot.addItem(item, ignoreBounds=True)

    def _curve(self, plot: Any, curve: NodeCurve, values: Array) -> None:
        style = Qt.PenStyle.DotLine if curve.watermark else Qt.PenStyle.SolidLine
        pen = pg.mkPen(self.look.color(ink_of(curve.place)), width=WIDTH_PX, style=style)
        plot.addItem(pg.PlotCurveItem(curve.t, values, pen=pen, connect="finite", antialias=True), ignoreBounds=True)

    def _frame(
        self,
        plot: Any,
        parts: Sequence[Array],
        seen: tuple[Array, Array],
        limits: tuple[tuple[str, float], ...],
        span: tuple[float, float],
    ) -> None:
        """Draw what was measured and the thresholds near by, and fit the range."""
        values = np.concatenate([p[np.isfinite(p)] for p in parts]) if parts else np.empty(0)
        if not len(values):
            return
        inside = (seen[0] >= span[0]) & (seen[0] <= span[1])
        if inside.any():
            dots = pg.ScatterPlotItem(
                seen[0][inside], seen[1][inside], size=4, pen=pg.mkPen(None), brush=pg.mkBrush(self.look.color("text"))
            )
            plot.addItem(dots, ignoreBounds=True)
            values = np.concatenate([values, seen[1][inside]])
        low, high = float(values.min()), float(values.max())
        reach = max(high - low, abs(high) * 0.02, 0.1)
        for words, value in limits:
            if low - 0.5 * reach <= value <= high + 0.5 * reach:
                side = (0, 0) if value > (low + high) / 2 else (0, 1)  # words below a line that is high up
                line = pg.InfiniteLine(
                    value, angle=0, pen=pg.mkPen(self.look.color("state.warning"), width=1, style=Qt.PenStyle.DashLine),
                    label=f"{words} {value:g}",
                    labelOpts={"position": 0.02, "anchors": [side, side], "color": self.look.color("state.warning")},
                )  # fmt: skip
                line.label.setFont(self.look.font("small_px"))
                plot.addItem(line, ignoreBounds=True)
                low, high = min(low, value), max(high, value)
        room = max((high - low) * ROOM, reach * ROOM)
        plot.setYRange(low - room, high + room, padding=0)
        plot.setXRange(*span, padding=0.01)

    def _show_legend(self, curves: Sequence[NodeCurve]) -> None:
        words = [(f"━ {c.name}" + (f"（{c.watermark}）" if c.watermark else ""), ink_of(c.place)) for c in curves]
        if any(c.inflow_m3s is not None for c in curves):
            words.append((self.look.tr("┄ 入库"), "text.dim"))
        if any(c.corrected_m3s is not None for c in curves):
            words.append((self.look.tr("┈ 实时校正"), "text.dim"))
        if self.view is not None and any(len(p[0]) for p in (self.view.flow_seen, self.view.level_seen)):
            words.append((self.look.tr("● 实测"), "text"))
        self.legend.show_words(words)

    def _words(self, view: NodeView, t: float | None = None) -> str:
        """Return what each scenario has at a moment; without one what the picture is."""
        if t is None:
            said = self.look.tr("模拟结果，不是实测；移动鼠标读数")
            return f"{said} · {self.look.tr('不确定带')}：{view.band.words}" if view.band is not None else said
        parts = [stamp(t)]
        for c in view.curves:
            i = int(np.argmin(np.abs(c.t - t)))
            level = f" {c.level_m[i]:.2f} m" if c.level_m is not None and np.isfinite(c.level_m[i]) else ""
            parts.append(f"{c.name} {flow_text(float(c.flow_m3s[i]))} m³/s{level}")
        return " · ".join(parts)

    def _hover(self, plot: Any, at: Any) -> None:
        if self.view is not None and self.view.curves:
            t = float(plot.plotItem.vb.mapSceneToView(at).x())
            inside = self.view.curves[0].t[0] <= t <= self.view.curves[0].t[-1]
            self.readout.setText(self._words(self.view, t if inside else None))

    def _chosen(self, place: int) -> None:
        if not self._quiet and place >= 0:
            self.node_chosen.emit(str(self.nodes.itemData(place)))

    def _restyle(self) -> None:
        look = self.look
        dim = look.color("text.dim").name()
        for plot, word in ((self.flow, "流量"), (self.level, "水位")):
            plot.setBackground(look.color("panel"))
            item = plot.plotItem
            item.hideButtons()
            item.showGrid(x=True, y=True, alpha=0.18)
            for name in ("left", "bottom"):
                axis = item.getAxis(name)
                plain_figures(axis)
                axis.setPen(look.color("line"))
                axis.setTextPen(look.color("text.dim"))
                axis.setTickFont(look.font("small_px"))
                axis.label.setFont(look.font("small_px"))
            item.getAxis("left").setWidth(round(66 * look.scale))
            item.setLabel("left", f"{look.tr(word)} {'m³/s' if word == '流量' else 'm'}", color=dim)
        self.band.setText(look.tr("不确定带"))
        self.band.setFont(look.font("small_px"))
        self.band.setToolTip(plain_tip(look.tr("第一个情景：来水有离散时，八成成员落在其中")))
        self.nodes.setAccessibleName(look.tr("节点"))
        self.setAccessibleName(look.tr("情景过程线"))
        self.show_view(self.view)
