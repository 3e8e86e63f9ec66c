"""An inundation in the sandbox: chosen, followed through time, counted, read at the cursor."""

from __future__ import annotations

import asyncio
from functools import partial

import numpy as np
import pytest

from console.engine.inundation_grid import DepthSeries
from console.presenters.flood import legend, note, paint_flood, place_words, present_flood
from console.services.flood_desk import FloodAt
from console.services.flood_library import FloodLibrary
from tests.depth_files import T0
from tests.gui import until
from tests.polder import COLORS, HOUR, PAINT, Settled, alphas, at, colors, listed, settled_desk, shown, small_polder
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
