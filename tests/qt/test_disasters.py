"""Spills and prepared disasters in the consultation: led down the river, computed ahead, opened on the present state."""

from __future__ import annotations

import numpy as np
import pytest
import shiboken6

from console.services import scenario_floods
from tests.consulting import desks, plan
from tests.gui import until
from tests.unit.test_whatif import HOUR, T0


@pytest.fixture
def desk(tmp_path, runner, hub, monkeypatch):
    monkeypatch.setattr(scenario_floods, "REGISTER_S", 0.0)  # this cache has no works, and none will come
    yield from desks(tmp_path, runner, hub)


def test_a_spill_is_led_down_the_river_and_its_passing_is_listed(runner, desk, look):
    from console.domain.scenario import Spill
    from console.presenters.consult_spill import spill_view
    from widgets.spill_plot import SpillPlot

    consult = desk()
    plot = SpillPlot(look)
    plot.show_view(spill_view(consult, look.tr))
    assert "水污染" in plot.empty.text() and plot.along.isHidden()

    async def story():
        consult.begin()
        await until(lambda: consult.declared)
        await consult.create(plan("韶关泄漏", Spill("北江", "镉", 5.0, 3600.0, 0.0, 2 * HOUR, 0.005)))
        await until(lambda: consult.results, 60, "a result")

    runner.run(story())
    view = spill_view(consult, look.tr)
    plot.show_view(view)
    assert [plot.places.itemText(i).split()[0] for i in range(plot.places.count())][:2] == ["英德(五)", "飞来峡"]
    row = next(r for r in view.rows if r[1][0] == "石角")
    assert "倍" in row[5][0] and row[5][1] == "state.guaranteed" and row[8][0] == ""
    near = next(r for r in view.rows if r[1][0] == "英德(五)")
    assert "未混匀" in near[8][0], "eighty kilometres below the spill"
    plot.show_moment(T0 + 20 * HOUR)
    x, y = plot._clouds[0].getData()
    assert 120 < x[int(np.argmax(y))] < 136, "where the cloud is after twenty hours"
    plot.show_moment(T0 + 30 * HOUR)
    x, later = plot._clouds[0].getData()
    assert x[int(np.argmax(later))] > 180 and later.max() < y.max()
    plot.deleteLater()


def test_a_prepared_disaster_is_there_before_it_is_asked_for_and_opens_on_the_present_state(runner, desk, look):
    from console.presenters.consult_library import library_rows, library_said

    consult = desk()

    async def story():
        consult.begin()
        consult.library.begin()
        assert library_said(consult.library, look.tr) == ("", False)
        await until(lambda: consult.library.share is not None, 10, "computing is told")
        assert library_said(consult.library, look.tr)[0].startswith("正在预先计算") and consult.busy
        await until(lambda: consult.declared and consult.library.entries and consult.library.share is None, 60, "the library")
        scenario = consult.library.scenario("flood-50", "张三", T0, T0)
        found = await consult.create(scenario)
        await until(lambda: found in consult.results, 30, "its result")
        return found

    found = runner.run(story())
    rows = library_rows(consult.library, consult.declared, look.tr)
    row = next(r for r in rows if r[1][0] == "石角 50 年一遇洪水")
    worst = next(r for r in rows if r[1][0] == "石角 300 年一遇洪水")
    assert float(worst[5][0]) > 33.17 and worst[5][1] == "state.guaranteed", "over the level that may not be passed"
    assert row[5][1] == "text" and worst[7][0].startswith("石角流量超出水位流量关系，水位不知")
    assert row[2][0].startswith("17 6") and row[3][0].startswith("+") and "公布" in row[7][0]
    outcome = consult.results[found].outcome
    assert outcome.nodes["feilaixia"].level_m[0] == pytest.approx(21.4), "from the level of the moment"
    assert outcome.nodes["shijiao"].peak[0] == pytest.approx(17600, rel=0.03), "with the flood of the library"
    assert "典型洪水" in consult.scenario(found).note


def test_a_surge_is_listed_with_the_places_that_it_puts_over_their_warning_level(runner, desk, look):
    from console.presenters.consult_library import library_rows

    consult = desk()

    async def story():
        consult.begin()
        consult.library.begin()
        await until(lambda: consult.declared and consult.library.entries and consult.library.share is None, 60, "the library")

    runner.run(story())
    rows = {r[1][0]: r for r in library_rows(consult.library, consult.declared, look.tr)}
    over = rows["50 年一遇洪水遇天鸽型风暴潮"][6]
    assert over[1] == "state.guaranteed" and all(name in over[0] for name in ("三水(二)", "紫洞", "容奇", "南沙 3.15 m"))
    assert rows["石角 50 年一遇洪水"][6][0] == "—"
    assert rows["飞来峡 24 m 溃坝（遇 10 年一遇洪水）"][5] == ("24.00（设定）", "text"), "not the pool's own highest"
    dam = next(e for e in consult.library.entries if e.wanted.code == "dam-feilaixia")
    assert any("溃坝水位 24.00 m 为设定，推演到那时为" in line for line in dam.outcome.limits)


def test_a_disaster_is_drilled_with_in_a_window_of_its_own(qapp, runner, home, hub, monkeypatch):
    from console.windows import library_panel
    from tests.gui import context_of, session_of

    started = []

    class Starter:
        @staticmethod
        def startDetached(program, arguments):
            started.append(arguments)
            return True, 7

    monkeypatch.setattr(library_panel, "QProcess", Starter)

    async def story():
        session = session_of(home, "live", hub)
        context = context_of(qapp, session, hub)
        built = library_panel.build_disasters(context)
        try:
            built.refresh()
            await until(lambda: len(session.consult.library.entries) > 3, 60, "the library")
            built.refresh()
            built.widget.list.table.selectRow(3)
            built.widget.buttons["drill"].click()
            said = built.widget.status.text()
            assert session.consult.scenarios == (), "nothing is put among this desk's own"
            return said
        finally:
            built.widget.deleteLater()
            await session.close()

    said = runner.run(story())
    assert started == [["-m", "console", "--home", str(home.root), "--source", "drill-flood-100"]]
    assert said == "已另开演练窗口，与本窗口的数据分开：石角 100 年一遇洪水"


def test_after_a_fault_computing_again_can_be_pressed_without_a_row(qtbot, look):
    from widgets.acted_table import ActedTable

    table = ActedTable(look, ("名称",), (100,), "", {"open": "打开", "again": "全部重算"}, whole=("again",))
    qtbot.addWidget(table)
    table.show_rows(())
    acted = []
    table.acted.connect(lambda code, row: acted.append((code, row)))
    assert table.buttons["again"].isEnabled() and not table.buttons["open"].isEnabled()
    table.buttons["again"].click()
    assert acted == [("again", 0)]


def test_a_fault_in_the_librarys_file_is_said_and_mended_by_computing_again(runner, desk, look, tmp_path):
    from console.presenters.consult_library import library_said

    consult = desk()
    own = tmp_path / "basin" / "prepared.toml"
    own.parent.mkdir()
    own.write_text("typical = [", "utf-8")

    async def broken():
        consult.library.begin()
        await until(lambda: consult.library.problem, 20, "the fault")
        consult.library.begin()  # a panel that is drawn again does not try for ever
        assert consult.library.share is None

    runner.run(broken())
    words, bad = library_said(consult.library, look.tr)
    assert bad and "prepared.toml" in words
    own.unlink()

    async def mended():
        consult.library.again()
        await until(lambda: consult.library.entries and consult.library.share is None, 60, "the library")

    runner.run(mended())
    assert library_said(consult.library, look.tr)[0].startswith("已预先计算")


def test_a_hostile_substance_is_only_words_on_the_plot_and_each_limit_has_its_line(look, qtbot):
    from console.viewdata.spill import SpillCurve, SpillView
    from widgets.spill_plot import SpillPlot

    plot = SpillPlot(look)
    qtbot.addWidget(plot)
    curve = SpillCurve("{0} <b>", 0, T0 + np.arange(5) * HOUR, np.arange(4.0), np.ones((5, 4)))
    bad = "{value.__class__.__mro__} {"
    plot.show_view(SpillView("北江", (curve,), ((bad, 2.0),), ((bad, 0.5), (bad, 0.05))))
    texts = [item.label.format for item in plot.over.plotItem.items if hasattr(item, "label")]
    assert len(texts) == 2 and all(text.format(value=1.0) == bad for text in texts)
    gone = SpillPlot(look)
    shiboken6.delete(gone)
    look.changed.emit()  # a plot that is gone is not dressed anew


def test_figures_of_a_plot_stay_what_they_are_when_it_is_drawn_again(look, qtbot):
    from console.viewdata.spill import SpillCurve, SpillView
    from widgets.spill_plot import SpillPlot

    plot = SpillPlot(look)
    qtbot.addWidget(plot)
    plot.resize(800, 500)
    plot.show()
    curve = SpillCurve("镉", 0, T0 + np.arange(5) * HOUR, np.arange(4.0), np.full((5, 4), 0.03))
    for _ in range(3):
        plot.show_view(SpillView("北江", (curve,), (("石角", 2.0),), (("镉 限值", 0.005),)))
        assert plot.over.getAxis("left").autoSIPrefixScale == 1.0 == plot.along.getAxis("left").autoSIPrefixScale


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[scenario]\nname = 'x'", "prepared.toml"),
        ("typical = 'beijiang-2022-06'\nstart = '2022-06-19 08:00'\nlead_h = -1\nstation = 'shijiao'\nscenario = []", "lead_h"),
        ("[[scenario]]\ncode = 'a'\nname = 'b'\nyears = 0", "years"),
    ],
)
def test_a_slip_in_the_librarys_file_is_told_once_and_not_tried_for_ever(runner, desk, tmp_path, text, words):
    (tmp_path / "basin").mkdir()
    (tmp_path / "basin" / "prepared.toml").write_text(text, "utf-8")
    consult, told = desk(), []
    consult.library.changed.connect(lambda: (told.append(consult.library.problem), consult.library.begin()))

    async def story():
        consult.library.begin()
        await until(lambda: consult.library.problem, 20, "the fault")

    runner.run(story())
    assert words in consult.library.problem and len(told) <= 3


def test_a_network_file_written_amiss_is_told_by_its_section(tmp_path):
    from console.errors import StoreError
    from console.store.chains import declared_chain

    (tmp_path / "basin").mkdir()
    for line, key in (("dam = 'x'", "dam"), ("transport = [1]", "transport"), ("node = 5", "node"), ("runoff = 1", "runoff")):
        (tmp_path / "basin" / "network_beijiang.toml").write_text(line, "utf-8")
        with pytest.raises(StoreError, match=f"的 {key} 段"):
            declared_chain(tmp_path)


def test_a_tide_in_one_of_two_compared_scenarios_is_shown_beside_the_other(runner, desk, look):
    from console.domain.scenario import Tide
    from console.presenters.consult import compare_table, node_view, nodes_to_show

    consult = desk()

    async def story():
        consult.begin()
        await until(lambda: consult.declared)
        await consult.create(plan("无潮"))
        await consult.create(plan("增水", Tide("南沙", 1.7)))
        await until(lambda: len(consult.results) == 2, 60, "two results")

    runner.run(story())
    assert [name for _, name in nodes_to_show(consult, look.tr)][-4:] == ["三水(二)", "紫洞", "容奇", "南沙"]
    rows = {row[0][0]: row[1:] for row in compare_table(consult, look.tr).rows}
    assert rows["南沙 最高水位 m"][0] == ("—", "text") and rows["南沙 最高水位 m"][1] == ("3.15", "state.warning")
    assert rows["三水(二) 最高水位 m"][0][0] == "—" and float(rows["三水(二) 最高水位 m"][1][0]) > 6.0
    assert "南沙 洪峰 m³/s" not in rows, "mostly the tide's own flow"
    names = list(rows)
    assert names.index("石角 洪峰 m³/s") < names.index("紫洞 最高水位 m")
    view = node_view(consult, "nansha", look.tr)
    assert view.name == "南沙" and len(view.curves) == 1 and view.level_limits == (("警戒", 1.9),)
