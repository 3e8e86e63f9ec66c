"""One grid of water depths: its cells, its depth classes, its areas and volume; unknown (NaN) is never dry.

x_m (nx,) and y_m (ny,) are cell centres, ascending, EPSG:4547 metres; depths are (ny, nx) float32 metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Depth = NDArray[np.float32]
WET_M = 0.05  # less is a wet street, not a flood
# Bounds of our own (m); a lower bound belongs to the class above it. Below the first is dry.
CLASS_BOUNDS_M = (0.05, 0.5, 1.0, 1.5, 2.0, 3.0)
UNKNOWN, DRY = -1, 0


class GridRefused(ValueError):
    """Depths that cannot be used. code: shape, few, order."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code


@dataclass(frozen=True, slots=True)
class Flooded:
    """Of one moment. area_m2: at or above the threshold; volume_m3: of all water; both of the known cells only."""

    area_m2: float
    volume_m3: float
    unknown_m2: float


def check_axes(x_m: Array, y_m: Array, t_s: Array) -> None:
    """Check the axes of a series.

    Raises:
        GridRefused: not one-dimensional, too short (a cell's width needs two), not finite or not ascending.
    """
    for axis, least in ((x_m, 2), (y_m, 2), (t_s, 1)):
        if axis.ndim != 1 or len(axis) < least:
            raise GridRefused("few", str(axis.shape))
        if not (np.isfinite(axis).all() and (np.diff(axis) > 0).all()):
            raise GridRefused("order")


def edges(axis_m: Array) -> Array:
    """Return the n + 1 bounds of the cells around n centres: half-way between them, as far out as in at the ends."""
    middle = (axis_m[1:] + axis_m[:-1]) / 2
    return np.concatenate([[2 * axis_m[0] - middle[0]], middle, [2 * axis_m[-1] - middle[-1]]])


def cell_of(axis_m: Array, at_m: Array) -> NDArray[np.int64]:
    """Return the cell of each place on an axis, -1 outside or where the place is not finite."""
    bounds = edges(axis_m)
    index = np.minimum(np.searchsorted(bounds, at_m, side="right") - 1, len(axis_m) - 1)
    return np.where((at_m >= bounds[0]) & (at_m <= bounds[-1]), index, -1)


def class_of(depth_m: Depth, bounds_m: tuple[float, ...] = CLASS_BOUNDS_M) -> NDArray[np.int8]:
    """Return UNKNOWN, DRY or the class 1 to n of each depth; class k begins at bounds_m[k - 1]."""
    found = np.zeros(depth_m.shape, np.int8)
    for bound in bounds_m:
        found += depth_m >= np.float32(bound)
    found[np.isnan(depth_m)] = UNKNOWN
    return found


def class_areas_m2(depth_m: Depth, x_m: Array, y_m: Array, bounds_m: tuple[float, ...] = CLASS_BOUNDS_M) -> Array:
    """Return areas, shape (n + 2,): unknown, dry, then each class."""
    cells = np.outer(np.diff(edges(y_m)), np.diff(edges(x_m)))
    kinds = class_of(depth_m, bounds_m).ravel().astype(np.intp) + 1
    return np.bincount(kinds, weights=cells.ravel(), minlength=len(bounds_m) + 2).astype(float)


def flooded_of(depth_m: Depth, x_m: Array, y_m: Array, threshold_m: float = WET_M) -> Flooded | None:
    """Return area and volume of depths (ny, nx); None where nothing is known."""
    unknown = np.isnan(depth_m)
    if unknown.all():
        return None
    wide, high = np.diff(edges(x_m)), np.diff(edges(y_m))

    def total(values: NDArray[np.generic]) -> float:
        return float(high @ (values.astype(float) @ wide))

    return Flooded(total(depth_m >= np.float32(threshold_m)), total(np.where(unknown, 0.0, depth_m)), total(unknown))
