"""What every measurement needs: places along a line, true lengths on the grid, and which ground spoke."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.domain.geo import EARTH_KM
from console.errors import ConsoleError
from scenes.ground.frame import ORIGIN_M
from scenes.ground.source import Ground

Array = NDArray[np.float64]
Place = tuple[float, float]  # east, north; local km
MERIDIAN_KM = (500_000.0 - ORIGIN_M[0]) / 1000  # local east of the grid's central meridian
MOST_SAMPLES = 200_000
WITNESSES = 256  # places that are asked which source speaks for them


@dataclass(frozen=True, slots=True)
class Basis:
    """Which ground a result stands on. labels, datums: of the sources that spoke, finest first."""

    labels: tuple[str, ...]
    datums: tuple[str, ...]
    synthetic: bool

    def words(self) -> str:
        """Say it: label and datum of each source, and that a generated one is no survey."""
        if not self.labels:
            return "没有地面高程"
        named = "、".join(f"{a}（{d or '基面未知'}）" for a, d in zip(self.labels, self.datums, strict=True))
        return named + ("，非实测" if self.synthetic else "")


def basis_of(ground: Ground, east_km: Array, north_km: Array) -> Basis:
    """Return which sources speak for places, asking at most WITNESSES of them."""
    every = max(1, -(-np.size(east_km) // WITNESSES))
    x, y = np.ravel(east_km)[::every], np.ravel(north_km)[::every]
    spoke = []
    for source in ground.sources:
        if not x.size:
            break
        silent = np.isnan(Ground((source,)).heights(x, y))
        if not silent.all():
            spoke.append(source)
        x, y = x[silent], y[silent]
    return Basis(tuple(s.label for s in spoke), tuple(s.datum for s in spoke), any(s.synthetic for s in spoke))


def grid_scale(east_km: Array | float) -> Array:
    """Return length on the grid over length on the ellipsoid at local eastings.

    Source: Gauss-Krüger point scale m = 1 + y²/(2R²), y from the central meridian (next term < 2e-6 in the frame).
    """
    y = np.asarray(east_km, float) - MERIDIAN_KM
    return np.asarray(1.0 + y**2 / (2 * EARTH_KM**2))


def true_km(x: Array, y: Array) -> Array:
    """Return ellipsoid lengths (n - 1,) of the steps of a line on the grid, x and y (n,) local km."""
    scale = (grid_scale(x[:-1]) + 4 * grid_scale((x[:-1] + x[1:]) / 2) + grid_scale(x[1:])) / 6
    return np.asarray(np.hypot(np.diff(x), np.diff(y)) / scale)


def along(points_km: Array, step_km: float) -> tuple[Array, Array, NDArray[np.int64]]:
    """Return x, y of places at most step_km apart along a line (n, 2), and where its own points are among them.

    Raises:
        ConsoleError: fewer than two different points, a step that is no length, or too many places.
    """
    line = np.asarray(points_km, float).reshape(-1, 2)
    if not np.isfinite(line).all():
        raise ConsoleError("线上有一点没有坐标。", "请重新取点。")
    line = line[np.concatenate([[True], np.any(np.diff(line, axis=0) != 0, axis=1)])] if len(line) else line
    if len(line) < 2:
        raise ConsoleError("线不足两个不同的点。", "请至少取两个点。")
    if not step_km > 0:
        raise ConsoleError(f"取样间距 {step_km} 不是正数。", "请给出大于 0 的间距。")
    length = np.hypot(*np.diff(line, axis=0).T)
    parts = np.maximum(1, np.ceil(length / step_km - 1e-9))
    if parts.sum() >= MOST_SAMPLES:
        raise ConsoleError(f"这条线要取 {parts.sum():.0f} 个点，太密。", "请放大取样间距，或缩短线。", f"最多 {MOST_SAMPLES}")
    knots = np.concatenate([[0], np.cumsum(parts)]).astype(np.int64)
    at = np.arange(knots[-1] + 1)
    return np.interp(at, knots, line[:, 0]), np.interp(at, knots, line[:, 1]), knots
