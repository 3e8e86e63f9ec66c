"""A tide and a surge below the chain: levels of the tidal river, the joining river, what is said, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from console.domain.scenario import Inflow, Scenario, Tide, scenario_from_json, scenario_json
from console.domain.scenario_reader import ScenarioError
from console.engine.chain_base import base_of
from console.engine.refused import EngineRefused
from console.engine.tidal_case import tidal_of
from console.engine.whatif import outcome_of
from console.engine.whatif_arrays import arrays_of, outcome_from
from console.engine.whatif_inputs import Case
from console.engine.whatif_optimise import optimise_case
from console.errors import StoreError
from console.presenters.consult_inputs import NotAChange, changes_of, inputs_of, targets_of, unsaid
from console.store.chains import declared_chain
from console.viewdata.consult import Change
from tests.unit.test_whatif import CHAIN, HOUR, T0, plan, ran, series

PLACES = ("sanshui", "zidong", "rongqi", "nansha")


def test_a_surge_raises_the_delta_and_less_so_upstream():
    calm, storm = ran(Tide("南沙")), ran(Tide("南沙", 1.7))
    more = [storm.nodes[k].highest[0] - calm.nodes[k].highest[0] for k in PLACES]
    assert more == sorted(more) and more[-1] == pytest.approx(1.7, abs=0.01) and 0.1 < more[0] < 1.0
    peak_h = calm.nodes["sanshui"].peak[1]
    assert storm.nodes["nansha"].highest[1] == pytest.approx(ran().nodes["sanshui"].peak[1]), "high water meets the flood"
    assert peak_h == ran().nodes["sanshui"].peak[1] and storm.mass_error < 1e-9


def test_what_was_measured_at_sanshui_comes_out_of_the_declared_channel():
    flat = {k: np.full(73, 0.0) for k in base_of(CHAIN, series(), T0, 72.0).inflows_m3s}
    given = [Inflow(k, points=((0.0, 6380.0 if k == "in-lianjiang" else 0.0),)) for k in flat]
    got = outcome_of(Case(CHAIN, base_of(CHAIN, series(), T0, 72.0), plan(*given, Tide("南沙", points=((0.0, 0.5),)))))
    assert got.nodes["sanshui"].flow_m3s[-1] == pytest.approx(6380, rel=0.01)
    assert got.nodes["sanshui"].level_m[-1] == pytest.approx(3.27, abs=0.06), "2017-07-13: 3.27 m at 6380 m³/s"


def test_the_joining_river_shares_its_water_and_says_so():
    alone = ran(Tide("南沙"))
    assert any("没有西江（高要）流量，按思贤滘无交换计" in line for line in alone.limits)
    both = ran(Tide("南沙"), Inflow("xijiang", points=((0.0, 30000.0),)))
    wished = 0.227 * (ran().nodes["sanshui"].flow_m3s + 30000.0)
    assert any(
        "情景给定，思贤滘以下按总流量的 0.227 分入" in line and f"最大 {wished.max():.0f} m³/s" in line for line in both.limits
    )
    assert both.nodes["sanshui"].highest[0] < alone.nodes["sanshui"].highest[0] - 1.0
    assert both.nodes["sanshui"].flow_m3s == pytest.approx(alone.nodes["sanshui"].flow_m3s), "the chain's own, comparable"
    with pytest.raises(EngineRefused, match="只在给了增水或潮位时起作用"):
        ran(Inflow("xijiang", points=((0.0, 30000.0),)))
    with pytest.raises(EngineRefused, match="不能推迟"):
        ran(Tide("南沙"), Inflow("xijiang", shift_h=3.0))


def test_a_gauged_joining_river_is_used_and_changed_and_tells_one_base_from_another():
    t = T0 + np.arange(-24.0, 10.0) * HOUR
    base = base_of(CHAIN, series() | {("LOC00203", "Q"): (t, np.full(len(t), 20000.0))}, T0, 72.0)
    assert base.hash != base_of(CHAIN, series(), T0, 72.0).hash
    got, more = ran(Tide("南沙"), base=base), ran(Tide("南沙"), Inflow("xijiang", add_m3s=10000.0), base=base)
    entering = [float(next(x for x in o.limits if "分入" in x).split("最大 ")[1].split(" ")[0]) for o in (got, more)]
    assert entering[1] - entering[0] == pytest.approx(2270.0, abs=1.0)
    assert more.nodes["sanshui"].highest[0] > got.nodes["sanshui"].highest[0] + 0.5
    seen = {k for k, flow in got.corrected_m3s.items() if (flow < 1.0).any()}
    assert not seen, "no correction by an error that is only the exchange"
    with pytest.raises(EngineRefused, match="请给来水过程"):
        ran(Tide("南沙"), Inflow("xijiang", factor=1.2))


def test_without_a_tide_nothing_is_made_up_at_sanshui():
    assert ran().nodes["sanshui"].highest is None and "nansha" not in ran().nodes
    assert any(line.startswith("三水(二)：没有水位流量关系") for line in ran().limits)
    got = ran(Tide("南沙"))
    assert not any(line.startswith("三水(二)：没有水位流量关系") for line in got.limits)
    assert any("一维圣维南方程（假定）" in line for line in got.limits)


def test_what_a_tide_cannot_be_is_refused_with_the_reason():
    with pytest.raises(EngineRefused, match="不是感潮河段的河口站，应为“南沙”"):
        ran(Tide("赤湾"))
    with pytest.raises(EngineRefused, match="水深不足"):
        ran(Tide("南沙", points=((0.0, -9.95),)))
    without = {k: v for k, v in CHAIN.items() if k != "tidal"}
    base = base_of(without, series(), T0, 72.0)
    with pytest.raises(EngineRefused, match="没有感潮河段"):
        outcome_of(Case(without, base, plan(Tide("南沙"))))
    faulty = CHAIN | {"tidal": CHAIN["tidal"] | {"node": "nowhere"}}
    with pytest.raises(EngineRefused, match="没有节点"):
        outcome_of(Case(faulty, base, plan(Tide("南沙"))))
    with pytest.raises(ScenarioError, match="不能再给这一项"):
        Scenario("甲", "张三", T0, T0, 72.0, (Tide("南沙", points=((0.0, 1.0),), peak_s=0.0),))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"section": [[0, 0]]}, "section"), ({"section": [[0, -5, 600], [0, -6, 900]]}, "递增"), ({"manning": "x"}, "manning"),
        ({"surge_h": 0}, "surge_h"), ({"tide": {"mean_m": 0.5}}, "half_day_m"), ({"tide": 3}, "tide"), ({"mouth": ""}, "mouth"),
        ({"joining": {"node": "x", "name": "x", "share": 2.0}}, "share"), ({"joining": "西江"}, "joining"),
        ({"joining": {"node": "x", "share": 0.2, "object": "A"}}, "element"), ({"joining": {"share": 0.2}}, "node"),
        ({"place": []}, "place"), ({"place": [{"id": "a", "name": "甲", "km": 140.0}]}, "km"),
        ({"place": [{"id": "a", "km": 10.0}]}, "name"), ({"place": [{"id": "a", "name": "甲", "km": float("nan")}]}, "km"),
        ({"place": [{"id": "a", "name": "甲", "km": 1.0}] * 2}, "重复"),
    ],
)  # fmt: skip
def test_a_slip_in_an_offices_tidal_river_is_named(tmp_path, wrong, words):
    with pytest.raises(EngineRefused, match=words):
        tidal_of(CHAIN | {"tidal": CHAIN["tidal"] | wrong})
    own = tmp_path / "basin"
    own.mkdir()
    (own / "network_beijiang.toml").write_text('name = "x"\nnode = []\n[tidal]\nnode = 3\n', "utf-8")
    with pytest.raises(StoreError, match="tidal 段 section"):
        declared_chain(tmp_path)


def test_a_tide_goes_through_the_form_the_file_and_the_store_unchanged():
    entries = (Tide("南沙", 1.7, peak_s=30 * HOUR), Inflow("xijiang", points=((0.0, 30000.0),)))
    assert inputs_of(changes_of(entries)) == (entries[1], entries[0]) and not unsaid(entries)
    drawn = (Tide("南沙", points=((0.0, -0.5), (6 * HOUR, 1.25))),)
    assert inputs_of(changes_of(drawn)) == drawn
    scenario = plan(*entries)
    assert scenario_from_json(scenario_json(scenario)) == scenario
    got = ran(*entries)
    again = outcome_from(arrays_of(got), CHAIN, got.mass_error, got.assumed, got.limits)
    assert again.nodes["nansha"].level_m == pytest.approx(got.nodes["nansha"].level_m)
    assert again.nodes["nansha"].name == "南沙"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([Change("surge", "南沙", "很大")], "不是数"),
        ([Change("surge", "南沙", "1 2 3")], "看不懂"),
        ([Change("surge", "南沙", "9")], "增水"),
        ([Change("surge", "南沙", "1"), Change("tide", "南沙", "0 1")], "只留一项"),
        ([Change("tide", "南沙", "0 99")], "过程"),
    ],
)
def test_a_row_that_is_no_tide_is_refused_by_its_number(changes, words):
    with pytest.raises(NotAChange) as exc:
        inputs_of(changes)
    assert words in f"{exc.value.what}{exc.value.next_step}" and f"第 {len(changes)} 项" in exc.value.what


def test_the_form_offers_the_mouth_and_the_joining_river():
    found = {t.node: t.kinds for t in targets_of(CHAIN)}
    assert found["南沙"] == ("surge", "tide") and found["xijiang"] == ("course", "factor", "add")


def test_an_optimised_plan_keeps_the_tide():
    base = base_of(CHAIN, series(), T0, 72.0)
    found = optimise_case(Case(CHAIN, base, plan(Tide("南沙", 1.0))), lambda *_: None)
    assert Tide("南沙", 1.0) in found.inputs
