"""One curve's lines and marks: measured solid, rebuilt dotted, forecast dashed, gaps open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt

from console.domain.quality import Quality
from console.look import Look
from console.viewdata.curves import Curve
from widgets.decimate import Pyramid

DENSE = 3000  # wide or smoothed lines of more points cost ten times as much
MARKS = 2000
TINTS = 4
SOLID, DOTTED, DASHED = 0, 1, 2
STYLES = {SOLID: Qt.PenStyle.SolidLine, DOTTED: Qt.PenStyle.DotLine, DASHED: Qt.PenStyle.DashLine}
UNTRUSTED = (Quality.SUSPECT, Quality.BAD)
MARKED = {Quality.SUSPECT: "o", Quality.BAD: "x", Quality.MANUAL: "t"}
Array = NDArray[np.float64]
Times = NDArray[np.int64]


def token_of(curve: Curve) -> str:
    """Return the colour of a curve; state colours are never used for curves."""
    if curve.tint:
        return f"curve.other{(curve.tint - 1) % TINTS + 1}"
    return {"level": "curve.level", "flow": "curve.flow"}.get(curve.role, "curve.outflow")


def drawable(curve: Curve) -> Array:
    """Return the values that lines and ranges may use: a suspect or bad one decides nothing."""
    doubtful = np.isin(curve.quality, UNTRUSTED)
    return np.where(doubtful, np.nan, curve.v) if doubtful.any() else curve.v


def parts(curve: Curve) -> dict[int, tuple[Times, Array]]:
    """Split a curve by style: a piece between two readings is drawn as the less certain of the two.

    Returns:
        style → (t, v) with NaN where another style draws, none for styles that do not occur.
    """
    v = drawable(curve)
    rank = np.where(curve.quality == Quality.FORECAST, DASHED, np.where(curve.quality == Quality.RECONSTRUCTED, DOTTED, SOLID))
    if len(rank) < 2 or (rank == rank[0]).all():
        return {int(rank[0]) if len(rank) else SOLID: (curve.t, v)}
    piece = np.maximum(rank[:-1], rank[1:])
    found = {}
    for style in np.unique(piece).tolist():
        mine = piece == style
        used = np.zeros(len(v), bool)
        used[:-1] |= mine
        used[1:] |= mine
        i = np.flatnonzero(used)
        cut = np.flatnonzero(~mine[i[:-1]]) + 1  # the piece after that reading is drawn otherwise
        found[style] = np.insert(curve.t[i], cut, curve.t[i][cut - 1] + 1), np.insert(v[i], cut, np.nan)
    return found


class CurveItems:
    """The plot items of one curve in one box; box is what they were added to."""

    def __init__(self, curve: Curve, box: Any, look: Look) -> None:
        self.curve = curve
        self._box = box
        self.lines: list[tuple[Pyramid, Any]] = []
        color = look.color(token_of(curve))
        dense = len(curve.t) > DENSE
        for style, (t, v) in parts(curve).items():
            pen = pg.mkPen(color, width=1, style=STYLES[style])
            if not dense:
                pen.setWidthF(1.6 if style == DOTTED else 1.3)
            line = pg.PlotCurveItem(pen=pen, connect="finite", antialias=not dense)
            box.addItem(line)
            self.lines.append((Pyramid(t, v, curve.interval_s), line))
        self.marks: list[Any] = []
        if not curve.tint:
            self._mark(look)

    def _mark(self, look: Look) -> None:
        """Mark single measured readings on a rebuilt curve, and those that a person or a check touched."""
        curve, known = self.curve, np.isfinite(self.curve.v)
        color = look.color(token_of(curve))
        measured = known & (curve.quality == Quality.MEASURED)
        if 0 < measured.sum() < 0.5 * len(curve.v):
            self._dots(measured, "o", 7, color, None)
        for quality, symbol in MARKED.items():
            tone = look.color("accent" if quality == Quality.MANUAL else "text.dim")
            fill = tone if quality == Quality.MANUAL else None
            self._dots(known & (curve.quality == quality), symbol, 8, fill, pg.mkPen(tone, width=1))

    def _dots(self, where: NDArray[np.bool_], symbol: str, size: int, brush: Any, pen: Any) -> None:
        chosen = np.flatnonzero(where)[:MARKS]
        if len(chosen):
            dots = pg.ScatterPlotItem(pen=pen, size=size, symbol=symbol, brush=brush, pxMode=True)
            dots.setData(self.curve.t[chosen], self.curve.v[chosen])
            self._box.addItem(dots, ignoreBounds=True)
            self.marks.append(dots)

    def drawn(self, count: int = 240) -> tuple[Array, Array]:
        """Return some points of what is drawn now."""
        found = [line.getData() for _, line in self.lines]
        known = [(x, y) for x, y in found if x is not None and len(x)]
        if not known:
            return np.empty(0), np.empty(0)
        x, y = (np.concatenate(c) for c in zip(*known, strict=True))
        step = max(1, len(x) // count)
        return x[::step], y[::step]

    def redecimate(self, first: float, last: float, columns: int) -> None:
        for pyramid, line in self.lines:
            t, v = pyramid.view(first, last, columns)
            line.setData(t, v)

    def remove(self) -> None:
        for item in (*(line for _, line in self.lines), *self.marks):
            self._box.removeItem(item)
