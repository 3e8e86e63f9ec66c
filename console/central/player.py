"""The clock of a recording: play ×1 to ×3600, pause, seek, step, loop; it survives a kill."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from console.central.repository import Repository
from console.central.store_core import Row, SeriesKey
from console.domain.elements import ELEMENTS
from console.drill.facts import FloodFacts
from console.drill.reconstruct import rebuild
from console.drill.recorded import RecordedSeries

RATE_MIN, RATE_MAX = 1.0, 3600.0
SOURCE = "重建录像"


@dataclass(frozen=True, slots=True)
class PlayerState:
    """now_t: the recording's time, UTC s, as of the call."""

    recording: str
    title: str
    from_t: int
    to_t: int
    now_t: float
    rate: float
    running: bool
    loop: bool


class Player:
    """Releases a recording's readings into the feed as its clock passes them.

    series: of the recording, where it is not the flood as it was rebuilt.

    The caller ticks it; position, rate and state are in the repository after every change.
    """

    def __init__(
        self,
        repo: Repository,
        facts: FloodFacts,
        series: Sequence[RecordedSeries] = (),
        *,
        rate: float,
        start_t: int | None = None,
        ref: Callable[[], float] = time.monotonic,
    ) -> None:
        self._repo = repo
        self._ref = ref
        self.facts = facts
        columns: list[tuple[np.ndarray, ...]] = []
        for s in series or rebuild(facts):
            element = ELEMENTS[s.element]
            sid = repo.ensure_series(SeriesKey(s.object_code, s.element, element.unit, "", s.source or SOURCE, 3600))
            columns.append((np.full(len(s.t), sid), s.t, s.value, s.quality))
        sids, t, value, quality = (np.concatenate(c) for c in zip(*columns, strict=True))
        order = np.lexsort((sids, t))
        self._sid, self._t = sids[order], t[order]
        self._value, self._quality = value[order], quality[order]
        held = hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in (self._sid, self._t, self._value)))
        self._mark = held.hexdigest()[:16]
        saved = repo.meta("player_t")
        self._base_t = float(saved) if saved else float(start_t or facts.start_t)
        self._rate = float(repo.meta("player_rate") or rate)
        self._running = repo.meta("player_running", "1") == "1"
        self._loop = repo.meta("player_loop", "0") == "1"
        self._since = ref()

    def now(self) -> float:
        if not self._running:
            return self._base_t
        return min(float(self.facts.to_t), self._base_t + (self._ref() - self._since) * self._rate)

    def state(self) -> PlayerState:
        f = self.facts
        return PlayerState(f.key, f.title, f.from_t, f.to_t, self.now(), self._rate, self._running, self._loop)

    def run_mark(self) -> str:
        """Return what tells this pass over the recording from an earlier one."""
        return self._repo.epoch[:6]

    def due(self) -> list[Row]:
        """Return the readings whose time has come and that were not released before."""
        released = self._released()
        upto = int(np.searchsorted(self._t, self.now(), side="right"))
        return self._rows(released, upto)

    def _rows(self, first: int, last: int) -> list[Row]:
        part = slice(first, last)
        return list(
            zip(
                self._sid[part].tolist(),
                self._t[part].tolist(),
                self._value[part].tolist(),
                self._quality[part].tolist(),
                strict=True,
            )
        )

    def place_after(self, count: int) -> dict[str, str]:
        """Return what to store together with count more released readings."""
        placed = {"player_released": str(self._released() + count), "player_total": self._mark}
        return placed | {"player_t": repr(self.now())}

    def _released(self) -> int:
        """Return how many readings went out; 0 where the recording held others when that was noted.

        Another version's recording, or a disaster computed anew: all due go out again, and identical ones change nothing.
        """
        same = self._repo.meta("player_total", "") == self._mark
        return int(self._repo.meta("player_released", "0")) if same else 0

    def at_end(self) -> bool:
        return self.now() >= self.facts.to_t

    def act(self, action: str, *, rate: float | None = None, t: float | None = None) -> bool:
        """Do one control action; return True when time went backwards (a new epoch began).

        Raises:
            ValueError: unknown action, or rate or time out of range.
        """
        now = self.now()
        if action == "play":
            self._anchor(now, running=True)
        elif action == "pause":
            self._anchor(now, running=False)
        elif action == "rate":
            if rate is None or not RATE_MIN <= rate <= RATE_MAX:
                raise ValueError(f"rate {rate} outside {RATE_MIN}..{RATE_MAX}")
            self._rate = rate
            self._anchor(now, running=self._running)
        elif action == "loop":
            self._loop = not self._loop
        elif action in ("seek", "step"):
            target = now + 3600 if action == "step" else t
            if target is None or not self.facts.from_t <= target <= self.facts.to_t + 3600:
                raise ValueError("time outside the recording")
            return self._seek(min(target, float(self.facts.to_t)), now)
        else:
            raise ValueError(f"unknown action {action!r}")
        self._save()
        return False

    def restart_if_looping(self) -> bool:
        """At the end of a looping recording start again; True when that happened."""
        if not (self._loop and self._running and self.at_end()):
            return False
        return self._seek(float(self.facts.start_t), self.now())

    def _seek(self, target: float, now: float) -> bool:
        backwards = target < now
        if backwards:
            released = int(np.searchsorted(self._t, target, side="right"))
            self._repo.rewind(int(target), player_released=str(released), player_total=self._mark, player_t=repr(target))
        self._anchor(target, running=self._running)
        self._save()
        return backwards

    def _anchor(self, t: float, *, running: bool) -> None:
        self._base_t, self._since, self._running = t, self._ref(), running

    def _save(self) -> None:
        self._repo.set_meta(
            player_t=repr(self.now()),
            player_rate=repr(self._rate),
            player_running="1" if self._running else "0",
            player_loop="1" if self._loop else "0",
        )
