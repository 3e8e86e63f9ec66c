"""Stage against discharge: the window's points joined in time, published pairs by year, curve with ± Se."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from console.domain.elements import flow_text, grouped
from console.domain.time import stamp
from console.look import Look
from console.viewdata.curve_tools import Gauging, RatingView
from widgets.plain import PlainLabel
from widgets.plot_axes import FigureAxis, plain_figures
from widgets.plot_labels import Ink, Label, LabelLayer

MARKS = ("o", "s", "t", "d", "+", "star", "t1", "h")
ARROWS = 6
NEAR_PX = 9.0


class RatingPlot(QWidget):
    """Level upward, flow to the right, as hydrologists draw it."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self._view: RatingView | None = None
        self._items: list[Any] = []
        self._heads: list[tuple[Any, float, float]] = []  # an arrow and its step in flow and level
        self.plot = pg.PlotWidget(
            self, axisItems={"bottom": FigureAxis("bottom"), "left": FigureAxis("left")}, enableMenu=False
        )
        self.item = self.plot.plotItem
        self.item.hideButtons()
        self.words = LabelLayer(self.item.vb, look, self._ink)
        self.notes = PlainLabel("", self)
        self.notes.setObjectName("dim")
        self.notes.setWordWrap(True)
        self.notes.setContentsMargins(10, 2, 10, 4)
        self.empty = PlainLabel(look.tr("选中一个有水位和流量的测站，这里画它的水位流量关系"), self)
        self.empty.setObjectName("dim")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.plot.scene().sigMouseMoved.connect(self._hover)
        self.tip = pg.TextItem(anchor=(0, 1))
        self.tip.setZValue(80)
        self.item.vb.sigRangeChanged.connect(self._turn)
        self.item.vb.sigResized.connect(self._turn)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 2)
        column.setSpacing(0)
        for widget, share in ((self.plot, 1), (self.empty, 1), (self.notes, 0)):
            column.addWidget(widget, share)
        self.plot.hide()
        self.setAccessibleName(look.tr("水位流量关系"))
        look.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        look = self.look
        self.plot.setBackground(look.color("panel"))
        for name in ("left", "bottom"):
            axis = self.item.getAxis(name)
            plain_figures(axis)
            axis.setPen(look.color("line"))
            axis.setTextPen(look.color("text.dim"))
            axis.setTickFont(look.font("small_px"))
            axis.label.setFont(look.font("small_px"))
        dim = look.color("text.dim").name()
        self.item.setLabel("left", f"{look.tr('水位')} m", color=dim)
        self.item.setLabel("bottom", f"{look.tr('流量')} m³/s", color=dim)
        self.item.showGrid(x=True, y=True, alpha=0.18)
        self.tip.fill = pg.mkBrush(look.color("panel.head", 235))
        self.tip.border = pg.mkPen(look.color("line.strong"))
        self.tip.setColor(look.color("text"))
        self.tip.setFont(look.font("small_px"))
        if self._view is not None:
            self.show_view(self._view)

    def show_view(self, view: RatingView) -> None:
        self._view = view
        for item in self._items:
            self.item.removeItem(item)
        self._items, self._heads = [], []
        something = bool(len(view.t) or view.gaugings or view.loops)
        self.plot.setVisible(something)
        self.empty.setVisible(not something)
        self.empty.setText(view.missing or self.look.tr("选中一个有水位和流量的测站，这里画它的水位流量关系"))
        self.notes.setText("；".join(view.notes))
        self.notes.setVisible(bool(view.notes))
        if not something:
            return
        self._fit_range(view)
        self._curve(view)
        self._other_years(view)
        self._loop(view)
        self._gaugings(view)
        self._turn()
        self._add(self.tip)
        self.tip.hide()
        self.words.show_labels(self._labels(view))

    def _add(self, item: Any) -> None:
        self.item.addItem(item, ignoreBounds=True)
        self._items.append(item)

    def _curve(self, view: RatingView) -> None:
        if view.curve is None or view.se is None:
            return
        color = self.look.color("accent")
        z, q = view.curve
        band = [pg.PlotCurveItem(q * (1 + sign * view.se), z, pen=pg.mkPen(None)) for sign in (-1, 1)]
        for item in band:
            self._add(item)
        self._add(pg.FillBetweenItem(*band, brush=pg.mkBrush(self.look.color("accent", 40))))
        line = pg.mkPen(color, width=1)
        line.setWidthF(1.6)
        self._add(pg.PlotCurveItem(q, z, pen=line, antialias=True))
        if view.beyond is not None:
            dashed = pg.mkPen(color, width=1, style=Qt.PenStyle.DashLine)
            self._add(pg.PlotCurveItem(view.beyond[1], view.beyond[0], pen=dashed, connect="finite", antialias=True))

    def _other_years(self, view: RatingView) -> None:
        for loop in view.loops:
            style = Qt.PenStyle.SolidLine if loop.measured.mean() > 0.5 else Qt.PenStyle.DotLine
            pen = pg.mkPen(self._year_color(view, str(loop.year)), width=1, style=style)
            self._add(pg.PlotCurveItem(loop.flow_m3s, loop.level_m, pen=pen, antialias=True))

    def _year_color(self, view: RatingView, year: str) -> QColor:
        """Return a year's colour, the same for its loop and its published pairs; the loops' are told apart first."""
        drawn = [str(loop.year) for loop in view.loops]
        order = [*drawn, *(y for y in self._years(view) if y not in drawn)]
        return self.look.color(f"curve.other{order.index(year) % 4 + 1}")

    def _loop(self, view: RatingView) -> None:
        if not len(view.t):
            return
        color = self.look.color("curve.flow")
        rebuilt = bool((~view.measured).mean() > 0.5)
        style = Qt.PenStyle.DotLine if rebuilt else Qt.PenStyle.SolidLine
        self._add(pg.PlotCurveItem(view.flow_m3s, view.level_m, pen=pg.mkPen(color, width=1, style=style), antialias=True))
        solid = np.flatnonzero(view.measured)
        if len(solid):
            self._add(pg.ScatterPlotItem(view.flow_m3s[solid], view.level_m[solid], size=6, brush=color, pen=None))
        self._arrows(view, color)
        if view.present is not None:
            at = ([view.flow_m3s[view.present]], [view.level_m[view.present]])
            self._add(pg.ScatterPlotItem(*at, size=13, brush=None, pen=pg.mkPen(self.look.color("text"), width=2)))

    def _arrows(self, view: RatingView, color: QColor) -> None:
        """Point along the loop in the sense of time, evenly over its length."""
        span_q, span_z = max(float(np.ptp(view.flow_m3s)), 1e-9), max(float(np.ptp(view.level_m)), 1e-9)
        dq, dz = np.diff(view.flow_m3s) / span_q, np.diff(view.level_m) / span_z
        way = np.concatenate([[0.0], np.cumsum(np.hypot(dq, dz))])
        if way[-1] < 0.2:
            return
        for part in np.linspace(0, way[-1], ARROWS + 2)[1:-1]:
            i = min(int(np.searchsorted(way, part)), len(dq) - 1)
            if dq[i] or dz[i]:
                arrow = pg.ArrowItem(headLen=12, headWidth=4, tailLen=None, brush=color, pen=None)
                arrow.setPos(float(view.flow_m3s[i]), float(view.level_m[i]))
                self._add(arrow)
                self._heads.append((arrow, float(dq[i] * span_q), float(dz[i] * span_z)))

    def _turn(self, *_: Any) -> None:
        """Turn the arrows to how steep the loop looks at this size of the plot."""
        wide, high = (max(size, 1e-12) for size in self.item.vb.viewPixelSize())
        for arrow, dq, dz in self._heads:
            arrow.setStyle(angle=float(np.degrees(np.arctan2(dz / high, -dq / wide))))

    def _gaugings(self, view: RatingView) -> None:
        for n, year in enumerate(self._years(view)):
            symbol, color = MARKS[n % len(MARKS)], self._year_color(view, year)
            for forecast in (False, True):
                mine = [g for g in view.gaugings if g.year == year and g.forecast is forecast]
                if mine:
                    brush = None if forecast else color
                    q, z = [g.flow_m3s for g in mine], [g.level_m for g in mine]
                    pen = pg.mkPen(color, width=1.5)
                    self._add(pg.ScatterPlotItem(q, z, size=10, symbol=symbol, brush=brush, pen=pen))

    @staticmethod
    def _years(view: RatingView) -> list[str]:
        return sorted({g.year for g in view.gaugings} | {str(loop.year) for loop in view.loops})

    def _labels(self, view: RatingView) -> list[Label]:
        found, tr = [], self.look.tr
        if view.present is not None:
            q, z = float(view.flow_m3s[view.present]), float(view.level_m[view.present])
            text = f"{tr('当前')} {z:.2f} m · {flow_text(q)} m³/s"
            found.append(Label(text, self.look.color("text"), q, z, True, ("nw", "se", "ne", "sw", "n", "s"), tr("当前")))
        for loop in view.loops:
            top, color = int(np.argmax(loop.level_m)), self._year_color(view, str(loop.year))
            at = (float(loop.flow_m3s[top]), float(loop.level_m[top]))
            found.append(Label(str(loop.year), color, *at, False, ("nw", "n", "w", "ne", "e")))
        for year in self._years(view):
            color = self._year_color(view, year)
            word = year or tr("年份未注明")
            for g in sorted((g for g in view.gaugings if g.year == year), key=lambda g: -g.level_m):
                text = f"{word} {tr('预报')}" if g.forecast else word
                found.append(Label(text, color, g.flow_m3s, g.level_m, False, ("se", "nw", "e", "w", "ne", "sw")))
        if view.gauged_m is not None and view.curve is not None:
            found.append(
                Label(
                    tr("实测范围上限"),
                    self.look.color("accent"),
                    float(view.curve[1][-1]),
                    view.gauged_m[1],
                    False,
                    ("nw", "w", "se"),
                )
            )
        return found

    def _fit_range(self, view: RatingView) -> None:
        parts = [(view.flow_m3s, view.level_m), *((x.flow_m3s, x.level_m) for x in view.loops)]
        parts += [(view.curve[1], view.curve[0])] if view.curve else []
        q = np.concatenate([p[0] for p in parts] + [np.array([g.flow_m3s for g in view.gaugings])])
        z = np.concatenate([p[1] for p in parts] + [np.array([g.level_m for g in view.gaugings])])
        if view.beyond is not None:
            q, z = np.concatenate([q, view.beyond[1]]), np.concatenate([z, view.beyond[0]])
        good = np.isfinite(q) & np.isfinite(z) & (np.abs(q) < 1e9) & (np.abs(z) < 1e5)
        if not good.any():
            return
        wide, high = max(float(np.ptp(q[good])), 1.0), max(float(np.ptp(z[good])), 0.1)
        self.item.vb.setXRange(q[good].min() - 0.06 * wide, q[good].max() + 0.12 * wide, padding=0)
        self.item.vb.setYRange(z[good].min() - 0.08 * high, z[good].max() + 0.12 * high, padding=0)

    def _ink(self) -> Ink:
        view = self._view
        if view is None or not len(view.t):
            return np.empty(0), np.empty(0)
        step = max(1, len(view.t) // 200)
        return view.flow_m3s[::step], view.level_m[::step]

    # --- hand -----------------------------------------------------------------------------
    def _hover(self, place: QPointF) -> None:
        if self._view is None or not self.item.vb.sceneBoundingRect().contains(place):
            self.tip.hide()
            return
        at = self.item.vb.mapSceneToView(place)
        text = self.text_near(at.x(), at.y())
        self.tip.setVisible(bool(text))
        if text:
            (left, right), (low, high) = self.item.vb.viewRange()
            self.tip.setText(text)
            self.tip.setAnchor((1.05 if at.x() > (left + right) / 2 else -0.05, 1 if at.y() < (low + high) / 2 else 0))
            self.tip.setPos(at.x(), at.y())

    def text_near(self, flow_m3s: float, level_m: float) -> str:
        """Return what the nearest mark is: a published pair with its source, or a pair of the window."""
        view = self._view
        if view is None:
            return ""
        wide, high = (max(size, 1e-12) for size in self.item.vb.viewPixelSize())
        for g in view.gaugings:
            if np.hypot((g.flow_m3s - flow_m3s) / wide, (g.level_m - level_m) / high) <= NEAR_PX:
                return self._gauging_text(g)
        if not len(view.t):
            return ""
        far = np.hypot((view.flow_m3s - flow_m3s) / wide, (view.level_m - level_m) / high)
        i = int(np.argmin(far))
        if far[i] > NEAR_PX:
            return ""
        kind = self.look.tr("实测") if view.measured[i] else self.look.tr("重建")
        return f"{stamp(float(view.t[i]))}  {view.level_m[i]:.2f} m  {flow_text(float(view.flow_m3s[i]))} m³/s  {kind}"

    def _gauging_text(self, g: Gauging) -> str:
        kind = self.look.tr("预报") if g.forecast else self.look.tr("公布实测")
        return f"{g.date or '—'}  {g.level_m:.2f} m  {grouped(f'{g.flow_m3s:g}')} m³/s  {kind}\n{g.source}"
