"""One picture of the map: ground, pictures and rain between land and rivers, objects, typhoons.

A swipe shows two of them side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QPainter, QPen, QPolygonF

from console.domain.geo import mercator_y
from console.domain.layers import DRAPES, GROUND, LayerState
from console.domain.states import TOKENS, State
from console.look import Look
from console.viewdata.basemap import BaseMap
from console.viewdata.map import MapCounts, MapMark, MapStations, MapView, RainField
from widgets.map_base import MapBase, Paths
from widgets.map_objects import MapObjects
from widgets.map_projection import MapFrame
from widgets.map_rain import RainDrape
from widgets.map_typhoon import draw_typhoons

EMPTY = MapView(MapStations.none(), {}, MapCounts(0, 0, 0, 0))
FACILITY_LABEL_KM = 160.0
HIT_PX = 12.0
Array = NDArray[np.float64]


class OwnLayer(Protocol):
    """A layer that the user added: a picture or lines, painted in widget pixels between two scales (0: no limit)."""

    min_scale: float
    max_scale: float

    def draw(self, painter: QPainter, frame: MapFrame, ratio: float, *, moving: bool) -> None: ...


@dataclass(slots=True)
class OwnLayers:
    """By layer code. under: pictures below rivers and names. over: lines and points above them."""

    under: dict[str, OwnLayer] = field(default_factory=dict)
    over: dict[str, OwnLayer] = field(default_factory=dict)


class MapContent:
    """Draws a MapView with the layers of a Situation."""

    def __init__(self, look: Look, own: OwnLayers) -> None:
        self._look = look
        self.base = MapBase(look)
        self.objects = MapObjects(look)
        self.rain = RainDrape(look)
        self.view = EMPTY
        self._own = own
        self.states: tuple[LayerState, ...] = ()
        self._shown: dict[str, int] = {}  # opacity of each layer that the view's width lets show
        self._declared: dict[str, float] = {}
        self._mark_places: list[tuple[Array, MapMark]] = []

    def set_base(self, base: BaseMap, paths: Paths) -> None:
        self.base.set_base(base, paths)

    def set_layers(self, layers: Sequence[LayerState]) -> None:
        self.states = tuple(layers)

    @property
    def opacities(self) -> dict[str, int]:
        """Return how opaque each layer is that is on, also one that keeps to what is over a limit at this width."""
        return {s.code: s.opacity for s in self.states}

    def in_sight(self, frame: MapFrame) -> dict[str, int]:
        """Return the opacity of each layer that is on and shows in a view as wide as this."""
        declared, km = self._declared, frame.width_km
        return {s.code: s.opacity for s in self.states if s.fits(km, declared.get(s.code, 0.0))}

    def show_view(self, view: MapView) -> None:
        self.view = view
        self._declared = {layer.code: layer.widest_km for layer in view.layers}
        self.objects.set_stations(view.stations, view.selected)
        self.base.set_reaches(view.reaches)

    def show_rain(self, rain: RainField | None) -> None:
        self.rain.show(rain)

    # --- painting -------------------------------------------------------------------------
    def draw(
        self,
        painter: QPainter,
        frame: MapFrame,
        ratio: float,
        *,
        moving: bool,
        room: QRect | None = None,
        clear: Sequence[QRect] = (),
    ) -> None:
        """Draw everything. room: where labels must stay, the whole frame where None. clear: what they keep clear of."""
        self._shown = self.in_sight(frame)
        self.base.set_layers(frozenset(self._shown) & GROUND.keys())
        under = [(code, self._own.under[code]) for code in self._shown if code in self._own.under]
        drapes = any(code in self._shown for code in DRAPES)
        between: Callable[[QPainter], None] | None = None
        if under or (drapes and self.rain.field is not None):

            def between(p: QPainter) -> None:
                self._each(p, under, frame, ratio, moving)
                self.rain.draw(p, frame, self._shown)

        self.base.draw(painter, frame, ratio, moving=moving, between=between)
        over = [(code, self._own.over[code]) for code in self._shown if code in self._own.over]
        self._each(painter, over, frame, ratio, moving)
        named = self._marks(painter, frame)
        if "typhoon" in self._shown:
            painter.setOpacity(self._shown["typhoon"] / 100)
            draw_typhoons(painter, self._look, frame, self.view.typhoons)
            painter.setOpacity(1.0)
        self.objects.clear = [*clear, *named]
        self.objects.room = room or QRect(0, 0, frame.width, frame.height)
        layers = self.opacities
        self.objects.draw(painter, frame, ratio, moving=moving, layers=layers, hushed=frozenset(layers) - set(self._shown))
        if self.rain.field is not None:
            self.rain.amounts(painter, frame, self._shown, [*self.objects.taken(frame), *clear])

    def _each(self, painter: QPainter, layers: list[tuple[str, OwnLayer]], frame: MapFrame, ratio: float, moving: bool) -> None:
        for code, layer in layers:
            painter.save()
            painter.setOpacity(self._shown[code] / 100)
            layer.draw(painter, frame, ratio, moving=moving)
            painter.restore()

    def _marks(self, painter: QPainter, frame: MapFrame) -> list[QRect]:
        """Draw works and cameras: lines with their name, points as small squares.

        Returns:
            Where the names of works in alarm lie, which stand at any scale: labels keep clear of them.
        """
        self._mark_places = []
        places: list[QRect] = []
        marks = [m for m in self.view.marks if m.layer in self._shown]
        if not marks:
            return places
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._look.font("small_px"))
        named = frame.width_km <= FACILITY_LABEL_KM
        for mark in marks:
            alarmed = mark.state >= State.WATCH
            token = TOKENS[mark.state] if alarmed else "concrete" if mark.layer == "facilities" else "accent"
            color = self._look.color(token)
            painter.setOpacity(self._shown[mark.layer] / 100)
            for line in mark.lines:
                points = np.array(line, float)
                x, y = frame.to_pixels(points[:, 0], mercator_y(points[:, 1]))
                path = [QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
                if len(path) > 1:
                    painter.setPen(QPen(color, 5.0 if alarmed else 3.2))
                    painter.drawPolyline(QPolygonF(path))
                else:
                    painter.setPen(QPen(self._look.color("text.dim"), 1))
                    painter.setBrush(color)
                    half = 6 if alarmed else 4
                    painter.drawRect(QRectF(path[0].x() - half, path[0].y() - half, 2 * half, 2 * half))
                middle = path[len(path) // 2]
                self._mark_places.append((np.column_stack([x, y]), mark))
                if mark.state >= State.WARNING:
                    metrics = painter.fontMetrics()
                    wide = metrics.horizontalAdvance(mark.name)
                    box = QRect(round(middle.x()) + 6, round(middle.y()) - 6 - metrics.ascent(), wide + 4, metrics.height())
                    painter.fillRect(box, self._look.color("panel", 215))
                    places.append(box)
                if named or mark.state >= State.WARNING:
                    painter.setPen(color if alarmed else self._look.color("text.dim"))
                    painter.drawText(middle + QPointF(8, -6), mark.name)
        painter.restore()
        return places

    def object_at(self, place: QPointF, frame: MapFrame) -> str:
        """Return the code of what was drawn at a point, stations before things, "" for nothing."""
        found = self.objects.object_at(place, frame)
        if found:
            return found
        near = [(_px_to(place, path), m.code) for path, m in self._mark_places]
        best = min(near, default=(99.0, ""))
        return best[1] if best[0] < HIT_PX else ""


def _px_to(place: QPointF, path: Array) -> float:
    """Return how far a point lies from a line (n, 2) of pixels."""
    at = np.array([place.x(), place.y()])
    start, step = path[:-1] if len(path) > 1 else path, np.diff(path, axis=0) if len(path) > 1 else np.zeros((1, 2))
    share = np.clip(((at - start) * step).sum(1) / np.maximum((step * step).sum(1), 1e-9), 0.0, 1.0)
    return float(np.hypot(*(start + share[:, None] * step - at).T).min())
