"""What stands on a hydrograph beside its curves: gaps, holes, limits, peak, crossings, and their words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor

from console.domain.elements import signed
from console.domain.quality import Quality
from console.domain.states import TOKENS, State
from console.domain.time import stamp
from console.look import Look
from console.viewdata.curves import Curve, HydrographView
from widgets.plot_curves import token_of
from widgets.plot_labels import Label
from widgets.plot_rain import SHARE, gaps_of, rain_of

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
GAPS = 40
ARROWS = {1: "↑", -1: "↓"}
RAIN_PART = 1 / SHARE
HOLES = 40
CROSSINGS = 3


class PlotMarks:
    """Owns the items it put on the plot; labels() are for the label layer, most important first."""

    def __init__(self, item: Any, look: Look) -> None:
        self._item = item
        self._look = look
        self.items: list[Any] = []
        self._words: list[Label] = []

    def clear(self) -> None:
        for mark in self.items:
            self._item.removeItem(mark)
        self.items, self._words = [], []

    def show_view(self, view: HydrographView) -> None:
        self.clear()
        rain, level = rain_of(view), next((c for c in view.curves if c.role == "level" and not c.tint), None)
        if level is not None:
            self._gaps(level, view, (0.0, 1.0) if rain is None else (0.0, 1 - RAIN_PART))
        if rain is not None:
            self._gaps(rain, view, (1 - RAIN_PART, 1.0))
        self._present(view)
        self._peak(view)
        self._limits(view)
        self._crossings(view)
        self._holes(view)
        self._names(view)
        self._after(view)
        if view.note:
            middle = (view.from_t + view.to_t) / 2
            self._words.append(Label(view.note, self._look.color("text.dim"), middle, 0.0, False, ("base",)))

    def labels(self) -> list[Label]:
        return list(self._words)

    def _add(self, item: Any) -> None:
        self._item.addItem(item, ignoreBounds=True)
        self.items.append(item)

    def _region(
        self, span: tuple[float, float], alpha: int, pattern: Qt.BrushStyle, *, framed: bool, part: tuple[float, float] = (0, 1)
    ) -> None:
        color = self._look.color("curve.gap")
        brush = QBrush(self._look.color("curve.gap", alpha), pattern)
        pen = pg.mkPen(color, width=1) if framed else pg.mkPen(None)
        region = pg.LinearRegionItem(span, movable=False, brush=brush, pen=pen, span=part)
        region.setZValue(-15 if framed else -20)
        self._add(region)

    def _gaps(self, curve: Curve, view: HydrographView, part: tuple[float, float]) -> None:
        """Hatch where readings are missing, up to the moment; what was not fetched has a hatching of its own."""
        for start, end in gaps_of(curve, view)[:GAPS]:
            if not any(a <= start + curve.interval_s and end <= b + curve.interval_s for a, b in view.holes):
                self._region((start, end), 110, Qt.BrushStyle.BDiagPattern, framed=False, part=part)

    def _holes(self, view: HydrographView) -> None:
        """Hatch what was not fetched yet, with the word in it: no line must not look like no water."""
        for start, end in view.holes[:HOLES]:
            self._region((start, end), 200, Qt.BrushStyle.DiagCrossPattern, framed=True)
            middle = (max(start, view.from_t) + min(end, view.to_t)) / 2
            self._words.append(Label(self._look.tr("未取回"), self._look.color("text"), middle, 0.0, True, ("base",)))

    def _limits(self, view: HydrographView) -> None:
        for limit in view.limits:
            if limit.axis != "level" or not math.isfinite(limit.value):
                continue
            color = self._look.color(LIMIT_TOKENS.get(limit.kind, "text.dim"))
            self._add(pg.InfiniteLine(limit.value, angle=0, pen=pg.mkPen(color, width=1, style=Qt.PenStyle.DashLine)))
            text = f"{self._look.tr(limit.word)} {limit.value:.{view.level_decimals}f}"
            self._words.append(Label(text, color, None, limit.value))

    def _tone(self, state: State) -> QColor:
        return self._look.color(TOKENS[state] if state > 0 else "text")

    def _present(self, view: HydrographView) -> None:
        """Name the newest level with trend and rate; one that is old is named by its time instead."""
        if view.present is None:
            return
        p, tr = view.present, self._look.tr
        color = self._tone(p.state)
        self._add(pg.ScatterPlotItem([p.t], [p.value], size=9, brush=self._look.color("panel"), pen=pg.mkPen(color, width=2)))
        figure = f"{p.value:.{view.level_decimals}f}"
        text = short = f"{tr('现')} {figure} {ARROWS.get(p.trend, '')}".rstrip()
        if p.old:
            text, short = f"{tr('最新')} {figure} · {stamp(p.t)}", f"{tr('最新')} {figure}"
        elif p.per_h is not None:
            text = f"{text} {signed(p.per_h)} m/h"
        self._words.append(Label(text, color, float(p.t), p.value, True, ("e", "ne", "se", "nw", "w", "sw", "n", "s"), short))

    def _peak(self, view: HydrographView) -> None:
        if view.peak is None:
            return
        t, value, state = view.peak
        color = self._tone(state)
        self._add(pg.ScatterPlotItem([t], [value], size=10, brush=color, pen=None))
        near = ("ne", "nw") if t < (view.from_t + view.to_t) / 2 else ("nw", "ne")
        text = f"{self._look.tr('最高')} {value:.{view.level_decimals}f} · {stamp(t)}"
        short = f"{self._look.tr('最高')} {value:.{view.level_decimals}f}"
        self._words.append(Label(text, color, t, value, True, (*near, "sw", "se", "n", "s", "e", "w"), short))

    def _after(self, view: HydrographView) -> None:
        """Name what is drawn later than the moment."""
        ends = [float(c.t[-1]) for c in view.curves if not c.tint and len(c.t)]
        end = min(max(ends, default=view.moment), view.to_t)
        if view.looking_back and end > view.moment:
            middle = (view.moment + end) / 2
            self._words.append(Label(self._look.tr("事后"), self._look.color("text.dim"), middle, 0.0, False, ("base",)))

    def _crossings(self, view: HydrographView) -> None:
        color = self._look.color("state.warning")
        for t, value, text in view.crossings[-CROSSINGS:][::-1]:
            self._add(pg.ScatterPlotItem([t], [value], size=8, symbol="d", brush=None, pen=pg.mkPen(color)))
            self._words.append(Label(text, color, t, value, False, ("se", "nw", "sw", "ne", "s")))

    def _names(self, view: HydrographView) -> None:
        """Where several stations or floods are drawn, name each at its highest; flows are named at their end."""
        if not any(c.tint for c in view.curves):
            return
        for curve in view.curves:
            known = np.flatnonzero(np.isfinite(curve.v))
            if curve.role != "level" or not len(known):
                continue
            inside = known[(curve.t[known] >= view.from_t) & (curve.t[known] <= view.to_t)]
            if len(inside):
                i = int(inside[np.argmax(curve.v[inside])])
                word = curve.name.split("（")[0] if curve.tint or view.level_word else self._look.tr("本次")
                label = Label(word, self._look.color(token_of(curve)), float(curve.t[i]), float(curve.v[i]), True)
                self._words.append(label)


def flow_labels(view: HydrographView, look: Look, levels: tuple[float, float], flows: tuple[float, float]) -> list[Label]:
    """Return the names of flow curves, in level units: levels and flows are what the two axes show now."""
    found = []
    span = flows[1] - flows[0]
    for curve in view.curves:
        if curve.role in ("level", "rain") or curve.tint or not len(curve.t) or not span:
            continue
        known = np.flatnonzero(np.isfinite(curve.v) & ((curve.t <= view.moment) | (curve.quality == Quality.FORECAST)))
        if not len(known):
            continue
        i = int(known[-1])
        y = levels[0] + (float(curve.v[i]) - flows[0]) / span * (levels[1] - levels[0])
        near = ("nw", "sw", "w", "n", "s")
        found.append(Label(look.tr(curve.name), look.color(token_of(curve)), float(curve.t[i]), y, False, near))
    return found
