"""Panoramas: what lies north is seen looking north, a picture that is no sphere is refused with words."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from scenes.panorama import PanoramaRefused, PanoramaWindow, read_panorama, seen
from tests.gui import move_mouse


@pytest.fixture
def sphere(tmp_path):
    """A sphere whose sky is blue, ground green, and whose east is red at the horizon."""
    pixels = np.zeros((256, 512, 4), np.uint8)
    pixels[:128, :, 0], pixels[128:, :, 1], pixels[..., 3] = 200, 150, 255
    pixels[120:136, 376:392] = (0, 0, 255, 255)  # 90° right of the middle, which is north
    path = tmp_path / "LOCWK001.png"
    QImage(pixels.data, 512, 256, 2048, QImage.Format.Format_RGB32).save(str(path))
    return path


def middle(pixels):
    return tuple(int(v) for v in pixels[pixels.shape[0] // 2, pixels.shape[1] // 2, :3])


def test_east_is_seen_looking_east_the_sky_above_and_the_ground_below(sphere, qapp):
    found = read_panorama(sphere)
    assert middle(seen(found, 90.0, 0.0, 60.0, 200, 100)) == (0, 0, 255)
    assert middle(seen(found, 0.0, 40.0, 60.0, 200, 100)) == (200, 0, 0)
    assert middle(seen(found, 270.0, -40.0, 60.0, 200, 100)) == (0, 150, 0)


def test_one_looks_around_by_hand_wheel_and_keys(sphere, qtbot, look):
    window = PanoramaWindow(look, read_panorama(sphere), "飞来峡", look.parent())
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(window)
    window.show()
    QTest.mousePress(window, Qt.MouseButton.LeftButton, pos=QPoint(400, 200))
    move_mouse(window, 300, 200, Qt.MouseButton.LeftButton)
    QTest.mouseRelease(window, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    assert 5 < window.heading < 20
    QTest.keyClick(window, Qt.Key.Key_Up)
    assert window.pitch == 6.0
    window.look_to(0.0, 999.0, 1.0)
    assert (window.pitch, window.field) == (85.0, 25.0)
    assert not window.grab().isNull()


@pytest.mark.parametrize(("name", "content"), [("a.png", b"no picture"), ("b.jpg", b"")])
def test_what_is_no_picture_is_refused(tmp_path, qapp, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PanoramaRefused, match="读不出来"):
        read_panorama(tmp_path / name)


def test_an_ordinary_photograph_is_no_panorama(tmp_path, qapp):
    image = QImage(400, 300, QImage.Format.Format_RGB32)
    image.fill(0)
    image.save(str(tmp_path / "photo.png"))
    with pytest.raises(PanoramaRefused, match="2:1"):
        read_panorama(tmp_path / "photo.png")
