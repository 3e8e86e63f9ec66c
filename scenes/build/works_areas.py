"""What is drawn around works: detention areas, a reservoir's rule levels, cameras, sensors, underwater surveys."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from console.viewdata.scene_works import SceneArea, SceneSpot, SceneSurvey
from scenes.build.works_solids import CONCRETE_DARK, EMPTY, UNKNOWN, WATER, WHITE, Color, Mesh, Pieces, fill, turned
from scenes.ground.frame import to_local

Array = NDArray[np.float64]
GroundAt = Callable[[Array, Array], Array]
OPACITY = {"wall": 0.35, "water": 0.55, "cone": 0.25, "ring": 0.85, "flow": 0.85}  # by a part's first word; else 1
WALL_M = 10.0  # least height of an outline above the ground, a sign and not a bank
WALL_SHARE = 0.012  # of the outline's width
RING_POINTS = 3000
PAINTED = 2000  # pieces of an outline's wall, at most
MAST_M = 10.0
VIEW_M, VIEW_HALF_DEG = 60.0, 18.0
PIN_M = 12.0
DEEP: Color = (38, 78, 120)
SHOAL: Color = (176, 190, 170)
EVEN: Color = (214, 214, 208)
ERODED: Color = (190, 62, 52)
SETTLED: Color = (58, 104, 168)


def local_ring(ring: tuple[tuple[float, float], ...], lon: float, lat: float) -> Array:
    """Return an outline (k, 2) in metres east and north of a place, open, counter-clockwise; (0, 2) where it is none."""
    lonlat = np.asarray(ring, float).reshape(-1, 2)[:RING_POINTS]
    x, y = to_local(lonlat[:, 0], lonlat[:, 1])
    x0, y0 = to_local(lon, lat)
    put = np.column_stack([x - x0, y - y0]) * 1000
    put = put[np.isfinite(put).all(axis=1)]
    if len(put):
        put = put[np.hypot(*(put - np.roll(put, -1, axis=0)).T) > 0.1]
    if len(put) < 3:
        return np.empty((0, 2))
    x, y = put.T
    area = float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
    return put if area > 0 else put[::-1].copy()


def area_mesh(area: SceneArea, ground: GroundAt | None, color: Color) -> Mesh:
    """Return a detention area around the first point of its ring: an outline wall, and water where its level is known.

    In use: the wall is whole; not in use: a low one; unknown: broken into dashes.
    """
    ring = local_ring(area.ring, *area.ring[0]) if area.ring else np.empty((0, 2))
    if not len(ring):
        return EMPTY
    pieces = Pieces()
    edge = _divided(ring)
    foot = _under(ground, edge, area.level_m if area.level_m is not None else 0.0)
    tall = max(WALL_M, WALL_SHARE * float(np.ptp(ring, axis=0).max()))
    high = foot + (tall if area.in_use is not False else 0.35 * tall)
    _curtain(pieces, "wall", edge, foot - 2.0, high, color, dashed=area.in_use is None)
    if area.level_m is not None:
        flat = np.column_stack([ring, np.full(len(ring), area.level_m)])
        pieces.triangles("water", flat[fill(ring)], WATER)
    return pieces.finish()


def spot_mesh(spot: SceneSpot, ground_m: float, color: Color, scale: float = 1.0) -> Mesh:
    """Return a camera or a sensor on the ground; scale enlarges it for views from afar.

    A camera's cone shows only where it looks; of one whose bearing is unknown there is a ring instead.
    """
    pieces = Pieces()
    if spot.kind == "camera":
        _camera(pieces, spot, ground_m, color, scale)
    else:
        _pin(pieces, spot, ground_m, color, scale)
    return pieces.finish(spot.bearing_deg or 0.0)


def survey_mesh(survey: SceneSurvey) -> Mesh:
    """Return a surveyed bed, coloured by depth, or by what was eroded (red) and what settled (blue) since another one."""
    x, y, z = survey.x_m, survey.y_m, survey.z_m
    if z.shape != (len(y), len(x)) or min(z.shape) < 2:
        return EMPTY
    gx, gy = np.meshgrid(x, y)
    b = np.radians(survey.bearing_deg)
    east, north = gx * np.sin(b) - gy * np.cos(b), gx * np.cos(b) + gy * np.sin(b)
    points = np.stack([east, north, z], axis=-1)
    at = np.arange(z.size).reshape(z.shape)
    low_left, low_right, up_right, up_left = at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]
    cells = np.concatenate(
        [np.stack([low_left, low_right, up_right], -1), np.stack([low_left, up_right, up_left], -1)]
    ).reshape(-1, 3)
    known = np.isfinite(z).ravel()
    cells = cells[known[cells].all(axis=1)]
    if not len(cells):
        return EMPTY
    corners = points.reshape(-1, 3)[cells]
    pieces = Pieces()
    value = z if survey.scour_m is None or survey.scour_m.shape != z.shape else survey.scour_m
    mean = value.reshape(-1)[cells].mean(axis=1)
    shades = by_depth(mean) if value is z else by_scour(mean)
    pieces.triangles("bed" if value is z else "change", corners, shades)
    return pieces.finish()


def by_depth(z_m: Array) -> NDArray[np.uint8]:
    """Return colours (m, 3) from the deepest to the shallowest level."""
    low, high = float(z_m.min()), float(z_m.max())
    return _blend(DEEP, SHOAL, (z_m - low) / max(high - low, 1e-6))


def by_scour(scour_m: Array, full_m: float = 3.0) -> NDArray[np.uint8]:
    """Return colours (m, 3) of a lowering: full red at full_m eroded, full blue at as much settled, grey where unknown."""
    share = np.clip(scour_m / full_m, -1.0, 1.0)
    known = np.isfinite(share)
    share = np.where(known, share, 0.0)
    found = np.where((share >= 0)[:, None], _blend(EVEN, ERODED, share), _blend(EVEN, SETTLED, -share))
    return np.where(known[:, None], found, np.array(UNKNOWN, np.uint8)).astype(np.uint8)


def _blend(a: Color, b: Color, share: Array) -> NDArray[np.uint8]:
    part = np.clip(share, 0.0, 1.0)[:, None]
    return np.asarray(np.array(a) * (1 - part) + np.array(b) * part).astype(np.uint8)


def _divided(ring: Array) -> Array:
    """Return an outline cut into pieces short enough to follow the ground."""
    closed = np.vstack([ring, ring[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    step = max(100.0, along[-1] / PAINTED)
    at = np.union1d(np.arange(0.0, along[-1], step), along[:-1])
    return np.column_stack([np.interp(at, along, closed[:, i]) for i in (0, 1)])


def _under(ground: GroundAt | None, edge: Array, instead: float) -> Array:
    found = np.full(len(edge), np.nan) if ground is None else np.asarray(ground(edge[:, 0], edge[:, 1]), float)
    known = found[np.isfinite(found)]
    return np.where(np.isfinite(found), found, float(np.median(known)) if len(known) else instead)


def _curtain(pieces: Pieces, part: str, edge: Array, low: Array, high: Array, color: Color, *, dashed: bool) -> None:
    """Add an upright sheet along a closed outline, seen from outside."""
    a, b = np.column_stack([edge, low]), np.column_stack([edge, high])
    a1, b1 = np.roll(a, -1, axis=0), np.roll(b, -1, axis=0)
    if dashed:
        a1, b1 = a + 0.5 * (a1 - a), b + 0.5 * (b1 - b)
    pieces.triangles(part, np.concatenate([np.stack([a, a1, b1], 1), np.stack([a, b1, b], 1)]), color)


def _camera(pieces: Pieces, spot: SceneSpot, ground_m: float, color: Color, k: float) -> None:
    top = ground_m + k * (spot.height_m if spot.height_m is not None and 0.5 <= spot.height_m <= 300 else MAST_M)
    pieces.bar("mast", (0, 0, ground_m - 1.0), (0, 0, top), 0.5 * k, CONCRETE_DARK)
    pieces.box("head", (-0.7 * k, -1.0 * k, top - 0.3 * k), (0.7 * k, 1.6 * k, top + 0.9 * k), WHITE)
    pieces.box("band", (-0.75 * k, -1.0 * k, top + 0.9 * k), (0.75 * k, 1.6 * k, top + 1.2 * k), color)
    if spot.bearing_deg is None:
        _halo(pieces, color, top, 3.0 * k)
        return
    sides, reach = 12, VIEW_M * k
    wide = reach * np.tan(np.radians(VIEW_HALF_DEG))
    turn = 2 * np.pi * np.arange(sides) / sides
    rim = np.column_stack([wide * np.cos(turn), np.full(sides, reach), top - 0.18 * reach + 0.6 * wide * np.sin(turn)])
    eye = np.broadcast_to([0.0, 1.6 * k, top], rim.shape)
    pieces.triangles("cone", np.stack([eye, rim, np.roll(rim, -1, axis=0)], 1), color)


def _halo(pieces: Pieces, color: Color, z: float, radius: float) -> None:
    turn = 2 * np.pi * np.arange(13) / 12
    rim = np.column_stack([radius * np.cos(turn), radius * np.sin(turn), np.full(13, z)])
    for a, b in zip(rim[:-1:2], rim[1::2], strict=True):
        pieces.bar("bearing-unknown", a, b, 0.12 * radius, color)


def _pin(pieces: Pieces, spot: SceneSpot, ground_m: float, color: Color, k: float) -> None:
    """Add a pin over a sensor; a place that is worked out and not surveyed has an open head."""
    foot = spot.elevation_m if spot.elevation_m is not None else ground_m
    top = max(foot, ground_m) + PIN_M * k
    pieces.bar("stem", (0, 0, min(foot, ground_m)), (0, 0, top), 0.3 * k, WHITE)
    if spot.assumed:
        _halo(pieces, color, top, 1.8 * k)
        return
    sides, r = 8, 1.8 * k
    turn = 2 * np.pi * np.arange(sides) / sides
    rim = np.column_stack([r * np.cos(turn), r * np.sin(turn), np.full(sides, top)])
    after = np.roll(rim, -1, axis=0)
    for z, flip in ((top + 1.6 * r, False), (top - 1.6 * r, True)):
        tip = np.broadcast_to([0.0, 0.0, z], rim.shape)
        pieces.triangles("head", np.stack([rim, after, tip] if not flip else [after, rim, tip], 1), color)


def place_of(survey: SceneSurvey, chainage_m: float, offset_m: float) -> tuple[float, float]:
    """Return (east, north) in metres from a survey's origin of a place in its own x and y."""
    put = turned(np.array([-offset_m, chainage_m, 0.0]), survey.bearing_deg)
    return float(put[0]), float(put[1])
