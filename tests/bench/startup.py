"""Target 3: the desk from a filled cache: first paint, first data; against a bare Qt window."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from console.paths import DataHome
from console.store.cache_reader import CacheReader
from tests.bench.run import Row
from tests.processes import Chain, eventually

BARE = (
    "import time; b=time.perf_counter(); from PySide6.QtWidgets import QApplication, QMainWindow; a=QApplication([]); "
    "w=QMainWindow(); w.resize(1600,900); w.show(); a.processEvents(); print(time.perf_counter()-b)"
)


def filled(chain: Chain) -> bool:
    reader = CacheReader(chain.profile)
    try:
        return len(reader.latest()) > 10
    finally:
        reader.close()


def run() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        home = DataHome(Path(folder))
        home.prepare()
        chain = Chain(home, rate="60", start="2022-06-22 08:00")
        chain.start_central()
        chain.start_sync()
        eventually(lambda: filled(chain))
        chain.stop()
        window, data = [], []
        for _ in range(3):
            report = desk(home)
            window.append(report["window_s"])
            data.append(report["first_data_s"])
    bare = min(
        float(subprocess.run([sys.executable, "-c", BARE], capture_output=True, text=True, check=True).stdout) for _ in range(3)
    )
    yield Row("3", min(window), "s 首次显示窗口", f"裸 Qt 窗口 {bare:.2f} s", "≤ 1.0 s", min(window) <= 1.0)
    yield Row("3", min(data) - min(window), "s 窗口后首批数据上屏（小缓存）", "", "≤ 1.5 s", min(data) - min(window) <= 1.5)


def desk(home: DataHome, source: str = "beijiang-2022-06", seconds: float = 8.0) -> dict[str, float]:
    """Run the desk for some seconds; return what its instruments noted."""
    path = home.logs / "instruments.json"
    path.unlink(missing_ok=True)
    command = [sys.executable, "-m", "console", "--home", str(home.root), "--source", source]
    child = subprocess.Popen(command, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, stderr=subprocess.DEVNULL)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            child.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
    child.send_signal(signal.SIGTERM)
    child.wait(20)
    return json.loads(path.read_text("utf-8"))
