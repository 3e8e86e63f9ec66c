"""A dam that fails: the flood that leaves its reservoir, from what it holds and how high that stands.

The peak and the time of the breach are regressions over failed embankment dams; for a concrete dam, which may go at
once, they are a rough figure, and that is said. After the peak the flow falls evenly until the reservoir is empty.

Source: Froehlich (1995a): Qp = 0.607·Vw^0.295·hw^1.24; Froehlich (1995b): tf = 0.00254·Vw^0.53·hb^−0.90 h.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.domain.scenario import DamBreak
from console.engine.refused import EngineRefused, positive

Array = NDArray[np.float64]
HOUR_S = 3600.0
NODE = "dam-break-"
OVER_M = 2.0


@dataclass(frozen=True, slots=True)
class Burst:
    """The flood of one dam. peak_m3s at peak_s after the failure begins; over at end_s; volume_m3 in all."""

    peak_m3s: float
    peak_s: float
    end_s: float
    volume_m3: float

    def hourly(self, at_s: float, hours: int) -> Array:
        """Return the mean flow around each hour of a run, m³/s, (hours,), so that its sum keeps the volume."""
        edges = np.asarray((np.arange(hours + 1) - 0.5) * HOUR_S - at_s, float)
        return np.asarray(np.diff(self._gone(edges)) / HOUR_S, float)

    def _gone(self, t: Array) -> Array:
        """Return what has left up to a moment, m³."""
        rising = np.clip(t, 0.0, self.peak_s)
        falling = np.clip(t, self.peak_s, self.end_s) - self.peak_s
        fall = self.end_s - self.peak_s
        return np.asarray(self.peak_m3s * (rising**2 / (2.0 * self.peak_s) + falling - falling**2 / (2.0 * fall)), float)


def peak_m3s(volume_m3: float, head_m: float) -> float:
    """Return the peak outflow of a failed embankment dam. Source: Froehlich (1995a).

    Raises:
        EngineRefused: parameter: not positive.
    """
    return float(0.607 * positive(volume_m3, "库容") ** 0.295 * positive(head_m, "水头") ** 1.24)


def burst(volume_m3: float, head_m: float) -> Burst:
    """Return the flood of a dam that holds volume_m3 at head_m over its foot. Raises: EngineRefused: parameter."""
    peak = peak_m3s(volume_m3, head_m)
    formed_s = 0.00254 * volume_m3**0.53 * head_m**-0.90 * HOUR_S
    whole_s = 2.0 * volume_m3 / peak  # of a triangle of this peak
    return Burst(peak, min(formed_s, 0.6 * whole_s), whole_s, volume_m3)


def failed(
    declared: Mapping[str, Any], start: Mapping[str, float], hours: int, breaks: Sequence[DamBreak]
) -> tuple[Mapping[str, Any], dict[str, Array], list[str]]:
    """Return a chain with an inflow below each dam that fails, these inflows, and what must be said.

    start: levels (m) by pool, as measured at the start.

    Raises:
        EngineRefused: declared: no reservoir, or nobody said where its foot lies; range: a level outside its curve.
    """
    if not breaks:
        return declared, {}, []
    nodes = {str(n["id"]): n for n in declared.get("node", ())}
    feet = {str(d.get("node")): d for d in declared.get("dam", ())}
    added, flows, said = [], {}, []
    for one in breaks:
        node, foot = nodes.get(one.work), feet.get(one.work)
        if node is None or foot is None or "storage" not in node:
            raise EngineRefused("declared", f"“{one.work}”没有坝基高程（dam 段）或库容曲线，不能算溃坝")
        name = str(node.get("name", one.work))
        level = one.level_m
        if level is None:
            raise EngineRefused("gap", f"{name}没有实测库水位，请给出溃坝时的水位")
        curve = np.array(node["storage"]["points"], float)
        top = float(curve[-1, 0])
        if top < level <= top + OVER_M:  # a run goes so far beyond the curve; what lies above it is not known to be held
            said.append(f"{name}溃坝时水位 {level:.2f} m 高于库容曲线顶 {top:g} m，库容按曲线顶计")
            level = top
        if not curve[0, 0] < level <= top:
            raise EngineRefused("range", f"{name}溃坝水位 {level:g} m 不在库容曲线 {curve[0, 0]:g}–{curve[-1, 0]:g} m 内")
        volume = float(np.interp(level, curve[:, 0], curve[:, 1])) * 1e6
        foot_m, sure = foot.get("foot_m"), foot.get("sure", "假定")
        if isinstance(foot_m, bool) or not isinstance(foot_m, int | float):
            raise EngineRefused("declared", f"{name}的坝基高程（dam 段 foot_m）缺少，或不是数")
        flood = burst(volume, level - float(foot_m))
        key = f"{NODE}{one.work}"
        added.append({"id": key, "name": f"{name}溃坝", "kind": "inflow", "to": node["to"]})
        flows[key] = flood.hourly(one.at_s, hours)
        said.append(
            f"{name}溃坝：水位 {level:.2f} m、库容 {volume / 1e6:.0f} 百万m³，坝址洪峰 {flood.peak_m3s:.0f} m³/s，"
            f"{flood.peak_s / HOUR_S:.1f} h 到峰（Froehlich 1995，土石坝回归式；{sure}：{foot.get('src', '')}）"
        )
    if any(one.work not in start for one in breaks):
        said.append("没有实测库水位的溃坝水库全程按来水下泄，溃坝前不调蓄")
    said.append("溃坝前按调度运行，溃坝后按来水下泄；没有写水位的按溃坝那一刻算得的库水位")
    said.append("溃坝洪水按各河段的传播时间演算，比实际溃坝波慢，峰值偏小处须以二维或动力波复核")
    return {**declared, "node": [*declared["node"], *added]}, flows, said
