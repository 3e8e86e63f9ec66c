"""A proposal that can be carried out by hand: whole gates, moved every few hours, no worse than the written rule."""

from __future__ import annotations

import numpy as np
import pytest

from console.domain.scenario import Inflow, Keep, Schedule
from console.engine import whatif_gates
from console.engine.chain_base import base_of
from console.engine.whatif import RunRefused, outcome_of
from console.engine.whatif_inputs import Case
from console.engine.whatif_optimise import optimise_case
from tests.unit.test_whatif import CHAIN, HOUR, T0, plan, series

BASE = base_of(CHAIN, series(), T0, 72.0)
INPUTS = (Inflow("in-lianjiang", 1.6), Keep("feilaixia", 24.5))


def chain(**gates):
    """The chain with other words on the gates of 飞来峡; a None takes one away."""
    nodes = [
        {**n, "gates": {k: v for k, v in {**n["gates"], **gates}.items() if v is not None}} if n["id"] == "feilaixia" else n
        for n in CHAIN["node"]
    ]
    return {**CHAIN, "node": nodes}


def proposed(declared):
    return optimise_case(Case(declared, BASE, plan(*INPUTS)), lambda *_: None)


def release(found):
    (schedule,) = (i for i in found.inputs if isinstance(i, Schedule))
    t, v = np.array(schedule.points).T
    return v[np.searchsorted(t, np.arange(72) * HOUR, side="right") - 1]


def test_all_gates_but_one_are_open_or_shut_and_are_moved_every_three_hours():
    found = proposed(CHAIN)
    assert "整孔闸门（混合整数规划，距最优界 0." in found.note and "→" in found.note and "较连续开度" in found.note
    words = found.note.partition("飞来峡全开 ")[2].partition(" 孔")[0]
    opened = [int(n) for n in words.split("→")]
    each = float(found.note.partition("单孔 ")[2].partition(" m³/s")[0])
    assert all(0 <= n <= 14 for n in opened) and len(opened) <= 24
    flow = release(found).reshape(-1, 3)
    gates = [{n for n in range(15) if n * each - 2.0 <= row.min() and row.max() <= (n + 1) * each + 2.0} for row in flow]
    assert all(gates), "in each three hours one number of whole gates, and the last one between shut and open"


def test_it_costs_little_and_is_better_than_the_rule():
    whole, smooth, held = (
        outcome_of(Case(CHAIN, BASE, plan(*inputs))).nodes
        for inputs in (proposed(CHAIN).inputs, proposed(chain(count=None)).inputs, INPUTS[:1])
    )
    peaks = [n["shijiao"].peak[0] for n in (whole, smooth, held)]
    assert peaks[0] < peaks[1] + 200.0 and peaks[0] < peaks[2] - 1000.0
    assert whole["feilaixia"].highest[0] <= 24.55


def test_gates_that_nobody_counted_leave_the_continuous_plan():
    assert "线性规划：最优" in proposed(chain(count=None)).note


def test_a_whole_gate_plan_that_breaks_a_limit_or_is_not_found_leaves_the_continuous_one(monkeypatch):
    single = proposed(chain(count=1))
    assert single.feasible and "线性规划：最优" in single.note, "a single gate is the regulating one"
    rigid = proposed(chain(hold_h=72.0))
    assert rigid.feasible and "整孔闸门方案不满足约束（飞来峡" in rigid.note and rigid.note.endswith("出库按连续开度")
    monkeypatch.setattr(whatif_gates, "LIMIT_S", 1e-4)
    late = proposed(CHAIN)
    assert late.feasible and late.note.endswith("秒内没有解出，出库按连续开度")


@pytest.mark.parametrize(
    ("gates", "words"), [({"count": 0}, "gates.count"), ({"count": True}, "gates.count"), ({"hold_h": 0.2}, "gates.hold_h")]
)
def test_a_number_of_gates_that_is_none_is_refused_by_its_key(gates, words):
    with pytest.raises(RunRefused, match=words):
        proposed(chain(**gates))
