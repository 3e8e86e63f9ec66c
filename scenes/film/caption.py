"""What is written over a flight: caption, Beijing time, title, where ground and data come from, scale.

The same strokes go over the screen's picture and into the film. QPainter on a QImage works in any thread; sizes
follow the picture's height, so that a wall across the hall is read as well as a laptop.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from console.domain.flight import FlightMoment
from console.domain.time import full_stamp
from console.look import tokens
from scenes.camera import VIEW_ANGLE

STEPS_KM = (200, 100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
SAFE = 0.05  # of width and height: what a projector or a wall's bezel may cut
CAPTION_PX, LEAST_CAPTION_PX = 46, 28  # of a picture 1080 high
TIME_PX, TITLE_PX, SOURCE_PX, NOTE_PX, SCALE_PX = 38, 32, 26, 24, 24
LEAST_PX = 11
FIGURE_AND_UNIT = re.compile(r"(?<=\d) (?=[A-Za-z])")  # a line must not end between them
PLATE_ALPHA, SHADOW_ALPHA = 214, 90
WRAP = int(Qt.TextFlag.TextWordWrap)
CENTRE, LEFT = int(Qt.AlignmentFlag.AlignHCenter), int(Qt.AlignmentFlag.AlignLeft)


@dataclass(frozen=True, slots=True)
class FilmLabels:
    """What every picture says besides its caption, worded already.

    notes: what ground and data are, as 合成地形 仅供演示 and 重建数据; source: whose data. exaggeration: of heights,
    said where it is not 1. scale_note: where the scale holds, beside its bar.
    """

    title: str = ""
    notes: tuple[str, ...] = ()
    source: str = ""
    exaggeration: float = 1.0
    scale_note: str = ""


class FilmCaption:
    """Paints over a picture. family: of console.fonts; theme: dark or light; tr: words in the window's language."""

    def __init__(self, family: str, labels: FilmLabels, theme: str = "dark", tr: Callable[[str], str] = str) -> None:
        self.labels = labels
        self._family = family
        self._tr = tr
        self._tokens = tokens()[theme]

    def burned(self, image: QImage, moment: FlightMoment) -> QImage:
        """Return a picture (RGB32) with the words of its moment over it; the given one stays as it is."""
        picture = image.convertToFormat(QImage.Format.Format_RGB32).copy()
        picture.setDevicePixelRatio(1.0)
        painter = QPainter(picture)
        self.paint(painter, picture.width(), picture.height(), moment)
        painter.end()
        return picture

    def paint(self, painter: QPainter, width: int, height: int, moment: FlightMoment) -> None:
        """Paint over a picture of width × height pixels."""
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        unit = min(height, width * 9 / 16) / 1080
        safe = QRectF(0, 0, width, height).adjusted(SAFE * width, SAFE * height, -SAFE * width, -SAFE * height)
        time_box = self._time(painter, safe, unit, moment)
        self._title(painter, safe, unit, time_box)
        scale_box = self._scale(painter, safe, unit, height, moment)
        top = self._notes(painter, safe, unit, scale_box)
        self._caption(painter, QRectF(safe.topLeft(), QPointF(safe.right(), min(top, scale_box.top()))), unit, moment)

    # --- parts ------------------------------------------------------------------------------
    def _time(self, painter: QPainter, safe: QRectF, unit: float, moment: FlightMoment) -> QRectF:
        if moment.situation_t is None:
            return QRectF(safe.topRight(), safe.topRight())
        text = f"{full_stamp(moment.situation_t)} {self._tr('北京时间')}"
        return self._line(painter, safe, unit, text, self._font(TIME_PX * unit, bold=True), right=True)

    def _title(self, painter: QPainter, safe: QRectF, unit: float, time_box: QRectF) -> None:
        if not self.labels.title:
            return
        font, pad = self._font(TITLE_PX * unit, bold=True), 14 * unit
        room = max(0.0, time_box.left() - safe.left() - 5 * pad)
        text = QFontMetricsF(font).elidedText(self.labels.title, Qt.TextElideMode.ElideRight, room)
        self._line(painter, safe, unit, text, font, right=False)

    def _line(self, painter: QPainter, safe: QRectF, unit: float, text: str, font: QFont, *, right: bool) -> QRectF:
        metrics, pad = QFontMetricsF(font), 14 * unit
        wide, high = metrics.horizontalAdvance(text) + 2 * pad, metrics.height() + pad
        box = QRectF(safe.right() - wide if right else safe.left(), safe.top(), wide, high)
        self._plate(painter, box, unit)
        painter.setFont(font)
        painter.setPen(self._color("text"))
        painter.drawText(QPointF(box.left() + pad, box.top() + pad / 2 + metrics.ascent()), text)
        return box

    def _scale(self, painter: QPainter, safe: QRectF, unit: float, height: int, moment: FlightMoment) -> QRectF:
        """Draw how long a way is where the camera looks; nearer to the eye it is shorter."""
        km_per_px = 2 * moment.camera.distance_km * math.tan(math.radians(VIEW_ANGLE / 2)) / height
        km = next((s for s in STEPS_KM if s / km_per_px <= safe.width() * 0.16), STEPS_KM[-1])
        text = (f"{km:g} km" if km >= 1 else f"{km * 1000:g} m") + (
            f" {self.labels.scale_note}" if self.labels.scale_note else ""
        )
        font, pad = self._font(SCALE_PX * unit), 12 * unit
        metrics, bar = QFontMetricsF(font), km / km_per_px
        wide = max(bar, metrics.horizontalAdvance(text)) + 2 * pad
        box = QRectF(safe.right() - wide, safe.bottom() - metrics.height() - 2.4 * pad, wide, metrics.height() + 2.4 * pad)
        self._plate(painter, box, unit)
        painter.setFont(font)
        painter.setPen(self._color("text"))
        painter.drawText(QPointF(box.left() + pad, box.top() + pad / 2 + metrics.ascent()), text)
        painter.setPen(QPen(self._color("text"), max(1.5, 3 * unit)))
        y, x0, tick = box.bottom() - pad, box.left() + pad, 7 * unit
        painter.drawLine(QPointF(x0, y), QPointF(x0 + bar, y))
        for x in (x0, x0 + bar):
            painter.drawLine(QPointF(x, y - tick), QPointF(x, y))
        return box

    def _notes(self, painter: QPainter, safe: QRectF, unit: float, scale_box: QRectF) -> float:
        """Write what ground and data are; return where the plate begins."""
        labels = self.labels
        raised = (f"{self._tr('垂直夸大')} ×{labels.exaggeration:g}",) if labels.exaggeration != 1 else ()
        first = " · ".join((*labels.notes, *raised))
        font, pad = self._font(NOTE_PX * unit), 12 * unit
        room = QRectF(0, 0, max(80 * unit, scale_box.left() - safe.left() - 4 * pad), safe.height() / 3)
        rows = [(first, "state.stale"), (self._sourced(labels.source, font, room.width()), "text.dim")]
        rows = [row for row in rows if row[0]]
        if not rows:
            return safe.bottom()
        painter.setFont(font)
        sizes = [painter.boundingRect(room, WRAP | LEFT, text) for text, _ in rows]
        wide, high = max(s.width() for s in sizes) + 2 * pad, sum(s.height() for s in sizes) + pad
        box = QRectF(safe.left(), safe.bottom() - high, wide, high)
        self._plate(painter, box, unit)
        y = box.top() + pad / 2
        for (text, token), size in zip(rows, sizes, strict=True):
            painter.setPen(self._color(token))
            painter.drawText(QRectF(box.left() + pad, y, room.width(), size.height()), WRAP | LEFT, text)
            y += size.height()
        return box.top()

    def _caption(self, painter: QPainter, room: QRectF, unit: float, moment: FlightMoment) -> None:
        if not moment.caption or moment.caption_alpha <= 0:
            return
        pad = 22 * unit
        inner = QRectF(0, 0, room.width() * 0.86 - 2 * pad, room.height() * 0.45)
        text = FIGURE_AND_UNIT.sub("\u00a0", moment.caption)
        font, words = self._fitted(painter, inner, unit, text)
        small = self._font(SOURCE_PX * unit)
        said = self._sourced(moment.source, small, inner.width())
        painter.setFont(small)
        foot = painter.boundingRect(inner, WRAP | CENTRE, said) if said else QRectF()
        wide = max(words.width(), foot.width()) + 2 * pad
        high = words.height() + (foot.height() + pad / 3 if said else 0.0) + 1.2 * pad
        top = max(room.top(), room.bottom() - 16 * unit - high)
        box = QRectF(room.center().x() - wide / 2, top, wide, high)
        painter.save()
        painter.setOpacity(moment.caption_alpha)
        self._plate(painter, box, unit)
        painter.setFont(font)
        painter.setPen(self._color("text"))
        text_box = QRectF(room.center().x() - words.width() / 2, box.top() + 0.6 * pad, words.width(), words.height())
        painter.drawText(text_box, WRAP | CENTRE, text)
        painter.setFont(small)
        painter.setPen(self._color("text.dim"))
        foot_box = QRectF(box.left() + pad, box.bottom() - 0.6 * pad - foot.height(), wide - 2 * pad, foot.height())
        painter.drawText(foot_box, WRAP | CENTRE, said)
        painter.restore()

    def _fitted(self, painter: QPainter, inner: QRectF, unit: float, text: str) -> tuple[QFont, QRectF]:
        """Return the largest font that fits, and lines of about one length: a last line of one character reads badly."""
        size = CAPTION_PX
        while True:
            font = self._font(size * unit, bold=True)
            painter.setFont(font)
            found = painter.boundingRect(inner, WRAP | CENTRE, text)
            if found.height() <= inner.height() or size <= LEAST_CAPTION_PX:
                break
            size -= 3
        lines = max(1, round(found.height() / QFontMetricsF(font).height()))
        narrow = QRectF(inner)
        narrow.setWidth(min(inner.width(), QFontMetricsF(font).horizontalAdvance(text) / lines + 2 * size * unit))
        even = painter.boundingRect(narrow, WRAP | CENTRE, text)
        kept = even if even.height() <= found.height() else found
        return font, kept.adjusted(-2, 0, 2, 0)

    def _sourced(self, source: str, font: QFont, room: float) -> str:
        text = f"{self._tr('来源')}：{source}" if source else ""
        return QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, room)

    def _plate(self, painter: QPainter, box: QRectF, unit: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._color("scrim", SHADOW_ALPHA))
        painter.drawRoundedRect(box.translated(2 * unit, 3 * unit), 6 * unit, 6 * unit)
        painter.setBrush(self._color("panel", PLATE_ALPHA))
        painter.drawRoundedRect(box, 6 * unit, 6 * unit)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _color(self, token: str, alpha: int = 255) -> QColor:
        color = QColor(self._tokens[token])
        color.setAlpha(alpha)
        return color

    def _font(self, px: float, *, bold: bool = False) -> QFont:
        font = QFont(self._family)
        font.setPixelSize(max(LEAST_PX, round(px)))
        font.setBold(bold)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font
