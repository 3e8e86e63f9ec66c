"""A levee that gives way in a scenario: the plain floods by what the river loses, and no drop is counted twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from console.domain.scenario import Breach, Inflow, Keep
from console.engine.breach import through_m3s, weir_m3s
from console.engine.breach_river import DrawnRiver
from console.engine.chain_base import base_of
from console.engine.flooding import Count, Plain, stopped
from console.engine.levee_breach import hourly, levees_of, lost_of
from console.engine.network import run
from console.engine.refused import EngineRefused
from console.engine.whatif import outcome_of
from console.engine.whatif_arrays import arrays_of, floods_from, outcome_from
from console.engine.whatif_band import band_case
from console.engine.whatif_inputs import Case, prepared
from console.engine.whatif_optimise import optimise_case
from tests.unit.test_whatif import CHAIN, HOUR, T0, plan, series

CURVE_M, CURVE_M3S = np.array([3.67, 6.3, 8.2, 12.9]), np.array([2210.0, 9010.0, 12000.0, 20000.0])
LEVEE = "LOCWK002"
LEAD_H, HOURS = 44.0, 45
BREAK = Breach(LEVEE, 10.0, 200.0, 24 * HOUR, 1.0, 5.0)


def ground(**more):
    """A plain of 16 km east of a levee that runs from north to south; the river lies west of it."""
    x = y = (np.arange(40) + 0.5) * 400.0
    bed = np.where(x[None, :] < 900.0, -2.0, 4.0 - 0.0001 * x[None, :]) * np.ones((40, 1))
    line = np.array([[1000.0, 16_500.0], [1000.0, -500.0]])
    given = {"name": "北江大堤", "ground": "试验地形", "synthetic": False, "bed_m": bed, "x_m": x, "y_m": y}
    return Plain(**(given | {"line": line, "at": np.array([1000.0, 6000.0]), "river": np.array([200.0, 6000.0])} | more))


@pytest.fixture(scope="module")
def base():
    return base_of(CHAIN, series(), T0, LEAD_H)


@pytest.fixture(scope="module")
def broken(base):
    return outcome_of(case(base, BREAK, plains=[ground()]))


def case(base, *inputs, plains=()):
    scenario = plan(*inputs, lead_h=LEAD_H)
    breaks = [k for k, entry in enumerate(scenario.inputs) if isinstance(entry, Breach)]
    return Case(CHAIN, base, scenario, dict(zip(breaks, plains, strict=False)))


def test_the_level_before_a_breach_is_that_of_the_flow_which_stays():
    river = DrawnRiver(np.array([0.0, 3600.0]), np.array([14_000.0, 16_000.0]), np.array([-0.6, -0.6]), CURVE_M, CURVE_M3S)

    def through(level_m):
        return weir_m3s(300.0, level_m - 5.0)

    taken = river.taken(1800.0, through)
    left = river.level(1800.0, taken)
    assert taken == pytest.approx(through(left), rel=1e-6) and left == pytest.approx(
        np.interp(15_000.0 - taken, CURVE_M3S, CURVE_M) - 0.6
    )
    assert river.level(1800.0, 0.0) - left > 0.5, "it draws the river down"
    assert river.taken(0.0, lambda _level: 0.0) == 0.0
    assert river.taken(0.0, lambda _level: 1e6) == 14_000.0, "no more than comes"
    assert river.highest_m == pytest.approx(np.interp(16_000.0, CURVE_M3S, CURVE_M) - 0.6)


def test_what_runs_back_raises_the_river_until_both_agree():
    river = DrawnRiver(np.array([0.0]), np.array([9_000.0]), np.array([0.0]), CURVE_M, CURVE_M3S)

    def through(level_m):
        return through_m3s(300.0, level_m - 5.0, 4.0)  # the plain stands at 9 m, the river at 6.3

    taken = river.taken(0.0, through)
    there = river.level(0.0, taken)
    assert taken < -500.0 and taken == pytest.approx(through(there), rel=1e-6)
    assert 6.5 < there < 9.0
    assert through_m3s(300.0, 4.0, 4.0) == 0.0 and through_m3s(300.0, -1.0, -2.0) == 0.0


def test_what_runs_back_is_there_again_below_the_levee(base):
    falling = Inflow("in-lianjiang", points=((0.0, 6000.0), (20 * HOUR, 6000.0), (22 * HOUR, 0.0), (44 * HOUR, 0.0)))
    bowl = np.where(ground().bed_m < 0, -2.0, 20.0)
    bowl[5:30, 3:12] = 4.0  # 36 km², and no way out
    whole = outcome_of(case(base, falling))
    got = outcome_of(case(base, falling, replace(BREAK, at_s=6 * HOUR, width_m=600.0), plains=[ground(bed_m=bowl)]))
    (one,) = got.floods
    assert one.back_m3 > 0 and one.flow_m3s.min() < 0 and f"退回河道 {one.back_m3 / 1e6:.1f} 百万m³" in one.said[0]
    more = got.nodes["sanshui"].flow_m3s - whole.nodes["sanshui"].flow_m3s
    assert more.min() < -100.0 and more[-6:].max() > 10.0
    below = np.trapezoid(-more, dx=HOUR)  # the last of it is still on its way
    assert one.volume_m3 - one.back_m3 == pytest.approx(below, abs=0.1 * one.volume_m3)
    assert got.mass_error < 1e-3


def test_what_runs_onto_the_plain_is_missing_below_and_not_above(base):
    whole = outcome_of(case(base, Inflow("in-lianjiang", 1.4)))
    shares = []
    got = outcome_of(case(base, Inflow("in-lianjiang", 1.4), BREAK, plains=[ground()]), lambda s, *_: shares.append(s))
    (one,) = got.floods
    assert one.flow_m3s[0] == 0.0 and one.flow_m3s.max() > 500.0 and one.hours[0] == 24.0 and one.hours[-1] == LEAD_H
    assert one.volume_m3 > 5e7 and one.area_m2 > 1e7 and 1.0 < one.deepest_m < 12.0
    assert one.mass_error < 1e-6 and got.mass_error < 1e-3
    lost = whole.nodes["sanshui"].flow_m3s - got.nodes["sanshui"].flow_m3s
    assert lost[:24].max() < 1.0 and lost.max() > 400.0
    assert got.nodes["shijiao"].flow_m3s == pytest.approx(whole.nodes["shijiao"].flow_m3s), "the station lies above it"
    taken = lost_of(CHAIN, got.floods, HOURS)[0][2]
    assert np.trapezoid(taken, dx=HOUR) == pytest.approx(one.volume_m3, rel=1e-3)
    assert np.trapezoid(one.flow_m3s, one.hours) * HOUR == pytest.approx(one.volume_m3, rel=1e-2)
    assert not any(k.startswith("levee") for k in got.nodes), "what stands for it in the network is no place"
    said = "；".join(got.limits)
    assert "北江大堤 K10 溃口 200 m：进水" in said and "按溃口后留在河里的流量计" in said and "试验地形" in said
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1.0), "it tells how far it is"


def test_a_second_breach_lower_down_finds_less_in_the_river(base):
    low = replace(BREAK, at_km=30.0)
    alone = outcome_of(case(base, low, plains=[ground()])).floods[0]
    pair = outcome_of(case(base, low, replace(BREAK, width_m=600.0), plains=[ground(), ground()])).floods
    assert [one.at_km for one in pair] == [30.0, 10.0], "in the order of the scenario"
    assert pair[0].volume_m3 < 0.97 * alone.volume_m3


def test_breaches_onto_one_ground_run_together_and_the_river_loses_what_both_take(base):
    low, wide = replace(BREAK, at_km=12.0, at_s=26 * HOUR), replace(BREAK, width_m=400.0)
    places = [ground(at=np.array([1000.0, 4000.0])), ground()]
    alone = [outcome_of(case(base, one, plains=[place])).floods[0] for one, place in ((low, places[0]), (wide, places[1]))]
    parts = []
    got = outcome_of(case(base, low, wide, plains=places), lambda _share, part=None: parts.append(part))
    second, first = got.floods
    assert first.beside is None and second.beside == first.entry == 1 and second.flood is None
    assert first.area_m2 < 0.9 * sum(one.area_m2 for one in alone), "what both flood counts once"
    assert 0 < second.volume_m3 < 0.97 * alone[0].volume_m3, "it finds less in the river, and a wet plain"
    assert second.gone_m3[second.hours < 26.0].max() == 0.0
    inside = float(first.flood.depth_m[-1].sum()) * 400.0**2
    assert inside == pytest.approx(sum(one.volume_m3 - one.back_m3 for one in got.floods), rel=1e-6), "nothing is lost"
    taken = sum(flow for _, _, flow in lost_of(CHAIN, got.floods, HOURS))
    assert np.trapezoid(taken, dx=HOUR) == pytest.approx(first.volume_m3 + second.volume_m3, rel=2e-3)
    told = [part for part in parts if part is not None]
    assert len(told) <= 15 and all([one.entry for one in part] == [1, 0] for part in told)
    half = stopped(told[:5])
    assert [one.entry for one in half] == [1, 0] and half[0].hours[0] == half[1].hours[0] == 24.0, "from its first hour on"
    assert half[0].together == (second.title,) and half[1].beside == 1 and half[1].flood is None
    assert len(half[0].flood.t_s) == len(half[1].hours) == len(half[1].gone_m3) and half[0].area_m2 > 0 == half[1].area_m2
    assert floods_from(arrays_of(got))[1].together == first.together
    assert "受淹与上游一处合计" in "；".join(got.limits)


def test_the_hourly_loss_keeps_the_volume_and_does_not_end_with_the_run(broken):
    one = broken.floods[0]
    flow = hourly(one, HOURS)
    assert flow[:23].max() == 0.0 and flow[-1] == pytest.approx(one.flow_m3s[-1], rel=0.05)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (replace(BREAK, at_km=70.0), "K70 不在 0–64 km 内"),
        (replace(BREAK, at_s=(LEAD_H - 0.5) * HOUR), "不足 1 h"),
        (replace(BREAK, levee="LOCWK999"), "河网文件里没有堤防“LOCWK999”"),
    ],
)
def test_a_breach_that_makes_no_sense_is_refused(base, entry, words):
    with pytest.raises(EngineRefused, match=words):
        outcome_of(case(base, entry, plains=[ground()]))


def test_two_breaches_that_meet_are_one_and_have_to_be_written_so(base):
    close = replace(BREAK, at_km=10.15)
    with pytest.raises(EngineRefused, match="K10 和 K10.15 相接"):
        outcome_of(case(base, BREAK, close, plains=[ground(), ground()]))


def test_a_hole_in_the_ground_is_named_with_its_cell(base):
    holed = ground()
    holed.bed_m[4, 7] = np.nan
    with pytest.raises(EngineRefused, match="地面高程第 5 行第 8 列"):
        outcome_of(case(base, BREAK, plains=[holed]))


def test_a_station_without_a_rating_has_no_level_before_the_levee(base):
    bare = {**CHAIN, "node": [{k: v for k, v in n.items() if k != "rating" or n["id"] != "shijiao"} for n in CHAIN["node"]]}
    with pytest.raises(EngineRefused, match="它没有水位流量关系"):
        outcome_of(Case(bare, base, plan(BREAK, lead_h=LEAD_H), {0: ground()}))
    with pytest.raises(EngineRefused, match="fall_m_km：须为"):
        levees_of({"levee": [{"object": "L", "node": "shijiao", "length_km": 3.0, "fall_m_km": True}]})


def test_a_river_below_the_sill_floods_nothing_and_says_so(base):
    got = outcome_of(case(base, replace(BREAK, sill_m=15.0), plains=[ground()]))
    assert got.floods[0].volume_m3 == 0.0 and any("没有进水" in line for line in got.limits)


def test_a_breach_is_kept_with_its_figures_and_without_its_grid(broken):
    counts = (Count("受淹人口", 1200.0, "人", "七普"), Count("房", None, "", "—"))
    told = replace(broken.floods[0], flood=None, result="堤-2", counts=counts)
    again = outcome_from(arrays_of(replace(broken, floods=(told,))), CHAIN, 0.0, (), ()).floods[0]
    assert (again.flow_m3s == told.flow_m3s).all() and (again.level_m == told.level_m).all()
    assert again.counts == told.counts and again.title == told.title and again.limits == told.limits and again.flood is None


def test_the_band_of_a_scenario_loses_what_the_scenario_loses(base, broken):
    lost = lost_of(CHAIN, broken.floods, HOURS)
    narrow = band_case(replace(case(base, BREAK), lost=lost), lambda *_: None)
    wide = band_case(case(base, BREAK), lambda *_: None)
    assert (wide.flow_m3s["sanshui"][0] - narrow.flow_m3s["sanshui"][0]).max() > 300.0
    network, inflows, _ = prepared(replace(case(base, BREAK), lost=lost))
    assert run(network, inflows, 1.0, base.start).mass_error < 1e-9


def test_a_plan_is_sought_for_the_water_above_a_breach(base):
    found = optimise_case(case(base, Inflow("in-lianjiang", 1.4), Keep("feilaixia", 23.0), BREAK), lambda *_: None)
    assert BREAK in found.inputs and "按堤防不溃时的来水" in found.note, "the proposal is run with its breach"
