"""A closed sandbox leaves nothing behind in a console that runs for days."""

from __future__ import annotations

import gc
import weakref

import psutil

from console.domain.time import from_beijing
from console.windows.panel_catalog import PANELS
from console.windows.panels import PanelHost
from tests.flood_cache import fill
from tests.grounds import with_hills
from tests.gui import context_of, session_of, until

CODE = "sandbox.scene"
PEAK = from_beijing("2022-06-22 14:00")


def test_opened_and_closed_all_shift_long_it_keeps_nothing(qapp, home, hub, runner):
    with_hills(home.shared_cache)
    fill(home.profile("live"), until=PEAK)
    files = []

    async def once(context):
        host = PanelHost(context, CODE, *PANELS[CODE])
        desk = host.built.refresh.__self__
        host.panel.resize(700, 520)
        host.panel.show()
        await until(lambda: desk.view.frame is not None, 60, "a picture")
        host.panel.hide()
        host.release()
        host.panel.deleteLater()
        return weakref.ref(desk), weakref.ref(desk.view)

    async def whole():
        session = session_of(home, "live", hub)
        session.start()
        context = context_of(qapp, session, hub)
        for _ in range(3):
            desk, view = await once(context)
            await until(lambda: gc.collect() is not None and desk() is None and view() is None, 20, "nobody to hold them")
            files.append(psutil.Process().num_fds())
        await session.close()

    runner.run(whole())
    assert files[2] <= files[0]
