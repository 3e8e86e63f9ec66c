"""The frame: docked panels, crash cards, language and theme live, fonts."""

from __future__ import annotations

import asyncio

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QRawFont

from console.domain.objects import Station
from console.domain.time import from_beijing
from console.errors import ErrorHub
from console.fonts import NoChineseFont, chinese_family, has_chinese
from console.services.map_sources import MapSources
from console.services.tasks import TaskScope
from console.services.wall_control import WallControl
from console.windows.docking import DockPage, is_sound
from console.windows.frame import Frame
from console.windows.panels import Built, PanelHost
from scenes.ground.frame import to_local
from tests.flood_cache import fill
from tests.gui import console_loop, context_of, session_of, until
from tests.texts import shown_texts
from widgets.overview import Overview
from widgets.panel import Panel


@pytest.fixture
def session(home, hub, runner):
    found = session_of(home, "beijiang-2022-06", hub)
    yield found
    runner.run(found.close())


def page(qtbot, look, tmp_path, name="t"):
    found = DockPage(name, tmp_path)
    for code, area, beside in (("a", "center", None), ("b", "right", "a"), ("c", "bottom", "b")):
        found.place(Panel(look, code, code, Overview(look)), area, beside)
    found.finish([("a", (70, 30))])
    found.resize(1000, 600)
    found.show()
    qtbot.waitUntil(lambda: found._shares is None)
    return found


def test_panels_split_float_and_come_back_where_they_were(qtbot, look, tmp_path):
    first = page(qtbot, look, tmp_path)
    qtbot.addWidget(first)
    first.float_panel("c")
    assert first.docks["c"].isFloating()
    first.save()
    again = page(qtbot, look, tmp_path)
    qtbot.addWidget(again)
    assert again.docks["c"].isFloating() and again.docks["c"].widget().isVisibleTo(again.docks["c"])
    again.reset()
    assert not again.docks["c"].isFloating() and all(again.state().values())
    again.docks["b"].toggleView(False)
    assert not again.state()["b"]
    again.reopen_all()
    assert all(again.state().values())
    first.leave()
    again.leave()


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"garbage",
        b'{"a": 1}',
        b"<?xml version='1.0'?><QtAdvancedDockingSystem",
        b"<?xml version='1.0'?><!DOCTYPE x><x/>",
        b'<?xml version="1.0"?><QtAdvancedDockingSystem Version="1" UserVersion="1"><Container><Sizes>abc </Sizes></Container></QtAdvancedDockingSystem>',
        b"x" * 300_000,
    ],
)
def test_a_damaged_layout_file_means_the_default_layout(qtbot, look, tmp_path, state):
    (tmp_path / "t.xml").write_bytes(state)
    found = page(qtbot, look, tmp_path)
    qtbot.addWidget(found)
    assert all(found.state().values()) and not is_sound(state, {"t.a", "t.b", "t.c"})


def test_a_crashing_view_becomes_a_card_and_its_neighbour_runs_on(qtbot, qapp, home, runner):
    hub = ErrorHub()
    session = session_of(home, "beijiang-2022-06", hub)
    context = context_of(qapp, session, hub)
    broken = {"on": True}

    def bad(_context):
        def refresh():
            if broken["on"]:
                raise RuntimeError("bug in a view")
            return "well"

        return Built(Overview(context.look), refresh, frozenset({"board"}))

    calls = []
    good = PanelHost(
        context, "good", "好", lambda _c: Built(Overview(context.look), lambda: calls.append(1), frozenset({"board"}))
    )
    host = PanelHost(context, "bad", "坏", bad)
    for h in (good, host):
        qtbot.addWidget(h.panel)
        h.panel.show()
        h.refresh()
    assert host.panel.crashed and not good.panel.crashed and calls
    assert hub.incidents[0].number and "bug in a view" in hub.incidents[0].detail
    broken["on"] = False
    host.reload()
    assert not host.panel.crashed
    for h in (good, host):
        h.release()
    runner.run(session.close())


def test_a_fault_while_painting_is_contained_too(qtbot, qapp, home, runner):
    hub = ErrorHub()
    session = session_of(home, "beijiang-2022-06", hub)
    context = context_of(qapp, session, hub)

    class Bad(Overview):
        def paint(self, painter):
            raise ValueError("bad paint")

    host = PanelHost(context, "bad", "坏", lambda _c: Built(Bad(context.look), lambda: "", frozenset({"board"})))
    qtbot.addWidget(host.panel)
    host.panel.show()
    qtbot.waitUntil(lambda: host.panel.crashed)
    host.release()
    runner.run(session.close())


def test_a_frozen_panel_says_so_and_stands_still(qtbot, qapp, session, hub):
    context = context_of(qapp, session, hub)
    calls = []
    host = PanelHost(
        context, "x", "表", lambda _c: Built(Overview(context.look), lambda: calls.append(1), frozenset({"board"}))
    )
    qtbot.addWidget(host.panel)
    host.panel.show()
    host.refresh()
    host.panel.freeze_toggled.emit(True)
    seen = len(calls)
    session.board.changed.emit()
    host.refresh()
    assert len(calls) == seen and "已冻结" in host.panel._frozen.text()
    host.panel.freeze_toggled.emit(False)
    assert len(calls) == seen + 1
    host.release()


def test_no_text_of_the_program_is_tofu(qapp):
    family = chinese_family()
    raw = QRawFont.fromFont(QFont(family, 12))
    places = "韶关英德飞来峡清远石角芦苞三水潖江滃江浈江坪石犁市长坝乌石大湾高道梧州德庆高要马口博罗枫树坝新丰江乐昌峡湾头锦江"
    missing = sorted(
        {ch for text in [*shown_texts(), places] for ch in text if ord(ch) > 127 and not raw.supportsCharacter(ord(ch))}
    )
    assert not missing, f"{family} cannot draw {missing}"


def test_without_any_chinese_font_the_reason_and_the_remedy_are_said(qapp, monkeypatch):
    monkeypatch.setattr("console.fonts.has_chinese", lambda _family: False)
    with pytest.raises(NoChineseFont) as caught:
        chinese_family()
    assert "没有中文字体" in caught.value.what and "fonts-noto-cjk" in caught.value.next_step
    monkeypatch.undo()
    assert not has_chinese("")


def test_language_theme_and_size_switch_live_and_keep_what_was_typed(qtbot, qapp, home, hub, runner):
    from console.windows.frame import Frame

    async def story():
        session = session_of(home, "beijiang-2022-06", hub)
        context = context_of(qapp, session, hub)
        frame = Frame(context, wall=WallControl(session))
        frame.resize(1400, 800)
        frame.show()
        frame.open_workspace("duty")
        log = frame.workspaces["duty"].hosts["duty.log"].widget
        log.text.setPlainText("3+200 渗水")
        log.name.setText("李四")
        for change in ({"language": "en"}, {"theme": "light"}, {"scale": 1.2}, {"language": "zh"}):
            context.look.change(**change)
            await asyncio.sleep(0.05)
        log = frame.workspaces["duty"].hosts["duty.log"].widget
        assert log.text.toPlainText() == "3+200 渗水" and log.name.text() == "李四"
        assert frame.rail._buttons["duty"][0].text() == "值守"
        frame.open_workspace("monitor")
        frame.open_workspace("wall")
        frame.open_workspace("system")
        session.board.stations = {"X": Station("X", "x", "river")}
        session.board.changed.emit()
        await asyncio.sleep(0.2)
        reasons = [c.code for c in frame.commands if c.enabled()]
        assert reasons == ["sandbox.fly"], "an action that cannot run says why"
        frame.release()
        frame.hide()
        frame.deleteLater()
        await session.close()

    runner.run(story())


def test_a_stalled_gui_thread_is_noticed_with_its_stack(qtbot, qapp):
    import time

    from console.services.instruments import Instruments

    instruments = Instruments()
    instruments.start()
    qtbot.waitUntil(lambda: len(instruments.late_ms) > 3)
    end = time.perf_counter() + 0.25
    while time.perf_counter() < end:  # a bug that blocks the GUI thread
        pass
    qtbot.waitUntil(lambda: any(ms > 100 and "test_a_stalled_gui" in stack for _, ms, stack in instruments.stalls))
    instruments.stop()
    assert instruments.report()["worst_stall_ms"] > 100 and instruments.report()["memory_mb"] > 10


def test_the_loop_helper_reports_a_failed_task(qapp):
    hub = ErrorHub()
    from console.services.tasks import TaskScope

    async def story():
        scope = TaskScope(hub.report)

        async def bad():
            raise LookupError("lost")

        scope.start("bad", bad())
        await until(lambda: hub.incidents)
        await scope.close()
        scope.start("late", bad())

    with console_loop(qapp, hub) as runner:
        runner.run(story())
    assert "lost" in hub.incidents[0].summary


def test_a_field_laptop_of_768_lines_shows_the_whole_window(qapp, home, hub, runner):
    """What does not fit above each other lies behind each other; the time bar stays in sight."""
    from console.windows.frame import Frame

    fill(home.profile("live"), until=from_beijing("2022-06-22 06:00"))

    async def story():
        session = session_of(home, "live", hub)
        frame = Frame(context_of(qapp, session, hub), wall=WallControl(session))
        frame.resize(1366, 768)
        frame.show()
        frame.open_workspace("monitor")
        session.start()
        await until(lambda: any(r.main for r in session.board.board.rows))
        page = frame.workspaces["monitor"]
        await until(lambda: page.hosts["monitor.happening"].panel.isVisible())
        assert (frame.width(), frame.height()) == (1366, 768)
        assert not page.hosts["monitor.strip"].panel.isVisible()
        table = page.hosts["monitor.table"].widget.table
        assert table.viewport().height() >= 3 * table.rowHeight(0)
        frame.release()
        frame.hide()
        frame.deleteLater()
        await session.close()

    runner.run(story())


def test_what_is_searched_in_the_sandbox_is_flown_to_stations_and_works_alike(qapp, home, hub, runner, qtbot):
    fill(home.profile("live"), "beijiang-2022-06", from_beijing("2022-06-22 14:00"))

    async def run():
        session = session_of(home, "live", hub)
        frame = Frame(context_of(qapp, session, hub), wall=WallControl(session))
        try:
            session.start()
            frame.show()
            frame.open_workspace("sandbox")
            await until(lambda: session.board.board.rows and session.board.things.get("works"))
            view = frame.workspaces["sandbox"].hosts["sandbox.scene"].widget.view
            view.still = True  # jumps: what counts is where it ends
            works = next(t for t in session.board.things["works"] if t.place and t.code not in session.board.stations)
            station = next(s for s in session.board.stations.values() if s.name == "石角")
            for typed, place in (("石角", (station.lon, station.lat)), (works.name, works.place)):
                frame.open_palette()
                frame.palette_.input.setText(typed)
                qtbot.keyClick(frame.palette_.input, Qt.Key.Key_Return)
                east, north = to_local(*place)
                assert (view.camera.x, view.camera.y) == pytest.approx((float(east), float(north)), abs=2.0), typed
                assert view.camera.distance_km == 60.0
            assert frame.why_no_flight() == ""
            session.situation.select("nowhere")
            assert frame.why_no_flight() == "这个对象没有坐标"
        finally:
            frame.release()
            frame.hide()
            await session.close()

    runner.run(run())


def test_a_card_offers_what_its_topic_declares_and_opens_it(qapp, home, hub, runner, qtbot):
    """Charts and actions of a declaration are buttons: they bring the panel to the front, the table on its topic."""
    fill(home.profile("live"), "beijiang-2022-06", from_beijing("2022-06-22 14:00"))

    async def run():
        session = session_of(home, "live", hub)
        frame = Frame(context_of(qapp, session, hub), wall=WallControl(session))
        try:
            session.start()
            frame.show()
            frame.open_workspace("monitor")
            await until(lambda: session.board.board.rows)
            page = frame.workspaces["monitor"]
            code = next(r.code for r in session.board.board.rows if r.station.kind == "reservoir")
            session.situation.select(code)
            frame.open_panel("monitor.card")
            card = page.hosts["monitor.card"].widget
            await until(lambda: card.links)
            assert list(card.buttons) == ["hydrograph", "reservoir", "storage", "cascade", "log.entry", "alarm.ack", "table"]
            card.buttons["storage"].click()
            assert page.page.docks["monitor.storage"].isCurrentTab() or page.page.docks["monitor.storage"].isVisible()
            card.buttons["table"].click()
            assert session.situation.current.topic == "reservoir"
            card.buttons["log.entry"].click()
            assert frame.current == "duty" and session.situation.current.selection == code
        finally:
            frame.release()
            await session.close()

    runner.run(run())


def test_a_map_that_closes_while_its_sources_are_read_says_nothing_of_it(qapp, home, hub, runner, look):
    async def run():
        tasks = TaskScope(hub.report)
        sources = MapSources(home, tasks, look)
        heard = []
        sources.changed.connect(lambda: heard.append(1))
        tasks.start("map sources", sources.start())
        await asyncio.sleep(0)  # the list is being read
        sources.close()
        shiboken6.delete(sources)
        await until(lambda: not tasks.running())
        assert heard == [] and hub.incidents == []
        await tasks.close()

    runner.run(run())
