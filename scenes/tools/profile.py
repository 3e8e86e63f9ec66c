"""The ground along a line, and a section across a river with the water of several times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.errors import ConsoleError
from scenes.ground.source import Ground
from scenes.tools import wording
from scenes.tools.sampling import Basis, Place, along, basis_of, true_km
from scenes.tools.wetted import WaterAt, Wetted, wetted

Array = NDArray[np.float64]
RIVER_REACH_KM = 0.3  # how far from the named place the bed's lowest point is looked for


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """The ground along a line.

    east_km, north_km, chainage_km, height_m: shape (n,); height above the 1985 datum as the basis says, NaN unknown.
    ground_km: length along the ground; an unknown stretch counts flat and neither climbs nor falls.
    climb_m, fall_m: sums of all rises and drops between samples, both positive; a finer step finds more.
    """

    east_km: Array
    north_km: Array
    chainage_km: Array
    height_m: Array
    flat_km: float
    ground_km: float
    climb_m: float
    fall_m: float
    unknown_km: float
    step_km: float
    basis: Basis

    def words(self) -> str:
        known = self.height_m[np.isfinite(self.height_m)]
        if not len(known):
            return f"剖面 {wording.km(self.flat_km)}，沿线高程全部未知"
        text = (
            f"剖面平距 {wording.km(self.flat_km)}，沿地面 {wording.km(self.ground_km)}，"
            f"高程 {wording.metres(known.min(), 1)} 至 {wording.metres(known.max(), 1)}，"
            f"升 {wording.metres(self.climb_m, 1)} 降 {wording.metres(self.fall_m, 1)}（每 {wording.km(self.step_km)} 一点）"
        )
        gap = f"，其中 {wording.km(self.unknown_km)} 高程未知、按平距计" if self.unknown_km > 0 else ""
        return f"{text}{gap} · {self.basis.words()}"


@dataclass(frozen=True, slots=True, eq=False)
class CrossSection:
    """A section from a to b and the water in it.

    offset_km, height_m: shape (n,), from a. lowest: index of the river's lowest point; None where nothing is known.
    waters: in the order given.
    """

    offset_km: Array
    height_m: Array
    lowest: int | None
    waters: tuple[Wetted, ...]
    step_km: float
    basis: Basis

    def words(self) -> str:
        width = wording.km(float(self.offset_km[-1]))
        if self.lowest is None:
            return f"断面宽 {width}，高程全部未知，不能量水"
        bed = f"断面宽 {width}，最低 {wording.metres(float(self.height_m[self.lowest]))}（距起点 "
        bed += f"{wording.km(float(self.offset_km[self.lowest]))}）"
        unknown = float(np.isnan(self.height_m).mean())
        gap = f"，{wording.share(unknown)}的断面高程未知" if unknown else ""
        return "；".join([bed + gap, *(w.words() for w in self.waters)]) + f" · {self.basis.words()}"


def profile(ground: Ground, points_km: Array, step_km: float) -> Profile:
    """Return the ground along a line of local km, shape (n, 2), sampled at most step_km apart.

    Raises:
        ConsoleError: fewer than two different points, or a step that is too fine.
    """
    x, y, _ = along(points_km, step_km)
    height = ground.heights(x, y).astype(float)
    flat = true_km(x, y)
    rise = np.diff(height)
    known = np.isfinite(rise)
    steps = np.hypot(flat, np.where(known, rise, 0.0) / 1000)
    return Profile(
        x,
        y,
        np.concatenate([[0.0], np.cumsum(flat)]),
        height,
        float(flat.sum()),
        float(steps.sum()),
        float(rise[known & (rise > 0)].sum()),
        float(-rise[known & (rise < 0)].sum()),
        float(flat[~known].sum()),
        step_km,
        basis_of(ground, x, y),
    )


def cross_section(
    ground: Ground, a: Place, b: Place, waters: Sequence[WaterAt], step_km: float, river: Place | None = None
) -> CrossSection:
    """Return the section from a to b with each water in the part that hangs together with the river.

    river: a place in the river beside the line; without it the river is at the section's lowest point,
    which is wrong where land behind a levee lies lower than the bed.

    Raises:
        ConsoleError: a and b are one place, the step is too fine, or a water has no level.
    """
    for water in waters:
        if not np.isfinite(water.level_m):
            raise ConsoleError(f"“{water.label}”没有水位，不能画进断面。", "请去掉这一时刻，或换有水位的时刻。")
    line = profile(ground, np.array([a, b], float), step_km)
    lowest = _lowest(line, river)
    found = () if lowest is None else tuple(wetted(line.chainage_km, line.height_m, lowest, w) for w in waters)
    return CrossSection(line.chainage_km, line.height_m, lowest, found, step_km, line.basis)


def _lowest(line: Profile, river: Place | None) -> int | None:
    open_ = np.isfinite(line.height_m)
    if river is not None:
        away = np.hypot(line.east_km - river[0], line.north_km - river[1])
        open_ &= away <= max(RIVER_REACH_KM, float(away.min()) + line.step_km)
    return int(np.where(open_, line.height_m, np.inf).argmin()) if open_.any() else None
