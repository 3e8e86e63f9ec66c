"""The meeting's what-if: scenarios typed, run in another process, compared, kept; what is refused stays typed."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from console.domain.scenario import Scenario
from console.engine.whatif_band import band_case
from console.engine.whatif_inputs import Case
from console.errors import ConsoleError
from console.presenters.consult import basis_rows, compare_table, node_view, nodes_to_show, period_words, scenario_lines
from console.presenters.consult_briefing import consult_briefing
from console.presenters.consult_inputs import targets_of
from console.presenters.consult_tradeoff import trade_view
from console.viewdata.consult import Change, Draft, NodeView, ScenarioLine
from tests.consulting import Board, desks, plan
from tests.gui import until
from tests.unit.test_whatif import CHAIN, HOUR, T0
from widgets.scenario_form import ScenarioForm
from widgets.scenario_list import ScenarioList
from widgets.trade_plot import TradePlot

from console.domain.scenario import Inflow, Keep  # isort: skip


@pytest.fixture
def desk(tmp_path, runner, hub):
    yield from desks(tmp_path, runner, hub)


def test_three_scenarios_are_run_compared_and_still_there_after_a_restart(runner, desk, look):
    consult = desk()

    async def story():
        consult.begin()
        await until(lambda: consult.declared)
        first = await consult.create(plan("现状"))
        second = await consult.create(plan("来水加二成", Inflow("in-lianjiang", 1.2)))
        third = await consult.create(plan("抬高到二十三米", Keep("feilaixia", 23.0)))
        await until(lambda: len(consult.results) == 3, 60, "three results")
        return first, second, third

    ids = runner.run(story())
    assert consult.compared == ids
    table = compare_table(consult, look.tr)
    assert table.titles == ("指标", "现状", "来水加二成", "抬高到二十三米")
    rows = {row[0][0]: [text for text, _ in row[1:]] for row in table.rows}
    assert "（+" in rows["石角 洪峰 m³/s"][1] and "（" not in rows["石角 洪峰 m³/s"][0]
    assert rows["石角 重现期"][0].endswith("年一遇")
    assert [period_words(((10.0, 13900.0), (100.0, 19000.0)), q, look.tr) for q in (9000.0, 19000.0, 20000.0)] == [
        "不足 10 年一遇", "约 100 年一遇", "超过 100 年一遇",
    ]  # fmt: skip
    assert rows["飞来峡 期末库水位 m"][2].startswith("23.0")
    room = [float(text.partition("（")[0]) for text in rows["飞来峡 最小剩余库容 百万m³"]]
    assert room[0] == pytest.approx(1900 - 560 * 8.4 / 11, abs=6) and room[2] == pytest.approx(1900 - 560 * 10 / 11, abs=6)
    assert all(float(text) < 1e-3 for text in rows["水量误差"]), "the balance is shown and holds"
    basis = ["".join(text for text, _ in row) for row in basis_rows(consult, look.tr)]
    assert any("没有给出调度，按起算水位" in line for line in basis) and any("假定" in line for line in basis)
    assert any("DC" in line and "洪峰误差" in line for line in basis), "compared with what came"
    assert ("shijiao", "石角") in nodes_to_show(consult, look.tr) and "nanshui" not in dict(nodes_to_show(consult, look.tr))
    view = node_view(consult, "feilaixia", look.tr)
    assert [c.name for c in view.curves] == ["现状", "来水加二成", "抬高到二十三米"] and len(view.flow_seen[0])

    trade = trade_view(consult, look.tr)
    assert [p.name for p in trade.points] == ["现状", "来水加二成", "抬高到二十三米"] and trade.x_limit == 19000.0
    assert trade.points[1].x > trade.points[0].x and trade.points[2].y > trade.points[0].y, "what one costs, the other saves"
    plot = TradePlot(look)
    plot.resize(700, 420)
    plot.show_view(trade)
    (low, high), (bottom, top) = plot.plot.viewRange()
    assert all(low < p.x < high and bottom < p.y < top for p in trade.points) and "控制流量 19000" in plot.said.text()
    plot.show_view(trade_view(desk(), look.tr))
    assert plot.empty.text() and plot.plot.isHidden()
    plot.deleteLater()

    briefing = consult_briefing(consult, ["数据源 演练"], T0, look.tr)
    assert briefing.sections[1].rows[0] == table.titles and len(briefing.sections[1].rows) == len(table.rows) + 1
    traced = {row[0]: row for row in briefing.sections[-1].rows[1:]}
    assert ids[0] in traced["现状"][1] and consult.results[ids[0]].base.hash[:12] in traced["现状"][2]

    from console.presenters.dispatch_proposal import dispatch_proposal

    with pytest.raises(ConsoleError, match="没有已算完的情景"):
        consult_briefing(desk(), [], T0, look.tr)
    proposal = dispatch_proposal(consult, ids[2], ["数据源 演练"], T0, look.tr)
    parts = {s.heading: s for s in proposal.sections}
    assert proposal.title == "调度方案建议：抬高到二十三米" and "模拟结果，未经签发不得执行" in proposal.notes
    plan_rows = parts["调度计划"].rows
    assert plan_rows[0][:3] == ("时间", "飞来峡 出库 m³/s", "飞来峡 水位 m") and len(plan_rows) == 1 + 13
    assert plan_rows[-1][2].startswith("23.0"), "the level that it is held at"
    effect = {row[0]: row for row in parts["预计效果"].rows}
    assert effect["断面"][4:] == ("对照：现状", "差") and len(effect["石角"]) == 6
    assert effect["石角"][1] == rows["石角 洪峰 m³/s"][2].split("（")[0] and effect["石角"][4] == rows["石角 洪峰 m³/s"][0]
    assert [line.name for line in parts["飞来峡 出库过程"].chart.lines] == ["抬高到二十三米", "现状", "入库"]
    assert any("水位流量关系" in line for line in parts["约束、限制与说明"].lines)
    with pytest.raises(ConsoleError, match="还没有算完"):
        dispatch_proposal(consult, "none", [], T0, look.tr)

    again = desk()

    async def later():
        again.begin()
        await until(lambda: len(again.results) == 3, 20, "kept runs are read")

    runner.run(later())
    assert {k.scenario.name for k in again.scenarios} == {"现状", "来水加二成", "抬高到二十三米"}
    before, after = consult.results[ids[1]].outcome, again.results[ids[1]].outcome
    assert np.array_equal(before.nodes["shijiao"].flow_m3s, after.nodes["shijiao"].flow_m3s)
    assert again.results[ids[1]].watermark == "" and before.limits == after.limits and before.assumed == after.assumed

    other = Board()
    t, v = other.rows["LOC00506", "INQ"]
    other.rows["LOC00506", "INQ"] = (t, v * 1.1)
    changed = desk(other)

    async def on_other_data():
        changed.begin()
        await until(lambda: len(changed.results) == 3)

    runner.run(on_other_data())
    assert changed.results[ids[0]].watermark == "底层数据已变"
    assert any("底层数据已变" in text for row in compare_table(changed, look.tr).rows for text, _ in row)


def test_a_run_that_cannot_be_made_says_why_and_the_others_stay(runner, desk, look):
    consult = desk()

    async def story():
        consult.begin()
        await until(lambda: consult.declared)
        good = await consult.create(plan("好的"))
        await until(lambda: good in consult.results, 60)
        bad = await consult.create(plan("没有曲线", Keep("nanshui", 200.0)))
        await until(lambda: consult.states[bad].state == "failed", 30)
        early = await consult.create(Scenario("太早", "张三", T0, T0 - 400 * HOUR, 72.0))
        await until(lambda: consult.states[early].state == "failed", 30)
        return good, bad, early

    good, bad, early = runner.run(story())
    assert "没有库容曲线" in consult.states[bad].words and "6 小时内没有流量" in consult.states[early].words
    assert good in consult.results and consult.states[good].state == "done"
    said = {line.name: line.said for line in scenario_lines(consult, look.tr)}
    assert "没有库容曲线" in said["没有曲线"]


def test_the_band_of_uncertain_inflows_lies_about_the_first_scenario_and_is_the_same_again(runner, desk, look):
    consult = desk()

    async def story():
        consult.begin()
        await until(lambda: consult.declared)
        first = await consult.create(plan("现状"))
        await until(lambda: first in consult.results, 60)
        assert node_view(consult, "shijiao", look.tr).band is None
        consult.show_band(True)
        await until(lambda: consult.bands, 60)
        return first

    first = runner.run(story())
    band, own = consult.bands[first], consult.results[first].outcome.nodes["shijiao"].flow_m3s
    low, high = band.flow_m3s["shijiao"]
    assert (low <= own + 1.0).mean() > 0.95 and (own <= high + 1.0).mean() > 0.95
    assert high[0] - low[0] < 1.0 < 1000.0 < (high - low).max(), "known at the start, less and less later"
    view = node_view(consult, "shijiao", look.tr)
    assert view.band is not None and view.band.place == 0 and "假定" in view.band.words
    again = band_case(Case(dict(consult.declared), consult.results[first].base, consult.scenario(first)), lambda *_: None)
    assert np.array_equal(again.flow_m3s["shijiao"][0], low)


def test_an_optimised_schedule_is_a_new_scenario_that_was_run_and_says_how_it_came(runner, desk, look):
    consult = desk()

    async def story():
        consult.begin()
        await until(lambda: consult.declared)
        first = await consult.create(plan("大水", Inflow("in-lianjiang", 1.6), Keep("feilaixia", 24.5)))
        await until(lambda: first in consult.results, 60)
        consult.optimise(first, "李四", T0)
        await until(lambda: len(consult.results) == 2, 60, "the proposal was run")
        refused = await consult.create(plan("上限太低", Keep("feilaixia", 20.0)))
        await until(lambda: refused in consult.results, 60)
        consult.optimise(refused, "李四", T0)
        await until(lambda: consult.states[refused].state == "failed", 30)
        return first, refused

    first, refused = runner.run(story())
    assert consult.states[first].state == "done" and "已高于上限" in consult.states[refused].words
    made = next(k for k in consult.scenarios if k.scenario.name == "优化：大水")
    assert made.scenario.author == "李四" and "混合整数规划" in made.scenario.note
    peaks = [consult.results[i].outcome.nodes["shijiao"].peak[0] for i in (first, made.scenario_id)]
    assert peaks[1] <= peaks[0] + 1.0
    assert any("混合整数规划" in text for row in basis_rows(consult, look.tr) for text, _ in row)


def test_without_the_key_nothing_is_kept_and_it_says_so(runner, desk):
    consult = desk(key=None)

    async def story():
        consult.begin()
        await until(lambda: consult.problem)

    runner.run(story())
    assert "没有解锁" in consult.problem or "还没有解锁" in consult.problem


def test_what_is_refused_stays_typed_and_a_copy_fills_the_form(qtbot, look):
    form = ScenarioForm(look)
    qtbot.addWidget(form)
    form.show_targets(targets_of(CHAIN))
    asked = []
    form.save_requested.connect(asked.append)
    changes = (Change("keep", "feilaixia", "21.5"), Change("factor", "in-yingde", "1.2"))
    form.show_draft(Draft("提前腾库 改", "李四", 48, changes, "提前腾库"))
    qtbot.mouseClick(form.save, Qt.MouseButton.LeftButton)
    assert asked == [Draft("提前腾库 改", "李四", 48, changes, "提前腾库")]
    assert not form.save.isEnabled(), "not twice"
    form.refused("第 1 项不是数。请只写一个数。")
    assert form.save.isEnabled() and form.draft() == asked[0] and "第 1 项" in form.status.text()
    form.rows[0].remove.click()
    assert form.draft().changes == changes[1:]
    form.name.setText("已在写下一个")
    form.saved(asked[0])
    assert form.name.text() == "已在写下一个" and form.draft().changes == changes[1:], "what is being typed stays"
    form.saved(form.draft())
    assert form.draft().name == "" and form.draft().changes == ()
    assert form.author.text() == "李四"


def test_ticking_compares_and_names_are_no_markup(qtbot, look):
    listed = ScenarioList(look)
    qtbot.addWidget(listed)
    listed.show()
    told = []
    listed.compared.connect(told.append)
    lines = tuple(
        ScenarioLine(str(i), f"<b>方案{i}</b>", "张三", "06-21 08:00 +72 h", ("来水倍数 ×1.2",), place, "done", "已算完")
        for i, place in enumerate((0, 1, -1))
    )
    listed.show_lines(lines)
    assert listed.tree.topLevelItem(2).text(0).startswith("<b>方案2</b>")
    listed.tree.topLevelItem(2).setCheckState(0, Qt.CheckState.Checked)
    listed.tree.topLevelItem(0).setCheckState(0, Qt.CheckState.Unchecked)
    assert told == [("0", "1", "2"), ("1",)]
    asked = []
    listed.run_requested.connect(asked.append)
    listed.tree.setCurrentItem(listed.tree.topLevelItem(1))
    listed.run.click()
    assert asked == ["1"] and not listed.stop.isEnabled()


def test_a_seventh_scenario_cannot_be_ticked_as_if_it_were_compared(qtbot, look):
    listed = ScenarioList(look)
    qtbot.addWidget(listed)
    told = []
    listed.compared.connect(told.append)
    places = (*range(6), -1)
    listed.show_lines(
        tuple(ScenarioLine(str(i), f"方案{i}", "张三", "", (), place, "done", "") for i, place in enumerate(places))
    )
    listed.tree.topLevelItem(6).setCheckState(0, Qt.CheckState.Checked)
    assert told == [] and listed.tree.topLevelItem(6).checkState(0) == Qt.CheckState.Unchecked


def test_an_older_scenario_that_is_ticked_and_one_of_another_console_are_there(runner, desk):
    first = desk()

    async def make():
        first.begin()
        await until(lambda: first.declared)
        for i in range(5):
            await first.create(plan(f"方案{i}"))
        await until(lambda: len(first.results) == 5 and not first._tasks.running(), 60)

    runner.run(make())
    second = desk()

    async def tick():
        second.begin()
        await until(lambda: len(second.results) == 3)
        oldest = next(k.scenario_id for k in second.scenarios if k.scenario.name == "方案0")
        assert oldest not in second.compared
        second.compare((*second.compared, oldest))
        await until(lambda: oldest in second.results, 20, "its kept run is read")
        added = await first.create(plan("别的台上的"))
        await until(lambda: added in first.results, 60)
        second.begin()
        await until(lambda: any(k.scenario_id == added for k in second.scenarios), 20)

    runner.run(tick())


def test_curves_with_unknown_levels_and_no_results_are_shown_as_such(qtbot, look):
    from console.viewdata.consult import NodeCurve
    from widgets.scenario_plot import ScenarioPlot

    plot = ScenarioPlot(look)
    qtbot.addWidget(plot)
    plot.resize(700, 480)
    plot.show()
    assert plot.empty.isVisible() and not plot.flow.isVisible()
    t = T0 + np.arange(73) * HOUR
    flow = np.linspace(3000, 18000, 73)
    level = np.where(flow > 17000, np.nan, 3.0 + flow / 2000)
    none = (np.empty(0), np.empty(0))
    curves = (NodeCurve("现状", 0, t, flow, None, level), NodeCurve("旧的", 1, t, flow * 0.9, flow, None, "底层数据已变"))
    plot.show_view(NodeView("shijiao", "石角", T0, curves, none, none, (("控制流量", 19000.0),), (("警戒", 11.0),)))
    assert plot.flow.isVisible() and plot.level.isVisible() and not plot.empty.isVisible()
    words = plot._words(plot.view, T0 + 72 * HOUR)
    assert "现状" in words and "nan" not in words and " m ·" not in words.split("旧的")[0].split("现状")[1]
    plot.show_view(NodeView("sanshui", "三水", T0, curves[:0], none, none, (), (), "没有"))
    assert plot.empty.isVisible() and plot.empty.text() == "没有"


def test_the_flood_of_now_is_scaled_to_what_is_published_for_the_station(runner, desk):
    consult = desk()

    async def story():
        consult.begin()
        await until(lambda: consult.declared)
        consult.add_design_floods(T0, "张三", T0)
        await until(lambda: len(consult.results) == 3 and not consult.busy, 60, "three design floods")

    runner.run(story())
    found = {k.scenario.name.split(" ")[1]: consult.results[k.scenario_id].outcome for k in consult.scenarios}
    for years, flow in (("10", 13900.0), ("50", 17600.0), ("100", 19000.0)):
        assert found[years].nodes["shijiao"].peak[0] == pytest.approx(flow, rel=0.003), years
    assert all("公布" in k.scenario.note and "典型" in k.scenario.name for k in consult.scenarios)
    drawn = [k.scenario.inputs for k in consult.scenarios]
    ratios = [{round(i.points[40][1] / o.points[40][1], 2) for i, o in zip(a, drawn[0], strict=True)} for a in drawn]
    assert all(len(r) == 1 for r in ratios) and len(set().union(*ratios)) == 3, "one factor for all inflows of a flood"

    async def without():
        consult.declared = {
            **consult.declared,
            "node": [{k: v for k, v in n.items() if k != "frequency"} for n in consult.declared["node"]],
        }
        consult.add_design_floods(T0, "张三", T0)
        await until(lambda: consult.problem, what="the answer")

    runner.run(without())
    assert "频率流量" in consult.problem and len(consult.scenarios) == 3
