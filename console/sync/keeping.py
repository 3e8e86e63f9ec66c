"""The keeper of the local files: checks in the background, hourly copies, retention, the reserve.

It runs in a thread of its own and touches no file that the pull thread writes: what it finds
damaged there it only names, and the pull thread sets it aside between two rounds.
"""

from __future__ import annotations

import json
import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from console.errors import StoreError
from console.paths import Profile
from console.store.backups import back_up, is_due
from console.store.checkup import NotChecked, cache_files, damage_of
from console.store.keys import OpsKey
from console.store.presence import is_marked, mark_damaged
from console.store.rebuild import old_months
from console.store.recovery import last_recovery
from console.store.reserve import Reserve
from console.store.sqlite import DatabaseError

log = logging.getLogger(__name__)
EVERY_S = 60.0
WEEK_S = 7 * 86400.0
STOP_FREE_BYTES = 2 * 1024**3  # below this, telemetry stops and entries go on
TOLD_S = 600.0
Announce = Callable[..., None]


class Keeper:
    """Built and run by the sync process; only take_work() and rebuilt() are called by its pull thread."""

    def __init__(self, profile: Profile, key: OpsKey | None, announce: Announce, keep_days: int) -> None:
        self._profile = profile
        self._key = key
        self._announce = announce
        self._keep_days = keep_days
        self._lock = threading.Lock()
        self._damaged: set[str] = set()
        self._old: set[str] = set()
        self._rebuilt: list[str] = []
        self._told: Mapping[str, Any] | None = None

    def run(self, stop: threading.Event) -> None:
        """Check everything once, then keep house each minute until told to stop."""
        self.check(time.time(), stop)
        while not stop.is_set():
            self.keep_house(time.time())
            stop.wait(EVERY_S)

    # --- checks -----------------------------------------------------------------------------
    def check(self, now: float, stop: threading.Event | None = None) -> None:
        """Look at every file; the thorough way once a week."""
        note = self._profile.folder / "checked.json"
        deep = now - _noted(note) > WEEK_S
        files = [(p, None) for p in cache_files(self._profile)]
        keyed = [(self._profile.ops, self._key)] if self._key is not None else []
        for path, key in [*keyed, *files]:
            if stop is not None and stop.is_set():
                return
            try:
                found = damage_of(path, key, deep=deep)
            except (NotChecked, OSError) as exc:
                log.info("%s not checked: %s", path.name, exc)
                continue
            if found:
                log.error("%s is damaged: %s", path.name, found)
                self._found(path.name, path == self._profile.ops)
        if deep:
            note.write_text(json.dumps({"deep": now}), "ascii")

    def _found(self, name: str, is_ops: bool) -> None:
        if is_ops:
            mark_damaged(self._profile.ops)
            self.tell()
            return
        with self._lock:
            self._damaged.add(name)

    def take_work(self) -> tuple[list[str], list[str]]:
        """Return the files to set aside and the old months to remove, once."""
        with self._lock:
            found = sorted(self._damaged), sorted(self._old)
            self._damaged, self._old = set(), set()
        return found

    def rebuilt(self, names: list[str]) -> None:
        """The pull thread has set these aside: say so."""
        self._rebuilt += names
        self.tell()

    def tell(self) -> None:
        """Announce to the windows what was lost and rebuilt; only when it is news."""
        recovery = last_recovery(self._profile.ops)
        recent = recovery is not None and time.time() - recovery.at < TOLD_S
        told = {
            "rebuilt": self._rebuilt[-8:],
            "recovery": asdict(recovery) if recovery is not None and recent else None,
            "ops_damaged": is_marked(self._profile.ops),
        }
        if told != self._told and any(told.values() if self._told is None else (True,)):
            self._announce("store", told, keep=True)
            self._told = told

    # --- housekeeping -----------------------------------------------------------------------
    def keep_house(self, now: float) -> None:
        """One round; what fails now is tried again at the next one."""
        self.tell()
        with self._lock:
            self._old |= set(old_months(self._profile, now, self._keep_days))
        if self._key is None:
            return
        try:
            Reserve(self._profile.ops).keep()
            if not is_marked(self._profile.ops) and is_due(self._profile.ops, now):
                back_up(self._profile.ops, self._key, now)
        except (DatabaseError, StoreError, OSError) as exc:
            log.warning("no copy of ops.db now: %s", exc)

    def has_room(self) -> bool:
        """Tell whether telemetry may be written."""
        return shutil.disk_usage(self._profile.folder).free >= STOP_FREE_BYTES


def _noted(path: Any) -> float:
    try:
        return float(json.loads(path.read_text("ascii"))["deep"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0
