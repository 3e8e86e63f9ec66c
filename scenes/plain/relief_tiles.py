"""The ground as the 2.5-D picture wants it: grids of heights and shaded colours around the place looked at.

Level k has cells of CELL_KM / 2^k and covers SIDE cells square; level 0 covers the whole root. A window is put
together of blocks, so that one that moves on asks the ground only for what is new.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from scenes.ground.frame import HALF_KM, ROOT_KM, Box, touch
from scenes.ground.source import Ground
from scenes.ground.tile import HEIGHT_STOPS_M

Array = NDArray[np.float64]
Heights = NDArray[np.float32]
Colors = NDArray[np.uint8]
SIDE = 1024
BLOCK = 128
CELL_KM = ROOT_KM / SIDE
DEEPEST = 11  # 0.4 m
MOST_BLOCKS = 700  # about 90 MB
LAMP = (-0.56, 0.56, 0.61)  # from the north-west
RAKING = 0.55  # of the exaggeration goes into the shade: the full one turns every slope black or white
MARGIN = 8  # cells around a block that its shade looks at


@dataclass(frozen=True, slots=True, eq=False)
class Tints:
    """Colours, RGB 0 to 255. heights: one for each of HEIGHT_STOPS_M, of flat ground; unknown: where no source knows."""

    heights: Array
    shadow: Array
    light: Array
    unknown: Array


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """One level: heights in metres (rows from the south; 0 where unknown) and colours, shape (rows, columns[, 3]).

    west, south: of its first cell's centre, local km.
    """

    level: int
    west: float
    south: float
    cell_km: float
    height_m: Heights
    color: Colors

    def holds(self, x: Array, y: Array) -> NDArray[np.bool_]:
        """Tell which places lie inside its cells' centres."""
        rows, columns = self.height_m.shape
        u, v = (x - self.west) / self.cell_km, (y - self.south) / self.cell_km
        return np.asarray((u >= 0) & (v >= 0) & (u <= columns - 1) & (v <= rows - 1))


class ReliefTiles:
    """Blocks of the ground, kept; and windows of them, filled from coarse to fine."""

    def __init__(self, ground: Ground, tints: Tints, exaggeration: float) -> None:
        self.ground, self.tints, self.exaggeration = ground, tints, exaggeration
        self.windows: dict[int, Window] = {}
        self._blocks: OrderedDict[tuple[int, int, int], tuple[Heights, Colors]] = OrderedDict()

    def level_of(self, cell_km: float) -> int:
        """Return the coarsest level with cells no wider than cell_km."""
        return int(np.clip(np.ceil(np.log2(CELL_KM / cell_km) - 1e-9), 0, DEEPEST))

    def fill(self, x: float, y: float, cell_km: float, give_up: Callable[[], bool]) -> bool:
        """Fill one more window around a place, the coarsest that is missing; return whether there may be more.

        give_up is asked between blocks; what was made until then stays.
        """
        for level in range(self._finest(x, y, cell_km) + 1):
            corner = self._corner(level, x, y)
            cell = CELL_KM / 2**level
            place = self._edge(corner[0], cell), self._edge(corner[1], cell)
            here = self.windows.get(level)
            if here is not None and max(abs(here.west - place[0]), abs(here.south - place[1])) < cell / 2:
                continue
            made = self._window(level, corner, give_up)
            if made is not None:
                self.windows = {**self.windows, level: made}  # whoever reads the old one keeps it
            return True
        return False

    def _finest(self, x: float, y: float, cell_km: float) -> int:
        """Return the level that is fine enough, or as fine as anything near knows."""
        wanted = self.level_of(cell_km)
        half = CELL_KM / 2**wanted * SIDE / 2
        known = self.ground.finest_km((x - half, y - half, x + half, y + half))
        return min(wanted, self.level_of(known / 2)) if np.isfinite(known) else 0

    def _corner(self, level: int, x: float, y: float) -> tuple[int, int]:
        """Return the first block, column and row, of the window around a place."""
        if level == 0:
            return 0, 0
        block = BLOCK * CELL_KM / 2**level
        most = 2**level * SIDE // BLOCK - SIDE // BLOCK
        first = [round((v + HALF_KM) / block - SIDE / BLOCK / 2) for v in (x, y)]
        return min(max(first[0], 0), most), min(max(first[1], 0), most)

    @staticmethod
    def _edge(block: int, cell: float) -> float:
        return -HALF_KM + (block * BLOCK + 0.5) * cell

    def _window(self, level: int, corner: tuple[int, int], give_up: Callable[[], bool]) -> Window | None:
        cell = CELL_KM / 2**level
        height = np.zeros((SIDE, SIDE), np.float32)
        color = np.empty((SIDE, SIDE, 3), np.uint8)
        for j in range(SIDE // BLOCK):
            for i in range(SIDE // BLOCK):
                if give_up():
                    return None
                rows, columns = slice(j * BLOCK, (j + 1) * BLOCK), slice(i * BLOCK, (i + 1) * BLOCK)
                height[rows, columns], color[rows, columns] = self._block(level, corner[0] + i, corner[1] + j)
        return Window(level, self._edge(corner[0], cell), self._edge(corner[1], cell), cell, height, color)

    def _block(self, level: int, i: int, j: int) -> tuple[Heights, Colors]:
        key = (level, i, j)
        if key in self._blocks:
            self._blocks.move_to_end(key)
            return self._blocks[key]
        cell = CELL_KM / 2**level
        x = self._edge(i, cell) + np.arange(-MARGIN, BLOCK + MARGIN) * cell
        y = self._edge(j, cell) + np.arange(-MARGIN, BLOCK + MARGIN) * cell
        box = (float(x[0]), float(y[0]), float(x[-1]), float(y[-1]))
        if any(touch(s.box, box) for s in self.ground.sources):
            gx, gy = np.meshgrid(x, y)
            made = self._shaded(self.ground.heights(gx, gy, cell), gx, gy, cell, box)
        else:
            made = np.zeros((BLOCK, BLOCK), np.float32), np.broadcast_to(_bytes(self.tints.unknown), (BLOCK, BLOCK, 3))
        self._blocks[key] = made
        while len(self._blocks) > MOST_BLOCKS:
            self._blocks.popitem(last=False)
        return made

    def _shaded(self, wide: Heights, gx: Array, gy: Array, cell: float, box: Box) -> tuple[Heights, Colors]:
        """Return heights and colours of a block from heights with MARGIN cells around it."""
        t, core = self.tints, (slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
        filled = np.nan_to_num(wide, nan=0.0)
        height = filled[core]
        base = np.stack([np.interp(height, HEIGHT_STOPS_M, t.heights[:, c]) for c in range(3)], axis=-1)
        for picture in self.ground.pictures[::-1]:  # the finest last, on top
            if touch(picture.box, box):
                rgba = picture.pixels(gx[core], gy[core], cell)
                alpha = rgba[..., 3:] / 255.0
                base = base * (1 - alpha) + rgba[..., :3] * alpha
        light = self._light(filled, cell)
        down, up = np.clip(-light, 0, 1)[..., None], np.clip(light, 0, 1)[..., None]
        mixed = base * (1 - down - up) + t.shadow * down + t.light * up
        mixed[np.isnan(wide[core])] = t.unknown
        return np.ascontiguousarray(height), _bytes(mixed)

    def _light(self, wide: Heights, cell: float) -> Array:
        """Return -1 (dark) to 1 (bright) of a block: the lamp on its slopes, and hollows darker than what stands out."""
        m = MARGIN
        slope = self.exaggeration * RAKING / (2000 * cell)
        east = (wide[m:-m, m + 1 : 1 - m] - wide[m:-m, m - 1 : -1 - m]) * slope
        north = (wide[m + 1 : 1 - m, m:-m] - wide[m - 1 : -1 - m, m:-m]) * slope
        lit = (LAMP[2] - LAMP[0] * east - LAMP[1] * north) / np.sqrt(1 + east**2 + north**2)
        stands = (wide - uniform_filter(wide, 2 * m + 1, mode="nearest"))[m:-m, m:-m] * slope / 3
        dark, bright = np.clip((LAMP[2] - lit) / LAMP[2], 0, 1), np.clip((lit - LAMP[2]) / (1 - LAMP[2]), 0, 1)
        return np.asarray(0.42 * bright - 0.7 * dark + 0.2 * np.tanh(stands))


def _bytes(color: Array) -> Colors:
    return np.clip(np.rint(color), 0, 255).astype(np.uint8)
