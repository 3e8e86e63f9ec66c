"""What the time bar draws."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TimeMark:
    """A tick on the bar: an event or an alarm. token: colour name."""

    t: int
    token: str
    text: str


@dataclass(frozen=True, slots=True)
class PlayerView:
    """The recording's clock; times UTC s."""

    title: str
    from_t: float
    to_t: float
    rate: float
    running: bool
    loop: bool


@dataclass(frozen=True, slots=True, eq=False)
class TimeBarView:
    """from_t..to_t is what the ruler spans; now is the centre's time, moment the one shown."""

    from_t: float
    to_t: float
    now: float
    moment: float
    mode: str
    rate: float
    player: PlayerView | None = None
    marks: tuple[TimeMark, ...] = ()
    curve_t: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    curve_v: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    curve_name: str = ""
