"""A detention area that a scenario opens: its water spreads within its ring, as much as the river lost, and no drop beyond."""

from __future__ import annotations

import numpy as np
import pytest

from console.domain.scenario import Inflow, Retention
from console.engine.chain_base import base_of
from console.engine.flooding import Plain
from console.engine.refused import EngineRefused
from console.engine.retention_flood import filled, retention_places
from console.engine.whatif import outcome_of
from console.engine.whatif_inputs import Case
from tests.unit.test_whatif import CHAIN, HOUR, T0, plan, series

OPENED = Retention("pajiang", 24 * HOUR, None, 800.0)
PLACE = retention_places(CHAIN)["pajiang"]


def ground(**more):
    """A hollow of ten by six kilometres within a square ring, higher ground all round."""
    x, y = (np.arange(60) + 0.5) * 200.0, (np.arange(40) + 0.5) * 200.0
    bed = 10.0 + 0.0002 * np.abs(x[None, :] - 6000.0) + 0.0002 * np.abs(y[:, None] - 4000.0)
    ring = np.array([[1000.0, 1000.0], [11_000.0, 1000.0], [11_000.0, 7000.0], [1000.0, 7000.0]])
    given = {"name": "潖江蓄滞洪区", "ground": "试验地形", "synthetic": True, "bed_m": bed, "x_m": x, "y_m": y, "line": ring}
    return Plain(**(given | {"at": np.array([900.0, 4000.0]), "river": np.array([900.0, 4000.0])} | more))


@pytest.fixture(scope="module")
def outcome():
    base = base_of(CHAIN, series(), T0, 72.0)
    scenario = plan(Inflow("in-lianjiang", 1.4), OPENED)
    return outcome_of(Case(CHAIN, base, scenario, {1: ground()}))


def test_what_the_area_takes_from_the_river_stands_within_its_ring(outcome):
    (one,) = outcome.floods
    taken = outcome.nodes["pajiang"].storage_m3[-1]
    assert one.volume_m3 == pytest.approx(taken, rel=1e-6), "the flood and the chain agree"
    assert one.mass_error < 1e-9 and outcome.mass_error < 1e-3
    assert one.title == "潖江蓄滞洪区蓄洪" and one.at_km is None and one.entry == 1
    x, y = np.meshgrid(ground().x_m, ground().y_m)
    inside = (x > 1000) & (x < 11_000) & (y > 1000) & (y < 7000)
    last = one.flood.depth_m[-1]
    assert last[~inside].max() == 0.0 and last[inside].max() > 1.0
    level = (ground().bed_m + last)[inside & (last > 0.5)]
    assert np.ptp(level) < 0.6, "towards the end it stands nearly level"
    assert one.hours[0] == 23.0 and one.hours[-1] == 72.0 and np.isfinite(one.level_m).all()
    said = "；".join(outcome.limits)
    assert "区界和进洪口为示意" in said and "试验地形" in said and one.synthetic


def test_an_area_that_takes_nothing_floods_nothing():
    assert filled(0, PLACE, ground(), np.zeros(73), lambda *_: None) is None
    dry = outcome_of(
        Case(CHAIN, base_of(CHAIN, series(), T0, 72.0), plan(Retention("pajiang", 24 * HOUR, None, 0.0)), {0: ground()})
    )
    assert dry.floods == () and "潖江蓄滞洪区：预见期内没有进洪，没有淹没" in dry.limits


def test_without_an_outline_the_water_is_counted_and_the_flood_is_not():
    base = base_of(CHAIN, series(), T0, 72.0)
    bare = {**CHAIN, "retention": []}
    got = outcome_of(Case(bare, base, plan(OPENED), {0: ground()}))
    assert got.floods == () and any("没有区界，或这里没有地形，不算淹没" in line for line in got.limits)
    assert got.nodes["pajiang"].storage_m3.max() > 0
    alone = outcome_of(Case(CHAIN, base, plan(OPENED)))
    assert alone.floods == () and "潖江蓄滞洪区：没有区界，或这里没有地形，不算淹没，只计水量" in alone.limits


def test_ground_that_lacks_a_cell_or_lies_elsewhere_is_refused():
    holed = ground()
    holed.bed_m[20, 30] = np.nan
    with pytest.raises(EngineRefused, match="第 21 行第 31 列"):
        filled(0, PLACE, holed, np.full(73, 500.0), lambda *_: None)
    with pytest.raises(EngineRefused, match="区界里没有地形"):
        filled(0, PLACE, ground(line=ground().line + 1e6), np.full(73, 500.0), lambda *_: None)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"node": "pajiang", "object": "A"}, "inlet：须为经度和纬度"),
        ({"node": "pajiang", "object": "A", "inlet": [113.0]}, "inlet"),
        ({"node": "pajiang", "object": "A", "inlet": [23.7, 113.2]}, "inlet"),
        ({"node": "pajiang", "inlet": [113.2, 23.7]}, "缺少 node 或 object"),
    ],
)
def test_a_place_that_is_declared_amiss_names_its_key(row, words):
    with pytest.raises(EngineRefused, match=words):
        retention_places({"retention": [row]})


def test_water_that_stands_higher_inside_than_the_pool_upstream_is_not_to_be_believed():
    base = base_of(CHAIN, series(), T0, 72.0)
    narrow = ground(line=np.array([[1000.0, 3000.0], [3000.0, 3000.0], [3000.0, 5000.0], [1000.0, 5000.0]]))
    got = outcome_of(Case(CHAIN, base, plan(OPENED), {0: narrow}))
    assert got.floods[0].doubt == "水深不可信" and any("高于上游飞来峡的 21." in line for line in got.limits)
    assert outcome_of(Case(CHAIN, base, plan(OPENED), {0: ground()})).floods[0].doubt == ""
