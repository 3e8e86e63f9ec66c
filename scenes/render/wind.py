"""Typhoons on the screen: the track as a tube, wind circles and the likely area as lines above the ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkFiltersCore import vtkTubeFilter
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from console.viewdata.map import TyphoonPoint, TyphoonView
from console.viewdata.scene import SceneView
from scenes.ground.frame import to_local
from scenes.render.mesh import cells, numpy_to_vtk

Array = NDArray[np.float64]
HEIGHT = 0.03  # of the eye's distance, above sea level
TUBE = 0.0028
QUADRANTS = ((0.0, 90.0), (90.0, 180.0), (180.0, 270.0), (270.0, 360.0))  # NE SE SW NW by azimuth
RING_WIDTH = {7: 1.5, 10: 2.0, 12: 2.5}


class Wind:
    """Draws the typhoons of one renderer."""

    def __init__(self, renderer: vtkRenderer) -> None:
        self._renderer = renderer
        self._actors: list[vtkActor] = []
        self._tubes: list[vtkTubeFilter] = []
        self._shown: object = None
        self._distance = 300.0

    def release(self) -> None:
        for actor in self._actors:
            self._renderer.RemoveActor(actor)
        self._actors, self._tubes = [], []

    def seen_from(self, distance_km: float) -> None:
        if abs(distance_km / self._distance - 1.0) > 0.08:
            self._distance = distance_km
            for tube in self._tubes:
                tube.SetRadius(TUBE * distance_km)
            for actor in self._actors:
                actor.SetPosition(0.0, 0.0, HEIGHT * distance_km)

    def show(self, view: SceneView) -> None:
        typhoons = view.typhoons if "typhoon" in view.style.layers else ()
        if typhoons == self._shown:
            return
        self._shown = typhoons
        self.release()
        for typhoon in typhoons:
            self._draw(typhoon, view.colors)
        for actor in self._actors:
            actor.SetPosition(0.0, 0.0, HEIGHT * self._distance)
            self._renderer.AddActor(actor)

    def _draw(self, typhoon: TyphoonView, colors: dict[str, tuple[float, float, float]]) -> None:
        past = [*typhoon.track, *([typhoon.now] if typhoon.now else [])]
        ink = colors.get("typhoon", (0.95, 0.95, 0.98))
        if len(past) > 1:
            self._tube(_places(past), ink)
        ahead = [*([typhoon.now] if typhoon.now else []), *typhoon.ahead]
        if len(ahead) > 1:
            self._line(_places(ahead), colors.get("forecast", ink), 2.0, dashed=True)
        if len(typhoon.cone) > 2:
            x, y = to_local(*(np.array([p[i] for p in typhoon.cone]) for i in (0, 1)))
            self._line(np.column_stack([x, y]), colors.get("forecast", ink), 1.2, dashed=False)
        if typhoon.now is not None:
            for force, radii in typhoon.now.radii_km:
                self._line(
                    circle(typhoon.now, radii), colors.get(f"wind{force}", ink), RING_WIDTH.get(force, 1.5), dashed=False
                )

    def _tube(self, places: Array, color: tuple[float, float, float]) -> None:
        tube = vtkTubeFilter()
        tube.SetInputData(_polyline(places, dashed=False))
        tube.SetNumberOfSides(8)
        tube.SetRadius(TUBE * self._distance)
        mapper = vtkPolyDataMapper()
        mapper.SetInputConnection(tube.GetOutputPort())
        self._tubes.append(tube)
        self._actors.append(_plain(mapper, color))

    def _line(self, places: Array, color: tuple[float, float, float], width: float, *, dashed: bool) -> None:
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(_polyline(places, dashed=dashed))
        actor = _plain(mapper, color)
        actor.GetProperty().SetLineWidth(width)
        self._actors.append(actor)


def circle(now: TyphoonPoint, radii_km: tuple[float, float, float, float]) -> Array:
    """Return a wind circle (n, 2) of four quadrants NE SE SW NW, local km, closed."""
    x, y = (float(v) for v in to_local(now.lon, now.lat))
    points = []
    for (first, last), radius in zip(QUADRANTS, radii_km, strict=True):
        azimuth = np.radians(np.linspace(first, last, 24))
        points.append(np.column_stack([x + radius * np.sin(azimuth), y + radius * np.cos(azimuth)]))
    ring = np.vstack(points)
    return np.vstack([ring, ring[:1]])


def _places(points: list[TyphoonPoint]) -> Array:
    x, y = to_local(np.array([p.lon for p in points]), np.array([p.lat for p in points]))
    return np.column_stack([x, y])


def _polyline(places: Array, *, dashed: bool) -> vtkPolyData:
    """Return a line; a dashed one leaves out every other piece of equal length."""
    if dashed:
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(places, axis=0).T))])
        fine = np.linspace(0.0, along[-1], 2 * max(6, int(along[-1] / 25.0)) + 1)
        places = np.column_stack([np.interp(fine, along, places[:, i]) for i in (0, 1)])
    points = vtkPoints()
    flat = np.column_stack([places, np.zeros(len(places))]).astype(np.float32)
    points.SetData(numpy_to_vtk(flat, deep=True))
    data = vtkPolyData()
    data.SetPoints(points)
    i = np.arange(len(places) - 1)
    pairs = np.column_stack([i, i + 1])
    data.SetLines(cells(pairs[::2] if dashed else pairs) if dashed else cells(np.arange(len(places))[None, :]))
    return data


def _plain(mapper: vtkPolyDataMapper, color: tuple[float, float, float]) -> vtkActor:
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().LightingOff()
    actor.GetProperty().SetColor(*color)
    return actor
