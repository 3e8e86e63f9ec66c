"""Drag on a plot to measure: how long, how much, how fast; the wheel zooms, Shift or the middle button pans."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal

from console.domain.elements import signed
from console.domain.freshness import breaks_line
from console.look import Look
from console.viewdata.curves import Curve
from widgets.plot_curves import drawable

LEAST_PX = 4.0


class MeasureBox(pg.ViewBox):  # type: ignore[misc] # pyqtgraph has no types
    """A view box in which the left button measures.

    Signals:
        measured: (from, to, finished), in the box's x units, from ≤ to.
    """

    measured = Signal(float, float, bool)

    def mouseDragEvent(self, ev: Any, axis: Any = None) -> None:
        shifted = bool(ev.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if ev.button() != Qt.MouseButton.LeftButton or shifted or axis is not None:
            super().mouseDragEvent(ev, axis)
            return
        ev.accept()
        a, b = ev.buttonDownPos(), ev.pos()
        if abs(b.x() - a.x()) < LEAST_PX and not ev.isFinish():
            return
        x = sorted((self.mapToView(a).x(), self.mapToView(b).x()))
        self.measured.emit(x[0], x[1], bool(ev.isFinish()))


class QuietBox(pg.ViewBox):  # type: ignore[misc] # pyqtgraph has no types
    """A view box that lies over another one and leaves every gesture to it.

    The library's own takes each drag even when its mouse is switched off.
    """

    def mouseDragEvent(self, ev: Any, axis: Any = None) -> None:
        ev.ignore()

    def mouseClickEvent(self, ev: Any) -> None:
        ev.ignore()


def level_at(curve: Curve, t: float) -> float | None:
    """Return the value on the drawn line; None where no line is."""
    v = drawable(curve)
    i = int(np.searchsorted(curve.t, t, side="right")) - 1
    if i < 0 or not np.isfinite(v[i]):
        return None
    if i + 1 >= len(v):
        return float(v[i]) if t == curve.t[i] else None
    step = float(curve.t[i + 1] - curve.t[i])
    if breaks_line(step, curve.interval_s) or not np.isfinite(v[i + 1]):
        return float(v[i]) if t == curve.t[i] else None
    return float(v[i] + (t - curve.t[i]) / step * (v[i + 1] - v[i]))


def lasted(seconds: float, look: Look) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} {look.tr('小时').strip()} {minutes % 60:02d} {look.tr('分').strip()}"


def measure_text(curve: Curve | None, a: float, b: float, look: Look) -> str:
    """Return Δt, and where a line is at both ends its change and rate; the word that it is missing where not."""
    text = f"Δt {lasted(b - a, look)}"
    if curve is None or b <= a:
        return text
    first, last = level_at(curve, a), level_at(curve, b)
    if first is None or last is None:
        return f"{text}\n{look.tr('一端缺测，不能量测变化')}"
    change, decimals = last - first, curve.decimals
    rate = signed(change / ((b - a) / 3600), decimals)
    return f"{text}\nΔ{look.tr(curve.name)} {signed(change, decimals)} {curve.unit}\n{rate} {curve.unit}/h"
