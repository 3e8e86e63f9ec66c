"""Past floods like the present one, laid over it from the like moment on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from console.viewdata.consult import Cell

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PastCurve:
    """A past flood at the present one's times. place: of its colour."""

    name: str
    place: int
    t: Array
    v: Array


@dataclass(frozen=True, slots=True, eq=False)
class SimilarView:
    """now_t: the like moment. t, v: what was measured up to it. unit: of all values. limits: (words, value)."""

    name: str = ""
    unit: str = ""
    now_t: float = 0.0
    t: Array = field(default_factory=lambda: np.empty(0))
    v: Array = field(default_factory=lambda: np.empty(0))
    pasts: tuple[PastCurve, ...] = ()
    limits: tuple[tuple[str, float], ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    missing: str = ""
