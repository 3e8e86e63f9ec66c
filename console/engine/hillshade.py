"""Shaded relief: how bright a slope is under a lamp in the north-west."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

AZIMUTH_DEG, ALTITUDE_DEG = 315.0, 45.0
FLAT = float(np.sin(np.radians(ALTITUDE_DEG)))
# metres at which the colours of height change; five colours
HEIGHT_STOPS_M = (0.0, 100.0, 400.0, 900.0, 1600.0)


def hillshade(
    height_m: NDArray[np.float32], cell_m: NDArray[np.float64] | float, exaggeration: float = 1.0
) -> NDArray[np.float32]:
    """Return brightness 0 to 1 of the inner cells, NaN where a neighbour has no height.

    Args:
        height_m: shape (ny + 2, nx + 2), row 0 in the north, one cell of margin, NaN for none.
        cell_m: size of a cell on the ground, metres: a number or shape (ny, 1).
        exaggeration: of heights.

    Source: Horn 1981, Hill shading and the reflectance map, Proc. IEEE 69(1): slope from eight neighbours.
    """
    z = height_m
    east = (z[:-2, 2:] + 2 * z[1:-1, 2:] + z[2:, 2:]) - (z[:-2, :-2] + 2 * z[1:-1, :-2] + z[2:, :-2])
    north = (z[:-2, :-2] + 2 * z[:-2, 1:-1] + z[:-2, 2:]) - (z[2:, :-2] + 2 * z[2:, 1:-1] + z[2:, 2:])
    gx, gy = east / (8 * cell_m) * exaggeration, north / (8 * cell_m) * exaggeration
    azimuth, altitude = np.radians(AZIMUTH_DEG), np.radians(ALTITUDE_DEG)
    light = (np.sin(azimuth) * np.cos(altitude), np.cos(azimuth) * np.cos(altitude), np.sin(altitude))
    shade = (light[2] - gx * light[0] - gy * light[1]) / np.sqrt(gx * gx + gy * gy + 1)
    shade[~np.isfinite(z[1:-1, 1:-1])] = np.nan
    return np.asarray(np.clip(shade, 0, 1), np.float32)


def relief_colors(
    shade: NDArray[np.float32], base: NDArray[np.float32], dark: tuple[int, int, int], light: tuple[int, int, int]
) -> NDArray[np.uint8]:
    """Return colours of shape (ny, nx, 4): base on flat ground, towards dark and light on slopes; NaN is transparent.

    base: shape (3,) or (ny, nx, 3), 0 to 255.
    """
    known = np.isfinite(shade)
    value = np.where(known, shade, FLAT)
    down = np.clip(1 - value / FLAT, 0, 1)[..., None]
    up = np.clip((value - FLAT) / (1 - FLAT), 0, 1)[..., None]
    mixed = base * (1 - down - up) + np.array(dark, np.float32) * down + np.array(light, np.float32) * up
    out = np.zeros((*shade.shape, 4), np.uint8)
    out[..., :3] = np.rint(np.clip(mixed, 0, 255))
    out[..., 3] = np.where(known, 255, 0)
    return out


def height_colors(height_m: NDArray[np.float32], colors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return colours by height, shape (ny, nx, 3); colors: shape (5, 3), at HEIGHT_STOPS_M."""
    filled = np.where(np.isfinite(height_m), height_m, 0.0)
    return np.stack([np.interp(filled, HEIGHT_STOPS_M, colors[:, c]) for c in range(3)], axis=-1).astype(np.float32)
