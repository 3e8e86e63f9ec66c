"""Hydrograph: level left, flow right, rain from the top; limits, gaps, now-line, crossings."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QMouseEvent, QPicture
from PySide6.QtWidgets import QVBoxLayout, QWidget

from console.domain.elements import FLOW, LEVEL, RAIN, signed
from console.domain.freshness import breaks_line
from console.domain.quality import Quality, word
from console.domain.states import TOKENS
from console.domain.time import BEIJING
from console.look import Look
from console.viewdata.curves import Curve, HydrographView
from widgets.decimate import Pyramid

STEPS = (60, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 2592000)
LIMIT_TOKENS = {
    "warning": "state.warning",
    "guaranteed": "state.guaranteed",
    "record": "state.record",
    "flood_limit": "state.flood_limit",
    "normal": "state.watch",
    "check": "state.guaranteed",
    "design": "state.guaranteed",
    "record_flow": "state.record",
}
FLOWS = ("flow", "outflow")
DENSE = 3000
HOLES = 40
RAIN_SHARE = 4.0  # rain bars use the top quarter


class DirectAxis(pg.AxisItem):  # type: ignore[misc] # pyqtgraph has no types
    """Axis that paints its texts directly.

    The library keeps them in a QPicture, which loads the font anew at each play: 9 ms an axis
    with a Chinese font.
    """

    _specs: Any = None
    picture: Any

    def paint(self, painter: Any, _option: Any, _widget: Any) -> None:
        if self.style["tickFont"]:
            painter.setFont(self.style["tickFont"])
        if self.picture is None:
            self._specs = self.generateDrawSpecs(painter)
            self.picture = QPicture()  # only a mark that the specs are current
        if self._specs is None:
            return
        _axis, ticks, texts = self._specs
        for pen, a, b in ticks:  # as thin rectangles: blended long lines cost 0.4 ms each
            width, height = max(1.0, abs(b.x() - a.x())), max(1.0, abs(b.y() - a.y()))
            painter.fillRect(QRectF(min(a.x(), b.x()), min(a.y(), b.y()), width, height), pen.color())
        painter.setPen(self.textPen())
        for box, flags, text in texts:
            painter.drawText(box, int(flags), text)


class BeijingAxis(DirectAxis):
    """Time axis in Beijing time, ticks on whole Beijing hours and days."""

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        want = (high - low) / max(size / 90, 1)
        step = next((s for s in STEPS if s >= want), STEPS[-1])
        return [(step, -8 * 3600)]

    def tickStrings(self, values: list[float], _scale: float, spacing: float) -> list[str]:
        texts = []
        for value in values:
            try:
                moment = datetime.fromtimestamp(value, UTC).astimezone(BEIJING)
            except (OverflowError, OSError, ValueError):
                texts.append("")
                continue
            midnight = (moment.hour, moment.minute) == (0, 0)
            texts.append(moment.strftime("%m-%d" if spacing >= 86400 or midnight else "%H:%M"))
        return texts


class Hydrograph(QWidget):
    """Signals:
    time_picked: the user double-clicked a moment, UTC s.
    """

    time_picked = Signal(float)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self._view: HydrographView | None = None
        self._pyramids: list[tuple[Curve, Pyramid, Any]] = []
        self._marks: list[Any] = []
        axes = {"bottom": BeijingAxis("bottom"), "left": DirectAxis("left"), "right": DirectAxis("right")}
        self.plot = pg.PlotWidget(self, axisItems=axes, enableMenu=False)
        self.item = self.plot.plotItem
        self.item.hideButtons()
        self.item.vb.setMouseEnabled(x=True, y=False)
        self.flow_box = pg.ViewBox(enableMenu=False)
        self.rain_box = pg.ViewBox(enableMenu=False)
        self.rain_box.invertY(True)
        for box in (self.flow_box, self.rain_box):
            self.item.scene().addItem(box)
            box.setXLink(self.item.vb)
            box.setMouseEnabled(x=False, y=False)
            box.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.item.showAxis("right")
        self.item.getAxis("right").linkToView(self.flow_box)
        self.flow_box.setZValue(self.item.vb.zValue() + 1)
        self.rain_box.setZValue(self.item.vb.zValue() - 1)
        self.bars = pg.BarGraphItem(x=[0], height=[0], width=1)
        self.rain_box.addItem(self.bars)
        self.now_line = pg.InfiniteLine(angle=90)
        self.cross = pg.InfiniteLine(angle=90)
        self.tip = pg.TextItem(anchor=(0, 0))
        for mark in (self.now_line, self.cross, self.tip):
            self.item.addItem(mark, ignoreBounds=True)
            mark.setZValue(50)
        self.cross.hide()
        self.tip.hide()
        self.item.vb.sigResized.connect(self._sync)
        self.item.vb.sigXRangeChanged.connect(self._redecimate)
        self._hover_proxy = pg.SignalProxy(self.plot.scene().sigMouseMoved, rateLimit=60, slot=self._hover)
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        self.plot.setVisible(False)  # nothing to show yet: no axis without meaning
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 2)
        column.addWidget(self.plot)
        look.changed.connect(self._restyle)
        self._restyle()
        self._sync()

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
        self.tip.fill = pg.mkBrush(look.color("panel.head", 235))
        self.tip.border = pg.mkPen(look.color("line.strong"))
        self.tip.setColor(look.color("text"))
        self.tip.setFont(look.font("small_px"))
        if self._view is not None:
            self.show_view(self._view)

    def _sync(self) -> None:
        area = self.item.vb.sceneBoundingRect()
        for box in (self.flow_box, self.rain_box):
            box.setGeometry(area)
            box.linkedViewChanged(self.item.vb, box.XAxis)

    # --- data -----------------------------------------------------------------------------
    def show_view(self, view: HydrographView) -> None:
        """Draw another station or window; a mere move of the now-line costs next to nothing."""
        before = self._view
        same = before is not None and before.curves is view.curves and before.limits is view.limits
        self._view = view
        self.plot.setVisible(True)
        self.now_line.setValue(view.moment)
        if same and self._pyramids:
            return
        self._clear()
        for curve in view.curves:
            if curve.role == "rain":
                self.bars.setOpts(
                    x=curve.t - curve.interval_s / 2,
                    height=np.nan_to_num(curve.v),
                    width=curve.interval_s * 0.86,
                    brush=self.look.color("curve.rain"),
                    pen=None,
                )
            else:
                self._add_curve(curve)
        self._limits(view)
        self._ranges(view)
        self._holes(view)
        self._redecimate()

    def _clear(self) -> None:
        for _, _, items in self._pyramids:
            for item in items:
                if item.scene() is not None:
                    (self.item if item.property("axis") == "level" else self.flow_box).removeItem(item)
        for mark in self._marks:
            self.item.removeItem(mark)
        self._pyramids, self._marks = [], []
        self.bars.setOpts(x=[0], height=[0], width=1, pen=None)

    def _add_curve(self, curve: Curve) -> None:
        token = {"level": "curve.level", "flow": "curve.flow"}.get(curve.role, "curve.outflow")
        rebuilt = bool(len(curve.quality)) and bool(np.mean(curve.quality == Quality.RECONSTRUCTED) > 0.5)
        style = Qt.PenStyle.DotLine if rebuilt else Qt.PenStyle.SolidLine
        pen = pg.mkPen(self.look.color(token), width=1, style=style)
        dense = len(curve.t) > DENSE  # wide or smoothed lines of that many points cost ten times as much
        if not dense:
            pen.setWidthF(1.6 if rebuilt else 1.2)
        line = pg.PlotCurveItem(pen=pen, connect="finite", antialias=not dense)
        line.setProperty("axis", curve.role)
        dots = pg.ScatterPlotItem(pen=None, size=7, brush=self.look.color(token), pxMode=True)
        dots.setProperty("axis", curve.role)
        target = self.item if curve.role == "level" else self.flow_box
        target.addItem(line)
        target.addItem(dots)
        measured = np.isfinite(curve.v) & (curve.quality == Quality.MEASURED)
        if rebuilt and measured.any():
            dots.setData(curve.t[measured], curve.v[measured])
        name = pg.TextItem(self.look.tr(curve.name), color=self.look.color(token), anchor=(1.02, 1.0))
        name.setFont(self.look.font("small_px"))
        name.setProperty("axis", curve.role)
        if curve.role != "level" and len(curve.t) and math.isfinite(curve.v[-1]):
            name.setPos(float(curve.t[-1]), float(curve.v[-1]))
            target.addItem(name, ignoreBounds=True)
        self._pyramids.append((curve, Pyramid(curve.t, curve.v, curve.interval_s), (line, dots, name)))
        if curve.role == "level":
            self._gaps(curve)

    def _gaps(self, curve: Curve) -> None:
        steps = np.diff(curve.t)
        for i in np.flatnonzero([breaks_line(s, curve.interval_s) for s in steps])[:40].tolist():
            brush = QBrush(self.look.color("curve.gap", 110), Qt.BrushStyle.BDiagPattern)
            span = (float(curve.t[i]), float(curve.t[i + 1]))
            region = pg.LinearRegionItem(span, movable=False, brush=brush, pen=pg.mkPen(None))
            region.setZValue(-20)
            self.item.addItem(region, ignoreBounds=True)
            self._marks.append(region)

    def _holes(self, view: HydrographView) -> None:
        """Hatch what was not fetched yet, with the word in it: no line must not look like no water."""
        color = self.look.color("curve.gap")
        for start, end in view.holes[:HOLES]:
            brush = QBrush(self.look.color("curve.gap", 200), Qt.BrushStyle.DiagCrossPattern)
            region = pg.LinearRegionItem((start, end), movable=False, brush=brush, pen=pg.mkPen(color, width=1))
            region.setZValue(-15)
            self._mark(region)
            label = pg.TextItem(
                self.look.tr("未取回"),
                color=self.look.color("text"),
                anchor=(0.5, 1.1),
                fill=pg.mkBrush(self.look.color("panel", 235)),
            )
            label.setFont(self.look.font("small_px", bold=True))
            label.setPos((start + end) / 2, self.item.vb.viewRange()[1][0])
            self._mark(label)

    def _limits(self, view: HydrographView) -> None:
        for limit in view.limits:
            if limit.axis != "level":
                continue
            color = self.look.color(LIMIT_TOKENS.get(limit.kind, "text.dim"))
            line = pg.InfiniteLine(
                limit.value,
                angle=0,
                pen=pg.mkPen(color, width=1, style=Qt.PenStyle.DashLine),
                label=f"{self.look.tr(limit.word)} {limit.value:.2f}",
                labelOpts={"position": 0.99, "anchors": [(1, 1), (1, 1)], "color": color},
            )
            line.label.setFont(self.look.font("small_px"))
            self._mark(line)
        if view.peak is not None:
            t, value, state = view.peak
            color = self.look.color(TOKENS[state] if state > 0 else "text")
            dot = pg.ScatterPlotItem([t], [value], size=10, brush=color, pen=None)
            when = datetime.fromtimestamp(t, UTC).astimezone(BEIJING).strftime("%m-%d %H:%M")
            label = pg.TextItem(
                f"{self.look.tr('最高')} {value:.2f} · {when}",
                color=color,
                anchor=(-0.03 if t < (view.from_t + view.to_t) / 2 else 1.03, 1.25),
                fill=pg.mkBrush(self.look.color("panel", 225)),
            )
            label.setFont(self.look.font("small_px", bold=True))
            label.setPos(t, value)
            self._mark(dot)
            self._mark(label)
        for t, value, text in view.crossings[-3:]:
            dot = pg.ScatterPlotItem(
                [t], [value], size=8, symbol="d", brush=None, pen=pg.mkPen(self.look.color("state.warning"))
            )
            label = pg.TextItem(text, color=self.look.color("state.warning"), anchor=(0, 0))
            label.setFont(self.look.font("small_px"))
            label.setPos(t, value)
            self._mark(dot)
            self._mark(label)

    def _mark(self, item: Any) -> None:
        self.item.addItem(item, ignoreBounds=True)
        self._marks.append(item)

    def _ranges(self, view: HydrographView) -> None:
        self.item.vb.setXRange(view.from_t, view.to_t, padding=0)
        levels = [c.v for c in view.curves if c.role == "level"]
        near = [m.value for m in view.limits if m.axis == "level"]
        low, high = _span(levels, near)
        self.item.vb.setYRange(low, high, padding=0)
        flow_low, flow_high = _span([c.v for c in view.curves if c.role in FLOWS], [])
        self.flow_box.setYRange(max(0.0, flow_low), flow_high, padding=0)
        rain = [float(np.nanmax(c.v, initial=0.0)) for c in view.curves if c.role == "rain"]
        self.rain_box.setYRange(0, max([1.0, *rain]) * RAIN_SHARE, padding=0)
        has_flow = any(c.role in FLOWS for c in view.curves)
        has_level = bool(levels)
        self.item.getAxis("right").setStyle(showValues=has_flow)
        self.item.getAxis("left").setStyle(showValues=has_level)
        self.item.setLabel("left", f"{self.look.tr('水位')} m" if has_level else "", color=self.look.color("text.dim").name())
        self.item.setLabel(
            "right", f"{self.look.tr('流量')} m³/s" if has_flow else "", color=self.look.color("curve.flow").name()
        )

    def _redecimate(self, *_: Any) -> None:
        (first, last), _levels = self.item.vb.viewRange()
        columns = max(50, int(self.item.vb.width()))
        for _curve, pyramid, items in self._pyramids:
            t, v = pyramid.view(first, last, columns)
            items[0].setData(t, v)

    # --- hand -----------------------------------------------------------------------------
    def _hover(self, event: Any) -> None:
        place: QPointF = event[0]
        box = self.item.vb
        inside = self._view is not None and box.sceneBoundingRect().contains(place)
        self.cross.setVisible(inside)
        self.tip.setVisible(inside)
        if not inside or self._view is None:
            return
        at = box.mapSceneToView(place)
        self.cross.setValue(at.x())
        self.tip.setText(self.reading_at(at.x()))
        (left, right), (_, top) = box.viewRange()
        self.tip.setAnchor((1.05, 0) if at.x() > (left + right) / 2 else (-0.05, 0))
        self.tip.setPos(at.x(), top)

    def reading_at(self, t: float) -> str:
        """Return every series' reading nearest before t, with time, unit and quality."""
        lines = [datetime.fromtimestamp(t, UTC).astimezone(BEIJING).strftime("%m-%d %H:%M")]
        fetched = self._view is None or not any(a <= t <= b for a, b in self._view.holes)
        for curve in self._view.curves if self._view else ():
            i = int(np.searchsorted(curve.t, t, side="right")) - 1
            known = i >= 0 and t - curve.t[i] <= 1.5 * curve.interval_s and math.isfinite(curve.v[i])
            element = {"level": LEVEL, "rain": RAIN}.get(curve.role, FLOW)
            text = (
                f"{element.text(float(curve.v[i]))} {curve.unit} {self.look.tr(word(int(curve.quality[i])))}"
                if known
                else self.look.tr("缺测" if fetched else "未取回")
            )
            lines.append(f"{self.look.tr(curve.name)} {text}")
        limit = next((m for m in self._view.limits if m.kind == "warning"), None) if self._view else None
        level = next((c for c in self._view.curves if c.role == "level"), None) if self._view else None
        if limit and level is not None and len(level.t):
            i = int(np.searchsorted(level.t, t, side="right")) - 1
            if i >= 0:
                lines.append(f"{self.look.tr('距警戒')} {signed(float(level.v[i]) - limit.value)} m")
        return "\n".join(lines)

    def _clicked(self, event: Any) -> None:
        if event.double() and self.item.vb.sceneBoundingRect().contains(event.scenePos()):
            self.time_picked.emit(float(self.item.vb.mapSceneToView(event.scenePos()).x()))

    def leaveEvent(self, event: Any) -> None:
        self.cross.hide()
        self.tip.hide()
        super().leaveEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()


def _span(values: list[Any], near: list[float]) -> tuple[float, float]:
    """Return a range that holds all values, and limits within four spans of them; rain has the top."""
    finite = [v[np.isfinite(v)] for v in values]
    finite = [v for v in finite if len(v)]
    if not finite:
        return (min(near) - 1, max(near) + 1) if near else (0.0, 1.0)
    low, high = min(float(v.min()) for v in finite), max(float(v.max()) for v in finite)
    room = max(4 * (high - low), 2.0)
    lines = [n for n in near if low - room < n < high + room]
    low, high = min([low, *lines]), max([high, *lines])
    room = max(high - low, 0.5)
    return low - 0.08 * room, high + 0.30 * room
