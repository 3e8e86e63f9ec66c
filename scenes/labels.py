"""Words in the scene: the gravest first, each that would touch another gives way; leaders down to what they name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen

from console.look import Look
from scenes.camera import OrbitCamera

MOST = 150  # more could not be read
TRIED = 1500  # the gravest so many are tried: behind them nobody looks for room
BLOCK = 128  # so many are asked at once whether the ground hides them: most frames are full after a few blocks
ALARM_RANK = 100  # and more: it is over a limit, and no hill hides its words
CELL_X, CELL_Y = 96, 24  # pixels of the grid that finds neighbours quickly
Hides = Callable[[NDArray[np.float64]], NDArray[np.bool_]]
"""Tell which places (n, 3), local km as drawn, the ground hides."""
# a reservoir's name stands below its water: the dam stands above it
BARE = ("place", "river")


@dataclass(frozen=True, slots=True)
class Label:
    """x, y, z: local km, z as drawn: where the leader ends. rank: higher is placed first.

    kind: station, pool, works, crest, wind, place, river. ink: colour token of the words.
    code: "" where nothing is chosen by it.
    """

    x: float
    y: float
    z: float
    text: str
    rank: int
    ink: str = "text"
    kind: str = "station"
    code: str = ""
    far_km: float = math.inf  # from farther off it is not written


@dataclass(frozen=True, slots=True, eq=False)
class LabelSet:
    """Labels with their places (n, 3) and ranks (n,) as arrays; made once for many frames."""

    labels: tuple[Label, ...]
    places: NDArray[np.float64] = field(init=False)
    ranks: NDArray[np.int64] = field(init=False)
    far_km: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        places = np.array([(one.x, one.y, one.z) for one in self.labels]).reshape(-1, 3)
        object.__setattr__(self, "places", places)
        object.__setattr__(self, "far_km", np.array([one.far_km for one in self.labels]))
        object.__setattr__(self, "ranks", np.array([one.rank for one in self.labels], np.int64))


@dataclass(frozen=True, slots=True)
class Placed:
    box: QRect
    foot: QPointF
    label: Label


class LabelPlacer:
    """Finds room for labels; remembers how wide words are."""

    def __init__(self) -> None:
        self._widths: dict[str, int] = {}
        self._font = ""

    def placed(
        self,
        wanted: LabelSet,
        camera: OrbitCamera,
        size: tuple[int, int],
        font: QFont,
        chosen: str | None,
        reserved: Sequence[QRect] = (),
        hides: Hides | None = None,
    ) -> list[Placed]:
        """Return which labels are written, and where; nothing is written over what is reserved.

        What the ground hides is left out, unless it is alarmed or chosen.
        """
        width, height = size
        if not wanted.labels:
            return []
        metrics = QFontMetrics(font)
        if font.key() != self._font:
            self._font, self._widths = font.key(), {}
        px, py, depth = camera.project(wanted.places, width, height)
        seen = np.flatnonzero((depth > 0) & (depth < wanted.far_km) & (px > 4) & (px < width - 4) & (py > 12) & (py < height))
        ranks = wanted.ranks[seen]
        if chosen:
            ranks = ranks + 1000 * np.array([wanted.labels[i].code == chosen for i in seen], np.int64)
        order = seen[np.lexsort((depth[seen], -ranks))][:TRIED]
        found: list[Placed] = []
        taken: dict[tuple[int, int], list[tuple[int, int, int, int]]] = {}
        for box in reserved:
            _take(taken, box.left(), box.top(), box.right(), box.bottom())
        tall = metrics.height() + 3
        for i in _in_sight(wanted, order, hides, chosen):
            one, x, y = wanted.labels[i], float(px[i]), float(py[i])
            wide = self._widths.get(one.text)
            if wide is None:
                wide = self._widths[one.text] = metrics.horizontalAdvance(one.text) + 10
            left = int(x) - wide // 2
            top = int(y) + 9 if one.kind == "pool" else int(y) - tall - (2 if one.kind in BARE else 9)
            if top < 0 or not _take(taken, left - 2, top - 2, left + wide + 2, top + tall + 2):
                continue
            found.append(Placed(QRect(left, top, wide, tall), QPointF(x, y), one))
            if len(found) >= MOST:
                break
        return found


def _in_sight(wanted: LabelSet, order: NDArray[np.int64], hides: Hides | None, chosen: str | None) -> Iterator[int]:
    """Give the labels in order that are seen, asking only for as many as are wanted."""
    for start in range(0, len(order), BLOCK):
        block = order[start : start + BLOCK]
        gone = hides(wanted.places[block]) & (wanted.ranks[block] < ALARM_RANK) if hides else np.zeros(len(block), bool)
        for i, hidden in zip(block.tolist(), gone.tolist(), strict=True):
            if not hidden or (chosen and wanted.labels[i].code == chosen):
                yield i


def _take(taken: dict[tuple[int, int], list[tuple[int, int, int, int]]], left: int, top: int, right: int, bottom: int) -> bool:
    """Take a box unless it touches one that is taken; tells whether it did."""
    cells = [
        (column, row)
        for column in range(left // CELL_X, right // CELL_X + 1)
        for row in range(top // CELL_Y, bottom // CELL_Y + 1)
    ]
    for cell in cells:
        for a, b, c, d in taken.get(cell, ()):
            if left < c and a < right and top < d and b < bottom:
                return False
    box = (left, top, right, bottom)
    for cell in cells:
        taken.setdefault(cell, []).append(box)
    return True


def paint_labels(painter: QPainter, found: Sequence[Placed], look: Look, font: QFont, chosen: str | None) -> None:
    """Write the words, the least grave first so that graver ones lie on top."""
    painter.setFont(font)
    ascent = painter.fontMetrics().ascent()
    panel, accent, line = look.color("panel", 214), look.color("accent"), QPen(look.color("line.strong"), 1)
    for one in reversed(found):
        if one.label.kind in BARE:
            _bare(painter, one, look, ascent)
            continue
        color = look.color(one.label.ink)
        painter.setPen(line)
        edge = one.box.top() if one.label.kind == "pool" else one.box.bottom() + 1
        painter.drawLine(QPointF(one.foot.x(), edge), one.foot)
        painter.fillRect(one.box, panel)
        if one.label.rank >= ALARM_RANK:  # an edge in the colour of its state is read before the words are
            painter.fillRect(QRect(one.box.left(), one.box.top(), 3, one.box.height()), color)
        if one.label.code and one.label.code == chosen:
            painter.setPen(QPen(accent, 1.5))
            painter.drawRect(one.box)
        painter.setPen(color)
        painter.drawText(one.box.left() + 6, one.box.top() + ascent + 1, one.label.text)


def _bare(painter: QPainter, one: Placed, look: Look, ascent: int) -> None:
    """Write a name without a plate: a soft shadow keeps it readable on any ground."""
    box = QRectF(one.box)
    dark = look.theme == "dark"
    painter.setPen(look.color("scrim", 150) if dark else look.color("ink.light", 200))
    for dx, dy in ((1, 1), (-1, 0), (1, 0), (0, 1), (-1, -1)):
        painter.drawText(QPointF(box.left() + 5 + dx, box.top() + ascent + 1 + dy), one.label.text)
    painter.setPen(look.color("ink.light" if dark else "ink.dark", 225))
    painter.drawText(QPointF(box.left() + 5, box.top() + ascent + 1), one.label.text)
