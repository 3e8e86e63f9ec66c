"""Which streams run: those that tiles and the patrol wish for, no more than this machine decodes."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence

from console.domain.cameras import StreamAddress, VideoCamera, masked
from console.domain.video import StreamState, Verdict
from console.services.video.stream import Demand, Sight, Stream

log = logging.getLogger(__name__)
STREAMS_MAX = 16  # 16 sub-streams took 76 % of one core, 16 main streams 134 % (measured on two cores)
ENDING_MAX = 8  # threads that still wait for a camera that does not answer
CLOSE_S = 2.0
WAITING = Sight(Verdict(StreamState.WAITING))


def wishes_for(
    cameras: Sequence[VideoCamera], focused: VideoCamera | None, demand: Demand, mains: int
) -> dict[StreamAddress, Demand]:
    """Return the streams of the shown tiles: sub-streams, the main stream for the focused tile alone.

    mains: how many cameras without a sub-stream may show their main stream in a small tile.
    """
    if focused is not None:
        return {focused.for_focus: demand} if focused.for_focus else {}
    found: dict[StreamAddress, Demand] = {}
    for camera in cameras:
        address = camera.for_tile
        if address is None or (camera.sub is None and (mains := mains - 1) < 0):
            continue
        found[address] = demand
    return found


def main_limit() -> int:
    """Return how many full-size streams may run in tiles: four a core (720p took about 10 % of one each)."""
    return 4 * (os.cpu_count() or 2)


class VideoDesk:
    """Used on the GUI thread; the streams' threads are their own. Wishes come first, first served."""

    def __init__(self, start: Callable[[StreamAddress, Demand], Stream] | None = None) -> None:
        self._make = start or Stream
        self._wishes: dict[str, Mapping[StreamAddress, Demand]] = {}
        self._streams: dict[StreamAddress, Stream] = {}
        self._ending: list[Stream] = []

    def want(self, who: str, wishes: Mapping[StreamAddress, Demand]) -> None:
        """Replace what one asker (tiles, patrol) wishes for; {} lets its streams go."""
        self._wishes[who] = dict(wishes)
        self.settle()

    def settle(self) -> None:
        """Start, change and stop streams to match the wishes; asked again it starts what had to wait."""
        wanted: dict[StreamAddress, Demand] = {}
        for wishes in self._wishes.values():
            for address, demand in wishes.items():
                other = wanted.get(address)
                larger = other is None or demand.width > other.width
                wanted[address] = demand if larger or other is None else other
        for address in [a for a in self._streams if a not in wanted]:
            stream = self._streams.pop(address)
            stream.stop()
            self._ending.append(stream)
        self._ending = [s for s in self._ending if s.alive]
        for address, demand in wanted.items():
            stream_ = self._streams.get(address)
            if stream_ is not None:
                stream_.demand = demand
            elif len(self._streams) < STREAMS_MAX and len(self._ending) < ENDING_MAX:
                self._streams[address] = self._make(address, demand)
                self._streams[address].start()

    def look(self, address: StreamAddress) -> Sight:
        stream = self._streams.get(address)
        return WAITING if stream is None else stream.look()

    def stream(self, address: StreamAddress) -> Stream | None:
        return self._streams.get(address)

    @property
    def running(self) -> int:
        return len(self._streams)

    def stop(self) -> list[Stream]:
        """Ask every stream to end; returns those to join off the GUI thread."""
        self._wishes.clear()
        self.settle()
        return list(self._ending)


def join_all(streams: list[Stream], seconds: float = CLOSE_S) -> int:
    """Wait for ending streams, on a worker thread; returns how many still wait for their camera."""
    late = [s for s in streams if not s.join(seconds)]
    for stream in late:
        log.warning("video stream %s still ends", masked(stream.address.url))
    return len(late)
