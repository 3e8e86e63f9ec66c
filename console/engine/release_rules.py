"""Rules by which a reservoir is operated, as data: each gives a wanted release and the reason for it.

Source: domain dossier §7.7 (hold, fixed, downstream compensation, staged, free release).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from console.engine.refused import EngineRefused, series_of

Array = NDArray[np.float64]
SETTLING_STEPS = 2.0  # a pool off its level returns over two steps: at once, the trapezoid rule swings


@dataclass(slots=True)
class Moment:
    """What a rule sees at the end of a step: only what an operator knows then, and the forecast inflow.

    step: its number; hour: since the start; level_m, storage_m3, outflow_m3s: at the step's beginning;
    inflow_m3s: at its end; dt_s; storage_at: storage (m³) of a level.
    """

    step: int
    hour: float
    level_m: float
    storage_m3: float
    outflow_m3s: float
    inflow_m3s: float
    dt_s: float
    storage_of: Storage


class Storage(Protocol):
    """Tells storage, m³, of a level, m."""

    def __call__(self, level_m: float, /) -> float: ...


class Rule(Protocol):
    """Gives the release wanted at the end of a step, m³/s, and why."""

    def wanted(self, now: Moment, /) -> tuple[float, str]: ...

    def check(self, steps: int, /) -> None:
        """Refuse a rule that cannot be followed for so many steps."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep a level: pass the inflow, fill up when lower (releasing at least least_m3s), draw down when higher."""

    level_m: float
    least_m3s: float = 0.0

    def wanted(self, now: Moment, /) -> tuple[float, str]:
        over = (now.storage_m3 - now.storage_of(self.level_m)) / (SETTLING_STEPS * now.dt_s)
        return max(now.inflow_m3s + over, self.least_m3s), f"控制水位 {self.level_m:g} m"

    def check(self, steps: int, /) -> None:
        _number(self.level_m, "控制水位", None)
        _number(self.least_m3s, "最小下泄", 0.0)


@dataclass(frozen=True, slots=True)
class Fixed:
    """Release one flow."""

    flow_m3s: float

    def wanted(self, now: Moment, /) -> tuple[float, str]:
        return self.flow_m3s, f"按 {self.flow_m3s:g} m³/s 下泄"

    def check(self, steps: int, /) -> None:
        _number(self.flow_m3s, "下泄流量", 0.0)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Release by a table of orders: from each hour on its flow; the first row also holds before it."""

    from_h: tuple[float, ...]
    flow_m3s: tuple[float, ...]

    def wanted(self, now: Moment, /) -> tuple[float, str]:
        flow = self.flow_m3s[max(0, bisect_right(self.from_h, now.hour + 1e-9) - 1)]
        return flow, f"按调度单 {flow:g} m³/s 下泄"

    def check(self, steps: int, /, low: float | None = 0.0) -> None:
        hours = series_of(self.from_h, "调度单时刻", low=None)
        flows = series_of(self.flow_m3s, "调度单流量", low=low)
        if hours.shape != flows.shape or (np.diff(hours) <= 0).any():
            raise EngineRefused("shape", "调度单的时刻须递增，且与流量一一对应")


@dataclass(frozen=True, slots=True, eq=False)
class Compensate:
    """Release what a downstream station can still carry: Q_safe − Q_lateral(t + τ).

    lateral_m3s: (n,), flow at the station from everywhere else, at the run's instants; after its end the last.
    travel_steps: τ in steps.
    """

    safe_m3s: float
    lateral_m3s: Array
    travel_steps: int = 0
    least_m3s: float = 0.0

    def wanted(self, now: Moment, /) -> tuple[float, str]:
        at = min(now.step + self.travel_steps, len(self.lateral_m3s) - 1)
        room = self.safe_m3s - float(self.lateral_m3s[at])
        return max(room, self.least_m3s), f"补偿调节，下游安全泄量 {self.safe_m3s:g} m³/s"

    def check(self, steps: int, /) -> None:
        _number(self.safe_m3s, "安全泄量", 0.0)
        _number(self.least_m3s, "最小下泄", 0.0)
        if len(series_of(self.lateral_m3s, "区间流量")) < steps or self.travel_steps < 0:
            raise EngineRefused("shape", f"区间流量只有 {len(self.lateral_m3s)} 个时刻，计算有 {steps} 个")


@dataclass(frozen=True, slots=True)
class Staged:
    """Release by level (分级控泄): from each level on its flow, never more than the inflow while rising if so told."""

    from_m: tuple[float, ...]
    flow_m3s: tuple[float, ...]
    not_over_inflow: bool = False

    def wanted(self, now: Moment, /) -> tuple[float, str]:
        k = bisect_right(self.from_m, now.level_m) - 1
        flow = self.flow_m3s[k] if k >= 0 else 0.0
        if self.not_over_inflow and flow > now.inflow_m3s:
            return now.inflow_m3s, "分级控泄，不大于入库"
        return flow, f"分级控泄 {flow:g} m³/s"

    def check(self, steps: int, /) -> None:
        levels, flows = series_of(self.from_m, "分级水位", low=None), series_of(self.flow_m3s, "分级泄量")
        if levels.shape != flows.shape or (np.diff(levels) <= 0).any():
            raise EngineRefused("shape", "分级水位须递增，且与泄量一一对应")


@dataclass(frozen=True, slots=True, eq=False)
class GateOpenings:
    """All gates alike by a table of openings, m: at a level the share of what they let through wide open (full_m).

    level_m, most_m3s: (k,), the outlets wide open. The share is taken as straight with the opening.
    """

    from_h: tuple[float, ...]
    opening_m: tuple[float, ...]
    full_m: float
    level_m: Array
    most_m3s: Array

    def wanted(self, now: Moment, /) -> tuple[float, str]:
        opening = self.opening_m[max(0, bisect_right(self.from_h, now.hour + 1e-9) - 1)]
        share = min(1.0, opening / self.full_m)
        return share * float(np.interp(now.level_m, self.level_m, self.most_m3s)), f"闸门每孔开度 {opening:g} m"

    def check(self, steps: int, /) -> None:
        hours = series_of(self.from_h, "开度过程时刻", low=None)
        if hours.shape != series_of(self.opening_m, "闸门开度").shape or (np.diff(hours) <= 0).any():
            raise EngineRefused("shape", "开度过程的时刻须递增，且与开度一一对应")
        if max(self.opening_m) > self.full_m:
            raise EngineRefused("range", f"闸门开度 {max(self.opening_m):g} m 大于全开 {self.full_m:g} m")


@dataclass(frozen=True, slots=True)
class Free:
    """Everything open (敞泄)."""

    def wanted(self, now: Moment, /) -> tuple[float, str]:
        return math.inf, "敞泄"

    def check(self, steps: int, /) -> None:
        return


@dataclass(frozen=True, slots=True)
class Then:
    """One rule up to an hour, another from it on."""

    from_h: float
    before: Rule
    after: Rule

    def wanted(self, now: Moment, /) -> tuple[float, str]:
        return (self.before if now.hour + 1e-9 < self.from_h else self.after).wanted(now)

    def check(self, steps: int, /) -> None:
        _number(self.from_h, "起始时间", 0.0)
        self.before.check(steps)
        self.after.check(steps)


@dataclass(frozen=True, slots=True)
class Bands:
    """Another rule from each level on: (level_m, rule), rising; below the first, the first rule holds."""

    bands: tuple[tuple[float, Rule], ...]

    def wanted(self, now: Moment, /) -> tuple[float, str]:
        k = 0
        for i, (level, _) in enumerate(self.bands):
            if now.level_m >= level:
                k = i
        return self.bands[k][1].wanted(now)

    def check(self, steps: int, /) -> None:
        levels = series_of([b[0] for b in self.bands], "分段水位", low=None)
        if (np.diff(levels) <= 0).any():
            raise EngineRefused("shape", "分段水位须递增")
        for _, rule in self.bands:
            rule.check(steps)


@dataclass(frozen=True, slots=True)
class Limits:
    """What no rule may break, or whose breaking is said.

    rise_m3s_h, fall_m3s_h: greatest change of release per hour. top_m: above it everything is released that
    the outlets can, ramp or not. bottom_m: below it nothing is released by choice. most_m3s: downstream
    safe discharge; going over it is reported, and only the top level and free outlets do.
    """

    rise_m3s_h: float = math.inf
    fall_m3s_h: float = math.inf
    top_m: float = math.inf
    bottom_m: float = -math.inf
    most_m3s: float = math.inf

    def __post_init__(self) -> None:
        if not (self.rise_m3s_h > 0 and self.fall_m3s_h > 0 and self.most_m3s >= 0 and self.top_m > self.bottom_m):
            raise EngineRefused("parameter", "变幅须为正，最大下泄不为负，最高限制水位须高于最低")


def _number(value: float, name: str, low: float | None) -> None:
    series_of(np.array([value]), name, low=low)
