"""Flooding in two dimensions: full shallow-water equations over a bed, fed by sources and outer edges.

Units: m, s, m³/s; bed and levels in one datum, the caller's. Row 0 is south. Pure: no clock, no files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.engine.refused import EngineRefused, positive

Array = NDArray[np.float64]
CFL = 0.45
WET_M = 0.05  # from this depth a place counts as flooded
OBSERVED_S = 30.0
CELLS_MAX = 4_000_000
ALONE_CELLS = 12_000  # measured on two cores: from about here on two threads are faster than one
LONGEST_S, SHORTEST_S = 60.0, 1e-6
LEVEL_HALVINGS = 50
HALVINGS = 24  # to find what a source lets in that its own water would turn over
MANNING = (0.005, 0.5)
EDGES = {"wall": 0, "free": 1, "stage": 2, "flow": 3}


class Source(Protocol):
    """Water let in at cells. rows, columns: (k,)."""

    @property
    def rows(self) -> NDArray[np.int64]: ...

    @property
    def columns(self) -> NDArray[np.int64]: ...

    @property
    def seeks_level(self) -> bool:
        """Tell whether its rate hangs on the level; its water then finds its level among the cells, else each gets as much."""
        ...

    def rate(self, t_s: float, level_m: float, /) -> float:
        """Return m³/s into all cells together. level_m: of the water that stands there, −inf where none does.

        A higher level never adds to it. Negative: it takes water.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Inflow:
    """A given flow. t_s (m,) ascending, flow_m3s (m,).

    Raises:
        EngineRefused: parameter.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    t_s: Array
    flow_m3s: Array

    @property
    def seeks_level(self) -> bool:
        return False

    def __post_init__(self) -> None:
        falling = len(self.t_s) < 1 or (np.diff(self.t_s) <= 0).any()
        if falling or not np.isfinite(self.flow_m3s).all() or (self.flow_m3s < 0).any():
            raise EngineRefused("parameter", "入流过程的时间须递增，流量不为负")

    def rate(self, t_s: float, level_m: float, /) -> float:
        return float(np.interp(t_s, self.t_s, self.flow_m3s, left=0.0, right=float(self.flow_m3s[-1])))


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """What is flooded. bed_m (rows, columns); manning s·m^(-1/3), one or by cell; edges: west, east, south, north.

    values: level (stage) or m²/s inward (flow) of each edge. depth_m: at the start, None dry.

    Raises:
        EngineRefused: gap (bed), shape, parameter; the cell is named, row and column from 1, south-west first.
    """

    bed_m: Array
    dx_m: float
    manning: Array
    edges: tuple[str, str, str, str] = ("wall", "wall", "wall", "wall")
    values: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    depth_m: Array | None = None
    sources: tuple[Source, ...] = ()

    def __post_init__(self) -> None:
        positive(self.dx_m, "网格边长")
        if self.bed_m.ndim != 2 or self.bed_m.size > CELLS_MAX or min(self.bed_m.shape) < 1:
            raise EngineRefused("shape", f"网格 {self.bed_m.shape}：须为二维，不超过 {CELLS_MAX} 格")
        _finite(self.bed_m, "地面高程")
        if self.manning.shape not in ((), self.bed_m.shape):
            raise EngineRefused("shape", f"糙率 {self.manning.shape} 与网格 {self.bed_m.shape} 不同")
        _finite(self.manning, "糙率")
        if ((self.manning != 0) & ((self.manning < MANNING[0]) | (self.manning > MANNING[1]))).any():
            raise EngineRefused("parameter", f"糙率须为 0，或在 {MANNING[0]:g}–{MANNING[1]:g} 之间")
        if set(self.edges) - set(EDGES):
            raise EngineRefused("parameter", f"边界须为 {'、'.join(EDGES)}")
        if self.depth_m is not None:
            if self.depth_m.shape != self.bed_m.shape:
                raise EngineRefused("shape", "起始水深与网格不同")
            _finite(self.depth_m, "起始水深")
            if (self.depth_m < 0).any():
                raise EngineRefused("negative", "起始水深为负")
        for s in self.sources:
            inside = (s.rows >= 0) & (s.rows < self.bed_m.shape[0]) & (s.columns >= 0) & (s.columns < self.bed_m.shape[1])
            if not len(s.rows) or not inside.all():
                raise EngineRefused("range", "入流点在网格之外")


@dataclass(slots=True, eq=False)
class Flood:
    """The state of a run at t_s, and what was seen up to it. arrival_s: −1 where it never was wet.

    through_m3: by each source, let in and taken, (sources, 2). Through outer edges that are no walls water comes and goes
    uncounted.
    """

    t_s: float
    h_m: Array
    hu: Array
    hv: Array
    deepest_m: Array
    fastest_ms: Array
    arrival_s: Array
    wet_s: Array
    started_m3: float
    through_m3: Array
    steps: int = 0
    again: int = 0

    @property
    def let_in_m3(self) -> float:
        return float(self.through_m3[:, 0].sum())

    @property
    def let_out_m3(self) -> float:
        return float(self.through_m3[:, 1].sum())

    def volume_m3(self, dx_m: float) -> float:
        return float(self.h_m.sum()) * dx_m * dx_m

    def mass_error(self, dx_m: float) -> float:
        """Return what is lost or gained, as part of all water; meant for areas with walls."""
        whole = self.started_m3 + self.let_in_m3
        return abs(self.volume_m3(dx_m) + self.let_out_m3 - whole) / whole if whole > 0 else 0.0


@dataclass(slots=True, eq=False)
class Solver:
    """Runs an area on. shown: called after each stretch of out_s seconds with the flood; returning False ends it.

    order: 2 is finer and takes about three times as long, see shallow_second.
    """

    area: Area
    order: int = 1
    flood: Flood = field(init=False)
    _next: tuple[Array, Array, Array] = field(init=False)
    _range: tuple[NDArray[np.int64], NDArray[np.int64]] = field(init=False)
    _bed: Array = field(init=False)
    _n2: Array = field(init=False)
    _fastest: float = field(init=False)
    _middle: tuple[Array, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        self._bed = np.ascontiguousarray(self.area.bed_m, float)
        shape = self._bed.shape
        h = np.zeros(shape) if self.area.depth_m is None else np.array(self.area.depth_m, float, order="C")
        zero = [np.zeros(shape) for _ in range(5)]
        self.flood = Flood(
            0.0, h, np.zeros(shape), np.zeros(shape), h.copy(), zero[0], np.where(h >= WET_M, 0.0, -1.0), zero[1],
            float(h.sum()) * self.area.dx_m**2, np.zeros((len(self.area.sources), 2)),
        )  # fmt: skip
        self._next = (zero[2], zero[3], zero[4])
        self._n2 = np.ascontiguousarray(np.broadcast_to(self.area.manning, shape), float) ** 2
        first, last = np.full(shape[0], shape[1], np.int64), np.full(shape[0], -1, np.int64)
        for j in np.flatnonzero((h > 0).any(axis=1)):
            wet = np.flatnonzero(h[j] > 0)
            first[j], last[j] = wet[0], wet[-1]
        for s in self.area.sources:
            np.minimum.at(first, s.rows, s.columns)
            np.maximum.at(last, s.rows, s.columns)
        if any(code in ("stage", "flow") for code in self.area.edges):
            first[:], last[:] = 0, shape[1] - 1
        self._range = (first, last)
        self._fastest = float(np.sqrt(9.80665 * h.max(initial=0.0)))

    def run(self, until_s: float, out_s: float = 600.0, shown: Callable[[Flood], bool] = lambda _f: True) -> Flood:
        """Run to a time; the state is whole after each stretch, also when shown ended it."""
        flood = self.flood
        while flood.t_s < until_s - 1e-9:
            target = min(until_s, (np.floor(flood.t_s / out_s + 1e-9) + 1) * out_s)
            while flood.t_s < target - 1e-9:
                seen = min(target, flood.t_s + OBSERVED_S)
                began = flood.t_s
                self._stretch(seen)
                self._observe(flood.t_s - began)
            if not shown(flood):
                break
        return flood

    def _observe(self, past_s: float) -> None:
        from console.engine.shallow_kernels import observe

        f = self.flood
        observe(f.h_m, f.hu, f.hv, *self._range, f.t_s, past_s, WET_M, f.deepest_m, f.fastest_ms, f.arrival_s, f.wet_s)

    def _stretch(self, target: float) -> None:
        """Step to a time exactly; a small flood by one thread, for waking another takes longer than its share."""
        from numba import get_num_threads, set_num_threads

        first, last = self._range
        threads = get_num_threads()
        set_num_threads(1 if np.maximum(last - first + 1, 0).sum() < ALONE_CELLS else threads)
        try:
            self._step_to(target, get_num_threads())
        finally:
            set_num_threads(threads)

    def _step_to(self, target: float, threads: int) -> None:
        from console.engine.shallow_kernels import NEGATIVE_M, step, widen

        f, area = self.flood, self.area
        codes = np.array([EDGES[e] for e in area.edges])
        values = np.array(area.values, float)
        blocks = min(f.h_m.shape[0], 4 * threads)
        while f.t_s < target - 1e-9:
            rates = [(s, s.rate(f.t_s, self._standing(s)[0])) for s in area.sources]
            dt = min(CFL * area.dx_m / max(self._fastest, self._arriving(rates), 1e-3), LONGEST_S, target - f.t_s)
            while True:
                if self.order == 2:
                    fastest, least = self._second(codes, values, dt, blocks)
                else:
                    fastest, least = step(
                        f.h_m, f.hu, f.hv, self._bed, self._n2, *self._next, *self._range, codes, values, dt, area.dx_m, blocks
                    )  # fmt: skip
                if least >= NEGATIVE_M and dt * fastest <= 2.0 * CFL * area.dx_m:
                    break
                dt *= 0.5
                f.again += 1
                if dt < SHORTEST_S:
                    raise EngineRefused("unstable", f"第 {f.t_s:.0f} 秒起时间步长趋于零，请检查地形和入流")
            (f.h_m, f.hu, f.hv), self._next = self._next, (f.h_m, f.hu, f.hv)
            for k, (s, before) in enumerate(rates):
                self._exchange(k, s, self._added_m3(s, before, dt))
            widen(f.h_m, *self._range)
            f.t_s = target if target - f.t_s - dt < 1e-9 else f.t_s + dt
            f.steps += 1
            self._fastest = fastest

    def _added_m3(self, source: Source, before: float, dt: float) -> float:
        """Return what a source lets in during a step that began with a rate of before.

        Where it hangs on the level so much that its own water would turn it over, as through a drowned breach, that amount
        which the level with it asks for.
        """
        t_s, (level, water_m2) = self.flood.t_s + dt, self._standing(source)
        added = 0.5 * (before + source.rate(t_s, level)) * dt
        if not source.seeks_level or not np.isfinite(level):
            return added
        asked = source.rate(t_s, level + added / water_m2) * dt
        if abs(asked - added) <= 0.5 * abs(added):
            return added
        low, high = min(added, asked), max(added, asked)  # the rate never rises with the level: what agrees lies between
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            if source.rate(t_s, level + middle / water_m2) * dt > middle:
                low = middle
            else:
                high = middle
        return 0.5 * (low + high)

    def _exchange(self, number: int, source: Source, added_m3: float) -> None:
        """Let water in: as much into each cell, or the lowest first; or take it, the highest first, with its own velocity."""
        f, at, cell_m2 = self.flood, (source.rows, source.columns), self.area.dx_m**2
        if added_m3 >= 0:
            if source.seeks_level:
                f.h_m[at] = filled_to(self._bed[at], f.h_m[at], added_m3 / cell_m2)
            else:
                f.h_m[at] += added_m3 / (cell_m2 * len(source.rows))
            f.through_m3[number, 0] += added_m3
            return
        before = f.h_m[at]
        after = drawn_to(self._bed[at], before, -added_m3 / cell_m2)
        f.h_m[at] = after
        left = np.divide(after, before, out=np.ones_like(after), where=before > 0)
        f.hu[at] *= left
        f.hv[at] *= left
        f.through_m3[number, 1] += float((before - after).sum()) * cell_m2

    def _second(self, codes: NDArray[np.int64], values: Array, dt: float, blocks: int) -> tuple[float, float]:
        """Do one step of second order into the next arrays; returns the fastest wave and the least depth of both stages."""
        from console.engine import shallow_second

        stage: Any = shallow_second.stage  # compiled, without types
        f, dx = self.flood, self.area.dx_m
        if not self._middle:
            self._middle = (np.zeros_like(f.h_m), np.zeros_like(f.h_m), np.zeros_like(f.h_m))
        now, end = (f.h_m, f.hu, f.hv), (*self._range, codes, values, dt, dx)
        _, first = stage(*now, *now, self._bed, self._n2, *self._middle, *end, 0.0, 0.0, blocks)
        fastest, least = stage(*now, *self._middle, self._bed, self._n2, *self._next, *end, 0.5, 1.0, blocks)
        return float(fastest), float(min(first, least))

    def _standing(self, source: Source) -> tuple[float, float]:
        """Return the level of the water at a source's cells and how much of them it covers, m²; see level_at."""
        at = (source.rows, source.columns)
        level, share = level_at(self._bed[at], self.flood.h_m[at])
        return level, share * self.area.dx_m**2

    def _arriving(self, rates: Sequence[tuple[Source, float]]) -> float:
        """Return how fast waves are where water is let in: it comes after the step that counted them."""
        found = 0.0
        for s, rate in rates:
            if rate > 0:
                deep = float(self.flood.h_m[s.rows, s.columns].max())
                unit = rate / len(s.rows) / self.area.dx_m  # m²/s of a cell's width
                found = max(found, float(np.sqrt(9.80665 * max(deep, (unit * unit / 9.80665) ** (1 / 3)))))
        return found


def level_at(bed_m: Array, depth_m: Array) -> tuple[float, float]:
    """Return the level of the water in some cells and over how many of them it stands; −inf and 0 where there is none.

    Deep cells count for more: a film that is left on high ground is no level.
    """
    water = float(depth_m.sum())
    if water <= 0:
        return -np.inf, 0.0
    return float((depth_m * (bed_m + depth_m)).sum()) / water, water * water / float((depth_m * depth_m).sum())


def filled_to(bed_m: Array, depth_m: Array, water_m: float) -> Array:
    """Return depths with water_m (of one cell's depth) more in all, the lowest levels raised first."""
    level = np.sort(bed_m + depth_m)
    count = np.arange(1, len(level) + 1)
    needed = count * level - np.cumsum(level)  # to raise all below a level to it
    k = int(np.searchsorted(needed, water_m, side="right"))
    top = (water_m + float(level[:k].sum())) / k
    return np.asarray(depth_m + np.maximum(0.0, top - bed_m - depth_m), float)


def drawn_to(bed_m: Array, depth_m: Array, water_m: float) -> Array:
    """Return depths with water_m (of one cell's depth) less in all, the highest levels lowered first; at most all of it."""
    level = bed_m + depth_m
    if water_m >= depth_m.sum():
        return np.zeros_like(depth_m)
    low, high = float(bed_m.min()), float(level[depth_m > 0].max())
    for _ in range(LEVEL_HALVINGS):
        top = 0.5 * (low + high)
        if np.minimum(depth_m, np.maximum(0.0, level - top)).sum() > water_m:
            low = top
        else:
            high = top
    found = depth_m - np.minimum(depth_m, np.maximum(0.0, level - high))
    return np.asarray(found, float)


def _finite(values: ArrayLike, name: str) -> None:
    found = np.atleast_1d(np.asarray(values, float))
    if not np.isfinite(found).all():
        at = np.argwhere(~np.isfinite(found))[0]
        where = f"第 {int(at[0]) + 1} 行第 {int(at[-1]) + 1} 列" if found.ndim == 2 else ""
        raise EngineRefused("gap", f"{name}{where}空缺或不是数")
