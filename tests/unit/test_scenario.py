"""A what-if that can be named, kept, compared and trusted: the same inputs, the same id; what is wrong is said."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.domain.scenario import (
    Breach,
    Inflow,
    Rain,
    Retention,
    RunRecord,
    Scenario,
    Schedule,
    Spill,
    Tide,
    canonical,
    scenario_doc,
    scenario_from_doc,
    scenario_from_json,
    scenario_json,
)
from console.domain.scenario_reader import ScenarioError
from console.domain.time import from_beijing

BASE = float(from_beijing("2022-06-21 08:00"))
INPUTS = (
    Rain("北江", 1.2),
    Inflow("英德", add_m3s=300.0, shift_h=-2.0),
    Schedule("飞来峡", "release", ((0.0, 9000.0), (21600.0, 12000.0))),
    Schedule("芦苞水闸", "gates", ((0.0, 0.0), (7200.0, 3.5))),
    Breach("北江大堤", 12.1, 80.0, 36000.0),
    Retention("潖江", 18000.0, flow_m3s=900.0),
    Tide("三水", surge_m=0.6),
    Spill("北江", "氨氮", 120.0, 2000.0, 3600.0, 7200.0, 1.0, 0.2),
)
PLAN_A = Scenario("方案A", "张三", BASE + 600, BASE, 72.0, INPUTS, "加大预泄")


def changed(index, **values):
    doc = json.loads(scenario_json(PLAN_A))
    doc["inputs"][index].update(values)
    return doc


def test_a_scenario_comes_back_from_its_text_byte_for_byte():
    again = scenario_from_json(scenario_json(PLAN_A))
    assert again == PLAN_A and scenario_json(again) == scenario_json(PLAN_A) and again.inputs_id == PLAN_A.inputs_id


def test_nothing_in_it_can_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PLAN_A.name = "方案B"
    with pytest.raises(dataclasses.FrozenInstanceError):
        PLAN_A.inputs[0].factor = 2.0


def test_the_inputs_id_knows_inputs_and_base_but_not_the_name_or_the_order():
    same = PLAN_A.copied("给省长看的", "李四", BASE + 9000, tuple(reversed(INPUTS)))
    assert same.inputs_id == PLAN_A.inputs_id and len(same.inputs_id) == 64
    for other in (
        dataclasses.replace(PLAN_A, base_t=BASE + 3600),
        dataclasses.replace(PLAN_A, lead_h=48.0),
        PLAN_A.copied("B", "李四", BASE, INPUTS[1:]),
        PLAN_A.copied("B", "李四", BASE, (Rain("北江", 1.2000001), *INPUTS[1:])),
    ):
        assert other.inputs_id != PLAN_A.inputs_id


def test_a_whole_number_is_the_same_however_it_was_written():
    doc = changed(1, add_m3s=300)
    assert scenario_from_doc(doc).inputs_id == PLAN_A.inputs_id


def test_what_was_changed_is_read_as_lines():
    other = PLAN_A.copied(
        "方案B", "张三", BASE + 900,
        (Rain("北江", 1.5), *INPUTS[1:4], Breach("北江大堤", 12.1, 120.0, 39600.0), *INPUTS[6:], Rain("东江", 0.8)),
    )  # fmt: skip
    assert other.changed_against(PLAN_A) == (
        "降雨 北江：倍数 1.2 → 1.5",
        "溃口 北江大堤：口宽 m 80 → 120，发生时间 06-21 18:00 → 06-21 19:00",
        "降雨 东江：新增，倍数 0.8",
        "蓄滞洪区 潖江：去掉",
    )
    assert PLAN_A.changed_against(PLAN_A.copied("同", "王五", BASE)) == ()
    later = dataclasses.replace(PLAN_A, base_t=BASE + 3600)
    assert later.changed_against(PLAN_A)[0] == "起算时间：06-21 08:00 → 06-21 09:00"


def test_a_drawn_release_is_compared_by_its_points():
    drawn = PLAN_A.copied("B", "张三", BASE, (*INPUTS[:2], Schedule("飞来峡", "release", ((0.0, 8000.0),)), *INPUTS[3:]))
    assert drawn.changed_against(PLAN_A) == ("调度过程 飞来峡（出库）：过程 2 点（9000–12000） → 1 点（8000–8000）",)


@pytest.mark.parametrize(
    ("doc", "words"),
    [
        (changed(0, factor=99), "第 1 项输入 factor 为 99"),
        (changed(0, factor=float("nan")), "factor 为 nan"),
        (changed(0, factor=True), "factor 为 True"),
        (changed(0, facter=1.0), "facter 为 1.0.*不认识"),
        (changed(0, points=[[0, 5.0]]), "factor 为 1.2.*points"),
        (changed(2, points=[[0, 100.0], [0, 200.0]]), "points 第 2 行 为 0 s.*依次增大"),
        (changed(2, points=[[0, -100.0]]), "points 第 1 行 为 -100 m³/s"),
        (changed(2, points=[]), "至少要有一个时间点"),
        (changed(3, points=[[0, 61.0]]), "61 m，不能用"),
        (changed(2, kind="spillway"), "kind 为 'spillway'"),
        (changed(4, width_m=0), "width_m 为 0"),
        (changed(4, lon=212.9), "lon 为 212.9"),
        (changed(5, close_s=100.0), "close_s 为 100.0.*开启之后"),
        (changed(7, to_s=0.0), "to_s 为 0.0"),
        (changed(7, mass_kg=-2000.0), "mass_kg 为 -2000"),
        (changed(7, type="oil"), "type 为 'oil'"),
        (json.loads(scenario_json(PLAN_A)) | {"lead_h": 0}, "lead_h 为 0"),
        (json.loads(scenario_json(PLAN_A)) | {"name": "  "}, "name 为 '  '.*不能空着"),
        (json.loads(scenario_json(PLAN_A)) | {"schema": 2}, "schema 为 2"),
        (json.loads(scenario_json(PLAN_A)) | {"inputs": ["rain"]}, "第 1 项输入 为 'rain'"),
    ],
)
def test_what_is_wrong_is_named_with_its_key_and_value(doc, words):
    with pytest.raises(ScenarioError, match=words):
        scenario_from_doc(doc)


def test_one_made_in_the_program_is_checked_like_one_that_is_read():
    with pytest.raises(ScenarioError, match="width_m 为 -5"):
        PLAN_A.copied("B", "张三", BASE, (Breach("堤", 3.0, -5.0, 0.0),))
    with pytest.raises(ScenarioError, match="只能给一次"):
        PLAN_A.copied("B", "张三", BASE, (Rain("北江"), Rain("北江", 2.0)))
    two = PLAN_A.copied("B", "张三", BASE, (INPUTS[4], dataclasses.replace(INPUTS[4], at_km=4.2)))
    assert "溃口 北江大堤（2）：新增" in "\n".join(two.changed_against(PLAN_A))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"schema":1}'])
def test_a_text_that_is_no_scenario_is_refused_with_words(text):
    with pytest.raises(ScenarioError) as caught:
        scenario_from_json(text)
    assert caught.value.next_step


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    index=st.integers(0, 7),
    key=st.sampled_from(["type", "factor", "points", "kind", "at_km", "at_s", "flow_m3s", "river"]),
    value=JSON,
)
def test_nothing_that_stands_in_a_file_gets_past_as_another_fault(index, key, value):
    doc = changed(index, **{key: value})
    try:
        read = scenario_from_doc(doc)
    except ScenarioError as exc:
        assert exc.what and exc.next_step
    else:
        assert scenario_from_doc(scenario_doc(read)) == read
        canonical(scenario_doc(read))


def test_a_run_is_recorded_with_a_known_state_only():
    record = RunRecord(PLAN_A.inputs_id, "0.1.0", 7, BASE, 1.2, 1e-9, "done", ("预报来水准确",), ())
    assert record.state == "done"
    with pytest.raises(ScenarioError, match="state 为 finished"):
        dataclasses.replace(record, state="finished")
