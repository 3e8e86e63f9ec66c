"""Where a reservoir lies: the ground connected to its middle below a level, as a mesh that a level can move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, label

from scenes.ground.source import Ground

Array = NDArray[np.float64]
REACH = 1.9  # radii around the middle that are looked at
NODES = 72
SIDES = 48  # of a circle
BEHIND_KM = 0.12  # a dam has a thickness


@dataclass(frozen=True, slots=True, eq=False)
class Shore:
    """points (n, 2) local km, triangles (m, 3); rim (k, 2) its outline; bounded: the ground gave it, not a circle."""

    points: Array
    triangles: NDArray[np.int64]
    rim: Array
    bounded: bool


def shore(ground: Ground, x: float, y: float, radius_km: float, level_m: float | None) -> Shore:
    """Return the sheet of a reservoir: all ground under level_m joined to its middle, one node of shore included.

    Where the ground holds no such hollow (no level, unknown ground, water running away beyond the edge) a circle.
    """
    if level_m is not None:
        axis = np.linspace(-REACH * radius_km, REACH * radius_km, NODES)
        gx, gy = np.meshgrid(axis, axis)
        heights = ground.heights(x + gx, y + gy, axis[1] - axis[0])
        parts, _ = label(np.isfinite(heights) & (heights < level_m))
        middle = parts[NODES // 2, NODES // 2]
        wet = parts == middle
        edge = wet[0].any() or wet[-1].any() or wet[:, 0].any() or wet[:, -1].any()
        if middle and wet.sum() > 6 and not edge:
            return _sheet(x + gx, y + gy, binary_dilation(wet))
    rim = circle(x, y, radius_km)
    i = np.arange(SIDES)
    fan = np.column_stack([np.zeros(SIDES, int), i + 1, (i + 1) % SIDES + 1])
    return Shore(np.vstack([[x, y], rim]), fan, np.vstack([rim, rim[:1]]), bounded=False)


@dataclass(frozen=True, slots=True)
class Dam:
    """Where a dam stands (local km) and which way is downstream, degrees clockwise from north."""

    x: float
    y: float
    bearing_deg: float


def above(sheet: Shore, dam: Dam) -> Shore:
    """Return the part of a reservoir upstream of its dam; the whole where nothing would be left of it."""
    turn = np.radians(dam.bearing_deg)
    down = np.array([np.sin(turn), np.cos(turn)])
    beyond = (sheet.points - [dam.x, dam.y]) @ down > BEHIND_KM
    kept = sheet.triangles[~beyond[sheet.triangles].any(axis=1)]
    if not len(kept):
        return sheet
    far, left = 60.0, np.array([-down[1], down[0]])
    foot = np.array([dam.x, dam.y]) + BEHIND_KM * down
    upstream = shapely.Polygon(
        [foot + far * left, foot - far * left, foot - far * left - far * down, foot + far * left - far * down]
    )
    parts = shapely.get_parts(shapely.intersection(shapely.make_valid(shapely.Polygon(sheet.rim)), upstream))
    areas = [p for p in parts if p.geom_type == "Polygon" and not p.is_empty]
    rim = np.asarray(max(areas, key=lambda p: p.area).exterior.coords, float) if areas else sheet.rim
    return Shore(sheet.points, kept, rim, sheet.bounded)


def circle(x: float, y: float, radius_km: float) -> Array:
    """Return the rim (SIDES, 2) of a circle, local km, not closed."""
    angle = np.linspace(0, 2 * np.pi, SIDES, endpoint=False)
    return np.column_stack([x + radius_km * np.cos(angle), y + radius_km * np.sin(angle)])


def _sheet(gx: Array, gy: Array, wet: NDArray[np.bool_]) -> Shore:
    index = np.full(wet.shape, -1)
    index[wet] = np.arange(wet.sum())
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    first = np.column_stack([a.ravel(), b.ravel(), d.ravel()])
    second = np.column_stack([a.ravel(), d.ravel(), c.ravel()])
    faces = np.vstack([first, second])
    faces = faces[(faces >= 0).all(1)]
    points = np.column_stack([gx[wet], gy[wet]])
    from contourpy import contour_generator

    lines = contour_generator(gx[0], gy[:, 0], np.pad(wet, 0).astype(float)).lines(0.5)
    rim = max((np.asarray(line, float) for line in lines), key=len, default=points[:1])
    return Shore(points, faces, rim, bounded=True)
