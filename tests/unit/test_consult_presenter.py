"""Changes as officers type them, and the tables and curves of compared scenarios."""

from __future__ import annotations

import pytest

from console.domain.scenario import Inflow, Keep, Retention, Schedule
from console.engine.chain_base import base_of
from console.presenters.consult_inputs import NotAChange, change_words, changes_of, inputs_of, targets_of
from console.viewdata.consult import Change
from tests.unit.test_whatif import CHAIN, T0, series

TYPED = (
    Change("factor", "in-lianjiang", "1.2"), Change("add", "in-lianjiang", "-300"), Change("keep", "feilaixia", "21.5"),
    Change("release", "lubao", "0 0； 6h 300, ; 12，500"), Change("retention", "pajiang", "12 1300"),
)  # fmt: skip


def test_changes_become_inputs_and_come_back_as_they_were():
    inputs = inputs_of(TYPED)
    assert inputs == (
        Inflow("in-lianjiang", 1.2, -300.0),
        Keep("feilaixia", 21.5),
        Schedule("lubao", "release", ((0.0, 0.0), (21600.0, 300.0), (43200.0, 500.0))),
        Retention("pajiang", 43200.0, None, 1300.0),
    )
    assert inputs_of(changes_of(inputs)) == inputs
    names = {t.node: t.name for t in targets_of(CHAIN)}
    assert change_words(TYPED[2], names, str) == "飞来峡 控制库水位 21.5 m"
    assert change_words(TYPED[0], names, str).endswith("来水倍数 ×1.2")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change("factor", "in-yingde", "一成"), "第 1 项“一成”不是数"),
        (Change("add", "in-yingde", ""), "不是数"),
        (Change("keep", "feilaixia", "nan"), "不是数"),
        (Change("release", "feilaixia", "9000"), "看不懂"),
        (Change("release", "feilaixia", " ; "), "没有写过程"),
        (Change("retention", "pajiang", "1 2 3 4"), "看不懂"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_row_and_how_to_write_it(change, words):
    with pytest.raises(NotAChange) as caught:
        inputs_of((change,))
    assert words in caught.value.what and caught.value.next_step


def test_the_measured_release_becomes_a_schedule_of_its_own_hours():
    base = base_of(CHAIN, series(until_h=10.0), T0, 72.0)
    (found,) = inputs_of((Change("actual", "feilaixia", ""),), base)
    t, q = series(until_h=10.0)["LOC00506", "OTQ"]
    since = t >= T0
    assert found.work == "feilaixia" and found.kind == "release"
    assert found.points == tuple((round(s - T0), round(v)) for s, v in zip(t[since], q[since], strict=True))
    for none in (None, base_of(CHAIN, series(until_h=0.0), T0, 72.0)):
        with pytest.raises(NotAChange, match="没有实测出库"):
            inputs_of((Change("actual", "feilaixia", ""),), none)


def test_the_same_change_twice_and_absurd_values_are_refused():
    with pytest.raises(NotAChange, match="第 2 项"):
        inputs_of((TYPED[0], TYPED[0]))
    for change in (
        Change("factor", "in-yingde", "-1"),
        Change("keep", "feilaixia", "99999"),
        Change("release", "lubao", "6 1; 3 2"),
    ):
        with pytest.raises(NotAChange, match="第 1 项.*不能用"):
            inputs_of((change,))


def test_only_what_can_be_changed_is_offered():
    found = {t.node: t.kinds for t in targets_of(CHAIN)}
    assert found["feilaixia"] == ("start", "keep", "release", "gates", "actual", "dam") and found["pajiang"] == ("retention",)
    assert found["in-yingde"] == ("rain", "drawn", "factor", "add", "shift", "course") and found["xinan"] == ("release",)
    assert "nanshui" not in found, "no storage curve, nothing to operate"
    assert "shijiao" not in found and "reach-shijiao" not in found
