"""The sync process: pulls, pushes, listens to the doorbell, announces to the windows.

Three threads that share nothing but events and a link state: the pull thread owns the cache
files, the push thread the outbox, the doorbell thread only wakes them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import ssl
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
    Untrusted,
    WireFormatError,
)
from backend_client.identity import LoginFailed
from backend_client.session import Credentials, Session
from backend_client.wire import Hello
from console.errors import StoreError
from console.paths import DataHome
from console.processes import (
    Endpoint,
    leave_with_parent,
    new_token,
    publish,
    sole_owner,
)
from console.settings import Settings
from console.store.cache_writer import CacheWriter
from console.store.ops import OpsStore
from console.store.sqlite import DatabaseError
from console.sync.announce import AnnounceServer
from console.sync.link import LinkState
from console.sync.login import SignIn, client_of, vault_of
from console.sync.pull import Puller, SchemaMismatch
from console.sync.push import Pusher
from console.sync.rooms import DeskCommands

log = logging.getLogger(__name__)
POLL_S = 15.0
LINGER_S = 5.0
RETRY_MAX_S = 5.0  # an embedded centre comes back within seconds
NINETY_DAYS_S = 90 * 86400.0


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """central: returns the current address and token of the centre, None while unknown.

    login: settings that name the identity provider whose sign-in takes the token's place.
    """

    home: DataHome
    source: str
    central: Callable[[], Endpoint | tuple[str, str] | None] | None
    child: bool = False
    tls: ssl.SSLContext | None = None
    login: Settings | None = None


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
        self._commands = DeskCommands(self._server.announce)
        self._orphaned = threading.Event()
        self._hang_up = threading.Event()
        self._login: SignIn | None = None
        if options.login is not None:
            client = client_of(options.login, lambda: time.time() + self._link.skew_s)
            self._login = SignIn(client, vault_of(options.login), self._signed)
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
        if self._login is not None:
            self._login.close()
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
        elif name in ("room", "player"):
            self._commands.put(doc)
        elif name in ("login", "login-cancel", "logout") and self._login is not None:
            self._login.command(doc)
        if name != "ops":
            self._wake_pull.set()

    def _signed(self, doc: Mapping[str, Any]) -> None:
        self._server.announce("login", doc, keep=True)
        if doc.get("state") == "out":
            self._hang_up.set()  # the doorbell's line was opened for a person who is gone
        self._wake_pull.set()

    # --- pull -----------------------------------------------------------------------------
    def _session(self, holder: list[Session]) -> Central:
        """Return a client for where the centre is now.

        Raises:
            BackendUnavailable: the centre has not said where it listens.
        """
        url, token = self._centre()
        if holder and (holder[0].base_url, holder[0].token) != (url, token):
            holder.pop().close()
        if not holder:
            holder.append(Session(url, token, tls=self._options.tls))
        return Central(holder[0])

    def _centre(self) -> tuple[str, str | Credentials]:
        if self._login is not None:
            return self._options.source.rstrip("/"), self._login.credentials
        found = self._options.central() if self._options.central is not None else None
        if found is None:
            raise BackendUnavailable("no endpoint")
        return (found.url, found.token) if isinstance(found, Endpoint) else found

    def _pull_thread(self) -> None:
        writer = CacheWriter(self._profile)
        puller = Puller(writer, self._server.announce, self._profile.run)
        holder: list[Session] = []
        failures = 0
        try:
            while not self._stop.is_set():
                self._wake_pull.clear()
                failures = 0 if self._pull_once(puller, holder) else failures + 1
                if failures:
                    self._stop.wait(min(RETRY_MAX_S, 0.25 * 2.0 ** min(failures, 8)) * random.uniform(0.7, 1.0))
                else:
                    self._wake_pull.wait(POLL_S * random.uniform(0.7, 1.0))
        finally:
            for session in holder:
                session.close()
            writer.close()

    def _pull_once(self, puller: Puller, holder: list[Session]) -> bool:
        """Do one round; False when it failed in a way that wants a pause."""
        try:
            central = self._session(holder)
            hello = self._greet(puller, central)
            if self._commands.player(central):
                hello = self._greet(puller, central)
            self._link.reachable = True
            self._wake_push.set()
            puller.round(central, hello)
            self._commands.rooms(central)
        except ResyncRequired as exc:
            log.info("resync: %s", exc.code)
            puller.forget()
            self._wake_pull.set()
            return False
        except BackendUnavailable as exc:
            self._link.reachable = False
            return self._failed("down", str(exc), holder)
        except Untrusted as exc:
            self._link.reachable = False
            return self._failed("tls", exc.code, holder)
        except LoginFailed as exc:
            self._link.reachable = False
            return self._failed("login", exc.code, holder)
        except BackendRefused as exc:
            return self._failed("refused", exc.code, holder)
        except SchemaMismatch as exc:
            return self._failed("schema", str(exc), holder)
        except (DatabaseError, StoreError, OSError) as exc:
            return self._failed("disk", str(exc), holder)
        except (WireFormatError, ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as exc:
            return self._failed("garbage", repr(exc), holder)
        self._link.become("up")
        self._server.announce("link", self._link.to_doc(), keep=True)
        return True

    def _greet(self, puller: Puller, central: Central) -> Hello:
        """Hear the centre's clock and epoch; entries are offered again before the cache is touched."""
        sent = time.monotonic()
        hello = central.hello()
        clock = self._link.heard(hello, sent, time.monotonic(), time.time())
        store = OpsStore(self._profile.ops)
        try:
            again = store.new_epoch(hello.epoch, time.time() - NINETY_DAYS_S)
        finally:
            store.close()
        if again:
            log.info("epoch changed: %s ops offered again", again)
        if puller.greet(hello):
            self._server.announce("epoch", {})
        self._server.announce("clock", clock, keep=True)
        return hello

    def _failed(self, state: str, detail: str, holder: list[Session]) -> bool:
        if self._link.become(state, detail[:300]):
            log.warning("link %s: %s", state, detail[:300])
        self._server.announce("link", self._link.to_doc(), keep=True)
        while holder:
            holder.pop().close()
        return False

    # --- push -----------------------------------------------------------------------------
    def _push_thread(self) -> None:
        """Entries leave as soon as the centre answers at all, whatever the downloads do."""
        store = OpsStore(self._profile.ops)
        store.retry_now()
        holder: list[Session] = []
        pusher = Pusher(store, lambda: self._session(holder))
        was_reachable = False
        try:
            while not self._stop.is_set():
                self._wake_push.clear()
                try:
                    if self._link.reachable and not was_reachable:
                        store.retry_now()
                    was_reachable = self._link.reachable
                    if was_reachable and pusher.drain():
                        self._wake_pull.set()
                    count, oldest = store.waiting()
                    self._server.announce("outbox", {"waiting": count, "oldest": oldest}, keep=True)
                except DatabaseError as exc:
                    log.warning("outbox not usable now: %s", exc)
                    self._stop.wait(5.0)
                self._wake_push.wait(2.0)
        finally:
            for session in holder:
                session.close()
            store.close()

    # --- doorbell -------------------------------------------------------------------------
    def _doorbell_thread(self) -> None:
        holder: list[Session] = []
        last_id: str | None = None
        while not self._stop.is_set():
            self._hang_up.clear()
            try:
                for event_id, event, data in self._session(holder).events(last_id):
                    last_id = event_id or last_id
                    self._rang(event, data)
                    if self._stop.is_set() or self._hang_up.is_set():
                        break
            except BackendError as exc:
                log.info("doorbell: %s", exc)
                if self._link.state == "up":
                    self._wake_pull.set()
            while holder:
                holder.pop().close()
            self._stop.wait(random.uniform(0.5, 1.5))

    def _rang(self, event: str, data: Mapping[str, Any]) -> None:
        if event == "situation":
            self._commands.fetch(str(data.get("room")))
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
