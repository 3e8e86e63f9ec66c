"""The sandbox as a panel on a console that has pulled everything: moments, scenarios, tools, and what it leaves behind."""

from __future__ import annotations

import shutil
import threading

import numpy as np
import psutil
import pytest

from console.domain.scenario import Breach, Keep, Scenario
from console.domain.time import from_beijing, full_stamp
from console.errors import StoreError
from console.services import scenario_floods
from console.services.province_ground import FULL, QUICK, Maker, made, province_folder
from scenes.build.course import course_of
from scenes.ground.frame import to_local
from tests.gui import until
from tests.sandbox import PEAK, hills, opened_sandbox, said


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    return hills(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def opened(qapp, home, hub, runner, ground):
    return opened_sandbox(qapp, home, hub, runner, ground)


def texts(desk):
    return [row.text for row in desk.view.legend]


def test_layers_night_and_exaggeration_change_the_picture_and_what_is_said_of_it(opened):
    async def story(desk, session):
        bar = desk.panel.toolbar
        assert len(desk.view.view.stations) > 10 and "超警站" in texts(desk) and "水库水面（范围示意）" in texts(desk)
        assert "合成地形" in desk.view.notes[-1][0] and "×8" in desk.view.notes[-1][0]
        bar.layer_actions["stations"].setChecked(False)
        assert "stations" not in desk.view.view.style.layers and "超警站" not in texts(desk)
        bar.layer_actions["stations"].setChecked(True)
        assert "超警站" in texts(desk)
        bar.night.setChecked(True)
        bar.lift.activated.emit(bar.lift.findText("×20"))
        assert desk.view.view.style.night and desk.view.lift == 20.0 and "×20" in desk.view.notes[-1][0]
        bar.layer_actions["rain"].setChecked(True)
        await until(lambda: desk.view.view.rain is not None, what="rain")
        assert any("mm" in t for t in texts(desk))
        bar.home_requested.emit()
        assert desk.view.camera.distance_km == 560.0
        await until(lambda: desk.view.frame is not None, 60, "a picture")

    opened(story)


def test_two_scenarios_of_the_meeting_stand_side_by_side_at_the_moment(opened):
    async def story(desk, session):
        view, bar, consult = desk.view, desk.panel.toolbar, session.consult
        bar.comparison_chosen.emit("plans")
        assert "还没有两个算好的情景" in said(desk) and view.swipe.other is None
        await until(lambda: consult.declared, what="the chain")
        now = session.board.board.moment
        base = float(now // 3600 * 3600 - 12 * 3600)
        for name, level in (("维持", None), ("抬到二十四米", 24.0)):
            inputs = (Keep("feilaixia", level),) if level else ()
            await consult.create(Scenario(name, "张三", base, base, 72.0, inputs))
        await until(lambda: view.swipe.other is not None, 60, "both were computed and are shown")
        left, right = ({s.code: s for s in v.stations} for v in (view.view, view.swipe.other))
        assert set(left) == set(right) and "LOC00112" in left, "places that no scenario computed are not drawn"
        assert "LOC00201" not in left and "LOC00201" in {r.code for r in session.board.board.rows}
        pools = [next(p for p in v.pools if p.code == "LOC00506").level_m for v in (view.view, view.swipe.other)]
        assert pools[1] > pools[0] + 0.3
        assert "维持（模拟）" in view.swipe.words[0] and "抬到二十四米（模拟）" in view.swipe.words[1]
        session.situation.look_at(base - 3600)
        await until(lambda: "之外" in said(desk), what="before the scenarios begin")
        assert view.swipe.other is None
        bar.comparison_chosen.emit("")
        assert said(desk) == "" and "LOC00201" in {s.code for s in view.view.stations}

    opened(story)


def test_a_scenario_whose_levee_breaks_is_flooded_on_its_side_only(opened, monkeypatch):
    monkeypatch.setattr(scenario_floods, "CELL_M", 600.0)

    async def story(desk, session):
        view, consult, shown, compare = desk.view, session.consult, [], desk.view.compare
        monkeypatch.setattr(view, "compare", lambda *what: (shown.append(what), compare(*what)))
        desk.panel.toolbar.comparison_chosen.emit("plans")
        await until(lambda: consult.declared and session.board.things.get("works"), what="the chain and the works")
        base = float(session.board.board.moment // 3600 * 3600 - 12 * 3600)
        made = []
        for name, inputs in (("不溃", ()), ("溃决", (Breach("LOCWK002", 12.0, 300.0, 3600.0, 0.5, -20.0),))):
            made.append(await consult.create(Scenario(name, "张三", base, base, 24.0, inputs)))
        await until(lambda: shown and len(shown[-1]) > 2 and shown[-1][2]["flood"] is not None, 90, "the right side is flooded")
        assert desk._flood.desk.name == "", "and the left is not"
        view.grab()
        written = [[label.text for label in side._made[1].labels] for side in (view._spots, view._beside)]
        assert ["溃口" in "".join(side) for side in written] == [False, True], "the breach is named where it is"
        consult.compare((made[1], made[0]))
        await until(lambda: shown[-1][1][0].startswith("溃决") and shown[-1][2] == {"flood": None}, 60, "sides changed")
        name = consult.results[made[1]].outcome.floods[0].result
        await until(lambda: desk._flood.desk.name == name and view.flood is not None, 60, "the left is flooded")
        made.append(await consult.create(Scenario("也不溃", "张三", base, base, 24.0, (Keep("feilaixia", 24.0),))))
        consult.compare((made[0], made[2]))
        await until(
            lambda: len(shown[-1]) > 2 and shown[-1][1][1].startswith("也不溃") and shown[-1][2] == {"flood": None},
            60,
            "two that stay dry",
        )
        assert desk._flood.desk.name == "" and view.flood is None, "no flood is left over from the last pair"
        desk._flood.desk.choose(name)
        desk.panel.toolbar.comparison_chosen.emit("")
        assert desk._flood.desk.name == "", "what stood there before the comparison stands there again"
        desk._flood.desk.choose(name)
        consult.run(made[1])
        await until(lambda: desk._flood.desk.name not in ("", name), 90, "its new result takes the place of the old one")
        await until(lambda: [e.name for e in desk._flood.desk.entries] == [desk._flood.desk.name], 30, "and is listed alone")
        strip = desk._flood.strip
        strip.remove.click()
        strip.remove.click()
        await until(lambda: desk._flood.desk.entries == () and desk._flood.desk.name == "", 30, "removed by hand")

    opened(story)


def test_works_and_stations_are_placed_anew_when_another_ground_comes(opened, monkeypatch):
    async def story(desk, session):
        shown = []
        monkeypatch.setattr(desk.view, "show_works", shown.append)
        desk.refresh()
        assert not shown
        desk._courses = {}  # as before the first ground: no river is known that a station could stand on
        desk.refresh()
        apart = {s.code: (s.lon, s.lat) for s in desk.view.view.stations}
        desk._ground.ready.emit(desk._found)
        assert len(shown) == 1
        assert {s.code: (s.lon, s.lat) for s in desk.view.view.stations} != apart, "on their rivers, without a new reading"

    opened(story)


def test_another_moment_beside_this_one_wears_the_same_look_and_nonsense_is_answered(opened):
    async def story(desk, session):
        view, bar = desk.view, desk.panel.toolbar
        bar.compare.lineEdit().setText("2022-06-20 08:00")
        bar.compare.lineEdit().returnPressed.emit()
        await until(lambda: view.swipe.other is not None)
        then = from_beijing("2022-06-20 08:00")
        assert view.swipe.other.moment == then and view.swipe.words == (
            full_stamp(session.board.board.moment),
            full_stamp(then),
        )
        labels = {s.code: s.label for s in view.swipe.other.stations}
        assert labels != {s.code: s.label for s in view.view.stations}, "other levels"
        for nonsense in ("下周二", "2022-13-45", "nan", "inf", "1e300", "0001-01-01 00:00"):
            bar.comparison_chosen.emit(nonsense)
            assert said(desk) == f"{nonsense}：不是时刻，请写成 2022-06-20 08:00"
            assert view.swipe.other.moment == then, "and changes nothing"
        session.situation.look_at(PEAK - 3600)  # the clock stands
        await until(lambda: session.board.board.moment == PEAK - 3600 and view.swipe.words[0] == full_stamp(PEAK - 3600))
        bar.lift.activated.emit(bar.lift.findText("×2"))
        bar.layer_actions["works"].setChecked(False)
        await until(lambda: view.swipe.other.style == desk.style, what="one look on both sides")
        bar.compare.activated.emit(2)
        await until(lambda: view.swipe.other.moment == session.board.board.moment - 6 * 3600)
        assert said(desk) == ""
        session.situation.look_at(PEAK - 24 * 3600)
        await until(lambda: session.board.board.moment == PEAK - 24 * 3600)
        await until(lambda: view.swipe.other.moment == PEAK - 30 * 3600, what="six hours before what is shown")
        bar.comparison_chosen.emit("")
        assert view.swipe.other is None

    opened(story)


def across(desk, km_wide=3.0):
    """Return two places on both sides of the Beijiang at Shijiao, and two beside each other on land."""
    river = next(r for r in desk._found.rivers if r.name == "北江")
    course = course_of(river, desk._found.ground)
    x, y = (float(v) for v in to_local(112.94, 23.57))
    i = int(np.hypot(course.x - x, course.y - y).argmin())
    here, side = np.array([course.x[i], course.y[i]]), course.normal[i] * km_wide
    return [tuple((here + k * side).tolist()) for k in (-1.0, 1.0, 1.5, 2.0)]


async def told(desk, mode, *places):
    """Use a tool and return what it says."""
    tools = desk.panel.tools
    tools.start(mode)
    for place in places:
        tools.click(place)
    tools.finish()
    await until(lambda: tools.lines and tools.lines != ("正在计算…",) and not tools.lines[0].startswith(("点", "在", "先")))
    return tools.lines


def test_tools_answer_in_words_and_a_section_has_the_water_of_several_times(opened):
    async def story(desk, session):
        a, b, c, d = across(desk)
        lines = await told(desk, "section", a, b)
        assert lines[0].startswith("北江：断面宽") and "两者未换算" in lines[1] and "合成" in lines[0]
        waters = desk.panel.strip._waters
        assert [when for when, _, _ in waters] == ["06-22 14:00", "06-22 08:00", "06-21 14:00"]
        assert len({level for _, level, _ in waters}) == 3 and all(f"{level:.2f}" in lines[0] for _, level, _ in waters)
        assert desk.panel.strip.isVisible()
        desk.panel.grab()
        assert "没有穿过" in (await told(desk, "section", c, d))[1] and desk.panel.strip._waters == ()
        assert (await told(desk, "profile", a, b, c))[0].startswith("剖面平距")
        assert "真方位" in (await told(desk, "measure", a, b))[1]
        bent = (a[0] + 3.0, a[1] + 3.0)
        assert "平面面积" in (await told(desk, "measure", a, b, bent))[1]
        crossing = ((0.0, 40.0), (4.0, 44.0), (4.0, 40.0), (0.0, 44.0))
        lines = await told(desk, "measure", *crossing)
        assert lines[0].startswith("平距") and len(lines) == 2, "a way that crosses itself has a length and no area"
        assert (await told(desk, "sight", a, b))[0]
        assert "水量" in (await told(desk, "volume", a, b, bent))[0]
        desk.panel.toolbar._levels[0].setValue(99.0)
        assert "请把较低的水位放在前面" in (await told(desk, "volume", a, b, bent))[0]
        desk.panel.toolbar.cleared.emit()
        assert desk.panel.tools.lines == () and not desk.panel.strip.isVisible()

    opened(story)


def test_a_result_that_comes_too_late_does_not_stand_where_the_next_tools_words_are(opened):
    async def story(desk, session):
        a, b, *_ = across(desk)
        tools = desk.panel.tools
        tools.start("section")
        tools.click(a)
        tools.click(b)
        assert tools.lines == () or "两岸" in tools.lines[0] or "正在" in tools.lines[0]
        await until(lambda: tools.lines == ("正在计算…",))
        tools.start("measure")
        await until(lambda: "sandbox section" not in session.tasks.running())
        assert "双击结束" in tools.lines[0] and not desk.panel.strip.isVisible()

    opened(story)


def test_a_released_sandbox_leaves_no_process_and_no_thread(opened):
    before, threads = set(psutil.Process().children(recursive=True)), set(threading.enumerate())

    async def story(desk, session):
        await until(lambda: desk.view.frame is not None, 60, "a picture")
        assert set(psutil.Process().children(recursive=True)) - before

    opened(story)
    assert set(psutil.Process().children(recursive=True)) <= before
    left = [t.name for t in set(threading.enumerate()) - threads if not t.name.startswith("work_")]  # the loop's own
    assert left == []


def test_the_finer_ground_is_made_by_a_process_that_can_be_stopped(tmp_path, ground):
    maker = Maker(ground, QUICK)
    assert maker.run() == province_folder(ground, QUICK) == made(ground), "what is there is not made again"
    shutil.copy(next(ground.glob("basemap-*.npz")), tmp_path)
    before = set(psutil.Process().children())
    stopped = Maker(tmp_path, FULL)
    stopped.stop()
    with pytest.raises(StoreError, match="细地形没有生成"):
        stopped.run()
    assert set(psutil.Process().children()) <= before and made(tmp_path) is None
