"""Which way the water runs, and how fast a flood travels: arrows along the rivers, moved on by the Situation's clock."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkRenderer

from console.viewdata.scene import SceneReach, SceneView
from scenes.build.course import Course
from scenes.render.mesh import Mesh

Array = NDArray[np.float64]
MOST = 1200  # arrows
SPACING = 0.075  # of the eye's distance
LONG, WIDE = 0.011, 0.0038
FARTHEST_KM = 420.0  # from farther arrows would hide the rivers
SKIN_M = 3.0


class Flow:
    """Draws arrows of one renderer. Where no travel time was published an arrow stands still."""

    def __init__(self, renderer: vtkRenderer, courses: dict[str, Course]) -> None:
        self._courses = courses
        faces = np.arange(3 * MOST).reshape(-1, 3)
        self._mesh = Mesh(np.zeros((3 * MOST, 3)), faces, np.full((3 * MOST, 3), 235, np.uint8)).above_ground(-120.0)
        self._renderer = renderer
        renderer.AddActor(self._mesh.actor)
        self._distance = 0.0
        self._near = False
        self._on = False
        self._view = SceneView()
        self._surface: dict[str, Array] = {}

    def release(self) -> None:
        self._renderer.RemoveActor(self._mesh.actor)

    def show(self, view: SceneView, surface: dict[str, Array]) -> None:
        """surface: river → its drawn water, m."""
        self._view, self._surface = view, surface
        self._on = "flow" in view.style.layers and "water" in view.style.layers
        self._lay()

    def seen_from(self, distance_km: float) -> None:
        step = float(1.25 ** np.round(np.log(max(1.0, distance_km)) / np.log(1.25)))
        near = distance_km < FARTHEST_KM
        if (step, near) != (self._distance, self._near):
            self._distance, self._near = step, near
            self._lay()

    def _lay(self) -> None:
        seen = self._on and self._near
        self._mesh.actor.SetVisibility(seen)
        if not seen:
            return
        self._mesh.actor.SetScale(1.0, 1.0, self._view.style.exaggeration)
        reaches = {r.name: r for r in self._view.reaches}
        found = [
            part
            for name, course in self._courses.items()
            if (reach := reaches.get(name)) is not None and reach.stages and len(part := self._arrows(course, reach))
        ]
        points = np.concatenate(found)[: 3 * MOST] if found else np.zeros((0, 3))
        self._mesh.points[:] = 0.0
        self._mesh.points[: len(points)] = points
        self._mesh.touch()

    def _arrows(self, course: Course, reach: SceneReach) -> Array:
        """Return the corners (3n, 3) of a river's arrows; they have travelled with the flood since midnight 1970."""
        spacing = SPACING * self._distance
        along = np.arange(0.5 * spacing, course.along_km[-1], spacing)
        speed = np.zeros(len(along))
        for lon0, lat0, lon1, lat1, kmh in reach.speeds:
            start, end = course.place(lon0, lat0), course.place(lon1, lat1)
            speed[(along >= start) & (along <= end)] = kmh
        at = along + np.mod(speed * (self._view.moment / 3600.0), spacing) - np.where(speed > 0, 0.5 * spacing, 0.0)
        x, y = np.interp(at, course.along_km, course.x), np.interp(at, course.along_km, course.y)
        z = (np.interp(at, course.along_km, self._surface[course.name]) + SKIN_M) / 1000.0
        nx = np.interp(at, course.along_km, course.normal[:, 0])
        ny = np.interp(at, course.along_km, course.normal[:, 1])
        dx, dy = ny, -nx  # downstream: the normal points to the left
        long, wide = LONG * self._distance, WIDE * self._distance
        corners = np.empty((len(at), 3, 3))
        corners[:, 0] = np.column_stack([x + dx * long / 2, y + dy * long / 2, z])
        corners[:, 1] = np.column_stack([x - dx * long / 2 + nx * wide, y - dy * long / 2 + ny * wide, z])
        corners[:, 2] = np.column_stack([x - dx * long / 2 - nx * wide, y - dy * long / 2 - ny * wide, z])
        return corners.reshape(-1, 3)
