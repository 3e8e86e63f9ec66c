"""Stage against discharge of this flood beside the highest ones of other years in the cache."""

from __future__ import annotations

import numpy as np

from console.domain.time import beijing, from_beijing
from console.presenters.curve_export import rating_table
from console.presenters.rating import RatingPresenter
from console.store.cache_writer import CacheWriter
from tests.flood_cache import fill
from tests.gui import make_look, session_of, until
from widgets.rating_plot import RatingPlot

NOW = from_beijing("2022-06-22 15:00")
H = 3600
SHIJIAO = "LOC00112"


def plain(text):
    return text


def with_years(profile, *years):
    sids = fill(profile, "beijiang-2022-06", NOW)
    writer = CacheWriter(profile)
    for year, top in years:
        t = from_beijing(f"{year}-06-20") + H * np.arange(-60, 61, dtype=np.int64)
        level = 6.0 + (top - 6.0) * np.exp(-((np.arange(-60, 61) / 25.0) ** 2))
        flow = 900.0 * (level - 2.0) + 300 * np.sign(np.gradient(level))
        for sid, v in ((sids[(SHIJIAO, "Z")], level), (sids[(SHIJIAO, "Q")], flow)):
            n = len(t)
            writer.apply((np.full(n, sid), t, v, np.zeros(n, np.int64), np.ones(n, np.int64)), f"e.{year}")
    writer.close()


def test_the_loops_of_other_years_are_drawn_named_exported_and_the_highest_four_are_kept(qtbot, qapp, home, hub, runner):
    with_years(home.profile("live"), (2014, 9.0), (2016, 10.0), (2018, 11.0), (2019, 12.0), (2020, 8.0), (2021, 7.0))

    async def story():
        session = session_of(home, "live", hub)
        plot = RatingPlot(make_look(qapp))
        qtbot.addWidget(plot)
        plot.resize(700, 500)
        presenter = RatingPresenter(session, plot, plain)
        try:
            session.start()
            await until(lambda: session.board.whole and session.board.extent)
            session.situation.select(SHIJIAO)
            presenter.refresh()
            view = await until(lambda: presenter.shown if presenter.shown and presenter.shown.loops else None)
            assert [loop.year for loop in view.loops] == [2014, 2016, 2018, 2019]
            assert all(beijing(float(loop.t[0])).year == loop.year and loop.measured.all() for loop in view.loops)
            assert any("历年最高一场洪水：2014、2016、2018、2019" in note for note in view.notes)
            assert {"2014", "2019"} <= {label.text for label in plot._labels(view)}
            colors = {plot._year_color(view, str(loop.year)).name() for loop in view.loops}
            assert len(colors) == 4
            assert plot.item.vb.viewRange()[1][1] > 12.0, "the highest of them is in sight"
            assert sum(r[1].startswith("2018") for r in rating_table(view, plain)) == len(view.loops[2].t) > 70
        finally:
            presenter.close()
            await session.close()

    runner.run(story())
