"""A spill of the compared scenarios: along the river at a moment, and over time at a place; limits as lines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from console.domain.time import stamp
from console.look import Look
from console.viewdata.spill import Array, SpillCurve, SpillView
from widgets.colour_legend import ColourLegend
from widgets.plain import PlainLabel
from widgets.plot_axes import BeijingAxis, FigureAxis, dress, label_text
from widgets.scenario_list import ink_of

WIDTH_PX = 2.0
STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DashDotLine)  # spills of one scenario
MARKS = ("━", "╍", "┅")
ROOM = 0.1  # of the greatest value, above it
FAR = 3.0  # a limit of so many times what is drawn is told in words alone


class SpillPlot(QWidget):
    """The moment is the Situation's; over the lower plot it is the mouse's, so that the cloud can be led down the river."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.view = SpillView()
        self._t: float | None = None
        self._clouds: list[Any] = []
        self._cursor: Any = None
        self.places = QComboBox(self)
        self.places.currentIndexChanged.connect(lambda _i: self._draw_time())
        self.legend = ColourLegend(look, self)
        self.said, self.empty = PlainLabel("", self), PlainLabel("", self)
        self.said.setObjectName("dim")
        self.empty.setObjectName("dim")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.along, self.over = self._plot(FigureAxis("bottom")), self._plot(BeijingAxis("bottom"))
        self.over.scene().sigMouseMoved.connect(self._led)
        head = QHBoxLayout()
        head.setContentsMargins(8, 2, 8, 0)
        head.addWidget(self.legend, 1)
        head.addWidget(self.places)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 4, 2)
        column.setSpacing(2)
        column.addLayout(head)
        for widget, share in ((self.empty, 1), (self.along, 1), (self.over, 1), (self.said, 0)):
            column.addWidget(widget, share)
        self.said.setContentsMargins(10, 0, 0, 0)
        look.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        self.show_view(self.view)

    def _plot(self, bottom: Any) -> Any:
        plot = pg.PlotWidget(self, axisItems={"bottom": bottom, "left": FigureAxis("left")}, enableMenu=False)
        plot.setMouseEnabled(False, False)
        plot.hideButtons()
        return plot

    def show_view(self, view: SpillView) -> None:
        self.view = view
        for widget in (self.along, self.over, self.places, self.said):
            widget.setVisible(bool(view.curves))
        self.empty.setVisible(not view.curves)
        self.empty.setText(view.missing)
        self.legend.show_words(
            [
                (f"{MARKS[c.nth % len(MARKS)]} {c.name}" + (f"（{c.watermark}）" if c.watermark else ""), ink_of(c.place))
                for c in view.curves
            ]
        )
        with QSignalBlocker(self.places):
            if [self.places.itemData(i) for i in range(self.places.count())] != [km for _, km in view.places]:
                self.places.clear()
                for name, km in view.places:
                    self.places.addItem(f"{name}  {km:.0f} km", km)
        self._draw_along()
        self._draw_time()

    def show_moment(self, t: float) -> None:
        """Show the cloud of a moment; one before the spill shows what was reached at most."""
        self._t = t
        if self._cursor is not None:
            self._cursor.setValue(t)
        for curve, item in zip(self.view.curves, self._clouds, strict=False):
            item.setData(curve.at_km, curve.mg_l[int(np.argmin(np.abs(curve.t - t)))])
        words = [f"{self.view.river} {stamp(t)}", self.look.tr("粗线为此时沿程，细线为沿程最大")]
        words += [f"{name} {value:g} mg/L" for name, value in self.view.limits]
        self.said.setText(" · ".join([*words, self.look.tr("模拟结果，在下图移动鼠标看各时刻")]))

    def _draw_along(self) -> None:
        self.along.clear()
        self._clouds = []
        dress(self.along, self.look, {"left": "mg/L", "bottom": f"km（{self.look.tr('自上而下')}）"})
        curves = self.view.curves
        if not curves:
            return
        for curve in curves:
            ink = self.look.color(ink_of(curve.place))
            self.along.addItem(pg.PlotCurveItem(curve.at_km, curve.mg_l.max(axis=0), pen=pg.mkPen(ink, width=1)))
            self._clouds.append(pg.PlotCurveItem(pen=self._pen(curve), antialias=True))
            self.along.addItem(self._clouds[-1])
        top = max(float(np.quantile(c.mg_l.max(axis=0), 0.9)) for c in curves)  # the place of the spill itself is cut off
        self._limits(self.along, top)
        for name, km in self.view.places:
            line = pg.InfiniteLine(
                km, pen=pg.mkPen(self.look.color("line.strong"), style=Qt.PenStyle.DotLine), label=label_text(name),
                labelOpts={"position": 0.96, "color": self.look.color("text.dim"), "anchors": [(1, 0), (1, 0)]},
            )  # fmt: skip
            line.label.setFont(self.look.font("small_px"))
            self.along.addItem(line, ignoreBounds=True)
        self.along.setXRange(0.0, float(curves[0].at_km[-1]), padding=0.01)
        self.show_moment(self._t if self._t is not None else float(curves[0].t[0]))

    def _draw_time(self) -> None:
        self.over.clear()
        self._cursor = None
        dress(self.over, self.look, {"left": "mg/L", "bottom": ""})
        km, curves = self.places.currentData(), self.view.curves
        if km is None or not curves:
            return
        top = 0.0
        for curve in curves:
            values = _at(curve, float(km))
            top = max(top, float(values.max()))
            self.over.addItem(pg.PlotCurveItem(curve.t, values, pen=self._pen(curve), antialias=True))
        self._limits(self.over, top)
        self._cursor = pg.InfiniteLine(self._t or float(curves[0].t[0]), pen=pg.mkPen(self.look.color("accent")))
        self.over.addItem(self._cursor, ignoreBounds=True)
        self.over.setXRange(min(c.t[0] for c in curves), max(c.t[-1] for c in curves), padding=0.01)

    def _limits(self, plot: Any, top: float) -> None:
        warning = self.look.color("state.guaranteed")
        highest = top
        for n, (words, value) in enumerate(sorted(self.view.limits, key=lambda limit: limit[1])):
            if value <= max(top, 1e-12) * FAR:
                line = pg.InfiniteLine(
                    value, angle=0, pen=pg.mkPen(warning, style=Qt.PenStyle.DashLine), label=label_text(words),
                    labelOpts={"position": 0.02 + 0.16 * n, "color": warning, "anchors": [(0, 1), (0, 1)]},
                )  # fmt: skip
                line.label.setFont(self.look.font("small_px"))
                plot.addItem(line, ignoreBounds=True)
                highest = max(highest, value)
        plot.setYRange(0.0, max(highest, 1e-12) * (1 + ROOM), padding=0)

    def _pen(self, curve: SpillCurve) -> Any:
        style = Qt.PenStyle.DotLine if curve.watermark else STYLES[curve.nth % len(STYLES)]
        return pg.mkPen(self.look.color(ink_of(curve.place)), width=WIDTH_PX, style=style)

    def _led(self, at: Any) -> None:
        box = self.over.plotItem.vb
        if self.view.curves and box.sceneBoundingRect().contains(at):
            self.show_moment(float(box.mapSceneToView(at).x()))


def _at(curve: SpillCurve, km: float) -> Array:
    """Return the concentrations at a place, (k,)."""
    i: int = int(np.clip(np.searchsorted(curve.at_km, km), 1, len(curve.at_km) - 1))
    low, high = curve.at_km[i - 1], curve.at_km[i]
    part = float(np.clip((km - low) / (high - low), 0.0, 1.0))
    return np.asarray(curve.mg_l[:, i - 1] * (1 - part) + curve.mg_l[:, i] * part, float)
