"""What every adapter offers, whatever it reads: a probe, its series, and readings with their proof.

Values leave an adapter in the units of the contract (m, m³/s, mm, 10⁶ m³) and at UTC seconds; a
missing value is NaN and never a number like −999.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# quality codes of contract fcc-sync/1; never renumbered
MEASURED, RECONSTRUCTED, SUSPECT, BAD, MANUAL, FORECAST = range(6)
# elements of the contract: stage, flow, pool level, inflow, outflow, storage, rain of an interval
ELEMENTS = frozenset({"Z", "Q", "RZ", "INQ", "OTQ", "W", "P"})
# series beside a forecast: the bounds of its band → what they bound
BOUNDS = {f"{element}{side}": element for element in ("Z", "RZ", "Q", "INQ") for side in ("LO", "HI")}


@dataclass(frozen=True, slots=True)
class Capability:
    """What a probe found out; it decides the strategy and is shown on the sources page.

    traits: facts by name, e.g. ``order=phenomenonTime``, ``paging=skip``, ``modified_since=no``.
    notes: stable codes of what the server does badly, e.g. ``next-link-missing``.
    """

    kind: str
    title: str
    version: str
    traits: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignSeries:
    """A series as the server names it. key: unique in its source and the same at every poll.

    element: one of ELEMENTS, or "" when nothing of ours fits (listed, never read). unit: as
    published. factor, offset: published value × factor + offset is in our unit. interval_s: None
    when the server does not say.
    """

    key: str
    station_code: str
    station_name: str
    element: str
    unit: str
    factor: float = 1.0
    offset: float = 0.0
    datum: str = ""
    lon: float | None = None
    lat: float | None = None
    interval_s: int | None = None


@dataclass(frozen=True, slots=True)
class SeriesReadings:
    """Readings of one series in time order, equal lengths: t (UTC s), value (our unit), quality."""

    key: str
    t: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Gap:
    """A window of a series that the server owes: what was read there is not proved whole."""

    key: str
    from_t: int
    to_t: int
    reason: str


@dataclass(frozen=True, slots=True)
class Harvest:
    """One read. expected: how many readings the server says there are, None when it cannot say.

    complete: the proof of completeness held. unknown_quality: quality words that no rule maps,
    kept for the sources page (their readings are SUSPECT).
    """

    parts: tuple[SeriesReadings, ...]
    expected: int | None
    complete: bool
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()
    unknown_quality: tuple[str, ...] = ()

    @property
    def got(self) -> int:
        return sum(len(p.t) for p in self.parts)


@dataclass(slots=True)
class Meter:
    """What reading a source costs; the poll interval follows from it."""

    requests: int = 0
    received_bytes: int = 0
    spent_s: float = 0.0
    by_path: dict[str, int] = field(default_factory=dict)


class Adapter(Protocol):
    """Used by one thread; every method raises BackendError's subclasses and nothing else.

    BackendUnavailable: try later. BackendRefused: it said no. WireFormatError: what came is not
    what the format says; the text names the place.
    """

    @property
    def meter(self) -> Meter: ...

    def probe(self) -> Capability: ...

    def series(self) -> tuple[ForeignSeries, ...]: ...

    def read(self, wanted: Sequence[ForeignSeries], from_t: int, to_t: int) -> Harvest: ...

    def close(self) -> None: ...


def readings(series: ForeignSeries, rows: Sequence[tuple[int, float | None, int]], from_t: int, to_t: int) -> SeriesReadings:
    """Return rows (UTC s, published value, quality) in our unit, in order, once each, inside the window.

    A later row for the same time wins: servers that repeat rows repeat the newest last.
    """
    kept = {t: (value, quality) for t, value, quality in rows if from_t <= t <= to_t}
    order = sorted(kept)
    value = np.array([np.nan if kept[t][0] is None else kept[t][0] for t in order], np.float64)
    return SeriesReadings(
        series.key,
        np.array(order, np.int64),
        value * series.factor + series.offset,
        np.array([kept[t][1] for t in order], np.int64),
    )
