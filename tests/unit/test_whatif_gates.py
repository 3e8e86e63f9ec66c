"""A reservoir operated by the opening of its gates: what they let through at the level, refusals, the form."""

from __future__ import annotations

import numpy as np
import pytest

from console.domain.scenario import Keep, Schedule
from console.engine.refused import EngineRefused
from console.presenters.consult_inputs import NotAChange, change_words, changes_of, inputs_of, targets_of, unsaid
from console.viewdata.consult import Change
from tests.unit.test_whatif import CHAIN, HOUR, ran

POOL = next(n for n in CHAIN["node"] if n["id"] == "feilaixia")


def gates(*points):
    return Schedule("feilaixia", "gates", tuple((h * HOUR, v) for h, v in points))


def test_half_open_gates_let_through_half_of_what_they_can_at_the_level():
    got = ran(gates((0.0, 6.0)))
    node = got.nodes["feilaixia"]
    z, q = np.array(POOL["outlets"][0]["points"]).T
    can = np.interp(node.level_m, z, q)
    assert node.flow_m3s[2:] == pytest.approx(0.5 * can[2:], rel=0.03), "at the level where each step begins"
    assert any(a.key == "gates" and a.sure == "假定" for a in got.assumed)
    assert not any("没有给出调度" in line and "飞来峡" in line for line in got.limits)
    assert got.mass_error < 1e-9


def test_opening_further_draws_the_pool_down_and_shut_gates_fill_it():
    levels = [ran(gates((0.0, 4.0), (12.0, later))).nodes["feilaixia"].level_m[20] for later in (0.0, 4.0, 12.0)]
    assert levels[0] > levels[1] > levels[2]


def test_what_no_gate_can_do_is_refused():
    with pytest.raises(EngineRefused, match="大于全开 12 m"):
        ran(gates((0.0, 12.5)))
    with pytest.raises(EngineRefused, match="没有闸门资料"):
        ran(Schedule("lechangxia", "gates", ((0.0, 1.0),)))
    with pytest.raises(EngineRefused, match="同时给了控制水位、闸门开度，只能按一种调度"):
        ran(Keep("feilaixia", 22.0), gates((0.0, 3.0)))
    with pytest.raises(EngineRefused, match="同时给了闸门开度、出库过程"):
        ran(gates((0.0, 3.0)), Schedule("feilaixia", "release", ((0.0, 9000.0),)))


def test_the_form_offers_openings_where_gates_are_known_and_gives_them_back():
    kinds = {t.node: t.kinds for t in targets_of(CHAIN)}
    assert "gates" in kinds["feilaixia"] and "gates" not in kinds["lechangxia"]
    entry = gates((0.0, 3.0), (12.0, 6.5))
    assert inputs_of(changes_of((entry,))) == (entry,) and unsaid((entry,)) == ()
    assert change_words(changes_of((entry,))[0], {"feilaixia": "飞来峡"}, str) == "飞来峡 闸门开度过程 0 3; 12 6.5"
    with pytest.raises(NotAChange, match="第 1 项"):
        inputs_of([Change("gates", "feilaixia", "0 99")])


def test_a_course_that_begins_later_leaves_the_hours_before_as_they_would_be():
    calm = ran().nodes["feilaixia"]
    for entry in (gates((24.0, 6.0)), Schedule("feilaixia", "release", ((24 * HOUR, 12000.0),))):
        later = ran(entry).nodes["feilaixia"]
        assert later.flow_m3s[:24] == pytest.approx(calm.flow_m3s[:24]), "held at the level of the start, as without it"
        assert abs(later.flow_m3s[30] - calm.flow_m3s[30]) > 100.0
    branch = ran(Schedule("lubao", "release", ((24 * HOUR, 0.0),))).nodes["lubao"].branch_m3s
    assert branch[:24] == pytest.approx(ran().nodes["lubao"].branch_m3s[:24]) and not branch[24:].any()
    with pytest.raises(EngineRefused, match="从第 500 h 开始，不在预见期 72 h 内"):
        ran(gates((500.0, 3.0)))
