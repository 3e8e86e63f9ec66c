"""What stands beside a hydrograph: figures of a window, stations and floods to compare, a reading to correct."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StatLine:
    """word: what it is; text: the figure with unit, "—" where unknown; note: how it was found, or why not."""

    word: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class StatBox:
    """Figures of one stretch of time. threshold: the flow above which the volume is counted, as text."""

    title: str
    lines: tuple[StatLine, ...] = ()
    notes: tuple[str, ...] = ()
    threshold: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a picker. note: why it can or cannot be used."""

    key: str
    text: str
    note: str = ""
    chosen: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class PickerView:
    """Choices, which way they are compared, and what has to be said about it."""

    choices: tuple[Choice, ...] = ()
    way: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PointView:
    """A reading that was clicked. history: what people made of it; blocked: why it cannot be corrected now."""

    title: str
    when: str
    old: str
    unit: str
    quality: str
    history: str = ""
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Gauging:
    """A published pair of level and flow. date: as published, may be a year or empty. forecast: not measured."""

    level_m: float
    flow_m3s: float
    date: str
    source: str
    forecast: bool = False

    @property
    def year(self) -> str:
        return self.date[:4]


@dataclass(frozen=True, slots=True, eq=False)
class YearLoop:
    """Pairs around another year's highest level, shape (n,), in time order; measured: neither of both was rebuilt."""

    year: int
    t: NDArray[np.int64]
    level_m: Array
    flow_m3s: Array
    measured: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class RatingView:
    """Stage against discharge of one station, in its own datum.

    t, level_m, flow_m3s, measured: shape (n,), pairs of the window in time order. curve: (levels, flows),
    shape (m,), inside the gauged range; beyond: the same outside it, NaN between. se: relative.
    missing: why there are no pairs and what would bring them.
    """

    code: str
    title: str
    datum: str = ""
    t: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    level_m: Array = field(default_factory=lambda: np.empty(0))
    flow_m3s: Array = field(default_factory=lambda: np.empty(0))
    measured: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    present: int | None = None
    gaugings: tuple[Gauging, ...] = ()
    curve: tuple[Array, Array] | None = None
    beyond: tuple[Array, Array] | None = None
    se: float | None = None
    gauged_m: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    missing: str = ""
    loops: tuple[YearLoop, ...] = ()
