"""Floods of a stated frequency by equal-ratio amplification (同倍比放大): one measured flood, all inflows times one factor.

Source: SL 44-2006, 设计洪水计算规范: a typical flood is scaled by the ratio of the design peak to its own. Here the
peak is the one at the control station after routing and rules, so the factor is found by trying, not by one division.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from console.domain.scenario import Inflow, Scenario
from console.engine.chain_base import Base
from console.engine.refused import EngineRefused
from console.engine.whatif import outcome_of
from console.engine.whatif_inputs import Case

LEAST, MOST = 0.05, 20.0
CLOSE = 0.002  # of the wished peak
TRIES = 12


@dataclass(frozen=True, slots=True)
class DesignFlood:
    """factor: of every inflow. peak_m3s: reached at the station."""

    years: float
    wished_m3s: float
    factor: float
    peak_m3s: float


def frequencies_of(declared: Mapping[str, Any], node: str) -> tuple[tuple[float, float], ...]:
    """Return (years, m³/s) as they are published for a station, ascending; () where nothing is."""
    raw: Mapping[str, Any] = next((n for n in declared.get("node", ()) if n.get("id") == node), {})
    points = raw["frequency"].get("points", ()) if isinstance(raw.get("frequency"), Mapping) else ()
    return tuple(sorted((float(years), float(flow)) for years, flow in points))


def amplified(
    declared: Mapping[str, Any], base: Base, flood: Scenario, node: str, years: float, wished_m3s: float
) -> DesignFlood:
    """Return the factor with which a flood peaks as wished at a station, its rules being what they are.

    Raises:
        EngineRefused: the flood cannot be run, or no factor reaches the peak.
    """

    def peak(factor: float) -> float:
        scenario = replace(flood, inputs=inputs_of(base, factor))
        return outcome_of(Case(declared, base, scenario)).nodes[node].peak[0]

    low, high = LEAST, MOST
    factor = 1.0
    for _ in range(TRIES):
        reached = peak(factor)
        if abs(reached / wished_m3s - 1.0) <= CLOSE:
            return DesignFlood(years, wished_m3s, factor, reached)
        low, high = (factor, high) if reached < wished_m3s else (low, factor)
        guess = factor * wished_m3s / max(reached, 1.0)  # nearly right, for routing is nearly linear
        factor = guess if low < guess < high else (low + high) / 2
    raise EngineRefused("design", f"没有哪个倍数使洪峰达到 {wished_m3s:g} m³/s（最后 {reached:.0f}）")


def inputs_of(base: Base, factor: float) -> tuple[Inflow, ...]:
    """Return every inflow of a base times a factor, drawn: the scenario no longer depends on what the rivers do."""
    return tuple(
        Inflow(node, points=tuple((h * 3600.0, round(q * factor, 1)) for h, q in enumerate(flow.tolist())))
        for node, flow in base.inflows_m3s.items()
    )
