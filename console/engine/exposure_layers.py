"""Layers of what can be flooded, and how each is cut by the cells of a depth grid; all in EPSG:4547 metres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.engine.depth_grid import Array, cell_of, edges
from console.engine.inundation_grid import Going, Stopped, always

Ints = NDArray[np.int64]
BLOCKS = (64, 8, 1)  # cells a side: a block wholly inside or outside an area is not divided further


class LayerRefused(ValueError):
    """A layer that cannot be counted. code: shape, negative, order."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code


@dataclass(frozen=True, slots=True)
class About:
    """name: what is counted (人口). unit: of the figures (人). source, date: as the layer's origin states them."""

    name: str
    unit: str
    source: str
    date: str


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """xy_m: (n, 2). amount: (n,) of each, NaN where not stated."""

    about: About
    xy_m: Array
    amount: Array


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """xy_m: (n, 2) vertices of all parts. start: (parts + 1,) where each begins. Counted in metres."""

    about: About
    xy_m: Array
    start: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """shapes: (n,) shapely areas. amount: (n,) of each, spread evenly over it, NaN not stated; None counts m²."""

    about: About
    shapes: NDArray[np.object_]
    amount: Array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """x_m (nx,), y_m (ny,): cell centres, ascending. per_m2: (ny, nx), NaN where not stated."""

    about: About
    x_m: Array
    y_m: Array
    per_m2: Array


Layer = Points | Lines | Areas | Density


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """What of a layer lies in which cell. cell: flat index, -1 outside. amount: NaN where not stated. owner: element."""

    cell: Ints
    amount: Array
    owner: Ints


def pieces_of(layer: Layer, x_m: Array, y_m: Array, going: Going = always) -> Pieces:
    """Return what of a layer lies in which cell; x_m, y_m: the grid's cell centres. going: asked after each area.

    Raises:
        LayerRefused: arrays that do not fit each other, negative figures, or an axis that does not ascend.
        Stopped: going said no.
    """
    if isinstance(layer, Points):
        return _of_points(layer, x_m, y_m)
    if isinstance(layer, Lines):
        return _of_lines(layer, x_m, y_m)
    if isinstance(layer, Areas):
        return _of_areas(layer, x_m, y_m, going)
    return _of_density(layer, x_m, y_m)


def _flat(x_m: Array, y_m: Array, xy_m: Array) -> Ints:
    column, row = cell_of(x_m, xy_m[:, 0]), cell_of(y_m, xy_m[:, 1])
    return np.where((row < 0) | (column < 0), -1, row * len(x_m) + column)


def _of_points(layer: Points, x_m: Array, y_m: Array) -> Pieces:
    if layer.xy_m.shape != (len(layer.amount), 2):
        raise LayerRefused("shape", str(layer.xy_m.shape))
    _not_negative(layer.amount)
    return Pieces(_flat(x_m, y_m, layer.xy_m), layer.amount, np.arange(len(layer.amount)))


def _of_lines(layer: Lines, x_m: Array, y_m: Array) -> Pieces:
    """Cut every segment where it crosses a cell's bound; each piece lies in the cell of its middle."""
    xy, start = layer.xy_m, layer.start
    if (
        xy.ndim != 2
        or xy.shape[1] != 2
        or not len(start)
        or start[0] != 0
        or start[-1] != len(xy)
        or (np.diff(start) < 0).any()
    ):
        raise LayerRefused("shape", str(xy.shape))
    first = np.arange(max(0, len(xy) - 1))
    first = first[~np.isin(first + 1, start[1:-1])]  # a part's last vertex does not lead to the next part
    first = first[np.isfinite(xy[first]).all(axis=1) & np.isfinite(xy[first + 1]).all(axis=1)]
    a, b = xy[first], xy[first + 1]
    own = np.arange(len(first))
    cuts = [(own, np.zeros(len(own))), (own, np.ones(len(own)))]
    cuts += [_cuts(a[:, k], b[:, k], edges(axis)) for k, axis in ((0, x_m), (1, y_m))]
    segment, along = (np.concatenate(parts) for parts in zip(*cuts, strict=True))
    order = np.lexsort((along, segment))
    segment, along = segment[order], along[order]
    same = segment[1:] == segment[:-1]
    segment, middle, share = segment[1:][same], ((along[1:] + along[:-1]) / 2)[same], np.diff(along)[same]
    place = a[segment] + middle[:, None] * (b - a)[segment]
    length = share * np.hypot(*(b - a)[segment].T)
    return Pieces(_flat(x_m, y_m, place), length, np.searchsorted(start, first[segment], side="right") - 1)


def _cuts(a: Array, b: Array, bounds: Array) -> tuple[Ints, Array]:
    """Return (segment, share of its length) of every bound that segments cross along one axis."""
    low = np.searchsorted(bounds, np.minimum(a, b), side="right")
    count = np.maximum(0, np.searchsorted(bounds, np.maximum(a, b), side="left") - low)
    segment = np.repeat(np.arange(len(a)), count)
    which = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count) + low[segment]
    return segment, (bounds[which] - a[segment]) / (b - a)[segment]


def _of_areas(layer: Areas, x_m: Array, y_m: Array, going: Going) -> Pieces:
    import shapely  # slow to import: not before the first window

    if layer.amount is not None and layer.amount.shape != layer.shapes.shape:
        raise LayerRefused("shape", str(layer.amount.shape))
    cells, sizes, owners = [], [], []
    whole = np.asarray(shapely.area(layer.shapes), float)
    for i, shape in enumerate(layer.shapes):
        cell, size = _covered(shape, edges(x_m), edges(y_m))
        beside = max(0.0, float(whole[i]) - float(size.sum()))
        cells.append(np.append(cell, -1))
        sizes.append(np.append(size, beside if beside > 1e-9 * whole[i] else 0.0))
        owners.append(np.full(len(cell) + 1, i))
        if not going((i + 1) / len(whole)):
            raise Stopped
    if not cells:
        return Pieces(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))
    cell, size, owner = np.concatenate(cells), np.concatenate(sizes), np.concatenate(owners)
    some = size > 0
    cell, size, owner = cell[some], size[some], owner[some]
    if layer.amount is not None:
        _not_negative(layer.amount)
        size = size / whole[owner] * layer.amount[owner]
    return Pieces(cell, size, owner)


def _covered(shape: Any, x_edges: Array, y_edges: Array) -> tuple[Ints, Array]:
    """Return (flat cell, m² of the shape in it), blocks first: only cells on the shape's own bound are cut."""
    import shapely

    nx, ny = len(x_edges) - 1, len(y_edges) - 1
    west, south, east, north = shapely.bounds(shape)
    if not west <= east:  # empty
        return np.zeros(0, np.int64), np.zeros(0)
    shapely.prepare(shape)
    wide, high = np.diff(x_edges), np.diff(y_edges)
    columns = _span(x_edges, west, east, BLOCKS[0])
    rows = _span(y_edges, south, north, BLOCKS[0])
    row, column = (g.ravel() for g in np.meshgrid(rows, columns, indexing="ij"))
    cells, sizes = [], []
    for side, finer in zip(BLOCKS, (*BLOCKS[1:], 0), strict=True):
        row_end, column_end = np.minimum(row + side, ny), np.minimum(column + side, nx)
        boxes = shapely.box(x_edges[column], y_edges[row], x_edges[column_end], y_edges[row_end])
        inside = shapely.covers(shape, boxes)
        inner_row, inner_column = _divided(row[inside], column[inside], side, 1, ny, nx)
        cells.append(inner_row * nx + inner_column)
        sizes.append(high[inner_row] * wide[inner_column])
        on = ~inside & shapely.intersects(shape, boxes)
        row, column, boxes = row[on], column[on], boxes[on]
        if finer:
            row, column = _divided(row, column, side, finer, ny, nx)
        else:
            cells.append(row * nx + column)
            sizes.append(np.asarray(shapely.area(shapely.intersection(boxes, shape)), float))
    return np.concatenate(cells), np.concatenate(sizes)


def _span(bounds: Array, low: float, high: float, side: int) -> Ints:
    """Return the first cells of the blocks that an interval touches."""
    n = len(bounds) - 1
    if high <= bounds[0] or low >= bounds[-1]:
        return np.zeros(0, np.int64)
    first, last = (int(np.clip(np.searchsorted(bounds, v, side="right") - 1, 0, n - 1)) for v in (low, high))
    return np.arange(first // side * side, last + 1, side)


def _divided(row: Ints, column: Ints, side: int, finer: int, ny: int, nx: int) -> tuple[Ints, Ints]:
    steps = np.arange(0, side, finer)
    rows = (row[:, None, None] + steps[:, None] + 0 * steps).ravel()
    columns = (column[:, None, None] + 0 * steps[:, None] + steps).ravel()
    there = (rows < ny) & (columns < nx)
    return rows[there], columns[there]


def _of_density(layer: Density, x_m: Array, y_m: Array) -> Pieces:
    """Cut the layer's cells by the grid's: exact, whichever is the finer."""
    if layer.per_m2.shape != (len(layer.y_m), len(layer.x_m)) or min(layer.per_m2.shape) < 2:
        raise LayerRefused("shape", str(layer.per_m2.shape))
    if (np.diff(layer.x_m) <= 0).any() or (np.diff(layer.y_m) <= 0).any():
        raise LayerRefused("order")
    _not_negative(layer.per_m2)
    (own_x, grid_x, wide), (own_y, grid_y, high) = _overlaps(layer.x_m, x_m), _overlaps(layer.y_m, y_m)
    amount = layer.per_m2[np.ix_(own_y, own_x)] * np.outer(high, wide)
    beside = (grid_y < 0)[:, None] | (grid_x < 0)
    cell = np.where(beside, -1, grid_y[:, None] * len(x_m) + grid_x)
    owner = own_y[:, None] * len(layer.x_m) + own_x
    return Pieces(cell.ravel(), amount.ravel(), owner.ravel())


def _overlaps(own_m: Array, grid_m: Array) -> tuple[Ints, Ints, Array]:
    """Return (own cell, grid cell or -1, length) of each piece when both axes' bounds cut the own axis."""
    own = edges(own_m)
    bounds = edges(grid_m)
    cuts = np.union1d(own, bounds[(bounds > own[0]) & (bounds < own[-1])])
    middle = (cuts[1:] + cuts[:-1]) / 2
    return cell_of(own_m, middle), cell_of(grid_m, middle), np.diff(cuts)


def _not_negative(amount: Array) -> None:
    if (amount < 0).any():
        raise LayerRefused("negative", f"{float(np.nanmin(amount)):g}")
