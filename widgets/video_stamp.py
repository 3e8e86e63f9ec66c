"""A camera's picture as a record: time, site and source burnt into it, as JPEG."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QBuffer, QIODevice, QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from console.look import Look
from console.viewdata.video import Picture

QUALITY = 92


def image_of(picture: Picture) -> QImage:
    """Return an image that reads the picture's bytes in place; keep the picture while it is used."""
    return QImage(picture.data, picture.width, picture.height, picture.stride, QImage.Format.Format_RGB32)


def stamped_jpeg(picture: Picture, lines: Sequence[str], look: Look) -> bytes:
    """Return the picture with lines of text below it, nothing of it covered; for a worker thread."""
    size = max(14, picture.height // 36)
    font = look.font()
    font.setPixelSize(size)
    strip = round(size * 1.5) * len(lines) + size // 2
    whole = QImage(picture.width, picture.height + strip, QImage.Format.Format_RGB32)
    whole.fill(look.color("scrim"))
    painter = QPainter(whole)
    painter.drawImage(0, 0, image_of(picture))
    painter.setFont(font)
    painter.setPen(look.color("ink.light"))
    room = picture.width - size
    for n, line in enumerate(lines):
        box = QRectF(size / 2, picture.height + size / 4 + n * round(size * 1.5), room, round(size * 1.5))
        text = painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, room)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
    painter.end()
    out = QBuffer()
    out.open(QIODevice.OpenModeFlag.WriteOnly)
    whole.save(out, "JPEG", QUALITY)  # type: ignore[call-overload]
    return bytes(out.data().data())
