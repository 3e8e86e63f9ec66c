"""Imagery on disk at every scale: stored as pyramid.py stores heights, with red, green, blue, alpha in a cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenes.ground.frame import Box
from scenes.ground.pyramid import PICTURE, About, Array, PyramidWriter, corners, level_for, open_levels

Pixels = NDArray[np.uint8]


class PicturePyramid:
    """A picture source over a folder. Any number of threads may read it at once."""

    def __init__(self, folder: Path) -> None:
        """Open.

        Raises:
            PyramidDamaged: something is missing, cut off or of a newer version.
        """
        self.about, self._levels = open_levels(folder, PICTURE)
        self.label, self.pixel_km, self.box = self.about.label, self.about.cell_km, self.about.box

    def pixels(self, east_km: Array, north_km: Array, pixel_km: float) -> Pixels:
        """Return RGBA (*shape, 4) at places, from the two levels around pixel_km; alpha 0 where there is no picture.

        Between pixel centres it is bilinear; transparent neighbours lend no colour.
        """
        east, north = np.broadcast_arrays(np.asarray(east_km, float), np.asarray(north_km, float))
        fine, share = level_for(pixel_km, self.pixel_km, len(self._levels))
        color = self._at(fine, east, north)
        if share:
            color += np.float32(share) * (self._at(fine + 1, east, north) - color)
        out = _straight(color)
        west, south, right, top = self.box
        out[(east < west) | (east > right) | (north < south) | (north > top)] = 0
        return out

    def _at(self, level: int, east: Array, north: Array) -> NDArray[np.float32]:
        """Return colours times their alpha, and alpha (0–255); shape (*places, 4)."""
        values = self._levels[level]
        base, step, x, y = corners(values.shape, east, north, self.box, self.pixel_km * 2**level)
        flat = values.reshape(-1, 4)
        x, y = x[..., None], y[..., None]
        sw, se = _weighted(flat, base), _weighted(flat, base + 1)
        nw, ne = _weighted(flat, base + step), _weighted(flat, base + step + 1)
        low = sw + x * (se - sw)
        return np.asarray(low + y * (nw + x * (ne - nw) - low), np.float32)


def _weighted(flat: Pixels, index: NDArray[np.intp]) -> NDArray[np.float32]:
    found = flat.view(np.uint32).reshape(-1).take(index)[..., None].view(np.uint8)
    color = found.astype(np.float32)
    if found[..., 3].min(initial=255) < 255:
        color[..., :3] *= color[..., 3:] / np.float32(255)
    return color


def _straight(color: NDArray[np.float32]) -> Pixels:
    """Return stored colours of colours times alpha."""
    alpha = color[..., 3:]
    if alpha.min(initial=255) < 255:
        color[..., :3] *= np.where(alpha > 0, 255 / np.maximum(alpha, np.float32(1e-3)), np.float32(0))
    return np.asarray(np.minimum(color + np.float32(0.5), 255), np.uint8)


def halve_picture(values: Pixels) -> Pixels:
    """Return means of 2 × 2 pixels, colours weighted by alpha, shape (ceil(r/2), ceil(c/2), 4)."""
    rows, columns, _ = values.shape
    if rows % 2 or columns % 2:  # the last row or column again: an odd edge stays as opaque as it is
        values = np.pad(values, ((0, rows % 2), (0, columns % 2), (0, 0)), mode="edge")
    four = (values[0::2, 0::2], values[0::2, 1::2], values[1::2, 0::2], values[1::2, 1::2])
    if values[..., 3].min() == 255:
        return np.asarray((sum(part.astype(np.uint16) for part in four) + np.uint16(2)) >> np.uint16(2), np.uint8)
    total = np.zeros((*four[0].shape[:2], 4), np.float32)
    for part in four:
        color = part.astype(np.float32)
        color[..., :3] *= color[..., 3:] / np.float32(255)
        total += color / np.float32(4)
    return _straight(total)


def write_picture(folder: Path, pixels: Pixels, box: Box, *, label: str, synthetic: bool, sha: str = "") -> PicturePyramid:
    """Write a picture that fits in memory, and open it.

    Args:
        folder: where; an earlier pyramid there is replaced.
        pixels: RGBA, shape (rows, columns, 4), row 0 southmost.
        box: edges of the outer pixels, local km; the pixels must be square.
        label: as shown, with 合成 or 模拟 in it for made pictures.
        synthetic: not photographed.
        sha: SHA-256 of the source, "" for none.

    Raises:
        ValueError: the pixels are not square.
        PyramidNotWritten: disk full, no right to write.
    """
    rows, columns, _ = pixels.shape
    pixel_km = (box[2] - box[0]) / columns
    if abs((box[3] - box[1]) / rows / pixel_km - 1) > 1e-6:
        raise ValueError(f"pixels of {box} in {pixels.shape} are not square")
    about = About(PICTURE, label, "", synthetic, pixel_km, box, (rows, columns), sha)
    with PyramidWriter(folder, about, halve_picture) as writer:
        writer.put(0, 0, pixels)
        writer.finish()
    return PicturePyramid(folder)
