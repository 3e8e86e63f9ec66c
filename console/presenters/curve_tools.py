"""What the tools beside a hydrograph do: figures, comparison, earlier floods, and correcting a reading."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Protocol

from console.domain.quality import word
from console.domain.time import full_stamp
from console.errors import ConsoleError
from console.presenters.curve_compare import level_series, picker
from console.presenters.curve_past import MOST, Past, own_peak, past_floods, past_picker, same_period, typed_day
from console.presenters.curve_stats import Asked, stat_box, warning_flow
from console.presenters.hydrograph import HydrographPresenter, correction_text
from console.presenters.wording import Translate
from console.services.correction_desk import CorrectionDesk, Reading, typed_value
from console.services.duty_desk import EntryRefused
from console.services.session import Session
from console.state.desk import Correction
from console.viewdata.curve_tools import PickerView, PointView, StatBox

STEP_S = 60.0  # figures follow the clock in such steps


class CurveToolsTarget(Protocol):
    page: str

    def show_stats(self, box: StatBox) -> None: ...
    def show_stations(self, view: PickerView) -> None: ...
    def show_past(self, view: PickerView) -> None: ...
    def show_point(self, point: PointView | None) -> None: ...
    def point_saved(self) -> None: ...
    def point_refused(self, text: str) -> None: ...
    def say_of(self, page: str, text: str) -> None: ...


class CurveTools:
    """Only what the open page needs is computed, off the GUI thread."""

    def __init__(self, session: Session, curves: HydrographPresenter, view: CurveToolsTarget, tr: Translate) -> None:
        self._session = session
        self._curves = curves
        self._view = view
        self._tr = tr
        self._desk = CorrectionDesk(session.duty)
        self._range: tuple[float, float] | None = None
        self._typed: float | None = None
        self._reading: Reading | None = None
        self._made: Correction | None = None
        self._floods: tuple[Past, ...] = ()
        self._years: tuple[Past, ...] = ()
        self._stats_key: tuple[object, ...] = ()
        self._past_key: tuple[object, ...] = ()
        self._code = ""
        self._busy: set[str] = set()
        self._closed = False
        curves.on_fetched = self.refresh

    def close(self) -> None:
        self._closed = True

    def refresh(self) -> None:
        """Bring the open page up to date."""
        station = self._curves.station
        if station is None or self._closed:
            return
        if station.code != self._code:
            self._code, self._range, self._typed, self._reading = station.code, None, None, None
            self._view.show_point(None)
        page = self._view.page
        if page == "stats":
            self._start_stats()
        elif page == "stations":
            board, chosen = self._session.board, self._curves.together
            view = picker(
                station, chosen.stations, chosen.way, board.stations, board.series, board.rivers, board.board.moment, self._tr
            )
            self._view.show_stations(view)
        elif page == "past":
            self._start_past()
        elif page == "correct" and self._reading is not None:
            if self._made_of(self._reading) != self._made:
                self.pick(self._reading.sid, self._reading.t)  # corrected meanwhile, here or by another desk
            self._show_point(self._reading)

    # --- figures ------------------------------------------------------------------------------
    def measured(self, from_t: float, to_t: float) -> None:
        self._range = (from_t, to_t)
        self.refresh()

    def cleared(self) -> None:
        self._range = None
        self.refresh()

    def threshold(self, text: str) -> None:
        """Take the flow over which volume is counted; empty goes back to the published warning flow."""
        self._typed = None
        if text.strip():
            try:
                self._typed = typed_value("Q", text)
            except EntryRefused as exc:
                self._view.say_of("stats", f"{exc.what}{exc.next_step}")
                return
        self._stats_key = ()
        self.refresh()

    def _start_stats(self) -> None:
        view, station = self._curves.plain, self._curves.station
        if view is None or station is None or view.code != station.code or "stats" in self._busy:
            return
        known = warning_flow(station, view.moment)
        flow = self._typed if self._typed is not None else known
        span = self._range or (view.from_t, view.to_t)
        asked = Asked(*span, self._range is not None, flow, from_warning=self._typed is None)
        key = (view.curves, view.limits, asked, int(view.moment // STEP_S), self._tr("统计"))
        if key == self._stats_key:
            return
        self._stats_key = key

        async def compute() -> None:
            loop = asyncio.get_running_loop()
            try:
                box = await loop.run_in_executor(None, stat_box, view, station, asked, self._tr)
            finally:
                self._busy.discard("stats")
            if not self._closed:
                self._view.show_stats(box)
                self.refresh()  # what changed meanwhile

        self._busy.add("stats")
        self._session.tasks.start("curve figures", compute())

    # --- comparison -----------------------------------------------------------------------------
    def tick_station(self, code: str, on: bool) -> None:
        chosen = [c for c in self._curves.together.stations if c != code]
        self._change(stations=tuple([*chosen, code] if on else chosen), past=())

    def station_way(self, way: str) -> None:
        self._change(way=way)

    def tick_past(self, key: str, on: bool) -> None:
        known = {p.key: p for p in (*self._floods, *self._years, *self._curves.together.past)}
        chosen = [p for p in self._curves.together.past if p.key != key]
        if on and key in known and len(chosen) < MOST:
            chosen.append(known[key])
        way = "calendar" if on and key.startswith("year:") else self._curves.together.past_way
        self._change(past=tuple(chosen), stations=(), past_way=way)

    def past_way(self, way: str) -> None:
        self._change(past_way=way)

    def add_day(self, text: str) -> None:
        try:
            past = typed_day(text)
        except ValueError:
            self._view.say_of("past", self._tr("请按 年-月-日 填写，例如 2022-06-15"))
            return
        if len(self._curves.together.past) >= MOST:
            self._view.say_of("past", f"{self._tr('最多')} {MOST} {self._tr('条')}")
            return
        rest = [p for p in self._curves.together.past if p.key != past.key]
        self._change(past=(*rest, past), stations=())

    def _change(self, **changes: object) -> None:
        self._curves.together = replace(self._curves.together, **changes)  # type: ignore[arg-type]
        self._curves.refresh()
        self.refresh()

    def _start_past(self) -> None:
        station, board = self._curves.station, self._session.board
        own = level_series(board.series, station) if station is not None else None
        key = (self._code, own.sid if own else 0, board.extent, board.history, board.revision([own.sid] if own else []) // 60)
        if own is None or board.extent is None or key == self._past_key or "past" in self._busy:
            self._show_past()
            return
        self._past_key = key
        first, last = board.extent

        async def look() -> None:
            loop = asyncio.get_running_loop()
            try:
                rows = (await board.window([own.sid], int(first), int(last)))[own.sid]
                self._floods = tuple(await loop.run_in_executor(None, past_floods, rows))
                self._years = tuple(same_period(rows, board.board.moment))
            except ConsoleError as exc:
                self._view.say_of("past", f"{exc.what}{exc.next_step}")
                return
            finally:
                self._busy.discard("past")
            if not self._closed:
                self._show_past()

        self._busy.add("past")
        self._session.tasks.start("past floods", look())

    def _show_past(self) -> None:
        chosen, view = self._curves.together, self._curves.plain
        own = next((c for c in view.curves if c.role == "level"), None) if view is not None else None
        here = own_peak(own, self._session.board.board.moment)
        extent, moment = self._session.board.extent, self._session.board.board.moment
        floods = [p for p in self._floods if p.t <= moment]  # a flood of later is no earlier one
        self._view.show_past(past_picker(floods, self._years, chosen.past, chosen.past_way, extent, here, self._tr))

    # --- correction -----------------------------------------------------------------------------
    def pick(self, sid: int, t: int) -> None:
        """Look a clicked reading up; only while the page is open."""
        series, station = self._session.board.series.get(sid), self._curves.station
        if self._view.page != "correct" or series is None or station is None:
            return

        async def look() -> None:
            found = await self._session.board.reading(sid, t)
            if found is not None and not self._closed:
                value, quality, rev = found
                self._reading = Reading(sid, station.name, series.what, t, value, quality, rev)
                self._show_point(self._reading)

        self._session.tasks.start("reading", look())

    def _made_of(self, reading: Reading) -> Correction | None:
        return self._session.desk.corrections.get((reading.sid, reading.t))

    def _show_point(self, reading: Reading) -> None:
        element = reading.what
        made = self._made = self._made_of(reading)
        blocked = ""
        if made is not None and made.pending:
            blocked = self._tr("已保存，待上报；中心答复前不能再订正这个读数")
        elif made is not None and made.refused:
            blocked = self._tr("上一次订正被中心退回，请先到 运维 › 冲突与退回 处理")
        history = correction_text(made, self._tr) if made is not None else ""
        title = f"{reading.name} {self._tr(element.name)}"
        quality = self._tr(word(reading.quality))
        when = full_stamp(reading.t)
        self._view.show_point(PointView(title, when, element.text(reading.value), element.unit, quality, history, blocked))

    def correct(self, text: str, void: bool, reason: str, name: str) -> None:
        reading = self._reading
        if reading is None:
            self._view.point_refused(self._tr("还没有选读数。请先在图上点一个。"))
            return
        self._session.tasks.start("correction", self._save(reading, text, void=void, reason=reason, name=name))

    async def _save(self, reading: Reading, text: str, *, void: bool, reason: str, name: str) -> None:
        try:
            value = None if void else typed_value(reading.what.code, text)
            await self._desk.correct(reading, value, reason, name)
        except ConsoleError as exc:
            if not self._closed:
                self._view.point_refused(f"{exc.what}{exc.next_step}")
            return
        if not self._closed:
            self._view.point_saved()
        await self._session.read_outbox()
