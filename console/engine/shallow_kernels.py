"""The inner loops of the shallow-water solver, compiled once and kept: one pass a step, row blocks on all cores.

Finite volumes of first order: HLLC between cells, the bed by hydrostatic reconstruction (Audusse et al. 2004, SIAM
J. Sci. Comput. 25), so that water at rest stays at rest; friction by Manning, implicit in the step. A step writes
into other arrays than it reads: one that would make a depth negative is done again, half as long, and no water is
ever made or lost by a clip.

A block goes up its rows in strips of some hundred columns. What a row needs lies in short lanes of one array, at
offsets that the compiler knows, and no loop over them branches: it makes vector instructions of each (measured 3.9
times faster than cell by cell, and compiled in a tenth of the time). All that `step` calls is in this file, for the
kept machine code is only made anew when the file itself changes.

Loaded only where something is computed: compiled code costs 200 MB.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np

# Threads that wait for their blocks spin for some ten microseconds, which bridges the gap between two steps, then sleep:
# two solvers at once on the same cores would each spin away what the other needs (measured 2 500 times slower without
# sleep, and 1.6 times slower alone without spinning). Read when numba loads its threads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
from numba import njit, prange

G = 9.80665
ROOT_G = math.sqrt(G)
DRY_M = 1e-6  # shallower on both sides of an edge, nothing flows
WALL, FREE, STAGE, FLOW = 0, 1, 2, 3
NEGATIVE_M = -1e-12
SMALLEST = 1e-300  # keeps 0/0 away where no wave runs
FAST = {"contract", "arcp", "nsz"}  # sums keep their order: the same flood comes out whatever the blocks
compiled = njit(cache=True, error_model="numpy", fastmath=FAST)
parallel = njit(cache=True, error_model="numpy", fastmath=FAST, parallel=True)

CELLS = 128  # of a strip
LANE = CELLS + 16  # a cell beyond each side, and room for whole vectors
H, Z, U, V = (LANE * k for k in range(4))  # lanes of a row of cells: depth, bed, velocities; from the cell before the strip
MASS, BELOW, ABOVE, ALONG = (LANE * k for k in range(4))  # of a row of edges: momentum as felt before and after the edge
DEEP, QX, QY, N2, ROOT, TOP, LEAST = (LANE * k for k in range(7))  # of a row's result; ROOT: depth^(-1/6)

# The bits of a double, read as an integer, are close to its logarithm: those of d^(-1/6) follow from those of d.
# 0.05 halves the worst error, which is 3.5 % then; three steps of Newton leave 2e-8.
GUESS = (1023.0 * 7.0 / 6.0 - 0.05) * 2.0**52


@njit(cache=True, error_model="numpy", fastmath=FAST, inline="always")
def edge(hl: float, zl: float, ul: float, vl: float, hr: float, zr: float, ur: float, vr: float) -> tuple[float, ...]:
    """Return flux of mass, of momentum across as the lower and as the upper cell feel it, and along. Without a branch."""
    bed = max(zl, zr)
    a, b = max(0.0, hl + zl - bed), max(0.0, hr + zr - bed)
    cl, cr = math.sqrt(G * a), math.sqrt(G * b)
    us, cs = 0.5 * (ul + ur) + cl - cr, 0.5 * (cl + cr) + 0.25 * (ul - ur)
    out_l, out_r, dry_l, dry_r = ul - cl, ur + cr, ur - 2.0 * cr, ul + 2.0 * cl
    sl = min(0.0, dry_l if a <= 0.0 else (out_l if b <= 0.0 else min(out_l, us - cs)))
    sr = max(0.0, out_r if a <= 0.0 else (dry_r if b <= 0.0 else max(out_r, us + cs)))
    ml, mr = a * ul, b * ur
    pl, pr = ml * ul + 0.5 * G * a * a, mr * ur + 0.5 * G * b * b
    wet = 1.0 if max(hl, hr) > DRY_M else 0.0
    width = wet / max(sr - sl, SMALLEST)
    mass = (sr * ml - sl * mr + sl * sr * (b - a)) * width
    cross = (sr * pl - sl * pr + sl * sr * (mr - ml)) * width
    along = mass * (vl if mass > 0.0 else vr)
    a, b = a * wet, b * wet
    return mass, cross + 0.5 * G * (hl * hl - a * a), cross + 0.5 * G * (hr * hr - b * b), along


@compiled
def ghost(code: int, value: float, h: float, z: float, u: float, outward: float) -> tuple[float, float]:
    """Return depth and velocity beyond an outer edge. value: level m (STAGE), or m²/s into the area (FLOW)."""
    if code == FREE:
        return h, u
    if code == STAGE:
        if outward * u > math.sqrt(G * h):  # what shoots out does not feel the level beyond
            return h, u
        return max(0.0, value - z), u
    if code == FLOW:
        depth = max(h, (value * value / G) ** (1.0 / 3.0)) if h <= DRY_M else h
        return depth, -outward * value / max(depth, SMALLEST)
    return h, -u


@compiled
def fill(h: Any, z: Any, hu: Any, hv: Any, row: Any, at: int) -> None:
    """Copy cells into the lanes of a row, from place at."""
    for k in range(len(h)):
        deep = h[k]
        part = 1.0 / deep if deep > DRY_M else 0.0
        row[H + at + k] = deep
        row[Z + at + k] = z[k]
        row[U + at + k] = hu[k] * part
        row[V + at + k] = hv[k] * part


@compiled
def _read(h: Any, hu: Any, hv: Any, z: Any, j: int, a: int, b: int, row: Any, codes: Any, values: Any) -> None:
    """Take columns a to b of row j into lanes, with the cell before and after them or what is beyond the outer edge."""
    columns = h.shape[1]
    low, high = max(0, a - 1), min(columns, b + 2)
    fill(h[j, low:high], z[j, low:high], hu[j, low:high], hv[j, low:high], row, low - a + 1)
    if a == 0:
        row[H], row[U] = ghost(codes[0], values[0], row[H + 1], row[Z + 1], row[U + 1], -1.0)
        row[Z], row[V] = row[Z + 1], row[V + 1]
    if b == columns - 1:
        k = b - a + 1
        row[H + k + 1], row[U + k + 1] = ghost(codes[1], values[1], row[H + k], row[Z + k], row[U + k], 1.0)
        row[Z + k + 1], row[V + k + 1] = row[Z + k], row[V + k]


@compiled
def _beyond(row: Any, out: Any, code: int, value: float, outward: float) -> None:
    """Write what is beyond the first or the last row."""
    for k in range(1, CELLS + 1):
        out[H + k], out[V + k] = ghost(code, value, row[H + k], row[Z + k], row[V + k], outward)
        out[Z + k], out[U + k] = row[Z + k], row[U + k]


@compiled
def _across(row: Any, out: Any, cells: int) -> None:
    """Find the fluxes between the cells of a row; edge k lies before cell k of the strip."""
    for k in range(min(cells, CELLS) + 1):
        one = edge(
            row[H + k], row[Z + k], row[U + k], row[V + k],
            row[H + 1 + k], row[Z + 1 + k], row[U + 1 + k], row[V + 1 + k],
        )  # fmt: skip
        out[MASS + k], out[BELOW + k], out[ABOVE + k], out[ALONG + k] = one


@compiled
def _upward(low: Any, high: Any, out: Any, cells: int) -> None:
    """Find the fluxes between two rows."""
    for k in range(min(cells, CELLS)):
        one = edge(
            low[H + 1 + k], low[Z + 1 + k], low[V + 1 + k], low[U + 1 + k],
            high[H + 1 + k], high[Z + 1 + k], high[V + 1 + k], high[U + 1 + k],
        )  # fmt: skip
        out[MASS + k], out[BELOW + k], out[ABOVE + k], out[ALONG + k] = one


@compiled
def _balance(row: Any, x: Any, low: Any, up: Any, hu: Any, hv: Any, n2: Any, out: Any, ratio: float) -> None:
    """Add up the fluxes through the edges of each cell; hu, hv, n2: of the strip's cells."""
    for k in range(len(hu)):
        deep = row[H + 1 + k] - ratio * (x[MASS + 1 + k] - x[MASS + k] + up[MASS + k] - low[MASS + k])
        out[DEEP + k] = deep
        out[QX + k] = hu[k] - ratio * (x[BELOW + 1 + k] - x[ABOVE + k] + up[ALONG + k] - low[ALONG + k])
        out[QY + k] = hv[k] - ratio * (x[ALONG + 1 + k] - x[ALONG + k] + up[BELOW + k] - low[ABOVE + k])
        out[N2 + k] = n2[k]
        out[LEAST + k] = min(out[LEAST + k], deep)


@compiled
def guess(bits: Any, cells: int) -> None:
    """Write a first guess of depth^(-1/6). bits: the result's lanes read as integers."""
    for k in range(min(cells, CELLS)):
        bits[ROOT + k] = np.int64(GUESS - np.float64(bits[DEEP + k]) * (1.0 / 6.0))


@compiled
def rub(out: Any, h2: Any, hu2: Any, hv2: Any, dt: float) -> None:
    """Take friction off over dt and write the cells; from depth^(-1/6) come 1/h, h^(−4/3) and √h without a division."""
    for k in range(len(h2)):
        deep, y, qx, qy = out[DEEP + k], out[ROOT + k], out[QX + k], out[QY + k]
        y *= (7.0 - deep * (y * y * y) * (y * y * y)) * (1.0 / 6.0)
        y *= (7.0 - deep * (y * y * y) * (y * y * y)) * (1.0 / 6.0)
        y *= (7.0 - deep * (y * y * y) * (y * y * y)) * (1.0 / 6.0)
        y2, y4 = y * y, (y * y) * (y * y)
        speed = math.sqrt(qx * qx + qy * qy) * (y4 * y2)
        slower = 1.0 / (1.0 + G * out[N2 + k] * (y4 * y4) * dt * speed)
        wave = speed * slower + ROOT_G * deep * (y2 * y)
        wet = deep > DRY_M
        h2[k] = max(deep, 0.0)
        hu2[k] = qx * slower if wet else 0.0
        hv2[k] = qy * slower if wet else 0.0
        out[TOP + k] = max(out[TOP + k], wave if wet else 0.0)


@compiled
def _strip(
    h: Any, hu: Any, hv: Any, z: Any, n2: Any, h2: Any, hu2: Any, hv2: Any,
    a: int, b: int, bottom: int, top: int, codes: Any, values: Any, dt: float, dx: float,
) -> tuple[float, float]:  # fmt: skip
    """Step columns a to b of rows bottom to top; returns the fastest wave after it and the least depth."""
    rows, cells, end = h.shape[0], b - a + 1, b + 1
    here, above = np.zeros(4 * LANE), np.zeros(4 * LANE)
    x, low, up, out = np.zeros(4 * LANE), np.zeros(4 * LANE), np.zeros(4 * LANE), np.zeros(7 * LANE)
    bits = out.view(np.int64)
    _read(h, hu, hv, z, bottom, a, b, above, codes, values)
    if bottom > 0:
        _read(h, hu, hv, z, bottom - 1, a, b, here, codes, values)
    else:
        _beyond(above, here, codes[2], values[2], -1.0)
    _upward(here, above, low, cells)
    for j in range(bottom, top + 1):
        here, above = above, here
        if j + 1 < rows:
            _read(h, hu, hv, z, j + 1, a, b, above, codes, values)
        else:
            _beyond(here, above, codes[3], values[3], 1.0)
        _across(here, x, cells)
        _upward(here, above, up, cells)
        _balance(here, x, low, up, hu[j, a:end], hv[j, a:end], n2[j, a:end], out, dt / dx)
        guess(bits, cells)
        rub(out, h2[j, a:end], hu2[j, a:end], hv2[j, a:end], dt)
        low, up = up, low
    return out[TOP : TOP + cells].max(), out[LEAST : LEAST + cells].min()


@compiled
def tiles(first: Any, last: Any, columns: int, start: int, end: int, reach: int) -> Any:
    """Return the strips of rows start to end − 1 that water is in or can come to, (k, 4): first and last column, first and last
    row. reach: how many cells water goes in a step beyond those of a row's range.
    """
    a, b, near, beyond = columns, -1, max(0, start - reach), min(len(first), end + reach)
    for j in range(near, beyond):
        if first[j] <= last[j]:
            a, b = min(a, first[j]), max(b, last[j])
    if a > b:
        return np.empty((0, 4), np.int64)
    a, b = max(0, a - reach), min(columns - 1, b + reach)
    count = (b - a + CELLS) // CELLS
    found, n = np.empty((count, 4), np.int64), 0
    for k in range(count):
        c, d = a + (b - a + 1) * k // count, a + (b - a + 1) * (k + 1) // count - 1
        bottom, top = end, start - 1
        for j in range(near, beyond):
            if first[j] <= last[j] and first[j] <= d + reach and last[j] >= c - reach:
                bottom, top = min(bottom, j - reach), max(top, j + reach)
        bottom, top = max(bottom, start), min(top, end - 1)
        if bottom <= top:
            found[n, 0], found[n, 1], found[n, 2], found[n, 3] = c, d, bottom, top
            n += 1
    return found[:n]


@compiled
def _block(
    h: Any, hu: Any, hv: Any, z: Any, n2: Any, h2: Any, hu2: Any, hv2: Any,
    first: Any, last: Any, codes: Any, values: Any, dt: float, dx: float, start: int, end: int,
) -> tuple[float, float]:  # fmt: skip
    """Step rows start to end − 1; returns the fastest wave after it and the least depth."""
    fastest, least = 0.0, 0.0
    for a, b, bottom, top in tiles(first, last, h.shape[1], start, end, 1):
        wave, deep = _strip(h, hu, hv, z, n2, h2, hu2, hv2, a, b, bottom, top, codes, values, dt, dx)
        fastest, least = max(fastest, wave), min(least, deep)
    return fastest, least


@compiled
def shares(first: Any, last: Any, blocks: int) -> Any:
    """Return the first row of each block and the end, (blocks + 1,), so that the blocks have as many cells to step."""
    rows = len(first)
    cells = np.zeros(rows + 1)
    for j in range(rows):
        cells[j + 1] = cells[j] + max(0, last[j] - first[j] + 1)
    start = np.full(blocks + 1, rows)
    start[0], k = 0, 1
    for j in range(rows):
        while k < blocks and cells[j + 1] * blocks >= cells[rows] * k:
            start[k] = j + 1
            k += 1
    return start


@parallel
def step(
    h: Any, hu: Any, hv: Any, z: Any, n2: Any, h2: Any, hu2: Any, hv2: Any,
    first: Any, last: Any, codes: Any, values: Any, dt: float, dx: float, blocks: int,
) -> tuple[float, float]:  # fmt: skip
    """Do one step of dt seconds; returns the fastest wave (m/s) after it and the least depth.

    first, last: by row, the columns between which water is or is let in. codes, values: of the west, east, south and
    north outer edges. Arrays of cells are contiguous; those that are written hold no water outside the ranges.
    """
    fastest, least = np.zeros(blocks), np.zeros(blocks)
    start = shares(first, last, blocks)
    for k in prange(blocks):
        fastest[k], least[k] = _block(
            h, hu, hv, z, n2, h2, hu2, hv2, first, last, codes, values, dt, dx, start[k], start[k + 1]
        )
    return fastest.max(), least.min()


@compiled
def widen(h: Any, first: Any, last: Any) -> None:
    """Widen each row's range to where water is now."""
    rows, columns = h.shape
    for j in range(rows):
        a, b = first[j], last[j]
        if j > 0:
            a, b = min(a, first[j - 1]), max(b, last[j - 1])
        if j + 1 < rows:
            a, b = min(a, first[j + 1]), max(b, last[j + 1])
        for i in range(max(0, a - 1), min(columns, first[j])):
            if h[j, i] > 0.0:
                first[j] = i
                break
        for i in range(min(columns - 1, b + 1), max(-1, last[j]), -1):
            if h[j, i] > 0.0:
                last[j] = i
                break


@compiled
def observe(
    h: Any, hu: Any, hv: Any, first: Any, last: Any, t: float, past_s: float, wet_m: float,
    deepest: Any, fastest: Any, arrival: Any, wet_s: Any,
) -> None:  # fmt: skip
    """Take in a moment: greatest depth and speed, first time wet, how long wet.

    By one thread: on a machine that is busy it waited a hundred times longer for another than it takes.
    """
    rows, _ = h.shape
    for j in range(rows):
        for i in range(first[j], last[j] + 1):
            deep = h[j, i]
            deepest[j, i] = max(deepest[j, i], deep)
            if deep >= wet_m:
                wet_s[j, i] += past_s
                if arrival[j, i] < 0.0:
                    arrival[j, i] = t
                square = (hu[j, i] * hu[j, i] + hv[j, i] * hv[j, i]) / (deep * deep)
                if square > fastest[j, i] * fastest[j, i]:
                    fastest[j, i] = math.sqrt(square)
