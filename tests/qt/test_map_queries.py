"""Questions to the map keep their answers true: circles, upstream and downstream, notes and their layer, faded layers."""

from __future__ import annotations

import contextlib

import pytest
from PySide6.QtCore import QPointF

from console.domain.geo import geodesic_km
from console.domain.layers import LayerState, read_layers, toggled
from console.domain.states import State
from console.domain.time import from_beijing
from console.viewdata.notes import Note
from console.windows.map_desk import MapDesk
from tests.flood_cache import fill
from tests.gui import context_of, make_look, session_of, until
from widgets.basin_strip import BasinStrip
from widgets.map_projection import MapFrame
from widgets.map_rivers import cut_by_station, river_token
from widgets.map_tools import MapTools

NOW = from_beijing("2022-06-22 15:00")
H = 3600


def with_desk(qapp, home, hub, runner, story):
    fill(home.profile("live"), "beijiang-2022-06", NOW)

    async def run():
        session = session_of(home, "live", hub)
        desk = MapDesk(context_of(qapp, session, hub))
        session.board.changed.connect(desk.refresh)
        try:
            session.start()
            desk.panel.resize(900, 600)
            desk.panel.show()
            await until(lambda: session.board.whole and session.desk.loaded)
            desk.refresh()
            await story(session, desk)
        finally:
            with contextlib.suppress(RuntimeError, TypeError):
                session.board.changed.disconnect(desk.refresh)
            desk.panel.hide()
            desk.close()
            await session.close()

    runner.run(run())


def test_a_circle_answers_for_the_moment_that_is_shown(qapp, home, hub, runner):
    async def story(session, desk):
        tools = desk.panel.map.tools
        tools.start("circle")
        tools.click(113.4, 24.2)
        tools.click(116.4, 24.2)
        assert tools.circle[2] == pytest.approx(geodesic_km(((113.4, 24.2), (116.4, 24.2))))
        assert "站，超限 7：" in tools.circle_text and " 等，不明 " in tools.circle_text
        session.situation.look_at(from_beijing("2022-06-10 12:00"))
        await until(lambda: session.board.board.moment < NOW - 200 * H)
        desk.refresh()
        assert "超限 0" in tools.circle_text
        tools.clear()
        assert tools.circle is None and tools.circle_text == ""

    with_desk(qapp, home, hub, runner, story)


def test_upstream_and_downstream_of_the_selected_station_are_ringed_counted_and_follow_it(qapp, home, hub, runner):
    async def story(session, desk):
        asked, chart = desk.panel.toolbar.along_chosen, desk.panel.map
        asked.emit("upstream")
        assert "请先选一个站" in desk.panel.said.text()
        session.situation.select("LOC00106")
        desk.refresh()
        up = chart.content.objects.marked
        assert up and "上游" in desk.panel.said.text() and f"{len(up)} 站" in desk.panel.said.text()
        bare = chart.grab().toImage()
        asked.emit("downstream")
        down = chart.content.objects.marked
        assert down and not up & down and chart.grab().toImage() != bare
        asked.emit("downstream")
        assert chart.content.objects.marked == frozenset() and desk.panel.said.text() == ""
        asked.emit("upstream")
        desk.panel.toolbar.cleared.emit()
        desk.refresh()
        assert chart.content.objects.marked == frozenset() and desk.panel.said.text() == "", "put away with everything else"

    with_desk(qapp, home, hub, runner, story)


def test_notes_obey_their_layer_and_a_layer_comes_back_as_it_was(qapp, home, hub, runner):
    async def story(session, desk):
        note = Note("n1", "line", ((113.0, 23.0), (114.0, 24.0)), "险段", "张三", float(NOW))
        await desk._notes._change(lambda: (note,))
        tools, layers = desk.panel.map.tools, desk.panel.layers
        desk.refresh()
        assert tools._notes == (note,)
        layers.faded.emit("notes", 20)
        desk.refresh()
        assert tools._notes_opacity == 0.2
        layers.switched.emit("notes", False)
        desk.refresh()
        assert tools._notes == ()
        layers.switched.emit("notes", True)
        desk.refresh()
        shown = next(layer for layer in read_layers(session.situation.current.layers) if layer.code == "notes")
        assert (shown.opacity, tools._notes_opacity) == (20, 0.2) and tools._notes == (note,)

    with_desk(qapp, home, hub, runner, story)


def test_a_layer_switched_off_and_on_keeps_its_limits():
    before = LayerState("river", 40, widest_km=120.0)
    off = toggled((LayerState("admin"), before), "river", False, ("admin", "river"))
    assert toggled(off, "river", True, ("admin", "river"), before) == (LayerState("admin"), before)


@pytest.mark.parametrize(
    ("kind", "at", "hit"),
    [
        ("line", (113.5, 23.5), True),
        ("area", (113.7, 23.3), True),
        ("line", (113.7, 23.3), False),
        ("point", (113.5, 23.5), False),
    ],
)
def test_a_note_is_taken_by_its_line_or_its_ground(qapp, kind, at, hit):
    frame = MapFrame.fitting(112.5, 22.5, 114.5, 24.5, 600, 600)
    points = ((113.0, 23.0), (114.0, 24.0), (114.0, 23.0)) if kind == "area" else ((113.0, 23.0), (114.0, 24.0))
    tools = MapTools(make_look(qapp), qapp)
    tools.set_notes((Note("n", kind, points[:1] if kind == "point" else points, "", "", 0.0),), 1.0)
    from console.domain.geo import mercator_y

    x, y = frame.to_pixels(at[0], mercator_y(at[1]))
    assert (tools.note_at(QPointF(float(x), float(y)), frame) is not None) is hit
    tools.deleteLater()


def test_an_outline_that_crosses_itself_has_no_area(qapp):
    tools = MapTools(make_look(qapp), qapp)
    bow = ((113.0, 23.0), (114.0, 24.0), (114.0, 23.0), (113.0, 24.0))
    assert "量不出面积" in tools._measure("area", bow) and "km²" in tools._measure("area", bow[:3])
    tools.deleteLater()


def test_an_unknown_reach_looks_unlike_a_normal_one_on_the_map_and_on_the_strip(qtbot, look):
    import numpy as np

    from console.viewdata.curves import StripNode, StripView

    assert cut_by_station(np.array([[113.0, 23.0], [114.0, 23.0]]), ())[0][0] is State.NO_DATA
    tokens = {river_token(s) for s in (State.NO_DATA, State.NORMAL, State.WATCH, State.WARNING)}
    assert len(tokens) == 4 and len({look.color(t).name() for t in tokens}) == 4

    def strip(stale):
        widget = BasinStrip(look)
        qtbot.addWidget(widget)
        widget.resize(600, 120)
        nodes = tuple(StripNode(c, c, 50.0 * i, State.WARNING, stale, "1", "+1", 0, False) for i, c in enumerate("AB"))
        widget.show_view(StripView("北江", nodes))
        return widget.grab().toImage().copy(150, 40, 300, 40)

    assert strip(stale=True) != strip(stale=False), "what is silent is not drawn as if it were over now"
