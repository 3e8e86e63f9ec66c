"""One pull: hello, reference, latest, backfill newest first, then the feeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from backend_client.central import Central, snapshot_pages
from backend_client.errors import BackendRefused, ResyncRequired, WireFormatError
from backend_client.wire import SCHEMA, Hello, ObsPage, columns
from console.store.cache_writer import CacheWriter

KINDS = ("stations", "reservoirs", "basins", "reaches", "events", "series", "sources")
LIVE_PAGE = 5000
FAR_FUTURE = 4_102_444_800
HOUR = 3600
Announce = Callable[[str, Mapping[str, Any]], None]


class SchemaMismatch(Exception):
    """The centre speaks a version outside ours: read what is cached, change nothing."""


class Puller:
    """Used by the pull thread only; owns the cache writer."""

    def __init__(self, writer: CacheWriter, announce: Announce, scratch: Path) -> None:
        self._writer = writer
        self._announce = announce
        self._scratch = scratch
        self.rows_applied = 0
        self.fault: WireFormatError | None = None

    def greet(self, hello: Hello) -> bool:
        """Check version and epoch; True when the epoch is a new one and the cache was dropped.

        Raises:
            SchemaMismatch: the centre's schema range does not hold ours.
        """
        if not hello.schema_min <= SCHEMA <= hello.schema_max:
            raise SchemaMismatch(f"{hello.schema_min}..{hello.schema_max}")
        known = self._writer.link().get("epoch")
        if known == hello.epoch:
            return False
        if known is not None:
            self._writer.forget()
        self._writer.note_link(epoch=hello.epoch, service=hello.service)
        return known is not None

    def forget(self) -> None:
        """The cursor is gone: drop the cache; the next round starts cold."""
        self._writer.forget()
        self._announce("epoch", {})

    def round(self, central: Central, hello: Hello) -> None:
        """Bring the cache up to date.

        Raises:
            BackendError: the centre failed us; what was applied so far stays.
        """
        self._reference(central)
        if not self._writer.cursor("obs"):
            self._cold(central, hello)
        self._follow(central)
        self._records(central)
        if self.fault is not None:
            raise self.fault
        self._writer.note_link(
            last_ok=repr(time.time()),
            last_now=repr(hello.now_t),
            mode=hello.mode,
            title=str(hello.player.get("title", "")),
        )

    def _reference(self, central: Central) -> None:
        """Fetch what changed of each kind; one bad kind is told after the rest is in."""
        changed = False
        self.fault = None
        for kind in KINDS:
            try:
                etag, docs = central.objects(kind, self._writer.etag(kind))
            except WireFormatError as exc:
                self.fault = exc
                continue
            except BackendRefused as exc:
                if kind == "sources" and exc.status == 404:
                    continue  # an older centre reads no foreign sources
                raise
            if docs is not None:
                self._writer.put_objects(kind, etag, docs)
                if kind == "sources":  # says nothing about the picture, which need not be read again
                    self._announce("sources", {})
                else:
                    changed = True
        if changed:
            self._announce("objects", {})

    def _cold(self, central: Central, hello: Hello) -> None:
        """Latest values first, then 6 h, 24 h, the rest; the cursor comes with the oldest part."""
        self._apply(central.latest(), None)
        now = int(hello.now_t) // HOUR * HOUR  # whole hours: a broken download finds its window again
        spans = [
            (now - 6 * HOUR, FAR_FUTURE),
            (now - 24 * HOUR, now - 6 * HOUR - 1),
            (0, now - 24 * HOUR - 1),
        ]
        first_cursor = ""
        for from_t, to_t in spans:
            cursor = self._snapshot(central, max(0, from_t), max(0, to_t), hello.epoch)
            first_cursor = first_cursor or cursor
        empty = np.empty(0, np.int64)
        self._writer.apply((empty, empty, empty.astype(float), empty, empty), first_cursor)

    def _snapshot(self, central: Central, from_t: int, to_t: int, epoch: str) -> str:
        path = self._scratch / f"snap-{epoch[:8]}-{from_t}-{to_t}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in set(self._scratch.glob("snap-*")) - {path, path.with_suffix(".etag")}:
            old.unlink(missing_ok=True)
        central.snapshot(from_t, to_t, path)
        cursor, whole = "", False
        try:
            for page in snapshot_pages(path):
                if "next" in page:
                    if page.get("epoch") != epoch:
                        raise ResyncRequired("epoch-changed")
                    cursor = str(page["next"])
                elif "cols" in page:
                    cols = columns(page["cols"])
                    self._writer.apply(cols, None)
                    self._tell(cols[0])
                whole = whole or bool(page.get("end"))
        finally:
            path.unlink(missing_ok=True)
            path.with_suffix(".etag").unlink(missing_ok=True)
        if not whole or not cursor:
            raise WireFormatError("snapshot ended early")
        return cursor

    def _follow(self, central: Central) -> None:
        while True:
            page = central.changes(self._writer.cursor("obs"), LIVE_PAGE)
            if len(page.sid) or page.tomb or page.more:
                self._apply(page, page.cursor)
            if not page.more:
                return

    def _apply(self, page: ObsPage, cursor: str | None) -> None:
        cols = (page.sid, page.t, page.value, page.quality, page.rev)
        self._writer.apply(cols, cursor, page.tomb)
        self.rows_applied += len(page.sid)
        self._tell(page.sid)

    def _tell(self, sid: Any) -> None:
        if len(sid):
            touched = np.unique(sid)
            many = len(touched) > 2000
            self._announce("changed", {"sids": None if many else touched.tolist()})

    def _records(self, central: Central) -> None:
        kinds: set[str] = set()
        while True:
            page = central.records(self._writer.cursor("records"), LIVE_PAGE)
            if page.records or page.more:
                rows = [(r.kind, r.record_id, r.rev, r.body) for r in page.records]
                self._writer.put_records(rows, page.cursor)
                kinds |= {r.kind for r in page.records}
            if not page.more:
                break
        if kinds:
            self._announce("records", {"kinds": sorted(kinds)})
