"""Target 4: from a commit in the cache to the painted table at 500 changes a second."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from console.domain.time import from_beijing
from console.errors import ErrorHub
from console.paths import DataHome
from console.store.cache_writer import CacheWriter
from console.windows.panels import PanelHost
from console.windows.table_panel import build_table
from tests.bench.measure import application
from tests.bench.run import Row
from tests.gui import console_loop, context_of, session_of, until

STATIONS, PER_TICK, TICK_S, TICKS = 1000, 50, 0.1, 60
T = from_beijing("2022-06-22 14:00")


def fill(profile) -> CacheWriter:
    """Return the writer of a cache of many stations with a day of readings each."""
    profile.folder.mkdir(parents=True, exist_ok=True)
    writer = CacheWriter(profile)
    places = np.random.default_rng(4).uniform([110, 21], [117, 25], (STATIONS, 2)).tolist()
    stations = [
        {"code": f"S{i}", "properties": {"name": f"站{i}", "type": "river"}, "geometry": {"type": "Point", "coordinates": p}}
        for i, p in enumerate(places)
    ]
    series = [
        {"code": str(i), "properties": {"sid": i, "object": f"S{i}", "element": "Z", "unit": "m", "interval_s": 300}}
        for i in range(STATIONS)
    ]
    writer.put_objects("stations", "e", stations)
    writer.put_objects("series", "e", series)
    t = np.arange(T - 86400, T + 1, 300)
    sid = np.repeat(np.arange(STATIONS), len(t))
    rows = (sid, np.tile(t, STATIONS), np.full(len(sid), 20.0), np.zeros(len(sid), np.int64), np.ones(len(sid), np.int64))
    writer.apply(rows, "e.1")
    writer.note_link(mode="live", title="", service="", last_now=str(T), last_ok=str(time.time()), epoch="e")
    return writer


def run() -> Iterator[Row]:
    app, hub = application(), ErrorHub()
    with tempfile.TemporaryDirectory() as folder:
        home = DataHome(Path(folder))
        home.prepare()
        writer = fill(home.profile("live"))
        with console_loop(app, hub) as runner:
            late, lost = runner.run(_measure(app, hub, home, writer))
        writer.close()
    p99 = 1000 * float(np.percentile(late, 99))
    floor = f"中位 {1000 * float(np.median(late)):.0f} ms，{len(late)} 次变化，最后没到的 {lost}"
    yield Row("4", p99, "ms p99 从落盘到画出（500 次/秒）", floor, "≤ 500 ms", p99 <= 500 and lost == 0)


async def _measure(app, hub, home, writer):
    session = session_of(home, "live", hub)
    host = PanelHost(context_of(app, session, hub), "monitor.table", "测站表", build_table)
    table = host.widget
    host.panel.resize(900, 700)
    host.panel.show()
    session.start()
    await until(lambda: table.model.rowCount() == STATIONS, what="the table is filled")
    await until(lambda: len(table.model.row(0).level.recent_t) > 1, what="the day behind is read")
    waiting: dict[int, tuple[float, float]] = {}
    late: list[float] = []

    def seen() -> None:
        """Look at what the table holds when it has just been painted."""
        now = time.perf_counter()
        for row in table.model.rows():
            sid = row.level.sid if row.level else -1
            if sid in waiting and row.level.value == waiting[sid][1]:
                late.append(now - waiting.pop(sid)[0])

    rng, level = np.random.default_rng(5), 21.0
    for tick in range(TICKS):
        sids = np.sort(rng.choice(STATIONS, PER_TICK, replace=False))
        level += 0.01
        moment = T + tick + 1
        rows = (sids, np.full(PER_TICK, moment), np.full(PER_TICK, level), np.zeros(PER_TICK, np.int64), np.full(PER_TICK, 1))
        await asyncio.to_thread(writer.apply, rows, f"e.{tick + 2}")
        committed = time.perf_counter()
        for sid in sids.tolist():
            waiting[sid] = (committed, level)
        session.situation.set_service(_clock(session, moment))
        session._heard("changed", {"sids": sids.tolist()})
        end = committed + TICK_S
        while time.perf_counter() < end:
            await asyncio.sleep(0.01)
            seen()
    await until(lambda: (seen(), not waiting)[1], 5, "the last change")
    lost = len(waiting)
    host.release()
    host.panel.deleteLater()
    await session.close()
    return late, lost


def _clock(session, moment):
    from console.domain.situation import ServiceClock

    return ServiceClock(float(moment), session.situation.ref(), running=False)
