"""Marks on a frozen picture: pen, arrow, area, words, in three colours; the newest is taken back first.

Marks are kept as shares of the picture, so that they lie where they were drawn at any size of the window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QColor,
    QFont,
    QImage,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QShortcut,
    QTabletEvent,
)
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from console.look import Look
from widgets.plain import PlainLabel

TOOLS = {"pen": "笔", "arrow": "箭头", "area": "区域", "text": "文字"}
INKS = {"state.guaranteed": "红", "state.warning": "黄", "accent": "蓝"}
PEN_PX, HEAD_PX, TEXT_PX = 4.0, 18.0, 26  # on a picture as wide as WIDE_PX
WIDE_PX = 1920.0
TEXT_MAX = 60


@dataclass(slots=True)
class Mark:
    """points: (x, y, pressure), x and y as shares of the picture, pressure 0 to 1."""

    tool: str
    ink: str
    points: list[tuple[float, float, float]] = field(default_factory=list)
    text: str = ""


def draw_marks(painter: QPainter, marks: list[Mark], room: QRectF, look: Look) -> None:
    """Draw marks over a picture that fills a rectangle."""
    scale = room.width() / WIDE_PX
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for mark in marks:
        color = look.color(mark.ink)
        places = [QPointF(room.left() + x * room.width(), room.top() + y * room.height()) for x, y, _ in mark.points]
        pen = QPen(color, PEN_PX * scale, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if mark.tool == "pen":
            for i in range(1, len(places)):
                pen.setWidthF(PEN_PX * scale * (0.4 + 1.2 * mark.points[i][2]))
                painter.setPen(pen)
                painter.drawLine(places[i - 1], places[i])
        elif mark.tool == "arrow" and len(places) > 1:
            _arrow(painter, places[0], places[-1], HEAD_PX * scale, color)
        elif mark.tool == "area" and len(places) > 2:
            painter.setBrush(QColor(color.red(), color.green(), color.blue(), 60))
            painter.drawPolygon(QPolygonF(places))
        elif mark.tool == "text" and mark.text and places:
            _words(painter, places[0], mark.text, max(8, round(TEXT_PX * scale)), color, look)


def _arrow(painter: QPainter, start: QPointF, end: QPointF, head: float, color: QColor) -> None:
    painter.drawLine(start, end)
    angle = math.atan2(end.y() - start.y(), end.x() - start.x())
    wings = [end - QPointF(math.cos(angle + turn) * head, math.sin(angle + turn) * head) for turn in (0.45, -0.45)]
    painter.setBrush(color)
    painter.drawPolygon(QPolygonF([end, *wings]))


def _words(painter: QPainter, at: QPointF, text: str, size: int, color: QColor, look: Look) -> None:
    font = QFont(look.family)
    font.setPixelSize(size)
    font.setBold(True)
    painter.setFont(font)
    metrics = painter.fontMetrics()
    box = QRectF(at.x() - 4, at.y() - metrics.ascent() - 2, metrics.horizontalAdvance(text) + 8, metrics.height() + 4)
    painter.fillRect(box, look.color("panel", 225))
    painter.drawText(at, text)


class MarkedPicture(QWidget):
    """The picture under the hand. A pen's pressure makes its line wider; a mouse presses evenly."""

    def __init__(self, look: Look, picture: QPixmap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look, self.picture = look, picture
        self.tool, self.ink, self.words = "pen", "state.guaranteed", ""
        self.marks: list[Mark] = []
        self._drawing: Mark | None = None
        self.setMinimumSize(480, 300)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def sizeHint(self) -> QSize:
        return QSize(1200, 680)

    def undo(self) -> None:
        self._drawing = None
        self.marks = self.marks[:-1]
        self.update()

    def finished(self) -> QImage:
        """Return the picture with its marks, as large as it is."""
        image = self.picture.toImage().convertToFormat(QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(1.0)
        painter = QPainter(image)
        draw_marks(painter, self.marks, QRectF(image.rect()), self.look)
        painter.end()
        return image

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        room = self._room()
        painter.drawPixmap(room, self.picture, QRectF(self.picture.rect()))
        draw_marks(painter, [*self.marks, *([self._drawing] if self._drawing else [])], room, self.look)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._begin(event.position(), 0.5)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._go_on(event.position(), 0.5)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._end()

    def tabletEvent(self, event: QTabletEvent) -> None:
        kind = event.type()
        if kind == QTabletEvent.Type.TabletPress:
            self._begin(event.position(), event.pressure())
        elif kind == QTabletEvent.Type.TabletMove:
            self._go_on(event.position(), event.pressure())
        elif kind == QTabletEvent.Type.TabletRelease:
            self._end()
        event.accept()

    def _room(self) -> QRectF:
        """Return where the picture lies: whole, its shape kept."""
        wide, high = self.picture.width(), self.picture.height()
        scale = min(self.width() / wide, self.height() / high)
        return QRectF((self.width() - wide * scale) / 2, (self.height() - high * scale) / 2, wide * scale, high * scale)

    def _share(self, at: QPointF, pressure: float) -> tuple[float, float, float]:
        room = self._room()
        x, y = (at.x() - room.left()) / room.width(), (at.y() - room.top()) / room.height()
        return min(1.0, max(0.0, x)), min(1.0, max(0.0, y)), pressure

    def _begin(self, at: QPointF, pressure: float) -> None:
        if self.tool == "text" and not self.words.strip():
            return
        self._drawing = Mark(self.tool, self.ink, [self._share(at, pressure)], self.words.strip()[:TEXT_MAX])
        self.update()

    def _go_on(self, at: QPointF, pressure: float) -> None:
        if self._drawing is not None and self.tool != "text":
            self._drawing.points.append(self._share(at, pressure))
            self.update()

    def _end(self) -> None:
        mark, self._drawing = self._drawing, None
        if mark is not None and (len(mark.points) > 1 or mark.tool == "text"):
            self.marks.append(mark)
        self.update()


class Annotator(QWidget):
    """A window of its own beside the work.

    Signals:
        save_requested: the marked picture is to be kept; arg is a QImage.
    """

    save_requested = Signal(QImage)

    def __init__(self, look: Look, picture: QPixmap, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.look = look
        self.setWindowTitle(look.tr("标注"))
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.picture = MarkedPicture(look, picture, self)
        self.words = QLineEdit(self)
        self.words.setMaxLength(TEXT_MAX)
        self.words.setPlaceholderText(look.tr("要写的字，点在画面上"))
        self.words.textChanged.connect(self._worded)
        self.status = PlainLabel("", self)
        row = QHBoxLayout()
        self.tools = self._group({code: look.tr(word) for code, word in TOOLS.items()}, self._use, row)
        self.inks = self._group({code: look.tr(word) for code, word in INKS.items()}, self._ink, row)
        row.addWidget(self.words, 1)
        self.undo, self.save = QPushButton(look.tr("撤销"), self), QPushButton(look.tr("存为材料"), self)
        self.save.setObjectName("primary")
        self.undo.clicked.connect(self.picture.undo)
        QShortcut(QKeySequence.StandardKey.Undo, self, self.picture.undo)
        self.save.clicked.connect(lambda: self.save_requested.emit(self.picture.finished()))
        for button in (self.undo, self.save):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.addLayout(row)
        column.addWidget(self.picture, 1)
        column.addWidget(self.status)
        self.resize(1240, 780)

    def say(self, words: str) -> None:
        self.status.setText(words)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Marks that were not kept are not thrown away by one slip of the hand: the second time it closes."""
        if self.picture.marks and not self.status.property("warned"):
            self.status.setProperty("warned", True)
            self.say(self.look.tr("标注还没有存为材料；再关一次就不要了"))
            event.ignore()

    def kept(self) -> None:
        """The picture is on disk: the window may go."""
        self.picture.marks = []
        self.close()

    def _group(self, words: dict[str, str], chosen: object, row: QHBoxLayout) -> QButtonGroup:
        group = QButtonGroup(self)
        for i, (code, word) in enumerate(words.items()):
            button = QPushButton(word, self)
            button.setCheckable(True)
            button.setChecked(i == 0)
            button.setProperty("code", code)
            group.addButton(button, i)
            row.addWidget(button)
        group.buttonClicked.connect(chosen)
        return group

    def _use(self, button: QPushButton) -> None:
        self.picture.tool = str(button.property("code"))
        if self.picture.tool == "text":
            self.words.setFocus()

    def _ink(self, button: QPushButton) -> None:
        self.picture.ink = str(button.property("code"))

    def _worded(self, text: str) -> None:
        self.picture.words = text
