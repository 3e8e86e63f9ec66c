"""The VTK side of the sandbox: lives in one thread, from its first render to its release."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 - registers the OpenGL classes
from numpy.typing import NDArray
from vtkmodules.util import numpy_support
from vtkmodules.vtkCommonCore import vtkPoints, vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkImageData, vtkPolyData
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkPolyDataMapper,
    vtkRenderer,
    vtkRenderWindow,
    vtkTexture,
)

from console.domain.geo import chainage_km, nearest_on_line
from console.viewdata.scene import SceneView
from scenes.build.terrain import HeightField, river_profile
from scenes.build.tiles import TileKey, TilePyramid
from scenes.build.water import Ribbon, disc, lift, ribbon, stage_along
from scenes.camera import VIEW_ANGLE, OrbitCamera

# the VTK bridge carries no types
numpy_to_vtk: Any = numpy_support.numpy_to_vtk
to_vtk_ids: Any = numpy_support.numpy_to_vtkIdTypeArray
vtk_to_numpy: Any = numpy_support.vtk_to_numpy
Array = NDArray[np.float64]
TILE_CACHE = 220
SPLIT = 1.15
RIVER_KM = 1.3
COLUMN_KM = 1.5
COLUMN_HEIGHT_KM = 16.0
SKIN_KM = 0.05


class Stage:
    """Terrain tiles, river ribbons, pools, columns; renders off screen into RGB arrays."""

    def __init__(self, width: int, height: int, background: tuple[float, float, float]) -> None:
        self.window = vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.window.SetMultiSamples(0)
        self.window.SetSize(width, height)
        self._pixels = vtkUnsignedCharArray()
        self.renderer = vtkRenderer()
        self.renderer.SetBackground(*background)
        self.window.AddRenderer(self.renderer)
        self._pyramid: TilePyramid | None = None
        self._tiles: dict[TileKey, vtkActor] = {}
        self._shown: set[TileKey] = set()
        self._lines: dict[str, Array] = {}
        self._low_water: dict[str, Array] = {}
        self._chainage: dict[str, Array] = {}
        self._ribbons: dict[str, tuple[Ribbon, Any, vtkActor]] = {}
        self._pools: dict[str, tuple[vtkActor, float]] = {}
        self._columns: vtkActor | None = None
        self.surface: dict[str, Array] = {}

    def release(self) -> None:
        """Free everything of OpenGL; in the thread that made it."""
        self.renderer.RemoveAllViewProps()
        self._tiles.clear()
        self._ribbons.clear()
        self._pools.clear()
        self._columns = None
        self.window.Finalize()

    # --- ground -----------------------------------------------------------------------------
    def set_ground(
        self,
        field: HeightField,
        picture: NDArray[np.uint8],
        exaggeration: float,
        rivers: dict[str, Array],
        profiles: dict[str, Any],
    ) -> None:
        for actor in self._tiles.values():
            self.renderer.RemoveActor(actor)
        self._tiles.clear()
        self._shown.clear()
        self._pyramid = TilePyramid(field, picture, exaggeration)
        for name, line in rivers.items():
            if name not in profiles:
                continue
            x, y = field.to_local(line[:, 0], line[:, 1])
            along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
            fine = np.linspace(0.0, along[-1], max(8, int(along[-1] / 0.8)))
            lonlat = np.column_stack([np.interp(fine, along, line[:, 0]), np.interp(fine, along, line[:, 1])])
            self._lines[name] = lonlat
            self._chainage[name] = fine
            self._low_water[name] = np.interp(fine, along, river_profile(line, profiles[name]))
            strip = ribbon(np.interp(fine, along, x), np.interp(fine, along, y), RIVER_KM)
            actor, points = _mesh_actor(strip.points, strip.triangles)
            _bias(actor)
            self.renderer.AddActor(actor)
            self._ribbons[name] = (strip, points, actor)

    @property
    def exaggeration(self) -> float:
        return self._pyramid.exaggeration if self._pyramid else 1.0

    # --- the moment -------------------------------------------------------------------------
    def show(self, view: SceneView) -> None:
        """Move water and columns to a moment."""
        if self._pyramid is None:
            return
        reaches = {r.name: r for r in view.reaches}
        for name, (strip, points, actor) in self._ribbons.items():
            reach = reaches.get(name)
            self.surface[name] = self._stages(name, reach.stages if reach else ())
            lift(strip, self.surface[name] + SKIN_KM * 1000 / self.exaggeration, self.exaggeration)
            vtk_to_numpy(points.GetData())[:] = strip.points
            points.Modified()
            shades = self._shades(name, reach.states if reach else (), view.colors)
            actor.GetMapper().GetInput().GetPointData().SetScalars(numpy_to_vtk(shades, deep=True))
        self._show_pools(view)
        self._show_columns(view)

    def _shades(self, name: str, states: tuple[tuple[float, float, int], ...], colors: dict[str, Any]) -> NDArray[np.uint8]:
        """Return a colour per ribbon vertex: that of the station nearest along the river."""
        n = len(self._chainage[name])
        river = np.array(colors.get("river", (0.3, 0.5, 0.7)))
        if not states:
            return np.tile((river * 255).astype(np.uint8), (2 * n, 1))
        line = self._lines[name]
        km = chainage_km(line)
        at = np.array([nearest_on_line(line, lon, lat)[0] for lon, lat, _ in states])
        nearest = np.abs(km[:, None] - at[None, :]).argmin(1)
        table = np.array([colors.get(f"state{int(s)}", river) if s > 0 else river for _, _, s in states])
        return np.repeat((table[nearest] * 255).astype(np.uint8), 2, axis=0)

    def _stages(self, name: str, stages: tuple[tuple[float, float, float], ...]) -> Array:
        line, along = self._lines[name], self._chainage[name]
        placed = []
        for lon, lat, stage in stages:
            at, _ = nearest_on_line(line, lon, lat)
            placed.append((float(np.interp(at, chainage_km(line), along)), stage))
        return stage_along(along, self._low_water[name], placed)

    def water_level_m(self, river: str, lon: float, lat: float) -> float | None:
        """Return the drawn water surface (m) of a river beside a place, as it is in the mesh now."""
        if river not in self._ribbons or river not in self.surface:
            return None
        at, _ = nearest_on_line(self._lines[river], lon, lat)
        _strip, points, _ = self._ribbons[river]
        z = vtk_to_numpy(points.GetData())[0::2, 2] / self.exaggeration * 1000.0
        skin = SKIN_KM * 1000 / self.exaggeration
        return float(np.interp(at, chainage_km(self._lines[river]), z)) - skin

    def _show_pools(self, view: SceneView) -> None:
        assert self._pyramid is not None  # noqa: S101
        field = self._pyramid.field
        for pool in view.pools:
            if pool.code not in self._pools:
                x, y = (float(v) for v in field.to_local(pool.lon, pool.lat))
                points, triangles = disc(x, y, pool.radius_km)
                actor, _ = _mesh_actor(points, triangles)
                _bias(actor)
                self.renderer.AddActor(actor)
                self._pools[pool.code] = (actor, float(field.height_at(x, y)))
            actor, ground = self._pools[pool.code]
            level = pool.level_m if pool.level_m is not None else ground + 4.0
            actor.SetPosition(0.0, 0.0, level / 1000 * self.exaggeration + SKIN_KM)
            known = pool.level_m is not None
            token = f"state{int(pool.state)}" if known and pool.state > 2 else ("water" if known else "unknown")
            actor.GetProperty().SetColor(*view.colors.get(token, (0.3, 0.5, 0.7)))
            actor.GetProperty().SetOpacity(1.0)
            actor.GetProperty().SetRepresentation(2 if known else 1)

    def _show_columns(self, view: SceneView) -> None:
        """One merged mesh of boxes, a colour per box."""
        if self._columns is not None:
            self.renderer.RemoveActor(self._columns)
            self._columns = None
        if not view.stations or self._pyramid is None:
            return
        field = self._pyramid.field
        points, triangles, colors = [], [], []
        for n, s in enumerate(view.stations):
            x, y = (float(v) for v in field.to_local(s.lon, s.lat))
            base = float(field.height_at(x, y)) / 1000 * self.exaggeration
            half = COLUMN_KM / 2 * (1.35 if s.code == view.selected else 1.0)
            top = base + 1.0 + COLUMN_HEIGHT_KM * s.ratio
            corners = [(x + dx * half, y + dy * half) for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
            points += [(*c, base - 1.0) for c in corners] + [(*c, top) for c in corners]
            sides = [
                (0, 1, 5),
                (0, 5, 4),
                (1, 2, 6),
                (1, 6, 5),
                (2, 3, 7),
                (2, 7, 6),
                (3, 0, 4),
                (3, 4, 7),
                (4, 5, 6),
                (4, 6, 7),
            ]
            triangles += [[8 * n + k for k in tri] for tri in sides]
            rgb = view.colors.get(f"state{int(s.state)}", (0.6, 0.6, 0.6))
            shade = (0.62, 0.8, 0.92, 0.72)
            colors += [[c * 255 * shade[k % 4] for c in rgb] for k in range(4)]
            colors += [[c * 255 for c in rgb]] * 4
        actor, _ = _mesh_actor(np.array(points), np.array(triangles))
        array = numpy_to_vtk(np.array(colors, np.uint8), deep=True)
        actor.GetMapper().GetInput().GetPointData().SetScalars(array)
        self.renderer.AddActor(actor)
        self._columns = actor

    # --- rendering --------------------------------------------------------------------------
    def render(self, camera: OrbitCamera, width: int, height: int) -> NDArray[np.uint8]:
        """Return an RGBA picture (height, width, 4), row 0 at the bottom; it is good until the next one is drawn.

        At 3840×2160 a fresh array for each frame costs more than the frame: its 33 MB are mapped anew.
        """
        if self.window.GetSize() != (width, height):
            self.window.SetSize(width, height)
        self._choose_tiles(camera)
        vtk_camera = self.renderer.GetActiveCamera()
        vtk_camera.SetPosition(*camera.eye)
        vtk_camera.SetFocalPoint(camera.x, camera.y, camera.z)
        vtk_camera.SetViewUp(0, 0, 1)
        vtk_camera.SetViewAngle(VIEW_ANGLE)
        near = max(0.05, camera.distance_km * 0.04)
        vtk_camera.SetClippingRange(near, camera.distance_km * 4 + 500)
        self.window.Render()
        self.window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, self._pixels)  # type: ignore[call-overload]
        return np.asarray(vtk_to_numpy(self._pixels).reshape(height, width, 4))

    def _choose_tiles(self, camera: OrbitCamera) -> None:
        if self._pyramid is None:
            return
        wanted = {k for k in self._pyramid.chosen(camera.eye, SPLIT) if self._in_view(k, camera)}
        for key in self._shown - wanted:
            self._tiles[key].SetVisibility(0)
        for key in wanted - self._shown:
            if key not in self._tiles:
                self._tiles[key] = self._tile_actor(key)
                self.renderer.AddActor(self._tiles[key])
            self._tiles[key].SetVisibility(1)
        self._shown = wanted
        while len(self._tiles) > TILE_CACHE:
            idle = next((k for k in self._tiles if k not in wanted), None)
            if idle is None:
                break
            self.renderer.RemoveActor(self._tiles.pop(idle))

    def _in_view(self, key: TileKey, camera: OrbitCamera) -> bool:
        """Tell whether a tile's box can touch the picture."""
        assert self._pyramid is not None  # noqa: S101
        west, south, east, north = self._pyramid.bounds(key)
        low, high = -0.2, 2.2 * self._pyramid.exaggeration
        corners = np.array([(x, y, z) for x in (west, east) for y in (south, north) for z in (low, high)])
        width, height = self.window.GetSize()
        x, y, depth = camera.project(corners, width, height)
        if (depth <= 0).any():
            return bool((depth > 0).any())
        return not ((x < 0).all() or (x > width).all() or (y < 0).all() or (y > height).all())

    def _tile_actor(self, key: TileKey) -> vtkActor:
        assert self._pyramid is not None  # noqa: S101
        mesh = self._pyramid.mesh(key)
        actor, _ = _mesh_actor(mesh.points, mesh.triangles)
        uv = numpy_to_vtk(mesh.uv, deep=True)
        actor.GetMapper().GetInput().GetPointData().SetTCoords(uv)
        rows, columns, _ = mesh.picture.shape
        image = vtkImageData()
        image.SetDimensions(columns, rows, 1)
        image.GetPointData().SetScalars(numpy_to_vtk(mesh.picture.reshape(-1, 3), deep=True))
        texture = vtkTexture()
        texture.SetInputData(image)
        texture.InterpolateOn()
        texture.MipmapOff()
        texture.RepeatOff()
        actor.SetTexture(texture)
        return actor


def _mesh_actor(points: NDArray[Any], triangles: NDArray[np.int64]) -> tuple[vtkActor, vtkPoints]:
    coordinates = vtkPoints()
    coordinates.SetData(numpy_to_vtk(np.ascontiguousarray(points, np.float64), deep=True))
    cells = vtkCellArray()
    offsets = np.arange(0, 3 * len(triangles) + 1, 3, dtype=np.int64)
    cells.SetData(
        to_vtk_ids(offsets, deep=True),
        to_vtk_ids(np.ascontiguousarray(triangles.ravel(), np.int64), deep=True),
    )
    data = vtkPolyData()
    data.SetPoints(coordinates)
    data.SetPolys(cells)
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(data)
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().LightingOff()
    return actor, coordinates


def _bias(actor: vtkActor) -> None:
    """Draw a surface that lies on the ground in front of it, without flicker."""
    mapper = actor.GetMapper()
    mapper.SetResolveCoincidentTopologyToPolygonOffset()
    mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(-6.0, -60.0)
