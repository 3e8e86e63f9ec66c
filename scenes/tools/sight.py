"""What can be seen from a place: one line of sight, and the ground around it; with the earth's curve and refraction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.domain.geo import EARTH_KM
from console.errors import ConsoleError
from scenes.ground.source import Ground
from scenes.tools import wording
from scenes.tools.sampling import Basis, Place, along, basis_of, true_km

Array = NDArray[np.float64]
REFRACTION = 0.13  # Gauss's mean for surveying; at night over water or hot ground it may be far off
FINEST_PARTS = 4000
STATED = f"已计地球曲率和大气折光 k={REFRACTION}"


def drop_m(distance_km: Array | float) -> Array:
    """Return how far the ground sinks below the eye's horizontal plane, m: (1 - k)·d²/2R.

    Source: trigonometric levelling, combined correction for curvature and refraction with Gauss's k.
    """
    return np.asarray((1 - REFRACTION) * np.asarray(distance_km, float) ** 2 / (2 * EARTH_KM) * 1000)


@dataclass(frozen=True, slots=True)
class Sight:
    """A line of sight.

    visible: None where unknown ground leaves it open. clearance_m: least height of the line over the ground between,
    negative when blocked, None where nothing between is known. closest, blocked_at: places of the least clearance and of
    the first ground above the line, local km; blocked_m: that ground's height.
    """

    visible: bool | None
    distance_km: float
    clearance_m: float | None
    closest: Place | None
    blocked_at: Place | None
    blocked_km: float | None
    blocked_m: float | None
    unknown_km: float
    step_km: float
    basis: Basis

    def words(self) -> str:
        far = wording.km(self.distance_km)
        tail = f"（{STATED}，每 {wording.km(self.step_km)} 一点，不含房屋林木） · {self.basis.words()}"
        if self.visible is None and self.clearance_m is None:
            return f"相距 {far}，视点、目标或沿线高程未知，不能判定通视{tail}"
        clear = wording.metres(abs(self.clearance_m or 0.0), 1)
        if self.blocked_km is not None and self.blocked_m is not None:
            where = f"在 {wording.km(self.blocked_km)} 处被高程 {wording.metres(self.blocked_m, 1)} 的地面挡住"
            return f"不通视：相距 {far}，{where}，最多挡 {clear}{tail}"
        if self.visible is None:
            return f"已知地面不挡（余高 {clear}），但 {wording.km(self.unknown_km)} 高程未知，不能判定通视{tail}"
        return f"通视：相距 {far}，视线最少高出地面 {clear}{tail}"


@dataclass(frozen=True, slots=True, eq=False)
class Viewshed:
    """The ground seen from a place.

    bearing_deg (n,) of the grid, clockwise from north; range_km (m,); visible, known (n, m).
    known: the ray's ground is known up to there, or the place is hidden by ground that is.
    """

    eye: Place
    eye_m: float
    target_above_m: float
    bearing_deg: Array
    range_km: Array
    visible: NDArray[np.bool_]
    known: NDArray[np.bool_]
    basis: Basis

    def share(self) -> tuple[float, float]:
        """Return the shares of the disc's area that are seen and that are unknown."""
        weight = np.broadcast_to(self.range_km, self.visible.shape)
        return (
            float((weight * self.visible).sum() / weight.sum()),
            float((weight * ~self.known).sum() / weight.sum()),
        )

    def picture(self, size: int) -> NDArray[np.int8]:
        """Return (size, size), row 0 in the north, over the square around the disc: 1 seen, 0 hidden, -1 unknown or outside."""
        axis = (np.arange(size) + 0.5) / size * 2 - 1
        gx, gy = np.meshgrid(axis * self.range_km[-1], -axis * self.range_km[-1])
        ray = np.round(np.degrees(np.arctan2(gx, gy)) / 360 * len(self.bearing_deg)).astype(int) % len(self.bearing_deg)
        away = np.hypot(gx, gy)
        step = np.clip(np.searchsorted(self.range_km, away), 0, len(self.range_km) - 1)
        seen = np.where(self.known, self.visible.astype(np.int8), np.int8(-1))[ray, step]
        return np.asarray(np.where(away <= self.range_km[-1], seen, np.int8(-1)))

    def words(self) -> str:
        seen, unknown = self.share()
        radius = float(self.range_km[-1])
        gap = f"，{wording.share(unknown)}因高程未知不能判定" if unknown else ""
        return (
            f"视域：眼高程 {wording.metres(self.eye_m, 1)}，半径 {wording.km(radius)} 内可见 {seen:.0%}"
            f"（约 {wording.area(seen * np.pi * radius**2 * 1e6)}）{gap}，目标高出地面 {wording.metres(self.target_above_m, 1)}"
            f"（{STATED}，不含房屋林木） · {self.basis.words()}"
        )


def line_of_sight(
    ground: Ground, eye: Place, target: Place, eye_above_m: float, target_above_m: float = 0.0, step_km: float | None = None
) -> Sight:
    """Return whether a target is seen from an eye, both at heights above the ground there.

    step_km: None for the ground's finest spacing, at most FINEST_PARTS steps; what is thinner than a step is missed.

    Raises:
        ConsoleError: eye and target are one place.
    """
    length = float(np.hypot(target[0] - eye[0], target[1] - eye[1]))
    if step_km is None:
        box = (min(eye[0], target[0]), min(eye[1], target[1]), max(eye[0], target[0]) + 1e-9, max(eye[1], target[1]) + 1e-9)
        step_km = max(min(ground.finest_km(box), length / 16), length / FINEST_PARTS, 1e-6)
    x, y, _ = along(np.array([eye, target], float), step_km)
    steps = true_km(x, y)
    d = np.concatenate([[0.0], np.cumsum(steps)])
    ground_m = ground.heights(x, y).astype(float)
    seen_m = ground_m - drop_m(d)  # as the eye sees it, above its own horizontal plane's datum
    top = seen_m[0] + eye_above_m
    over = top + (seen_m[-1] + target_above_m - top) * d / d[-1] - seen_m
    between = np.arange(1, len(d) - 1)
    basis = basis_of(ground, x, y)
    gap = float(steps[np.isnan(ground_m[:-1]) | np.isnan(ground_m[1:])].sum())
    known = between[np.isfinite(over[between])]
    if np.isnan(over[[0, -1]]).any() or not len(known):
        open_ = None if np.isnan(over[[0, -1]]).any() or gap else True
        return Sight(open_, float(d[-1]), None, None, None, None, None, gap, step_km, basis)
    least = int(known[over[known].argmin()])
    blocked = known[over[known] < 0]
    closest = (float(x[least]), float(y[least]))
    if len(blocked):
        i = int(blocked[0])
        place = (float(x[i]), float(y[i]))
        return Sight(
            False, float(d[-1]), float(over[least]), closest, place, float(d[i]), float(ground_m[i]), gap, step_km, basis
        )
    return Sight(None if gap else True, float(d[-1]), float(over[least]), closest, None, None, None, gap, step_km, basis)


def viewshed(
    ground: Ground,
    eye: Place,
    eye_above_m: float,
    radius_km: float,
    target_above_m: float = 0.0,
    rays: int = 256,
    steps: int = 256,
) -> Viewshed:
    """Return what of the ground within a radius is seen from an eye above it.

    A place is seen when nothing nearer on its ray stands steeper; rays · steps places are sampled.

    Raises:
        ConsoleError: the ground at the eye is unknown, or the radius is no length.
    """
    base = ground.at(*eye)
    if base is None:
        raise ConsoleError("视点处的地面高程未知，算不出视域。", "请换一处有地形的视点。")
    if not radius_km > 0:
        raise ConsoleError("视域半径不是正数。", "请给出大于 0 的半径。")
    bearing = np.arange(rays) * 360.0 / rays
    away = np.arange(1, steps + 1) * radius_km / steps
    angle = np.radians(bearing)[:, None]
    x, y = eye[0] + np.sin(angle) * away, eye[1] + np.cos(angle) * away
    height = ground.heights(x, y, radius_km / steps)
    level = height - (drop_m(away) + base + eye_above_m)
    slope = level / (away * 1000)
    standing = np.maximum.accumulate(np.where(np.isnan(slope), -np.inf, slope), axis=1)
    before = np.concatenate([np.full((rays, 1), -np.inf), standing[:, :-1]], axis=1)
    aim = (level + target_above_m) / (away * 1000)
    unknown = np.isnan(height)
    broken = np.logical_or.accumulate(unknown, axis=1)
    hidden = ~unknown & (aim < before)
    return Viewshed(
        eye,
        base + eye_above_m,
        target_above_m,
        bearing,
        away,
        ~broken & (aim >= before),
        ~broken | hidden,
        basis_of(ground, x, y),
    )
