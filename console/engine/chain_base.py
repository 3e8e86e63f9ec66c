"""What a what-if of a chain starts from: inflows of its sub-basins and levels of its pools, from gauged series.

A gauged flow is divided among the sub-basins above it by declared shares and put earlier by their travel time.
Where the series end, the last value goes on: no forecast is made up, and the base says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.engine.rain_runoff import BasinRain, model_of, rain_of
from console.engine.refused import EngineRefused

Array = NDArray[np.float64]
Key = tuple[str, str]
Series = Mapping[Key, tuple[NDArray[Any], NDArray[Any]]]
"""Readings by (object, element): times (UTC s, ascending) and values; none of them doubtful."""
HOUR_S = 3600.0
WARM_H = 48  # hours before the start over which the rivers are run with what was measured
STALE_S = 6 * HOUR_S  # a start from an older reading is refused
GAP_S = 2 * HOUR_S
HOLE_S = 6 * HOUR_S  # a longer hole is said
LEAST_M3S = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What came at a node since the start: hours after it and values; empty where nothing is measured."""

    flow: tuple[Array, Array]
    inflow: tuple[Array, Array]
    level: tuple[Array, Array]


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """base_t: UTC s. inflows_m3s: (n,) by inflow node, hourly from base_t. start: level (m) by pool.

    measured: by node, what there is to compare with. notes: what must be said of it, in Chinese.
    rain: by inflow node, where a scenario changes it; read for those alone.
    before_m3s: (WARM_H + 1,) by inflow node, hourly up to the start; {} where the hours before are not known.
    seen_before: as long, what was measured at nodes, NaN where nothing was within two hours.
    stage_m: levels measured at stations at the start, their own datum.
    beside_m3s: (n,) hourly, the flow of a river that joins below the chain, by the id of [tidal]; where it is measured.
    """

    base_t: float
    inflows_m3s: Mapping[str, Array]
    start: Mapping[str, float]
    measured: Mapping[str, Measured]
    notes: tuple[str, ...]
    rain: Mapping[str, BasinRain] = field(default_factory=dict)
    before_m3s: Mapping[str, Array] = field(default_factory=dict)
    seen_before: Mapping[str, Array] = field(default_factory=dict)
    stage_m: Mapping[str, float] = field(default_factory=dict)
    beside_m3s: Mapping[str, Array] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """Return what tells one base from another: the same readings give the same."""
        found = hashlib.sha256(repr((self.base_t, sorted(self.start.items()), sorted(self.stage_m.items()))).encode())
        for part in (self.inflows_m3s, self.before_m3s, self.seen_before, self.beside_m3s):
            for node, flow in sorted(part.items()):
                found.update(node.encode() + np.round(flow, 3).tobytes())
        for node, rain in sorted(self.rain.items()):
            found.update(node.encode() + np.round(rain.mm, 3).tobytes())
        return found.hexdigest()


def wanted_series(declared: Mapping[str, Any]) -> tuple[Key, ...]:
    """Return the series that a chain's base is made of."""
    found: list[Key] = []
    for source in _tables(declared, "source"):
        found += [(str(source["object"]), str(source[k])) for k in ("element", "instead") if k in source]
        if "less" in source:
            found.append((str(source["less"]["object"]), str(source["less"]["element"])))
    for m in _tables(declared, "measured"):
        found += [(str(m["object"]), str(m[k])) for k in ("level", "flow", "inflow") if k in m]
    joining = declared.get("tidal", {}).get("joining", {})
    if "object" in joining:
        found.append((str(joining["object"]), str(joining["element"])))
    return tuple(dict.fromkeys(found))


def reach_h(declared: Mapping[str, Any]) -> float:
    """Return how many hours past the end of a run the series are read: the longest travel to a gauged place."""
    ways = [_travel_h(declared, node, str(s["at"])) for s in _tables(declared, "source") for node in s["shares"]]
    return float(np.ceil(max(ways, default=0.0))) + 4.0


def base_of(
    declared: Mapping[str, Any],
    series: Series,
    base_t: float,
    lead_h: float,
    *,
    with_rain: bool = False,
    given: Collection[str] = (),
) -> Base:
    """Return what a run from base_t starts from.

    Args:
        declared: the network with its tables source and measured.
        series: at least what wanted_series names, where it is measured at all; and wanted_rain, for its rain.
        given: inflow nodes that a scenario gives itself: nothing is read for a source whose nodes all are, and its
            inflows are 0 here.

    Raises:
        EngineRefused: declared, or gap: a flow that is needed has no reading of the last hours before base_t.
    """
    hours = np.arange(round(lead_h) + 1, dtype=float)
    notes: list[str] = []
    inflows: dict[str, Array] = {}
    for source in _tables(declared, "source"):
        if set(source["shares"]) <= set(given):
            inflows |= {str(node): np.zeros(len(hours)) for node in source["shares"]}
        else:
            inflows |= _divided(declared, source, series, base_t, hours, notes)
    start: dict[str, float] = {}
    stage: dict[str, float] = {}
    measured = {}
    for m in _tables(declared, "measured"):
        node, at = str(m["node"]), str(m["object"])
        pairs = {k: _since(series.get((at, str(m[k]))) if k in m else None, base_t) for k in ("flow", "inflow", "level")}
        measured[node] = Measured(**pairs)
        level = series.get((at, str(m["level"]))) if "level" in m else None
        kind = next((str(n["kind"]) for n in _tables(declared, "node") if str(n["id"]) == node), "")
        found = _at(level, base_t) if level is not None and kind in ("reservoir", "station") else None
        if found is not None:
            (start if kind == "reservoir" else stage)[node] = found
    lacking = [str(n["id"]) for n in _tables(declared, "node") if n["kind"] == "inflow" and n["id"] not in inflows]
    if lacking:
        raise EngineRefused("declared", f"来水节点“{lacking[0]}”没有来源（source）")
    model = model_of(declared) if with_rain else None
    rain = rain_of(model, series, base_t, lead_h) if model else {}
    before, seen = _before(declared, series, base_t, notes) if not set(inflows) <= set(given) else ({}, {})
    beside = _beside(declared, series, base_t, hours)
    return Base(base_t, inflows, start, measured, tuple(dict.fromkeys(notes)), rain, before, seen, stage, beside)


def _beside(declared: Mapping[str, Any], series: Series, base_t: float, hours: Array) -> dict[str, Array]:
    """Return the flow of the river that joins below the chain; beyond its last reading that reading goes on."""
    joining = declared.get("tidal", {}).get("joining", {})
    key = (str(joining.get("object", "")), str(joining.get("element", "")))
    if not _fresh(series, key, base_t):
        return {}
    return {str(joining["node"]): np.interp(base_t + hours * HOUR_S, *series[key])}


def _before(
    declared: Mapping[str, Any], series: Series, base_t: float, notes: list[str]
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return inflows and measured flows of the hours before a start; none where a gauge does not reach back or has a hole."""
    hours = np.arange(-WARM_H, 1, dtype=float)
    seen = {}
    for m in _tables(declared, "measured"):
        flow = series.get((str(m["object"]), str(m["flow"]))) if "flow" in m else None
        if flow is not None:
            seen[str(m["node"])] = _hourly(flow, base_t + hours * HOUR_S)
    inflows: dict[str, Array] = {}
    for source in _tables(declared, "source"):
        try:
            found = _divided(declared, source, series, base_t, hours, [])
        except EngineRefused:
            return {}, {}
        used = [(str(source["object"]), str(source["element"]))]
        if "instead" in source and not _fresh(series, used[0], base_t):
            used = [(used[0][0], str(source["instead"]))]
        if "less" in source:
            used.append((str(source["less"]["object"]), str(source["less"]["element"])))
        if not all(_whole(series, key, base_t) for key in used):
            return {}, {}
        ahead_h = max(_travel_h(declared, str(n), str(source["at"])) for n in source["shares"])
        unread_h = ahead_h - (min(float(series[k][0][-1]) for k in used) - base_t) / HOUR_S
        if unread_h > 0:
            name = _name(declared, str(source["at"]))
            notes.append(f"{name}以上来水在起算前的最后几小时（最上游约 {min(unread_h, WARM_H):.0f} 小时）也按持平外推（假定）")
        inflows |= found
    return inflows, seen


def _whole(series: Series, key: Key, base_t: float) -> bool:
    """Tell whether a series covers the hours before a start without a long hole."""
    t = series[key][0] if key in series else np.empty(0)
    inside = t[(t >= base_t - WARM_H * HOUR_S - HOLE_S) & (t <= base_t)]
    if not len(inside) or inside[0] > base_t - WARM_H * HOUR_S:
        return False
    return float(np.diff(np.append(inside, base_t)).max()) <= HOLE_S


def _hourly(flow: tuple[NDArray[Any], NDArray[Any]], when: Array) -> Array:
    """Return a flow at moments, NaN where no reading is within GAP_S on both sides."""
    t, v = flow
    out = np.interp(when, t, v, left=np.nan, right=np.nan)
    after = np.clip(np.searchsorted(t, when), 0, len(t) - 1)
    before = np.clip(after - 1, 0, len(t) - 1)
    far = np.minimum(np.abs(t[after] - when), np.abs(t[before] - when)) > GAP_S
    out[far] = np.nan
    return np.asarray(out, float)


def _divided(
    declared: Mapping[str, Any], source: Mapping[str, Any], series: Series, base_t: float, hours: Array, notes: list[str]
) -> dict[str, Array]:
    name = _name(declared, str(source["at"]))
    own = (str(source["object"]), str(source["element"]))
    if "instead" in source and not _fresh(series, own, base_t):
        own = (own[0], str(source["instead"]))
        notes.append(f"{name}没有{source.get('lacking', '流量')}，用{source.get('taken', '别的流量')}代替")
    found = {}
    for node, share in source["shares"].items():
        ahead = _travel_h(declared, str(node), str(source["at"])) + float(source.get("later_h", 0.0))
        when = base_t + (hours + ahead) * HOUR_S
        flow = _course(series, own, base_t, when, notes, name)
        if "less" in source:
            less = source["less"]
            late = _travel_h(declared, str(less["node"]), str(source["at"])) + float(source.get("later_h", 0.0))
            key = (str(less["object"]), str(less["element"]))
            flow = flow - _course(series, key, base_t, when - late * HOUR_S, notes, f"{name}以上")
        found[str(node)] = np.maximum(flow * float(share), LEAST_M3S)
    notes.append(f"{name}以上来水：{source.get('src', '')}（{source.get('sure', '假定')}）")
    return found


def _course(series: Series, key: Key, base_t: float, when: Array, notes: list[str], name: str) -> Array:
    """Return a flow at moments; beyond its last reading that reading goes on."""
    t, v = series.get(key, (np.empty(0), np.empty(0)))
    if not _fresh(series, key, base_t):
        raise EngineRefused("gap", f"{name}（{key[0]} {key[1]}）在起算时间前 {STALE_S / HOUR_S:.0f} 小时内没有流量")
    inside = (t >= when[0]) & (t <= when[-1])
    if np.diff(t[inside]).max(initial=0.0) > HOLE_S:
        notes.append(f"{name}来水有超过 {HOLE_S / HOUR_S:.0f} 小时的缺测，按直线内插")
    if t[-1] > base_t:
        notes.append(f"{name}来水在起算时间之后有 {(t[-1] - base_t) / HOUR_S:.0f} 小时的实测或预报，已用")
    if t[-1] < when[-1]:
        notes.append(f"{name}来水最后一个值之后按持平外推（假定），不是预报；可用倍数或加流量改")
    return np.interp(when, t, v)


def _fresh(series: Series, key: Key, base_t: float) -> bool:
    """Tell whether a series has a reading of the last hours before the start."""
    t = series[key][0] if key in series else np.empty(0)
    before = t[t <= base_t]
    return bool(len(before)) and base_t - float(before[-1]) <= STALE_S


def _since(found: tuple[NDArray[Any], NDArray[Any]] | None, base_t: float) -> tuple[Array, Array]:
    if found is None:
        return np.empty(0), np.empty(0)
    t, v = found
    after = t >= base_t
    return (t[after] - base_t) / HOUR_S, v[after].astype(float)


def _at(found: tuple[NDArray[Any], NDArray[Any]], base_t: float) -> float | None:
    t, v = found
    before = np.flatnonzero(t <= base_t)
    if not len(before) or base_t - t[before[-1]] > STALE_S:
        return None
    return float(np.interp(base_t, t, v))


def _travel_h(declared: Mapping[str, Any], node: str, at: str) -> float:
    """Return the sum of the reaches' K from a node to another one downstream."""
    nodes = {str(n["id"]): n for n in _tables(declared, "node")}
    spent, here, seen = 0.0, node, set[str]()
    while here != at:
        if here not in nodes or here in seen:
            raise EngineRefused("declared", f"从“{node}”到不了“{at}”")
        seen.add(here)
        raw = nodes[here].get("k_h", 0.0)
        spent += float(raw["value"] if isinstance(raw, Mapping) else raw)
        here = str(nodes[here].get("to", ""))
    return spent


def _name(declared: Mapping[str, Any], node: str) -> str:
    return next((str(n.get("name", node)) for n in _tables(declared, "node") if n["id"] == node), node)


def _tables(declared: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    found = declared.get(key, ())
    return found if isinstance(found, Sequence) and not isinstance(found, str) else ()
