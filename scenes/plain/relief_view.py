"""The relief cast into a picture, exactly as `OrbitCamera.project` draws it; numpy only, for a worker thread.

A picture's rays are sorted by azimuth: along each azimuth the ground is walked once from near to far, and the steepest
view angle up to each step is kept. That runs upwards, so a pixel's ray finds the ground it meets by a search in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from scenes.camera import VIEW_ANGLE, OrbitCamera
from scenes.ground.frame import HALF_KM
from scenes.plain.relief_tiles import ReliefTiles, Window

Array = NDArray[np.float64]
LOWEST_M = -200.0
MOST_STEPS = 1500
MOST_COLUMNS = 60_000
FINISHED = 0.75  # detail from which a picture is meant to stay: its colours are interpolated
CLEAR = 0.02  # of the distance: how far above the ground the eye is kept
SHADE_OF_WATER = 0.35


class GivenUp(Exception):
    """Something newer was wished before the picture was finished."""


@dataclass(frozen=True, slots=True, eq=False)
class Air:
    """What a light makes of a picture: tint, factors (3,) of the ground's colours; haze, zenith: the sky's, RGB 0 to 255."""

    tint: Array
    haze: Array
    zenith: Array


@dataclass(frozen=True, slots=True, eq=False)
class Water:
    """A level water surface: rim (n, 2) local km, seen as a star from its centre; z of the scene, km; RGB."""

    x: float
    y: float
    rim: Array
    z: float
    color: Array


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """rgb (height, width, 3), row 0 at the top; depth_km (height, width) along the view's axis, inf in the sky."""

    rgb: NDArray[np.uint8]
    depth_km: NDArray[np.float32]
    camera: OrbitCamera


@dataclass(frozen=True, slots=True, eq=False)
class _Rays:
    """Of each pixel: horizontal direction (length 1), sine of elevation, azimuth from the heading, ray length at depth 1."""

    east: Array
    north: Array
    sine: Array
    azimuth: Array
    length: Array


def focus(camera: OrbitCamera, height: int) -> tuple[float, float, float]:
    """Return the place to be finest at, and the cell that a pixel wants there, km."""
    return camera.x, camera.y, 2 * camera.distance_km * math.tan(math.radians(VIEW_ANGLE / 2)) / max(1, height)


def clear_of_ground(tiles: ReliefTiles, camera: OrbitCamera) -> OrbitCamera:
    """Return the camera, lifted as far as its eye would be in the ground."""
    eye = camera.eye
    ground = float(heights_at(tiles.windows, np.array([eye[0]]), np.array([eye[1]]))[0]) / 1000 * tiles.exaggeration
    short = ground + CLEAR * camera.distance_km - eye[2]
    return replace(camera, z=camera.z + short) if short > 0 else camera


def heights_at(windows: Mapping[int, Window], x: Array, y: Array, cell_km: float = 0.0) -> NDArray[np.float32]:
    """Return heights, m, of the finest windows that hold the places and are not much finer than a cell; 0 where unknown."""
    out = np.zeros(np.shape(x), np.float32)
    open_ = np.ones(np.shape(x), bool)
    for window in _from_fine(windows, cell_km):
        mine = open_ & window.holds(x, y)
        if mine.any():
            out[mine] = _sampled(window, window.height_m, x[mine], y[mine])
            open_ &= ~mine
    return out


def cast(
    tiles: ReliefTiles,
    camera: OrbitCamera,
    width: int,
    height: int,
    air: Air,
    detail: float = 1.0,
    waters: Sequence[Water] = (),
    give_up: Callable[[], bool] = lambda: False,
) -> Picture:
    """Return the picture of the windows that are filled, with level waters where they lie above the ground.

    detail: steps and azimuths per pixel; 1 for a finished picture, less while moving.

    Raises:
        GivenUp: give_up, which is asked between the stages, said so.
    """
    eye = np.array(camera.eye)
    rays = _rays(camera, width, height)
    rgb = _sky(air, rays)
    depth = np.full(width * height, np.inf)
    lift = tiles.exaggeration / 1000
    columns, near, far = _columns(rays, detail, height), *_reach(tiles, eye, rays, lift)
    if tiles.windows and near < far:
        distance = _distances(near, far, eye[2], detail, height)
        turn = columns + math.radians(camera.heading)
        rise = _walked(tiles, eye, turn, distance, height, give_up) * lift - eye[2]
        pixel, range_km = _met(rays, rise, columns, distance, give_up)
        depth[pixel] = range_km / rays.length[pixel]
        flat = range_km * np.sqrt(1 - rays.sine[pixel] ** 2)
        x, y = eye[0] + flat * rays.east[pixel], eye[1] + flat * rays.north[pixel]
        _unless(give_up)
        color = _colors(tiles, x, y, range_km * _pixel(height), smooth=detail >= FINISHED)
        rgb[pixel] = _hazed(air, color * air.tint.astype(np.float32), range_km, camera)
    for water in waters:
        _flood(rgb, depth, water, eye, rays, air, camera)
    shape = (height, width)
    return Picture(np.clip(rgb, 0, 255).astype(np.uint8).reshape(*shape, 3), depth.astype(np.float32).reshape(shape), camera)


# --- the walk -------------------------------------------------------------------------------------
def _pixel(height: int) -> float:
    """Return the angle of a pixel in the picture's middle."""
    return 2 * math.tan(math.radians(VIEW_ANGLE / 2)) / height


def _rays(camera: OrbitCamera, width: int, height: int) -> _Rays:
    _eye, right, up, forward = camera.axes()
    step = _pixel(height)
    u = (np.arange(width) + 0.5 - width / 2) * step
    v = (height / 2 - np.arange(height) - 0.5) * step
    d = [(forward[k] + right[k] * u[None, :] + up[k] * v[:, None]).ravel() for k in range(3)]
    flat2 = d[0] ** 2 + d[1] ** 2
    flat, length = np.sqrt(np.maximum(flat2, 1e-18)), np.sqrt(flat2 + d[2] ** 2)
    h = math.radians(camera.heading)
    azimuth = np.arctan2(d[0] * math.cos(h) - d[1] * math.sin(h), d[0] * math.sin(h) + d[1] * math.cos(h))
    return _Rays(d[0] / flat, d[1] / flat, d[2] / length, azimuth, length)


def _reach(tiles: ReliefTiles, eye: Array, rays: _Rays, lift: float) -> tuple[float, float]:
    """Return the nearest and the farthest horizontal distance at which the picture can meet ground, km."""
    top = max((float(w.height_m.max()) for w in tiles.windows.values()), default=0.0) * lift
    down = float(np.arcsin(np.clip(rays.sine.min(), -1, 1)))
    level = float(np.arcsin(np.clip(rays.sine.max(), -1, 1)))
    edge = math.hypot(abs(eye[0]) + HALF_KM, abs(eye[1]) + HALF_KM)
    near = max(1e-4, (eye[2] - top) / math.tan(-down)) if down < -1e-3 and eye[2] > top else 1e-4
    far = (eye[2] - LOWEST_M * lift) / math.tan(-level) if level < -1e-3 else edge
    return near * 0.98, min(far * 1.02, edge)


def _distances(near: float, far: float, above: float, detail: float, height: int) -> Array:
    """Return where along every azimuth the ground is looked at, km: about a pixel of flat ground apart, closer for hills."""
    angle, high = _pixel(height) / detail, max(above, near * 0.05, 1e-3)
    steps = [near]
    while steps[-1] < far and len(steps) < MOST_STEPS:
        d = steps[-1]
        flat = angle * (high * high + d * d) / high
        steps.append(d + min(max(flat, d * angle * 0.7), max(d, high) / (240 * detail), far / 60))
    if steps[-1] < far:  # the rest in a row that widens evenly
        steps += np.geomspace(steps[-1], far, 200)[1:].tolist()
    return np.array(steps)


def _columns(rays: _Rays, detail: float, height: int) -> Array:
    """Return the azimuths to walk, from the heading, a pixel apart where the picture needs them closest."""
    low, high = float(rays.azimuth.min()), float(rays.azimuth.max())
    widest = float(np.sqrt(1 - np.min(rays.sine**2)))
    count = math.ceil((high - low) / (_pixel(height) / detail / widest)) + 2
    return np.linspace(low, high, min(count, MOST_COLUMNS))


def _met(
    rays: _Rays, rise: Array, columns: Array, distance: Array, give_up: Callable[[], bool]
) -> tuple[NDArray[np.intp], Array]:
    """Return which pixels meet ground and at what range, km; rise: of the ground over the eye (columns, steps), km."""
    sine = rise / np.sqrt(rise * rise + distance * distance)
    steepest = np.maximum.accumulate(sine, axis=1)
    n = len(distance)
    steepest += 4.0 * np.arange(len(columns))[:, None]
    step = (columns[-1] - columns[0]) / (len(columns) - 1)
    near = np.rint((rays.azimuth - columns[0]) / step).astype(np.uint16)
    order = np.argsort(near, kind="stable")  # neighbours in memory make the search several times faster
    column = near.astype(np.int64)
    found = np.empty(len(column), np.int64)
    _unless(give_up)
    found[order] = np.searchsorted(steepest.ravel(), (rays.sine + 4.0 * column)[order])
    _unless(give_up)
    i = found - column * n
    pixel = np.flatnonzero((i < n) & (i >= 0))
    i, at = np.maximum(i[pixel], 1), column[pixel] * n
    flat_rise = rise.ravel()
    d0, d1 = distance[i - 1], distance[i]
    z0, z1 = flat_rise[at + i - 1], flat_rise[at + i]
    up = rays.sine[pixel]
    along = np.sqrt(1 - up * up)
    # how far either end of the step is above the ray: the ray meets the ground between them
    below, above = z0 * along - d0 * up, z1 * along - d1 * up
    part = np.clip(below / np.where(below == above, 1.0, below - above), 0.0, 1.0)
    return pixel, np.hypot(d0 + part * (d1 - d0), z0 + part * (z1 - z0))


def _walked(tiles: ReliefTiles, eye: Array, turn: Array, distance: Array, height: int, give_up: Callable[[], bool]) -> Array:
    """Return heights (columns, steps), m; each stretch of the walk from windows about as fine as a pixel there."""
    out = np.empty((len(turn), len(distance)))
    level = np.log2(np.hypot(distance, eye[2]) * _pixel(height)).round()
    for one in np.unique(level):
        _unless(give_up)
        mine = np.flatnonzero(level == one)
        part = slice(int(mine[0]), int(mine[-1]) + 1)
        x = eye[0] + np.sin(turn)[:, None] * distance[part]
        y = eye[1] + np.cos(turn)[:, None] * distance[part]
        out[:, part] = heights_at(tiles.windows, x, y, float(2.0**one))
    return out


def _unless(give_up: Callable[[], bool]) -> None:
    if give_up():
        raise GivenUp


# --- colour ---------------------------------------------------------------------------------------
def _from_fine(windows: Mapping[int, Window], cell_km: float) -> list[Window]:
    """Return the windows, finest first, without those much finer than a cell."""
    levels = sorted(windows, reverse=True)
    wanted = [k for k in levels if windows[k].cell_km >= 0.6 * cell_km] or levels[-1:]
    return [windows[k] for k in wanted]


def _sampled(window: Window, values: NDArray[np.generic], x: Array, y: Array) -> NDArray[np.float32]:
    at = np.stack([(y - window.south) / window.cell_km, (x - window.west) / window.cell_km])
    return np.asarray(map_coordinates(values, at, np.float32, order=1, mode="nearest", prefilter=False))


def _colors(tiles: ReliefTiles, x: Array, y: Array, cell_km: Array, *, smooth: bool) -> NDArray[np.float32]:
    """Return the ground's colours, RGB (n, 3), from windows about as fine as the pixel at each place."""
    out = np.empty((len(x), 3), np.float32)
    out[:] = tiles.tints.unknown
    open_ = np.ones(len(x), bool)
    for k in sorted(tiles.windows, reverse=True):
        window = tiles.windows[k]
        coarse_enough = (window.cell_km >= 0.6 * cell_km) | (k == 0)
        mine = np.flatnonzero(open_ & coarse_enough & window.holds(x, y))
        if not len(mine):
            continue
        open_[mine] = False
        if smooth:
            for c in range(3):
                out[mine, c] = _sampled(window, window.color[..., c], x[mine], y[mine])
        else:
            row = np.rint((y[mine] - window.south) / window.cell_km).astype(np.int64)
            column = np.rint((x[mine] - window.west) / window.cell_km).astype(np.int64)
            out[mine] = window.color[row, column]
    return out


def _sky(air: Air, rays: _Rays) -> NDArray[np.float32]:
    part = np.clip(rays.sine / 0.35, 0.0, 1.0)[:, None] ** 0.7
    return np.asarray(air.haze * (1 - part) + air.zenith * part, np.float32)


def _hazed(air: Air, rgb: NDArray[np.float32], range_km: Array, camera: OrbitCamera) -> NDArray[np.float32]:
    """Let what is far behind the place looked at fade towards the horizon's colour."""
    beyond = np.maximum(0.0, range_km / camera.distance_km - 1.0)
    part = (0.92 * (1 - np.exp(-((beyond / 2.4) ** 1.3)))).astype(np.float32)[:, None]
    return np.asarray(rgb * (1 - part) + air.haze.astype(np.float32) * part)


def _flood(
    rgb: NDArray[np.float32], depth: Array, water: Water, eye: Array, rays: _Rays, air: Air, camera: OrbitCamera
) -> None:
    """Paint a level water in place: wherever its surface is met before the ground, so that the ground makes its shore."""
    fall = water.z - eye[2]
    if fall >= 0:
        return
    pixel = np.flatnonzero(rays.sine < -1e-3)
    range_km = fall / rays.sine[pixel]
    flat = range_km * np.sqrt(1 - rays.sine[pixel] ** 2)
    x, y = eye[0] + flat * rays.east[pixel] - water.x, eye[1] + flat * rays.north[pixel] - water.y
    rim = water.rim - [water.x, water.y]
    turn = np.arctan2(rim[:, 1], rim[:, 0])
    order = np.argsort(turn)
    reach = np.hypot(rim[:, 0], rim[:, 1])[order]
    near = np.flatnonzero((np.hypot(x, y) <= reach.max()) & (range_km / rays.length[pixel] < depth[pixel]))
    inside = np.hypot(x[near], y[near]) <= np.interp(np.arctan2(y[near], x[near]), turn[order], reach, period=2 * np.pi)
    near = near[inside]
    shine = SHADE_OF_WATER * (1 + rays.sine[pixel[near]]) ** 2  # water mirrors the sky where it is seen along
    mixed = water.color * (1 - shine[:, None]) + air.haze * shine[:, None]
    rgb[pixel[near]] = _hazed(air, mixed.astype(np.float32), range_km[near], camera)
    depth[pixel[near]] = range_km[near] / rays.length[pixel[near]]
