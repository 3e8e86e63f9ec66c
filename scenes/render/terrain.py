"""The ground on the screen: tiles made by a worker, uploaded a few a frame, thrown away when long unseen."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable

from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from scenes.ground.frame import HALF_KM, Box
from scenes.ground.quadtree import Eye, TileKey, bounds, chosen, finest_level
from scenes.ground.source import Ground
from scenes.ground.tile import Palette, TileMesh, make_tile, texture_places, triangles
from scenes.render.mesh import cells, numpy_to_vtk, texture

SPLIT = 1.6
KEPT = 260  # tiles in memory: 0.3 MB each
UPLOADS = 6  # a frame, so that loading never makes one late
EVERYWHERE: Box = (-HALF_KM, -HALF_KM, HALF_KM, HALF_KM)


class TileWorker:
    """A thread that makes wished tiles, the newest wish first; what is no longer wished is not made."""

    def __init__(self, make: Callable[[TileKey], TileMesh], told: Callable[[], None]) -> None:
        self._make, self._told = make, told
        self._condition = threading.Condition()
        self._wished: deque[TileKey] = deque()
        self._done: list[TileMesh] = []
        self._busy: TileKey | None = None
        self._failure: Exception | None = None
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="tiles", daemon=True)
        self._thread.start()

    def wish(self, keys: tuple[TileKey, ...]) -> None:
        with self._condition:
            ready = {mesh.key for mesh in self._done}
            self._wished = deque(k for k in keys if k not in ready and k != self._busy)
            self._condition.notify()

    def take(self, most: int) -> list[TileMesh]:
        """Return finished tiles.

        Raises:
            Exception: what making one raised; the ground cannot be trusted then.
        """
        with self._condition:
            if self._failure is not None:
                raise self._failure
            found, self._done = self._done[:most], self._done[most:]
            return found

    @property
    def ready(self) -> bool:
        """Tell whether there are finished tiles to take."""
        with self._condition:
            return bool(self._done)

    def stop(self) -> None:
        with self._condition:
            self._stop = True
            self._condition.notify()
        self._thread.join(10.0)

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._wished and not self._stop:
                    self._condition.wait()
                if self._stop:
                    return
                self._busy = self._wished.popleft()
            try:
                mesh = self._make(self._busy)
            except Exception as exc:
                with self._condition:
                    self._failure, self._busy = exc, None
                self._told()
                return
            with self._condition:
                self._done.append(mesh)
                self._busy = None
            self._told()


class Terrain:
    """Draws the ground of one renderer."""

    def __init__(self, renderer: vtkRenderer, ground: Ground, palette: Palette, told: Callable[[], None]) -> None:
        self._renderer = renderer
        self._ground = ground
        self._palette = palette
        self.exaggeration = 8.0
        self._cells = cells(triangles())
        self._places = numpy_to_vtk(texture_places(), deep=True)
        self._actors: OrderedDict[TileKey, vtkActor] = OrderedDict()
        self._span: dict[TileKey, tuple[float, float]] = {}
        self._deepest: dict[Box, int] = {}
        self._shown: set[TileKey] = set()
        self._tint = (1.0, 1.0, 1.0)
        self.dress: Callable[[TileKey, vtkActor], None] = lambda _key, _actor: None
        self.undress: Callable[[vtkActor], None] = lambda _actor: None
        self._take(make_tile(ground, TileKey(0, 0, 0), palette))
        self._worker = TileWorker(lambda key: make_tile(ground, key, palette), told)

    def release(self) -> None:
        self._worker.stop()
        for actor in self._actors.values():
            self._renderer.RemoveActor(actor)
        self._actors.clear()

    def lit(self, tint: tuple[float, float, float]) -> None:
        """Colour all ground by a light: white by day, blue and dark by night."""
        self._tint = tint
        for actor in self._actors.values():
            actor.GetProperty().SetColor(*tint)

    def exaggerate(self, factor: float) -> None:
        self.exaggeration = factor
        for actor in self._actors.values():
            actor.SetScale(1.0, 1.0, factor)

    @property
    def actors(self) -> tuple[tuple[TileKey, vtkActor], ...]:
        return tuple(self._actors.items())

    @property
    def ready(self) -> bool:
        """Tell whether another picture would show a finer tile."""
        return self._worker.ready

    @property
    def shown(self) -> int:
        return len(self._shown)

    def choose(self, eye: Eye, *, all_at_once: bool = False) -> int:
        """Show the tiles for an eye; returns how many finer ones are still to come."""
        for mesh in self._worker.take(10_000 if all_at_once else UPLOADS):
            self._take(mesh)
        choice = chosen(eye, SPLIT, self._finest, self._spanned, self._actors.__contains__)
        drawn = set(choice.drawn)
        for key in self._shown - drawn:
            self._actors[key].SetVisibility(0)
        for key in drawn:
            if key not in self._shown:
                self._actors[key].SetVisibility(1)
            self._actors.move_to_end(key)
        self._shown = drawn
        self._worker.wish(choice.missing[:64])
        self._forget()
        return len(choice.missing)

    def _take(self, mesh: TileMesh) -> None:
        self._span[mesh.key] = (mesh.low_km, mesh.high_km)
        if mesh.key not in self._actors:
            actor = self._actor(mesh)
            self._actors[mesh.key] = actor
            self._renderer.AddActor(actor)

    def _forget(self) -> None:
        while len(self._actors) > KEPT:
            old = next((k for k in self._actors if k not in self._shown and k.level > 0), None)
            if old is None:
                return
            actor = self._actors.pop(old)
            self._renderer.RemoveActor(actor)
            self.undress(actor)
            actor.ReleaseGraphicsResources(self._renderer.GetRenderWindow())

    def _finest(self, box: Box) -> int:
        found = self._deepest.get(box)
        if found is None:
            found = self._deepest[box] = finest_level(self._ground.finest_km(box))
        return found

    def _spanned(self, key: TileKey) -> tuple[float, float]:
        """Return how low and high a tile reaches as drawn; of one not made, its nearest known ancestor's with room."""
        at = key
        while at not in self._span and at.level > 0:
            at = at.parent
        low, high = self._span[at]
        room = 0.0 if at == key else 0.3
        return (low - room) * self.exaggeration, (high + room) * self.exaggeration

    def _actor(self, mesh: TileMesh) -> vtkActor:
        points = vtkPoints()
        points.SetData(numpy_to_vtk(mesh.points, deep=True))
        data = vtkPolyData()
        data.SetPoints(points)
        data.SetPolys(self._cells)
        data.GetPointData().SetTCoords(self._places)
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(data)
        actor = vtkActor()
        actor.SetMapper(mapper)
        actor.GetProperty().LightingOff()
        actor.GetProperty().SetColor(*self._tint)
        actor.SetTexture(texture(mesh.picture))
        west, south, _, _ = bounds(mesh.key)
        actor.SetPosition(west, south, 0.0)
        actor.SetScale(1.0, 1.0, self.exaggeration)
        actor.SetVisibility(0)
        self.dress(mesh.key, actor)
        return actor
