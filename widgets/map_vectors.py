"""Paints the user's own lines, areas and points; many of them in slices, so that the window never waits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pyqtgraph.functions import arrayToQPath
from PySide6.QtCore import QObject, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from console.look import Look
from console.viewdata.overlay import LINE, POINT, RING, Overlay, Shapes, parts_of_feature, visible
from widgets.map_projection import MapFrame
from widgets.overlay_blocks import BLOCK_POINTS, DOT_PX, Block, block_path, cosmetic, cut, place_of, to_pixels, touches

MARGIN = 0.2  # of the view on each side, so that a pan shows ready ground
AT_ONCE = 15_000  # points of a view that are painted without slices
SLICE_S = 0.006
LABELS_MAX, LABEL_FEATURES_MAX = 200, 3000
REACH_PX = 8.0


@dataclass(frozen=True, slots=True)
class Feature:
    """What was hit: number within the layer, layer's name, field and text of its attributes."""

    index: int
    layer: str
    attributes: tuple[tuple[str, str], ...]


class VectorLayer(QObject):
    """A layer of one map. opacity, min_scale, max_scale as of TileLayer. color: a token of the theme.

    Signals:
        changed: there is more to show; paint again.
    """

    changed = Signal()

    def __init__(
        self, look: Look, overlay: Overlay, *, color: str = "accent", label_field: str = "", parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.opacity = 100
        self.min_scale = self.max_scale = 0.0
        self.overlay = overlay
        self._look = look
        self._color = color
        self._label_field = label_field
        self._selected: int | None = None
        self._blocks: dict[float, list[Block]] = {}
        self._paths: dict[tuple[float, int], tuple[QPainterPath, QPainterPath]] = {}
        self._done: tuple[MapFrame, QPixmap] | None = None
        self._job: tuple[MapFrame, QPixmap, Iterator[None]] | None = None
        self._frame: MapFrame | None = None
        self._slices = QTimer(self, singleShot=True, interval=0)
        self._slices.timeout.connect(self._go_on)
        look.changed.connect(self._forget)

    # --- what the window asks for ---------------------------------------------------------------
    def set_style(self, color: str, label_field: str) -> None:
        if (color, label_field) != (self._color, self._label_field):
            self._color, self._label_field = color, label_field
            self._forget()

    def select(self, feature: int | None) -> None:
        """Draw one feature stronger than the others."""
        if feature != self._selected:
            self._selected = feature
            self.changed.emit()

    def feature_at(self, place: QPointF, frame: MapFrame | None = None) -> Feature | None:
        """Return what lies at a point of the map last painted (or of a frame): lines and points before areas."""
        frame = frame or self._frame
        if frame is None or not self.shows(frame):
            return None
        x = frame.x + (place.x() - frame.width / 2) / frame.scale
        y = frame.y - (place.y() - frame.height / 2) / frame.scale
        found = self.overlay.at(x, y, REACH_PX / frame.scale)
        return None if found is None else Feature(found, visible(self.overlay.name), self.overlay.attributes(found))

    @property
    def busy(self) -> bool:
        """Tell whether the picture is not whole yet."""
        return self._job is not None

    # --- painting ---------------------------------------------------------------------------------
    def draw(self, painter: QPainter, frame: MapFrame, ratio: float, *, moving: bool) -> None:
        """Paint in widget pixels within the painter's own clip; while moving an older picture is stretched."""
        self._frame = frame
        if not self.shows(frame):
            return
        if not moving and not self._covered(frame, ratio):
            self._begin(frame, ratio)
        painter.save()
        painter.setOpacity(painter.opacity() * self.opacity / 100)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not moving)
        held = self._done or (self._job[:2] if self._job is not None else None)
        if held is not None:
            painter.drawPixmap(place_of(held[0], frame), held[1], QRectF(held[1].rect()))
        if self._selected is not None and self._selected < self.overlay.count:
            self._draw_selected(painter, frame, self._selected)
        painter.restore()

    def shows(self, frame: MapFrame) -> bool:
        return self.opacity > 0 and frame.scale >= self.min_scale and not 0 < self.max_scale < frame.scale

    def _covered(self, frame: MapFrame, ratio: float) -> bool:
        """Tell whether a picture of this scale and place is there or on its way."""
        held = self._job[:2] if self._job is not None else self._done
        if held is None or abs(held[0].scale / frame.scale - 1) > 1e-9 or held[1].devicePixelRatio() != ratio:
            return False
        dx = abs(held[0].x - frame.x) * frame.scale + frame.width / 2
        dy = abs(held[0].y - frame.y) * frame.scale + frame.height / 2
        return dx <= held[0].width / 2 + 1 and dy <= held[0].height / 2 + 1

    def _begin(self, frame: MapFrame, ratio: float) -> None:
        big = frame.sized(round(frame.width * (1 + 2 * MARGIN)), round(frame.height * (1 + 2 * MARGIN)))
        picture = QPixmap(round(big.width * ratio), round(big.height * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        level = self.overlay.level_for(big.scale)
        blocks = [(i, b) for i, b in enumerate(self._blocks_of(level)) if touches(b.box, big)]
        self._job = (big, picture, self._steps(level, blocks, big, picture))
        if sum(b.points for _, b in blocks) <= AT_ONCE:
            self._run(float("inf"))
        else:
            self._slices.start()

    def _run(self, until: float) -> None:
        if self._job is None:
            return
        frame, picture, steps = self._job
        for _ in steps:
            if time.monotonic() > until:
                return
        self._done, self._job = (frame, picture), None

    def _go_on(self) -> None:
        self._run(time.monotonic() + SLICE_S)
        if self._job is not None:
            self._slices.start()
        if self._job is None or self._done is None:
            self.changed.emit()

    def _steps(self, level: Shapes, blocks: list[tuple[int, Block]], frame: MapFrame, picture: QPixmap) -> Iterator[None]:
        """Paint block by block; each step ends with the painter put away."""
        for number, block in blocks:
            painter = QPainter(picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._block(painter, level, number, block, frame)
            painter.end()
            yield
        painter = QPainter(picture)
        self._labels(painter, frame)
        painter.end()

    def _block(self, painter: QPainter, level: Shapes, number: int, block: Block, frame: MapFrame) -> None:
        color = self._look.color(self._color)
        areas, lines = self._paths_of(level, number, block)
        painter.save()
        painter.setTransform(to_pixels(frame), True)
        if not areas.isEmpty():
            painter.fillPath(areas, self._look.color(self._color, 34))
            painter.strokePath(areas, cosmetic(color, 1.0))
        painter.strokePath(lines, cosmetic(color, 2.0 if block.points < BLOCK_POINTS // 2 else 1.0))
        painter.restore()
        self._dots(painter, level, block, frame, color)

    def _dots(self, painter: QPainter, level: Shapes, block: Block, frame: MapFrame, color: QColor) -> None:
        chosen = np.flatnonzero(level.kind[block.first : block.last] == POINT) + block.first
        if not len(chosen):
            return
        at = level.xy[level.start[chosen]]
        x, y = frame.to_pixels(at[:, 0], at[:, 1])
        inside = (x > -DOT_PX) & (y > -DOT_PX) & (x < frame.width + DOT_PX) & (y < frame.height + DOT_PX)
        own = inside & (level.up_to == float("inf"))
        # what is only a feature too small to see at this scale gets a smaller dot
        for some, size in ((own, DOT_PX), (inside & ~own, 2.5)):
            pixels = np.unique(np.rint(np.column_stack([x[some], y[some]]) * 2).astype(np.int64), axis=0) / 2
            dots = QPolygonF([QPointF(px, py) for px, py in pixels.tolist()])
            for width, tint in ((size + 2, self._look.color("map.land")), (size, color)) if size > 4 else ((size, color),):
                painter.setPen(QPen(tint, width, c=Qt.PenCapStyle.RoundCap))
                painter.drawPoints(dots)

    def _draw_selected(self, painter: QPainter, frame: MapFrame, feature: int) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = self._look.color("accent")
        for kind, points in parts_of_feature(self.overlay.levels[-1], feature):
            x, y = frame.to_pixels(points[:, 0], points[:, 1])
            if kind == POINT:
                painter.setPen(QPen(color, 2.5))
                painter.drawEllipse(QPointF(float(x[0]), float(y[0])), 9, 9)
                continue
            path = arrayToQPath(x, y, connect="all", finiteCheck=False)
            painter.strokePath(path, QPen(color, 3.5))

    def _labels(self, painter: QPainter, frame: MapFrame) -> None:
        """Write names where they find room; with very many features in view there are none."""
        if self._label_field not in self.overlay.fields:
            return
        anchors = self.overlay.anchors
        x, y = frame.to_pixels(anchors[:, 0], anchors[:, 1])
        inside = np.flatnonzero((x > 0) & (y > 0) & (x < frame.width) & (y < frame.height))
        if len(inside) > LABEL_FEATURES_MAX:
            return
        painter.setFont(self._look.font("small_px"))
        metrics = painter.fontMetrics()
        taken: list[QRectF] = []
        for i in inside.tolist():
            name = self.overlay.label(i, self._label_field)
            if not name or len(taken) >= LABELS_MAX:
                continue
            box = QRectF(
                float(x[i]) + 8, float(y[i]) - metrics.height() / 2, metrics.horizontalAdvance(name) + 8, metrics.height()
            )
            if any(box.intersects(other) for other in taken):
                continue
            taken.append(box)
            painter.fillRect(box, self._look.color("panel", 200))
            painter.setPen(self._look.color("text"))
            painter.drawText(QPointF(box.left() + 4, box.top() + metrics.ascent()), name)

    # --- made once -----------------------------------------------------------------------------------
    def _blocks_of(self, level: Shapes) -> list[Block]:
        if level.up_to not in self._blocks:
            self._blocks[level.up_to] = list(cut(level))
        return self._blocks[level.up_to]

    def _paths_of(self, level: Shapes, number: int, block: Block) -> tuple[QPainterPath, QPainterPath]:
        key = (level.up_to, number)
        if key not in self._paths:
            areas = block_path(level, block, RING)
            areas.setFillRule(Qt.FillRule.WindingFill)
            self._paths[key] = (areas, block_path(level, block, LINE))
        return self._paths[key]

    def _forget(self) -> None:
        self._done = self._job = None
        self._slices.stop()
        self.changed.emit()
