"""Opening the monitor workspace from a filled cache; memory with everything open; sockets opened meanwhile (target 26)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from console.domain.time import from_beijing
from console.paths import DataHome
from tests.bench.run import Row
from tests.flood_cache import fill


def desk(root: Path) -> dict:
    """Return the report of one desk's tour; stderr goes on with the error."""
    command = [sys.executable, "-m", "tests.bench.monitor_desk", str(root)]
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "FLOOD_CONSOLE_PASSPHRASE": "bench-passphrase"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=170)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def filled_home(root: Path) -> DataHome:
    home = DataHome(root)
    home.prepare()
    fill(home.profile("live"), until=from_beijing("2022-06-22 14:00"))
    return home


def run() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        filled_home(Path(folder))
        reports = [desk(Path(folder)) for _ in range(2)]
    best = min(reports, key=lambda r: r["open_s"])
    slowest = max(best["panels_ms"].items(), key=lambda x: x[1])
    floor = f"窗口 {best['window_s']:.2f} s；最慢的面板 {slowest[0]} {slowest[1]:.0f} ms"
    yield Row("open", best["open_s"], "s 窗口后监控工作区画完", floor, "≤ 1.5 s", best["open_s"] <= 1.5)
    memory = max(r["monitor_mb"] for r in reports)
    yield Row("open", memory, "MB 监控全部面板打开后", "", "≤ 700 MB", memory <= 700)
    whole = max(r["memory_mb"] for r in reports)
    floor = f"另有沙盘的渲染进程 {max(r['scene_mb'] for r in reports):.0f} MB"
    yield Row("open", whole, "MB 全部工作区打开后的窗口进程", floor, "≤ 700 MB", whole <= 700)
    dialled = sum(len(r["dialled"]) for r in reports)
    yield Row("26", dialled, "个网络套接字（无网走一遍）", "", "0", dialled == 0)
