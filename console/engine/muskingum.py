"""Muskingum routing of a reach in equal sub-reaches, with lateral inflow, refused where it is unstable."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.engine.refused import EngineRefused, positive, series_of

Array = NDArray[np.float64]
Place = Literal["top", "middle", "along", "bottom"]
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class ReachFlow:
    """Outflow of a reach.

    outflow_m3s: the inflow's shape, at the same times. storage_m3: (… , n), water in the reach, from the
    Muskingum relation. nodes_m3s: (parts + 1, …), the last flows, from which a run goes on.
    mass_error: |in − out − ΔS| / in over the whole run, worst member. limits: what to say beside it.
    """

    outflow_m3s: Array
    storage_m3: Array
    nodes_m3s: Array
    mass_error: float
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MuskingumFit:
    """K and x found from a flood, with the fit's own error.

    rmse_m3s: of the routed outflow; peak_error: relative; at_bound: x or K ended at its bound.
    volume_ratio: outflow to inflow; far from 1 there is lateral flow that the fit cannot see.
    """

    k_h: float
    x: float
    parts: int
    rmse_m3s: float
    peak_error: float
    volume_ratio: float
    at_bound: bool
    limits: tuple[str, ...]


def coefficients(k_h: float, x: float, dt_h: float) -> tuple[float, float, float]:
    """Return C0, C1, C2 of one sub-reach; their sum is 1.

    Raises:
        EngineRefused: parameter, or unstable where 2Kx ≤ Δt ≤ 2K(1−x) does not hold, saying how many
            sub-reaches would do.

    Source: Chow, Maidment & Mays (1988), (8.4.8)–(8.4.10); domain dossier §7.6.
    """
    _checked(k_h, x, dt_h)
    if not 2 * k_h * x - TOLERANCE <= dt_h <= 2 * k_h * (1 - x) + TOLERANCE:
        raise EngineRefused("unstable", _advice(k_h, x, dt_h))
    return _raw(k_h, x, dt_h)


def stable_parts(k_h: float, x: float, dt_h: float) -> int:
    """Return the least number of sub-reaches, K/n each, that are stable at the step.

    Raises:
        EngineRefused: unstable when no number is: the step must be shorter or x smaller.
    """
    _checked(k_h, x, dt_h)
    low = max(1, math.ceil(2 * k_h * x / dt_h - TOLERANCE))
    if low > 2 * k_h * (1 - x) / dt_h + TOLERANCE:
        raise EngineRefused("unstable", _advice(k_h, x, dt_h))
    return low


def route(
    inflow_m3s: ArrayLike,
    k_h: float,
    x: float,
    dt_h: float,
    *,
    parts: int | None = 1,
    lateral_m3s: ArrayLike | None = None,
    lateral_at: Place = "along",
    first_outflow_m3s: float | None = None,
    nodes_m3s: ArrayLike | None = None,
) -> ReachFlow:
    """Route a hydrograph.

    Args:
        inflow_m3s: (n,) or (members, n), instants Δt apart.
        k_h: storage constant of the whole reach, h. x: weighting of a sub-reach, 0 to 0.5.
        parts: sub-reaches of K/parts; None takes the least stable number.
        lateral_m3s: inflow between, total of the reach, same shape or (n,).
        lateral_at: where it enters; along shares it equally among the sub-reaches' heads.
        first_outflow_m3s: outflow at the first instant; None begins steady with the inflow.
        nodes_m3s: (parts + 1, …) flows carried from an earlier run, in place of first_outflow_m3s.

    Raises:
        EngineRefused: gap, negative, shape, parameter, unstable.
    """
    flow = series_of(inflow_m3s, "入流", ndim=None)
    if flow.ndim not in (1, 2):
        raise EngineRefused("shape", f"入流的维数为 {flow.ndim}")
    n_parts = stable_parts(k_h, x, dt_h) if parts is None else parts
    if n_parts < 1:
        raise EngineRefused("parameter", f"子河段数 {n_parts} 须不小于 1")
    k = k_h / n_parts
    c = coefficients(k, x, dt_h)
    side = np.zeros_like(flow) if lateral_m3s is None else _lateral(lateral_m3s, flow)
    nodes = None if nodes_m3s is None else series_of(nodes_m3s, "河段初始流量", ndim=None)
    if nodes is not None and nodes.shape != (n_parts + 1, *flow.shape[:-1]):
        raise EngineRefused("shape", f"河段初始流量的形状 {nodes.shape} 与 {n_parts} 个子河段不符")
    enters = _shares(n_parts, lateral_at)
    storage = np.zeros_like(flow)
    ends = [flow[..., -1]]
    current = flow
    for j in range(n_parts):
        current = current + enters[j] * side
        start = current[..., 0] if first_outflow_m3s is None else np.full(flow.shape[:-1], first_outflow_m3s, float)
        if nodes is not None:
            start = nodes[j + 1]
        out = _recursion(current, start, c)
        storage += k * 3600.0 * (x * current + (1 - x) * out)
        ends.append(out[..., -1])
        current = out
    current = current + enters[-1] * side
    total = flow + side
    gone = np.trapezoid(total - current, dx=dt_h * 3600.0, axis=-1)
    volume = np.maximum(np.trapezoid(total, dx=dt_h * 3600.0, axis=-1), 1.0)
    error = float(np.max(np.abs(gone - (storage[..., -1] - storage[..., 0])) / volume)) if flow.shape[-1] > 1 else 0.0
    limits = () if nodes is not None or first_outflow_m3s is not None else ("河段初始按恒定流起算",)
    return ReachFlow(current, storage, np.stack(ends), error, limits)


def calibrate(inflow_m3s: ArrayLike, outflow_m3s: ArrayLike, dt_h: float, *, parts: int = 1) -> MuskingumFit:
    """Find K and x of a reach from one flood's inflow and outflow, (n,) each, without lateral inflow.

    Raises:
        EngineRefused: gap, negative, short (fewer than 8 instants or no flood), shape.

    Source: least squares on the routed outflow, started from several K, within 2Kx/n ≤ Δt ≤ 2K(1−x)/n.
    """
    from scipy.optimize import least_squares  # slow to import: not before the first window

    flow, seen = series_of(inflow_m3s, "入流"), series_of(outflow_m3s, "出流")
    positive(dt_h, "时段长")
    if flow.shape != seen.shape:
        raise EngineRefused("shape", f"入流 {len(flow)} 个、出流 {len(seen)} 个")
    if len(flow) < 8 or np.ptp(flow) <= 0.05 * flow.max() or np.ptp(seen) <= 0:
        raise EngineRefused("short", "不足 8 个时刻，或没有可辨认的洪水过程")
    scale = float(np.std(seen))

    def gap(v: Array) -> Array:
        out = flow
        for _ in range(parts):
            out = _recursion(out, seen[0] if parts == 1 else out[0], _raw(v[0] / parts, v[1], dt_h))
        return np.asarray((out - seen) / scale)

    low, high = np.array([0.1 * dt_h * parts, 0.0]), np.array([len(flow) * dt_h, 0.5])
    tries = [np.array([k, 0.2]) for k in np.geomspace(dt_h * parts, len(flow) * dt_h / 4, 4)]
    fits = [least_squares(gap, t, bounds=(low, high), x_scale=(dt_h, 0.1), xtol=1e-12, ftol=1e-12) for t in tries]
    best = min(fits, key=lambda f: float(f.cost))
    k_h, x = float(best.x[0]), float(best.x[1])
    out = gap(best.x) * scale + seen
    limits = ["只由一场洪水确定，须用其他洪水检验"]
    ratio = float(seen.sum() / flow.sum())
    if abs(ratio - 1) > 0.05:
        limits.append(f"出流水量为入流的 {ratio:.2f} 倍，有区间来水或水量损失，K、x 受其影响")
    if not 2 * k_h * x / parts - 1e-6 <= dt_h <= 2 * k_h * (1 - x) / parts + 1e-6:
        limits.append("所得 K、x 在此时段长下不满足稳定条件，演算前须改子河段数")
    at_bound = bool(np.any(best.x <= low + 1e-6) or np.any(best.x >= high - 1e-6))
    peak = float(out.max() / seen.max() - 1.0)
    return MuskingumFit(k_h, x, parts, float(np.sqrt(np.mean((out - seen) ** 2))), peak, ratio, at_bound, tuple(limits))


def _raw(k_h: float, x: float, dt_h: float) -> tuple[float, float, float]:
    d = k_h * (1 - x) + 0.5 * dt_h
    return (0.5 * dt_h - k_h * x) / d, (0.5 * dt_h + k_h * x) / d, (k_h * (1 - x) - 0.5 * dt_h) / d


def _recursion(flow: Array, start: Any, c: tuple[float, float, float]) -> Array:
    """Return out[i] = C0 in[i] + C1 in[i−1] + C2 out[i−1], along the last axis."""
    from scipy.signal import lfilter  # slow to import: not before the first window

    out = np.empty_like(flow)
    out[..., 0] = start
    if flow.shape[-1] > 1:
        held = c[1] * flow[..., :1] + c[2] * out[..., :1]
        out[..., 1:] = lfilter([c[0], c[1]], [1.0, -c[2]], flow[..., 1:], axis=-1, zi=held)[0]
    return out


def _checked(k_h: float, x: float, dt_h: float) -> None:
    positive(k_h, "K")
    positive(dt_h, "时段长")
    if not 0 <= x <= 0.5:
        raise EngineRefused("parameter", f"x = {x:g}，须在 0 到 0.5 之间")


def _advice(k_h: float, x: float, dt_h: float) -> str:
    low, high = math.ceil(2 * k_h * x / dt_h - TOLERANCE), math.floor(2 * k_h * (1 - x) / dt_h + TOLERANCE)
    said = f"K={k_h:g} h、x={x:g}、Δt={dt_h:g} h 不满足 2Kx ≤ Δt ≤ 2K(1−x)"
    return (
        f"{said}；分为 {max(low, 1)} 段可用"
        if max(low, 1) <= high
        else f"{said}；须把时段缩短到 {2 * k_h * (1 - x):.3g} h 以内"
    )


def _lateral(lateral_m3s: ArrayLike, flow: Array) -> Array:
    side = series_of(lateral_m3s, "区间入流", ndim=None)
    if side.shape not in (flow.shape, flow.shape[-1:]):
        raise EngineRefused("shape", f"区间入流 {side.shape} 与入流 {flow.shape} 不符")
    return np.broadcast_to(side, flow.shape)


def _shares(parts: int, at: Place) -> list[float]:
    """Return the share of the lateral inflow that enters at the head of each sub-reach, and at the outlet."""
    if at == "along":
        return [1.0 / parts] * parts + [0.0]
    place = {"top": 0, "middle": parts // 2, "bottom": parts}[at]
    return [1.0 if j == place else 0.0 for j in range(parts + 1)]
