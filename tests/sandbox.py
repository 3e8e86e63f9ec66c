"""The sandbox as a panel on a console that has pulled everything, for tests of what it shows and keeps."""

from __future__ import annotations

import shutil

from console.domain.time import from_beijing
from console.services.sandbox_ground import load_ground
from console.windows.panel_catalog import PANELS
from console.windows.panels import PanelHost
from tests.flood_cache import fill
from tests.grounds import with_hills
from tests.gui import context_of, session_of, until

CODE = "sandbox.scene"
PEAK = from_beijing("2022-06-22 14:00")


def hills(cache):
    """Return a cache with hills and the base map."""
    with_hills(cache)
    load_ground(cache)
    return cache


def opened_sandbox(qapp, home, hub, runner, ground):
    """Return what runs a story of the opened panel: story(desk, session), and ends it as the product does."""
    shutil.copytree(ground, home.shared_cache, dirs_exist_ok=True)
    fill(home.profile("live"), until=PEAK)

    def run(story, **settings):
        async def whole():
            session = session_of(home, "live", hub)
            host = PanelHost(context_of(qapp, session, hub, **settings), CODE, *PANELS[CODE])
            desk = host.built.refresh.__self__
            try:
                session.start()
                host.panel.resize(700, 520)
                host.panel.show()
                await until(lambda: any(r.level for r in session.board.board.rows), what="data")
                await until(lambda: desk._found is not None, what="ground")
                host._stale = True
                host.refresh()
                await story(desk, session)
            finally:
                host.panel.hide()
                host.release()
                await session.close()

        runner.run(whole())

    return run


def said(desk):
    return desk.panel.said.text() if desk.panel.said.isVisibleTo(desk.panel) else ""
