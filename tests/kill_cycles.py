"""Consoles and their centre, killed again and again behind a bad line; then every store is compared.

Children are forked from a server that has imported everything, so that a cycle costs a fraction of
a second; each is a whole process of its own and SIGKILL is what ends it.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from backend_client.errors import BackendError
from console.central.process import CentralOptions, endpoint_file, run_central
from console.domain.time import from_beijing
from console.paths import DataHome
from console.processes import read_endpoint
from console.store.keys import OpsKey
from console.store.ops import OpsStore
from console.sync.process import SyncOptions, run_sync
from tests.fault_proxy import FaultProxy
from tests.processes import PAUSE, Chain, eventually

SOURCE = "beijiang-2022-06"
START = "2022-06-13 08:00"
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.kill_cycles", "uvicorn.lifespan.on", "uvicorn.protocols.http.h11_impl"])
ENTRY_PAUSE_S = 0.015
KEY = OpsKey(bytes(range(32)))


def serve(root: Path, port: int) -> None:
    run_central(DataHome(root), CentralOptions(SOURCE, port, 3600.0, from_beijing(START)))


def follow(root: Path, centre_root: Path, url: str) -> None:
    """Be the sync process of one console; the token is read where the centre publishes it."""

    def central() -> tuple[str, str] | None:
        found = read_endpoint(endpoint_file(DataHome(centre_root), SOURCE))
        return (url, found.token) if found else None

    run_sync(SyncOptions(DataHome(root), SOURCE, central, key=KEY))


def write(root: Path, told: Connection, pause_s: float) -> None:
    """Be the desk's database thread: every id is told only after add() returned."""
    store = OpsStore(DataHome(root).profile(SOURCE).ops, KEY)
    pause = threading.Event()
    while True:
        told.send_bytes(store.add("log.entry", "log", {"type": "note", "text": "巡堤", "object": ""}, "张三").encode())
        pause.wait(pause_s)


@dataclass
class Verdict:
    """What a run found. problems is empty when every promise held."""

    cycles: int = 0
    centre_kills: int = 0
    saved: int = 0
    readings: int = 0
    seconds: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def line(self) -> str:
        met = "、".join(f"{name} {count}" for name, count in sorted(self.faults.items()) if count)
        return (
            f"{self.cycles} 轮、中心被杀 {self.centre_kills} 次、已说保存 {self.saved} 条、读数 {self.readings} 个、"
            f"{self.seconds:.0f} 秒；线路故障：{met}；{'通过' if not self.problems else '；'.join(self.problems)}"
        )


class Console:
    """One console's two processes on their own data folder."""

    def __init__(self, home: DataHome, centre: DataHome, url: str) -> None:
        self.home, self._centre, self._url = home, centre, url
        home.prepare()
        self.profile = home.profile(SOURCE)
        self.saved: list[str] = []
        OpsStore(self.profile.ops, KEY).close()

    def start_sync(self) -> multiprocessing.process.BaseProcess:
        child = FORKS.Process(target=follow, args=(self.home.root, self._centre.root, self._url), daemon=True)
        child.start()
        return child

    def start_writer(self, *, hurried: bool = False) -> tuple[multiprocessing.process.BaseProcess, Connection]:
        ours, theirs = FORKS.Pipe(duplex=False)
        child = FORKS.Process(target=write, args=(self.home.root, theirs, 0.0 if hurried else ENTRY_PAUSE_S), daemon=True)
        child.start()
        theirs.close()
        return child, ours

    def heard(self, told: Connection) -> None:
        with told:
            try:
                while True:
                    self.saved.append(told.recv_bytes().decode())
            except (EOFError, OSError):
                return

    def waiting(self) -> int:
        store = OpsStore(self.profile.ops, KEY)
        try:
            return store.waiting()[0]
        finally:
            store.close()


class KillRun:
    """Two consoles on one centre."""

    def __init__(self, folder: Path, seed: int, *, trouble: float = 0.1) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.centre = DataHome(folder / "centre")
        self.centre.prepare()
        self.chain = Chain(self.centre, SOURCE)
        self.port = _free_port()
        self.proxy = FaultProxy(lambda: ("127.0.0.1", self.port), seed=seed, trouble=trouble)
        self.consoles = [Console(DataHome(folder / name), self.centre, self.proxy.url) for name in ("甲", "乙")]
        self.verdict = Verdict()
        self._central: multiprocessing.process.BaseProcess | None = None

    def start_centre(self) -> None:
        self._central = FORKS.Process(target=serve, args=(self.centre.root, self.port), daemon=True)
        self._central.start()
        eventually(self._answers, what="the centre answers")

    def _answers(self) -> bool:
        try:
            return self.chain.endpoint() is not None and bool(self.chain.ask(lambda c: c.hello().epoch))
        except BackendError:
            return False

    def _kill(self, child: multiprocessing.process.BaseProcess) -> None:
        child.kill()
        child.join()
        child.close()

    def kill_centre(self) -> None:
        assert self._central is not None
        self._kill(self._central)
        self.verdict.centre_kills += 1

    def cycle(self) -> None:
        """One life and death of every console's processes, in random order at random moments."""
        living = []
        for console in self.consoles:
            sync = console.start_sync()
            writer, told = console.start_writer()
            living += [(sync, None, console), (writer, told, console)]
        self.dice.shuffle(living)
        for child, told, console in living:
            PAUSE.wait(self.dice.uniform(0.02, 0.2))
            self._kill(child)
            if told is not None:
                console.heard(told)
        self.verdict.cycles += len(self.consoles)

    def run(self, cycles: int, progress: bool = False) -> Verdict:
        """Kill until cycles are done (the centre every tenth round), then let it settle and compare."""
        began = time.monotonic()
        self.start_centre()
        while self.verdict.cycles < cycles:
            if self.verdict.cycles and self.verdict.cycles % 20 == 0:
                self.kill_centre()
                self.start_centre()
            self.cycle()
            if progress and self.verdict.cycles % 100 == 0:
                print(f"[kills] {self.verdict.cycles}/{cycles}", flush=True)
        self.settle()
        self.verdict.seconds = time.monotonic() - began
        self.verdict.faults = dict(self.proxy.met)
        return self.verdict

    def settle(self) -> None:
        self.proxy.trouble = 0.0
        self.chain.ask(lambda c: c.player({"action": "pause"}))
        followers = [console.start_sync() for console in self.consoles]
        try:
            for console in self.consoles:
                eventually(lambda c=console: c.waiting() == 0, 300, "the outbox drains")
            self._compare()
        finally:
            for child in followers:
                self._kill(child)

    def _compare(self) -> None:
        problems = self.verdict.problems
        for console in self.consoles:
            self.verdict.saved += len(console.saved)
            store = OpsStore(console.profile.ops, KEY)
            kept = [op.op_id for op in store.recent(10**9)]
            if set(console.saved) - set(kept):
                problems.append(f"{len(set(console.saved) - set(kept))} 条已说保存的记录不在 ops.db")
            if not store.verify_audit():
                problems.append("审计链断裂")
            store.close()
        records = self._served_records()
        if len(records) != len(set(records)):
            problems.append(f"中心有 {len(records) - len(set(records))} 条重复记录")
        lost = {i for c in self.consoles for i in c.saved} - set(records)
        if lost:
            problems.append(f"中心缺 {len(lost)} 条已说保存的记录")
        served = self._served_rows()
        self.verdict.readings = len(served)
        for console in self.consoles:
            try:
                eventually(lambda c=console: cached_rows(c.home) == served, 60, "cache equals centre")
                eventually(lambda c=console: cached_records(c.home) == set(records), 60, "records equal centre")
            except AssertionError:
                problems.append("缓存与中心不一致")

    def _served_records(self) -> list[str]:
        found, cursor, more = [], "", True
        while more:
            page = self.chain.ask(lambda c, at=cursor: c.records(at, 20000))
            found += [r.record_id for r in page.records if r.kind == "log"]
            cursor, more = page.cursor, page.more
        return found

    def _served_rows(self) -> set[tuple[int, int, float | None, int]]:
        found, cursor, more = set(), "", True
        while more:
            page = self.chain.ask(lambda c, at=cursor: c.changes(at, 20000))
            values = [None if v != v else v for v in page.value.tolist()]
            found |= set(zip(page.sid.tolist(), page.t.tolist(), values, page.rev.tolist(), strict=True))
            cursor, more = page.cursor, page.more
        return found

    def close(self) -> None:
        self.proxy.close()
        if self._central is not None:
            self._kill(self._central)


def cached_rows(home: DataHome) -> set[tuple[int, int, float | None, int]]:
    found: set[tuple[int, int, float | None, int]] = set()
    for path in home.profile(SOURCE).telemetry_files():
        found |= set(_read(path, "select sid,t,value,rev from obs"))
    return found


def cached_records(home: DataHome) -> set[str]:
    return {row[0] for row in _read(home.profile(SOURCE).reference, "select id from record where kind='log'")}


def _read(path: Path, query: str) -> list[tuple]:
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return db.execute(query).fetchall()
    except sqlite3.OperationalError as exc:
        if "no such table" in str(exc):  # a file that is being made right now, as the console itself takes it
            return []
        raise
    finally:
        db.close()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_kills(words: list[str]) -> int:
    """``python3 -m tests kills [cycles] [seed]``."""
    import tempfile

    cycles = int(words[0]) if words else 10_000
    seed = int(words[1]) if len(words) > 1 else int.from_bytes(os.urandom(3))
    with tempfile.TemporaryDirectory() as folder:
        run = KillRun(Path(folder), seed)
        try:
            verdict = run.run(cycles, progress=True)
        finally:
            run.close()
    print(f"[kills] 种子 {seed}：{verdict.line()}")
    return 1 if verdict.problems else 0
