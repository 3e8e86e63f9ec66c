"""The cache read back: latest of all, a station's year, and a cold start without any process.

The floor of a query is the same rows fetched as bare tuples from the same file. The cold start is
scaled: 10,000 stations × 7 days hourly (1.7 M rows); ``BENCH_FULL=1`` takes every 5 minutes.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from console.errors import ErrorHub
from console.paths import DataHome, Profile
from console.store.cache_reader import CacheReader
from console.store.cache_writer import CacheWriter
from console.store.sqlite import open_reader
from tests.bench.measure import application, wall_ms
from tests.bench.run import Row

STATIONS, DAY_S = 10_000, 86_400
SLICE = 500  # stations a page


def fill(profile: Profile, now: int, step_s: int) -> int:
    """Write 7 days of every station, a year of the first one, and their objects."""
    writer = CacheWriter(profile)
    codes = [f"S{i:05d}" for i in range(1, STATIONS + 1)]
    lon, lat = 110 + np.random.default_rng(2).random(STATIONS) * 6, 21 + np.random.default_rng(3).random(STATIONS) * 4
    writer.put_objects(
        "stations",
        "x",
        [
            {
                "code": c,
                "version": 1,
                "geometry": {"type": "Point", "coordinates": [float(x), float(y)]},
                "properties": {
                    "name": f"站{c}",
                    "type": "river",
                    "thresholds": [{"kind": "warning", "value": 22.0, "element": "Z", "source": "bench"}],
                },
            }
            for c, x, y in zip(codes, lon, lat, strict=True)
        ],
    )
    names = ("sid", "object", "element", "unit", "datum", "source", "interval_s")
    series = [(i, c, "Z", "m", "", "bench", step_s) for i, c in enumerate(codes, 1)]
    writer.put_objects(
        "series", "x", [{"code": str(r[0]), "version": 1, "properties": dict(zip(names, r, strict=True))} for r in series]
    )
    times = np.arange(now - 7 * DAY_S + step_s, now + 1, step_s)
    for first in range(1, STATIONS + 1, SLICE):
        sid = np.repeat(np.arange(first, first + SLICE), len(times))
        writer.apply(columns(sid, np.tile(times, SLICE)), None)
    year = np.arange(now - 365 * DAY_S, now - 7 * DAY_S, 3600)
    writer.apply(columns(np.ones(len(year), np.int64), year), "bench.1")
    writer.progress.plan([])
    writer.note_link(last_ok=repr(time.time()), last_now=repr(float(now)), asof=repr(float(now)), mode="live")
    writer.close()
    return len(times) * STATIONS


def columns(sid, t):
    value = np.round(20 + np.sin(t / 40_000 + sid) * 3, 2)
    return sid, t, value, np.zeros(len(sid), np.int64), np.ones(len(sid), np.int64)


async def cold_start(home: DataHome, hub: ErrorHub) -> float:
    """Return the seconds until the map's board holds a level for nearly every station."""
    from tests.gui import session_of, until

    session = session_of(home, "bench", hub)
    began = time.perf_counter()
    session.start()
    try:
        await until(lambda: sum(r.level is not None for r in session.board.board.rows) >= 0.99 * STATIONS, 120)
        return time.perf_counter() - began
    finally:
        await session.close()


def run() -> Iterator[Row]:
    step_s = 300 if os.environ.get("BENCH_FULL") else 3600
    with tempfile.TemporaryDirectory() as folder:
        home = DataHome(Path(folder))
        home.prepare()
        profile = home.profile("bench")
        now = int(time.time()) // step_s * step_s
        count = fill(profile, now, step_s)
        reader = CacheReader(profile)
        yield from queries(profile, reader, now)
        reader.close()
        app, hub = application(), ErrorHub()
        from tests.gui import console_loop

        with console_loop(app, hub) as runner:
            spent = runner.run(cold_start(home, hub))
    note = f"{STATIONS} 站 × 7 天 × {step_s // 60} min = {count} 行"
    yield Row("cold", spent, "s 无网冷启动到全部站有值", note, "≤ 3 s", spent <= 3)


def queries(profile: Profile, reader: CacheReader, now: int) -> Iterator[Row]:
    latest = float(np.median(wall_ms(reader.latest, 20)))
    bare = open_reader(profile.latest)
    floor = float(np.median(wall_ms(lambda: bare.execute("select sid,t,value,quality from latest").fetchall(), 20)))
    bare.close()
    yield Row(
        "cache", latest, f"ms {STATIONS} 站最新值", f"裸查询 {floor:.1f} ms，比值 {latest / floor:.1f}", "≤ 20 ms", latest <= 20
    )
    year = float(np.median(wall_ms(lambda: reader.window(1, now - 365 * DAY_S, now), 20)))
    rows = len(reader.window(1, now - 365 * DAY_S, now)[0])
    yield Row("cache", year, "ms 一站一年", f"{rows} 行", "≤ 100 ms", year <= 100)
    known = float(np.median(wall_ms(lambda: reader.holes("S00001", now - 365 * DAY_S, now), 20)))
    yield Row("cache", known, "ms 一站的未取回时段", "", "≤ 20 ms", known <= 20)
