"""One pull: reference, latest, the feeds, then one window of history; newest first."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from backend_client.central import Central
from backend_client.errors import BackendRefused, ResyncRequired, WireFormatError
from backend_client.wire import Hello, ObsPage
from console.domain.objects import THINGS, WATCHED
from console.domain.scopes import ALL, scope_parts, scope_text
from console.domain.time import steady_s
from console.processes import boot_mark
from console.store.cache_writer import CacheWriter
from console.sync.announce import Announce, tell_series
from console.sync.backfill import Backfill

log = logging.getLogger(__name__)
KINDS = (*WATCHED, "reaches", "events", *THINGS, "series", "sources")
NEWER = {"gates", "sensors", "matters", *THINGS, "sources"}  # an older centre does not know them
LIVE_PAGE = 5000


class SchemaMismatch(Exception):
    """The centre speaks a version outside ours: read what is cached, change nothing."""


class Puller:
    """Used by the pull thread only; owns the cache writer. scope: what the settings ask for."""

    def __init__(self, writer: CacheWriter, announce: Announce, scratch: Path, scope: str = ALL) -> None:
        self._writer = writer
        self._announce = announce
        self._scope = scope_text(scope_parts(scope))
        self._backfill = Backfill(writer, scratch, self._scope, announce, self._follow)
        self._rows = 0
        self.fault: WireFormatError | None = None

    def close(self) -> None:
        self._backfill.close()

    @property
    def rows_applied(self) -> int:
        return self._rows + self._backfill.rows

    def greet(self, hello: Hello) -> bool:
        """Check version and epoch; True when the epoch is a new one and the cache was dropped.

        Raises:
            SchemaMismatch: the centre's schema range has no version in common with ours.
        """
        if not hello.speaks_ours():
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

    def round(self, central: Central, hello: Hello) -> bool:
        """Bring the cache up to now, then fetch one window of history; True when more wait.

        Raises:
            BackendError: the centre failed us; what was applied so far stays.
        """
        self._change_scope(central, hello)
        self._reference(central)
        self._settle_scope()
        self._backfill.plan(central, hello)
        if self._backfill.waits_for_first():
            self._backfill.step(central, hello, self._latest(central, hello))
        self._follow(central, hello)
        self._records(central)
        if self.fault is not None:
            raise self.fault
        self._writer.note_link(
            last_ok=repr(time.time()),
            last_steady=repr(steady_s()),
            boot=boot_mark(),
            last_now=repr(hello.now_t),
            mode=hello.mode,
            title=str(hello.player.get("title", "")),
        )
        return self._backfill.step(central, hello)

    # --- scope ----------------------------------------------------------------------------
    def _change_scope(self, central: Central, hello: Hello) -> None:
        """Note a scope that the settings changed, with the windows of what was added."""
        link = self._writer.link()
        had = link.get("scope", ALL if self._writer.cursor("obs") else "")
        if had == self._scope and "scope" in link:
            return
        old, new = scope_parts(had) if had else (), scope_parts(self._scope)
        added = [] if ALL in old or not old else [p for p in new if p not in old]
        inherit = new if ALL in old and new != (ALL,) else ()
        windows = self._backfill.add_scope(central, hello, scope_text(added)) if added else []
        self._writer.progress.change_scope(self._scope, windows, inherit)

    def _settle_scope(self) -> None:
        """Drop what is outside the scope; begun again after a kill, for scope_done comes last."""
        if self._writer.link().get("scope_done") == self._scope:
            return
        if self._scope != ALL:
            self._writer.drop_series(self._writer.series())
            self._announce("changed", {"sids": None})
        self._writer.progress.scope_settled(self._scope)

    # --- reference ------------------------------------------------------------------------
    def _reference(self, central: Central) -> None:
        """Fetch what changed of each kind; one bad kind is told after the rest is in."""
        changed = False
        self.fault = None
        for kind in KINDS:
            try:
                etag, docs = central.objects(kind, self._writer.etag(kind), self._scope)
            except WireFormatError as exc:
                self.fault = exc
                continue
            except BackendRefused as exc:
                if kind in NEWER and exc.status == 404:
                    continue
                raise
            if docs is not None:
                before = self._writer.series() if kind == "series" else set()
                self._writer.put_objects(kind, etag, docs)
                if kind == "series":
                    self._members_changed(before)
                if kind == "sources":  # says nothing about the picture, which need not be read again
                    self._announce("sources", {})
                else:
                    changed = True
        if changed:
            self._announce("objects", {})

    def _members_changed(self, before: set[int]) -> None:
        """Objects that left the scope take their readings along; those that entered bring history."""
        if self._scope == ALL or not before:
            return
        now = self._writer.series()
        if before - now:
            self._writer.note_link(scope_done="")
        if now - before:
            self._writer.progress.recheck()

    # --- feeds ----------------------------------------------------------------------------
    def _follow(self, central: Central, hello: Hello) -> None:
        while True:
            before = self._writer.cursor("obs")
            page = _of_epoch(central.changes(before, LIVE_PAGE, self._scope), hello)
            if len(page.sid) or page.tomb or page.cursor != before:  # it passes over rows of other scopes too
                self._apply(page, page.cursor)
            if not page.more:
                break
        asof = hello.now_t if page.asof is None else page.asof
        self._writer.note_link(asof=repr(asof), asof_real=repr(hello.real_t))

    def _latest(self, central: Central, hello: Hello) -> str:
        """Show the newest values before any history is here; return the cursor that they came with."""
        page = _of_epoch(central.latest(self._scope), hello)
        self._writer.put_latest((page.sid, page.t, page.value, page.quality, page.rev))
        self._announce("changed", {"sids": None})
        return page.cursor

    def _apply(self, page: ObsPage, cursor: str) -> None:
        cols = (page.sid, page.t, page.value, page.quality, page.rev)
        self._writer.apply(cols, cursor, page.tomb)
        self._rows += len(page.sid)
        tell_series(self._announce, page.sid)

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


def _of_epoch(page: ObsPage, hello: Hello) -> ObsPage:
    """Return the page if it is of the epoch that was greeted; the centre may be restored in between."""
    if page.epoch != hello.epoch:
        raise ResyncRequired("epoch-changed")
    return page
