"""A spill into the main river: carried by the run's own flows, refused where it cannot be, kept and read again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from console.domain.scenario import Schedule, Spill
from console.engine.chain_base import base_of
from console.engine.whatif import RunRefused, run_case
from console.engine.whatif_arrays import arrays_of, outcome_from
from console.engine.whatif_inputs import Case
from console.presenters.consult_inputs import NotAChange, changes_of, inputs_of, targets_of
from console.viewdata.consult import Change
from tests.unit.test_whatif import CHAIN, HOUR, T0, plan, ran, series

CADMIUM = Spill("北江", "镉", 5.0, 3600.0, 0.0, 2 * HOUR, 0.005)


def places(outcome):
    return {p.name: p for p in outcome.spills[0].places}


def test_the_cloud_passes_the_towns_in_their_order_and_thins_on_the_way():
    got = ran(CADMIUM)
    found = got.spills[0].places
    assert [p.name for p in found] == ["英德(五)", "飞来峡", "清远(三)", "石角", "三水(二)"]
    assert all(a.arrival_h < b.arrival_h and a.peak_mg_l > b.peak_mg_l for a, b in zip(found, found[1:], strict=False))
    assert all(p.arrival_h < p.peak_h < p.leave_h for p in found)
    assert got.spills[0].mass_error < 1e-6
    assert not found[0].well_mixed and any("未混匀" in line for line in got.limits)
    assert any("取水口位置未公布" in line for line in got.limits)
    assert got.figures() == ran().figures(), "the water goes as it went"


def test_more_water_from_the_dam_thins_what_passes_below_it():
    low = ran(CADMIUM, Schedule("feilaixia", "release", ((0.0, 6000.0), (71 * HOUR, 6000.0))))
    high = ran(CADMIUM, Schedule("feilaixia", "release", ((0.0, 12000.0), (71 * HOUR, 12000.0))))
    assert not any("平均流量" in line for line in (*low.limits, *high.limits))
    assert places(high)["石角"].peak_h < places(low)["石角"].peak_h, "and brings it sooner"
    assert places(high)["英德(五)"].peak_mg_l == pytest.approx(places(low)["英德(五)"].peak_mg_l, rel=1e-6), (
        "above nothing changes"
    )


def test_decay_takes_from_it_and_a_place_above_the_spill_is_not_listed():
    quick = ran(Spill("北江", "苯胺", 140.0, 5000.0, 0.0, 0.0, 0.1, 2.0))
    slow = ran(Spill("北江", "苯胺", 140.0, 5000.0, 0.0, 0.0, 0.1))
    assert list(places(quick)) == ["清远(三)", "石角", "三水(二)"]
    assert places(quick)["三水(二)"].peak_mg_l < 0.7 * places(slow)["三水(二)"].peak_mg_l


def test_where_a_dam_shuts_the_flow_is_averaged_and_that_is_said():
    shut = Schedule("feilaixia", "release", ((0.0, 9000.0), (20 * HOUR, 0.0), (60 * HOUR, 0.0)))
    got = ran(CADMIUM, shut)
    assert any("按预见期内平均流量计算" in line for line in got.limits)
    assert np.isfinite(got.spills[0].mg_l).all()


@pytest.mark.parametrize(
    ("spill", "words"),
    [
        (Spill("东江", "镉", 5.0, 10.0, 0.0, 0.0, 0.005), "只能算“北江”"),
        (Spill("北江", "镉", 400.0, 10.0, 0.0, 0.0, 0.005), "不在河段内"),
        (Spill("北江", "镉", 5.0, 10.0, 90 * HOUR, 90 * HOUR, 0.005), "应在计算时段内"),
    ],
)
def test_a_spill_that_cannot_be_carried_is_refused_with_the_reason(spill, words):
    with pytest.raises(RunRefused, match=words):
        run_case(Case(CHAIN, base_of(CHAIN, series(), T0, 72.0), plan(spill)), lambda *_: None)


def test_an_office_names_its_own_intakes():
    own = CHAIN | {"transport": CHAIN["transport"] | {"intake": [{"name": "七星岗取水口", "at_km": 165.0}]}}
    got = run_case(Case(own, base_of(own, series(), T0, 72.0), plan(CADMIUM)), lambda *_: None)
    assert [p.name for p in got.spills[0].places] == ["七星岗取水口"]
    assert not any("取水口位置未公布" in line for line in got.limits)
    for part in ({"manning": "rough"}, {"place": CHAIN["transport"]["place"][::-1]}, {"dispersion_m2s": -1.0}):
        bad = CHAIN | {"transport": CHAIN["transport"] | part}
        with pytest.raises(RunRefused, match="transport 段"):
            run_case(Case(bad, base_of(bad, series(), T0, 72.0), plan(CADMIUM)), lambda *_: None)


def test_a_kept_run_gives_its_spill_back():
    got = ran(CADMIUM, Spill("北江", "油", 100.0, 20.0, HOUR, HOUR, 0.05))
    again = outcome_from(arrays_of(got), CHAIN, got.mass_error, got.assumed, got.limits)
    assert [s.substance for s in again.spills] == ["镉", "油"]
    assert again.spills[0].places == got.spills[0].places
    assert np.array_equal(again.spills[1].mg_l, got.spills[1].mg_l)


def test_a_spill_is_typed_in_one_line_and_comes_back_as_it_was():
    assert next(t for t in targets_of(CHAIN) if t.node == "北江").kinds == ("spill",)
    typed = (Change("spill", "北江", "镉 5 3600 0 2 0.005"), Change("spill", "北江", "苯胺 100 50 6 6 0.1 0.3"))
    inputs = inputs_of(typed)
    assert inputs[0] == CADMIUM and inputs[1].decay_per_d == 0.3
    assert changes_of(inputs) == typed
    with pytest.raises(NotAChange, match="依次写物质"):
        inputs_of((Change("spill", "北江", "镉 5"),))
    with pytest.raises(NotAChange, match="不是数"):
        inputs_of((Change("spill", "北江", "镉 五 3600 0 2 0.005"),))


def test_a_copy_says_what_was_said():
    exact = Spill("北江", "石油 类", 5.25, 1234567.0, 600.0, 7200.0, 0.05)
    again = inputs_of(changes_of((exact,)))[0]
    assert again == replace(exact, substance="石油类"), "in one word, and to the last figure"
