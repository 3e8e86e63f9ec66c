"""What the sandbox draws; positions in CGCS2000 degrees, heights in metres."""

from __future__ import annotations

from dataclasses import dataclass, field

from console.domain.states import State


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

    states: (lon, lat, state) of its stations; each colours the water nearest to it.
    """

    name: str
    states: tuple[tuple[float, float, State], ...] = ()
    stages: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ScenePool:
    """A reservoir surface; level_m None draws an empty ring. radius_km is for display only."""

    code: str
    name: str
    lon: float
    lat: float
    radius_km: float
    level_m: float | None
    state: State
    label: str = ""


@dataclass(frozen=True, slots=True)
class SceneView:
    """Everything of one moment."""

    moment: float = 0.0
    stations: tuple[SceneStation, ...] = ()
    reaches: tuple[SceneReach, ...] = ()
    pools: tuple[ScenePool, ...] = ()
    selected: str | None = None
    colors: dict[str, tuple[float, float, float]] = field(default_factory=dict)
