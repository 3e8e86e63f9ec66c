"""Where the things of a moment stand in the picture: on the ground, heights exaggerated; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.domain.states import State
from console.viewdata.scene import ScenePool, SceneReach, SceneStation, SceneView
from scenes.build.shore import circle
from scenes.ground.frame import to_local
from scenes.ground.source import Ground
from scenes.plain.relief_view import Water

Array = NDArray[np.float64]
RIVER_STEP_KM = 0.5
RIVER_CELL_KM = 0.3
THING_CELL_KM = 0.2  # as labels ask the ground, so that they sit on the columns
SKIN_M = 1.0  # water is drawn this much above its level, as in the 3-D view


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A river on the ground: points (n, 3) scene km, of which what the ground does not know lies at zero."""

    name: str
    points: Array


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A view on its ground: stations (n, 3) and pools (m, 3), scene km.

    states: of each point of each course, that of its nearest station; NORMAL where the river has none.
    """

    view: SceneView
    stations: Array
    pools: Array
    courses: tuple[Course, ...]
    states: Mapping[str, NDArray[np.int64]]


def courses_on(ground: Ground, rivers: Mapping[str, Array], exaggeration: float) -> tuple[Course, ...]:
    """Lay rivers, name → line (n, 2) of lon/lat, on the ground."""
    laid = []
    for name, line in rivers.items():
        x, y = to_local(line[:, 0], line[:, 1])
        along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        fine = np.linspace(0.0, along[-1], max(2, int(along[-1] / RIVER_STEP_KM) + 1))
        fx, fy = np.interp(fine, along, x), np.interp(fine, along, y)
        laid.append(Course(name, _on_ground(ground, fx, fy, RIVER_CELL_KM, exaggeration)))
    return tuple(laid)


def place(ground: Ground, view: SceneView, courses: tuple[Course, ...]) -> Placed:
    """Put a view's stations and pools on the ground and colour the courses; a pool stands at its level where that is known."""
    lift = view.style.exaggeration
    stations, pools = _things(ground, view.stations, lift), _things(ground, view.pools, lift)
    for i, pool in enumerate(view.pools):
        if pool.level_m is not None:
            pools[i, 2] = (pool.level_m + SKIN_M) / 1000 * lift
    reaches = {r.name: r for r in view.reaches}
    return Placed(view, stations, pools, courses, {c.name: _states(c, reaches.get(c.name)) for c in courses})


def waters(placed: Placed, color_of: Mapping[int, Array]) -> tuple[Water, ...]:
    """Return the level waters of the pools whose level is known, none with their layer off; color_of: state → RGB."""
    if "reservoirs" not in placed.view.style.layers:
        return ()
    found = []
    for pool, (x, y, z) in zip(placed.view.pools, placed.pools.tolist(), strict=True):
        if pool.level_m is not None:
            found.append(Water(x, y, circle(x, y, pool.radius_km), z, color_of[int(pool.state)]))
    return tuple(found)


def _things(ground: Ground, things: tuple[SceneStation, ...] | tuple[ScenePool, ...], exaggeration: float) -> Array:
    if not things:
        return np.empty((0, 3))
    x, y = to_local(np.array([t.lon for t in things]), np.array([t.lat for t in things]))
    return _on_ground(ground, x, y, THING_CELL_KM, exaggeration)


def _on_ground(ground: Ground, x: Array, y: Array, cell_km: float, exaggeration: float) -> Array:
    height = np.nan_to_num(ground.heights(x, y, cell_km).astype(float), nan=0.0)
    return np.column_stack([x, y, height / 1000 * exaggeration])


def _states(course: Course, reach: SceneReach | None) -> NDArray[np.int64]:
    """Return the state of each point: that of the station nearest along the river."""
    n = len(course.points)
    if reach is None or not reach.states:
        return np.full(n, int(State.NORMAL), np.int64)
    x, y = to_local(np.array([s[0] for s in reach.states]), np.array([s[1] for s in reach.states]))
    near = np.hypot(course.points[:, 0, None] - x, course.points[:, 1, None] - y).argmin(0)
    nearest = np.abs(np.arange(n)[:, None] - near).argmin(1)
    return np.asarray(np.array([int(s[2]) for s in reach.states], np.int64)[nearest])
