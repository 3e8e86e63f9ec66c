"""Wires one window's process: sync announcements into states, one render clock for all views."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from console.domain.situation import ServiceClock, first_layers
from console.domain.time import steady_s
from console.domain.topics import Topic
from console.domain.vocabulary import vocabulary_of
from console.engine.executor import Executor, PoolExecutor
from console.errors import ErrorHub, StoreError
from console.paths import DataHome, Profile
from console.processes import boot_mark
from console.services.consult_desk import ConsultDesk
from console.services.duty_desk import DutyDesk
from console.services.meeting_desk import MeetingDesk
from console.services.offline_login import OfflineLogin
from console.services.sync_link import SyncLink
from console.services.tasks import TaskScope
from console.services.works_health import WorksHealth
from console.state.board import BoardState
from console.state.desk import RECORD_KINDS, DeskState
from console.state.link import LinkStatus
from console.state.login import LoginStatus
from console.state.situation import SituationState
from console.state.sources import SourcesState
from console.store.cache_reader import CacheReader
from console.store.credential import CredentialStore
from console.store.keys import OpsKey
from console.store.token_vault import sound_keyring

TICK_MS = 200
OUTBOX_MS = 1500


@dataclass(frozen=True, slots=True)
class Source:
    """Which data source this process shows. personal: entries need a person who signed in."""

    home: DataHome
    name: str
    key: OpsKey | None = None  # without it this process shows, and saves nothing
    personal: bool = False
    executor: Callable[[], Executor] = PoolExecutor  # where what-ifs run

    @property
    def profile(self) -> Profile:
        return self.home.profile(self.name)


def silent_s(known: Mapping[str, str], wall_t: float, steady: float, boot: str) -> float:
    """Return how long ago the centre was last heard, as the cache remembers it.

    By the steady clock while the machine was not started again; only else by a clock that may be wrong.
    """
    if boot and known.get("boot") == boot and "last_steady" in known:
        return max(0.0, steady - float(known["last_steady"]))
    return max(0.0, wall_t - float(known.get("last_ok", wall_t)))


class Session(QObject):
    """States and the line to the sync process; owned by a window, closed with it.

    Signals:
        room_heard: (room, document) another window or console set.
        store_told: (document) local files were damaged, set aside, rebuilt or recovered.
        cache_problem: the cache cannot be read; arg is text for the banner, "" when it is well.
    """

    room_heard = Signal(str, dict)
    cache_problem = Signal(str)
    store_told = Signal(dict)

    def __init__(self, source: Source, hub: ErrorHub, topics: tuple[Topic, ...], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.topics = topics
        self.source = source
        self.hub = hub
        profile = source.profile
        self.situation = SituationState(parent=self)
        self.situation.set_layers(first_layers((t.code, t.layer.shown) for t in topics))
        self.board = BoardState(CacheReader(profile), vocabulary_of(topics), self)
        self.desk = DeskState(self)
        self.link = LinkStatus(self)
        self.sources = SourcesState(self)
        self.login = LoginStatus(self)
        self.sync = SyncLink(profile.sync_endpoint, self)
        self.tasks = TaskScope(hub.report)
        self.works = WorksHealth(self.board, self.tasks, self)
        scenarios = profile.ops.with_name("scenarios.db")
        self.consult = ConsultDesk(
            self.board,
            self.tasks,
            scenarios,
            source.home.root,
            source.key,
            self,
            executor=source.executor,
            cache=source.home.shared_cache,
        )
        self.offline = self._offline_login() if source.personal else None
        if self.offline is not None:
            self.offline.changed.connect(self.login.changed)
        self.board.changed.connect(self._forecast_reaches)
        self.duty = DutyDesk(
            profile.ops,
            self.sync,
            lambda: self.link.skew_s,
            lambda: self.situation.current.to_json(self.situation.moment()),
            key=source.key,
            check_person=self.offline.check if self.offline is not None else lambda: None,
        )
        self.meetings = MeetingDesk(self.duty, self.desk, self)
        self.sync.heard.connect(self._heard)
        self.sync.connected_changed.connect(self._sync_changed)
        self.situation.changed.connect(self._situation_changed)
        self._clock = QTimer(self, interval=TICK_MS)
        self._clock.timeout.connect(self.situation.tick)
        self._outbox = QTimer(self, interval=OUTBOX_MS)
        self._outbox.timeout.connect(lambda: self.tasks.start("outbox", self.read_outbox()))
        self.announced_s = 0.0

    def _offline_login(self) -> OfflineLogin:
        store = CredentialStore(self.source.home.root / "offline.json", sound_keyring())
        return OfflineLogin(store, self.login, self.link, self)

    def _forecast_reaches(self) -> None:
        self.situation.ahead_t = self.board.board.ahead_t

    def start(self) -> None:
        """Show what the cache has at once, then follow the sync process."""
        if self.offline is not None:
            self.tasks.start("offline login", self.offline.start())
        self.tasks.start("first picture", self._first_picture())
        self.sync.connect_now()
        self._clock.start()
        self._outbox.start()

    async def close(self) -> None:
        self._clock.stop()
        self._outbox.stop()
        self.sync.close()
        await self.tasks.close()
        await self.consult.close()
        self.board.close()
        self.duty.close()
        if self.offline is not None:
            self.offline.close()

    # --- from the cache -------------------------------------------------------------------
    async def _first_picture(self) -> None:
        known = await self._guarded_link()
        last = known.get("last_now")
        if last and not self.situation.heard:
            since_s = silent_s(known, time.time(), steady_s(), boot_mark())
            replay = known.get("mode") == "replay"
            now = float(last) + (0.0 if replay else since_s)
            self.link.remember(known.get("mode", ""), known.get("title", ""))
            self.situation.set_service(ServiceClock(now, self.situation.ref(), running=not replay))
        await self._reload()
        await self.read_sources()
        await self.read_records(RECORD_KINDS)
        await self.read_outbox()

    async def _guarded_link(self) -> Mapping[str, str]:
        try:
            return dict(await self.board.read_link())
        except StoreError as exc:
            self.cache_problem.emit(f"{exc.what}{exc.next_step}")
            return {}

    async def _reload(self) -> None:
        try:
            await self.board.reload_reference()
        except StoreError as exc:
            self.cache_problem.emit(f"{exc.what}{exc.next_step}")
            return
        self.cache_problem.emit("")
        await self._picture()

    async def _picture(self) -> None:
        situation = self.situation
        try:
            await self.board.show(situation.moment(), situation.now(), situation.current.clock.mode)
        except StoreError as exc:
            self.cache_problem.emit(f"{exc.what}{exc.next_step}")

    async def read_records(self, kinds: tuple[str, ...]) -> None:
        for kind in kinds:
            self.desk.set_records(kind, await self.board.read("records", kind))
        self.desk.join()

    async def read_sources(self) -> None:
        self.sources.set_docs(await self.board.read("objects", "sources"))

    async def read_outbox(self) -> None:
        try:
            before = self.desk.outbox
            self.desk.set_outbox(await self.duty.outbox())
            moved = self.desk.set_parcels(*await self.duty.parcels())
        except StoreError as exc:
            self.cache_problem.emit(f"{exc.what}{exc.next_step}")
            return
        if moved or self.desk.outbox != before:
            self.desk.join()

    # --- announcements ----------------------------------------------------------------------
    def _heard(self, kind: str, doc: dict[str, Any]) -> None:
        self.announced_s = time.monotonic()
        if kind == "clock":
            clock = ServiceClock(doc["now"], doc["ref"], doc["rate"], doc["running"], doc["mode"])
            self.link.heard_clock(doc)
            self.situation.set_service(clock)
        elif kind == "link":
            was_alone = self.link.alone
            self.link.heard_link(doc)
            if self.link.alone and not was_alone:
                self.situation.service_lost()
        elif kind == "login":
            self.login.heard(doc)
        elif kind == "changed":
            self.board.mark(doc.get("sids"))
            self.tasks.start("picture", self._picture())
        elif kind == "history":
            self.board.history += 1
            self.tasks.start("picture", self._picture())
        elif kind in ("objects", "epoch"):
            self.board.mark(None)
            self.tasks.start("reference", self._reload())
            if kind == "epoch":
                self.tasks.start("records", self.read_records(RECORD_KINDS))
        elif kind == "records":
            self.tasks.start("records", self.read_records(tuple(doc.get("kinds", ()))))
        elif kind == "sources":
            self.tasks.start("sources", self.read_sources())
        elif kind in ("outbox", "file"):
            self.link.audit_whole = bool(doc.get("audit_whole", self.link.audit_whole))
            self.tasks.start("outbox", self.read_outbox())
        elif kind == "store":
            self.store_told.emit(doc)
        elif kind == "room" and isinstance(doc.get("doc"), dict):
            self.room_heard.emit(str(doc.get("room")), doc["doc"])

    def _sync_changed(self, up: bool) -> None:
        if up and self.source.key is not None:
            self.sync.send({"cmd": "make-way"})  # heard by a sync process that has no key
        if not up:
            self.link.lost_sync()
            self.situation.service_lost()

    def _situation_changed(self, names: frozenset[str]) -> None:
        if names & {"time", "clock"}:
            self.tasks.start("picture", self._picture())

    def control_player(self, action: str, *, rate: float | None = None, t: float | None = None) -> None:
        self.sync.send({"cmd": "player", "action": action, "rate": rate, "t": t})

    # --- the person at this desk ------------------------------------------------------------
    def sign_in(self, how: str) -> None:
        """Ask for a login; how is browser or code. What to show comes back to this window alone."""
        self.sync.send({"cmd": "login", "how": how, "by": self.login.window})

    def cancel_login(self) -> None:
        self.sync.send({"cmd": "login-cancel"})

    def sign_out(self) -> None:
        self.sync.send({"cmd": "logout"})
        if self.offline is not None:
            self.offline.leave()

    async def take_passphrase(self, text: str) -> str:
        """Set the offline passphrase while signed in, else sign in with it; returns what came of it.

        Raises:
            ConsoleError: it was refused.
        """
        if self.offline is None:
            return ""
        if self.login.state == "in":
            await self.offline.set_passphrase(text)
            return "离线口令已设好：连不上中心时，72 小时内可用它登录记录。"
        await self.offline.unlock(text)
        return ""

    @property
    def person(self) -> str:
        """Return the name that entries are signed with, "" where anybody may give theirs."""
        return self.offline.name if self.offline is not None else self.login.name
