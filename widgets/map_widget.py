"""The one map: pan, zoom, pick, swipe between two pictures, tools that measure and draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen, QPicture, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from console.domain.geo import mercator_y
from console.domain.layers import DRAPES, LayerState, read_layers
from console.look import Look
from console.viewdata.basemap import BaseMap
from console.viewdata.map import MapView, RainField
from widgets.map_base import Paths, base_paths
from widgets.map_content import MapContent, OwnLayers
from widgets.map_furniture import Legend, LegendLine, credit, loud, north, scale_bar
from widgets.map_projection import MapFrame
from widgets.map_tools import MapTools
from widgets.painted import PaintedView

HOME = (111.2, 22.55, 115.7, 25.45)
SETTLE_MS = 90
STRIP_PX = 34  # above scale bar and credit
SMALL, RAIN_LEGEND_PX = (520, 320), 120  # below it only what colours need is explained
SCALE = QRect(-164, -34, 160, 34)  # from the lower right corner: the scale bar with its figure
HANDLE = 14  # pixels around the swipe line that take it


class MapWidget(PaintedView):
    """Signals:
    selected: an object was clicked; arg is its code ("" for empty ground).
    camera_moved: the hand stopped; arg is the MapFrame.
    picked: empty ground or a user's feature was clicked; args lon, lat.
    note_picked: a note was clicked; arg is the Note.
    """

    selected = Signal(str)
    camera_moved = Signal(object)
    picked = Signal(float, float)
    note_picked = Signal(object)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(look, parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 120)  # a low screen has room for words above it and a profile below
        self.setAccessibleName(look.tr("一张图"))
        self.own = OwnLayers()
        self.content = MapContent(look, self.own)
        self.other: MapContent | None = None
        self._other_words = ("", "")
        self._swipe = 0.5
        self._swiping = False
        self._base: tuple[BaseMap, Paths] | None = None
        self.tools = MapTools(look, self)
        self.tools.changed.connect(self.update)
        self.frame = MapFrame.fitting(*HOME, 800, 600)
        self._fitted = False
        self._drag: QPointF | None = None
        self._press: QPoint | None = None
        self._moving = False
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._settled)
        self._layers: tuple[LayerState, ...] = ()
        self.credit = ""
        self._furnished: list[QRect] = []

    # --- data -----------------------------------------------------------------------------
    def set_base(self, base: BaseMap, paths: Paths | None = None) -> None:
        """Take the ground; paths may have been made beforehand in a worker."""
        self._base = (base, paths if paths is not None else base_paths(base))
        for content in self._contents():
            content.set_base(*self._base)
        self.credit = base.credit
        self.update()

    def _contents(self) -> list[MapContent]:
        return [self.content, *([self.other] if self.other else [])]

    def set_layers(self, layers: Sequence[str]) -> None:
        self._layers = read_layers(layers)
        self.content.set_layers(self._layers)
        self.update()

    def show_view(self, view: MapView) -> None:
        """Take new symbols and reach states; the ground is redrawn only when reaches changed."""
        self.content.show_view(view)
        self.update()

    def mark(self, codes: frozenset[str]) -> None:
        """Ring some objects, such as what lies upstream of a station."""
        if codes != self.content.objects.marked:
            self.content.objects.marked = codes
            self.update()

    def show_rain(self, rain: RainField | None) -> None:
        self.content.show_rain(rain)
        self.update()

    def compare(
        self,
        other: tuple[MapView, Sequence[str]] | None,
        words: tuple[str, str] = ("", ""),
        rain: RainField | None = None,
    ) -> None:
        """Show another picture right of a line that can be dragged; None ends it. words, rain: of the right one."""
        if other is None:
            self.other = None
        else:
            self.other = self.other or MapContent(self.look, self.own)
            if self._base is not None:
                self.other.set_base(*self._base)
            self.other.set_layers(read_layers(other[1]))
            self.other.show_view(other[0])
            self.other.show_rain(rain)
            self._other_words = words
        self.update()

    def twin(self, look: Look) -> MapWidget:
        """Return another map that shows the same in another look, such as that of paper."""
        made = MapWidget(look)
        made.own, made.credit, made.frame = self.own, self.credit, self.frame
        made.content = MapContent(look, self.own)
        made.tools.take(self.tools)
        if self._base is not None:
            made.set_base(*self._base)
        made.set_layers([layer.text() for layer in self._layers])
        made.show_view(self.content.view)
        made.show_rain(self.content.rain.field)
        made.mark(self.content.objects.marked)
        if self.other is not None:
            layers = [layer.text() for layer in self.other.states]
            made.compare((self.other.view, layers), self._other_words, self.other.rain.field)
            made._swipe = self._swipe
        return made

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
        wide, high = min(80, self.width() // 5), min(60, self.height() // 5)
        at, inner = QPoint(int(x), int(y)), self.rect().adjusted(wide, high, -wide, -high)
        if not inner.contains(at) or any(box.contains(at) for box in self._furnished):
            self.set_frame(MapFrame(lon, float(mercator_y(lat)), self.frame.scale, 1, 1))

    # --- painting -------------------------------------------------------------------------
    def paint(self, painter: QPainter) -> None:
        self.draw(painter, self.frame, self.devicePixelRatioF())

    def draw(self, painter: QPainter, frame: MapFrame, ratio: float) -> None:
        """Draw the map and its furniture into a view of any size, such as a sheet of paper."""
        furniture = QPicture()  # first, for labels keep clear of it
        recorder = QPainter(furniture)
        self._furnished = self._furniture(recorder, frame)
        recorder.end()
        line = round(frame.width * self._swipe)
        room = QRect(0, 0, frame.width, frame.height)
        if self.other is not None:  # a label belongs wholly to one side: half of one and half of another is a third number
            right = QRect(line, 0, frame.width - line, frame.height)
            painter.setClipRect(right)
            self.other.draw(painter, frame, ratio, moving=self._moving, room=right, clear=self._furnished)
            room = QRect(0, 0, line, frame.height)
            painter.setClipRect(room)
        self.content.draw(painter, frame, ratio, moving=self._moving, room=room, clear=self._furnished)
        painter.setClipping(False)
        if self.other is not None:
            self._swipe_line(painter, line, frame.height)
        self.tools.draw(painter, frame)
        painter.drawPicture(0, 0, furniture)
        for content, part in ((self.content, room), (self.other, QRect(line, 0, frame.width - line, frame.height))):
            if content is not None:
                painter.setClipRect(part)  # a danger of one moment is none of the other's
                content.objects.draw_over(painter, frame, ratio, content.opacities)
        painter.setClipping(False)

    def _swipe_line(self, painter: QPainter, x: int, height: int) -> None:
        look = self.look
        painter.setPen(QPen(look.color("accent"), 2))
        painter.drawLine(x, 0, x, height)
        painter.setFont(look.font("small_px", bold=True))
        metrics = painter.fontMetrics()
        for word, left in ((self._other_words[0], True), (self._other_words[1], False)):
            width = metrics.horizontalAdvance(word) + 14
            box = QRectF(x - width - 8 if left else x + 8, 8, width, metrics.height() + 6)
            painter.fillRect(box, look.color("panel", 230))
            painter.setPen(look.color("text"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, word)

    def _furniture(self, painter: QPainter, frame: MapFrame) -> list[QRect]:
        """Draw what explains the map; return the boxes that it took."""
        scale_bar(painter, self.look, frame)
        boxes = [credit(painter, self.look, frame, self.look.tr(self.credit)), SCALE.translated(frame.width, frame.height)]
        shown = set(self.content.in_sight(frame))
        small = frame.width < SMALL[0] or frame.height < SMALL[1]
        view, on = self.content.view, {layer.code for layer in self._layers}
        signs = [x if x.code in shown else loud(x) for x in view.layers if x.code in on]
        painter.setFont(self.look.font("small_px"))
        metrics = painter.fontMetrics()
        found: Legend | LegendLine
        if small:
            found = LegendLine(self.look, metrics, signs, frame.width - 16)
        else:
            north(painter, self.look, frame)
            found = Legend(self.look, metrics, view, signs)
        found.draw(painter)
        boxes.append(found.box)
        if shown & set(DRAPES) and frame.height >= RAIN_LEGEND_PX:  # colours without their grades say nothing
            edge = frame.width if self.other is None else round(frame.width * self._swipe)
            for content, right in ((self.content, edge), (self.other, frame.width)):
                if content is not None and small:
                    boxes.append(content.rain.strip(painter, right, frame.height - STRIP_PX))
                elif content is not None:
                    boxes.append(content.rain.legend(painter, right, 58))
        return boxes

    # --- hand -----------------------------------------------------------------------------
    def object_at(self, place: QPointF) -> str:
        """Return the code of the label or symbol at a point, "" for none."""
        right = self.other is not None and place.x() > self.width() * self._swipe
        content = self.other if right and self.other is not None else self.content
        return content.object_at(place, self.frame)

    def _on_line(self, x: float) -> bool:
        return self.other is not None and abs(x - self.width() * self._swipe) < HANDLE

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._swiping = self._on_line(event.position().x())
            self._drag = event.position()
            self._press = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is None:
            self.tools.hover(*self.frame.to_degrees(event.position().x(), event.position().y()))
            self._point(event.position())
            return
        if self._swiping:
            self._swipe = min(0.97, max(0.03, event.position().x() / max(1, self.width())))
            self.update()
            return
        step = event.position() - self._drag
        self._drag = event.position()
        self._move(self.frame.moved(step.x(), step.y()))

    def _point(self, place: QPointF) -> None:
        if self.tools.mode:
            self.setCursor(Qt.CursorShape.CrossCursor)
        elif self._on_line(place.x()):
            self.setCursor(Qt.CursorShape.SplitHCursor)
        else:
            over = bool(self.object_at(place))
            self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        moved = self._press is None or (event.position().toPoint() - self._press).manhattanLength() > 4
        self._drag = self._press = None
        if self._swiping or moved:
            self._swiping = False
            return
        lon, lat = self.frame.to_degrees(event.position().x(), event.position().y())
        if self.tools.mode:
            self.tools.click(lon, lat)
            return
        code = self.object_at(event.position())
        note = None if code else self.tools.note_at(event.position(), self.frame)
        if note is not None:
            self.note_picked.emit(note)
            return
        self.selected.emit(code)
        if not code:
            self.picked.emit(lon, lat)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.tools.mode:
            self.tools.finish()
        else:
            super().mouseDoubleClickEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        factor = 1.0015 ** event.angleDelta().y()
        self._move(self.frame.zoomed(factor, event.position().x(), event.position().y()))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: (80, 0), Qt.Key.Key_Right: (-80, 0), Qt.Key.Key_Up: (0, 80), Qt.Key.Key_Down: (0, -80)}
        key = Qt.Key(event.key())
        if self.tools.key(key):
            return
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
