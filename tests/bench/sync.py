"""Sync throughput: snapshot pages into month files, against bare inserts of the same rows."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from backend_client.wire import columns
from console.paths import DataHome
from console.store.cache_writer import CacheWriter
from console.store.sqlite import open_writer, transaction
from tests.bench.run import Row

SERIES, TIMES, PAGE = 2000, 288, 20_000
DAY_ROWS = 2_880_000  # 24 h of 10,000 stations every 5 minutes


def pages() -> list[str]:
    t = 1655251200 + np.arange(TIMES) * 300
    sid = np.repeat(np.arange(SERIES), TIMES)
    times = np.tile(t, SERIES)
    value = np.round(20 + np.random.default_rng(5).normal(0, 1, len(sid)), 2)
    found = []
    for i in range(0, len(sid), PAGE):
        part = slice(i, i + PAGE)
        n = len(sid[part])
        cols = {
            "series": sid[part].tolist(),
            "t": times[part].tolist(),
            "value": value[part].tolist(),
            "quality": [0] * n,
            "rev": [1] * n,
        }
        found.append(json.dumps({"cols": cols}))
    return found


def run() -> Iterator[Row]:
    texts = pages()
    rows = SERIES * TIMES
    with tempfile.TemporaryDirectory() as folder:
        writer = CacheWriter(DataHome(Path(folder)).profile("bench"))
        began = time.perf_counter()
        for text in texts:
            writer.apply(columns(json.loads(text)["cols"]), None)
        spent = time.perf_counter() - began
        writer.close()
        bare = open_writer(Path(folder) / "bare.db")
        bare.execute(
            "create table obs(sid integer, t integer, value real, quality integer, rev integer, primary key(sid,t)) without rowid"
        )
        ready = []
        for text in texts:
            c = json.loads(text)["cols"]
            ready.append(list(zip(c["series"], c["t"], c["value"], c["quality"], c["rev"], strict=True)))
        began = time.perf_counter()
        for part in ready:
            with transaction(bare):
                bare.executemany("insert into obs values(?,?,?,?,?)", part)
        floor = time.perf_counter() - began
        bare.close()
    day = spent / rows * DAY_ROWS
    yield Row(
        "sync",
        day,
        "s 补齐 1 万站 24 h（288 万行）",
        f"裸写入 {floor / rows * DAY_ROWS:.1f} s，比值 {spent / floor:.1f}",
        "≤ 30 s",
        day <= 30,
    )
