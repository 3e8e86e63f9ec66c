"""Solids that works are built of: prisms, sweeps, boxes and bars, flat-shaded into one coloured mesh.

Local metres: x to the right of the way that water takes, y along it, z above the datum. A works is turned to its
bearing when it is finished. Light is baked into the colours, so that a scene may draw them unlit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Array = NDArray[np.float64]
Color = tuple[int, int, int]
LIGHT = np.array([-0.50, 0.42, 0.76])  # from the north-west, as the relief's
CONCRETE: Color = (176, 181, 184)
CONCRETE_DARK: Color = (128, 136, 143)
STEEL: Color = (84, 108, 132)
ROAD: Color = (104, 109, 113)
GRASS: Color = (112, 136, 92)
EARTH: Color = (134, 124, 98)
ROOF: Color = (92, 112, 128)
WALL: Color = (206, 206, 198)
WHITE: Color = (236, 238, 238)
WATER: Color = (96, 158, 200)
UNKNOWN: Color = (150, 154, 158)
UNKNOWN_DARK: Color = (92, 98, 104)


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A mesh of its own place.

    points (n, 3) float32: metres east, north, and above the datum, not exaggerated. triangles (m, 3) int32, seen
    counter-clockwise from outside. colors (n, 3) uint8, light included. parts: (name, first, last triangle, last
    included); a name is a word, or a word and a bay's number: "gate:7".
    """

    points: NDArray[np.float32]
    triangles: NDArray[np.int32]
    colors: NDArray[np.uint8]
    parts: tuple[tuple[str, int, int], ...]

    def part(self, name: str) -> NDArray[np.float32]:
        """Return the corners (k, 3, 3) of a part's triangles; those of "gate" are those of every gate."""
        found = [self.triangles[a : b + 1] for n, a, b in self.parts if n == name or n.startswith(f"{name}:")]
        return np.asarray(self.points[np.concatenate(found)] if found else np.empty((0, 3, 3)), np.float32)

    def names(self) -> tuple[str, ...]:
        return tuple(n for n, _, _ in self.parts)


EMPTY = Mesh(np.empty((0, 3), np.float32), np.empty((0, 3), np.int32), np.empty((0, 3), np.uint8), ())


class Pieces:
    """Collects triangles by part; finish() makes the mesh."""

    def __init__(self) -> None:
        self._made: dict[str, list[tuple[Array, NDArray[np.uint8]]]] = {}

    def triangles(self, part: str, corners: Array, colors: Color | NDArray[np.uint8]) -> None:
        """Add triangles (m, 3, 3), counter-clockwise from outside. colors: one for all, or (m, 3)."""
        if len(corners):
            shades = np.broadcast_to(np.asarray(colors, np.uint8), (len(corners), 3))
            self._made.setdefault(part, []).append((np.asarray(corners, float), shades))

    def sweep(
        self, part: str, rings: Array, colors: Color | Sequence[Color], *, ends: bool = True, plane: Array | None = None
    ) -> None:
        """Add the skin between closed outlines (n, k, 3), each counter-clockwise seen against the way they follow.

        colors: one, or one for each of the k sides. plane (k, 2): the first outline in its own plane, for its end
        caps (y to the right, z up as in `outline`); None takes columns 1 and 2.
        """
        near, far = rings[:-1], rings[1:]
        a, b = near, np.roll(near, -1, axis=1)
        c, d = np.roll(far, -1, axis=1), far
        quads = np.stack([np.stack([a, b, c], 2), np.stack([a, c, d], 2)], 2)  # (n-1, k, 2, 3, 3)
        table = np.asarray(colors, np.uint8)
        sides = np.broadcast_to(table if table.ndim == 2 else table[None], (rings.shape[1], 3))
        each = np.broadcast_to(sides[None, :, None], (*quads.shape[:3], 3)).reshape(-1, 3)
        self.triangles(part, quads.reshape(-1, 3, 3), each)
        if ends:
            cap = fill(rings[0][:, 1:] if plane is None else plane)
            self.triangles(part, rings[-1][cap], tuple(int(v) for v in sides[0]))  # type: ignore[arg-type]
            self.triangles(part, rings[0][cap[:, ::-1]], tuple(int(v) for v in sides[0]))  # type: ignore[arg-type]

    def extrude(self, part: str, outline: Array, x0: float, x1: float, colors: Color | Sequence[Color]) -> None:
        """Add a solid of constant section (k, 2) in y, z, counter-clockwise, from x0 to x1."""
        rings = np.stack([np.column_stack([np.full(len(outline), x), outline]) for x in (x0, x1)])
        self.sweep(part, rings, colors)

    def prism(self, part: str, plan: Array, z0: float, z1: float, color: Color) -> None:
        """Add an upright solid over a plan (k, 2) in x, y, counter-clockwise, from z0 to z1."""
        low, high = (np.column_stack([plan, np.full(len(plan), z)]) for z in (z0, z1))
        self.sweep(part, np.stack([low, high]), color, plane=plan)

    def box(self, part: str, low: Sequence[float], high: Sequence[float], color: Color) -> None:
        (x0, y0, z0), (x1, y1, z1) = low, high
        self.prism(part, np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]), z0, z1, color)

    def bar(self, part: str, start: Sequence[float], end: Sequence[float], thick: float, color: Color, sides: int = 4) -> None:
        """Add a straight bar of about a thickness between two places."""
        a, b = np.asarray(start, float), np.asarray(end, float)
        way = b - a
        length = float(np.linalg.norm(way))
        if length < 1e-6:
            return
        way /= length
        other = np.array([0.0, 0.0, 1.0]) if abs(way[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
        u = np.cross(other, way)
        u /= np.linalg.norm(u)
        v = np.cross(way, u)
        turn = 2 * np.pi * (np.arange(sides) + 0.5) / sides
        plane = np.column_stack([np.cos(turn), np.sin(turn)]) * thick / 2 * (np.sqrt(2) if sides == 4 else 1.0)
        rim = plane[:, :1] * u + plane[:, 1:] * v
        self.sweep(part, np.stack([a + rim, b + rim]), color, plane=plane)

    def finish(self, bearing_deg: float = 0.0) -> Mesh:
        """Return the mesh, turned so that its y looks along a bearing; parts in the order they were begun."""
        if not self._made:
            return EMPTY
        parts, count = [], 0
        for name, made in self._made.items():
            many = sum(len(c) for c, _ in made)
            parts.append((name, count, count + many - 1))
            count += many
        corners = np.concatenate([c for made in self._made.values() for c, _ in made])
        flat = np.concatenate([s for made in self._made.values() for _, s in made])
        corners = turned(corners, bearing_deg)
        shade = lit(corners, flat)
        points = corners.reshape(-1, 3).astype(np.float32)
        triangles = np.arange(len(points), dtype=np.int32).reshape(-1, 3)
        return Mesh(points, triangles, np.repeat(shade, 3, axis=0), tuple(parts))


def turned(places: Array, bearing_deg: float) -> Array:
    """Return places (…, 3) with y turned from north to a bearing, x to its right."""
    b = np.radians(bearing_deg)
    x, y = places[..., 0], places[..., 1]
    return np.stack([x * np.cos(b) + y * np.sin(b), -x * np.sin(b) + y * np.cos(b), places[..., 2]], axis=-1)


def lit(corners: Array, colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return colours (m, 3) of triangles (m, 3, 3) in the scene's light."""
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    share = 0.56 + 0.48 * np.clip(normal @ (LIGHT / np.linalg.norm(LIGHT)), 0.0, 1.0)
    return np.asarray(np.clip(colors * share[:, None], 0, 255), np.uint8)


def joined(meshes: Sequence[Mesh]) -> Mesh:
    """Return several meshes of one place as one."""
    kept = [m for m in meshes if len(m.triangles)]
    if not kept:
        return EMPTY
    points = np.cumsum([0, *(len(m.points) for m in kept)])
    cells = np.cumsum([0, *(len(m.triangles) for m in kept)])
    return Mesh(
        np.concatenate([m.points for m in kept]),
        np.concatenate([m.triangles + np.int32(n) for m, n in zip(kept, points[:-1], strict=True)]),
        np.concatenate([m.colors for m in kept]),
        tuple((n, a + int(k), b + int(k)) for m, k in zip(kept, cells[:-1], strict=True) for n, a, b in m.parts),
    )


def fill(ring: Array) -> NDArray[np.int64]:
    """Return triangles (m, 3) of a simple polygon (k, 2) as indices of its corners, counter-clockwise; a crossed one's fan."""
    k = len(ring)
    shape = shapely.Polygon(ring)
    if shape.is_valid and shape.area > 0:
        index = {(float(x), float(y)): i for i, (x, y) in enumerate(ring)}
        found = shapely.constrained_delaunay_triangles(shape).geoms
        made = [[index[x, y] for x, y in list(piece.exterior.coords)[:3]] for piece in found]
    else:
        made = [[0, i, i + 1] for i in range(1, k - 1)]
    cells = np.array(made, np.int64).reshape(-1, 3)
    a, b, c = (ring[cells[:, i]] for i in range(3))
    back = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) < 0
    cells[back] = cells[back][:, ::-1]
    return cells


def outline(points: Sequence[Sequence[float]] | Array) -> Array | None:
    """Return a closed outline (k, 2) counter-clockwise without repeated corners; None where it encloses nothing."""
    ring = np.asarray(points, float).reshape(-1, 2)
    if len(ring) < 3 or not np.isfinite(ring).all():
        return None
    ring = ring[np.any(ring != np.roll(ring, 1, axis=0), axis=1)]
    if len(ring) < 3:
        return None
    shape = shapely.Polygon(ring)
    if not shape.is_valid or shape.area < 1e-6:
        return None
    return ring if shape.exterior.is_ccw else ring[::-1].copy()
