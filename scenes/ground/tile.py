"""One tile of ground made of heights: its mesh with a skirt, its picture of height colours, shade and imagery."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scenes.ground.frame import Box
from scenes.ground.quadtree import CELLS, TileKey, bounds
from scenes.ground.source import Ground

TEXTURE = 256
HEIGHT_STOPS_M = (-40.0, -0.5, 0.5, 60.0, 250.0, 600.0, 1100.0, 1800.0)
LIGHT = np.array([-0.56, 0.48, 0.67], np.float32)  # lamp in the north-west, as on the map
GRAIN_KM, GRAIN = 0.06, 0.13
SHADE_LIFT = 5.0  # of slopes in the picture, at province scale
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours, 0 to 255. heights: one for each of HEIGHT_STOPS_M; the first two are the sea's."""

    heights: tuple[tuple[int, int, int], ...]
    shadow: float  # brightness of the darkest slope
    light: float  # brightness of the lightest one

    def table(self) -> NDArray[np.float32]:
        return np.array(self.heights, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class TileMesh:
    """points (n, 3) float32: km from the tile's south-west corner, z unexaggerated; picture (k, k, 3), row 0 south.

    low_km, high_km: of its ground. known: share of it that any source knows.
    """

    key: TileKey
    points: NDArray[np.float32]
    picture: NDArray[np.uint8]
    low_km: float
    high_km: float
    known: float


def make_tile(ground: Ground, key: TileKey, palette: Palette) -> TileMesh:
    """Make a tile; some ten milliseconds, in a worker."""
    box = bounds(key)
    cell = (box[2] - box[0]) / CELLS
    x, y = np.linspace(box[0], box[2], CELLS + 1), np.linspace(box[1], box[3], CELLS + 1)
    gx, gy = np.meshgrid(x, y)
    heights = ground.heights(gx, gy, cell)
    known = np.isfinite(heights)
    z = np.where(known, heights, 0.0).astype(np.float32) / 1000.0
    points = np.empty(((CELLS + 3) ** 2, 3), np.float32)
    edge = np.pad(np.arange(CELLS + 1), 1, mode="edge")
    px, py = np.meshgrid(edge * cell, edge * cell)
    points[:, 0], points[:, 1] = px.ravel(), py.ravel()
    skirted = np.pad(z, 1, mode="edge")
    drop = 0.08 * cell + 0.004
    skirted[[0, -1], :] -= drop
    skirted[1:-1, [0, -1]] -= drop
    points[:, 2] = skirted.ravel()
    return TileMesh(key, points, _picture(ground, box, palette), float(z.min()) - drop, float(z.max()), float(known.mean()))


def _picture(ground: Ground, box: Box, palette: Palette) -> NDArray[np.uint8]:
    pixel = (box[2] - box[0]) / TEXTURE
    x = box[0] + (np.arange(-1, TEXTURE + 1) + 0.5) * pixel
    y = box[1] + (np.arange(-1, TEXTURE + 1) + 0.5) * pixel
    gx, gy = np.meshgrid(x, y)
    h = ground.heights(gx, gy, pixel)
    known = np.isfinite(h)
    h = np.where(known, h, 0.0).astype(np.float32)
    brightness = shade(h, pixel * 1000.0)
    inner = h[1:-1, 1:-1]
    colors = height_colors(inner, palette)
    rgb = colors * (palette.shadow + (palette.light - palette.shadow) * brightness)[..., None]
    if pixel < GRAIN_KM:  # close by, smooth ground gives the eye nothing to hold on to
        rgb *= 1.0 + GRAIN * (1.0 - pixel / GRAIN_KM) * _grain(gx[1:-1, 1:-1], gy[1:-1, 1:-1])[..., None]
    for source in ground.pictures:
        if source.box[0] < box[2] and box[0] < source.box[2] and source.box[1] < box[3] and box[1] < source.box[3]:
            layer = source.pixels(gx[1:-1, 1:-1], gy[1:-1, 1:-1], pixel)
            alpha = layer[..., 3:].astype(np.float32) / 255.0
            rgb = rgb * (1 - alpha) + layer[..., :3] * alpha
    return np.ascontiguousarray(np.clip(rgb, 0, 255).astype(np.uint8))


def _grain(east_km: Array, north_km: Array) -> NDArray[np.float32]:
    """Return a fine pattern, about −1 to 1, that is the same at a place whatever the tile; it says nothing of the ground."""
    table = _noise()
    found = np.zeros(east_km.shape, np.float32)
    for cell_km, weight in ((0.11, 0.6), (0.023, 0.4)):
        u, v = east_km / cell_km, north_km / cell_km
        i, j = np.floor(u).astype(int), np.floor(v).astype(int)
        a, b = (u - i).astype(np.float32), (v - j).astype(np.float32)
        a, b = a * a * (3 - 2 * a), b * b * (3 - 2 * b)
        i0, i1, j0, j1 = i % 256, (i + 1) % 256, j % 256, (j + 1) % 256
        low = table[j0, i0] * (1 - a) + table[j0, i1] * a
        high = table[j1, i0] * (1 - a) + table[j1, i1] * a
        found += np.float32(weight) * (low * (1 - b) + high * b)
    return found


@lru_cache(maxsize=1)
def _noise() -> NDArray[np.float32]:
    return np.random.default_rng(19).uniform(-1.0, 1.0, (256, 256)).astype(np.float32)


def shade(height_m: NDArray[np.float32], cell_m: float) -> NDArray[np.float32]:
    """Return brightness 0 to 1 of the inner cells of heights with one cell of margin, row 0 south.

    Slopes are lifted so that a province shows relief; the finer the cells, the truer they are.
    Source: Horn 1981 for the idea of a lamp in the north-west; central differences here.
    """
    lift = float(np.clip(SHADE_LIFT * np.sqrt(cell_m / 200.0), 1.2, 9.0))
    gx = (height_m[1:-1, 2:] - height_m[1:-1, :-2]) * (lift / (2 * cell_m))
    gy = (height_m[2:, 1:-1] - height_m[:-2, 1:-1]) * (lift / (2 * cell_m))
    value = (LIGHT[2] - gx * LIGHT[0] - gy * LIGHT[1]) / np.sqrt(gx * gx + gy * gy + 1.0)
    return np.asarray(np.clip(value, 0.0, 1.0), np.float32)


def height_colors(height_m: NDArray[np.float32], palette: Palette) -> NDArray[np.float32]:
    """Return colours (…, 3) by height."""
    table = palette.table()
    return np.stack([np.interp(height_m, HEIGHT_STOPS_M, table[:, c]) for c in range(3)], -1).astype(np.float32)


@lru_cache(maxsize=1)
def triangles() -> NDArray[np.int64]:
    """Return the triangles (m, 3) that every tile shares."""
    side = CELLS + 3
    i = np.arange(side * side).reshape(side, side)
    a, b, c, d = i[:-1, :-1].ravel(), i[:-1, 1:].ravel(), i[1:, :-1].ravel(), i[1:, 1:].ravel()
    return np.concatenate([np.column_stack([a, b, d]), np.column_stack([a, d, c])])


@lru_cache(maxsize=1)
def texture_places() -> NDArray[np.float32]:
    """Return the texture coordinates (n, 2) that every tile shares; skirts take their edge's colour."""
    edge = np.pad(np.arange(CELLS + 1), 1, mode="edge") / CELLS
    u, v = np.meshgrid(edge, edge)
    return np.column_stack([u.ravel(), v.ravel()]).astype(np.float32)
