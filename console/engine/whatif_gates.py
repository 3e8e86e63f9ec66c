"""The proposed releases of a chain in whole gates: which can be opened by hand, every few hours.

The continuous plan comes first and says at which levels the reservoirs will stand; there each gate lets through its part
of what all outlets can. All gates but one are open or shut; the last one regulates. The whole-gate plan is taken only
where it keeps every limit and is no worse than the written rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from console.engine import dispatch
from console.engine.dispatch_case import DispatchCase, DispatchRefused, Gates, Reservoir
from console.engine.refused import EngineRefused

LIMIT_S, GAP = 3.0, 0.005
HOLD_H = 3.0
MANY = 200


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """plan: None where the continuous one stays. words: what is said of it, "" where nobody declared gates."""

    plan: dispatch.Plan | None = None
    words: str = ""


def whole_gates(declared: Mapping[str, Any], asked: DispatchCase, found: dispatch.Compared) -> Whole:
    """Return a plan in whole gates for reservoirs whose gates are counted (gates.count, gates.hold_h).

    Raises:
        EngineRefused: declared: a count or a time that is none.
    """
    gated = _gated(declared, asked, found.optimised)
    if gated is None:
        return Whole()
    try:
        plan = dispatch.optimise(gated, integer=True, time_limit_s=LIMIT_S, gap=GAP)
    except DispatchRefused as exc:
        return Whole(None, f"整孔闸门方案没有算成：{exc.what.rstrip('。')}，出库按连续开度")
    rules = found.rules
    if plan.gates_open is None:
        return Whole(None, f"整孔闸门在 {LIMIT_S:g} 秒内没有解出，出库按连续开度")
    if not plan.feasible:
        return Whole(None, f"整孔闸门方案不满足约束（{plan.judged.breaches[0].words}），出库按连续开度")
    if rules.feasible and plan.judged.score.total > rules.judged.score.total + 1e-6:
        return Whole(None, "整孔闸门方案不如按规则调度，出库按连续开度")
    return Whole(plan, _words(gated, plan, found.optimised))


def _gated(declared: Mapping[str, Any], asked: DispatchCase, plan: dispatch.Plan) -> DispatchCase | None:
    """Return a question with gates, None where no reservoir of it has a number of them."""
    nodes = {str(n["id"]): n for n in declared.get("node", ())}
    found: list[Reservoir] = []
    for i, r in enumerate(asked.reservoirs):
        gates = nodes.get(r.code, {}).get("gates")
        if not isinstance(gates, Mapping) or "count" not in gates or r.capacity is None:
            found.append(r)
            continue
        count, hold_h = gates["count"], gates.get("hold_h", HOLD_H)
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MANY:
            raise EngineRefused("declared", f"“{r.name}”的 gates.count：须为 1 到 {MANY} 的整数")
        if isinstance(hold_h, bool) or not isinstance(hold_h, int | float) or not asked.dt_h <= hold_h <= 72.0:
            raise EngineRefused("declared", f"“{r.name}”的 gates.hold_h：须为 {asked.dt_h:g} 到 72 的数")
        level = float(np.clip(plan.judged.level_m[i].mean(), r.capacity.level_m[0], r.capacity.level_m[-1]))
        each = (r.capacity.at(level) or 0.0) / count
        if each > 0:
            r = replace(r, gates=Gates(count - 1, each, each, max(1, round(hold_h / asked.dt_h))) if count > 1 else None)
        found.append(r)
    return replace(asked, reservoirs=tuple(found)) if any(r.gates for r in found) else None


def _words(asked: DispatchCase, plan: dispatch.Plan, smooth: dispatch.Plan) -> str:
    parts = []
    for i, r in enumerate(asked.reservoirs):
        if r.gates is not None and plan.gates_open is not None:
            opened = plan.gates_open[i][:: r.gates.hold_steps].astype(int)
            turns = [str(n) for k, n in enumerate(opened) if not k or n != opened[k - 1]]
            each = f"每 {r.gates.hold_steps * asked.dt_h:g} h 至多一动，单孔 {r.gates.each_m3s:.0f} m³/s"
            parts.append(f"{r.name}全开 {'→'.join(turns)} 孔，另一孔调节（{each}）")
    more = np.subtract(plan.judged.score.peak_m3s, smooth.judged.score.peak_m3s)
    parts.append(f"较连续开度{'、'.join(f'{c.name}洪峰 {m:+.0f}' for c, m in zip(asked.controls, more, strict=True))} m³/s")
    gap = "" if plan.gap is None else f"，距最优界 {plan.gap:.1%}"
    late = f"，到时限 {LIMIT_S:g} s" if plan.state == "limit" else ""
    return f"整孔闸门（混合整数规划{gap}{late}）：{'；'.join(parts)}"
