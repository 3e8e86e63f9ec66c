"""Where the rivers stand when a run begins: the chain run over the last hours with all that was measured in them.

A gauged flow is put in place of what the model has at that node (direct insertion): below it the reaches carry what
really passed, and at it the model's errors of these hours are known. A run then begins with the reaches as they stand
instead of steady, and a station's flow is corrected by its own recent errors, which fade with time.

Source: WMO-No. 1072 (2011), ch. 4.6, updating of inputs, states and outputs; the errors' model is in correction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.engine.chain_base import WARM_H, Base
from console.engine.correction import correct, fit_errors
from console.engine.network import Network, run
from console.engine.refused import EngineRefused

Array = NDArray[np.float64]
STEADY = "起算前没有足够的流量记录，河段按恒定流起算，前十几个小时不准"
FADE_H = 48.0  # hours in which a shift of the rating falls to 1/e
LEAST_SHIFT_M, MOST_SHIFT_M = 0.02, 1.5
LEAST_M3S = 1.0  # smaller errors are rounding


@dataclass(frozen=True, slots=True, eq=False)
class Warm:
    """carried: flows within each reach at the start, (parts + 1,). simulated, seen: (WARM_H + 1,) at gauged stations,
    what the model had there and what was measured. said: of the start, in Chinese.
    """

    carried: Mapping[str, Array] = field(default_factory=dict)
    simulated: Mapping[str, Array] = field(default_factory=dict)
    seen: Mapping[str, Array] = field(default_factory=dict)
    said: tuple[str, ...] = (STEADY,)


def warm(declared: Mapping[str, Any], base: Base) -> Warm:
    """Return where the rivers stand at a base's moment; steady where the hours before it are not known.

    Raises:
        EngineRefused: the declared network is faulty.
    """
    if not base.before_m3s:
        return Warm()
    nodes = [dict(n) for n in declared.get("node", ())]
    gauged = {k: v for k, v in base.seen_before.items() if np.isfinite(v).all()}
    above = {k: [str(n["id"]) for n in nodes if str(n.get("to", "")) == k] for k in gauged}
    for n in nodes:
        if str(n.get("to", "")) in gauged:
            del n["to"]
    nodes = [_as_inflow(n) if str(n["id"]) in gauged else _passing(n) for n in nodes]
    network = Network.of({**declared, "node": nodes})
    got = run(network, {**base.before_m3s, **gauged}, 1.0)
    carried = {k: c.nodes_m3s[:, 0] for k, c in got.courses.items() if c.nodes_m3s is not None}
    stations = {str(n["id"]) for n in declared.get("node", ()) if n["kind"] == "station"}
    simulated = {
        k: np.asarray(sum((got.courses[u].outflow_m3s[0] for u in above[k]), np.zeros(WARM_H + 1)), float)
        for k in gauged
        if k in stations and above[k]
    }
    return Warm(carried, simulated, {k: gauged[k] for k in simulated}, (f"河段以起算前 {WARM_H} 小时的实测流量预热",))


def corrected(start: Warm, flows: Mapping[str, Array], names: Mapping[str, str]) -> tuple[dict[str, Array], list[str]]:
    """Return stations' flows (n,) corrected by their errors of the hours before the start, and what must be said.

    flows: as simulated from the start, the first at it; names: of the stations. A station whose errors say nothing is left out.
    """
    found, said = {}, []
    for node, before in start.simulated.items():
        if node not in flows:
            continue
        seen = start.seen[node]
        if np.abs(seen - before).max() < LEAST_M3S:
            continue
        try:
            model = fit_errors(before, seen)
            got = correct(model, np.concatenate([before, flows[node][1:]]), seen)
        except EngineRefused:
            continue  # errors without memory: there is nothing to correct by
        found[node] = np.concatenate([seen[-1:], got.flow_m3s])
        error = float(seen[-1] - before[-1])
        memory = f"按一阶误差（每小时保留 {model.phi[0]:.2f}）实时校正"
        said.append(f"{names.get(node, node)}：起算时实测与模拟差 {error:+.0f} m³/s，{memory}")
    return found, said


def shift_m(start: Warm, stage_m: float | None, level_m: Array | None) -> float:
    """Return by how much a station's rating is moved so that it begins at the level that is measured; 0 for not at all.

    Floods scatter about a rating by loop and bed, and the scatter changes while a flood rises and falls: the shift fades
    by FADE_H (assumed; on the flood of June 2022 a shift that stayed was 0.65 m too high at the peak 39 h later).
    Not where the start is steady, or the gauge says something so different that it is no matter of scatter.
    """
    if not start.carried or stage_m is None or level_m is None or not np.isfinite(level_m[0]):
        return 0.0
    found = stage_m - float(level_m[0])
    return found if LEAST_SHIFT_M <= abs(found) <= MOST_SHIFT_M else 0.0


def _as_inflow(raw: Mapping[str, Any]) -> dict[str, Any]:
    kept = {k: raw[k] for k in ("id", "name", "to") if k in raw}
    return {**kept, "kind": "inflow"}


def _passing(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a node as it is over the hours before: a pool whose release nobody measured passes on what comes."""
    if raw["kind"] == "reservoir":
        kept: dict[str, Any] = {k: raw[k] for k in ("id", "name", "to", "kind") if k in raw}
        return {**kept, "through": {"value": True, "sure": "假定", "src": "没有实测出库"}}
    if raw["kind"] == "retention":
        return {k: v for k, v in raw.items() if not k.startswith("opens_")}
    return raw
