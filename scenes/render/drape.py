"""Pictures laid over the ground: rain, depth of water; and the haze of distance. All of it in the tiles' shader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkActor, vtkTexture

from scenes.ground.frame import Box, touch
from scenes.ground.quadtree import TileKey, bounds
from scenes.render.mesh import texture, vtk_to_numpy

BASE = """
vec4 ground = texture(actortexture, tcoordVCVSOutput);
gl_FragData[0] = vec4(gl_FragData[0].rgb * ground.rgb, 1.0);
"""
LAID = """
vec2 NAMEat = NAMERect.xy + tcoordVCVSOutput * NAMERect.zw;
if (all(greaterThanEqual(NAMEat, vec2(0.0))) && all(lessThanEqual(NAMEat, vec2(1.0)))) {
  vec4 laid = texture(NAME, NAMEat);
  gl_FragData[0].rgb = mix(gl_FragData[0].rgb, laid.rgb, laid.a);
}
"""
HAZED = """
float far = clamp((1.0 / gl_FragCoord.w - hazeAt.x) * hazeAt.y, 0.0, 1.0);
gl_FragData[0].rgb = mix(gl_FragData[0].rgb, hazeColor, far * far * hazeAt.z);
"""
TAG = "//VTK::TCoord::Impl"


@dataclass(slots=True, eq=False)
class _Laid:
    box: Box
    texture: vtkTexture
    pixels: NDArray[np.uint8]
    image: vtkImageData


class Drapes:
    """What lies over the tiles of one renderer. Names are words of the shader: letters only."""

    def __init__(self) -> None:
        self._laid: dict[str, _Laid] = {}
        self._worn: dict[int, tuple[str, ...]] = {}
        self._haze: tuple[tuple[float, float, float], tuple[float, float, float]] = ((0.5, 0.6, 0.7), (1e6, 0.0, 0.0))

    def lay(self, name: str, rgba: NDArray[np.uint8] | None, box: Box, tiles: tuple[tuple[TileKey, vtkActor], ...]) -> None:
        """Lay a picture (h, w, 4), row 0 south, over a box; None takes it away. One of the same size is edited in place."""
        old = self._laid.get(name)
        if rgba is None:
            self._laid.pop(name, None)
        elif old is not None and old.box == box and old.pixels.shape == (rgba.shape[0] * rgba.shape[1], 4):
            old.pixels[:] = rgba.reshape(-1, 4)
            old.image.GetPointData().GetScalars().Modified()
            old.image.Modified()
            return
        else:
            made = texture(rgba)
            image: Any = made.GetInput()
            self._laid[name] = _Laid(box, made, vtk_to_numpy(image.GetPointData().GetScalars()), image)
        for key, actor in tiles:
            self.dress(key, actor)

    def haze(
        self,
        color: tuple[float, float, float],
        start_km: float,
        full_km: float,
        strength: float,
        tiles: tuple[tuple[TileKey, vtkActor], ...],
    ) -> None:
        """Let the distance fade into a colour from start_km on."""
        wished = (color, (start_km, 1.0 / max(1e-6, full_km - start_km), strength))
        if wished == self._haze:
            return
        self._haze = wished
        for _, actor in tiles:
            self._set_haze(actor)

    def dress(self, key: TileKey, actor: vtkActor) -> None:
        """Give a tile the shader for what lies over it."""
        box = bounds(key)
        names = tuple(sorted(n for n, laid in self._laid.items() if touch(laid.box, box)))
        shader = actor.GetShaderProperty()
        worn = self._worn_by(actor)
        if worn != names:
            shader.ClearFragmentShaderReplacement(TAG, True)
            code = BASE + "".join(LAID.replace("NAME", n) for n in names) + HAZED
            shader.AddFragmentShaderReplacement(TAG, True, code, False)
            for gone in set(worn or ()) - set(names):
                actor.GetProperty().RemoveTexture(gone)
        for n in names:
            laid = self._laid[n]
            actor.GetProperty().SetTexture(n, laid.texture)
            wide, tall = laid.box[2] - laid.box[0], laid.box[3] - laid.box[1]
            rect = [
                (box[0] - laid.box[0]) / wide,
                (box[1] - laid.box[1]) / tall,
                (box[2] - box[0]) / wide,
                (box[3] - box[1]) / tall,
            ]
            shader.GetFragmentCustomUniforms().SetUniform4f(f"{n}Rect", rect)
        self._set_haze(actor)
        self._worn[id(actor)] = names

    def forget(self, actor: vtkActor) -> None:
        self._worn.pop(id(actor), None)

    def _worn_by(self, actor: vtkActor) -> tuple[str, ...] | None:
        return self._worn.get(id(actor))

    def _set_haze(self, actor: vtkActor) -> None:
        uniforms = actor.GetShaderProperty().GetFragmentCustomUniforms()
        uniforms.SetUniform3f("hazeAt", list(self._haze[1]))
        uniforms.SetUniform3f("hazeColor", list(self._haze[0]))


def painted(rings: list[tuple[list[NDArray[np.float64]], tuple[int, int, int, int]]], box: Box, size: int) -> NDArray[np.uint8]:
    """Return polygons as a picture (size, size, 4), row 0 south; later ones lie over earlier ones.

    rings: (outer ring then holes, each (m, 2) local km; RGBA). The edge is softened over a pixel or two.
    """
    from rasterio.features import rasterize
    from rasterio.transform import Affine
    from scipy.ndimage import uniform_filter

    wide, tall = (box[2] - box[0]) / size, (box[3] - box[1]) / size
    place = Affine(wide, 0.0, box[0], 0.0, tall, box[1])
    shapes = []
    for value, (area, _) in enumerate(rings, start=1):
        if len(area[0]) > 3:
            shapes.append(({"type": "Polygon", "coordinates": [ring.tolist() for ring in area]}, value))
    if not shapes:
        return np.zeros((size, size, 4), np.uint8)
    index = rasterize(shapes, (size, size), transform=place, dtype="int32")
    table = np.array([(0, 0, 0, 0), *(color for _, color in rings)], np.float32)
    picture = table[index]
    premultiplied = np.concatenate([picture[..., :3] * picture[..., 3:], picture[..., 3:]], -1)
    soft = uniform_filter(premultiplied, (3, 3, 0))
    alpha = np.maximum(soft[..., 3:], 1e-3)
    return np.concatenate([soft[..., :3] / alpha, soft[..., 3:]], -1).astype(np.uint8)
