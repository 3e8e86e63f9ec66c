"""Works on the screen: signs from afar, models from close by, areas, cameras, sensors and surveyed beds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from vtkmodules.vtkRenderingCore import vtkRenderer

from console.viewdata.scene import SceneStyle
from console.viewdata.scene_works import SceneArea, SceneSpot, SceneSurvey, SceneWorks, SceneWorksView
from scenes.build.gltf import Placement, placed, read_model
from scenes.build.gltf_file import ModelRefused
from scenes.build.works_areas import area_mesh, spot_mesh, survey_mesh
from scenes.build.works_mesh import ground_around, symbol_mesh, works_model
from scenes.build.works_solids import Mesh as Solid
from scenes.ground.frame import to_local
from scenes.ground.source import Ground
from scenes.render.mesh import Mesh

log = logging.getLogger(__name__)
MODEL_KM = 9.0  # from nearer by a works' model is drawn, from farther its sign
SPOTS_KM = 10.0  # cameras and sensors are too small to be told apart from farther
SIGN = 0.04  # of the eye's distance: how wide a sign is
SIGN_STEP = 1.35
SIGN_SEEN = 4.0  # times the eye's distance: farther off nobody sees a sign
MADE_AT_ONCE = 12  # a frame: more would make it late
SIGN_FAR_KM = 120.0  # farther off signs grow no more: they would hide the country
LIFTED = 0.02  # of a sign's width
Color = tuple[int, int, int]
Thing = SceneWorks | SceneArea | SceneSpot | SceneSurvey


@dataclass(slots=True)
class _Drawn:
    """A thing's place and what is drawn of it. sizes: of the sign."""

    x: float
    y: float
    base_m: float
    model: Mesh | None = None
    sign: Mesh | None = None
    sign_km: float = 0.0
    small: bool = False  # only from close by
    make_sign: Callable[[float], Solid] | None = field(default=None)
    make_model: Callable[[], Solid] | None = field(default=None)  # until it is first needed


class WorksLayer:
    """Draws the works of one renderer; a thing is built anew only when its own facts change."""

    def __init__(self, renderer: vtkRenderer, ground: Ground) -> None:
        self._renderer, self._ground = renderer, ground
        self._drawn: dict[str, _Drawn] = {}
        self._of: dict[str, Thing] = {}
        self._lift = 8.0
        self._on = True

    def release(self) -> None:
        for code in list(self._drawn):
            self._remove(code)

    def show(self, view: SceneWorksView, colors: Mapping[str, tuple[float, float, float]], style: SceneStyle) -> None:
        """Draw other works, or the same ones in another state."""
        states = {name.removeprefix("works."): _rgb(c) for name, c in colors.items() if name.startswith("works.")}
        seen: tuple[Thing, ...] = (*view.works, *view.areas, *view.spots, *view.surveys)
        things: dict[str, Thing] = {f"{type(t).__name__} {t.code}": t for t in seen}
        for code in [c for c in self._drawn if self._of.get(c) != things.get(c)]:
            self._remove(code)
        for code, thing in things.items():
            if code not in self._drawn:
                self._of[code] = thing
                self._drawn[code] = self._made(thing, states)
        self.restyle(style)

    def restyle(self, style: SceneStyle) -> None:
        self._lift, self._on = style.exaggeration, "works" in style.layers
        for drawn in self._drawn.values():
            self._place(drawn)

    def seen_from(self, eye: tuple[float, float, float], distance_km: float) -> bool:
        """Show models of what is near and signs of what is far; tells whether some are still to be made."""
        size = float(SIGN_STEP ** np.round(np.log(np.clip(distance_km, 2.0, SIGN_FAR_KM)) / np.log(SIGN_STEP))) * SIGN
        made = 0
        for drawn in self._drawn.values():
            away = float(np.hypot(np.hypot(drawn.x - eye[0], drawn.y - eye[1]), eye[2]))
            near = away < (SPOTS_KM if drawn.small else MODEL_KM)
            if near and self._on and drawn.make_model is not None and made < MADE_AT_ONCE:
                drawn.model, drawn.make_model, made = self._solid(drawn.make_model()), None, made + 1
                self._place(drawn)
            if drawn.model is not None:
                drawn.model.actor.SetVisibility(near and self._on)
            if drawn.make_sign is not None:
                wanted = not near and self._on and away < max(SIGN_SEEN * distance_km, MODEL_KM)
                if wanted and drawn.sign_km != size and made < MADE_AT_ONCE:
                    made += 1
                    self._resign(drawn, size)
                if drawn.sign is not None:
                    drawn.sign.actor.SetVisibility(not near and self._on)
        return made >= MADE_AT_ONCE

    def _made(self, thing: Thing, colors: Mapping[str, Color]) -> _Drawn:
        if isinstance(thing, SceneWorks):
            at = ground_around(lambda x, y: self._ground.heights(x, y, 0.0), thing.lon, thing.lat)
            drawn = self._at(thing.lon, thing.lat)
            drawn.base_m = max(drawn.base_m, thing.water_m or 0.0)
            drawn.make_model = lambda: self._own_model(thing) or works_model(thing, at, colors).mesh
            drawn.make_sign = lambda km: symbol_mesh(thing, km, colors, at)
            if thing.type == "levee" and len(thing.line) > 1:
                drawn.base_m = 0.0
            return drawn
        if isinstance(thing, SceneArea):
            lon, lat = thing.ring[0] if thing.ring else (0.0, 0.0)
            at = ground_around(lambda x, y: self._ground.heights(x, y, 0.0), lon, lat)
            drawn = self._at(lon, lat)
            drawn.make_sign = lambda _km: area_mesh(thing, at, colors.get(thing.state, (150, 154, 158)))
            drawn.make_model = lambda: area_mesh(thing, at, colors.get(thing.state, (150, 154, 158)))
            drawn.base_m = 0.0
            return drawn
        if isinstance(thing, SceneSpot):
            drawn = self._at(thing.lon, thing.lat, small=True)
            color = colors.get(thing.state, (150, 154, 158))
            drawn.make_model = lambda: spot_mesh(thing, drawn.base_m, color, 3.0)
            return drawn
        drawn = self._at(thing.lon, thing.lat, small=True)
        drawn.make_model = lambda: survey_mesh(thing)
        return drawn

    def _own_model(self, works: SceneWorks) -> Solid | None:
        """Return the works' real model where it has one that can be read; a refused one is said in the log."""
        if not works.model:
            return None
        base = works.base_m if works.base_m is not None else self._at(works.lon, works.lat).base_m
        where = Placement(works.lon, works.lat, base, works.bearing_deg or 0.0)
        try:
            return placed(read_model(Path(works.model)), where).mesh
        except ModelRefused as exc:
            log.warning("%s %s", exc.what, exc.next_step)
            return None

    def _at(self, lon: float, lat: float, *, small: bool = False) -> _Drawn:
        x, y = (float(v) for v in to_local(lon, lat))
        return _Drawn(x, y, self._ground.at(x, y) or 0.0, small=small)

    def _solid(self, solid: Solid) -> Mesh | None:
        if not len(solid.triangles):
            return None
        mesh = Mesh(solid.points, solid.triangles.astype(np.int64), solid.colors)
        mesh.actor.SetVisibility(0)
        self._renderer.AddActor(mesh.actor)
        return mesh

    def _resign(self, drawn: _Drawn, size_km: float) -> None:
        assert drawn.make_sign is not None  # noqa: S101 - asked for only where there is one
        if drawn.sign is not None:
            self._renderer.RemoveActor(drawn.sign.actor)
        drawn.sign, drawn.sign_km = self._solid(drawn.make_sign(size_km)), size_km
        self._place(drawn)

    def _place(self, drawn: _Drawn) -> None:
        """Models stand at their levels, lifted as the ground is; signs keep their shape on the lifted ground."""
        if drawn.model is not None:
            drawn.model.actor.SetPosition(drawn.x, drawn.y, 0.0)
            drawn.model.actor.SetScale(1e-3, 1e-3, 1e-3 * self._lift)
        if drawn.sign is not None:
            flat = drawn.base_m != 0.0
            foot = drawn.base_m * 1e-3 * self._lift + LIFTED * drawn.sign_km if flat else 0.0
            drawn.sign.actor.SetPosition(drawn.x, drawn.y, foot)
            drawn.sign.actor.SetScale(1e-3, 1e-3, 1e-3 * (1.0 if flat else self._lift))

    def _remove(self, code: str) -> None:
        drawn = self._drawn.pop(code)
        self._of.pop(code, None)
        for mesh in (drawn.model, drawn.sign):
            if mesh is not None:
                self._renderer.RemoveActor(mesh.actor)


def _rgb(color: tuple[float, float, float]) -> Color:
    r, g, b = (round(255 * c) for c in color)
    return r, g, b
