"""A day away: 10,000 stations × 24 h × 5 min come through the real centre and the real sync process.

The floor is a bare ``executemany`` of the same rows into an empty table in the same run. Meanwhile a
Qt loop in this process counts how late a 10 ms timer fires, and a worker thread reads the cache as
the console does.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil

from console.central.repository import Repository
from console.central.store_core import SeriesKey
from console.paths import DataHome
from console.store.cache_reader import CacheReader
from console.store.cache_writer import CacheWriter
from console.store.sqlite import open_writer, transaction
from tests.bench.measure import application
from tests.bench.run import Row
from tests.processes import Chain, eventually

STATIONS, STEP_S, DAY_S = 10_000, 300, 86_400
PAGE = 20_000
TICK_MS = 10


def rows_between(first_t: int, last_t: int) -> Iterator[list[tuple[int, int, float, int, int]]]:
    """Yield pages of readings in the order in which they arrive: time by time."""
    rng = np.random.default_rng(11)
    for t in range(first_t, last_t, STEP_S):
        value = np.round(20 + rng.normal(0, 1, STATIONS), 2).tolist()
        yield [(sid, t, v, 0, 1) for sid, v in zip(range(1, STATIONS + 1), value, strict=True)]


def fill_centre(path: Path, first_t: int, last_t: int) -> int:
    """Store readings as the centre does, without its comparison with what was there; return how many."""
    repo = Repository(path, "bench")
    if not repo.objects_version():
        docs = [
            {"code": f"S{i:05d}", "version": 1, "geometry": None, "properties": {"name": f"站{i}", "type": "river"}}
            for i in range(1, STATIONS + 1)
        ]
        repo.put_objects("stations", docs)
        with transaction(repo._db):
            keys = [(i, SeriesKey(f"S{i:05d}", "Z", "m", "", "bench", STEP_S)) for i in range(1, STATIONS + 1)]
            repo._db.executemany(
                "insert into series values(?,?,?,?,?,?,?)",
                [(i, k.object_code, k.element, k.unit, k.datum, k.source, k.interval_s) for i, k in keys],
            )
    count = 0
    repo._db.execute("pragma synchronous=off")
    repo._db.execute("pragma cache_size=-262144")
    for page in rows_between(first_t, last_t):
        with transaction(repo._db):
            first = repo._take_seq(len(page))
            repo._db.executemany("insert into obs values(?,?,?,?,?,?)", [(*r, first + i) for i, r in enumerate(page)])
            repo._touch({(page[0][1] + 28_800) // DAY_S: first + len(page) - 1})
        count += len(page)
    repo.close()
    return count


def bare_insert(path: Path, first_t: int, last_t: int) -> tuple[float, float]:
    """Return the seconds, wall and CPU, that a bare insert of the same rows takes in series order."""
    every = sorted(r for page in rows_between(first_t, last_t) for r in page)
    db = open_writer(path)
    db.execute(
        "create table obs(sid integer, t integer, value real, quality integer, rev integer, primary key(sid,t)) without rowid"
    )
    began, busy = time.perf_counter(), time.process_time()
    for i in range(0, len(every), PAGE):
        with transaction(db):
            db.executemany("insert into obs values(?,?,?,?,?)", every[i : i + PAGE])
    spent = time.perf_counter() - began, time.process_time() - busy
    db.close()
    return spent


class Screen:
    """A Qt loop with a 10 ms timer, and a worker that reads the cache: what a desk does meanwhile."""

    def __init__(self, reader: CacheReader, want_t: int, complete) -> None:
        self.late_ms: list[float] = []
        self.latest_s = self.whole_s = 0.0
        self._reader, self._want_t, self._complete = reader, want_t, complete
        self._began = time.perf_counter()

    def run(self, seconds: float) -> None:
        from PySide6.QtCore import QEventLoop, Qt, QTimer

        application()
        loop = QEventLoop()
        timer = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=TICK_MS)
        last = [time.perf_counter()]

        def tick() -> None:
            now = time.perf_counter()
            self.late_ms.append(max(0.0, (now - last[0]) * 1000 - TICK_MS))
            last[0] = now
            if self.whole_s or now - self._began > seconds:
                loop.quit()

        timer.timeout.connect(tick)
        worker = threading.Thread(target=self._watch, args=(seconds,))
        worker.start()
        timer.start()
        loop.exec()
        timer.stop()
        worker.join()

    def _watch(self, seconds: float) -> None:
        pause = threading.Event()
        while not self.whole_s and time.perf_counter() - self._began < seconds:
            if not self.latest_s:
                newest = self._reader.latest()
                if len(newest) == STATIONS and all(r[1] >= self._want_t for r in newest):
                    self.latest_s = time.perf_counter() - self._began
            elif self._complete(self._reader):
                self.whole_s = time.perf_counter() - self._began
            pause.wait(0.05)
        self._reader.close()


def run() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        home = DataHome(Path(folder))
        home.prepare()
        now = int(time.time()) // STEP_S * STEP_S
        store = home.central("live") / "central.db"
        store.parent.mkdir(parents=True, exist_ok=True)
        fill_centre(store, now - DAY_S - STEP_S, now - DAY_S)
        chain = Chain(home, "live")
        try:
            chain.start_central()
            sync = chain.start_sync()
            eventually(lambda: latest_count(chain) == STATIONS, 60, "the cache before the outage")
            sync.stop()
            was_away(chain, now - DAY_S)
            count = fill_centre(store, now - DAY_S, now)
            floor, floor_cpu = bare_insert(Path(folder) / "bare.db", now - DAY_S, now)
            busy_before = spent_by(chain.running[0])
            chain.start_sync()
            screen = Screen(
                CacheReader(chain.profile), now - STEP_S, lambda r: not r.holes("S00001", now - DAY_S, now - STEP_S)
            )
            screen.run(180.0)
            held = counted(chain)
            cpu = (spent_by(chain.running[0]) - busy_before, spent_by(chain.running[-1]))
        finally:
            chain.stop()
    whole, late = screen.whole_s, np.array(screen.late_ms)
    note = f"裸写入 {floor:.1f} s，比值 {whole / floor:.1f}；CPU s：裸 {floor_cpu:.1f}、中心 {cpu[0]:.1f}、同步 {cpu[1]:.1f}"
    yield Row("pull", whole, "s 补齐 1 万站 24 h（含进程启动）", note, "≤ 3 × 裸写入", held >= count and 0 < whole <= 3 * floor)
    yield Row("pull", screen.latest_s, "s 最新值到达（含进程启动）", f"{STATIONS} 站", "≤ 3 s", 0 < screen.latest_s <= 3)
    p99 = float(np.percentile(late, 99))
    yield Row("pull", p99, "ms 期间界面 10 ms 定时迟到 p99", f"最大 {late.max():.0f} ms，{len(late)} 次", "≤ 30 ms", p99 <= 30)


def spent_by(child) -> float:
    """Return the CPU seconds of a process so far."""
    return sum(psutil.Process(child.process.pid).cpu_times()[:2])


def latest_count(chain: Chain) -> int:
    reader = CacheReader(chain.profile)
    found = len(reader.latest())
    done = reader.link().get("asof")
    reader.close()
    return found if done else 0


def was_away(chain: Chain, asof: int) -> None:
    """Let the cache say that it was complete as of then."""
    writer = CacheWriter(chain.profile)
    writer.note_link(asof=repr(float(asof)), asof_real=repr(float(asof)))
    writer.close()


def counted(chain: Chain) -> int:
    found = 0
    for path in chain.profile.telemetry_files():
        db = open_writer(path)
        found += db.execute("select count(*) from obs").fetchone()[0]
        db.close()
    return found
