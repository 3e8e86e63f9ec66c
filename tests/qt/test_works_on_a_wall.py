"""A wall that shows one panel alone: a works in alarm is one there too, though no works panel stands beside it."""

from __future__ import annotations

import pytest

from console.domain.time import from_beijing
from console.windows.panel_catalog import PANELS
from console.windows.panels import PanelHost
from tests.flood_cache import fill
from tests.gui import context_of, session_of, until

PEAK = from_beijing("2022-06-22 14:00")


@pytest.mark.parametrize("code", ["monitor.map", "monitor.table"])
def test_a_panel_alone_has_the_works_judged(qtbot, qapp, home, hub, runner, code):
    fill(home.profile("live"), "beijiang-2022-06", PEAK)

    async def story():
        session = session_of(home, "live", hub)
        host = PanelHost(context_of(qapp, session, hub), code, *PANELS[code])
        try:
            session.start()
            host.panel.resize(800, 500)
            host.panel.show()
            host.refresh()
            await until(lambda: any(r.state == "alarm" for r in session.works.reports))
        finally:
            host.panel.hide()
            host.release()
            await session.close()

    runner.run(story())
