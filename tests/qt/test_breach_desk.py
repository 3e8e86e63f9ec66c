"""A breach of a levee in the sandbox: asked by a form, computed in another process, shown among the inundation results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from console.domain.objects import Thing
from console.services.breach_desk import BreachDesk
from console.services.flood_library import FloodLibrary
from console.services.level_courses import LevelCourse
from console.services.sandbox_ground import SandboxGround
from console.services.tasks import TaskScope
from console.viewdata.inundation_ask import BreachAsk, LeveeChoice
from console.viewdata.scene import SceneRiver
from scenes.ground.frame import to_degrees
from scenes.ground.opening import GroundSpec
from tests.gui import until
from widgets.breach_form import BreachForm

ASK = BreachAsk("L1", 6.0, 300.0, 0.5, 4.0, 9.0, "", 2.0, 200.0)


class Plain:
    """Ground that falls gently to the east; a river west of x = 0."""

    sources = ()

    def heights(self, east_km, north_km, _cell_km):
        return np.where(east_km < -0.5, -2.0, 3.0 - 0.02 * east_km).astype(np.float32)


class Board:
    def __init__(self):
        lon, lat = to_degrees(np.array([0.0, 0.0]), np.array([-8.0, 6.0]))
        line = tuple(zip(lon.tolist(), lat.tolist(), strict=True))
        self.things = {"works": (Thing("works", "L1", "试堤", (line,), {"type": "levee", "river": "试河"}),)}
        self.board = type("B", (), {"by_code": {}})()

    def series_of(self, _code):
        return {}


def ground():
    lon, lat = to_degrees(np.array([-1.5, -1.5]), np.array([12.0, -12.0]))
    river = SceneRiver("试河", np.column_stack([lon, lat]), np.array([2.0, 1.0]))
    return SandboxGround(GroundSpec(()), Plain(), (river,), ())


@pytest.fixture
def desk(tmp_path, runner, hub):
    found = BreachDesk(Board(), TaskScope(hub.report), FloodLibrary(tmp_path), root=tmp_path)
    yield found
    found.close()
    runner.run(found._tasks.close())


def ended(desk):
    told = []
    desk.taken.connect(lambda name: told.append(("taken", name)))
    desk.refused.connect(lambda why: told.append(("refused", why)))
    return told


def test_the_plain_behind_the_levee_is_flooded_and_among_the_results(desk, runner):
    told = ended(desk)
    (choice,) = desk.levees(0.0)
    assert choice.code == "L1" and choice.length_km == pytest.approx(14.0, rel=0.01) and choice.level_m is None

    async def story():
        desk.start(ASK, ground(), 1_655_838_000.0)
        await until(lambda: told, 120, "computed")

    runner.run(story())
    assert told[0][0] == "taken", told
    (entry,) = desk._library.entries()
    assert entry.about.simulated and "试堤 K6" in entry.label and entry.site.breaches[0].width_m == 300.0
    depths, _ = desk._library.open(entry.name)
    last = np.asarray(depths.step(len(depths.t_s) - 1))
    x = depths.x_m - 450_000.0
    assert last[:, x > 300].max() > 0.3 and np.nan_to_num(last[:, x < -600]).max() == 0.0, "east of the levee, not west"
    assert len(depths.t_s) == 13


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"chainage_km": 99.0}, "不在堤上"),
        ({"levee": "无"}, "没有选堤防"),
        ({"hours": 0.0}, "历时"),
        ({"sill_m": 4.0}, "地形还没有准备好"),
    ],
)
def test_what_cannot_be_computed_is_answered(desk, runner, change, words):
    told = ended(desk)

    async def story():
        desk.start(replace(ASK, **change), None if "sill_m" in change else ground(), 0.0)
        await until(lambda: told, 60)

    runner.run(story())
    assert told[0][0] == "refused" and words in told[0][1]


def test_a_run_that_is_stopped_keeps_what_it_has_and_says_how_far_it_came(desk, runner):
    told = ended(desk)

    async def story():
        desk.start(replace(ASK, hours=72.0, cell_m=100.0), ground(), 1_655_838_000.0)
        await until(lambda: desk._run is not None and desk._run.partials, 120, "some frames")
        desk.cancel()
        await until(lambda: told, 60)

    runner.run(story())
    assert told[0][0] == "taken" and "时停止，其后没有算" in desk.said, told
    (entry,) = desk._library.entries()
    assert "只算到" in entry.label
    depths, _ = desk._library.open(entry.name)
    hours = float(depths.t_s[-1] - depths.t_s[0]) / 3600
    assert 1.0 < hours < 72.0 and f"算到 {hours:.1f} h" in desk.said
    assert np.nan_to_num(np.asarray(depths.step(len(depths.t_s) - 1))).max() > 0.3


def test_a_breach_in_a_scenario_has_its_rivers_level(tmp_path, runner, hub):
    t0 = 1_655_838_000.0
    course = LevelCourse("加大下泄", t0 + np.array([0.0, 3600.0, 7200.0, 36_000.0]), np.array([12.0, 11.0, 10.0, 10.0]))
    board = Board()
    levee = board.things["works"][0]
    board.things["works"] = (replace(levee, facts=levee.facts | {"level": {"object": "S1", "element": "Z"}}),)
    desk = BreachDesk(
        board,
        TaskScope(hub.report),
        FloodLibrary(tmp_path),
        root=tmp_path,
        courses=lambda code: {"s": course} if code == "S1" else {},
    )
    told = ended(desk)
    (choice,) = desk.levees(t0 + 1800)
    assert choice.courses == (("s", "加大下泄", 11.5),)

    async def story():
        desk.start(replace(ASK, follow="s", hours=1.0), ground(), t0)
        await until(lambda: told, 120)
        desk.start(replace(ASK, follow="gone"), ground(), t0)
        await until(lambda: len(told) == 2, 60)

    async def river():
        return await desk._river(board.things["works"][0], replace(ASK, follow="s"), t0 + 1800)

    try:
        runner.run(story())
        found = runner.run(river())
        assert [found.water.level(t, 0.0) for t in (0.0, 1800.0, 5400.0)] == pytest.approx([11.5, 11.0, 10.0]), (
            "the scenario's own"
        )
        assert "其后" not in found.said
        assert told[0][0] == "taken" and "河道水位以 12.00 m 起算，按会商情景“加大下泄”的测站水位涨落" in desk.said
        assert told[1][0] == "refused" and "在溃口时刻没有水位" in told[1][1]
    finally:
        desk.close()
        runner.run(desk._tasks.close())


def test_what_the_river_does_is_said_as_it_was_done(desk, runner):
    levee = desk._board.things["works"][0]

    async def said(**change):
        return (await desk._river(levee, replace(ASK, **change), 0.0)).said

    assert runner.run(said(follow="")) == "其后不变（假定）"
    assert runner.run(said(follow="station")) == "没有测站过程，按不变算（假定）"


def test_a_level_beyond_the_rating_stays_at_its_end_and_says_so():
    from console.engine.whatif import NodeOutcome
    from console.services.level_courses import _whole

    flow = np.array([9000.0, 21000.0, 500.0])
    node = NodeOutcome("石角", "station", flow, flow, None, np.array([8.0, np.nan, np.nan]), None, ())
    level, words = _whole(node, {"rating": {"points": [[3.67, 2210.0], [12.9, 20000.0]]}})
    assert level.tolist() == [8.0, 12.9, 3.67] and "偏低" in words


def test_a_run_is_stopped_by_hand(desk, runner):
    told = ended(desk)

    async def story():
        desk.start(replace(ASK, hours=72.0, cell_m=50.0), ground(), 0.0)
        await until(lambda: desk._run is not None and desk._run.state == "running", 30)
        desk.cancel()
        await until(lambda: told, 30)

    runner.run(story())
    assert told == [("refused", "")]


def test_the_form_takes_the_levees_level_and_section_and_keeps_what_was_typed(qtbot, look):
    form = BreachForm(look)
    qtbot.addWidget(form)
    assert not form.begin.isEnabled()
    form.show_levees((LeveeChoice("L1", "<b>堤</b>", 14.0, 11.83, "石角", (("石角段", 4.2),)),))
    assert form.numbers["level"].value() == 11.83 and form.numbers["chainage"].maximum() == 14.0
    form.section.setCurrentIndex(1)
    form.section.activated.emit(1)
    assert form.numbers["chainage"].value() == pytest.approx(4.2)
    form.numbers["width"].setValue(350)
    form.fine.setChecked(True)
    assert [form.follow.itemText(i) for i in range(form.follow.count())] == ["随测站过程涨落", "不变"]
    form.show_levees((replace(form._levees[0], courses=(("s1", "<i>甲</i>", 10.25),)),))
    form.follow.setCurrentIndex(2)
    form.follow.activated.emit(2)
    assert form.numbers["level"].value() == 10.25 and form.asked().follow == "s1"
    assert not form.numbers["level"].isEnabled(), "it is the scenario's, not to be typed"
    form.show_levees((replace(form._levees[0], courses=(("s1", "<i>甲</i>", 12.75),)),))
    assert form.numbers["level"].value() == 12.75, "the bar was moved on"
    form.show_levees((replace(form._levees[0], courses=()),))
    assert form.asked().follow == "station", "a scenario that is compared no more is not asked for"
    assert form.asked().level_m == 11.83 and form.numbers["level"].isEnabled()
    asked = []
    form.run_requested.connect(asked.append)
    form.begin.click()
    assert asked[0].width_m == 350 and asked[0].fine and asked[0].levee == "L1" and not form.begin.isEnabled()
    stopped = []
    form.cancel_requested.connect(lambda: stopped.append(1))
    form.end.click()
    form.refused("")
    assert stopped == [1] and form.begin.isEnabled() and form.status.text() == "已停止计算"
    form.show_levees(form._levees)
    assert form.numbers["width"].value() == 350


def test_prepared_breaches_are_computed_once_and_shown_from_the_moment_that_they_are_opened_at(
    desk, runner, hub, qapp, tmp_path
):
    from functools import partial

    from console.presenters.flood import COLOR_TOKENS, paint_flood
    from console.services.flood_desk import FloodDesk

    told = ended(desk)
    asks = tuple(replace(ASK, chainage_km=km, name=f"险段{km:g}") for km in (5.0, 6.0))

    async def story():
        desk.prepare(asks, ground(), 1_655_838_000.0)
        await until(lambda: told, 240, "computed")

    runner.run(story())
    assert [kind for kind, _ in told] == ["taken"], told
    entries = desk._library.entries()
    assert [e.site.label.partition("（")[0] for e in entries] == ["预置 险段5", "预置 险段6"]
    assert all(e.site.prepared and "2022" not in e.label for e in entries)
    told.clear()

    async def again():
        desk.prepare(asks, ground(), 0.0)
        await until(lambda: told, 30)

    runner.run(again())
    assert told[0][0] == "refused" and "都已算好" in told[0][1] and len(desk._library.entries()) == 2
    colors = dict.fromkeys(COLOR_TOKENS, (1, 2, 3))
    tasks = TaskScope(hub.report)
    shown = FloodDesk(tmp_path, tasks, partial(paint_flood, colors=colors, tr=str))
    opened_at = 1_900_000_800.0

    async def opened():
        shown.want(opened_at)
        shown.choose(entries[0].name)
        await until(lambda: shown.now is not None and shown.swept is not None and not shown._work, 30, "drawn")
        return shown.span

    span = runner.run(opened())
    assert span[0] == opened_at // 3600 * 3600 and span[1] - span[0] == pytest.approx(2 * 3600.0)
    assert shown.now.when == "" and shown.now.view.breaches[0].since == span[0]
    shown.close()
    runner.run(tasks.close())
