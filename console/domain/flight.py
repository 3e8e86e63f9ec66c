"""A flight: keyframes of camera, moment, layers and words, that a screen plays and a film shows the same way."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from console.domain.flight_camera import Clearance, FlightCamera
from console.domain.flight_path import Ease, Route, Stop

Pace = Literal["free", "steady"]
MAX_KEYFRAMES, MAX_S = 200, 1800.0
FADE_S = 0.5


class FlightError(ValueError):
    """A flight breaks its schema; the text names the keyframe, the key and the value, in Chinese."""


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A moment of the film, t_s on its own clock.

    situation_t: UTC s; None sets none: the time then runs on from the keyframe before that gives one to the next
    that does. layers, selection: None as before; selection "" for nothing. ease: how the camera comes here.
    dwell_s: how long it stays; the situation's time runs meanwhile. source: whose figures the caption has.
    """

    t_s: float
    camera: FlightCamera
    situation_t: float | None = None
    layers: tuple[str, ...] | None = None
    caption: str = ""
    source: str = ""
    selection: str | None = None
    ease: Ease = "smooth"
    dwell_s: float = 0.0


@dataclass(frozen=True, slots=True)
class FlightMoment:
    """What is shown at t_s. situation_t: UTC s, None for the console's own clock; layers, selection: None untouched.

    caption_alpha: 0 to 1, how far the caption has faded in.
    """

    t_s: float
    camera: FlightCamera
    situation_t: float | None = None
    layers: tuple[str, ...] | None = None
    caption: str = ""
    caption_alpha: float = 0.0
    source: str = ""
    selection: str | None = None


@dataclass(frozen=True, slots=True)
class Flight:
    """A whole flight. pace "steady": the camera keeps one pace between rests, which moves the keyframes there.

    Raises:
        FlightError: too many keyframes, too long, not in order.
    """

    name: str
    keyframes: tuple[Keyframe, ...]
    author: str = ""
    source: str = ""
    pace: Pace = "free"
    _route: Route = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _checked(self.keyframes)
        stops = [Stop(k.t_s, k.camera, k.ease, k.dwell_s) for k in self.keyframes]
        route = Route(stops, steady=self.pace == "steady")
        moved = tuple(replace(k, t_s=t) for k, t in zip(self.keyframes, route.times, strict=True))
        object.__setattr__(self, "keyframes", moved)
        object.__setattr__(self, "_route", route)

    @property
    def length_s(self) -> float:
        return self.keyframes[-1].t_s + self.keyframes[-1].dwell_s

    @property
    def timed(self) -> bool:
        """Tell whether every moment has a time of its own."""
        return self.keyframes[0].situation_t is not None

    def frames(self, fps: int) -> int:
        """Return how many frames a film of it has; frame n (from 0) shows at(n / fps)."""
        return max(1, math.ceil(self.length_s * fps - 1e-6))

    def index_at(self, t_s: float) -> int:
        """Return the keyframe, from 0, that was reached last."""
        return max(0, bisect_right(self._route.times, t_s) - 1)

    def at(self, t_s: float, clearance: Clearance | None = None) -> FlightMoment:
        """Return the moment at film second t_s; before the start and after the end the nearest there is."""
        t = min(self.length_s, max(0.0, t_s))
        k = self.index_at(t)
        camera = self._route.at(t)
        key = self.keyframes[k]
        return FlightMoment(
            t,
            clearance.kept(camera) if clearance else camera,
            self._situation_t(t),
            _last(self.keyframes[: k + 1], "layers"),
            key.caption,
            self._alpha(k, t),
            key.source,
            _last(self.keyframes[: k + 1], "selection"),
        )

    def still(self, index: int, clearance: Clearance | None = None) -> FlightMoment:
        """Return a keyframe as a picture that stands: its caption is fully there."""
        moment = self.at(self.keyframes[index].t_s, clearance)
        return replace(moment, caption_alpha=1.0 if moment.caption else 0.0)

    def _situation_t(self, t: float) -> float | None:
        given = [(k.t_s, k.situation_t) for k in self.keyframes if k.situation_t is not None]
        n = bisect_right(given, t, key=lambda pair: pair[0])
        if n == 0:
            return None
        (t0, from_t), (t1, to_t) = given[n - 1], given[min(n, len(given) - 1)]
        return from_t if t1 == t0 else from_t + (to_t - from_t) * (t - t0) / (t1 - t0)

    def _alpha(self, k: int, t: float) -> float:
        """Return how far a caption is there; one that goes on over keyframes does not fade between them."""
        keys, caption = self.keyframes, self.keyframes[k].caption
        if not caption:
            return 0.0
        first, last = k, k + 1
        while first > 0 and keys[first - 1].caption == caption:
            first -= 1
        while last < len(keys) and keys[last].caption == caption:
            last += 1
        end = keys[last].t_s if last < len(keys) else self.length_s
        return max(0.0, min(1.0, (t - keys[first].t_s) / FADE_S, (end - t) / FADE_S))


def _last(keys: Sequence[Keyframe], name: str) -> Any:
    return next((v for k in reversed(keys) if (v := getattr(k, name)) is not None), None)


def _checked(keys: Sequence[Keyframe]) -> None:
    """Raises: FlightError: the keyframes do not make one film."""
    if not 1 <= len(keys) <= MAX_KEYFRAMES:
        raise FlightError(f"有 {len(keys)} 个关键帧，应为 1 到 {MAX_KEYFRAMES} 个")
    if keys[0].t_s != 0:
        raise FlightError(f"第 1 个关键帧 t_s：{keys[0].t_s!r} 应为 0")
    for n, (a, b) in enumerate(itertools.pairwise(keys), 2):
        leaves = a.t_s + a.dwell_s
        if b.t_s <= a.t_s or b.t_s < leaves or (b.t_s == leaves and b.ease != "cut" and b.camera != a.camera):
            raise FlightError(f"第 {n} 个关键帧 t_s：{b.t_s:g} 应大于前一帧停留结束的 {leaves:g} 秒")
    length = keys[-1].t_s + keys[-1].dwell_s
    if not 0 < length <= MAX_S:
        raise FlightError(f"总长 {length:g} 秒，应大于 0，不超过 {MAX_S / 60:g} 分钟（最后一帧的 t_s 加 dwell_s）")
