"""Garbage is collected by the GUI thread alone.

Python collects cycles in whichever thread happens to allocate. A QObject destroyed away from its own
thread leaves its timers behind, and the next tick takes the program down (reproduced: exit 139).
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

TICK_MS = 1000


class GuiCollector(QObject):
    """Switches automatic collection off and does its work between events."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        gc.freeze()  # the modules loaded so far stay; scanning them again and again would stall the window
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        counts, limits = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > limits[generation]:
                gc.collect(generation)
                return
