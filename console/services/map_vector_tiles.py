"""A vector tile drawn once into a picture, in the colours of the window's theme."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError
from mapbox_vector_tile.Mapbox import vector_tile_pb2
from pyqtgraph.functions import arrayToQPath
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from backend_client.adapters.plain_words import one_line
from console.domain.tile_grid import TILE_PX, TileKey
from console.engine.mvt_geometry import joined, parts_of
from console.look import Look
from console.services.map_pictures import FORMAT

FEATURES_MAX = 20_000  # of one layer of a tile; what comes after is left out
LABELS_MAX = 60
POINT, LINE, POLYGON = 1, 2, 3
SHARPNESS = 2  # pixels of the picture per pixel of the tile: labels stay readable when it is enlarged
# role → words in the layer's name; the first role that fits wins. OpenMapTiles, Shortbread, Protomaps, Mapbox, ours
ROLES: dict[str, re.Pattern[str]] = {
    "labels": re.compile(r"label|name|place|poi|housenum|地名|注记|居民", re.IGNORECASE),
    "water": re.compile(r"water|ocean|river|lake|stream|水|河|湖|渠|海", re.IGNORECASE),
    "borders": re.compile(r"bound|admin|border|界|政区", re.IGNORECASE),
    "roads": re.compile(r"road|street|transport|rail|highway|bridge|路|道|桥", re.IGNORECASE),
    "ground": re.compile(r"land|earth|building|park|site|地|建筑|绿", re.IGNORECASE),
}
ORDER = ("ground", "other", "water", "borders", "roads", "labels")
NAMES = ("name:zh", "name:zh-Hans", "name_zh", "name:nonlatin", "name", "名称", "NAME", "地名")


@dataclass(frozen=True, slots=True)
class TileStyle:
    """Colours of one theme, taken from the look by the window and handed to workers."""

    water: QColor
    river: QColor
    road: QColor
    border: QColor
    ground: QColor
    other: QColor
    label: QColor
    halo: QColor
    font: QFont
    relief: tuple[QColor, QColor, QColor]
    heights: tuple[QColor, ...]

    @classmethod
    def of(cls, look: Look) -> TileStyle:
        color = look.color
        return cls(
            color("map.lake"), color("map.river"), color("line.strong"), color("map.border"), color("map.outside"),
            color("map.city"), color("map.city"), color("map.land", 220), look.font("small_px"),
            (color("relief.shadow"), color("map.land"), color("relief.light")),
            tuple(color(f"relief.height{i}") for i in range(1, 6)),
        )  # fmt: skip


class VectorTile:
    """A parsed tile; it may be drawn several times, a part of it larger each time.

    National borders are never drawn from a tile: only surveyed and approved ones may be shown.
    """

    def __init__(self, data: bytes) -> None:
        """Parse.

        Raises:
            ValueError: not a vector tile.
        """
        message = vector_tile_pb2.tile()
        try:
            message.ParseFromString(data)
        except DecodeError as exc:
            raise ValueError("not a vector tile") from exc
        found = [(role_of(layer.name), layer) for layer in message.layers if 0 < layer.extent <= 1 << 16]
        self._layers = sorted(found, key=lambda pair: ORDER.index(pair[0]))

    def picture(self, style: TileStyle, own: TileKey, wanted: TileKey) -> QImage:
        """Return the picture of a tile or of a descendant of it."""
        side = TILE_PX * SHARPNESS
        picture = QImage(side, side, FORMAT)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        up = wanted.z - own.z
        labels: list[tuple[float, str, QPointF]] = []
        for role, layer in self._layers:
            scale = side * 2.0**up / layer.extent
            left, top = (wanted.x - (own.x << up)) * side, (wanted.y - (own.y << up)) * side
            if role == "labels":
                labels += _labels(layer, scale, left, top)
                continue
            painter.save()
            painter.translate(-left, -top)
            painter.scale(scale, scale)
            _draw(painter, layer, role, style)
            painter.restore()
        _write(painter, labels, style, side)
        painter.end()
        return picture


def role_of(name: str) -> str:
    return next((role for role, words in ROLES.items() if words.search(name)), "other")


def _draw(painter: QPainter, layer: Any, role: str, style: TileStyle) -> None:
    areas, lines = [], []
    for feature in layer.features[:FEATURES_MAX]:
        if role == "borders" and _is_national(_tags(layer, feature)):
            continue
        if feature.type == POLYGON:
            areas += parts_of(feature.geometry, closed=True)
        elif feature.type == LINE:
            lines += parts_of(feature.geometry)
    fill = {"water": style.water, "ground": style.ground}.get(role)
    if areas:
        path = arrayToQPath(*joined(areas), finiteCheck=False)
        if fill is not None:
            path.setFillRule(Qt.FillRule.WindingFill)
            painter.fillPath(path, fill)
        else:
            painter.strokePath(path, _pen(style.border if role == "borders" else style.other, 1.0))
    if lines:
        pens = {
            "water": _pen(style.river, 1.6 * SHARPNESS),
            "roads": _pen(style.road, 1.0 * SHARPNESS),
            "borders": _pen(style.border, 1.0 * SHARPNESS, Qt.PenStyle.DashLine),
        }
        painter.strokePath(arrayToQPath(*joined(lines), finiteCheck=False), pens.get(role, _pen(style.other, 1.0)))


def _pen(color: QColor, width: float, dash: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    pen = QPen(color, width, dash)
    pen.setCosmetic(True)
    return pen


def _is_national(tags: Mapping[str, Any]) -> bool:
    level = tags.get("admin_level", tags.get("kind_detail"))
    disputed = tags.get("disputed") in (1, True, "true", "yes") or tags.get("maritime") in (1, True, "true")
    return disputed or (isinstance(level, int | float) and level <= 2) or level in ("1", "2") or tags.get("kind") == "country"


def _tags(layer: Any, feature: Any) -> dict[str, Any]:
    """Return a feature's tags; indexes that point nowhere are left out."""
    pairs = zip(feature.tags[::2], feature.tags[1::2], strict=False)
    return {layer.keys[k]: _value(layer.values[v]) for k, v in pairs if k < len(layer.keys) and v < len(layer.values)}


def _value(value: Any) -> Any:
    fields = value.ListFields()
    return fields[0][1] if fields else None


def _labels(layer: Any, scale: float, left: float, top: float) -> list[tuple[float, str, QPointF]]:
    found = []
    for feature in layer.features[:FEATURES_MAX]:
        if feature.type != POINT:
            continue
        tags = _tags(layer, feature)
        name = next((str(tags[k]) for k in NAMES if tags.get(k)), "")
        parts = parts_of(feature.geometry)
        if not name or not parts:
            continue
        rank = tags.get("rank", tags.get("scalerank", 50))
        x, y = parts[0][0]
        where = QPointF(x * scale - left, y * scale - top)
        found.append((float(rank) if isinstance(rank, int | float) else 50.0, one_line(name, 24), where))
    return found


def _write(painter: QPainter, labels: list[tuple[float, str, QPointF]], style: TileStyle, side: int) -> None:
    """Write names whole within the tile: a neighbour is another picture and would cut them."""
    font = QFont(style.font)
    font.setPixelSize(max(8, style.font.pixelSize()) * SHARPNESS)
    metrics = QFontMetricsF(font)
    taken: list[QRectF] = []
    for _, name, where in sorted(labels, key=lambda item: item[0]):
        if len(taken) >= LABELS_MAX or not (0 <= where.x() < side and 0 <= where.y() < side):
            continue
        width, height = metrics.horizontalAdvance(name), metrics.height()
        if width > side - 4:
            continue
        left = min(max(2.0, where.x() - width / 2), side - width - 2)
        box = QRectF(left, min(max(0.0, where.y() - height / 2), side - height), width, height)
        if any(box.intersects(other) for other in taken):
            continue
        taken.append(box)
        path = QPainterPath()
        path.addText(box.left(), box.top() + metrics.ascent(), font, name)
        painter.strokePath(path, QPen(style.halo, 2.4 * SHARPNESS, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin))
        painter.fillPath(path, style.label)
