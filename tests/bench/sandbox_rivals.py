"""Target 27 beside others: the same scene in this sandbox and in pyvistaqt's QtInteractor.

Frames a second by the clock, in real windows of one virtual screen, one after another in one run. QtInteractor is
asked for one drawing a frame (its own render() draws twice), and nobody reads its picture back. Needs Xvfb, and
pyvistaqt 0.13.1 with QtPy where Python finds them; the product needs neither.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from console.fonts import packaged_font
from console.viewdata.scene import SceneView
from scenes.ground.frame import to_local
from scenes.ground.opening import GroundSpec, open_ground
from tests.bench.run import Row
from tests.bench.sandbox import FRAMES, ORBIT, SIZE, flood, rate, whole_view
from tests.bench.sandbox_desk import desk_frames
from tests.grounds import river, write_hills


def run() -> Iterator[Row]:
    if shutil.which("Xvfb") is None or importlib.util.find_spec("pyvistaqt") is None:
        print("[bench] 27rival 未测：需要 Xvfb，以及 pyvistaqt 0.13.1 和 QtPy", file=sys.stderr)
        return
    reading, writing = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1920x1080x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    before = {name: os.environ.get(name) for name in ("DISPLAY", "QT_QPA_PLATFORM", "QT_API")}
    try:
        with os.fdopen(reading) as told:
            os.environ.update(DISPLAY=f":{told.readline().strip()}", QT_QPA_PLATFORM="xcb", QT_API="pyside6")
        with tempfile.TemporaryDirectory() as folder:
            spec = GroundSpec((Path(folder) / "g",))
            write_hills(spec.heights[0], 4096)
            ours, theirs = (_alone(frames, spec) for frames in (desk_frames, _interactor_frames))
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        screen.terminate()
        screen.wait()
    yield Row(
        "27", ours / theirs, "倍帧率：本沙盘 / pyvistaqt", f"{ours:.1f} / {theirs:.1f} 帧每秒", "≥ 2.5", ours >= 2.5 * theirs
    )


def _alone(frames: Callable[[GroundSpec], float], spec: GroundSpec) -> float:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(frames, spec).result()


class _InteractorWindow:
    """Stands where a stage's own window stands: draws into an interactor on the screen, reads nothing back."""

    def __init__(self, plotter: object) -> None:
        self.plotter = plotter
        self.GetSize = lambda: SIZE
        self.GetRGBACharPixelData = lambda *_: None

    def Render(self) -> None:
        from PySide6.QtWidgets import QApplication

        self.plotter.update()  # type: ignore[attr-defined] # one frame; its render() draws it twice
        QApplication.processEvents()


def _interactor_frames(spec: GroundSpec) -> float:
    """Return frames a second of this sandbox's own tiles, waters and stations in pyvistaqt's QtInteractor."""
    from scenes.palette import ground_palette, scene_colors, sky
    from scenes.render.stage import Stage
    from tests.gui import application, make_look

    look = make_look(application(["bench"]))
    plotter = _shown_plotter()
    stage = Stage(*SIZE, sky(look))
    stage.window.RemoveRenderer(stage.renderer)
    plotter.render_window.AddRenderer(stage.renderer)
    stage.window = _InteractorWindow(plotter)
    stage._pixels.SetNumberOfComponents(4)  # what would be read back, so that its shape is right
    stage._pixels.SetNumberOfTuples(SIZE[0] * SIZE[1])
    stage.set_ground(open_ground(spec), (river(),), ground_palette(look), sky(look), lambda: None)
    view = replace(whole_view(), colors=scene_colors(look))
    stage.show(view)
    _write_labels(plotter, stage, view)
    for camera in ORBIT:
        coming = 1
        while coming:
            _, coming = stage.render(camera, *SIZE, whole=True)

    def draw(i: int) -> None:
        if i % 5 == 0:
            stage.show_picture("flood", flood(i))
        stage.render(ORBIT[i], *SIZE)

    return rate(draw, range(FRAMES))


def _write_labels(plotter: object, stage: object, view: SceneView) -> None:
    """Write the stations' words as pyvista does: it leaves out those that would collide."""
    at = to_local(np.array([s.lon for s in view.stations]), np.array([s.lat for s in view.stations]))
    places = np.column_stack([*at, np.full(len(view.stations), 1.0)])
    words = [s.label for s in view.stations]
    labels = plotter.add_point_labels(  # type: ignore[attr-defined]
        places, words, font_file=str(packaged_font()), font_size=13, shape=None, show_points=False, always_visible=True
    )
    stage.renderer.AddActor(labels)  # type: ignore[attr-defined]


def _shown_plotter() -> object:
    from pyvistaqt import QtInteractor

    plotter = QtInteractor(multi_samples=None, line_smoothing=False, auto_update=False)
    plotter.resize(*SIZE)
    plotter.show()
    return plotter
