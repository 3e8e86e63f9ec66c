"""``python3 -m tests load [consoles]``: hundreds of consoles at one centre, on loopback.

Part one: every console holds an event stream; events are rung at a rate and their arrival timed.
Part two: one commit of many readings, then every console pulls it at once.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from console.central.repository import open_repository
from console.central.store_core import SeriesKey
from console.paths import DataHome
from tests.processes import Chain

EVENTS, RATE_HZ = 40, 10.0
SERIES = 10_000
T = 1_655_860_000


@dataclass(frozen=True)
class Load:
    """Figures of one run; latencies in ms from the press to the ring, pulls in s from the commit."""

    consoles: int
    sent: int
    delivered: int
    p50_ms: float
    p99_ms: float
    cpu_s: float
    seconds: float
    rss_mb: float
    handles: int
    pulled_rows: int
    pull_first_s: float
    pull_last_s: float
    pull_cpu_s: float

    def lines(self) -> list[str]:
        return [
            f"{self.consoles} 台终端：通知送达 {self.delivered}/{self.sent * self.consoles}，"
            f"p50 {self.p50_ms:.0f} ms，p99 {self.p99_ms:.0f} ms；"
            f"中心用 CPU {self.cpu_s:.2f} 秒 / {self.seconds:.1f} 秒，内存 {self.rss_mb:.0f} MB，句柄 {self.handles}",
            f"一次提交后全部拉取：共 {self.pulled_rows} 行，首台 {self.pull_first_s:.2f} 秒，末台 {self.pull_last_s:.2f} 秒，"
            f"中心用 CPU {self.pull_cpu_s:.2f} 秒",
        ]


class Console:
    """One event stream, read line by line with as little work as possible."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self.heard: dict[int, float] = {}
        self.ready = asyncio.Event()

    async def listen(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(head("GET", "/v1/events", self._token, "Accept: text/event-stream\r\nAccept-Encoding: gzip\r\n"))
        try:
            while line := await reader.readline():
                if line.startswith(b"retry"):
                    self.ready.set()
                elif b'"revision": ' in line:
                    self.heard[int(line.rsplit(b" ", 1)[1].strip(b"}\r\n "))] = time.monotonic()
        finally:
            writer.close()

    async def pull(self, cursor: str) -> tuple[float, int]:
        """Return (when whole, rows in the page)."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**24)
        path = f"/v1/feeds/obs/changes?after={cursor}&limit=20000"
        writer.write(head("GET", path, self._token, "Accept-Encoding: gzip\r\nConnection: close\r\n"))
        raw = await reader.read()
        writer.close()
        top, _, body = raw.partition(b"\r\n\r\n")
        assert b" 200 " in top.splitlines()[0], top[:200]
        at = time.monotonic()
        text = zlib.decompress(body, 31) if b"content-encoding: gzip" in top.lower() else body
        count = re.search(rb'"count": ?(\d+)', text)
        assert count is not None
        return at, int(count[1])


def head(method: str, path: str, token: str, more: str = "") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n{more}\r\n".encode()


async def put_room(port: int, token: str, n: int) -> None:
    body = f'{{"doc": {{"n": {n}}}}}'
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    more = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    writer.write(head("PUT", "/v1/rooms/load", token, more) + body.encode())
    answer = await reader.read()
    writer.close()
    assert b" 200 " in answer.splitlines()[0], answer[:200]


async def measure(chain: Chain, consoles: int, events: int, service: psutil.Process, store: str) -> Load:
    found = chain.endpoint()
    assert found is not None
    port, token = int(found.url.rsplit(":", 1)[1]), found.token
    crowd = [Console(port, token) for _ in range(consoles)]
    tasks = [asyncio.create_task(c.listen()) for c in crowd]
    await asyncio.wait_for(asyncio.gather(*(c.ready.wait() for c in crowd)), 30)
    cpu, began, sent = cpu_of(service), time.monotonic(), {}
    for n in range(1, events + 1):
        await asyncio.sleep(max(0.0, began + n / RATE_HZ - time.monotonic()))
        sent[n] = time.monotonic()
        await put_room(port, token, n)
    end = time.monotonic() + 10
    while any(len(c.heard) < events for c in crowd) and time.monotonic() < end:
        await asyncio.sleep(0.02)
    seconds, cpu = time.monotonic() - began, cpu_of(service) - cpu
    late = np.array([(at - sent[n]) * 1e3 for c in crowd for n, at in c.heard.items()])
    rss, handles = service.memory_info().rss / 2**20, service.num_fds()
    rows, first, last, pull_cpu = await pull_burst(chain, crowd, service, store)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    p50, p99 = np.percentile(late, [50, 99])
    return Load(consoles, events, len(late), p50, p99, cpu, seconds, rss, handles, rows, first, last, pull_cpu)


async def pull_burst(
    chain: Chain, crowd: list[Console], service: psutil.Process, store: str
) -> tuple[int, float, float, float]:
    cursor = chain.ask(lambda c: c.changes("", 1)).cursor
    repo = open_repository(chain.home.central(chain.source), chain.source, store)
    sids = [repo.ensure_series(SeriesKey(f"s{i}", "Z", "m")) for i in range(SERIES // 20)]
    rows = [(sid, T + 300 * k, float(sid + k) / 7, 0) for sid in sids for k in range(20)]
    cpu, began = cpu_of(service), time.monotonic()
    repo.commit_rows(rows)
    repo.close()
    done = await asyncio.gather(*(c.pull(cursor) for c in crowd))
    assert {count for _, count in done} == {len(rows)}, "a console did not get the whole page"
    at = sorted(when - began for when, _ in done)
    return len(rows) * len(crowd), at[0], at[-1], cpu_of(service) - cpu


def cpu_of(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def load_of(folder: Path, consoles: int, events: int, store: str = "") -> Load:
    """Start a centre in folder, put the load on it and end it."""
    home = DataHome(folder)
    home.prepare()
    chain = Chain(home, "live", **({"store": store} if store else {}))
    try:
        service = psutil.Process(chain.start_central().process.pid)
        return asyncio.run(measure(chain, consoles, events, service, store))
    finally:
        chain.stop()


def run_load(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests load")
    parser.add_argument("consoles", nargs="?", type=int, default=300, choices=range(1, 451), metavar="1..450")
    parser.add_argument("--store", default="", help="postgresql:// address of an empty database")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        found = load_of(Path(folder), options.consoles, EVENTS, options.store)
    print("\n".join(found.lines()))
    return 0 if found.delivered == found.sent * found.consoles else 1
