"""Rows of the station table as the table draws them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from console.domain.states import State


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line. Values are None when unknown; spark is (t, v) of the last 24 h.

    key: (t, value, quality, stale) of the reading, for cheap comparison of rows.
    """

    code: str
    name: str
    river: str
    element: str
    unit: str
    state: State
    stale: bool
    value: float | None
    value_text: str
    margin: float | None
    margin_text: str
    change_1h: float | None
    change_text: str
    t: int | None
    time_text: str
    quality: str
    warning: float | None = None
    spark_t: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64), compare=False)
    spark_v: NDArray[np.float64] = field(default_factory=lambda: np.empty(0), compare=False)
    interval_s: int = 3600
