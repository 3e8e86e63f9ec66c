"""The centre's heartbeat: release due readings, judge alarms, tell the consoles."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from console.central.continuity import Continuity
from console.central.doorbell import Doorbell
from console.central.player import Player
from console.central.postgres import StoreUnavailable
from console.central.repository import Repository
from console.central.sensor_watch import SensorWatch
from console.central.store_core import Row, SeriesKey
from console.central.survey_watch import SurveyWatch
from console.central.verdict import RecordItem
from console.domain.alarm_engine import AlarmEngine, AlarmRules, Reading
from console.domain.alarms import Alarm, alarm_from_doc
from console.domain.documents import readable
from console.domain.objects import Series, Station, series_from_doc, station_from_doc
from console.domain.quality import Quality
from console.domain.vocabulary import Vocabulary, vocabulary_of

log = logging.getLogger(__name__)
TICK_S = 0.25
TOMB_DAYS = 180  # how long a deletion is remembered for consoles that were away
JUDGED_S = 6 * 3600  # older readings raise no alarm: they came late or correct the past
SWEEP_S = 600  # of the centre's time between two looks for stale feeds


class Watch:
    """Owns the alarm engine; runs as one task of the service."""

    def __init__(
        self,
        repo: Repository,
        bell: Doorbell,
        player: Player | None,
        continuity: Continuity | None = None,
        words: Vocabulary | None = None,
    ) -> None:
        self._repo = repo
        self.words = words or vocabulary_of(())
        self._continuity = continuity
        self._bell = bell
        self.player = player
        self.live_sources: frozenset[str] = frozenset()  # foreign sources that are read, by name
        self._series: Mapping[int, Series] = {}
        self._newest: dict[int, int] = {}
        self._swept_t = 0.0
        self._engine = AlarmEngine({})
        self._surveys = SurveyWatch((), ())
        self._sensors = SensorWatch(repo, (), ())
        self._version = -1
        self._store_lost = False
        self._lock = threading.RLock()  # the tick and a control action never interleave
        self.reload()

    def now(self) -> float:
        return self.player.now() if self.player else time.time()

    def reload(self) -> None:
        """Read stations and series again, and open alarms as they stand in the store."""
        stations: dict[str, Station] = {}
        for kind in ("stations", "reservoirs"):
            found = readable(station_from_doc, self._repo.objects(kind))
            stations |= {s.code: self.words.station(s) for s in found}
        self._series = {s.sid: s for s in map(series_from_doc, self._repo.objects("series"))}
        self._engine = AlarmEngine(stations, AlarmRules(), run=self.player.run_mark() if self.player else "")
        self._engine.restore(alarm_from_doc(i, b) for i, b in self._repo.records("alarm"))
        self._surveys = SurveyWatch(self._repo.objects("works"), self._real(self._repo.objects("surveys")))
        self._sensors = SensorWatch(self._repo, self._repo.objects("sensors"), self._series.values())
        forecast = int(Quality.FORECAST)
        self._newest = {r[0]: r[1] if r[3] != forecast else self._repo.last_observed(r[0]) for r in self._repo.latest()}
        self._engine.prime(self._recent())
        self._version = self._repo.data_version()

    def _real(self, surveys: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Leave out surveys that were made up, except in a drill: nobody is called out for an invented hole."""
        if self.player is not None:
            return surveys
        return [d for d in surveys if not (isinstance(p := d.get("properties"), Mapping) and p.get("simulated"))]

    def _recent(self) -> list[Reading]:
        """Return the levels of the last hour, which the rate rule needs after a start."""
        newest = max(self._newest.values(), default=0)
        found = []
        for page in self._repo.in_series_order(newest - 3900, newest, 20_000):
            for sid, t, value, quality, _ in page:
                series = self._series.get(sid)
                if series is not None and value is not None:
                    found.append(Reading(series.object_code, series.element, t, value, quality))
        return found

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            await asyncio.to_thread(self.tick)
            await asyncio.sleep(TICK_S)

    def control(self, action: str, rate: float | None, t: float | None) -> None:
        """Do one action of the recording's controls.

        Raises:
            ValueError: unknown action, or rate or time out of range; or there is no recording.
        """
        with self._lock:
            if self.player is None:
                raise ValueError("no recording")
            if self.player.act(action, rate=rate, t=t):
                self.rewound()

    def tick(self) -> None:
        """Do what is due; while the database is away wait for it, then read everything again.

        What was judged but not committed is unknown to the store, so the engine must forget it too.
        """
        with self._lock:
            try:
                if self._store_lost:
                    self.reload()
                    self._store_lost = False
                    log.warning("the store answers again")
                    self._bell.ring("changed", {"feed": "obs", "seq": self._repo.seq})
                self._tick()
            except StoreUnavailable as exc:
                if not self._store_lost:
                    log.error("the store does not answer: %s", exc)
                self._store_lost = True

    def _tick(self) -> None:
        if self.player:
            if self.player.restart_if_looping():
                self.rewound()
            rows = self.player.due()
            if rows:
                self.accept(rows, **self.player.place_after(len(rows)))
        elif self._repo.data_version() != self._version:
            self.reload()  # an import wrote from its own process
            self._bell.ring("changed", {"feed": "obs", "seq": self._repo.seq})
        if self._continuity is not None:
            self._continuity.note()
        now = self.now()
        for found in self._surveys.due(now):
            self._store_alarms(self._engine.finding(found, int(now)))
        if (seen := self._sensors.due(now)) is not None:
            self._store_alarms(self._engine.finding(seen, int(now)))
        if now - self._swept_t >= SWEEP_S:
            self._swept_t = now
            self._repo.prune_tombs(int(time.time()) - TOMB_DAYS * 86400)
            self._sweep(int(now))

    def accept(self, rows: list[Row], **meta: str) -> None:
        """Commit readings with the alarms they raise or clear, all or nothing, then ring."""
        alarms: list[Alarm] = []

        def judge(fresh: list[Row]) -> list[RecordItem]:
            alarms.extend(self._judged(fresh))
            return [("alarm", a.alarm_id, a.to_doc()) for a in alarms]

        fresh = self._repo.commit_rows(rows, judge, **meta)
        if fresh:
            self._bell.ring("changed", {"feed": "obs", "seq": self._repo.seq})
        if alarms:
            self._bell.ring("alarm", {"feed": "records", "seq": self._repo.seq})

    def receive(self, rows: list[Row]) -> None:
        """Take readings of a foreign source, from any thread.

        Windows are read again and again: what is older than the newest reading of its series, or than
        JUDGED_S, is a correction of the past. It is stored, but no alarm is raised today for it.
        """
        with self._lock:
            floor = self.now() - JUDGED_S
            live = [r for r in rows if r[1] >= max(floor, self._newest.get(r[0], 0))]
            past = [r for r in rows if r[1] < max(floor, self._newest.get(r[0], 0))]
            if past and self._repo.commit_rows(past):
                self._bell.ring("changed", {"feed": "obs", "seq": self._repo.seq})
            if live:
                self.accept(live)

    def place(self, stations: Mapping[str, Sequence[Mapping[str, Any]]], series: Sequence[SeriesKey]) -> list[int]:
        """Store stations and series of a foreign source; return the series' numbers."""
        with self._lock:
            for kind, docs in stations.items():
                self._repo.put_objects(kind, docs)
            known = {(s.object_code, s.element, s.source): s.sid for s in self._series.values()}
            new = [k for k in series if (k.object_code, k.element, k.source) not in known]
            for key, sid in zip(new, self._repo.ensure_all(new) if new else [], strict=True):
                known[(key.object_code, key.element, key.source)] = sid
            if any(stations.values()) or new:
                self.reload()
                self._bell.ring("changed", {"feed": "objects", "seq": self._repo.seq})
        return [known[(k.object_code, k.element, k.source)] for k in series]

    def _judged(self, fresh: list[Row]) -> list[Alarm]:
        readings = []
        for sid, t, value, quality in fresh:
            if quality != Quality.FORECAST:  # a forecast is no sign of life, and outruns every reading
                self._newest[sid] = max(t, self._newest.get(sid, 0))
            series = self._series.get(sid)
            if series is not None and value is not None:
                readings.append(Reading(series.object_code, series.element, t, value, quality))
        return self._engine.step(readings, int(self.now()))

    def rewound(self) -> None:
        """The recording jumped back: what lay ahead is gone, alarms are read again."""
        self.reload()
        self._swept_t = 0.0
        self._bell.ring("changed", {"feed": "epoch", "seq": self._repo.seq})

    def _sweep(self, now_t: int) -> None:
        newest: dict[str, tuple[int, int]] = {}
        for sid, t in self._newest.items():
            series = self._series.get(sid)
            if series and self.player is None and series.source not in self.live_sources:
                continue  # imported history is not a feed that could fall silent
            if series and t >= newest.get(series.object_code, (0, 0))[0]:
                newest[series.object_code] = (t, series.interval_s)
        self._store_alarms(self._engine.sweep(newest, now_t))

    def _store_alarms(self, alarms: list[Alarm]) -> None:
        if alarms:
            self._repo.put_records([("alarm", a.alarm_id, a.to_doc()) for a in alarms])
            self._bell.ring("alarm", {"feed": "records", "seq": self._repo.seq})
