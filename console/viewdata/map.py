"""What the map draws: station columns as arrays, labels as text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.domain.states import State


@dataclass(frozen=True, slots=True, eq=False)
class MapStations:
    """Columns of equal length n: position (degrees), state, stale, kind, code, label parts.

    label: name, value text, margin text, trend (−1, 0, 1).
    """

    code: tuple[str, ...]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    state: NDArray[np.int64]
    stale: NDArray[np.bool_]
    kind: tuple[str, ...]
    label: tuple[tuple[str, str, str, int], ...]

    @classmethod
    def none(cls) -> MapStations:
        return cls((), np.empty(0), np.empty(0), np.empty(0, np.int64), np.empty(0, bool), (), ())


@dataclass(frozen=True, slots=True)
class MapCounts:
    """Badges of a layer: alarmed and unknown, side by side."""

    stations: int
    over: int
    unknown: int
    unplaced: int


@dataclass(frozen=True, slots=True, eq=False)
class MapView:
    """All that a map shows at one moment.

    reaches: river name → (lon, lat, state) of its stations; each colours the water nearest to it.
    """

    stations: MapStations
    reaches: dict[str, tuple[tuple[float, float, State], ...]]
    counts: MapCounts
    selected: str | None = None
