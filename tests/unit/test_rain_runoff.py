"""What changed rain does to a chain: the difference of two model runs on top of the gauged inflow."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from console.domain.scenario import EVERYWHERE, Inflow, Rain, Retention
from console.engine.chain_base import base_of
from console.engine.rain_runoff import WARM_H, changed_rain, flows, model_of, wanted_rain
from console.engine.refused import EngineRefused
from console.engine.whatif import RunRefused, outcome_of, run_case
from console.engine.whatif_inputs import Case
from console.presenters.consult_inputs import NotAChange, change_words, changes_of, inputs_of, targets_of, unsaid
from console.viewdata.consult import Change
from tests.unit.test_whatif import CHAIN, HOUR, T0, plan, series

AHEAD = 72.0


def rained(silent=(), ahead_h=AHEAD, before_h=WARM_H):
    h = np.arange(-before_h + 1.0, ahead_h + 1)
    mm = np.where((h > 6) & (h <= 30), 5.0, 0.4)
    gauges = {key: (T0 + h * HOUR, mm) for key in wanted_rain(CHAIN) if key[0] not in silent}
    return base_of(CHAIN, series() | gauges, T0, AHEAD, with_rain=True)


def ran(base, *inputs):
    return outcome_of(Case(CHAIN, base, plan(*inputs)))


def volume_m3(outcome, node="feilaixia"):
    return float(np.trapezoid(outcome.nodes[node].inflow_m3s)) * HOUR


def test_rain_as_it_comes_changes_nothing_and_more_of_it_brings_what_the_ground_does_not_keep():
    base = rained()
    calm, same, more = ran(base), ran(base, Rain(EVERYWHERE, 1.0)), ran(base, Rain(EVERYWHERE, 1.5))
    assert same.figures() == pytest.approx(calm.figures())
    fallen = sum(b.area_km2 for b in model_of(CHAIN).basins if b.node != "in-pajiang") * 1000.0 * (0.5 * 24 * 5.0)
    assert 0.3 * fallen < volume_m3(more) - volume_m3(calm) < fallen
    assert more.nodes["shijiao"].peak[0] > calm.nodes["shijiao"].peak[0]
    assert more.mass_error < 1e-6
    assert any("新安江" in line and "假定" in line for line in more.limits)
    assert any("倍、洪峰" in line for line in more.limits), "how well the model meets the inflow is told"


def test_less_rain_never_makes_a_flow_below_nothing_and_one_basin_leaves_the_others_alone():
    base = rained()
    dry = ran(base, Rain("in-pajiang", 0.0))
    calm = ran(base)
    assert dry.nodes["feilaixia"].inflow_m3s == pytest.approx(calm.nodes["feilaixia"].inflow_m3s)
    assert (dry.nodes["qingyuan"].flow_m3s <= calm.nodes["qingyuan"].flow_m3s + 1e-6).all()
    assert min(n.flow_m3s.min() for n in ran(base, Rain(EVERYWHERE, 0.0)).nodes.values()) >= 0.0


def test_drawn_rain_stands_in_place_of_what_comes_and_a_basins_own_goes_before_that_of_all():
    base = rained()
    storm = Rain(EVERYWHERE, points=((0.0, 0.4), (6 * HOUR, 5.0), (30 * HOUR, 0.4)))
    drawn = ran(base, storm)
    assert drawn.figures() == pytest.approx(ran(base).figures()), "the rain as it came, drawn by hand"
    own = ran(base, storm, Rain("in-lianjiang", 3.0))
    assert volume_m3(own) > volume_m3(drawn)


def test_rain_comes_before_what_is_done_to_an_inflow():
    base = rained()
    both = ran(base, Rain("in-lianjiang", 2.0), Inflow("in-lianjiang", 0.5))
    rain = ran(base, Rain("in-lianjiang", 2.0))
    assert volume_m3(both) < volume_m3(rain)


def test_silent_gauges_are_said_and_a_basin_that_nothing_is_known_of_is_refused():
    base = rained(silent=("LOC00601",), ahead_h=0.0)
    got = ran(base, Rain(EVERYWHERE, 2.0))
    assert any("预见期内有 72 小时没有实测或预报雨量" in line for line in got.limits)
    assert got.figures() == pytest.approx(ran(base).figures()), "there is no rain ahead to be doubled, and that is said"
    silent = rained(silent=("LOC00601", "LOC00602"))
    with pytest.raises(RunRefused, match="乐昌峡以上的雨量站.*几乎没有读数"):
        run_case(Case(CHAIN, silent, plan(Rain("in-lechangxia", 2.0))), lambda *_: None)
    with pytest.raises(EngineRefused, match="不是有雨量的分区"):
        ran(rained(), Rain("shijiao", 2.0))
    bare = {k: v for k, v in CHAIN.items() if k != "runoff"}
    with pytest.raises(EngineRefused, match="没有产汇流参数"):
        outcome_of(Case(bare, base_of(bare, series(), T0, AHEAD), plan(Rain(EVERYWHERE, 2.0))))


def test_later_rain_makes_a_kept_run_old():
    assert rained().hash != rained(ahead_h=20.0).hash


def test_a_sub_basin_with_parameters_of_its_own_answers_by_them_and_the_others_as_before():
    declared = copy.deepcopy(CHAIN)
    row = next(b for b in declared["runoff"]["basin"] if b["node"] == "in-lianjiang")
    row["parameters"] = {"sm": 45.0, "cs": 0.85}
    model, common = model_of(declared), model_of(CHAIN)
    rains = {b.node: np.full(WARM_H + 24, 1.2) for b in common.basins}
    own, before = flows(model, rains), flows(common, rains)
    assert np.abs(own["in-lianjiang"] / before["in-lianjiang"] - 1.0).max() > 0.02
    for node in set(rains) - {"in-lianjiang"}:
        assert own[node] == pytest.approx(before[node], rel=1e-12)
    alone = {**declared["runoff"], "parameters": CHAIN["runoff"]["parameters"] | row["parameters"]}
    alone["basin"] = [{k: v for k, v in b.items() if k != "parameters"} for b in alone["basin"]]
    assert flows(model_of(declared | {"runoff": alone}), rains)["in-lianjiang"] == pytest.approx(own["in-lianjiang"], rel=1e-12)
    row["parameters"] = {"xx": 1.0}
    with pytest.raises(EngineRefused, match="没有参数 xx"):
        model_of(declared)


@pytest.mark.parametrize(("key", "value"), [("parameters", {"sm": "much"}), ("parameters", {"xx": 1.0}), ("wet", 3.0)])
def test_an_offices_own_parameters_are_checked(key, value):
    own = CHAIN | {"runoff": CHAIN["runoff"] | {key: value}}
    with pytest.raises(EngineRefused, match="runoff 段"):
        model_of(own)


def test_rain_is_typed_as_officers_say_it():
    targets = {t.node: t for t in targets_of(CHAIN)}
    assert targets[EVERYWHERE].name == "全流域" and "drawn" in targets["in-yingde"].kinds
    typed = (Change("rain", EVERYWHERE, "1.5"), Change("drawn", "in-yingde", "0 10; 6 25; 12 0"))
    inputs = inputs_of(typed)
    assert inputs[1].points[1] == (6 * HOUR, 25.0)
    assert changes_of(inputs) == typed
    assert change_words(typed[0], {EVERYWHERE: "全流域"}, str) == "全流域 降雨倍数 ×1.5"
    with pytest.raises(NotAChange, match="既给了倍数又给了过程"):
        inputs_of((Change("rain", "in-yingde", "2"), Change("drawn", "in-yingde", "0 10")))


def test_a_drawn_inflow_comes_back_into_the_form_and_is_not_mixed_with_a_factor():
    typed = (Change("course", "in-yingde", "0 3000; 24 9000"),)
    inputs = inputs_of(typed)
    assert inputs == (Inflow("in-yingde", points=((0.0, 3000.0), (24 * HOUR, 9000.0))),)
    assert changes_of(inputs) == typed, "a copy keeps it"
    for pair in ((*typed, Change("factor", "in-yingde", "2")), (Change("add", "in-yingde", "2"), *typed)):
        with pytest.raises(NotAChange, match="这一来水已给了"):
            inputs_of(pair)


def test_a_storm_within_an_hour_counts_for_its_part_of_it():
    base = rained()
    model = model_of(CHAIN)
    basin = model.basins[0].node
    for points in (((0.0, 0.0), (0.5 * HOUR, 100.0), (HOUR, 0.0)), ((0.0, 300.0), (HOUR / 6, 0.0))):
        mm = changed_rain(basin, base.rain[basin], [Rain(EVERYWHERE, points=points)])
        assert mm[WARM_H] == pytest.approx(50.0) and mm[WARM_H + 1 :].sum() == pytest.approx(0.0)


def test_rain_that_could_change_nothing_is_refused_and_drawn_rain_is_not_told_to_be_drawn():
    base = rained(ahead_h=0.0)
    course = Inflow("in-yingde", points=((0.0, 100.0), (72 * HOUR, 100.0)))
    with pytest.raises(EngineRefused, match="韶关至英德区间的来水已由情景给出过程"):
        ran(base, Rain("in-yingde", 2.0), course)
    part = ran(base, Rain(EVERYWHERE, points=((0.0, 10.0), (12 * HOUR, 0.0))), course)
    assert volume_m3(part) > volume_m3(ran(base, course)), "the other basins have their rain"
    assert not any("倍数在这些小时不起作用" in line for line in part.limits)
    everywhere = [Inflow(b.node, points=((0.0, 1.0), (72 * HOUR, 1.0))) for b in model_of(CHAIN).basins]
    with pytest.raises(EngineRefused, match="各分区的来水已由情景给出过程"):
        ran(base, Rain(EVERYWHERE, 2.0), *everywhere)
    with pytest.raises(EngineRefused, match="没有读到各分区的雨量"):
        ran(base_of(CHAIN, series(), T0, AHEAD), Rain(EVERYWHERE, 2.0))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change("retention", "pajiang", "12:30"), "看不懂|不是数"),
        (Change("dam", "feilaixia", "6：30"), "看不懂|不是数"),
        (Change("keep", "feilaixia", "21，5"), "不是数"),
        (Change("factor", "in-yingde", "1，5"), "不是数"),
        (Change("keep", "feilaixia", "99999"), "第 2 项.*水位 m不能用"),
        (Change("retention", "pajiang", "-1"), "第 2 项.*开启时间不能用"),
        (Change("release", "feilaixia", "0 9000; 0 8000"), "第 2 项.*过程不能用"),
        (Change("factor", "in-yingde", "1e309"), "不是数"),
    ],
)
def test_what_is_typed_amiss_is_refused_by_its_row_and_never_taken_for_something_else(change, words):
    with pytest.raises(NotAChange, match=words) as caught:
        inputs_of((Change("factor", "in-lianjiang", "1.2"), change))
    assert "_m" not in str(caught.value.what) and "e+06" not in caught.value.next_step


def test_what_a_form_cannot_say_is_named_when_a_scenario_is_copied():
    assert unsaid((Retention("pajiang", 3600.0, 7200.0), Rain(EVERYWHERE, 2.0))) == ("蓄滞洪区",)
