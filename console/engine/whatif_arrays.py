"""An outcome as plain arrays, to be kept and read again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.engine.flooding import Count, Flooding
from console.engine.network_reading import Assumed
from console.engine.tidal_case import rows_of
from console.engine.whatif import NodeOutcome, Outcome
from console.engine.whatif_spill import Passing, Spilled

PARTS = {"i": "inflow_m3s", "q": "flow_m3s", "b": "branch_m3s", "z": "level_m", "w": "storage_m3"}
FLOOD_PARTS = ("hours", "flow_m3s", "gone_m3", "level_m")
SPILL_PARTS = ("hours", "at_km", "mg_l")
KINDS = ("reservoir", "station", "diversion", "retention")


def arrays_of(outcome: Outcome) -> dict[str, NDArray[Any]]:
    """Return hours and each node's series; a level that is not known is NaN."""
    found: dict[str, NDArray[Any]] = {"hours": outcome.hours}
    for node_id, node in outcome.nodes.items():
        for letter, part in PARTS.items():
            values = getattr(node, part)
            if values is not None:
                found[f"{letter}_{_plain(node_id)}"] = values
    found |= {f"r_{_plain(node_id)}": flow for node_id, flow in outcome.corrected_m3s.items()}
    for k, one in enumerate(outcome.spills):
        said = {"river": one.river, "substance": one.substance, "limit_mg_l": one.limit_mg_l, "mass_error": one.mass_error}
        text = json.dumps(said | {"places": [asdict(p) for p in one.places]}, ensure_ascii=False, allow_nan=False)
        found[f"spill{k}_said"] = np.frombuffer(text.encode(), np.uint8)
        found |= {f"spill{k}_{part}": getattr(one, part) for part in SPILL_PARTS}
    return found | flood_arrays(outcome.floods)


def flood_arrays(floods: Sequence[Flooding]) -> dict[str, NDArray[Any]]:
    """Return floods without their grids."""
    found: dict[str, NDArray[Any]] = {}
    for k, one in enumerate(floods):
        said = {key: value for key, value in asdict(replace(one, flood=None)).items() if key not in ("flood", *FLOOD_PARTS)}
        found[f"flood{k}_said"] = np.frombuffer(json.dumps(said, ensure_ascii=False, allow_nan=False).encode(), np.uint8)
        found |= {f"flood{k}_{part}": getattr(one, part) for part in FLOOD_PARTS}
    return found


def outcome_from(
    arrays: Mapping[str, NDArray[Any]],
    declared: Mapping[str, Any],
    mass_error: float,
    assumed: tuple[Assumed, ...],
    limits: tuple[str, ...],
) -> Outcome:
    """Return an outcome as it was kept; a node that the network no longer has is left out."""
    nodes = {}
    for raw in rows_of(declared):
        node_id, kind = str(raw["id"]), str(raw["kind"])
        parts = {part: arrays.get(f"{letter}_{_plain(node_id)}") for letter, part in PARTS.items()}
        if kind in KINDS and parts["flow_m3s"] is not None and parts["inflow_m3s"] is not None:
            nodes[node_id] = NodeOutcome(name=str(raw.get("name", node_id)), kind=kind, reasons=(), **parts)  # type: ignore[arg-type]
    better = {k: np.asarray(arrays[f"r_{_plain(k)}"], float) for k in nodes if f"r_{_plain(k)}" in arrays}
    hours = np.asarray(arrays["hours"], float)
    return Outcome(hours, nodes, mass_error, assumed, limits, _spills(arrays), better, floods_from(arrays))


def floods_from(arrays: Mapping[str, NDArray[Any]]) -> tuple[Flooding, ...]:
    """Return floods as they were kept. Raises: KeyError, TypeError, ValueError: they are not what was kept."""
    found: list[Flooding] = []
    while (said := arrays.get(f"flood{len(found)}_said")) is not None:
        doc: dict[str, Any] = json.loads(bytes(said))
        doc["limits"], doc["counts"] = tuple(doc["limits"]), tuple(Count(**c) for c in doc["counts"])
        doc["together"] = tuple(doc.get("together", ()))
        doc |= {part: np.asarray(arrays[f"flood{len(found)}_{part}"], float) for part in FLOOD_PARTS}
        found.append(Flooding(**doc))
    return tuple(found)


def _spills(arrays: Mapping[str, NDArray[Any]]) -> tuple[Spilled, ...]:
    found: list[Spilled] = []
    while (said := arrays.get(f"spill{len(found)}_said")) is not None:
        doc = json.loads(bytes(said))
        hours, at_km, mg_l = (np.asarray(arrays[f"spill{len(found)}_{part}"], float) for part in SPILL_PARTS)
        places = tuple(Passing(**p) for p in doc["places"])
        found.append(Spilled(doc["river"], doc["substance"], doc["limit_mg_l"], hours, at_km, mg_l, places, doc["mass_error"]))
    return tuple(found)


def assumed_lines(assumed: tuple[Assumed, ...]) -> tuple[str, ...]:
    """Return what was assumed as lines of four parts, to be kept with a run."""
    return tuple("\t".join((a.node, a.key, a.sure, a.source)) for a in assumed)


def assumed_from(lines: tuple[str, ...]) -> tuple[Assumed, ...]:
    return tuple(Assumed(*(*line.split("\t"), "", "", "")[:4]) for line in lines)


def _plain(node_id: str) -> str:
    return "".join(ch if ch.isalnum() and ch.isascii() else "_" for ch in node_id)
