"""A flood of a small polder and a desk that shows it, for tests of inundation in the sandbox."""

from __future__ import annotations

import asyncio
from functools import partial

import numpy as np

from console.presenters.flood import COLOR_TOKENS, paint_flood
from console.services.flood_desk import FloodDesk
from console.services.flood_library import ExposureSource, Site
from console.services.tasks import TaskScope
from console.viewdata.inundation import BreachPlace
from scenes.ground.frame import to_degrees
from tests.depth_files import NAN, T0, netcdf
from tests.gui import until
from tests.unit.test_flood_library import geojson

COLORS = {token: (10 * i, 20 * i, 30 * i) for i, token in enumerate(COLOR_TOKENS, 1)}
PAINT = partial(paint_flood, colors=COLORS, tr=str)
HOUR = 3600.0
# 500 × 400 m in cells of 100 m, row 0 the southernmost, at 08:00, 09:00 and 10:30: the west fills from the south-west
# corner on, a little water runs off again in the south-east, nobody knows the north-east corner.
FLOOD = np.zeros((3, 4, 5), np.float32)
FLOOD[:, 0, 0], FLOOD[1:, 0, 1], FLOOD[2, 1, 0], FLOOD[1, 0, 4], FLOOD[:, 3, 4] = (0.2, 1.2, 3.5), (0.7, 2.1), 0.4, 0.3, NAN
FLOOD[2, 2, 0] = 0.06


def at(row: int, column: int) -> tuple[float, float]:
    lon, lat = to_degrees(0.05 + 0.1 * column, 0.05 + 0.1 * row)
    return float(lon), float(lat)


class Settled:
    """A runner that lets a desk come to rest before its loop stops: what comes back from a thread later finds no loop."""

    def __init__(self, runner):
        self.runner, self.desk = runner, None

    def run(self, story):
        found = self.runner.run(story)
        self.runner.run(self._rest())
        return found

    async def _rest(self):
        for _ in range(25):
            desk = self.desk
            counts = desk is not None and desk._opened is not None and desk._opened.site.exposures and desk.now is not None
            if desk is None or (not desk._work and not (counts and desk.counted_at != desk.now.view.moment)):
                return
            await asyncio.sleep(0.02)


async def shown(desk: FloodDesk, name: str, moment: float):
    """Choose a result and wait until all of it is there."""
    desk.choose(name)
    desk.want(moment)
    drawn = "what was swept is drawn too: nothing comes back from a thread once the loop no longer runs"
    await until(lambda: desk.now is not None and desk.now.view.arrival_s is not None and not desk._work, what=drawn)
    return desk.now


async def listed(desk: FloodDesk) -> None:
    desk.begin()
    await until(lambda: desk.entries)


def alphas(desk: FloodDesk) -> np.ndarray:
    """Return the transparency at each cell's middle, (4, 5), row 0 the southernmost."""
    rgba = desk.now.picture.rgba
    rows, columns = (n // k for n, k in zip(rgba.shape, (4, 5), strict=False))
    return rgba[rows // 2 :: rows, columns // 2 :: columns, 3]


def colors(desk: FloodDesk) -> list[list[int]]:
    """Return the red of each cell's middle: 10 for the shallowest class, 60 for the deepest, 70 unknown."""
    rgba = desk.now.picture.rgba
    rows, columns = (n // k for n, k in zip(rgba.shape, (4, 5), strict=False))
    return rgba[rows // 2 :: rows, columns // 2 :: columns, 0].tolist()


def small_polder(library, tmp_path):
    """Take a flood of a small polder into a library, with where it broke and what lies there; returns its name."""
    people = geojson(tmp_path / "p.geojson", ("Point", [50.0, 50.0], {"人": 12}), ("Point", [450.0, 350.0], {"人": 5}))
    site = Site(
        "试算一", (BreachPlace(113.1, 23.3, "石角", T0 + 1800, 150.0),),
        (ExposureSource("人口", str(people), "人", "人", "七普", "2020-11-01"), ExposureSource("房屋", "无.gpkg")),
    )  # fmt: skip
    return library.add(netcdf(tmp_path / "石角.nc", FLOOD), site=site)


def settled_desk(home, hub, runner):
    """Yield a desk; afterwards it is closed as the product does."""
    scope = TaskScope(hub.report)
    found = runner.desk = FloodDesk(home.shared_cache, scope, PAINT)
    yield found
    found.close()
    runner.run(scope.close())
