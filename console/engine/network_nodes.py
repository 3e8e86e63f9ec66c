"""The nodes of a river network, read from plain mappings; a fault names the node and the key.

A value is a number, a list, or a table with `value` (or `points`, `rows`) and `sure`, `src`: how sure it is and
whence. What is not 公布 or 推算 is listed by every run that uses it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.engine.level_pool import Outlet, Pool
from console.engine.rating_loop import LoopedReach
from console.engine.refused import EngineRefused
from console.engine.release_rules import Bands, Fixed, Free, GateOpenings, Hold, Limits, Rule, Schedule, Staged, Until
from console.engine.storage import LevelTable

Array = NDArray[np.float64]
SURE = ("公布", "推算", "常识", "重建", "假定", "方案")
SETTLED = ("公布", "推算", "方案")


@dataclass(frozen=True, slots=True)
class Assumed:
    """A parameter that is not published: node's name, key, how sure (假定, 常识, 重建) and the remark beside it."""

    node: str
    key: str
    sure: str
    source: str


@dataclass(frozen=True, slots=True)
class Inflow:
    """A sub-basin or any given series; its flow comes with the run."""


@dataclass(frozen=True, slots=True, eq=False)
class Reservoir:
    """pool: None passes the inflow on (no curve known). compensated: (nodes, travel hours) of a Compensate rule."""

    pool: Pool | None
    rule: Rule
    limits: Limits
    start_level_m: float | None
    compensated: Compensated | None


@dataclass(frozen=True, slots=True)
class Compensated:
    """Downstream compensation before the lateral flow is known."""

    safe_m3s: float
    least_m3s: float
    lateral: tuple[str, ...]
    travel_h: float


@dataclass(frozen=True, slots=True)
class Reach:
    """Muskingum; parts None takes the least stable number."""

    k_h: float
    x: float
    parts: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Diversion:
    """Flow branched off: by rating (main m³/s → branch m³/s), or by orders (hour → m³/s). into: where it goes on."""

    main_m3s: Array
    branch_m3s: Array
    orders: Schedule | None
    into: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Retention:
    """Takes what exceeds keep_m3s, up to inlet_m3s, until volume_m3 is full, once opened (by flow, level or hour)."""

    volume_m3: float
    inlet_m3s: float
    keep_m3s: float
    opens_m3s: float | None
    opens_h: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Station:
    """A place whose flow, and level by its rating (m, m³/s), is looked at. frequency: years, and the peak m³/s of each.

    loop: None takes the curve as it is.
    """

    rating_m: Array | None
    rating_m3s: Array | None
    warning_m: float | None
    safe_m3s: float | None
    frequency: tuple[Array, Array] | None = None
    loop: LoopedReach | None = None


Kind = Inflow | Reservoir | Reach | Diversion | Retention | Station


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A place of the network; to: the next one, None where water leaves."""

    node_id: str
    name: str
    to: str | None
    kind: Kind
    assumed: tuple[Assumed, ...]


class Reading:
    """Reads one node's keys, remembers which were not published, and refuses what is left over."""

    def __init__(self, node_id: str, raw: Mapping[str, Any]) -> None:
        self._id, self._raw, self._read = node_id, raw, set[str]()
        self.name = str(raw.get("name", node_id))
        self.assumed: list[Assumed] = []

    def refuse(self, key: str, why: str) -> EngineRefused:
        return EngineRefused("declared", f"节点“{self._id}”的 {key}：{why}")

    def get(self, key: str) -> Any:
        """Return the bare value of a key, None when absent; note how sure it is."""
        self._read.add(key)
        raw = self._raw.get(key)
        if isinstance(raw, Mapping) and "sure" in raw:
            if raw["sure"] not in SURE:
                raise self.refuse(key, f"sure = {raw['sure']!r}，须为 {'、'.join(SURE)} 之一")
            if raw["sure"] not in SETTLED:
                self.assumed.append(Assumed(self.name, key, str(raw["sure"]), str(raw.get("src", ""))))
            for inner in ("value", "points", "rows"):
                if inner in raw:
                    return raw[inner]
            return {k: v for k, v in raw.items() if k not in ("sure", "src")}
        return raw

    def leave(self, key: str) -> None:
        """Let a key be that this run does not need."""
        self._read.add(key)

    def text(self, key: str) -> str | None:
        value = self.get(key)
        if value is not None and not (isinstance(value, str) and value):
            raise self.refuse(key, "须为文字")
        return value

    def number(self, key: str, *, low: float | None = None, need: bool = False) -> float | None:
        value = self.get(key)
        if value is None:
            if need:
                raise self.refuse(key, "缺少")
            return None
        return self.checked(key, value, low)

    def must(self, key: str, *, low: float | None = None) -> float:
        value = self.number(key, low=low, need=True)
        if value is None:
            raise self.refuse(key, "缺少")
        return value

    def checked(self, key: str, value: Any, low: float | None = None) -> float:
        """Return a finite number, not below low."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.refuse(key, f"{value!r} 不是数")
        if low is not None and value < low:
            raise self.refuse(key, f"{value:g} 小于 {low:g}")
        return float(value)

    def pairs(self, key: str, value: Any = None) -> tuple[Array, Array] | None:
        """Return two columns of a list of pairs whose first column rises, None when absent."""
        raw = self.get(key) if value is None else value
        if raw is None:
            return None
        if isinstance(raw, str) or not isinstance(raw, Sequence) or not raw:
            raise self.refuse(key, "须为若干对数")
        rows = []
        for i, row in enumerate(raw):
            if isinstance(row, str) or not isinstance(row, Sequence) or len(row) != 2:
                raise self.refuse(key, f"第 {i + 1} 行须为一对数")
            rows.append([self.checked(f"{key} 第 {i + 1} 行", v) for v in row])
        table = np.array(rows)
        if (np.diff(table[:, 0]) <= 0).any():
            raise self.refuse(key, f"第 {int(np.argmax(np.diff(table[:, 0]) <= 0)) + 2} 行的第一列须递增")
        return table[:, 0], table[:, 1]

    def table(self, key: str, value: Any = None) -> LevelTable | None:
        """Return a level table with straight lines between its points."""
        pairs = self.pairs(key, value)
        if pairs is None:
            return None
        try:
            return LevelTable(pairs[0].tolist(), pairs[1].tolist(), smooth=False)
        except ValueError as exc:
            raise self.refuse(key, f"至少两点，数值不为负且不减（{exc}）") from exc

    def done(self) -> None:
        """Refuse keys that nobody read: a misspelt one must not be passed over."""
        left = [k for k in self._raw if k not in self._read and k not in ("id", "name", "kind", "note")]
        if left:
            raise self.refuse(left[0], "不认识的项")


def node_of(raw: Mapping[str, Any], place: int) -> Node:
    """Read one node.

    Raises:
        EngineRefused: declared, with the node and key.
    """
    node_id = raw.get("id")
    if not isinstance(node_id, str) or not node_id:
        raise EngineRefused("declared", f"第 {place + 1} 个节点没有 id")
    reading = Reading(node_id, raw)
    readers: dict[str, Callable[[Reading], Kind]] = {
        "inflow": _inflow, "reservoir": _reservoir, "reach": _reach, "diversion": _diversion, "retention": _retention,
        "station": _station,
    }  # fmt: skip
    read = readers.get(str(raw.get("kind")))
    if read is None:
        raise reading.refuse("kind", f"{raw.get('kind')!r}，须为 {'、'.join(readers)} 之一")
    to = reading.text("to")
    try:
        kind = read(reading)
    except EngineRefused as exc:
        raise exc if exc.code == "declared" else EngineRefused("declared", f"节点“{node_id}”：{exc.detail}") from exc
    reading.done()
    return Node(node_id, reading.name, to, kind, tuple(reading.assumed))


def _inflow(reading: Reading) -> Inflow:
    reading.number("area_km2", low=0.0)
    return Inflow()


def _reach(reading: Reading) -> Reach:
    parts = reading.number("parts", low=1)
    return Reach(reading.must("k_h", low=1e-6), reading.must("x", low=0.0), None if parts is None else int(parts))


def _diversion(reading: Reading) -> Diversion:
    rating, orders = reading.pairs("rating"), reading.pairs("orders")
    if rating is None and orders is None:
        raise reading.refuse("rating", "缺少（或给出 orders）")
    main, branch = rating if rating is not None else (np.array([0.0, 1e9]), np.array([0.0, 1e9]))
    if (branch < 0).any() or (branch > main).any():
        raise reading.refuse("rating", "分流量须不为负且不大于干流流量")
    schedule = None if orders is None else Schedule(tuple(orders[0].tolist()), tuple(orders[1].tolist()))
    if schedule is not None:
        schedule.check(0)
    return Diversion(main, branch, schedule, reading.text("into"))


def _retention(reading: Reading) -> Retention:
    rating = reading.pairs("rating")
    level, flow = reading.number("opens_level_m"), reading.number("opens_m3s", low=0.0)
    if level is not None:
        if rating is None or not rating[0][0] <= level <= rating[0][-1]:
            raise reading.refuse("opens_level_m", "须有 rating 且在其范围内")
        flow = float(np.interp(level, *rating))
    volume, inlet = reading.must("volume_mcm", low=0.0) * 1e6, reading.must("inlet_m3s", low=0.0)
    return Retention(volume, inlet, reading.number("keep_m3s", low=0.0) or 0.0, flow, reading.number("opens_h"))


def _station(reading: Reading) -> Station:
    rating = reading.pairs("rating")
    if rating is not None and (np.diff(rating[1]) <= 0).any():
        raise reading.refuse("rating", "流量须随水位增加")
    z, q = rating or (None, None)
    loop = reading.get("loop")
    if loop is not None and (rating is None or not isinstance(loop, Mapping) or set(loop) != {"slope", "width_m"}):
        raise reading.refuse("loop", "须有 rating，并给出 slope 和 width_m 两项")
    reach = LoopedReach(**{k: reading.checked(f"loop.{k}", v, 1e-9) for k, v in loop.items()}) if loop else None
    safe_m3s = reading.number("safe_m3s", low=0.0)
    return Station(z, q, reading.number("warning_m"), safe_m3s, reading.pairs("frequency"), reach)


def _reservoir(reading: Reading) -> Reservoir:
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
    rule, compensated = _operated(reading, reading.get("rule"), pool)
    return Reservoir(pool, rule, limits, reading.number("start_level_m"), compensated)


def _operated(reading: Reading, raw: Any, pool: Pool) -> tuple[Rule, Compensated | None]:
    """Return a reservoir's rule, and its wish for compensation, whose lateral flow is known only in a run."""
    kind = raw.get("kind") if isinstance(raw, Mapping) else None
    if kind == "compensate":
        return Free(), _compensated(reading, raw)
    if kind == "gates":
        return _openings(reading, raw, pool), None
    if kind == "until":
        before, wish = _operated(reading, raw.get("rule"), pool)
        if wish is not None:
            raise reading.refuse("rule", "补偿调节的水库不能算溃坝，请给出调度")
        return Until(reading.checked("rule.until_h", raw.get("until_h"), 0.0), before), None
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
