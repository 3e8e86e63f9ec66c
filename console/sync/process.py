"""The sync process: pulls, pushes, listens to the doorbell, announces to the windows.

Three threads that share nothing but events and a link state: the pull thread owns the cache
files, the push thread the outbox, the doorbell thread only wakes them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backend_client.central import Central
from backend_client.errors import (
    BackendError,
    BackendRefused,
    BackendUnavailable,
    ResyncRequired,
    WireFormatError,
)
from backend_client.session import Session
from console.paths import DataHome
from console.processes import (
    Endpoint,
    leave_with_parent,
    new_token,
    publish,
    sole_owner,
)
from console.store.cache_writer import CacheWriter
from console.store.ops import OpsStore
from console.store.sqlite import DatabaseError
from console.sync.announce import AnnounceServer
from console.sync.link import LinkState
from console.sync.pull import Puller, SchemaMismatch

log = logging.getLogger(__name__)
POLL_S = 15.0
LINGER_S = 5.0
BACKOFF_MAX_S = 300.0
RETRY_MAX_S = 5.0  # an embedded centre comes back within seconds
NINETY_DAYS_S = 90 * 86400.0


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """central: returns the current address and token of the centre, None while unknown."""

    home: DataHome
    source: str
    central: Callable[[], Endpoint | tuple[str, str] | None]
    child: bool = False


class SyncProcess:
    """Built and run by run_sync()."""

    def __init__(self, options: SyncOptions) -> None:
        self._options = options
        self._profile = options.home.profile(options.source)
        self._token = new_token()
        self._server = AnnounceServer(self._token, self._command)
        self._link = LinkState()
        self._stop = threading.Event()
        self._wake_pull = threading.Event()
        self._wake_push = threading.Event()
        self._commands: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        self._rooms: dict[str, Mapping[str, Any]] = {}
        self._orphaned = threading.Event()
        self._fault: BaseException | None = None

    async def run(self) -> None:
        port = await self._server.start()
        publish(
            self._profile.sync_endpoint,
            Endpoint("127.0.0.1", port, self._token, os.getpid()),
        )
        if self._options.child:
            leave_with_parent(self._orphaned.set)
        threads = [
            threading.Thread(target=self._guarded, args=(work,), name=work.__name__)
            for work in (self._pull_thread, self._push_thread, self._doorbell_thread)
        ]
        threads[2].daemon = True  # sits in a blocking read
        for thread in threads:
            thread.start()
        idle_s = 0.0
        while not self._stop.is_set() and idle_s < LINGER_S:
            await asyncio.sleep(0.25)
            lonely = self._orphaned.is_set() and not self._server.clients
            idle_s = idle_s + 0.25 if lonely else 0.0
        self._stop.set()
        self._wake_pull.set()
        self._wake_push.set()
        for thread in threads[:2]:
            await asyncio.to_thread(thread.join, 20.0)
        if self._fault is not None:
            raise self._fault

    def _guarded(self, work: Callable[[], None]) -> None:
        """A dead thread must not leave a process that looks alive: end it, it is restarted."""
        try:
            work()
        except BaseException as exc:
            log.exception("sync thread ended")
            self._fault = exc
            self._stop.set()

    # --- commands of the windows ----------------------------------------------------------
    def _command(self, doc: Mapping[str, Any]) -> None:
        name = doc.get("cmd")
        if name == "ops":
            self._wake_push.set()
        elif name == "pull":
            self._wake_pull.set()
        elif name in ("room", "player"):
            self._commands.put(doc)
            self._wake_pull.set()

    # --- pull -----------------------------------------------------------------------------
    def _session(self, holder: list[Session]) -> Central:
        """Return a client for where the centre is now.

        Raises:
            BackendUnavailable: the centre has not said where it listens.
        """
        found = self._options.central()
        if found is None:
            raise BackendUnavailable("no endpoint")
        url, token = (found.url, found.token) if isinstance(found, Endpoint) else found
        if holder and (holder[0].base_url, holder[0].http.headers["authorization"]) != (
            url,
            f"Bearer {token}",
        ):
            holder.pop().close()
        if not holder:
            holder.append(Session(url, token))
        return Central(holder[0])

    def _pull_thread(self) -> None:
        writer = CacheWriter(self._profile)
        puller = Puller(writer, self._server.announce, self._profile.run)
        holder: list[Session] = []
        failures = 0
        try:
            while not self._stop.is_set():
                self._wake_pull.clear()
                ok = self._pull_once(puller, holder)
                failures = 0 if ok else failures + 1
                wait = POLL_S if ok else min(RETRY_MAX_S, 0.5 * 2 ** min(failures, 8))
                self._wake_pull.wait(wait * random.uniform(0.7, 1.0))
        finally:
            for session in holder:
                session.close()
            writer.close()

    def _pull_once(self, puller: Puller, holder: list[Session]) -> bool:
        try:
            central = self._session(holder)
            hello = self._greet(puller, central)
            self._forward_commands(central)
            puller.round(central, hello)
        except ResyncRequired as exc:
            log.info("resync: %s", exc.code)
            puller.forget()
            self._wake_pull.set()
            return True
        except BackendUnavailable as exc:
            return self._failed("down", str(exc), holder)
        except BackendRefused as exc:
            return self._failed("refused", exc.code, holder)
        except WireFormatError as exc:
            return self._failed("garbage", str(exc), holder)
        except SchemaMismatch as exc:
            return self._failed("schema", str(exc), holder)
        except DatabaseError as exc:
            return self._failed("disk", str(exc), holder)
        if self._link.become("up"):
            self._wake_push.set()
        self._server.announce("link", self._link.to_doc(), keep=True)
        return True

    def _greet(self, puller: Puller, central: Central) -> Any:
        sent = time.monotonic()
        hello = central.hello()
        clock = self._link.heard(hello, sent, time.monotonic(), time.time())
        if puller.greet(hello):
            self._server.announce("epoch", {})
            self._reoffer()
        self._server.announce("clock", clock, keep=True)
        return hello

    def _failed(self, state: str, detail: str, holder: list[Session]) -> bool:
        if self._link.become(state, detail[:300]):
            log.warning("link %s: %s", state, detail[:300])
        self._server.announce("link", self._link.to_doc(), keep=True)
        while holder:
            holder.pop().close()
        return False

    def _forward_commands(self, central: Central) -> None:
        """Send the newest room state and every player action; a room left over is sent later."""
        while not self._commands.empty():
            doc = self._commands.get()
            if doc.get("cmd") == "room" and isinstance(doc.get("doc"), dict):
                self._rooms[str(doc.get("room"))] = doc["doc"]
            elif doc.get("cmd") == "player":
                action = {k: doc[k] for k in ("action", "rate", "t") if doc.get(k) is not None}
                try:
                    central.player(action)
                except BackendRefused as exc:
                    self._server.announce("refused", {"what": "player", "code": exc.code})
                self._wake_pull.set()
        for room in list(self._rooms):
            if self._rooms[room].get("fetch"):
                self._fetch_room(central, room)
            else:
                central.put_room(room, self._rooms[room])
            del self._rooms[room]

    def _fetch_room(self, central: Central, room: str) -> None:
        try:
            revision, doc = central.room(room)
        except BackendRefused:
            return
        self._server.announce("room", {"room": room, "revision": revision, "doc": doc})

    # --- push -----------------------------------------------------------------------------
    def _reoffer(self) -> None:
        store = OpsStore(self._profile.ops)
        try:
            count = store.offer_again(time.time() - NINETY_DAYS_S)
        finally:
            store.close()
        log.info("epoch changed: %s ops offered again", count)
        self._wake_push.set()

    def _push_thread(self) -> None:
        store = OpsStore(self._profile.ops)
        holder: list[Session] = []
        tries = 0
        try:
            while not self._stop.is_set():
                self._wake_push.clear()
                if self._link.state == "up":
                    tries = self._push_once(store, holder, tries)
                count, oldest = store.waiting()
                self._server.announce("outbox", {"waiting": count, "oldest": oldest}, keep=True)
                self._wake_push.wait(2.0)
        finally:
            for session in holder:
                session.close()
            store.close()

    def _push_once(self, store: OpsStore, holder: list[Session], tries: int) -> int:
        """Send what is due until nothing is; return the count of failures in a row."""
        while ops := store.due(time.time()):
            try:
                answers = self._session(holder).send([op.to_wire() for op in ops])
            except (BackendUnavailable, WireFormatError, ResyncRequired) as exc:
                wait = min(BACKOFF_MAX_S, 2.0**tries) * random.uniform(0.5, 1.0)
                if isinstance(exc, BackendUnavailable) and exc.retry_after_s:
                    wait = max(wait, exc.retry_after_s)
                store.postponed([op.op_id for op in ops], time.time() + wait)
                return min(tries + 1, 9)
            except BackendError as exc:  # the whole batch was refused: find the culprit one by one
                if len(ops) == 1 or not isinstance(exc, BackendRefused):
                    code = exc.code if isinstance(exc, BackendRefused) else "refused"
                    store.answered(ops[0].op_id, "rejected", code)
                else:
                    self._one_by_one(store, holder, ops)
                continue
            known = {op.op_id for op in ops}
            for answer in answers:
                if answer.op_id in known:
                    store.answered(answer.op_id, answer.status, answer.code)
            missing = known - {a.op_id for a in answers}
            if missing:
                store.postponed(sorted(missing), time.time() + 30.0)
            self._wake_pull.set()
        return 0

    def _one_by_one(self, store: OpsStore, holder: list[Session], ops: list[Any]) -> None:
        for op in ops:
            try:
                for answer in self._session(holder).send([op.to_wire()]):
                    store.answered(op.op_id, answer.status, answer.code)
            except BackendRefused as exc:
                store.answered(op.op_id, "rejected", exc.code)
            except BackendError:
                store.postponed([op.op_id], time.time() + 5.0)

    # --- doorbell -------------------------------------------------------------------------
    def _doorbell_thread(self) -> None:
        holder: list[Session] = []
        last_id: str | None = None
        while not self._stop.is_set():
            try:
                for event_id, event, data in self._session(holder).events(last_id):
                    last_id = event_id or last_id
                    self._rang(event, data)
                    if self._stop.is_set():
                        break
            except BackendError as exc:
                log.info("doorbell: %s", exc)
                self._wake_pull.set()
            while holder:
                holder.pop().close()
            self._stop.wait(random.uniform(0.5, 1.5))

    def _rang(self, event: str, data: Mapping[str, Any]) -> None:
        if event == "situation":
            self._commands.put({"cmd": "room", "room": data.get("room"), "doc": {"fetch": True}})
        if event != "hb":
            self._wake_pull.set()


def run_sync(options: SyncOptions) -> None:
    """Run until told to stop; blocks.

    Raises:
        AlreadyRunning: this profile's cache has a writer already.
        StoreError: the cache cannot be used.
    """
    profile = options.home.profile(options.source)
    with sole_owner(profile.folder, "sync"):
        store = OpsStore(profile.ops)
        store.keep_reserve()
        store.close()
        asyncio.run(SyncProcess(options).run())
