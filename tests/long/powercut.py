"""``python3 -m tests powercut [cuts]``: power cuts at random writes and syncs, with FULL and, to compare, NORMAL."""

from __future__ import annotations

import argparse
import time

from tests.power import cut_once


def run_powercut(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests powercut")
    parser.add_argument("cuts", nargs="?", type=int, default=300)
    options = parser.parse_args(words)
    failed = False
    for synchronous in ("full", "normal"):
        began = time.monotonic()
        results = [cut_once(seed, synchronous) for seed in range(options.cuts)]
        told, lost = sum(r[0] for r in results), sum(r[1] for r in results)
        damaged = sum(not r[2] for r in results)
        worst = max(r[1] for r in results)
        print(
            f"[powercut] {synchronous.upper()}：{options.cuts} 次断电，已说保存 {told} 条，丢失 {lost} 条（一次最多 {worst}），"
            f"损坏 {damaged} 个文件，{time.monotonic() - began:.0f} 秒"
        )
        failed |= damaged > 0 or (lost > 0) == (synchronous == "full")
    return 1 if failed else 0
