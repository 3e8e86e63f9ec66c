"""A widget with an eye: the camera, its flights, and what the hand does to it; what it sees is its subclass's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QMouseEvent, QTouchEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from console.look import Look
from scenes.camera import OrbitCamera
from scenes.furniture import compass_box
from scenes.ground.frame import to_local
from scenes.ground.source import Ground
from scenes.hand import Hand, Place, keyed
from scenes.tools.pick import pick

SETTLE_MS = 70
POINT_MS = 60
AGAIN_S, AGAIN_PX = 0.4, 30  # a second tap as soon and as near is a double one
FLIGHT_S = 1.4
CLEAR_KM = 0.012  # above the ground as drawn, that the eye never goes below
HOME = OrbitCamera(x=-12.0, y=55.0, distance_km=560.0, pitch=50.0)


class Eye(QWidget):
    """Subclasses implement look(full) and hit(at), and set ground and lift.

    Signals:
        selected: an object was clicked; arg is its code, "" for the ground.
        pointed: the cursor is over a place; args local east, north km and height m; NaN for the sky.
        clicked: a tool was in hand and the ground was clicked; arg is its local (east, north).
        moved: the camera is another one; arg is it. grasped: the hand took the camera.
    """

    selected = Signal(str)
    pointed = Signal(float, float, float)
    clicked = Signal(object)
    moved = Signal(object)
    grasped = Signal()

    def __init__(self, look: Look, *, still: bool) -> None:
        super().__init__()
        self.setAccessibleName(look.tr("三维沙盘"))
        self.still = still
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.setMinimumSize(280, 200)
        self.camera = HOME
        self.ground: Ground | None = None
        self.lift = 8.0  # vertical exaggeration
        self.hand = Hand(self.under)
        self.taken: Callable[[], bool] = lambda: False  # whether a tool takes clicks on the ground
        self.doubled: Callable[[], bool] = lambda: False  # a double click that a tool takes flies nowhere
        self.keyed: Callable[[int], bool] = lambda _key: False
        self._cursor: QPointF | None = None
        self._tapped: tuple[QPointF, float] | None = None
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(lambda: self.see(full=True))
        self._point = QTimer(self, singleShot=True, interval=POINT_MS)
        self._point.timeout.connect(self._tell_place)
        self._flight = QTimer(self, interval=16)
        self._flight.timeout.connect(self._fly)
        self._route: tuple[OrbitCamera, OrbitCamera, float] | None = None

    def see(self, *, full: bool) -> None:
        """Ask for a picture from the camera; a coarser one will do while it moves."""
        raise NotImplementedError

    def hit(self, at: QPoint) -> str:
        """Return the code of the object at a pixel, "" for none."""
        raise NotImplementedError

    @property
    def moving(self) -> bool:
        return self._settle.isActive()

    # --- the camera -------------------------------------------------------------------------
    def fly_to(self, lon: float, lat: float, distance_km: float = 60.0, pitch: float = 30.0) -> None:
        """Fly to a place; with reduced motion jump there."""
        x, y = (float(v) for v in to_local(lon, lat))
        self.fly(OrbitCamera(x, y, 0.0, distance_km, self.camera.heading, pitch))

    def fly(self, goal: OrbitCamera) -> None:
        if self.still:
            self.turn(goal, moving=False)
        else:
            self._route = (self.camera, self._settled(goal), time.monotonic())
            self._flight.start()

    def home(self) -> None:
        self.fly(HOME)

    def go(self, camera: OrbitCamera) -> None:
        """Look exactly from there at once, as a flight says."""
        self.camera = camera
        self._settle.start()
        self.see(full=False)
        self.update()

    def turn(self, camera: OrbitCamera, *, moving: bool) -> None:
        """Look from there, the place looked at on the ground and the eye above it."""
        self.camera = self._settled(camera)
        if moving:
            self._settle.start()
        self.moved.emit(self.camera)
        self.see(full=not moving)
        self.update()

    def end_flights(self) -> None:
        self._route = None
        for timer in (self._flight, self._settle, self._point):
            timer.stop()

    def _fly(self) -> None:
        if self._route is None:
            self._flight.stop()
            return
        start, goal, began = self._route
        part = min(1.0, (time.monotonic() - began) / FLIGHT_S)
        self.turn(start.towards(goal, part), moving=part < 1.0)
        if part >= 1.0:
            self._route = None
            self._flight.stop()

    def _settled(self, camera: OrbitCamera) -> OrbitCamera:
        if self.ground is None:
            return camera
        lift = self.lift / 1000.0
        camera = replace(camera, z=max(0.0, self.ground.at(camera.x, camera.y) or 0.0) * lift)
        eye = camera.eye
        lacking = max(0.0, self.ground.at(eye[0], eye[1]) or 0.0) * lift + CLEAR_KM - eye[2]
        return replace(camera, z=camera.z + lacking) if lacking > 0 else camera

    # --- the hand ---------------------------------------------------------------------------
    def under(self, x: float, y: float) -> Place | None:
        """Return the ground under a pixel, local km with z as drawn; None for the sky."""
        if self.ground is None:
            return None
        eye, way = self.camera.ray(x, y, self.width(), self.height())
        found = pick(self.ground, eye, way, self.lift, self.camera.far_km)
        return (found.east_km, found.north_km, found.height_m * self.lift / 1000.0) if found else None

    def _tell_place(self) -> None:
        if self._cursor is None:
            return
        nan = float("nan")
        x, y, z = self.under(self._cursor.x(), self._cursor.y()) or (nan, nan, nan)
        self.pointed.emit(x, y, z * 1000.0 / self.lift)

    def _grasp(self) -> None:
        self._route = None
        self.grasped.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._grasp()
        self.hand.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._cursor = event.position()
        if not self._point.isActive():
            self._point.start()
        camera = self.hand.drag(event, self.camera, self.height())
        if camera is not None:
            self.turn(camera, moving=True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.hand.release(event):
            self._click(event.position().toPoint())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._double(event.position())

    def _double(self, at: QPointF) -> None:
        if self.doubled():
            return
        place = self.under(at.x(), at.y())
        if place is not None:
            self.fly(replace(self.camera.zoomed(0.4), x=place[0], y=place[1], z=place[2]))

    def _click(self, at: QPoint) -> None:
        if compass_box(self.width()).contains(at):
            self.fly(replace(self.camera, heading=0.0))
        elif self.taken():
            place = self.under(at.x(), at.y())
            if place is not None:
                self.clicked.emit(place[:2])
        else:
            self.selected.emit(self.hit(at))

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._grasp()
        self.turn(self.hand.wheel(event, self.camera), moving=True)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.keyed(event.key()):
            return
        camera = keyed(event, self.camera)
        if camera is not None:
            self._grasp()
            self.turn(camera, moving=True)
        elif event.key() == Qt.Key.Key_Home:
            self.home()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if not isinstance(event, QTouchEvent):
            return super().event(event)
        if event.type() in (QEvent.Type.TouchEnd, QEvent.Type.TouchCancel):
            tapped = self.hand.touch_ended()
            if tapped is not None and event.type() == QEvent.Type.TouchEnd:
                self._tap(tapped)
        else:
            camera = self.hand.touch(event, self.camera, self.height())
            if camera is not None:
                self._grasp()
                self.turn(camera, moving=True)
        event.accept()
        return True

    def _tap(self, at: QPointF) -> None:
        """A finger's tap is a click; a second one there, soon, a double click."""
        self._grasp()
        before, self._tapped = self._tapped, (at, time.monotonic())
        if before is not None and time.monotonic() - before[1] < AGAIN_S and (at - before[0]).manhattanLength() < AGAIN_PX:
            self._tapped = None
            self._double(at)
        else:
            self._click(at.toPoint())

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._grasp()
        self._flight.stop()
