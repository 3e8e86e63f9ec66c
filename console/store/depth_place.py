"""Where a depth grid lies: from any coordinate system onto a regular grid of EPSG:4547, cell by cell.

Every cell of the new grid takes the value of the cell that its centre lies in: no depth is invented between
wet and dry, and places move by at most half a cell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from console.engine.depth_grid import Array
from console.engine.inundation_grid import Going, Stopped
from console.store.depth_cache import GRID, DepthRefused
from console.store.vector_crs import TARGET, Placing, placing_of

CELLS_MAX = 16_000_000  # of one step: 64 MB
ROWS_AT_ONCE = 128
MERIDIAN, REACH = 114.0, 6.0  # degrees; farther out the projection is of no use
Index = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """x_m (nx,), y_m (ny,): cell centres, ascending. index: (ny, nx) flat cell of the file, -1 outside it.

    crs: name of the file's system. moved: cells are not the file's own. notes: Chinese sentences.
    """

    x_m: Array
    y_m: Array
    index: Index
    crs: str
    moved: bool
    notes: tuple[str, ...]


def placed(name: str, transform: Any, shape: tuple[int, int], crs: str, told_crs: str, going: Going) -> Place:
    """Return the grid that a file's cells are put onto. transform: from column, row to the file's coordinates.

    Raises:
        DepthRefused: no coordinate system, too many cells, or not in this part of the world.
        VectorRefused: the system does not fit the numbers.
        Stopped: going said no.
    """
    if not (crs or told_crs):
        raise DepthRefused(f"文件 {name} 没有坐标系。", "请在导入时选定坐标系（如 EPSG:4547），或在原软件中补上。")
    if shape[0] * shape[1] > CELLS_MAX:
        raise DepthRefused(
            f"文件 {name} 每个时刻有 {shape[0]} × {shape[1]} 格，太多。",
            f"请裁剪或放大格距到 {CELLS_MAX // 10_000} 万格以内再导入。",
        )
    around = _around(transform, shape)
    how = placing_of(crs, told_crs, around)
    east, north = _forward(how, around, name)
    dx, dy = _cell_m(how, transform, shape, name)
    nx, ny = (max(2, math.ceil((a.max() - a.min()) / d - 1e-6)) for a, d in ((east, dx), (north, dy)))
    if nx * ny > 4 * CELLS_MAX or min(shape) < 2:
        raise DepthRefused(
            f"文件 {name} 换算后的格网有 {ny} × {nx} 格，不能用。", "请在原软件中换成 CGCS2000 规则格网后再导入。"
        )
    x = float(east.min()) + dx * (np.arange(nx) + 0.5)
    y = float(north.min()) + dy * (np.arange(ny) + 0.5)
    index = _index(how, transform, shape, (x, y), going)
    rows, columns = np.divmod(index, shape[1])
    own = (ny, nx) == shape and bool((columns == np.arange(nx)).all() and (np.abs(np.diff(rows[:, 0])) == 1).all())
    return Place(x, y, index, how.name, not own, how.notes)


def _around(transform: Any, shape: tuple[int, int]) -> Array:
    """Return places along the grid's outer edge, shape (n, 2)."""
    part = np.linspace(0, 1, 33)
    sides = [(part, 0 * part), (part, 0 * part + 1), (0 * part, part), (0 * part + 1, part)]
    column, row = (np.concatenate([s[k] for s in sides]) * n for k, n in ((0, shape[1]), (1, shape[0])))
    return _at(transform, column, row)


def _at(transform: Any, column: Array, row: Array) -> Array:
    t = transform
    return np.column_stack([t.a * column + t.b * row + t.c, t.d * column + t.e * row + t.f])


def _forward(how: Placing, xy: Array, name: str) -> tuple[Array, Array]:
    """Return easting, northing (EPSG:4547) of the file's coordinates.

    Raises:
        DepthRefused: they have none near the province.
    """
    degrees = how.degrees(xy)
    lon, lat = degrees[:, 0], degrees[:, 1]
    if not (np.isfinite(degrees).all() and (np.abs(lon - MERIDIAN) < REACH).all() and ((lat > 0) & (lat < 58)).all()):
        raise DepthRefused(f"文件 {name} 的位置不在广东一带。", "请核对它的坐标系，或在导入时选定坐标系。")
    east, north = _grid().transform(lon, lat)
    return np.asarray(east), np.asarray(north)


def _cell_m(how: Placing, transform: Any, shape: tuple[int, int], name: str) -> tuple[float, float]:
    """Return a cell's width and height (m) at the grid's middle; of one that is turned, the side of a square as large."""
    row, column = shape[0] / 2, shape[1] / 2
    east, north = _forward(how, _at(transform, column + np.array([0.0, 1.0, 0.0]), row + np.array([0.0, 0.0, 1.0])), name)
    along, across = (east[1] - east[0], north[1] - north[0]), (east[2] - east[0], north[2] - north[0])
    area = abs(along[0] * across[1] - along[1] * across[0])
    if not area > 0:
        raise DepthRefused(f"文件 {name} 的格距不对。", "请在原软件中检查格网后再导入。")
    if abs(along[1]) > 0.2 * abs(along[0]):
        return math.sqrt(area), math.sqrt(area)
    return _rounded(abs(along[0])), _rounded(abs(across[1]))


def _rounded(size_m: float) -> float:
    """Undo what a way through degrees adds to 10 m: 10.000000002."""
    return round(size_m, 5)


def _index(how: Placing, transform: Any, shape: tuple[int, int], axes: tuple[Array, Array], going: Going) -> Index:
    """Return the file's flat cell below the centre of every new cell, rows of them at a time."""
    x, y = axes
    out = np.full((len(y), len(x)), -1, np.int32)
    inverse = ~transform
    for first in range(0, len(y), ROWS_AT_ONCE):
        east, north = np.meshgrid(x, y[first : first + ROWS_AT_ONCE])
        a, b = _grid().transform(east, north, direction="INVERSE")
        if how.transformer is not None:
            a, b = how.transformer.transform(a, b, direction="INVERSE")
        a = a - how.shift_m
        column = np.floor(inverse.a * a + inverse.b * b + inverse.c)
        row = np.floor(inverse.d * a + inverse.e * b + inverse.f)
        with np.errstate(invalid="ignore"):
            inside = (column >= 0) & (column < shape[1]) & (row >= 0) & (row < shape[0])
        flat = np.where(inside, row, 0) * shape[1] + np.where(inside, column, 0)
        out[first : first + ROWS_AT_ONCE] = np.where(inside, flat, -1).astype(np.int32)
        if not going(0.0):
            raise Stopped
    return out


@lru_cache(maxsize=1)
def _grid() -> Transformer:
    return Transformer.from_crs(TARGET, GRID, always_xy=True)
