"""Which tiles to draw: the root square divided until each is small enough for where the eye is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenes.ground.frame import HALF_KM, ROOT_KM, Box

CELLS = 32  # of a tile's side
FINEST = 15  # level of 25 m tiles, 0.78 m cells
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, order=True)
class TileKey:
    """level 0 is the root; row and column count tiles of that level from the south-west."""

    level: int
    row: int
    column: int

    @property
    def parent(self) -> TileKey:
        return TileKey(self.level - 1, self.row // 2, self.column // 2)

    def children(self) -> tuple[TileKey, TileKey, TileKey, TileKey]:
        level, row, column = self.level + 1, 2 * self.row, 2 * self.column
        return (
            TileKey(level, row, column),
            TileKey(level, row, column + 1),
            TileKey(level, row + 1, column),
            TileKey(level, row + 1, column + 1),
        )


def side_km(level: int) -> float:
    return ROOT_KM / float(1 << level)


def bounds(key: TileKey) -> Box:
    """Return west, south, east, north of a tile, local km."""
    side = side_km(key.level)
    west, south = -HALF_KM + key.column * side, -HALF_KM + key.row * side
    return west, south, west + side, south + side


def finest_level(finest_km: float) -> int:
    """Return the level whose cells first reach a spacing; 0 where there is nothing."""
    if not np.isfinite(finest_km) or finest_km <= 0:
        return 0
    return int(np.clip(np.ceil(np.log2(ROOT_KM / CELLS / finest_km) - 1e-6), 0, FINEST))


@dataclass(frozen=True, slots=True)
class Eye:
    """Where one looks from: place in km with z unexaggerated; planes (n, 4) of the view volume, inside positive."""

    x: float
    y: float
    z: float
    planes: Array

    def sees(self, box: Box, low_km: float, high_km: float) -> bool:
        """Tell whether a box can touch the view volume."""
        p = self.planes
        corner_x = np.where(p[:, 0] > 0, box[2], box[0])
        corner_y = np.where(p[:, 1] > 0, box[3], box[1])
        corner_z = np.where(p[:, 2] > 0, high_km, low_km)
        return bool((p[:, 0] * corner_x + p[:, 1] * corner_y + p[:, 2] * corner_z + p[:, 3] >= 0).all())

    def distance_km(self, box: Box, high_km: float) -> float:
        dx = max(box[0] - self.x, 0.0, self.x - box[2])
        dy = max(box[1] - self.y, 0.0, self.y - box[3])
        dz = max(self.z - high_km, 0.0)
        return float(np.sqrt(dx * dx + dy * dy + dz * dz))


@dataclass(frozen=True, slots=True)
class Choice:
    """drawn: tiles that cover the view once. missing: tiles that would be finer and are not made yet, nearest first."""

    drawn: tuple[TileKey, ...]
    missing: tuple[TileKey, ...]


def chosen(
    eye: Eye,
    split: float,
    deepest: Callable[[Box], int],
    span_km: Callable[[TileKey], tuple[float, float]],
    made: Callable[[TileKey], bool],
) -> Choice:
    """Return the tiles to draw and to make: one divides while the eye is nearer than split × its side.

    A tile gives way to its children only when all those in sight are made: no hole, no overlap while they load.

    Args:
        deepest: the level beyond which nothing finer is known in a box.
        span_km: lowest and highest ground of a tile as drawn.
        made: whether a tile can be drawn; the root must be.
    """
    drawn: list[TileKey] = []
    missing: list[tuple[float, TileKey]] = []
    waiting = [TileKey(0, 0, 0)]
    while waiting:
        key = waiting.pop()
        box = bounds(key)
        _, high = span_km(key)
        away = eye.distance_km(box, high)
        if away >= split * (box[2] - box[0]) or key.level >= deepest(box):
            drawn.append(key)
            continue
        inside = [child for child in key.children() if eye.sees(bounds(child), *span_km(child))]
        absent = [child for child in inside if not made(child)]
        if absent:
            drawn.append(key)
            missing += [(away / side_km(child.level), child) for child in absent]
        else:
            waiting += inside
    return Choice(tuple(drawn), tuple(key for _, key in sorted(missing)))
