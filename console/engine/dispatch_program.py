"""The linear program of a joint dispatch: its columns, its rows, and one call of HiGHS.

Columns: release, storage at each step's end and, where the case asks for them, changes, gates and slack per
reservoir; flow, excess over the safe flow and highest excess per control station. Reaches are linear
Muskingum, one block of columns per sub-reach: about 1.4 times as fast to solve as their dense unit responses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from console.engine.dispatch_case import Array, Control, DispatchCase, DispatchRefused, Node, Reservoir
from console.engine.dispatch_judge import starting_flow

Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """What HiGHS found. release, gates_open (n_reservoir, n); state: optimal, limit, infeasible. gap: of a MILP."""

    state: str
    release_m3s: Array
    gates_open: Array | None
    gap: float | None
    nodes: int


@dataclass(slots=True)
class _Rows:
    """Sparse rows, collected as they come."""

    row: list[Ints] = field(default_factory=list)
    column: list[Ints] = field(default_factory=list)
    value: list[Array] = field(default_factory=list)
    low: list[Array] = field(default_factory=list)
    high: list[Array] = field(default_factory=list)
    count: int = 0

    def add(self, terms: Sequence[tuple[Ints, Ints, Array]], low: Array, high: Array) -> None:
        """Add len(low) rows. terms: (row within them, column, value), each (k,)."""
        for row, column, value in terms:
            self.row.append(row + self.count)
            self.column.append(column)
            self.value.append(np.broadcast_to(value, row.shape))
        self.low.append(low)
        self.high.append(high)
        self.count += len(low)


class Program:
    """Built anew for each round: outlets are tangents at the levels of the round before."""

    def __init__(self, case: DispatchCase, *, integer: bool, elastic: bool, levels_m: Array | None) -> None:
        """levels_m: (n_reservoir, n + 1) where outlets are linearised; None leaves them out."""
        self._case, self._elastic, self._integer = case, elastic, integer
        self._n, self._kappa = case.steps, case.mcm_per_flow
        self._rows = _Rows()
        self._cost: list[Array] = []
        self._low: list[Array] = []
        self._high: list[Array] = []
        self._whole: list[Array] = []
        self._columns = 0
        self._t = np.arange(self._n)
        self._out: dict[str, Ints] = {}
        self._storage: dict[str, Ints] = {}
        self._gates: dict[str, Ints] = {}
        for r in case.reservoirs:
            self._out[r.code] = self._new(r.release_min_m3s, r.release_max_m3s)
        for c in case.controls:
            self._out[c.code] = self._new(0.0, np.inf)
        for node in case.nodes:
            if isinstance(node, Reservoir):
                i = case.reservoirs.index(node)
                self._reservoir(node, None if levels_m is None else levels_m[i])
            else:
                self._control(node)

    def solve(self, time_limit_s: float, gap: float) -> Solved:
        """Raises: DispatchRefused: HiGHS gave up for another reason than the limits or the time."""
        from scipy.optimize import Bounds, LinearConstraint, linprog, milp
        from scipy.sparse import csr_array

        rows = self._rows
        at = np.concatenate(rows.row), np.concatenate(rows.column)
        matrix = csr_array((np.concatenate(rows.value), at), shape=(rows.count, self._columns))
        low, high = np.concatenate(rows.low), np.concatenate(rows.high)
        cost, least, most = np.concatenate(self._cost), np.concatenate(self._low), np.concatenate(self._high)
        whole = np.concatenate(self._whole)
        if whole.any():
            found = milp(
                cost, constraints=LinearConstraint(matrix, low, high), bounds=Bounds(least, most), integrality=whole,
                options={"time_limit": time_limit_s, "mip_rel_gap": gap},
            )  # fmt: skip
        else:
            same, under = low == high, np.isfinite(high) & (low != high)
            over = np.isfinite(low) & (low != high)
            from scipy.sparse import vstack

            found = linprog(
                cost, A_ub=vstack([matrix[under], -matrix[over]]), b_ub=np.concatenate([high[under], -low[over]]),
                A_eq=matrix[same], b_eq=low[same], bounds=np.column_stack([least, most]), method="highs",
                options={"time_limit": time_limit_s},
            )  # fmt: skip
        if found.x is None:
            if found.status not in (1, 2):
                raise DispatchRefused("优化求解没有成功。", "请检查水库和控制站的界限后再试。", str(found.message))
            return Solved("infeasible" if found.status == 2 else "limit", np.zeros((0, self._n)), None, None, 0)
        release = np.array([found.x[self._out[r.code]] for r in self._case.reservoirs])
        opened = None
        if self._gates:
            opened = np.array(
                [
                    np.round(found.x[self._gates[r.code]]) if r.code in self._gates else np.zeros(self._n)
                    for r in self._case.reservoirs
                ]
            )
        state = "optimal" if found.status == 0 else "limit"
        return Solved(
            state, release, opened, float(found.mip_gap) if whole.any() else None, int(getattr(found, "mip_node_count", 0) or 0)
        )

    def _new(
        self, low: Array | float, high: Array | float, cost: Array | float = 0.0, *, count: int = -1, whole: bool = False
    ) -> Ints:
        count = self._n if count < 0 else count
        for kept, value in ((self._low, low), (self._high, high), (self._cost, cost), (self._whole, float(whole))):
            kept.append(np.full(count, value, float) if np.isscalar(value) else np.asarray(value, float))
        self._columns += count
        return np.arange(self._columns - count, self._columns)

    def _slack(self, count: int = -1, cost: float | None = None) -> Ints:
        """Return columns that let a limit be broken at its price; shut unless this round may."""
        price = self._case.weights.violation if cost is None else cost
        return self._new(0.0, np.inf if self._elastic or cost is not None else 0.0, price, count=count)

    def _arriving(self, node: Node) -> tuple[list[tuple[Ints, Ints, Array]], Array]:
        """Return the terms of what flows in from above and the known part (n,): own inflow."""
        known = np.array(node.inflow_m3s if isinstance(node, Reservoir) else node.lateral_m3s, float)
        terms = [(self._t, self._travelled(up), np.ones(self._n)) for up in self._case.above(node.code)]
        return terms, known

    def _travelled(self, up: Node) -> Ints:
        """Return the columns of a node's flow at the end of its reach: one block and one sparse row set per sub-reach."""
        n, t, one, flow = self._n, self._t, np.ones(self._n), self._out[up.code]
        parts, c0, c1, c2 = up.reach.parts(self._case.dt_h)
        if c0 == 1.0:
            return flow
        given = np.zeros(n)
        given[0] = (c1 + c2) * starting_flow(self._case, up.code)
        for _ in range(parts):
            out = self._new(0.0, np.inf)
            terms = [(t, out, one), (t[1:], out[:-1], -c2 * one[1:]), (t, flow, -c0 * one), (t[1:], flow[:-1], -c1 * one[1:])]
            self._rows.add(terms, given, given)
            flow = out
        return flow

    def _reservoir(self, r: Reservoir, levels_m: Array | None) -> None:
        n, t, w, kappa = self._n, self._t, self._case.weights, self._kappa
        out, one = self._out[r.code], np.ones(n)
        if r.benefit is not None:
            self._cost[self._block(out)] = -w.benefit * np.asarray(r.benefit, float)
        held = self._storage[r.code] = self._new(0.0, np.inf)
        start, low, high = (r.storage.at(z) or 0.0 for z in (r.level_m, r.level_min_m, r.level_max_m))
        terms, known = self._arriving(r)
        balance = [(t, held, one), (t[1:], held[:-1], -one[1:]), (t, out, kappa * one)]
        balance += [(row, column, -kappa * value) for row, column, value in terms]
        given = kappa * known
        given[0] += start
        self._rows.add(balance, given, given)
        self._rows.add([(t, held, one), (t, self._slack(), -one)], np.full(n, -np.inf), np.full(n, high))
        if w.filled_mcm > 0:
            most = np.repeat(self._new(0.0, np.inf, w.filled_mcm, count=1), n)
            self._rows.add([(t, held, one), (t, most, -one)], np.full(n, -np.inf), np.full(n, start))
        self._rows.add([(t, held, one), (t, self._slack(), one)], np.full(n, low), np.full(n, np.inf))
        first = np.zeros(n)
        first[0] = r.release_now_m3s
        change = [(t, out, one), (t[1:], out[:-1], -one[1:])]
        if r.ramp_m3s is not None:
            broken = self._slack()
            self._rows.add([*change, (t, broken, -one)], np.full(n, -np.inf), r.ramp_m3s + first)
            self._rows.add([*change, (t, broken, one)], first - r.ramp_m3s, np.full(n, np.inf))
        if w.change > 0:
            size = self._new(0.0, np.inf, w.change)
            self._rows.add([*change, (t, size, -one)], np.full(n, -np.inf), first)
            self._rows.add([*change, (t, size, one)], first, np.full(n, np.inf))
        if r.level_end_m is not None:
            self._end(r, held[-1:])
        if r.capacity is not None and levels_m is not None:
            self._outlets(r, out, held, levels_m)
        if r.gates is not None and self._integer:
            self._by_gates(r, out)

    def _end(self, r: Reservoir, last: Ints) -> None:
        low, high = (r.storage.at(z) or 0.0 for z in r.level_end_m or ())
        price = None if r.end_must else self._case.weights.end_mcm
        row, one = np.zeros(1, np.intp), np.ones(1)
        terms = [(row, last, one), (row, self._slack(1, price), one), (row, self._slack(1, price), -one)]
        self._rows.add(terms, np.array([low]), np.array([high]))

    def _outlets(self, r: Reservoir, out: Ints, held: Ints, levels_m: Array) -> None:
        """Keep the release under what the outlets let through at both ends of each step: tangents of the curve."""
        if r.capacity is None:
            return
        n, t, one = self._n, self._t, np.ones(self._n)
        z = np.clip(levels_m, r.capacity.level_m[0], r.capacity.level_m[-1])
        can = np.array([r.capacity.at(v) or 0.0 for v in z.tolist()])
        per_mcm = np.array([(r.capacity.slope(v) or 0.0) / max(r.storage.slope(v) or 0.0, 1e-9) for v in z.tolist()])
        stored = np.array([r.storage.at(v) or 0.0 for v in levels_m.tolist()])
        room = can - per_mcm * stored
        broken = self._slack()
        self._rows.add([(t, out, one), (t, held, -per_mcm[1:]), (t, broken, -one)], np.full(n, -np.inf), room[1:])
        high = room[:-1].copy()
        high[0] = can[0]
        terms = [(t, out, one), (t[1:], held[:-1], -per_mcm[1:-1]), (t, broken, -one)]
        self._rows.add(terms, np.full(n, -np.inf), high)

    def _by_gates(self, r: Reservoir, out: Ints) -> None:
        """Release = what turbines take + open gates, whole ones, the same for hold_steps."""
        if r.gates is None:
            return
        g, t, one = r.gates, self._t, np.ones(self._n)
        blocks = -(-self._n // g.hold_steps)
        base = self._new(0.0, g.base_max_m3s)
        opened = self._new(0.0, float(g.count), count=blocks, whole=True)
        self._gates[r.code] = opened[t // g.hold_steps]
        zero = np.zeros(self._n)
        self._rows.add([(t, out, one), (t, base, -one), (t, self._gates[r.code], -g.each_m3s * one)], zero, zero)

    def _control(self, c: Control) -> None:
        n, t, w, one = self._n, self._t, self._case.weights, np.ones(self._n)
        terms, known = self._arriving(c)
        self._rows.add([(t, self._out[c.code], one), *((a, b, -v) for a, b, v in terms)], known, known)
        excess = self._new(0.0, np.inf, w.over_mcm * self._kappa)
        highest = self._new(0.0, np.inf, w.peak, count=1)
        up, limit = np.full(n, -np.inf), np.full(n, c.safe_m3s)
        self._rows.add([(t, self._out[c.code], one), (t, excess, -one)], up, limit)
        self._rows.add([(t, self._out[c.code], one), (t, np.repeat(highest, n), -one)], up, limit)
        if w.lower > 0:
            top = np.repeat(self._new(0.0, np.inf, w.lower, count=1), n)
            self._rows.add([(t, self._out[c.code], one), (t, top, -one)], up, np.zeros(n))

    def _block(self, columns: Ints) -> int:
        """Return the number of the block of columns that starts here."""
        start = np.concatenate([[0], np.cumsum([len(b) for b in self._low])])
        return int(np.searchsorted(start, columns[0]))
