"""A user's vector file as an overlay: which layer, where it lies, what it says; hostile files are refused in words."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError

from console.domain.geo import mercator_y
from console.store.dbf_text import dbf_encoding
from console.store.overlay_shapes import anchors_of, levels_of, morton_order
from console.store.vector_crs import VectorRefused, placing_of
from console.viewdata.overlay import Overlay, TextColumn

FEATURES_MAX, POINTS_MAX, FIELDS_MAX = 200_000, 6_000_000, 100
TEXT_MAX = 500  # of one value
TABLE_BYTES_MAX = 300 * 1024 * 1024
JSON_BYTES_MAX = 200 * 1024 * 1024
SHAPE_BYTES_MAX = 1536 * 1024 * 1024
ZIP_BYTES_MAX = 400 * 1024 * 1024
EDGE_LAT = 85.0
MAGIC = {b"SQLite format 3\0": "gpkg", b"\x00\x00\x27\x0a": "shp", b"PK\x03\x04": "zip"}
SHAPE_ENDS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
SAVE_AGAIN = "请在原软件中打开检查，另存后再添加。"


@dataclass(frozen=True, slots=True)
class LayerAbout:
    name: str
    features: int
    geometry: str


def kind_of_file(path: Path) -> str:
    """Return gpkg, shp, json or zip by the file's first bytes, "" for anything else.

    Raises:
        VectorRefused: it is not there.
    """
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as exc:
        raise VectorRefused(f"文件 {path.name} 打不开。", "请确认它还在原来的位置、可以读取。", str(exc)) from exc
    found = next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), "")
    return found or ("json" if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" else "")


def layers_of(path: Path, encoding: str | None = None) -> tuple[LayerAbout, ...]:
    """Return the layers with geometry that a file has.

    Raises:
        VectorRefused: it cannot be read.
    """
    try:
        names = [(str(n), str(g)) for n, g in pyogrio.list_layers(path) if g is not None]
        found = [LayerAbout(n, int(pyogrio.read_info(path, layer=n, encoding=encoding)["features"]), g) for n, g in names[:200]]
    except (DataSourceError, DataLayerError, ValueError, RuntimeError) as exc:
        raise VectorRefused(f"文件 {path.name} 读不出来。", SAVE_AGAIN, str(exc)) from exc
    if not found:
        raise VectorRefused(f"文件 {path.name} 里没有带几何的图层。", SAVE_AGAIN)
    return tuple(found)


def read_overlay(path: Path, layer: str, told_crs: str, scratch: Path) -> tuple[Overlay, tuple[LayerAbout, ...]]:
    """Read a layer, "" for the first; scratch: an empty folder for what a zip holds.

    Raises:
        VectorRefused: with what to do.
    """
    shown = path.name
    kind = kind_of_file(path)
    if kind == "zip":
        path = _unpacked(path, scratch)
        kind = kind_of_file(path)
    notes: list[str] = []
    encoding = _checked(path, kind, notes)
    if kind == "json":
        path = _in_utf8(path, scratch, notes)
    layers = layers_of(path, encoding)
    chosen = next((x for x in layers if layer in ("", x.name)), None)
    if chosen is None:
        raise VectorRefused(f"文件 {shown} 里没有图层“{layer[:60]}”。", f"可选：{'、'.join(x.name[:40] for x in layers[:8])}。")
    meta, wkb, values = _raw(path, chosen.name, encoding, shown, notes)
    name = shown if len(layers) == 1 else f"{shown} · {chosen.name}"
    return _overlay(name, meta, wkb, values, told_crs, chosen.features, notes), layers


def _checked(path: Path, kind: str, notes: list[str]) -> str | None:
    """Return the encoding to read with, None where the format fixes it."""
    size = path.stat().st_size
    limit = {"json": JSON_BYTES_MAX, "shp": SHAPE_BYTES_MAX}.get(kind)
    if kind in ("", "zip"):
        raise VectorRefused(f"文件 {path.name} 不是认得的矢量格式。", "可用：GeoPackage、Shapefile（或其 zip）、GeoJSON。")
    if limit is not None and size > limit:
        raise VectorRefused(
            f"文件 {path.name} 有 {size / 2**20:.0f} MB，太大。", "请在 GIS 软件中裁剪，或另存为 GeoPackage 后再添加。"
        )
    if kind != "shp":
        return None
    if not any(path.with_suffix(e).is_file() for e in (".shx", ".SHX")):
        raise VectorRefused(f"{path.name} 缺少同名的 .shx 文件。", "请把 .shp、.shx、.dbf、.prj 放在同一文件夹后再添加。")
    dbf = next((p for e in (".dbf", ".DBF") if (p := path.with_suffix(e)).is_file()), None)
    if dbf is None:
        notes.append("没有 .dbf 文件，只有图形没有属性")
        return None
    encoding, note = dbf_encoding(dbf)
    if note:
        notes.append(note)
    return encoding


def _in_utf8(path: Path, scratch: Path, notes: list[str]) -> Path:
    """Return a GeoJSON that is UTF-8, as the format wants: the file itself, or a copy of one that Chinese programs wrote.

    Raises:
        VectorRefused: it is neither UTF-8 nor GB18030.
    """
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise VectorRefused(f"文件 {path.name} 打不开。", "请确认它还在原来的位置、可以读取。", str(exc)) from exc
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as exc:
            raise VectorRefused(f"文件 {path.name} 的编码认不出来。", "请在原软件中另存为 UTF-8 后再添加。", str(exc)) from exc
        notes.append("文件不是 UTF-8，文字按 GB18030 读")
        copy = scratch / path.name
        copy.write_text(text, "utf-8")
        return copy
    return path


def _raw(path: Path, layer: str, encoding: str | None, shown: str, notes: list[str]) -> tuple[dict[str, Any], Any, list[Any]]:
    """Return pyogrio's description, geometries as WKB and columns, within the limits."""
    try:
        fields = [str(f) for f in pyogrio.read_info(path, layer=layer, encoding=encoding)["fields"]]
        if len(fields) > FIELDS_MAX:
            notes.append(f"属性有 {len(fields)} 个，只读前 {FIELDS_MAX} 个")
        meta, _, wkb, values = pyogrio.raw.read(
            path, layer=layer, encoding=encoding, columns=fields[:FIELDS_MAX], force_2d=True, max_features=FEATURES_MAX,
            datetime_as_string=True,
        )  # fmt: skip
    except (DataSourceError, DataLayerError, UnicodeError, ValueError, RuntimeError) as exc:
        raise VectorRefused(f"文件 {shown} 读不出来，可能不完整。", SAVE_AGAIN, str(exc)[:300]) from exc
    if wkb is None or not len(wkb):
        raise VectorRefused(f"文件 {shown} 里没有要素。", SAVE_AGAIN)
    return meta, wkb, list(values)


def _overlay(
    name: str, meta: dict[str, Any], wkb: Any, values: list[Any], told_crs: str, total: int, notes: list[str]
) -> Overlay:
    shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    shapes[shapely.is_missing(shapes)] = shapely.Point()
    if (points := int(shapely.get_num_coordinates(shapes).sum())) > POINTS_MAX:
        raise VectorRefused(f"文件 {name} 有 {points} 个点，太多。", "请在 GIS 软件中裁剪或简化后再添加。")
    xy = shapely.get_coordinates(shapes)
    finite = np.isfinite(xy).all(axis=1)
    if not finite.any():
        raise VectorRefused(f"文件 {name} 里没有可用的坐标。", SAVE_AGAIN)
    placing = placing_of(meta.get("crs"), told_crs, xy[finite])
    degrees = np.full_like(xy, np.nan)
    degrees[finite] = placing.degrees(xy[finite])
    shapes, kept = _on_the_map(shapes, degrees)
    if not len(kept):
        raise VectorRefused(
            f"文件 {name} 的坐标与坐标系“{placing.name[:60]}”不符。", "请在 GIS 软件中更正坐标系，或添加时选定坐标系。"
        )
    if len(wkb) > len(kept):
        notes.append(f"{len(wkb) - len(kept)} 个要素没有可用的坐标，未显示")
    if total > len(wkb):
        notes.append(f"共 {total} 个要素，只读前 {len(wkb)} 个")
    boxes = shapely.bounds(shapes)
    order = morton_order(boxes)
    shapes, kept, boxes = shapes[order], kept[order], boxes[order]
    columns = _columns(values, kept, notes)
    fields = tuple(str(f) for f in meta["fields"])[: len(columns)]
    levels = levels_of(shapes, boxes)
    return Overlay(
        name, fields, columns, boxes, anchors_of(shapes, boxes), levels, placing.name, (*placing.notes, *notes),
        max(total, len(wkb)),
    )  # fmt: skip


def _on_the_map(shapes: NDArray[np.object_], degrees: NDArray[np.float64]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return shapes in degrees and Mercator degrees, and the rows of those that have a place on the map."""
    lon, lat = degrees[:, 0], degrees[:, 1]
    with np.errstate(invalid="ignore"):
        good = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= 180) & (np.abs(lat) <= EDGE_LAT)
    _, owner = shapely.get_coordinates(shapes, return_index=True)
    bad = np.zeros(len(shapes), bool)
    bad[owner[~good]] = True
    kept = np.flatnonzero(~bad & ~shapely.is_empty(shapes))
    y = np.where(good, mercator_y(np.where(good, lat, 0.0)), 0.0)
    placed = shapely.set_coordinates(shapes, np.column_stack([np.where(good, lon, 0.0), y]))
    return placed[kept], kept


def _columns(values: list[Any], kept: NDArray[np.int64], notes: list[str]) -> tuple[TextColumn, ...]:
    """Return columns as text until the table's limit is reached."""
    found: list[TextColumn] = []
    spent = 0
    for column in values:
        texts = [_text(v).encode("utf-8", "replace") for v in column[kept].tolist()]
        spent += sum(map(len, texts))
        if spent > TABLE_BYTES_MAX:
            notes.append(f"属性表太大，只读前 {len(found)} 个属性")
            break
        found.append(TextColumn(b"".join(texts), np.concatenate([[0], np.cumsum([len(t) for t in texts])]).astype(np.int64)))
    return tuple(found)


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)[:TEXT_MAX]


def _unpacked(path: Path, scratch: Path) -> Path:
    """Unpack what one layer needs, within a limit, under names of our own.

    Raises:
        VectorRefused: broken, nothing usable in it, or it unpacks to too much.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            infos = [i for i in packed.infolist() if not i.is_dir()]
            main = next(
                (i for e in (".shp", ".gpkg", ".geojson", ".json") for i in infos if i.filename.lower().endswith(e)), None
            )
            if main is None:
                raise VectorRefused(f"压缩包 {path.name} 里没有矢量文件。", "可用：Shapefile、GeoPackage、GeoJSON。")
            stem = main.filename.rpartition(".")[0]
            wanted = _with_siblings(infos, stem) if main.filename.lower().endswith(".shp") else [main]
            left = ZIP_BYTES_MAX
            for info in wanted:
                left = _unpack(packed, info, scratch / f"layer{Path(info.filename).suffix.lower()}", left, path.name)
            return scratch / f"layer{Path(main.filename).suffix.lower()}"
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as exc:
        raise VectorRefused(f"压缩包 {path.name} 已损坏或有密码。", "请重新取得文件，或先解压再添加。", str(exc)) from exc


def _with_siblings(infos: Sequence[zipfile.ZipInfo], stem: str) -> list[zipfile.ZipInfo]:
    return [i for i in infos if i.filename.rpartition(".")[0] == stem and i.filename.lower().endswith(SHAPE_ENDS)]


def _unpack(packed: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, left: int, shown: str) -> int:
    with packed.open(info) as source, target.open("wb") as out:
        while piece := source.read(1 << 20):
            left -= len(piece)
            if left < 0:
                raise VectorRefused(
                    f"压缩包 {shown} 解开后超过 {ZIP_BYTES_MAX / 2**20:.0f} MB。", "请先解压，再添加其中的文件。"
                )
            out.write(piece)
    return left
