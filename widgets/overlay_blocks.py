"""A level of detail in blocks of neighbours: what is painted in one go, and what a view can leave out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pyqtgraph.functions import arrayToQPath
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen, QTransform

from console.viewdata.overlay import Shapes
from widgets.map_projection import MapFrame

BLOCK_POINTS = 3000  # painted in one go
DOT_PX = 7.0


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Neighbouring parts of a level: first and last part, and their box."""

    first: int
    last: int
    box: tuple[float, float, float, float]
    points: int


def cut(level: Shapes) -> Iterator[Block]:
    """Yield blocks of whole parts, in the order in which near features follow each other."""
    parts = len(level.owner)
    first = 0
    while first < parts:
        last = int(np.searchsorted(level.start, level.start[first] + BLOCK_POINTS, "right")) - 1
        last = min(parts, max(first + 1, last))
        last = int(np.searchsorted(level.owner, level.owner[last - 1], "right"))  # rings of one area stay together
        xy = level.xy[level.start[first] : level.start[last]]
        x, y = xy[:, 0], xy[:, 1]  # by column: over rows of two numbers numpy is ten times slower
        yield Block(first, last, (float(x.min()), float(y.min()), float(x.max()), float(y.max())), len(xy))
        first = last


def block_path(level: Shapes, block: Block, kind: int) -> QPainterPath:
    chosen = np.flatnonzero(level.kind[block.first : block.last] == kind) + block.first
    if not len(chosen):
        return QPainterPath()
    pieces = [level.xy[level.start[i] : level.start[i + 1]] for i in chosen.tolist()]
    xy = np.concatenate(pieces)
    connect = np.ones(len(xy), np.int32)
    connect[np.cumsum([len(p) for p in pieces]) - 1] = 0
    path: QPainterPath = arrayToQPath(xy[:, 0].copy(), -xy[:, 1], connect, finiteCheck=False)
    return path


def touches(box: tuple[float, float, float, float], frame: MapFrame) -> bool:
    half_x, half_y = frame.width / 2 / frame.scale, frame.height / 2 / frame.scale
    left, bottom, right, top = box
    margin = DOT_PX / frame.scale
    return (
        left - margin <= frame.x + half_x
        and right + margin >= frame.x - half_x
        and bottom - margin <= frame.y + half_y
        and top + margin >= frame.y - half_y
    )


def to_pixels(frame: MapFrame) -> QTransform:
    found = QTransform()
    found.translate(frame.width / 2, frame.height / 2)
    found.scale(frame.scale, frame.scale)
    found.translate(-frame.x, frame.y)
    return found


def place_of(old: MapFrame, frame: MapFrame) -> QRectF:
    """Return where a picture of another frame lies in this one."""
    k = frame.scale / old.scale
    width, height = old.width * k, old.height * k
    left = (old.x - frame.x) * frame.scale + frame.width / 2 - width / 2
    top = (frame.y - old.y) * frame.scale + frame.height / 2 - height / 2
    return QRectF(left, top, width, height)


def cosmetic(color: QColor, width: float) -> QPen:
    pen = QPen(color, width)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen
