"""Health of the works at the shown moment: fits and comparisons off the GUI thread, kept by version."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal

from console.domain.anomalies import CauseRule
from console.domain.freshness import Freshness, freshness
from console.domain.objects import Series, Station, Thing
from console.domain.quality import Quality
from console.domain.works import Sensor, Works, sensor_of, works_of
from console.services.tasks import TaskScope
from console.state.board import BoardState
from console.store.cause_rules import declared_causes
from console.viewdata.surveys import SurveyHead, compared, deepest, heads, pairs_by_section
from console.viewdata.works import Scour, SensorHealth, WorksReport
from console.viewdata.works_assess import (
    EMPTY,
    LIVE_DAYS,
    Fits,
    Inputs,
    Pointer,
    Rows,
    assess,
    inputs_of,
    pointers_of,
    with_pools,
)

RANK = {"unknown": 0, "normal": 1, "attention": 2, "doubtful": 3, "alarm": 4}
KEPT = 600  # fits kept; each is some arrays of a few hundred readings
SCOURS = 600  # comparisons kept: two for every surveyed section
DAY_S = 86400
UNFIT = (Quality.BAD, Quality.SUSPECT, Quality.FORECAST)
Key = tuple[int, tuple[int, ...], int, int]


@dataclass(frozen=True, slots=True)
class Level:
    """The water before a works; kind: "forecast" or "stale" where it is not one of now."""

    value: float
    t: int
    kind: str


class WorksHealth(QObject):
    """One per window's process; views ask it to follow and read its reports.

    Signals:
        changed: the reports are others.
    """

    changed = Signal()

    def __init__(self, board: BoardState, tasks: TaskScope, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._board = board
        self._tasks = tasks
        self.reports: tuple[WorksReport, ...] = ()
        self.known = False  # whether the works were looked at since the start
        self._fits: Fits = {}
        self._compared: dict[tuple[object, ...], Scour] = {}
        self._rules: tuple[CauseRule, ...] = ()
        self._sensors: tuple[Sensor, ...] = ()
        self._works: tuple[Works, ...] = ()
        self._reference = 0  # grows when objects changed
        self._parsed = -1
        self._key: Key | None = None
        self._busy = False
        board.reference_changed.connect(self._renewed)

    def follow(self) -> None:
        """Judge anew when something was read that concerns the works; returns at once."""
        if not self._busy and self._wanted() != self._key:
            self._busy = True
            self._tasks.start("works", self._judge())

    def report(self, code: str | None) -> WorksReport | None:
        return next((r for r in self.reports if r.works.code == code), None)

    def _renewed(self) -> None:
        self._reference += 1

    def _wanted(self) -> Key:
        board = self._board.board
        newest = tuple(r.level.t if r.level else 0 for r in board.rows if r.station.kind == "sensor")
        return (self._reference, newest, self._board.history, int(board.moment // 3600))

    async def _judge(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while (key := self._wanted()) != self._key:
                board, reference = self._board, self._reference
                moment, ahead, surveys = board.board.moment, board.board.ahead, board.things.get("surveys", ())
                if self._parsed != reference:
                    found = await loop.run_in_executor(
                        None, _read, tuple(board.stations.values()), board.things.get("works", ())
                    )
                    self._sensors, self._works = found
                    self._parsed = reference
                series = with_pools({(s.object_code, s.element): s for s in board.series.values()})
                pointers = pointers_of(self._sensors) | {w.level for w in self._works if w.level}
                sids = sorted(series[p].sid for p in pointers if p in series)
                rows = await board.window(sids, int(moment - LIVE_DAYS * DAY_S), int(moment))
                inputs = [inputs_of(s, series, rows) for s in self._sensors]
                levels = {w.code: _newest(w.level, series, rows, moment, ahead=ahead) for w in self._works}
                reports = await loop.run_in_executor(None, self._reports, inputs, surveys, levels, moment, ahead)
                self.reports, self._key, self.known = reports, key, True
                self.changed.emit()
        finally:
            self._busy = False

    # --- worker thread: one call at a time ----------------------------------------------------
    def _reports(
        self,
        inputs: Sequence[Inputs],
        surveys: Sequence[Thing],
        levels: Mapping[str, Level | None],
        moment: float,
        ahead: bool,
    ) -> tuple[WorksReport, ...]:
        self._rules = self._rules or declared_causes()
        if len(self._fits) > KEPT:
            self._fits.clear()
        health = assess(inputs, moment, self._rules, self._fits, ahead=ahead)
        taken = heads(surveys, moment)
        return tuple(
            self._report(w, [h for h in health if h.sensor.works == w.code], taken, levels[w.code]) for w in self._works
        )

    def _report(
        self, works: Works, mine: Sequence[SensorHealth], taken: Sequence[SurveyHead], level: Level | None
    ) -> WorksReport:
        scours = self._scours_of(works, taken)
        scour = scours[0] if scours else Scour(reason="no_survey")
        known = [s.state for s in mine]
        if not scour.reason and (scour.state != "normal" or not mine or any(s != "unknown" for s in known)):
            known.append(scour.state)  # a sound toe does not vouch for a works whose sensors all say nothing
        return WorksReport(
            works=works,
            state=max(known, key=RANK.__getitem__, default="unknown"),
            sensors=tuple(mine),
            scour=scour,
            scours=scours,
            level_m=level.value if level else None,
            level_t=level.t if level else None,
            level_kind=level.kind if level else "",
        )

    def _scours_of(self, works: Works, taken: Sequence[SurveyHead]) -> tuple[Scour, ...]:
        """Return the comparison of every surveyed section, the worst first."""
        found = [
            Scour(section=section, reason=pairs) if isinstance(pairs, str) else deepest([self._scour(works, p) for p in pairs])
            for section, pairs in pairs_by_section(works, taken).items()
        ]
        return tuple(sorted(found, key=lambda s: (bool(s.reason), -RANK[s.state], -s.deepest_m)))

    def _scour(self, works: Works, pair: tuple[SurveyHead, SurveyHead]) -> Scour:
        key = (works.code, works.scour_limit_m, *((h.thing.code, h.thing.version, h.at, id(h.thing)) for h in pair))
        if key not in self._compared:
            if len(self._compared) >= SCOURS:
                self._compared.clear()
            self._compared[key] = compared(works, pair)
        return self._compared[key]


def _read(stations: Sequence[Station], things: Sequence[Thing]) -> tuple[tuple[Sensor, ...], tuple[Works, ...]]:
    sensors = tuple(sensor_of(s) for s in stations if s.kind == "sensor")
    return sensors, tuple(works_of(t) for t in things)


def _newest(
    pointer: Pointer | None, series: Mapping[Pointer, Series], rows: Mapping[int, Rows], moment: float, *, ahead: bool
) -> Level | None:
    """Return the water's level for a moment: measured and not in doubt, and of the future only what is forecast."""
    found = series.get(pointer) if pointer else None
    if found is None:
        return None
    t, v, quality = rows.get(found.sid, EMPTY)
    wanted = quality == Quality.FORECAST if ahead else ~np.isin(quality, UNFIT)
    known = np.flatnonzero(np.isfinite(v) & wanted)
    if not len(known):
        return None
    at = int(t[known[-1]])
    old = freshness(moment - at, found.interval_s) >= Freshness.STALE
    return Level(float(v[known[-1]]), at, "forecast" if ahead else "stale" if old else "")
