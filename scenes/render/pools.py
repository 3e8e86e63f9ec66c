"""Reservoirs on the screen: all sheets in one mesh whose heights are edited in place, their rule levels as rings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkRenderer

from console.domain.states import State
from console.viewdata.scene import ScenePool, SceneView
from scenes.build.shore import Dam, Shore, above, shore
from scenes.ground.frame import to_local
from scenes.ground.source import Ground
from scenes.render.mesh import Mesh

SKIN_M = 0.05
DAM_REACH = 1.2  # of a reservoir's radius: a dam that is no farther is its own
NEAR_KM = 90.0  # from where rule levels can be told apart


class Pools:
    """Draws the reservoirs of one renderer; sheets are made anew only when other reservoirs come."""

    def __init__(self, renderer: vtkRenderer, ground: Ground) -> None:
        self._renderer, self._ground = renderer, ground
        self._codes: tuple[object, ...] = ()
        self._dams: tuple[Dam, ...] = ()
        self._shores: dict[str, Shore] = {}
        self._slices: dict[str, slice] = {}
        self._bed: dict[str, float] = {}
        self._mesh: Mesh | None = None
        self._rings: Mesh | None = None
        self._ring_key: object = None
        self.levels: dict[str, float] = {}

    def release(self) -> None:
        for mesh in (self._mesh, self._rings):
            if mesh is not None:
                self._renderer.RemoveActor(mesh.actor)
        self._mesh = self._rings = None

    def seen_from(self, distance_km: float) -> None:
        if self._rings is not None:
            self._rings.actor.SetVisibility(distance_km < NEAR_KM and bool(self._mesh and self._mesh.actor.GetVisibility()))

    def set_dams(self, dams: tuple[Dam, ...]) -> None:
        """Let reservoirs end at these dams; shown with the next moment."""
        self._dams = dams

    def show(self, view: SceneView) -> None:
        codes = (self._dams, *((p.code, p.lon, p.lat) for p in view.pools))
        if codes != self._codes:
            self._build(view.pools, codes)
        if self._mesh is None:
            return
        self._mesh.actor.SetVisibility("reservoirs" in view.style.layers)
        self._mesh.actor.SetScale(1.0, 1.0, view.style.exaggeration)
        assert self._mesh.colors is not None  # noqa: S101 - made with them
        self.levels = {}
        for pool in view.pools:
            part = self._slices[pool.code]
            level = pool.level_m if pool.level_m is not None else self._bed[pool.code] + 2.0
            if pool.level_m is not None:
                self.levels[pool.code] = level
            self._mesh.points[part, 2] = (level + SKIN_M) / 1000.0
            token = f"state{int(pool.state)}" if pool.level_m is not None and pool.state > State.WARNING else "water"
            token = token if pool.level_m is not None else "unknown"
            self._mesh.colors[part] = (np.array(view.colors.get(token, (0.3, 0.5, 0.7))) * 255).astype(np.uint8)
        self._mesh.touch()
        self._show_rings(view)

    def rims(self) -> tuple[NDArray[np.float64], ...]:
        """Return the outlines (k, 2) of the reservoirs, local km: a river is not drawn within them."""
        return tuple(s.rim for s in self._shores.values() if len(s.rim) > 3)

    def level_m(self, code: str) -> float | None:
        """Return the drawn level of a reservoir, read back from the mesh; None where it is not known."""
        if code not in self.levels or self._mesh is None:
            return None
        return float(self._mesh.points[self._slices[code]][0, 2]) * 1000.0 - SKIN_M

    def _build(self, pools: tuple[ScenePool, ...], codes: tuple[object, ...]) -> None:
        if self._mesh is not None:
            self._renderer.RemoveActor(self._mesh.actor)
            self._mesh = None
        self._codes, self._slices, self._shores, self._ring_key = codes, {}, {}, None
        points, faces, first = [], [], 0
        for pool in pools:
            x, y = (float(v) for v in to_local(pool.lon, pool.lat))
            self._bed[pool.code] = self._ground.at(x, y) or 0.0
            known = [z for _, z in pool.rules] + ([pool.level_m] if pool.level_m is not None else [])
            sheet = shore(self._ground, x, y, pool.radius_km, max(known) if known else None)
            for dam in self._dams:
                if np.hypot(dam.x - x, dam.y - y) < DAM_REACH * pool.radius_km:
                    sheet = above(sheet, dam)
            self._shores[pool.code] = sheet
            self._slices[pool.code] = slice(first, first + len(sheet.points))
            points.append(np.column_stack([sheet.points, np.zeros(len(sheet.points))]))
            faces.append(sheet.triangles + first)
            first += len(sheet.points)
        if first:
            self._mesh = Mesh(np.vstack(points), np.vstack(faces), np.full((first, 3), 128, np.uint8))
            self._renderer.AddActor(self._mesh.actor)

    def _show_rings(self, view: SceneView) -> None:
        key = (tuple((p.code, p.rules) for p in view.pools), view.style.exaggeration)
        if key == self._ring_key:
            return
        self._ring_key = key
        if self._rings is not None:
            self._renderer.RemoveActor(self._rings.actor)
            self._rings = None
        points, lines, first = [], [], 0
        for pool in view.pools:
            rim = self._shores[pool.code].rim
            for _, level in pool.rules:
                points.append(np.column_stack([rim, np.full(len(rim), (level + 2 * SKIN_M) / 1000.0)]))
                i = first + np.arange(len(rim) - 1)
                lines.append(np.column_stack([i, i + 1]))
                first += len(rim)
        if first:
            color = (np.array(view.colors.get("rule", (1.0, 0.62, 0.25))) * 255).astype(np.uint8)
            self._rings = Mesh(np.vstack(points), np.vstack(lines), np.tile(color, (first, 1)))
            self._rings.actor.GetProperty().SetLineWidth(1.5)
            self._rings.actor.SetScale(1.0, 1.0, view.style.exaggeration)
            self._renderer.AddActor(self._rings.actor)
