"""What the panel of a spill shows: the cloud along the river and over time, and what passes each place when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.viewdata.consult import Cell

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SpillCurve:
    """One spill of one compared scenario. place: of its colour; nth: of its scenario, for the line's style.

    t: (k,) UTC s; at_km: (n,); mg_l: (k, n).
    """

    name: str
    place: int
    t: Array
    at_km: Array
    mg_l: Array
    watermark: str = ""
    nth: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class SpillView:
    """places: (name, km) downstream. limits: (words, mg/L). rows: of what passes them. missing: "" where there is something."""

    river: str = ""
    curves: tuple[SpillCurve, ...] = ()
    places: tuple[tuple[str, float], ...] = ()
    limits: tuple[tuple[str, float], ...] = ()
    titles: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    missing: str = ""
