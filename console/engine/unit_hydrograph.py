"""Unit hydrographs and the simple runoff fallback: Nash, SCS triangle, curve number, antecedent index Pa."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.engine.refused import EngineRefused, positive, series_of

Array = NDArray[np.float64]
TAIL = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class UnitHydrograph:
    """Share of a step's net rain that leaves in each step, (k,); tail: the share that comes later than the last."""

    share: Array
    dt_h: float
    tail: float
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class DirectRunoff:
    """Flow (m³/s) at the end of each step.

    unseen: share of the net rain that leaves after the last ordinate given. limits: to be said beside it.
    """

    flow_m3s: Array
    peak_m3s: float
    peak_step: int
    unseen: float
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AntecedentIndex:
    """Pa at the beginning of each day and after the last, (n + 1,), mm; capped: days on which Im cut it."""

    pa_mm: Array
    capped: int
    limits: tuple[str, ...]


def nash(n: float, k_h: float, dt_h: float, steps: int | None = None) -> UnitHydrograph:
    """Return the unit hydrograph of n equal linear reservoirs, as the difference of the S-curve.

    Args:
        n: number of reservoirs, need not be whole. k_h: storage constant of each, h.
        steps: ordinates; None takes as many as leave a tail under 1e-4.

    Raises:
        EngineRefused: a parameter that is not positive, or more than 20000 ordinates.

    Source: Nash (1957); S(t) = P(n, t/K), the regularised incomplete gamma function.
    """
    from scipy.special import gammainc, gammaincinv  # slow to import: not before the first window

    for value, name in ((n, "n"), (k_h, "K"), (dt_h, "时段长")):
        positive(value, name)
    count = math.ceil(float(gammaincinv(n, 1 - TAIL)) * k_h / dt_h) if steps is None else steps
    if not 1 <= count <= 20000:
        raise EngineRefused("parameter", f"单位线有 {count} 个时段，n={n:g}、K={k_h:g} h 与时段长 {dt_h:g} h 不相称")
    s = gammainc(n, np.arange(count + 1) * dt_h / k_h)
    return UnitHydrograph(np.diff(s), dt_h, float(1 - s[-1]), f"Nash n={n:g} K={k_h:g} h")


def scs_triangle(lag_h: float, dt_h: float) -> UnitHydrograph:
    """Return the triangular unit hydrograph of a step's rain.

    Args:
        lag_h: from the middle of the rain to the peak, h; about 0.6 of the time of concentration.

    Raises:
        EngineRefused: a parameter that is not positive, or a step longer than the lag.

    Source: NRCS National Engineering Handbook, part 630, ch. 16: Tp = D/2 + L, base 2.67 Tp.
    """
    positive(lag_h, "滞时")
    positive(dt_h, "时段长")
    if dt_h > lag_h:
        raise EngineRefused("unstable", f"时段 {dt_h:g} h 长于滞时 {lag_h:g} h，洪峰会被削平，须用更短的时段")
    rise = dt_h / 2 + lag_h
    base = 8.0 / 3.0 * rise
    t = np.minimum(np.arange(math.ceil(base / dt_h) + 1) * dt_h, base)
    up, down = t**2 / (rise * base), 1.0 - (base - t) ** 2 / (base * (base - rise))
    return UnitHydrograph(np.diff(np.where(t <= rise, up, down)), dt_h, 0.0, f"SCS 三角形 L={lag_h:g} h")


def direct_runoff(net_rain_mm: ArrayLike, uh: UnitHydrograph, area_km2: float, steps: int | None = None) -> DirectRunoff:
    """Convolve net rain with a unit hydrograph.

    Args:
        net_rain_mm: (m,), mm per step of the unit hydrograph.
        steps: length of the answer; None gives all of it.

    Raises:
        EngineRefused: gap, negative, parameter.

    Source: Q = Σ hᵢ·u·F/(3.6Δt), F km², Δt h.
    """
    net = series_of(net_rain_mm, "净雨")
    positive(area_km2, "面积")
    whole = np.convolve(net, uh.share)
    flow = whole if steps is None else np.concatenate([whole, np.zeros(max(0, steps - len(whole)))])[:steps]
    unseen = 1.0 - float(flow.sum()) / float(net.sum()) if net.sum() > 0 else 0.0
    flow = flow * area_km2 / (3.6 * uh.dt_h)
    limits = ["线性汇流：单位线不随雨强变化"]
    if unseen > 1e-3:
        limits.append(f"{unseen:.1%} 的净雨在所列时段之后流出")
    at = int(flow.argmax())
    return DirectRunoff(flow, float(flow[at]), at, max(unseen, 0.0), tuple(limits))


def antecedent_index(
    rain_mm: ArrayLike, k: float | ArrayLike, im_mm: float, start_mm: float, runoff_mm: ArrayLike | None = None
) -> AntecedentIndex:
    """Return the antecedent rain index day by day.

    Args:
        rain_mm: (n,), daily. k: daily recession, over 0 to 1, one or (n,). im_mm: cap, the basin's WM.
        start_mm: Pa of the first day, 0 to Im. runoff_mm: (n,), subtracted on days that gave runoff.

    Raises:
        EngineRefused: gap, negative, parameter, shape, or runoff larger than Pa + P of its day.

    Source: Pa′ = K(Pa + P − R), at most Im; domain dossier §7.2.
    """
    rain = series_of(rain_mm, "日雨量")
    positive(im_mm, "Im")
    keep = series_of(np.broadcast_to(np.asarray(k, float), rain.shape), "K")
    runoff = np.zeros_like(rain) if runoff_mm is None else series_of(runoff_mm, "日径流深")
    if runoff.shape != rain.shape:
        raise EngineRefused("shape", f"日雨量 {len(rain)} 天，径流深 {len(runoff)} 天")
    if not ((keep > 0) & (keep <= 1)).all() or not 0 <= start_mm <= im_mm:
        raise EngineRefused("parameter", f"K 须在 0 到 1 之间，起始 Pa={start_mm:g} 须在 0 到 Im={im_mm:g} 之间")
    pa, capped = [float(start_mm)], 0
    for i, (p, r, kk) in enumerate(zip(rain.tolist(), runoff.tolist(), keep.tolist(), strict=True)):
        if r > pa[-1] + p:
            raise EngineRefused("parameter", f"第 {i + 1} 天径流深 {r:g} mm 大于 Pa + P = {pa[-1] + p:g} mm")
        nxt = kk * (pa[-1] + p - r)
        capped += nxt > im_mm
        pa.append(min(nxt, im_mm))
    limits = (f"有 {capped} 天被 Im 截断，其间应有产流而未扣除",) if capped and runoff_mm is None else ()
    return AntecedentIndex(np.array(pa), capped, limits)


def curve_number_net_mm(rain_mm: ArrayLike, cn: float, loss_share: float = 0.2) -> Array:
    """Return net rain of each step by the curve number: the fallback where no basin parameters are known.

    Args:
        rain_mm: (n,), mm per step, one storm. cn: 30 to 100. loss_share: initial loss Ia = loss_share·S.

    Raises:
        EngineRefused: gap, negative, parameter.

    Source: NRCS NEH 630 ch. 10: S = 25400/CN − 254 mm, R = (P − Ia)²/(P − Ia + S).
    """
    rain = series_of(rain_mm, "降雨量")
    if not 30 <= cn <= 100 or not 0 <= loss_share <= 0.5:
        raise EngineRefused("parameter", f"CN={cn:g} 须在 30 到 100 之间，初损比 {loss_share:g} 须在 0 到 0.5 之间")
    s = 25400.0 / cn - 254.0
    over = np.maximum(np.cumsum(rain) - loss_share * s, 0.0)
    total = np.divide(over**2, over + s, out=np.zeros_like(over), where=over > 0)
    return np.asarray(np.diff(total, prepend=0.0))


def saturation_net_mm(rain_mm: ArrayLike, pa_mm: float, im_mm: float) -> Array:
    """Return net rain of each step once the deficit Im − Pa is filled (蓄满产流 in its simplest form).

    Raises:
        EngineRefused: gap, negative, or Pa outside 0..Im.
    """
    rain = series_of(rain_mm, "降雨量")
    if not (math.isfinite(im_mm) and im_mm > 0 and 0 <= pa_mm <= im_mm):
        raise EngineRefused("parameter", f"Pa={pa_mm:g} 须在 0 到 Im={im_mm:g} 之间")
    return np.asarray(np.diff(np.maximum(np.cumsum(rain) - (im_mm - pa_mm), 0.0), prepend=0.0))
