"""What is asked of a breach, and the levees that can give way."""

from __future__ import annotations

from dataclasses import dataclass

STATION = "station"


@dataclass(frozen=True, slots=True)
class LeveeChoice:
    """level_m: the water before it now, of a station; None where nothing is measured. sections: (name, chainage km).

    courses: scenarios that have a level there: (id, name, level at the moment m).
    """

    code: str
    name: str
    length_km: float
    level_m: float | None
    station: str
    sections: tuple[tuple[str, float], ...] = ()
    courses: tuple[tuple[str, str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class BreachAsk:
    """levee: code. level_m: the river before the breach at the start, sill_m: both 1985.

    follow: how the river goes on: "" stays, STATION with its station, or by the scenario of this id.

    fine: by the solver's second order. name: of a prepared breach, whose result is shown from whichever moment it is
    opened at; "" for one of a moment.
    """

    levee: str
    chainage_km: float
    width_m: float
    growth_h: float
    sill_m: float
    level_m: float
    follow: str
    hours: float
    cell_m: float
    name: str = ""
    fine: bool = False
