"""Inundation results in an officer's hand: the strip below the picture, files imported and removed, the atlas."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import shutil

import numpy as np
import pytest
from PySide6.QtCore import Qt

from console.engine.inundation_grid import DepthSeries
from console.presenters.flood import COLOR_TOKENS, paint_flood, present_flood
from console.services.flood_desk import FloodDesk
from console.services.flood_library import FloodLibrary, told_of
from console.services.tasks import TaskScope
from tests.depth_files import STEPS, T0, tif
from tests.gui import until
from tests.polder import FLOOD, HOUR, PAINT, Settled, at, listed, settled_desk, shown, small_polder
from widgets.flood_form import FloodAsk, FloodForm
from widgets.flood_strip import FloodStrip


@pytest.fixture
def library(home):
    return FloodLibrary(home.shared_cache)


@pytest.fixture
def runner(runner):
    return Settled(runner)


@pytest.fixture
def desk(home, hub, qapp, library, runner):
    yield from settled_desk(home, hub, runner)


@pytest.fixture
def polder(library, tmp_path):
    return small_polder(library, tmp_path)


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
