"""The protocol under a hostile scheduler: real stores, real client, real service; faults chosen by Hypothesis.

Two laptops and one centre. Requests are refused, answers lost or cut, processes die before or after
any commit, the centre is put back from a backup, pages taken earlier are carried in by hand, caches
are wiped. Afterwards the line is good again and everything must be equal and whole.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

import console.store.cache_writer as cache_writer
import console.store.ops as ops
import console.sync.process as process
from backend_client.session import Session
from console.central.app import build_app
from console.central.continuity import Continuity
from console.central.repository import Repository
from console.central.scopes import Members
from console.central.service import Service
from console.central.snapshots import snapshot_file
from console.central.store_core import SeriesKey
from console.domain.scopes import ALL
from console.paths import DataHome
from console.store.cache_writer import CacheWriter
from console.store.keys import OpsKey
from console.store.ops import OpsStore
from console.store.sqlite import DatabaseError
from console.sync.pack_apply import apply_file
from console.sync.process import SyncOptions, SyncProcess
from console.sync.pull import Puller
from console.sync.push import Pusher
from tests.asgi_line import FAULTS, AsgiLine

T0 = 1_655_000_400
SERIES = 2
KEY = OpsKey(bytes(range(32)))
FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None
Faults = st.lists(st.sampled_from((None, None, *FAULTS)), max_size=9)
Crash = st.one_of(st.none(), st.tuples(st.integers(1, 6), st.booleans()))
LAPTOPS = st.integers(0, 1)


class Killed(BaseException):
    """The process ended here."""


class Scheduler:
    """Ends a laptop's process at its n-th commit, just before or just after it."""

    def __init__(self) -> None:
        self.plan: tuple[int, bool] | None = None

    @contextlib.contextmanager
    def transaction(self, db: Any) -> Iterator[None]:
        before = after = False
        if self.plan is not None:
            left, late = self.plan
            self.plan = (left - 1, late) if left > 1 else None
            before, after = left == 1 and not late, left == 1 and late
        with ORIGINAL(db):
            yield
            if before:
                raise Killed
        if after:
            raise Killed


ORIGINAL = cache_writer.transaction


class Laptop:
    """One console's sync process and database thread, on its own folder."""

    def __init__(self, home: DataHome, line: AsgiLine, scheduler: Scheduler) -> None:
        self.home, self.line, self.scheduler = home, line, scheduler
        home.prepare()
        self.profile = home.profile("live")
        self.saved: dict[str, str] = {}
        self.revisions: dict[tuple[int, int], int] = {}
        self._open()

    def _open(self) -> None:
        self.sync = SyncProcess(SyncOptions(self.home, "live", lambda: ("http://127.0.0.1:1", "t"), key=KEY))
        self.writer = CacheWriter(self.profile)
        self.puller = Puller(self.writer, lambda _kind, _doc: None, self.profile.run)
        self.store = OpsStore(self.profile.ops, KEY)
        self.holder: list[Session] = []
        self.pusher = Pusher(self.store, lambda: self.sync._session(self.holder))

    def close(self) -> None:
        with contextlib.suppress(DatabaseError):
            self.writer.close()
        self.store.close()

    def die(self) -> None:
        """Start anew on the files as they are."""
        self.scheduler.plan = None
        self.close()
        self._open()

    def do(self, work: Callable[[], Any], crash: tuple[int, bool] | None) -> Any:
        self.scheduler.plan = crash
        try:
            return work()
        except Killed:
            self.die()
            return None
        finally:
            self.scheduler.plan = None

    def enter(self, text: str) -> None:
        op_id = self.store.add("log.entry", "log", {"type": "note", "text": text, "object": ""}, "张三")
        self.saved[op_id] = text

    def pull(self) -> None:
        self.sync._pull_once(self.puller, self.holder)

    def push(self) -> None:
        self.store.retry_now()
        self.pusher.drain()

    def wipe_cache(self) -> None:
        self.writer.close()
        for path in (*self.profile.telemetry_files(), self.profile.latest, self.profile.reference):
            path.unlink()
        self.revisions.clear()
        self.store.close()
        self._open()

    def rows(self) -> dict[tuple[int, int], tuple[float | None, int]]:
        found = {}
        for path in self.profile.telemetry_files():
            for sid, t, value, rev in read(path, "select sid,t,value,rev from obs"):
                found[(sid, t)] = (value, rev)
        return found

    def latest(self) -> dict[int, tuple[int, float | None, int]]:
        return {r[0]: tuple(r[1:]) for r in read(self.profile.latest, "select sid,t,value,rev from latest")}


def unless_left_out(machine: ProtocolMachine, name: str) -> bool:
    return name not in machine.left_out


class ProtocolMachine(RuleBasedStateMachine):
    """Planted bugs are patched in from outside; left_out narrows the search to where one can show."""

    left_out: frozenset[str] = frozenset()

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=FAST))
        self.scheduler = Scheduler()
        self.patches = [
            patch.object(cache_writer, "transaction", self.scheduler.transaction),
            patch.object(ops, "transaction", self.scheduler.transaction),
            patch.object(process, "Session", self._session),
        ]
        for one in self.patches:
            one.start()
        self.line = AsgiLine(None)
        self._serve()
        for i in range(SERIES):
            self.repo.ensure_series(SeriesKey(f"LOC{i}", "Z", "m"))
        self.laptops = [Laptop(DataHome(self.folder / name), self.line, self.scheduler) for name in ("a", "b")]
        self.pages: list[tuple[str, int, Any]] = []
        self.packs: list[tuple[str, Path]] = []
        self.counter = 0

    def _session(self, url: str, token: str, **_more: Any) -> Session:
        import httpx

        session = Session(url, token)
        session.http = httpx.Client(base_url=url, headers=session.http.headers, transport=self.line)
        return session

    def _serve(self) -> None:
        self.repo = Repository(self.folder / "central.db", "test")
        self.continuity = Continuity(self.repo, self.folder / "central.seen")
        self.continuity.confirm()
        self.line.app = build_app(Service(self.repo, self.folder, None), "t")

    # --- the river ----------------------------------------------------------------------------
    @rule(sid=st.integers(1, SERIES), hour=st.integers(0, 1), value=st.sampled_from((0.0, 1.5, 2.25, None)))
    @precondition(lambda self: unless_left_out(self, "measure"))
    def measure(self, sid: int, hour: int, value: float | None) -> None:
        self.repo.commit_rows([(sid, T0 + hour * 3600, value, 0)])
        self.continuity.note()

    @rule(sid=st.integers(1, SERIES), hour=st.integers(0, 1))
    @precondition(lambda self: unless_left_out(self, "strike"))
    def strike(self, sid: int, hour: int) -> None:
        self.repo.delete_row(sid, T0 + hour * 3600)
        self.continuity.note()

    # --- the officers -------------------------------------------------------------------------
    @rule(who=LAPTOPS, crash=Crash)
    @precondition(lambda self: unless_left_out(self, "enter"))
    def enter(self, who: int, crash: tuple[int, bool] | None) -> None:
        self.counter += 1
        laptop = self.laptops[who]
        laptop.do(lambda: laptop.enter(f"entry {self.counter}"), crash)

    # --- the line -----------------------------------------------------------------------------
    @rule(who=LAPTOPS, faults=Faults, crash=Crash)
    @precondition(lambda self: unless_left_out(self, "pull"))
    def pull(self, who: int, faults: list[str | None], crash: tuple[int, bool] | None) -> None:
        self._with(faults, lambda: self.laptops[who].do(self.laptops[who].pull, crash))

    @rule(who=LAPTOPS, crash=Crash)
    @precondition(lambda self: unless_left_out(self, "pull_on_a_good_line"))
    def pull_on_a_good_line(self, who: int, crash: tuple[int, bool] | None) -> None:
        self.laptops[who].do(self.laptops[who].pull, crash)

    @rule(who=LAPTOPS, faults=Faults, crash=Crash)
    @precondition(lambda self: unless_left_out(self, "push"))
    def push(self, who: int, faults: list[str | None], crash: tuple[int, bool] | None) -> None:
        self._with(faults, lambda: self.laptops[who].do(self.laptops[who].push, crash))
        self.continuity.note()

    def _with(self, faults: list[str | None], work: Callable[[], Any]) -> None:
        self.line.faults.extend(faults)
        try:
            work()
        finally:
            self.line.faults.clear()

    # --- accidents ----------------------------------------------------------------------------
    @rule(kind=st.sampled_from(("back up", "put back", "wipe")), who=LAPTOPS)
    @precondition(lambda self: unless_left_out(self, "accident"))
    def accident(self, kind: str, who: int) -> None:
        """One rule for the rare things: too many fresh starts would hide what went wrong before them."""
        if kind == "back up":
            copy(self.folder / "central.db", self.folder / "backup.db")
        elif kind == "wipe":
            self.laptops[who].wipe_cache()
        elif (self.folder / "backup.db").exists():
            self._put_back()

    def _put_back(self) -> None:
        self.repo.close()
        for name in ("central.db", "central.db-wal", "central.db-shm"):
            (self.folder / name).unlink(missing_ok=True)
        copy(self.folder / "backup.db", self.folder / "central.db")
        self._serve()
        self.pages.clear()  # a bundle of another epoch is refused by its manifest
        self.packs.clear()
        for laptop in self.laptops:
            laptop.revisions.clear()

    @rule()
    @precondition(lambda self: unless_left_out(self, "take_page"))
    def take_page(self) -> None:
        rows = [row for page in self.repo.in_series_order(0, 2**31, 1000) for row in page]
        self.pages.append((self.repo.epoch, self.repo.seq, columns(rows)))

    @rule(who=LAPTOPS, order=st.permutations((0, 1, 2)))
    @precondition(lambda self: unless_left_out(self, "carry_pages"))
    def carry_pages(self, who: int, order: list[int]) -> None:
        """The newest three bundles arrive by hand, in any order; what is older than the cursor is refused."""
        laptop, newest = self.laptops[who], self.pages[-3:]
        for place in order:
            if place >= len(newest) or laptop.writer.link().get("epoch") != newest[place][0]:
                continue
            _, seq, page = newest[place]
            if seq >= cache_writer.seq_of(laptop.writer.cursor("obs")):
                laptop.writer.apply(page, None)
                self.a_revision_never_goes_back()

    @rule()
    @precondition(lambda self: unless_left_out(self, "take_pack"))
    def take_pack(self) -> None:
        """A pack's readings are downloaded now, and go into a cache some time later."""
        made, _ = snapshot_file(self.repo, self.folder / "made", (0, 2**31), Members(ALL, (ALL,), None, frozenset()))
        kept = self.folder / f"pack-{len(self.packs)}-{self.repo.seq}.gz"
        shutil.copyfile(made, kept)
        self.packs.append((self.repo.epoch, kept))

    @rule(who=LAPTOPS, age=st.integers(0, 2), crash=Crash)
    @precondition(lambda self: unless_left_out(self, "take_pack"))
    def apply_pack(self, who: int, age: int, crash: tuple[int, bool] | None) -> None:
        laptop = self.laptops[who]
        if age >= len(self.packs) or laptop.writer.link().get("epoch") not in (None, self.packs[-1 - age][0]):
            return
        laptop.revisions.clear()  # an older snapshot may show an older reading until the feed has told again
        laptop.do(lambda: apply_file("snapshot", self.packs[-1 - age][1], laptop.writer), crash)

    # --- what must hold at every moment -------------------------------------------------------
    @invariant()
    def a_revision_never_goes_back(self) -> None:
        for laptop in getattr(self, "laptops", ()):
            known = laptop.writer.link().get("epoch")
            if known != self.repo.epoch:
                laptop.revisions.clear()
                continue
            for key, (_, rev) in laptop.rows().items():
                assert rev >= laptop.revisions.get(key, 0), "an older value replaced a newer one"
                laptop.revisions[key] = rev

    @invariant()
    def what_was_said_to_be_saved_is_on_disk(self) -> None:
        for laptop in getattr(self, "laptops", ()):
            kept = {op.op_id for op in laptop.store.recent(10**6)}
            assert set(laptop.saved) <= kept, "a saved entry is gone"

    # --- and at the end -----------------------------------------------------------------------
    def teardown(self) -> None:
        if not hasattr(self, "laptops"):
            return
        try:
            self._settle()
            self._compare()
        finally:
            for one in self.patches:
                one.stop()
            for laptop in self.laptops:
                laptop.close()
            self.repo.close()
            self.line.end()
            shutil.rmtree(self.folder)

    def _settle(self) -> None:
        self.line.faults.clear()
        for _ in range(3):
            for laptop in self.laptops:
                laptop.pull()
                laptop.push()

    def _compare(self) -> None:
        served = [json_of(b) for _, b in self.repo.records("log")]
        for laptop in self.laptops:
            for text in laptop.saved.values():
                assert served.count(text) == 1, f"{text}: {served.count(text)} times at the centre"
            assert laptop.store.waiting()[0] == 0, "an entry still waits"
            truth = {(r[0], r[1]): (r[2], r[4]) for page in self.repo.in_series_order(0, 2**31, 1000) for r in page}
            assert laptop.rows() == truth, "the cache differs from the centre"
            newest = {sid: (t, *truth[sid, t]) for sid, t in sorted(truth)}
            assert laptop.latest() == newest, "the latest values differ from the centre"
            ids = set(read(laptop.profile.reference, "select id from record where kind='log'"))
            assert ids == {(i,) for i, _ in self.repo.records("log")}, "the log differs from the centre"


def columns(rows: list[tuple[Any, ...]]) -> Any:
    sid, t, value, quality, rev = ([r[i] for r in rows] for i in range(5))
    numbers = np.array([np.nan if v is None else v for v in value], float)
    return (np.array(sid, np.int64), np.array(t, np.int64), numbers, np.array(quality, np.int64), np.array(rev, np.int64))


def json_of(body: dict[str, Any]) -> str:
    return str(body["text"])


def read(path: Path, query: str) -> list[tuple[Any, ...]]:
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return db.execute(query).fetchall()
    finally:
        db.close()


def copy(source: Path, target: Path) -> None:
    """Copy a database that is in use, as a backup tool does."""
    target.unlink(missing_ok=True)
    ours, theirs = sqlite3.connect(source), sqlite3.connect(target)
    try:
        ours.backup(theirs)
    finally:
        ours.close()
        theirs.close()


def run_machine(words: list[str]) -> int:
    """``python3 -m tests machine [runs]``: many histories of 50 steps; a broken promise is printed as a story."""
    runs = int(words[0]) if words else 1500
    logging.disable(logging.WARNING)
    began = time.monotonic()
    try:
        run_state_machine_as_test(
            ProtocolMachine,
            settings=settings(
                max_examples=runs,
                stateful_step_count=50,
                deadline=None,
                database=None,
                phases=[Phase.generate],  # shrinking a story of real stores takes longer than reading it
                suppress_health_check=list(HealthCheck),
            ),
        )
    except AssertionError as exc:
        print(f"[machine] 承诺被打破：{exc}", *getattr(exc, "__notes__", ()), sep="\n")
        return 1
    print(f"[machine] {runs} 段历史，每段 50 步，{time.monotonic() - began:.0f} 秒：通过")
    return 0
