"""Past floods like the present one: sought off the GUI thread, drawn over it, told with what followed."""

from __future__ import annotations

import numpy as np
import pytest

from console.domain.objects import Station, Threshold
from console.domain.time import from_beijing
from console.presenters.similar import similar_view
from console.services.similar_desk import SimilarDesk
from console.services.tasks import TaskScope
from tests.gui import until
from widgets.similar_plot import SimilarPlot

HOUR = 3600.0
NOW = float(from_beijing("2026-06-20 08:00"))


class OneStation:
    """A cache with ten years of one station, and the board that names it."""

    def __init__(self, element="Z"):
        h = np.arange(NOW - 3000 * 24 * HOUR, NOW + HOUR, HOUR)
        since = (h - NOW) / HOUR
        self.t = h
        self.v = 5.0 + 5.0 * np.exp(-(((since - 10) / 30) ** 2)) + 5.2 * np.exp(-(((since + 370 * 24) / 30) ** 2))
        self.element = element
        self.board = self
        limit = Threshold("warning", 9.0, "Z") if element == "Z" else None
        station = Station("S1", "石角", "river", thresholds=(limit,) if limit else ())
        self.by_code = {"S1": type("Row", (), {"station": station})}

    def series_of(self, code):
        return {self.element: type("Series", (), {"sid": 1})} if code == "S1" else {}

    async def window(self, sids, from_t, to_t):
        inside = (self.t >= from_t) & (self.t <= to_t)
        return {1: (self.t[inside].astype(np.int64), self.v[inside], np.zeros(int(inside.sum()), np.int64))}


@pytest.fixture
def seek(runner, hub):
    def seek(cache, code, moment=NOW):
        async def story():
            desk = SimilarDesk(cache, tasks)
            desk.look(code, moment)
            await until(lambda: desk.found is not None, 20, "the search")
            return desk.found

        tasks = TaskScope(hub.report)
        try:
            return runner.run(story())
        finally:
            runner.run(tasks.close())

    return seek


def test_last_years_flood_is_found_and_laid_over_this_one(seek, look, qapp):
    cache = OneStation()
    view = similar_view(seek(cache, "S1"), cache, look.tr)
    assert view.name == "石角" and view.limits == (("警戒", 9.0),)
    first = view.rows[0]
    assert first[0][0].startswith("2025-06-1") and first[1][0] == "本机记录" and "不很相似" not in first[2][0]
    assert first[6][0].startswith("+") and first[7][1] == "state.warning", "if it goes so, the warning level is passed"
    far = next(row for row in view.rows if "不很相似" in row[2][0])
    assert far[7][0] == "—", "from a flood that is another one nothing follows"
    past = view.pasts[0]
    i = int(np.argmin(np.abs(past.t - NOW)))
    assert past.v[i] == pytest.approx(view.v[-1], abs=0.3), "the like moments meet"
    assert past.t[-1] - NOW == pytest.approx(72 * HOUR)
    plot = SimilarPlot(look)
    plot.show_view(view)
    (left, right), (low, high) = plot.plot.viewRange()
    assert left < NOW < right and low < 5.0 and high > 10.2
    plot.deleteLater()


def test_where_there_is_nothing_to_seek_by_it_is_said(seek, look):
    cache = OneStation()
    view = similar_view(seek(cache, "S2"), cache, look.tr)
    assert "没有水位或流量" in view.missing and view.rows == ()
    cache.t = cache.t[-100:]
    cache.v = cache.v[-100:]
    assert "十天以前" in similar_view(seek(cache, "S1"), cache, look.tr).missing
    cache.v = np.full(100, np.nan)
    assert "不足九成" in similar_view(seek(cache, "S1"), cache, look.tr).missing
    assert "选一个有水位的站" in similar_view(None, cache, look.tr).missing
