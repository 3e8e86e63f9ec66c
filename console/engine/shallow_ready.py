"""Compiles the kernels of the shallow-water solver ahead, so that the first flood of a fresh installation need not wait."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np

from console.engine.executor import Tell

CELLS, RUN_S = 4, 1.0
LOWER = 10  # how much the process gives way to others


def kernels_stamp() -> str:
    """Return what the kept machine code hangs on: another text, and it has to be made anew."""
    digest = hashlib.sha256(f"{importlib.metadata.version('numba')} {sys.version} {platform.machine()}".encode())
    for source in sorted(Path(__file__).parent.glob("shallow_*.py")):
        kept = source.stat()
        digest.update(f"{source} {kept.st_size} {kept.st_mtime_ns}".encode())
    return digest.hexdigest()


def compile_kernels(_nothing: Any, tell: Tell) -> None:
    """Run a flood of a few cells in each order; for a process of its own, which gives way to others (not on Windows)."""
    from console.engine.shallow_water import Area, Solver

    if hasattr(os, "nice"):
        os.nice(LOWER)
    bed = np.zeros((CELLS, CELLS))
    depth = np.linspace(0.0, 1.0, CELLS * CELLS).reshape(bed.shape)
    for order in (1, 2):
        Solver(Area(bed, 10.0, np.array(0.03), depth_m=depth), order).run(RUN_S)
        tell(order / 2)
