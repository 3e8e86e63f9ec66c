"""Hydrograph of the selected object: fetches its window, draws limits, peak and crossings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from console.domain.elements import ELEMENTS
from console.domain.objects import Series, Station
from console.domain.states import State, judge
from console.domain.time import stamp
from console.presenters.wording import Translate, meta
from console.services.session import Session
from console.store.cache_reader import Rows
from console.viewdata.curves import Curve, HydrographView, Limit

LIMIT_WORDS = {
    "warning": "警戒",
    "guaranteed": "保证",
    "record": "历史最高",
    "flood_limit": "汛限",
    "normal": "正常蓄水",
    "design": "设计",
    "check": "校核",
    "dead": "死水位",
    "crest": "坝顶",
}
ROLES = {"Z": "level", "RZ": "level", "Q": "flow", "INQ": "flow", "OTQ": "outflow", "P": "rain"}
PAST, AHEAD = 0.84, 0.16
LAG_S = 900.0


class HydrographTarget(Protocol):
    def show_view(self, view: HydrographView) -> None: ...


class HydrographPresenter:
    """Keeps the fetched window; a moved now-line fetches nothing."""

    def __init__(self, session: Session, view: HydrographTarget, tr: Translate) -> None:
        self._session = session
        self._view = view
        self._tr = tr
        self._key: tuple[object, ...] = ()
        self._shown: HydrographView | None = None
        self._busy = False
        self._closed = False
        self.title = ""

    def close(self) -> None:
        """The view is going: a fetch on its way draws nothing any more."""
        self._closed = True

    def refresh(self) -> str:
        session, board = self._session, self._session.board
        code = session.situation.current.selection
        station = board.stations.get(code or "")
        if station is None:
            station = self._default()
        if station is None:
            return self._tr("没有选中对象")
        moment = board.board.moment
        span = session.situation.current.window_h * 3600
        step = max(3600.0, span / 60)
        end = np.ceil((moment + AHEAD * span) / step) * step
        series = self._series(station)
        newest = tuple(self._newest(s) for s in series)
        key = (station.code, end, span, newest, id(board.stations), board.history)
        if key != self._key and not self._busy:
            self._key = key
            self._busy = True
            session.tasks.start("hydrograph", self._fetch(station, series, end - span, end))
        elif self._shown is not None and self._shown.code == station.code:
            self._show(self._shown, moment)
        self.title = f"{station.name} · {station.river}" if station.river else station.name
        row = board.board.row(station.code)
        return meta(board.board, row.main if row else None, self._tr)

    def _default(self) -> Station | None:
        """With nothing selected show the station that is worst now."""
        rows = [r for r in self._session.board.board.rows if r.level is not None and r.station.kind == "river"]
        worst = max(rows, key=lambda r: (r.state, r.margin_m or -99.0), default=None)
        return worst.station if worst else None

    def _series(self, station: Station) -> list[Series]:
        found = list(self._session.board.series_of(station.code).values())
        if station.rain_basin:
            found += self._session.board.series_of(station.rain_basin).values()
        return [s for s in found if s.element in ROLES]

    def _newest(self, series: Series) -> int:
        row = self._session.board.board.row(series.object_code)
        if row is None:
            return 0
        for sample in (row.level, row.flow, row.inflow, row.outflow, row.rain):
            if sample is not None and sample.sid == series.sid:
                return sample.t
        return 0

    async def _fetch(self, station: Station, series: list[Series], from_t: float, to_t: float) -> None:
        board = self._session.board
        now = min(to_t, board.board.now)
        try:
            rows = await board.window([s.sid for s in series], int(from_t), int(to_t))
            holes = await board.holes(station.code, int(from_t), int(now)) if now > from_t else []
        finally:
            self._busy = False
        if self._closed:
            return
        curves = tuple(self._curve(s, rows) for s in series if len(rows[s.sid][0]))
        view = HydrographView(
            code=station.code,
            title=station.name,
            from_t=from_t,
            to_t=to_t,
            moment=self._session.board.board.moment,
            now=self._session.board.board.now,
            curves=curves,
            limits=_limits(station, to_t),
            peak=_peak(station, curves),
            crossings=_crossings(station, curves, self._tr),
            holes=_worth_showing(holes, now),
        )
        self._shown = view
        self._show(view, view.moment)

    def _show(self, view: HydrographView, moment: float) -> None:
        self._view.show_view(
            HydrographView(
                view.code,
                view.title,
                view.from_t,
                view.to_t,
                moment,
                view.now,
                view.curves,
                view.limits,
                view.peak,
                view.crossings,
                view.note,
                view.holes,
            )
        )

    def _curve(self, series: Series, rows: Mapping[int, Rows]) -> Curve:
        t, v, q = rows[series.sid]
        element = ELEMENTS[series.element]
        station = self._session.board.stations.get(series.object_code)
        basin = station is not None and station.kind == "basin"
        name = f"{station.name}面雨量" if station is not None and basin else element.name
        return Curve(ROLES[series.element], name, element.unit, t, v, q, series.interval_s)


def _worth_showing(holes: list[tuple[int, int]], now: float) -> tuple[tuple[float, float], ...]:
    """Return the holes without the few minutes that every live picture is behind its centre."""
    return tuple((float(a), float(b)) for a, b in holes if b - a >= LAG_S or b < now - LAG_S)


def _limits(station: Station, t: float) -> tuple[Limit, ...]:
    found = []
    for kind, text in LIMIT_WORDS.items():
        threshold = station.threshold(kind, t, station.main_element)
        if threshold is not None:
            found.append(Limit(kind, text, threshold.value))
    return tuple(found)


def _peak(station: Station, curves: tuple[Curve, ...]) -> tuple[int, float, State] | None:
    level = next((c for c in curves if c.role == "level"), None)
    if level is None or not np.isfinite(level.v).any():
        return None
    i = int(np.nanargmax(level.v))
    value, t = float(level.v[i]), int(level.t[i])
    return t, value, judge(station, value, None, t).state


def _crossings(station: Station, curves: tuple[Curve, ...], tr: Translate) -> tuple[tuple[int, float, str], ...]:
    """Return where the level rose through the warning level: time, value, text."""
    level = next((c for c in curves if c.role == "level"), None)
    warning = station.threshold("warning", float(level.t[-1])) if level is not None and len(level.t) else None
    if level is None or warning is None:
        return ()
    over = level.v >= warning.value
    rises = np.flatnonzero(over[1:] & ~over[:-1]) + 1
    return tuple((int(level.t[i]), float(level.v[i]), f"{tr('超警')} {stamp(float(level.t[i]))}") for i in rises.tolist())
