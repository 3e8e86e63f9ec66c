"""Rivers on the screen: one mesh of ribbons through the stages of their stations, coloured by state."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkRenderer

from console.domain.states import State
from console.viewdata.scene import SceneReach, SceneRiver, SceneView
from scenes.build.course import Course, course_of, crests, stage_along
from scenes.ground.source import Ground
from scenes.render.mesh import Mesh

Array = NDArray[np.float64]
NARROWEST_KM, WIDEST_KM = 0.36, 2.2
SHARE = 0.0042  # of the distance to the eye: how wide a river is drawn, so that it can be seen from afar
SKIN_M = 0.05
NEAR_KM = 8.0
RIM_M = 0.25  # above the bank before it is said so


class Rivers:
    """Draws the rivers of one renderer. over: rivers whose water stands above the drawn bank, and by how much, m."""

    def __init__(self, renderer: vtkRenderer, rivers: tuple[SceneRiver, ...], ground: Ground) -> None:
        self._renderer = renderer
        self.courses: dict[str, Course] = {r.name: course_of(r, ground) for r in rivers}
        self.surface: dict[str, Array] = {name: c.low_water_m.copy() for name, c in self.courses.items()}
        self.exaggeration, self._width = 8.0, WIDEST_KM
        self.over: dict[str, float] = {}
        self.crests: tuple[tuple[str, float, float, float], ...] = ()
        self._slices: dict[str, slice] = {}
        self._placed: dict[tuple[str, float, float], float] = {}
        self._mesh: Mesh | None = None
        self._rims: tuple[Array, ...] = ()
        faces, first = [], 0
        for name, course in self.courses.items():
            n = len(course.x)
            self._slices[name] = slice(first, first + n)
            i = 2 * first + np.arange(0, 2 * n - 2, 2)
            faces += [np.column_stack([i, i + 1, i + 2]), np.column_stack([i + 1, i + 3, i + 2])]
            first += n
        if first:
            blank = np.zeros((2 * first, 3))
            self._mesh = Mesh(blank, np.concatenate(faces), np.full((2 * first, 3), 128, np.uint8)).above_ground()
            renderer.AddActor(self._mesh.actor)
            self._x = np.concatenate([c.x for c in self.courses.values()])
            self._y = np.concatenate([c.y for c in self.courses.values()])
            self._open = np.ones(len(self._x), bool)
            self._normal = np.concatenate([c.normal for c in self.courses.values()])
            self._spread()

    def release(self) -> None:
        if self._mesh is not None:
            self._renderer.RemoveActor(self._mesh.actor)

    def seen_from(self, distance_km: float) -> None:
        """Keep rivers visible: wider from afar, near to their true width from close by."""
        width = float(np.clip(distance_km * SHARE, NARROWEST_KM, WIDEST_KM))
        if abs(width / self._width - 1.0) > 0.06:
            self._width = width
            self._spread()

    def leave_out(self, rims: tuple[Array, ...]) -> None:
        """Draw no river within reservoirs: their surface is the water there."""
        if self._mesh is None or (len(rims) == len(self._rims) and all(a is b for a, b in zip(rims, self._rims, strict=True))):
            return
        self._rims = rims
        pools = shapely.union_all([shapely.make_valid(shapely.Polygon(r)) for r in rims]) if rims else shapely.Polygon()
        self._open = ~shapely.contains_xy(pools, self._x, self._y)
        self._spread()

    def _spread(self) -> None:
        if self._mesh is None:
            return
        half = self._width / 2 * self._open
        points = self._mesh.points
        for side, sign in ((0, half), (1, -half)):
            points[side::2, 0] = self._x + sign * self._normal[:, 0]
            points[side::2, 1] = self._y + sign * self._normal[:, 1]
        self._mesh.touch()

    def show(self, view: SceneView) -> None:
        """Move the water to a moment."""
        if self._mesh is None:
            return
        self._mesh.actor.SetVisibility("water" in view.style.layers)
        self.exaggeration = view.style.exaggeration
        self._mesh.actor.SetScale(1.0, 1.0, self.exaggeration)
        reaches = {r.name: r for r in view.reaches}
        self.over, found = {}, []
        assert self._mesh.colors is not None  # noqa: S101 - made with them
        for name, course in self.courses.items():
            reach = reaches.get(name, SceneReach(name))
            part = self._slices[name]
            level = stage_along(course.along_km, course.low_water_m, [(self._at(course, a, b), z) for a, b, z in reach.stages])
            self.surface[name] = level
            z = (level + SKIN_M) / 1000.0
            both = slice(2 * part.start, 2 * part.stop)
            self._mesh.points[both][0::2, 2] = z
            self._mesh.points[both][1::2, 2] = z
            self._mesh.colors[both] = np.repeat(self._shades(course, reach, view.colors), 2, axis=0)
            told = [self._at(course, a, b) for a, b, _ in reach.stages]
            above = np.where(_between(course.along_km, told), level - course.bank_m, np.nan)
            if reach.stages and np.isfinite(above).any() and np.nanmax(above) > RIM_M:
                self.over[name] = float(np.nanmax(above))
            for km in crests([(self._at(course, a, b), rise) for a, b, rise in reach.rises]):
                x, y = course.point(km)
                found.append((name, x, y, float(np.interp(km, course.along_km, level))))
        self.crests = tuple(found)
        self._mesh.touch()

    def _at(self, course: Course, lon: float, lat: float) -> float:
        key = (course.name, lon, lat)
        if key not in self._placed:
            self._placed[key] = course.place(lon, lat)
        return self._placed[key]

    def _shades(self, course: Course, reach: SceneReach, colors: dict[str, tuple[float, float, float]]) -> NDArray[np.uint8]:
        """Return a colour per vertex: that of the station nearest along the river; unknown where no station is known."""
        plain = np.array(colors.get("river", (0.3, 0.5, 0.7)))
        if not reach.states:  # no station tells of it: it is not known to be calm
            unknown = np.array(colors.get("river.unknown", plain))
            return np.tile((unknown * 255).astype(np.uint8), (len(course.x), 1))
        at = np.array([self._at(course, lon, lat) for lon, lat, _ in reach.states])
        nearest = np.abs(course.along_km[:, None] - at[None, :]).argmin(1)
        table = np.array([_shade(s, colors, plain) for _, _, s in reach.states])
        return np.asarray((table[nearest] * 255).astype(np.uint8))

    def level_m(self, river: str, lon: float, lat: float) -> float | None:
        """Return the drawn water surface of a river beside a place, read back from the mesh; None for no such river."""
        if river not in self.courses or self._mesh is None:
            return None
        course = self.courses[river]
        part = self._slices[river]
        z = self._mesh.points[2 * part.start : 2 * part.stop : 2, 2].astype(float) * 1000.0 - SKIN_M
        return float(np.interp(self._at(course, lon, lat), course.along_km, z))


def _between(along_km: Array, stations: list[float]) -> NDArray[np.bool_]:
    """Tell which places have a station's stage on both sides, or one within a few kilometres."""
    at = np.array(stations)
    near = (np.abs(along_km[:, None] - at[None, :]) <= NEAR_KM).any(1) if len(at) else np.zeros(len(along_km), bool)
    return near | ((along_km >= at.min()) & (along_km <= at.max())) if len(at) else near


def _shade(state: State, colors: dict[str, tuple[float, float, float]], plain: Array) -> Array:
    if state > State.NORMAL:
        return np.array(colors.get(f"state{int(state)}", plain))
    return np.array(colors.get("river.unknown", plain)) if state is State.NO_DATA else plain
