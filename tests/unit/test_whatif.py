"""What-ifs of the Beijiang chain from gauged series: base, inputs, refusals, speed, figures."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import numpy as np
import pytest

from console.domain.scenario import Breach, Inflow, Keep, Retention, Scenario, Schedule
from console.engine.chain_base import base_of, reach_h, wanted_series
from console.engine.refused import EngineRefused
from console.engine.whatif import RunRefused, outcome_of, run_case
from console.engine.whatif_inputs import Case
from console.presenters.consult_inputs import changes_of, inputs_of

CHAIN = tomllib.loads((Path(__file__).parents[2] / "assets/basin/network_beijiang.toml").read_text("utf-8"))
T0 = 1655838000.0
HOUR = 3600.0


def wave(hours, peak, at, base):
    return base + (peak - base) * np.exp(-(((hours - at) / 20.0) ** 2))


def series(until_h=120.0, **more):
    h = np.arange(-24.0, until_h + 1)
    t = T0 + h * HOUR
    flow = wave(h, 15000.0, 36.0, 4000.0)
    found = {
        ("LOC00506", "INQ"): (t, flow), ("LOC00506", "OTQ"): (t, np.interp(h - 1, h, flow)),
        ("LOC00112", "Q"): (t, np.interp(h - 7, h, flow) + 800.0), ("LOC00506", "RZ"): (t, np.full(len(h), 21.4)),
    }  # fmt: skip
    return found | more


def plan(*inputs, name="甲", lead_h=72.0):
    return Scenario(name, "张三", T0, T0, lead_h, tuple(inputs))


def ran(*inputs, base=None, **kw):
    return outcome_of(Case(CHAIN, base or base_of(CHAIN, series(), T0, 72.0), plan(*inputs, **kw)))


def test_the_base_gives_back_the_gauged_flood_at_the_gauges():
    base = base_of(CHAIN, series(), T0, 72.0)
    got = ran(base=base)
    peak, hour = got.nodes["feilaixia"].peak
    assert peak == pytest.approx(15000, rel=0.05) and hour == pytest.approx(36, abs=2)
    assert got.nodes["shijiao"].peak[0] == pytest.approx(15800, rel=0.06)
    assert got.nodes["feilaixia"].level_m == pytest.approx(np.full(73, 21.4), abs=0.02), "held where it began"
    assert got.mass_error < 1e-9
    assert any("没有给出调度，按起算水位 21.40 m" in line for line in got.limits)
    assert base.start == {"feilaixia": 21.4}
    assert got.nodes["sanshui"].highest is None, "no rating, no level"


def test_three_changes_are_applied_and_each_shows_in_the_figures():
    base = base_of(CHAIN, series(), T0, 72.0)
    calm = ran(base=base)
    got = ran(
        Inflow("in-lianjiang", 1.3),
        Keep("feilaixia", 23.0),
        Schedule("lubao", "release", ((0.0, 0.0), (12 * HOUR, 300.0))),
        base=base,
    )
    assert got.nodes["feilaixia"].level_m[-1] == pytest.approx(23.0, abs=0.05)
    assert got.nodes["lubao"].branch_m3s.max() == 0.0, "below 17600 m³/s nothing runs into the channel"
    assert any("分流指令有时段超过可分流量" in line for line in got.limits)
    more = np.trapezoid(got.nodes["feilaixia"].inflow_m3s - calm.nodes["feilaixia"].inflow_m3s)
    assert more == pytest.approx(0.3 * np.trapezoid(base.inflows_m3s["in-lianjiang"]), rel=1e-6)
    assert not any("没有给出调度" in line for line in got.limits if line.startswith("飞来峡"))


def test_a_release_is_followed_and_a_detention_area_takes_what_it_is_told():
    got = ran(
        Schedule("feilaixia", "release", ((0.0, 9000.0), (24 * HOUR, 12000.0))), Retention("pajiang", 30 * HOUR, None, 1000.0)
    )
    flow = got.nodes["feilaixia"].flow_m3s
    assert flow[20] == pytest.approx(9000, abs=5) and flow[40] == pytest.approx(12000, abs=5)
    taken = got.nodes["pajiang"].branch_m3s
    assert taken[:30].max() == 0.0 and taken[32:60].max() == pytest.approx(1000.0)
    assert got.figures()["pajiang.most_mcm"] <= 411.0 + 1e-6
    assert got.figures()["feilaixia.highest_m"] > 21.4


def test_where_the_readings_end_the_last_value_goes_on_and_the_base_says_so():
    base = base_of(CHAIN, series(until_h=0.0), T0, 72.0)
    flow = base.inflows_m3s["in-lianjiang"]
    assert np.ptp(flow) == 0.0
    assert any("持平外推（假定），不是预报" in n for n in base.notes)
    later = base_of(CHAIN, series(), T0, 72.0)
    assert any("起算时间之后有 120 小时的实测或预报" in n for n in later.notes)
    assert later.hash != base.hash and later.hash == base_of(CHAIN, series(), T0, 72.0).hash


def test_where_no_inflow_is_measured_the_release_stands_for_it_and_the_base_says_so():
    given = series()
    given["LOC00506", "OTQ"] = given["LOC00506", "INQ"]
    del given["LOC00506", "INQ"], given["LOC00506", "RZ"]
    base = base_of(CHAIN, given, T0, 72.0)
    assert any("没有入库流量，用出库流量代替" in n for n in base.notes) and base.start == {}
    got = ran(base=base)
    assert got.nodes["feilaixia"].peak[0] == pytest.approx(15000, rel=0.05)
    assert any("也没有实测库水位，按来水下泄" in line for line in got.limits)


def test_without_recent_readings_nothing_is_calculated():
    old = series()
    t, v = old[("LOC00506", "INQ")]
    early = {("LOC00506", key): (t[:10], v[:10]) for key in ("INQ", "OTQ")}
    with pytest.raises(EngineRefused, match="飞来峡.*前 6 小时内没有流量"):
        base_of(CHAIN, old | early, T0, 72.0)
    with pytest.raises(EngineRefused, match="没有流量"):
        base_of(CHAIN, {}, T0, 72.0)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Keep("nanshui", 200.0), "没有库容曲线"),
        (Keep("yingde", 20.0), "不是这一项"),
        (Inflow("shijiao", 2.0), "不是这一项"),
        (Breach("LOCWK002", 10.0, 100.0, 0.0), "没有给出堤后的地形"),
    ],
)
def test_what_a_chain_cannot_do_is_refused_with_the_scenarios_name(entry, words):
    with pytest.raises(RunRefused) as caught:
        run_case(Case(CHAIN, base_of(CHAIN, series(), T0, 72.0), plan(entry, name="乙方案")), lambda *_: None)
    assert "乙方案" in caught.value.what and words in caught.value.what and caught.value.next_step


def test_every_series_of_the_base_is_named_and_the_run_is_fast():
    assert {("LOC00506", "INQ"), ("LOC00112", "Q"), ("LOC00506", "RZ"), ("LOC00112", "Z")} <= set(wanted_series(CHAIN))
    assert 26 <= reach_h(CHAIN) <= 32
    case = Case(CHAIN, base_of(CHAIN, series(), T0, 72.0), plan(Inflow("in-yingde", 1.2)))
    outcome_of(case)
    began = time.perf_counter()
    outcome_of(case)
    assert time.perf_counter() - began < 0.5


def test_a_detention_area_that_is_shut_again_takes_nothing_more_and_keeps_what_it_has():
    whole, shut = (ran(Retention("pajiang", 30 * HOUR, close, 1000.0)).nodes["pajiang"] for close in (None, 40 * HOUR))
    assert shut.branch_m3s[:40] == pytest.approx(whole.branch_m3s[:40]) and not shut.branch_m3s[40:].any()
    assert shut.branch_m3s[30:40].min() > 0 and whole.branch_m3s[45] > 0
    entry = Retention("pajiang", 30 * HOUR, 40 * HOUR, 1000.0)
    assert inputs_of(changes_of((entry,))) == (entry,) and changes_of((entry,))[0].text == "30 1000 40"
