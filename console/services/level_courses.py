"""Levels that the compared scenarios of the consultation have at a station, for a breach that happens in one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.services.consult_desk import ConsultDesk
from console.texts import printable

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LevelCourse:
    """A level as a scenario has it: name of the scenario; t (n,) UTC s; level_m (n,), datum of its station."""

    name: str
    t: Array
    level_m: Array

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
    found = {}
    for scenario_id in desk.compared:
        scenario, result = desk.scenario(scenario_id), desk.results.get(scenario_id)
        at = result.outcome.nodes.get(node) if result is not None else None
        if scenario is None or result is None or at is None or at.level_m is None:
            continue
        known = np.isfinite(at.level_m)
        if known.sum() > 1:
            t = scenario.base_t + result.outcome.hours[known] * 3600.0
            found[scenario_id] = LevelCourse(printable(scenario.name), t, at.level_m[known])
    return found
