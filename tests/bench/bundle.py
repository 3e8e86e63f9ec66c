"""A day of 10,000 stations as a bundle: bytes, time to write, time to take in."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from console.store.bundle.cache_source import CacheSource
from console.store.bundle.gather import gather_down
from console.store.bundle.manifest import Manifest
from console.store.bundle.readings import Columns
from console.store.bundle.writing import bundle_draft, seal_bundle
from tests.bench.run import Row
from tests.bundles import device, introduce, take

TIMES = 288
SERIES = 10_000
START = 1655251200


def day_of_readings(series: int = SERIES, *, smooth: bool = False) -> Iterator[Columns]:
    """Yield 24 h every 5 minutes in centimetres: independent noise of 1 m (hard), or a slow walk."""
    rng = np.random.default_rng(5)
    t = START + np.arange(TIMES, dtype=np.int64) * 300
    for first in range(0, series, 100):
        count = min(100, series - first)
        noise = rng.normal(0, 1, (count, TIMES))
        level = np.cumsum(noise * 0.02, axis=1) if smooth else noise
        n = count * TIMES
        sid = np.repeat(np.arange(first, first + count), TIMES)
        yield sid, np.tile(t, count), np.round(20 + level, 2).ravel(), np.zeros(n, np.int64), np.ones(n, np.int64)


def run() -> Iterator[Row]:
    for smooth, word in ((False, "独立噪声"), (True, "缓变过程")):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            centre, laptop = device(folder / "centre", "a"), device(folder / "laptop", "b")
            introduce(centre, laptop)
            manifest = Manifest("live", "", "e" * 32, "e" * 12 + ".1", 0, "", 0, None, "all", 0.0, "live", "")
            began = time.perf_counter()
            with bundle_draft(folder) as draft:
                rows = draft.add_readings(day_of_readings(smooth=smooth))
                card = laptop.identity.card
                seal_bundle(folder / "d.fccx", "down", draft, manifest, centre.identity, card, centre.register)
            wrote = time.perf_counter() - began
            size = (folder / "d.fccx").stat().st_size / 1e6
            began = time.perf_counter()
            taken = take(folder / "d.fccx", laptop)
            read = time.perf_counter() - began
            began = time.perf_counter()
            source = CacheSource(laptop.profile, "live")
            with bundle_draft(folder) as draft:
                found = gather_down(draft, source, None)
                card = centre.identity.card
                seal_bundle(folder / "r.fccx", "down", draft, found.manifest, laptop.identity, card, laptop.register)
            relayed = time.perf_counter() - began
            same = (folder / "r.fccx").stat().st_size / 1e6
            for one in (centre, laptop):
                one.register.close()
        assert taken.rows == rows == SERIES * TIMES
        assert found.rows == rows
        note = f"{size * 8e6 / rows:.1f} 位/行，导出 {wrote:.1f} s"
        yield Row("bundle", size, f"MB 1 万站 24 h 联络包（{word}）", note, "≤ 4 MB", size <= 4)
        yield Row("bundle", read, f"s 导入 288 万行（{word}）", "含校验、解密、写缓存", "≤ 30 s", read <= 30)
        yield Row("bundle", relayed, f"s 从缓存导出 288 万行（{word}）", f"{same:.2f} MB", "≤ 30 s", relayed <= 30)
