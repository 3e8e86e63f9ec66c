"""Gridded rain over the sandbox: imported in millimetres, painted in the service's grades, clear where it is dry or unknown."""

from __future__ import annotations

from functools import partial

import numpy as np

from console.domain.rain import TOKENS
from console.presenters.rain_grid import paint_rain, rain_legend, rain_note
from console.services.flood_desk import FloodDesk
from console.services.flood_library import FloodLibrary, told_of
from console.services.tasks import TaskScope
from tests.depth_files import NAN, T0, netcdf
from tests.gui import until

COLORS = {token: (40 * i, 0, 0) for i, token in enumerate(TOKENS, 1)}
RAIN_MM = np.zeros((3, 4, 5), np.float32)
RAIN_MM[:, 0, 0], RAIN_MM[:, 0, 1], RAIN_MM[:, 1, 0], RAIN_MM[:, 3, 4] = 60.0, 5.0, (0.0, 10.0, 20.0), NAN


def test_radar_rain_is_followed_through_time_in_the_grades_colours(home, hub, qapp, runner, tmp_path):
    folder = home.shared_cache / "rain-grid"
    typed = {
        "crs": "",
        "variable": "",
        "unit": "mm",
        "start": "",
        "step_h": "",
        "zone": "",
        "simulated": None,
        "empty_is_dry": False,
    }
    name = FloodLibrary(folder).add(netcdf(tmp_path / "雷达.nc", RAIN_MM), told_of(**typed))
    scope = TaskScope(hub.report)
    desk = FloodDesk(folder, scope, partial(paint_rain, colors=COLORS))

    async def story():
        desk.choose(name)
        desk.want(T0)
        await until(lambda: desk.now is not None and desk.now.picture is not None, what="the first picture")
        rgba = desk.now.picture.rgba
        assert rgba.shape == (4, 5, 4)
        assert rgba[0, 0, 0] == 40 * 4 and rgba[0, 1, 0] == 40, "60 mm is a storm, 5 mm small rain"
        assert rgba[1, 0, 3] == 0 and rgba[3, 4, 3] == 0, "dry and unknown are clear"
        assert [row[2] for row in rain_legend(desk.now.view, str)] == ["网格雨量 0.1–10 mm", "网格雨量 50–100 mm"]
        assert "雷达" in rain_note(desk.now.view, str)
        before = desk.now.picture.key
        desk.want(T0 + 3600.0)
        await until(lambda: desk.now.picture is not None and desk.now.picture.key != before, what="the next hour")
        assert desk.now.picture.rgba[1, 0, 0] == 80, "10 mm is moderate rain"

    try:
        runner.run(story())
    finally:
        desk.close()
        runner.run(scope.close())
