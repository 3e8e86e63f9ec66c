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
from backend_client.mqtt import Broker
from backend_client.session import Credentials, Session
from backend_client.wire import Hello
from console.domain.time import steady_s
from console.errors import StoreError
from console.paths import DataHome
from console.processes import (
    MADE_WAY,
    Endpoint,
    leave_with_parent,
    new_token,
    publish,
    sole_owner,
)
from console.settings import Settings
from console.store.cache_writer import CacheWriter
from console.store.keys import OpsKey
from console.store.ops import OpsStore
from console.store.presence import is_marked
from console.store.rebuild import open_cache, rebuild, retire
from console.store.sqlite import DatabaseError
from console.sync.announce import AnnounceServer
from console.sync.bundle_desk import BundleDesk
from console.sync.doorbell import DoorbellWait
from console.sync.keeping import Keeper
from console.sync.link import LinkState
from console.sync.login import SignIn, client_of, vault_of
from console.sync.outbound import Outbound
from console.sync.pull import Puller, SchemaMismatch
from console.sync.rooms import DeskCommands

log = logging.getLogger(__name__)
POLL_S = 15.0
STORE_AWAY = "store-unavailable"  # the problem code of a centre whose database does not answer
LINGER_S = 5.0
RETRY_MAX_S = 5.0  # an embedded centre comes back within seconds


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """central: returns the current address and token of the centre, None while unknown.

    key: opens ops.db; without it this process pulls only, and makes way for one that has it.
    scope: what part of the province to keep, as in the settings.
    broker: an MQTT broker that carries the doorbell, None for the centre's own event stream.
    login: settings that name the identity provider whose sign-in takes the token's place.
    """

    home: DataHome
    source: str
    central: Callable[[], Endpoint | tuple[str, str] | None] | None
    child: bool = False
    key: OpsKey | None = None
    scope: str = "all"
    broker: Broker | None = None
    keep_days: int = 400
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
        self._commands = DeskCommands(self._server.announce)
        self._bundles = BundleDesk(options.home, self._profile, self._server.announce, options.key)
        self._orphaned = threading.Event()
        self._service = ""
        self._hang_up = threading.Event()
        self._login: SignIn | None = None
        if options.login is not None:
            client = client_of(options.login, lambda: time.time() + self._link.skew_s)
            self._login = SignIn(client, vault_of(options.login), self._signed)
        self._fault: BaseException | None = None
        self.made_way = False
        self._keeper = Keeper(self._profile, options.key, self._server.announce, options.keep_days)
        self._outbound = self._make_outbound(options.key) if options.key is not None else None

    def _make_outbound(self, key: OpsKey) -> Outbound:
        took = self._wake_pull.set
        return Outbound(self._profile, key, self._session, self._link, self._keeper, self._server, self._stop, took)

    def _push_thread(self) -> None:
        """Entries leave as soon as the centre answers at all, whatever the downloads do."""
        if self._outbound is not None:
            self._outbound.run()

    def _wake_push(self) -> None:
        if self._outbound is not None:
            self._outbound.wake()

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
            for work in (self._pull_thread, self._push_thread, self._doorbell_thread, self._keeper_thread)
        ]
        threads[2].daemon = True  # sits in a blocking read
        threads[3].daemon = True  # may be in the middle of a long check
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
        self._wake_push()
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
        if name == "make-way":  # a window has the key
            self.made_way = self._options.key is None
            if self.made_way:
                self._stop.set()
            return
        if name == "ops":
            self._wake_push()
        elif name == "file":
            if self._outbound is not None:
                self._outbound.want_file(str(doc.get("sha256")))
        elif name in ("room", "player"):
            self._commands.put(doc)
        elif name == "bundle":
            self._bundles.put(doc)
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
        writer = self._open_cache()
        puller = Puller(writer, self._server.announce, self._profile.run, self._options.scope)
        holder: list[Session] = []
        failures = 0
        try:
            while not self._stop.is_set():
                self._wake_pull.clear()
                if any(work := self._keeper.take_work()):
                    puller.close()
                    writer.close()
                    writer = self._serviced(*work)
                    puller = Puller(writer, self._server.announce, self._profile.run, self._options.scope)
                self._bundles.take_waiting(writer)
                failures = 0 if self._pull_once(puller, holder) else failures + 1
                if failures:
                    self._stop.wait(min(RETRY_MAX_S, 0.25 * 2.0 ** min(failures, 8)) * random.uniform(0.7, 1.0))
                else:
                    self._wake_pull.wait(POLL_S * random.uniform(0.7, 1.0))
        finally:
            for session in holder:
                session.close()
            puller.close()
            writer.close()

    def _open_cache(self) -> CacheWriter:
        writer, damaged = open_cache(self._profile, time.time(), self._known_epoch())
        if damaged:
            self._keeper.rebuilt(damaged)
        return writer

    def _serviced(self, damaged: list[str], old: list[str]) -> CacheWriter:
        """Set damaged files aside and remove old months while the cache is closed; opens it again."""
        rebuild(self._profile, damaged, time.time(), self._known_epoch())
        retire(self._profile, old)
        writer = self._open_cache()
        if damaged:
            self._keeper.rebuilt(damaged)
            self._server.announce("objects", {})  # the windows read their picture anew
        return writer

    def _known_epoch(self) -> str:
        if self._options.key is None or not self._profile.ops.exists():
            return ""
        try:
            store = OpsStore(self._profile.ops, self._options.key)
        except StoreError as exc:
            log.warning("epoch not known: %s", exc)
            return ""
        try:
            return store.epoch()
        finally:
            store.close()

    def _keeper_thread(self) -> None:
        self._keeper.run(self._stop)

    def _pull_once(self, puller: Puller, holder: list[Session]) -> bool:
        """Do one round; False when it failed in a way that wants a pause."""
        try:
            central = self._session(holder)
            hello = self._greet(puller, central)
            if self._commands.player(central):
                hello = self._greet(puller, central)
            self._link.reachable = True
            self._wake_push()
            if not self._keeper.has_room():
                return self._failed("disk", "less than 2 GB free", holder)
            if puller.round(central, hello):
                self._wake_pull.set()  # more of the past is to be fetched: at once
            self._commands.rooms(central)
        except ResyncRequired as exc:
            log.info("resync: %s", exc.code)
            puller.forget()
            self._wake_pull.set()
            return False
        except BackendUnavailable as exc:
            self._link.reachable = False
            state = "store" if STORE_AWAY in str(exc) else "down"
            return self._failed(state, str(exc), holder)
        except Untrusted as exc:
            self._link.reachable = False
            return self._failed("tls", exc.code, holder)
        except LoginFailed as exc:
            self._link.reachable = False
            return self._failed("login", exc.code, holder)
        except BackendRefused as exc:
            if exc.status == 401:
                self._link.reachable = False  # entries wait for the next token, then leave at once
            return self._failed("scope" if exc.code == "unknown-scope" else "refused", exc.code, holder)
        except SchemaMismatch as exc:
            self._link.reachable = False  # nothing is sent to a centre that may read it otherwise
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
        sent = steady_s()
        hello = central.hello()
        self._service = hello.service
        clock = self._link.heard(hello, sent, steady_s(), time.time())
        self._offer_again(hello.epoch)
        if puller.greet(hello):
            self._server.announce("epoch", {})
        self._server.announce("clock", clock, keep=True)
        return hello

    def _offer_again(self, epoch: str) -> None:
        """Without the key this waits: ops.db has its own note of the epoch that it knows."""
        if self._options.key is None:
            return
        store = OpsStore(self._profile.ops, self._options.key)
        try:
            again = store.new_epoch(epoch)
        finally:
            store.close()
        if again:
            log.info("epoch changed: %s ops offered again", again)

    def _failed(self, state: str, detail: str, holder: list[Session]) -> bool:
        if self._link.become(state, detail[:300]):
            log.warning("link %s: %s", state, detail[:300])
        self._server.announce("link", self._link.to_doc(), keep=True)
        while holder:
            holder.pop().close()
        return False

    # --- doorbell -------------------------------------------------------------------------
    def _doorbell_thread(self) -> None:
        holder: list[Session] = []
        wait = DoorbellWait(self._stop, self._rang, self._options.broker, lambda: self._service, self._hang_up)
        while not self._stop.is_set():
            self._hang_up.clear()
            try:
                wait.once(lambda: self._session(holder))
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


def run_sync(options: SyncOptions) -> int:
    """Run until told to stop; blocks; returns the exit status.

    Raises:
        AlreadyRunning: this profile's cache has a writer already.
        StoreError: the cache cannot be used.
    """
    profile = options.home.profile(options.source)
    with sole_owner(profile.folder, "sync"):
        if options.key is not None and not is_marked(profile.ops):  # a marked one is recovered by the push thread
            store = OpsStore(profile.ops, options.key)
            store.keep_reserve()
            store.close()
        process = SyncProcess(options)
        asyncio.run(process.run())
    return MADE_WAY if process.made_way else 0
