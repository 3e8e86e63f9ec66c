"""The one Situation of a window's process, and the one clock that drives it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from console.domain.situation import Camera, Clock, ServiceClock, Situation
from console.domain.time import steady_s

AHEAD_FROM_S = 60.0  # a moment that the clock reaches within a minute is no future


class SituationState(QObject):
    """Views read it and ask to change it; nothing else is shared between them.

    Signals:
        changed: arg is a frozenset of "time", "clock", "selection", "layers", "camera", "window", "topic".
        service_changed: the centre's clock was heard anew.
    """

    changed = Signal(frozenset)
    service_changed = Signal()

    def __init__(
        self,
        ref: Callable[[], float] = steady_s,
        wall: Callable[[], float] = time.time,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._ref = ref
        self.current = Situation()
        self.service = ServiceClock(wall(), ref())
        self.heard = False
        self._shown = 0.0
        self.ahead_t = 0.0  # the end of the furthest forecast

    def moment(self) -> float:
        """Return the moment shown, UTC s."""
        return self.current.clock.moment(self.service, self._ref())

    def now(self) -> float:
        """Return the centre's time, UTC s; past its end it goes on so that ages grow."""
        return self.service.at(self._ref())

    def set_service(self, clock: ServiceClock) -> None:
        self.service = clock
        self.heard = True
        self.service_changed.emit()
        self.tick(force=True)

    def service_lost(self) -> None:
        """The link is down: the centre's time goes on at ×1, ages grow."""
        now = self.now()
        self.set_service(ServiceClock(now, self._ref(), 1.0, True, self.service.mode))

    def tick(self, *, force: bool = False) -> None:
        """Called by the one render clock; emits "time" when the shown moment moved."""
        moment = self.moment()
        if force or abs(moment - self._shown) >= 1.0:
            self._shown = moment
            self.changed.emit(frozenset({"time"}))

    # --- intents --------------------------------------------------------------------------
    def adopt(self, situation: Situation) -> None:
        """Take a whole Situation (cast, snapshot, link)."""
        before, self.current = self.current, situation
        names = {
            name
            for name, old, new in (
                ("clock", before.clock, situation.clock),
                ("selection", before.selection, situation.selection),
                ("layers", before.layers, situation.layers),
                ("camera", before.camera, situation.camera),
                ("window", before.window_h, situation.window_h),
                ("topic", before.topic, situation.topic),
            )
            if old != new
        }
        if names:
            self._shown = self.moment()
            self.changed.emit(frozenset(names | ({"time"} if "clock" in names else set())))

    def select(self, code: str | None) -> None:
        self.adopt(self.current.with_selection(code))

    def go_live(self) -> None:
        self.adopt(self.current.with_clock(Clock()))

    def look_at(self, t: float) -> None:
        """Show another moment. After the centre's now there is the forecast, as far as one reaches; without one it is live."""
        now = self.now()
        if t >= now:
            t = max(now, min(t, self.ahead_t))
        clock = Clock("at", float(t)) if t < now or t > now + AHEAD_FROM_S else Clock()
        self.adopt(self.current.with_clock(clock))

    def play_from(self, t: float, rate: float) -> None:
        self.adopt(self.current.with_clock(Clock("playing", float(t), rate, self._ref())))

    def stop_playing(self) -> None:
        if self.current.clock.mode == "playing":
            self.look_at(self.moment())

    def set_window(self, hours: float) -> None:
        self.adopt(replace(self.current, window_h=min(2400.0, max(3.0, hours))))

    def look_into(self, topic: str) -> None:
        """Look at one line of business, "" for all of them."""
        self.adopt(replace(self.current, topic=topic))

    def set_layers(self, layers: tuple[str, ...]) -> None:
        self.adopt(replace(self.current, layers=layers))

    def set_camera(self, camera: Camera | None) -> None:
        self.adopt(replace(self.current, camera=camera))

    def ref(self) -> float:
        return self._ref()
