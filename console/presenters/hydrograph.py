"""Hydrograph of the selected object: fetches its window, draws limits, peak and crossings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from console.domain.elements import LEVELS
from console.domain.freshness import breaks_line
from console.domain.objects import Series, Station
from console.domain.time import stamp
from console.domain.topics import Topic
from console.presenters.curve_compare import WARNING, Companion, companions, compared
from console.presenters.curve_past import PEAK, Past, around, at_its_peak, overlay, own_peak, shift_of
from console.presenters.forecast_band import bands_of
from console.presenters.hydrograph_marks import marked, own_level
from console.presenters.hydrograph_subject import subject_of
from console.presenters.wording import Translate, meta
from console.services.session import Session
from console.state.desk import Correction
from console.store.cache_reader import Rows
from console.texts import printable
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
OTHER_LIMITS = {"warning": "限值", "guaranteed": "严重", "record": "历史极值"}
ROLES = {"Z": "level", "RZ": "level", "Q": "flow", "INQ": "flow", "OTQ": "outflow", "P": "rain"}
DIRECTIONS = frozenset({"WD"})  # a bearing jumps from 359° to 1°: no line
PAST, AHEAD = 0.84, 0.16
LAG_S = 900.0


class HydrographTarget(Protocol):
    def show_view(self, view: HydrographView) -> None: ...


@dataclass(frozen=True, slots=True)
class Together:
    """What is drawn beside the station itself: other stations, or earlier floods of the same one."""

    stations: tuple[str, ...] = ()
    way: str = WARNING
    past: tuple[Past, ...] = ()
    past_way: str = PEAK


class HydrographPresenter:
    """Keeps the fetched window; a moved now-line fetches nothing."""

    def __init__(self, session: Session, view: HydrographTarget, tr: Translate, topics: Sequence[Topic] = ()) -> None:
        self._session = session
        self._topics = topics
        self._roles: dict[int, str] = {}
        self._view = view
        self._tr = tr
        self._key: tuple[object, ...] = ()
        self._busy = False
        self._closed = False
        self._again = False
        self.shown: HydrographView | None = None
        self.plain: HydrographView | None = None  # the station alone, in its own datum
        self.station: Station | None = None
        self._marks: tuple[Station, int, HydrographView] | None = None
        self.together = Together()
        self.on_fetched: Callable[[], None] = lambda: None  # another window is shown
        self.title = ""

    def close(self) -> None:
        """The view is going: a fetch on its way draws nothing any more."""
        self._closed = True

    def refresh(self) -> str:
        session, board = self._session, self._session.board
        subject = subject_of(board, session.situation.current.selection, self._tr)
        if subject is None:
            self.title = ""
            return self._tr("没有选中对象")
        station, self.title = subject.station, subject.title
        if self.station is None or station.code != self.station.code:
            self.together = replace(self.together, stations=(), past=())
        self.station = station
        moment = board.board.moment
        span = session.situation.current.window_h * 3600
        step = max(3600.0, span / 60)
        end = np.ceil((moment + AHEAD * span) / step) * step
        series = self._series(station)
        others = companions(self.together.stations, station, board.stations, board.series, board.rivers)
        bounds = board.bounds_of(station.code)
        sids = [s.sid for s in (*series, *bounds.values(), *(c.series for c in others))]
        newest = tuple(self._newest(s) for s in series)
        touched = (board.revision(sids), tuple(self._corrected(sids).items()))
        key = (station.code, end, span, newest, id(board.stations), board.history, touched, self.together)
        self._again = key != self._key and self._busy
        if key != self._key and not self._busy:
            self._key = key
            self._busy = True
            session.tasks.start("hydrograph", self._fetch(station, series, others, end - span, end))
        elif self.shown is not None and self.shown.code == station.code:
            self._show(self.shown, moment)
        row = board.board.row(station.code)
        return meta(board.board, row.main if row else None, self._tr)

    def _series(self, station: Station) -> list[Series]:
        found = list(self._session.board.series_of(station.code).values())
        if station.rain_basin:
            found += self._session.board.series_of(station.rain_basin).values()
        self._roles = roles_of(station, found, self._topics)
        return [s for s in found if s.sid in self._roles]

    def _newest(self, series: Series) -> int:
        row = self._session.board.board.row(series.object_code)
        if row is None:
            return 0
        for sample in (row.level, row.flow, row.inflow, row.outflow, row.rain):
            if sample is not None and sample.sid == series.sid:
                return sample.t
        return 0

    async def _fetch(self, station: Station, series: list[Series], others: list[Companion], from_t: float, to_t: float) -> None:
        board = self._session.board
        now = min(to_t, board.board.now)
        try:
            rows = await board.window([s.sid for s in series], int(from_t), int(to_t))
            holes = await board.holes(station.code, int(from_t), int(now)) if now > from_t else []
            curves = tuple(self._curve(s, rows) for s in series if len(rows[s.sid][0]))
            bands = await bands_of(board, curves, int(now), int(to_t)) if to_t > now else ()
            beside = await self._beside(others, from_t, to_t)
            past = await self._past(curves, from_t, to_t)
        finally:
            self._busy = False
        if self._closed:
            return
        plain = HydrographView(
            code=station.code,
            title=station.name,
            from_t=from_t,
            to_t=to_t,
            moment=board.board.moment,
            now=board.board.now,
            curves=curves,
            limits=_limits(station, board.board.moment),
            note=_lacking(station, curves, self._tr),
            holes=_worth_showing(holes, now),
            corrections=self._corrected([s.sid for s in series]),
            bands=bands,
        )
        self.plain, self._marks = plain, (station, -1, plain)
        view = replace(plain, curves=(*curves, *past), legend=self._legend(past)) if past else plain
        if others:
            view = compared(plain, station, beside, self.together.way, self._tr)
        self._show(view, view.moment)
        self.on_fetched()
        if self._again:
            self.refresh()  # something else was asked for meanwhile

    async def _beside(self, others: list[Companion], from_t: float, to_t: float) -> list[tuple[Companion, Curve]]:
        """Read each companion's window at its own times and move it to the station's."""
        found = []
        for c in others:
            shift = int(c.shift_s or 0)
            rows = await self._session.board.window([c.series.sid], int(from_t) - shift, int(to_t) - shift)
            curve = self._curve(c.series, rows)
            found.append((c, replace(curve, t=curve.t + shift, shift_s=float(shift))))
        return found

    async def _past(self, curves: tuple[Curve, ...], from_t: float, to_t: float) -> tuple[Curve, ...]:
        own = next((c for c in curves if c.role == "level"), None)
        if own is None or self.together.stations:
            return ()
        found, here = [], own_peak(own, self._session.board.board.moment)
        for n, chosen in enumerate(self.together.past, 1):
            past = chosen
            if self.together.past_way == PEAK and not past.key.startswith("peak:"):
                near = await self._session.board.window([own.sid], *around(past))
                past = at_its_peak(past, near[own.sid])
            shift = shift_of(past, self.together.past_way, here)
            rows = await self._session.board.window([own.sid], int(from_t - shift), int(to_t - shift))
            found.append(overlay(past, rows[own.sid], shift, own, n, self._tr))
        return tuple(found)

    def _legend(self, past: tuple[Curve, ...]) -> tuple[str, ...]:
        tr = self._tr
        how = tr("按洪峰对齐") if self.together.past_way == PEAK else tr("按日历对齐（同期）")
        words = []
        for curve in past:
            name = curve.name.split("（")[0]
            words.append(
                f"{name}：{tr('移动')} {curve.shift_s / 86400:+.1f} {tr('天')}"
                if len(curve.t)
                else f"{name}：{tr('本机没有这一段数据')}"
            )
        return (f"{tr('历史过程')} {how}", *words)

    def _corrected(self, sids: Iterable[int]) -> dict[tuple[int, int], str]:
        wanted = set(sids)
        found = self._session.desk.corrections.items()
        return {key: correction_text(c, self._tr) for key, c in found if c.sid in wanted}

    def _show(self, view: HydrographView, moment: float) -> None:
        now = self._session.board.board.now
        if self.plain is not None:
            self.plain = self._marked(replace(self.plain, moment=moment, now=now))
        self.shown = replace(view, moment=moment, now=now)
        if self.plain is not None and not view.level_word:  # departures and shares are no levels of their own
            told = self.plain
            self.shown = replace(self.shown, peak=told.peak, present=told.present, crossings=told.crossings)
        self._view.show_view(self.shown)

    def _marked(self, view: HydrographView) -> HydrographView:
        """Mark up to the moment; anew only when it passed another reading or the newest grew old."""
        if self._marks is None:
            return view
        station, passed, told = self._marks
        level = own_level(view)
        reached = int(np.searchsorted(level.t, view.moment, side="right")) if level is not None else 0
        late = level is not None and reached > 0 and breaks_line(view.moment - float(level.t[reached - 1]), level.interval_s)
        place = 2 * reached + late
        if place != passed:
            told = marked(view, station, self._tr)
            self._marks = (station, place, told)
        return replace(view, peak=told.peak, present=told.present, crossings=told.crossings)

    def _curve(self, series: Series, rows: Mapping[int, Rows]) -> Curve:
        t, v, q = rows[series.sid]
        element = series.what
        station = self._session.board.stations.get(series.object_code)
        basin = station is not None and station.kind == "basin"
        name = f"{station.name}面雨量" if station is not None and basin else element.name
        role = self._roles.get(series.sid) or ROLES.get(series.element, "level")
        facts = (series.interval_s, series.sid, series.element, series.source, series.datum)
        return Curve(role, name, element.unit, t, v, q, *facts, what=element)


def roles_of(station: Station, series: Sequence[Series], topics: Sequence[Topic]) -> dict[int, str]:
    """Return each drawn series' role by its number.

    Water and rain have roles of their own. Of another object its main element is drawn on the left, and on
    the right the next that its topic declares as a dataset.
    """
    if station.main_element in ROLES:
        return {s.sid: ROLES[s.element] for s in series if s.element in ROLES}
    measured = {s.element: s.sid for s in series if s.object_code == station.code}
    declared = [d.element for t in topics if station.kind in t.kinds for d in t.datasets]
    second = next((e for e in declared if e in measured and e != station.main_element and e not in DIRECTIONS), "")
    roles = {measured[e]: role for e, role in ((second, "flow"), (station.main_element, "level")) if e in measured}
    return roles | {s.sid: "rain" for s in series if s.element == "P"}


def correction_text(c: Correction, tr: Translate) -> str:
    """Return who made what of a reading, why, and what it was."""
    old = "—" if c.original is None else f"{c.original:g}"
    new = tr("作废") if c.value is None else f"{c.value:g}"
    state = f"（{tr('待上报')}）" if c.pending else f"（{tr('中心没有接受')}）" if c.refused else ""
    who = printable(c.author, 30)
    return f"{tr('订正')}{state} {old} → {new} · {who} {stamp(c.at)} · {printable(c.reason, 60)}"


def _worth_showing(holes: list[tuple[int, int]], now: float) -> tuple[tuple[float, float], ...]:
    """Return the holes without the few minutes that every live picture is behind its centre."""
    return tuple((float(a), float(b)) for a, b in holes if b - a >= LAG_S or b < now - LAG_S)


def _lacking(station: Station, curves: tuple[Curve, ...], tr: Translate) -> str:
    """Return what is said in a plot that has rain and limits but nothing of the water itself."""
    water = any(c.role != "rain" for c in curves)
    if water or station.kind in ("rain", "basin"):
        return ""
    if station.main_element in ROLES:
        return tr("所示时段没有水位和流量数据")
    return f"{tr('所示时段没有数据')}：{tr(station.what.name)}"


def _limits(station: Station, t: float) -> tuple[Limit, ...]:
    found = []
    words = LIMIT_WORDS if station.main_element in LEVELS else OTHER_LIMITS
    for kind, text in words.items():
        threshold = station.threshold(kind, t, station.main_element)
        if threshold is not None:
            found.append(Limit(kind, text, threshold.value))
    return tuple(found)
