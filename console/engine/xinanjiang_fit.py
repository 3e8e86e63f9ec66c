"""Calibration of the Xinanjiang model: a screened start, then bounded least squares with a batched Jacobian.

All parameter sets of an iteration are run side by side as members, so a Jacobian costs little more than a run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.engine.refused import EngineRefused, series_of
from console.engine.xinanjiang import Parameters, Units, run, with_values

Array = NDArray[np.float64]
BOUNDS: dict[str, tuple[float, float]] = {
    "kc": (0.3, 1.5), "um": (5.0, 40.0), "lm": (40.0, 100.0), "dm": (15.0, 120.0), "c": (0.02, 0.3), "b": (0.1, 0.6),
    "sm": (1.0, 100.0), "ex": (0.8, 2.0), "ki": (0.05, 0.65), "cs": (0.01, 0.9), "ci": (0.1, 0.95), "cg": (0.95, 0.998),
}  # fmt: skip
"""Twelve parameters. Source: ranges of the domain dossier §7.10, widened where the published Chengcun set lies on
or outside them (UM 20, DM 40, EX 1.5, KC 0.93); a value found at a bound is reported."""
LEAKAGE = 0.7  # KI + KG per day: free water drains in about three days (Zhao 1992)
SCREEN = 160
STEP = 1e-3  # of the range, for the Jacobian
EDGE = 5e-3  # of the range: nearer than this counts as at the bound
Cancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The set found, and how far it may be trusted.

    dc: deterministic coefficient over the fitted period after warm-up; rmse_m3s; bias_percent (positive:
    the model gives too much). sd: standard error of each parameter by linearisation, in its own unit.
    at_bound: parameters that ended at their bound. loose: parameters whose standard error exceeds a
    quarter of their range: the record does not determine them. stopped: cancelled or out of time;
    the best so far is given. Errors are those of the fitted period: a check on years left out is for the caller.
    """

    parameters: Parameters
    values: Mapping[str, float]
    sd: Mapping[str, float]
    dc: float
    rmse_m3s: float
    bias_percent: float
    at_bound: tuple[str, ...]
    loose: tuple[str, ...]
    runs: int
    seconds: float
    stopped: bool
    limits: tuple[str, ...]


class _Stop(Exception):
    pass


@dataclass(slots=True, eq=False)
class _Search:
    """The record, and the best set found so far."""

    units: Units
    start: Parameters
    rain: Array
    pan: Array
    dt_h: float
    observed: Array
    used: NDArray[np.bool_]
    names: tuple[str, ...]
    low: Array
    width: Array
    leakage: float | None
    cancelled: Cancelled
    ends: float
    runs: int = 0
    best: Array | None = None
    best_cost: float = np.inf

    def parameters(self, place: Array) -> Parameters:
        """Return the sets for places (members, names) in 0..1, as members."""
        values = self.low + place * self.width
        named: dict[str, float | Array] = {name: values[:, [j]] for j, name in enumerate(self.names)}
        if self.leakage is not None and "ki" in named and "kg" not in named:
            named["kg"] = np.maximum(self.leakage - named["ki"], 0.0)
        return with_values(self.start, named)

    def residuals(self, place: Array, last: int | None = None) -> Array:
        """Return model − observed, (members, used steps), of the first `last` steps."""
        if self._over():
            raise _Stop
        n = len(self.observed) if last is None else last
        try:
            got = run(self.units, self.parameters(place), self.rain[:n], self.pan[:n], self.dt_h, cancelled=self._over)
        except EngineRefused as exc:
            if exc.code == "cancelled":
                raise _Stop from exc
            raise
        self.runs += len(place)
        used = self.used[:n]
        rest = got.flow_m3s[:, used] - self.observed[:n][used]
        cost = (rest**2).sum(axis=1)
        if last is None and cost.min() < self.best_cost:
            self.best_cost, self.best = float(cost.min()), place[int(cost.argmin())].copy()
        return np.asarray(rest)

    def _over(self) -> bool:
        return time.perf_counter() > self.ends or self.cancelled()

    def value_and_slope(self, place: Array) -> tuple[Array, Array]:
        """Return residuals and their Jacobian by one-sided differences, all members in one run."""
        signs = np.where(place + STEP <= 1.0, STEP, -STEP)
        rest = self.residuals(np.vstack([place, place + np.diag(signs)]))
        return rest[0], ((rest[1:] - rest[0]) / signs[:, None]).T


def calibrate(
    units: Units,
    rain_mm: ArrayLike,
    pan_mm: ArrayLike,
    dt_h: float,
    observed_m3s: ArrayLike,
    start: Parameters | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    *,
    leakage: float | None = LEAKAGE,
    warmup: int = 0,
    seed: int = 1992,
    limit_s: float = 30.0,
    cancelled: Cancelled = lambda: False,
) -> Calibration:
    """Fit parameters to a flow record by least squares.

    Args:
        rain_mm: (n,) or (n, units). pan_mm: (n,) or (n, units). Without gaps.
        observed_m3s: (n,), at the end of each step; NaN where not observed, such steps are left out.
        start: values of the parameters that are not fitted.
        bounds: name → (low, high) of those that are; None fits the twelve of BOUNDS.
        leakage: KG = leakage − KI while KI is fitted and KG is not; None leaves KG as in start.
        warmup: steps at the beginning that are run but not compared.
        limit_s: wall time; at its end the best so far is returned and marked stopped.

    Raises:
        EngineRefused: fewer than 10 observations per parameter, unusable bounds or input, or cancelled
            before any full run.
    """
    began = time.perf_counter()
    search = _prepared(units, rain_mm, pan_mm, dt_h, observed_m3s, start or Parameters(), bounds or BOUNDS, warmup)
    search.leakage, search.cancelled, search.ends = leakage, cancelled, began + limit_s
    slope, stopped = None, False
    try:
        slope = _descend(search, seed)
    except _Stop:
        stopped = True
    if search.best is None:
        raise EngineRefused("cancelled", "率定在第一次完整计算前已取消")
    return _outcome(search, slope, time.perf_counter() - began, stopped)


def _prepared(
    units: Units,
    rain_mm: ArrayLike,
    pan_mm: ArrayLike,
    dt_h: float,
    observed_m3s: ArrayLike,
    start: Parameters,
    bounds: Mapping[str, tuple[float, float]],
    warmup: int,
) -> _Search:
    rain, pan = series_of(rain_mm, "降雨量", ndim=None), series_of(pan_mm, "蒸发量", ndim=None)
    if rain.ndim > 2:
        raise EngineRefused("shape", "率定的降雨量须为（时段）或（时段，单元）")
    observed = np.asarray(observed_m3s, float)
    if observed.shape != (len(rain),):
        raise EngineRefused("shape", f"实测流量 {observed.shape} 与降雨 {len(rain)} 个时段不符")
    used = np.isfinite(observed)
    series_of(observed[used], "实测流量")
    used[:warmup] = False
    names = tuple(bounds)
    low, high = np.array([bounds[n][0] for n in names], float), np.array([bounds[n][1] for n in names], float)
    if not (np.isfinite(low) & np.isfinite(high) & (low < high)).all():
        raise EngineRefused("parameter", "参数范围的下限须小于上限")
    if used.sum() < 10 * len(names):
        raise EngineRefused(
            "short", f"可比较的实测流量只有 {int(used.sum())} 个，{len(names)} 个参数至少要 {10 * len(names)} 个"
        )
    if np.ptp(observed[used]) == 0:
        raise EngineRefused("short", "实测流量没有变化，不能率定")
    nothing: Cancelled = lambda: False  # noqa: E731  # replaced by the caller's
    return _Search(units, start, rain, pan, dt_h, observed, used, names, low, high - low, None, nothing, np.inf)


def _descend(search: _Search, seed: int) -> Array:
    """Screen a scatter of sets on part of the record, then descend from the best; return the last Jacobian."""
    from scipy.optimize import least_squares
    from scipy.stats import qmc

    places = qmc.LatinHypercube(len(search.names), rng=np.random.default_rng(seed)).random(SCREEN)
    after = int(np.argmax(search.used))
    part = min(len(search.observed), after + max(400, (len(search.observed) - after) // 6))
    rest = search.residuals(places, part)
    first = np.clip(places[int((rest**2).sum(axis=1).argmin())], 0.02, 0.98)
    held: dict[bytes, tuple[Array, Array]] = {}

    def both(place: Array) -> tuple[Array, Array]:
        key = place.tobytes()
        if key not in held:
            held.clear()
            held[key] = search.value_and_slope(place)
        return held[key]

    scale = float(np.std(search.observed[search.used]))
    found = least_squares(
        lambda x: both(x)[0] / scale,
        first,
        jac=lambda x: both(x)[1] / scale,
        bounds=(0.0, 1.0),
        xtol=1e-7,
        ftol=1e-9,
        max_nfev=60,
    )
    return np.asarray(both(found.x)[1])


def _outcome(search: _Search, slope: Array | None, seconds: float, stopped: bool) -> Calibration:
    best = search.best
    if best is None:
        raise EngineRefused("cancelled", "没有可用的率定结果")
    observed = search.observed[search.used]
    values = search.low + best * search.width
    sd = np.full(len(values), np.inf)
    if slope is not None:
        free = max(len(observed) - len(values), 1)
        cov = np.linalg.pinv(slope.T @ slope) * (search.best_cost / free)
        sd = np.sqrt(np.maximum(np.diag(cov), 0.0)) * search.width
    whole = replace(search, cancelled=lambda: False, ends=np.inf)
    rest = whole.residuals(best[None])[0]
    sets = search.parameters(best[None])
    limits = ["误差为率定期的误差，须用未参加率定的年份检验"]
    if stopped:
        limits.append("率定未完成（取消或超时），所列为当时最优")
    single = {n: float(np.asarray(getattr(sets, n)).flat[0]) for n in (*search.names, "kg")}
    return Calibration(
        parameters=with_values(search.start, {**single}),
        values=dict(zip(search.names, values.tolist(), strict=True)),
        sd=dict(zip(search.names, sd.tolist(), strict=True)) if slope is not None else {},
        dc=1.0 - search.best_cost / float(((observed - observed.mean()) ** 2).sum()),
        rmse_m3s=float(np.sqrt(search.best_cost / len(observed))),
        bias_percent=100.0 * float(rest.sum()) / float(observed.sum()),
        at_bound=tuple(n for n, x in zip(search.names, best.tolist(), strict=True) if not EDGE < x < 1 - EDGE),
        loose=tuple(n for n, s, w in zip(search.names, sd.tolist(), search.width.tolist(), strict=True) if s > w / 4)
        if slope is not None
        else (),
        runs=search.runs,
        seconds=seconds,
        stopped=stopped,
        limits=tuple(limits),
    )
