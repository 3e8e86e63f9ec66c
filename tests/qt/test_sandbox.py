"""The sandbox view and its renderer: pictures from a process of its own, plainer ones when it is gone, nothing left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace

import numpy as np
import psutil
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest

from console.domain.states import State
from console.viewdata.scene import SceneReach, SceneStation, SceneView
from scenes.ground.frame import to_degrees
from scenes.ground.opening import GroundSpec, open_ground
from scenes.link import RenderLink
from scenes.palette import ground_palette, sky
from scenes.render.wire import Open
from scenes.viewport import SceneViewport
from tests.grounds import river, write_hills
from tests.gui import move_mouse

NO_SUCH_DISPLAY = {"VTK_DEFAULT_OPENGL_WINDOW": "vtkXOpenGLRenderWindow", "DISPLAY": ":987"}


@pytest.fixture(scope="module")
def hills(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hills") / "g"
    write_hills(folder)
    return GroundSpec((folder,))


@pytest.fixture
def sandbox(qtbot, look, hills):
    """Make shown sandbox views; each ends with its test."""
    made = []

    def make(link=None, *, still=True, size=(480, 300)):
        view = SceneViewport(look, still=still, link=link)
        qtbot.addWidget(view)
        made.append(view)
        view.resize(*size)
        view.show_view(one_station())
        view.show()
        view.open(Open(hills, (river(),), ground_palette(look), sky(look)), open_ground(hills))
        return view

    yield make
    for view in made:
        view.release()


def one_station(moment=0.0):
    lon, lat = (float(v) for v in to_degrees(12.0, 30.0))
    station = SceneStation("S1", "英德", lon, lat, State.WARNING, False, 0.8, "英德 35.96 +9.96")
    return SceneView(moment, (station,), (SceneReach("北江", ((lon, lat, State.WARNING),), ((lon, lat, 45.0),)),))


def colours(view):
    image = view.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(0, image.width(), 9) for y in range(0, image.height(), 9)}


def turn_wheel(view, x, y, turned):
    at = QPointF(x, y)
    none = Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(at, at, QPoint(), QPoint(0, turned), Qt.MouseButton.NoButton, none, Qt.ScrollPhase.NoScrollPhase, False)
    view.wheelEvent(event)


def test_a_picture_with_ground_comes_and_the_renderer_goes_with_its_view(qtbot, sandbox):
    view = sandbox()
    qtbot.waitUntil(lambda: view.frame is not None, timeout=60_000)
    assert view.frame.full and view.frame.coming == 0 and len(colours(view)) > 40
    process = psutil.Process(view.link.pid)
    names = [f.path for f in view.link._old_files] + [view.link._file.path]
    view.release()
    with pytest.raises(psutil.NoSuchProcess):
        process.wait(5)
        psutil.Process(process.pid)
    assert not any(p.exists() for p in names), "shared memory is given back"


def test_full_quality_follows_within_a_moment_after_the_hand_stops(qtbot, sandbox):
    view = sandbox(still=False)
    qtbot.waitUntil(lambda: view.frame is not None and view.frame.coming == 0, timeout=60_000)
    for _ in range(10):
        view.turn(view.camera.orbited(2.0, 0.0), moving=True)
        qtbot.wait(15)
    stopped = time.monotonic()
    qtbot.waitUntil(lambda: view.frame.full and view.frame.camera == view.camera, timeout=20_000)
    assert time.monotonic() - stopped < 5.0


def test_a_killed_renderer_gives_way_to_a_plainer_picture_and_comes_back(qtbot, sandbox):
    view = sandbox(still=False)
    said = []
    view.notice.connect(said.append)
    qtbot.waitUntil(lambda: view.frame is not None, timeout=60_000)
    before = view.frame
    os.kill(view.link.pid, signal.SIGKILL)
    began = time.monotonic()
    qtbot.waitUntil(lambda: view.plain is not None and view.plain.frame is not None, timeout=20_000)
    assert any("2.5" in words for words in said) and len(colours(view)) > 30
    assert time.monotonic() - began < 15.0
    qtbot.waitUntil(lambda: view.frame is not before and view.plain is None, timeout=60_000)
    assert said[-1] == "", "nothing is said any more once it is back"


def test_a_renderer_that_hangs_is_noticed_and_the_rest_lives(qtbot, sandbox):
    view = sandbox(still=False)
    qtbot.waitUntil(lambda: view.frame is not None and view.frame.coming == 0, timeout=60_000)
    os.kill(view.link.pid, signal.SIGSTOP)
    try:
        with qtbot.waitSignal(view.link.silent, timeout=10_000):
            view.turn(view.camera.orbited(20.0, 0.0), moving=False)
        qtbot.waitUntil(lambda: view.plain is not None and view.plain.frame is not None, timeout=20_000)
    finally:
        os.kill(view.link.pid, signal.SIGCONT)
    qtbot.waitUntil(lambda: view.plain is None and view.frame.camera == view.camera, timeout=30_000)


def test_without_opengl_there_is_a_plainer_picture_that_can_be_used(qtbot, sandbox, monkeypatch):
    for name, value in NO_SUCH_DISPLAY.items():
        monkeypatch.setenv(name, value)
    view = sandbox(still=False)
    with qtbot.waitSignal(view.failed, timeout=90_000):
        pass
    assert view.problem
    qtbot.waitUntil(lambda: view.plain is not None and view.plain.frame is not None, timeout=20_000)
    view.grab()
    label = next(p for p in view._placed if p.label.code == "S1")
    with qtbot.waitSignal(view.selected) as chosen:
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=label.box.center())
    assert chosen.args == ["S1"]


def test_a_program_that_is_no_renderer_is_given_up(qtbot, sandbox):
    link = RenderLink((sys.executable, "-c", "raise SystemExit(3)"))
    with qtbot.waitSignal(link.failed, timeout=30_000) as failed:
        sandbox(link)
    assert "exit 3" in failed.args[0]


def test_of_many_wishes_only_the_newest_is_drawn(qtbot, sandbox):
    view = sandbox(still=False)
    qtbot.waitUntil(lambda: view.frame is not None and view.frame.coming == 0, timeout=60_000)
    drawn = []
    view.drawn.connect(drawn.append)
    for _ in range(60):
        view.turn(view.camera.orbited(1.0, 0.0), moving=True)
    qtbot.waitUntil(lambda: view.frame.full and view.frame.camera == view.camera, timeout=20_000)
    assert len(drawn) < 12


def test_nothing_is_drawn_while_nothing_changes_or_nobody_looks(qtbot, sandbox):
    view = sandbox(still=False)
    qtbot.waitUntil(lambda: view.frame is not None and view.frame.coming == 0 and not view.moving, timeout=60_000)
    qtbot.wait(400)
    drawn = []
    view.drawn.connect(drawn.append)
    qtbot.wait(600)
    assert drawn == [], "no idle rendering"
    view.hide()
    view.turn(view.camera.orbited(30.0, 0.0), moving=False)
    qtbot.wait(400)
    assert drawn == []


def test_the_same_moment_is_the_same_picture(qtbot, sandbox):
    view = sandbox()
    pictures = []

    def take(frame):
        if frame.coming == 0:
            pictures.append(view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32))

    qtbot.waitUntil(lambda: view.frame is not None and view.frame.coming == 0, timeout=60_000)
    view.drawn.connect(take)
    camera = replace(view.camera, distance_km=80.0, heading=30.0)
    for wanted in (camera, replace(camera, heading=200.0), camera):
        count = len(pictures)
        view.go_still(wanted)
        qtbot.waitUntil(lambda n=count: len(pictures) > n, timeout=60_000)
    assert pictures[0] == pictures[2] and pictures[0] != pictures[1]


def test_the_wheel_keeps_the_place_under_the_cursor_and_keys_move_the_eye(qtbot, sandbox):
    view = sandbox(still=False)
    spot = view.under(150.0, 200.0)
    turn_wheel(view, 150.0, 200.0, 240)
    x, y, _ = view.camera.project(np.array([spot]), view.width(), view.height())
    assert abs(x[0] - 150) < 4 and abs(y[0] - 200) < 6
    heading = view.camera.heading
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.camera.heading == pytest.approx((heading + 6) % 360)
    QTest.keyClick(view, Qt.Key.Key_N)
    assert view.camera.heading == 0.0


def test_the_eye_never_goes_below_the_ground(qtbot, sandbox):
    view = sandbox(still=False)
    for heading in range(0, 360, 30):
        view.turn(replace(view.camera, distance_km=0.2, pitch=4.0, heading=float(heading)), moving=False)
        x, y, z = view.camera.eye
        assert z > (view.ground.at(x, y) or 0.0) * view.lift / 1000.0


def test_a_left_handed_mouse_turns_with_the_other_button(qtbot, sandbox):
    view = sandbox(still=False)
    view.hand.left_handed = True
    before = view.camera
    QTest.mousePress(view, Qt.MouseButton.RightButton, pos=QPoint(100, 100))
    move_mouse(view, 140, 100, Qt.MouseButton.RightButton)
    QTest.mouseRelease(view, Qt.MouseButton.RightButton, pos=QPoint(140, 100))
    assert view.camera.heading != before.heading


def test_unseen_for_long_it_gives_its_memory_back_and_draws_again_when_shown(qtbot, sandbox):
    view = sandbox(still=False)
    qtbot.waitUntil(lambda: view.frame is not None, timeout=60_000)
    view._rest.setInterval(50)
    process = psutil.Process(view.link.pid)
    view.hide()
    qtbot.waitUntil(lambda: not view.link.running, timeout=10_000)
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    before = view.frame
    view.show()
    qtbot.waitUntil(lambda: view.frame is not before, timeout=60_000)
