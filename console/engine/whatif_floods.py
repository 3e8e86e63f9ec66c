"""What a scenario's breaches and detention areas flood, on the ground that is given for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from console.domain.scenario import Breach, Retention
from console.engine import levee_breach
from console.engine.breach_river import DrawnRiver
from console.engine.flooding import HOUR_S, Flooding, Plain
from console.engine.refused import EngineRefused
from console.engine.retention_flood import filled, retention_places
from console.engine.whatif_inputs import Case

Array = NDArray[np.float64]
Tell = Callable[..., None]


class Course(Protocol):
    """Of a node: its hourly flow, its level (None where not known), what is diverted or taken in."""

    @property
    def flow_m3s(self) -> Array: ...

    @property
    def level_m(self) -> Array | None: ...

    @property
    def branch_m3s(self) -> Array | None: ...


def breach_floods(case: Case, nodes: Mapping[str, Course], tell: Tell) -> tuple[Flooding, ...]:
    """Return what each breach gave, in the order of the scenario; one lower down finds less in the river.

    Args:
        nodes: of the chain without breaches. tell: hears the share done and parts of floods.

    Raises:
        EngineRefused: a levee that nobody declared or without the ground behind it, or whatever a breach refuses.
    """
    asked = [(k, entry) for k, entry in enumerate(case.scenario.inputs) if isinstance(entry, Breach)]
    _apart([entry for _, entry in asked])
    grounds: list[list[tuple[int, Breach]]] = []
    for k, entry in sorted(asked, key=lambda one: one[1].at_km):
        if k not in case.plains:
            raise EngineRefused("declared", "没有给出堤后的地形，不能算溃口")
        same = next((some for some in grounds if _same_ground(case.plains[some[0][0]], case.plains[k])), None)
        if same is None:
            grounds.append([(k, entry)])
        else:
            same.append((k, entry))
    found: dict[int, Flooding] = {}
    for done, some in enumerate(grounds):
        group = [_asked(case, nodes, k, entry, list(found.values())) for k, entry in some]
        floods = levee_breach.flooded(group, case.scenario.lead_h, _part_of(tell, done, len(grounds)))
        found |= {one.entry: one for one in floods}
    return tuple(found[k] for k, _ in asked)


def retention_floods(case: Case, nodes: Mapping[str, Course], tell: Tell) -> tuple[tuple[Flooding, ...], list[str]]:
    """Return what the detention areas that a scenario opens hold, and what must be said of those that show nothing.

    Raises:
        EngineRefused: the ground or the solver refuse.
    """
    asked = [(k, entry) for k, entry in enumerate(case.scenario.inputs) if isinstance(entry, Retention)]
    names = {str(n["id"]): str(n.get("name", n["id"])) for n in case.declared.get("node", ())}
    places, found, said = retention_places(case.declared), list[Flooding](), list[str]()
    for done, (k, entry) in enumerate(asked):
        place, course = places.get(entry.area), nodes.get(entry.area)
        if place is None or k not in case.plains or course is None or course.branch_m3s is None:
            said.append(f"{names.get(entry.area, entry.area)}：没有区界，或这里没有地形，不算淹没，只计水量")
            continue
        one = filled(k, place, case.plains[k], course.branch_m3s, _part_of(tell, done, len(asked)))
        if one is None:
            said.append(f"{names.get(entry.area, entry.area)}：预见期内没有进洪，没有淹没")
            continue
        above = nodes.get(place.above)
        top = None if above is None or above.level_m is None else float(np.nanmax(above.level_m, initial=-np.inf))
        inside = float(np.max(one.level_m))
        if top is not None and np.isfinite(top) and inside > top:
            high = f"区内水位到 {inside:.2f} m，高于上游{names[place.above]}的 {top:.2f} m"
            why = "重力进不了这么多水，地形或区界与实际不符"
            one = replace(one, doubt="水深不可信", limits=(*one.limits, f"{high}：{why}"))
        found.append(one)
    return tuple(found), said


def _apart(breaches: Sequence[Breach]) -> None:
    """Raises: EngineRefused: range: two breaches of a levee meet."""
    for one, other in combinations(breaches, 2):
        off_m = abs(one.at_km - other.at_km) * 1000.0
        if one.levee == other.levee and off_m < (one.width_m + other.width_m) / 2:
            raise EngineRefused("range", f"堤防“{one.levee}”的两处溃口 K{one.at_km:g} 和 K{other.at_km:g} 相接，请合成一处")


def _same_ground(one: Plain, other: Plain) -> bool:
    return all(np.array_equal(getattr(one, part), getattr(other, part)) for part in ("x_m", "y_m", "bed_m"))


def _asked(case: Case, nodes: Mapping[str, Course], k: int, entry: Breach, known: Sequence[Flooding]) -> levee_breach.Asked:
    """Return a breach with the river that comes to it, less what those of known that lie above it take."""
    levee = levee_breach.levees_of(case.declared).get(entry.levee)
    at = nodes.get(levee.node) if levee is not None else None
    if levee is None or at is None:
        raise EngineRefused("declared", f"河网文件里没有堤防“{entry.levee}”（levee 段），或没有它的测站")
    raw = next(n for n in case.declared.get("node", ()) if str(n["id"]) == levee.node)
    curve = levee_breach.rating_of(raw, levee)
    over = levee_breach.over_rating(curve, at.flow_m3s, at.level_m)
    above = [one for one in known if one.at_km is not None and one.at_km <= entry.at_km]
    gone = levee_breach.lost_of(case.declared, above, len(at.flow_m3s))
    comes = np.asarray(at.flow_m3s - sum((flow for node, _, flow in gone if node == levee.node), np.zeros(1)), float)
    water = DrawnRiver(np.arange(len(comes), dtype=float) * HOUR_S, comes, over, *curve)
    return levee_breach.Asked(k, entry, levee, case.plains[k], water)


def _part_of(tell: Tell, done: int, whole: int) -> Tell:
    def so_far(share: float, part: tuple[Flooding, ...] | None = None) -> None:
        tell((done + share) / whole, part)

    return so_far
