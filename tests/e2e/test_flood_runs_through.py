"""The June 2022 flood, played at speed through every layer: marks appear on time everywhere."""

from __future__ import annotations

import asyncio

from console.domain.quality import Quality
from console.domain.states import State
from console.domain.time import from_beijing
from console.presenters.hydrograph import HydrographPresenter
from console.presenters.scene import scene_view
from console.services.sandbox_ground import load_ground
from console.services.wall_control import WallControl
from console.store.cache_reader import CacheReader
from scenes.palette import ground_palette, sky
from scenes.render.stage import Stage
from tests.grounds import with_hills
from tests.gui import make_look, session_of, until
from tests.processes import eventually

YINGDE, SHIJIAO = "LOC00106", "LOC00112"
NOON, TWO = from_beijing("2022-06-22 12:00"), from_beijing("2022-06-22 14:00")
MARKS = [
    (YINGDE, "Z", from_beijing("2022-06-22 09:00"), 35.89),
    (YINGDE, "Z", NOON, 35.95),
    (YINGDE, "Z", TWO, 35.97),
    (SHIJIAO, "Q", NOON, 18500.0),
    (SHIJIAO, "Z", NOON, 12.22),
]


def sids(client):
    docs = client.objects("series")[1]
    return {(d["properties"]["object"], d["properties"]["element"]): d["properties"]["sid"] for d in docs}


def api_rows(client):
    page = client.changes("", 20000)
    return {
        (s, t): (v, q)
        for s, t, v, q in zip(page.sid.tolist(), page.t.tolist(), page.value.tolist(), page.quality.tolist(), strict=True)
    }


class Screen:
    """Keeps the last hydrograph it was given."""

    view = None

    def show_view(self, view):
        self.view = view


def test_published_marks_appear_on_time_at_every_layer(chain, home, runner, hub, qapp):
    flood = chain(rate="3600", start="2022-06-22 06:00")
    flood.start_central()
    flood.start_sync()
    series = flood.ask(sids)

    early = flood.ask(api_rows)
    hello = flood.ask(lambda c: c.hello())
    for code, element, t, _ in MARKS:
        if hello.now_t < t - 60:
            assert (series[(code, element)], t) not in early, "nothing arrives before its time"
    eventually(lambda: flood.ask(lambda c: c.hello()).now_t >= TWO, 30, "the clock reaches 14:00")

    rows = eventually(lambda: (r := flood.ask(api_rows)) and (series[(YINGDE, "Z")], TWO) in r and r, what="the API has 14:00")
    for code, element, t, value in MARKS:
        assert rows[(series[(code, element)], t)] == (value, Quality.MEASURED)

    reader = CacheReader(flood.profile)
    eventually(lambda: len(reader.window(series[(YINGDE, "Z")], TWO, TWO)[0]), what="the cache has 14:00")
    for code, element, t, value in MARKS:
        assert reader.window(series[(code, element)], t, t)[1].tolist() == [value]
    reader.close()

    async def look_at_it():
        session = session_of(home, flood.source, hub)
        screen = Screen()
        presenter = HydrographPresenter(session, screen, str)
        session.start()
        try:
            await until(lambda: session.board.board.row(YINGDE) and session.link.state == "up", what="the window has data")
            session.situation.select(YINGDE)
            session.situation.look_at(TWO)
            await until(lambda: session.board.board.moment == TWO and session.board.board.row(YINGDE).level.t == TWO)
            row = session.board.board.row(YINGDE)
            assert (row.level.value, row.level.quality, row.state) == (35.97, Quality.MEASURED, State.WARNING)
            assert round(row.margin_m, 2) == 9.97
            presenter.refresh()
            view = await until(lambda: screen.view, what="the hydrograph is drawn")
            level = next(c for c in view.curves if c.role == "level")
            at = {t: v for t, v in zip(level.t.tolist(), level.v.tolist(), strict=True)}
            assert (at[TWO], at[NOON]) == (35.97, 35.95)
            assert any(c.role == "rain" for c in view.curves)
            assert [m.value for m in view.limits] == [26.0]
            alarms = session.desk.alarms
            await until(lambda: any(a.object_code == YINGDE and a.rule == "warning" for a in session.desk.alarms))
            assert all(a.first_seen_t >= a.onset_t for a in alarms)
            scene = scene_view(session.board.board, YINGDE)
            session.situation.look_at(NOON)
            await until(lambda: session.board.board.moment == NOON and session.board.board.row(SHIJIAO).level.t == NOON)
            return scene, scene_view(session.board.board, None)
        finally:
            await session.close()

    at_two, at_noon = runner.run(look_at_it())
    with_hills(home.shared_cache)
    found, look = load_ground(home.shared_cache), make_look(qapp)
    stage = Stage(320, 200, sky(look))
    try:
        stage.set_ground(found.ground, found.rivers, ground_palette(look), sky(look), lambda: None)
        stage.show(at_two)
        assert abs(stage.rivers.level_m("北江", 113.41, 24.19) - 35.97) < 0.05
        stage.show(at_noon)
        assert abs(stage.rivers.level_m("北江", 112.96, 23.57) - 12.22) < 0.05
    finally:
        stage.release()


def test_a_second_window_follows_as_a_wall(chain, home, runner, hub, qapp):
    from console.windows.wall_screen import WallScreen
    from tests.gui import context_of

    flood = chain(rate="60", start="2022-06-22 10:00")
    flood.start_central()
    flood.start_sync()

    async def two_windows():
        desk, wall = session_of(home, flood.source, hub), session_of(home, flood.source, hub)
        control = WallControl(desk)
        screen = WallScreen(context_of(qapp, wall, hub), "T1")
        screen.resize(1280, 720)
        screen.show()
        desk.start()
        wall.start()
        try:
            await until(lambda: desk.link.state == "up" and wall.link.state == "up" and desk.sync.up and wall.sync.up)
            desk.situation.select(YINGDE)
            await until(lambda: wall.situation.current.selection == YINGDE, what="the wall selects what the desk selects")
            desk.situation.look_at(from_beijing("2022-06-21 12:00"))
            await until(
                lambda: wall.situation.moment() == from_beijing("2022-06-21 12:00"),
                what="the wall shows the desk's time",
            )
            control.cast("monitor.reservoir")
            await until(lambda: "monitor.reservoir" in screen.tiles, what="one click puts a panel on the wall")
            assert len(screen.tiles) >= 4 and screen.lag_ms < 1000
            await until(lambda: "T1" in control.nodes, what="the desk knows the wall")
        finally:
            screen.release()
            screen.hide()
            screen.deleteLater()
            await desk.close()
            await wall.close()
            await asyncio.sleep(0)

    runner.run(two_windows())
