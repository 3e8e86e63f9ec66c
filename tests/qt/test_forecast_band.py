"""A forecast that says how sure it is: its band is shaded, told on hover, exported, and judges nothing."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import numpy as np
from PySide6.QtCore import QPointF

from console.domain.quality import Quality
from console.presenters.curve_compare import compared
from console.presenters.curve_export import curve_table
from console.presenters.hydrograph import HydrographPresenter
from console.store.cache_writer import CacheWriter
from tests.gui import make_look, until
from tests.qt.test_forecast import NOW, H, Screen, plain, told
from widgets.hydrograph import Hydrograph
from widgets.plot_bands import WASH
from widgets.plot_hover import hover_text
from widgets.plot_legend import entries_of

STATION = "LOC00106"
T = NOW + H * np.arange(1, 25)
LINE = np.linspace(36.0, 20.0, 24)
HALF = np.linspace(0.1, 1.5, 24)


def bounded(low, high, missing=()):
    """Return what puts bounds of the station's forecast into a cache. missing: steps that are not there."""

    def put(profile):
        with contextlib.closing(sqlite3.connect(profile.reference)) as db, db:
            for sid, element in ((9001, "ZLO"), (9002, "ZHI")):
                props = {"sid": sid, "object": STATION, "element": element, "unit": "m", "source": "某预报"}
                doc = json.dumps({"code": str(sid), "version": 1, "properties": props})
                db.execute("insert into object values('series',?,?)", (str(sid), doc))
        keep = ~np.isin(np.arange(24), missing)
        writer = CacheWriter(profile)
        for sid, value in ((9001, low), (9002, high)):
            n = int(keep.sum())
            writer.apply(
                (np.full(n, sid), T[keep], value[keep], np.full(n, int(Quality.FORECAST)), np.ones(n, np.int64)), "e.3"
            )
        writer.close()

    return put


def test_the_band_reaches_the_picture_its_words_and_the_export_but_no_judgement(qtbot, qapp, home, hub, runner):
    async def story(session):
        screen = Screen()
        curve = HydrographPresenter(session, screen, plain)
        session.situation.select(STATION)
        curve.refresh()
        view = await until(lambda: screen.view)
        (band,) = view.bands
        shown = int(np.searchsorted(T, view.to_t, side="right"))
        assert shown > 18 and band.t.tolist() == T[:shown].tolist()
        assert np.allclose(band.high - band.low, 2 * HALF[:shown])
        look = make_look(qapp)
        picture = Hydrograph(look)
        qtbot.addWidget(picture)
        picture.resize(800, 400)
        picture.show_view(view)
        assert picture.box.viewRange()[1][1] > (LINE + HALF).max(), "there is room for the upper bound"
        t = float(T[9])
        assert f"水位 预报区间 {LINE[9] - HALF[9]:.2f}～{LINE[9] + HALF[9]:.2f} m" in hover_text(view, look, t)
        assert "预报区间" not in hover_text(view, look, float(NOW - H))
        assert [e.text for e in entries_of(view, look)].count("预报区间") == 1
        rows = [r for r in curve_table(view, plain) if r[1] == "水位预报上限"]
        assert len(rows) == shown and {(r[4], r[5], r[6]) for r in rows} == {("m", "预报", "某预报")}
        row = session.board.board.row(STATION)
        assert "ZHI" not in row.samples and not session.board.series.keys() & {9001, 9002}
        assert compared(view, session.board.stations[STATION], [], "warning", plain).bands == ()
        curve.close()

    told(home, hub, runner, story, more=bounded(LINE - HALF, LINE + HALF))


def test_steps_that_are_missing_or_upside_down_leave_the_band_open(qtbot, qapp, home, hub, runner):
    high = LINE + HALF
    high[16] = LINE[16] - 3

    async def story(session):
        screen = Screen()
        curve = HydrographPresenter(session, screen, plain)
        session.situation.select(STATION)
        curve.refresh()
        (band,) = (await until(lambda: screen.view)).bands
        assert [(p.start, p.stop) for p in band.pieces()] == [(0, 10), (10, 14), (14, 18)]
        assert band.at(float(T[11])) is None and band.at(float(T[23]) + 2 * H) is None
        curve.close()

    told(home, hub, runner, story, more=bounded(LINE - HALF, high, missing=(10, 11)))


def test_one_bound_alone_is_no_band(qapp, home, hub, runner):
    async def story(session):
        screen = Screen()
        curve = HydrographPresenter(session, screen, plain)
        session.situation.select(STATION)
        curve.refresh()
        assert (await until(lambda: screen.view)).bands == ()
        curve.close()

    told(home, hub, runner, story, more=bounded(LINE - HALF, np.full(24, np.nan)))


def test_the_shade_lies_between_the_bounds_and_nowhere_else(qtbot, qapp, home, hub, runner):
    async def story(session):
        screen = Screen()
        curve = HydrographPresenter(session, screen, plain)
        session.situation.select(STATION)
        curve.refresh()
        view = await until(lambda: screen.view)
        look = make_look(qapp)
        picture = Hydrograph(look)
        qtbot.addWidget(picture)
        picture.resize(900, 500)
        picture.show()
        picture.show_view(view)
        qapp.processEvents()
        image = picture.plot.grab().toImage()
        wash, panel = look.color("curve.level", WASH), look.color("panel")

        def tone(t, level):
            spot = picture.plot.mapFromScene(picture.box.mapViewToScene(QPointF(t, level)))
            return image.pixelColor(spot)

        inside, outside = (
            tone(float(T[18]) + 600, LINE[18] + 0.6 * HALF[18]),
            tone(float(T[18]) + 600, LINE[18] + 2.5 * HALF[18]),
        )
        assert inside != outside and abs(inside.blue() - panel.blue()) > 8 and wash.alpha() == WASH
        curve.close()

    told(home, hub, runner, story, more=bounded(LINE - HALF, LINE + HALF))
