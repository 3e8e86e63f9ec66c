"""The one map: ground picture, symbols from an atlas, labels that give way, pan and zoom."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPen, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from console.domain.geo import mercator_y
from console.domain.states import TOKENS, WORDS, State
from console.look import Look
from console.viewdata.basemap import BaseMap
from console.viewdata.map import MapCounts, MapStations, MapView
from widgets.map_base import MapBase, Paths, base_paths
from widgets.map_projection import MapFrame
from widgets.painted import PaintedView
from widgets.symbols import SymbolAtlas, draw_reservoir, draw_state

HOME = (111.2, 22.55, 115.7, 25.45)
SYMBOL = 18
THIN_PX = 14  # normal stations closer than this share one symbol
LABELS = 160
MANY = 1500  # objects above which panning moves a picture of them
SETTLE_MS = 90


class MapWidget(PaintedView):
    """Signals:
    selected: an object was clicked; arg is its code ("" for empty ground).
    camera_moved: the hand stopped; arg is the MapFrame.
    """

    selected = Signal(str)
    camera_moved = Signal(object)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(look, parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 200)
        self.setAccessibleName(look.tr("一张图"))
        self._base = MapBase(look)
        self._atlas = SymbolAtlas(look)
        self._view = MapView(MapStations.none(), {}, MapCounts(0, 0, 0, 0))
        self._merc = np.empty(0)
        self._order = np.empty(0, np.int64)
        self.frame = MapFrame.fitting(*HOME, 800, 600)
        self._fitted = False
        self._drag: QPointF | None = None
        self._press: QPoint | None = None
        self._moving = False
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._settled)
        self._layers: frozenset[str] = frozenset()
        self._layer: tuple[MapFrame, QPixmap] | None = None
        self._credit = ""
        self._places: list[tuple[QRect, int]] = []

    # --- data -----------------------------------------------------------------------------
    def set_base(self, base: BaseMap, paths: Paths | None = None) -> None:
        """Take the ground; paths may have been made beforehand in a worker."""
        self._base.set_base(base, paths if paths is not None else base_paths(base))
        self._credit = base.credit
        self.update()

    def set_layers(self, layers: tuple[str, ...]) -> None:
        self._layers = frozenset(layers)
        self._base.set_layers(self._layers)
        self.update()

    def show_view(self, view: MapView) -> None:
        """Take new symbols and reach states; the ground is redrawn only when reaches changed."""
        if view.stations is not self._view.stations:
            self._merc = mercator_y(view.stations.lat)
            self._order = np.argsort(view.stations.state, kind="stable")
        self._view = view
        self._base.set_reaches(view.reaches)
        self.update()

    def set_frame(self, frame: MapFrame) -> None:
        self.frame = frame.sized(max(1, self.width()), max(1, self.height()))
        self._fitted = True
        self.update()

    def home(self) -> None:
        """Show the whole basin."""
        self.set_frame(MapFrame.fitting(*HOME, max(1, self.width()), max(1, self.height())))
        self._settle.start()

    def go_to(self, lon: float, lat: float) -> None:
        """Bring a place into view without changing the scale."""
        x, y = self.frame.to_pixels(np.asarray(lon), mercator_y(lat))
        inner = self.rect().adjusted(80, 60, -80, -60)
        if not inner.contains(int(x), int(y)):
            self.set_frame(MapFrame(lon, float(mercator_y(lat)), self.frame.scale, 1, 1))

    # --- painting -------------------------------------------------------------------------
    def paint(self, painter: QPainter) -> None:
        ratio = self.devicePixelRatioF()
        self._base.draw(painter, self.frame, ratio, moving=self._moving)
        if "stations" in self._layers or "reservoirs" in self._layers:
            self._objects(painter, ratio)
        self._furniture(painter)

    def _objects(self, painter: QPainter, ratio: float) -> None:
        """Draw symbols and labels; of very many the last picture is moved along with the hand."""
        many = len(self._view.stations.code) > MANY
        if many and self._moving and self._layer is not None:
            old, picture = self._layer
            k = self.frame.scale / old.scale
            left = (old.x - self.frame.x) * self.frame.scale + self.frame.width / 2 - old.width * k / 2
            top = (self.frame.y - old.y) * self.frame.scale + self.frame.height / 2 - old.height * k / 2
            painter.drawPixmap(QRectF(left, top, old.width * k, old.height * k), picture, QRectF(picture.rect()))
            return
        if not many:
            self._layer = None
            x, y, shown = self._visible(self.frame)
            self._symbols(painter, x, y, shown, ratio)
            self._labels(painter, x, y, shown)
            return
        big = self.frame.sized(round(self.frame.width * 1.3), round(self.frame.height * 1.3))
        picture = QPixmap(round(big.width * ratio), round(big.height * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        inner = QPainter(picture)
        x, y, shown = self._visible(big)
        self._symbols(inner, x, y, shown, ratio)
        self._labels(inner, x, y, shown)
        inner.end()
        self._layer = (big, picture)
        painter.drawPixmap(QPointF((self.frame.width - big.width) / 2, (self.frame.height - big.height) / 2), picture)

    def _visible(self, frame: MapFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return pixel positions and the indices to draw, calm ones thinned, worst drawn last."""
        s = self._view.stations
        if not len(s.code):
            return np.empty(0), np.empty(0), np.empty(0, np.int64)
        x, y = frame.to_pixels(s.lon, self._merc)
        inside = (x > -20) & (y > -20) & (x < frame.width + 20) & (y < frame.height + 20)
        order = self._order[inside[self._order]]
        calm = s.state[order] < (State.WARNING if len(order) > MANY else State.WATCH)
        quiet, loud = order[calm], order[~calm]
        if len(quiet) > 400:
            cell = (x[quiet] // THIN_PX).astype(np.int64) * 100_000 + (y[quiet] // THIN_PX).astype(np.int64)
            quiet = quiet[np.unique(cell, return_index=True)[1]]
        return x, y, np.concatenate([quiet, loud])

    def _symbols(self, painter: QPainter, x: np.ndarray, y: np.ndarray, shown: np.ndarray, ratio: float) -> None:
        s = self._view.stations
        half = SYMBOL / 2
        for i in shown.tolist():
            kind = s.kind[i]
            if (kind == "reservoir") != ("reservoirs" in self._layers and kind == "reservoir"):
                continue
            picture = self._atlas.pixmap(kind, State(int(s.state[i])), bool(s.stale[i]), SYMBOL, ratio)
            painter.drawPixmap(QPointF(float(x[i]) - half, float(y[i]) - half), picture)
        if self._view.selected in s.code:
            i = s.code.index(self._view.selected)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self.look.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(float(x[i]), float(y[i])), 13, 13)

    def _labels(self, painter: QPainter, x: np.ndarray, y: np.ndarray, shown: np.ndarray) -> None:
        """Write labels from the worst down; each takes the first free place around its symbol."""
        s = self._view.stations
        painter.setFont(self.look.font("small_px"))
        metrics = painter.fontMetrics()
        taken = [QRect(int(x[i]) - 8, int(y[i]) - 8, 16, 16) for i in shown[-300:].tolist()]
        self._places = []
        order = shown[::-1].tolist()
        if self._view.selected in s.code:
            first = s.code.index(self._view.selected)
            order = [first, *(i for i in order if i != first)] if first in order else order
        for i in order[:LABELS]:
            wanted = self._label_size(metrics, i)
            place = _free_place(x[i], y[i], wanted, taken, self.rect())
            if place is None and s.state[i] >= State.WARNING:  # rather over a calm symbol than not at all
                place = _free_place(x[i], y[i], wanted, [r for r, _ in self._places], self.rect())
            if place is None:
                continue
            taken.append(place)
            self._places.append((place, i))
            self._label(painter, metrics, place, i)

    def _label_size(self, metrics: QFontMetrics, i: int) -> QSize:
        name, value, margin, trend = self._view.stations.label[i]
        text = name + (f" {value}" if value else "") + (f" {margin}" if margin else "")
        return QSize(metrics.horizontalAdvance(text) + 10 + (10 if trend else 0), metrics.height() + 2)

    def _label(self, painter: QPainter, metrics: QFontMetrics, place: QRect, i: int) -> None:
        s = self._view.stations
        name, value, margin, trend = s.label[i]
        state = State(int(s.state[i]))
        painter.fillRect(place, self.look.color("panel", 215))
        x, y = place.x() + 4, place.y() + metrics.ascent() + 1
        strong = state >= State.WARNING
        painter.setPen(self.look.color("text" if strong else "text.dim"))
        painter.drawText(x, y, name)
        x += metrics.horizontalAdvance(name + " ")
        painter.setPen(self.look.color(TOKENS[state] if strong else "text.dim"))
        for part in (value, margin):
            if part:
                painter.drawText(x, y, part)
                x += metrics.horizontalAdvance(part + " ")
        if trend:
            painter.drawText(x - 2, y, "↑" if trend > 0 else "↓")

    def _furniture(self, painter: QPainter) -> None:
        painter.setFont(self.look.font("small_px"))
        metrics = painter.fontMetrics()
        self._scale_bar(painter, metrics)
        painter.setPen(self.look.color("text.faint"))
        credit = metrics.elidedText(self.look.tr(self._credit), Qt.TextElideMode.ElideRight, self.width() - 230)
        painter.drawText(10, self.height() - 8, credit)
        if self.width() >= 520 and self.height() >= 320:
            self._legend(painter, metrics)

    def _scale_bar(self, painter: QPainter, metrics: QFontMetrics) -> None:
        for km in (200, 100, 50, 20, 10, 5, 2, 1, 0.5):
            length = km / self.frame.km_per_pixel
            if length <= 140:
                break
        right, y = self.width() - 14, self.height() - 10
        painter.setPen(QPen(self.look.color("text.dim"), 1.5))
        painter.drawLine(QPointF(right - length, y), QPointF(right, y))
        for x in (right - length, right):
            painter.drawLine(QPointF(x, y - 4), QPointF(x, y))
        text = f"{km:g} km"
        painter.drawText(QPointF(right - metrics.horizontalAdvance(text), y - 7), text)

    def _legend(self, painter: QPainter, metrics: QFontMetrics) -> None:
        states = (State.RECORD, State.GUARANTEED, State.FLOOD_LIMIT, State.WARNING, State.WATCH, State.NORMAL, State.NO_DATA)
        counts = self._view.counts
        line = metrics.height() + 4
        tr = self.look.tr
        head = f"{tr('站')} {counts.stations} · {tr('超限')} {counts.over} · {tr('无数据')} {counts.unknown}"
        lines = [head] + ([f"{counts.unplaced} {self.look.tr('站无坐标，只在表中')}"] if counts.unplaced else [])
        width = max([metrics.horizontalAdvance(t) for t in lines] + [110]) + 20
        box = QRect(10, 10, width, line * (len(states) + 1 + len(lines)) + 8)
        painter.fillRect(box, self.look.color("panel", 225))
        painter.setPen(self.look.color("line"))
        painter.drawRect(box)
        y = box.y() + line - 2
        for text in lines:
            painter.setPen(self.look.color("text.dim"))
            painter.drawText(box.x() + 10, y, text)
            y += line
        for state in states:
            draw_state(painter, self.look, state, QPointF(box.x() + 18, y - 4), 6)
            painter.setPen(self.look.color("text.dim"))
            painter.drawText(box.x() + 34, y, self.look.tr(WORDS[state]))
            y += line
        draw_reservoir(painter, self.look, State.NORMAL, QPointF(box.x() + 18, y - 4), 7)
        painter.setPen(self.look.color("text.dim"))
        painter.drawText(box.x() + 34, y, self.look.tr("水库"))

    # --- hand -----------------------------------------------------------------------------
    def object_at(self, place: QPointF) -> str:
        """Return the code of the label or symbol at a point, "" for none."""
        s = self._view.stations
        for rect, i in self._places:
            if rect.contains(place.toPoint()):
                return s.code[i]
        if not len(s.code):
            return ""
        x, y = self.frame.to_pixels(s.lon, self._merc)
        distance = np.hypot(x - place.x(), y - place.y()) - s.state * 0.5
        i = int(distance.argmin())
        return s.code[i] if distance[i] < 12 else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag = event.position()
            self._press = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is None:
            over = bool(self.object_at(event.position()))
            self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)
            return
        step = event.position() - self._drag
        self._drag = event.position()
        self._move(self.frame.moved(step.x(), step.y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        moved = self._press is None or (event.position().toPoint() - self._press).manhattanLength() > 4
        self._drag = self._press = None
        if not moved:
            self.selected.emit(self.object_at(event.position()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        factor = 1.0015 ** event.angleDelta().y()
        self._move(self.frame.zoomed(factor, event.position().x(), event.position().y()))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: (80, 0), Qt.Key.Key_Right: (-80, 0), Qt.Key.Key_Up: (0, 80), Qt.Key.Key_Down: (0, -80)}
        key = Qt.Key(event.key())
        if key in steps:
            self._move(self.frame.moved(*steps[key]))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            factor = 1 / 1.4 if key == Qt.Key.Key_Minus else 1.4
            self._move(self.frame.zoomed(factor, self.width() / 2, self.height() / 2))
        elif key == Qt.Key.Key_Home:
            self.home()
        else:
            super().keyPressEvent(event)

    def _move(self, frame: MapFrame) -> None:
        self.frame = frame
        self._fitted = True
        self._moving = True
        self._settle.start()
        self.update()

    def _settled(self) -> None:
        self._moving = False
        self.update()
        self.camera_moved.emit(self.frame)

    def resizeEvent(self, event: QResizeEvent) -> None:
        size = event.size()
        if self._fitted:
            self.frame = self.frame.sized(max(1, size.width()), max(1, size.height()))
        else:
            self.frame = MapFrame.fitting(*HOME, max(1, size.width()), max(1, size.height()))


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
