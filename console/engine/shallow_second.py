"""The shallow-water step of second order, for where first order smears: sloshing basins, steady flow over steps of the bed.

Level, depth and velocities are straight within a cell, limited by minmod (MUSCL), the bed follows from level and depth
so that water at rest stays at rest; two stages a step (SSP Runge–Kutta). Beside dry cells velocities are constant in
the cell. About three times the work of the first order, in the same lanes.

Kept machine code holds what it calls of shallow_kernels: whoever changes that file touches this one too.

Source: Audusse et al. 2004, SIAM J. Sci. Comput. 25, section 4; van Leer 1979; Gottlieb & Shu 1998.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

from console.engine.shallow_kernels import (
    ABOVE,
    ALONG,
    BELOW,
    CELLS,
    DEEP,
    DRY_M,
    FAST,
    LANE,
    LEAST,
    MASS,
    N2,
    QX,
    QY,
    TOP,
    G,
    H,
    U,
    V,
    Z,
    compiled,
    edge,
    fill,
    ghost,
    guess,
    parallel,
    rub,
    shares,
    tiles,
)  # fmt: skip

SIDE = 2  # cells beyond each side of a strip, whose slopes it needs
REACH = 2  # of a step of two stages
# Half the change of level, depth, u and v across a cell: along y after the lanes of a row, along x in lanes of their own.
RISE, DEEPER, FASTER, TURNED = (LANE * k for k in range(4))
YRISE, YDEEPER, YFASTER, YTURNED = (LANE * k for k in range(4, 8))


@njit(cache=True, error_model="numpy", fastmath=FAST, inline="always")
def _least(a: float, b: float) -> float:
    """Return half the smaller of two slopes of one sign, else 0 (minmod)."""
    low, high = min(a, b), max(a, b)
    return 0.5 * (max(0.0, low) + min(0.0, high))


@compiled
def _along_x(row: Any, out: Any, first: int, last: int) -> None:
    """Find the slopes along a row. first, last: places that have a neighbour on both sides; others are level."""
    for i in range(LANE - 2):
        k = i + 1
        a, h, b = row[H + i], row[H + k], row[H + 2 + i]
        wet = 1.0 if (first <= k) & (k <= last) & (h > DRY_M) else 0.0
        both = wet if min(a, b) > DRY_M else 0.0
        level, u, v = h + row[Z + k], row[U + k], row[V + k]
        out[RISE + k] = wet * _least(level - a - row[Z + i], b + row[Z + 2 + i] - level)
        out[DEEPER + k] = wet * _least(h - a, b - h)
        out[FASTER + k] = both * _least(u - row[U + i], row[U + 2 + i] - u)
        out[TURNED + k] = both * _least(v - row[V + i], row[V + 2 + i] - v)


@compiled
def _along_y(low: Any, row: Any, high: Any, inner: float) -> None:
    """Find the slopes of a row between its neighbours and write them behind it. inner: 0 for a row without both, else 1."""
    for k in range(LANE):
        a, h, b = low[H + k], row[H + k], high[H + k]
        wet = inner if h > DRY_M else 0.0
        both = wet if min(a, b) > DRY_M else 0.0
        level, u, v = h + row[Z + k], row[U + k], row[V + k]
        row[YRISE + k] = wet * _least(level - a - low[Z + k], b + high[Z + k] - level)
        row[YDEEPER + k] = wet * _least(h - a, b - h)
        row[YFASTER + k] = both * _least(u - low[U + k], high[U + k] - u)
        row[YTURNED + k] = both * _least(v - low[V + k], high[V + k] - v)


@njit(cache=True, error_model="numpy", fastmath=FAST, inline="always")
def _face(h: float, z: float, rise: float, deeper: float, side: float) -> tuple[float, float]:
    """Return depth and bed at a face of a cell; side −1 the lower, +1 the upper one."""
    deep = max(0.0, h + side * deeper)
    return deep, h + z + side * rise - deep


@compiled
def _across(row: Any, s: Any, out: Any, cells: int) -> None:
    """Find the fluxes between the cells of a row; edge k lies before cell k of the strip."""
    for i in range(min(cells, CELLS) + 1):
        k = i + SIDE - 1
        hl, zl = _face(row[H + k], row[Z + k], s[RISE + k], s[DEEPER + k], 1.0)
        hr, zr = _face(row[H + 1 + k], row[Z + 1 + k], s[RISE + 1 + k], s[DEEPER + 1 + k], -1.0)
        one = edge(
            hl, zl, row[U + k] + s[FASTER + k], row[V + k] + s[TURNED + k],
            hr, zr, row[U + 1 + k] - s[FASTER + 1 + k], row[V + 1 + k] - s[TURNED + 1 + k],
        )  # fmt: skip
        out[MASS + i], out[BELOW + i], out[ABOVE + i], out[ALONG + i] = one


@compiled
def _upward(low: Any, high: Any, out: Any, cells: int) -> None:
    """Find the fluxes between two rows."""
    for i in range(min(cells, CELLS)):
        k = i + SIDE
        hl, zl = _face(low[H + k], low[Z + k], low[YRISE + k], low[YDEEPER + k], 1.0)
        hr, zr = _face(high[H + k], high[Z + k], high[YRISE + k], high[YDEEPER + k], -1.0)
        one = edge(
            hl, zl, low[V + k] + low[YTURNED + k], low[U + k] + low[YFASTER + k],
            hr, zr, high[V + k] - high[YTURNED + k], high[U + k] - high[YFASTER + k],
        )  # fmt: skip
        out[MASS + i], out[BELOW + i], out[ABOVE + i], out[ALONG + i] = one


@compiled
def _balance(row: Any, s: Any, x: Any, low: Any, up: Any, hu: Any, hv: Any, out: Any, ratio: float) -> None:
    """Add up the fluxes through the edges of each cell and what its own bed pushes; hu, hv: of the strip's cells."""
    for i in range(len(hu)):
        k = i + SIDE
        h, z = row[H + k], row[Z + k]
        he, ze = _face(h, z, s[RISE + k], s[DEEPER + k], 1.0)
        hw, zw = _face(h, z, s[RISE + k], s[DEEPER + k], -1.0)
        hn, zn = _face(h, z, row[YRISE + k], row[YDEEPER + k], 1.0)
        hs, zs = _face(h, z, row[YRISE + k], row[YDEEPER + k], -1.0)
        push_x, push_y = 0.5 * G * (he + hw) * (ze - zw), 0.5 * G * (hn + hs) * (zn - zs)
        out[DEEP + i] = h - ratio * (x[MASS + 1 + i] - x[MASS + i] + up[MASS + i] - low[MASS + i])
        out[QX + i] = hu[i] - ratio * (x[BELOW + 1 + i] - x[ABOVE + i] + up[ALONG + i] - low[ALONG + i] + push_x)
        out[QY + i] = hv[i] - ratio * (x[ALONG + 1 + i] - x[ALONG + i] + up[BELOW + i] - low[ABOVE + i] + push_y)


@compiled
def _mixed(h0: Any, hu0: Any, hv0: Any, out: Any, keep: float) -> None:
    """Take the mean with the state before the step, which weighs keep."""
    part = 1.0 - keep
    for i in range(len(h0)):
        out[DEEP + i] = keep * h0[i] + part * out[DEEP + i]
        out[QX + i] = keep * hu0[i] + part * out[QX + i]
        out[QY + i] = keep * hv0[i] + part * out[QY + i]
        out[LEAST + i] = min(out[LEAST + i], out[DEEP + i])


@compiled
def _rough(n2: Any, out: Any, share: float) -> None:
    for i in range(len(n2)):
        out[N2 + i] = share * n2[i]


@compiled
def _read(h: Any, hu: Any, hv: Any, z: Any, j: int, a: int, b: int, row: Any, codes: Any, values: Any) -> None:
    """Take columns a to b of row j into lanes, with two cells on each side or what is beyond the outer edge."""
    columns = h.shape[1]
    low, high = max(0, a - SIDE), min(columns, b + 1 + SIDE)
    fill(h[j, low:high], z[j, low:high], hu[j, low:high], hv[j, low:high], row, low - a + SIDE)
    if a == 0:
        k = SIDE
        row[H + k - 1], row[U + k - 1] = ghost(codes[0], values[0], row[H + k], row[Z + k], row[U + k], -1.0)
        row[Z + k - 1], row[V + k - 1] = row[Z + k], row[V + k]
    if b == columns - 1:
        k = b - a + SIDE
        row[H + k + 1], row[U + k + 1] = ghost(codes[1], values[1], row[H + k], row[Z + k], row[U + k], 1.0)
        row[Z + k + 1], row[V + k + 1] = row[Z + k], row[V + k]


@compiled
def _beyond(row: Any, out: Any, code: int, value: float, outward: float) -> None:
    """Write what is beyond the first or the last row; it has no slope."""
    for k in range(LANE):
        out[H + k], out[V + k] = ghost(code, value, row[H + k], row[Z + k], row[V + k], outward)
        out[Z + k], out[U + k] = row[Z + k], row[U + k]
        out[YRISE + k], out[YDEEPER + k], out[YFASTER + k], out[YTURNED + k] = 0.0, 0.0, 0.0, 0.0


@compiled
def _strip(
    h0: Any, hu0: Any, hv0: Any, h: Any, hu: Any, hv: Any, z: Any, n2: Any, h2: Any, hu2: Any, hv2: Any,
    a: int, b: int, bottom: int, top: int, codes: Any, values: Any, dt: float, dx: float, keep: float, rough: float,
) -> tuple[float, float]:  # fmt: skip
    """Do a stage for columns a to b of rows bottom to top; returns the fastest wave after it and the least depth."""
    rows, columns = h.shape
    cells, end = b - a + 1, b + 1
    first, last = max(1, a - 1) - a + SIDE, min(columns - 2, b + 1) - a + SIDE
    below, here, above, next_ = np.zeros(8 * LANE), np.zeros(8 * LANE), np.zeros(8 * LANE), np.zeros(8 * LANE)
    s, x, low, up = np.zeros(4 * LANE), np.zeros(4 * LANE), np.zeros(4 * LANE), np.zeros(4 * LANE)
    out = np.zeros(7 * LANE)
    bits = out.view(np.int64)
    _read(h, hu, hv, z, bottom, a, b, here, codes, values)
    if bottom > 0:
        _read(h, hu, hv, z, bottom - 1, a, b, below, codes, values)
        if bottom > 1:
            _read(h, hu, hv, z, bottom - 2, a, b, above, codes, values)
        _along_y(above, below, here, 1.0 if bottom > 1 else 0.0)
    else:
        _beyond(here, below, codes[2], values[2], -1.0)
    if bottom + 1 < rows:
        _read(h, hu, hv, z, bottom + 1, a, b, above, codes, values)
    _along_y(below, here, above, 1.0 if 0 < bottom < rows - 1 else 0.0)
    _upward(below, here, low, cells)
    for j in range(bottom, top + 1):
        if j + 1 < rows:
            if j + 2 < rows:
                _read(h, hu, hv, z, j + 2, a, b, next_, codes, values)
            _along_y(here, above, next_, 1.0 if j + 2 < rows else 0.0)
        else:
            _beyond(here, above, codes[3], values[3], 1.0)
        _along_x(here, s, first, last)
        _across(here, s, x, cells)
        _upward(here, above, up, cells)
        _balance(here, s, x, low, up, hu[j, a:end], hv[j, a:end], out, dt / dx)
        _mixed(h0[j, a:end], hu0[j, a:end], hv0[j, a:end], out, keep)
        _rough(n2[j, a:end], out, rough)
        guess(bits, cells)
        rub(out, h2[j, a:end], hu2[j, a:end], hv2[j, a:end], dt)
        low, up = up, low
        below, here, above, next_ = here, above, next_, below
    return out[TOP : TOP + cells].max(), out[LEAST : LEAST + cells].min()


@compiled
def _block(
    h0: Any, hu0: Any, hv0: Any, h: Any, hu: Any, hv: Any, z: Any, n2: Any, h2: Any, hu2: Any, hv2: Any,
    first: Any, last: Any, codes: Any, values: Any, dt: float, dx: float, keep: float, rough: float, start: int, end: int,
) -> tuple[float, float]:  # fmt: skip
    fastest, least = 0.0, 0.0
    for a, b, bottom, top in tiles(first, last, h.shape[1], start, end, REACH):
        wave, deep = _strip(
            h0, hu0, hv0, h, hu, hv, z, n2, h2, hu2, hv2, a, b, bottom, top, codes, values, dt, dx, keep, rough
        )  # fmt: skip
        fastest, least = max(fastest, wave), min(least, deep)
    return fastest, least


@parallel
def stage(
    h0: Any, hu0: Any, hv0: Any, h: Any, hu: Any, hv: Any, z: Any, n2: Any, h2: Any, hu2: Any, hv2: Any,
    first: Any, last: Any, codes: Any, values: Any, dt: float, dx: float, keep: float, rough: float, blocks: int,
) -> tuple[float, float]:  # fmt: skip
    """Write keep · U0 + (1 − keep) · (U + dt · L(U)); returns the fastest wave (m/s) after it and the least depth.

    rough: 1 for friction by Manning, implicit over dt, at the end; 0 for none. The rest as in shallow_kernels.step.
    """
    fastest, least = np.zeros(blocks), np.zeros(blocks)
    start = shares(first, last, blocks)
    for k in prange(blocks):
        fastest[k], least[k] = _block(
            h0, hu0, hv0, h, hu, hv, z, n2, h2, hu2, hv2, first, last, codes, values, dt, dx, keep, rough,
            start[k], start[k + 1],
        )  # fmt: skip
    return fastest.max(), least.min()
