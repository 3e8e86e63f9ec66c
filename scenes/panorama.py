"""A panorama of a works: an equirectangular photograph looked around in, as if one stood there."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QImageReader, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QDialog, QWidget

from console.errors import ConsoleError
from console.look import Look

FILES = (".jpg", ".jpeg", ".png")
WIDEST, LONGEST_PX = 2.2, 16384  # of a picture that is a whole sphere: 2 to 1
NARROW, WIDE, FIRST = 25.0, 100.0, 75.0  # field of view, degrees
TURN = 0.12  # degrees a pixel, at the widest


class PanoramaRefused(ConsoleError):
    """The picture cannot be looked around in; the reason and the next step are said."""


def read_panorama(path: Path) -> NDArray[np.uint8]:
    """Return a picture (h, w, 4), BGRA; blocks for a second on a large one.

    Raises:
        PanoramaRefused: no picture, not a whole sphere, or too large.
    """
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    size = reader.size()
    if not size.isValid():
        raise PanoramaRefused(f"全景 {path.name} 读不出来。", "请换成完整的 JPG 或 PNG。", reader.errorString())
    if not 1.8 <= size.width() / max(1, size.height()) <= WIDEST:
        raise PanoramaRefused(f"{path.name} 不是球面全景（宽高比应为 2:1）。", "请导出等距圆柱投影的全景图。")
    if size.width() > LONGEST_PX:
        raise PanoramaRefused(f"全景 {path.name} 宽 {size.width()} 像素，太大。", f"请缩小到 {LONGEST_PX} 像素以内。")
    image = reader.read().convertToFormat(QImage.Format.Format_RGB32)
    if image.isNull():
        raise PanoramaRefused(f"全景 {path.name} 读不出来。", "请换成完整的 JPG 或 PNG。", reader.errorString())
    bits = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return bits[:, : image.width()].copy()


def seen(sphere: NDArray[np.uint8], heading: float, pitch: float, field: float, width: int, height: int) -> NDArray[np.uint8]:
    """Return what is seen (height, width, 4) looking to a heading and a pitch (up positive), field across; degrees."""
    half = math.tan(math.radians(field) / 2)
    x = np.linspace(-half, half, width)
    y = np.linspace(half, -half, height) * height / width
    gx, gy = np.meshgrid(x, y)
    tilt = math.radians(pitch)
    up, out = gy * math.cos(tilt) + math.sin(tilt), math.cos(tilt) - gy * math.sin(tilt)
    lon = np.arctan2(gx, out) + math.radians(heading)
    lat = np.arctan2(up, np.hypot(gx, out))
    rows, columns, _ = sphere.shape
    column = np.mod((lon / (2 * math.pi) + 0.5) * columns, columns).astype(int) % columns
    row = np.clip((0.5 - lat / math.pi) * rows, 0, rows - 1).astype(int)
    return np.ascontiguousarray(sphere[row, column])


class PanoramaWindow(QDialog):
    """Beside the work: drag or arrows look around, the wheel zooms, Esc closes."""

    def __init__(self, look: Look, sphere: NDArray[np.uint8], title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setAccessibleName(f"{look.tr('全景')} {title}")
        self._sphere = sphere
        self.heading, self.pitch, self.field = 0.0, 0.0, FIRST
        self._last: QPointF | None = None
        self.resize(960, 540)

    def look_to(self, heading: float, pitch: float, field: float) -> None:
        self.heading, self.pitch = heading % 360.0, min(85.0, max(-85.0, pitch))
        self.field = min(WIDE, max(NARROW, field))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        moving = self._last is not None
        width, height = (n // 2 if moving else n for n in (max(2, self.width()), max(2, self.height())))
        pixels = seen(self._sphere, self.heading, self.pitch, self.field, width, height)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self.rect(), QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._last = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is None:
            return
        step, self._last = event.position() - self._last, event.position()
        degrees = TURN * self.field / WIDE * 1.4
        self.look_to(self.heading - step.x() * degrees, self.pitch + step.y() * degrees, self.field)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._last = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.look_to(self.heading, self.pitch, self.field * 0.9992 ** event.angleDelta().y())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ways = {Qt.Key.Key_Left: (-8, 0), Qt.Key.Key_Right: (8, 0), Qt.Key.Key_Up: (0, 6), Qt.Key.Key_Down: (0, -6)}
        key = Qt.Key(event.key())
        if key in ways:
            self.look_to(self.heading + ways[key][0], self.pitch + ways[key][1], self.field)
        else:
            super().keyPressEvent(event)
