"""What a video tile draws: a picture and the words about it, kept apart because pictures come often."""

from __future__ import annotations

from dataclasses import dataclass

from console.domain.video import StreamState


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One frame scaled for its tile: 32-bit BGRx rows of stride bytes. number grows with each frame."""

    width: int
    height: int
    stride: int
    data: bytes
    number: int


@dataclass(frozen=True, slots=True)
class TileView:
    """One tile in words. head: the camera. bound: which object it belongs to, or how far it is.

    word: the state; detail: why and what to do; clock: when the shown frame came; stream: which one;
    caution: that the picture is not of the moment the other views show.
    """

    code: str
    name: str
    bound: str = ""
    state: StreamState = StreamState.ABSENT
    word: str = ""
    detail: str = ""
    clock: str = ""
    stream: str = ""
    caution: str = ""


@dataclass(frozen=True, slots=True)
class PatrolRow:
    """One camera's result of a patrol, worded: name, result, its colour token, reason, time."""

    code: str
    name: str
    result: str
    token: str
    reason: str
    time: str
