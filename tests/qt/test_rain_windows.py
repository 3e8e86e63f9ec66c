"""Which hours a rain figure stands for: since eight, half hours of hourly gauges, silence, a clock that moves on."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from console.domain.time import from_beijing
from console.services.rain_field import RainFieldService
from tests.flood_cache import fill
from tests.gui import make_look, session_of, until
from widgets.map_rain import RainDrape

H = 3600
LAST = from_beijing("2022-06-22 08:00")  # the published rain ends here


def told(home, hub, runner, now, story):
    fill(home.profile("live"), until=now)

    async def run():
        session = session_of(home, "live", hub)
        try:
            session.start()
            await until(lambda: session.board.whole and session.board.board.row("LOC00601") is not None)
            await story(session, RainFieldService(session))
        finally:
            await session.close()

    runner.run(run())


def test_since_eight_begins_at_eight_whatever_the_gauges_do(qapp, home, hub, runner):
    async def story(session, service):
        board = session.board
        whole = await service.at(await board.at_other(LAST - 1, LAST), 24.0)
        early = await service.at(await board.at_other(LAST - 17 * H, LAST), 0.0)
        seven = await service.at(await board.at_other(LAST - 17 * H, LAST), 7.0)
        assert early.hours == 7.0 and early.areas == seven.areas and whole.areas
        soon = await service.at(await board.at_other(LAST - 24 * H + 600, LAST), 0.0)
        assert soon.areas == () and "没有雨量站读数" in soon.said, "ten minutes after eight nothing has been read yet"
        silent = await service.at(board.board, 0.0)
        assert silent.areas == () and silent.hours == 0.0, "the night's rain is not called that of today"

    told(home, hub, runner, LAST + 7 * H, story)


@pytest.mark.parametrize(("asked", "given"), [(2.5, 3.0), (0.5, 1.0), (1.0, 1.0), (24.0, 24.0)])
def test_a_part_of_an_hourly_sum_is_not_known(qapp, home, hub, runner, asked, given):
    async def story(session, service):
        field = await service.at(session.board.board, asked)
        same = await service.at(session.board.board, given)
        assert field.hours == given and field.areas == same.areas
        drape = RainDrape(make_look(qapp))
        assert drape._head(field).startswith(f"{given:g} h ")

    told(home, hub, runner, LAST, story)


def test_the_drape_follows_a_clock_that_moved_while_it_was_worked_out(qapp, home, hub, runner):
    async def story(session, service):
        gate, at = asyncio.Event(), service.at

        async def slow(board, hours):
            await gate.wait()
            return await at(board, hours)

        service.at = slow
        service.want()
        session.situation.look_at(LAST - 30 * H)
        await until(lambda: session.board.board.moment == LAST - 30 * H)
        service.want()
        service.set_hours(6.0)
        gate.set()
        await until(lambda: service.field is not None and (service.field.until_t, service.field.hours) == (LAST - 30 * H, 6.0))
        service.close()

    told(home, hub, runner, LAST, story)


def test_a_future_without_a_forecast_of_rain_is_not_called_silent(qapp, home, hub, runner):
    async def story(session, service):
        board = await session.board.at_other(LAST + 30 * H, LAST)
        head = RainDrape(make_look(qapp))._head(await service.at(board, 24.0))
        assert "没有雨量预报" in head and "缺报" not in head

    told(home, hub, runner, LAST, story)


def test_one_daily_gauge_keeps_nobody_from_an_hour_of_rain(qapp, home, hub, runner):
    async def story(session, service):
        daily = next(s for s in session.board.series.values() if s.element == "P" and s.object_code == "LOC00601")
        session.board.series[daily.sid] = replace(daily, interval_s=86400)
        for hours in (1.0, 3.0, 6.0):
            field = await service.at(session.board.board, hours)
            assert field.hours == hours and field.missing >= 1 and field.gauges > 10

    told(home, hub, runner, LAST, story)


@pytest.mark.parametrize(
    ("steps", "hours", "usual"),
    [
        ([3600] * 10 + [86400], 1.0, 3600),
        ([10800] * 10 + [3600], 1.0, 10800),
        ([10800] * 4 + [3600] * 6, 1.0, 3600),
        ([86400] * 3, 6.0, 86400),
        ([], 6.0, 3600),
        ([300] * 5 + [3600] * 2, 0.0, 300),
    ],
)
def test_the_interval_of_a_window_is_that_of_most_gauges(steps, hours, usual):
    from console.services.rain_field import _usual

    assert _usual(steps, hours) == usual
