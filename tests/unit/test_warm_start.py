"""A run begins with the rivers as they stand, and a station's own errors are taken off while they last."""

from __future__ import annotations

import numpy as np
import pytest

from console.domain.scenario import Inflow, Keep
from console.engine.chain_base import WARM_H, base_of
from console.engine.warm_start import corrected, warm
from console.engine.whatif import outcome_of
from console.engine.whatif_arrays import arrays_of, outcome_from
from console.engine.whatif_inputs import Case
from console.engine.whatif_optimise import dispatch_case
from tests.unit.test_whatif import CHAIN, HOUR, T0, plan, wave


def series(from_h=-80.0, until_h=120.0, drift=0.0):
    h = np.arange(from_h, until_h + 1)
    t = T0 + h * HOUR
    flow = wave(h, 15000.0, 36.0, 4000.0)
    out = np.interp(h - 1, h, flow)
    return {
        ("LOC00506", "INQ"): (t, flow), ("LOC00506", "OTQ"): (t, out), ("LOC00506", "RZ"): (t, np.full(len(h), 21.4)),
        ("LOC00112", "Q"): (t, np.interp(h - 7, h, out) + 800.0),
        ("LOC00106", "Q"): (t, np.interp(h + 6, h, flow) * 0.7 + drift),
    }  # fmt: skip


def ran(base, *inputs):
    return outcome_of(Case(CHAIN, base, plan(*inputs)))


def test_the_first_hours_are_those_of_the_river_and_not_of_a_steady_one():
    known = series()
    base, short = base_of(CHAIN, known, T0, 72.0), base_of(CHAIN, series(-24.0), T0, 72.0)
    t, seen = known["LOC00112", "Q"]
    at = np.interp(T0 + np.arange(7) * HOUR, t, seen)
    got, steady = ran(base).nodes["shijiao"].flow_m3s[:7], ran(short).nodes["shijiao"].flow_m3s[:7]
    assert np.abs(got / at - 1).max() < 0.05
    assert np.abs(steady / at - 1).max() > 0.4, "which is what a steady start does on a rising limb"
    assert any("实测流量预热" in line for line in ran(base).limits)
    assert any("恒定流起算" in line for line in ran(short).limits) and short.before_m3s == {}
    assert ran(base).mass_error < 1e-9


def test_a_stations_own_error_is_taken_off_and_fades():
    base = base_of(CHAIN, series(drift=600.0), T0, 72.0)
    got = ran(base)
    plain, better = got.nodes["yingde"].flow_m3s, got.corrected_m3s["yingde"]
    seen = base.seen_before["yingde"]
    assert better[0] == pytest.approx(seen[-1])
    error = better - plain
    assert abs(error[-1]) < abs(error[1]) and np.sign(error[-1]) == np.sign(error[1])
    assert any("英德" in line and "实时校正" in line for line in got.limits)
    again = outcome_from(arrays_of(got), CHAIN, got.mass_error, got.assumed, got.limits)
    assert np.array_equal(again.corrected_m3s["yingde"], better)


def test_what_is_changed_from_the_start_on_leaves_the_start_as_it_was():
    base = base_of(CHAIN, series(), T0, 72.0)
    calm, more = ran(base), ran(base, Inflow("in-lianjiang", 1.5), Keep("feilaixia", 22.0))
    assert more.nodes["shijiao"].flow_m3s[0] == pytest.approx(calm.nodes["shijiao"].flow_m3s[0])


def test_a_flood_that_is_wholly_given_does_not_begin_in_todays_rivers():
    base = base_of(CHAIN, series(), T0, 72.0)
    given = [Inflow(node, points=((0.0, 100.0), (72 * HOUR, 100.0))) for node in base.inflows_m3s]
    got = ran(base, *given)
    assert got.nodes["shijiao"].flow_m3s == pytest.approx(np.full(73, 800.0), rel=1e-6)
    assert any("全部来水由情景给定" in line for line in got.limits) and got.corrected_m3s == {}


def test_a_hole_in_a_gauges_hours_takes_it_out_of_the_start_alone():
    holed = series()
    t, v = holed["LOC00106", "Q"]
    kept = (t < T0 - 20 * HOUR) | (t > T0 - 10 * HOUR)
    holed["LOC00106", "Q"] = (t[kept], v[kept])
    base = base_of(CHAIN, holed, T0, 72.0)
    start = warm(CHAIN, base)
    assert "yingde" not in start.seen and "shijiao" in start.seen
    assert len(start.simulated["shijiao"]) == WARM_H + 1
    assert corrected(start, {}, {}) == ({}, [])
    assert base.hash != base_of(CHAIN, series(), T0, 72.0).hash


def test_levels_begin_where_the_gauge_stands_and_a_gauge_that_says_something_else_moves_nothing():
    known = series()
    t = known["LOC00112", "Q"][0]
    plain = ran(base_of(CHAIN, known, T0, 72.0)).nodes["shijiao"].level_m
    for off, moved in ((0.6, 0.6), (0.005, 0.0), (4.0, 0.0)):
        level = {("LOC00112", "Z"): (t, np.full(len(t), plain[0] + off))}
        got = ran(base_of(CHAIN, known | level, T0, 72.0))
        assert got.nodes["shijiao"].level_m == pytest.approx(plain + moved * np.exp(-np.arange(73) / 48.0), abs=1e-6)
        assert any("实测修正 +0.60 m" in line for line in got.limits) == (moved > 0)
    short = series(-24.0) | {("LOC00112", "Z"): (t, np.full(len(t), plain[0] + 0.6))}
    assert not any("实测修正" in line for line in ran(base_of(CHAIN, short, T0, 72.0)).limits), "a steady start proves no shift"


def test_a_small_change_of_every_inflow_still_begins_in_the_river():
    base = base_of(CHAIN, series(), T0, 72.0)
    calm = ran(base).nodes["shijiao"].flow_m3s
    more = ran(base, *(Inflow(node, 1.0001) for node in base.inflows_m3s)).nodes["shijiao"].flow_m3s
    assert more == pytest.approx(calm, rel=1e-3)


def test_a_flood_that_is_given_needs_no_readings_and_stays_what_it_was_when_they_change():
    nodes = tuple(base_of(CHAIN, series(), T0, 72.0).inflows_m3s)
    plans = plan(*(Inflow(node, points=((0.0, 500.0), (72 * HOUR, 500.0))) for node in nodes))
    bases = [base_of(CHAIN, known, T0, 72.0, given=plans.given) for known in ({}, series(), series(drift=300.0))]
    assert bases[1].hash == bases[2].hash
    got = outcome_of(Case(CHAIN, bases[0], plans))
    assert got.nodes["shijiao"].flow_m3s[-1] == pytest.approx(4000.0, rel=1e-3)


@pytest.mark.parametrize(("key", "from_h"), [(("LOC00506", "INQ"), -3.0), (("LOC00506", "OTQ"), -3.0)])
def test_where_a_gauge_that_is_used_has_no_hours_before_nothing_is_called_measured(key, from_h):
    known = series()
    t, v = known[key]
    known[key] = (t[t >= T0 + from_h * HOUR], v[t >= T0 + from_h * HOUR])
    assert base_of(CHAIN, known, T0, 72.0).before_m3s == {}
    t, v = series()[key]
    kept = (t < T0 - 40 * HOUR) | (t > T0 - 20 * HOUR)
    known[key] = (t[kept], v[kept])
    assert base_of(CHAIN, known, T0, 72.0).before_m3s == {}, "a hole of twenty hours is no measurement either"


def test_live_the_hours_that_are_carried_on_are_told():
    base = base_of(CHAIN, series(until_h=0.0), T0, 72.0)
    assert base.before_m3s and any("起算前的最后几小时" in note for note in base.notes)


def test_the_optimiser_plans_for_the_river_that_the_run_begins_with():
    case = Case(CHAIN, base_of(CHAIN, series(), T0, 72.0), plan())
    asked = dispatch_case(case)
    pool = next(r for r in asked.reservoirs if r.code == "feilaixia")
    first = outcome_of(case).nodes["feilaixia"].inflow_m3s
    assert pool.inflow_m3s[0] == pytest.approx((first[0] + first[1]) / 2, rel=1e-6)
