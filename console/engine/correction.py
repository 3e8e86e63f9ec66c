"""Real-time correction of a forecast by its own recent errors: AR(p), or a Kalman filter of an AR(1) error.

The correction fades with lead time as the errors' memory does; it never adds anything that was not observed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.engine.refused import EngineRefused, series_of

Array = NDArray[np.float64]
ORDER_MAX = 4
EDGE = 0.995  # a memory longer than this is cut: the correction would never fade
NORMAL_90 = 1.6449
SHORTEST = 10  # errors per coefficient


@dataclass(frozen=True, slots=True, eq=False)
class ErrorModel:
    """e_t = Σ φᵢ e_{t−i} + w. phi: (p,); sigma_m3s: sd of w; n: equations fitted; gain: share of the error's
    variance that one step ahead removes, in the fitted period. limits: to be said beside it.
    """

    phi: Array
    sigma_m3s: float
    n: int
    gain: float
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """A corrected forecast, (h,) each, m³/s; lead 1 is the first step after the last simulated observation time.

    correction_m3s: what was added. low, high: 90 % band of the correction's own error if errors go on as in
    the fitted period: rain and model errors that grow with lead time are not in it.
    floored: steps at which the corrected flow would have been negative and was set to 0.
    """

    flow_m3s: Array
    correction_m3s: Array
    low_m3s: Array
    high_m3s: Array
    floored: int
    limits: tuple[str, ...]


def fit_errors(simulated_m3s: ArrayLike, observed_m3s: ArrayLike, order: int = 1) -> ErrorModel:
    """Fit the errors observed − simulated, (n,) each; NaN in the observations breaks the equations it is in.

    Raises:
        EngineRefused: shape, gap (in the simulation), parameter, short.

    Source: least squares on e; roots outside the unit circle are needed for the correction to fade.
    """
    if not 1 <= order <= ORDER_MAX:
        raise EngineRefused("parameter", f"阶数 {order} 须在 1 到 {ORDER_MAX} 之间")
    error = _errors(simulated_m3s, observed_m3s)
    rows = np.lib.stride_tricks.sliding_window_view(error, order + 1) if len(error) > order else np.empty((0, order + 1))
    rows = rows[np.isfinite(rows).all(axis=1)]
    if len(rows) < SHORTEST * order:
        raise EngineRefused("short", f"连续的误差只有 {len(rows)} 组，{order} 阶至少要 {SHORTEST * order} 组")
    past, now = rows[:, -2::-1], rows[:, -1]
    phi: Array = np.asarray(np.linalg.lstsq(past, now, rcond=None)[0], float)
    limits = []
    longest = _memory(phi)
    if longest > EDGE:
        phi = np.asarray(phi * (EDGE / longest) ** np.arange(1, order + 1), float)  # scales every root by the same factor
        limits.append("误差几乎不衰减，已限制其记忆；模型可能有系统偏差，应先率定")
    rest = now - past @ phi
    sigma = float(np.sqrt((rest**2).sum() / max(len(rows) - order, 1)))
    total = float((now**2).sum())
    gain = 1.0 - float((rest**2).sum()) / total if total > 0 else 0.0
    if gain < 0.2:
        limits.append("误差没有明显的持续性，实时校正作用不大")
    return ErrorModel(phi, sigma, len(rows), gain, tuple(limits))


def correct(model: ErrorModel, simulated_m3s: ArrayLike, observed_m3s: ArrayLike) -> Corrected:
    """Correct a simulation beyond its last observation by the AR model.

    Args:
        simulated_m3s: (n + h,), past and forecast. observed_m3s: (n,), the last p must be there.

    Raises:
        EngineRefused: gap where the last observations are missing (use kalman), shape, negative.
    """
    ahead, error = _ahead(simulated_m3s, observed_m3s)
    p = len(model.phi)
    if len(error) < p or not np.isfinite(error[-p:]).all():
        raise EngineRefused("gap", f"起报前 {p} 个时刻的实测不全，不能作 {p} 阶校正，可用卡尔曼滤波")
    held = error[-p:][::-1].copy()
    impulse, spread = np.zeros(p), np.empty(len(ahead))
    impulse[0] = 1.0
    fix, total = np.empty(len(ahead)), 0.0
    for i in range(len(ahead)):
        fix[i] = float(model.phi @ held)
        held = np.concatenate([[fix[i]], held[:-1]])
        total += impulse[0] ** 2
        spread[i] = model.sigma_m3s * np.sqrt(total)
        impulse = np.concatenate([[float(model.phi @ impulse)], impulse[:-1]])
    return _finished(ahead, fix, spread, model.limits)


def kalman(model: ErrorModel, simulated_m3s: ArrayLike, observed_m3s: ArrayLike, measured_share: float = 0.05) -> Corrected:
    """Correct by a Kalman filter of the error's first-order part; missing observations only let it fade.

    Args:
        model: its first coefficient and sigma are used; must be of order 1.
        simulated_m3s: (n + h,). observed_m3s: (n,), NaN where missing.
        measured_share: standard error of a discharge measurement, relative to it.

    Raises:
        EngineRefused: shape, gap, parameter (order, or an error share not positive), short (nothing observed).

    Source: scalar Kalman filter: e⁻ = φe, P⁻ = φ²P + σ²; K = P⁻/(P⁻ + R), R = (share·Q_obs)².
    """
    if len(model.phi) != 1:
        raise EngineRefused("parameter", "卡尔曼滤波只用一阶误差模型")
    if not (np.isfinite(measured_share) and measured_share > 0):
        raise EngineRefused("parameter", f"测流误差 {measured_share:g} 须为正")
    ahead, error = _ahead(simulated_m3s, observed_m3s)
    observed = np.asarray(observed_m3s, float)
    if not np.isfinite(error).any():
        raise EngineRefused("short", "没有实测，不能校正")
    phi, q = float(model.phi[0]), model.sigma_m3s**2
    e, var = 0.0, q / (1.0 - phi**2)
    since = 0
    for d, seen in zip(error.tolist(), observed.tolist(), strict=True):
        e, var = phi * e, phi**2 * var + q
        since += 1
        if np.isfinite(d):
            gain = var / (var + max((measured_share * seen) ** 2, 1e-12))
            e, var, since = e + gain * (d - e), (1.0 - gain) * var, 0
    lead = np.arange(1, len(ahead) + 1)
    spread = np.empty(len(ahead))
    for i in range(len(ahead)):
        var = phi**2 * var + q
        spread[i] = np.sqrt(var)
    limits = [*model.limits, *([f"最近 {since} 个时刻没有实测"] if since else [])]
    return _finished(ahead, np.asarray(e * phi**lead, float), spread, tuple(limits))


def _errors(simulated_m3s: ArrayLike, observed_m3s: ArrayLike) -> Array:
    simulated, observed = series_of(simulated_m3s, "模拟流量"), np.asarray(observed_m3s, float)
    if observed.ndim != 1 or len(observed) > len(simulated):
        raise EngineRefused("shape", f"实测 {observed.shape} 长于模拟 {simulated.shape}")
    seen = observed[np.isfinite(observed)]
    if seen.size:
        series_of(seen, "实测流量")
    return observed - simulated[: len(observed)]


def _ahead(simulated_m3s: ArrayLike, observed_m3s: ArrayLike) -> tuple[Array, Array]:
    error = _errors(simulated_m3s, observed_m3s)
    ahead = np.asarray(simulated_m3s, float)[len(error) :]
    if len(ahead) == 0:
        raise EngineRefused("short", "没有预见期可校正")
    return ahead, error


def _memory(phi: Array) -> float:
    """Return the largest root of z^p − φ₁z^{p−1} − …, by size: errors fade by it every step in the end."""
    return float(np.abs(np.roots(np.concatenate([[1.0], -phi]))).max()) if np.any(phi) else 0.0


def _finished(ahead: Array, fix: Array, spread: Array, limits: tuple[str, ...]) -> Corrected:
    raw = ahead + fix
    flow = np.maximum(raw, 0.0)
    floored = int((raw < 0).sum())
    said = (*limits, "区间只含误差模型本身的误差，不含预见期降雨的误差") + (
        (f"{floored} 个时段校正后为负，取 0",) if floored else ()
    )
    return Corrected(
        flow, flow - ahead, np.maximum(raw - NORMAL_90 * spread, 0.0), np.maximum(raw + NORMAL_90 * spread, 0.0), floored, said
    )
