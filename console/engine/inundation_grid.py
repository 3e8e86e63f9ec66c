"""Water depth on a grid over time: at a moment, at a place, when the water comes, how long it stays.

x_m (nx,) and y_m (ny,) are cell centres, ascending, EPSG:4547 metres; t_s (nt,) UTC seconds, ascending; a
step is (ny, nx) float32 metres of water, 0 where dry and NaN where unknown. Unknown is never taken as dry:
not between steps, not before the first or after the last. Steps are read one at a time and two are kept,
so that a series of gigabytes needs the memory of a few steps. Areas are those of the projection: 0.4 %
too large at the province's western end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from console.engine.depth_grid import WET_M, Array, Depth, Flooded, GridRefused, cell_of, check_axes, flooded_of

Going = Callable[[float], bool]


class Stopped(Exception):
    """Whoever asked does not want the answer any more."""


def always(_share: float) -> bool:
    return True


class StepSource(Protocol):
    """Where steps come from; may be asked by several threads."""

    @property
    def x_m(self) -> Array: ...

    @property
    def y_m(self) -> Array: ...

    @property
    def t_s(self) -> Array: ...

    def step(self, index: int) -> Depth:
        """Return a whole step, shape (ny, nx)."""
        ...

    def cell(self, index: int, row: int, column: int) -> float:
        """Return one cell of a step without reading the rest, NaN where unknown."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class MemorySteps:
    """A series held whole. depth_m: (nt, ny, nx).

    Raises:
        GridRefused: shapes do not fit, fewer than two cells a way, or an axis is not ascending.
    """

    x_m: Array
    y_m: Array
    t_s: Array
    depth_m: Depth

    def __post_init__(self) -> None:
        check_axes(self.x_m, self.y_m, self.t_s)
        if self.depth_m.shape != (len(self.t_s), len(self.y_m), len(self.x_m)):
            raise GridRefused("shape", str(self.depth_m.shape))

    def step(self, index: int) -> Depth:
        return np.asarray(self.depth_m[index], np.float32)

    def cell(self, index: int, row: int, column: int) -> float:
        return float(self.depth_m[index, row, column])


@dataclass(slots=True)
class _Kept:
    """The two steps that were read last."""

    steps: dict[int, Depth] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, index: int, source: StepSource) -> Depth:
        with self.lock:
            found = self.steps.pop(index, None)
            if found is None:
                while len(self.steps) > 1:
                    self.steps.pop(next(iter(self.steps)))
                found = source.step(index).view()
                found.flags.writeable = False
            self.steps[index] = found
            return found


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """What one pass over all steps tells of each cell, shape (ny, nx), for one threshold.

    arrival_s: UTC s; infinity where the water never comes within the series, NaN where a step before it is
    unknown; the first step's time where it was there already. duration_s: time at or above the threshold,
    NaN where any step is unknown. max_depth_m: the most that is known; NaN where nothing is, and where
    nothing but dry is known beside unknown steps.
    """

    threshold_m: float
    arrival_s: Array
    duration_s: Depth
    max_depth_m: Depth


@dataclass(frozen=True, slots=True, eq=False)
class DepthSeries:
    """Questions to a series of depths; linear between steps. Arrays that it returns are not to be written to."""

    source: StepSource
    _kept: _Kept = field(default_factory=_Kept, repr=False)

    @property
    def x_m(self) -> Array:
        return self.source.x_m

    @property
    def y_m(self) -> Array:
        return self.source.y_m

    @property
    def t_s(self) -> Array:
        return self.source.t_s

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.y_m), len(self.x_m)

    def step(self, index: int) -> Depth:
        return self._kept.get(index, self.source)

    def depth_at_time(self, t: float) -> Depth:
        """Return depths (ny, nx) at UTC s; all NaN outside the series; NaN between a known and an unknown step."""
        i, part = self._between(t)
        if i < 0:
            return np.full(self.shape, np.nan, np.float32)
        if part == 0.0:
            return self.step(i)
        before, after = self.step(i), self.step(i + 1)
        out = after - before
        out *= np.float32(part)
        out += before
        return out

    def at(self, x_m: float, y_m: float, t: float) -> float | None:
        """Return the depth (m) of the cell at a place and UTC s; None outside the grid or the series, or unknown."""
        place, (i, part) = self._place(x_m, y_m), self._between(t)
        if place is None or i < 0:
            return None
        depth = self.source.cell(i, *place)
        if part:
            depth += part * (self.source.cell(i + 1, *place) - depth)
        return depth if np.isfinite(depth) else None

    def course(self, x_m: float, y_m: float, going: Going = always) -> tuple[Array, Array]:
        """Return (t_s, depth m), both (nt,), of the cell at a place; NaN where unknown, all NaN outside the grid.

        Raises:
            Stopped: going said no.
        """
        depth, place = np.full(len(self.t_s), np.nan), self._place(x_m, y_m)
        if place is not None:
            for i in range(len(depth)):
                depth[i] = self.source.cell(i, *place)
                _ask(going, (i + 1) / len(depth))
        return self.t_s, depth

    def flooded(self, t: float, threshold_m: float = WET_M) -> Flooded | None:
        """Return area and volume at UTC s; None where nothing is known."""
        return flooded_of(self.depth_at_time(t), self.x_m, self.y_m, threshold_m)

    def flooded_area_m2(self, t: float, threshold_m: float = WET_M) -> float | None:
        found = self.flooded(t, threshold_m)
        return None if found is None else found.area_m2

    def volume_m3(self, t: float) -> float | None:
        found = self.flooded(t)
        return None if found is None else found.volume_m3

    def arrival_s(self, threshold_m: float = WET_M, going: Going = always) -> Array:
        """Return when each cell reaches the threshold: as in Sweep, which answers all three at the cost of one."""
        return self.sweep(threshold_m, going).arrival_s

    def duration_s(self, threshold_m: float = WET_M, going: Going = always) -> Depth:
        return self.sweep(threshold_m, going).duration_s

    def max_depth(self, going: Going = always) -> Depth:
        return self.sweep(WET_M, going).max_depth_m

    def sweep(self, threshold_m: float = WET_M, going: Going = always) -> Sweep:
        """Go over all steps once. going: asked with the share done after each; False ends it.

        Raises:
            Stopped: going said no.
        """
        limit, after = np.float32(threshold_m), self.t_s - self.t_s[0]
        arrival = np.full(self.shape, np.inf, np.float32)  # after the first step: single precision is a fraction of a second
        duration, deepest = np.zeros(self.shape, np.float32), np.full(self.shape, np.nan, np.float32)
        waiting, hazy = np.ones(self.shape, bool), np.zeros(self.shape, bool)
        before: Depth | None = None
        for i in range(len(after)):
            now = self.step(i)
            hazy |= np.isnan(now)
            np.fmax(deepest, now, out=deepest)
            came = np.flatnonzero(waiting & ~(now < limit))  # and those that become unknown
            waiting.flat[came] = False
            last = float(after[i - 1]) if i else 0.0
            arrival.flat[came] = last + (float(after[i]) - last) * _crossing(before, now, came, limit)
            if before is not None:
                wet = np.flatnonzero((now >= limit) | (before >= limit))
                duration.flat[wet] += np.float32(after[i] - last) * _share_above(before.flat[wet], now.flat[wet], limit)
            before = now
            _ask(going, (i + 1) / len(after))
        duration[hazy] = np.nan
        deepest[hazy & ~(deepest > 0)] = np.nan
        return Sweep(threshold_m, self.t_s[0] + arrival.astype(float), duration, deepest)

    def _between(self, t: float) -> tuple[int, float]:
        """Return the step at or before UTC s and how far the next one is on, 0 to 1; (-1, 0) outside."""
        times = self.t_s
        if not times[0] <= t <= times[-1]:
            return -1, 0.0
        i = int(np.searchsorted(times, t, side="right")) - 1
        return (i, 0.0) if times[i] == t else (i, float((t - times[i]) / (times[i + 1] - times[i])))

    def _place(self, x_m: float, y_m: float) -> tuple[int, int] | None:
        row, column = int(cell_of(self.y_m, np.array([y_m]))[0]), int(cell_of(self.x_m, np.array([x_m]))[0])
        return None if row < 0 or column < 0 else (row, column)


def _crossing(before: Depth | None, now: Depth, at: NDArray[np.intp], limit: np.float32) -> Depth:
    """Return how far between two steps the cells pass the limit, 0 to 1; NaN where now is unknown."""
    reached = now.flat[at]
    if before is None:
        return np.where(np.isnan(reached), np.float32(np.nan), np.float32(0))
    start = before.flat[at]
    return np.asarray((limit - start) / (reached - start), np.float32)


def _share_above(a: Depth, b: Depth, limit: np.float32) -> Depth:
    """Return the share of the time between two steps at or above the limit, where one of them is; 0 if unknown."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    rise = high - low
    share = np.divide(high - limit, rise, out=np.ones_like(rise), where=rise > 0)
    return np.asarray(np.where(np.isnan(rise), np.float32(0), np.clip(share, 0, 1)), np.float32)


def _ask(going: Going, share: float) -> None:
    if not going(share):
        raise Stopped
