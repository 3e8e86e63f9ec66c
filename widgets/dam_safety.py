"""Safety chart of one sensor: readings, model curve with its bands, the residuals below."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from console.domain.time import BEIJING
from console.look import Look
from console.viewdata.works import Fitted, SafetyView
from widgets.hydrograph import BeijingAxis, DirectAxis
from widgets.painted import Guard
from widgets.plain import PlainLabel
from widgets.plot_axes import plain_figures
from widgets.safety_side import SafetySide
from widgets.works_marks import SimulatedChip, chosen_style

DAY_S = 86400
LIVE_S = 15 * DAY_S
DAYS = (DAY_S, 2 * DAY_S, 3 * DAY_S, 5 * DAY_S, 10 * DAY_S)
YEARS = (30 * DAY_S, 91 * DAY_S, 182 * DAY_S, 365 * DAY_S)
MAX_RUNS = 60


class LongAxis(BeijingAxis):
    """Beijing time; over more than some months it counts in months and names the year."""

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        want = (high - low) / max(size / 90, 1)
        if DAYS[0] / 2 < want <= DAYS[-1]:
            return [(next(s for s in DAYS if s >= want), -8 * 3600)]
        if want <= YEARS[0]:
            return super().tickSpacing(low, high, size)
        return [(next((s for s in YEARS if s >= want), YEARS[-1]), 0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if spacing <= YEARS[0]:
            return super().tickStrings(values, scale, spacing)
        return [datetime.fromtimestamp(v, UTC).astimezone(BEIJING).strftime("%Y-%m") if 0 <= v < 4e9 else "" for v in values]


class DamSafety(QWidget):
    """Shows a SafetyView; the live fortnight or the calibration's years."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self._view: SafetyView | None = None
        self._span: tuple[str, str] = ("", "")
        self.top, self.bottom = self._plot(), self._plot()
        self.bottom.setXLink(self.top)
        self.bottom.setMinimumHeight(round(96 * look.scale))
        self.side = SafetySide(look)
        self.title = PlainLabel("", self)
        self.title.setObjectName("panelTitle")
        self.chip = SimulatedChip(look)
        self.says = PlainLabel("", self)
        self.says.setWordWrap(True)
        self.nothing = PlainLabel("", self)
        self.nothing.setObjectName("dim")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.live, self.past = QPushButton(self), QPushButton(self)
        self._arrange()
        look.changed.connect(self._restyle)
        self._restyle()

    @property
    def on_fault(self) -> Guard | None:
        """Return what hears of a fault while painting the figures; the panel sets it."""
        return self.side.on_fault

    @on_fault.setter
    def on_fault(self, guard: Guard | None) -> None:
        self.side.on_fault = guard

    def _plot(self) -> Any:
        plot = pg.PlotWidget(self, axisItems={"bottom": LongAxis("bottom"), "left": DirectAxis("left")}, enableMenu=False)
        plot.plotItem.hideButtons()
        plain_figures(plot.plotItem.getAxis("left"))
        plot.plotItem.vb.setMouseEnabled(x=True, y=False)
        return plot

    def _arrange(self) -> None:
        modes = QButtonGroup(self)
        for button in (self.live, self.past):
            button.setCheckable(True)
            button.setObjectName("flat")
            modes.addButton(button)
            button.clicked.connect(self._again)
        self.live.setChecked(True)
        head = QHBoxLayout()
        head.setContentsMargins(10, 4, 8, 0)
        head.addWidget(self.title, 1)
        for widget in (self.chip, self.live, self.past):
            head.addWidget(widget)
        charts = QVBoxLayout()
        charts.setSpacing(0)
        charts.addWidget(self.top, 5)
        charts.addWidget(self.bottom, 3)
        self.body = QWidget(self)
        row = QHBoxLayout(self.body)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(charts, 1)
        row.addWidget(self.side)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.body, 1)
        column.addWidget(self.nothing, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 0, 10, 0)
        foot.addWidget(self.says)
        column.addLayout(foot)

    def _restyle(self) -> None:
        look = self.look
        self.live.setText(look.tr("近 15 天"))
        self.past.setText(look.tr("率定期"))
        for button in (self.live, self.past):
            button.setStyleSheet(chosen_style(look))
        for plot in (self.top, self.bottom):
            plot.setBackground(look.color("panel"))
            for name in ("left", "bottom"):
                axis = plot.plotItem.getAxis(name)
                axis.setPen(look.color("line"))
                axis.setTextPen(look.color("text.dim"))
                axis.setTickFont(look.font("small_px"))
                axis.label.setFont(look.font("small_px"))
            plot.plotItem.getAxis("left").setWidth(round(56 * look.scale))
            plot.plotItem.showGrid(x=True, y=True, alpha=0.18)
        self.top.plotItem.getAxis("bottom").setStyle(showValues=False)
        self._again()

    def show_view(self, view: SafetyView | None) -> None:
        before = self._view
        self._view = view
        same = before is not None and view is not None and (before.live is view.live and before.past is view.past)
        if not same or before is None or view is None or before.says != view.says:
            self._again()

    @property
    def fitted(self) -> Fitted:
        """Return the readings that are drawn now."""
        view = self._view
        if view is None:
            return Fitted()
        return view.past if self.past.isChecked() else view.live

    def _again(self) -> None:
        view = self._view
        shown = self.fitted
        known = bool(np.isfinite(shown.value).any())
        self.body.setVisible(view is not None and known)
        self.nothing.setVisible(not (view is not None and known))
        self.nothing.setText(
            self.look.tr("没有选中测点：在工程面板里选一支") if view is None else self.look.tr("这段时间没有读数")
        )
        self.side.show_view(view)
        self.title.setText(view.title if view else "")
        self.says.setText(view.says if view else "")
        self.chip.setVisible(view is not None and view.simulated)
        self.live.setVisible(view is not None)
        self.past.setVisible(view is not None)
        for plot in (self.top, self.bottom):
            plot.plotItem.clear()
        if view is not None and known:
            self._draw(view, shown)

    def _draw(self, view: SafetyView, shown: Fitted) -> None:
        self.top.plotItem.setLabel("left", view.unit, color=self.look.color("text.dim").name())
        residual = f"{self.look.tr('残差')} {view.residual_unit}".strip()
        self.bottom.plotItem.setLabel("left", residual, color=self.look.color("text.dim").name())
        for plot in (self.top, self.bottom):
            plot.plotItem.getAxis("left").resizeEvent()  # pyqtgraph centres a label only when its axis is resized
        if view.s:
            for k, token in ((view.alarm, "state.guaranteed"), (view.attention, "state.watch")):
                for run in _runs(shown.model)[:MAX_RUNS]:
                    self._band(shown.t[run], shown.model[run], k * view.s, token)
                for sign in (-1, 1):
                    word = f"{'−' if sign < 0 else '+'}{k:g}σ" if k == view.alarm else ""  # the inner line would hide it
                    self._limit(sign * k * view.s, word, token)
        if len(shown.model):
            pen = pg.mkPen(self.look.color("curve.flow"), width=1.6)
            self.top.plotItem.addItem(pg.PlotCurveItem(shown.t, shown.model, pen=pen, connect="finite", antialias=True))
        self._dots(self.top, shown.t, shown.value)
        if len(shown.residual):
            pen = pg.mkPen(self.look.color("text.dim"), width=1)
            self.bottom.plotItem.addItem(pg.PlotCurveItem(shown.t, shown.residual, pen=pen, connect="finite", antialias=True))
            self._dots(self.bottom, shown.t, shown.residual)
        self._times(view)
        self._ranges(view, shown)

    def _dots(self, plot: Any, t: NDArray[np.float64], v: NDArray[np.float64]) -> None:
        known = np.isfinite(v)
        brush = self.look.color("curve.level")
        plot.plotItem.addItem(pg.ScatterPlotItem(t[known], v[known], size=3.5, pen=None, brush=brush))

    def _band(self, t: NDArray[np.float64], model: NDArray[np.float64], half: float, token: str) -> None:
        low, high = (pg.PlotCurveItem(t, model + sign * half, pen=None) for sign in (-1, 1))
        self.top.plotItem.addItem(pg.FillBetweenItem(low, high, brush=self.look.color(token, 56)))

    def _limit(self, at: float, word: str, token: str) -> None:
        color = self.look.color(token)
        line = pg.InfiniteLine(
            at,
            angle=0,
            pen=pg.mkPen(color, width=1, style=Qt.PenStyle.DashLine),
            label=word or None,
            labelOpts={
                "position": 0.985,
                "anchors": [(1, 0.5), (1, 0.5)],
                "color": color,
                "fill": self.look.color("panel", 210),
            },
        )
        if word:
            line.label.setFont(self.look.font("small_px"))
        self.bottom.plotItem.addItem(line, ignoreBounds=True)

    def _times(self, view: SafetyView) -> None:
        if self.past.isChecked():
            return
        marks = [(view.moment, "", "text")]
        if view.step_t is not None:
            marks.append((view.step_t, self.look.tr("突变"), "state.warning"))
        for t, word, token in marks:
            color = self.look.color(token)
            style = Qt.PenStyle.DashLine if word else Qt.PenStyle.SolidLine
            options = {"position": 0.93, "color": color, "fill": self.look.color("panel", 210)}
            line = pg.InfiniteLine(
                t, angle=90, pen=pg.mkPen(color, width=1, style=style), label=word or None, labelOpts=options
            )
            if word:
                line.label.setFont(self.look.font("small_px"))
            self.top.plotItem.addItem(line, ignoreBounds=True)

    def _ranges(self, view: SafetyView, shown: Fitted) -> None:
        if self.past.isChecked():
            self.top.setXRange(float(shown.t[0]), float(shown.t[-1]), padding=0.02)
        else:
            first = max(view.moment - LIVE_S, min(float(shown.t[0]), view.moment - DAY_S))
            self.top.setXRange(first, view.moment + 0.04 * (view.moment - first), padding=0)
        reach = (view.s or 0.0) * view.alarm
        low, high = _span([shown.value, shown.model - reach, shown.model + reach] if len(shown.model) else [shown.value])
        self.top.setYRange(low, high, padding=0.06)
        low, high = _span([shown.residual, np.array([-1.15 * reach, 1.15 * reach])])
        self.bottom.setYRange(low, high, padding=0.06)


def _runs(model: NDArray[np.float64]) -> list[slice]:
    """Return the stretches of at least two known values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.isfinite(model).astype(int), [0]])))
    return [slice(a, b) for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True) if b - a >= 2]


def _span(arrays: list[NDArray[np.float64]]) -> tuple[float, float]:
    known = np.concatenate([a[np.isfinite(a)] for a in arrays]) if arrays else np.empty(0)
    if not len(known):
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    return (low, high) if high > low else (low - 1.0, high + 1.0)
