"""The centre's look at the sensors of works: one works a tick, each once an hour of its time."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from console.central.repository import Repository
from console.domain.alarm_engine import Finding
from console.domain.documents import UNREADABLE, readable
from console.domain.objects import Series, station_from_doc
from console.domain.works import Sensor, sensor_of
from console.store.cause_rules import declared_causes
from console.viewdata.works import SensorHealth
from console.viewdata.works_assess import LIVE_DAYS, Fits, Rows, assess, inputs_of, pointers_of, with_pools

log = logging.getLogger(__name__)
ROUND_S = 3600.0  # of the centre's time between two looks at all works
REST_S = 20.0  # of real time at least: a recording may run sixty times as fast
UNSAID = frozenset({"silent", "no_level", "no_rain"})
SIMULATED = "模拟监测"  # the source of readings that were made, not measured
PAGE = 20_000
DAY_S = 86400


class SensorWatch:
    """Judges the sensors of each works against their models. Made anew whenever objects change."""

    def __init__(self, repo: Repository, sensors: Iterable[Mapping[str, Any]], series: Iterable[Series]) -> None:
        self._repo = repo
        self._by_works: dict[str, list[Sensor]] = {}
        for sensor in readable(lambda doc: sensor_of(station_from_doc(doc)), sensors):
            self._by_works.setdefault(sensor.works, []).append(sensor)
        self._by_works.pop("", None)
        self._series = with_pools({(s.object_code, s.element): s for s in series}) if self._by_works else {}
        self._fits: Fits = {}
        self._left: list[str] = []
        self._round_t = -np.inf
        self._rested = -np.inf

    def due(self, now: float) -> Finding | None:
        """Return what the next works in the round shows; None when none is due or nothing is known of it."""
        if not self._left:
            if now - self._round_t < ROUND_S or time.monotonic() - self._rested < REST_S:
                return None
            self._round_t, self._rested, self._left = now, time.monotonic(), list(self._by_works)
        if not self._left:
            return None
        works = self._left.pop()
        try:
            return self._judged(works, now)
        except UNREADABLE as exc:  # what one works declares must not stop the centre from judging the others
            log.warning("the sensors of %s cannot be judged: %r", works, exc)
            return None

    def _judged(self, works: str, now: float) -> Finding | None:
        sensors = self._by_works[works]
        rows = self._rows([self._series[p].sid for p in pointers_of(sensors) if p in self._series], now)
        inputs = [inputs_of(s, self._series, rows) for s in sensors]
        found = assess(inputs, now, declared_causes(), self._fits)
        health = [h for h in found if h.ratio is not None]
        over = [h for h in health if h.state == "alarm"]
        if not health or (not over and any(h.reason in UNSAID for h in found)):
            return None  # a sensor that fell silent, or whose load is unknown, is not one that came back
        worst = max(over or health, key=_size)
        made = all(self._is_made(h.sensor) for h in over)
        at = max(h.value_t or 0 for h in health)
        return Finding("structure", works, at, _size(worst), worst.sensor.alarm_s, bool(over), made)

    def _is_made(self, sensor: Sensor) -> bool:
        found = self._series.get((sensor.code, sensor.element))
        return found is not None and found.source == SIMULATED

    def _rows(self, sids: Sequence[int], now: float) -> dict[int, Rows]:
        found: dict[int, list[tuple[Any, ...]]] = {}
        for page in self._repo.in_series_order(int(now - LIVE_DAYS * DAY_S), int(now), PAGE, sorted(set(sids))):
            for row in page:
                found.setdefault(row[0], []).append(row)
        return {sid: _columns(rows) for sid, rows in found.items()}


def _size(health: SensorHealth) -> float:
    return abs(health.ratio or 0.0)


def _columns(rows: list[tuple[Any, ...]]) -> Rows:
    t = np.array([r[1] for r in rows], np.int64)
    value = np.array([np.nan if r[2] is None else r[2] for r in rows], float)
    return t, value, np.array([r[3] for r in rows], np.int64)
