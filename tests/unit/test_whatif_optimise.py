"""A proposed schedule of the chain: never worse than holding the level, within its ceiling, run again by the network."""

from __future__ import annotations

import time

import pytest

from console.domain.scenario import Inflow, Keep, Schedule
from console.engine.chain_base import base_of
from console.engine.whatif import RunRefused, outcome_of
from console.engine.whatif_inputs import Case
from console.engine.whatif_optimise import dispatch_case, optimise_case
from tests.unit.test_whatif import CHAIN, T0, plan, series


def case(*inputs, base=None):
    return Case(CHAIN, base or base_of(CHAIN, series(), T0, 72.0), plan(*inputs))


def proposed(given):
    found = optimise_case(given, lambda *_: None)
    scenario = plan(*found.inputs, name=found.name)
    return found, outcome_of(Case(CHAIN, given.base, scenario))


def test_the_proposal_lowers_the_peak_below_and_keeps_the_ceiling_when_the_network_runs_it():
    given = case(Inflow("in-lianjiang", 1.6), Keep("feilaixia", 24.5))
    held = outcome_of(case(Inflow("in-lianjiang", 1.6)))
    began = time.perf_counter()
    found, got = proposed(given)
    assert time.perf_counter() - began < 5.0, "72 h of the chain in five seconds"
    assert found.feasible and "混合整数规划，距最优界" in found.note and "石角洪峰" in found.note
    assert got.nodes["shijiao"].peak[0] < held.nodes["shijiao"].peak[0] - 100.0
    assert got.nodes["feilaixia"].highest[0] <= 24.5 + 0.05, "the held level is the ceiling"
    assert Inflow("in-lianjiang", 1.6) in found.inputs and not any(isinstance(i, Keep) for i in found.inputs)
    assert any(isinstance(i, Schedule) and i.work == "feilaixia" for i in found.inputs)


def test_the_chain_is_seen_as_its_measured_reservoir_and_the_stations_with_a_safe_flow():
    asked = dispatch_case(case())
    assert [r.code for r in asked.reservoirs] == ["feilaixia"] and [c.code for c in asked.controls] == ["baxia", "shijiao"]
    assert asked.reservoirs[0].to == "baxia" and asked.controls[0].to == "shijiao"
    assert asked.controls[0].reach.k_h == pytest.approx(7.0), "飞来峡—清远 4 h, 清远—石角 3 h"
    assert asked.controls[0].lateral_m3s.max() == 0.0 < asked.controls[1].lateral_m3s.max()
    total = asked.reservoirs[0].inflow_m3s.max()
    assert total == pytest.approx(15000.0, rel=0.05)


def test_a_ceiling_below_the_present_level_and_a_chain_without_levels_are_refused():
    with pytest.raises(RunRefused, match="已高于上限 20.00"):
        optimise_case(case(Keep("feilaixia", 20.0)), lambda *_: None)
    dry = {k: v for k, v in series().items() if k[1] != "RZ"}
    with pytest.raises(RunRefused, match="没有一座有库容曲线和实测库水位的水库"):
        optimise_case(case(base=base_of(CHAIN, dry, T0, 72.0)), lambda *_: None)


def test_where_no_plan_keeps_all_limits_the_proposal_is_marked():
    found, _ = proposed(case(Inflow("in-lianjiang", 6.0), Keep("feilaixia", 21.6)))
    assert not found.feasible and found.name.startswith("优化（不满足约束）") and "违反" in found.note


def test_a_peak_below_the_safe_flow_is_lowered_too_but_not_at_any_price_in_room():
    given = case()
    held = outcome_of(given)
    assert held.nodes["shijiao"].peak[0] < 19000.0
    _, got = proposed(given)
    shaved = held.nodes["shijiao"].peak[0] - got.nodes["shijiao"].peak[0]
    used_mcm = (got.nodes["feilaixia"].storage_m3.max() - got.nodes["feilaixia"].storage_m3[0]) / 1e6
    assert shaved > 100.0 and shaved > 5.0 * used_mcm


def test_a_ceiling_is_kept_by_the_whole_networks_run_too_or_the_proposal_says_that_it_is_not():
    for ceiling in (21.6, 22.0, 24.0):
        found, got = proposed(case(Inflow("in-lianjiang", 1.3), Keep("feilaixia", ceiling)))
        over = got.nodes["feilaixia"].highest[0] - ceiling
        assert over <= 0.06 if found.feasible else "（不满足约束）" in found.name, (ceiling, over)
        assert f"（上限 {ceiling:.2f} m）" in found.note, "as it was asked for, without the margin of a later round"


def test_the_level_at_the_end_is_told_with_what_it_misses():
    short = Case(CHAIN, base_of(CHAIN, series(), T0, 24.0), plan(lead_h=24.0))
    found = optimise_case(short, lambda *_: None)
    assert "期末" in found.note and "最低" in found.note
    outcome = outcome_of(Case(CHAIN, short.base, plan(*found.inputs, lead_h=24.0)))
    last = float(outcome.nodes["feilaixia"].level_m[-1])
    assert ("还没有消落" in found.note) == (last > 21.4 + 0.6), (last, found.note)
