"""A levee that gives way: the breach's growth, the weir through it, and the plain behind it as an area to flood.

Source: broad-crested weir Q = 1.705 b H^1.5 (m, s), submerged by Villemonte 1947 (1 − (h₂/h₁)^1.5)^0.385, either way:
once the river stands lower than the plain, water runs back. The width grows evenly from nothing to its last in growth_s,
the sill is there from the start, no lower than the ground behind it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from console.engine.breach_river import River, Taken
from console.engine.refused import EngineRefused, positive
from console.engine.shallow_water import Area, Flood, Solver, Source, level_at
from console.errors import ConsoleError

Array = NDArray[np.float64]
WEIR = 1.705
OUT_S = 600.0
PARTS = 15  # in which a run tells its frames: those of four runs, one after the other, are kept of one that is ended
EDGE_M = 0.05  # so much water at the area's edge is told: beyond it nothing is computed


def weir_m3s(width_m: float, head_m: float, tail_m: float = 0.0) -> float:
    """Return the flow over a broad crest. head_m, tail_m: levels above the sill, before and behind."""
    if width_m <= 0 or head_m <= 0 or tail_m >= head_m:
        return 0.0
    free = WEIR * width_m * head_m**1.5
    return float(free if tail_m <= 0 else free * (1.0 - (tail_m / head_m) ** 1.5) ** 0.385)


def through_m3s(width_m: float, river_m: float, plain_m: float) -> float:
    """Return the flow onto the plain, negative for what runs back. river_m, plain_m: levels above the sill."""
    if plain_m > river_m:
        return -weir_m3s(width_m, plain_m, river_m)
    return weir_m3s(width_m, river_m, plain_m)


@dataclass(frozen=True, slots=True, eq=False)
class BreachInflow:
    """Through a breach into cells, and back. sill_m: in the datum of the river's level and of the cells'."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    river: River
    width_m: float
    sill_m: float
    growth_s: float
    from_s: float
    taken: Taken

    @property
    def seeks_level(self) -> bool:
        return True

    def rate(self, t_s: float, level_m: float, /) -> float:
        open_s, tail = t_s - self.from_s, level_m - self.sill_m
        width = self.width_m * (min(1.0, open_s / self.growth_s) if self.growth_s > 0 else float(open_s >= 0))
        self.taken.m3s = self.river.taken(t_s, lambda river_m: through_m3s(width, river_m - self.sill_m, tail))
        return self.taken.m3s


@dataclass(frozen=True, slots=True, eq=False)
class BreachCase:
    """bed_m (rows, columns) at cell centres x_m, y_m (ascending); line (k, 2): the levee, same coordinates.

    at (2,): the breach on the line; river (2,): a place on the river's side. crest_m: the levee's, no water passes it
    elsewhere. sill_m: None down to the ground behind. water: before the levee. hours: how long the run is. order: of the
    solver. out_s: between two frames. from_s: of the run, when it breaks. taken: told to breaches lower down.
    """

    bed_m: Array
    x_m: Array
    y_m: Array
    line: Array
    at: Array
    river: Array
    crest_m: float
    width_m: float
    sill_m: float | None
    growth_s: float
    water: River
    manning: float
    hours: float
    order: int = 1
    out_s: float = OUT_S
    from_s: float = 0.0
    taken: Taken = field(default_factory=Taken)


@dataclass(frozen=True, slots=True, eq=False)
class BreachOutcome:
    """depth_m (steps, rows, columns) float32 at t_s; inflow_m3s, river_m (steps,). mass_error: part of the water.

    river_m: the level before the levee. gone_m3: what has run through until then, less what ran back; inflow_m3s is of
    the instant, beside water that has just come. let_in_m3, let_out_m3: in all, onto the plain and back. limits: said.

    Also a part of a run that goes on: its frames since the last part, and the balance up to the last of them.
    """

    t_s: Array
    depth_m: NDArray[np.float32]
    inflow_m3s: Array
    river_m: Array
    gone_m3: Array
    let_in_m3: float
    let_out_m3: float
    mass_error: float
    steps: int
    limits: tuple[str, ...]


def outcome_so_far(parts: Sequence[BreachOutcome]) -> BreachOutcome | None:
    """Return what a run that was ended told until then; None for less than two frames."""
    t_s = np.concatenate([p.t_s for p in parts]) if parts else np.empty(0)
    if len(t_s) < 2:
        return None
    depth = np.concatenate([p.depth_m for p in parts])
    flow, river, gone = (np.concatenate([getattr(p, k) for p in parts]) for k in ("inflow_m3s", "river_m", "gone_m3"))
    last, cut = parts[-1], f"算到 {t_s[-1] / 3600:.1f} h 时停止，其后没有算"
    balance = (last.let_in_m3, last.let_out_m3, last.mass_error, last.steps)
    return BreachOutcome(t_s, depth, flow, river, gone, *balance, (cut, *last.limits))


class BreachRefused(ConsoleError):
    """A breach that cannot be computed; says what to change."""


def breach_work(case: BreachCase, tell: Callable[..., None]) -> BreachOutcome:
    """Run a breach in a worker process. Raises: BreachRefused."""
    try:
        return run_breach(case, tell)
    except EngineRefused as exc:
        raise BreachRefused(f"溃口没有算：{exc.detail}。", "请改这一项后再算。", exc.code) from exc


def run_breach(case: BreachCase, tell: Callable[..., None]) -> BreachOutcome:
    """Flood the plain behind a breach; fit for a worker process.

    Raises:
        EngineRefused: gap (bed: cell named), parameter, range (the breach is beside the area).
    """
    return run_breaches([case], lambda share, parts=None: tell(share, parts[0] if parts else None))[0]


def run_breaches(cases: Sequence[BreachCase], tell: Callable[..., None]) -> tuple[BreachOutcome, ...]:
    """Flood one plain through several breaches, in the order in which the river passes them; all on one grid, for one time.

    Returns what each let in; the depths, one array for all, are those of all together. tell hears such parts.

    Raises:
        EngineRefused: as run_breach.
    """
    both = [area_of(case) for case in cases]
    area = replace(
        both[0][0],
        bed_m=np.maximum.reduce([one.bed_m for one, _ in both]),
        sources=tuple(inflow for _, inflow in both),
    )
    inlets = [Inlet(inflow, _before(case)) for case, (_, inflow) in zip(cases, both, strict=True)]
    return followed(area, inlets, cases[0].hours, cases[0].out_s, cases[0].order, tell)


def _before(case: BreachCase) -> Callable[[Flood, float], float]:
    return lambda flood, rate: case.water.level(flood.t_s, rate)


@dataclass(frozen=True, slots=True, eq=False)
class Inlet:
    """Where an area is flooded from. level: what river_m is, of a state and the source's rate."""

    source: Source
    level: Callable[[Flood, float], float]


def followed(
    area: Area, inlets: Sequence[Inlet], hours: float, out_s: float, order: int, tell: Callable[..., None]
) -> tuple[BreachOutcome, ...]:
    """Flood an area through its sources, and tell its frames as they come, for each of inlets. These are its sources.

    Raises:
        EngineRefused: parameter, unstable.
    """
    positive(hours, "历时")
    solver = Solver(area, order)
    frames: list[NDArray[np.float32]] = []
    rows: list[list[tuple[float, float, float, float]]] = [[] for _ in inlets]  # of each: seconds, m³/s, level, m³
    whole, told = hours * 3600.0, [0]

    def seen(flood: Flood) -> None:
        frames.append(flood.h_m.astype(np.float32))
        for one, mine, (came, went) in zip(inlets, rows, flood.through_m3, strict=True):
            rate = one.source.rate(flood.t_s, _level(area, one.source, flood))
            mine.append((flood.t_s, rate, one.level(flood, rate), came - went))

    def part(flood: Flood, since: int) -> tuple[BreachOutcome, ...]:
        depth, error, limits = np.stack(frames[since:]), flood.mass_error(area.dx_m), _limits(flood)
        found = []
        for mine, (came, went) in zip(rows, flood.through_m3.tolist(), strict=True):
            t_s, flow, river, gone = np.array(mine[since:]).T
            dry = () if came else ("河道水位不高于口门底高程，没有进水",)
            found.append(BreachOutcome(t_s, depth, flow, river, gone, came, went, error, flood.steps, (*limits, *dry)))
        return tuple(found)

    def so_far(flood: Flood) -> tuple[BreachOutcome, ...] | None:
        """Return the frames since the last part, where it is time for one."""
        if len(frames) - told[0] < whole / out_s / PARTS:
            return None
        since, told[0] = told[0], len(frames)
        return part(flood, since)

    def shown(flood: Flood) -> bool:
        seen(flood)
        tell(flood.t_s / whole, so_far(flood))
        return True

    seen(solver.flood)
    return part(solver.run(whole, out_s, shown), 0)


def _limits(flood: Flood) -> tuple[str, ...]:
    edge = np.concatenate([flood.deepest_m[0], flood.deepest_m[-1], flood.deepest_m[:, 0], flood.deepest_m[:, -1]])
    return ("水到了计算范围的边，范围以外没有算",) if (edge >= EDGE_M).any() else ()


def area_of(case: BreachCase) -> tuple[Area, BreachInflow]:
    """Return the area with the levee burnt in as a wall, and the breach's inflow behind it."""
    dx = float(case.x_m[1] - case.x_m[0])
    bed = np.array(case.bed_m, float)
    wall = _cells(case.line, case.x_m, case.y_m, dx)
    if not len(wall):
        raise EngineRefused("range", "堤线不在计算范围内")
    bed[wall[:, 0], wall[:, 1]] = np.maximum(bed[wall[:, 0], wall[:, 1]], case.crest_m)
    rows, columns = _behind(case, dx, {(int(r), int(c)) for r, c in wall})
    sill_m = float(bed[rows, columns].mean()) if case.sill_m is None else case.sill_m
    sill_m = max(sill_m, float(bed[rows, columns].min()))  # water does not climb from the sill to the ground
    inflow = BreachInflow(rows, columns, case.water, case.width_m, sill_m, case.growth_s, case.from_s, case.taken)
    return Area(bed, dx, np.array(case.manning), sources=(inflow,)), inflow


def _cells(line: Array, x_m: Array, y_m: Array, dx: float) -> NDArray[np.int64]:
    """Return the cells that a line passes, joined by their sides so that nothing slips through a corner."""
    found: list[tuple[int, int]] = []
    for (ax, ay), (bx, by) in pairwise(line):
        count = max(2, math.ceil(math.hypot(bx - ax, by - ay) / (dx / 4)))
        for share in np.linspace(0.0, 1.0, count):
            cell = (round((ay + share * (by - ay) - y_m[0]) / dx), round((ax + share * (bx - ax) - x_m[0]) / dx))
            if found and cell != found[-1] and abs(cell[0] - found[-1][0]) == 1 and abs(cell[1] - found[-1][1]) == 1:
                found.append((found[-1][0], cell[1]))
            if not found or cell != found[-1]:
                found.append(cell)
    inside = [c for c in dict.fromkeys(found) if 0 <= c[0] < len(y_m) and 0 <= c[1] < len(x_m)]
    return np.array(inside, np.int64).reshape(-1, 2)


def _behind(case: BreachCase, dx: float, wall: set[tuple[int, int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the cells behind the breach, over its width, on the side away from the river."""
    i = int(np.argmin([_off(case.at, a, b) for a, b in pairwise(case.line)]))
    along = case.line[i + 1] - case.line[i]
    along = along / np.hypot(*along)
    away = np.array([-along[1], along[0]])
    if np.dot(away, case.river - case.at) > 0:
        away = -away
    found: dict[tuple[int, int], None] = {}
    for step in range(-math.floor(case.width_m / 2 / dx), math.floor(case.width_m / 2 / dx) + 1):
        for out in (1.5, 2.0, 2.5, 3.0):
            x, y = case.at + along * step * dx + away * out * dx
            cell = (round((y - case.y_m[0]) / dx), round((x - case.x_m[0]) / dx))
            if cell not in wall:
                found[cell] = None
                break
    inside = [(r, c) for r, c in found if 0 <= r < len(case.y_m) and 0 <= c < len(case.x_m)]
    if not inside:
        raise EngineRefused("range", "溃口不在计算范围内")
    return np.array([r for r, _ in inside], np.int64), np.array([c for _, c in inside], np.int64)


def _off(at: Array, a: Array, b: Array) -> float:
    way = b - a
    share = float(np.clip(np.dot(at - a, way) / max(float(np.dot(way, way)), 1e-9), 0.0, 1.0))
    return float(np.hypot(*(a + share * way - at)))


def _level(area: Area, inflow: Source, flood: Flood) -> float:
    at = (inflow.rows, inflow.columns)
    return level_at(area.bed_m[at], flood.h_m[at])[0]
