"""What the generated ground is held to, on a grid: sea, river levels, divides, soft valleys, the ridge envelope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import Affine
from scipy.interpolate import RBFInterpolator
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates, zoom
from scipy.ndimage import label as parts

from console.domain.geo import chainage_km, nearest_on_line
from scenes.ground.frame import HALF_KM, ROOT_KM, to_local
from scenes.ground.synthetic_noise import fractal

Array = NDArray[np.float64]
Field = NDArray[np.float32]
Line = NDArray[np.float64]
ENVELOPE_CELLS = 161
BANK_M = 3.0  # the valley floor lies so much above low water
BEND_RIM_KM = 40.0
BEND_SLOPE = 0.18  # root mean square of the bend's gradient: lines turn by some 10°, nothing folds
WANDER_KM = 1.8  # typed divides are straight between their points; nature's are not


@dataclass(frozen=True, slots=True, eq=False)
class Bend:
    """A smooth, one-to-one bending of the plane. The ground grows on a bent grid: its eight directions show nowhere.

    east, north: shift in km at the nodes of a square grid over the root square, zero along its rim.
    """

    east: Field
    north: Field

    def __call__(self, east_km: Array, north_km: Array) -> tuple[Array, Array]:
        """Return where places lie on the grown grid, local km."""
        cell = ROOT_KM / (self.east.shape[0] - 1)
        at = np.stack([np.asarray(north_km, float) + HALF_KM, np.asarray(east_km, float) + HALF_KM]) / cell
        east = map_coordinates(self.east, at, order=1, mode="nearest", output=np.float64)
        north = map_coordinates(self.north, at, order=1, mode="nearest", output=np.float64)
        return np.asarray(east_km + east), np.asarray(north_km + north)

    def undone(self, x_km: Array, y_km: Array) -> tuple[Array, Array]:
        """Return the places that lie at (x, y) of the grown grid: the inverse, by fixed-point steps."""
        east, north = x_km, y_km
        for _ in range(20):
            x, y = self(east, north)
            east, north = east + x_km - x, north + y_km - y
        return east, north


def make_bend(size: int) -> Bend:
    """Return a bend of the same shape whatever the size of the ground (at least a coarse one)."""
    cell = ROOT_KM / (size - 1)
    node = np.arange(size)
    rim = np.clip(np.minimum(node, size - 1 - node) * cell / BEND_RIM_KM, 0, 1)
    fade = (np.minimum(rim[:, None], rim[None, :])).astype(np.float32)
    shifts = []
    for seed in (307, 308):
        shift = fractal(size, cell, 40, 5.5, 1.0, seed)
        slope = float(np.sqrt(np.mean(np.gradient(shift, cell, axis=0) ** 2)))
        shifts.append(shift * np.float32(BEND_SLOPE / slope) * fade)
    return Bend(*shifts)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A river in local km with its low-water level: east, north, level_m, all shape (n,), downstream, 0.1 km apart."""

    name: str
    east_km: Array
    north_km: Array
    level_m: Array


@dataclass(frozen=True, slots=True, eq=False)
class Guides:
    """All fields shape (n, n), row 0 south, column 0 west.

    outlet_m: levels that water ends in (sea, rivers with a profile, lakes), NaN elsewhere. basin: labels of
    the typed divides. valley, stream: 1 on mapped rivers without a profile, on typed streams (these sway).
    top_m: the ridge envelope. flat: 0–1, plains without hills. summits: shape (n, 3), row, column
    (fractions of a node) and height of the named ones.
    """

    cell_km: float
    sea: NDArray[np.bool_]
    outlet_m: Field
    basin: NDArray[np.int16]
    valley: Field
    stream: Field
    top_m: Field
    flat: Field
    summits: Array


def river_profile(line: Line, knots: Sequence[Sequence[float]]) -> Array:
    """Return the low-water surface (m) at each vertex of a line, shape (n,), never rising downstream.

    knots: (lon, lat, metres) in downstream order.
    """
    placed = sorted((nearest_on_line(line, k[0], k[1])[0], k[2]) for k in knots)
    level = np.minimum.accumulate(np.array([p[1] for p in placed], float))
    return np.asarray(np.interp(chainage_km(line), [p[0] for p in placed], level))


def courses(rivers: Mapping[str, Line], profiles: Mapping[str, Sequence[Sequence[float]]]) -> tuple[Course, ...]:
    """Return the rivers that have a profile."""
    return tuple(
        _course(name, rivers[name], river_profile(rivers[name], knots)) for name, knots in profiles.items() if name in rivers
    )


def _course(name: str, line: Line, level: Array) -> Course:
    x, y = to_local(line[:, 0], line[:, 1])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    at = np.append(np.arange(0.0, along[-1], 0.1), along[-1])
    return Course(name, np.interp(at, along, x), np.interp(at, along, y), np.interp(at, along, level))


def cells(east_km: Array, north_km: Array, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Return rows, columns of places and which of them are on the grid."""
    cell = ROOT_KM / (size - 1)
    column = np.round((east_km + HALF_KM) / cell).astype(np.intp)
    row = np.round((north_km + HALF_KM) / cell).astype(np.intp)
    return row, column, (row >= 0) & (column >= 0) & (row < size) & (column < size)


def inside(rings: Sequence[Line], size: int, bend: Bend | None = None) -> NDArray[np.bool_]:
    """Return which nodes of a grid, bent or not, lie within any of the rings of lon/lat, shape (size, size)."""
    shapes = [s for s in (_polygon(r, bend) for r in rings) if not s.is_empty]
    if not shapes:
        return np.zeros((size, size), bool)
    cell = ROOT_KM / (size - 1)
    north_up = Affine(cell, 0, -HALF_KM - cell / 2, 0, cell, -HALF_KM - cell / 2)
    return np.asarray(rasterize(shapes, (size, size), transform=north_up, dtype="uint8") > 0)


def _polygon(ring: Line, bend: Bend | None) -> Any:
    shape = shapely.polygons(np.column_stack(to_local(ring[:, 0], ring[:, 1])))
    return shapely.make_valid(shape if bend is None else _bent(shape, bend))


def _bent(shape: Any, bend: Bend) -> Any:
    return shapely.transform(shapely.segmentize(shape, 1.0), lambda p: np.column_stack(bend(p[:, 0], p[:, 1])))


def make_guides(
    relief: Mapping[str, Any],
    rivers: Sequence[Course],
    other_rivers: Sequence[Line],
    land: Sequence[Line],
    lakes: Sequence[Line],
    size: int,
    bend: Bend,
) -> Guides:
    """Return the guides on a bent grid of size² nodes."""
    cell_km = ROOT_KM / (size - 1)
    sea = ~inside(land, size, bend)
    outlet = np.where(sea, np.float32(0), np.float32(np.nan))
    for river in rivers:
        row, column, on = cells(*bend(river.east_km, river.north_km), size)
        np.fmin.at(outlet, (row[on], column[on]), np.where(sea[row[on], column[on]], 0.0, river.level_m[on] + BANK_M))
    for ring, level in lake_levels(relief, lakes):
        outlet[inside([ring], size, bend)] = level
    near_river = np.asarray(distance_transform_edt(np.isnan(outlet) | sea) * cell_km, np.float32)
    return Guides(
        cell_km,
        sea,
        outlet,
        _basins(relief["divides"], near_river, size, bend),
        _traced([_line(line) for line in other_rivers], size, bend),
        _traced([_swayed(_line(np.array(p, float))) for p in relief["streams"].values()], size, bend),
        _envelope(relief, sea, size, bend),
        _flats(relief["flats"], size, bend),
        _summits(relief["peaks"], size, bend),
    )


def lake_levels(relief: Mapping[str, Any], lakes: Sequence[Line]) -> Iterator[tuple[Line, float]]:
    """Yield the lakes whose level is typed."""
    for lon, lat, level, *_ in relief["lake_levels"]:
        for ring in lakes:
            if shapely.polygons(ring).buffer(0.02).contains(shapely.Point(lon, lat)):
                yield ring, float(level)


def _basins(divides: Sequence[Mapping[str, Any]], near_river: Field, size: int, bend: Bend) -> NDArray[np.int16]:
    lines = [shapely.linestrings(np.column_stack(to_local(*np.array(d["line"], float).T))) for d in divides]
    faces = shapely.get_parts(shapely.polygonize([shapely.unary_union(lines)]))
    cell = ROOT_KM / (size - 1)
    if not len(faces):
        return np.zeros((size, size), np.int16)
    place = Affine(cell, 0, -HALF_KM - cell / 2, 0, cell, -HALF_KM - cell / 2)
    shapes = [(_bent(face, bend), i + 1) for i, face in enumerate(faces)]
    label = rasterize(shapes, (size, size), transform=place, dtype="int16")
    free = np.clip((near_river - 1.5) / 6.0, 0, 1) * (WANDER_KM / cell)  # no divide wanders across a river
    node = np.arange(size)
    east = node[None, :] + free * fractal(size, cell, 40, max(4.0, 2.5 * cell), 1.0, 301)
    north = node[:, None] + free * fractal(size, cell, 40, max(4.0, 2.5 * cell), 1.0, 302)
    return _whole(np.asarray(map_coordinates(label, [north, east], order=0, mode="nearest"), np.int16))


def _whole(label: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return labels of one piece each: a cut-off bit would have no river to drain to."""
    kept = np.zeros(label.shape, bool)
    for value in np.unique(label):
        piece, _ = parts(label == value, np.ones((3, 3), int))
        sizes = np.bincount(piece.ravel())
        sizes[0] = 0
        kept |= piece == sizes.argmax()
    row, column = distance_transform_edt(~kept, return_distances=False, return_indices=True)
    return np.asarray(label[row, column])


def _line(lonlat: Line) -> tuple[Array, Array]:
    course = _course("", lonlat, np.zeros(len(lonlat)))
    return course.east_km, course.north_km


def _swayed(line: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return a hand-drawn line with bends: its points are some ten km apart."""
    sway = np.stack([fractal(513, ROOT_KM / 512, 30, 5.0, 1.0, seed) * 1.6 for seed in (304, 305)])
    at = (np.stack([line[1], line[0]]) + HALF_KM) * 512 / ROOT_KM
    east, north = (map_coordinates(s, at, order=1, mode="nearest") for s in sway)
    return line[0] + east, line[1] + north


def _traced(lines: Sequence[tuple[Array, Array]], size: int, bend: Bend) -> Field:
    out = np.zeros((size, size), np.float32)
    for line in lines:
        row, column, on = cells(*bend(*line), size)
        out[row[on], column[on]] = 1
    return out


def _summits(peaks: Sequence[Sequence[Any]], size: int, bend: Bend) -> Array:
    """Return rows, columns (fractions of a node) and heights of the named summits, shape (n, 3)."""
    named = np.array([p[:3] for p in peaks if len(p) > 3 and p[3]], float).reshape(-1, 3)
    east, north = bend(*to_local(named[:, 0], named[:, 1]))
    cell = ROOT_KM / (size - 1)
    return np.column_stack([(north + HALF_KM) / cell, (east + HALF_KM) / cell, named[:, 2]])


def _envelope(relief: Mapping[str, Any], sea: NDArray[np.bool_], size: int, bend: Bend) -> Field:
    spots = np.array([p[:3] for key in ("peaks", "plains", "passes") for p in relief[key]], float)
    x, y = bend(*to_local(spots[:, 0], spots[:, 1]))
    cell = ROOT_KM / (size - 1)
    off = distance_transform_edt(sea) * cell
    step = max(1, round(20 / cell))
    row, column = np.nonzero(off[::step, ::step] > 9)
    x = np.append(x, column * step * cell - HALF_KM)
    y = np.append(y, row * step * cell - HALF_KM)
    z = np.append(spots[:, 2], np.zeros(len(row)))
    axis = np.linspace(-HALF_KM, HALF_KM, ENVELOPE_CELLS)
    east, north = np.meshgrid(axis, axis)
    surface = RBFInterpolator(np.column_stack([x, y]), z, kernel="linear", smoothing=2.0, neighbors=20)
    coarse = surface(np.column_stack([east.ravel(), north.ravel()])).reshape(east.shape)
    fine = zoom(gaussian_filter(coarse, 0.6), size / ENVELOPE_CELLS, order=1)
    peaks = np.ones((size, size), bool)
    row, column, on = cells(x[: len(relief["peaks"])], y[: len(relief["peaks"])], size)
    peaks[row[on], column[on]] = False
    free = 1 - np.exp(-((distance_transform_edt(peaks) * cell / 9.0) ** 2))  # typed heights stay as typed
    uneven = 1.0 + 0.18 * free * fractal(size, cell, 60, max(9.0, 2.5 * cell), 1.0, 303)
    return np.asarray(np.maximum(fine[:size, :size] * np.clip(uneven, 0.6, 1.35), 2.0), np.float32)


def _flats(flats: Sequence[Mapping[str, Any]], size: int, bend: Bend) -> Field:
    """Return the share of flatness; the level itself comes from the rivers and the plain's own spots."""
    cell = ROOT_KM / (size - 1)
    share = np.zeros((size, size), np.float32)
    for flat in flats:
        ring = np.array(flat["ring"], float)
        share = np.maximum(share, gaussian_filter(inside([ring], size, bend).astype(np.float32), 2.5 / cell))
    return share
