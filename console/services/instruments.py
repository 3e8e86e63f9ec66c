"""Instruments: stalls of the GUI thread with their stack, latencies, queues, memory."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
from PySide6.QtCore import QObject, Qt, QTimer

log = logging.getLogger(__name__)
TICK_MS = 20
STALL_MS = 50.0
KEEP = 3000


class Instruments(QObject):
    """One per GUI process; gauges are read only when somebody looks."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.late_ms: deque[float] = deque(maxlen=KEEP)
        self.stalls: deque[tuple[float, float, str]] = deque(maxlen=100)
        self.gauges: dict[str, Callable[[], float]] = {}
        self.marks: dict[str, float] = {}
        self._process = psutil.Process()
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._last = time.perf_counter()
        self._main = threading.get_ident()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._newest = 0.0  # when the newest stall began, on the performance clock
        self._watch = threading.Thread(target=self._watch_stalls, name="stall-watch", daemon=True)

    def start(self) -> None:
        self._last = time.perf_counter()
        self._timer.start()
        self._watch.start()

    def stop(self) -> None:
        self._timer.stop()
        self._stop.set()
        if self._watch.is_alive():
            self._watch.join(2.0)

    def mark(self, name: str, seconds: float) -> None:
        """Note a one-time figure such as a start-up phase, seconds."""
        self.marks.setdefault(name, seconds)

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        self.gauges[name] = read

    def forget(self, name: str, read: Callable[[], float]) -> None:
        """Drop a gauge whose panel is gone, unless another panel has taken its name since."""
        if self.gauges.get(name) == read:
            del self.gauges[name]

    def _tick(self) -> None:
        now = time.perf_counter()
        late = max(0.0, (now - self._last) * 1000 - TICK_MS)
        self.late_ms.append(late)
        if late >= STALL_MS:
            self._note(self._last, late, "")
        self._last = now

    def _note(self, begin: float, ms: float, stack: str) -> None:
        """The watcher knows where, the tick how long; whoever comes first opens the one entry."""
        with self._lock:
            if begin != self._newest:
                self._newest = begin
                self.stalls.append((time.time(), ms, stack))
                return
            at, known, where = self.stalls[-1]
            self.stalls[-1] = (at, max(known, ms), where or stack)

    def _watch_stalls(self) -> None:
        """From a second thread: when the tick is overdue, note where the GUI thread is."""
        reported = 0.0
        while not self._stop.wait(0.01):
            last = self._last
            overdue = (time.perf_counter() - last) * 1000 - TICK_MS
            if overdue < STALL_MS:
                continue
            stack = ""
            if last != reported:
                frame = sys._current_frames().get(self._main)
                stack = "".join(traceback.format_stack(frame)[-6:]) if frame else ""
                log.warning("GUI thread stalled\n%s", stack)
                reported = last
            self._note(last, overdue, stack)

    def report(self) -> dict[str, Any]:
        """Return every figure: late ticks (ms), stalls, gauges, memory (MB), marks (s)."""
        late = sorted(self.late_ms) or [0.0]
        return {
            "tick_late_p50_ms": round(late[len(late) // 2], 2),
            "tick_late_p99_ms": round(late[int(len(late) * 0.99)], 2),
            "tick_late_max_ms": round(late[-1], 2),
            "stalls": len(self.stalls),
            "worst_stall_ms": round(max((s[1] for s in self.stalls), default=0.0), 1),
            "memory_mb": round(self._process.memory_info().rss / 1e6, 1),
            "threads": self._process.num_threads(),
            **{name: round(read(), 3) for name, read in self.gauges.items()},
            **{f"{name}_s": round(value, 3) for name, value in self.marks.items()},
        }

    def save(self, path: Path) -> None:
        """Write the report with the stalls' stacks as JSON."""
        doc: Mapping[str, Any] = self.report() | {
            "stall_list": [{"at": at, "ms": ms, "stack": stack} for at, ms, stack in self.stalls]
        }
        path.write_text(json.dumps(doc, ensure_ascii=False, indent=1), "utf-8")
