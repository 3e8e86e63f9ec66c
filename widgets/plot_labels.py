"""Words on a plot: placed in pixels so that none covers another or leaves the plot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPen

from console.look import Look

PAD = 3.0
APART = 1.0  # pixels between two labels
LED = 4.0  # a label farther from its line gets a leader
LEADER = 12.0
DOT = 4.0
BACK = 225
Ink = tuple[NDArray[np.float64], NDArray[np.float64]]
NO_INK: Ink = (np.empty(0), np.empty(0))


@dataclass(frozen=True, slots=True)
class Label:
    """x, y: data place; x None: at the right edge, on the level line y. Earlier labels are placed first.

    near: where it may stand about its place, in order of liking: ne, nw, se, sw, n, s, e, w, base (the plot's foot).
    """

    text: str
    color: QColor
    x: float | None
    y: float
    bold: bool = False
    near: tuple[str, ...] = ("ne", "nw", "se", "sw", "n", "s")
    short: str = ""  # said instead where the text has no room


@dataclass(frozen=True, slots=True)
class Placed:
    label: Label
    box: QRectF
    anchor: QPointF


def spread(wanted: Sequence[float], height: float, low: float, high: float) -> list[float]:
    """Return tops of equal boxes near the wanted ones (ascending), apart, within low..high.

    Where they do not all fit, the first ones are returned and the rest left out.
    """
    room = max(0, int((high - low + APART) // (height + APART)))
    tops = [min(max(w, low), high - height) for w in wanted[:room]]
    for i in range(1, len(tops)):
        tops[i] = max(tops[i], tops[i - 1] + height + APART)
    if tops and tops[-1] > high - height:
        tops[-1] = high - height
        for i in range(len(tops) - 2, -1, -1):
            tops[i] = min(tops[i], tops[i + 1] - height - APART)
    return tops


def covered(box: QRectF, ink: Ink) -> int:
    """Return how many points of the curves lie in a box."""
    x, y = ink
    inside = (x >= box.left()) & (x <= box.right()) & (y >= box.top()) & (y <= box.bottom())
    return int(np.count_nonzero(inside))


def free_place(
    size: QSizeF, at: QPointF, near: Sequence[str], area: QRectF, taken: Sequence[QRectF], ink: Ink = NO_INK
) -> QRectF | None:
    """Return the first free box about a point, the one that hides least of the curves; None when none is free."""
    best: tuple[int, QRectF] | None = None
    w, h, gap = size.width(), size.height(), 5.0
    for far in (1.0, 3.5):
        x = {"e": at.x() + gap, "w": at.x() - w - gap}
        y = {"n": at.y() - h - gap * far, "s": at.y() + gap * far}
        for word in near:
            left = x["e"] if "e" in word and word != "base" else x["w"] if "w" in word else at.x() - w / 2
            top = y["n"] if "n" in word else y["s"] if word in ("s", "se", "sw") else at.y() - h / 2
            if word == "base":
                left, top = at.x() - w / 2, area.bottom() - h - 2 - (2 * h if far > 1 else 0)
            box = QRectF(min(max(left, area.left()), area.right() - w), top, w, h)
            if abs(box.left() - left) > w:
                continue
            grown = box.adjusted(-APART, -APART, APART, APART)
            if area.contains(box) and not any(grown.intersects(t) for t in taken):
                hidden = covered(box, ink)
                if not hidden:
                    return box
                if best is None or hidden < best[0]:
                    best = hidden, box
    return best[1] if best is not None else None


def arrange(
    labels: Sequence[Label],
    area: QRectF,
    to_pixel: Callable[[float, float], QPointF],
    size_of: Callable[[Label], QSizeF],
    ink: Ink = NO_INK,
) -> list[Placed]:
    """Place labels in an area, both in pixels: those of the edge first, then the others in order.

    Level lines are named at the right edge, or at the left one where curves are fewer.
    """
    placed: list[Placed] = []
    edge = [(lab, to_pixel(0.0, lab.y).y()) for lab in labels if lab.x is None]
    edge = sorted((e for e in edge if area.top() <= e[1] <= area.bottom()), key=lambda e: e[1])
    if edge:
        height = max(size_of(lab).height() for lab, _ in edge)
        tops = spread([y - height for _, y in edge], height, area.top(), area.bottom())
        wide = max(size_of(lab).width() for lab, _ in edge)
        block = QRectF(area.right() - wide - 2, tops[0], wide, tops[-1] + height - tops[0])
        left = covered(block, ink) > covered(block.translated(area.left() + 2 - block.left(), 0), ink)
        for (lab, y), top in zip(edge, tops, strict=False):
            w = size_of(lab).width()
            x = area.left() + 2 if left else area.right() - w - 2
            out = area.left() + wide + LEADER if left else area.right() - wide - LEADER
            placed.append(Placed(lab, QRectF(x, top, w, height), QPointF(out, y)))
    taken = [p.box for p in placed]
    free = [(lab, to_pixel(lab.x, lab.y)) for lab in labels if lab.x is not None]
    shown = area.adjusted(-3, -3, 3, 3)
    free = [
        (lab, at) for lab, at in free if shown.contains(at) or ("base" in lab.near and area.left() <= at.x() <= area.right())
    ]
    dots = [QRectF(at.x() - DOT, at.y() - DOT, 2 * DOT, 2 * DOT) for _, at in free]
    for i, (whole, at) in enumerate(free):
        others = [*taken, *dots[:i], *dots[i + 1 :]]
        for lab in (whole, replace(whole, text=whole.short)) if whole.short else (whole,):
            box = free_place(size_of(lab), at, lab.near, area, others, ink)
            if box is not None:
                placed.append(Placed(lab, box, at))
                taken.append(box)
                break
    return placed


class LabelLayer(pg.GraphicsObject):  # type: ignore[misc] # pyqtgraph has no types
    """Draws all words of one plot above its curves; arranged anew when the view moves.

    drawn: returns (x, y) of points on the curves, in the box's units, which words should not hide.
    """

    def __init__(self, box: Any, look: Look, drawn: Callable[[], Ink] = lambda: NO_INK) -> None:
        super().__init__(box)
        self._drawn = drawn
        self._box = box
        self._look = look
        self._labels: tuple[Label, ...] = ()
        self.placed: list[Placed] = []
        self.setZValue(60)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        box.sigRangeChanged.connect(self.rearrange)
        box.sigResized.connect(self.rearrange)

    def show_labels(self, labels: Sequence[Label]) -> None:
        self._labels = tuple(labels)
        self.rearrange()

    def rearrange(self, *_: Any) -> None:
        (x0, x1), (y0, y1) = self._box.viewRange()
        area = QRectF(self._box.rect()).adjusted(2, 2, -2, -2)
        if not self._labels or x1 <= x0 or y1 <= y0 or area.width() < 20 or area.height() < 12:
            self.placed = []
        else:
            whole = QRectF(self._box.rect())

            def to_pixel(x: float, y: float) -> QPointF:
                part = ((x - x0) / (x1 - x0), (y1 - y) / (y1 - y0))
                return QPointF(whole.left() + part[0] * whole.width(), whole.top() + part[1] * whole.height())

            x, y = self._drawn()
            ink = (
                whole.left() + (x - x0) / (x1 - x0) * whole.width(),
                whole.top() + (y1 - y) / (y1 - y0) * whole.height(),
            )
            self.placed = arrange(self._labels, area, to_pixel, self._size, ink)
        self.prepareGeometryChange()
        self.update()

    def _font(self, label: Label) -> QFont:
        return self._look.font("small_px", bold=label.bold)

    def _size(self, label: Label) -> QSizeF:
        metrics = QFontMetricsF(self._font(label))
        lines = label.text.split("\n")
        width = max(metrics.horizontalAdvance(line) for line in lines)
        return QSizeF(width + 2 * PAD, metrics.height() * len(lines))

    def boundingRect(self) -> QRectF:
        return QRectF(self._box.rect())

    def paint(self, painter: Any, _option: Any, _widget: Any) -> None:
        back = self._look.color("panel", BACK)
        for p in self.placed:
            painter.fillRect(p.box, back)
            if p.label.x is None and abs(p.anchor.y() - p.box.bottom()) > LED:
                painter.setPen(QPen(p.label.color, 1))
                near = p.box.left() if p.anchor.x() < p.box.left() else p.box.right()
                painter.drawLine(QPointF(near, p.box.center().y()), p.anchor)
            painter.setFont(self._font(p.label))
            painter.setPen(p.label.color)
            painter.drawText(p.box.adjusted(PAD, 0, -PAD, 0), int(Qt.AlignmentFlag.AlignVCenter), p.label.text)
