"""One's own terrain in the sandbox: refused with what was typed kept, taken and shown finer, removed again."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QWidget

from console.services.local_builds import local_builds, where_built
from console.services.province_ground import QUICK, province_folder
from console.services.sandbox_ground import load_ground
from console.windows.panel_catalog import PANELS
from console.windows.panels import PanelHost
from scenes.ground.library import GroundLibrary
from scenes.tools.sampling import basis_of
from tests.flood_cache import fill
from tests.geotiffs import HILL, flat, hill, hill_in
from tests.grounds import with_hills
from tests.gui import context_of, session_of, until
from widgets.profile_strip import ProfileStrip

CODE = "sandbox.scene"


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    with_hills(cache)
    load_ground(cache)
    return cache


@pytest.fixture
def opened(qapp, home, hub, runner, ground):
    """Run a story of the opened panel and its form: story(desk, form, session)."""
    shutil.copytree(ground, home.shared_cache, dirs_exist_ok=True)
    fill(home.profile("live"))

    def run(story):
        async def whole():
            session = session_of(home, "live", hub)
            host = PanelHost(context_of(qapp, session, hub), CODE, *PANELS[CODE])
            desk = host.built.refresh.__self__
            try:
                session.start()
                host.panel.resize(700, 520)
                host.panel.show()
                await until(lambda: desk._found is not None, what="ground")
                desk.panel.toolbar.terrain_requested.emit()
                await until(lambda: "ground import" not in session.tasks.running())
                await story(desk, desk._own.form, session)
            finally:
                host.panel.hide()
                host.release()
                await session.close()

        runner.run(whole())

    return run


async def imported(form, session):
    form.begin.click()
    await until(lambda: "ground import" not in session.tasks.running() and not form.running, what="import")
    return form.status.text()


def typed(form):
    return form.file.text(), form.datum.currentData(), form.offset.text(), form.crs.text()


def test_terrain_without_a_datum_is_refused_and_with_one_it_is_drawn_finer(opened, tmp_path, home):
    file = hill_in(tmp_path / "石角 <b>.tif", "EPSG:4547", 10.0)

    async def story(desk, form, session):
        assert form.isVisible() and not form.begin.isEnabled() and not form.remove.isEnabled()
        coarse = desk._found.ground.at(*HILL)
        form.file.setText(str(file))
        before = typed(form)
        assert "高程基准" in await imported(form, session) and typed(form) == before
        form.datum.setCurrentIndex(form.datum.findData("pearl"))
        assert "改正数" in await imported(form, session)
        form.offset.setText("零点五")
        before = typed(form)
        form.begin.click()
        assert form.status.text().startswith("零点五：改正数应为以米计的数") and typed(form) == before
        form.offset.setText("nan")
        assert "不合理" in await imported(form, session)
        assert not (home.shared_cache / "ground").exists() or list((home.shared_cache / "ground").iterdir()) == []
        form.offset.setText("0.5")
        assert "已导入" in await imported(form, session) and form.file.text() == ""
        await until(lambda: len(desk._found.ground.sources) == 2, what="the finer ground")
        peak = float(hill(*HILL)) + 0.5
        assert desk._found.ground.at(*HILL) == pytest.approx(peak, abs=3.0) and abs(coarse - peak) > 10
        assert "石角" in desk._found.label and "合成地形" in desk._found.label
        assert all(label.textFormat() == label.textFormat().PlainText for label in form.findChildren(QLabel))
        desk.view.turn(replace(desk.view.camera, x=HILL[0], y=HILL[1], distance_km=3.0), moving=False)
        desk._pointed(*HILL, peak)
        assert "地面 320.5 m（1985）" in desk.panel.toolbar.readout.text() and "合成" not in desk.panel.toolbar.readout.text()
        desk._pointed(0.0, -100.0, 12.0)
        assert "合成地形 12.0 m" in desk.panel.toolbar.readout.text()
        form.file.setText("下一个.tif")
        form.remove.click()
        await until(lambda: len(desk._found.ground.sources) == 1, what="only the generated one")
        assert form.file.text() == "下一个.tif", "removing one loses nothing of the next"
        assert form.held.count() == 0 and "已移除" in form.status.text()

    opened(story)


def test_an_import_goes_on_while_its_form_is_away_and_can_still_be_stopped(opened, tmp_path, monkeypatch, home):
    file = flat(tmp_path / "大.tif")
    going, seen = threading.Event(), []

    def slow(library, path, vertical, crs, progress, cancelled):
        progress(0.25)
        going.wait(20)
        seen.append(cancelled())
        return real(library, path, vertical, crs, progress, cancelled)

    real = GroundLibrary.add_dem
    monkeypatch.setattr(GroundLibrary, "add_dem", slow)

    async def story(desk, form, session):
        form.file.setText(str(file))
        form.datum.setCurrentIndex(form.datum.findData("1985"))
        form.begin.click()
        await until(lambda: "25%" in form.status.text())
        form.reject()
        desk.panel.toolbar.terrain_requested.emit()
        await until(lambda: [t.get_name() for t in session.tasks._tasks].count("ground import") == 1)
        assert form.isVisible()
        assert form.running and "25%" in form.status.text() and not form.begin.isEnabled() and form.end.text() == "停止", (
            "it is not begun twice"
        )
        form.end.click()
        going.set()
        await until(lambda: "ground import" not in session.tasks.running())
        assert seen == [True] and form.file.text() == str(file) and form.end.text() == "关闭"
        assert list((home.shared_cache / "ground").iterdir()) == [], "a stopped import leaves nothing"

    opened(story)


def test_an_import_that_was_spoilt_is_named_and_the_rest_is_drawn(opened, home, tmp_path):
    async def story(desk, form, session):
        library = GroundLibrary(home.shared_cache / "ground")
        form.file.setText(str(hill_in(tmp_path / "a.tif", "EPSG:4547", 20.0)))
        form.datum.setCurrentIndex(form.datum.findData("1985"))
        assert "已导入" in await imported(form, session)
        await until(lambda: len(desk._found.ground.sources) == 2)
        (library.folder / "a" / "meta.json").write_text("{")
        desk._ground.again()
        await until(lambda: bool(desk._found.problems))
        assert len(desk._found.ground.sources) == 1 and desk.panel.said.text() == desk._found.problems[0]
        basis = basis_of(desk._found.ground, *([[v] for v in HILL]))
        assert "合成" in basis.words()

    opened(story)


def test_a_pack_takes_the_ground_that_this_machine_made(home, ground):
    shutil.copytree(ground, home.shared_cache, dirs_exist_ok=True)
    built = where_built(home)
    assert built["terrain"] == province_folder(home.shared_cache, QUICK) / "level-0.npy" and built["basemap"].is_file()
    assert local_builds(home)["basemap"]() == built["basemap"]
    shutil.rmtree(province_folder(home.shared_cache, QUICK))
    half = home.shared_cache / ".terrain-x.part-1234" / "level-0.npy"
    half.parent.mkdir()
    half.touch()
    assert where_built(home)["terrain"] is None, "half a ground is none"


def test_a_profile_has_a_gap_where_the_ground_is_unknown(qtbot, look):
    parent = QWidget()
    qtbot.addWidget(parent)
    strip = ProfileStrip(look, parent)
    strip.resize(400, 150)
    height = np.linspace(10.0, 40.0, 101)
    km = np.linspace(0.0, 5.0, 101)

    def drawn():
        image = strip.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        picture = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)[30:120, : image.width()]
        return [len(np.unique(picture[:, x])) > 1 for x in (120, 221, 340)]

    strip.show_profile(km, height, "合成地形 仅供演示")
    assert drawn() == [True, True, True]
    strip.show_profile(km, np.where((km > 2.0) & (km < 3.0), np.nan, height), "合成地形 仅供演示")
    assert drawn() == [True, False, True]
    strip.show_profile(km, np.full(101, np.nan), "合成地形 仅供演示")
    strip.grab()
