"""One source, read pass by pass: probe, series, windows; every outcome ends in its state."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from backend_client.adapters.harvest import FORECAST, MEASURED, SUSPECT, Adapter, Gap, Harvest, SeriesReadings
from backend_client.adapters.pace import next_wait_s
from backend_client.errors import BackendError, BackendRefused, BackendUnavailable
from console.central.postgres import StoreUnavailable
from console.central.sources.catalogue import Catalogue, catalogue
from console.central.sources.config import SourceConf
from console.central.sources.state import GapBook, OwedWindow, SourceState
from console.central.sources.warnings import WarningBook, WarningSource
from console.central.sources.windows import WHOLE_S, WindowPlan, slices
from console.central.store_core import Row, SeriesKey
from console.central.verdict import RecordItem
from console.domain.vocabulary import Vocabulary
from console.errors import ConsoleError
from console.store.sqlite import DatabaseError

AdapterFactory = Callable[[Mapping[str, Any]], Adapter]
CATALOGUE_S = 3600.0  # how long a probe and a list of series hold
DETAIL = 300


class Sink(Protocol):
    """The centre as a source needs it; every method may be called from any thread."""

    def known(self) -> Mapping[str, str]:
        """Return code → kind of document of the stations and reservoirs."""

    def words(self) -> Vocabulary:
        """Return what is measured here."""

    def place(self, stations: Mapping[str, Sequence[Mapping[str, Any]]], series: Sequence[SeriesKey]) -> list[int]:
        """Store new stations and return the series' numbers."""

    def receive(self, rows: list[Row]) -> None: ...

    def records(self, kind: str) -> list[tuple[str, dict[str, Any]]]: ...

    def put_records(self, items: list[RecordItem]) -> None: ...


class SourceReader:
    """Used by one thread; once() does one pass and never raises what a source or the store may do."""

    def __init__(self, conf: SourceConf, make: AdapterFactory, sink: Sink, stopped: Callable[[], bool]) -> None:
        self.conf, self._make, self._sink, self._stopped = conf, make, sink, stopped
        self.state = SourceState(conf.name, conf.kind, wanted_s=conf.wanted_s)
        self.busy_since: float | None = None
        self._adapter: Adapter | None = None
        self._catalogue: Catalogue | None = None
        self._sids: dict[str, int] = {}
        self._catalogued_s = -math.inf
        self._plan, self._gaps = WindowPlan(), GapBook()
        self._warnings: WarningBook | None = None

    def close(self) -> None:
        if self._adapter is not None:
            self._adapter.close()
            self._adapter = None

    def once(self) -> float:
        """Do one pass and return the seconds to wait before the next."""
        began, now = time.monotonic(), time.time()
        self.busy_since = began
        retry_after = None
        try:
            self._pass(now)
        except BackendError as exc:
            retry_after = getattr(exc, "retry_after_s", None)
            self._failed(code_of(exc), str(exc), now)
        except ConsoleError as exc:
            self._failed("config", f"{exc.what}{exc.next_step}", now)
        except (StoreUnavailable, DatabaseError, OSError) as exc:
            self._failed("store", repr(exc), now)
        finally:
            self.busy_since = None
        spent = time.monotonic() - began
        wait = next_wait_s(spent, self.conf.wanted_s, self.state.failures, retry_after)
        meter = self._adapter.meter if self._adapter is not None else None
        self.state = replace(
            self.state,
            last_try_t=now,
            next_t=time.time() + wait,
            cost_s=round(spent, 3),
            requests=meter.requests if meter else self.state.requests,
            received_bytes=meter.received_bytes if meter else self.state.received_bytes,
        )
        return wait

    def failed_by_bug(self, text: str) -> None:
        """The adapter or this program broke its own rules: told as such, tried again from the start."""
        self._adapter, self._catalogue, self._catalogued_s = None, None, -math.inf
        self._failed("bug", text, time.time())

    def _failed(self, code: str, detail: str, now: float) -> None:
        failures = self.state.failures + 1
        self.state = replace(self.state, state="down", code=code, detail=detail[:DETAIL], failures=failures, last_try_t=now)
        self._catalogued_s = -math.inf  # after an outage the server may be another version

    def _pass(self, now: float) -> None:
        if self._adapter is None:
            self._adapter = self._opened()
        adapter = self._adapter
        if time.monotonic() - self._catalogued_s >= CATALOGUE_S:
            self._learn(adapter)
        if isinstance(adapter, WarningSource):
            self._take_warnings(adapter)
        length, name = self._plan.due(now, self.state.last_ok_t)
        notes: set[str] = set()
        odd: set[str] = set()
        first: Harvest | None = None
        for from_t, to_t in slices(length, now):
            if self._stopped():
                return
            harvest = self._window(adapter, from_t, to_t)
            first = first or harvest
            notes |= set(harvest.notes)
            odd |= set(harvest.unknown_quality)
        self._plan.done(name, now)
        self._gaps.forget_before(int(now) - WHOLE_S)
        self._settle(first, notes, odd, now)

    def _opened(self) -> Adapter:
        """Return a new adapter.

        Raises:
            ConsoleError: the entry lacks what this kind needs.
        """
        entry = {"name": self.conf.name, "kind": self.conf.kind, **self.conf.adapter}
        try:
            return self._make(entry)
        except (ValueError, KeyError, TypeError) as exc:
            what = f"来源“{self.conf.name}”的配置用不了（{exc}）。"
            raise ConsoleError(what, "请核对 sources.toml 里这一段的各项。") from exc

    def _learn(self, adapter: Adapter) -> None:
        capability = adapter.probe()
        found = catalogue(self.conf, adapter.series(), self._sink.known(), self._sink.words())
        sids = self._sink.place(found.stations, [p.key for p in found.placed])
        self._sids = {p.foreign.key: sid for p, sid in zip(found.placed, sids, strict=True)}
        self._catalogue, self._catalogued_s = found, time.monotonic()
        intervals = [p.key.interval_s for p in found.placed]
        self.state = replace(
            self.state,
            title=capability.title[:80],
            version=capability.version[:40],
            series=len(found.placed),
            unread=found.unread,
            interval_s=int(np.median(intervals)) if intervals else None,
            elements=tuple(sorted({p.key.element for p in found.placed})),
            objects=tuple(sorted({p.key.object_code for p in found.placed})),
            notes=tuple(sorted({*capability.notes, *found.notes})),
        )

    def _window(self, adapter: Adapter, from_t: int, to_t: int) -> Harvest:
        """Read one window into the store; a window that is not proved whole is owed for every series of it."""
        wanted = [p.foreign for p in self._catalogue.placed] if self._catalogue else []
        harvest = adapter.read(wanted, from_t, to_t) if wanted else Harvest((), 0, complete=True)
        gaps = harvest.gaps
        if not harvest.complete and not gaps:
            gaps = tuple(Gap(s.key, from_t, to_t, "not-proved") for s in wanted)
        for part in harvest.parts:
            sid = self._sids.get(part.key)
            if sid is not None and len(part.t):
                self._sink.receive(_rows(sid, part))
                newest = int(part.t[-1])
                self.state = replace(self.state, newest_t=max(newest, self.state.newest_t or newest))
        self._gaps.read(from_t, to_t, gaps)
        return harvest

    def _settle(self, first: Harvest | None, notes: set[str], odd: set[str], now: float) -> None:
        gaps = self._owed()
        known = set(self._catalogue.notes) if self._catalogue else set()
        lacking = bool(gaps) or any(n.startswith("mapped-station-missing") for n in known)
        code = "" if not lacking else "gaps" if gaps else "mapping"
        self.state = replace(
            self.state,
            state="degraded" if lacking else "ok",
            code=code,
            detail="",
            failures=0,
            expected=first.expected if first else None,
            got=first.got if first else 0,
            last_ok_t=now,
            gaps=gaps,
            notes=tuple(sorted(notes | set(self.state.notes))),
            unknown_quality=tuple(sorted(odd)),
        )

    def _owed(self) -> tuple[OwedWindow, ...]:
        keys = {p.foreign.key: p.key for p in self._catalogue.placed} if self._catalogue else {}
        return tuple(
            OwedWindow(keys[g.key].object_code, keys[g.key].element, g.from_t, g.to_t, g.reason[:60])
            for g in self._gaps.all()
            if g.key in keys
        )

    def _take_warnings(self, adapter: WarningSource) -> None:
        if self._warnings is None:
            stored = self._sink.records("warning")  # the store adds each record's place in its feed
            self._warnings = WarningBook({i: {k: v for k, v in body.items() if k != "seq"} for i, body in stored})
        records = self._warnings.fresh(self.conf.name, adapter.warnings())
        if records:
            self._sink.put_records(records)


def _rows(sid: int, part: SeriesReadings) -> list[Row]:
    """Return readings as the store takes them; what is no number is missing, an unknown quality is doubt."""
    values = [v if math.isfinite(v) else None for v in part.value.tolist()]
    quality = [q if MEASURED <= q <= FORECAST else SUSPECT for q in part.quality.tolist()]
    return list(zip([sid] * len(values), part.t.tolist(), values, quality, strict=True))


def code_of(exc: BackendError) -> str:
    """Return the stable reason that the sources page puts into words."""
    if isinstance(exc, BackendRefused):
        return {401: "login", 403: "login", 404: "address"}.get(exc.status, "refused")
    if isinstance(exc, BackendUnavailable):
        return "busy" if exc.retry_after_s is not None or "429" in str(exc) else "unreachable"
    return "format"
