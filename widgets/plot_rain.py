"""Rain hanging from the top of a plot, in a quarter of its own; missing rain is a gap, never a dry hour."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from console.look import Look
from console.viewdata.curves import Curve, HydrographView
from widgets.plot_curves import FADED, drawable

SHARE = 6.0  # bars reach at most this part of the height, so that words fit between them and the curves
INK_BARS = 240


def rain_of(view: HydrographView) -> Curve | None:
    """Return the rain that is drawn: the object's own before its basin's."""
    return next((c for c in view.curves if c.role == "rain"), None)


def gaps_of(curve: Curve, view: HydrographView) -> list[tuple[float, float]]:
    """Return where no reading is: between readings, where one has no figure, and from the last one to the moment.

    A gap before the first reading is one too. What was not fetched is hatched by others.
    """
    good = np.isfinite(curve.v)
    t = curve.t[good & (curve.t <= view.moment + curve.shift_s)].astype(float)
    ends = np.concatenate([t, [view.moment + curve.shift_s]])
    starts = np.concatenate([[view.from_t], t]) if len(t) else np.array([view.from_t])
    found = np.flatnonzero(ends - starts > 1.5 * curve.interval_s)  # as domain.freshness.breaks_line
    return [(float(starts[i]), float(ends[i])) for i in found.tolist()]


class RainBars:
    """Owns the bars in their box: those known at the moment, and faded ones of after it."""

    def __init__(self, box: Any, look: Look) -> None:
        self._box, self._look = box, look
        self.known, self.after = (pg.BarGraphItem(x=[], height=[], width=1, pen=None) for _ in range(2))
        for item in (self.known, self.after):
            box.addItem(item, ignoreBounds=True)
        self._curve: Curve | None = None

    def show_view(self, view: HydrographView) -> None:
        curve = self._curve = rain_of(view)
        if curve is None:
            self._fill(self.known, None, np.empty(0, bool), QColor())
            self._fill(self.after, None, np.empty(0, bool), QColor())
            return
        good = np.isfinite(drawable(curve))
        past = curve.t <= view.moment + curve.shift_s
        self._fill(self.known, curve, good & past, self._look.color("curve.rain"))
        later = good & ~past if view.looking_back else np.zeros(len(good), bool)
        self._fill(self.after, curve, later, self._look.color("curve.rain", FADED))
        top = float(np.max(curve.v[good & (past | view.looking_back)], initial=1.0))
        self._box.setYRange(0, top * SHARE, padding=0)

    @staticmethod
    def _fill(item: Any, curve: Curve | None, where: Any, color: QColor) -> None:
        if curve is None:
            item.setOpts(x=[], height=[], width=1, pen=None)
            return
        x, width = curve.t[where] - curve.interval_s / 2, curve.interval_s * 0.86
        item.setOpts(x=x, height=drawable(curve)[where], width=width, brush=color, pen=None)

    def ink(self, low: float, high: float) -> tuple[Any, Any]:
        """Return points inside the bars, in the level units of a box that shows low to high."""
        curve = self._curve
        if curve is None:
            return np.empty(0), np.empty(0)
        rain_top = float(self._box.viewRange()[1][1])
        good = np.flatnonzero(np.isfinite(drawable(curve)))
        good = good[:: max(1, len(good) // INK_BARS)]
        x = curve.t[good] - curve.interval_s / 2
        depth = curve.v[good] / rain_top * (high - low)
        return np.tile(x, 3), np.concatenate([high - depth * part for part in (0.3, 0.7, 1.0)])
