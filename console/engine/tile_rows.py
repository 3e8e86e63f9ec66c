"""Pictures whose rows are even in latitude, drawn again with rows even in the map's projection."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from console.domain.geo import mercator_y


def mercator_rows(
    picture: NDArray[np.uint8], span: tuple[float, float], shown: tuple[float, float], rows: int = 0
) -> NDArray[np.uint8]:
    """Return a picture of the latitudes shown with rows evenly spaced in Mercator.

    Each row is mixed of the two that lie beside it, so the place of a row is exact at every zoom; strips
    drawn with a straight scale would be off by their length squared.

    Args:
        picture: shape (height, width, channels), row 0 in the north; colours premultiplied.
        span: north and south edge of the picture, degrees.
        shown: north and south edge of the result, within ±85 degrees.
        rows: height of the result; 0 for as many as keep the scale of the columns' direction.
    """
    height = len(picture)
    top, bottom = (float(mercator_y(v)) for v in shown)
    if rows <= 0:
        rows = max(1, min(4 * height, round(height * (top - bottom) / (span[0] - span[1]))))
    y = top - (np.arange(rows) + 0.5) / rows * (top - bottom)
    lat = np.degrees(2 * np.arctan(np.exp(np.radians(y))) - np.pi / 2)
    at = np.clip((span[0] - lat) / (span[0] - span[1]) * height - 0.5, 0, height - 1)
    first = np.minimum(at.astype(np.int64), height - 2) if height > 1 else np.zeros(rows, np.int64)
    part = np.rint((at - first) * 256).astype(np.uint16)[:, None, None]
    upper = picture[first].astype(np.uint16)
    lower = picture[np.minimum(first + 1, height - 1)].astype(np.uint16)
    mixed = (upper.astype(np.uint32) * (256 - part) + lower.astype(np.uint32) * part + 128) >> 8
    return np.ascontiguousarray(mixed.astype(np.uint8))
