"""What a 1-D transport run is asked: the river, what is spilled, what flows in, who takes water; and its limits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.errors import ConsoleError

Array = NDArray[np.float64]
G = 9.81
CELLS_MAX = 20_000
# Source: Fischer et al. (1979): ε_t ≈ 0.6·H·u* in natural streams; mixed after 0.1·u·B²/ε_t from the middle, 0.4 from a bank.
TRANSVERSE, FROM_MIDDLE, FROM_BANK = 0.6, 0.1, 0.4
FISCHER = 0.011


class TransportRefused(ConsoleError):
    """The case cannot be run."""


class RanDry(TransportRefused):
    """The flows leave a place without water."""


def fischer_m2s(flow_m3s: Array, area_m2: Array, width_m: Array, slope: Array) -> Array:
    """Return the longitudinal dispersion, any shape.

    Source: Fischer et al. (1979): D = 0.011·u²·B²/(H·u*), u* = √(g·H·S), H = A/B.
    """
    u, h = flow_m3s / area_m2, area_m2 / width_m
    return np.asarray(FISCHER * u**2 * width_m**2 / (h * np.sqrt(G * h * slope)))


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """A reach from its upper end. area_m2, width_m, slope (n,): of each cell at the flow of the first moment.

    dispersion_m2s: (n,) as given; None takes Fischer's formula, again at each step while the flow changes.
    """

    dx_m: float
    area_m2: Array
    width_m: Array
    slope: Array
    dispersion_m2s: Array | None = None

    @staticmethod
    def uniform(
        length_m: float, dx_m: float, area_m2: float, width_m: float, slope: float, dispersion_m2s: float | None = None
    ) -> Channel:
        n = max(1, round(length_m / dx_m))

        def all_along(value: float) -> Array:
            return np.full(n, float(value))

        given = None if dispersion_m2s is None else all_along(dispersion_m2s)
        return Channel(dx_m, all_along(area_m2), all_along(width_m), all_along(slope), given)

    @property
    def length_m(self) -> float:
        return self.dx_m * len(self.area_m2)

    def dispersion(self, flow_m3s: Array, area_m2: Array | None = None) -> Array:
        """Return m²/s of each cell (n,) at a flow."""
        if self.dispersion_m2s is not None:
            return self.dispersion_m2s
        return fischer_m2s(flow_m3s, self.area_m2 if area_m2 is None else area_m2, self.width_m, self.slope)


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow over time, straight between its points and level outside: t_s of the run, m3s."""

    t_s: tuple[float, ...]
    m3s: tuple[float, ...]

    @staticmethod
    def constant(m3s: float) -> Flow:
        return Flow((0.0,), (m3s,))

    @property
    def steady(self) -> bool:
        return len(set(self.m3s)) == 1

    def at(self, t: float) -> float:
        return self.m3s[0] if self.steady else float(np.interp(t, self.t_s, self.m3s))


@dataclass(frozen=True, slots=True)
class Spill:
    """mass_kg from from_s to to_s, at once where they are equal; at a point, or along a line to end_m."""

    name: str
    at_m: float
    mass_kg: float
    from_s: float = 0.0
    to_s: float = 0.0
    end_m: float | None = None


@dataclass(frozen=True, slots=True)
class Inflow:
    """A tributary, a dilution release (clean water, mg_l 0) or a withdrawal (negative flow); along a line with end_m."""

    name: str
    at_m: float
    flow: Flow
    mg_l: float = 0.0
    end_m: float | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """A place that takes water. limit_mg_l: above it the water may not be used."""

    name: str
    at_m: float
    limit_mg_l: float


@dataclass(frozen=True, slots=True, eq=False)
class TransportCase:
    """One run. upstream: flow at the upper end, carrying upstream_mg_l.

    held: the upper end is kept at upstream_mg_l whatever the river does, so that dispersion crosses it too; as
    below a large mixed source. initial_mg_l: what is there before, one figure or (n,). decay_per_s: first order.
    """

    channel: Channel
    upstream: Flow
    end_s: float
    out_s: float = 600.0
    spills: tuple[Spill, ...] = ()
    inflows: tuple[Inflow, ...] = ()
    intakes: tuple[Intake, ...] = ()
    decay_per_s: float = 0.0
    upstream_mg_l: float = 0.0
    held: bool = False
    initial_mg_l: float | Array = 0.0


@dataclass(frozen=True, slots=True)
class Stated:
    """What a result may not be used for. unmixed: intakes nearer to a spill than its mixing length."""

    words: tuple[str, ...]
    unmixed: frozenset[str]


def checked(case: TransportCase) -> None:
    """Check a case.

    Raises:
        TransportRefused: a value is missing, outside its range, or the river would run dry or backwards.
    """
    c = case.channel
    n = len(c.area_m2)
    if not 2 <= n <= CELLS_MAX:
        raise TransportRefused(f"河段分成 {n} 格。", f"应为 2 到 {CELLS_MAX} 格，请改格长。")
    _positive("格长", c.dx_m, "m")
    for name, values, unit in (("断面面积", c.area_m2, "m²"), ("河宽", c.width_m, "m"), ("比降", c.slope, "")):
        _each(name, values, unit, n, above_zero=True)
    if c.dispersion_m2s is not None:
        _each("离散系数", c.dispersion_m2s, "m²/s", n, above_zero=False)
    _each("初始浓度", np.broadcast_to(np.asarray(case.initial_mg_l, float), (n,)), "mg/L", n, above_zero=False)
    for name, value, unit in (("计算时长", case.end_s, "s"), ("输出间隔", case.out_s, "s")):
        _positive(name, value, unit)
    for name, value, unit in (("降解系数", case.decay_per_s, "1/s"), ("上游来水浓度", case.upstream_mg_l, "mg/L")):
        _not_negative(name, value, unit)
    _flow_checked("上游来水", case.upstream, lowest=0.0)
    for i in case.inflows:
        _place_checked(f"入流 {i.name}", i.at_m, i.end_m, c.length_m)
        _flow_checked(f"入流 {i.name}", i.flow, lowest=-math.inf)
        _not_negative(f"入流 {i.name} 的浓度", i.mg_l, "mg/L")
    for s in case.spills:
        _place_checked(f"排放 {s.name}", s.at_m, s.end_m, c.length_m)
        _not_negative(f"排放 {s.name} 的质量", s.mass_kg, "kg")
        if not 0 <= s.from_s <= s.to_s or not s.from_s < case.end_s or not math.isfinite(s.to_s):
            raise TransportRefused(f"排放 {s.name} 的时间 {s.from_s:g}–{s.to_s:g} s 不对。", "应在计算时段内，且先始后终。")
    for k in case.intakes:
        _place_checked(f"取水口 {k.name}", k.at_m, None, c.length_m)
        _positive(f"取水口 {k.name} 的限值", k.limit_mg_l, "mg/L")
    if len({k.name for k in case.intakes}) < len(case.intakes):
        raise TransportRefused("取水口重名。", "请给每个取水口不同的名称。")
    _always_downstream(case)


def limits_of(case: TransportCase, flow_m3s: Array) -> Stated:
    """Return the limits of a case that was checked. flow_m3s: (n + 1,) at the faces, at the first moment."""
    c, q = case.channel, flow_m3s[1:]
    u, h = q / c.area_m2, c.area_m2 / c.width_m
    across = TRANSVERSE * h * np.sqrt(G * h * c.slope)
    to_mixed = u * c.width_m**2 / across
    words, unmixed = ["一维断面平均浓度：不适用于感潮、往复流和河网分汊河段，流向须始终向下游。"], set()
    for s in case.spills:
        i = min(int(s.at_m / c.dx_m), len(q) - 1)
        middle_km, bank_km = FROM_MIDDLE * to_mixed[i] / 1000, FROM_BANK * to_mixed[i] / 1000
        words.append(
            f"排放 {s.name}：下游约 {middle_km:.1f} km（河中排放）至 {bank_km:.1f} km（岸边排放）内断面未混匀，"
            "岸边浓度可高于结果。"
        )
        near = [k.name for k in case.intakes if s.at_m <= k.at_m < (s.end_m or s.at_m) + bank_km * 1000]
        unmixed.update(near)
        if near:
            words.append(f"取水口 {'、'.join(near)} 在排放 {s.name} 的未混匀段内：到达时间和峰值只供参考。")
    used = c.dispersion(q)
    if c.dispersion_m2s is None:
        words.append(f"离散系数按 Fischer 公式估算（{used.min():.3g}–{used.max():.3g} m²/s），实际可差数倍。")
    else:
        words.append(f"离散系数为给定值（{used.min():.3g}–{used.max():.3g} m²/s）。")
    if case.decay_per_s > 0:
        words.append(f"按一级降解 {case.decay_per_s * 86400:.3g} /d 计，不随水温变化。")
    else:
        words.append("未计降解、挥发和沉降，结果偏大。")
    if not (case.upstream.steady and all(i.flow.steady for i in case.inflows)):
        words.append("流量变化按运动波传播（宽浅河道），不含回水和闸坝调节。")
    words.append(f"格长 {c.dx_m:g} m：排放点附近数格内的浓度受网格限制；支流汇入即按全断面混匀计。")
    return Stated(tuple(words), frozenset(unmixed))


def _always_downstream(case: TransportCase) -> None:
    """Refuse a river that withdrawals would empty at one of the moments that the flows name."""
    moments = sorted({0.0, *case.upstream.t_s, *(t for i in case.inflows for t in i.flow.t_s)})
    for t in moments:
        q = case.upstream.at(t)
        if not q > 0:
            raise TransportRefused(f"上游来水在 {t / 3600:.1f} h 为 {q:g} m³/s。", "须大于 0；断流或倒流不能用一维模型。")
        for i in sorted(case.inflows, key=lambda i: i.at_m):
            q += i.flow.at(t)
            if not q > 0:
                raise RanDry(f"取走 {i.name} 后流量在 {t / 3600:.1f} h 为 {q:g} m³/s。", "请减少取水量。")


def _flow_checked(name: str, flow: Flow, lowest: float) -> None:
    if not flow.t_s or len(flow.t_s) != len(flow.m3s):
        raise TransportRefused(f"{name}的流量过程有 {len(flow.t_s)} 个时间、{len(flow.m3s)} 个流量。", "应一一对应，至少一个。")
    if any(not math.isfinite(t) for t in flow.t_s) or any(b <= a for a, b in zip(flow.t_s, flow.t_s[1:], strict=False)):
        raise TransportRefused(f"{name}的时间没有依次增大。", "请按时间先后排列。")
    for row, q in enumerate(flow.m3s, 1):
        if not math.isfinite(q) or q < lowest:
            raise TransportRefused(f"{name}第 {row} 个流量是 {q:g} m³/s。", "应为有限的数，上游来水不能为负。")


def _place_checked(name: str, at_m: float, end_m: float | None, length_m: float) -> None:
    end = at_m if end_m is None else end_m
    if not 0 <= at_m <= end <= length_m:
        raise TransportRefused(
            f"{name}的位置 {at_m:g}–{end:g} m 不在河段内。", f"应在 0 到 {length_m:g} m 之间，先上游后下游。"
        )


def _each(name: str, values: Array, unit: str, n: int, *, above_zero: bool) -> None:
    if values.shape != (n,):
        raise TransportRefused(f"{name}有 {values.size} 个值。", f"应为 {n} 个，每格一个。")
    bad = np.flatnonzero(~(np.isfinite(values) & ((values > 0) if above_zero else (values >= 0))))
    if len(bad):
        value = f"{values[bad[0]]:g} {unit}".strip()
        raise TransportRefused(f"{name}第 {bad[0] + 1} 格是 {value}。", f"应为{'大于' if above_zero else '不小于'} 0 的数。")


def _positive(name: str, value: float, unit: str) -> None:
    if not (math.isfinite(value) and value > 0):
        raise TransportRefused(f"{name}是 {value:g} {unit}。", "应为大于 0 的数。")


def _not_negative(name: str, value: float, unit: str) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise TransportRefused(f"{name}是 {value:g} {unit}。", "应为不小于 0 的数。")
