"""Geometries of any kind as flat arrays, with thinner copies for small scales."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from console.viewdata.overlay import LINE, POINT, RING, Floats, Ints, Shapes

THIN_ABOVE = 20_000  # points from which thinner copies are worth making
SCALES = (2560.0, 640.0, 160.0, 40.0)  # pixels per degree, finest first
ERROR_PX, SMALL_PX, CELL_PX = 0.6, 1.5, 3.0
WORTH = 0.7  # a copy must be this much smaller than the next finer one


def morton_order(boxes: Floats) -> Ints:
    """Return the order in which near features follow each other, for boxes of shape (n, 4)."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    low, span = middle.min(axis=0), np.maximum(np.ptp(middle, axis=0), 1e-12)
    cell = np.clip((middle - low) / span * 65535, 0, 65535).astype(np.uint64)
    code = np.zeros(len(boxes), np.uint64)
    for bit in range(16):
        code |= ((cell[:, 0] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit)
        code |= ((cell[:, 1] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + 1)
    return np.argsort(code, kind="stable")


def levels_of(shapes: NDArray[np.object_], boxes: Floats) -> tuple[Shapes, ...]:
    """Return levels of detail from coarse to full; shapes: geometries in degrees and Mercator degrees."""
    full = flat_shapes(shapes, np.arange(len(shapes)), float("inf"))
    found = [full]
    size = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    for scale in SCALES if len(full.xy) > THIN_ABOVE else ():
        shown = np.flatnonzero(size * scale >= SMALL_PX)
        thin = shapely.simplify(shapes[shown], ERROR_PX / scale, preserve_topology=False)
        gone = shapely.is_empty(thin)
        dots = np.union1d(np.flatnonzero(size * scale < SMALL_PX), shown[gone])
        dots = _thinned(boxes, dots, scale)
        middle = shapely.points((boxes[dots, :2] + boxes[dots, 2:]) / 2)
        owners = np.concatenate([shown[~gone], dots])
        level = flat_shapes(np.concatenate([thin[~gone], middle]), owners, scale)
        if len(level.xy) < WORTH * len(found[0].xy):
            found.insert(0, level)
    return tuple(found)


def _thinned(boxes: Floats, dots: Ints, scale: float) -> Ints:
    """Keep one of the features too small to see in each cell of a few pixels."""
    middle = (boxes[dots, :2] + boxes[dots, 2:]) / 2
    cell = np.floor(middle * scale / CELL_PX).astype(np.int64)
    _, first = np.unique(cell[:, 0] * 10_000_019 + cell[:, 1], return_index=True)
    return np.sort(dots[first])


def flat_shapes(shapes: NDArray[np.object_], owners: Ints, up_to: float) -> Shapes:
    """Return all parts of geometries as arrays, ordered by owner."""
    parts, owner = shapes, owners
    for _ in range(4):  # collections within collections; deeper ones are left out below
        kinds = shapely.get_type_id(parts)
        if not (kinds >= 4).any():
            break
        parts, index = shapely.get_parts(parts, return_index=True)
        owner = owner[index]
    kinds = shapely.get_type_id(parts)
    areas = kinds == 3
    rings, index = shapely.get_rings(shapely.orient_polygons(parts[areas]), return_index=True)
    kept = np.concatenate([parts[kinds == 0], parts[(kinds == 1) | (kinds == 2)], rings])
    owner = np.concatenate([owner[kinds == 0], owner[(kinds == 1) | (kinds == 2)], owner[areas][index]])
    sizes = ((kinds == 0).sum(), ((kinds == 1) | (kinds == 2)).sum(), len(rings))
    kind = np.repeat(np.array([POINT, LINE, RING], np.int8), sizes)
    full = shapely.get_num_coordinates(kept) > 0
    kept, owner, kind = kept[full], owner[full], kind[full]
    order = np.argsort(owner, kind="stable")
    kept, owner, kind = kept[order], owner[order], kind[order]
    start = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(kept))]).astype(np.int64)
    return Shapes(up_to, shapely.get_coordinates(kept), start, owner.astype(np.int64), kind)


def anchors_of(shapes: NDArray[np.object_], boxes: Floats) -> Floats:
    """Return where each feature's label goes, shape (n, 2): on a line's middle, inside an area."""
    found = (boxes[:, :2] + boxes[:, 2:]) / 2
    kinds = shapely.get_type_id(shapes)
    lines, areas = kinds == 1, (kinds == 3) | (kinds == 6)
    found[lines] = shapely.get_coordinates(shapely.line_interpolate_point(shapes[lines], 0.5, normalized=True))
    if areas.sum() <= THIN_ABOVE:
        inside = shapely.point_on_surface(shapes[areas])
        some = np.flatnonzero(areas)[~shapely.is_empty(inside)]
        found[some] = shapely.get_coordinates(inside)
    return found
