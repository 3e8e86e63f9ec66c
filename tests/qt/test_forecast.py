"""The future on the time bar: what a forecast reaches is shown as one, the rest says that there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt

from console.domain.quality import Quality
from console.domain.states import State
from console.domain.time import from_beijing
from console.presenters.hydrograph import HydrographPresenter
from console.presenters.map import present_map
from console.presenters.overview import happenings
from console.presenters.regimes import Regimes, tiles
from console.presenters.status import status
from console.presenters.timebar import TimeBarPresenter
from console.presenters.whats_next import next_step
from console.presenters.wording import meta
from console.store.cache_writer import CacheWriter
from console.viewdata.timebar import TimeBarView
from tests.flood_cache import fill
from tests.gui import make_look, session_of, until
from widgets.overview import Overview
from widgets.time_ruler import TimeRuler

NOW = from_beijing("2022-06-22 15:00")
H = 3600


def plain(text):
    return text


class Screen:
    view = None

    def show_view(self, view):
        self.view = view


def told(home, hub, runner, story, hours=24, more=lambda profile: None):
    """Run a story over the flood's cache in which one station has a forecast of so many hours. more: what else is in it."""
    sids = fill(home.profile("live"), "beijiang-2022-06", NOW)
    more(home.profile("live"))
    sid = next(sid for (code, element), sid in sids.items() if element == "Z" and code == "LOC00106")
    if hours:
        t = NOW + H * np.arange(1, hours + 1)
        value = np.linspace(36.0, 20.0, hours)
        columns = (np.full(hours, sid), t, value, np.full(hours, int(Quality.FORECAST)), np.ones(hours, np.int64))
        writer = CacheWriter(home.profile("live"))
        writer.apply(columns, "e.2")
        writer.close()

    async def run():
        session = session_of(home, "live", hub)
        try:
            session.start()
            await until(lambda: session.board.whole and session.situation.heard and session.desk.loaded)
            await story(session)
        finally:
            await session.close()

    runner.run(run())


def test_who_looks_ahead_sees_the_forecast_judged_and_named_and_nothing_else_as_fresh(qapp, home, hub, runner):
    async def story(session):
        assert session.board.board.ahead_t == NOW + 24 * H
        now = session.situation.now()
        session.situation.look_at(now + 3 * H)
        await until(lambda: session.board.board.ahead)
        board = session.board.board
        row = board.row("LOC00106")
        assert row.main.quality == Quality.FORECAST and row.state is State.WARNING and row.margin_m > 0
        others = [r for r in board.rows if r.code != row.code and r.main is not None and r.station.kind == "river"]
        assert others and all(r.state is State.NO_DATA and r.stale for r in others), "measured now, unknown then"
        assert "预报" in meta(board, row.main, plain) and meta(board, others[0].main, plain).startswith("没有预报")
        said = status(session, plain, "")
        assert said.mode_text.startswith("预报 ") and said.edge == "review"
        assert present_map(Screen(), board, None, plain, session.topics).startswith("预报 ")
        told = next(h for h in happenings((), board, session.board.name_of, plain) if h.code == row.code)
        assert "预报" in told.detail and "尚未生成告警" not in told.detail
        session.situation.look_at(now + 20 * H)
        await until(lambda: session.board.board.moment > now + 19 * H)
        assert session.board.board.row("LOC00106").state is State.NORMAL, "by then it has fallen below the warning level"
        session.situation.look_at(now + 90 * H)
        assert session.situation.moment() == NOW + 24 * H, "no further than a forecast reaches"

    told(home, hub, runner, story)


def test_what_was_forecast_for_hours_that_have_passed_neither_judges_nor_freshens_a_silent_gauge(qapp, home, hub, runner):
    """The gauge fell silent and its forecast ran on: it is as stale, and as far over its limit, as without one."""

    async def story(session):
        board = session.board.board
        assert board.now > NOW + 5 * H
        row = board.row("LOC00106")
        assert row.stale and row.level.t <= NOW and row.level.quality != Quality.FORECAST
        assert row.state.value >= State.WARNING.value and row.margin_m > 0, "what it last measured was over its limit"
        others = [r for r in board.rows if r.station.kind == "river" and r.level is not None]
        assert {r.freshness for r in others} == {row.freshness}

    def silent(profile):
        writer = CacheWriter(profile)
        writer.note_link(last_now=str(NOW + 6 * H))
        writer.close()

    told(home, hub, runner, story, more=silent)


def test_what_comes_next_is_the_forecasts_and_only_without_one_the_rate_of_the_last_hour(qapp, home, hub, runner):
    async def story(session):
        board = session.board.board
        row = board.row("LOC00106")
        assert len(row.level.forecast_t) == 24 and float(row.level.forecast_v[0]) == 36.0
        said = next_step(row, board.moment, plain)
        assert said.startswith("预报 06-22 16:00") and "36.00 m" in said or "到" in said
        down = replace(row.level, forecast_t=row.level.forecast_t, forecast_v=np.linspace(row.level.value, 20.0, 24))
        assert "退到" in next_step(replace(row, level=down), board.moment, plain)
        flat = replace(row.level, forecast_v=np.full(24, row.level.value))
        assert "仍超" in next_step(replace(row, level=flat), board.moment, plain)
        bare = replace(row.level, forecast_t=row.level.forecast_t[:0], forecast_v=row.level.forecast_v[:0], change_1h=-0.5)
        assert "照此约" in next_step(replace(row, level=bare, trend=-1), board.moment, plain)

    told(home, hub, runner, story)


def test_without_a_forecast_the_future_is_now(qapp, home, hub, runner):
    async def story(session):
        assert session.board.board.ahead_t == 0.0
        session.situation.look_at(session.situation.now() + 3 * H)
        assert session.situation.current.clock.mode == "live"

    told(home, hub, runner, story, hours=0)


def test_the_time_bar_reaches_as_far_and_draws_the_forecast_dashed(qtbot, qapp, home, hub, runner):
    async def story(session):
        screen = Screen()
        bar = TimeBarPresenter(session, screen, plain)
        session.situation.select("LOC00106")
        bar.refresh()
        assert screen.view.to_t >= NOW + 24 * H
        await until(lambda: len(screen.view.curve_t) and screen.view.curve_t[-1] == NOW + 24 * H, what="the forecast's curve")
        bar.step(2)
        assert session.situation.moment() > session.situation.now() + H
        bar.close()

    told(home, hub, runner, story)
    t = NOW + H * np.arange(-24, 25)
    ruler = TimeRuler(make_look(qapp))
    qtbot.addWidget(ruler)
    ruler.resize(600, 48)
    pictures = []
    for values in (t[:25], t):
        ruler.show_view(TimeBarView(NOW - 24 * H, NOW + 24 * H, NOW, NOW, "live", 1.0, None, (), values, np.sin(values / 9e3)))
        pictures.append(ruler.grab().toImage().copy(310, 0, 280, 48))
    assert pictures[0] != pictures[1]


def test_the_time_bar_bears_a_picture_that_is_older_than_the_list_of_series(qapp, home, hub, runner):
    async def story(session):
        bar = TimeBarPresenter(session, Screen(), plain)
        session.board.series = {}  # a recording that began anew: the rows of the old one still stand
        bar.refresh()
        session.situation.select("LOC00106")
        bar.refresh()
        bar.close()

    told(home, hub, runner, story, hours=0)


def test_the_curve_marks_no_present_that_is_not_measured(qapp, home, hub, runner):
    async def story(session):
        screen = Screen()
        presenter = HydrographPresenter(session, screen, plain, session.topics)
        session.situation.select("LOC00106")
        session.situation.look_at(session.situation.now() + 3 * H)
        await until(lambda: session.board.board.ahead)
        presenter.refresh()
        await until(lambda: screen.view is not None and screen.view.moment > session.situation.now())
        view = screen.view
        assert not view.looking_back and view.present.t <= NOW and view.present.old
        level = next(c for c in view.curves if c.role == "level")
        assert (level.quality[level.t > NOW] == Quality.FORECAST).all() and (level.t > NOW).sum() > 3
        presenter.close()

    told(home, hub, runner, story)


def test_what_a_forecast_reaches_is_not_called_a_report(qapp, home, hub, runner):
    async def story(session):
        session.situation.look_at(session.situation.now() + 10 * H)
        await until(lambda: session.board.board.ahead)
        made = {t.code: t for t in tiles(Regimes(session.board.board, session.topics, {}), session.desk, plain)}
        assert made["水"].coverage == "有预报 1/34" and made["data"].unit == "% 有预报"
        assert "缺报" not in made["data"].lines[0] and "没有预报" in made["data"].lines[0]

    told(home, hub, runner, story)


def test_a_figure_leads_to_its_list_and_one_without_leads_nowhere(qtbot, qapp, home, hub, runner):
    async def story(session):
        overview = Overview(make_look(qapp))
        qtbot.addWidget(overview)
        overview.resize(1400, 100)
        overview.show_tiles(made := tiles(Regimes(session.board.board, session.topics, {}), session.desk, plain))
        topics, panels = [], []
        overview.topic_chosen.connect(topics.append)
        overview.panel_wanted.connect(panels.append)
        for tile, box in zip(made, overview._boxes(), strict=True):
            qtbot.mouseClick(overview, Qt.MouseButton.LeftButton, pos=box.center().toPoint())
            last = panels[-1] if tile.panel else topics[-1] if tile.topic else ""
            assert last == (tile.panel or tile.topic)
        assert panels == ["duty.alarms", "system.sources"] and "" not in topics

    told(home, hub, runner, story)
