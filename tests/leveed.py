"""A cache with a levee along a plain that falls away from it, for tests of breaches in scenarios."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from console.domain.objects import Thing
from console.domain.scenario import Breach
from console.services import scenario_floods
from console.services.sandbox_ground import SandboxGround
from console.viewdata.basemap import BaseMap, Region
from console.viewdata.scene import SceneRiver
from scenes.ground.frame import to_degrees
from scenes.ground.opening import GroundSpec
from tests.consulting import Board, desks
from tests.consulting import plan as planned
from tests.gui import until
from tests.unit.test_whatif import HOUR

LEVEE = "LOCWK002"
LEAD_H = 56.0  # eight hours of flood: enough for what is told
BREAK = Breach(LEVEE, 10.0, 200.0, 48 * HOUR, 1.0, 5.0)


def plan(name, *inputs, lead_h=LEAD_H):
    return planned(name, *inputs, lead_h=lead_h)


class Ground:
    """A plain that falls gently to the east; a river lies west of x = 0."""

    sources = ()

    def __init__(self, lower_m=0.0):
        self.lower_m = lower_m

    def heights(self, east_km, _north_km, _cell_km):
        return np.where(east_km < -0.5, -2.0, 4.0 - self.lower_m - 0.02 * east_km).astype(np.float32)


def degrees(*places):
    lon, lat = to_degrees(*np.array(places, float).T)
    return np.column_stack([lon, lat])


def ground(**more):
    river = SceneRiver("北江", degrees((-1.5, 40.0), (-1.5, -40.0)), np.array([2.0, 1.0]))
    return SandboxGround(GroundSpec(()), Ground(**more), (river,), ())


class Leveed(Board):
    """A cache with a levee that runs from north to south along x = 0."""

    def __init__(self):
        super().__init__()
        line = tuple(map(tuple, degrees((0.0, 10.0), (0.0, -54.0)).tolist()))
        self.things = {"works": (Thing("works", LEVEE, "北江大堤", (line,), {"type": "levee", "river": "北江"}),)}


def leveed_desks(tmp_path, runner, hub, monkeypatch):
    """Yield what makes a consultation over such a plain, cells of 600 m."""
    ring = degrees((2.0, -30.0), (22.0, -30.0), (22.0, 30.0), (2.0, 30.0), (2.0, -30.0))
    monkeypatch.setattr(scenario_floods, "load_ground", lambda _cache: ground())
    monkeypatch.setattr(
        scenario_floods, "load_basemap", lambda _cache: BaseMap(prefectures=(Region("44", "佛山", (ring,), (113.0, 23.0)),))
    )
    monkeypatch.setattr(scenario_floods, "CELL_M", 600.0)
    yield from desks(tmp_path, runner, hub)


def layers(root: Path, **more) -> None:
    places = [degrees((3.0, 0.0))[0].tolist(), degrees((60.0, 0.0))[0].tolist()]
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": at}, "properties": {"人数": n}}
        for at, n in zip(places, (1200, 900), strict=True)
    ]
    (root / "人口.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    row = {"name": "人口", "file": "人口.geojson", "field": "人数", "unit": "人", "source": "七普", "date": "2020-11-01"} | more
    (root / "exposure.toml").write_text("[[layer]]\n" + "\n".join(f'{k} = "{v}"' for k, v in row.items()), "utf-8")


def computed(runner, consult, *plans):
    async def story():
        consult.begin()
        await until(lambda: consult.declared)
        ids = [await consult.create(one) for one in plans]
        await until(lambda: not consult.busy, 120, "computed")
        return ids

    return runner.run(story())
