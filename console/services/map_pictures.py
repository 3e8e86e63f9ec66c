"""Bytes and arrays as pictures that the map can paint at once; made in a worker, never by the window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QBuffer, QByteArray
from PySide6.QtGui import QImage, QImageReader

from console.domain.tile_grid import TileGrid, TileKey
from console.engine.tile_rows import mercator_rows

SIDE_LIMIT = 4096  # a tile of more pixels on a side is no tile
FORMAT = QImage.Format.Format_ARGB32_Premultiplied


def decoded(data: bytes) -> QImage | None:
    """Return the picture of a PNG, JPEG or WebP tile, None when it is broken or absurdly large."""
    held = QByteArray(data)
    buffer = QBuffer(held)
    buffer.open(QBuffer.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    size = reader.size()
    if not (0 < size.width() <= SIDE_LIMIT and 0 < size.height() <= SIDE_LIMIT):
        return None
    picture = reader.read()
    buffer.close()
    return None if picture.isNull() else picture.convertToFormat(FORMAT)


def placed(picture: QImage, grid: TileGrid, key: TileKey) -> QImage:
    """Return a tile's picture in the map's projection."""
    if not grid.geographic:
        return picture
    step = grid.step_deg(key.z)
    north = 90.0 - key.y * step
    shown = grid.latitudes(key)
    return of_array(mercator_rows(as_array(picture), (north, north - step), shown))


def as_array(picture: QImage) -> NDArray[np.uint8]:
    """Return pixels of shape (height, width, 4), premultiplied, blue first."""
    picture = picture.convertToFormat(FORMAT)
    flat = np.frombuffer(picture.constBits(), np.uint8)
    return flat.reshape(picture.height(), picture.bytesPerLine() // 4, 4)[:, : picture.width()].copy()


def of_array(pixels: NDArray[np.uint8]) -> QImage:
    """Return the picture of an array of shape (height, width, 4), premultiplied, blue first."""
    height, width = pixels.shape[:2]
    return QImage(np.ascontiguousarray(pixels).tobytes(), width, height, 4 * width, FORMAT).copy()


def of_rgba(rgba: NDArray[np.uint8]) -> QImage:
    """Return the picture of an array of shape (height, width, 4), red first, colours not premultiplied."""
    height, width = rgba.shape[:2]
    whole = QImage(np.ascontiguousarray(rgba).tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return whole.convertToFormat(FORMAT)
