"""The still part of the map: sea, land, borders, rivers, cities; drawn into a picture and reused."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap, QPolygonF, QTransform

from console.domain.geo import mercator_y
from console.look import Look
from console.viewdata.basemap import BaseMap, Line
from widgets.map_projection import MapFrame
from widgets.map_rivers import RiverLines, Stations

MARGIN = 0.25  # of the view on each side, so that a pan shows ready ground


def path_of(lines: tuple[Line, ...] | list[Line], *, closed: bool) -> QPainterPath:
    """Return a path in (lon, −Mercator y) degrees."""
    path = QPainterPath()
    for line in lines:
        if len(line) < 2:
            continue
        points = np.column_stack([line[:, 0], -mercator_y(line[:, 1])])
        polygon = QPolygonF([QPointF(x, y) for x, y in points.tolist()])
        path.addPolygon(polygon)
        if closed:
            path.closeSubpath()
    return path


Paths = tuple[dict[str, QPainterPath], dict[str, QPainterPath]]
COARSE_SCALE = 260.0  # pixels per degree below which the thinned lines serve


def base_paths(base: BaseMap) -> Paths:
    """Return (fine, coarse) paths of the still ground; needs no window, so a worker may make them."""
    fine = _still_paths(base)
    return fine, _still_paths(base.coarse) if base.coarse is not None else fine


def _still_paths(base: BaseMap) -> dict[str, QPainterPath]:
    paths = {
        "neighbours": path_of(base.neighbours, closed=True),
        "land": path_of(base.land, closed=True),
        "guangdong": path_of([r for p in base.prefectures for r in p.rings], closed=True),
        "counties": path_of(base.counties, closed=True),
        "lakes": path_of(base.lakes, closed=True),
        "other": path_of(base.other_rivers, closed=False),
    }
    for path in paths.values():
        path.setFillRule(Qt.FillRule.WindingFill)
    return paths


class MapBase:
    """Paths are made once per base map; the picture once per place and scale."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._fine: Paths = ({}, {})
        self._paths: dict[str, QPainterPath] = {}
        self._rivers: tuple[RiverLines, ...] = (RiverLines({}), RiverLines({}))
        self._reaches: dict[str, Stations] = {}
        self._detail = 0
        self._layers: frozenset[str] = frozenset()
        self._picture: QPixmap | None = None
        self._lines_picture: QPixmap | None = None
        self._split = False
        self._frame: MapFrame | None = None
        self._labels: list[tuple[str, float, float]] = []
        look.changed.connect(self.forget)

    def forget(self) -> None:
        self._picture = None

    def set_base(self, base: BaseMap, paths: Paths) -> None:
        self._fine = paths
        self._rivers = tuple(RiverLines(b.rivers) for b in (base, base.coarse if base.coarse is not None else base))
        for rivers in self._rivers:
            rivers.tell(self._reaches)
        self._labels = [(p.name.removesuffix("市"), *p.centre) for p in base.prefectures]
        self.forget()

    def set_reaches(self, reaches: dict[str, Stations]) -> None:
        """Colour each stretch of a river by the station nearest along it."""
        if reaches != self._reaches:
            self._reaches = reaches
            for rivers in self._rivers:
                if rivers.tell(reaches):
                    self.forget()

    def set_layers(self, layers: frozenset[str]) -> None:
        if layers != self._layers:
            self._layers = layers
            self.forget()

    def draw(
        self,
        painter: QPainter,
        frame: MapFrame,
        ratio: float,
        *,
        moving: bool,
        between: Callable[[QPainter], None] | None = None,
    ) -> None:
        """Paint the ground of a frame; while moving a stretched older picture will do.

        between: paints what lies over the land and under rivers and names.
        """
        split = between is not None
        if self._picture is None or self._frame is None or split != self._split or (not moving and not self._covers(frame)):
            self._split = split
            self._render(frame, ratio)
        assert self._picture is not None and self._frame is not None  # noqa: S101
        self._lay(painter, frame, self._frame, self._picture)
        if between is not None and self._lines_picture is not None:
            between(painter)
            self._lay(painter, frame, self._frame, self._lines_picture, over=True)

    def _lay(self, painter: QPainter, frame: MapFrame, old: MapFrame, picture: QPixmap, *, over: bool = False) -> None:
        k = frame.scale / old.scale
        width, height = old.width * k, old.height * k
        left = (old.x - frame.x) * frame.scale + frame.width / 2 - width / 2
        top = (frame.y - old.y) * frame.scale + frame.height / 2 - height / 2
        if not over and (k != 1.0 or not self._inside(left, top, width, height, frame)):
            painter.fillRect(QRectF(0, 0, frame.width, frame.height), self._look.color("map.sea"))
        painter.drawPixmap(QRectF(left, top, width, height), picture, QRectF(picture.rect()))

    @staticmethod
    def _inside(left: float, top: float, width: float, height: float, frame: MapFrame) -> bool:
        return left <= 0 and top <= 0 and left + width >= frame.width and top + height >= frame.height

    def _covers(self, frame: MapFrame) -> bool:
        old = self._frame
        if old is None or abs(old.scale / frame.scale - 1) > 1e-9:
            return False
        dx = abs(old.x - frame.x) * frame.scale + frame.width / 2
        dy = abs(old.y - frame.y) * frame.scale + frame.height / 2
        return dx <= old.width / 2 + 1 and dy <= old.height / 2 + 1

    def _render(self, frame: MapFrame, ratio: float) -> None:
        width, height = round(frame.width * (1 + 2 * MARGIN)), round(frame.height * (1 + 2 * MARGIN))
        big = frame.sized(width, height)
        self._detail = 1 if frame.scale < COARSE_SCALE else 0
        self._paths = self._fine[self._detail]
        ground = self._canvas(big, ratio, self._look.color("map.sea"))
        lines = self._canvas(big, ratio, QColor(Qt.GlobalColor.transparent)) if self._split else ground
        with _painting(ground, big) as painter:
            self._areas(painter, frame.scale)
        with _painting(lines, big) as painter:
            self._lines(painter, big)
            painter.resetTransform()
            if "cities" in self._layers:
                self._names(painter, big)
        self._picture, self._frame = ground, big
        self._lines_picture = lines if self._split else None

    @staticmethod
    def _canvas(frame: MapFrame, ratio: float, color: QColor) -> QPixmap:
        picture = QPixmap(round(frame.width * ratio), round(frame.height * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(color)
        return picture

    def _areas(self, painter: QPainter, scale: float) -> None:
        look = self._look
        if not self._paths:
            return
        painter.fillPath(self._paths["land"], look.color("map.outside"))
        if "admin" in self._layers:
            painter.setPen(_cosmetic(look.color("map.county"), 1))
            painter.drawPath(self._paths["neighbours"])
            painter.fillPath(self._paths["guangdong"], look.color("map.land"))
            if scale > 90:
                painter.drawPath(self._paths["counties"])
            painter.setPen(_cosmetic(look.color("map.border"), 1))  # a wider pen costs fifty times as much
            painter.drawPath(self._paths["guangdong"])
        painter.fillPath(self._paths["lakes"], look.color("map.lake"))

    def _lines(self, painter: QPainter, frame: MapFrame) -> None:
        look = self._look
        if self._split and "admin" in self._layers and self._paths:  # pictures lie over the land's own lines
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(_cosmetic(look.color("map.city", 150), 1))
            painter.drawPath(self._paths["guangdong"])
        if "rivers" not in self._layers:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._paths:
            painter.setPen(_cosmetic(look.color("map.river.dim"), 1.0))
            painter.drawPath(self._paths["other"])
        self._rivers[self._detail].draw(painter, frame, 1.8 if frame.scale < 150 else 2.6, self._pen)

    def _pen(self, token: str, width: float, alpha: int) -> QPen:
        return _cosmetic(self._look.color(token, alpha), width)

    def _names(self, painter: QPainter, frame: MapFrame) -> None:
        painter.setFont(self._look.font("small_px"))
        metrics = painter.fontMetrics()
        for name, lon, lat in self._labels:
            x, y = frame.to_pixels(np.asarray(lon), mercator_y(lat))
            where = QPointF(float(x) - metrics.horizontalAdvance(name) / 2, float(y))
            painter.setPen(self._look.color("map.city", 190))
            painter.drawText(where, name)


@contextlib.contextmanager
def _painting(picture: QPixmap, frame: MapFrame) -> Iterator[QPainter]:
    """Paint in degrees (lon, −Mercator y) on a picture of a frame."""
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setTransform(to_pixels(frame))
    try:
        yield painter
    finally:
        painter.end()


def to_pixels(frame: MapFrame) -> QTransform:
    """Return what takes (lon, −Mercator y) degrees to the pixels of a frame."""
    transform = QTransform()
    transform.translate(frame.width / 2, frame.height / 2)
    transform.scale(frame.scale, frame.scale)
    transform.translate(-frame.x, frame.y)
    return transform


def _cosmetic(color: QColor, width: float) -> QPen:
    pen = QPen(color, width)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen
