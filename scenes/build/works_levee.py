"""A levee: its section swept along its course and set on the ground, with chainage posts and marked sections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from console.domain.works import chainage_text
from console.viewdata.scene_works import HEIGHT_M, SceneSection, SceneWorks
from scenes.build.works_solids import CONCRETE_DARK, GRASS, ROAD, UNKNOWN, WHITE, Color, Pieces
from scenes.ground.frame import to_local

Array = NDArray[np.float64]
GroundAt = Callable[[Array, Array], Array]
STATIONS = 1500  # along a levee, at most
LEAST_STEP_M = 12.0
SUNK_M = 1.5
KERB_M = 1.2
HALF_CREST_M = 4.0
SLOPE = 3.0
POSTS = 120
SMOOTH_M = 800.0  # over which an assumed crest evens out the ground
POST_STEPS_KM = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True, slots=True)
class Mark:
    """A text to be set at a place: metres east and north of the works' own, height above the datum."""

    text: str
    x_m: float
    y_m: float
    z_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A levee at its stations, all (n,) unless said.

    chainage_m: as officers count it; place (n, 2) metres; left (n, 2) unit normals; crest_m; ground_m, NaN unknown;
    half_m, slope (n, 2): crest's half width and bank's run per rise, left and right of the way.
    """

    chainage_m: Array
    place: Array
    left: Array
    crest_m: Array
    ground_m: Array
    half_m: Array
    slope: Array
    water_left: bool

    def at(self, chainage_m: float) -> tuple[Array, Array, float]:
        """Return (place (2,), left normal (2,), crest level) at a chainage within the levee."""
        put = [np.interp(chainage_m, self.chainage_m, c) for c in (*self.place.T, *self.left.T, self.crest_m)]
        return np.array(put[:2]), np.array(put[2:4]), float(put[4])


def line_m(works: SceneWorks) -> Array:
    """Return a works' course (k, 2) in metres east and north of its place, without repeated points."""
    lonlat = np.asarray(works.line, float).reshape(-1, 2)
    x0, y0 = to_local(works.lon, works.lat)
    x, y = to_local(lonlat[:, 0], lonlat[:, 1])
    line = np.column_stack([x - x0, y - y0]) * 1000
    line = line[np.isfinite(line).all(axis=1)]
    kept = np.ones(len(line), bool)
    kept[1:] = np.hypot(*np.diff(line, axis=0).T) > 0.5
    return np.asarray(line[kept])


def course(works: SceneWorks, ground: GroundAt | None) -> Course | None:
    """Return a levee at its stations; None where its course is not two places."""
    line = line_m(works)
    if len(line) < 2:
        return None
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    n = int(np.clip(along[-1] / LEAST_STEP_M, 2, STATIONS))
    s = np.linspace(0.0, along[-1], n)
    place = np.column_stack([np.interp(s, along, line[:, i]) for i in (0, 1)])
    way = gaussian_filter1d(np.gradient(place, axis=0), 1.5, axis=0, mode="nearest")
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    left = np.column_stack([-way[:, 1], way[:, 0]])
    scale = works.length_m / along[-1] if works.length_m and works.length_m > 0 else 1.0
    chainage = s * scale
    height = works.height_m or HEIGHT_M["levee"]
    floor = np.full(n, np.nan) if ground is None else np.asarray(ground(place[:, 0], place[:, 1]), float)
    crest = _crest(works, chainage, floor, height, s[1] - s[0])
    under = np.where(np.isfinite(floor), floor, crest - height)
    water_left = _water_left(works, left)
    half, slope = _banks(works, chainage)
    if not water_left:
        half, slope = half[:, ::-1], slope[:, ::-1]
    return Course(chainage, place, left, crest, under, half, slope, water_left)


def add_levee(pieces: Pieces, works: SceneWorks, ground: GroundAt | None, colors: Mapping[str, Color]) -> tuple[Mark, ...]:
    """Add a levee; return where its chainages and sections are written."""
    c = course(works, ground)
    if c is None:
        return ()
    band = colors.get(works.state, UNKNOWN)
    rings = _rings(c, ground)
    bank = (CONCRETE_DARK, GRASS) if c.water_left else (GRASS, CONCRETE_DARK)
    strips = (("bank", bank[0]), ("band", band), ("road", ROAD), ("band", band), ("bank", bank[1]))
    for i, (part, color) in enumerate(strips):
        one, two = rings[:, i], rings[:, i + 1]
        quads = np.stack([np.stack([one[:-1], two[:-1], two[1:]], 1), np.stack([one[:-1], two[1:], one[1:]], 1)], 1)
        pieces.triangles(part, quads.reshape(-1, 3, 3), color)
    for end in (rings[:1, ::-1], rings[-1:]):
        fan = np.stack([np.broadcast_to(end[:, :1], end[:, 1:-1].shape), end[:, 1:-1], end[:, 2:]], 2)
        pieces.triangles("bank", fan.reshape(-1, 3, 3), GRASS)
    return (*_posts(pieces, c), *_sections(pieces, works, c, colors))


def _crest(works: SceneWorks, chainage: Array, floor: Array, height: float, step: float) -> Array:
    """Return the crest: through the declared sections' own, else the stated one, else even above the ground."""
    told = sorted(
        (s.chainage_m, max(z for _, z in s.profile)) for s in works.sections if s.profile and s.chainage_m is not None
    )
    if told:
        return np.interp(chainage, [t[0] for t in told], [t[1] for t in told])
    if works.crest_m is not None:
        return np.full(len(chainage), works.crest_m)
    known = np.isfinite(floor)
    if not known.any():
        return np.full(len(chainage), height)
    whole = np.interp(chainage, chainage[known], floor[known])
    even = gaussian_filter1d(whole, max(1.0, SMOOTH_M / max(step, 1e-6)), mode="nearest")
    return np.asarray(np.maximum(even, whole - height + 2.0) + height)


def _banks(works: SceneWorks, chainage: Array) -> tuple[Array, Array]:
    """Return half widths and slopes (n, 2), water side first, from the declared profiles or as assumed."""
    told = sorted((s.chainage_m, *_bank(s)) for s in works.sections if s.profile and s.chainage_m is not None)
    if not told:
        return np.full((len(chainage), 2), HALF_CREST_M), np.full((len(chainage), 2), SLOPE)
    at = [t[0] for t in told]
    put = [np.interp(chainage, at, [t[i] for t in told]) for i in range(1, 5)]
    return np.column_stack(put[:2]), np.column_stack(put[2:])


def _bank(section: SceneSection) -> tuple[float, float, float, float]:
    """Return (water half width, land half width, water slope, land slope) of a profile, within reason."""
    profile = sorted(section.profile, reverse=True)  # water side first
    top = max(z for _, z in profile)
    crest = [i for i, (_, z) in enumerate(profile) if z > top - 0.2]
    first, last = crest[0], crest[-1]
    found = []
    for i, j in ((first, first - 1), (last, last + 1)):
        inside = 0 <= j < len(profile)
        run = abs(profile[j][0] - profile[i][0]) if inside else 0.0
        rise = profile[i][1] - profile[j][1] if inside else 0.0
        found.append(float(np.clip(run / rise, 0.5, 8.0)) if rise > 0.2 else SLOPE)
    wide = float(np.clip((profile[first][0] - profile[last][0]) / 2, 1.5, 30.0))
    return wide, wide, found[0], found[1]


def _water_left(works: SceneWorks, left: Array) -> bool:
    """Tell whether the water is to the left of the way, from the bearing from the middle to it."""
    if works.bearing_deg is None:
        return True
    b = np.radians(works.bearing_deg)
    return bool(left[len(left) // 2] @ np.array([np.sin(b), np.cos(b)]) >= 0)


def _rings(c: Course, ground: GroundAt | None) -> Array:
    """Return outlines (n, 6, 3) from the left toe over the crest to the right toe; toes lie under the ground."""
    n = len(c.crest_m)
    rings = np.empty((n, 6, 3))
    floor = np.minimum(c.ground_m, c.crest_m - 0.5) - SUNK_M
    for side, toe, edge, kerb in ((0, 0, 1, 2), (1, 5, 4, 3)):
        sign = 1.0 if side == 0 else -1.0
        out = c.half_m[:, side] + c.slope[:, side] * (c.crest_m - floor)
        low = floor
        if ground is not None:
            foot = c.place + sign * out[:, None] * c.left
            there = np.asarray(ground(foot[:, 0], foot[:, 1]), float) - SUNK_M
            low = np.fmin(floor, there)
            out = c.half_m[:, side] + c.slope[:, side] * (c.crest_m - low)
        inner = np.maximum(c.half_m[:, side] - KERB_M, 0.3 * c.half_m[:, side])
        for i, offset, z in ((toe, out, low), (edge, c.half_m[:, side], c.crest_m), (kerb, inner, c.crest_m)):
            rings[:, i, :2] = c.place + sign * offset[:, None] * c.left
            rings[:, i, 2] = z
    return rings


def _posts(pieces: Pieces, c: Course) -> tuple[Mark, ...]:
    """Add a post at every kilometre; at longer ways on a levee so long that there would be too many."""
    total = c.chainage_m[-1] / 1000
    step = next((k for k in POST_STEPS_KM if total / k <= POSTS), int(total / POSTS) + 1)
    found = []
    for km in range(0, int(total) + 1, step):
        place, left, top = c.at(km * 1000.0)
        side = c.half_m[0].min() * (1.0 if c.water_left else -1.0)
        x, y = place + side * left
        pieces.box("post", (x - 0.35, y - 0.35, top), (x + 0.35, y + 0.35, top + 2.6), WHITE)
        found.append(Mark(chainage_text(km * 1000.0), float(x), float(y), top + 3.2))
    return tuple(found)


def _sections(pieces: Pieces, works: SceneWorks, c: Course, colors: Mapping[str, Color]) -> tuple[Mark, ...]:
    """Mark watched sections: a gate of two posts; a dangerous one's beam is striped. A section off the levee is left out."""
    found = []
    for n, section in enumerate(works.sections):
        if section.chainage_m is None or not 0.0 <= section.chainage_m <= c.chainage_m[-1]:
            continue
        place, left, top = c.at(section.chainage_m)
        part, high = f"{'critical' if section.critical else 'section'}:{n}", top + 6.0
        reach = float(c.half_m.max()) + 0.6
        ends = [place + sign * reach * left for sign in (1.0, -1.0)]
        for x, y in ends:
            pieces.bar(part, (x, y, top - 1.0), (x, y, high), 0.7, WHITE)
        shade = colors.get(section.state, UNKNOWN)
        stripes = 6 if section.critical else 1
        cuts = np.linspace(0.0, 1.0, stripes + 1)
        for k in range(stripes):
            a, b = (ends[0] + t * (ends[1] - ends[0]) for t in cuts[k : k + 2])
            pieces.bar(part, (*a, high), (*b, high), 1.1, shade if k % 2 == 0 else WHITE)
        found.append(Mark(f"{section.name} {chainage_text(section.chainage_m)}", float(place[0]), float(place[1]), high + 1.2))
    return tuple(found)
