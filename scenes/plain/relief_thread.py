"""The thread that casts the relief: the newest wish at once and coarsely, then finer while nothing else is wished."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage

from console.viewdata.scene import SceneView
from scenes.camera import OrbitCamera
from scenes.ground.source import Ground
from scenes.plain.placing import Course, Placed, courses_on, place, waters
from scenes.plain.relief_tiles import ReliefTiles, Tints
from scenes.plain.relief_view import Air, GivenUp, Picture, cast, clear_of_ground, focus

Array = NDArray[np.float64]
MOVING = (0.5, 0.6)  # picture scale, detail
STILL = (1.0, 1.0)
FINE = (1.5, 0.8)  # drawn larger and shrunk: smooth edges
MOST_FINE_PIXELS = 3_000_000
RELEASE_S = 0.25  # longer the window must not stand still; the thread ends by itself then
SLOW_S = 0.5  # a ground that takes longer to fill is shown half filled


@dataclass(frozen=True, slots=True, eq=False)
class Colors:
    """tints of the ground; day, night: the light; water: state → RGB of a pool, 0 to 255."""

    tints: Tints
    day: Air
    night: Air
    water: Mapping[int, Array]


@dataclass(frozen=True, slots=True, eq=False)
class ReliefFrame:
    """A picture, as large as was wished, and what is to be painted over it. full: it will not become finer."""

    image: QImage
    picture: Picture
    placed: Placed
    full: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    ground: Ground
    rivers: Mapping[str, Array]


class ReliefThread(QObject):
    """Signals:
    frame_ready: a ReliefFrame. failed: the thread has ended; arg says why.
    """

    frame_ready = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject, colors: Colors, view: SceneView) -> None:
        super().__init__(parent)
        self._condition = threading.Condition()
        self._scene: _Scene | None = None
        self._colors: Colors | None = colors
        self._view: SceneView | None = view
        self._wish: tuple[OrbitCamera, int, int, bool] | None = None
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="relief", daemon=True)
        self._shown: ReliefFrame | None = None

    def start(self) -> None:
        self._thread.start()

    def set_ground(self, ground: Ground, rivers: Mapping[str, Array]) -> None:
        """Draw this ground from now on; rivers: name → line (n, 2) of lon/lat."""
        with self._condition:
            self._scene = _Scene(ground, rivers)
            self._condition.notify()

    def set_colors(self, colors: Colors) -> None:
        with self._condition:
            self._colors = colors
            self._condition.notify()

    def show(self, view: SceneView) -> None:
        with self._condition:
            self._view = view
            self._condition.notify()

    def want(self, camera: OrbitCamera, width: int, height: int, *, moving: bool) -> None:
        """Ask for a picture; an older wish that was not begun is forgotten, one in work is not made finer."""
        with self._condition:
            self._wish = (camera, max(16, width), max(16, height), moving)
            self._condition.notify()

    def release(self) -> None:
        """End the thread; nothing is told afterwards. Waits for it a moment: ground may not answer."""
        with self._condition:
            self._stop = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join(RELEASE_S)
        self._shown = None

    # --- the thread -------------------------------------------------------------------------
    def _run(self) -> None:
        try:
            self._loop()
        except Exception as exc:
            with self._condition:
                if not self._stop:
                    self.failed.emit(repr(exc))
            raise

    def _newer(self) -> bool:
        return bool(self._stop or self._wish or self._scene or self._colors or self._view)

    def _loop(self) -> None:
        scene: _Scene | None = None
        colors: Colors | None = None
        tiles: ReliefTiles | None = None
        courses: tuple[Course, ...] = ()
        view = SceneView()
        placed: Placed | None = None
        lift = view.style.exaggeration
        last: tuple[OrbitCamera, int, int, bool] | None = None
        while True:
            with self._condition:
                while not self._newer():
                    self._condition.wait()
                if self._stop:
                    return
                new_scene, self._scene = self._scene, None
                new_colors, self._colors = self._colors, None
                new_view, self._view = self._view, None
                wish, self._wish = self._wish, None
            scene, colors, view, last = new_scene or scene, new_colors or colors, new_view or view, wish or last
            if scene is None or colors is None:
                continue
            lifted, lift = lift != view.style.exaggeration, view.style.exaggeration
            if new_scene is not None or lifted:
                courses = courses_on(scene.ground, scene.rivers, lift)
            if new_scene is not None or new_colors is not None or lifted or tiles is None:
                tiles = ReliefTiles(scene.ground, colors.tints, lift)
            if new_scene is not None or new_view is not None or placed is None:
                placed = place(scene.ground, view, courses)
            if last is None:
                continue
            if new_scene or new_colors or wish or not self._same_picture(placed):
                self._draw(tiles, colors, placed, *last)
            elif self._shown is not None:
                self._emit(replace(self._shown, placed=placed))

    def _same_picture(self, placed: Placed) -> bool:
        """Tell whether the newest picture is finished and would be cast alike: the rest is painted over it."""
        shown = self._shown
        return shown is not None and shown.full and _cast_of(shown.placed.view) == _cast_of(placed.view)

    def _draw(
        self, tiles: ReliefTiles, colors: Colors, placed: Placed, camera: OrbitCamera, width: int, height: int, moving: bool
    ) -> None:
        """Show what there is, then fill and show again, until something newer is wished."""
        while not tiles.windows and not self._stop:
            tiles.fill(*focus(camera, height), lambda: self._stop)
        if self._stop:
            return
        self._show(tiles, colors, placed, camera, width, height, MOVING, full=False, give_up=lambda: self._stop)
        shown = time.perf_counter()
        while not moving and tiles.fill(*focus(camera, height), self._newer) and not self._newer():
            if time.perf_counter() - shown > SLOW_S:
                self._show(tiles, colors, placed, camera, width, height, MOVING, full=False, give_up=lambda: self._stop)
                shown = time.perf_counter()
        fine = width * height * FINE[0] ** 2 <= MOST_FINE_PIXELS
        for quality in (STILL, FINE) if fine else (STILL,):
            if moving or self._newer():
                return
            full = quality is FINE or not fine
            self._show(tiles, colors, placed, camera, width, height, quality, full=full, give_up=self._newer)

    def _show(
        self,
        tiles: ReliefTiles,
        colors: Colors,
        placed: Placed,
        camera: OrbitCamera,
        width: int,
        height: int,
        quality: tuple[float, float],
        *,
        full: bool,
        give_up: Callable[[], bool],
    ) -> None:
        """Cast one picture and tell it, unless that is given up."""
        camera = clear_of_ground(tiles, camera)
        air = colors.night if placed.view.style.night else colors.day
        w, h = max(16, round(width * quality[0])), max(16, round(height * quality[0]))
        try:
            picture = cast(tiles, camera, w, h, air, quality[1], waters(placed, colors.water), give_up)
        except GivenUp:
            return
        image = QImage(picture.rgb.data, w, h, 3 * w, QImage.Format.Format_RGB888).convertToFormat(QImage.Format.Format_RGB32)
        if (w, h) != (width, height):
            smooth = Qt.TransformationMode.SmoothTransformation
            image = image.scaled(width, height, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
        self._emit(ReliefFrame(image, picture, placed, full))

    def _emit(self, frame: ReliefFrame) -> None:
        with self._condition:  # once it was released its owner may be gone
            if not self._stop:
                self._shown = frame
                self.frame_ready.emit(frame)


def _cast_of(view: SceneView) -> tuple[object, ...]:
    """Return what of a view is in the cast picture, not painted over it."""
    style = view.style
    return style.exaggeration, style.night, view.pools if "reservoirs" in style.layers else ()
