"""How far a scenario's flows may lie from its own when its inflows are uncertain: an ensemble of the whole chain.

Nobody has published how good forecasts of these sub-basins are: spread and likeness are assumptions, shown with the band.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.domain.scenario import DamBreak
from console.engine.network import run
from console.engine.refused import EngineRefused
from console.engine.whatif import RunRefused
from console.engine.whatif_inputs import STEP_H, Case, begun, prepared, started

Array = NDArray[np.float64]
MEMBERS = 200
SPREAD, ALIKE, FULL_H = 0.15, 0.7, 24.0
SHARES = (0.1, 0.9)


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """low, high: 10 % and 90 % of the members, (n,), by node: flow m³/s, and level m where all members have one."""

    hours: Array
    flow_m3s: Mapping[str, tuple[Array, Array]]
    level_m: Mapping[str, tuple[Array, Array]]
    members: int
    seed: int

    @property
    def words(self) -> str:
        return f"{self.members} 个成员，来水离散 {SPREAD:.0%}、各区相关 {ALIKE:g}（假定），种子 {self.seed}，10%–90%"


def band_case(case: Case, tell: Callable[..., None]) -> Band:
    """Run an ensemble; fit for a worker process. The same scenario gives the same band.

    Raises:
        RunRefused: the scenario cannot be run, or one of its members leaves what the curves know.
    """
    seed = int(case.scenario.inputs_id[:8], 16)
    try:
        case = begun(case)
        network, inflows, _ = prepared(case)
        tell(0.05)
        found = run(network, spread(inflows, MEMBERS, seed), STEP_H, case.base.start, started(case).carried)
    except EngineRefused as exc:
        raise RunRefused(f"情景“{case.scenario.name}”没有算不确定带：{exc.detail}。", "请改这一项后再算。", exc.code) from exc
    tell(0.9)
    flows, levels = {}, {}
    gone = {entry.work for entry in case.scenario.inputs if isinstance(entry, DamBreak)}
    for node_id, course in found.courses.items():
        flows[node_id] = _band(course.outflow_m3s if course.branch_m3s is None else course.branch_m3s)
        known = course.level_m is not None and node_id not in gone and (course.beyond is None or not course.beyond.any())
        if known and course.level_m is not None:
            levels[node_id] = _band(course.level_m)
    n = next(iter(inflows.values())).shape[-1]
    return Band(np.arange(n, dtype=float) * STEP_H, flows, levels, MEMBERS, seed)


def spread(inflows: Mapping[str, Array], members: int, seed: int) -> dict[str, Array]:
    """Return inflows (members, n): log-normal factors, mean 1, partly common to all sub-basins, growing from the start."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal(members)
    found = {}
    for node_id, flow in sorted(inflows.items()):
        own = np.sqrt(ALIKE) * common + np.sqrt(1.0 - ALIKE) * rng.standard_normal(members)
        sigma = SPREAD * np.minimum(1.0, np.arange(len(flow)) * STEP_H / FULL_H)
        found[node_id] = np.asarray(flow[None] * np.exp(sigma[None] * own[:, None] - 0.5 * sigma[None] ** 2), float)
    return found


def _band(values: Array) -> tuple[Array, Array]:
    low, high = np.quantile(values, SHARES, axis=0)
    return np.asarray(low, float), np.asarray(high, float)
