"""Pictures without OpenGL for the sandbox view: asked for and shown as the renderer's are, in 2.5 dimensions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRect, Signal
from PySide6.QtGui import QPainter

from console.domain.states import TOKENS, State
from console.look import Look
from console.viewdata.scene import SceneRiver, SceneView
from scenes.camera import OrbitCamera
from scenes.ground.source import Ground
from scenes.ground.tile import HEIGHT_STOPS_M
from scenes.palette import sky
from scenes.plain.overlay import draw_columns, draw_empty_pools, draw_rivers, visible
from scenes.plain.relief_thread import Colors, ReliefFrame, ReliefThread
from scenes.plain.relief_tiles import Tints
from scenes.plain.relief_view import Air
from scenes.render.sky import DAY, NIGHT

Array = NDArray[np.float64]


class PlainPicture(QObject):
    """Draws rivers by their stations' states, reservoirs and stations on the relief; no rain, flood, works or typhoon.

    Signals:
        drawn: a ReliefFrame is there. failed: the relief cannot be drawn either; arg says it in the user's words.
    """

    drawn = Signal(object)
    failed = Signal(str)

    def __init__(self, look: Look, ground: Ground, rivers: tuple[SceneRiver, ...], view: SceneView) -> None:
        super().__init__()
        self._look = look
        self.frame: ReliefFrame | None = None
        self._released = False
        self._thread = ReliefThread(self, relief_colors(look), view)
        self._thread.frame_ready.connect(self._take)
        self._thread.failed.connect(self._take_failure)
        look.changed.connect(self._take_look)
        self.open(ground, rivers)
        self._thread.start()

    def open(self, ground: Ground, rivers: tuple[SceneRiver, ...]) -> None:
        """Draw this ground from now on."""
        self._thread.set_ground(ground, {r.name: r.line for r in rivers})

    def want(self, camera: OrbitCamera, width: int, height: int, *, moving: bool) -> None:
        """Ask for a picture, in pixels; it comes coarsely at once and, unless the hand moves, finer soon after."""
        self._thread.want(camera, width, height, moving=moving)

    def show(self, view: SceneView) -> None:
        self._thread.show(view)

    def release(self) -> None:
        """End the thread and let the ground and the picture go."""
        if not self._released:
            self._released, self.frame = True, None
            self._look.changed.disconnect(self._take_look)
            self._thread.release()

    def paint(self, painter: QPainter, width: int, height: int) -> OrbitCamera | None:
        """Paint the newest picture with its rivers, reservoirs and columns; returns whence it was taken, None for none yet."""
        frame = self.frame
        if frame is None:
            return None
        layers = frame.placed.view.style.layers
        painter.drawImage(QRect(0, 0, width, height), frame.image)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for code, draw in (("water", draw_rivers), ("reservoirs", draw_empty_pools), ("stations", draw_columns)):
            if code in layers:
                draw(painter, self._look, frame.placed, frame.picture, width, height)
        painter.restore()
        return frame.picture.camera

    def hidden(self, places: Array, width: int, height: int) -> NDArray[np.bool_]:
        """Tell which places (n, 3), scene km as drawn, the relief hides in the newest picture, or lie outside it."""
        if self.frame is None or not len(places):
            return np.zeros(len(places), bool)
        picture = self.frame.picture
        return ~visible(picture, *picture.camera.project(places, width, height), width, height)

    def _take(self, frame: ReliefFrame) -> None:
        if not self._released:
            self.frame = frame
            self.drawn.emit(frame)

    def _take_failure(self, why: str) -> None:
        if not self._released:
            words = self._look.tr("2.5 维画面也画不出来；请检查地形数据是否完好，再重新打开沙盘")
            self.failed.emit(f"{words}（{why[:120]}）")

    def _take_look(self) -> None:
        self._thread.set_colors(relief_colors(self._look))


def relief_colors(look: Look) -> Colors:
    """Return the scene's colours as the relief wants them."""

    def rgb(token: str) -> Array:
        c = look.color(token)
        return np.array([c.red(), c.green(), c.blue()], float)

    heights = np.array([rgb(f"scene.height{i}") for i in range(1, len(HEIGHT_STOPS_M) + 1)])
    # unknown ground is grey: no colour of height comes near it in either theme
    tints = Tints(heights, rgb("relief.shadow"), rgb("relief.light"), rgb("state.nodata"))
    above = sky(look)
    day, night = (
        Air(np.array(tint), 255 * np.array(horizon), 255 * np.array(overhead))
        for tint, (overhead, horizon) in ((DAY, above.day), (NIGHT, above.night))
    )
    water = {int(s): rgb(TOKENS[s]) if s > State.WARNING else rgb("water") for s in State}
    return Colors(tints, day, night, water)
