"""A real model of a works, from a glTF 2.0 file: limits first, then one coloured mesh, z up, in metres.

Pure numpy: a hostile or half file raises ModelRefused and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.texts import printable
from scenes.build.gltf_file import AGAIN, PACKED, Broken, GltfFile, ModelRefused, listed, mapping, open_gltf, whole
from scenes.build.gltf_pictures import Pixels, decoded, sampled
from scenes.build.works_solids import LIGHT, Mesh, turned

Array = NDArray[np.float64]
TRIANGLES = 2_000_000
POINTS = 6_000_000
NODES = 50_000
DEPTH = 64
PICTURES = 64
WIDEST_M = 20_000.0
TRIANGLE_MODES = (4, 5, 6)  # triangles, strip, fan
PLAIN = (200, 202, 204)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a model's origin stands. bearing_deg: what its own north (−Z of the file) is turned to. scale: metres a unit."""

    lon: float
    lat: float
    height_m: float = 0.0
    bearing_deg: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """A model that was read.

    mesh: colours hold material, texture at the corners, and light. uv (n, 2): picture coordinates, v upwards, for those
    who draw pictures; light (n,): what to multiply a picture with. pictures: (part, pixels, first row at the bottom).
    notes: what was left out, as shown.
    """

    mesh: Mesh
    uv: NDArray[np.float32]
    light: NDArray[np.float32]
    pictures: tuple[tuple[str, Pixels], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def size_m(self) -> tuple[float, float, float]:
        low, high = self.mesh.points.min(axis=0), self.mesh.points.max(axis=0)
        return tuple(float(v) for v in high - low)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """One primitive where it stands: points (n, 3) z up, triangles (m, 3), colors (n, 3), uv (n, 2), picture's index."""

    name: str
    points: Array
    triangles: NDArray[np.int64]
    colors: Array
    uv: Array
    picture: int | None


def read_model(path: Path) -> Imported:
    """Return a model in its own metres, z up, its origin at 0; blocks for seconds on a large one.

    Raises:
        ModelRefused: it cannot be used; the reason and the next step are in Chinese.
    """
    file = open_gltf(path)
    notes: dict[str, None] = {}
    try:
        pictures: dict[int, Pixels | None] = {}
        with np.errstate(all="ignore"):  # what overflows is not finite and is left out
            standing = list(_standing(file))
            _check_counts(path, file, standing)
            found = [_piece(file, name, prim, at, pictures, notes) for name, prim, at in standing]
        for kind, words in (("animations", "动画没有采用"), ("skins", "骨骼没有采用")):
            if listed(file.doc.get(kind)):
                notes[words] = None
        return _joined(path, [p for p in found if p is not None], pictures, tuple(notes))
    except (Broken, MemoryError) as exc:
        if any(e in str(exc) for e in PACKED):
            raise ModelRefused(f"模型 {path.name} 是压缩过的。", AGAIN, str(exc)) from exc
        raise ModelRefused(f"模型 {path.name} 的内容对不上，可能已损坏。", AGAIN, str(exc)[:160]) from exc


def placed(model: Imported, where: Placement) -> Imported:
    """Return a model turned, scaled and lifted: metres east and north of (lon, lat), height above the datum.

    Raises:
        ModelRefused: figures out of reason, or a model kilometres wide: its unit is not the metre.
    """
    figures = (where.lon, where.lat, where.height_m, where.bearing_deg, where.scale)
    if not all(math.isfinite(v) for v in figures) or not 1e-4 <= where.scale <= 1e4 or abs(where.height_m) > 1e4:
        raise ModelRefused("模型的位置或比例不合理。", "请检查经纬度、高程、方位和比例。", str(figures))
    wide = max(model.size_m) * where.scale
    if wide > WIDEST_M:
        raise ModelRefused(f"按这个比例模型有 {wide / 1000:.0f} km 大。", "模型的单位可能不是米，请改比例（毫米用 0.001）。")
    points = turned(np.asarray(model.mesh.points, float) * where.scale, where.bearing_deg)
    points[:, 2] += where.height_m
    return replace(model, mesh=replace(model.mesh, points=points.astype(np.float32)))


# --- the scene's tree ---------------------------------------------------------------------------
def _standing(file: GltfFile) -> Iterator[tuple[str, Mapping[str, Any], Array]]:
    """Yield (name, primitive, 4×4 matrix) of everything in the scene; a tree that loops or is endless is refused."""
    nodes = listed(file.doc.get("nodes"))
    scenes = listed(file.doc.get("scenes"))
    if scenes:
        roots = listed(file.item("scenes", file.doc.get("scene", 0)).get("nodes"))
    else:
        below = {c for n in nodes for c in listed(mapping(n).get("children")) if isinstance(c, int)}
        roots = [i for i in range(len(nodes)) if i not in below]
    waiting: list[tuple[object, Array, int]] = [(r, np.eye(4), 0) for r in roots]
    seen = many = 0
    while waiting:
        index, over, depth = waiting.pop()
        seen += 1
        if seen > NODES or depth > DEPTH:
            raise Broken(f"more than {NODES} nodes or {DEPTH} levels")
        node = file.item("nodes", index)
        at = over @ _matrix(node)
        waiting += [(c, at, depth + 1) for c in listed(node.get("children"))[:NODES]]
        if len(waiting) > NODES:
            raise Broken(f"more than {NODES} nodes")
        if "mesh" in node:
            mesh = file.item("meshes", node["mesh"])
            name = printable(str(node.get("name") or mesh.get("name") or f"mesh{node['mesh']}"), 40).replace(":", "·")
            for primitive in listed(mesh.get("primitives")):
                many += 1
                if many > NODES:
                    raise Broken(f"more than {NODES} primitives")
                yield name, mapping(primitive), at


def _matrix(node: Mapping[str, Any]) -> Array:
    """Return a node's own matrix. Source: glTF 2.0, 3.5.3: column-major, or translation · rotation · scale."""
    if "matrix" in node:
        return _numbers(node["matrix"], 16).reshape(4, 4).T
    found = np.eye(4)
    x, y, z, w = _numbers(node.get("rotation", [0, 0, 0, 1]), 4)
    n = math.sqrt(x * x + y * y + z * z + w * w)
    if n > 1e-9:
        x, y, z, w = x / n, y / n, z / n, w / n
        found[:3, :3] = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    found[:3, :3] *= _numbers(node.get("scale", [1, 1, 1]), 3)[None]
    found[:3, 3] = _numbers(node.get("translation", [0, 0, 0]), 3)
    return found


def _numbers(value: object, n: int) -> Array:
    told = listed(value)
    if len(told) != n or not all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1e12 for v in told):
        raise Broken(f"{n} numbers expected")
    return np.array(told, float)


def _check_counts(path: Path, file: GltfFile, standing: list[tuple[str, Mapping[str, Any], Array]]) -> None:
    """Refuse a model that would be too much before any of it is laid out."""
    triangles = points = 0
    for _, prim, _ in standing:
        if prim.get("mode", 4) not in TRIANGLE_MODES or "POSITION" not in mapping(prim.get("attributes")):
            continue
        n = file.count(mapping(prim["attributes"])["POSITION"])
        corners = file.count(prim["indices"]) if "indices" in prim else n
        points += n
        triangles += corners // 3 if prim.get("mode", 4) == 4 else corners - 2
    if triangles > TRIANGLES or points > POINTS:
        what = f"模型 {path.name} 有 {triangles / 1e4:.0f} 万个三角形、{points / 1e4:.0f} 万个点，超过上限（200 万、600 万）。"
        raise ModelRefused(what, "请减面后再导入。")


# --- one primitive ------------------------------------------------------------------------------
def _piece(
    file: GltfFile,
    name: str,
    prim: Mapping[str, Any],
    at: Array,
    pictures: dict[int, Pixels | None],
    notes: dict[str, None],
) -> _Piece | None:
    attributes = mapping(prim.get("attributes"))
    if any(e in mapping(prim.get("extensions")) for e in PACKED):
        raise Broken(PACKED[0])
    mode = prim.get("mode", 4)
    if mode not in TRIANGLE_MODES or "POSITION" not in attributes:
        notes["点和线没有采用"] = None
        return None
    own = np.asarray(file.array(attributes["POSITION"]), float)
    if own.shape[1] != 3:
        raise Broken("POSITION is not VEC3")
    points = own @ at[:3, :3].T + at[:3, 3]
    corners = np.arange(len(own)) if "indices" not in prim else file.array(prim["indices"]).ravel().astype(np.int64)
    if len(corners) and int(corners.max()) >= len(own):
        raise Broken(f"index {int(corners.max())} of {len(own)} points")
    cells = _cells(corners, int(mode))
    if np.linalg.det(at[:3, :3]) < 0:
        cells = cells[:, ::-1]
    sound: NDArray[np.bool_] = np.asarray(np.isfinite(points).all(axis=1))
    cells = cells[sound[cells].all(axis=1)]
    colors, uv, picture = _look(file, prim, len(own), pictures, notes)
    up = np.column_stack([points[:, 0], -points[:, 2], points[:, 1]])  # glTF: y up, z towards the viewer
    return _Piece(name, up, cells, colors, uv, picture)


def _cells(corners: NDArray[np.int64], mode: int) -> NDArray[np.int64]:
    """Return triangles (m, 3); every second one of a strip is turned about."""
    if mode == 4:
        return corners[: len(corners) // 3 * 3].reshape(-1, 3)
    if len(corners) < 3:
        return np.empty((0, 3), np.int64)
    if mode == 6:
        return np.column_stack([np.full(len(corners) - 2, corners[0]), corners[1:-1], corners[2:]])
    cells = np.column_stack([corners[:-2], corners[1:-1], corners[2:]])
    cells[1::2] = cells[1::2][:, [1, 0, 2]]
    return cells


def _look(
    file: GltfFile, prim: Mapping[str, Any], n: int, pictures: dict[int, Pixels | None], notes: dict[str, None]
) -> tuple[Array, Array, int | None]:
    """Return (colors (n, 3) 0 to 255, uv (n, 2), picture or None) of a primitive's points, without light."""
    attributes = mapping(prim.get("attributes"))
    factor, texture, chosen = np.ones(3), None, 0
    if "material" in prim:
        surface = mapping(file.item("materials", prim["material"]).get("pbrMetallicRoughness"))
        factor = _numbers(surface.get("baseColorFactor", [1, 1, 1, 1]), 4)[:3]
        told = mapping(surface.get("baseColorTexture"))
        if "index" in told:
            texture, chosen = told["index"], whole(told.get("texCoord", 0))
            if told.get("extensions"):
                notes["贴图的平移缩放没有采用"] = None
    colors = np.tile(np.array(PLAIN, float) if texture is None and "material" not in prim else np.full(3, 255.0), (n, 1))
    colors *= np.clip(factor, 0.0, 1.0) ** (1 / 2.2)  # factors are linear, a screen's colours are not
    if "COLOR_0" in attributes:
        own = _matching(file, attributes["COLOR_0"], n)
        if own is not None and own.shape[1] >= 3 and own.dtype.kind == "f":
            colors = colors * np.clip(np.nan_to_num(own[:, :3].astype(float)), 0.0, 1.0) ** (1 / 2.2)
    uv, picture = np.zeros((n, 2)), None
    if texture is not None and f"TEXCOORD_{chosen}" in attributes:
        found = _matching(file, attributes[f"TEXCOORD_{chosen}"], n)
        picture = _picture(file, texture, pictures, notes)
        pixels = pictures.get(picture) if picture is not None else None
        if pixels is not None and found is not None and found.shape[1] == 2:
            uv = np.nan_to_num(found.astype(float), nan=0.0, posinf=0.0, neginf=0.0)
            colors = colors * (sampled(pixels, uv) / 255.0)
        else:
            picture = None
    return colors, uv, picture


def _matching(file: GltfFile, index: object, n: int) -> NDArray[Any] | None:
    """Return an attribute of n points; None where it has another number of them, so that none is laid out in vain."""
    return file.array(index) if file.count(index) == n else None


def _picture(file: GltfFile, texture: object, pictures: dict[int, Pixels | None], notes: dict[str, None]) -> int | None:
    source = file.item("textures", texture).get("source")
    if source is None:
        notes["有贴图不是 PNG 或 JPEG，没有采用"] = None
        return None
    n = whole(source)
    if n not in pictures:
        pictures[n] = decoded(file.picture(n)) if len(pictures) < PICTURES else None
        if pictures[n] is None:
            notes["有贴图不能用（不是 PNG 或 JPEG、损坏或太多），没有采用"] = None
    return n


# --- the whole ----------------------------------------------------------------------------------
def _joined(path: Path, pieces: list[_Piece], pictures: Mapping[int, Pixels | None], notes: tuple[str, ...]) -> Imported:
    kept = [p for p in pieces if len(p.triangles)]
    if not kept:
        raise ModelRefused(f"模型 {path.name} 里没有三角面。", "请确认导出时包含了网格。")
    first = np.cumsum([0, *(len(p.points) for p in kept)])
    count = np.cumsum([0, *(len(p.triangles) for p in kept)])
    points = np.concatenate([p.points for p in kept])
    cells = np.concatenate([p.triangles + n for p, n in zip(kept, first[:-1], strict=True)])
    points = np.where(np.isfinite(points), points, 0.0)  # of corners that no triangle uses
    used = points[cells.ravel()]
    if np.abs(used).max() > 1e7:
        raise ModelRefused(f"模型 {path.name} 的坐标离原点太远。", "请在建模软件中把模型移到原点附近再导出。")
    light = _light(points, cells)
    colors = np.clip(np.concatenate([p.colors for p in kept]) * light[:, None], 0, 255).astype(np.uint8)
    uv = np.concatenate([p.uv for p in kept])
    names = [f"{p.name}:{i}" for i, p in enumerate(kept)]
    shown = tuple(
        (names[i], np.ascontiguousarray(pixels[::-1]))
        for i, p in enumerate(kept)
        if p.picture is not None and (pixels := pictures.get(p.picture)) is not None
    )
    parts = tuple((n, int(a), int(b) - 1) for n, a, b in zip(names, count[:-1], count[1:], strict=True))
    mesh = Mesh(np.clip(points, -1e7, 1e7).astype(np.float32), cells.astype(np.int32), colors, parts)
    return Imported(mesh, np.column_stack([uv[:, 0], 1 - uv[:, 1]]).astype(np.float32), light.astype(np.float32), shown, notes)


def _light(points: Array, cells: NDArray[np.int64]) -> Array:
    """Return the light (n,) on each point, from the mean of its triangles' normals by area."""
    a, b, c = (points[cells[:, i]] for i in range(3))
    face = np.cross(b - a, c - a)
    normal = np.stack([sum(np.bincount(cells[:, k], face[:, i], len(points)) for k in range(3)) for i in range(3)], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    return np.asarray(0.56 + 0.48 * np.clip(normal @ (LIGHT / np.linalg.norm(LIGHT)), 0.0, 1.0))
