"""What a stream's picture is worth now: live, frozen, or gone. Frozen is never taken for live."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

STALL_S = 4.5  # no new frame for so long is frozen; half a second is left to mark it within 5 s (target 33)
STILL_S = 60.0  # the very same picture for so long is frozen too: own choice, cameras have noise and clocks


class StreamState(StrEnum):
    """absent: no address. waiting: more streams are wished for than this machine decodes. film: a recording plays."""

    ABSENT = "absent"
    WAITING = "waiting"
    CONNECTING = "connecting"
    LIVE = "live"
    FILM = "film"
    FROZEN = "frozen"
    OFFLINE = "offline"


WORDS = {
    StreamState.ABSENT: "无画面",
    StreamState.WAITING: "等候",
    StreamState.CONNECTING: "正在连接",
    StreamState.LIVE: "实时",
    StreamState.FILM: "录像",
    StreamState.FROZEN: "画面冻结",
    StreamState.OFFLINE: "离线",
}
TOKENS = {
    StreamState.ABSENT: "text.dim",
    StreamState.WAITING: "text.dim",
    StreamState.CONNECTING: "state.watch",
    StreamState.LIVE: "good",
    StreamState.FILM: "text.dim",
    StreamState.FROZEN: "state.flood_limit",
    StreamState.OFFLINE: "state.guaranteed",
}


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a decode thread knows. *_s: steady seconds; *_t: UTC s by this machine's clock.

    frame: the newest frame's arrival. changed: when the picture was last another one.
    lost: why there is no stream now, "" while there is one or the first try goes on. film: it has an end, so it is
    a recording. again: it shows what was shown before it broke off.
    """

    frame_s: float | None = None
    frame_t: float = 0.0
    changed_s: float = 0.0
    changed_t: float = 0.0
    lost: str = ""
    lost_t: float = 0.0
    tries: int = 0
    film: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """state; since: UTC s from when it is so, None unknown; reason: code, "stall" and "still" for frozen."""

    state: StreamState
    since: float | None = None
    reason: str = ""


def judge_stream(pulse: Pulse, now_s: float) -> Verdict:
    """Return what the newest picture is worth at the steady second now_s."""
    if pulse.lost:
        return Verdict(StreamState.OFFLINE, pulse.lost_t, pulse.lost)
    if pulse.frame_s is None:
        return Verdict(StreamState.CONNECTING)
    if now_s - pulse.frame_s >= STALL_S:
        return Verdict(StreamState.FROZEN, pulse.frame_t, "stall")
    if pulse.film:
        return Verdict(StreamState.FILM, pulse.frame_t, "film")
    if pulse.again:
        return Verdict(StreamState.FROZEN, pulse.changed_t, "again")
    if now_s - pulse.changed_s >= STILL_S:
        return Verdict(StreamState.FROZEN, pulse.changed_t, "still")
    return Verdict(StreamState.LIVE, pulse.frame_t)
