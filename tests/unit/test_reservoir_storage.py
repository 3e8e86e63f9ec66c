"""Storage, inflow and rain of reservoirs: the check values of the books, and what a centre may get wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

from console.domain.reservoirs import reservoir_facts
from console.drill.facts import basin_objects
from console.engine.inflow import back_calculated, inflow_from_change_m3s, level_error_m3s
from console.engine.storage import LevelTable, hours_to_fill, rain_absorption_mm, storage_between_mcm

CURVE = LevelTable([100.0, 110.0, 120.0, 130.0], [10.0, 60.0, 170.0, 350.0])


def test_a_storage_curve_meets_its_points_and_rises_between_them():
    assert [CURVE.at(z) for z in (100.0, 110.0, 130.0)] == pytest.approx([10.0, 60.0, 350.0])
    levels, storage = CURVE.drawn(400)
    assert (np.diff(storage) > 0).all() and len(levels) == 400


def test_beyond_its_points_a_curve_says_nothing():
    for z in (99.999, 130.001, math.nan, math.inf, None):
        assert CURVE.at(z) is None and CURVE.slope(z) is None
    assert CURVE.level_of(9.9) is None and CURVE.level_of(350.1) is None and CURVE.level_of(math.nan) is None


@pytest.mark.parametrize("z", [100.0, 104.3, 110.0, 127.9, 130.0])
def test_level_and_storage_are_inverse(z):
    for table in (CURVE, LevelTable([100.0, 110.0, 130.0], [10.0, 60.0, 350.0], smooth=False)):
        assert table.level_of(table.at(z)) == pytest.approx(z, abs=1e-9)


def test_the_slope_of_storage_is_the_area():
    straight = LevelTable([0.0, 10.0], [0.0, 60.5])
    assert straight.slope(4.0) == pytest.approx(6.05), "0.605 亿m³ over 10 m is 6.05 km²"


@pytest.mark.parametrize(
    ("z", "w"),
    [([1.0], [1.0]), ([1.0, 1.0], [1.0, 2.0]), ([1.0, 2.0], [2.0, 1.0]), ([1.0, 2.0], [math.nan, 1.0]), ([1, 2], [-1, 1])],
)
def test_a_table_that_cannot_be_a_reservoir_is_refused(z, w):
    with pytest.raises(ValueError, match=r"points|finite|rise"):
        LevelTable(z, w)


def test_the_room_to_a_level_comes_from_the_curve_or_else_from_the_area():
    assert storage_between_mcm(CURVE, None, 110.0, 120.0) == pytest.approx(110.0)
    assert storage_between_mcm(CURVE, None, 120.0, 110.0) == pytest.approx(-110.0), "above the limit it is negative"
    area = LevelTable([141.77, 146.40], [6.05, 6.05])
    assert storage_between_mcm(None, area, 141.77, 146.40) == pytest.approx(28.0, abs=0.02), "the release of April 2024"
    assert storage_between_mcm(None, area, 141.0, 146.0) is None
    assert storage_between_mcm(None, None, 1.0, 2.0) is None and storage_between_mcm(CURVE, None, None, 110.0) is None


def test_rain_that_fills_the_room():
    assert rain_absorption_mm(50.0, 0.7, 856.0) == pytest.approx(83.4, abs=0.05)
    for room, alpha, area in ((math.nan, 0.7, 856), (-1, 0.7, 856), (50, 0.0, 856), (50, 1.2, 856), (50, 0.7, -856)):
        with pytest.raises(ValueError, match="room|catchment"):
            rain_absorption_mm(room, alpha, area)


def test_hours_to_the_limit_need_a_rising_pool():
    assert hours_to_fill(3.6, 1000.0) == pytest.approx(1.0)
    assert hours_to_fill(3.6, 0.0) is None and hours_to_fill(3.6, -50.0) is None
    with pytest.raises(ValueError, match="room"):
        hours_to_fill(-1.0, 100.0)


def test_inflow_worked_back_meets_the_check_value():
    assert inflow_from_change_m3s(500.0, 3.6, 1.0) == pytest.approx(1500.0)
    assert level_error_m3s(370.0, 1.0) == pytest.approx(1027.8, abs=0.1)
    for area in (-370.0, 0.0, math.nan):
        with pytest.raises(ValueError, match="area"):
            level_error_m3s(area, 1.0)
    with pytest.raises(ValueError, match="outflow"):
        inflow_from_change_m3s(math.nan, 1.0, 1.0)


def hours(count, step=3600):
    return np.arange(count, dtype=np.int64) * step


def worked_back(z, area, outflow=500.0, t=None, out_t=None):
    t = hours(len(z)) if t is None else t
    out_t = t if out_t is None else out_t
    return back_calculated(
        (t, np.asarray(z, float)), (out_t, np.full(len(out_t), outflow)), lambda a, b: area * (b - a), lambda _z: area
    )


def test_the_window_grows_until_a_centimetre_no_longer_matters():
    small = worked_back(100 + 0.36 * np.arange(14), 10.0)
    assert (small.value_m3s, small.window_h, small.settled) == (pytest.approx(1500.0), 1.0, True)
    wide = worked_back(100 + 0.01 * np.arange(14), 370.0)
    assert wide.value_m3s == pytest.approx(500 + 1027.8, abs=0.1) and wide.window_h == 12.0
    assert wide.error_m3s == pytest.approx(1027.8 / 12, abs=0.1) and not wide.settled, (
        "still 5.6 % after 12 h: said, not hidden"
    )


def test_a_gap_or_a_missing_outflow_is_never_bridged():
    assert worked_back(100 + 0.36 * np.arange(14), 10.0, out_t=np.empty(0, np.int64)) is None
    t = np.concatenate([hours(6), hours(6) + 20 * 3600])
    found = worked_back(100 + 0.001 * np.arange(12), 370.0, t=t)
    assert found is not None and found.window_h == 3.0, "windows of 6 and 12 h would cross the gap"
    assert worked_back([100.0, math.nan], 10.0) is None and worked_back([100.0, 101.0], -10.0) is None
    assert worked_back([100.0, 101.0], math.nan) is None


def curve(*points, **more):
    return {"points": [list(p) for p in points], **more}


HOSTILE = [
    ("text", "shape"),
    ({"points": "text"}, "shape"),
    (curve((1, 1)), "short"),
    (curve((1, 1), (1, 2)), "rising"),
    (curve((1, 1), (2, 1)), "rising"),
    (curve((2, 1), (1, 2)), "rising"),
    (curve((1, math.nan), (2, 2)), "number"),
    (curve((1, 1), (2, math.inf)), "number"),
    (curve((1, -5), (2, 2)), "number"),
    (curve((1, True), (2, 2)), "number"),
    (curve((1, "1"), (2, 2)), "number"),
    ({"points": [[1, 2, 3], [2, 3, 4]]}, "number"),
    ({"points": [[i, i] for i in range(5000)]}, "short"),
    (curve((1, 1), (10**400, 2)), "number"),
]


@pytest.mark.parametrize(("raw", "why"), HOSTILE)
def test_a_curve_that_cannot_be_true_is_left_out_with_the_reason(raw, why):
    facts = reservoir_facts({"storage_curve": raw, "catchment_km2": 856})
    assert facts.storage is None and facts.refused == (("storage_curve", why),)
    assert facts.catchment_km2.value == 856.0, "the rest stays usable"


def test_figures_are_numbers_with_a_source_or_nothing():
    facts = reservoir_facts(
        {
            "catchment_km2": {"value": 5734, "src": "资料", "sure": "公布"},
            "runoff_coefficient": 1.7,
            "total_mcm": "很大",
            "flood_control_mcm": math.nan,
            "flood_top": "天上",
            "cascade": 5,
            "cascade_order": "one",
            "release_curve": [curve((20, 0), (24, 0), (30, 900), opening="2 孔全开"), 7],
            "area_km2": 370.0,
        }
    )
    assert (facts.catchment_km2.value, facts.catchment_km2.source, facts.catchment_km2.sure) == (5734.0, "资料", "公布")
    assert facts.runoff_coefficient is None and facts.total_mcm is None and facts.flood_control_mcm is None
    assert (facts.flood_top, facts.cascade, facts.cascade_order) == ("", "", math.inf)
    assert [name for name, _ in facts.releases] == ["2 孔全开"]
    assert {what for what, _ in facts.refused} == {"runoff_coefficient", "total_mcm", "flood_control_mcm", "release_curve"}
    assert facts.area.made_up, "one area for all levels is an assumption and is named so"
    assert reservoir_facts({}) == reservoir_facts({"storage_curve": None})


def pools():
    return {d["properties"]["name"]: d["properties"]["facts"] for d in basin_objects()["reservoirs"]}


def test_every_declared_curve_is_usable_and_says_how_sure_it_is():
    for name, facts in pools().items():
        read = reservoir_facts(facts)
        assert not read.refused, (name, read.refused)
        for one in (read.storage, read.area, read.runoff_coefficient, read.catchment_km2):
            assert one is None or one.sure, f"{name}: how sure is not said"
            assert one is None or one.source, f"{name}: no source"


def table(name):
    return LevelTable(*zip(*reservoir_facts(pools()[name]).storage.points, strict=True))


def test_the_rebuilt_curves_meet_the_published_figures():
    lake = table("新丰江")
    assert lake.at(116.0) == pytest.approx(370 * 28.7, rel=1e-3), "area times mean depth"
    assert lake.slope(116.0) == pytest.approx(370, rel=0.02)
    assert lake.at(116.0) - lake.at(93.0) == pytest.approx(6489, rel=0.02), "the regulating storage was not used to fit"
    pot = table("白盆珠")
    assert pot.at(75.0) == pytest.approx(190 + 385, rel=1e-3)
    assert pot.slope(82.0) == pytest.approx(49.7, rel=0.02)
    assert pot.level_of(1220.0) == pytest.approx(88.1, abs=0.15), "the total lies below the crest of 88.2 m"


def test_what_published_figures_do_not_fix_stays_without_a_curve():
    for name in ("乐昌峡", "飞来峡", "南水", "湾头", "枫树坝"):
        assert reservoir_facts(pools()[name]).storage is None, name
    area = reservoir_facts(pools()["乐昌峡"]).area
    assert area.sure == "推算" and storage_between_mcm(None, LevelTable(*zip(*area.points, strict=True)), 141.77, 146.40) == (
        pytest.approx(28.0, abs=0.05)
    )


def test_the_chain_of_the_beijiang_is_declared_in_order():
    chain = sorted((reservoir_facts(f).cascade_order, n) for n, f in pools().items() if reservoir_facts(f).cascade == "北江")
    assert [n for _, n in chain] == ["乐昌峡", "湾头", "南水", "锦江(仁化)", "长湖", "飞来峡"]
