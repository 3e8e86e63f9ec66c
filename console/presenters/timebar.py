"""The time bar: what the ruler spans, marks, the flood curve, and what its buttons mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from console.domain.objects import Series
from console.domain.states import TOKENS
from console.presenters.overview import ALARM_STATES
from console.presenters.wording import Translate, alarm_word
from console.services.session import Session
from console.store.cache_reader import EMPTY, Rows
from console.viewdata.timebar import PlayerView, TimeBarView, TimeMark

HOUR = 3600.0


class TimeBarTarget(Protocol):
    def show_view(self, view: TimeBarView) -> None: ...


class TimeBarPresenter:
    """In live mode the buttons rule the recording; looking back they rule the local replay."""

    def __init__(self, session: Session, view: TimeBarTarget, tr: Translate) -> None:
        self._session = session
        self._view = view
        self._tr = tr
        self._span_s: float | None = None
        self._curve: Rows = EMPTY
        self._curve_key: tuple[object, ...] = ()
        self._curve_name = ""
        self.local_rate = 120.0
        self._closed = False

    def close(self) -> None:
        """The bar is going: a curve on its way draws nothing any more."""
        self._closed = True

    # --- drawing ----------------------------------------------------------------------------
    def refresh(self) -> None:
        if self._closed:
            return
        session = self._session
        situation = session.situation
        moment, now = situation.moment(), situation.now()
        from_t, to_t = self.span(moment, now)
        self._fetch_curve(from_t, to_t, now)
        clock = situation.current.clock
        self._view.show_view(
            TimeBarView(
                from_t,
                to_t,
                now,
                moment,
                clock.mode,
                clock.rate if clock.mode == "playing" else self.local_rate,
                self.player(),
                self._marks(),
                self._curve[0],
                self._curve[1],
                self._curve_name,
            )
        )

    def player(self) -> PlayerView | None:
        p = self._session.link.player
        if not p or self._session.link.alone:
            return None
        return PlayerView(p["title"], p["from_t"], p["to_t"], p["rate"], p["running"], p["loop"])

    def span(self, moment: float, now: float) -> tuple[float, float]:
        """Return what the ruler shows: the whole recording, or days around now; zoom narrows it."""
        p = self._session.link.player
        if p:
            low, high = float(p["from_t"]), float(p["to_t"])
        else:
            low, high = now - 7 * 24 * HOUR, max(now + 12 * HOUR, self._session.situation.ahead_t)
            if moment < low:
                low, high = moment - 5 * 24 * HOUR, moment + 2 * 24 * HOUR
        if self._span_s is None or self._span_s >= high - low:
            return low, high
        start = min(max(low, moment - self._span_s * 0.6), high - self._span_s)
        return start, start + self._span_s

    def _marks(self) -> tuple[TimeMark, ...]:
        name_of = self._session.board.name_of
        marks = [
            TimeMark(a.onset_t, TOKENS[ALARM_STATES[a.severity]], f"{name_of(a.object_code)} {alarm_word(a, self._tr)}")
            for a in self._session.desk.alarms
        ]
        marks += [TimeMark(t, "accent", text) for t, text, _ in self._session.board.events]
        return tuple(marks[:400])

    def _fetch_curve(self, from_t: float, to_t: float, now: float) -> None:
        board = self._session.board
        code = self._session.situation.current.selection
        series = board.series_of(code or "")
        if not series:
            rows = [r for r in board.board.rows if r.level and r.station.kind == "river"]
            worst = max(rows, key=lambda r: (r.state, r.margin_m or -99.0), default=None)
            if worst is None:
                return
            code, series = worst.code, board.series_of(worst.code)
        if not series:  # the picture is older than the list of series, which was just read anew
            return
        chosen = series.get("Z") or series.get("RZ") or series.get("Q") or self._main(code, series)
        key = (chosen.sid, from_t, to_t, int(now // HOUR), board.revision([chosen.sid]), board.history)
        if key != self._curve_key:
            self._curve_key = key
            self._curve_name = f"{board.name_of(code or '')} {self._tr(chosen.what.name)}"
            self._session.tasks.start("time bar curve", self._read_curve(chosen.sid, int(from_t), int(to_t)))

    def _main(self, code: str | None, series: Mapping[str, Series]) -> Series:
        station = self._session.board.stations.get(code or "")
        return series.get(station.main_element if station is not None else "") or next(iter(series.values()))

    async def _read_curve(self, sid: int, from_t: int, to_t: int) -> None:
        rows = (await self._session.board.window([sid], from_t, to_t))[sid]
        self._curve = rows if len(rows[0]) else (np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))
        self.refresh()

    # --- intents ----------------------------------------------------------------------------
    def rules_recording(self) -> bool:
        return self._session.situation.current.clock.mode == "live" and self.player() is not None

    def toggle_play(self) -> None:
        situation = self._session.situation
        player = self.player()
        if self.rules_recording() and player is not None:
            self._session.control_player("pause" if player.running else "play")
        elif situation.current.clock.mode == "playing":
            situation.stop_playing()
        else:
            situation.play_from(situation.moment(), self.local_rate)

    def set_rate(self, rate: float) -> None:
        if self.rules_recording():
            self._session.control_player("rate", rate=rate)
            return
        self.local_rate = rate
        situation = self._session.situation
        if situation.current.clock.mode == "playing":
            situation.play_from(situation.moment(), rate)

    def step(self, hours: int) -> None:
        situation = self._session.situation
        if hours > 0 and self.rules_recording():
            self._session.control_player("step")
        else:
            situation.look_at(situation.moment() + hours * HOUR)

    def look_at(self, t: float) -> None:
        situation = self._session.situation
        player = self.player()
        if player is not None and t > situation.now() + 60:
            self.seek(t)  # ahead of the recording's clock: there is nothing to look at yet
            situation.go_live()
            return
        situation.look_at(t)

    def seek(self, t: float) -> None:
        player = self.player()
        if player is not None:
            self._session.control_player("seek", t=min(max(t, player.from_t), player.to_t))
            self._session.situation.go_live()

    def loop(self) -> None:
        if self.player() is not None:
            self._session.control_player("loop")

    def zoom(self, factor: float) -> None:
        situation = self._session.situation
        low, high = self.span(situation.moment(), situation.now())
        self._span_s = min(400 * 24 * HOUR, max(6 * HOUR, (high - low) / factor))
        self.refresh()
