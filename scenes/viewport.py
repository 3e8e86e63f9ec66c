"""The sandbox view: paints finished pictures and labels, turns gestures into cameras."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from console.domain.states import TOKENS, State
from console.look import Look
from console.viewdata.scene import SceneView
from scenes.build.terrain import HeightField
from scenes.camera import OrbitCamera
from scenes.render_thread import Frame, RenderThread

COARSE = 0.6  # picture scale while the hand moves
SETTLE_MS = 120
FLIGHT_S = 1.2
HOME = OrbitCamera(x=-28.0, y=-12.0, distance_km=300.0, pitch=40.0)


class SceneViewport(QWidget):
    """Signals:
    selected: an object was clicked; arg is its code, "" for the ground.
    prepared: the terrain is there. failed: 3D cannot run here; arg says why.
    """

    selected = Signal(str)
    prepared = Signal(object)
    failed = Signal(str)

    def __init__(self, look: Look, ground: Callable[[], tuple[Any, ...]], exaggeration: float, *, still: bool = False) -> None:
        super().__init__()
        self.look = look
        self.still = still
        self.exaggeration = exaggeration
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(280, 200)
        self.setAccessibleName(look.tr("三维沙盘"))
        sky = look.color("sky")
        self.thread_ = RenderThread(ground, (sky.redF(), sky.greenF(), sky.blueF()))
        self.thread_.frame_ready.connect(self._take_frame)
        self.thread_.failed.connect(self._take_failure)
        self.thread_.prepared.connect(self._take_ground)
        self.camera = HOME
        self.frame: Frame | None = None
        self.field: HeightField | None = None
        self.problem = ""
        self._view = SceneView()
        self._started = False
        self._last: QPointF | None = None
        self._press: QPoint | None = None
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(lambda: self._want(1.0))
        self._flight = QTimer(self, interval=30)
        self._flight.timeout.connect(self._fly)
        self._route: tuple[OrbitCamera, OrbitCamera, float] | None = None
        self._spots: list[tuple[QRect, str]] = []

    # --- data -------------------------------------------------------------------------------
    def show_view(self, view: SceneView) -> None:
        colors = {f"state{int(s)}": _rgb(self.look, TOKENS[s]) for s in State}
        colors |= {
            "river": _rgb(self.look, "map.river"),
            "water": _rgb(self.look, "water"),
            "unknown": _rgb(self.look, "state.nodata"),
        }
        colors["state0"] = _rgb(self.look, "water.surface")
        self._view = SceneView(view.moment, view.stations, view.reaches, view.pools, view.selected, colors)
        if self._started:
            self.thread_.show(self._view)
            self._want(1.0 if not self._settle.isActive() else COARSE)

    def fly_to(self, lon: float, lat: float, distance_km: float = 70.0) -> None:
        """Fly to a place; with reduced motion jump there."""
        if self.field is None:
            return
        x, y = (float(v) for v in self.field.to_local(lon, lat))
        z = float(self.field.height_at(x, y)) / 1000 * self.exaggeration
        goal = OrbitCamera(x, y, z, distance_km, self.camera.heading, 34.0)
        if self.still:
            self._go(goal, moving=False)
        else:
            self._route = (self.camera, goal, time.monotonic())
            self._flight.start()

    def home(self) -> None:
        self._go(HOME, moving=False)

    def _fly(self) -> None:
        if self._route is None:
            self._flight.stop()
            return
        start, goal, began = self._route
        part = min(1.0, (time.monotonic() - began) / FLIGHT_S)
        self._go(start.towards(goal, part), moving=part < 1.0)
        if part >= 1.0:
            self._route = None
            self._flight.stop()

    def release(self) -> None:
        """Free OpenGL; the owner calls it before the window dies."""
        self._flight.stop()
        self._settle.stop()
        self.thread_.release()

    # --- pictures ---------------------------------------------------------------------------
    def _want(self, factor: float) -> None:
        if self._started and self.isVisible():
            ratio = self.devicePixelRatioF()
            self.thread_.want(self.camera, round(self.width() * ratio), round(self.height() * ratio), factor)

    def _go(self, camera: OrbitCamera, *, moving: bool) -> None:
        self.camera = camera
        self._want(COARSE if moving else 1.0)
        if moving:
            self._settle.start()

    def _take_frame(self, frame: Frame) -> None:
        self.frame = frame
        self.update()

    def _take_failure(self, why: str) -> None:
        self.problem = why
        self.update()
        self.failed.emit(why)

    def _take_ground(self, field: HeightField) -> None:
        self.field = field
        self.thread_.show(self._view)
        self._want(1.0)
        self.prepared.emit(field)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._started:
            self._started = True
            self.thread_.start()
        self._want(1.0)

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self._want(COARSE)
        self._settle.start()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.look.color("sky"))
        if self.frame is None:
            self._paint_waiting(painter)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self.rect(), self.frame.image)
        self._paint_labels(painter, self.frame.camera)
        self._paint_furniture(painter, self.frame.camera)

    def _paint_waiting(self, painter: QPainter) -> None:
        painter.setPen(self.look.color("text"))
        painter.setFont(self.look.font())
        if self.problem:
            text = self.look.tr("这台机器上三维画面不能用（OpenGL 不可用），其余功能照常。")
            text += "\n" + self.look.tr("请用“监控”里的一张图；要恢复三维，请安装显卡驱动或 libegl1、libgl1 后重新启动。")
            text += f"\n{self.problem[:160]}"
        else:
            text = self.look.tr("正在准备地形…（首次约需几秒）")
        painter.drawText(self.rect().adjusted(40, 0, -40, 0), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)

    def _paint_labels(self, painter: QPainter, camera: OrbitCamera) -> None:
        """Write labels worst first; each that would touch another gives way."""
        if self.field is None:
            return
        things = [(s.lon, s.lat, s.ratio, s.code, s.label, s.state, s.stale) for s in self._view.stations]
        things += [(p.lon, p.lat, 0.0, p.code, p.label, p.state, p.level_m is None) for p in self._view.pools if p.label]
        if not things:
            return
        x, y = self.field.to_local(np.array([t[0] for t in things]), np.array([t[1] for t in things]))
        ground = self.field.height_at(x, y) / 1000 * self.exaggeration
        top = ground + np.array([1.0 + 16.0 * t[2] for t in things])
        px, py, depth = camera.project(np.column_stack([x, y, top]), self.width(), self.height())
        painter.setFont(self.look.font("small_px"))
        metrics = painter.fontMetrics()
        order = sorted(range(len(things)), key=lambda i: (things[i][3] != self._view.selected, -int(things[i][5]), depth[i]))
        taken: list[QRect] = []
        self._spots = []
        for i in order:
            if depth[i] <= 0 or not (0 < px[i] < self.width() and 0 < py[i] < self.height()):
                continue
            text, state = things[i][4], things[i][5]
            wide = metrics.horizontalAdvance(text) + 10
            place = QRect(int(px[i]) - wide // 2, int(py[i]) - metrics.height() - 9, wide, metrics.height() + 3)
            if any(place.adjusted(-2, -2, 2, 2).intersects(t) for t in taken):
                continue
            taken.append(place)
            self._spots.append((place.adjusted(0, 0, 0, 14), things[i][3]))
            painter.fillRect(place, self.look.color("panel", 220))
            if things[i][3] == self._view.selected:
                painter.setPen(QPen(self.look.color("accent"), 1.5))
                painter.drawRect(place)
            strong = state >= State.WARNING
            painter.setPen(self.look.color(TOKENS[state] if strong else "text.dim" if things[i][6] else "text"))
            painter.drawText(place.left() + 5, place.top() + metrics.ascent() + 1, text)

    def _paint_furniture(self, painter: QPainter, camera: OrbitCamera) -> None:
        painter.setFont(self.look.font("small_px"))
        metrics = painter.fontMetrics()
        label = self.field.label if self.field else ""
        caution = self.look.tr("水面按各站水位沿程内插，各站基面不同，仅示意")
        text = f"{self.look.tr(label)} · {self.look.tr('垂直夸大')} ×{self.exaggeration:g} · {caution}"
        box = QRect(8, self.height() - metrics.height() - 12, metrics.horizontalAdvance(text) + 16, metrics.height() + 6)
        painter.fillRect(box, self.look.color("panel", 215))
        painter.setPen(self.look.color("state.stale"))
        painter.drawText(box.left() + 8, box.top() + metrics.ascent() + 3, text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre = QPointF(self.width() - 34, 36)
        painter.setPen(QPen(self.look.color("line.strong"), 1))
        painter.setBrush(self.look.color("panel", 215))
        painter.drawEllipse(centre, 22, 22)
        painter.translate(centre)
        painter.rotate(-camera.heading)
        painter.setBrush(self.look.color("text"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPolygon(QPolygonF([QPointF(0, -15), QPointF(5, 4), QPointF(-5, 4)]))
        painter.setPen(self.look.color("text"))
        painter.drawText(QPointF(-metrics.horizontalAdvance("北") / 2, 17), "北")
        painter.resetTransform()

    # --- hand -------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._last = event.position()
        self._press = event.position().toPoint()
        self._route = None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is None:
            return
        step = event.position() - self._last
        self._last = event.position()
        buttons = event.buttons()
        pan = (
            buttons & (Qt.MouseButton.RightButton | Qt.MouseButton.MiddleButton)
            or event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        )
        if pan:
            km = self.camera.distance_km / max(1, self.height()) * 0.6
            self._go(self.camera.panned(-step.x() * km, step.y() * km * 1.4), moving=True)
        elif buttons & Qt.MouseButton.LeftButton:
            self._go(self.camera.orbited(step.x() * 0.3, step.y() * 0.25), moving=True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        still = self._press is not None and (event.position().toPoint() - self._press).manhattanLength() <= 4
        self._last = self._press = None
        compass = QRect(self.width() - 58, 12, 48, 48).contains(event.position().toPoint())
        if still and compass:
            self._go(replace(self.camera, heading=0.0), moving=False)
        elif still and event.button() == Qt.MouseButton.LeftButton:
            hit = next((code for box, code in self._spots if box.contains(event.position().toPoint())), "")
            self.selected.emit(hit)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._go(self.camera.zoomed(0.9988 ** event.angleDelta().y()), moving=True)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, km = Qt.Key(event.key()), self.camera.distance_km * 0.06
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        turns = {Qt.Key.Key_Left: (-6, 0), Qt.Key.Key_Right: (6, 0), Qt.Key.Key_Up: (0, 4), Qt.Key.Key_Down: (0, -4)}
        if key in turns and not shift:
            self._go(self.camera.orbited(*turns[key]), moving=True)
        elif key in turns:
            dx, dy = turns[key]
            self._go(self.camera.panned(km * (dx > 0) - km * (dx < 0), km * (dy > 0) - km * (dy < 0)), moving=True)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self._go(self.camera.zoomed(1.18 if key == Qt.Key.Key_Minus else 1 / 1.18), moving=True)
        elif key == Qt.Key.Key_Home:
            self.home()
        else:
            super().keyPressEvent(event)


def _rgb(look: Look, token: str) -> tuple[float, float, float]:
    color = look.color(token)
    return color.redF(), color.greenF(), color.blueF()
