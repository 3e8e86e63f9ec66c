"""State of the link with the centre, in codes the windows word themselves."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from backend_client.wire import Hello

CLOCK_SET_S = 1.0  # wall and steady clock part by less than this between two rounds


@dataclass
class LinkState:
    """Shared by the sync threads; every change is announced by its caller.

    state: connecting, up, down, store, refused, scope, garbage, tls, login, schema, disk. since: wall
    time of the change.
    """

    state: str = "connecting"
    detail: str = ""
    since: float = field(default_factory=time.time)
    last_ok: float | None = None
    skew_s: float = 0.0
    epoch: str = ""
    reachable: bool = False  # the centre answered hello in its last round, whatever came after
    _trips: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=8))
    _wall_ahead: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def become(self, state: str, detail: str = "") -> bool:
        """Note a state; True when it is another one than before."""
        with self._lock:
            if state == "up":
                self.last_ok = time.time()
            changed = state != self.state
            if changed:
                self.state, self.since = state, time.time()
            self.detail = detail
            return changed

    def heard(self, hello: Hello, sent_s: float, got_s: float, got_wall: float) -> dict[str, Any]:
        """Return the clock announcement; skew is taken from the shortest of 8 round trips.

        sent_s, got_s: steady seconds. A computer clock that was set meanwhile makes the earlier
        round trips worthless.
        """
        trip = got_s - sent_s
        if self._wall_ahead is not None and abs(got_wall - got_s - self._wall_ahead) > CLOCK_SET_S:
            self._trips.clear()
        self._wall_ahead = got_wall - got_s
        self._trips.append((trip, hello.real_t - (got_wall - trip / 2)))
        self.skew_s = min(self._trips)[1]
        self.epoch = hello.epoch
        return {
            "now": hello.now_t,
            "ref": sent_s + trip / 2,
            "rate": hello.rate,
            "running": hello.running,
            "mode": hello.mode,
            "service": hello.service,
            "skew_s": round(self.skew_s, 1),
            "epoch": hello.epoch,
            "player": dict(hello.player),
        }

    def to_doc(self) -> dict[str, Any]:
        with self._lock:
            return {
                "state": self.state,
                "detail": self.detail,
                "since": self.since,
                "last_ok": self.last_ok,
                "skew_s": round(self.skew_s, 1),
            }
