"""Fetches one window at a time by snapshot: a stretch of history, or a day that differs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from backend_client.central import Central, snapshot_pages
from backend_client.errors import ResyncRequired, WireFormatError
from backend_client.wire import Columns, Hello, columns
from console.domain.digests import DAY_S, day_number, day_of, day_text, day_window
from console.domain.scopes import ALL, scope_parts
from console.store.cache_writer import CacheWriter, seq_of
from console.store.progress import Window, gaps
from console.sync.ahead import Ahead
from console.sync.announce import Announce, tell_series
from console.sync.windows import HOUR_S, all_windows, day_windows, missed_windows, since

BEHIND_S = 1800.0
STALE_PLAN_S = DAY_S
CHECK_DAYS = 35
CHECK_AGAIN_S = 7 * 86_400.0
LIVE_EVERY_S = 3.0
Follow = Callable[[Central, Hello], None]


class Backfill:
    """Used by the pull thread only.

    scope: as the service writes it, sorted parts. follow: brings the feed up to now; a long window
    stops for it again and again, so that live readings never wait for old ones.
    """

    def __init__(self, writer: CacheWriter, scratch: Path, scope: str, announce: Announce, follow: Follow) -> None:
        self._writer = writer
        self._progress = writer.progress
        self._scratch = scratch
        self._scope = scope
        self._announce = announce
        self._follow = follow
        self._ahead = Ahead()
        self.rows = 0

    def close(self) -> None:
        self._ahead.close()

    # --- what is to be done ---------------------------------------------------------------
    def plan(self, central: Central, hello: Hello) -> None:
        """Put in the line what a cold start or a long absence needs; nothing when the feed will do."""
        line = self._progress.wanted()
        first = line[0] if line and line[0].kind == "first" else None
        if first is not None and first.from_t > hello.now_t - STALE_PLAN_S:
            return
        if not self._writer.cursor("obs"):
            self._progress.plan(all_windows("first", self._scope, hello.now_t, self._days(central, hello, "")), 0)
        elif self.behind_s(hello) > BEHIND_S and "days" in hello.features:
            asof = self._asof(hello)
            self._progress.plan(missed_windows(self._scope, asof, hello.now_t), int(asof))

    def behind_s(self, hello: Hello) -> float:
        """Return how long ago, by the centre's wall clock, the cache was known to be complete."""
        link = self._writer.link()
        return hello.real_t - float(link.get("asof_real") or link.get("last_ok") or hello.real_t)

    def _asof(self, hello: Hello) -> float:
        """Return the centre's time up to which the cache was complete."""
        link = self._writer.link()
        return min(float(link.get("asof") or link.get("last_now") or 0.0), hello.now_t)

    def _days(self, central: Central, hello: Hello, after: str) -> list[int] | None:
        if "days" not in hello.features:
            return None
        try:
            return [day_number(text) for text in central.days(after)]
        except ValueError as exc:
            raise WireFormatError(f"days: {exc}") from exc

    def add_scope(self, central: Central, hello: Hello, added: str) -> list[Window]:
        """Return the windows that a newly wanted part needs."""
        return all_windows("fill", added, hello.now_t, self._days(central, hello, "")) if added else []

    # --- doing it -------------------------------------------------------------------------
    def step(self, central: Central, hello: Hello, latest: str = "") -> bool:
        """Fetch the next window; True when more are waiting.

        latest: the cursor that the latest values came with, where the feed is still to begin.

        Raises:
            BackendError: it broke off; the window stays in the line.
        """
        line = self._progress.wanted()
        if not line:
            return self._check_some_day(central, hello)
        window = line[0]
        if window.kind == "day":
            self._compare(central, hello, window)
        else:
            self._fetch(central, hello, window, latest)
        self._announce("history", {"from": window.from_t, "to": window.to_t})
        return len(line) > 1 or window.kind == "first"

    def waits_for_first(self) -> bool:
        """Tell whether the feed must wait: its cursor is to come from a snapshot."""
        line = self._progress.wanted()
        return bool(line) and line[0].kind == "first"

    def _fetch(self, central: Central, hello: Hello, window: Window, latest: str) -> None:
        before = self._writer.cursor("obs")
        live = Breath(lambda: self._follow(central, hello)) if window.kind == "fill" else None
        taken = self._download(central, hello, window, live)
        self._begin_next(central, hello)
        again = self._progress.begin(window)
        # what an added part finds here is of the other parts, unless a try of its own broke off
        held = self._writer.days_held(window.from_t, window.to_t) if again or window.scope == self._scope else []
        for page in taken.pages():
            self._writer.apply(page, None)
            self.rows += len(page[0])
            tell_series(self._announce, page[0])
            if live is not None:
                live()
        self._writer.settle_rows()
        late = day_windows(self._scope, held)  # a page adds rows; what is here and not there any more is found so
        if window.kind != "first":
            self._progress.finish(window, self._not_after(taken.cursor), late)
            return
        if before:
            days = set(self._days(central, hello, before) or ()) - set(held)
            late += day_windows(self._scope, days, since(self._asof(hello)))
        now = {"asof": repr(hello.now_t), "asof_real": repr(hello.real_t)}
        begin = min(taken.cursor, latest or taken.cursor, key=seq_of)
        self._progress.finish(window, begin, late, **now)

    def _download(self, central: Central, hello: Hello, window: Window, live: Breath | None) -> Snapshot:
        self._ahead.wait(window, live)
        taken = Snapshot(self._scratch, hello.epoch, window)
        taken.clear_others()
        taken.download(central, live)
        return taken

    def _begin_next(self, central: Central, hello: Hello) -> None:
        """Let the next stretch of history come while this one is written."""
        line = self._progress.wanted()
        if len(line) > 1 and line[1].kind == "fill":
            self._ahead.start(central, line[1], Snapshot(self._scratch, hello.epoch, line[1]).download)

    def _not_after(self, cursor: str) -> str | None:
        """Return where the feed has to go back to: an older snapshot may bring back what was deleted since."""
        return cursor if seq_of(cursor) < seq_of(self._writer.cursor("obs")) else None

    # --- days -----------------------------------------------------------------------------
    def _compare(self, central: Central, hello: Hello, window: Window) -> None:
        if "digest" not in hello.features:
            self._replace(central, hello, window)
            return
        day = day_of(window.to_t)
        answer = central.digest(day_text(day), window.scope)
        settled = seq_of(answer.touched) <= seq_of(self._writer.cursor("obs"))
        here = self._writer.digest(window.from_t, window.to_t)
        if not settled or (here.count, f"{here.xor:016x}") != (answer.count, answer.xor):
            self._replace(central, hello, window)
        self._progress.note_checked(day, answer.touched, time.time())

    def _replace(self, central: Central, hello: Hello, window: Window) -> None:
        taken = self._download(central, hello, window, Breath(lambda: self._follow(central, hello)))
        changed = self._writer.replace(window.from_t, window.to_t, taken.pages())
        self._writer.settle_rows()
        self._progress.finish(window, self._not_after(taken.cursor))
        self.rows += len(changed)
        tell_series(self._announce, np.array(sorted(changed), np.int64))

    def _check_some_day(self, central: Central, hello: Hello) -> bool:
        """Compare one closed day that was not compared for a week; True when more are due after a change."""
        if "digest" not in hello.features:
            return False
        due = self.days_due(hello)
        if due:
            start, end = day_window(due[0])
            self._compare(central, hello, Window("day", self._scope, start, end))
        return False

    def days_due(self, hello: Hello) -> list[int]:
        """Return the closed days, newest first, that are here whole and want a comparison."""
        last = day_of(int(hello.now_t) - HOUR_S) - 1
        first = max(day_of(hello.first_t or 0), last - CHECK_DAYS + 1)
        checked, now = self._progress.checked(), time.time()
        due = [d for d in range(last, first - 1, -1) if now - checked.get(d, 0.0) > CHECK_AGAIN_S]
        here = [self._progress.coverage(part) for part in scope_parts(self._scope)]
        return [d for d in due if not any(gaps(spans, *day_window(d)) for spans in here)]


class Breath:
    """Does something each few seconds when called between two pieces of long work."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._last = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._last >= LIVE_EVERY_S:
            self._work()
            self._last = time.monotonic()


class Snapshot:
    """One download, then read page by page; cursor is known once the first page was asked for."""

    def __init__(self, scratch: Path, epoch: str, window: Window) -> None:
        self._epoch = epoch
        self._window = window
        scope = window.scope.encode("utf-8").hex()[:60] if window.scope != ALL else ALL
        self._path = scratch / f"snap-{epoch[:8]}-{scope}-{window.from_t}-{window.to_t}.gz"
        self.cursor = ""

    def clear_others(self) -> None:
        """Drop downloads that nobody will go on with."""
        for old in set(self._path.parent.glob("snap-*")) - {self._path, self._path.with_suffix(".etag")}:
            old.unlink(missing_ok=True)

    def download(self, central: Central, between: Callable[[], None] | None = None) -> None:
        """Bring the file here.

        Raises:
            BackendError: it broke off; what is downloaded stays and is gone on with the next time.
        """
        window = self._window
        self._path.parent.mkdir(parents=True, exist_ok=True)
        central.snapshot(window.from_t, window.to_t, self._path, window.scope, between)

    def pages(self) -> Iterator[Columns]:
        """Yield the snapshot's readings; the file is gone afterwards.

        Raises:
            WireFormatError: it is damaged or ends early.
            ResyncRequired: it is of another epoch.
        """
        whole = False
        try:
            for page in snapshot_pages(self._path):
                if "next" in page:
                    self._head(page)
                elif "cols" in page:
                    yield self._inside(columns(page["cols"]))
                whole = whole or bool(page.get("end"))
        finally:
            self._path.unlink(missing_ok=True)
            self._path.with_suffix(".etag").unlink(missing_ok=True)
        if not whole or not self.cursor:
            raise WireFormatError("snapshot ended early")

    def _head(self, page: Mapping[str, Any]) -> None:
        if page.get("epoch") != self._epoch:
            raise ResyncRequired("epoch-changed")
        if page.get("scope", self._window.scope) != self._window.scope:
            raise WireFormatError("snapshot of another scope")
        self.cursor = str(page["next"])

    def _inside(self, cols: Columns) -> Columns:
        t = cols[1]
        if len(t) and not (self._window.from_t <= int(t.min()) and int(t.max()) <= self._window.to_t):
            raise WireFormatError("snapshot reading outside its window")
        return cols
