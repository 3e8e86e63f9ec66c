"""Objects of the map: symbols from an atlas, labels that give way; those over a limit always show."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen, QPixmap

from console.domain.geo import mercator_y
from console.domain.states import TOKENS, State
from console.look import Look
from console.viewdata.map import MapStations
from widgets.map_projection import MapFrame
from widgets.symbols import SymbolAtlas

SYMBOL = 18
THIN_PX = 14  # normal stations closer than this share one symbol
LABELS = 160
MANY = 1500  # objects above which panning moves a picture of them


class MapObjects:
    """Keeps what was drawn where, so that a click finds it."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._atlas = SymbolAtlas(look)
        self._stations = MapStations.none()
        self._merc = np.empty(0)
        self._order = np.empty(0, np.int64)
        self._ranked: tuple[str, ...] | None = None
        self._layer_no = np.empty(0, np.int64)
        self._names: list[str] = []
        self._selected = -1
        self._layer: tuple[MapFrame, QPixmap] | None = None
        self._places: list[tuple[QRect, int]] = []
        self._shown = np.empty(0, np.int64)
        self.room: QRect | None = None  # where labels must stay
        self.marked: frozenset[str] = frozenset()  # codes that are ringed
        self.clear: list[QRect] = []  # what labels must keep clear of: legends and credit

    def set_stations(self, stations: MapStations, selected: str | None) -> None:
        if stations is not self._stations:
            self._stations = stations
            self._merc = mercator_y(stations.lat)
            self._ranked = None
            self._names = sorted(set(stations.layer))
            number = {name: i for i, name in enumerate(self._names)}
            self._layer_no = np.array([number[name] for name in stations.layer], np.int64)
            self._shown = np.empty(0, np.int64)
        self._selected = stations.code.index(selected) if selected in stations.code else -1

    def draw(
        self,
        painter: QPainter,
        frame: MapFrame,
        ratio: float,
        *,
        moving: bool,
        layers: dict[str, int],
        hushed: frozenset[str],
    ) -> None:
        """Draw symbols and labels; of very many the last picture is moved along with the hand.

        layers: opacity of each layer that is on, from the bottom up. hushed: those that keep to what is over a
        limit in a view as wide as this.
        """
        many = len(self._stations.code) > MANY
        if many and moving and self._layer is not None:
            _stretch(painter, frame, *self._layer)
            return
        if not many:
            self._layer = None
            self._all(painter, frame, ratio, layers, hushed)
            return
        big = frame.sized(round(frame.width * 1.3), round(frame.height * 1.3))
        picture = QPixmap(round(big.width * ratio), round(big.height * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        inner = QPainter(picture)
        self._all(inner, big, ratio, layers, hushed)
        inner.end()
        self._layer = (big, picture)
        left, top = (frame.width - big.width) / 2, (frame.height - big.height) / 2
        self._places = [(r.translated(round(left), round(top)), i) for r, i in self._places]
        painter.drawPixmap(QPointF(left, top), picture)

    def _all(self, painter: QPainter, frame: MapFrame, ratio: float, layers: dict[str, int], hushed: frozenset[str]) -> None:
        x, y, shown = self.visible(frame, layers, hushed)
        self._shown = shown
        self._symbols(painter, x, y, shown, ratio, layers)
        self._labels(painter, frame, x, y, shown)

    def visible(
        self, frame: MapFrame, layers: dict[str, int], hushed: frozenset[str]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return pixel positions and the indices to draw, calm ones thinned, worst drawn last."""
        s = self._stations
        self._places = []
        if not len(s.code):
            return np.empty(0), np.empty(0), np.empty(0, np.int64)
        x, y = frame.to_pixels(s.lon, self._merc)
        inside = (x > -20) & (y > -20) & (x < frame.width + 20) & (y < frame.height + 20)
        on = np.array([name in layers for name in self._names])
        near = np.array([name not in hushed for name in self._names])
        loud_all = s.state >= State.WARNING
        inside &= on[self._layer_no] & (near[self._layer_no] | loud_all)
        order = self._from_below(tuple(layers))
        order = order[inside[order]]
        calm = s.state[order] < (State.WARNING if len(order) > MANY else State.WATCH)
        quiet, loud = order[calm], order[~calm]
        if len(quiet) > 400:
            worst = quiet[::-1]  # of each place the most dangerous one stays
            cell = (x[worst] // THIN_PX).astype(np.int64) * 100_000 + (y[worst] // THIN_PX).astype(np.int64)
            quiet = worst[np.sort(np.unique(cell, return_index=True)[1])[::-1]]
        return x, y, np.concatenate([quiet, loud])

    def _from_below(self, layers: tuple[str, ...]) -> np.ndarray:
        """Return all objects as they are drawn: by danger, and among equals as their layers lie."""
        if layers != self._ranked:
            rank = {name: i for i, name in enumerate(layers)}
            place = np.array([rank.get(name, -1) for name in self._names])
            self._order = np.lexsort((place[self._layer_no], self._stations.state))
            self._ranked = layers
        return self._order

    def _symbols(
        self, painter: QPainter, x: np.ndarray, y: np.ndarray, shown: np.ndarray, ratio: float, layers: dict[str, int]
    ) -> None:
        s = self._stations
        half = SYMBOL / 2
        faded = any(o < 100 for o in layers.values())
        for i in shown.tolist():
            if faded:
                painter.setOpacity(layers[s.layer[i]] / 100)
            picture = self._atlas.pixmap(s.symbol[i], State(int(s.state[i])), bool(s.stale[i]), SYMBOL, ratio)
            painter.drawPixmap(QPointF(float(x[i]) - half, float(y[i]) - half), picture)
        painter.setOpacity(1.0)
        if self.marked:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._look.color("accent"), 1.4, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for k in shown.tolist():
                if s.code[k] in self.marked:
                    painter.drawEllipse(QPointF(float(x[k]), float(y[k])), 12, 12)
        i = self._selected
        if i >= 0:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._look.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(float(x[i]), float(y[i])), 13, 13)

    def _labels(self, painter: QPainter, frame: MapFrame, x: np.ndarray, y: np.ndarray, shown: np.ndarray) -> None:
        """Write labels from the worst down; each takes the first free place around its symbol."""
        s = self._stations
        many = len(s.code) > MANY
        bounds = QRect(0, 0, frame.width, frame.height) if many or self.room is None else self.room
        painter.setFont(self._look.font("small_px"))
        metrics = painter.fontMetrics()
        taken = [*self.clear, *(QRect(int(x[i]) - 8, int(y[i]) - 8, 16, 16) for i in shown[-300:].tolist())]
        order = shown[::-1].tolist()
        if self._selected in order:
            order = [self._selected, *(i for i in order if i != self._selected)]
        for i in order[:LABELS]:
            wanted = self._label_size(metrics, i)
            place = _free_place(x[i], y[i], wanted, taken, bounds)
            if place is None and s.state[i] >= State.WARNING:  # rather over a calm symbol than not at all
                place = _free_place(x[i], y[i], wanted, [*self.clear, *(r for r, _ in self._places)], bounds)
                place = place or self._beside(QPoint(int(x[i]), int(y[i])), wanted)
            if place is None:
                continue
            taken.append(place)
            self._places.append((place, i))
            self._label(painter, metrics, place, i)

    def _beside(self, at: QPoint, size: QSize) -> QRect | None:
        """Return the place right of the legend that a symbol lies under."""
        box = next((r for r in self.clear if r.contains(at)), None)
        return QRect(QPoint(box.right() + 5, at.y() - size.height() // 2), size) if box is not None else None

    def _label_size(self, metrics: QFontMetrics, i: int) -> QSize:
        name, value, margin, trend = self._stations.label[i]
        text = name + (f" {value}" if value else "") + (f" {margin}" if margin else "")
        return QSize(metrics.horizontalAdvance(text) + 10 + (10 if trend else 0), metrics.height() + 2)

    def _label(self, painter: QPainter, metrics: QFontMetrics, place: QRect, i: int) -> None:
        s = self._stations
        name, value, margin, trend = s.label[i]
        state = State(int(s.state[i]))
        painter.fillRect(place, self._look.color("panel", 215))
        x, y = place.x() + 4, place.y() + metrics.ascent() + 1
        strong = state >= State.WARNING and not s.stale[i]  # a limit that was passed days ago calls nobody
        painter.setPen(self._look.color("text" if strong else "text.dim"))
        painter.drawText(x, y, name)
        x += metrics.horizontalAdvance(name + " ")
        painter.setPen(self._look.color(TOKENS[state] if strong else "text.dim"))
        for part in (value, margin):
            if part:
                painter.drawText(x, y, part)
                x += metrics.horizontalAdvance(part + " ")
        if trend:
            painter.drawText(x - 2, y, "↑" if trend > 0 else "↓")

    def draw_over(self, painter: QPainter, frame: MapFrame, ratio: float, layers: dict[str, int]) -> None:
        """Draw again those over a limit that a legend would hide."""
        s = self._stations
        over = self._shown[s.state[self._shown] >= State.WARNING]
        if not len(over) or not self.clear:
            return
        x, y = frame.to_pixels(s.lon, self._merc)
        near = np.zeros(len(over), bool)
        for r in self.clear:
            near |= (x[over] >= r.left()) & (x[over] <= r.right()) & (y[over] >= r.top()) & (y[over] <= r.bottom())
        if near.any():
            self._symbols(painter, x, y, over[near], ratio, layers)

    def taken(self, frame: MapFrame) -> list[QRect]:
        """Return where labels and symbols lie."""
        s, shown = self._stations, self._shown
        if not len(shown):
            return []
        x, y = frame.to_pixels(s.lon[shown], self._merc[shown])
        symbols = [QRect(int(a) - 9, int(b) - 9, 18, 18) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
        return [*symbols, *(r for r, _ in self._places)]

    def object_at(self, place: QPointF, frame: MapFrame) -> str:
        """Return the code of the label or symbol drawn at a point, "" for none."""
        s = self._stations
        for rect, i in self._places:
            if rect.contains(place.toPoint()):
                return s.code[i]
        shown = self._shown
        if not len(shown):
            return ""
        x, y = frame.to_pixels(s.lon[shown], self._merc[shown])
        distance = np.hypot(x - place.x(), y - place.y()) - s.state[shown] * 0.5
        i = int(distance.argmin())
        return s.code[int(shown[i])] if distance[i] < 12 else ""


def _stretch(painter: QPainter, frame: MapFrame, old: MapFrame, picture: QPixmap) -> None:
    """Draw a picture of an older frame where it lies in this one."""
    k = frame.scale / old.scale
    left = (old.x - frame.x) * frame.scale + frame.width / 2 - old.width * k / 2
    top = (frame.y - old.y) * frame.scale + frame.height / 2 - old.height * k / 2
    painter.drawPixmap(QRectF(left, top, old.width * k, old.height * k), picture, QRectF(picture.rect()))


def _free_place(px: float, py: float, size: QSize, taken: list[QRect], bounds: QRect) -> QRect | None:
    """Return the first of eight places around a symbol that touches nothing taken."""
    x, y, w, h = int(px), int(py), size.width(), size.height()
    places = (
        (x + 11, y - h // 2),
        (x - 11 - w, y - h // 2),
        (x + 8, y - h - 6),
        (x + 8, y + 6),
        (x - w - 8, y - h - 6),
        (x - w - 8, y + 6),
        (x - w // 2, y - h - 10),
        (x - w // 2, y + 10),
    )
    for left, top in places:
        rect = QRect(left, top, w, h)
        if bounds.contains(rect) and not any(rect.intersects(t) for t in taken):
            return rect
    return None
