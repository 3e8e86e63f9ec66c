"""The flood of now scaled to the frequencies that are published for a station: a scenario for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from console.domain.scenario import Scenario
from console.domain.time import full_stamp
from console.engine.chain_base import Base
from console.engine.design_floods import amplified, frequencies_of, inputs_of
from console.engine.refused import EngineRefused
from console.errors import ConsoleError

LEAD_H = 72.0


def design_floods(declared: Mapping[str, Any], base: Base, station: str, author: str, now_t: float) -> tuple[Scenario, ...]:
    """Return the scenarios; blocks for a second. base: of LEAD_H.

    Raises:
        ConsoleError: no frequency is published for the station, or the flood has no peak in the time of the run.
    """
    wished = frequencies_of(declared, station)
    if not wished:
        raise ConsoleError("河网文件里没有石角的频率流量。", "请在 network_beijiang.toml 的石角节点补 frequency。")
    found = []
    for years, flow in wished:
        flood = Scenario("-", author, now_t, base.base_t, LEAD_H)
        try:
            factor = amplified(dict(declared), base, flood, station, years, flow).factor
        except EngineRefused as exc:
            raise ConsoleError(f"典型洪水没有算成：{exc.detail}。", "请换一个起算时间，使洪峰落在预见期内。") from exc
        name = f"石角 {years:g} 年一遇（典型洪水 ×{factor:.2f}）"
        note = f"以 {full_stamp(base.base_t)} 起的来水为典型，各分区同倍比放大，石角洪峰 {flow:g} m³/s（公布）"
        found.append(replace(flood, name=name, inputs=inputs_of(base, factor), note=note))
    return tuple(found)
