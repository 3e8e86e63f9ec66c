"""One curve's lines and marks: measured solid, rebuilt dotted, forecast dashed, gaps open."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from console.domain.quality import Quality
from console.look import Look
from console.viewdata.curves import Band, Curve, HydrographView
from widgets.decimate import Pyramid

DENSE = 3000  # wide or smoothed lines of more points cost ten times as much
MARKS = 2000
TINTS = 4
FADED = 95  # of 255: what lay in the future at the shown moment
SOLID, DOTTED, DASHED = 0, 1, 2
STYLES = {SOLID: Qt.PenStyle.SolidLine, DOTTED: Qt.PenStyle.DotLine, DASHED: Qt.PenStyle.DashLine}
UNTRUSTED = (Quality.SUSPECT, Quality.BAD)
MARKED = {Quality.SUSPECT: "o", Quality.BAD: "x", Quality.MANUAL: "t"}
Array = NDArray[np.float64]
Times = NDArray[np.int64]


def token_of(curve: Curve | Band) -> str:
    """Return the colour of a curve; state colours are never used for curves."""
    if isinstance(curve, Curve) and curve.tint:
        return f"curve.other{(curve.tint - 1) % TINTS + 1}"
    return {"level": "curve.level", "flow": "curve.flow"}.get(curve.role, "curve.outflow")


def drawable(curve: Curve) -> Array:
    """Return the values that lines and ranges may use: a suspect or bad one decides nothing."""
    doubtful = np.isin(curve.quality, UNTRUSTED)
    return np.where(doubtful, np.nan, curve.v) if doubtful.any() else curve.v


def marks_measured(curve: Curve) -> bool:
    """Tell whether single measured readings stand out on a curve that is mostly rebuilt."""
    measured = int(np.count_nonzero(np.isfinite(curve.v) & (curve.quality == Quality.MEASURED)))
    return not curve.tint and 0 < measured < 0.5 * len(curve.v)


def shown(curve: Curve, view: HydrographView) -> Array:
    """Return the drawable values that the picture shows: live none that is later than the moment, but forecasts."""
    v = drawable(curve)
    if view.looking_back or not len(curve.t) or curve.t[-1] <= view.moment + curve.shift_s:
        return v
    return np.asarray(v[(curve.t <= view.moment + curve.shift_s) | (curve.quality == Quality.FORECAST)])


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


class Split:
    """A plot item and its faded twin: readings up to the shown moment, and those of after it."""

    def __init__(self, box: Any, color: QColor, make: Callable[[QColor], Any]) -> None:
        self._box, self._color, self._make = box, color, make
        self._after: Any = None
        self.item = self._put(color)

    def _put(self, color: QColor) -> Any:
        item = self._make(color)
        self._box.addItem(item, ignoreBounds=True)
        return item

    def show(self, t: Any, v: Any, known_to: float, *, after: bool, joined: bool) -> None:
        """Draw what is known at known_to; the rest faded if after, else not. joined: a line leads to the rest."""
        i = int(np.searchsorted(t, known_to, side="right"))
        self.item.setData(t[:i], v[:i])
        later = after and i < len(t)
        if later and self._after is None:
            faded = QColor(self._color)
            faded.setAlpha(FADED)
            self._after = self._put(faded)
        if self._after is not None:
            first = max(0, i - joined) if later else len(t)
            self._after.setData(t[first:], v[first:])

    def remove(self) -> None:
        for item in (self.item, self._after):
            if item is not None:
                self._box.removeItem(item)

    def drawn(self) -> list[tuple[Any, Any]]:
        return [item.getData() for item in (self.item, self._after) if item is not None]


class CurveItems:
    """The plot items of one curve in one box; box is what they were added to."""

    def __init__(self, curve: Curve, box: Any, look: Look) -> None:
        self.curve = curve
        self._box = box
        self.lines: list[tuple[Pyramid, Any]] = []
        self._splits: list[tuple[int, Split]] = []
        self._dotted: list[tuple[Any, Any, Split]] = []
        self.known_to, self.after = math.inf, True
        color = look.color(token_of(curve))
        dense = len(curve.t) > DENSE
        for style, (t, v) in parts(curve).items():

            def line(color: QColor, style: int = style) -> Any:
                pen = pg.mkPen(color, width=1, style=STYLES[style])
                if not dense:
                    pen.setWidthF(1.6 if style == DOTTED else 1.3)
                return pg.PlotCurveItem(pen=pen, connect="finite", antialias=not dense)

            split = Split(box, color, line)
            self._splits.append((style, split))
            self.lines.append((Pyramid(t, v, curve.interval_s), split.item))
        if not curve.tint:
            self._mark(look)

    def _mark(self, look: Look) -> None:
        """Mark single measured readings on a rebuilt curve, and those that a person or a check touched."""
        curve, known = self.curve, np.isfinite(self.curve.v)
        if marks_measured(curve):
            self._dots(known & (curve.quality == Quality.MEASURED), "o", 7, look.color(token_of(curve)), filled=True)
        for quality, symbol in MARKED.items():
            tone = look.color("accent" if quality == Quality.MANUAL else "text.dim")
            self._dots(known & (curve.quality == quality), symbol, 8, tone, filled=quality == Quality.MANUAL)

    def _dots(self, where: NDArray[np.bool_], symbol: str, size: int, tone: QColor, *, filled: bool) -> None:
        chosen = np.flatnonzero(where)[:MARKS]
        if not len(chosen):
            return

        def dots(color: QColor) -> Any:
            brush = pg.mkBrush(color) if filled else None
            return pg.ScatterPlotItem(pen=pg.mkPen(color, width=1), size=size, symbol=symbol, brush=brush, pxMode=True)

        self._dotted.append((self.curve.t[chosen], self.curve.v[chosen], Split(self._box, tone, dots)))
        self._show_dots()

    def _show_dots(self) -> None:
        for t, v, split in self._dotted:
            split.show(t, v, self.known_to, after=self.after, joined=False)

    def cut(self, known_to: float, *, after: bool) -> None:
        """Say until when readings are known at the shown moment, and whether later ones are drawn, faded."""
        if (known_to, after) != (self.known_to, self.after):
            self.known_to, self.after = known_to, after
            self._show_dots()

    def drawn(self, count: int = 240) -> tuple[Array, Array]:
        """Return some points of what is drawn now."""
        known = [(x, y) for _, split in self._splits for x, y in split.drawn() if x is not None and len(x)]
        if not known:
            return np.empty(0), np.empty(0)
        x, y = (np.concatenate(c) for c in zip(*known, strict=True))
        step = max(1, len(x) // count)
        return x[::step], y[::step]

    def redecimate(self, first: float, last: float, columns: int) -> None:
        for (pyramid, _), (style, split) in zip(self.lines, self._splits, strict=True):
            t, v = pyramid.view(first, last, columns)
            split.show(t, v, math.inf if style == DASHED else self.known_to, after=self.after, joined=True)

    def remove(self) -> None:
        for split in (*(s for _, s in self._splits), *(s for *_, s in self._dotted)):
            split.remove()
