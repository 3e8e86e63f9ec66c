"""The sandbox without OpenGL: a picture that is painted over and asked for as the renderer's, and takes its place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QWheelEvent

from console.domain.states import State
from console.viewdata.scene import LAYERS, ScenePool, SceneReach, SceneRiver, SceneStation, SceneStyle, SceneView
from scenes.build.column_size import HALF, size_at
from scenes.furniture import compass_box
from scenes.ground.opening import GroundSpec, open_ground
from scenes.ground.source import Ground
from scenes.link import RenderLink
from scenes.palette import ground_palette, sky
from scenes.plain.overlay import column_tops
from scenes.plain.plain_picture import PlainPicture
from scenes.render.wire import Open
from scenes.viewport import SceneViewport
from tests.grounds import river, write_hills
from tests.mountain import EXAGGERATION, PLAIN_M, H, Mountain, W, at, from_the_south, on_ground

NO_OPENGL = (sys.executable, "-c", "raise SystemExit(3)")
STUCK = (sys.executable, "-c", "import time; time.sleep(600)")


def station(code, x, y, state=State.NORMAL, ratio=0.5, label=None):
    return SceneStation(code, code, *at(x, y), state, False, ratio, code if label is None else label)


class Easel:
    """A plain picture as the viewport uses it: show, want, paint."""

    def __init__(self, qtbot, look, ground, view=None, camera=None):
        self.qtbot, self.look, self.view, self.camera = qtbot, look, view or SceneView(), camera or from_the_south(30.0)
        line = np.array([at(-40.0, -15.0), at(40.0, -15.0)])
        self.picture = PlainPicture(look, Ground([ground]), (SceneRiver("河", line, np.zeros(2)),), self.view)

    def show(self, view=None, camera=None):
        """Show a view from a camera and wait for its finished picture; returns the frame."""
        self.view, self.camera = view or self.view, camera or self.camera
        self.picture.show(self.view)
        self.picture.want(self.camera, W, H, moving=False)
        self.qtbot.waitUntil(self.done, timeout=60_000)
        return self.picture.frame

    def done(self):
        frame = self.picture.frame
        shown = frame is not None and frame.picture.camera
        here = shown and (shown.x, shown.heading, shown.pitch) == (self.camera.x, self.camera.heading, self.camera.pitch)
        return here and frame.full and frame.placed.view is self.view

    def painted(self, width=W, height=H):
        image = QImage(width, height, QImage.Format.Format_RGB32)
        painter = QPainter(image)
        self.picture.paint(painter, width, height)
        painter.end()
        return image

    def color(self, place):
        """Return the painted colour at a place (1, 3), scene km."""
        x, y, _ = self.picture.frame.picture.camera.project(np.asarray(place).reshape(1, 3), W, H)
        return self.painted().pixelColor(round(float(x[0])), round(float(y[0])))


@pytest.fixture
def easel(qtbot, look):
    made = Easel(qtbot, look, Mountain())
    yield made
    made.picture.release()


def like(color, wanted, hue=12):
    """Tell whether a colour is about another: hue, and both grey or neither."""
    grey = wanted.hsvSaturation() < 60
    return color.hsvSaturation() < 90 if grey else abs(color.hsvHue() - wanted.hsvHue()) < hue and color.hsvSaturation() > 80


# --- what is painted over it ----------------------------------------------------------------------
def test_a_column_stands_where_the_camera_projects_it(easel, look):
    view = SceneView(stations=(station("s", -10.0, -15.0, State.RECORD, 0.8),), selected="s")
    frame = easel.show(view)
    camera = frame.picture.camera
    foot, top = frame.placed.stations[0], column_tops(frame.placed, camera.distance_km)[0]
    assert foot == pytest.approx(on_ground(-10.0, -15.0)[0], abs=0.01)
    record = look.color("state.record")
    assert like(easel.color(foot + (top - foot) * 0.5), record)
    wide = size_at(camera.distance_km) * HALF * 1.5
    assert not like(easel.color(foot + [3 * wide, 0, 0.4]), record)


def test_columns_grow_with_the_distance_as_labels_expect(easel):
    view = SceneView(stations=(station("s", -10.0, -15.0, State.RECORD, 1.0),))
    tall = []
    for far in (30.0, 60.0, 240.0):
        frame = easel.show(view, from_the_south(30.0, far))
        tall.append(float(column_tops(frame.placed, far)[0, 2] - frame.placed.stations[0, 2]) / size_at(far))
    assert tall == pytest.approx([0.059] * 3)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_river_takes_the_state_of_its_nearest_station_and_says_where_nothing_is_known(easel, look, theme):
    look.change(theme=theme)
    known = ((*at(-20.0, -15.0), State.NORMAL), (*at(20.0, -15.0), State.GUARANTEED))
    easel.show(SceneView(reaches=(SceneReach("河", known),)))
    right, left = on_ground(10.0, -15.0), on_ground(-10.0, -15.0)
    assert like(easel.color(right), look.color("state.guaranteed"), 15)
    assert like(easel.color(left), look.color("map.river"), 15)
    for state, token in ((State.NO_DATA, "map.river.unknown"), (State.UNJUDGED, "map.river")):
        easel.show(SceneView(reaches=(SceneReach("河", ((*at(-20.0, -15.0), state), known[1])),)))
        assert like(easel.color(left), look.color(token), 15)
    easel.show(SceneView())
    assert like(easel.color(left), look.color("map.river"), 15), "a river that no station is on"


def test_a_pool_lies_in_the_picture_and_one_without_a_level_is_only_a_ring(easel, look):
    pools = (
        ScenePool("a", "甲", *at(-12.0, -14.0), 3.0, PLAIN_M + 90, State.NORMAL, ""),
        ScenePool("b", "乙", *at(14.0, -10.0), 3.0, None, State.NO_DATA, ""),
    )
    full, empty = easel.show(SceneView(pools=pools)).placed.pools
    assert full[2] == pytest.approx((PLAIN_M + 91) / 1000 * EXAGGERATION)
    assert like(easel.color(full), look.color("water"), 15)
    assert easel.color(empty).green() > easel.color(empty).blue(), "bare ground"
    with_ring = easel.painted()
    easel.show(SceneView(pools=pools[:1]))
    assert easel.painted() != with_ring


def test_what_is_switched_off_is_not_drawn(easel):
    things = SceneView(
        stations=(station("s", -10.0, -15.0, State.RECORD, 0.8),),
        reaches=(SceneReach("河", ((*at(20.0, -15.0), State.GUARANTEED),)),),
        pools=(
            ScenePool("a", "甲", *at(-22.0, -14.0), 3.0, PLAIN_M + 90, State.NORMAL),
            ScenePool("b", "乙", *at(14.0, -10.0), 3.0, None, State.NO_DATA),
        ),
    )
    seen = []
    for off in ("", "stations", "water", "reservoirs"):
        easel.show(replace(things, style=SceneStyle(layers=tuple(c for c in LAYERS if c != off))))
        seen.append(easel.painted())
    assert all(a != b for i, a in enumerate(seen) for b in seen[i + 1 :])
    easel.show(replace(things, style=SceneStyle(layers=())))
    bare = easel.painted()
    easel.show(SceneView(style=SceneStyle(layers=())))
    assert easel.painted() == bare


def test_a_place_behind_the_mountain_is_known_as_hidden(easel):
    easel.show(camera=from_the_south())
    places = np.vstack([on_ground(0.0, 12.0), on_ground(0.0, -25.0), on_ground(30.0, 12.0)])
    assert easel.picture.hidden(places, W, H).tolist() == [True, False, False]
    assert easel.picture.hidden(np.empty((0, 3)), W, H).tolist() == []


# --- asking for pictures ----------------------------------------------------------------------------
def test_new_readings_do_not_draw_the_ground_again(easel):
    before = easel.show()
    after = easel.show(SceneView(stations=(station("s", -10.0, -15.0),)))
    assert after.picture.camera == before.picture.camera
    easel.picture.show(SceneView(stations=(station("t", 10.0, -15.0),)))
    easel.qtbot.waitUntil(lambda: easel.picture.frame.placed.view.stations[0].code == "t", timeout=10_000)
    assert easel.picture.frame.picture is after.picture


def test_night_exaggeration_and_theme_are_other_pictures(easel, look):
    behind, camera = on_ground(0.0, 14.0), from_the_south()
    day = easel.show(camera=camera)
    assert easel.picture.hidden(behind, W, H)[0]
    night = easel.show(SceneView(style=SceneStyle(night=True)))
    assert night.picture.rgb.mean() < 0.7 * day.picture.rgb.mean()
    flat = easel.show(SceneView(style=SceneStyle(exaggeration=1.0)))
    assert not easel.picture.hidden(behind / [1, 1, EXAGGERATION], W, H)[0]
    look.change(theme="light")
    easel.qtbot.waitUntil(lambda: easel.picture.frame is not flat and easel.picture.frame.full, timeout=60_000)
    assert easel.picture.frame.picture.rgb.mean() > flat.picture.rgb.mean() + 30


def test_another_ground_is_another_picture(easel):
    easel.show(camera=from_the_south())
    behind = on_ground(0.0, 14.0)
    assert easel.picture.hidden(behind, W, H)[0]
    old = easel.picture.frame
    easel.picture.open(Ground([Mountain(rise_m=0.0)]), ())
    easel.qtbot.waitUntil(lambda: easel.picture.frame is not old and easel.picture.frame.full, timeout=60_000)
    assert not easel.picture.hidden(behind, W, H)[0]


def test_the_gui_never_waits_for_the_ground_nor_for_the_end_of_one_that_is_stuck(qtbot, look):
    """A ground on a dead network drive: the window goes on, and shows it when it comes."""
    gate, asked, asked_in = threading.Event(), threading.Event(), set()

    class Stuck(Mountain):
        def heights(self, east_km, north_km, cell_km):
            asked_in.add(threading.get_ident())
            asked.set()
            assert gate.wait(60)
            return super().heights(east_km, north_km, cell_km)

    first, second = Easel(qtbot, look, Stuck()), Easel(qtbot, look, Stuck())
    try:
        first.picture.show(SceneView(stations=(station("s", 0.0, 0.0),)))
        first.picture.want(first.camera, W, H, moving=True)
        assert first.picture.frame is None and asked.wait(20)
        began = time.monotonic()
        second.picture.release()
        assert time.monotonic() - began < 1.0
        assert second.picture.frame is None and shiboken6.isValid(second.picture)
        worker = second.picture._thread._thread
        shiboken6.delete(second.picture)  # its owner is gone before its ground answers
        gate.set()
        first.show()
        qtbot.waitUntil(lambda: not worker.is_alive(), timeout=20_000)
    finally:
        gate.set()
        first.picture.release()
    assert threading.get_ident() not in asked_in


def test_a_ground_that_breaks_is_told_and_not_swallowed(qtbot, look, monkeypatch):
    class Broken(Mountain):
        def heights(self, east_km, north_km, cell_km):
            raise OSError("disk gone")

    raised = []
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.append(args.exc_value))
    made = Easel(qtbot, look, Broken())
    with qtbot.waitSignal(made.picture.failed, timeout=20_000) as heard:
        made.picture.want(made.camera, W, H, moving=False)
    assert "2.5 维画面也画不出来" in heard.args[0] and "disk gone" in heard.args[0]
    made.painted()
    made.picture.release()
    assert isinstance(raised[0], OSError), "whoever listens for bugs hears of it"


def test_painting_fifty_stations_takes_less_than_fifty_milliseconds(easel):
    """Of the GUI thread's own time, at full size: what else the machine does is not counted."""
    rng = np.random.default_rng(3)
    easel.show(
        SceneView(
            stations=tuple(
                station(f"站{i}", *rng.uniform(-30, 30, 2), State(int(rng.integers(-2, 6))), float(rng.random()))
                for i in range(50)
            )
        )
    )
    spent = []
    for _ in range(5):
        began = time.thread_time()
        easel.painted(1280, 720)
        spent.append(time.thread_time() - began)
    assert sorted(spent)[2] < 0.05, spent


def test_released_pictures_end_their_thread_and_are_freed(qtbot, look):
    before, gone, waited = threading.active_count(), [], []
    for i in range(6):
        made = Easel(qtbot, look, Mountain())
        made.picture.want(made.camera, W, H, moving=False)
        if i % 2:  # in the middle of a picture, or after it
            made.show()
        else:
            qtbot.waitUntil(lambda made=made: made.picture.frame is not None, timeout=60_000)
        gone += [weakref.ref(made.picture), weakref.ref(made.picture._thread), weakref.ref(made.picture.frame.picture.rgb)]
        began = time.monotonic()
        made.picture.release()
        waited.append(time.monotonic() - began)
        made.picture.deleteLater()
        del made
    qtbot.waitUntil(lambda: threading.active_count() == before and not any(ref() for ref in gone), timeout=10_000)
    assert max(waited) < 0.5, waited


# --- in the sandbox's view --------------------------------------------------------------------------
@pytest.fixture
def fallen(qtbot, look, tmp_path):
    """Show a sandbox whose renderer is another program; returns it and what it said."""
    write_hills(tmp_path / "g")
    spec, made = GroundSpec((tmp_path / "g",)), []

    def make(command):
        view = SceneViewport(look, still=True, link=RenderLink(command=command))
        qtbot.addWidget(view)
        made.append(view)
        said = []
        view.notice.connect(said.append)
        view.resize(W, H)
        things = (station("甲", 5.0, 30.0, State.WARNING, 0.8, "甲 35.96"), station("乙", -40.0, 10.0))
        view.show_view(SceneView(stations=things))
        view.open(Open(spec, (river(),), ground_palette(look), sky(look)), open_ground(spec))
        view.show()
        return view, said

    yield make
    for view in made:
        view.release()


def test_where_3d_cannot_start_a_plainer_picture_is_there_within_three_seconds(qtbot, fallen):
    began = time.monotonic()
    view, said = fallen(NO_OPENGL)
    qtbot.waitUntil(lambda: view.plain is not None and view.plain.frame is not None, timeout=20_000)
    assert time.monotonic() - began < 3.0
    assert "2.5 维" in said[-1]
    qtbot.waitUntil(lambda: bool(view.problem), timeout=20_000)
    assert "已改用 2.5 维画面" in said[-1] and "重新启动" in said[-1], "what it is and what to do"
    image = view.grab().toImage()
    assert len({image.pixel(x, y) for x in range(0, W, 7) for y in range(0, H, 7)}) > 200, "a relief, not a plate"


def test_labels_compass_and_hand_work_on_the_plainer_picture(qtbot, fallen):
    view, _ = fallen(NO_OPENGL)
    qtbot.waitUntil(lambda: view.plain is not None and view.plain.frame is not None and bool(view.problem), timeout=20_000)
    view.grab()
    label = next(p for p in view._placed if p.label.code == "甲")
    frame = view.plain.frame
    top = column_tops(frame.placed, frame.picture.camera.distance_km)[:1]
    x, y, _ = frame.picture.camera.project(top, W, H)
    assert (label.foot.x(), label.foot.y()) == pytest.approx((float(x[0]), float(y[0])), abs=1.5), "it sits on its column"
    with qtbot.waitSignal(view.selected) as heard:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=label.box.center())
    assert heard.args == ["甲"]
    with qtbot.waitSignal(view.selected) as heard:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(W // 2, H - 60))
    assert heard.args == [""]
    spot, far = QPointF(150.0, 200.0), view.camera.distance_km
    place = view.under(spot.x(), spot.y())
    none, no_phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    view.wheelEvent(QWheelEvent(spot, spot, QPoint(), QPoint(0, 240), none, Qt.KeyboardModifier.NoModifier, no_phase, False))
    assert view.camera.distance_km < 0.8 * far
    x, y, _ = view.camera.project(np.array([place]), W, H)
    assert (float(x[0]), float(y[0])) == pytest.approx((150.0, 200.0), abs=4.0)
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.camera.heading != 0.0
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=compass_box(W).center())
    assert view.camera.heading == 0.0
    qtbot.waitUntil(lambda: view.plain.frame.full and near(view.plain.frame.picture.camera, view.camera), timeout=60_000)


def near(one, other):
    return (one.x, one.y, one.distance_km, one.heading) == (other.x, other.y, other.distance_km, other.heading)


def test_a_renderer_that_dies_before_its_first_picture_gives_way_to_a_plainer_one(qtbot, fallen):
    view, said = fallen(STUCK)
    assert view.plain is None and view.link.pid is not None
    os.kill(view.link.pid, signal.SIGKILL)
    began = time.monotonic()
    qtbot.waitUntil(lambda: view.plain is not None and view.plain.frame is not None, timeout=20_000)
    assert time.monotonic() - began < 3.0
    assert "正在恢复" in said[-1] and "2.5 维" in said[-1]
    view.show_view(replace(view.view, style=SceneStyle(night=True)))
    qtbot.waitUntil(lambda: view.plain.frame.placed.view.style.night and view.plain.frame.full, timeout=60_000)
    for width, height in ((300, 210), (900, 220), (281, 600)):
        view.resize(width, height)
        view.grab()

        def fits(width=width, height=height):
            frame = view.plain.frame
            return frame.full and (frame.image.width(), frame.image.height()) == (width, height)

        qtbot.waitUntil(fits, timeout=60_000)


def test_nothing_of_vtk_is_loaded_by_the_view():
    program = "import sys, scenes.viewport; raise SystemExit(any(m.startswith('vtk') for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
