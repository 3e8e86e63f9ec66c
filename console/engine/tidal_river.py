"""Unsteady flow in one tidal river: the full Saint-Venant equations between a flow from above and a stage from the sea.

Preissmann's box scheme with Newton's method; rectangular sections, which a bed, a width and Manning's n describe. The
water may flow either way, but not through the critical depth, and no section may fall dry.

Source: Cunge, Holly & Verwey 1980, Practical Aspects of Computational River Hydraulics, ch. 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.engine.open_channel import G, critical_depth_m
from console.engine.refused import EngineRefused, positive, series_of

Array = NDArray[np.float64]
THETA = 0.6  # weight of the new level; over 0.5 damps what the grid cannot carry
LEAST_DEPTH_M, DEEPEST_M = 0.1, 100.0
ROUNDS = 25
FLOW_TOLERANCE_M3S, LEVEL_TOLERANCE_M = 1e-6, 1e-8
EDGE = 2  # diagonals beside the main one: a box joins two sections


@dataclass(frozen=True, slots=True, eq=False)
class TidalRiver:
    """Sections from the upper end down, each (n,): distance m, bed and levels m of one datum, width m, Manning's n."""

    at_m: Array
    bed_m: Array
    width_m: Array
    manning: Array

    @classmethod
    def of(cls, at_m: ArrayLike, bed_m: ArrayLike, width_m: ArrayLike, manning: ArrayLike) -> TidalRiver:
        """Raises: EngineRefused: shape, gap, negative, parameter; the row is named."""
        at, width = series_of(at_m, "断面里程"), series_of(width_m, "断面宽")
        bed, n = series_of(bed_m, "河底高程", low=None), series_of(np.broadcast_to(manning, at.shape), "糙率")
        if not len(at) == len(width) == len(bed) or len(at) < 3:
            raise EngineRefused("shape", f"断面须至少三个，里程、宽、河底须一样多：{len(at)}、{len(width)}、{len(bed)}")
        if (np.diff(at) <= 0).any():
            raise EngineRefused("parameter", f"断面里程第 {int(np.argmax(np.diff(at) <= 0)) + 2} 行须递增")
        positive(float(width.min()), "断面宽")
        return cls(at, bed, width, n)

    def storage_m3(self, level_m: Array) -> float:
        """Return the water between the ends at levels (n,)."""
        return float(np.trapezoid((level_m - self.bed_m) * self.width_m, self.at_m))


@dataclass(frozen=True, slots=True, eq=False)
class TidalRun:
    """level_m, flow_m3s: (steps, n), downstream positive. mass_error: |in − out − ΔS| relative to what came in at both ends."""

    level_m: Array
    flow_m3s: Array
    mass_error: float


def steady(river: TidalRiver, flow_m3s: float, mouth_m: float) -> Array:
    """Return the backwater levels (n,) of a flow that does not change, by the standard step.

    Raises:
        EngineRefused: unstable: no subcritical level at a section.
    """
    from scipy.optimize import brentq  # slow to import: not before a tide is asked for

    level = np.empty_like(river.bed_m)
    level[-1] = mouth_m
    _not_dry(river, level[-1:], len(level) - 1, 0.0)

    critical = critical_depth_m(abs(flow_m3s), river.width_m)

    def energy(i: int, z: float) -> tuple[float, float]:
        area = (z - river.bed_m[i]) * river.width_m[i]
        radius = area / (river.width_m[i] + 2 * (z - river.bed_m[i]))
        slope = river.manning[i] ** 2 * flow_m3s * abs(flow_m3s) / (area**2 * radius ** (4 / 3))
        return z + flow_m3s**2 / (2 * G * area**2), slope

    for i in range(len(level) - 2, -1, -1):
        below, friction = energy(i + 1, level[i + 1])
        dx = river.at_m[i + 1] - river.at_m[i]

        def off(z: float, i: int = i, below: float = below, friction: float = friction, dx: float = dx) -> float:
            head, slope = energy(i, z)
            return head - below - dx * (slope + friction) / 2

        lowest = float(river.bed_m[i] + max(critical[i], LEAST_DEPTH_M))
        highest = below + DEEPEST_M
        if off(lowest) > 0 or off(highest) < 0:
            raise EngineRefused("unstable", f"里程 {river.at_m[i] / 1000:.1f} km 处没有缓流水面")
        level[i] = brentq(off, lowest, highest, xtol=1e-10)
    return level


def run(river: TidalRiver, upper_m3s: ArrayLike, mouth_m: ArrayLike, dt_s: float, level_m: ArrayLike | None = None) -> TidalRun:
    """Run a river between a flow from above and a stage at the mouth, both (steps,) at instants Δt apart.

    level_m: (n,) at the first instant, with the first flow throughout; None: the backwater of the first values.

    Raises:
        EngineRefused: shape, gap, parameter; unstable: a section falls dry, turns supercritical, or no solution is
            found; the kilometre and hour are named.
    """
    positive(dt_s, "时段长")
    above, sea = series_of(upper_m3s, "上游流量", low=None), series_of(mouth_m, "河口潮位", low=None)
    if above.shape != sea.shape:
        raise EngineRefused("shape", f"上游流量 {len(above)} 个、河口潮位 {len(sea)} 个，须一样多")
    level = np.array(level_m, float) if level_m is not None else steady(river, float(above[0]), float(sea[0]))
    flow = np.full(len(level), above[0])
    levels, flows = np.empty((len(above), len(level))), np.empty((len(above), len(level)))
    levels[0], flows[0] = level, flow
    for k in range(1, len(above)):
        level, flow = _step(river, level, flow, float(above[k]), float(sea[k]), dt_s, k)
        levels[k], flows[k] = level, flow
    return TidalRun(levels, flows, _balance(river, levels, flows, dt_s))


def _balance(river: TidalRiver, levels: Array, flows: Array, dt_s: float) -> float:
    """Return the error of the water balance, each step's flows at the scheme's own weights."""
    through = flows[:, 0] - flows[:, -1]
    came = dt_s * float(np.sum(THETA * through[1:] + (1 - THETA) * through[:-1]))
    moved = dt_s * float(np.abs(flows[:, (0, -1)]).sum())
    kept = river.storage_m3(levels[-1]) - river.storage_m3(levels[0])
    return abs(came - kept) / moved if moved else 0.0


def _step(
    river: TidalRiver, level: Array, flow: Array, above: float, sea: float, dt_s: float, step: int
) -> tuple[Array, Array]:
    """Return levels and flows one step later."""
    from scipy.linalg import solve_banded

    old = _terms(river, level, flow)
    z, q = level.copy(), flow.copy()
    q[0], z[-1] = above, sea
    for _ in range(ROUNDS):
        _not_dry(river, z, 0, step * dt_s)
        now = _terms(river, z, q)
        diagonals, misses = _boxes(river, old, now, (level, flow), (z, q), dt_s)
        misses[0], misses[-1] = q[0] - above, z[-1] - sea
        change = solve_banded((EDGE, EDGE), diagonals, -misses, check_finite=False)
        z, q = z + change[0::2], q + change[1::2]
        if np.abs(change[0::2]).max() < LEVEL_TOLERANCE_M and np.abs(change[1::2]).max() < FLOW_TOLERANCE_M3S * max(
            1.0, float(np.abs(q).max())
        ):
            break
    else:
        raise EngineRefused("unstable", f"感潮河段在第 {step * dt_s / 3600:.1f} h 没有解，请缩短时段或检查断面")
    _not_dry(river, z, 0, step * dt_s)
    depth = z - river.bed_m
    fast = np.abs(q) > river.width_m * depth * np.sqrt(G * depth)
    if fast.any():
        where = river.at_m[int(np.argmax(fast))] / 1000
        raise EngineRefused("unstable", f"感潮河段 {where:.1f} km 处在第 {step * dt_s / 3600:.1f} h 成为急流，本法不适用")
    return z, q


@dataclass(frozen=True, slots=True, eq=False)
class _Terms:
    """Area, momentum Q²/A and friction A·Sf at sections, with their derivatives by level and flow."""

    area: Array
    momentum: Array
    momentum_z: Array
    momentum_q: Array
    friction: Array
    friction_z: Array
    friction_q: Array


def _terms(river: TidalRiver, z: Array, q: Array) -> _Terms:
    b, depth = river.width_m, z - river.bed_m
    area = b * depth
    wet = b + 2 * depth
    scale = river.manning**2 * (wet / area) ** (4 / 3) / area
    friction = scale * q * np.abs(q)
    by_z = friction * (4 / 3 * (2 / wet) - 7 / 3 / depth)
    return _Terms(area, q**2 / area, -(q**2) / area**2 * b, 2 * q / area, friction, by_z, 2 * scale * np.abs(q))


def _boxes(
    river: TidalRiver, old: _Terms, now: _Terms, was: tuple[Array, Array], new: tuple[Array, Array], dt_s: float
) -> tuple[Array, Array]:
    """Return the matrix (diagonals as solve_banded wants them) and what the equations miss, in rows
    [upper end, continuity 0, momentum 0, continuity 1, …, mouth], columns [level 0, flow 0, level 1, …].
    """
    n, b = len(river.at_m), river.width_m
    dx = np.diff(river.at_m)
    (z0, q0), (z, q) = was, new

    def across(new_values: Array, old_values: Array) -> Array:
        return np.asarray((THETA * np.diff(new_values) + (1 - THETA) * np.diff(old_values)) / dx, float)

    def mean(new_values: Array, old_values: Array) -> Array:
        pairs = THETA * (new_values[1:] + new_values[:-1]) + (1 - THETA) * (old_values[1:] + old_values[:-1])
        return np.asarray(pairs / 2, float)

    area, slope = mean(now.area, old.area), across(z, z0)
    misses = np.zeros(2 * n)
    misses[1:-1:2] = ((now.area - old.area)[1:] + (now.area - old.area)[:-1]) / (2 * dt_s) + across(q, q0)
    misses[2:-1:2] = (
        ((q - q0)[1:] + (q - q0)[:-1]) / (2 * dt_s)
        + across(now.momentum, old.momentum)
        + G * area * slope
        + G * mean(now.friction, old.friction)
    )
    full = np.zeros((2 * EDGE + 1, 2 * n))
    rows = np.arange(n - 1)

    def put(row: NDArray[np.intp], column: NDArray[np.intp], values: Array) -> None:
        full[EDGE + row - column, column] = values

    mass, push = 2 * rows + 1, 2 * rows + 2
    for side, sign in ((0, -1.0), (1, 1.0)):
        at = slice(0, n - 1) if side == 0 else slice(1, n)
        level_column, flow_column = 2 * (rows + side), 2 * (rows + side) + 1
        put(mass, level_column, b[at] / (2 * dt_s))
        put(mass, flow_column, sign * THETA / dx)
        by_z = sign * THETA * now.momentum_z[at] / dx + G * THETA * (b[at] / 2 * slope + sign * area / dx)
        put(push, level_column, by_z + G * THETA * now.friction_z[at] / 2)
        by_q = 1 / (2 * dt_s) + sign * THETA * now.momentum_q[at] / dx + G * THETA * now.friction_q[at] / 2
        put(push, flow_column, by_q)
    full[EDGE - 1, 1] = 1.0  # row 0: the flow of the upper end
    full[EDGE + 1, 2 * n - 2] = 1.0  # last row: the level of the mouth
    return full, misses


def _not_dry(river: TidalRiver, level: Array, first: int, at_s: float) -> None:
    depth = level - river.bed_m[first : first + len(level)]
    if (depth < LEAST_DEPTH_M).any() or not np.isfinite(depth).all():
        where = river.at_m[first + int(np.argmax(~(depth >= LEAST_DEPTH_M)))] / 1000
        raise EngineRefused("unstable", f"感潮河段 {where:.1f} km 处在第 {at_s / 3600:.1f} h 水深不足 {LEAST_DEPTH_M:g} m")
