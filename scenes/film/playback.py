"""Plays a flight on screen: by the clock, so that a slow picture is left out and the flight stays on time."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from console.domain.flight import Flight, FlightMoment
from console.domain.flight_camera import Clearance

TICK_MS = 33
SPEEDS = (0.1, 8.0)


class FlightPlayer(QObject):
    """Plays one flight; what it shows at a moment depends on the clock alone, not on how many pictures came before.

    still: reduced motion; the camera then cuts from keyframe to keyframe.

    Signals:
        moment: a FlightMoment to be shown. progress: film second, length s. finished: the end was reached and nothing
        begins again. interrupted: the user's hand took the camera; the flight waits where it was.
    """

    moment = Signal(object)
    progress = Signal(float, float)
    finished = Signal()
    interrupted = Signal()

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, still: bool = False, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._still = still
        self._flight: Flight | None = None
        self._clearance: Clearance | None = None
        self._loop = False
        self._speed = 1.0
        self._base_t, self._base_s = 0.0, 0.0  # film second at a second of the clock
        self._shown = -1  # the keyframe that stands, with reduced motion
        self._timer = QTimer(self, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)

    @property
    def flight(self) -> Flight | None:
        return self._flight

    @property
    def playing(self) -> bool:
        return self._timer.isActive()

    @property
    def t_s(self) -> float:
        """Film second that is due now; a loop counts anew each time round."""
        gone = (self._clock() - self._base_s) * self._speed if self.playing else 0.0
        t = self._base_t + gone
        if self._flight is None:
            return 0.0
        length = self._flight.length_s
        return t % length if self._loop and t >= length else min(length, t)

    def load(self, flight: Flight, clearance: Clearance | None = None) -> None:
        """Take a flight, at its beginning, not playing."""
        self.stop()
        self._flight, self._clearance = flight, clearance
        self._base_t, self._shown = 0.0, -1

    def play(self) -> None:
        """Begin, or go on where it was; at the end begin again."""
        if self._flight is None or self.playing:
            return
        if self._base_t >= self._flight.length_s:
            self._base_t = 0.0
        self._base_s, self._shown = self._clock(), -1
        self._timer.start()
        self._show(self._base_t)

    def pause(self) -> None:
        self._base_t = self.t_s
        self._timer.stop()

    def stop(self) -> None:
        """Stop and go back to the beginning."""
        self._timer.stop()
        self._base_t = 0.0

    def seek(self, t_s: float) -> None:
        """Go to a film second, and show it even while nothing plays."""
        if self._flight is None:
            return
        self._base_t, self._base_s, self._shown = min(self._flight.length_s, max(0.0, t_s)), self._clock(), -1
        self._show(self._base_t)

    def set_speed(self, speed: float) -> None:
        """Play faster or slower from here on; kept between 0.1 and 8 times."""
        self._base_t, self._base_s = self.t_s, self._clock()
        self._speed = min(SPEEDS[1], max(SPEEDS[0], speed))

    def set_loop(self, on: bool) -> None:
        """Begin again at the end, for visitors."""
        self._base_t, self._base_s = self.t_s, self._clock()
        self._loop = on

    def set_still(self, on: bool) -> None:
        """Cut instead of flying, or fly again."""
        self._still, self._shown = on, -1

    def interrupt(self) -> None:
        """The user's hand took the camera: wait here, and say so once."""
        if self.playing:
            self.pause()
            self.interrupted.emit()

    def tick(self) -> None:
        """Show what is due by the clock."""
        if self._flight is None or not self.playing:
            return
        t = self.t_s
        over = not self._loop and t >= self._flight.length_s
        if over:
            self._base_t = t
            self._timer.stop()
        self._show(t)
        if over:
            self.finished.emit()

    def _show(self, t: float) -> None:
        flight = self._flight
        if flight is None:
            return
        index = flight.index_at(t)
        if not self._still:
            self.moment.emit(flight.at(t, self._clearance))
        elif index != self._shown:
            self._shown = index
            self.moment.emit(flight.still(index, self._clearance))
        self.progress.emit(t, flight.length_s)

    def shown(self) -> FlightMoment | None:
        """Return what is due now, for a view that comes later; None without a flight."""
        if self._flight is None:
            return None
        t = self.t_s
        if self._still:
            return self._flight.still(self._flight.index_at(t), self._clearance)
        return self._flight.at(t, self._clearance)
