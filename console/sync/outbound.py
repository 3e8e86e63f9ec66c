"""What leaves this machine: entries first, then their files; and files that a window asks for."""

from __future__ import annotations

import logging
import queue
import re
import threading
import time
from collections.abc import Callable

from backend_client.central import Central
from backend_client.errors import BackendError
from backend_client.session import Session
from console.errors import StoreError
from console.paths import Profile
from console.store.attachment_table import AttachmentTable
from console.store.attachments import AttachmentFolder
from console.store.keys import OpsKey
from console.store.ops import OpsStore
from console.store.sqlite import DatabaseError
from console.sync.announce import AnnounceServer
from console.sync.keeping import Keeper
from console.sync.link import LinkState
from console.sync.parcels import ParcelPusher
from console.sync.push import Pusher

log = logging.getLogger(__name__)
UNSAVED_KEPT_S = 7 * 86400.0  # copies of files that were chosen, but whose entry was never saved


class Outbound:
    """The push thread. client(holder) returns a client for where the centre is now; took() is called
    when the centre took something.
    """

    def __init__(
        self,
        profile: Profile,
        key: OpsKey,
        client: Callable[[list[Session]], Central],
        link: LinkState,
        keeper: Keeper,
        server: AnnounceServer,
        stop: threading.Event,
        took: Callable[[], None],
    ) -> None:
        self._profile, self._key, self._client = profile, key, client
        self._link, self._keeper, self._announce = link, keeper, server.announce
        self._stop, self._took = stop, took
        self._wake = threading.Event()
        self._wanted: queue.SimpleQueue[str] = queue.SimpleQueue()

    def wake(self) -> None:
        self._wake.set()

    def want_file(self, sha256: str) -> None:
        """Fetch a file that another desk attached, with the next round."""
        self._wanted.put(sha256)
        self._wake.set()

    def run(self) -> None:
        """Entries leave as soon as the centre answers at all, whatever the downloads do."""
        while not self._stop.is_set():
            try:
                store = OpsStore(self._profile.ops, self._key)
            except StoreError as exc:  # being recovered, or held open by a window
                log.warning("outbox not open: %s", exc)
                self._stop.wait(1.0)
            else:
                self._keeper.tell()  # opening it may have recovered it
                self._push_from(store)

    def _push_from(self, store: OpsStore) -> None:
        """Push until told to stop, or until the file is to be opened anew."""
        holder: list[Session] = []
        pusher = Pusher(store, lambda: self._client(holder))
        table = AttachmentTable(store)
        folder = AttachmentFolder(self._profile.attachments, table.key())
        folder.forget_unsaved({p.sha256 for p in table.all()}, time.time() - UNSAVED_KEPT_S)
        parcels = ParcelPusher(
            table,
            folder,
            lambda: self._client(holder),
            pusher.pace,
            lambda: bool(store.due(time.time(), 1)) or self._stop.is_set(),
        )
        was_reachable = False
        try:
            while not (self._stop.is_set() or store.must_reopen):
                self._wake.clear()
                try:
                    if self._link.reachable and not was_reachable:
                        store.retry_now()
                        table.retry_now()
                    was_reachable = self._link.reachable
                    if was_reachable and pusher.drain():
                        self._took()
                    self._tell_outbox(store, table, pusher.audit_whole)
                    if was_reachable and parcels.drain():
                        self._tell_outbox(store, table, pusher.audit_whole)
                    self._fetch_files(parcels)
                except DatabaseError as exc:
                    log.warning("outbox not usable now: %s", store.trouble(exc))
                    self._keeper.tell()
                    self._stop.wait(1.0 if store.must_reopen else 5.0)
                self._wake.wait(2.0)
        finally:
            for session in holder:
                session.close()
            store.close()

    def _fetch_files(self, parcels: ParcelPusher) -> None:
        """Get what a window asked for; it is told how that ended."""
        while not self._wanted.empty():
            sha256 = self._wanted.get()
            try:
                state = parcels.fetch(sha256) if re.fullmatch(r"[0-9a-f]{64}", sha256) else "not-found"
            except (BackendError, OSError) as exc:
                log.info("file %s not fetched: %r", sha256[:12], exc)
                state = "disk" if isinstance(exc, OSError) else "down"
            self._announce("file", {"sha256": sha256, "state": state})

    def _tell_outbox(self, store: OpsStore, table: AttachmentTable, audit_whole: bool) -> None:
        count, oldest = store.waiting()
        files, size = table.waiting()
        doc = {"waiting": count, "oldest": oldest, "files": files, "bytes": size, "audit_whole": audit_whole}
        self._announce("outbox", doc, keep=True)
