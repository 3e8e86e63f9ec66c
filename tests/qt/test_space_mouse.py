"""A 3-D mouse by the free driver's socket: the eye moves while its cap is held, and never by itself."""

from __future__ import annotations

import struct

import pytest
from PySide6.QtNetwork import QLocalServer

from scenes.camera import OrbitCamera
from scenes.space_mouse import EVENT, FULL, MOTION, PRESS, SpaceMouse, pushed


def test_a_3d_mouse_moves_the_eye_while_its_cap_is_held(qtbot, tmp_path):
    server = QLocalServer()
    path = str(tmp_path / "spnav.sock")
    assert server.listen(path)
    mouse = SpaceMouse(path)
    held, buttons = [], []
    mouse.moved.connect(lambda axes, ms: held.append((axes, ms)))
    mouse.pressed.connect(buttons.append)
    qtbot.waitUntil(server.hasPendingConnections)
    driver = server.nextPendingConnection()
    event = EVENT.pack(MOTION, round(FULL / 2), 0, 9999, 0, 0, 0, 16)
    driver.write(event[:11])
    driver.flush()
    driver.write(event[11:] + EVENT.pack(PRESS, 2, *[0] * 6))
    driver.flush()
    qtbot.waitUntil(lambda: len(held) > 2)
    assert buttons == [2] and held[-1][0] == pytest.approx((0.5, 0.0, 1.0, 0.0, 0.0, 0.0)), (
        "pushed beyond all it counts as full"
    )
    driver.write(EVENT.pack(MOTION, *[0] * 7))
    driver.flush()
    qtbot.waitUntil(lambda: not mouse._timer.isActive())
    driver.write(event)
    driver.flush()
    qtbot.waitUntil(mouse._timer.isActive)
    driver.abort()
    qtbot.waitUntil(lambda: not mouse._timer.isActive())  # unplugged, it lets go
    mouse.close()
    server.close()


def test_a_pushed_cap_moves_lifted_zooms_turned_turns():
    camera = OrbitCamera()
    assert pushed(camera, (1.0, 0, 0, 0, 0, 0), 1000).x == pytest.approx(camera.x + 0.9 * camera.distance_km)
    assert pushed(camera, (0, 0, 1.0, 0, 0, 0), 1000).y == pytest.approx(camera.y + 0.9 * camera.distance_km)
    assert pushed(camera, (0, 1.0, 0, 0, 0, 0), 100).distance_km == pytest.approx(1.09 * camera.distance_km)
    turned = pushed(camera, (0, 0, 0, 0.5, 0.5, 0), 1000)
    assert turned.heading == pytest.approx(330.0) and turned.pitch == pytest.approx(camera.pitch + 20.0)
    assert pushed(camera, (0.0,) * 6, 1000) == camera


def test_without_a_3d_mouse_or_with_nonsense_from_its_socket_nothing_moves(qtbot, tmp_path):
    SpaceMouse(str(tmp_path / "none")).close()
    server = QLocalServer()
    path = str(tmp_path / "s")
    assert server.listen(path)
    mouse = SpaceMouse(path)
    qtbot.waitUntil(server.hasPendingConnections)
    driver = server.nextPendingConnection()
    driver.write(struct.pack("=8i", 77, *[2**31 - 1] * 7) + b"\xff" * 5)
    driver.flush()
    qtbot.waitUntil(lambda: len(mouse._rest) == 5)
    assert not mouse._timer.isActive()
    mouse.close()
    server.close()
