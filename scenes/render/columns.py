"""Stations on the screen: one mesh of boxes, as high as the water is near to its limit, coloured by state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkRenderer

from console.viewdata.scene import SceneView
from scenes.build.column_size import HALF, size_at, tops_km
from scenes.ground.frame import to_local
from scenes.ground.source import Ground
from scenes.render.mesh import Mesh

Array = NDArray[np.float64]
SIDES = np.array([(0, 1, 5), (0, 5, 4), (1, 2, 6), (1, 6, 5), (2, 3, 7), (2, 7, 6), (3, 0, 4), (3, 4, 7), (4, 5, 6), (4, 6, 7)])
CORNERS = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
SHADES = np.array([0.62, 0.8, 0.92, 0.72, 1.0, 1.0, 1.0, 1.0])
CHOSEN = 1.5


class Columns:
    """Draws the stations of one renderer."""

    def __init__(self, renderer: vtkRenderer, ground: Ground) -> None:
        self._renderer, self._ground = renderer, ground
        self._mesh: Mesh | None = None
        self._places: tuple[tuple[float, float], ...] = ()
        self._x = self._y = self._height_m = np.empty(0)
        self._size = 300.0
        self._view = SceneView()

    def release(self) -> None:
        if self._mesh is not None:
            self._renderer.RemoveActor(self._mesh.actor)
            self._mesh = None

    def seen_from(self, distance_km: float) -> None:
        size = size_at(distance_km)
        if size != self._size:
            self._size = size
            self._raise()

    def show(self, view: SceneView) -> None:
        places = tuple((s.lon, s.lat) for s in view.stations)
        self._view = view
        if places != self._places:
            self._build(places)
        if self._mesh is not None:
            self._mesh.actor.SetVisibility("stations" in view.style.layers)
            self._raise()

    def _build(self, places: tuple[tuple[float, float], ...]) -> None:
        self.release()
        self._places = places
        if not places:
            return
        lonlat = np.array(places)
        self._x, self._y = to_local(lonlat[:, 0], lonlat[:, 1])
        self._height_m = np.nan_to_num(self._ground.heights(self._x, self._y, 0.2).astype(float))
        n = len(places)
        faces = (8 * np.arange(n)[:, None, None] + SIDES[None]).reshape(-1, 3)
        self._mesh = Mesh(np.zeros((8 * n, 3)), faces, np.zeros((8 * n, 3), np.uint8))
        self._renderer.AddActor(self._mesh.actor)

    def _raise(self) -> None:
        if self._mesh is None:
            return
        view = self._view
        base = self._height_m / 1000.0 * view.style.exaggeration
        top = tops_km(base, np.array([s.ratio for s in view.stations]), self._size)
        half = self._size * HALF * np.array([CHOSEN if s.code == view.selected else 1.0 for s in view.stations])
        points = self._mesh.points.reshape(-1, 8, 3)
        for k in range(4):
            for corner, z in ((k, base - 0.002 * self._size), (k + 4, top)):
                points[:, corner, 0] = self._x + CORNERS[k, 0] * half
                points[:, corner, 1] = self._y + CORNERS[k, 1] * half
                points[:, corner, 2] = z
        table = np.array([view.colors.get(f"state{int(s.state)}", (0.6, 0.6, 0.6)) for s in view.stations]) * 255
        assert self._mesh.colors is not None  # noqa: S101 - made with them
        self._mesh.colors[:] = (table[:, None, :] * SHADES[None, :, None]).reshape(-1, 3)
        self._mesh.touch()
