"""The judged picture at the Situation's moment, kept up to date off the GUI thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
from PySide6.QtCore import QObject, Signal

from console.domain.documents import readable
from console.domain.objects import THINGS, WATCHED, River, Series, Station, Thing
from console.domain.vocabulary import Vocabulary
from console.state.rows import DAY_S, Windows, forecast_end, judged, keep_newest, sample
from console.state.shown import shown_event, shown_river, shown_series, shown_station, shown_thing
from console.store.cache_reader import EMPTY, CacheReader, Rows
from console.texts import printable
from console.viewdata.board import AHEAD_FROM_S, Board, Sample

log = logging.getLogger(__name__)
T = TypeVar("T")
AHEAD_S = 72 * 3600.0  # how far a forecast is looked at


class BoardState(QObject):
    """Owns the worker thread that reads the cache for this window's process.

    Signals:
        changed: a new Board is there.
        reference_changed: stations, rivers or series are others.
        failed: the cache could not be read; arg is the exception.
    """

    changed = Signal()
    reference_changed = Signal()
    failed = Signal(object)

    def __init__(self, reader: CacheReader, words: Vocabulary, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reader = reader
        self._words = words
        self._windows = Windows(reader)
        self._others = Windows(reader)  # around a second moment that is compared with the first
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="cache")
        self.board = Board(0.0, 0.0, "live")
        self.stations: dict[str, Station] = {}
        self.series: dict[int, Series] = {}
        self.bounds: dict[int, Series] = {}  # of forecasts; apart, for nothing judges them
        self.rivers: tuple[River, ...] = ()
        self.things: dict[str, tuple[Thing, ...]] = {}
        self.events: tuple[tuple[int, str, str], ...] = ()
        self.extent: tuple[int, int] | None = None
        self.history = 0  # grows when a stretch of the past was fetched
        self._pending: set[int] | None = set()
        self._marks: dict[int | None, int] = {}
        self._wanted: tuple[float, float, str] | None = None
        self._busy = False

    @property
    def whole(self) -> bool:
        """Tell whether the picture has its trends and its past, not only the newest values."""
        return not self._windows.cold

    def name_of(self, code: str) -> str:
        """Return the name of a station or a works; its code where neither is known."""
        if code in self.stations:
            return self.stations[code].name
        return next((w.name for w in self.things.get("works", ()) if w.code == code), printable(code, 60))

    # --- requests (GUI thread) --------------------------------------------------------------
    def place_of(self, code: str) -> tuple[float, float] | None:
        """Return where a station or another object stands, CGCS2000 degrees; None where nobody says it."""
        row = self.board.row(code)
        if row is not None and row.station.lon is not None and row.station.lat is not None:
            return row.station.lon, row.station.lat
        things = (thing for things in self.things.values() for thing in things if thing.code == code)
        return next((thing.place for thing in things), None)

    def mark(self, sids: Iterable[int] | None) -> None:
        """Note series whose readings changed; None for all."""
        for sid in [None] if sids is None else (sids := list(sids)):
            self._marks[sid] = self._marks.get(sid, 0) + 1
        if sids is None or self._pending is None:
            self._pending = None
        else:
            self._pending |= set(sids)

    def revision(self, sids: Iterable[int]) -> int:
        """Return a number that grows whenever readings of these series came, changed or went."""
        return self._marks.get(None, 0) + sum(self._marks.get(s, 0) for s in sids)

    async def reload_reference(self) -> None:
        loop = asyncio.get_running_loop()
        docs = await loop.run_in_executor(self.worker, self._read_reference)
        self.stations, self.rivers, self.series, self.bounds, self.events, self.things, self.extent = docs
        self._pending = None
        self.reference_changed.emit()

    async def show(self, moment: float, now: float, mode: str) -> None:
        """Compute the Board of a moment; while one is computed only the newest request waits."""
        self._wanted = (moment, now, mode)
        if self._busy:
            return
        self._busy = True
        loop = asyncio.get_running_loop()
        try:
            while self._wanted is not None:
                wanted, self._wanted = self._wanted, None
                if self._windows.cold and wanted[2] == "live":
                    self.board = await loop.run_in_executor(self.worker, self._glance, *wanted)
                    self.changed.emit()
                pending, self._pending = self._pending, set()
                try:
                    self.board = await loop.run_in_executor(self.worker, self._compute, *wanted, pending)
                except BaseException:
                    self.mark(pending)  # read again with the next picture
                    raise
                self.changed.emit()
        finally:
            self._busy = False

    async def at_other(self, moment: float, now: float) -> Board:
        """Return the picture of a second moment, to be compared with the one shown."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.worker, self._compute, moment, now, "at", None, self._others)

    async def window(self, sids: Iterable[int], from_t: int, to_t: int) -> dict[int, Rows]:
        """Return the readings of some series for a chart."""
        loop = asyncio.get_running_loop()
        wanted = list(sids)
        return await loop.run_in_executor(self.worker, lambda: {s: self._reader.window(s, from_t, to_t) for s in wanted})

    async def reading(self, sid: int, t: int) -> tuple[float | None, int, int] | None:
        """Return (value, quality, rev) of one reading as the cache has it."""
        return await asyncio.get_running_loop().run_in_executor(self.worker, self._reader.reading, sid, t)

    async def holes(self, code: str, from_t: int, to_t: int) -> list[tuple[int, int]]:
        """Return the parts of a chart's window that were not fetched yet."""
        return await asyncio.get_running_loop().run_in_executor(self.worker, self._reader.holes, code, from_t, to_t)

    async def read(self, what: str, kind: str) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.worker, getattr(self._reader, what), kind)

    async def read_link(self) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.worker, self._reader.link)

    def series_of(self, code: str) -> dict[str, Series]:
        """Return an object's series by element."""
        return {s.element: s for s in self.series.values() if s.object_code == code}

    def bounds_of(self, code: str) -> dict[str, Series]:
        """Return the series of an object's forecast bounds by element."""
        return {s.element: s for s in self.bounds.values() if s.object_code == code}

    def close(self) -> None:
        self.worker.submit(self._reader.close)
        self.worker.shutdown(wait=True)

    # --- worker thread ----------------------------------------------------------------------
    def _read_reference(self) -> tuple[Any, ...]:
        words = self._words
        found = (s for kind in WATCHED for s in readable(shown_station, self._reader.objects(kind)))
        stations: dict[str, Station] = {}
        for s in found:
            if s.code in stations:  # the first kind stands: nothing may take a reservoir's place under its code
                log.warning("object %s is there twice", s.code)
            else:
                stations[s.code] = words.station(s)
        rivers = tuple(readable(shown_river, self._reader.objects("reaches")))
        known = (s for s in readable(shown_series, self._reader.objects("series")) if s.element in words.elements)
        worded = [words.series(s) for s in known]  # a newer centre may measure what this window cannot word
        series, bounds = ({s.sid: s for s in worded if bool(s.what.bounds) is apart} for apart in (False, True))
        events = tuple(readable(shown_event, self._reader.objects("events")))
        things = {k: tuple(readable(partial(shown_thing, k), self._reader.objects(k))) for k in THINGS}
        return stations, rivers, series, bounds, events, things, self._reader.extent()

    def _glance(self, moment: float, now: float, mode: str) -> Board:
        """Return the picture from the newest values alone: there at once, trends and past follow.

        A newest value that is later than the moment says nothing of it and is left to the full look.
        """
        found: dict[str, dict[str, Sample]] = {}
        for sid, t, value, quality in self._reader.latest():
            series = self.series.get(sid)
            rows = (np.array([t]), np.array([np.nan if value is None else value]), np.array([quality]))
            one = sample(series, rows, moment) if series is not None else None
            if series is not None and one is not None:
                keep_newest(found, series, one)
        return self._board(moment, now, mode, found)

    def _compute(self, moment: float, now: float, mode: str, changed: set[int] | None, kept: Windows | None = None) -> Board:
        kept = kept or self._windows
        near = moment >= now - DAY_S  # who looks far back needs no forecast
        windows = kept.at(moment, changed, now + AHEAD_S if near else 0.0)
        ahead_t = max((forecast_end(windows.get(sid, EMPTY), now) for sid in self.series), default=0.0) if near else 0.0
        found: dict[str, dict[str, Sample]] = {}
        for series in self.series.values():
            one = sample(series, windows.get(series.sid, EMPTY), moment, ahead=moment > now + AHEAD_FROM_S)
            if one is None:
                old = kept.older(series.sid, moment)
                if old is not None:
                    rows = (np.array([old[0]]), np.array([np.nan if old[1] is None else old[1]]), np.array([old[2]]))
                    one = sample(series, rows, moment)
            if one is not None:
                keep_newest(found, series, one)
        return replace(self._board(moment, now, mode, found), ahead_t=ahead_t)

    def _board(self, moment: float, now: float, mode: str, found: Mapping[str, Mapping[str, Sample]]) -> Board:
        kinds = self._words.kinds
        rows_ = tuple(judged(s, found.get(s.code, {}), moment, kinds.get(s.kind)) for s in self.stations.values())
        connected = frozenset(s.object_code for s in self.series.values())
        return Board(moment, now, mode, rows_, self.rivers, {r.code: r for r in rows_}, connected)
