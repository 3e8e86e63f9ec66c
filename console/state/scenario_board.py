"""What a board would show if a scenario came true: only what the scenario computed, judged as readings are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from console.domain.elements import ELEMENTS
from console.domain.quality import Quality
from console.engine.whatif import NodeOutcome, Outcome
from console.state.rows import judged
from console.viewdata.board import Board, Sample

HOUR_S = 3600
COMPUTED = ("river", "tide", "reservoir", "basin")


def scenario_board(board: Board, outcome: Outcome, base_t: float, moment: float, objects: Mapping[str, str]) -> Board:
    """Return the board of a scenario at a moment within its run; river places that it did not compute are left out.

    Args:
        board: of the same moment, for the objects.
        objects: the object that measures at a node, by node.
    """
    hour = (moment - base_t) / HOUR_S
    rows = {r.code: r for r in board.rows if r.station.kind not in COMPUTED}
    for node_id, code in objects.items():
        row, node = board.by_code.get(code), outcome.nodes.get(node_id)
        if row is None or node is None or not 0 <= hour <= outcome.hours[-1]:
            continue
        samples = {s.element: s for s in _samples(node, row.station.main_element, outcome, hour, moment)}
        rows[code] = judged(row.station, samples, moment)
    kept = tuple(rows.values())
    return replace(board, moment=moment, rows=kept, by_code=rows)


def _samples(node: NodeOutcome, level: str, outcome: Outcome, hour: float, moment: float) -> list[Sample]:
    pool = node.kind == "reservoir"
    parts = [("INQ", node.inflow_m3s), ("OTQ", node.flow_m3s)] if pool else [("Q", node.flow_m3s)]
    if node.level_m is not None:
        parts.append((level, node.level_m))
    found = []
    for element, values in parts:
        value, before = (float(np.interp(h, outcome.hours, values)) for h in (hour, max(0.0, hour - 1.0)))
        if math.isfinite(value) and element in ELEMENTS:
            change = value - before if hour >= 1.0 and math.isfinite(before) else None
            what, quality = ELEMENTS[element], int(Quality.FORECAST)
            found.append(Sample(0, what, int(moment), value, quality, value, change, HOUR_S, "情景", ahead=True))
    return found
