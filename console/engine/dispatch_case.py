"""What a joint dispatch is asked: reservoirs, control stations, the reaches between them, limits and what counts.

n steps of dt_h hours; flows m³/s are means over a step, levels m (datum of the level table), storage 10⁶ m³.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.engine.storage import LevelTable
from console.errors import ConsoleError

Array = NDArray[np.float64]
NODES_MAX, STEPS_MAX = 60, 2000
LEVEL_TOLERANCE_M, FLOW_TOLERANCE_M3S = 0.01, 1.0


class DispatchRefused(ConsoleError):
    """The question cannot be computed."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A Muskingum reach; k_h 0 is no delay at all."""

    k_h: float = 0.0
    x: float = 0.0

    def parts(self, dt_h: float) -> tuple[int, float, float, float]:
        """Return sub-reaches and c₀, c₁, c₂, none of them negative, so that no plan gains by a wave that runs backwards.

        A reach shorter than the step delays by straight lines between steps. Source: domain formula 7.6; ΣC = 1.
        """
        if self.k_h * (1 - self.x) < dt_h / 2:
            late = min(1.0, self.k_h / dt_h)
            return 1, 1.0 - late, late, 0.0
        n = max(1, math.ceil(2 * self.k_h * self.x / dt_h - 1e-9))
        k, x = self.k_h / n, self.x
        if dt_h > 2 * k * (1 - x):  # no number of parts fits both bounds: less wedge storage does
            x = max(0.0, 1 - dt_h / (2 * k))
        scale = k - k * x + 0.5 * dt_h
        return n, max(0.0, 0.5 * dt_h - k * x) / scale, (0.5 * dt_h + k * x) / scale, max(0.0, k - k * x - 0.5 * dt_h) / scale


@dataclass(frozen=True, slots=True)
class Gates:
    """Equal gates, each either open or shut for hold_steps; below them what turbines take, 0 to base_max_m3s."""

    count: int
    each_m3s: float
    base_max_m3s: float = 0.0
    hold_steps: int = 6


@dataclass(frozen=True, slots=True)
class Rule:
    """The written operating rule: what the officer would do without an optimiser.

    Below limit_m base_m3s; from it up what stages say (level, release; the highest at or below the level), or
    inflow where there are none; never more than the control station compensate allows after its own lateral
    inflow, one travel time ahead; everything open at and above free_m.
    """

    limit_m: float
    base_m3s: float = 0.0
    stages: tuple[tuple[float, float], ...] = ()
    compensate: str | None = None
    free_m: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reservoir:
    """inflow_m3s (n,): its own, without what comes from above. release_now_m3s: before the first step.

    capacity: what all outlets together let through at a level; None is release_max_m3s at every level.
    ramp_m3s: most change from one step to the next. level_end_m: window of the last level; a must, or else a
    wish (end_must False). benefit (n,): worth of 1 m³/s over a step, in units of the objective.
    """

    code: str
    name: str
    storage: LevelTable
    inflow_m3s: Array
    level_m: float
    level_min_m: float
    level_max_m: float
    release_max_m3s: float
    release_min_m3s: float = 0.0
    release_now_m3s: float = 0.0
    to: str | None = None
    reach: Reach = Reach()
    capacity: LevelTable | None = None
    ramp_m3s: float | None = None
    level_end_m: tuple[float, float] | None = None
    end_must: bool = True
    benefit: Array | None = None
    gates: Gates | None = None
    rule: Rule | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Control:
    """A station whose flow counts. lateral_m3s (n,): what joins between the works above and the station."""

    code: str
    name: str
    safe_m3s: float
    lateral_m3s: Array
    to: str | None = None
    reach: Reach = Reach()


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts, all in one unit: 1 is 1 m³/s of the highest flow over the safe flow at a control station.

    over_mcm: 10⁶ m³ that pass over the safe flow. end_mcm: 10⁶ m³ off a wished end level. change: 1 m³/s of
    change between steps. lower: 1 m³/s of the highest flow itself, also below the safe one. filled_mcm: 10⁶ m³ of the
    most that a reservoir holds over its start, the room that the next flood will need. violation: 10⁶ m³ (or 1 m³/s)
    beyond a limit, used only when no plan keeps them all.
    """

    peak: float = 1.0
    over_mcm: float = 10.0
    end_mcm: float = 1.0
    change: float = 1e-3
    lower: float = 0.0
    filled_mcm: float = 0.0
    benefit: float = 1.0
    violation: float = 1e4


Node = Reservoir | Control


@dataclass(frozen=True, slots=True, eq=False)
class DispatchCase:
    dt_h: float
    reservoirs: tuple[Reservoir, ...]
    controls: tuple[Control, ...] = ()
    weights: Weights = Weights()

    @property
    def steps(self) -> int:
        return len(self.reservoirs[0].inflow_m3s)

    @property
    def mcm_per_flow(self) -> float:
        """Return the 10⁶ m³ that 1 m³/s brings in a step."""
        return self.dt_h * 3600.0 / 1e6

    @property
    def every(self) -> tuple[Node, ...]:
        return (*self.reservoirs, *self.controls)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Return all nodes, each after everything that flows into it.

        Raises:
            DispatchRefused: water would flow in a circle.
        """
        waiting = list(self.every)
        out: list[Node] = []
        while waiting:
            fed = {n.to for n in waiting}
            ready = [n for n in waiting if n.code not in fed]
            if not ready:
                raise DispatchRefused(f"{'、'.join(n.name for n in waiting)} 的上下游关系成了圈。", "请检查各自的下游。")
            out += ready
            waiting = [n for n in waiting if n not in ready]
        return tuple(out)

    def above(self, code: str) -> tuple[Node, ...]:
        return tuple(n for n in self.every if n.to == code)

    def travel_h(self, code: str, to: str) -> float | None:
        """Return the delay from a node down to another; None where it does not lie on its way."""
        by_code = {n.code: n for n in self.every}
        hours, here = 0.0, by_code.get(code)
        while here is not None and here.code != to:
            hours += here.reach.k_h
            here = by_code.get(here.to) if here.to else None
        return hours if here is not None else None


def checked(case: DispatchCase) -> None:
    """Check a case.

    Raises:
        DispatchRefused: says whose value is wrong, and which step it is in.
    """
    if not case.reservoirs or not (math.isfinite(case.dt_h) and case.dt_h > 0):
        raise DispatchRefused("没有水库，或时段长不对。", "至少要有一座水库，时段长应大于 0 小时。")
    every = case.every
    codes = [n.code for n in every]
    if len(every) > NODES_MAX or not 1 <= case.steps <= STEPS_MAX:
        raise DispatchRefused(f"{len(every)} 个节点、{case.steps} 个时段。", f"最多 {NODES_MAX} 个、{STEPS_MAX} 个。")
    if len(set(codes)) < len(codes):
        raise DispatchRefused("有重复的代码。", "每座水库、每个控制站的代码应各不相同。")
    for node in every:
        flows, what = (node.inflow_m3s, "入库") if isinstance(node, Reservoir) else (node.lateral_m3s, "区间来水")
        if flows.shape != (case.steps,):
            raise DispatchRefused(f"{node.name}{what}有 {flows.size} 个时段。", f"应为 {case.steps} 个。")
        bad = np.flatnonzero(~(np.isfinite(flows) & (flows >= 0)))
        if len(bad):
            raise DispatchRefused(f"{node.name}{what}第 {bad[0] + 1} 时段是 {flows[bad[0]]:g} m³/s。", "应为不小于 0 的数。")
        if node.to is not None and node.to not in codes:
            raise DispatchRefused(f"{node.name}的下游 {node.to} 不在其中。", "请改正或留空。")
        if not (math.isfinite(node.reach.k_h) and node.reach.k_h >= 0 and 0 <= node.reach.x <= 0.5):
            raise DispatchRefused(f"{node.name}下游河段 K={node.reach.k_h:g} h、x={node.reach.x:g}。", "应为 K≥0，0≤x≤0.5。")
        if isinstance(node, Reservoir):
            _reservoir_checked(node, case.steps)
        elif not (math.isfinite(node.safe_m3s) and node.safe_m3s >= 0):
            raise DispatchRefused(f"{node.name}安全泄量是 {node.safe_m3s:g} m³/s。", "应为不小于 0 的数。")
    _ = case.nodes


def _reservoir_checked(r: Reservoir, steps: int) -> None:
    lowest, highest = float(r.storage.level_m[0]), float(r.storage.level_m[-1])
    ends = r.level_end_m or (r.level_m, r.level_m)
    named = (
        ("起调", r.level_m),
        ("最低", r.level_min_m),
        ("最高", r.level_max_m),
        ("期末下限", ends[0]),
        ("期末上限", ends[1]),
    )
    for what, level in named:
        if not r.storage.covers(level):
            raise DispatchRefused(
                f"{r.name}{what}水位 {level:g} m 在库容曲线之外。", f"应在 {lowest:g} 到 {highest:g} m 之间。"
            )
    if not (r.level_min_m < r.level_max_m and ends[0] <= ends[1]):
        raise DispatchRefused(f"{r.name}最低水位 {r.level_min_m:g} m 不低于最高水位 {r.level_max_m:g} m。", "请改正水位界限。")
    if not 0 <= r.release_min_m3s <= r.release_max_m3s < math.inf:
        given = f"{r.name}出库界限 {r.release_min_m3s:g}–{r.release_max_m3s:g} m³/s。"
        raise DispatchRefused(given, "应为不小于 0 的数，先小后大。")
    _none_negative(r.name, (("现在出库", r.release_now_m3s), ("出库变幅", r.ramp_m3s or 0.0)))
    if r.benefit is not None and (r.benefit.shape != (steps,) or not np.isfinite(r.benefit).all()):
        raise DispatchRefused(f"{r.name}效益系数不对。", f"应为 {steps} 个有限的数。")
    g = r.gates
    if g is not None and not (g.count >= 1 and g.hold_steps >= 1 and g.each_m3s > 0 and g.base_max_m3s >= 0):
        raise DispatchRefused(f"{r.name}闸门参数不对。", "孔数和保持时段至少 1，单孔流量大于 0。")


def _none_negative(name: str, values: Iterable[tuple[str, float]]) -> None:
    for what, value in values:
        if not (math.isfinite(value) and value >= 0):
            raise DispatchRefused(f"{name}{what}是 {value:g} m³/s。", "应为不小于 0 的数。")
