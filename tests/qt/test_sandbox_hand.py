"""The hand in the sandbox: tools on the ground, the swipe line, fingers, keys; names that are no markup."""

from __future__ import annotations

import math
import sys
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from console.domain.states import State
from console.viewdata.scene import SceneFlood, SceneReach, SceneStation, SceneStyle, SceneView
from scenes.eye import CLEAR_KM
from scenes.furniture import LegendRow, compass_box, scale_bar
from scenes.ground.frame import to_degrees
from scenes.ground.opening import GroundSpec, open_ground
from scenes.link import RenderLink
from scenes.palette import ground_palette, sky
from scenes.panel import SandboxPanel
from scenes.render.flow import FARTHEST_KM
from scenes.render.wire import Open
from scenes.wording import ARROWS_KM, legend_from
from tests.grounds import river, write_hills
from tests.gui import move_mouse

MUTE = (sys.executable, "-c", "import sys; sys.stdin.buffer.read()")  # a renderer that draws nothing
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(scope="module")
def hills(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hills") / "g"
    write_hills(folder)
    return GroundSpec((folder,))


@pytest.fixture
def sandbox(qtbot, look, hills, monkeypatch):
    """Make shown sandboxes; each ends with its test. drawing: with the real renderer."""
    made = []

    def make(*, drawing=False, still=True):
        if not drawing:
            monkeypatch.setattr("scenes.viewport.RenderLink", lambda: RenderLink(MUTE))
        panel = SandboxPanel(look, still=still)
        qtbot.addWidget(panel)
        made.append(panel.view)
        panel.resize(720, 480)
        panel.show()
        panel.view.show_view(moment())
        panel.view.open(Open(hills, (river(),), ground_palette(look), sky(look)), open_ground(hills))
        panel.view.turn(replace(panel.view.camera, x=0.0, y=40.0, distance_km=120.0), moving=False)
        panel.tools.ground = panel.view.ground
        return panel

    yield make
    for view in made:
        view.release()


def moment(state=State.WARNING, label="英德 35.96 +9.96"):
    lon, lat = (float(v) for v in to_degrees(12.0, 30.0))
    station = SceneStation("S1", "英德", lon, lat, state, False, 0.8, label)
    return SceneView(0.0, (station,), (SceneReach("北江", ((lon, lat, state),), ((lon, lat, 45.0),)),))


def click(panel, x, y):
    QTest.mouseClick(panel.view, LEFT, pos=QPoint(x, y))


def completed(panel):
    found = []
    panel.tools.completed.connect(lambda mode, places: found.append((mode, places)))
    return found


def pixels(widget):
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)[:, : image.width()].copy()


# --- tools --------------------------------------------------------------------------------------


def test_a_line_is_measured_by_clicks_and_ended_by_a_double_one(qtbot, sandbox):
    panel = sandbox()
    found = completed(panel)
    bare = pixels(panel.view)
    panel.toolbar.tools["measure"].click()
    assert panel.tools.mode == "measure" and "双击结束" in panel.tools.lines[0]
    click(panel, 200, 250)
    click(panel, 330, 260)
    assert len(panel.tools.points) == 2 and (pixels(panel.view) != bare).any(), "the line is drawn on the ground"
    camera = panel.view.camera
    QTest.mouseClick(panel.view, LEFT, pos=QPoint(400, 300))
    QTest.mouseDClick(panel.view, LEFT, pos=QPoint(400, 300))
    ((mode, places),) = found
    assert mode == "measure" and len(places) == 3, "the double click takes its place once"
    assert places[0] == panel.view.under(200, 250)[:2]
    assert panel.view.camera == camera, "and does not fly there"
    assert panel.tools.mode == "" and not panel.toolbar.tools["measure"].isChecked()


def test_a_section_is_complete_with_two_places_and_a_volume_needs_three(qtbot, sandbox):
    panel = sandbox()
    found = completed(panel)
    panel.toolbar.tools["section"].click()
    click(panel, 200, 250)
    click(panel, 300, 250)
    assert [m for m, _ in found] == ["section"] and len(found[0][1]) == 2
    panel.toolbar.tools["volume"].click()
    assert [box.isVisible() for box in panel.toolbar._levels] == [True, True]
    for x in (200, 300):
        click(panel, x, 250)
    QTest.mouseDClick(panel.view, LEFT, pos=QPoint(300, 250))
    assert len(found) == 1 and panel.tools.mode == "volume", "two places enclose nothing: it waits for the third"
    click(panel, 260, 330)
    QTest.keyClick(panel.view, Qt.Key.Key_Return)
    assert found[-1][0] == "volume" and len(found[-1][1]) == 3
    assert not any(box.isVisible() for box in panel.toolbar._levels)


def test_backspace_takes_a_place_back_and_escape_the_tool(qtbot, sandbox):
    panel = sandbox()
    panel.toolbar.tools["profile"].click()
    click(panel, 200, 250)
    click(panel, 300, 250)
    QTest.keyClick(panel.view, Qt.Key.Key_Backspace)
    assert len(panel.tools.points) == 1
    heading = panel.view.camera.heading
    QTest.keyClick(panel.view, Qt.Key.Key_Right)
    assert panel.view.camera.heading != heading, "other keys still move the eye"
    QTest.keyClick(panel.view, Qt.Key.Key_Escape)
    assert (panel.tools.mode, panel.tools.points, panel.tools.lines) == ("", (), ())
    panel.toolbar.tools["sight"].click()
    panel.toolbar.tools["sight"].click()
    assert panel.tools.mode == "", "pressed again, a tool is put away"


def test_a_click_on_the_sky_is_no_place_and_a_drag_is_no_click(qtbot, sandbox):
    panel = sandbox()
    view = panel.view
    view.turn(replace(view.camera, pitch=4.0, distance_km=300.0), moving=False)
    assert view.under(360, 5) is None
    panel.toolbar.tools["measure"].click()
    click(panel, 360, 5)
    assert panel.tools.points == ()
    QTest.mousePress(view, LEFT, pos=QPoint(300, 250))
    move_mouse(view, 340, 250, LEFT)
    QTest.mouseRelease(view, LEFT, pos=QPoint(340, 250))
    assert panel.tools.points == ()
    said = []
    view.pointed.connect(lambda *place: said.append(place))
    move_mouse(view, 360, 5)
    # The drag's own place may still be told first: a place is told late and for the newest cursor.
    qtbot.waitUntil(lambda: bool(said) and all(math.isnan(v) for v in said[-1]))


# --- two moments --------------------------------------------------------------------------------


def test_the_line_between_two_moments_is_drawn_by_the_hand_and_both_sides_differ(qtbot, sandbox):
    panel = sandbox(drawing=True)
    view = panel.view

    def settled(cut):
        qtbot.waitUntil(lambda: view.link._asked is None and view.link._wish is None, timeout=60_000)
        before = view.frame
        view.go_still(view.camera)
        qtbot.waitUntil(lambda: view.frame is not before and view.frame.coming == 0 and not view.moving, timeout=60_000)
        assert view.cut == cut
        return view.frame.image.copy()

    qtbot.waitUntil(lambda: view.frame is not None and view.frame.coming == 0, timeout=60_000)
    one = settled(1.0)
    other = replace(moment(State.NORMAL, "英德 25.10"), style=SceneStyle(night=True))
    view.compare(other, ("06-22 14:00", "06-20 08:00"))
    both = settled(0.5)
    half = one.width() // 2
    assert both.copy(0, 0, half, both.height()) == one.copy(0, 0, half, one.height())
    assert both.copy(half, 0, half, both.height()) != one.copy(half, 0, half, one.height())
    east, north = view.camera.x, view.camera.y
    red = np.zeros((8, 8, 4), np.uint8)
    red[:] = (255, 0, 0, 255)
    view.show_flood(SceneFlood("now", (east - 90, north - 90, east + 90, north + 90), red))
    flooded = settled(0.5)
    assert flooded.copy(half, 0, half, both.height()) != both.copy(half, 0, half, both.height()), "the same flood on both"
    view.compare(other, ("06-22 14:00", "06-20 08:00"), {"flood": None})
    apart = settled(0.5)
    assert apart.copy(half, 0, half, both.height()) == both.copy(half, 0, half, both.height()), "then there was none"
    assert apart.copy(0, 0, half, both.height()) == flooded.copy(0, 0, half, both.height()), "and the left keeps its own"
    view.show_flood(None)
    view.compare(other, ("06-22 14:00", "06-20 08:00"))
    turned, line = view.camera, round(0.5 * view.width())
    QTest.mousePress(view, LEFT, pos=QPoint(line + 3, 100))
    move_mouse(view, 200, 120, LEFT)
    QTest.mouseRelease(view, LEFT, pos=QPoint(200, 120))
    assert view.camera == turned and view.cut == pytest.approx(200 / view.width())
    QTest.mouseDClick(view, LEFT, pos=QPoint(200, 120))
    move_mouse(view, -500, 120, LEFT)
    QTest.mouseRelease(view, LEFT, pos=QPoint(-500, 120))
    assert view.cut == 0.04 and view.camera == turned, "taken twice it still is the line, and it stays in sight"
    view.compare(None)
    assert settled(1.0) == one


def test_where_only_the_plainer_picture_can_be_had_no_second_moment_is_claimed(qtbot, sandbox):
    panel = sandbox()
    view = panel.view
    view.compare(moment(State.NORMAL, "英德 25.10"), ("现在", "从前"))
    assert view.compared and view.cut == 0.5
    view._fall_back("先用 2.5 维画面")
    qtbot.waitUntil(lambda: view.plain is not None and view.plain.frame is not None, timeout=20_000)
    assert not view.compared and view.cut == 1.0
    QTest.mousePress(view, LEFT, pos=QPoint(round(0.5 * view.width()), 100))
    assert not view.swipe.held


# --- fingers ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def screen(qapp):
    return QTest.createTouchDevice()


def fingers(view, screen, *steps):
    """Put fingers down, move them, take them away. steps: where each finger is."""
    for n, places in enumerate(steps):
        sequence = QTest.touchEvent(view, screen)
        for k, (x, y) in enumerate(places):
            (sequence.press if n == 0 else sequence.move)(k, QPoint(x, y), view)
        sequence.commit()
    sequence = QTest.touchEvent(view, screen)
    for k, (x, y) in enumerate(steps[-1]):
        sequence.release(k, QPoint(x, y), view)
    sequence.commit()


def test_one_finger_turns_and_two_move_pinch_and_twist(qtbot, sandbox, screen):
    view = sandbox().view
    before = view.camera
    fingers(view, screen, [(300, 200)], [(330, 200)], [(360, 200)])
    assert view.camera.heading != before.heading and view.camera.distance_km == before.distance_km
    before = view.camera
    fingers(view, screen, [(300, 200), (400, 200)], [(250, 200), (450, 200)])
    assert view.camera.distance_km == pytest.approx(before.distance_km / 2, rel=0.02)
    before = view.camera
    fingers(view, screen, [(300, 200), (400, 200)], [(320, 200), (420, 200)])
    assert view.camera.distance_km == pytest.approx(before.distance_km, rel=1e-6)
    assert math.hypot(view.camera.x - before.x, view.camera.y - before.y) > 0.1
    before = view.camera
    fingers(view, screen, [(300, 200), (400, 200)], [(350, 150), (350, 250)])
    assert (before.heading - view.camera.heading) % 360 == pytest.approx(90.0, abs=0.5), "a quarter turn of the hand"


def test_a_tap_chooses_as_a_click_does_and_a_tool_takes_taps(qtbot, sandbox, screen):
    panel = sandbox()
    view = panel.view
    panel.grab()
    label = next(p for p in view._placed if p.label.code == "S1")
    chosen = []
    view.selected.connect(chosen.append)
    at = label.box.center()
    fingers(view, screen, [(at.x(), at.y())])
    assert chosen == ["S1"]
    found = completed(panel)
    panel.toolbar.tools["measure"].click()
    fingers(view, screen, [(200, 250)])
    fingers(view, screen, [(200, 200)], [(200, 300)])
    assert len(panel.tools.points) == 1, "a stroke is no tap"
    fingers(view, screen, [(330, 262)])
    fingers(view, screen, [(334, 260)])
    assert len(found) == 1 and len(found[0][1]) == 2, "a second tap there ends the line"


# --- keys and buttons ---------------------------------------------------------------------------


def test_every_key_does_what_its_name_says(qtbot, sandbox):
    view = sandbox().view
    start = replace(view.camera, heading=40.0)
    view.turn(start, moving=False)
    start = view.camera
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.camera.distance_km < start.distance_km
    QTest.keyClick(view, Qt.Key.Key_Minus)
    assert view.camera.distance_km == pytest.approx(start.distance_km)
    QTest.keyClick(view, Qt.Key.Key_PageUp)
    assert view.camera.pitch == start.pitch + 8.0
    QTest.keyClick(view, Qt.Key.Key_Up, SHIFT)
    assert view.camera.y > start.y and view.camera.heading == start.heading
    click_at = compass_box(view.width()).center()
    QTest.mouseClick(view, LEFT, pos=click_at)
    assert view.camera.heading == 0.0, "the compass turns to the north"
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert view.camera.distance_km == 560.0
    QTest.keyClick(view, Qt.Key.Key_F5)
    assert view.camera.distance_km == 560.0


def test_with_the_left_hand_the_right_button_chooses_and_the_left_one_moves(qtbot, sandbox):
    panel = sandbox()
    view = panel.view
    view.hand.left_handed = True
    panel.grab()
    at = next(p for p in view._placed if p.label.code == "S1").box.center()
    chosen = []
    view.selected.connect(chosen.append)
    QTest.mouseClick(view, LEFT, pos=at)
    QTest.mouseClick(view, RIGHT, pos=at)
    assert chosen == ["S1"]
    before = view.camera
    QTest.mousePress(view, LEFT, pos=QPoint(100, 200))
    move_mouse(view, 160, 200, LEFT)
    QTest.mouseRelease(view, LEFT, pos=QPoint(160, 200))
    assert view.camera.heading == before.heading and view.camera.x != before.x


def test_ground_that_is_lifted_never_swallows_the_eye(sandbox):
    view = sandbox().view
    view.show_view(replace(moment(), style=SceneStyle(1.0)))
    high = max(((x, y) for x in range(-60, 60, 5) for y in range(0, 120, 5)), key=lambda p: view.ground.at(*p))
    view.turn(replace(view.camera, x=float(high[0]), y=float(high[1]), distance_km=0.5, pitch=10.0), moving=False)
    view.show_view(replace(moment(), style=SceneStyle(20.0)))
    x, y, z = view.camera.eye
    assert z >= view.ground.at(x, y) * 20.0 / 1000.0 + CLEAR_KM * 0.99


# --- words --------------------------------------------------------------------------------------


def test_a_hostile_name_is_written_as_it_is(qtbot, sandbox, tmp_path):
    vivid = QColor(255, 0, 254)
    probe = QImage(40, 40, QImage.Format.Format_RGB32)
    probe.fill(vivid)
    assert probe.save(str(tmp_path / "p.png"))
    evil = f'<img src="file://{tmp_path}/p.png"><b>粗</b>&amp;\u202e\n' + "长" * 30_000
    panel = sandbox()
    view = panel.view
    view.places = ((evil[:80], *(float(v) for v in to_degrees(-10.0, 40.0))),)
    view.legend = (LegendRow("band", "water", evil[:90]),)
    view.notes = ((evil, "text"),)
    view.show_view(moment(label=evil))
    panel.say(evil)
    panel.toolbar.show_tours((evil,))
    panel.toolbar.show_bookmarks((evil,))
    panel.tools.say(evil)
    panel.toolbar.readout.setText(evil)
    assert not np.count_nonzero((pixels(panel) & 0xFFFFFF) == (vivid.rgb() & 0xFFFFFF))
    assert "&&amp;" in panel.toolbar._bookmark_menu.actions()[0].text(), "an ampersand is no shortcut"
    view.show_view(moment(label=evil[:80]))
    panel.grab()
    assert any(p.label.text == evil[:80] for p in view._placed)


def test_the_legend_drops_arrows_where_none_are_drawn():
    rows = (LegendRow("line", "map.river", "河道水面"), LegendRow("arrow", "text", "流向"))
    assert ARROWS_KM == FARTHEST_KM
    assert legend_from(rows, ARROWS_KM - 1) == rows and legend_from(rows, ARROWS_KM) == rows[:1]


def test_the_scale_bar_is_as_long_as_it_says():
    for km_per_pixel in np.geomspace(1e-5, 5.0, 60):
        length, words = scale_bar(float(km_per_pixel))
        number, unit = words.split()
        km = float(number) * (1.0 if unit == "km" else 1e-3)
        assert length <= 180.0001 and length * km_per_pixel == pytest.approx(km, rel=1e-6), words
