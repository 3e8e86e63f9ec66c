"""``python3 -m tests flips [n]``: n random byte flips in ops.db and n in the audit; each must be noticed."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from console.store.keys import OpsKey
from tests.flips import filled, unnoticed_in_audit, unnoticed_in_file


def run_flips(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests flips")
    parser.add_argument("flips", nargs="?", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    key = OpsKey(bytes(range(32)))
    missed: list[object] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ops.db"
        filled(path, key)
        for name, run in (("ops.db", unnoticed_in_file), ("审计", unnoticed_in_audit)):
            began = time.monotonic()
            found = run(path, key, options.flips, options.seed)
            missed += found
            print(
                f"[flips] {name}：{options.flips} 处改动，发现 {options.flips - len(found)} 处，{time.monotonic() - began:.0f} 秒"
            )
    return 1 if missed else 0
