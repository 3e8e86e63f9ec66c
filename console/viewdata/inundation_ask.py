"""What is asked of a breach, and the levees that can give way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeveeChoice:
    """level_m: the water before it now, of a station; None where nothing is measured. sections: (name, chainage km)."""

    code: str
    name: str
    length_km: float
    level_m: float | None
    station: str
    sections: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class BreachAsk:
    """levee: code. level_m: the river before the breach at the start, sill_m: both 1985. follow: with its station.

    fine: by the solver's second order. name: of a prepared breach, whose result is shown from whichever moment it is
    opened at; "" for one of a moment.
    """

    levee: str
    chainage_km: float
    width_m: float
    growth_h: float
    sill_m: float
    level_m: float
    follow: bool
    hours: float
    cell_m: float
    name: str = ""
    fine: bool = False
