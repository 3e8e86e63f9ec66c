"""A reservoir of a river network, and its operating rule, read from plain mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from console.engine.level_pool import Outlet, Pool
from console.engine.network_reading import SETTLED, Assumed, Reading
from console.engine.release_rules import (
    Bands,
    Fixed,
    Free,
    GateOpenings,
    Hold,
    Limits,
    Rule,
    Schedule,
    Staged,
    Then,
)


@dataclass(frozen=True, slots=True, eq=False)
class Reservoir:
    """pool: None passes the inflow on (no curve known). compensated: (nodes, travel hours) of a Compensate rule.

    gone_h: from this hour on the dam is gone, and what comes passes without storage, outlets or limits.
    """

    pool: Pool | None
    rule: Rule
    limits: Limits
    start_level_m: float | None
    compensated: Compensated | None
    gone_h: float | None = None


@dataclass(frozen=True, slots=True)
class Compensated:
    """Downstream compensation before the lateral flow is known."""

    safe_m3s: float
    least_m3s: float
    lateral: tuple[str, ...]
    travel_h: float


def reservoir_of(reading: Reading) -> Reservoir:
    through, storage = reading.get("through"), reading.table("storage")
    if (storage is None) == (through is not True):
        raise reading.refuse("storage", "须有库容曲线，或以 through = true 说明按来水下泄，二者取一")
    if storage is None:
        return Reservoir(None, Free(), Limits(), None, None)
    outlets = reading.get("outlets")
    if not isinstance(outlets, Sequence) or isinstance(outlets, str) or not outlets:
        raise reading.refuse("outlets", "至少要有一个泄水设施")
    pool = Pool.of(storage, [_outlet(reading, o, i) for i, o in enumerate(outlets)])
    bounds = reading.get("limits") or {}
    if not isinstance(bounds, Mapping):
        raise reading.refuse("limits", "须为表")
    unknown = set(bounds) - {"rise_m3s_h", "fall_m3s_h", "top_m", "bottom_m", "most_m3s"}
    if unknown:
        raise reading.refuse(f"limits.{min(unknown)}", "不认识的项")
    limits = Limits(**{k: reading.checked(f"limits.{k}", v) for k, v in bounds.items()})
    reading.leave("gates")  # assumed only where they are operated
    raw, gone_h = reading.get("rule"), None
    if isinstance(raw, Mapping) and raw.get("kind") == "until":
        gone_h = reading.checked("rule.until_h", raw.get("until_h"), 0.0)
        raw = raw.get("rule")
    rule, compensated = _operated(reading, raw, pool)
    return Reservoir(pool, rule, limits, reading.number("start_level_m"), compensated, gone_h)


def _operated(reading: Reading, raw: Any, pool: Pool) -> tuple[Rule, Compensated | None]:
    """Return a reservoir's rule, and its wish for compensation, whose lateral flow is known only in a run."""
    kind = raw.get("kind") if isinstance(raw, Mapping) else None
    if kind == "compensate":
        return Free(), _compensated(reading, raw)
    if kind == "gates":
        return _openings(reading, raw, pool), None
    if kind == "then":
        rules = []
        for key in ("before", "after"):
            part, wish = _operated(reading, raw.get(key), pool)
            if wish is not None:
                raise reading.refuse("rule", "补偿调节不能与别的调度先后相接")
            rules.append(part)
        return Then(reading.checked("rule.from_h", raw.get("from_h"), 0.0), rules[0], rules[1]), None
    return (Free() if raw is None else rule_of(reading, raw, "rule")), None


def _openings(reading: Reading, raw: Mapping[str, Any], pool: Pool) -> GateOpenings:
    gates = reading.get("gates")
    if not isinstance(gates, Mapping) or "full_m" not in gates:
        raise reading.refuse("gates", "没有闸门全开高度（gates.full_m），不能按开度调度")
    rows = reading.pairs("rule.rows", raw.get("rows", ()))
    if rows is None:
        raise reading.refuse("rule.rows", "缺少")
    full = reading.checked("gates.full_m", gates["full_m"], 1e-3)
    return GateOpenings(tuple(rows[0].tolist()), tuple(rows[1].tolist()), full, np.array(pool.level_m), np.array(pool.most_m3s))


def _outlet(reading: Reading, raw: Any, i: int) -> Outlet:
    key = f"outlets 第 {i + 1} 个"
    if not isinstance(raw, Mapping):
        raise reading.refuse(key, "须为表")
    kind = raw.get("kind", "gate")
    if kind not in ("free", "turbine", "gate"):
        raise reading.refuse(key, f"kind = {kind!r}，须为 free、turbine、gate 之一")
    table = reading.table(key, raw.get("points", ()))
    if table is None:
        raise reading.refuse(key, "缺少 points")
    if "sure" in raw and raw["sure"] not in SETTLED:
        reading.assumed.append(Assumed(reading.name, key, str(raw["sure"]), str(raw.get("src", ""))))
    return Outlet(str(raw.get("name", key)), table, kind)


def _compensated(reading: Reading, raw: Mapping[str, Any]) -> Compensated:
    lateral = raw.get("lateral")
    listed = isinstance(lateral, Sequence) and not isinstance(lateral, str) and all(isinstance(v, str) for v in lateral)
    if not lateral or not listed:
        raise reading.refuse("rule.lateral", "须为节点 id 的列表，至少一个")
    safe = reading.checked("rule.safe_m3s", raw.get("safe_m3s"), 0.0)
    least = reading.checked("rule.least_m3s", raw.get("least_m3s", 0.0), 0.0)
    return Compensated(safe, least, tuple(lateral), reading.checked("rule.travel_h", raw.get("travel_h", 0.0), 0.0))


def rule_of(reading: Reading, raw: Any, key: str) -> Rule:
    """Read an operating rule; a compensating one must stand alone, not within bands.

    Raises:
        EngineRefused: declared.
    """
    kind = raw.get("kind") if isinstance(raw, Mapping) else None
    if kind == "hold":
        least = reading.checked(f"{key}.least_m3s", raw.get("least_m3s", 0.0), 0.0)
        return Hold(reading.checked(f"{key}.level_m", raw.get("level_m")), least)
    if kind == "fixed":
        return Fixed(reading.checked(f"{key}.flow_m3s", raw.get("flow_m3s"), 0.0))
    if kind == "free":
        return Free()
    if kind in ("schedule", "staged"):
        rows = reading.pairs(f"{key}.rows", raw.get("rows", ()))
        if rows is None or (rows[1] < 0).any():
            raise reading.refuse(f"{key}.rows", "缺少，或有负流量")
        first, second = tuple(rows[0].tolist()), tuple(rows[1].tolist())
        return Schedule(first, second) if kind == "schedule" else Staged(first, second, raw.get("not_over_inflow") is True)
    if kind == "bands":
        return _bands(reading, raw.get("rows"), key)
    raise reading.refuse(key, f"kind = {kind!r}，须为 hold、fixed、schedule、staged、compensate、free、bands 之一")


def _bands(reading: Reading, rows: Any, key: str) -> Bands:
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows or not all(isinstance(r, Mapping) for r in rows):
        raise reading.refuse(key, "bands 须有 rows，每行为 from_m 与 rule")
    names = [f"{key} 第 {i + 1} 段" for i in range(len(rows))]
    bands = Bands(
        tuple(
            (reading.checked(name, row.get("from_m")), rule_of(reading, row.get("rule"), name))
            for name, row in zip(names, rows, strict=True)
        )
    )
    bands.check(0)
    return bands
