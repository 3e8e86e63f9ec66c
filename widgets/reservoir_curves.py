"""Storage curve and release curve side by side over one level axis, with the present point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from console.look import Look
from console.viewdata.reservoir import MARK_TOKENS, DrawnCurve, Mark, StorageCurves
from widgets.hydrograph import DirectAxis
from widgets.plain import PlainLabel
from widgets.plot_axes import plain_figures
from widgets.reservoir_section import mark_label

RELEASE_TOKENS = ("curve.outflow", "curve.flow", "curve.rain", "forecast", "review")
NAME_PLACES = (0.01, 0.30, 0.59)


class CurvePlot(pg.PlotWidget):  # type: ignore[misc] # pyqtgraph has no types
    """One plot: a quantity to the right, the level upwards."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent, axisItems={s: DirectAxis(s) for s in ("bottom", "left")}, enableMenu=False)
        self.look = look
        self.plotItem.hideButtons()
        self.plotItem.setMouseEnabled(x=False, y=False)
        self._items: list[Any] = []

    def restyle(self) -> None:
        self.setBackground(self.look.color("panel"))
        for name in ("left", "bottom"):
            axis = self.plotItem.getAxis(name)
            axis.setPen(self.look.color("line"))
            axis.setTextPen(self.look.color("text.dim"))
            axis.setTickFont(self.look.font("small_px"))
            axis.label.setFont(self.look.font("small_px"))
            plain_figures(axis)
        self.plotItem.showGrid(x=True, y=True, alpha=0.18)

    def show_curves(
        self, curves: Sequence[DrawnCurve], tokens: Sequence[str], marks: Sequence[Mark], level_m: float | None, unit: str
    ) -> None:
        """Draw curves of one unit with the marks and the present level."""
        for item in self._items:
            self.plotItem.removeItem(item)
        self._items = []
        dim = self.look.color("text.dim").name()
        self.plotItem.setLabel("left", f"{self.look.tr('水位')} m", color=dim)
        self.plotItem.setLabel("bottom", unit, color=dim)
        low, high = level_range(curves, marks, level_m)
        widest = max(float(c.value[-1]) for c in curves)
        head = self.look.px("small_px") * 1.8 * (high - low) / max(40.0, self.height() - 50.0)  # for the topmost name
        self.plotItem.vb.setYRange(low, high + head, padding=0.02)
        self.plotItem.vb.setXRange(0, widest * 1.06, padding=0)
        self._marks([m for m in marks if low <= m.level_m <= high], low, high)
        for curve, token in zip(curves, tokens, strict=False):
            self._curve(curve, token, named=len(curves) > 1)
        if level_m is not None:
            self._now(curves, level_m, widest)

    def _add(self, item: Any, z: float = 0) -> None:
        item.setZValue(z)
        self.plotItem.addItem(item, ignoreBounds=True)
        self._items.append(item)

    def _curve(self, curve: DrawnCurve, token: str, *, named: bool) -> None:
        color = self.look.color(token)
        style = Qt.PenStyle.DotLine if curve.made_up else Qt.PenStyle.SolidLine
        pen = pg.mkPen(color, width=2, style=style)
        self._add(pg.PlotCurveItem(curve.value, curve.level_m, pen=pen, antialias=True), 5)
        points = np.array(curve.points)
        if len(points) <= 60 and not curve.made_up:
            self._add(pg.ScatterPlotItem(points[:, 1], points[:, 0], size=5, pen=None, brush=color), 6)
        if named:
            label = pg.TextItem(curve.name, color=color, anchor=(-0.06, 0.1))
            label.setFont(self.look.font("small_px"))
            at = int(0.66 * len(curve.value))
            label.setPos(float(curve.value[at]), float(curve.level_m[at]))
            self._add(label, 8)

    def _marks(self, marks: Sequence[Mark], low: float, high: float) -> None:
        """Draw the marks; names that would lie on each other go to the next place along the line."""
        per_m = max(40.0, self.height() - 50.0) / max(high - low, 1e-6)
        step = self.look.px("small_px") * 1.5 / per_m
        last = [-1e9] * len(NAME_PLACES)
        for mark in marks:
            slot = next((i for i, at in enumerate(last) if mark.level_m - at >= step), None)
            if slot is not None:
                last[slot] = mark.level_m
            color = self.look.color(MARK_TOKENS[mark.kind])
            line = pg.InfiniteLine(
                mark.level_m,
                angle=0,
                pen=pg.mkPen(color, width=1, style=Qt.PenStyle.DashLine),
                label=None if slot is None else mark_label(self.look, mark),
                labelOpts={"position": NAME_PLACES[slot or 0], "anchors": [(0, 1), (0, 1)], "color": color},
            )
            if slot is not None:
                line.label.setFont(self.look.font("small_px"))
            self._add(line, 1)

    def _now(self, curves: Sequence[DrawnCurve], level_m: float, widest: float) -> None:
        ink = self.look.color("water.surface")
        self._add(pg.InfiniteLine(level_m, angle=0, pen=pg.mkPen(ink, width=2)), 2)
        for i, curve in enumerate(curves):
            if curve.now is None:
                continue
            z, value = curve.now
            down = pg.PlotCurveItem([value, value], [-1e5, z], pen=pg.mkPen(ink, width=1, style=Qt.PenStyle.DotLine))
            self._add(down, 3)
            self._add(pg.ScatterPlotItem([value], [z], size=10, pen=pg.mkPen(self.look.color("panel")), brush=ink), 9)
            label = pg.TextItem(
                curve.now_text,
                color=self.look.color("text"),
                anchor=(1.05 if value > 0.62 * widest else -0.05, -0.15 - 1.05 * (i % 3)),
                fill=pg.mkBrush(self.look.color("panel", 225)),
            )
            label.setFont(self.look.font("small_px", bold=True))
            label.setPos(value, z)
            self._add(label, 10)


def level_range(curves: Sequence[DrawnCurve], marks: Sequence[Mark], level_m: float | None) -> tuple[float, float]:
    """Return the levels to show: the curves, with marks and water that lie near them."""
    low = min(float(c.level_m[0]) for c in curves)
    high = max(float(c.level_m[-1]) for c in curves)
    span = high - low
    near = [z for z in [m.level_m for m in marks] + ([level_m] if level_m is not None else []) if low - span < z < high + span]
    return min([low, *near]), max([high, *near])


class ReservoirCurves(QWidget):
    """Both curves, or what would fill the empty picture; notes under them say source and certainty."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self._view: StorageCurves | None = None
        self.storage = CurvePlot(look, self)
        self.release = CurvePlot(look, self)
        self.nothing = PlainLabel("", self)
        self.nothing.setObjectName("dim")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.notes = PlainLabel("", self)
        self.notes.setObjectName("dim")
        self.notes.setWordWrap(True)
        grid = QGridLayout(self)
        grid.setContentsMargins(6, 6, 8, 6)
        grid.setSpacing(4)
        grid.addWidget(self.nothing, 0, 0, 1, 2)
        grid.addWidget(self.storage, 1, 0)
        grid.addWidget(self.release, 1, 1)
        grid.addWidget(self.notes, 2, 0, 1, 2)
        self._grid = grid
        look.changed.connect(self._restyle)
        self._restyle()
        self.show_view(None)

    def _restyle(self) -> None:
        for plot in (self.storage, self.release):
            plot.restyle()
        self.show_view(self._view)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names of marks are placed by the height there is."""
        super().resizeEvent(event)
        self.show_view(self._view)

    def show_view(self, view: StorageCurves | None) -> None:
        self._view = view
        tr = self.look.tr
        storage = [view.storage] if view is not None and view.storage is not None else []
        releases = list(view.releases) if view is not None else []
        self.storage.setVisible(bool(storage))
        self.release.setVisible(bool(releases))
        empty = not storage and not releases
        self.nothing.setVisible(empty)
        self._grid.setRowStretch(0, int(empty))
        self._grid.setRowStretch(1, int(not empty))
        self.nothing.setText(tr("没有选中水库") if view is None else f"{view.name}\n{tr('没有库容曲线和泄流曲线')}")
        self.notes.setText("\n".join(view.notes) if view is not None else "")
        if view is None:
            return
        if storage:
            self.storage.show_curves(storage, ("curve.level",), view.marks, view.level_m, tr("亿m³"))
        if releases:
            tokens = [RELEASE_TOKENS[i % len(RELEASE_TOKENS)] for i in range(len(releases))]
            self.release.show_curves(releases, tokens, view.marks, view.level_m, "m³/s")
