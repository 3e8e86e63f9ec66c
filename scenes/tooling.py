"""The tools on the ground: points clicked one by one, drawn as they are, handed over when complete."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QPainter, QPen, QPolygonF

from console.look import Look
from scenes.camera import OrbitCamera
from scenes.ground.source import Ground

Array = NDArray[np.float64]
Place = tuple[float, float]
NEEDED = {"measure": 2, "profile": 2, "section": 2, "sight": 2, "volume": 3}
EXACT = frozenset({"section", "sight"})  # complete with so many, without a double click
PIECES = 24  # of a drawn edge, so that it follows the ground
HINTS = {
    "measure": "点各点，双击结束；Esc 取消，退格去掉上一点",
    "profile": "点各点，双击结束；Esc 取消，退格去掉上一点",
    "section": "在河道两岸各点一点",
    "sight": "先点观察点，再点目标",
    "volume": "点范围各点，双击结束；至少三点",
}


class SceneTools(QObject):
    """Signals:
    completed: (mode, places); mode_changed: arg is the tool in hand, "" for none. changed: draw anew.
    """

    completed = Signal(str, tuple)
    mode_changed = Signal(str)
    changed = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.mode = ""
        self.points: tuple[Place, ...] = ()
        self.lines: tuple[str, ...] = ()  # what the last result says
        self.ground: Ground | None = None
        self.lift = 8.0
        self._drawn: tuple[str, tuple[Place, ...]] = ("", ())

    def start(self, mode: str) -> None:
        """Take a tool in hand; "" puts it away and leaves the last result."""
        self.mode, self.points = mode, ()
        if mode:
            self._drawn, self.lines = ("", ()), (self.look.tr(HINTS[mode]),)
        self.mode_changed.emit(mode)
        self.changed.emit()

    def clear(self) -> None:
        self._drawn, self.lines = ("", ()), ()
        self.start("")

    def say(self, *lines: str) -> None:
        self.lines = lines
        self.changed.emit()

    def click(self, place: Place) -> bool:
        """Take a point; tells whether a tool wanted it."""
        if not self.mode:
            return False
        if not self.points or place != self.points[-1]:
            self.points = (*self.points, place)
        if self.mode in EXACT and len(self.points) == NEEDED[self.mode]:
            self.finish()
        self.changed.emit()
        return True

    def finish(self) -> bool:
        """Complete what was drawn; tells whether a tool was in hand."""
        if not self.mode:
            return False
        if len(self.points) >= NEEDED[self.mode]:
            mode, points = self.mode, self.points
            self._drawn = (mode, points)
            self.start("")
            self._drawn = (mode, points)
            self.completed.emit(mode, points)
        return True

    def key(self, key: int) -> bool:
        """Esc puts the tool away, Backspace takes the last point back, Enter completes."""
        if not self.mode:
            return False
        if key == Qt.Key.Key_Escape:
            self.clear()
        elif key == Qt.Key.Key_Backspace:
            self.points = self.points[:-1]
            self.changed.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.finish()
        else:
            return False
        return True

    def paint(self, painter: QPainter, camera: OrbitCamera, width: int, height: int) -> None:
        """Draw the line on the ground and its points."""
        mode, points = (self.mode, self.points) if self.mode else self._drawn
        if not points or self.ground is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = points if mode != "volume" or len(points) < 3 else (*points, points[0])
        line = self._on_ground(np.array(ring))
        x, y, depth = camera.project(line, width, height)
        for color, thick in (("scrim", 4.0), ("note", 2.0)):
            painter.setPen(QPen(self.look.color(color, 160 if color == "scrim" else 255), thick))
            for piece in _visible(x, y, depth):
                painter.drawPolyline(piece)
        px, py, near = camera.project(self._on_ground(np.array(points), 1), width, height)
        painter.setPen(QPen(self.look.color("ink.dark"), 1))
        painter.setBrush(self.look.color("note"))
        for a, b, d in zip(px.tolist(), py.tolist(), near.tolist(), strict=True):
            if d > 0:
                painter.drawEllipse(QPointF(a, b), 4.5, 4.5)
        painter.restore()

    def _on_ground(self, places: Array, pieces: int = PIECES) -> Array:
        """Return places (n, 3) along a line, on the ground as drawn."""
        assert self.ground is not None  # noqa: S101 - only painted with one
        if len(places) > 1 and pieces > 1:
            at = np.arange(len(places))
            fine = np.linspace(0, len(places) - 1, (len(places) - 1) * pieces + 1)
            places = np.column_stack([np.interp(fine, at, places[:, 0]), np.interp(fine, at, places[:, 1])])
        z = np.nan_to_num(self.ground.heights(places[:, 0], places[:, 1], 0.05).astype(float))
        return np.column_stack([places, np.maximum(z, 0.0) * self.lift / 1000.0])


def _visible(x: Array, y: Array, depth: Array) -> list[QPolygonF]:
    """Return the stretches in front of the eye."""
    found, piece = [], QPolygonF()
    for a, b, d in zip(x.tolist(), y.tolist(), depth.tolist(), strict=True):
        if d > 0 and abs(a) < 1e5 and abs(b) < 1e5:
            piece.append(QPointF(a, b))
        elif piece.count():
            found.append(piece)
            piece = QPolygonF()
    return [*found, piece] if piece.count() > 1 else found
