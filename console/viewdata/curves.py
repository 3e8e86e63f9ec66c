"""What the hydrograph and the basin strip draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from console.domain.elements import FLOW, FLOWS, LEVEL, RAIN, Element, flow_text
from console.domain.quality import Quality
from console.domain.states import State

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One series: t (n,) UTC s, v (n,), quality (n,). role: level, flow, outflow, rain.

    sid 0: not a series that can be corrected. tint > 0: another station or another flood, in that
    colour of its own; its times are moved by shift_s (shown time = true time + shift_s). what: how its
    figures are written; level is the role of what an object measures first, be it a level or a chloride.
    """

    role: str
    name: str
    unit: str
    t: NDArray[np.int64]
    v: Array
    quality: NDArray[np.int64]
    interval_s: int = 3600
    sid: int = 0
    element: str = ""
    source: str = ""
    datum: str = ""
    tint: int = 0
    shift_s: float = 0.0
    what: Element | None = None

    def text(self, value: float) -> str:
        """Return a figure as it is written, without its unit."""
        return flow_text(value) if self.written.code in FLOWS else self.written.text(value)

    @property
    def written(self) -> Element:
        return self.what or {"level": LEVEL, "rain": RAIN}.get(self.role, FLOW)

    @property
    def decimals(self) -> int:
        return self.written.decimals


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Between which values a forecast says that the water will stay: t (n,) UTC s, low and high (n,), in the curve's unit.

    role, element: those of the curve that is bounded.
    """

    role: str
    element: Element
    t: NDArray[np.int64]
    low: Array
    high: Array
    interval_s: int = 3600
    source: str = ""

    def bounds(self) -> tuple[Curve, Curve]:
        """Return the lower and the upper bound as series."""
        quality = np.full(len(self.t), int(Quality.FORECAST))
        return tuple(  # type: ignore[return-value]
            Curve(self.role, f"{self.element.name}{word}", self.element.unit, self.t, v, quality, source=self.source)
            for word, v in (("预报下限", self.low), ("预报上限", self.high))
        )

    def at(self, t: float) -> tuple[float, float] | None:
        """Return (low, high) on the step that stands for a moment; None outside the band."""
        i = int(np.searchsorted(self.t, t, side="right")) - 1
        if i < 0 or t - self.t[i] > 1.5 * self.interval_s:
            return None
        return float(self.low[i]), float(self.high[i])

    def pieces(self) -> list[slice]:
        """Return the stretches in which no step is missing."""
        cut = np.flatnonzero(np.diff(self.t) > 1.5 * self.interval_s) + 1
        ends = [0, *cut.tolist(), len(self.t)]
        return [slice(a, b) for a, b in pairwise(ends) if b - a > 1]


@dataclass(frozen=True, slots=True)
class Limit:
    """A labelled level line. kind as in domain thresholds; axis: level or flow."""

    kind: str
    word: str
    value: float
    axis: str = "level"


@dataclass(frozen=True, slots=True)
class Present:
    """The newest usable level at the shown moment, UTC s and the level's unit.

    per_h: its change an hour, None unknown; trend as domain.freshness; old: too old to be called the present one.
    """

    t: int
    value: float
    per_h: float | None
    trend: int
    state: State
    old: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class HydrographView:
    """Everything of one hydrograph. moment is the now-line; times are UTC s.

    peak: the highest reading, only once the level has fallen after it; present: the newest one; both up to moment.

    holes: stretches that were not fetched from the centre yet; elsewhere a gap is the source's.
    note: what is said in the plot where nothing but rain is drawn.
    level_word: what the left axis is, "" for the level in m. legend: lines that say what is shifted and against what.
    corrections: (sid, t) → who corrected that reading, why, and what it was.
    """

    code: str
    title: str
    from_t: float
    to_t: float
    moment: float
    now: float
    curves: tuple[Curve, ...] = ()
    limits: tuple[Limit, ...] = ()
    peak: tuple[int, float, State] | None = None
    crossings: tuple[tuple[int, float, str], ...] = ()
    note: str = ""
    holes: tuple[tuple[float, float], ...] = ()
    level_word: str = ""
    legend: tuple[str, ...] = ()
    corrections: Mapping[tuple[int, int], str] = field(default_factory=dict)
    present: Present | None = None
    bands: tuple[Band, ...] = ()

    @property
    def level_decimals(self) -> int:
        """Return how many decimals the figures of the left axis have."""
        own = next((c for c in self.curves if c.role == "level" and not c.tint), None)
        return 2 if own is None or self.level_word else own.decimals

    @property
    def looking_back(self) -> bool:
        """What is later than the moment is then shown as such; live it is not drawn at all."""
        return self.moment < self.now


@dataclass(frozen=True, slots=True)
class StripNode:
    """A station on the strip. eta_h: (low, high) hours until the peak arrives, None unknown."""

    code: str
    name: str
    chainage_km: float
    state: State
    stale: bool
    value_text: str
    margin_text: str
    trend: int
    reservoir: bool


@dataclass(frozen=True, slots=True)
class StripView:
    """A river as a line. peak_km: where the flood peak is now; peak_text says what is estimated."""

    name: str
    nodes: tuple[StripNode, ...]
    peak_km: float | None = None
    peak_text: str = ""
    selected: str | None = None
    profile: tuple[tuple[float, float], ...] = field(default_factory=tuple)
