"""Axes of plots: texts painted directly, times in Beijing time on whole hours and days."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPicture

from console.domain.elements import FLOWS, LEVELS, grouped
from console.domain.time import BEIJING
from console.look import Look
from console.viewdata.curves import Curve

TICKS_LEAST = 3
TICK_HIGH_PX, TICK_WIDE_PX = 34.0, 80.0
TEXT_PX = 16.0
NICE = (0.1, 0.2, 0.4, 0.5, 1.0, 2.0, 4.0, 5.0, 10.0, 20.0, 50.0)
STEPS = (60, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 2592000)


def axis_word(curve: Curve | None, look: Look) -> str:
    """Return what an axis shows: the curve's element and unit, one word for flows of all sorts and one for levels."""
    if curve is None:
        return ""
    code = curve.written.code
    name = "流量" if code in FLOWS else "水位" if code in LEVELS else curve.written.name
    return f"{look.tr(name)} {curve.written.unit}".rstrip()


def plain_figures(axis: Any) -> None:
    """Let an axis show figures as they are. Told twice, the library takes it for a wish to scale small ranges by 1000."""
    if axis.autoSIPrefix:
        axis.enableAutoSIPrefix(False)


def label_text(words: str) -> str:
    """Return words for the label of a line: the library takes braces in it for places to fill."""
    return words.replace("{", "{{").replace("}", "}}")


def dress(plot: Any, look: Look, words: Mapping[str, str], grid: float = 0.15) -> None:
    """Give a plot the look's colours. words: what its axes show, by side; "" leaves an axis without."""
    plot.setBackground(look.color("panel"))
    plot.showGrid(x=True, y=True, alpha=grid)
    for side, text in words.items():
        axis = plot.getAxis(side)
        plain_figures(axis)
        axis.setPen(look.color("line"))
        axis.setTextPen(look.color("text.dim"))
        axis.setTickFont(look.font("small_px"))
        if text:
            axis.setLabel(text, color=look.color("text.dim").name())


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


class FigureAxis(DirectAxis):
    """Axis of figures: at least three of them wherever there is room to read them, grouped by three digits."""

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        span = abs(high - low)
        if not math.isfinite(span) or span <= 0:
            return [(1.0, 0.0)]
        wide = self.orientation in ("top", "bottom")
        per = TICK_WIDE_PX if wide else TICK_HIGH_PX
        most = span / (TICKS_LEAST + 0.5)  # texts at the very ends are not drawn
        decade = 10.0 ** math.floor(math.log10(most))
        nice = [n * decade for n in NICE]
        good = [n for n in nice if n <= most]
        step = next((n for n in good if n >= span * per / max(size, 1.0)), good[-1])
        if not wide and step / span * size < TEXT_PX:  # too low a plot for three: rather two that can be read
            step = next((n for n in nice if n / span * size >= TEXT_PX), nice[-1])
        return [(step, 0.0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        decimals = max(0, -math.floor(math.log10(spacing * scale) + 1e-9)) if spacing * scale > 0 else 0
        return [grouped(f"{value * scale:.{min(decimals, 6)}f}") for value in values]


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


def span_of(values: list[Any], near: list[float], top: float) -> tuple[float, float]:
    """Return a range that holds all values, and limits within four spans of them; top: room above, of their span."""
    finite = [v[np.isfinite(v)] for v in values]
    finite = [v for v in finite if len(v)]
    near = [n for n in near if np.isfinite(n)]
    if not finite and not near:
        return 0.0, 1.0
    if finite:
        low, high = min(float(v.min()) for v in finite), max(float(v.max()) for v in finite)
        reach = max(4 * (high - low), 2.0)
        near = [n for n in near if low - reach < n < high + reach]
        low, high = min([low, *near]), max([high, *near])
    else:
        low, high = min(near), max(near)
    room = max(high - low, 0.5)
    return low - 0.08 * room, high + top * room
