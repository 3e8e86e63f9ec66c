"""What the hand does to the camera: mouse, wheel, touch, keys; each gesture is one camera made from another."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QTouchEvent, QWheelEvent

from scenes.camera import OrbitCamera

Place = tuple[float, float, float]
TURN, TILT = 0.3, 0.25  # degrees a pixel
NOTCH = 0.9988  # of the distance, a unit of the wheel
STILL_PX = 4
TAP_PX = 12  # a finger is broader than a cursor


@dataclass(slots=True)
class Hand:
    """The state of a gesture. under(x, y): the ground below a pixel, None for the sky. left_handed swaps the buttons."""

    under: Callable[[float, float], Place | None]
    left_handed: bool = False
    _last: QPointF | None = None
    _press: QPointF | None = None
    _moved: bool = False
    _touch: tuple[QPointF, QPointF] | QPointF | None = None
    _tap: QPointF | None = None

    def press(self, event: QMouseEvent) -> None:
        self._last = self._press = event.position()
        self._moved = False

    def drag(self, event: QMouseEvent, camera: OrbitCamera, height: int) -> OrbitCamera | None:
        """Return the camera after a move with a button down, None without one."""
        if self._last is None:
            return None
        step, self._last = event.position() - self._last, event.position()
        if self._press is not None and (event.position() - self._press).manhattanLength() > STILL_PX:
            self._moved = True
        if not self._moved:
            return None
        first, second = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
        if self.left_handed:
            first, second = second, first
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.buttons() & (second | Qt.MouseButton.MiddleButton) or shift:
            return panned(camera, step.x(), step.y(), height)
        if event.buttons() & first:
            return camera.orbited(step.x() * TURN, step.y() * TILT)
        return None

    def release(self, event: QMouseEvent) -> bool:
        """End a gesture; tells whether it was a click on one spot."""
        click = self._press is not None and not self._moved
        self._last = self._press = None
        first = Qt.MouseButton.RightButton if self.left_handed else Qt.MouseButton.LeftButton
        return click and event.button() == first

    def wheel(self, event: QWheelEvent, camera: OrbitCamera) -> OrbitCamera:
        """Zoom to the place under the cursor; with Ctrl the wheel tilts instead."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return camera.orbited(0.0, turned / 40.0)
        return zoomed(camera, NOTCH**turned, self.under(event.position().x(), event.position().y()))

    def touch(self, event: QTouchEvent, camera: OrbitCamera, height: int) -> OrbitCamera | None:
        """One finger turns and tilts; two move, pinch and twist."""
        points = [p.position() for p in event.points()]
        before, self._touch = self._touch, None
        if event.type() == QEvent.Type.TouchBegin:
            self._tap = points[0] if len(points) == 1 else None
        elif len(points) != 1 or (self._tap is not None and (points[0] - self._tap).manhattanLength() > TAP_PX):
            self._tap = None
        if len(points) == 1:
            self._touch = points[0]
            if not isinstance(before, QPointF) or self._tap is not None:
                return None
            step = points[0] - before
            return camera.orbited(step.x() * TURN, step.y() * TILT)
        if len(points) < 2:
            return None
        self._touch = (points[0], points[1])
        if not isinstance(before, tuple):
            return None
        (a0, b0), (a1, b1) = before, self._touch
        middle0, middle1 = (a0 + b0) / 2, (a1 + b1) / 2
        span0, span1 = b0 - a0, b1 - a1
        pinch = math.hypot(span0.x(), span0.y()) / max(1.0, math.hypot(span1.x(), span1.y()))
        twist = math.degrees(math.atan2(span1.y(), span1.x()) - math.atan2(span0.y(), span0.x()))
        twist = (twist + 180.0) % 360.0 - 180.0
        moved = panned(camera, middle1.x() - middle0.x(), middle1.y() - middle0.y(), height)
        return zoomed(moved.orbited(-twist, 0.0), pinch, self.under(middle1.x(), middle1.y()))

    def touch_ended(self) -> QPointF | None:
        """End a gesture; returns where a finger only tapped."""
        tapped, self._tap, self._touch = self._tap, None, None
        return tapped


def panned(camera: OrbitCamera, dx: float, dy: float, height: int) -> OrbitCamera:
    """Move with the hand: the ground follows the cursor, farther the flatter one looks."""
    km = camera.km_per_pixel(height)
    flat = max(0.25, math.sin(math.radians(camera.pitch)))
    return camera.panned(-dx * km, dy * km / flat)


def zoomed(camera: OrbitCamera, factor: float, place: Place | None) -> OrbitCamera:
    return camera.zoomed(factor) if place is None else camera.zoomed_to(factor, place)


def keyed(event: QKeyEvent, camera: OrbitCamera) -> OrbitCamera | None:
    """Return the camera after a key: arrows turn and tilt, with Shift they move; + − zoom; N faces north."""
    key, km = Qt.Key(event.key()), camera.distance_km * 0.06
    shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
    ways = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
    if key in ways:
        right, up = ways[key]
        return camera.panned(km * right, km * up) if shift else camera.orbited(6.0 * right, 4.0 * up)
    if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
        return camera.zoomed(1 / 1.18)
    if key == Qt.Key.Key_Minus:
        return camera.zoomed(1.18)
    if key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
        return camera.orbited(0.0, 8.0 if key == Qt.Key.Key_PageUp else -8.0)
    if key == Qt.Key.Key_N:
        return replace(camera, heading=0.0)
    return None
