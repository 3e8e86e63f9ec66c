"""The feed died in the middle of a flood: nothing on the screen says that all is well."""

from __future__ import annotations

from console.domain.time import from_beijing
from console.presenters.map import map_view, present_map
from console.presenters.status import status
from console.presenters.table import tabs_of
from console.store.cache_writer import CacheWriter
from tests.flood_cache import fill
from tests.gui import session_of, until

NOW = from_beijing("2022-06-22 15:00")
H = 3600


def plain(text):
    return text


class Shown:
    def show_view(self, view):
        pass


def test_thirty_hours_of_silence_are_unknown_on_the_map_in_the_tabs_and_in_the_bar(qapp, home, hub, runner):
    profile = home.profile("live")
    fill(profile, "beijiang-2022-06", NOW)
    writer = CacheWriter(profile)
    writer.note_link(last_now=str(NOW + 30 * H))
    writer.close()

    async def story():
        session = session_of(home, "live", hub)
        try:
            session.start()
            await until(lambda: session.board.whole and session.situation.heard and session.desk.loaded)
            await until(lambda: session.board.board.now > NOW + 29 * H)
            board = session.board.board
            said = present_map(Shown(), board, None, plain, session.topics)
            assert "无超限" not in said and "不明 60" in said and "其中断报前超限 7" in said
            view = map_view(board, session.topics, {}, None, plain)
            assert all(layer.unknown == layer.total for layer in view.layers if layer.code in ("river", "reservoir", "rain"))
            assert all(tab.unknown == tab.total for tab in tabs_of(board, session.topics) if tab.code == "river")
            told = status(session, plain, "")
            assert (told.alarm_text, told.alarm_tone) == ("没有可判断的数据", "warn")
        finally:
            await session.close()

    runner.run(story())


def test_an_empty_cache_is_not_at_peace(qapp, home, hub, runner):
    async def story():
        session = session_of(home, "live", hub)
        try:
            session.start()
            await until(lambda: session.desk.loaded)
            told = status(session, plain, "")
            assert told.alarm_tone != "good" and "均已确认" not in told.alarm_text
        finally:
            await session.close()

    runner.run(story())
