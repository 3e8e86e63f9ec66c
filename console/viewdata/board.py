"""What every view draws from: one judged row per object, made once per change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from console.domain.elements import FLOWS, LEVELS, Element
from console.domain.freshness import Freshness
from console.domain.objects import River, Station
from console.domain.quality import Quality, raises_alarm
from console.domain.rain import RainSum, window_sum
from console.domain.states import LIMIT_WORDS, LOW_WORDS, WORDS, State

Array = NDArray[np.float64]
AHEAD_FROM_S = 60.0  # a clock that is read twice differs by less
APART = frozenset({"basin", "sensor", "gate", "pump"})
EMPTY_T = np.empty(0, np.int64)
EMPTY_V = np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One series at the shown moment.

    t, value, quality: the newest reading at or before it. smooth: interpolated between readings
    (held after the last one). change_1h: value minus the value an hour before, None if unknown.
    recent_t, recent_v: the last 24 h, shape (n,). ahead: the shown moment lies in the future.
    forecast_t, forecast_v: what is forecast after the moment, shape (m,); not while a moment long past is shown.
    """

    sid: int
    what: Element
    t: int
    value: float | None
    quality: int
    smooth: float | None
    change_1h: float | None
    interval_s: int
    source: str
    recent_t: NDArray[np.int64] = field(default_factory=lambda: EMPTY_T)
    recent_v: Array = field(default_factory=lambda: EMPTY_V)
    ahead: bool = False
    forecast_t: NDArray[np.int64] = field(default_factory=lambda: EMPTY_T)
    forecast_v: Array = field(default_factory=lambda: EMPTY_V)

    @property
    def usable(self) -> bool:
        """Tell whether it may be judged: no doubtful value, and a forecast only where the future is looked at."""
        return raises_alarm(self.quality) or (self.ahead and self.quality == Quality.FORECAST)

    @property
    def element(self) -> str:
        return self.what.code


@dataclass(frozen=True, slots=True)
class Row:
    """One object, judged once; table, map, strip, card and sandbox all show this.

    samples: the newest of every element it reports. mark: equal marks look equal, ages aside. ledger: a matter
    that people keep, which has no readings to wait for; word: what its status says.
    """

    station: Station
    state: State
    freshness: Freshness
    margin_m: float | None
    level: Sample | None
    flow: Sample | None
    inflow: Sample | None
    outflow: Sample | None
    rain: Sample | None
    trend: int
    age_s: float | None
    samples: Mapping[str, Sample] = field(default_factory=dict)
    mark: tuple[object, ...] = ()
    day_rain: tuple[float, RainSum | None] | None = None  # (moment, rain of its 24 h), summed once for every view
    ledger: bool = False
    word: str = ""

    @property
    def code(self) -> str:
        return self.station.code

    @property
    def stale(self) -> bool:
        return self.freshness >= Freshness.STALE

    @property
    def over(self) -> bool:
        """Tell whether it is over a limit now, by a reading that is not too old."""
        return self.state >= State.WARNING and not self.stale

    @property
    def unknown(self) -> bool:
        """Tell whether nothing can be said of now: silent for too long, or nothing ever came."""
        return self.state is State.NO_DATA or (self.stale and not self.ledger)

    @property
    def apart(self) -> bool:
        """Tell whether it is shown in its own topic and not among the stations."""
        return self.ledger or self.station.kind in APART

    @property
    def state_word(self) -> str:
        """Return the Chinese word of the state: the ladder's, a limit's, or what a matter's status says."""
        what = self.station.what
        own = {} if what.code in (*LEVELS, *FLOWS) else LOW_WORDS if what.low_is_bad else LIMIT_WORDS
        return self.word or (WORDS | own)[self.state]

    @property
    def off(self) -> float | None:
        """Return the reading minus the figure it is held against, as it is written; the margin is positive in danger."""
        return -self.margin_m if self.margin_m is not None and self.station.what.low_is_bad else self.margin_m

    @property
    def known(self) -> bool:
        """Tell whether it says something of the moment: a reading that is not too old, or a matter's status."""
        return self.ledger or (self.main is not None and not self.stale)

    @property
    def judged(self) -> bool:
        """Tell whether its state rests on a figure in force, or on a status that means something."""
        return self.known and (self.state > State.UNJUDGED if self.ledger else self.margin_m is not None)

    @property
    def main(self) -> Sample | None:
        if self.station.kind == "basin":
            return self.rain
        return self.level or self.flow or self.outflow

    def rain_sum(self, hours: float, moment: float) -> RainSum | None:
        """Return the rain of the hours up to a moment; None when no reading falls in them."""
        if self.day_rain is not None and (hours, moment) == (24, self.day_rain[0]):
            return self.day_rain[1]
        rain = self.rain
        if rain is None:
            return None
        return window_sum(rain.recent_t, rain.recent_v, rain.interval_s, moment, hours)


@dataclass(frozen=True, slots=True)
class Board:
    """All rows at one moment. moment, now: UTC s. mode: live, at, playing.

    connected: objects that have a series at all; the others were never connected. ahead_t: the end of the
    furthest forecast that was read, 0 where there is none.
    """

    moment: float
    now: float
    mode: str
    rows: tuple[Row, ...] = ()
    rivers: tuple[River, ...] = ()
    by_code: dict[str, Row] = field(default_factory=dict)
    connected: frozenset[str] = frozenset()
    ahead_t: float = 0.0

    @property
    def ahead(self) -> bool:
        """Tell whether the future is looked at: what is shown then is forecast."""
        return self.moment > self.now + AHEAD_FROM_S

    def row(self, code: str | None) -> Row | None:
        return self.by_code.get(code) if code else None
