"""Timing with a floor from the same run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import numpy as np


def wall_ms(work: Callable[[], object], rounds: int) -> np.ndarray:
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        spent.append((time.perf_counter() - began) * 1000)
    return np.array(spent)


def each_ms(steps: Iterable[Callable[[], object]]) -> np.ndarray:
    return np.array([wall_ms(step, 1)[0] for step in steps])


def application():
    """Return the application of a bench, collecting garbage as the console does."""
    from PySide6.QtWidgets import QApplication

    from console.windows.docking import prepare_docking
    from tests.gui import application as collecting_application

    if QApplication.instance() is None:
        prepare_docking()
    return collecting_application(["bench"])
