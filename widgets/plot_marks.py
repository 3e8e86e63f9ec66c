"""What stands on a hydrograph beside its curves: gaps, holes, limits, peak, crossings, and their words."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush

from console.domain.states import TOKENS
from console.domain.time import BEIJING
from console.look import Look
from console.viewdata.curves import Curve, HydrographView
from widgets.plot_curves import token_of
from widgets.plot_labels import Label

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
        for curve in view.curves:
            if curve.role == "level" and not curve.tint:
                self._gaps(curve)
        self._peak(view)
        self._limits(view)
        self._crossings(view)
        self._holes(view)
        self._names(view)

    def labels(self) -> list[Label]:
        return list(self._words)

    def _add(self, item: Any) -> None:
        self._item.addItem(item, ignoreBounds=True)
        self.items.append(item)

    def _region(self, span: tuple[float, float], alpha: int, pattern: Qt.BrushStyle, *, framed: bool) -> None:
        color = self._look.color("curve.gap")
        brush = QBrush(self._look.color("curve.gap", alpha), pattern)
        region = pg.LinearRegionItem(
            span, movable=False, brush=brush, pen=pg.mkPen(color, width=1) if framed else pg.mkPen(None)
        )
        region.setZValue(-15 if framed else -20)
        self._add(region)

    def _gaps(self, curve: Curve) -> None:
        gone = np.flatnonzero(np.diff(curve.t) > 1.5 * curve.interval_s)[:GAPS]  # as domain.freshness.breaks_line
        for i in gone.tolist():
            self._region((float(curve.t[i]), float(curve.t[i + 1])), 110, Qt.BrushStyle.BDiagPattern, framed=False)

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
            self._words.append(Label(f"{self._look.tr(limit.word)} {limit.value:.2f}", color, None, limit.value))

    def _peak(self, view: HydrographView) -> None:
        if view.peak is None:
            return
        t, value, state = view.peak
        color = self._look.color(TOKENS[state] if state > 0 else "text")
        self._add(pg.ScatterPlotItem([t], [value], size=10, brush=color, pen=None))
        when = datetime.fromtimestamp(t, UTC).astimezone(BEIJING).strftime("%m-%d %H:%M")
        near = ("ne", "nw") if t < (view.from_t + view.to_t) / 2 else ("nw", "ne")
        text = f"{self._look.tr('最高')} {value:.2f} · {when}"
        short = f"{self._look.tr('最高')} {value:.2f}"
        self._words.append(Label(text, color, t, value, True, (*near, "sw", "se", "n", "s", "e", "w"), short))

    def _crossings(self, view: HydrographView) -> None:
        color = self._look.color("state.warning")
        for t, value, text in view.crossings[-CROSSINGS:][::-1]:
            self._add(pg.ScatterPlotItem([t], [value], size=8, symbol="d", brush=None, pen=pg.mkPen(color)))
            self._words.append(Label(text, color, t, value, False, ("se", "nw", "sw", "ne", "s")))

    def _names(self, view: HydrographView) -> None:
        """Name what is not the level: other stations and floods at their highest, flows at their end."""
        for curve in view.curves:
            known = np.flatnonzero(np.isfinite(curve.v))
            if not curve.tint or not len(known):
                continue
            inside = known[(curve.t[known] >= view.from_t) & (curve.t[known] <= view.to_t)]
            if len(inside):
                i = int(inside[np.argmax(curve.v[inside])])
                word = curve.name.split("（")[0]
                label = Label(word, self._look.color(token_of(curve)), float(curve.t[i]), float(curve.v[i]), True)
                self._words.append(label)


def flow_labels(view: HydrographView, look: Look, levels: tuple[float, float], flows: tuple[float, float]) -> list[Label]:
    """Return the names of flow curves, in level units: levels and flows are what the two axes show now."""
    found = []
    span = flows[1] - flows[0]
    for curve in view.curves:
        if curve.role in ("level", "rain") or curve.tint or not len(curve.t) or not span:
            continue
        known = np.flatnonzero(np.isfinite(curve.v))
        if not len(known):
            continue
        i = int(known[-1])
        y = levels[0] + (float(curve.v[i]) - flows[0]) / span * (levels[1] - levels[0])
        near = ("nw", "sw", "w", "n", "s")
        found.append(Label(look.tr(curve.name), look.color(token_of(curve)), float(curve.t[i]), y, False, near))
    return found
