"""``python3 -m tests chaos [cycles]``: kill -9 of centre, sync and writers at random, then compare everything."""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from backend_client.errors import BackendError
from console.paths import DataHome
from console.store.cache_reader import CacheReader
from console.store.ops import OpsStore
from tests.processes import PAUSE, Chain, eventually, make_key

WRITER = (
    "import sys; from pathlib import Path; from console.store.ops import OpsStore\n"
    "from console.store.keys import OpsKey; s = OpsStore(Path(sys.argv[1]), OpsKey.from_line(sys.stdin.buffer.readline()))\n"
    "while True: print(s.add('log.entry', 'log', {'type': 'note', 'text': '巡堤', 'object': ''}, '张三'), flush=True)\n"
)


def run_chaos(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests chaos")
    parser.add_argument("cycles", nargs="?", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    random.seed(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        home = DataHome(Path(folder))
        home.prepare()
        chain = Chain(home, rate="3600", start="2022-06-13 08:00")
        saved: set[str] = set()
        began = time.monotonic()
        for cycle in range(options.cycles):
            saved |= one_cycle(chain)
            print(f"[chaos] {cycle + 1}/{options.cycles} 已保存 {len(saved)} 条", flush=True)
        problems = settle(chain, saved)
        chain.stop()
    for problem in problems:
        print(f"[chaos] {problem}")
    print(
        f"[chaos] {options.cycles} 轮，{len(saved)} 条记录，{time.monotonic() - began:.0f} 秒：{'通过' if not problems else '未通过'}"
    )
    return 1 if problems else 0


def one_cycle(chain: Chain) -> set[str]:
    central, sync = chain.start_central(), chain.start_sync()
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(chain.profile.ops)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    writer.stdin.write(make_key(chain.home).to_line().decode())
    writer.stdin.close()
    victims = [central.kill, sync.kill, lambda: (writer.kill(), writer.wait())]
    random.shuffle(victims)
    for kill in victims:
        PAUSE.wait(random.uniform(0.05, 0.7))
        kill()
    told = writer.stdout.read().split("\n")[:-1]
    writer.stdout.close()
    return {line for line in told if len(line) == 36}


def settle(chain: Chain, saved: set[str]) -> list[str]:
    chain.start_central()
    chain.ask(lambda c: c.player({"action": "pause"}))
    chain.start_sync()
    store = OpsStore(chain.profile.ops, make_key(chain.home))
    problems = []
    kept = {op.op_id for op in store.recent(10**9)}
    if saved - kept:
        problems.append(f"{len(saved - kept)} 条已说保存的记录不在 ops.db")
    eventually(lambda: store.waiting()[0] == 0, 600, "the outbox drains")
    if not store.verify_audit():
        problems.append("审计链断裂")
    store.close()
    records = all_records(chain)
    if len(records) != len(set(records)):
        problems.append("中心有重复记录")
    if not saved <= set(records):
        problems.append(f"中心缺 {len(saved - set(records))} 条记录")
    try:
        eventually(lambda: cached(chain) == served(chain), 60, "cache equals centre")
    except AssertionError:
        problems.append("缓存与中心不一致")
    return problems


def all_records(chain: Chain) -> list[str]:
    found, cursor, more = [], "", True
    while more:
        page = chain.ask(lambda c, at=cursor: c.records(at, 20000))
        found += [r.record_id for r in page.records if r.kind == "log"]
        cursor, more = page.cursor, page.more
    return found


def served(chain: Chain) -> dict[tuple[int, int], float]:
    try:
        page = chain.ask(lambda c: c.changes("", 20000))
    except BackendError:
        return {}
    return {(s, t): v for s, t, v in zip(page.sid.tolist(), page.t.tolist(), page.value.tolist(), strict=True)}


def cached(chain: Chain) -> dict[tuple[int, int], float]:
    reader = CacheReader(chain.profile)
    try:
        rows = reader.windows(0, 2**31)
    finally:
        reader.close()
    return {(s, t): v for s, r in rows.items() for t, v in zip(r[0].tolist(), r[1].tolist(), strict=True)}
