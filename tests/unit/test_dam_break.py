"""A dam that fails: the regressions, the volume kept, and the flood going down the chain."""

from __future__ import annotations

import json

import numpy as np
import pytest

from console.domain.scenario import DamBreak, Inflow, Keep, Schedule
from console.engine.chain_base import base_of
from console.engine.dam_break import burst, peak_m3s
from console.engine.refused import EngineRefused
from console.engine.whatif import RunRefused, run_case
from console.engine.whatif_inputs import Case
from console.engine.whatif_optimise import optimise_case
from console.presenters.consult_inputs import changes_of, inputs_of, targets_of
from console.viewdata.consult import Change
from tests.unit.test_whatif import CHAIN, HOUR, T0, plan, ran, series


def test_the_peak_is_that_of_the_published_regression(shared, within):
    case = json.loads((shared / "refcases" / "breach_peak_froehlich.json").read_text("utf-8"))
    for row in case["cases"]:
        within("breach_peak_froehlich", "峰值（相对）", abs(peak_m3s(row["Vw"], row["hw"]) / row["Qp"] - 1), 1e-9)


def test_all_that_the_reservoir_held_comes_and_no_more():
    flood = burst(2.0e8, 60.0)
    for at_s in (0.0, 3 * HOUR, 3.4 * HOUR):
        hourly = flood.hourly(at_s + HOUR, 40)
        assert hourly.sum() * HOUR == pytest.approx(flood.volume_m3, rel=1e-9)
        assert hourly.min() >= 0.0 and hourly.max() <= flood.peak_m3s


def test_the_flood_goes_down_the_chain_later_and_lower():
    calm, got = ran(), ran(DamBreak("lechangxia", 6 * HOUR, 150.0))
    more = {k: got.nodes[k].flow_m3s - calm.nodes[k].flow_m3s for k in ("shaoguan", "yingde", "shijiao")}
    peaks = [float(m.max()) for m in more.values()]
    times = [int(m.argmax()) for m in more.values()]
    assert peaks[0] > peaks[1] > peaks[2] > 100.0 and times[0] < times[1] < times[2]
    assert more["shaoguan"][:6] == pytest.approx(np.zeros(6), abs=1e-6)
    assert got.mass_error < 1e-6
    assert any("乐昌峡溃坝" in line and "Froehlich" in line for line in got.limits)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (DamBreak("nanshui", 0.0, 200.0), "坝基高程"),
        (DamBreak("lechangxia", 0.0, 500.0), "不在库容曲线"),
        (DamBreak("lechangxia", 0.0), "没有实测库水位"),
    ],
)
def test_a_dam_that_cannot_be_computed_is_refused(entry, words):
    with pytest.raises(RunRefused, match=words):
        run_case(Case(CHAIN, base_of(CHAIN, series(), T0, 72.0), plan(entry)), lambda *_: None)


def test_no_schedule_is_proposed_for_a_dam_that_is_gone():
    with pytest.raises(RunRefused, match="溃坝的情景不能优化"):
        optimise_case(Case(CHAIN, base_of(CHAIN, series(), T0, 72.0), plan(DamBreak("feilaixia", 0.0))), lambda *_: None)


def test_it_is_typed_and_comes_back():
    assert "dam" in next(t for t in targets_of(CHAIN) if t.node == "feilaixia").kinds
    typed = (Change("dam", "lechangxia", "6 150"), Change("dam", "feilaixia", "12"))
    assert inputs_of(typed)[1] == DamBreak("feilaixia", 12 * HOUR)
    assert changes_of(inputs_of(typed)) == typed
    with pytest.raises(EngineRefused, match="库容"):
        peak_m3s(0.0, 10.0)


def test_a_dam_is_operated_until_it_fails_at_the_level_that_it_has_by_then():
    until = 48
    calm = ran(Keep("feilaixia", 24.0)).nodes["feilaixia"]
    got = ran(Keep("feilaixia", 24.0), DamBreak("feilaixia", until * HOUR))
    gone = got.nodes["feilaixia"]
    assert gone.flow_m3s[:until] == pytest.approx(calm.flow_m3s[:until]), "as if nothing were to happen"
    assert gone.level_m[:until] == pytest.approx(calm.level_m[:until]) and np.isnan(gone.level_m[until:]).all()
    assert gone.storage_m3[-1] == 0.0 and (gone.flow_m3s[until:] >= gone.inflow_m3s[until:]).all(), (
        "with the flood of the failure"
    )
    assert gone.highest == pytest.approx((calm.level_m[:until].max(), float(calm.level_m[:until].argmax())))
    assert any(f"飞来峡溃坝：水位 {calm.level_m[until]:.2f} m" in line for line in got.limits)
    assert got.mass_error < 1e-6 and all(np.isfinite(v) for v in got.figures().values())
    flow = Schedule("feilaixia", "release", ((0.0, 3000.0),))
    kept = ran(flow, DamBreak("feilaixia", until * HOUR))
    assert kept.nodes["feilaixia"].flow_m3s[12] == pytest.approx(3000.0, rel=0.05)
    assert max(kept.nodes["baxia"].flow_m3s) > max(got.nodes["baxia"].flow_m3s), "more was held, more comes"


def test_what_comes_after_a_failure_passes_whole_however_little_the_outlets_let_through():
    flood = Inflow("in-lianjiang", 2.5)
    for hour in (0, 30):
        got = ran(flood, DamBreak("feilaixia", hour * HOUR))
        gone = got.nodes["feilaixia"]
        assert gone.inflow_m3s[hour:].max() > 18300.0, "more than the gates and the safe release"
        assert (gone.flow_m3s[hour:] >= gone.inflow_m3s[hour:] - 1e-6).all()
        assert gone.flow_m3s == pytest.approx(got.nodes["baxia"].flow_m3s), "what leaves is what comes to its foot"
        held = float(next(x for x in got.limits if x.startswith("飞来峡溃坝")).split("库容 ")[1].split(" ")[0])
        more = float((gone.flow_m3s[hour:] - gone.inflow_m3s[hour:]).sum()) * HOUR / 1e6
        assert more == pytest.approx(held, rel=0.25), "the rest leaves after the run, or before its hour"
        assert got.mass_error < 1e-9 and (hour or gone.highest is None)


def test_a_full_pool_whose_dam_is_overtopped_fails_with_what_its_curve_knows():
    shut = Schedule("feilaixia", "release", ((0.0, 0.0),))
    got = ran(shut, DamBreak("feilaixia", 41 * HOUR))
    assert any("高于库容曲线顶 33.17 m，库容按曲线顶计" in line for line in got.limits)
    assert any(line.startswith("飞来峡溃坝：水位 33.17 m") for line in got.limits)


@pytest.mark.parametrize("dam", [{"node": "feilaixia"}, {"node": "feilaixia", "foot_m": "x"}, {"foot_m": 3.0}])
def test_an_offices_dam_without_its_foot_is_refused_with_its_name(dam):
    declared = CHAIN | {"dam": [dam]}
    with pytest.raises(RunRefused, match="坝基高程"):
        run_case(Case(declared, base_of(declared, series(), T0, 72.0), plan(DamBreak("feilaixia", 0.0))), lambda *_: None)


def test_a_dam_below_one_that_fails_stands_higher_when_it_follows():
    alone = ran(DamBreak("feilaixia", 40 * HOUR))
    both = ran(DamBreak("lechangxia", 6 * HOUR, 154.0), DamBreak("feilaixia", 40 * HOUR))
    level = [
        float(next(x for x in o.limits if x.startswith("飞来峡溃坝")).split("水位 ")[1].split(" m")[0]) for o in (alone, both)
    ]
    assert level[1] >= level[0] and both.nodes["shijiao"].peak[0] > alone.nodes["shijiao"].peak[0]


def test_a_dam_does_not_fail_after_the_run():
    base = base_of(CHAIN, series(), T0, 72.0)
    with pytest.raises(RunRefused, match="不在预见期"):
        run_case(Case(CHAIN, base, plan(DamBreak("feilaixia", 100 * HOUR))), lambda *_: None)
