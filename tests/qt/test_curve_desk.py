"""The tools beside a hydrograph, over a cache that holds the rebuilt flood of June 2022."""

from __future__ import annotations

import asyncio
import functools
import time
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from console.domain.quality import Quality
from console.domain.situation import ServiceClock
from console.domain.time import from_beijing
from console.presenters.conflicts import undecided
from console.presenters.curve_stats import Asked, stat_box
from console.services.conflict_desk import summary
from console.store.cache_writer import CacheWriter
from console.store.ops import OpsStore
from console.windows.curve_panels import build_monitor_hydrograph, build_rating
from console.windows.panel_catalog import PANELS
from console.windows.panels import PanelHost
from tests.flood_cache import fill
from tests.gui import context_of, session_of, until

SHIJIAO, YINGDE, SHAOGUAN, QINGYUAN, WUZHOU = "LOC00112", "LOC00106", "LOC00104", "LOC00111", "LOC00201"
T = from_beijing("2022-06-22 16:00")
H = 3600


def in_loop(test):
    """Run a test's story on the console's own loop, where its tasks live, and let them end there."""

    async def story(fixtures):
        try:
            await test(**fixtures)
        finally:
            show = fixtures["show"]
            while show.hosts:
                show.hosts.pop().release()
            show.session._clock.stop()  # between this loop and the next its ticks would find none
            show.session._outbox.stop()
            while left := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.wait(left)

    @functools.wraps(test)
    def run(runner, **fixtures):
        runner.run(story({**fixtures, "runner": runner}))

    return run


def same(text):
    return text


@pytest.fixture
def sids(home):
    return fill(home.profile("beijiang-2022-06"), until=T)


@pytest.fixture
def session(home, hub, runner, sids):
    found = session_of(home, "beijiang-2022-06", hub)

    async def first():
        found.situation.set_service(ServiceClock(float(T), found.situation.ref(), running=False))
        await found.board.reload_reference()
        await found.board.show(float(T), float(T), "live")
        await until(lambda: found.board.board.moment == T and found.board.board.row(YINGDE).level, what="the board")

    runner.run(first())
    yield found
    runner.run(found.close())


@pytest.fixture
def show(qapp, qtbot, session, hub, runner):
    hosts = []

    async def build(code, builder=build_monitor_hydrograph, size=(900, 420)):
        session.situation.select(code)
        host = PanelHost(context_of(qapp, session, hub, operator="张三"), "monitor.hydrograph", "过程线", builder)
        qtbot.addWidget(host.panel)
        host.panel.resize(*size)
        hosts.append(host)

        host.panel.show()
        host.refresh()
        if builder is build_monitor_hydrograph:
            await until(lambda: host.widget.plot._view is not None, what="the curve")
        else:
            await until(lambda: host.widget._view is not None, what="the rating")
        return host

    build.hosts, build.session = hosts, session
    return build


async def stats_of(host, runner, question=lambda lines: True):
    page = host.widget.stats

    async def wait():
        await until(lambda: page.box is not None and question(page.texts()), what="figures")

    await wait()
    return page.texts()


@in_loop
async def test_the_figures_of_the_window_stand_beside_the_curve(show, runner):
    host = await show(SHIJIAO)
    lines = await stats_of(host, runner)
    text = "\n".join(lines)
    assert "水位 最高" in text and "12.22 m" in text and "涨率 现 −0.02 m/h 最快 1/3/6 h" in text
    assert "超警历时" in text and "74.0 小时" in text
    (volume,) = [line for line in lines if line.startswith("超量洪量")]
    assert "—" in volume, "no warning flow is published: nothing is invented"
    (rare,) = [line for line in lines if line.startswith("重现期")]
    assert "年一遇" in rare and "按公布的频率流量内插" in rare and "央视" in rare and ("重建" in rare or "实测" in rare)
    host.widget.stats.threshold_typed.emit("17600")
    lines = await stats_of(host, runner, lambda found: any("17 600" in line for line in found))
    assert any("亿m³" in line and "填写的流量 17 600" in line for line in lines)
    host.widget.stats.threshold_typed.emit("很多")
    assert "不是数字" in host.widget.stats.notes.text()


@in_loop
async def test_a_dragged_range_has_figures_of_its_own_and_escape_goes_back(show, runner, qtbot):
    host = await show(SHIJIAO)
    await stats_of(host, runner)
    host.widget.plot.measure(T - 40 * H, T - 10 * H, True)
    await stats_of(host, runner, lambda _l: host.widget.stats.box.title.startswith("量测段"))
    assert any("30.0 小时" in line for line in host.widget.stats.texts()), "all of it was over the warning level"
    qtbot.keyClick(host.widget.plot, Qt.Key.Key_Escape)
    await stats_of(host, runner, lambda _l: host.widget.stats.box.title.startswith("所示时段"))


@in_loop
async def test_without_annual_maxima_it_says_so_and_with_them_it_says_how_and_how_sure(show, runner, session):
    host = await show(YINGDE)
    assert any("没有历年最大值资料" in line for line in (await stats_of(host, runner)))
    view, station = host.widget.plot._view, session.board.stations[SHIJIAO]
    host2 = await show(SHIJIAO)
    view = host2.widget.plot._view
    rng = np.random.default_rng(1)
    values = [[1980 + i, float(v)] for i, v in enumerate(rng.gamma(9, 1200, 41))]
    asked = Asked(view.from_t, view.to_t)

    def rare(values, element="Q", unit="m³/s"):
        facts = {"annual_max": {"element": element, "unit": unit, "source": "试验系列", "values": values}}
        box = stat_box(view, replace(station, facts=facts), asked, same)
        return next(line for line in box.lines if line.word == "重现期")

    line = rare(values)
    assert "年一遇" in line.text and "n=41" in line.note and "90 %" in line.note and "参数自助法" in line.note
    assert "只有 7" in rare(values[:7]).note and rare(values[:7]).text == "—"
    hostile = [[1980, "x"], None, [1981], [1982, float("nan")], [True, 5], *values[:20]]
    assert "n=20" in rare(hostile).note and "系列不足" in rare(hostile).note
    assert "没有历年最大值资料" in rare("not a list").note
    assert "不符" in rare(values, unit="万m³/s").note and "不符" in rare(values, element="<b>").note


@in_loop
async def test_stations_are_laid_over_each_other_by_travel_time_never_on_one_absolute_axis(show, runner, session):
    host = await show(SHIJIAO)
    desk = host.widget
    desk.open_page("stations")
    texts = [desk.stations.list.item(i).text() for i in range(desk.stations.list.count())]
    assert any("英德(五)\n后移 13 h" in t for t in texts) and any("传播时间未知" in t for t in texts)
    assert "基面不同" in desk.stations.notes.text()
    for code in (YINGDE, SHAOGUAN, QINGYUAN):
        desk.stations.ticked.emit(code, True)

    async def drawn():
        await until(lambda: len([c for c in desk.plot._view.curves if c.tint]) == 3, what="three companions")

    await drawn()
    view = desk.plot._view
    shifts = {c.name.split("（")[0]: c.shift_s / H for c in view.curves if c.role == "level"}
    assert shifts == {"石角": 0.0, "英德(五)": 13.0, "韶关(二)": 0.0, "清远(三)": 3.0}
    own, yingde = view.curves[0], next(c for c in view.curves if c.name.startswith("英德"))
    assert own.v.max() == pytest.approx(12.22 - 11.0), "distance to its own warning level"
    peak = int(np.argmax(yingde.v))
    assert yingde.v[peak] == pytest.approx(35.97 - 26.0) and yingde.t[peak] == from_beijing("2022-06-22 14:00") + 13 * H
    assert "传播时间未知，未移动" in desk.legend.text() and "基面不同" in desk.legend.text()
    assert "06-22 14:00" in desk.plot.reading_at(float(yingde.t[peak])), "the true time of a shifted reading is told"
    desk.stations.way_chosen.emit("unit")

    async def normalised():
        await until(lambda: desk.plot._view.level_word == "归一化水位")

    await normalised()
    levels = [c.v for c in desk.plot._view.curves if c.role == "level"]
    assert all(np.nanmin(v) == 0 and np.nanmax(v) == 1 for v in levels)
    session.situation.select(YINGDE)

    async def alone():
        host._stale = True
        host.refresh()
        await until(lambda: desk.plot._view.code == YINGDE)

    await alone()
    assert not [c for c in desk.plot._view.curves if c.tint], "another station begins alone"


@in_loop
async def test_an_earlier_flood_of_the_cache_is_laid_over_by_its_peak_and_missing_years_are_said(show, runner):
    host = await show(YINGDE)
    desk = host.widget
    desk.open_page("past")

    async def found():
        await until(lambda: desk.past.list.count() >= 2, what="the floods")

    await found()
    assert "没有其他年份" in desk.past.notes.text()
    texts = [desk.past.list.item(i).text() for i in range(desk.past.list.count())]
    assert "2022-06-22 14:00  35.97 m" in texts[0] and "本次" in texts[0]
    desk.past.list.item(1).setCheckState(Qt.CheckState.Checked)

    async def drawn():
        await until(lambda: any(c.tint for c in desk.plot._view.curves), what="the overlay")

    await drawn()
    (past,) = [c for c in desk.plot._view.curves if c.tint]
    inside = (past.t <= T) & (past.t >= T - 4 * 86400)
    assert past.name.startswith("2022-06-1") and past.v[inside].max() == pytest.approx(30.47, abs=0.01)
    assert past.t[np.argmax(np.where(inside, past.v, -9))] == from_beijing("2022-06-22 14:00"), "peak on peak"
    assert "按洪峰对齐" in desk.legend.text()
    desk.past.day_typed.emit("去年夏天")
    assert "年-月-日" in desk.past.notes.text()
    desk.past.day_typed.emit("2013-08-17")

    async def empty():
        await until(lambda: "本机没有这一段数据" in desk.legend.text())

    await empty()


async def click_reading(host, runner, sids, t):
    host.widget.open_page("correct")
    host.widget.plot.pick(sids[YINGDE, "Z"], t)

    async def shown():
        await until(lambda: host.widget.form._point is not None)

    await shown()
    return host.widget.form


@pytest.fixture
def store(session, key):
    found = OpsStore(session.source.profile.ops, key)
    yield found
    found.close()


@in_loop
async def test_a_reading_is_corrected_beside_the_plot_and_waits_for_the_centre(show, runner, session, sids, store, qtbot):
    host = await show(YINGDE)
    t = T - 12 * H
    form = await click_reading(host, runner, sids, t)
    assert "英德(五)" in form.head.text() and "2022-06-22 04:00" in form.head.text() and "重建" in form.old.text()

    async def press(value, reason, name="张三", void=False):
        form.value.setText(value)
        form.void.setChecked(void)
        form.reason.setText(reason)
        form.name.setText(name)
        form.button.click()

        async def answered():
            await until(lambda: not form._saving)

        await answered()
        return form.status.text()

    assert "不是数字" in await press("三十五", "与人工观测不符")
    assert "可能范围" in await press("1e9", "x") and "可能范围" in await press("nan", "x")
    for lacking in (("35.5", "  "), ("35.5", "与人工观测不符", ""), ("", "浮子卡住")):
        form.status.setText("")
        assert await press(*lacking) == "" and not form.button.isEnabled(), "the button waits until everything is there"
    form.reason.setText("")
    qtbot.keyClick(form.name, Qt.Key.Key_Return)
    assert form.status.text() == "还缺：新值或作废、原因", "and says what it waits for"
    form.void.setChecked(True)
    form.reason.setText("浮子卡住")
    assert form.button.isEnabled(), "a void reading needs no value"
    assert "新值与原值相同" in await press(form.old.text().split()[1], "x")
    assert store.waiting()[0] == 0, "nothing was saved so far"
    assert "已保存到本机" in await press("35.50", "与人工观测不符")
    (op,) = store.due(time.time())
    assert (op.kind, op.body["value"], op.base_version, op.author) == ("reading.correct", 35.5, 1, "张三")
    assert (op.body["series"], op.body["t"]) == (sids[YINGDE, "Z"], t)
    host._stale = True
    host.refresh()
    assert "待上报" in form.status.text() and not form.button.isEnabled(), "one at a time"

    async def told():
        await until(lambda: "待上报" in host.widget.plot.reading_at(t), what="who, in the hover")

    await told()


@in_loop
async def test_what_the_centre_applied_is_drawn_as_manual_without_anything_else_moving(show, runner, session, sids):
    host = await show(YINGDE)
    sid, t = sids[YINGDE, "Z"], T - 12 * H
    doc = {
        "value": 35.5,
        "quality": int(Quality.MANUAL),
        "original": {"value": 35.68},
        "author": "张三",
        "reason": "与人工观测不符",
        "at": T + 60,
    }
    writer = CacheWriter(session.source.profile)
    one = [np.array([v]) for v in (sid, t, 35.5, int(Quality.MANUAL), 2)]
    writer.apply(tuple(one), "e.2")
    writer.put_records([("correction", f"{sid}:{t}", 1, doc)], "e.2")
    writer.close()
    session._heard("changed", {"sids": [sid]})
    session._heard("records", {"kinds": ["correction"]})

    def drawn():
        host.refresh()
        curve = host.widget.plot.main_curve()
        return curve.quality[np.searchsorted(curve.t, t)] == Quality.MANUAL

    await until(drawn, what="the corrected value")
    await until(lambda: host.refresh() or "35.68 → 35.5 · 张三" in host.widget.plot.reading_at(t), what="its history")
    said = host.widget.plot.reading_at(t)
    assert "35.50 m 人工" in said and "与人工观测不符" in said.replace("\n  ", "")
    rows = host.built.export_table()
    assert any(r[5] == "人工" and "张三" in r[7] for r in rows[1:])


@in_loop
async def test_what_the_centre_refused_comes_back_on_the_conflict_page_with_both_values(show, runner, session, sids, store):
    host = await show(YINGDE)
    t = T - 12 * H
    body = {
        "series": sids[YINGDE, "Z"],
        "t": t,
        "value": None,
        "old": 35.68,
        "reason": "浮子卡住",
        "name": "英德(五) 水位",
        "when": "2022-06-22 04:00",
    }
    first = store.add("reading.correct", f"reading:{sids[YINGDE, 'Z']}:{t}", body, "张三", base_version=1)
    current = {
        "version": 2,
        "doc": {"value": 35.5, "quality": 4, "rev": 2, "object": YINGDE, "element": "Z"},
        "author": "李四",
        "at": None,
    }
    store.answered([(first, "conflict", "other-version")], {first: current})
    await session.read_outbox()
    (row,) = undecided(session.desk, time.time(), same)
    sides = {s.name if hasattr(s, "name") else s[0]: s for s in row.sides}
    assert "读数订正" in row.title and "作废" in row.title and "浮子卡住" in row.title
    assert any("35.5" in str(s) for s in sides.values()) and any("人工" in str(s) for s in sides.values())
    form = await click_reading(host, runner, sids, t)
    assert "冲突与退回" in form.status.text() and not form.button.isEnabled()
    assert "作废" in summary(session.desk.undecided[0])


@in_loop
async def test_what_is_on_screen_goes_into_rows_with_units_quality_and_beijing_time(show, runner, session):
    host = await show(YINGDE)
    rows = host.built.export_table()
    assert rows[0] == ["对象", "序列", "时间（北京时间）", "数值", "单位", "质量", "来源", "备注"]
    peak = next(r for r in rows if r[2] == "2022-06-22 14:00" and r[1] == "水位")
    assert peak == ["英德(五)", "水位", "2022-06-22 14:00", "35.97", "m", "实测", "重建录像", ""]
    assert {r[1] for r in rows[1:]} == {"水位", "北江流域面雨量"}
    rated = await show(WUZHOU, build_rating)
    table = rated.built.export_table()
    assert ["梧州(四)", "2009-07-07", "21.85", "37200", "公布实测", "中新网 2009-07-07"] in table


@in_loop
async def test_the_rating_shows_published_years_a_curve_where_enough_and_says_when_not(show, runner, session):
    wuzhou = await show(WUZHOU, build_rating)
    view = wuzhou.widget._view
    assert view.gauged_m == (15.81, 21.85) and view.curve is not None and view.se < 0.1
    assert len(view.gaugings) == 6 and view.present is not None
    notes = wuzhou.widget.notes.text()
    assert "n=6" in notes and "重建" in notes and "2009" in notes
    wuzhou.panel.grab()
    assert "中新网 2009-07-07" in wuzhou.widget.text_near(37200, 21.85)
    shijiao = await show(SHIJIAO, build_rating)
    assert "实测点太少，不拟合" in shijiao.widget.notes.text() and shijiao.widget._view.curve is None
    shijiao.panel.grab()
    hostile = replace(
        session.board.stations[WUZHOU],
        facts={"gaugings": [[1, 2], ["x", 3], None, [5.0, -1], [4.0, float("inf")], [3.0, 9.0, "<b>2020", "s", True]]},
    )
    session.board.stations[WUZHOU] = hostile
    broken = await show(WUZHOU, build_rating)
    assert "4 个公布点资料无效" in broken.widget.notes.text() and len(broken.widget._view.gaugings) == 2
    broken.panel.grab()


@in_loop
async def test_without_a_selection_or_series_the_rating_says_what_would_fill_it(show, runner):
    host = await show(QINGYUAN, build_rating)
    said = host.widget.empty.text()
    assert "清远(三) 没有同时的水位和流量" in said and "接入这个站的水位和流量序列" in said and "选中" not in said
    assert host.widget.empty.isVisible() and not host.widget.plot.isVisible()


@in_loop
async def test_picture_and_figures_agree_at_a_past_moment(show, runner, session):
    at = from_beijing("2022-06-19 20:00")
    session.situation.look_at(float(at))
    await session.board.show(float(at), float(T), "at")
    host = await show(YINGDE)
    lines = await stats_of(
        host, runner, lambda found: any("还未回落" in line for line in found) and any("≥100.0" in line for line in found)
    )
    view = host.widget.plot._view
    assert view.looking_back and view.peak is None and view.present.trend == 1
    assert float(view.curves[0].t[-1]) > at, "what came later is there, as such"
    assert any(f"水位 最高 {view.present.value:.2f} m" in line for line in lines)
    assert any("超警历时 ≥100.0 小时" in line and "窗口起已超" in line for line in lines)
    host.panel.grab()
    words = [p.label.text for p in host.widget.plot.words.placed]
    assert any(w.startswith(f"现 {view.present.value:.2f} ↑") for w in words) and not any("最高" in w for w in words)


@in_loop
async def test_a_works_shows_the_station_that_its_facts_name_and_the_rating_says_it_has_none(show, runner):
    host = await show("LOCWK002")
    assert host.widget.plot._view.code == SHIJIAO and host.built.refresh()[0] == "石角 · 北江（北江大堤的相关站）"
    nothing = await show(None)
    assert nothing.built.refresh()[0] == "未选中的站：英德(五)（当前最险）"
    rated = await show("LOCWK002", build_rating)
    assert rated.widget.empty.text().startswith("北江大堤 没有水位流量关系")
    assert rated.built.refresh()[0] == "水位流量关系"


def test_every_curve_panel_is_registered():
    assert PANELS["monitor.rating"][1] is build_rating and PANELS["monitor.hydrograph"][1] is build_monitor_hydrograph
