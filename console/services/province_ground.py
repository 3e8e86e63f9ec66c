"""The generated ground of the province, made once into the cache: coarse at once, fine by a process of its own.

Run as a program it makes one and prints its progress, a share of 1 a line.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from console.errors import StoreError
from console.store.basemap import load_basemap
from scenes.ground.frame import HALF_KM
from scenes.ground.pyramid import META, write_pyramid

VERSION = 1  # of the method: another one makes another ground
QUICK, FULL = 513, 4097  # nodes a side: 1.6 km and 200 m
LABEL, DATUM = "合成地形 仅供演示", "近似 1985 国家高程基准"


def relief() -> dict[str, Any]:
    return tomllib.loads((resources.files("assets") / "basin" / "relief_province.toml").read_text("utf-8"))


def province_folder(cache: Path, size: int) -> Path:
    key = hashlib.sha256(repr((VERSION, json.dumps(relief(), sort_keys=True, default=str))).encode()).hexdigest()[:10]
    return cache / f"terrain-{key}-{size}"


def made(cache: Path) -> Path | None:
    """Return the finest ground of this version that is there."""
    return next((f for size in (FULL, QUICK) if ((f := province_folder(cache, size)) / META).is_file()), None)


def make(cache: Path, size: int, progress: Callable[[float], None] = lambda _share: None) -> Path:
    """Make the ground unless it is there; seconds at QUICK, more than a minute at FULL.

    Raises:
        PyramidNotWritten: disk full, no right to write.
    """
    folder = province_folder(cache, size)
    if (folder / META).is_file():
        return folder
    from scenes.ground.synthetic import generate  # scipy: only where ground is made

    base = load_basemap(cache)
    rivers = {name: lines[0] for name, lines in base.rivers.items()}
    nodes = generate(
        relief(), rivers, base.other_rivers, base.land, base.lakes, size=size, progress=lambda share: progress(0.9 * share)
    )
    heights = (nodes[:-1, :-1] + nodes[:-1, 1:] + nodes[1:, :-1] + nodes[1:, 1:]) * np.float32(0.25)
    del nodes
    cache.mkdir(parents=True, exist_ok=True)
    box = (-HALF_KM, -HALF_KM, HALF_KM, HALF_KM)
    write_pyramid(folder, np.asarray(heights, np.float32), box, label=LABEL, datum=DATUM, synthetic=True)
    progress(1.0)
    return folder


class Maker:
    """Makes the ground in a process of its own, out of the way of everything else; run() is for a worker thread."""

    def __init__(self, cache: Path, size: int = FULL) -> None:
        self._cache, self._size = cache, size
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False

    def run(self, progress: Callable[[float], None] = lambda _share: None) -> Path:
        """Make it unless it is there.

        Raises:
            StoreError: it was stopped or failed; what the process said is in the detail.
        """
        folder = province_folder(self._cache, self._size)
        if (folder / META).is_file():
            return folder
        command = (sys.executable, "-m", "console.services.province_ground", str(self._cache), "--size", str(self._size))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "OMP_NUM_THREADS": "1"}
        complaints: list[str] = []
        try:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, preexec_fn=_yielding()
            )
        except OSError as exc:
            raise _not_made(repr(exc)) from exc
        self._process = process
        if self._stopped:
            process.kill()
        assert process.stdout and process.stderr  # noqa: S101 - both are pipes
        errors = process.stderr
        drain = threading.Thread(target=lambda: complaints.extend(errors), name="ground complaints", daemon=True)
        drain.start()
        for line in process.stdout:
            progress(float(line))
        status = process.wait()
        drain.join(2.0)
        process.stdout.close()
        errors.close()
        if status != 0:
            raise _not_made(f"exit {status} {(complaints or [''])[-1].strip()[:200]}")
        return folder

    def stop(self) -> None:
        self._stopped = True
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.kill()


def _not_made(detail: str) -> StoreError:
    return StoreError("细地形没有生成。", "请检查磁盘空间后重新打开沙盘；现有的地形照常可用。", detail)


def _yielding() -> Callable[[], object] | None:
    """Return what makes a child yield to everything else, where the system can."""
    return (lambda: os.nice(15)) if sys.platform != "win32" else None


def main() -> int:
    parser = argparse.ArgumentParser(description="生成全省合成地形")
    parser.add_argument("cache", type=Path)
    parser.add_argument("--size", type=int, default=FULL)
    options = parser.parse_args()
    make(options.cache, options.size, lambda share: print(f"{share:.3f}", flush=True))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
