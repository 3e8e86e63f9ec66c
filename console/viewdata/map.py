"""What the map draws: objects in columns, labels as text, layers with their legends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from console.domain.states import State


@dataclass(frozen=True, slots=True, eq=False)
class MapStations:
    """Columns of equal length n: position (degrees), state, stale, symbol, code, layer, label parts.

    symbol: state, reservoir, square, gate, or rain.N with the grade N of its last 24 h (0 to 6, − unknown).
    label: name, value text, margin text, trend (−1, 0, 1).
    """

    code: tuple[str, ...]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    state: NDArray[np.int64]
    stale: NDArray[np.bool_]
    symbol: tuple[str, ...]
    layer: tuple[str, ...]
    label: Sequence[tuple[str, str, str, int]]

    @classmethod
    def none(cls) -> MapStations:
        return cls((), np.empty(0), np.empty(0), np.empty(0, np.int64), np.empty(0, bool), (), (), ())


@dataclass(frozen=True, slots=True)
class MapLayerView:
    """One line of the layer tree. over and unknown: badges side by side, None where nothing is judged.

    widest_km: the layer hides where the view is wider, 0 for never. legend: (symbol, token, word).
    """

    code: str
    name: str
    group: str
    total: int | None = None
    over: int | None = None
    unknown: int | None = None
    widest_km: float = 0.0
    legend: tuple[tuple[str, str, str], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class MapCounts:
    """Badges of the whole map: alarmed and unknown, side by side. lapsed: unknown now and over a limit when last heard."""

    stations: int
    over: int
    unknown: int
    unplaced: int
    lapsed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class MapMark:
    """A thing without readings: a works, a camera. lines: lon/lat; one point is a point mark. state: a works' verdict."""

    layer: str
    code: str
    name: str
    lines: tuple[tuple[tuple[float, float], ...], ...]
    state: State = State.NORMAL


@dataclass(frozen=True, slots=True, eq=False)
class MapView:
    """All that a map shows at one moment.

    reaches: river name → (lon, lat, state) of its stations; each colours the water nearest to it.
    """

    stations: MapStations
    reaches: dict[str, tuple[tuple[float, float, State], ...]]
    counts: MapCounts
    selected: str | None = None
    layers: tuple[MapLayerView, ...] = ()
    marks: tuple[MapMark, ...] = ()
    moment_text: str = ""
    typhoons: tuple[TyphoonView, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class TyphoonPoint:
    """One fix. radii_km: wind circles of force 7, 10, 12 in four quadrants NE SE SW NW; empty for unknown."""

    t: int
    lon: float
    lat: float
    wind_ms: float | None
    pressure_hpa: float | None
    radii_km: tuple[tuple[int, tuple[float, float, float, float]], ...] = ()
    forecast: bool = False
    word: str = ""


@dataclass(frozen=True, slots=True)
class TyphoonView:
    """A track up to the moment and what was forecast from there. cone: ring lon/lat of the likely area.

    now: where it is at the moment, by a forecast where that lies ahead; fixed_t: when it was last located.
    """

    code: str
    name: str
    track: tuple[TyphoonPoint, ...]
    ahead: tuple[TyphoonPoint, ...] = ()
    now: TyphoonPoint | None = None
    cone: tuple[tuple[float, float], ...] = ()
    issuer: str = ""
    fixed_t: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RainBand:
    """Rain between two bounds, mm. rings: lon/lat (m, 2), outer ring first, then its holes."""

    low_mm: float
    token: str
    rings: tuple[tuple[NDArray[np.float64], ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class RainField:
    """Rain of a window. areas: name, mm, gauges used, gauges missing, share of the window with readings.

    cells: Thiessen polygons as (ring, mm). outlines: basins as lon/lat rings. silent_h: hours that no gauge
    has read since until_t. ahead: the future is looked at and no forecast of rain reaches it.
    """

    hours: float
    until_t: float
    bands: tuple[RainBand, ...] = ()
    cells: tuple[tuple[NDArray[np.float64], float], ...] = ()
    outlines: tuple[NDArray[np.float64], ...] = ()
    areas: tuple[tuple[str, float, int, int, float], ...] = ()
    gauges: int = 0
    missing: int = 0
    said: str = ""
    silent_h: float = 0.0
    ahead: bool = False
