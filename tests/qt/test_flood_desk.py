"""An inundation in the sandbox: chosen, followed through time, counted, read at the cursor; imported by hand."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import shutil
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import Qt

from console.engine.inundation_grid import DepthSeries
from console.presenters.flood import COLOR_TOKENS, legend, note, paint_flood, place_words, present_flood
from console.services.flood_desk import FloodAt, FloodDesk
from console.services.flood_library import ExposureSource, FloodLibrary, Site, told_of
from console.services.tasks import TaskScope
from console.viewdata.inundation import BreachPlace
from scenes.ground.frame import to_degrees
from tests.gui import until
from tests.unit.test_depth_file import NAN, STEPS, T0, netcdf, tif
from tests.unit.test_flood_library import geojson
from widgets.flood_form import FloodAsk, FloodForm
from widgets.flood_strip import FloodStrip

COLORS = {token: (10 * i, 20 * i, 30 * i) for i, token in enumerate(COLOR_TOKENS, 1)}
PAINT = partial(paint_flood, colors=COLORS, tr=str)
HOUR = 3600.0
# 500 × 400 m in cells of 100 m, row 0 the southernmost, at 08:00, 09:00 and 10:30: the west fills from the south-west
# corner on, a little water runs off again in the south-east, nobody knows the north-east corner.
FLOOD = np.zeros((3, 4, 5), np.float32)
FLOOD[:, 0, 0], FLOOD[1:, 0, 1], FLOOD[2, 1, 0], FLOOD[1, 0, 4], FLOOD[:, 3, 4] = (0.2, 1.2, 3.5), (0.7, 2.1), 0.4, 0.3, NAN
FLOOD[2, 2, 0] = 0.06


def at(row: int, column: int) -> tuple[float, float]:
    lon, lat = to_degrees(0.05 + 0.1 * column, 0.05 + 0.1 * row)
    return float(lon), float(lat)


@pytest.fixture
def library(home):
    return FloodLibrary(home.shared_cache)


class Settled:
    """A runner that lets a desk come to rest before its loop stops: what comes back from a thread later finds no loop."""

    def __init__(self, runner):
        self.runner, self.desk = runner, None

    def run(self, story):
        found = self.runner.run(story)
        self.runner.run(self._rest())
        return found

    async def _rest(self):
        for _ in range(25):
            desk = self.desk
            counts = desk is not None and desk._opened is not None and desk._opened.site.exposures and desk.now is not None
            if desk is None or (not desk._work and not (counts and desk.counted_at != desk.now.view.moment)):
                return
            await asyncio.sleep(0.02)


@pytest.fixture
def runner(runner):
    return Settled(runner)


@pytest.fixture
def desk(home, hub, qapp, library, runner):
    scope = TaskScope(hub.report)
    found = runner.desk = FloodDesk(home.shared_cache, scope, PAINT)
    yield found
    found.close()
    runner.run(scope.close())


@pytest.fixture
def polder(library, tmp_path):
    people = geojson(tmp_path / "p.geojson", ("Point", [50.0, 50.0], {"人": 12}), ("Point", [450.0, 350.0], {"人": 5}))
    site = Site(
        "试算一", (BreachPlace(113.1, 23.3, "石角", T0 + 1800, 150.0),),
        (ExposureSource("人口", str(people), "人", "人", "七普", "2020-11-01"), ExposureSource("房屋", "无.gpkg")),
    )  # fmt: skip
    return library.add(netcdf(tmp_path / "石角.nc", FLOOD), site=site)


async def shown(desk: FloodDesk, name: str, moment: float):
    """Choose a result and wait until all of it is there."""
    desk.choose(name)
    desk.want(moment)
    drawn = "what was swept is drawn too: nothing comes back from a thread once the loop no longer runs"
    await until(lambda: desk.now is not None and desk.now.view.arrival_s is not None and not desk._work, what=drawn)
    return desk.now


async def listed(desk: FloodDesk) -> None:
    desk.begin()
    await until(lambda: desk.entries)


def alphas(desk: FloodDesk) -> np.ndarray:
    """Return the transparency at each cell's middle, (4, 5), row 0 the southernmost."""
    rgba = desk.now.picture.rgba
    rows, columns = (n // k for n, k in zip(rgba.shape, (4, 5), strict=False))
    return rgba[rows // 2 :: rows, columns // 2 :: columns, 3]


def colors(desk: FloodDesk) -> list[list[int]]:
    """Return the red of each cell's middle: 10 for the shallowest class, 60 for the deepest, 70 unknown."""
    rgba = desk.now.picture.rgba
    rows, columns = (n // k for n, k in zip(rgba.shape, (4, 5), strict=False))
    return rgba[rows // 2 :: rows, columns // 2 :: columns, 0].tolist()


# --- through time -----------------------------------------------------------------------------------
def test_a_chosen_result_is_drawn_where_it_lies_as_deep_as_it_is_at_the_moment(desk, polder, runner):
    now = runner.run(shown(desk, polder, T0 + HOUR))
    assert now.when == "" and now.view.simulated and now.view.label == "淹没水深（模拟）：试算一"
    assert now.picture.box == pytest.approx((0, 0, 0.5, 0.4)) and max(now.picture.rgba.shape) <= 1024
    assert now.picture.breaches == ((113.1, 23.3, "石角 · 06-20 08:30 溃口 · 宽 150 m"),)
    assert colors(desk)[0][:2] == [30, 20] and colors(desk)[0][4] == 10 and colors(desk)[3][4] == 70
    clear = alphas(desk)
    assert clear[0, 0] > clear[0, 1] > clear[0, 4] > 150 > clear[3, 4] > 0, "deeper is denser, unknown is thin"
    dry = np.ones((4, 5), bool)
    dry[0, [0, 1, 4]], dry[3, 4] = False, False
    assert (clear[dry] == 0).all()
    assert now.flooded.area_m2 == 30_000 and now.flooded.volume_m3 == pytest.approx(22_000)
    assert now.flooded.unknown_m2 == 10_000

    async def half_an_hour_before():
        desk.want(T0 + HOUR / 2)
        await until(lambda: desk.now.view.moment == T0 + HOUR / 2)

    runner.run(half_an_hour_before())
    assert colors(desk)[0][:2] == [20, 10], "0.7 and 0.35 m, half-way between two steps"
    shown_now = desk.now
    beside = runner.run(desk.picture_of(T0 + HOUR))
    assert beside.key != shown_now.picture.key and desk.now is shown_now, "another moment beside it, which changes nothing"
    desk.choose("")
    assert runner.run(desk.picture_of(T0 + HOUR)) is None


def test_before_the_first_step_all_is_unknown_and_after_the_last_too(desk, polder, runner, qtbot, look):
    strip = FloodStrip(look)
    qtbot.addWidget(strip)

    async def go(moment):
        desk.want(moment)
        await until(lambda: desk.now.view.moment == moment // 60 * 60)
        present_flood(strip, desk, str)

    runner.run(shown(desk, polder, T0))
    runner.run(go(T0 - HOUR))
    assert desk.now.when == "before" and (np.array(colors(desk)) == 70).all() and desk.now.flooded is None
    assert desk.depth_at(*at(0, 0)) is None and place_words(desk.at(*at(0, 0)), str) == "此处未知"
    runner.run(listed(desk))
    present_flood(strip, desk, str)
    assert strip.figures.text() == "06-20 08:00 计算从此时开始，之前未知"
    assert strip.legend.rows[-1][1:] == ("depth.unknown", "未知 0.2 km²") and "—" in strip.legend.rows[0][2]
    runner.run(go(T0 + 10 * HOUR))
    assert desk.now.when == "after" and (alphas(desk) > 0).all() and desk.at(*at(0, 0)) is None, "unknown, and drawn so"
    assert strip.figures.text() == "06-20 10:30 计算到此时为止，之后没有结论"
    runner.run(until(lambda: desk.counted_at == T0 + 10 * HOUR))
    assert not [line for line in desk.exposures if line.number is not None]
    runner.run(go(T0 + 2.5 * HOUR))
    assert desk.now.when == "" and colors(desk)[0][0] == 60, "the last step itself is known"


def test_of_many_wishes_the_newest_is_answered_and_the_same_minute_is_not_drawn_again(desk, polder, runner):
    drawn = []

    def paint(view, mode):
        drawn.append(view.moment)
        return PAINT(view, mode)

    desk.repaint(paint)

    async def play():
        await shown(desk, polder, T0)
        await asyncio.sleep(0)
        before = len(drawn)
        for minute in range(1, 61):
            desk.want(T0 + 60.0 * minute)
        await until(lambda: desk.now.view.moment == T0 + HOUR)
        made = len(drawn) - before
        picture = desk.now.picture
        for second in range(5):
            desk.want(T0 + HOUR + second)
            await asyncio.sleep(0.02)
        return made, picture

    made, picture = runner.run(play())
    assert made <= 3 and desk.now.picture is picture and drawn[-1] == T0 + HOUR


def test_the_whole_series_has_its_own_pictures(desk, polder, runner):
    async def look_at(mode):
        desk.set_mode(mode)
        await until(lambda: desk.now.mode == mode and desk.now.picture is not None)

    runner.run(shown(desk, polder, T0))
    runner.run(look_at("max"))
    assert colors(desk)[0] == [60, 50, 10, 10, 10] and (alphas(desk)[0] > 0).tolist() == [True, True, False, False, True]
    assert legend(desk.now.view, "max", str)[0] == ("band", "depth.6", "≥ 3 m 0.01 km²")
    runner.run(look_at("arrival"))
    assert [row[0] for row in colors(desk)[:3]] == [60, 60, 50], "the first is the strongest: 0.7 and 1.8 h after the breach"
    assert [text for _, _, text in legend(desk.now.view, "arrival", str)][:2] == ["不足 1 h", "1–3 h"]
    assert "到达时间起算 06-20 08:30" in note(desk.now.view, "arrival", str)
    runner.run(look_at("duration"))
    assert colors(desk)[0][:2] == [10, 10] and colors(desk)[3][4] == 70
    still = desk.now.picture
    desk.want(T0 + HOUR)
    runner.run(until(lambda: desk.now.view.moment == T0 + HOUR))
    assert len(desk.now.picture.breaches) == 1, "the breach is there from when it happened"
    still = desk.now.picture
    desk.want(T0 + 1.4 * HOUR)
    runner.run(until(lambda: desk.now.view.moment > T0 + HOUR))
    assert desk.now.picture is still, "what does not change with the moment is not sent again"


def test_a_sweep_that_was_stopped_begins_anew_when_its_picture_is_wanted(desk, polder, runner, monkeypatch):
    real, patient = DepthSeries.sweep, [False]

    def sweep(self, *args, going, **more):
        while not patient[0] and going(0.3):
            pass
        return real(self, *args, going=going, **more)

    monkeypatch.setattr(DepthSeries, "sweep", sweep)
    shares = []
    desk.progress.connect(shares.append)

    async def stop():
        desk.choose(polder)
        desk.want(T0)
        await until(lambda: desk.now is not None and 0.3 in shares)
        desk.cancel()
        await until(lambda: shares[-1] == -1.0)
        assert desk.swept is None and desk.at(*at(0, 0)).arrival_s is None
        desk.set_mode("depth")
        assert desk.busy == ""
        patient[0] = True
        desk.set_mode("arrival")
        await until(lambda: desk.now.mode == "arrival" and desk.now.picture is not None)

    runner.run(stop())
    assert desk.arrival_at(*at(0, 0)) == T0


def test_other_colours_make_another_picture_at_once(desk, polder, runner):
    key = runner.run(shown(desk, polder, T0 + HOUR)).picture.key
    desk.repaint(partial(paint_flood, colors=dict.fromkeys(COLORS, (1, 2, 3)), tr=str))
    runner.run(until(lambda: desk.now.picture.key != key))
    assert desk.now.picture.rgba[0, 0, :3].tolist() == [1, 2, 3]


# --- at the cursor ----------------------------------------------------------------------------------
def test_what_is_said_at_the_cursor(desk, polder, runner):
    runner.run(shown(desk, polder, T0 + 2 * HOUR))
    words = {cell: place_words(desk.at(*at(*cell)), str) for cell in ((0, 0), (0, 1), (0, 4), (2, 2), (3, 4))}
    assert words[0, 0] == "淹没水深 2.73 m · 06-20 08:00 到达 · 已淹 2 h"
    assert words[0, 1] == "淹没水深 1.63 m · 06-20 08:04 到达 · 已淹 1.9 h"
    assert words[0, 4] == "淹没水深 0.10 m · 06-20 08:10 到达 · 全程共淹 2.1 h", "it runs off before the end"
    assert words[2, 2] == "未淹没" and words[3, 4] == "此处未知"
    assert desk.arrival_at(*at(0, 1)) == pytest.approx(T0 + HOUR * 0.05 / 0.7, abs=1)
    assert desk.duration_at(*at(0, 0)) == pytest.approx(2.5 * HOUR) and desk.depth_at(*at(2, 2)) == 0
    assert desk.at(113.0, 22.0) is None and place_words(None, str) == "", "beside the result nobody knows"
    desk.want(T0)
    runner.run(until(lambda: desk.now.view.moment == T0))
    assert place_words(desk.at(*at(1, 0)), str) == "未淹没 · 06-20 09:11 到达"


def test_the_cursor_says_what_it_can_before_the_sweep_is_through():
    assert place_words(FloodAt(T0, 1.24), str) == "淹没水深 1.24 m"
    assert place_words(FloodAt(T0 + HOUR, 0.0, T0, 600.0), str) == "未淹没 · 06-20 08:00 曾到达"
    assert place_words(FloodAt(T0 + 11 * HOUR, 1.24, T0, 20 * HOUR, 11 * HOUR), str) == (
        "淹没水深 1.24 m · 06-20 08:00 到达 · 已淹 11 h"
    )


# --- figures and words ------------------------------------------------------------------------------
def test_the_strip_says_what_is_shown_how_much_and_who_says_so(desk, polder, runner, qtbot, look, library, tmp_path):
    library.add(tif(tmp_path / "坏.tif", FLOOD), STEPS)
    (library.folder / "坏" / "00001.npy").unlink()
    strip = FloodStrip(look)
    qtbot.addWidget(strip)
    desk.changed.connect(lambda: present_flood(strip, desk, str))
    runner.run(listed(desk))
    runner.run(shown(desk, polder, T0 + HOUR))
    runner.run(until(lambda: desk.counted_at == T0 + HOUR, what="people"))
    assert [strip.results.itemText(i) for i in range(strip.results.count())] == ["不显示淹没", "淹没水深（模拟）：试算一"]
    assert strip.results.currentData() == polder and strip.modes.currentText() == "水深"
    assert strip.figures.text() == "06-20 09:00 淹没面积 0.03 km² · 水量 2.2 万m³ · 未知 0.01 km²"
    people, houses = strip.exposures.text().split("\n")
    assert people.startswith("06-20 09:00 受影响：受淹人口（另有 29% 在水深未知处） 12 人（来源：七普（2020-11-01））")
    assert "人口 · 水深 1–1.5 m 12 人" in people
    assert "受淹房屋（文件 无.gpkg 打不开" in houses and "—" in houses, "a layer that is not there is not nobody"
    assert "模拟" in strip.note.text() and "石角.nc" in strip.note.text() and "格距 100 m" in strip.note.text()
    assert "坏：淹没数据缓存不完整" in strip.wrong.text()
    assert [token for _, token, _ in strip.legend.rows] == [*reversed(COLOR_TOKENS[:6]), "depth.unknown"]
    desk.choose("")
    assert strip.figures.text() == "" and not strip.legend.rows and strip.results.currentIndex() == 0
    assert desk.now is None and desk.at(*at(0, 0)) is None


def test_the_strip_asks_and_its_legend_takes_more_lines_where_it_is_narrow(qtbot, look, desk, polder, runner):
    strip = FloodStrip(look)
    qtbot.addWidget(strip)
    runner.run(shown(desk, polder, T0 + HOUR))
    runner.run(listed(desk))
    present_flood(strip, desk, str)
    strip.resize(1200, 160)
    strip.show()
    wide = strip.legend.height()
    strip.resize(420, 240)
    assert strip.legend.height() > wide > 0
    assert not strip.grab().isNull()
    with qtbot.waitSignal(strip.mode_chosen) as asked:
        strip.modes.activated.emit(strip.modes.findData("max"))
    assert asked.args == ["depth"], "the combo's own choice is what counts"
    strip.modes.setCurrentIndex(strip.modes.findData("max"))
    with qtbot.waitSignal(strip.mode_chosen) as asked:
        strip.modes.activated.emit(strip.modes.currentIndex())
    assert asked.args == ["max"]
    strip.results.setCurrentIndex(0)
    with qtbot.waitSignal(strip.result_chosen) as asked:
        strip.results.activated.emit(0)
    assert asked.args == [""]
    strip.show_progress(0.4, "正在导入 40%")
    with qtbot.waitSignal(strip.cancel_requested):
        qtbot.mouseClick(strip.cancel, Qt.MouseButton.LeftButton)
    strip.show_progress(-1.0, "")
    assert not strip.cancel.isVisible()
    strip.say("<b>坏了</b>")
    assert strip.wrong.isVisible() and strip.wrong.text() == "<b>坏了</b>"


def test_a_result_that_is_removed_while_it_is_shown_says_so(desk, polder, runner, library):
    said = []
    desk.failed.connect(said.append)

    async def lose():
        await shown(desk, polder, T0)
        shutil.rmtree(library.folder / polder)
        desk.want(T0 + 2 * HOUR)
        await until(lambda: said[-1])
        assert "读不出来" in said[-1] and "重新导入" in said[-1]
        desk.choose("无")
        assert said[-1] == "", "another result, another fault"
        await until(lambda: "没有名为 无" in said[-1])
        desk.choose(polder)
        desk.choose("")
        await asyncio.sleep(0.1)

    runner.run(lose())
    assert said[-1] == "", "of a result that is not wanted any more nothing is said"


def test_of_two_results_chosen_at_once_the_last_one_is_shown(desk, polder, runner, library, tmp_path):
    other = library.add(tif(tmp_path / "另.tif", FLOOD[:, :2]), STEPS)

    async def change():
        desk.want(T0)
        for name in (polder, other, polder, other):
            desk.choose(name)
        await until(lambda: desk.now is not None and desk.swept is not None)
        await asyncio.sleep(0.1)

    runner.run(change())
    assert desk.now.depth_m.shape == (2, 5) and desk.name == other


# --- importing --------------------------------------------------------------------------------------
@pytest.fixture
def form(qtbot, look, desk):
    found = FloodForm(look)
    qtbot.addWidget(found)
    found.import_requested.connect(lambda ask: desk.take(**dataclasses.asdict(ask)))
    found.cancel_requested.connect(desk.cancel)
    desk.taken.connect(lambda _name: found.taken())
    desk.refused.connect(found.refused)
    desk.progress.connect(found.show_progress)
    found.show()
    return found


def test_a_file_is_imported_by_hand_and_shown(desk, form, runner, tmp_path):
    path = tif(tmp_path / "溃堤.tif", FLOOD * 100, crs=None, unit="")
    assert not form.begin.isEnabled() and form.isModal() is False
    form.file.setText(str(path))
    form.crs.setText("EPSG:4547")
    form.unit.setCurrentIndex(form.unit.findData("cm"))
    form.start.setText("2022-06-20 08:00")
    form.step.setText("0.5")
    form.kind.setCurrentIndex(form.kind.findData("yes"))
    desk.want(T0 + HOUR / 2)

    async def take():
        form.begin.click()
        await until(lambda: desk.now is not None)

    runner.run(take())
    assert desk.name == "溃堤" and desk.now.view.label == "淹没水深（模拟）：溃堤.tif"
    assert desk.depth_at(*at(0, 0)) == pytest.approx(1.2)
    assert form.file.text() == "" and form.crs.text() == "EPSG:4547" and not form.isVisible()
    assert [e.name for e in desk.entries] == ["溃堤"]


def test_a_refusal_is_said_in_the_form_and_nothing_typed_is_lost(desk, form, runner, tmp_path):
    form.file.setText(str(tif(tmp_path / "溃堤.tif", FLOOD)))
    form.start.setText("昨天八点")
    form.variable.setText("h")
    form.empty_is_dry.setChecked(True)
    typed = form.asked()

    async def ask(words):
        form.begin.click()
        await until(lambda: words in form.status.text())

    runner.run(ask("起始时间“昨天八点”读不懂"))
    assert form.asked() == typed and form.begin.isEnabled() and form.isVisible()
    form.start.clear()
    runner.run(ask("没有时间"))
    assert form.asked() == dataclasses.replace(typed, start="") and "填写起始时间" in form.status.text()
    assert desk.entries == () and desk.name == ""


def test_an_import_can_be_stopped_and_leaves_nothing(desk, form, runner, tmp_path, library, monkeypatch):
    form.file.setText(str(tif(tmp_path / "溃堤.tif", FLOOD)))
    form.start.setText("2022-06-20 08:00")
    form.step.setText("1")
    shares = []
    desk.progress.connect(shares.append)
    real = FloodLibrary.add

    def slow(self, path, told, site, going):
        def asked(share):
            while going(share):  # until the user stops it
                pass
            return False

        return real(self, path, told, site, asked)

    monkeypatch.setattr(FloodLibrary, "add", slow)

    async def stop():
        form.begin.click()
        await until(lambda: desk.busy == "import" and shares)
        assert not form.begin.isEnabled() and "正在导入…" in form.status.text()
        form.end.click()
        await until(lambda: form.begin.isEnabled())
        await until(lambda: shares[-1] == -1.0, what="the bar goes away")

    runner.run(stop())
    assert form.status.text() == "已停止，没有导入" and form.file.text() and form.isVisible()
    assert not list(library.folder.glob("*"))
    form.end.click()
    assert not form.isVisible() and form.file.text(), "closing keeps what was typed"


def test_a_form_says_what_it_asks_for_in_both_languages(qtbot, look):
    form = FloodForm(look)
    qtbot.addWidget(form)
    assert form.asked() == FloodAsk("", "", "", "", "", "", "", None, False)
    assert told_of(**{k: v for k, v in dataclasses.asdict(form.asked()).items() if k != "file"}) == told_of()
    look.change(language="en")
    assert form.file.accessibleName() and form.begin.text()


def test_a_desk_that_closes_ends_what_runs(home, hub, runner, library, polder):
    scope = TaskScope(hub.report)
    desk = FloodDesk(home.shared_cache, scope, PAINT)
    told = []
    desk.changed.connect(lambda: told.append("changed"))
    desk.want(T0)

    async def close():
        desk.choose(polder)
        await until(lambda: desk.now is not None)
        desk.close()
        told.clear()
        desk.want(T0 + HOUR)
        await until(lambda: not scope.running(), what="all ended")

    runner.run(close())
    assert not told
    runner.run(scope.close())


def test_what_the_user_added_is_read_with_the_result(library, polder):
    doc = json.loads((library.folder / polder / "site.json").read_text("utf-8"))
    assert doc["label"] == "试算一" and doc["exposures"][0]["source"] == "七普"
    assert DepthSeries(library.open(polder)[0]).at(50 + 450_000, 50 + 2_530_000, T0) == pytest.approx(0.2)


# --- on paper ---------------------------------------------------------------------------------------
def test_a_result_becomes_an_atlas_of_its_maps_with_legends_and_what_is_under_water(desk, polder, runner, look, tmp_path):
    import os
    from dataclasses import replace
    from pathlib import Path

    from PySide6.QtGui import QImage

    from console.errors import ConsoleError
    from console.presenters.flood_atlas import flood_atlas, sheet_legend, sheet_title
    from console.store.briefing_file import write_briefing
    from console.viewdata.scene import SceneRiver
    from console.windows.atlas_sheet import draw_sheet
    from tests.gui import make_look

    with pytest.raises(ConsoleError, match="没有显示淹没成果"):
        runner.run(desk.atlas(2))
    runner.run(shown(desk, polder, T0 + HOUR))
    made = runner.run(desk.atlas(2))
    views = made.views
    assert [mode for mode, _ in views] == ["max", "arrival", "duration", "depth", "depth"]
    assert views[0][1].depth_m[0, 0] == pytest.approx(3.5), "the greatest of the series"
    paper = make_look(None, "light")
    inks = {t: (paper.color(t).red(), paper.color(t).green(), paper.color(t).blue()) for t in COLOR_TOKENS}
    river = SceneRiver("试河", np.array([at(0, -5), at(3, 8)]), np.zeros(2))
    sheets = []
    for mode, view in views:
        flood = paint_flood(view, mode, inks, str)
        title, rows = sheet_title(mode, view, str), sheet_legend(mode, view, str)
        sheets.append((mode, view, draw_sheet(title, flood, rows, (river,), (("试城", *at(2, 3)),), paper)))
    image = QImage.fromData(sheets[0][2])
    found = {image.pixelColor(x, y).getRgb()[:3] for x in range(0, image.width(), 2) for y in range(0, image.height(), 4)}
    assert (255, 255, 255) in found and any(blue > red + 60 for red, _, blue in found), "water on white paper"
    darkest = tuple(paper.color(sheet_legend("max", views[0][1], str)[0][1]).getRgb()[:3])
    assert darkest in found, "the legend shows the deepest class"
    atlas = flood_atlas(sheets, made, "合成地形", ["数据源 演练"], T0, str)
    headings = [s.heading for s in atlas.sections]
    assert headings[0] == "成果与依据" and headings[1] == "最大水深" and headings[2].startswith("到达时间（自 ")
    assert "模拟成果，不是实测淹没" in atlas.notes and any("合成地形" in line for line in atlas.sections[0].lines)
    assert any("人口 12 人" in line or "12 人" in line for line in atlas.sections[-1].lines), atlas.sections[-1]
    early = replace(made, exposures=(), counted_at=None, counting=True)
    assert "还在统计" in flood_atlas(sheets, early, "", [], T0, str).sections[-1].lines[0]
    none = replace(early, counting=False)
    assert "没有附" in flood_atlas(sheets, none, "", [], T0, str).sections[-1].lines[0]
    assert any("km²" in row[0] for row in atlas.sections[1].rows)
    assert write_briefing(tmp_path / "图集.docx", atlas) == 10
    if folder := os.environ.get("ATLAS_SHOTS"):
        for i, (_, _, png) in enumerate(sheets):
            Path(folder, f"atlas{i}.png").write_bytes(png)
