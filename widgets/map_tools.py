"""Tools of the map: distance, area, profile line, circle, and drawing notes; all in degrees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPainterPathStroker, QPen, QPolygonF

from console.domain.geo import area_km2, geodesic_km, mercator_y
from console.look import Look
from console.viewdata.notes import Note, Point
from widgets.map_projection import MapFrame

MODES = {
    "distance": "测距",
    "area": "测面积",
    "profile": "剖面",
    "circle": "圈查",
    "point": "标点",
    "line": "标线",
    "polygon": "标面",
}
DRAWN = {"point": "point", "line": "line", "polygon": "area"}
LEAST = {"distance": 2, "area": 3, "profile": 2, "circle": 2, "point": 1, "line": 2, "polygon": 3}
TOUCH = 12.0  # pixels around a note that take a click
ENOUGH = {"profile": 2, "circle": 2, "point": 1}  # points after which the figure is done


class MapTools(QObject):
    """Signals:
    changed: something to draw is another one.
    drawn: args kind ("point", "line", "area") and points; a note to be worded.
    lined: a profile line is done; arg is its points.
    circled: args lon, lat, radius km.
    mode_changed: arg is the mode, "" for none.
    """

    changed = Signal()
    drawn = Signal(str, tuple)
    lined = Signal(tuple)
    circled = Signal(float, float, float)
    mode_changed = Signal(str)

    def __init__(self, look: Look, parent: QObject) -> None:
        super().__init__(parent)
        self._look = look
        self.mode = ""
        self._points: list[Point] = []
        self._hover: Point | None = None
        self._kept: tuple[str, tuple[Point, ...]] | None = None  # the last figure stays until the next begins
        self._notes: tuple[Note, ...] = ()
        self._notes_opacity = 1.0
        self.circle_text = ""

    # --- state ----------------------------------------------------------------------------
    def start(self, mode: str) -> None:
        """Begin a figure; the same mode again puts the tool away."""
        self.mode = "" if mode == self.mode else mode
        self._points, self._hover, self._kept, self.circle_text = [], None, None, ""
        self.mode_changed.emit(self.mode)
        self.changed.emit()

    def clear(self) -> None:
        self.mode = ""
        self._points, self._hover, self._kept, self.circle_text = [], None, None, ""
        self.mode_changed.emit("")
        self.changed.emit()

    @property
    def circle(self) -> tuple[float, float, float] | None:
        """Return the circle that stands on the map: lon, lat, km."""
        if self._kept is None or self._kept[0] != "circle":
            return None
        points = self._kept[1]
        return (*points[0], geodesic_km(points[:2]))

    def set_notes(self, notes: Sequence[Note], opacity: float) -> None:
        if self._kept is not None and self._kept[0] in DRAWN:
            self._kept = None  # the figure is a note now, or was dropped
        self._notes, self._notes_opacity = tuple(notes), opacity
        self.changed.emit()

    def take(self, other: MapTools) -> None:
        """Show what stands on another map: its notes and its last figure."""
        self._notes, self._notes_opacity, self._kept = other._notes, other._notes_opacity, other._kept
        self.circle_text = other.circle_text

    def hover(self, lon: float, lat: float) -> None:
        if self.mode and self._points:
            self._hover = (lon, lat)
            self.changed.emit()

    def click(self, lon: float, lat: float) -> None:
        self._kept = None
        self._points.append((lon, lat))
        if len(self._points) >= ENOUGH.get(self.mode, 10_000):
            self.finish()
        self.changed.emit()

    def finish(self) -> None:
        """End the figure with the points that were clicked; too few are dropped."""
        points, mode = _without_repeats(self._points), self.mode
        self._points, self._hover = [], None
        if len(points) < LEAST.get(mode, 1):
            self.changed.emit()
            return
        self._kept = (mode, points)
        if mode in DRAWN:
            self.mode = ""  # a note at a time: the next click selects again
            self.mode_changed.emit("")
            self.drawn.emit(DRAWN[mode], points)
        if mode == "profile":
            self.lined.emit(points)
        if mode == "circle":
            self.circled.emit(*points[0], geodesic_km(points))
        self.changed.emit()

    def note_at(self, place: QPointF, frame: MapFrame) -> Note | None:
        """Return the note drawn at a point of the map, the newest first."""
        for note in reversed(self._notes):
            if _lies_on(note, _pixels(frame, note.points), place):
                return note
        return None

    def key(self, key: Qt.Key) -> bool:
        """Take Escape, Enter and Backspace while a tool is out; False for other keys."""
        if not self.mode:
            return False
        if key == Qt.Key.Key_Escape:
            self.clear()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.finish()
        elif key == Qt.Key.Key_Backspace and self._points:
            self._points.pop()
            self.changed.emit()
        else:
            return False
        return True

    # --- painting -------------------------------------------------------------------------
    def draw(self, painter: QPainter, frame: MapFrame) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for note in self._notes:
            self._note(painter, frame, note)
        painter.setOpacity(1.0)
        if self._kept is not None:
            self._figure(painter, frame, *self._kept)
        if self.mode:
            under_way = (*self._points, *([self._hover] if self._hover else []))
            if under_way:
                self._figure(painter, frame, self.mode, tuple(under_way))
            self._hint(painter, frame)
        painter.restore()

    def _figure(self, painter: QPainter, frame: MapFrame, mode: str, points: tuple[Point, ...]) -> None:
        look = self._look
        path = _pixels(frame, points)
        painter.setPen(QPen(look.color("note"), 2))
        painter.setBrush(look.color("note", 40))
        if mode == "circle" and len(points) > 1:
            painter.drawPath(_circle(frame, points[0], geodesic_km(points[:2])))
        elif mode in ("area", "polygon") and len(points) > 2:
            painter.drawPolygon(QPolygonF(path))
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(QPolygonF(path))
        painter.setBrush(look.color("note"))
        painter.setPen(Qt.PenStyle.NoPen)
        for place in path:
            painter.drawEllipse(place, 3.5, 3.5)
        text = self._measure(mode, points)
        if text:
            self._tag(painter, frame, path[-1], text)

    def _measure(self, mode: str, points: tuple[Point, ...]) -> str:
        tr = self._look.tr
        if mode in ("distance", "profile") and len(points) > 1:
            return _km(geodesic_km(points))
        if mode == "area" and len(points) > 2:
            if not shapely.Polygon(points).is_valid:
                return tr("边线相交，量不出面积")
            return f"{_km2(area_km2(points))} · {tr('周长')} {_km(geodesic_km((*points, points[0])))}"
        if mode == "circle" and len(points) > 1:
            return f"{tr('半径')} {_km(geodesic_km(points[:2]))}" + (f" · {self.circle_text}" if self.circle_text else "")
        return ""

    def _tag(self, painter: QPainter, frame: MapFrame, at: QPointF, text: str) -> None:
        painter.setFont(self._look.font("small_px", bold=True))
        metrics = painter.fontMetrics()
        width = metrics.horizontalAdvance(text) + 12
        left = min(at.x() + 10, frame.width - width - 4)
        box = QRectF(max(4.0, left), at.y() - metrics.height() - 10, width, metrics.height() + 6)
        painter.fillRect(box, self._look.color("panel", 235))
        painter.setPen(self._look.color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _hint(self, painter: QPainter, frame: MapFrame) -> None:
        tr = self._look.tr
        text = f"{tr(MODES[self.mode])} · {tr('单击加点，双击或回车结束，退格撤一点，Esc 收起')}"
        painter.setFont(self._look.font("small_px"))
        metrics = painter.fontMetrics()
        width = metrics.horizontalAdvance(text) + 20
        box = QRectF((frame.width - width) / 2, frame.height - 52, width, metrics.height() + 8)
        painter.fillRect(box, self._look.color("panel", 235))
        painter.setPen(self._look.color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _note(self, painter: QPainter, frame: MapFrame, note: Note) -> None:
        look = self._look
        painter.setOpacity(self._notes_opacity)
        path = _pixels(frame, note.points)
        painter.setPen(QPen(look.color("note"), 2))
        painter.setBrush(look.color("note", 30) if note.kind == "area" else look.color("note"))
        if note.kind == "area":
            painter.drawPolygon(QPolygonF(path))
        elif note.kind == "line":
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(QPolygonF(path))
        else:
            painter.drawEllipse(path[0], 4, 4)
        if note.text:
            self._tag(painter, frame, path[0], note.text)


def _lies_on(note: Note, path: list[QPointF], place: QPointF) -> bool:
    """Tell whether a point of the widget touches a note: its spots, its lines, or an area's inside."""
    if any((p - place).manhattanLength() < TOUCH for p in path):
        return True
    if note.kind == "point" or len(path) < 2:
        return False
    outline = QPainterPath()
    outline.addPolygon(QPolygonF(path))
    if note.kind == "area":
        outline.closeSubpath()
        if outline.contains(place):
            return True
    wide = QPainterPathStroker(QPen(Qt.GlobalColor.black, TOUCH))
    return wide.createStroke(outline).contains(place)


def _pixels(frame: MapFrame, points: Sequence[Point]) -> list[QPointF]:
    array = np.array(points, float)
    x, y = frame.to_pixels(array[:, 0], mercator_y(array[:, 1]))
    return [QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]


def _circle(frame: MapFrame, centre: Point, km: float) -> QPainterPath:
    angles = np.radians(np.arange(0, 361, 4))
    lat = centre[1] + km / 111.2 * np.cos(angles)
    lon = centre[0] + km / (111.2 * np.cos(np.radians(centre[1]))) * np.sin(angles)
    path = QPainterPath()
    path.addPolygon(QPolygonF(_pixels(frame, list(zip(lon.tolist(), lat.tolist(), strict=True)))))
    return path


def _without_repeats(points: list[Point]) -> tuple[Point, ...]:
    """A double click adds its place twice."""
    return tuple(p for i, p in enumerate(points) if i == 0 or p != points[i - 1])


def _km(km: float) -> str:
    return f"{km:.2f} km" if km >= 1 else f"{km * 1000:.0f} m"


def _km2(km2: float) -> str:
    return f"{km2:.2f} km²" if km2 >= 0.1 else f"{km2 * 1e6:.0f} m²"
