"""Which place of the ground lies under a point of the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenes.ground.frame import to_degrees
from scenes.ground.source import Ground
from scenes.tools import wording
from scenes.tools.sampling import Basis, basis_of

Array = NDArray[np.float64]
LOWEST_M, HIGHEST_M = -500.0, 9000.0  # no ground is outside; the ray is followed only between
NEAREST_KM = 1e-3
MARCH = 192  # samples of one stretch
STRETCH = 4.0  # a stretch ends this many times as far as it began
DETAIL = 4e-4  # of the distance: the ground is looked at about as finely as the picture shows it
REFINE = 24
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Picked:
    """A place of the ground: local km, height above the 1985 datum, distance from the eye in the scene's km."""

    east_km: float
    north_km: float
    height_m: float
    distance_km: float
    basis: Basis

    def words(self) -> str:
        lon, lat = (float(v) for v in to_degrees(self.east_km, self.north_km))
        return f"{lon:.5f}°E {lat:.5f}°N，地面高程 {wording.metres(self.height_m, 1)} · {self.basis.words()}"


def pick(ground: Ground, eye: Array, direction: Array, exaggeration: float, max_km: float) -> Picked | None:
    """Return the first ground that a ray meets from above, None where it meets none within max_km.

    eye, direction: shape (3,), scene km, heights exaggerated, as `OrbitCamera.ray` gives; any length of direction.
    Unknown ground is no obstacle; where known ground begins above the ray, its edge is met.
    """
    at, aim = np.asarray(eye, float), np.asarray(direction, float) / np.linalg.norm(direction)
    lift = exaggeration / 1000
    first, last = _between(at[2], aim[2], LOWEST_M * lift, HIGHEST_M * lift, max_km)
    above = False
    while first < last:
        end = min(last, first * STRETCH)
        t = np.geomspace(first, end, MARCH)
        over = _over(ground, at, aim, lift, t, first * DETAIL)
        free = np.isnan(over) | (over > 0)
        seen = np.concatenate([[above or free[0]], np.logical_or.accumulate(free)[:-1] | above])
        hits = np.flatnonzero(~free & seen)
        if len(hits):
            i = max(1, int(hits[0]))
            return _refined(ground, at, aim, lift, float(t[i - 1]), float(t[i]))
        above, first = bool(above or free.any()), end
    return None


def _between(height: float, climb: float, low: float, high: float, max_km: float) -> tuple[float, float]:
    """Return the stretch of a ray that lies between two heights; an empty one has no length."""
    if abs(climb) < 1e-12:
        return (NEAREST_KM, max_km) if low <= height <= high else (max_km, max_km)
    a, b = sorted(((low - height) / climb, (high - height) / climb))
    return max(NEAREST_KM, a), min(max_km, b)


def _over(ground: Ground, at: Array, aim: Array, lift: float, t: Array, cell_km: float) -> Array:
    """Return how far a ray is above the ground, scene km, at distances t."""
    ground_m = ground.heights(at[0] + aim[0] * t, at[1] + aim[1] * t, cell_km)
    return np.asarray(at[2] + aim[2] * t - ground_m * lift)


def _refined(ground: Ground, at: Array, aim: Array, lift: float, before: float, after: float) -> Picked:
    """Narrow the crossing, then meet the ground between the last two samples."""
    left = right = np.nan
    for _ in range(ROUNDS):
        t = np.linspace(before, after, REFINE)
        over = _over(ground, at, aim, lift, t, before * DETAIL)
        hits = np.flatnonzero(over[1:] <= 0)
        i = int(hits[0]) + 1 if len(hits) else REFINE - 1  # finer ground may meet the ray a little later
        before, after, left, right = float(t[i - 1]), float(t[i]), float(over[i - 1]), float(over[i])
    part = left / (left - right) if left > 0 >= right else 1.0
    t_hit = before + part * (after - before)
    x, y = at[0] + aim[0] * t_hit, at[1] + aim[1] * t_hit
    place = np.array([x]), np.array([y])
    height = float(ground.heights(*place, before * DETAIL)[0])
    if math.isnan(height):  # met at the edge of the known: the ground is on the far side of it
        x, y = at[0] + aim[0] * after, at[1] + aim[1] * after
        place = np.array([x]), np.array([y])
        height = float(ground.heights(*place, before * DETAIL)[0])
    return Picked(float(x), float(y), height, t_hit, basis_of(ground, *place))
