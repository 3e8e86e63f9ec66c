"""The drainage tree that the generated ground grows on.

Every place drains to the outlet it reaches with the least climb; the climb per km is the steepness of
the place times drained area to the power −θ (the stream-power law in its steady state). The least-climb
surface has no pit and no cliff, and repeating it with the areas of the last tree gathers the water into
dendritic valleys.

Source: steady-state slope–area law, Whipple & Tucker (1999), J. Geophys. Res. 104(B8), eq. 10.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

Field = NDArray[np.float32]
Index = NDArray[np.int32]
STEPS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
CONCAVITY = 0.45
RIVER_KM2 = 25.0  # from here on valleys have floors: they flatten faster, or trunks would lift whole uplands
RIVER_CONCAVITY = 0.85
HILLSLOPE_KM2 = 1.5  # below it a slope is a hillside, no channel: it steepens no more


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """Heights (m) and receivers (flat index, itself at an outlet), both shape (n, n)."""

    height_m: Field
    receiver: Index


def slope_factor(area_km2: Field) -> Field:
    """Return slope per steepness of drained areas in km²: area**−θ, a higher θ along rivers."""
    area = np.maximum(area_km2, HILLSLOPE_KM2)
    hills = np.minimum(area, RIVER_KM2) ** np.float32(-CONCAVITY)
    return np.asarray(hills * np.maximum(area / RIVER_KM2, 1) ** np.float32(-RIVER_CONCAVITY), np.float32)


class LeastClimb:
    """Least-climb trees on one grid with given outlets and walls.

    outlet_m: level of cells that water ends in, NaN elsewhere. basin: labels; no water crosses from one
    label to another, but outlets take water of every label. cell_km: spacing.
    """

    def __init__(self, outlet_m: Field, basin: NDArray[np.int16], rim_m: Field, cell_km: float) -> None:
        self._shape = outlet_m.shape
        self._cell_km = cell_km
        self._outlet = np.isfinite(outlet_m)
        self._basin = np.pad(basin, 1, constant_values=-1)
        count = outlet_m.size
        source = self._outlet & binary_dilation(~self._outlet, np.ones((3, 3), bool))
        rim = ~self._outlet
        rim[1:-1, 1:-1] = False
        self._sources = np.flatnonzero(source | rim).astype(np.int32)
        self._levels = np.where(self._outlet, outlet_m, rim_m).ravel()[self._sources].astype(np.float64)
        self._base = float(self._levels.min()) - 1.0  # path lengths must be positive
        cell = np.arange(count, dtype=np.int32)
        shift = np.array([dy * self._shape[1] + dx for dy, dx in STEPS], np.int32)
        links = np.clip(cell[:, None] + shift[None, :], 0, count - 1)
        self._indices = np.concatenate([links.ravel(), self._sources])
        self._indptr = np.append(np.arange(count + 1, dtype=np.int32) * 8, np.int32(count * 8 + len(self._sources)))
        self._outlet_m = outlet_m

    def grow(self, climb_m_km: Field) -> Tree:
        """Return the tree for a climb (m per km) of every cell, shape (n, n)."""
        rows, columns = self._shape
        into = np.full((rows + 2, columns + 2), np.inf, np.float32)
        into[1:-1, 1:-1] = np.where(self._outlet, np.inf, climb_m_km * self._cell_km)
        data = np.empty(self._indices.size, np.float64)
        weights = data[: rows * columns * 8].reshape(rows, columns, 8)
        own = self._basin[1:-1, 1:-1]
        for k, (dy, dx) in enumerate(STEPS):
            there = slice(1 + dy, 1 + dy + rows), slice(1 + dx, 1 + dx + columns)
            weights[:, :, k] = np.where(self._basin[there] == own, into[there] * np.hypot(dy, dx), np.inf)
            self._open_outlets(weights[:, :, k], into[there], float(np.hypot(dy, dx)))
        data[rows * columns * 8 :] = self._levels - self._base
        graph = csr_matrix((data, self._indices, self._indptr), shape=(rows * columns + 1,) * 2, copy=False)
        climbed, before = dijkstra(graph, indices=rows * columns, return_predecessors=True)
        del graph, data, weights
        before = before[:-1]
        cell = np.arange(rows * columns, dtype=np.int32)
        receiver = np.where((before < 0) | (before == rows * columns), cell, before).astype(np.int32)
        height = (climbed[:-1] + self._base).astype(np.float32).reshape(self._shape)
        height = np.where(self._outlet, self._outlet_m, np.where(np.isfinite(height), height, 0.0))
        return Tree(np.asarray(height, np.float32), receiver.reshape(self._shape))

    def _open_outlets(self, weight: NDArray[np.float64], climb: Field, length: float) -> None:
        """Let water of every basin into an outlet: a main river may be another basin's by a cell."""
        weight[self._outlet] = climb[self._outlet] * length


def drained(receiver: Index, cell_km2: float | Field) -> Field:
    """Return the area drained through every cell, itself counted, km², shape of `receiver`.

    By pointer doubling: after k rounds a cell has the area of all cells less than 2**k steps upstream.
    """
    end = receiver.size
    cell = np.arange(end, dtype=np.int32)
    to = np.append(np.where(receiver.ravel() == cell, np.int32(end), receiver.ravel()), np.int32(end))
    area = np.broadcast_to(np.asarray(cell_km2, np.float64), receiver.shape).ravel().copy()
    moving = np.flatnonzero(to[:-1] < end)
    while moving.size:
        area += np.bincount(to[moving], weights=area[moving], minlength=end)
        to[moving] = to[to[moving]]
        moving = moving[to[moving] < end]
    return np.asarray(area.reshape(receiver.shape), np.float32)


def highest_below(height_m: Field, receiver: Index) -> Field:
    """Return the greatest height on each cell's way to its outlet, its own included, shape of `receiver`."""
    to, highest = receiver.ravel(), height_m.ravel().copy()
    while True:
        highest = np.maximum(highest, highest[to])
        further = to[to]
        if np.array_equal(further, to):
            return highest.reshape(receiver.shape)
        to = further


def steepest(height_m: Field) -> Index:
    """Return the neighbour down the steepest of eight ways, itself where none is lower; flat, shape (n, n)."""
    rows, columns = height_m.shape
    padded = np.pad(height_m, 1, constant_values=np.float32(np.inf))
    best = np.zeros(height_m.shape, np.float32)
    receiver = np.arange(height_m.size, dtype=np.int32).reshape(height_m.shape)
    cell = receiver.copy()
    for dy, dx in STEPS:
        slope = (height_m - padded[1 + dy : 1 + dy + rows, 1 + dx : 1 + dx + columns]) * np.float32(1 / np.hypot(dy, dx))
        better = slope > best
        np.copyto(best, slope, where=better)
        np.copyto(receiver, cell + np.int32(dy * columns + dx), where=better)
    return receiver
