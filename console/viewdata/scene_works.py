"""Works, areas, cameras, sensors and surveys as the sandbox draws them; what is not known is said, never hidden.

Places in CGCS2000 degrees, levels in metres above the 1985 datum unless a text says otherwise. Bearings are degrees
clockwise from north. A figure that is None is not known: what is drawn in its stead is listed in `unstated`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Place = tuple[float, float]
HEIGHT_M = {"dam": 30.0, "hydropower": 20.0, "sluice": 8.0, "pump": 8.0, "levee": 6.0}  # drawn where none is stated
BAY_M = 10.0  # width of a bay that states none
PIER_SHARE = 0.18  # of a bay's width: no facts tell of piers
EARTH_WORDS = ("earth", "concrete")


@dataclass(frozen=True, slots=True)
class SceneGate:
    """One bay. opening_m None: not known, drawn hatched, never as closed."""

    number: int
    opening_m: float | None
    max_opening_m: float | None = None
    width_m: float | None = None
    sill_m: float | None = None


@dataclass(frozen=True, slots=True)
class SceneSection:
    """A watched section. critical: declared as a dangerous one. profile: (offset_m, elevation_m), water side positive."""

    name: str
    chainage_m: float | None
    critical: bool = False
    profile: tuple[Place, ...] = ()
    state: str = "unknown"


@dataclass(frozen=True, slots=True)
class SceneWorks:
    """One works.

    line: its course, () for one at a point. bearing_deg: downstream through a dam, sluice or station; for a levee from
    its middle to its water. base_m: foundation or sill slab. length_m: of the crest. material: "concrete", "earth", "".
    water_m, tail_m: level before and behind it; water_kind: "forecast", "stale" or "". unstated: what is drawn by
    assumption, as shown on the card. model: file of a glTF model that replaces the parametric one, "" none.
    """

    code: str
    name: str
    type: str
    lon: float
    lat: float
    line: tuple[Place, ...] = ()
    bearing_deg: float | None = None
    crest_m: float | None = None
    base_m: float | None = None
    height_m: float | None = None
    length_m: float | None = None
    material: str = ""
    powerhouse: bool = False
    gates: tuple[SceneGate, ...] = ()
    sections: tuple[SceneSection, ...] = ()
    state: str = "unknown"
    label: str = ""
    water_m: float | None = None
    water_kind: str = ""
    tail_m: float | None = None
    unstated: tuple[str, ...] = ()
    simulated: bool = False
    model: str = ""


@dataclass(frozen=True, slots=True)
class SceneArea:
    """A flood detention area. ring: its outline, open or closed. in_use None: nobody said."""

    code: str
    name: str
    ring: tuple[Place, ...]
    kind: str = "retention"
    state: str = "unknown"
    level_m: float | None = None
    in_use: bool | None = None
    label: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class SceneSpot:
    """A camera or a sensor. height_m: above the ground. elevation_m: of the sensor itself. assumed: its place is worked out."""

    code: str
    name: str
    kind: str
    lon: float
    lat: float
    height_m: float | None = None
    state: str = "unknown"
    bearing_deg: float | None = None
    elevation_m: float | None = None
    assumed: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class SceneSurvey:
    """An underwater survey, or what changed between two.

    (lon, lat): where x and y are 0. bearing_deg: of x; y grows to the left of it. x_m (nx,), y_m (ny,) ascending;
    z_m (ny, nx) bed level, NaN where not surveyed. scour_m (ny, nx): lowering since the earlier survey, positive where
    eroded; None for a survey alone.
    """

    code: str
    name: str
    lon: float
    lat: float
    bearing_deg: float
    x_m: Array
    y_m: Array
    z_m: Array
    label: str = ""
    scour_m: Array | None = None
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class SceneWorksView:
    """Everything of one moment."""

    works: tuple[SceneWorks, ...] = ()
    areas: tuple[SceneArea, ...] = ()
    spots: tuple[SceneSpot, ...] = ()
    surveys: tuple[SceneSurvey, ...] = ()
    unplaced: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Dimensions:
    """What a works is drawn with, metres. assumed: (what, figure) of everything that its facts do not say."""

    crest_m: float
    base_m: float
    length_m: float
    bays: tuple[SceneGate, ...]
    profile: tuple[Place, ...]
    assumed: tuple[tuple[str, float], ...]

    @property
    def height_m(self) -> float:
        return self.crest_m - self.base_m


def dimensions(works: SceneWorks, ground_m: float | None = None) -> Dimensions:
    """Return the dimensions of a works at a point, each stated figure kept and each missing one assumed and named.

    Args:
        works: any works; of a levee only the height is of use.
        ground_m: height of the ground at its place, None unknown.
    """
    assumed: dict[str, float] = {}
    profile = next((s.profile for s in works.sections if len(s.profile) >= 3), ())
    crest, base = _levels(works, profile, ground_m, assumed)
    bays = tuple(_bay(g, works, crest, base, assumed) for g in works.gates)
    wide = sum((b.width_m or BAY_M) * (1 + PIER_SHARE) for b in bays)
    length = works.length_m
    if length is None or not 1.0 <= length <= 50_000.0:
        length = wide + max(40.0, 4 * (crest - base)) if works.type in ("dam", "hydropower") else wide + 20.0
        assumed["length"] = length
    if wide * 1.04 > length:
        length = wide * 1.04
        assumed["length_bays"] = length
    if works.bearing_deg is None:
        assumed["bearing"] = 0.0
    if works.material not in EARTH_WORDS and works.type == "dam" and not profile:
        assumed["material"] = 0.0
    if bays:
        assumed["spillway"] = 0.0
    return Dimensions(crest, base, length, bays, profile, tuple(assumed.items()))


def _levels(
    works: SceneWorks, profile: tuple[Place, ...], ground_m: float | None, assumed: dict[str, float]
) -> tuple[float, float]:
    """Return (crest, base): from figures, else from the profile, else from the ground and a height."""
    usual = HEIGHT_M.get(works.type, 8.0)
    height = works.height_m if works.height_m is not None and 0.5 <= works.height_m <= 400.0 else None
    outline = [z for _, z in profile]
    crest = works.crest_m if works.crest_m is not None else max(outline, default=None)
    base = works.base_m if works.base_m is not None else min(outline, default=None)
    if base is None and not works.type and not works.gates:
        assumed["type"] = 0.0
    if crest is not None and base is not None and 0.5 <= crest - base <= 400.0:
        return crest, base
    if height is None:
        height, assumed["height"] = usual, usual
    if crest is not None:
        return crest, crest - height
    if base is None:
        base = 0.0 if ground_m is None else ground_m
        assumed["base"] = base
    return base + height, base


def _bay(gate: SceneGate, works: SceneWorks, crest: float, base: float, assumed: dict[str, float]) -> SceneGate:
    """Return a bay with every size filled in; its opening stays unknown where it is."""
    width, full, sill = gate.width_m, gate.max_opening_m, gate.sill_m
    if width is None:
        width = next((g.width_m for g in works.gates if g.width_m is not None), BAY_M)
        assumed["bay_width"] = width
    if full is None:
        full = max(1.0, 0.45 * (crest - base), gate.opening_m or 0.0)
        assumed["leaf"] = full
    if sill is None or not base - 50 <= sill <= crest + 50:
        sill = base + 0.04 * (crest - base)
        if works.type != "sluice":  # a sluice's sill lies on its floor, a dam's high in its body
            sill = max(sill, crest - 1.35 * full)
        assumed["sill"] = sill
    return replace(gate, width_m=width, max_opening_m=full, sill_m=sill)
