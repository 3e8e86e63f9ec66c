"""The shallow-water step of second order, for where first order smears: sloshing basins, steady flow over steps of the bed.

Level, depth and velocities are straight within a cell, limited by minmod (MUSCL), the bed follows from level and depth
so that water at rest stays at rest; two stages a step (SSP Runge–Kutta). Beside dry cells velocities are constant in
the cell. About fourteen times the work of the first order, which is done on vectors.

Source: Audusse et al. 2004, SIAM J. Sci. Comput. 25, section 4; van Leer 1979; Gottlieb & Shu 1998.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange

from console.engine.shallow_kernels import DRY_M, G, compiled, edge, ghost, parallel


@compiled
def _velocity(h: float, qx: float, qy: float) -> tuple[float, float]:
    if h <= DRY_M:
        return 0.0, 0.0
    part = 1.0 / h
    return qx * part, qy * part


@compiled
def _edge(hl: float, zl: float, ul: float, vl: float, hr: float, zr: float, ur: float, vr: float) -> tuple[float, ...]:
    return edge(hl, zl, ul, vl, hr, zr, ur, vr)


@compiled
def _least(a: float, b: float) -> float:
    """Return the smaller of two slopes of one sign, else 0 (minmod)."""
    if a * b <= 0.0:
        return 0.0
    return a if abs(a) < abs(b) else b


@compiled
def _reached(first: Any, last: Any, j: int, columns: int) -> tuple[int, int]:
    """Return the columns of a row that water is in, or may come to in a step of two stages."""
    a, b = columns, -1
    for k in range(max(0, j - 2), min(len(first), j + 3)):
        a, b = min(a, first[k]), max(b, last[k])
    return max(0, a - 2), min(columns - 1, b + 2)


@parallel
def slopes(h: Any, hu: Any, hv: Any, z: Any, first: Any, last: Any, sx: Any, sy: Any) -> None:
    """Find half the change of level, depth, u and v across each cell, (4, rows, columns), along x and along y."""
    rows, columns = h.shape
    for j in prange(rows):
        low, high = _reached(first, last, j, columns)
        for i in range(low, high + 1):
            sx[:, j, i] = 0.0
            sy[:, j, i] = 0.0
            hc = h[j, i]
            if hc <= DRY_M:
                continue
            uc, vc = _velocity(hc, hu[j, i], hv[j, i])
            level = hc + z[j, i]
            if 0 < i < columns - 1:
                ha, hb = h[j, i - 1], h[j, i + 1]
                sx[0, j, i] = 0.5 * _least(level - ha - z[j, i - 1], hb + z[j, i + 1] - level)
                sx[1, j, i] = 0.5 * _least(hc - ha, hb - hc)
                if ha > DRY_M and hb > DRY_M:
                    ua, va = _velocity(ha, hu[j, i - 1], hv[j, i - 1])
                    ub, vb = _velocity(hb, hu[j, i + 1], hv[j, i + 1])
                    sx[2, j, i], sx[3, j, i] = 0.5 * _least(uc - ua, ub - uc), 0.5 * _least(vc - va, vb - vc)
            if 0 < j < rows - 1:
                ha, hb = h[j - 1, i], h[j + 1, i]
                sy[0, j, i] = 0.5 * _least(level - ha - z[j - 1, i], hb + z[j + 1, i] - level)
                sy[1, j, i] = 0.5 * _least(hc - ha, hb - hc)
                if ha > DRY_M and hb > DRY_M:
                    ua, va = _velocity(ha, hu[j - 1, i], hv[j - 1, i])
                    ub, vb = _velocity(hb, hu[j + 1, i], hv[j + 1, i])
                    sy[2, j, i], sy[3, j, i] = 0.5 * _least(uc - ua, ub - uc), 0.5 * _least(vc - va, vb - vc)


@compiled
def _face(h: float, z: float, u: float, v: float, s: Any, side: float) -> tuple[float, float, float, float]:
    """Return depth, bed, u and v at a face of a cell; side −1 the lower, +1 the upper one."""
    deep = max(0.0, h + side * s[1])
    return deep, h + z + side * s[0] - deep, u + side * s[2], v + side * s[3]


@parallel
def stage(
    h0: Any, hu0: Any, hv0: Any, h: Any, hu: Any, hv: Any, z: Any, n2: Any, sx: Any, sy: Any, h2: Any, hu2: Any, hv2: Any,
    first: Any, last: Any, codes: Any, values: Any, dt: float, dx: float, keep: float, rub: bool,
) -> tuple[float, float]:  # fmt: skip
    """Write keep · U0 + (1 − keep) · (U + dt · L(U)); returns the fastest wave (m/s) after it and the least depth.

    rub: friction by Manning, implicit over dt, at the end.
    """
    rows, columns = h.shape
    fastest, least = np.zeros(rows), np.zeros(rows)
    for j in prange(rows):
        low, high = _reached(first, last, j, columns)
        for i in range(low, high + 1):
            hc, zc = h[j, i], z[j, i]
            uc, vc = _velocity(hc, hu[j, i], hv[j, i])
            he, ze, ue, ve = _face(hc, zc, uc, vc, sx[:, j, i], 1.0)
            hw, zw, uw, vw = _face(hc, zc, uc, vc, sx[:, j, i], -1.0)
            hn, zn, un, vn = _face(hc, zc, uc, vc, sy[:, j, i], 1.0)
            hs, zs, us, vs = _face(hc, zc, uc, vc, sy[:, j, i], -1.0)
            if i + 1 < columns:
                uo, vo = _velocity(h[j, i + 1], hu[j, i + 1], hv[j, i + 1])
                a, b, c, d = _face(h[j, i + 1], z[j, i + 1], uo, vo, sx[:, j, i + 1], -1.0)
            else:
                a, c = ghost(codes[1], values[1], he, ze, ue, 1.0)
                b, d = ze, ve
            e_mass, e_cross, _, e_along = _edge(he, ze, ue, ve, a, b, c, d)
            if i > 0:
                uo, vo = _velocity(h[j, i - 1], hu[j, i - 1], hv[j, i - 1])
                a, b, c, d = _face(h[j, i - 1], z[j, i - 1], uo, vo, sx[:, j, i - 1], 1.0)
            else:
                a, c = ghost(codes[0], values[0], hw, zw, uw, -1.0)
                b, d = zw, vw
            w_mass, _, w_cross, w_along = _edge(a, b, c, d, hw, zw, uw, vw)
            if j + 1 < rows:
                uo, vo = _velocity(h[j + 1, i], hu[j + 1, i], hv[j + 1, i])
                a, b, c, d = _face(h[j + 1, i], z[j + 1, i], uo, vo, sy[:, j + 1, i], -1.0)
            else:
                a, d = ghost(codes[3], values[3], hn, zn, vn, 1.0)
                b, c = zn, un
            n_mass, n_cross, _, n_along = _edge(hn, zn, vn, un, a, b, d, c)
            if j > 0:
                uo, vo = _velocity(h[j - 1, i], hu[j - 1, i], hv[j - 1, i])
                a, b, c, d = _face(h[j - 1, i], z[j - 1, i], uo, vo, sy[:, j - 1, i], 1.0)
            else:
                a, d = ghost(codes[2], values[2], hs, zs, vs, -1.0)
                b, c = zs, us
            s_mass, _, s_cross, s_along = _edge(a, b, d, c, hs, zs, vs, us)
            ratio = dt / dx
            bed_x, bed_y = 0.5 * G * (he + hw) * (ze - zw), 0.5 * G * (hn + hs) * (zn - zs)
            part = 1.0 - keep
            deep = keep * h0[j, i] + part * (hc - ratio * (e_mass - w_mass + n_mass - s_mass))
            qx = keep * hu0[j, i] + part * (hu[j, i] - ratio * (e_cross - w_cross + n_along - s_along + bed_x))
            qy = keep * hv0[j, i] + part * (hv[j, i] - ratio * (e_along - w_along + n_cross - s_cross + bed_y))
            least[j] = min(least[j], deep)
            if deep <= DRY_M:
                h2[j, i], hu2[j, i], hv2[j, i] = max(deep, 0.0), 0.0, 0.0
                continue
            speed = math.sqrt(qx * qx + qy * qy) / deep
            if rub and n2[j, i] > 0.0 and speed > 0.0:
                slower = 1.0 / (1.0 + G * n2[j, i] / (deep * np.cbrt(deep)) * dt * speed)
                qx, qy, speed = qx * slower, qy * slower, speed * slower
            h2[j, i], hu2[j, i], hv2[j, i] = deep, qx, qy
            fastest[j] = max(fastest[j], speed + math.sqrt(G * deep))
    return fastest.max(), least.min()
