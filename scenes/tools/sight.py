"""Whether one place is seen from another, with the earth's curve and refraction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.domain.geo import EARTH_KM
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
