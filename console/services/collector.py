"""Garbage is collected by the GUI thread alone.

Python collects cycles in whichever thread happens to allocate. A QObject destroyed away from its own
thread leaves its timers behind, and the next tick takes the program down (reproduced: exit 139).
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

TICK_MS = 1000
# A full pass takes about 0.55 ms for each thousand objects on the machine of the targets (131 ms for 212,000).
MOST_SCANNED = 60_000


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
                if generation == 2 and len(gc.get_objects(generation=2)) > MOST_SCANNED:
                    self._keep()
                else:
                    gc.collect(generation)
                return

    @staticmethod
    def _keep() -> None:
        """Set aside what has grown old instead of looking through it.

        So much is there only after workspaces were built or a store was read. What is no longer used is
        still freed as its last reference goes; cycles among what is set aside stay until the program ends. It happens
        only when so much has been added since the last time, so that they cannot mount up.
        """
        gc.collect(1)
        gc.freeze()
