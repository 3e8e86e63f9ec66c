"""The present flood, and past ones laid over it so that the like moments meet; what followed lies to the right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from console.look import Look
from console.viewdata.similar import SimilarView
from widgets.colour_legend import ColourLegend
from widgets.plain import PlainLabel
from widgets.plot_axes import BeijingAxis, FigureAxis, dress, label_text
from widgets.scenario_list import ink_of

NOW_PX, PAST_PX = 3.0, 1.6
ROOM, NEAR = 0.08, 0.5  # of the range: above and below it, and how far off a limit is still drawn


class SimilarPlot(QWidget):
    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.view = SimilarView()
        self.legend = ColourLegend(look, self)
        self.legend.setContentsMargins(8, 2, 8, 0)
        self.empty = PlainLabel("", self)
        self.empty.setObjectName("dim")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        axes = {"bottom": BeijingAxis("bottom"), "left": FigureAxis("left")}
        self.plot: Any = pg.PlotWidget(self, axisItems=axes, enableMenu=False)
        self.plot.setMouseEnabled(False, False)
        self.plot.hideButtons()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 4, 2)
        column.setSpacing(2)
        for widget, share in ((self.legend, 0), (self.empty, 1), (self.plot, 1)):
            column.addWidget(widget, share)
        look.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        self.show_view(self.view)

    def show_view(self, view: SimilarView) -> None:
        self.view = view
        look, plot = self.look, self.plot
        plot.clear()
        self.plot.setVisible(bool(view.pasts))
        self.legend.setVisible(bool(view.pasts))
        self.empty.setVisible(not view.pasts)
        self.empty.setText(view.missing)
        if not view.pasts:
            return
        dress(plot, look, {"left": view.unit, "bottom": ""})
        words = [(f"━ {look.tr('现在')}", "text")]
        for past in view.pasts:
            pen = pg.mkPen(look.color(ink_of(past.place)), width=PAST_PX, style=Qt.PenStyle.DashLine)
            plot.addItem(pg.PlotCurveItem(past.t, past.v, pen=pen, connect="finite", antialias=True), ignoreBounds=True)
            words.append((f"┄ {past.name}", ink_of(past.place)))
        pen = pg.mkPen(look.color("text"), width=NOW_PX)
        plot.addItem(pg.PlotCurveItem(view.t, view.v, pen=pen, connect="finite", antialias=True), ignoreBounds=True)
        plot.addItem(pg.InfiniteLine(view.now_t, pen=pg.mkPen(look.color("accent"))), ignoreBounds=True)
        self.legend.show_words(words)
        self._frame()

    def _frame(self) -> None:
        values = np.concatenate([self.view.v, *(p.v for p in self.view.pasts)])
        values = values[np.isfinite(values)]
        low, high = float(values.min()), float(values.max())
        reach = max(high - low, 0.1)
        for words, value in self.view.limits:
            if low - NEAR * reach <= value <= high + NEAR * reach:
                ink = self.look.color("state.warning")
                line = pg.InfiniteLine(
                    value, angle=0, pen=pg.mkPen(ink, style=Qt.PenStyle.DashLine), label=label_text(f"{words} {value:g}"),
                    labelOpts={"position": 0.98, "color": ink, "anchors": [(1, 1), (1, 1)]},
                )  # fmt: skip
                line.label.setFont(self.look.font("small_px"))
                self.plot.addItem(line, ignoreBounds=True)
                low, high = min(low, value), max(high, value)
        self.plot.setYRange(low - ROOM * reach, high + ROOM * reach, padding=0)
        self.plot.setXRange(float(self.view.t[0]), float(self.view.pasts[0].t[-1]), padding=0.01)
