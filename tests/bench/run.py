"""``python3 -m tests bench``: a line per target that has a benchmark so far."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One measured target. floor: what the same run needs for the bare minimum (or a ratio)."""

    target: str
    figure: float
    unit: str
    floor: str
    goal: str
    met: bool


Benchmark = Callable[[], Iterable[Row]]


def benchmarks() -> dict[str, Benchmark]:
    from tests.bench import (
        big_cache,
        bundle,
        cache_queries,
        catchup,
        consult,
        hydrograph,
        live,
        map,
        monitor,
        sandbox,
        sandbox_rivals,
        sandbox_switch,
        shallow,
        startup,
        sync,
        table,
        tour,
        video,
    )

    return {
        "1": hydrograph.run,
        "2": table.run,
        "3": startup.run,
        "3big": big_cache.run,
        "4": live.run,
        "7": tour.run,
        "25": map.run,
        "open": monitor.run,
        "27": sandbox.run,
        "27rival": sandbox_rivals.run,
        "27pop": sandbox_switch.run,
        "33": video.run,
        "35": consult.run,
        "2d": shallow.run,
        "sync": sync.run,
        "pull": catchup.run,
        "bundle": bundle.run,
        "cache": cache_queries.run,
    }


def run_bench(words: list[str]) -> int:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="tests bench")
    parser.add_argument("ids", nargs="*", choices=[[], *known])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(words)
    rows: list[Row] = []
    for name in options.ids or known:
        for row in known[name]():
            rows.append(row)
            word = "达到" if row.met else "未达到"
            print(f"{row.target:<6}{row.figure:>12.2f} {row.unit:<34}{row.floor:<44}{row.goal:<28}{word}", flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(r) for r in rows], ensure_ascii=False, indent=1), "utf-8")
    return 0
