"""Which of the compared scenarios is the best, by an order that is told: limits passed, then the peak, then the pool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from console.domain.scenario import Input, Keep, Retention, Scenario, Schedule, Spill
from console.engine.whatif import NodeOutcome, Outcome
from console.presenters.wording import Translate
from console.services.scenario_run import Result
from console.viewdata.consult import Cell

PLAIN, DIM, BAD = "text", "text.dim", "state.guaranteed"
DASH = "—"


@dataclass(frozen=True, slots=True)
class Merit:
    """over: how many limits are passed (safe flows, levels that no reservoir may pass); the rest at the last of each kind."""

    over: int
    peak_m3s: float
    pool_m: float

    @property
    def order(self) -> tuple[int, float, float]:
        """Flows within 1 m³/s and levels within a centimetre are alike."""
        return self.over, round(self.peak_m3s), round(self.pool_m, 2)


def rank_rows(
    found: Sequence[tuple[Scenario, Result]], raws: Mapping[str, Mapping[str, Any]], tr: Translate
) -> list[tuple[Cell, ...]]:
    """Return the rows of places and of limits passed; none where fewer than two scenarios are plans for the same water.

    One of another moment, lead or flood than the first is no alternative to it and has no place; nor has one that no
    longer holds.
    """
    merits = [merit_of(r.outcome, raws) if water_of(s) == water_of(found[0][0]) and not r.watermark else None for s, r in found]
    if sum(m is not None for m in merits) < 2:
        return []
    orders = sorted(m.order for m in merits if m is not None)
    places: list[Cell] = [(tr("名次"), PLAIN)]
    limits: list[Cell] = [(tr("超限项数"), PLAIN)]
    for merit in merits:
        if merit is None:
            places.append((DASH, DIM))
            limits.append((DASH, DIM))
            continue
        places.append((str(orders.index(merit.order) + 1), PLAIN))
        limits.append((str(merit.over), BAD if merit.over else PLAIN))
    return [tuple(places), tuple(limits)]


def water_of(scenario: Scenario) -> tuple[float, float, Counter[Input]]:
    """Return what a scenario has to cope with: all of its inputs that nobody operates."""
    given: Counter[Input] = Counter(
        entry for entry in scenario.inputs if not isinstance(entry, Keep | Schedule | Retention | Spill)
    )
    return scenario.base_t, scenario.lead_h, given


def merit_of(outcome: Outcome, raws: Mapping[str, Mapping[str, Any]]) -> Merit | None:
    """Return what a scenario is judged by; None where its chain has no station with a safe flow."""
    over, peak, pool = 0, None, 0.0
    for node_id, node in outcome.nodes.items():
        raw = raws.get(node_id, {})
        safe, top = _figure(raw.get("safe_m3s")), _figure((raw.get("limits") or {}).get("top_m"))
        if node.kind == "station" and safe is not None:
            peak = node.peak[0]
            over += peak > safe
        if node.kind == "reservoir" and "storage" in raw and (highest := _highest(node)) is not None:
            pool = highest
            over += top is not None and highest > top
    return None if peak is None else Merit(int(over), peak, pool)


def _highest(node: NodeOutcome) -> float | None:
    return float(np.nanmax(node.level_m)) if node.level_m is not None and np.isfinite(node.level_m).any() else None


def _figure(raw: Any) -> float | None:
    value = raw.get("value") if isinstance(raw, Mapping) else raw
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
