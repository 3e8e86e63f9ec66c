"""Xinanjiang three-source rainfall–runoff model over unit areas and ensemble members (新安江三水源模型).

The column is in xinanjiang_column; here are parameters, state, routing and the run.
Conventions that textbooks differ in are options of Conventions; the defaults meet the Chengcun example.

Source: Zhao Renjun (1992), J. Hydrology 135:371–381; sub-daily steps as in the domain dossier §7.10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.engine.refused import EngineRefused, positive, series_of
from console.engine.xinanjiang_column import Column, Fluxes, Soil, split_outflow, step

Array = NDArray[np.float64]
RANGES = {  # what the formulas stand, not what is likely
    "kc": (0.0, 3.0), "um": (0.1, 200.0), "lm": (1.0, 400.0), "dm": (0.1, 500.0), "c": (0.0, 1.0), "b": (0.0, 3.0),
    "im": (0.0, 0.9), "sm": (0.1, 500.0), "ex": (0.1, 5.0), "ki": (0.0, 0.99), "kg": (0.0, 0.99), "cs": (0.0, 0.9999),
    "ci": (0.0, 0.9999), "cg": (0.0, 0.99999), "ke_h": (0.0, 2400.0), "xe": (0.0, 0.5),
}  # fmt: skip
TERMS = ("evaporation", "runoff", "surface", "interflow", "ground", "net_rain")


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """One parameter set; every field a number or an array that broadcasts to (members, units).

    kc pan ratio; um, lm, dm capacities of the layers, mm; c deep evaporation; b exponent of the
    tension curve; im impervious share; sm free-water capacity, mm; ex its exponent; ki, kg daily
    outflow of free water; cs, ci, cg daily recession of surface, interflow and groundwater; ke_h
    Muskingum travel time, h (less than a step: none), xe its weighting.
    """

    kc: float | Array = 0.9
    um: float | Array = 20.0
    lm: float | Array = 70.0
    dm: float | Array = 40.0
    c: float | Array = 0.15
    b: float | Array = 0.3
    im: float | Array = 0.01
    sm: float | Array = 30.0
    ex: float | Array = 1.5
    ki: float | Array = 0.4
    kg: float | Array = 0.3
    cs: float | Array = 0.2
    ci: float | Array = 0.7
    cg: float | Array = 0.98
    ke_h: float | Array = 0.0
    xe: float | Array = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Unit areas, shape (u,): km² and the lag of the channel, h (0: none).

    surface_uh: share of surface runoff that leaves in each step, sum 1, in place of the reservoir CS.
    """

    area_km2: Array
    lag_h: Array
    surface_uh: Array | None = None

    @classmethod
    def of(cls, area_km2: ArrayLike, lag_h: ArrayLike = 0.0, surface_uh: ArrayLike | None = None) -> Units:
        """Take the areas, checked.

        Raises:
            EngineRefused: an area not positive, a negative lag, ordinates that do not sum to 1 within 1e-3.
        """
        area = series_of(np.atleast_1d(np.asarray(area_km2, float)), "单元面积")
        if (area <= 0).any():
            raise EngineRefused("parameter", f"第 {int(np.argmin(area)) + 1} 个单元面积须为正数")
        lag = series_of(np.broadcast_to(np.asarray(lag_h, float), area.shape), "滞时")
        if surface_uh is None:
            return cls(area, lag)
        uh = series_of(surface_uh, "地面径流单位线")
        if abs(uh.sum() - 1.0) > 1e-3:
            raise EngineRefused("parameter", f"地面径流单位线之和为 {uh.sum():.4f}，应为 1")
        return cls(area, lag, uh / uh.sum())


@dataclass(frozen=True, slots=True)
class Conventions:
    """Choices in which textbooks differ.

    wmm_over_im: WMM = WM(1+B)/(1−IM), else WM(1+B). free_by_area: free-water capacity varies with the
    runoff-producing area, else SM throughout.
    """

    wmm_over_im: bool = True
    free_by_area: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """All that a run carries on. Shapes (members, units), mm or m³/s; waiting: (steps, members, units).

    surface_wait: surface runoff on its way through the unit hydrograph; lag_wait: flow within the lag;
    reach: (nodes, members, units), last flow at each Muskingum node, empty without sub-reaches.
    """

    wu: Array
    wl: Array
    wd: Array
    s: Array
    fr: Array
    qs: Array
    qi: Array
    qg: Array
    surface_wait: Array
    lag_wait: Array
    reach: Array

    @classmethod
    def moist(
        cls, members: int, units: int, wu: float | Array = 10.0, wl: float | Array = 30.0, wd: float | Array = 20.0
    ) -> State:
        """Return a state with this tension water (mm, one or by unit) and no flow: let a warm-up of 60–90 days forget it."""
        flat = np.zeros((members, units))
        empty = np.zeros((0, members, units))
        return cls(flat + wu, flat + wl, flat + wd, flat, flat, flat, flat, flat, empty, empty, empty)


@dataclass(frozen=True, slots=True, eq=False)
class RunoffResult:
    """What a run gave.

    flow_m3s: (members, n), sum of the units. unit_flow_m3s: (members, n, units) when kept, else None.
    terms: mm per step, (members, n, units), when kept. state: at the end.
    balance_error_mm: largest |P − E − R − ΔW| of any step, column and member (rounding).
    limits: what must be said beside the figures.
    """

    flow_m3s: Array
    unit_flow_m3s: Array | None
    terms: dict[str, Array]
    state: State
    balance_error_mm: float
    limits: tuple[str, ...]


def run(
    units: Units,
    parameters: Parameters,
    rain_mm: ArrayLike,
    pan_mm: ArrayLike,
    dt_h: float,
    start: State | None = None,
    conventions: Conventions | None = None,
    *,
    keep: bool = False,
    cancelled: Callable[[], bool] | None = None,
) -> RunoffResult:
    """Run the model.

    Args:
        rain_mm: (n,), (n, units) or (members, n, units), mm per step.
        pan_mm: pan evaporation, (n,) or (n, units), mm per step.
        dt_h: hours per step; 1, 6 and 24 are usual.
        start: None begins with State.moist.
        keep: keep each unit's flow and the terms.
        cancelled: asked now and then; true ends the run.

    Raises:
        EngineRefused: gap, negative, shape, parameter, unstable (Muskingum of the units), cancelled.
    """
    positive(dt_h, "时段长")
    count = len(units.area_km2)
    rain, pan = _forcing(rain_mm, pan_mm, count)
    members = np.broadcast_shapes((rain.shape[1], 1), *(np.shape(np.atleast_2d(v)) for v in _values(parameters)))[0]
    p = _flat(parameters, members, count)
    state = start or State.moist(members, count)
    limits = _check(p, state, (members, count), dt_h, warmed=start is not None)
    soil, column = _soil(p, dt_h, conventions or Conventions()), _column(state, p)
    routing = _Routing(units, p, state, dt_h, members)
    flow = np.empty((len(rain), members))
    kept: dict[str, list[Array]] = {name: [] for name in (*TERMS, "flow")} if keep else {}
    worst = 0.0
    by_area = (conventions or Conventions()).free_by_area
    for i, (rain_now, pan_now) in enumerate(zip(rain, pan, strict=True)):
        if cancelled is not None and i % 100 == 0 and cancelled():
            raise EngineRefused("cancelled", "计算已取消")
        fallen = np.broadcast_to(rain_now, (members, count)).ravel()
        before = column.wu + column.wl + column.wd + column.s * column.fr
        got = step(column, soil, fallen, p["kc"] * np.broadcast_to(pan_now, (members, count)).ravel(), by_area=by_area)
        after = column.wu + column.wl + column.wd + column.s * column.fr
        gone = got.evaporation + got.surface + got.interflow + got.ground
        worst = max(worst, float(np.abs(fallen - gone - (after - before)).max()))
        out = routing.step(got).reshape(members, count)
        flow[i] = out.sum(axis=1)
        for name in kept:
            kept[name].append(out if name == "flow" else getattr(got, name).reshape(members, count))
    terms = {name: np.stack(rows, axis=1) for name, rows in kept.items()}
    return RunoffResult(flow.T, terms.pop("flow", None), terms, routing.state(column), worst, limits)


def band(flow_m3s: Array, shares: tuple[float, ...] = (0.1, 0.5, 0.9)) -> Array:
    """Return quantiles over the members, shape (len(shares), n): the spread of the inputs, not the model's error."""
    return np.asarray(np.quantile(series_of(flow_m3s, "集合", ndim=2), shares, axis=0))


def _forcing(rain_mm: ArrayLike, pan_mm: ArrayLike, units: int) -> tuple[Array, Array]:
    """Return rain (n, members, units or 1) and pan evaporation (n, 1, units or 1)."""
    rain = series_of(rain_mm, "降雨量", ndim=None)
    rain = rain[None, :, None] if rain.ndim == 1 else rain[None] if rain.ndim == 2 else rain
    pan = series_of(pan_mm, "蒸发量", ndim=None)
    pan = pan[:, None, None] if pan.ndim == 1 else pan[:, None, :]
    if rain.ndim != 3 or rain.shape[2] not in (1, units) or pan.ndim != 3 or pan.shape[2] not in (1, units):
        raise EngineRefused("shape", f"降雨 {rain.shape}、蒸发 {pan.shape} 与 {units} 个单元不符")
    if len(pan) != rain.shape[1]:
        raise EngineRefused("shape", f"降雨 {rain.shape[1]} 个时段，蒸发 {len(pan)} 个时段")
    return np.moveaxis(rain, 1, 0), pan


def _values(parameters: Parameters) -> list[float | Array]:
    return [getattr(parameters, f.name) for f in fields(parameters)]


def _flat(parameters: Parameters, members: int, units: int) -> dict[str, Array]:
    """Return every parameter as a flat array, checked against what the formulas stand."""
    out = {}
    for f in fields(parameters):
        try:
            value = np.broadcast_to(np.asarray(getattr(parameters, f.name), float), (members, units)).ravel()
        except ValueError as exc:
            raise EngineRefused("shape", f"参数 {f.name} 的个数与 {members} 个成员、{units} 个单元不符") from exc
        low, high = RANGES[f.name]
        if not ((value >= low) & (value <= high)).all():
            raise EngineRefused("parameter", f"参数 {f.name} 须在 {low:g} 到 {high:g} 之间")
        out[f.name] = value
    if (out["ki"] + out["kg"] >= 1.0).any():
        raise EngineRefused("parameter", "KI + KG 须小于 1")
    return out


def _check(p: dict[str, Array], state: State, shape: tuple[int, int], dt_h: float, *, warmed: bool) -> tuple[str, ...]:
    for name in ("wu", "wl", "wd", "s", "fr", "qs", "qi", "qg"):
        value = series_of(getattr(state, name), f"初始状态 {name}", ndim=2)
        if np.broadcast_shapes(value.shape, shape) != shape:
            raise EngineRefused("shape", f"初始状态 {name} 的形状 {value.shape} 与 {shape} 不符")
    limits = [] if warmed else ["初始状态为设定值，未经预热，前 60–90 天的结果受其影响"]
    if dt_h > 24:
        limits.append("时段长于 1 天，产流与汇流会偏平")
    if (p["ke_h"] > 0).any() and (p["ke_h"] < dt_h).any():
        limits.append("部分单元的河道传播时间短于一个时段，未作河道演算")
    return tuple(limits)


def _soil(p: dict[str, Array], dt_h: float, conventions: Conventions) -> Soil:
    ki, kg = (p["ki"], p["kg"]) if dt_h == 24 else split_outflow(p["ki"], p["kg"], dt_h / 24.0)
    wm = p["um"] + p["lm"] + p["dm"]
    wmm = wm * (1.0 + p["b"]) / ((1.0 - p["im"]) if conventions.wmm_over_im else 1.0)
    return Soil(p["um"], p["lm"], p["dm"], p["c"], p["b"], p["im"], p["sm"], p["ex"], ki, kg, wmm)


def _column(state: State, p: dict[str, Array]) -> Column:
    size = p["um"].size
    shape = (size // state.wu.shape[1], state.wu.shape[1])
    wu, wl, wd, s, fr = (np.broadcast_to(v, shape).ravel().copy() for v in (state.wu, state.wl, state.wd, state.s, state.fr))
    if (fr > 1.0).any():
        raise EngineRefused("parameter", "初始状态 fr 大于 1")
    return Column(np.minimum(wu, p["um"]), np.minimum(wl, p["lm"]), np.minimum(wd, p["dm"]), s, fr)


class _Routing:
    """Slope and channel of every unit: recessions, lag, Muskingum sub-reaches of one step each."""

    def __init__(self, units: Units, p: dict[str, Array], state: State, dt_h: float, members: int) -> None:
        count = len(units.area_km2)
        self._shape = (members, count)
        day = dt_h / 24.0
        self._cs, self._ci, self._cg = p["cs"] ** day, p["ci"] ** day, p["cg"] ** day
        self._im, self._u = p["im"], np.tile(units.area_km2 / (3.6 * dt_h), members)
        self._qs, self._qi, self._qg = (np.broadcast_to(q, self._shape).ravel() for q in (state.qs, state.qi, state.qg))
        self._uh = None if units.surface_uh is None else units.surface_uh[:, None]
        self._surface = self._waiting(state.surface_wait, 0 if self._uh is None else len(self._uh))
        self._lag = _lag_kernel(np.tile(units.lag_h / dt_h, members)) if (units.lag_h > 0).any() else None
        self._lagged = self._waiting(state.lag_wait, 0 if self._lag is None else len(self._lag))
        self._n = np.floor(p["ke_h"] / dt_h + 1e-9).astype(np.int64)
        spread = self._n * (1.0 - 2.0 * p["xe"])  # XL = 0.5 − N(1 − 2XE)/2 keeps the attenuation of the whole reach
        if (spread > 2.0 + 1e-9).any():
            k = int(np.argmax(spread))
            raise EngineRefused(
                "unstable", f"第 {k % count + 1} 单元马斯京根 XE={p['xe'][k]:g}、{self._n[k]} 段时不稳定，须 XE ≥ 0.5 − 1/段数"
            )
        x = 0.5 - spread / 2.0
        self._c0, self._c1, self._c2 = (0.5 - x) / (1.5 - x), (0.5 + x) / (1.5 - x), (0.5 - x) / (1.5 - x)
        self._reach = self._waiting(state.reach, int(self._n.max()) + 1 if self._n.max() else 0)

    def _waiting(self, old: Array, steps: int) -> Array:
        """Return the carried buffer at the length needed; a longer one that still holds water is refused."""
        size = self._shape[0] * self._shape[1]
        if len(old) == 0:
            return np.zeros((steps, size))
        flat = np.broadcast_to(old, (len(old), *self._shape)).reshape(len(old), size).copy()
        if len(old) != steps:
            raise EngineRefused("shape", "初始状态来自另一组汇流参数（滞时、单位线或段数不同），不能接续")
        return flat

    def step(self, got: Fluxes) -> Array:
        """Return each unit's outflow, m³/s, at the end of the step."""
        pervious = 1.0 - self._im
        fast = (got.surface * pervious + np.maximum(got.net_rain, 0.0) * self._im) * self._u
        if self._uh is None:
            self._qs = self._cs * self._qs + (1.0 - self._cs) * fast
        else:
            self._surface += self._uh * fast
            self._qs = self._surface[0].copy()
            self._surface[:-1], self._surface[-1] = self._surface[1:].copy(), 0.0
        self._qi = self._ci * self._qi + (1.0 - self._ci) * got.interflow * pervious * self._u
        self._qg = self._cg * self._qg + (1.0 - self._cg) * got.ground * pervious * self._u
        flow = self._qs + self._qi + self._qg
        if self._lag is not None:
            self._lagged += self._lag * flow
            flow = self._lagged[0].copy()
            self._lagged[:-1], self._lagged[-1] = self._lagged[1:].copy(), 0.0
        for j in range(len(self._reach) - 1):
            out = self._c0 * flow + self._c1 * self._reach[j] + self._c2 * self._reach[j + 1]
            self._reach[j] = flow
            flow = np.where(j < self._n, out, flow)
        if len(self._reach):
            self._reach[-1] = flow
        return flow

    def state(self, column: Column) -> State:
        shape = self._shape
        wide = [b.reshape(len(b), *shape) for b in (self._surface, self._lagged, self._reach)]
        soil = [v.reshape(shape) for v in (column.wu, column.wl, column.wd, column.s, column.fr)]
        return State(*soil, *(q.reshape(shape) for q in (self._qs, self._qi, self._qg)), *wide)


def _lag_kernel(steps: Array) -> Array:
    """Return weights (k, size) that delay by a possibly broken number of steps and keep the volume."""
    whole = np.floor(steps).astype(np.int64)
    rest = steps - whole
    kernel = np.zeros((int(whole.max()) + 2, len(steps)))
    at = np.arange(len(steps))
    kernel[whole, at] = 1.0 - rest
    kernel[whole + 1, at] += rest
    return kernel


def with_values(parameters: Parameters, values: dict[str, float | Array]) -> Parameters:
    """Return the set with some parameters replaced.

    Raises:
        EngineRefused: a name that is no parameter.
    """
    unknown = set(values) - set(RANGES)
    if unknown:
        raise EngineRefused("parameter", f"没有名为 {sorted(unknown)[0]} 的参数")
    return replace(parameters, **values)
