"""The thread that owns the stage: takes the newest wish, renders it, hands back a picture."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage

from console.viewdata.scene import SceneView
from scenes.camera import OrbitCamera
from scenes.probe import opengl_problem

os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A finished picture and what it shows; full is False for a coarse one while moving."""

    image: QImage
    camera: OrbitCamera
    width: int
    height: int
    full: bool
    spent_ms: float


class RenderThread(QObject):
    """Signals:
    frame_ready: a Frame. failed: OpenGL cannot be used or the stage broke; arg says why.
    prepared: the ground is there; arg is its HeightField.
    """

    frame_ready = Signal(object)
    failed = Signal(str)
    prepared = Signal(object)

    def __init__(self, ground: Callable[[], tuple[Any, ...]], background: tuple[float, float, float]) -> None:
        super().__init__()
        self._ground = ground
        self._background = background
        self._condition = threading.Condition()
        self._camera: OrbitCamera | None = None
        self._size = (640, 360)
        self._factor = 1.0
        self._view: SceneView | None = None
        self._questions: list[tuple[Callable[[Any], Any], Callable[[Any], None]]] = []
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="scene", daemon=True)
        self.frames = 0

    def start(self) -> None:
        self._thread.start()

    def want(self, camera: OrbitCamera, width: int, height: int, factor: float) -> None:
        """Ask for a picture; an older wish that was not begun is forgotten."""
        with self._condition:
            self._camera, self._size, self._factor = camera, (width, height), factor
            self._condition.notify()

    def show(self, view: SceneView) -> None:
        with self._condition:
            self._view = view
            self._condition.notify()

    def ask(self, question: Callable[[Any], Any], answer: Callable[[Any], None]) -> None:
        """Run question(stage) in the thread and answer(result) there as well."""
        with self._condition:
            self._questions.append((question, answer))
            self._condition.notify()

    def release(self) -> None:
        """End the thread and free OpenGL; returns when that is done."""
        with self._condition:
            self._stop = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join(20.0)

    # --- the thread -------------------------------------------------------------------------
    def _run(self) -> None:
        problem = opengl_problem()
        if problem:
            self.failed.emit(problem)
            return
        from scenes.stage import Stage

        stage = Stage(*self._size, self._background)
        try:
            field, picture, exaggeration, rivers, profiles = self._ground()
            if self._stop:
                return
            stage.set_ground(field, picture, exaggeration, rivers, profiles)
            self.prepared.emit(field)
            self._loop(stage)
        except Exception as exc:
            self.failed.emit(repr(exc))
            raise
        finally:
            stage.release()

    def _loop(self, stage: Any) -> None:
        while True:
            with self._condition:
                while not (self._stop or self._camera or self._view or self._questions):
                    self._condition.wait()
                if self._stop:
                    return
                camera, self._camera = self._camera, None
                view, self._view = self._view, None
                questions, self._questions = self._questions, []
                (width, height), factor = self._size, self._factor
            if view is not None:
                stage.show(view)
            for question, answer in questions:
                answer(question(stage))
            if camera is not None:
                self._render(stage, camera, width, height, factor)

    def _render(self, stage: Any, camera: OrbitCamera, width: int, height: int, factor: float) -> None:
        began = time.perf_counter()
        w, h = max(16, round(width * factor)), max(16, round(height * factor))
        pixels = stage.render(camera, w, h)
        image = QImage(pixels.data, w, h, 4 * w, QImage.Format.Format_RGBX8888).flipped(Qt.Orientation.Vertical)
        spent = (time.perf_counter() - began) * 1000
        self.frames += 1
        self.frame_ready.emit(Frame(image, camera, width, height, factor >= 1.0, spent))
