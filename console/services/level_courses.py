"""Levels that the compared scenarios of the consultation have at a station, for a breach that happens in one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.engine.whatif import NodeOutcome
from console.services.consult_desk import ConsultDesk
from console.texts import printable

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LevelCourse:
    """A level as a scenario has it: name of the scenario; t (n,) UTC s; level_m (n,), datum of its station.

    said: what must be said of it, "" where nothing.
    """

    name: str
    t: Array
    level_m: Array
    said: str = ""

    def at(self, moment: float) -> float | None:
        """Return the level at a moment; None outside the scenario."""
        return float(np.interp(moment, self.t, self.level_m)) if self.t[0] <= moment < self.t[-1] else None


Courses = Callable[[str], Mapping[str, LevelCourse]]
"""Gives the courses at the object of a code, by id of their scenario."""


def no_courses(_code: str) -> Mapping[str, LevelCourse]:
    return {}


def level_courses(desk: ConsultDesk, code: str) -> dict[str, LevelCourse]:
    """Return the levels where an object measures, by id of the compared scenario; one without a level is left out."""
    node = next((str(m["node"]) for m in desk.declared.get("measured", ()) if str(m["object"]) == code), "")
    raw: Mapping[str, Any] = next((n for n in desk.declared.get("node", ()) if str(n["id"]) == node), {})
    found = {}
    for scenario_id in desk.compared:
        scenario, result = desk.scenario(scenario_id), desk.results.get(scenario_id)
        at = result.outcome.nodes.get(node) if result is not None else None
        if scenario is None or result is None or at is None or at.level_m is None or not np.isfinite(at.level_m).any():
            continue
        level, said = _whole(at, raw)
        t = scenario.base_t + result.outcome.hours * 3600.0
        found[scenario_id] = LevelCourse(printable(scenario.name), t, level, said)
    return found


def _whole(at: NodeOutcome, raw: Mapping[str, Any]) -> tuple[Array, str]:
    """Return a level without gaps: beyond its rating the rating's end stands, and that is said."""
    level = np.array(at.level_m, float)
    gaps = ~np.isfinite(level)
    if not gaps.any():
        return level, ""
    rating = raw.get("rating")
    points = np.array(rating["points"], float) if isinstance(rating, Mapping) and rating.get("points") else None
    if points is None:
        level[gaps] = np.nanmax(level)
        return level, "有时段没有水位，按最高值"
    over = gaps & (at.flow_m3s > points[-1, 1])
    level[gaps] = points[0, 0]
    level[over] = max(float(points[-1, 0]), float(np.nanmax(np.where(gaps, -np.inf, level))))
    return level, "有时段流量超出水位流量关系，水位取其末值，偏低" if over.any() else "有时段低于水位流量关系，水位取其首值"
