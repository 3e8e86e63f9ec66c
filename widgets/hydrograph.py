"""Hydrograph: level left, flow right, rain from the top; limits, gaps, quality, and a drag that measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from console.domain.elements import FLOWS as ELEMENT_FLOWS
from console.look import Look
from console.viewdata.curves import Curve, HydrographView
from widgets.plain import PlainLabel
from widgets.plot_axes import BeijingAxis, DirectAxis, FigureAxis, axis_word, span_of
from widgets.plot_bands import PlotBands, reach_of
from widgets.plot_curves import CurveItems, shown
from widgets.plot_hover import hover_text, place_in
from widgets.plot_labels import Label, LabelLayer
from widgets.plot_legend import PlotLegend, entries_of
from widgets.plot_marks import PlotMarks, flow_labels
from widgets.plot_measure import MeasureBox, QuietBox, measure_text
from widgets.plot_pick import nearest
from widgets.plot_rain import RainBars, rain_of
from widgets.quality_ribbon import QualityRibbon

__all__ = ["BeijingAxis", "DirectAxis", "Hydrograph"]
FLOWS = ("flow", "outflow")
RING_WEIGHT = 60  # of the chosen reading, against the points of curves that a word may cover
ROOM, ROOM_WITH_RAIN = 0.3, 0.5  # rain's sixth of the height, then a line of words, then the highest curve
LEGEND_FROM_PX = 120  # a lower plot keeps its height for the curves


class Hydrograph(QWidget):
    """Signals:
    time_picked: the user double-clicked a moment, UTC s.
    range_measured: (from, to) of a finished drag, UTC s; range_cleared: it is gone.
    point_picked: (sid, t) of the reading that was clicked.
    """

    time_picked = Signal(float)
    range_measured = Signal(float, float)
    range_cleared = Signal()
    point_picked = Signal(int, int)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self._view: HydrographView | None = None
        self._curves: list[CurveItems] = []
        self._range: tuple[float, float] | None = None
        self._picking = False
        self._cut_px: tuple[int, bool] = (0, False)
        axes = {"bottom": BeijingAxis("bottom"), "left": FigureAxis("left"), "right": FigureAxis("right")}
        self.box = MeasureBox(enableMenu=False)
        self.plot = pg.PlotWidget(self, axisItems=axes, viewBox=self.box, enableMenu=False)
        self.item = self.plot.plotItem
        self.item.hideButtons()
        self.box.setMouseEnabled(x=True, y=False)
        self._side_boxes()
        self._lines()
        self.marks = PlotMarks(self.item, look)
        self.bands = PlotBands(self.item, self.flow_box, look)
        self.words = LabelLayer(self.box, look, self._drawn)
        self.ribbon = QualityRibbon(look, self)
        self.ribbon.follow(self._ribbon_place)
        self.box.sigResized.connect(self._sync)
        self.box.sigXRangeChanged.connect(self._redecimate)
        self.box.measured.connect(self.measure)
        self._hover_proxy = pg.SignalProxy(self.plot.scene().sigMouseMoved, rateLimit=60, slot=self._hover)
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        self.plot.setVisible(False)  # nothing to show yet: no axis without meaning
        self.ribbon.setVisible(False)
        self.legend = PlotLegend(look, self)
        self.empty = PlainLabel(look.tr("还没有可画的测站：与中心同步、或在图上和表中选一个站后，这里是它的过程线"), self)
        self.empty.setObjectName("dim")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(look.tr("过程线"))
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 2)
        column.setSpacing(0)
        column.addWidget(self.legend)
        column.addWidget(self.plot, 1)
        column.addWidget(self.empty, 1)
        column.addWidget(self.ribbon)
        look.changed.connect(self._restyle)
        self._restyle()
        self._sync()

    def _side_boxes(self) -> None:
        self.flow_box = QuietBox(enableMenu=False)
        self.rain_box = QuietBox(enableMenu=False)
        self.rain_box.invertY(True)
        for box in (self.flow_box, self.rain_box):
            self.item.scene().addItem(box)
            box.setXLink(self.box)
            box.setMouseEnabled(x=False, y=False)
            box.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.item.showAxis("right")
        self.item.getAxis("right").linkToView(self.flow_box)
        self.flow_box.setZValue(self.box.zValue() + 1)
        self.rain_box.setZValue(self.box.zValue() - 1)

    def _lines(self) -> None:
        self.rain = RainBars(self.rain_box, self.look)
        self.now_line = pg.InfiniteLine(angle=90)
        self.cross = pg.InfiniteLine(angle=90)
        self.tip = pg.TextItem(anchor=(0, 0))
        self.band = pg.LinearRegionItem((0, 0), movable=False)
        self.ring = pg.ScatterPlotItem(size=14, symbol="o", brush=None)
        for mark in (self.now_line, self.cross, self.tip, self.band, self.ring):
            self.item.addItem(mark, ignoreBounds=True)
            mark.setZValue(50)
        self.tip.setZValue(70)
        self.band.setZValue(-10)
        for mark in (self.cross, self.tip, self.band):
            mark.hide()

    def _restyle(self) -> None:
        look = self.look
        self.plot.setBackground(look.color("panel"))
        for name, token in (("left", "text.dim"), ("bottom", "text.dim"), ("right", "curve.flow")):
            axis = self.item.getAxis(name)
            axis.setPen(look.color("line"))
            axis.setTextPen(look.color(token))
            axis.setTickFont(look.font("small_px"))
            axis.setStyle(tickLength=4)
            axis.label.setFont(look.font("small_px"))
        self.item.showGrid(x=True, y=True, alpha=0.18)
        self.item.getAxis("right").setGrid(False)
        self.now_line.setPen(pg.mkPen(look.color("text"), width=1))
        self.cross.setPen(pg.mkPen(look.color("text.dim"), width=1, style=Qt.PenStyle.DotLine))
        self.band.setBrush(look.color("accent", 36))
        self.band.lines[0].setPen(pg.mkPen(look.color("accent"), width=1))
        self.band.lines[1].setPen(pg.mkPen(look.color("accent"), width=1))
        self.ring.setPen(pg.mkPen(look.color("accent"), width=2))
        self.tip.fill = pg.mkBrush(look.color("panel.head", 235))
        self.tip.border = pg.mkPen(look.color("line.strong"))
        self.tip.setColor(look.color("text"))
        self.tip.setFont(look.font("small_px"))
        if self._view is not None:
            self.show_view(self._view, anew=True)

    def _sync(self) -> None:
        area = self.box.sceneBoundingRect()
        for box in (self.flow_box, self.rain_box):
            box.setGeometry(area)
            box.linkedViewChanged(self.box, box.XAxis)
        self.ribbon.update()

    # --- data -----------------------------------------------------------------------------
    def show_view(self, view: HydrographView, *, anew: bool = False) -> None:
        """Draw another station or window; a mere move of the now-line costs next to nothing."""
        before = self._view
        same = before is not None and before.curves is view.curves and before.limits is view.limits
        if before is not None and before.code != view.code:
            self.clear_range()
            self.ring.setData([], [])
        self._view = view
        self.plot.setVisible(True)
        self.empty.hide()
        self.now_line.setValue(view.moment)
        if same and before is not None and self._curves and not anew:
            self._moved(before, view)
            return
        self._clear()
        for curve in view.curves:
            if curve.role != "rain":
                self._curves.append(CurveItems(curve, self.item if curve.role == "level" else self.flow_box, self.look))
        self.bands.show_view(view)
        self._ranges(view)
        main = self.main_curve()
        graded = main or rain_of(view)
        self.ribbon.setVisible(graded is not None)
        self.ribbon.show_curve(graded, view)
        self._cut_px = self._column(view)
        self._cut(view)

    def _column(self, view: HydrographView) -> tuple[int, bool]:
        """Return in which pixel column the moment is, and whether it lies in the past."""
        second = max(1.0, (view.to_t - view.from_t) / max(1.0, float(self.box.width())))
        return int(view.moment / second), view.looking_back

    def _moved(self, before: HydrographView, view: HydrographView) -> None:
        """Follow the moment: nothing is drawn anew while it stays in its pixel and passes no reading."""
        column = self._column(view)
        told = (before.peak, before.present, before.crossings, before.holes) == (
            *(view.peak, view.present, view.crossings),
            view.holes,
        )
        if column == self._cut_px and told:
            return
        if column[1] != self._cut_px[1]:
            self._ranges(view)
        self._cut_px = column
        self._cut(view)

    def _cut(self, view: HydrographView) -> None:
        """Draw what is known at the moment, and what was only known after it faded, or live not at all."""
        for items in self._curves:
            items.cut(view.moment + items.curve.shift_s, after=view.looking_back)
        self.rain.show_view(view)
        self.ribbon.fade_after(view.moment if view.looking_back else None)
        self.marks.show_view(view)
        self.legend.show_entries(entries_of(view, self.look))
        self._fit_legend()
        self._redecimate()
        self._relabel()

    def _fit_legend(self) -> None:
        self.legend.setVisible(bool(self.legend.entries) and self.height() >= LEGEND_FROM_PX * self.look.scale)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_legend()

    def main_curve(self) -> Curve | None:
        """Return the curve that is measured on and whose quality is shown: the level, else the first flow."""
        own = [c for c in self._view.curves if not c.tint and c.role != "rain"] if self._view else []
        return next((c for c in own if c.role == "level"), own[0] if own else None)

    def _clear(self) -> None:
        for items in self._curves:
            items.remove()
        self._curves = []
        self.bands.clear()
        self.marks.clear()

    def _ranges(self, view: HydrographView) -> None:
        self.box.setXRange(view.from_t, view.to_t, padding=0)
        top = ROOM if rain_of(view) is None else ROOM_WITH_RAIN
        levels = [shown(c, view) for c in view.curves if c.role == "level"] + reach_of(view, level=True)
        low, high = span_of(levels, [m.value for m in view.limits if m.axis == "level"], top)
        self.box.setYRange(low, high, padding=0)
        flows = [shown(c, view) for c in view.curves if c.role in FLOWS] + reach_of(view, level=False)
        flow_low, flow_high = span_of(flows, [], top)
        second = next((c for c in view.curves if c.role in FLOWS), None)
        low = flow_low if second is None or second.written.code not in ELEMENT_FLOWS else max(0.0, flow_low)
        self.flow_box.setYRange(low, flow_high, padding=0)
        dim = self.look.color("text.dim").name()
        self.item.setLabel("left", (view.level_word or axis_word(self.main_curve(), self.look)) if levels else "", color=dim)
        flow_color = self.look.color("curve.flow").name()
        self.item.setLabel("right", axis_word(second, self.look), color=flow_color)
        self.item.showAxis("left", bool(levels))  # after their words: these show an axis
        self.item.showAxis("right", second is not None)

    def _redecimate(self, *_: Any) -> None:
        (first, last), _levels = self.box.viewRange()
        columns = max(50, int(self.box.width()))
        for items in self._curves:
            items.redecimate(first, last, columns)
        self.ribbon.update()

    def _drawn(self) -> tuple[Any, Any]:
        """Return points on the curves in level units, so that words keep clear of them."""
        (low, high), (flow_low, flow_high) = self.box.viewRange()[1], self.flow_box.viewRange()[1]
        found = []
        for items in self._curves:
            x, y = items.drawn()
            if items.curve.role != "level":
                y = low + (y - flow_low) / (flow_high - flow_low) * (high - low)
            found.append((x, y))
        found.append(self.rain.ink(low, high))
        ring = [np.repeat(part, RING_WEIGHT) for part in self.ring.getData()]
        found.append((ring[0], ring[1]))
        return np.concatenate([x for x, _ in found]), np.concatenate([y for _, y in found])

    def _relabel(self) -> None:
        if self._view is None:
            return
        flows = flow_labels(self._view, self.look, self.box.viewRange()[1], self.flow_box.viewRange()[1])
        self.words.show_labels([*self._measure_label(), *self.marks.labels(), *flows])

    def _measure_label(self) -> list[Label]:
        if self._range is None:
            return []
        a, b = self._range
        text, top = measure_text(self.main_curve(), a, b, self.look), self.box.viewRange()[1][1]
        return [Label(text, self.look.color("text"), (a + b) / 2, top, True, ("s", "se", "sw"))]

    def _ribbon_place(self) -> tuple[float, float, float, float]:
        (first, last), _ = self.box.viewRange()
        area = self.box.sceneBoundingRect()
        return first, last, area.left() + self.plot.x() - self.ribbon.x(), area.right() + self.plot.x() - self.ribbon.x()

    # --- hand -----------------------------------------------------------------------------
    def measure(self, from_t: float, to_t: float, finished: bool) -> None:
        """Show Δt, Δlevel and the rate between two moments; Esc clears it."""
        if self._view is None:
            return
        self._range = (from_t, to_t)
        self.band.setRegion(self._range)
        self.band.show()
        self._relabel()
        if finished:
            self.setFocus()
            self.range_measured.emit(from_t, to_t)

    def clear_range(self) -> None:
        if self._range is not None:
            self._range = None
            self.band.hide()
            self._relabel()
            self.range_cleared.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._range is not None:
            self.clear_range()
            event.accept()
            return
        super().keyPressEvent(event)

    def _hover(self, event: Any) -> None:
        place: QPointF = event[0]
        inside = self._view is not None and self.box.sceneBoundingRect().contains(place)
        self.cross.setVisible(inside)
        self.tip.setVisible(inside)
        if not inside or self._view is None:
            return
        at = self.box.mapSceneToView(place)
        self.cross.setValue(at.x())
        self.tip.setText(self.reading_at(at.x()))
        (left, right), (_, top) = self.box.viewRange()
        self.tip.setAnchor((1.05, 0) if at.x() > (left + right) / 2 else (-0.05, 0))
        self.tip.setPos(at.x(), top)

    def reading_at(self, t: float) -> str:
        """Return every series' reading nearest before t, with time, unit and quality."""
        return hover_text(self._view, self.look, t) if self._view is not None else ""

    def _clicked(self, event: Any) -> None:
        if not self.box.sceneBoundingRect().contains(event.scenePos()) or event.button() != Qt.MouseButton.LeftButton:
            return
        at = self.box.mapSceneToView(event.scenePos())
        if event.double():
            self.time_picked.emit(float(at.x()))
            return
        if self._picking:
            self.pick_near(float(at.x()), float(event.scenePos().y()))

    def set_picking(self, on: bool) -> None:
        """Let clicks choose readings, or not; the ring goes with it."""
        self._picking = on
        self.plot.viewport().setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)
        if not on:
            self.ring.setData([], [])

    def pick_near(self, t: float, scene_y: float) -> None:
        """Choose the reading nearest to a place, if one is near enough, and ring it."""
        if self._view is None:
            return
        found = nearest(self._view, t, lambda role: self._scale_at(role, scene_y))
        if found is not None:
            self.pick(*found)

    def _scale_at(self, role: str, scene_y: float) -> tuple[float, float, float]:
        """Return a role's (seconds a pixel, units a pixel, value at a height)."""
        box: Any = {"level": self.box, "rain": self.rain_box}.get(role, self.flow_box)
        wide, high = box.viewPixelSize()
        return wide, high, float(box.mapSceneToView(QPointF(0.0, scene_y)).y())

    def pick(self, sid: int, t: int) -> None:
        """Ring a reading and say that it was chosen."""
        curve = next((c for c in self._view.curves if c.sid == sid and not c.tint), None) if self._view else None
        i = place_in(curve, t) if curve is not None else None
        if curve is None or i is None:
            return
        y, box = float(curve.v[i]), self.rain_box if curve.role == "rain" else self.flow_box
        if not np.isfinite(y):  # a reading that was voided stands at the foot
            y = self.box.viewRange()[1][0]
        elif curve.role != "level":
            y = self.box.mapSceneToView(box.mapViewToScene(QPointF(t, y))).y()
        self.ring.setData([t], [y])
        self.words.rearrange()
        self.point_picked.emit(sid, t)

    def leaveEvent(self, event: Any) -> None:
        self.cross.hide()
        self.tip.hide()
        super().leaveEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()
