"""What the sandbox draws; positions in CGCS2000 degrees, heights in metres."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from console.domain.states import State
from console.viewdata.map import RainField, TyphoonView

LAYERS = ("water", "stations", "reservoirs", "works", "rain", "typhoon", "flood", "flow")


@dataclass(frozen=True, slots=True)
class SceneStation:
    """A column with a label. ratio: height of the column, 0 to 1, by margin to the warning level."""

    code: str
    name: str
    lon: float
    lat: float
    state: State
    stale: bool
    ratio: float
    label: str


@dataclass(frozen=True, slots=True)
class SceneReach:
    """A river. stages: (lon, lat, stage m) of its stations at the moment.

    states: (lon, lat, state) of its stations; each colours the water nearest to it. rises: (lon, lat, change of
    the last hour, m); between a falling station and a rising one below it the crest of the flood is on its way.
    speeds: (lon, lat, lon, lat, km/h) from one station to the next, by published travel times.
    """

    name: str
    states: tuple[tuple[float, float, State], ...] = ()
    stages: tuple[tuple[float, float, float], ...] = ()
    rises: tuple[tuple[float, float, float], ...] = ()
    speeds: tuple[tuple[float, float, float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ScenePool:
    """A reservoir surface; level_m None draws an empty ring. radius_km: about, where the ground does not bound it.

    rules: (word, level m) of the rule levels in force, drawn as rings. storage_word: "" where unknown.
    """

    code: str
    name: str
    lon: float
    lat: float
    radius_km: float
    level_m: float | None
    state: State
    label: str = ""
    rules: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SceneRiver:
    """A river's course: line (n, 2) lon/lat downstream; low_water_m (n,), falling, by the long profile."""

    name: str
    line: NDArray[np.float64]
    low_water_m: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SceneStyle:
    """How it is drawn. layers: codes of LAYERS that are on. moving: water may run (off with reduced motion)."""

    exaggeration: float = 8.0
    night: bool = False
    layers: tuple[str, ...] = LAYERS
    moving: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class SceneFlood:
    """Depth of water over the ground at the moment. key: changes with the picture.

    box: west, south, east, north in local km of the scene; rgba (h, w, 4) uint8, row 0 south, alpha 0 where dry or
    unknown. breaches: (lon, lat, words).
    """

    key: str
    box: tuple[float, float, float, float]
    rgba: NDArray[np.uint8]
    breaches: tuple[tuple[float, float, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SceneView:
    """Everything of one moment. colors: token → RGB, 0 to 1."""

    moment: float = 0.0
    stations: tuple[SceneStation, ...] = ()
    reaches: tuple[SceneReach, ...] = ()
    pools: tuple[ScenePool, ...] = ()
    selected: str | None = None
    colors: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    typhoons: tuple[TyphoonView, ...] = ()
    rain: RainField | None = None
    style: SceneStyle = field(default_factory=SceneStyle)
