"""Levees that give way in a scenario of a chain: the plain floods, and the river below carries what is left.

The flow that comes to the levee is the chain's; its level at the breach is that of the flow which stays (see
breach_river). What leaves is taken off the chain below the levee's station, which is then run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.domain.scenario import Breach
from console.engine.breach import BreachCase, BreachOutcome, run_breaches
from console.engine.breach_river import DrawnRiver, Taken
from console.engine.flooding import HOUR_S, MANNING, OUT_S, Flooding, Named, Plain, flooding, ground_words
from console.engine.refused import EngineRefused

Array = NDArray[np.float64]
NODE = "levee-breach-"
OVER_M = 5.0  # the levee stands so much over the river: elsewhere nothing passes it
ALL_M3S = 1e9


@dataclass(frozen=True, slots=True)
class Levee:
    """A declared levee. node: the station whose rating gives the level at its chainage 0.

    fall_m_km: of the water along it; datum_m: to add to the station's levels to get the 1985 datum, that of the ground.
    """

    code: str
    name: str
    node: str
    length_km: float
    fall_m_km: float
    datum_m: float
    said: str


def levees_of(declared: Mapping[str, Any]) -> dict[str, Levee]:
    """Return the levees that may give way, by code. Raises: EngineRefused: declared: names the levee and the key."""
    found = {}
    for raw in declared.get("levee", ()):
        code = str(raw.get("object", ""))
        numbers = []
        for key, low, high in (("length_km", 0.1, 3000.0), ("fall_m_km", 0.0, 10.0), ("to_1985_m", -100.0, 100.0)):
            value = raw.get(key)
            value = value.get("value") if isinstance(value, Mapping) else value
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise EngineRefused("declared", f"堤防“{code}”（levee 段）的 {key}：须为 {low:g} 到 {high:g} 之间的数")
            numbers.append(float(value))
        if not code or not raw.get("node"):
            raise EngineRefused("declared", f"堤防“{code}”（levee 段）缺少 object 或 node")
        length, fall, datum = numbers
        said = f"{raw.get('sure', '假定')}：{raw.get('src', '')}"
        found[code] = Levee(code, str(raw.get("name", code)), str(raw["node"]), length, fall, datum, said)
    return found


def rating_of(raw: Mapping[str, Any], levee: Levee) -> tuple[Array, Array]:
    """Return the declared rating (m, m³/s) of a levee's station. Raises: EngineRefused: declared: it has none."""
    rating = raw.get("rating")
    points = rating.get("points") if isinstance(rating, Mapping) else rating
    if not points:
        raise EngineRefused("declared", f"{levee.name}的临水水位取自“{raw.get('name', levee.node)}”，它没有水位流量关系")
    level, flow = np.array(points, float).T
    return level, flow


def over_rating(curve: tuple[Array, Array], flow_m3s: Array, level_m: Array | None) -> Array:
    """Return how far a station's level lies over its rating, m: what a correction at the start, or a loop, puts there."""
    if level_m is None:
        return np.zeros(len(flow_m3s))
    return np.asarray(np.nan_to_num(level_m - np.interp(flow_m3s, curve[1], curve[0])), float)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A breach of a scenario. entry: its place among the inputs. water: at the levee's station, s after the base moment."""

    entry: int
    breach: Breach
    levee: Levee
    plain: Plain
    water: DrawnRiver

    @property
    def named(self) -> Named:
        one = self.breach
        title = f"{self.levee.name} K{one.at_km:g} 溃口 {one.width_m:g} m"
        return Named(self.entry, one.levee, self.levee.name, title, one.at_km, one.width_m)


def case_of(asked: Asked, lead_h: float, start_s: float, above: tuple[Taken, ...] = ()) -> BreachCase:
    """Return the flooding that a breach asks for, in a run that begins start_s after the base moment. above: see DrawnRiver.

    Raises:
        EngineRefused: range: the breach lies beside the levee or after the run.
    """
    one, levee, plain = asked.breach, asked.levee, asked.plain
    if not 0.0 <= one.at_km <= levee.length_km:
        raise EngineRefused("range", f"{levee.name}桩号 K{one.at_km:g} 不在 0–{levee.length_km:g} km 内")
    if one.at_s >= (lead_h - 1.0) * HOUR_S:
        raise EngineRefused("range", f"溃口时间 {one.at_s / HOUR_S:g} h 距预见期 {lead_h:g} h 的末尾不足 1 h")
    here = asked.water.over_m + levee.datum_m - levee.fall_m_km * one.at_km
    there = replace(asked.water, t_s=asked.water.t_s - start_s, over_m=np.asarray(here, float), above=above)
    shape = (plain.line, plain.at, plain.river, there.highest_m + OVER_M, one.width_m, one.sill_m, one.growth_h * HOUR_S)
    hours, from_s = lead_h - start_s / HOUR_S, one.at_s - start_s
    return BreachCase(plain.bed_m, plain.x_m, plain.y_m, *shape, there, MANNING, hours, out_s=OUT_S, from_s=from_s)


def flooded(asked: Sequence[Asked], lead_h: float, tell: Callable[..., None]) -> tuple[Flooding, ...]:
    """Run breaches that flood one ground, in the order in which the river passes them; the first holds the depths of all.

    Args:
        tell: also hears parts of all, whose first flood holds the frames since the last part.

    Raises:
        EngineRefused: as case_of, and what the ground or the solver refuse.
    """
    start_s = min(one.breach.at_s for one in asked)
    cases: list[BreachCase] = []
    for k, one in enumerate(asked):
        above = tuple(c.taken for c, other in zip(cases, asked[:k], strict=True) if other.levee.node == one.levee.node)
        cases.append(case_of(one, lead_h, start_s, above))

    def floods(outcomes: Sequence[BreachOutcome]) -> tuple[Flooding, ...]:
        found = [
            flooding(one.named, one.plain, start_s / HOUR_S, got, _said(one)) for one, got in zip(asked, outcomes, strict=True)
        ]
        rest = [replace(f, area_m2=0.0, deepest_m=0.0, flood=None, beside=found[0].entry) for f in found[1:]]
        return (replace(found[0], together=tuple(f.title for f in rest)), *rest)

    def so_far(share: float, parts: Sequence[BreachOutcome] | None = None) -> None:
        tell(share, None if parts is None else floods(parts))

    return floods(run_breaches(cases, so_far))


def _said(asked: Asked) -> list[str]:
    levee, water = asked.levee, asked.water
    said = [
        f"河道水位由测站的水位流量关系按溃口后留在河里的流量计，沿堤每公里降 {levee.fall_m_km:g} m（{levee.said}）",
        f"{ground_words(asked.plain)}；退水时经口门流回河道的也计（同一堰流公式）",
    ]
    if water.flow_m3s.max() > water.curve_m3s[-1]:
        said.append(f"有时段来水超出水位流量关系 {water.curve_m3s[-1]:.0f} m³/s，水位取其末值，偏低")
    return said


def hourly(one: Flooding, count: int) -> Array:
    """Return the mean flow around each hour of a run, m³/s, (count,): what is taken off the chain."""
    t, gone = one.hours, one.gone_m3
    edges = np.arange(count + 1) - 0.5
    left = np.interp(edges, t, gone)
    left[-1] = gone[-1] + one.flow_m3s[-1] * HOUR_S * max(0.0, edges[-1] - t[-1])  # the half hour beyond the run
    return np.asarray(np.diff(left) / HOUR_S, float)


Lost = tuple[str, str, Array]
"""What a breach takes off the chain: the station above it, words, hourly m³/s, negative for what runs back."""


def lost_of(declared: Mapping[str, Any], floods: Sequence[Flooding], count: int) -> tuple[Lost, ...]:
    """Return what the breaches among floods take off a chain in a run of count hours."""
    levees = levees_of(declared)
    return tuple((levees[one.code].node, one.title, hourly(one, count)) for one in floods if one.code in levees)


def without(declared: Mapping[str, Any], lost: Sequence[Lost]) -> Mapping[str, Any]:
    """Return a chain that loses flows below stations. lost: (station, words, hourly m³/s).

    Raises:
        EngineRefused: declared: the station is not there, or nothing lies below it.
    """
    rows = list(declared.get("node", ()))
    for k, (station, words, flow) in enumerate(lost):
        at = next((i for i, raw in enumerate(rows) if str(raw["id"]) == station), None)
        if at is None or "to" not in rows[at]:
            raise EngineRefused("declared", f"堤防（levee 段）所指的测站“{station}”不在河网里，或下面没有河段")
        orders = {"points": [[float(h), float(q)] for h, q in enumerate(flow)], "sure": "方案", "src": "二维计算"}
        rating = {"points": [[0.0, 0.0], [ALL_M3S, ALL_M3S]], "sure": "方案", "src": "二维计算"}
        node = {
            "id": f"{NODE}{k}",
            "name": words,
            "kind": "diversion",
            "to": rows[at]["to"],
            "rating": rating,
            "orders": orders,
            "returns": True,
        }
        rows[at] = {**rows[at], "to": node["id"]}
        rows.append(node)
    return {**declared, "node": rows}
