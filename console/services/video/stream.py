"""One decode thread per stream: the newest frame only, scaled to its tile, with its pulse."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from console.domain.cameras import StreamAddress
from console.domain.video import Pulse, Verdict, judge_stream
from console.engine.stillness import HEIGHT, WIDTH, same_picture
from console.services.video.replay import AGAIN, ASKING, ReplayWatch, Sample
from console.services.video.source import PIXELS_MAX, READ_S, SourceLost, opened
from console.viewdata.video import Picture

if TYPE_CHECKING:
    from av import VideoFrame

log = logging.getLogger(__name__)
RETRY_S, RETRY_MAX_S = 1.0, 30.0
LOOK_S = 1.0  # how often the picture is compared with the one before
AHEAD_S = 0.5  # what runs faster than its own clock (a recording) waits for it


@dataclass(frozen=True, slots=True)
class Demand:
    """How large (device pixels) and how often (a second) the picture is wished for."""

    width: int = 640
    height: int = 360
    fps: float = 12.5


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What a stream shows now. size: the stream's own, (0, 0) unknown. still_s: for how long the picture is the same."""

    verdict: Verdict
    picture: Picture | None = None
    frame_t: float | None = None
    size: tuple[int, int] = (0, 0)
    still_s: float = 0.0


class Stream:
    """Started once, stopped once. Everything but start, stop and join may be called from any thread."""

    def __init__(
        self,
        address: StreamAddress,
        demand: Demand,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.address = address
        self.demand = demand
        self._clock, self._wall = clock, wall
        self._lock = threading.Lock()
        self._pulse = Pulse()
        self._picture: Picture | None = None
        self._newest: VideoFrame | None = None
        self._seen: Sample | None = None  # the picture that last was another one, over reconnections too
        self._replays = ReplayWatch(clock)
        self._stop = threading.Event()
        # a daemon: a camera that neither answers nor refuses must not keep the console from being quit
        self._thread = threading.Thread(target=self._run, name="video", daemon=True)

    # --- any thread ------------------------------------------------------------------------
    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; it does so at its next frame, or when its wait for one is over."""
        self._stop.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread, off the GUI thread; tell whether it ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def look(self) -> Sight:
        with self._lock:
            pulse, picture, frame = self._pulse, self._picture, self._newest
        size = (0, 0) if frame is None else (frame.width, frame.height)
        now = self._clock()
        frame_t, still_s = (None, 0.0) if pulse.frame_s is None else (pulse.frame_t, now - pulse.changed_s)
        return Sight(judge_stream(pulse, now), picture, frame_t, size, still_s)

    def full_frame(self) -> tuple[VideoFrame, float] | None:
        """Return the newest frame as the camera sent it, and when it came (UTC s)."""
        with self._lock:
            return None if self._newest is None else (self._newest, self._pulse.frame_t)

    # --- the stream's own thread -------------------------------------------------------------
    def _run(self) -> None:
        wait_s = RETRY_S
        while not self._stop.is_set():
            before = self._pulse.frame_s
            try:
                code = self._play()
            except SourceLost as exc:
                code = "no-file" if self.address.local and exc.code == "not-found" else exc.code
            except ImportError:
                code = "decoder"
            except Exception as exc:  # a thread that dies leaves a tile that says for ever that it connects
                log.warning("a stream could not be shown: %s", type(exc).__name__)  # its text may hold the address
                code = "fault"
            last = self._pulse.frame_s
            if last is not None and last != before and self._clock() - last >= READ_S - 1.0:
                code = "silent"  # what FFmpeg says of a stream that fell silent differs from try to try
            if self._stop.is_set():
                break
            if self.address.local and code == "ended":
                continue  # a film begins again
            with self._lock:
                began = self._pulse.lost_t if self._pulse.lost else self._wall()
                self._pulse = replace(self._pulse, lost=code, lost_t=began, tries=self._pulse.tries + 1)
            wait_s = RETRY_S if self._pulse.frame_s != before else min(RETRY_MAX_S, wait_s * 2)
            self._stop.wait(wait_s * random.uniform(0.8, 1.2))  # noqa: S311 - so that a wall does not return in step
        with self._lock:
            self._newest = None

    def _play(self) -> str:
        """Decode until told to stop; returns why a stream that simply ended did so."""
        from av.video.reformatter import VideoReformatter

        work = Converter(VideoReformatter(), self._clock)
        paced = not self.address.url.lower().startswith("rtsp")  # a camera sends at its own pace
        with opened(self.address) as (container, stream):
            film = self.address.local or (paced and bool(container.duration))  # only what has an end says how long it is
            with self._lock:
                self._pulse = replace(self._pulse, film=film)
            self._replays.opened()
            for frame in container.decode(stream):
                if self._stop.is_set():
                    return ""
                if frame.width * frame.height > PIXELS_MAX:
                    return "too-large"
                if not paced or film or self._replays.follow(frame.pts, partial(work.sample, frame)) != ASKING:
                    self._take(frame, work)
                if paced and (ahead := work.ahead_s(frame)) > AHEAD_S:
                    self._stop.wait(ahead - AHEAD_S)
        return "ended"

    def _take(self, frame: VideoFrame, work: Converter) -> None:
        now_s, now_t = self._clock(), self._wall()
        picture = work.picture(frame, self.demand, now_s)
        changed, again = False, self._replays.state == AGAIN
        if not again and work.due(now_s):
            sample = work.sample(frame)
            self._replays.keep(frame.pts, sample)
            changed = self._seen is None or not same_picture(self._seen, sample)
            self._seen = sample if changed else self._seen
        with self._lock:
            first = self._pulse.frame_s is None
            pulse = replace(self._pulse, frame_s=now_s, frame_t=now_t, lost="", lost_t=0.0, tries=0, again=again)
            if changed or first:
                pulse = replace(pulse, changed_s=now_s, changed_t=now_t)
            self._pulse, self._newest = pulse, frame
            self._picture = picture or self._picture


class Converter:
    """Scales frames and compares them; lives in its stream's thread."""

    def __init__(self, reformatter: Any, clock: Callable[[], float]) -> None:
        self._scale = reformatter
        self._clock = clock
        self._next_s = 0.0
        self._look_s = 0.0
        self._number = int(clock() * 1000)  # of pictures; grows over reconnections too
        self._base: tuple[float, float] | None = None

    def picture(self, frame: VideoFrame, demand: Demand, now_s: float) -> Picture | None:
        """Return the frame for its tile, None while the last one is young enough."""
        if now_s < self._next_s:
            return None
        self._next_s = now_s + 1.0 / demand.fps - 0.005
        width, height = fitted(frame.width, frame.height, demand.width, demand.height)
        small = self._scale.reformat(frame, width, height, "bgra", interpolation="FAST_BILINEAR", threads=1)
        plane = small.planes[0]
        self._number += 1
        return Picture(width, height, plane.line_size, bytes(plane), self._number)

    def due(self, now_s: float) -> bool:
        """Tell, about once a second, that the picture is to be compared."""
        if now_s < self._look_s:
            return False
        self._look_s = now_s + LOOK_S
        return True

    def sample(self, frame: VideoFrame) -> Sample:
        """Return a few luma samples of a frame, shape (HEIGHT, WIDTH)."""
        found: Sample = self._scale.reformat(frame, WIDTH, HEIGHT, "gray", interpolation="POINT", threads=1).to_ndarray()
        return found

    def ahead_s(self, frame: VideoFrame) -> float:
        """Return by how much the frames run ahead of their own clock, s; 0 where they have none."""
        if frame.time is None:
            return 0.0
        now = self._clock()
        if self._base is None:
            self._base = (now, frame.time)
        ahead = (frame.time - self._base[1]) - (now - self._base[0])
        if abs(ahead) > 10.0:  # the clock of the stream jumped
            self._base, ahead = (now, frame.time), 0.0
        return ahead


def fitted(width: int, height: int, box_w: int, box_h: int) -> tuple[int, int]:
    """Return the largest even size of the same shape that fits a box, never larger than the frame."""
    part = min(1.0, box_w / max(1, width), box_h / max(1, height))
    return max(2, int(width * part) // 2 * 2), max(2, int(height * part) // 2 * 2)


def full_picture(frame: VideoFrame) -> Picture:
    """Return a frame at its own size; for a worker thread."""
    whole = frame.reformat(format="bgra")
    plane = whole.planes[0]
    return Picture(whole.width, whole.height, plane.line_size, bytes(plane), 0)
