"""A 3-D mouse by the free driver's socket (spacenavd): six axes, each a gentle change of the camera."""

from __future__ import annotations

import os
import struct
import sys

from PySide6.QtCore import QByteArray, QObject, QTimer, Signal
from PySide6.QtNetwork import QLocalSocket

from scenes.camera import OrbitCamera

SOCKET = "/var/run/spnav.sock"
EVENT = struct.Struct("=8i")  # type, x, y, z, rx, ry, rz, milliseconds since the last
MOTION, PRESS = 0, 1
FULL = 350.0  # of an axis pushed all the way
STEP_MS = 16


class SpaceMouse(QObject):
    """Signals:
    moved: six axes x, y, z, rx, ry, rz, −1 to 1, and the milliseconds that they were held; pressed: a button's number.
    """

    moved = Signal(tuple, int)
    pressed = Signal(int)

    def __init__(self, path: str = SOCKET) -> None:
        super().__init__()
        self._rest = b""
        self._axes: tuple[float, ...] = (0.0,) * 6
        self._socket = QLocalSocket(self)
        self._socket.readyRead.connect(self._read)
        self._socket.disconnected.connect(lambda: self._hold((0.0,) * 6))
        self._timer = QTimer(self, interval=STEP_MS)
        self._timer.timeout.connect(lambda: self.moved.emit(self._axes, STEP_MS))
        if sys.platform.startswith("linux") and os.path.exists(path):
            self._socket.connectToServer(path)

    def close(self) -> None:
        self._timer.stop()
        self._socket.abort()

    def _read(self) -> None:
        data = self._rest + bytes(QByteArray(self._socket.readAll()).data())
        whole = len(data) // EVENT.size * EVENT.size
        self._rest = data[whole:]
        for kind, *axes in EVENT.iter_unpack(data[:whole]):
            if kind == MOTION:
                self._hold(tuple(max(-1.0, min(1.0, a / FULL)) for a in axes[:6]))
            elif kind == PRESS:
                self.pressed.emit(int(axes[0]))

    def _hold(self, axes: tuple[float, ...]) -> None:
        """Go on with these axes until the cap is let go."""
        self._axes = axes
        if any(axes):
            self._timer.start()
        else:
            self._timer.stop()


def pushed(camera: OrbitCamera, axes: tuple[float, ...], held_ms: int) -> OrbitCamera:
    """Return the camera after the cap was held: pushed it moves, lifted it zooms, tilted and turned so does the view."""
    x, y, z, tilt, turn, _ = axes
    part = held_ms / 1000.0
    km = camera.distance_km * 0.9 * part
    moved = camera.panned(x * km, z * km)
    return moved.zoomed(1.0 + y * 0.9 * part).orbited(-turn * 60.0 * part, tilt * 40.0 * part)
