"""May entries be made at this desk now, and by whom: signed in, or on leave from the centre.

Where the site has an identity provider, an entry needs a person: one who is signed in, or the last
one who was, for 72 h after the last contact, by a passphrase set while signed in.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from console.domain.offline import Leave, Reading, Standing, noted, renewed, standing, tried
from console.domain.roles import ENTRIES, allowed
from console.errors import ConsoleError, StoreError
from console.state.link import LinkStatus
from console.state.login import LoginStatus
from console.store.credential import Credential, CredentialStore, Person, WrongPassphrase, machine_clock, opened, sealed

log = logging.getLogger(__name__)
T = TypeVar("T")
NOTE_MS = 30_000
SHORTEST = 8
REFUSALS = {
    "expired": ("离线登录已满 72 小时，现在只能查看。", "请连上中心后重新登录。"),
    "backwards": ("本机时钟被调回过，离线登录停用，现在只能查看。", "请校准时钟，连上中心后重新登录。"),
    "locked": ("离线口令连错 5 次，已锁定。", "请 15 分钟后再试，或连上中心登录。"),
    "nobody": ("还没有登录，现在只能查看。", "请登录；连不上中心时可用离线口令。"),
    "role": ("登录的角色不能作记录，只能查看。", "需要记录时，请由值班人员登录。"),
    "none": ("这台机器没有离线登录。", "请先连上中心登录，并设一个离线口令。"),
    "wrong": ("离线口令不对。", "连错 5 次将锁定 15 分钟。"),
    "short": (f"离线口令少于 {SHORTEST} 个字符。", "请用更长的口令，例如一句话。"),
}


class Refused(ConsoleError):
    """Entries are not possible now. code: key of REFUSALS."""

    def __init__(self, code: str) -> None:
        super().__init__(*REFUSALS[code])
        self.code = code


class OfflineLogin(QObject):
    """Owned by the session of a desk; reads and writes the credential on its own thread.

    Signals:
        changed: who may write, or for how long, is another.
    """

    changed = Signal()

    def __init__(
        self,
        store: CredentialStore,
        login: LoginStatus,
        link: LinkStatus,
        parent: QObject | None = None,
        *,
        clock: Callable[[], Reading] = machine_clock,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._login = login
        self._link = link
        self._clock = clock
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="credential")
        self._credential: Credential | None = None
        self.person: Person | None = None  # who opened the seal in this run
        self._leave: Leave | None = None  # of this run, where no passphrase was set
        self._up = False
        self._timer = QTimer(self, interval=NOTE_MS)
        self._timer.timeout.connect(self.note)
        link.changed.connect(self._contact)
        login.changed.connect(self._contact)

    async def start(self) -> None:
        self._credential = await self._run(self._store.load)
        self._timer.start()
        self._contact()
        self.changed.emit()

    def close(self) -> None:
        self.note()
        self._timer.stop()
        self._worker.shutdown(wait=True)

    # --- what is allowed --------------------------------------------------------------------
    @property
    def name(self) -> str:
        """Return who signs entries now, "" for nobody."""
        if self._signed:
            return self._login.name
        return self.person.name if self.person else ""

    @property
    def known(self) -> bool:
        """Tell whether there is a credential to open."""
        return self._credential is not None

    @property
    def _signed(self) -> bool:
        return self._login.state == "in"

    def standing(self) -> Standing | None:
        """Return how the leave stands, None where there never was a contact."""
        leave = self._credential.leave if self._credential is not None else self._leave
        return None if leave is None else standing(leave, self._clock())

    def check(self) -> None:
        """Return when an entry may be made now.

        Raises:
            Refused: it may not, with the reason.
        """
        if not self._signed and self.person is None:
            raise Refused("nobody")
        roles = self._login.roles if self.person is None else self.person.roles
        if not allowed(roles, ENTRIES):
            raise Refused("role")
        if self._signed and self._link.state == "up":
            return
        found = self.standing()
        if found is not None and found.state in ("expired", "backwards"):
            raise Refused(found.state)

    # --- changes ----------------------------------------------------------------------------
    async def set_passphrase(self, passphrase: str) -> None:
        """Make the credential of who is signed in.

        Raises:
            Refused: nobody is, or it is too short. StoreError: it was not kept.
        """
        if not self._signed:
            raise Refused("nobody")
        if len(passphrase) < SHORTEST:
            raise Refused("short")
        person = Person(self._login.subject, self._login.name, self._login.roles)
        leave = renewed(self._credential.leave if self._credential else self._leave, self._centre_t(), self._clock())
        credential = await self._run(lambda: sealed(person, passphrase, leave))
        await self._run(lambda: self._store.save(credential))
        self._credential = credential
        self.changed.emit()

    async def unlock(self, passphrase: str) -> Person:
        """Sign in without the centre.

        Raises:
            Refused: no credential, locked, over, or the wrong passphrase. StoreError: not counted.
        """
        self._credential = await self._run(self._store.load)  # another window may have counted tries
        found = self.standing()
        if self._credential is None or found is None:
            raise Refused("none")
        if found.state != "good":
            raise Refused(found.state)
        credential, now = self._credential, self._clock()
        # counted as wrong before it is known, so that pulling the plug is no free try
        self._credential = await self._run(lambda: self._changed(lambda held: tried(held, now, right=False)))
        try:
            person: Person = await self._run(lambda: opened(credential, passphrase))
        except WrongPassphrase as exc:
            after = self.standing()
            self.changed.emit()
            raise Refused("locked" if after is not None and after.state == "locked" else "wrong") from exc
        self._credential = await self._run(lambda: self._changed(lambda held: tried(held, now, right=True)))
        self.person = person
        self.changed.emit()
        return person

    def leave(self) -> None:
        """Sign out of the offline login; the credential stays for its person."""
        self.person = None
        self.changed.emit()

    # --- counting ---------------------------------------------------------------------------
    def note(self) -> None:
        """Bring the count up to now and keep it."""
        now, centre_t = self._clock(), self._centre_t()
        up = self._reached()

        def change(held: Leave) -> Leave:
            return renewed(held, centre_t, now) if up else noted(held, now)

        self._count(change)
        self._worker.submit(self._changed_quietly, change)
        self.changed.emit()

    def _count(self, change: Callable[[Leave], Leave]) -> None:
        if self._leave is not None:
            self._leave = change(self._leave)
        if self._credential is not None:
            self._credential = replace(self._credential, leave=change(self._credential.leave))

    def _reached(self) -> bool:
        return self._signed and self._link.state == "up"

    def _contact(self) -> None:
        """The centre was reached by a person: the 72 h begin again."""
        up, before = self._reached(), self._up
        self._up = up
        if up:
            self.person = None
            self._leave = renewed(self._leave, self._centre_t(), self._clock())
        if up and not before:
            self.note()

    def _centre_t(self) -> float:
        return self._clock().wall_t + self._link.skew_s

    # --- worker thread ----------------------------------------------------------------------
    def _changed(self, change: Callable[[Leave], Leave]) -> Credential | None:
        held = self._store.load()
        if held is None:
            return None
        new = replace(held, leave=change(held.leave))
        self._store.save(new)
        return new

    def _changed_quietly(self, change: Callable[[Leave], Leave]) -> None:
        try:
            self._changed(change)
        except StoreError as exc:
            log.warning("offline count not kept, tried again with the next note: %s", exc.detail)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)
