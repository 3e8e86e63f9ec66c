"""Section of a dam or levee: outline, water before it, sensors in place, line through the piezometers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QHelpEvent, QMouseEvent, QPainter, QPainterPath, QPen

from console.look import Look
from console.viewdata.works import SectionSensor, SectionView
from widgets.painted import PaintedView
from widgets.plain import show_tip
from widgets.works_marks import TOKENS, draw_mark, draw_simulated

Point = tuple[float, float]
MAX_SENSORS = 60


def wetted(profile: Sequence[Point], level_m: float) -> list[Point]:
    """Return the part of the outline under water, from the water side to where the surface meets it."""
    found: list[Point] = []
    for i, (offset, elevation) in enumerate(profile):
        if elevation >= level_m:
            if i:
                before = profile[i - 1]
                part = (level_m - before[1]) / (elevation - before[1])
                found.append((before[0] + part * (offset - before[0]), level_m))
            break
        found.append((offset, elevation))
    return found


class SectionPicture(PaintedView):
    """Water side on the left.

    Signals:
        selected: arg is a sensor's code.
    """

    selected = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.view: SectionView | None = None
        self._places: list[tuple[QPointF, SectionSensor]] = []
        self.setMouseTracking(True)

    def show_view(self, view: SectionView | None) -> None:
        self.view = view
        self.update()

    def paint(self, painter: QPainter) -> None:
        view = self.view
        self._places = []
        if view is None:
            self.empty(painter, self.look.tr("没有选中工程"))
            return
        if len(view.profile) < 2 and not view.sensors:
            hint = self.look.tr("工程资料里有断面（离轴距、高程）和测点位置后，这里画出来")
            self.empty(painter, self.look.tr("这个工程没有断面资料"), hint)
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = _Scale(QRectF(self.rect()).adjusted(52, 26, -14, -42), view)
        self._grid(painter, scale)
        self._body(painter, scale, view)
        line = self._phreatic(painter, scale, view)
        self._sensors(painter, scale, view, line)
        self._words(painter, scale, view)

    def _grid(self, painter: QPainter, scale: _Scale) -> None:
        painter.setFont(self.look.font("small_px"))
        metrics = painter.fontMetrics()
        for level in ticks(scale.low, scale.high, 7):
            y = scale.y(level)
            painter.setPen(QPen(self.look.color("curve.grid"), 1))
            painter.drawLine(QPointF(scale.box.left(), y), QPointF(scale.box.right(), y))
            painter.setPen(self.look.color("text.dim"))
            text = f"{level:g}"
            painter.drawText(
                QPointF(scale.box.left() - 6 - metrics.horizontalAdvance(text), y + metrics.ascent() / 2 - 1), text
            )
        last = -1e9
        for offset in ticks(scale.right, scale.left, 9):
            text = f"{offset:g}"
            x = scale.x(offset) - metrics.horizontalAdvance(text) / 2
            if abs(x - last) > metrics.horizontalAdvance("−000") + 8:
                painter.drawText(QPointF(x, scale.box.bottom() + metrics.ascent() + 4), text)
                last = x
        painter.drawText(QPointF(4, metrics.ascent() + 4), self.look.tr("高程 m"))

    def _body(self, painter: QPainter, scale: _Scale, view: SectionView) -> None:
        profile = scale.profile
        if len(profile) < 2:
            return
        look = self.look
        if view.water_m is not None and scale.low < view.water_m:
            under = wetted(profile, view.water_m)
            top, floor = min(view.water_m, scale.high), profile[0][1]
            water = QPainterPath(scale.point(scale.left, top))
            water.lineTo(scale.point(scale.left, floor))
            for offset, elevation in under:
                water.lineTo(scale.point(offset, elevation))
            if not under or under[-1][1] < top:
                water.lineTo(scale.point(profile[-1][0], top))
            water.closeSubpath()
            painter.fillPath(water, look.color("water", 60 if view.water_kind else 150))
            if view.water_kind == "stale":
                painter.fillPath(water, QBrush(look.color("curve.gap"), Qt.BrushStyle.BDiagPattern))
            style = Qt.PenStyle.DashLine if view.water_kind else Qt.PenStyle.SolidLine
            painter.setPen(QPen(look.color("water.surface"), 2, style))
            end = under[-1][0] if under and under[-1][1] >= top else profile[-1][0]
            painter.drawLine(scale.point(scale.left, top), scale.point(end, top))
        body = QPainterPath(scale.point(*profile[0]))
        for point in profile[1:]:
            body.lineTo(scale.point(*point))
        if view.type == "levee":
            body.lineTo(scale.point(profile[-1][0], scale.low))
            body.lineTo(scale.point(profile[0][0], scale.low))
        body.closeSubpath()
        painter.fillPath(body, look.color("concrete", 150 if view.type == "levee" else 255))
        if view.type != "levee":
            ground = QRectF(scale.point(scale.left, profile[0][1]), scale.point(scale.right, scale.low)).normalized()
            painter.fillRect(ground, QBrush(look.color("curve.gap", 130), Qt.BrushStyle.BDiagPattern))
        painter.setPen(QPen(look.color("line.strong"), 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for a, b in itertools.pairwise(profile):
            painter.drawLine(scale.point(*a), scale.point(*b))

    def _phreatic(self, painter: QPainter, scale: _Scale, view: SectionView) -> list[QPointF]:
        """Draw the line through the piezometers' levels, dashed: between them it is joined, not measured.

        The water before it is another station's reading, its datum perhaps another: the line does not reach it.
        """
        wells = sorted((s for s in view.sensors if s.level_m is not None), key=lambda s: -s.offset_m)
        places = [scale.point(s.offset_m, s.level_m) for s in wells if s.level_m is not None]
        painter.setPen(QPen(self.look.color("curve.flow"), 1.6, Qt.PenStyle.DashLine))
        for a, b in itertools.pairwise(places):
            painter.drawLine(a, b)
        for sensor, place in zip(wells, places, strict=True):
            painter.setPen(QPen(self.look.color("curve.flow"), 1))
            painter.drawLine(place, scale.point(sensor.offset_m, sensor.elevation_m))
            painter.drawLine(place - QPointF(5, 0), place + QPointF(5, 0))
        return places

    def _sensors(self, painter: QPainter, scale: _Scale, view: SectionView, line: Sequence[QPointF]) -> None:
        look = self.look
        painter.setFont(look.font("small_px"))
        metrics = painter.fontMetrics()
        taken = [QRectF(p.x() - 5, p.y() - 5, 10, 10) for p in line]
        shown = view.sensors[:MAX_SENSORS]
        places = [scale.point(s.offset_m, s.elevation_m) for s in shown]
        taken += [QRectF(p.x() - 8, p.y() - 8, 16, 16) for p in places]
        for sensor, place in zip(shown, places, strict=True):
            draw_mark(painter, look, sensor.state, place, 7)
            self._places.append((place, sensor))
            text = f"{sensor.name}  {sensor.text}"
            size = (metrics.horizontalAdvance(text), metrics.height())
            spot = _free(place, size, taken, QRectF(self.rect()).adjusted(4, 4, -4, -4))
            if spot is None:
                continue
            taken.append(spot)
            painter.fillRect(spot, look.color("panel", 205))
            painter.setPen(look.color(TOKENS.get(sensor.state, "text.dim")))
            painter.drawText(QPointF(spot.left() + 3, spot.top() + metrics.ascent()), text)

    def _words(self, painter: QPainter, scale: _Scale, view: SectionView) -> None:
        look = self.look
        painter.setFont(look.font("small_px"))
        metrics = painter.fontMetrics()
        x = max(scale.box.left(), 14.0 + metrics.horizontalAdvance(look.tr("高程 m")))
        painter.setPen(look.color("water.surface" if view.water_m is not None else "text.dim"))
        water = f"{look.tr('临水水位')} {view.water_text}"
        painter.drawText(QPointF(x + 4, 4 + metrics.ascent()), water)
        if any(s.level_m is not None for s in view.sensors):
            word = look.tr("浸润线（测点连线）") if view.type == "levee" else look.tr("扬压水位（测点连线）")
            painter.setPen(look.color("curve.flow"))
            painter.drawText(QPointF(x + 22 + metrics.horizontalAdvance(water), 4 + metrics.ascent()), f"┄ {word}")
        painter.setPen(look.color("text.dim"))
        foot = f"{look.tr('左为临水侧，离轴 m')} · {look.tr('竖横比')} ×{scale.exaggeration:.1f}"
        if view.unplaced:
            foot += f" · {look.tr('没有位置的测点')} {view.unplaced}"
        painter.drawText(
            QPointF(scale.box.left(), self.height() - 6),
            metrics.elidedText(foot, Qt.TextElideMode.ElideRight, int(scale.box.width())),
        )
        if view.simulated:
            draw_simulated(painter, look, QPointF(self.width() - 10.0, 3.0))

    def _at(self, place: QPointF) -> SectionSensor | None:
        near = [(abs(p.x() - place.x()) + abs(p.y() - place.y()), i) for i, (p, _) in enumerate(self._places)]
        distance, i = min(near, default=(1e9, -1))
        return self._places[i][1] if distance < 18 else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        sensor = self._at(event.position())
        if sensor is not None:
            self.selected.emit(sensor.code)

    def event(self, event: object) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QHelpEvent.Type.ToolTip:
            sensor = self._at(QPointF(event.pos()))
            show_tip(event.globalPos(), f"{sensor.name} {sensor.text}" if sensor else "", self)
            return True
        return super().event(event)  # type: ignore[arg-type]


class _Scale:
    """Offsets to x (water side left) and elevations to y."""

    def __init__(self, box: QRectF, view: SectionView) -> None:
        self.box = box
        profile = list(view.profile)
        if len(profile) > 1 and profile[0][0] < profile[-1][0]:
            profile.reverse()
        self.profile = profile
        offsets = [p[0] for p in profile] + [s.offset_m for s in view.sensors]
        heights = [p[1] for p in profile] + [s.elevation_m for s in view.sensors]
        heights += [s.level_m for s in view.sensors if s.level_m is not None and abs(s.level_m) < 1e4]
        if view.water_m is not None and abs(view.water_m) < 1e4:
            heights.append(view.water_m)
        wide = max(max(offsets) - min(offsets), 1.0)
        margin = 0.5 * wide if view.type != "levee" else 0.02 * wide
        self.left, self.right = max(offsets) + margin, min(offsets) - 0.08 * wide
        tall = max(max(heights) - min(heights), 1.0)
        self.low, self.high = min(heights) - 0.10 * tall, max(heights) + 0.10 * tall
        self.exaggeration = (box.height() / (self.high - self.low)) / max(1e-9, box.width() / (self.left - self.right))

    def x(self, offset: float) -> float:
        return self.box.left() + (self.left - offset) / (self.left - self.right) * self.box.width()

    def y(self, elevation: float) -> float:
        return self.box.bottom() - (elevation - self.low) / (self.high - self.low) * self.box.height()

    def point(self, offset: float, elevation: float) -> QPointF:
        return QPointF(self.x(offset), self.y(elevation))


def ticks(low: float, high: float, most: int) -> list[float]:
    step = next(
        (m * 10.0**e for e in range(-3, 7) for m in (1, 2, 5) if (high - low) / (m * 10.0**e) <= most), max(high - low, 1.0)
    )
    first = -(-low // step) * step
    return [first + k * step for k in range(most + 2) if first + k * step <= high]


def _free(place: QPointF, size: tuple[int, int], taken: Sequence[QRectF], inside: QRectF) -> QRectF | None:
    """Return the nearest place for a label that hides nothing, None where there is none."""
    width, height = size[0] + 6.0, float(size[1])
    for away in (0.0, 16.0, 32.0, 48.0):
        for dx, dy in (
            (11, -height / 2 - away),
            (-width - 11, -height / 2 - away),
            (11, -height / 2 + away),
            (-width - 11, -height / 2 + away),
            (-width / 2, -height - 10 - away),
            (-width / 2, 10 + away),
        ):
            spot = QRectF(place.x() + dx, place.y() + dy, width, height)
            if inside.contains(spot) and not any(spot.intersects(t) for t in taken):
                return spot
    return None
