"""Everything that is drawn, composed: lives in one thread, from its first render to its release."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 - registers the OpenGL classes
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow

from console.viewdata.map import RainField
from console.viewdata.scene import SceneFlood, SceneRiver, SceneView
from console.viewdata.scene_works import SceneWorksView
from scenes.build.shore import Dam
from scenes.camera import VIEW_ANGLE, OrbitCamera
from scenes.ground.frame import Box, to_local
from scenes.ground.quadtree import Eye
from scenes.ground.source import Ground
from scenes.ground.tile import Palette
from scenes.render.columns import Columns
from scenes.render.drape import Drapes, painted
from scenes.render.flow import Flow
from scenes.render.mesh import vtk_to_numpy
from scenes.render.pools import Pools
from scenes.render.sky import DAY, NIGHT, Color, Sky
from scenes.render.terrain import Terrain
from scenes.render.water import Rivers
from scenes.render.wind import Wind
from scenes.render.works import WorksLayer

RAIN_PIXELS = 512
PICTURES = {"flood": "flood", "radar": "rain"}  # what is laid over the ground, and the layer it belongs to
SKY_PITCH = 24.0  # looking down more steeply, no sky is in the picture
RAIN_ALPHA = 112


class Stage:
    """Ground, water, reservoirs, stations, typhoons of one off-screen window."""

    def __init__(self, width: int, height: int, sky: Sky) -> None:
        self.window = vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.window.SetMultiSamples(0)
        self.window.SetSize(width, height)
        self._pixels = vtkUnsignedCharArray()
        self.renderer = vtkRenderer()
        self.window.AddRenderer(self.renderer)
        self._sky = sky
        self._night: bool | None = None
        self._parts: tuple[Rivers, Pools, Columns, Wind] | None = None
        self.terrain: Terrain | None = None
        self._works: WorksLayer | None = None
        self._flow: Flow | None = None
        self._pictures: dict[str, SceneFlood | None] = {}
        self._laid: dict[str, SceneFlood | None] = {}
        self._drapes = Drapes()
        self._rain: RainField | None = None
        self._painted: list[tuple[RainField | None, tuple[NDArray[np.uint8] | None, Box]]] = []
        self.view = SceneView()
        self._lit(night=False)

    def release(self) -> None:
        """Free everything of OpenGL; in the thread that made it."""
        self._clear()
        self.renderer.RemoveAllViewProps()
        self.window.Finalize()

    def _clear(self) -> None:
        for part in self._parts or ():
            part.release()
        self._parts = None
        if self._works is not None:
            self._works.release()
            self._works = None
        if self._flow is not None:
            self._flow.release()
            self._flow = None
        if self.terrain is not None:
            self.terrain.release()
            self.terrain = None

    def set_ground(
        self, ground: Ground, rivers: tuple[SceneRiver, ...], palette: Palette, sky: Sky, told: Callable[[], None]
    ) -> None:
        """Draw this ground from now on; told is called when a finer tile is ready."""
        self._clear()
        self._sky = sky
        self.terrain = Terrain(self.renderer, ground, palette, told)
        self._drapes = Drapes()
        self.terrain.dress = self._drapes.dress
        self.terrain.undress = self._drapes.forget
        for key, actor in self.terrain.actors:
            self._drapes.dress(key, actor)
        self._parts = (
            Rivers(self.renderer, rivers, ground),
            Pools(self.renderer, ground),
            Columns(self.renderer, ground),
            Wind(self.renderer),
        )
        self._works = WorksLayer(self.renderer, ground)
        self._flow = Flow(self.renderer, self._parts[0].courses)
        self._night, self._rain, self._laid, self._painted = None, None, {}, []
        self.show(self.view)

    @property
    def rivers(self) -> Rivers | None:
        return self._parts[0] if self._parts else None

    @property
    def pools(self) -> Pools | None:
        return self._parts[1] if self._parts else None

    # --- the moment -------------------------------------------------------------------------
    def show(self, view: SceneView) -> None:
        """Move everything to a moment."""
        self.view = view
        if self.terrain is None:
            return
        if self.terrain.exaggeration != view.style.exaggeration:
            self.terrain.exaggerate(view.style.exaggeration)
        self._lit(night=view.style.night)
        for part in self._parts or ():
            part.show(view)
        if self.rivers is not None and self.pools is not None:
            self.rivers.leave_out(self.pools.rims() if "reservoirs" in view.style.layers else ())
        if self._flow is not None and self.rivers is not None:
            self._flow.show(view, self.rivers.surface)
        if self._works is not None:
            self._works.restyle(view.style)
        self._show_rain(view)
        self._lay_pictures()

    def _lit(self, *, night: bool) -> None:
        if night is self._night:
            return
        self._night = night
        overhead, horizon = self._sky.night if night else self._sky.day
        self.renderer.SetBackground(*horizon)
        self.renderer.SetBackground2(*overhead)
        if self.terrain is not None:
            self.terrain.lit(NIGHT if night else DAY)

    def _show_rain(self, view: SceneView) -> None:
        rain = view.rain if "rain" in view.style.layers else None
        if rain is self._rain or self.terrain is None:
            return
        self._rain = rain
        painted_before = next((p for r, p in self._painted if r is rain), None)
        if painted_before is None:
            painted_before = _rain_picture(rain, view.colors)
            self._painted = [*self._painted[-1:], (rain, painted_before)]  # two: a comparison shows both in turn
        rgba, box = painted_before
        self._drapes.lay("rain", rgba, box, self.terrain.actors)

    def show_works(self, works: SceneWorksView, colors: dict[str, tuple[float, float, float]]) -> None:
        if self._works is not None:
            self._works.show(works, colors, self.view.style)
        if self.pools is not None:
            self.pools.set_dams(_dams(works))
            self.show(self.view)

    def show_picture(self, over: str, picture: SceneFlood | None) -> None:
        """Lay a picture over the ground; over: a key of PICTURES."""
        self._pictures[over] = picture
        self._lay_pictures()

    def _lay_pictures(self) -> None:
        for over, layer in PICTURES.items():
            picture = self._pictures.get(over) if layer in self.view.style.layers else None
            if picture is self._laid.get(over) or self.terrain is None:
                continue
            self._laid[over] = picture
            rgba, box = (picture.rgba, picture.box) if picture is not None else (None, (0.0, 0.0, 1.0, 1.0))
            self._drapes.lay(over, rgba, box, self.terrain.actors)

    # --- rendering --------------------------------------------------------------------------
    def render(self, camera: OrbitCamera, width: int, height: int, *, whole: bool = False) -> tuple[NDArray[np.uint8], int]:
        """Return an RGBA picture (height, width, 4), row 0 at the bottom, good until the next one; and tiles to come.

        At 3840×2160 a fresh array for each frame costs more than the frame: its 33 MB are mapped anew.

        Args:
            whole: take in every finished tile, however many.
        """
        if self.window.GetSize() != (width, height):
            self.window.SetSize(width, height)
        coming = 0
        if self.terrain is not None:
            coming = self.terrain.choose(Eye(*camera.eye, camera.planes(width, height)), all_at_once=whole)
            horizon = (self._sky.night if self._night else self._sky.day)[1]
            step = float(1.25 ** np.round(np.log(camera.distance_km) / np.log(1.25)))
            self._drapes.haze(horizon, 1.2 * step + 20, 4.5 * step + 160, 0.85, self.terrain.actors)
        for part in self._parts or ():
            part.seen_from(camera.distance_km)
        if self._works is not None:
            coming += self._works.seen_from(camera.eye, camera.distance_km)
        if self._flow is not None:
            self._flow.seen_from(camera.distance_km)
        self.renderer.SetGradientBackground(camera.pitch < SKY_PITCH)  # a sky that nobody sees costs five milliseconds
        vtk_camera = self.renderer.GetActiveCamera()
        vtk_camera.SetPosition(*camera.eye)
        vtk_camera.SetFocalPoint(camera.x, camera.y, camera.z)
        vtk_camera.SetViewUp(0, 0, 1)
        vtk_camera.SetViewAngle(VIEW_ANGLE)
        vtk_camera.SetClippingRange(camera.near_km, camera.far_km)
        self.window.Render()
        self.window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, self._pixels)  # type: ignore[call-overload]
        return np.asarray(vtk_to_numpy(self._pixels).reshape(height, width, 4)), coming


def _dams(works: SceneWorksView) -> tuple[Dam, ...]:
    found = []
    for w in works.works:
        if w.type in ("dam", "hydropower") and w.bearing_deg is not None:
            x, y = (float(v) for v in to_local(w.lon, w.lat))
            found.append(Dam(x, y, w.bearing_deg))
    return tuple(found)


def _rain_picture(rain: RainField | None, colors: dict[str, Color]) -> tuple[NDArray[np.uint8] | None, Box]:
    """Return the isohyets' bands as a picture and where it lies; None for no rain."""
    found = []
    for band in rain.bands if rain else ():
        r, g, b = (round(255 * c) for c in colors.get(band.token, (0.4, 0.6, 0.9)))
        color = (r, g, b, RAIN_ALPHA)
        found += [([np.column_stack(to_local(ring[:, 0], ring[:, 1])) for ring in rings], color) for rings in band.rings]
    if not found:
        return None, (0.0, 0.0, 1.0, 1.0)
    corners = np.vstack([rings[0] for rings, _ in found])
    low, high = corners.min(0), corners.max(0)
    box: Box = (float(low[0]) - 1, float(low[1]) - 1, float(high[0]) + 1, float(high[1]) + 1)
    return painted(found, box, RAIN_PIXELS), box
