"""Water on a height grid: pits filled and counted, D8 directions, upstream areas.

Works on any regular grid, the generated ground or a user's DEM. No distance is guessed: the caller
states the cell sides in km.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, label
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

Heights = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.int32]
STEPS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))  # row, column to the eight neighbours
FORWARD = STEPS[:4]
EIGHT = np.ones((3, 3), int)
SNAP_KM = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """Heights whose every cell drains to an outlet, and what that took.

    height_m: shape (ny, nx), NaN where unknown. outward: flat index of the neighbour on the lowest way out,
    itself at an outlet, −1 where unknown. pits: connected raised areas. raised_cells, volume_m3, deepest_m:
    of all of them together.
    """

    height_m: Heights
    outward: Index
    pits: int
    raised_cells: int
    volume_m3: float
    deepest_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Drainage:
    """Where water goes. receiver: flat index, itself at an outlet, −1 unknown; area_km2: drained, itself counted."""

    filled: Filled
    receiver: Index
    area_km2: Heights


@dataclass(frozen=True, slots=True)
class Upstream:
    """The area above a place: of the cell (row, column) with the largest area within away_km of it."""

    row: int
    column: int
    away_km: float
    area_km2: float


def fill_pits(height_m: NDArray[np.floating], cell_km: tuple[float, float], outlet: Mask | None = None) -> Filled:
    """Raise every pit to its spill level.

    A cell's filled height is the lowest possible highest point of a way out of the grid. That is what
    priority-flood finds cell by cell; here it is read from a minimum spanning tree of the grid whose links
    weigh the higher of their two cells, which gives the same heights at array speed.
    Source: Barnes, Lehman & Mulla (2014), Computers & Geosciences 62, 117–127 (priority-flood).

    Args:
        height_m: shape (ny, nx), metres; NaN = unknown, and water leaves towards it.
        cell_km: (north, east) spacing.
        outlet: shape (ny, nx), further cells where water leaves (the sea); the rim always is one.

    Raises:
        ValueError: fewer than 3 rows or columns, or no height at all.
    """
    height = np.asarray(height_m, np.float64)
    if height.ndim != 2 or min(height.shape) < 3:
        raise ValueError(f"a height grid needs at least 3 rows and columns, not {height.shape}")
    known = np.isfinite(height)
    if not known.any():
        raise ValueError("a height grid without any height")
    ends = known & (_rim(known) if outlet is None else _rim(known) | outlet)
    order, before = _ways_out(height, known, ends)
    spill, outward = _spill(height, known, order, before)
    depth = np.where(known, spill - height, 0.0)
    raised = depth > 0
    area_m2 = cell_km[0] * cell_km[1] * 1e6
    return Filled(
        np.where(known, spill, np.nan),
        outward,
        int(label(raised, EIGHT)[1]),
        int(raised.sum()),
        float(depth.sum()) * area_m2,
        float(depth.max()),
    )


def _rim(known: Mask) -> Mask:
    """Return the cells beside the grid's edge or an unknown cell."""
    return np.asarray(binary_dilation(np.pad(~known, 1, constant_values=True), EIGHT.astype(bool))[1:-1, 1:-1])


def _ways_out(height: Heights, known: Mask, ends: Mask) -> tuple[Index, Index]:
    """Return cells from the outlets inwards and the cell before each, both flat; the grid's size stands for outside."""
    count = height.size
    number = np.arange(count, dtype=np.int32).reshape(height.shape)
    level = height - height[known].min() + 1.0  # a link of weight 0 would be none
    one, other = [], []
    for dy, dx in FORWARD:
        here, there = _pair(height.shape, dy, dx)
        both = known[here] & known[there]
        one.append(number[here][both])
        other.append(number[there][both])
    exits = number[ends]
    weights = [np.maximum(level.ravel()[a], level.ravel()[b]) for a, b in zip(one, other, strict=True)]
    data = np.concatenate([*weights, level[ends]])
    rows = np.concatenate([*one, np.full(exits.size, count, np.int32)])
    columns = np.concatenate([*other, exits])
    tree = minimum_spanning_tree(csr_matrix((data, (rows, columns)), shape=(count + 1, count + 1)), overwrite=True)
    order, before = breadth_first_order(tree, count, directed=False)
    return np.asarray(order[1:], np.int32), np.asarray(before, np.int32)


def _pair(shape: tuple[int, ...], dy: int, dx: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return windows of cells and of their neighbours one step (dy, dx) on."""

    def span(step: int, length: int) -> tuple[slice, slice]:
        if step >= 0:
            return slice(0, length - step), slice(step, length)
        return slice(-step, length), slice(0, length + step)

    (row, row2), (column, column2) = span(dy, shape[0]), span(dx, shape[1])
    return (row, column), (row2, column2)


def _spill(height: Heights, known: Mask, order: Index, before: Index) -> tuple[Heights, Index]:
    """Return the highest height on each cell's way out and the neighbour it leads to, by pointer doubling."""
    count = height.size
    outside = before == count
    to = np.where(outside[:count], np.arange(count), before[:count]).astype(np.int32)
    to[~known.ravel()] = -1
    spill = np.where(known, height, -np.inf).ravel()
    hop = np.where(to < 0, np.arange(count), to)
    while True:
        spill = np.maximum(spill, spill[hop])
        further = hop[hop]
        if np.array_equal(further, hop):
            return spill.reshape(height.shape), to.reshape(height.shape)
        hop = further


def drain(height_m: NDArray[np.floating], cell_km: tuple[float, float], outlet: Mask | None = None) -> Drainage:
    """Return D8 directions and drained areas; pits are filled first.

    Water takes the steepest of the eight ways down; on filled ground, which is level, the lowest way out
    of the pit as it was. Arguments and errors as fill_pits().
    """
    filled = fill_pits(height_m, cell_km, outlet)
    receiver = _receivers(filled, cell_km)
    cells = np.where(receiver >= 0, cell_km[0] * cell_km[1], 0.0)
    return Drainage(filled, receiver, accumulate(receiver, cells))


def _receivers(filled: Filled, cell_km: tuple[float, float]) -> Index:
    height, out = filled.height_m, filled.outward.copy()
    ends = out.ravel() == np.arange(out.size)
    number = np.arange(out.size, dtype=np.int32).reshape(out.shape)
    steepest = np.zeros(height.shape)
    for dy, dx in STEPS:
        here, there = _pair(height.shape, dy, dx)
        slope = (height[here] - height[there]) / np.hypot(dy * cell_km[0], dx * cell_km[1])
        better = slope > steepest[here]  # never true beside an unknown cell
        steepest[here] = np.where(better, slope, steepest[here])
        out[here] = np.where(better, number[there], out[here])
    return np.where(ends.reshape(out.shape), number, out)


def accumulate(receiver: Index, amount: Heights) -> Heights:
    """Return what passes each cell when every cell sends its amount down to its receiver, shape of `receiver`.

    By pointer doubling: after k rounds a cell holds the amounts of all cells less than 2**k steps above.
    """
    end = receiver.size
    flat = receiver.ravel()
    to = np.append(np.where((flat < 0) | (flat == np.arange(end)), end, flat), end).astype(np.int64)
    total = np.asarray(amount, np.float64).ravel().copy()
    moving = np.flatnonzero(to[:-1] < end)
    while moving.size:
        total += np.bincount(to[moving], weights=total[moving], minlength=end)
        to[moving] = to[to[moving]]
        moving = moving[to[moving] < end]
    return total.reshape(receiver.shape)


def upstream_at(
    drainage: Drainage, row: float, column: float, cell_km: tuple[float, float], within_km: float = SNAP_KM
) -> Upstream | None:
    """Return the upstream area at a place: the largest within some km, as maps and grids do not agree to the cell.

    row, column: the place in cells, fractions allowed. None: no known cell there.
    """
    area = drainage.area_km2
    low = [max(int(at - within_km / side), 0) for at, side in zip((row, column), cell_km, strict=True)]
    high = [max(int(at + within_km / side) + 2, 0) for at, side in zip((row, column), cell_km, strict=True)]
    window = slice(low[0], high[0]), slice(low[1], high[1])
    if not area[window].size:
        return None
    rows, columns = np.indices(area[window].shape) + np.array(low)[:, None, None]
    away = np.hypot((rows - row) * cell_km[0], (columns - column) * cell_km[1])
    eligible = np.where((away <= within_km) & (drainage.receiver[window] >= 0), area[window], -1.0)
    best = np.unravel_index(int(eligible.argmax()), eligible.shape)
    if eligible[best] < 0:
        return None
    return Upstream(int(rows[best]), int(columns[best]), float(away[best]), float(eligible[best]))
