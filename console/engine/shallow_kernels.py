"""The inner loops of the shallow-water solver, compiled once and kept: one pass a step, row blocks on all cores.

Finite volumes of first order: HLLC between cells, the bed by hydrostatic reconstruction (Audusse et al. 2004, SIAM
J. Sci. Comput. 25), so that water at rest stays at rest; friction by Manning, implicit in the step. A step writes
into other arrays than it reads: one that would make a depth negative is done again, half as long, and no water is
ever made or lost by a clip.

Loaded only where something is computed: compiled code costs 200 MB.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np

# Threads that wait for their row blocks sleep instead of spinning: two solvers at once on the same cores would each spin
# away what the other needs (measured 2 500 times slower), for a loss of 2 to 4 % alone. Read when numba loads its threads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
from numba import njit, prange

G = 9.80665
DRY_M = 1e-6  # shallower on both sides of an edge, nothing flows
WALL, FREE, STAGE, FLOW = 0, 1, 2, 3
NEGATIVE_M = -1e-12


@njit(cache=True, error_model="numpy", fastmath={"contract", "arcp", "nsz"})
def _flux(hl: float, ul: float, vl: float, hr: float, ur: float, vr: float) -> tuple[float, float, float]:
    """Return flux of mass, of momentum across the edge (with pressure), and along it."""
    if hl <= 0.0 and hr <= 0.0:
        return 0.0, 0.0, 0.0
    cl, cr = math.sqrt(G * hl), math.sqrt(G * hr)
    if hl <= 0.0:
        sl, sr = ur - 2.0 * cr, ur + cr
    elif hr <= 0.0:
        sl, sr = ul - cl, ul + 2.0 * cl
    else:
        us, cs = 0.5 * (ul + ur) + cl - cr, 0.5 * (cl + cr) + 0.25 * (ul - ur)
        sl, sr = min(ul - cl, us - cs), max(ur + cr, us + cs)
    ml, mr = hl * ul, hr * ur
    pl, pr = ml * ul + 0.5 * G * hl * hl, mr * ur + 0.5 * G * hr * hr
    if sl >= 0.0:
        mass, cross = ml, pl
    elif sr <= 0.0:
        mass, cross = mr, pr
    else:
        width = 1.0 / (sr - sl)
        mass = (sr * ml - sl * mr + sl * sr * (hr - hl)) * width
        cross = (sr * pl - sl * pr + sl * sr * (mr - ml)) * width
    return mass, cross, mass * (vl if mass > 0.0 else vr)


@njit(cache=True, error_model="numpy", fastmath={"contract", "arcp", "nsz"})
def _edge(
    hl: float, zl: float, ul: float, vl: float, hr: float, zr: float, ur: float, vr: float
) -> tuple[float, float, float, float]:
    """Return flux of mass, of momentum across as the lower and as the upper cell feel it, and along."""
    if hl <= DRY_M and hr <= DRY_M:
        return 0.0, 0.5 * G * hl * hl, 0.5 * G * hr * hr, 0.0
    bed = max(zl, zr)
    a, b = max(0.0, hl + zl - bed), max(0.0, hr + zr - bed)
    mass, cross, along = _flux(a, ul, vl, b, ur, vr)
    return mass, cross + 0.5 * G * (hl * hl - a * a), cross + 0.5 * G * (hr * hr - b * b), along


@njit(cache=True, error_model="numpy", fastmath={"contract", "arcp", "nsz"})
def _ghost(code: int, value: float, h: float, z: float, u: float, outward: float) -> tuple[float, float]:
    """Return depth and velocity beyond an outer edge. value: level m (STAGE), or m²/s into the area (FLOW)."""
    if code == FREE:
        return h, u
    if code == STAGE:
        if outward * u > math.sqrt(G * h):  # what shoots out does not feel the level beyond
            return h, u
        return max(0.0, value - z), u
    if code == FLOW:
        depth = max(h, (value * value / G) ** (1.0 / 3.0)) if h <= DRY_M else h
        return depth, -outward * value / depth
    return h, -u


@njit(cache=True, error_model="numpy", fastmath={"contract", "arcp", "nsz"})
def _velocity(h: float, qx: float, qy: float) -> tuple[float, float]:
    if h <= DRY_M:
        return 0.0, 0.0
    part = 1.0 / h
    return qx * part, qy * part


@njit(cache=True, parallel=True, error_model="numpy", fastmath={"contract", "arcp", "nsz"})
def step(
    h: Any, hu: Any, hv: Any, z: Any, n2: Any, rough: Any, rough_h: Any, h2: Any, hu2: Any, hv2: Any,
    first: Any, last: Any, codes: Any, values: Any, dt: float, dx: float, blocks: int,
) -> tuple[float, float]:  # fmt: skip
    """Do one step of dt seconds; returns the fastest wave (m/s) after it and the least depth.

    first, last: by row, the columns between which water is or can come to be; widened here by a cell.
    rough: g n² h^(−4/3) at depth rough_h, taken anew when the depth is another by 2 %, else corrected in first order.
    codes, values: of the west, east, south and north outer edges.
    """
    rows, columns = h.shape
    fastest, least = np.zeros(blocks), np.zeros(blocks)
    ratio = dt / dx
    for block in prange(blocks):
        start, end = rows * block // blocks, rows * (block + 1) // blocks
        low = np.zeros((3, columns))  # fluxes through the lower edges of the row: mass, felt above, along
        own = np.zeros((2, columns))  # velocities of the row's cells, found when the row below looked up
        mark = np.full(columns, -1)  # for which row these are
        top_speed, deep_least = 0.0, 0.0
        for j in range(start, end):
            a, b = first[j], last[j]
            if j > 0:
                a, b = min(a, first[j - 1]), max(b, last[j - 1])
            if j + 1 < rows:
                a, b = min(a, first[j + 1]), max(b, last[j + 1])
            a, b = max(0, a - 1), min(columns - 1, b + 1)
            if a > b:
                continue
            hc, zc = h[j, a], z[j, a]
            uc, vc = _velocity(hc, hu[j, a], hv[j, a])
            if a > 0:
                ho = h[j, a - 1]
                uo, vo = _velocity(ho, hu[j, a - 1], hv[j, a - 1])
                west_mass, _, west_cross, west_along = _edge(ho, z[j, a - 1], uo, vo, hc, zc, uc, vc)
            else:
                ho, uo = _ghost(codes[0], values[0], hc, zc, uc, -1.0)
                west_mass, _, west_cross, west_along = _edge(ho, zc, uo, vc, hc, zc, uc, vc)
            for i in range(a, b + 1):
                he, ze, ue, ve = hc, zc, uc, vc
                if i + 1 < columns:
                    he, ze = h[j, i + 1], z[j, i + 1]
                    if mark[i + 1] == j:
                        ue, ve = own[0, i + 1], own[1, i + 1]
                    else:
                        ue, ve = _velocity(he, hu[j, i + 1], hv[j, i + 1])
                    mass, cross, east_cross, along = _edge(hc, zc, uc, vc, he, ze, ue, ve)
                else:
                    ho, uo = _ghost(codes[1], values[1], hc, zc, uc, 1.0)
                    mass, cross, east_cross, along = _edge(hc, zc, uc, vc, ho, zc, uo, vc)
                if mark[i] != j:  # the row below did not leave its upper edge here
                    if j > 0:
                        ho = h[j - 1, i]
                        uo, vo = _velocity(ho, hu[j - 1, i], hv[j - 1, i])
                        low[0, i], _, low[1, i], low[2, i] = _edge(ho, z[j - 1, i], vo, uo, hc, zc, vc, uc)
                    else:
                        ho, uo = _ghost(codes[2], values[2], hc, zc, vc, -1.0)
                        low[0, i], _, low[1, i], low[2, i] = _edge(ho, zc, uo, uc, hc, zc, vc, uc)
                if j + 1 < rows:
                    ho = h[j + 1, i]
                    uo, vo = _velocity(ho, hu[j + 1, i], hv[j + 1, i])
                    own[0, i], own[1, i] = uo, vo
                    up_mass, up_cross, above_cross, up_along = _edge(hc, zc, vc, uc, ho, z[j + 1, i], vo, uo)
                else:
                    ho, uo = _ghost(codes[3], values[3], hc, zc, vc, 1.0)
                    up_mass, up_cross, above_cross, up_along = _edge(hc, zc, vc, uc, ho, zc, uo, uc)
                deep = hc - ratio * (mass - west_mass + up_mass - low[0, i])
                qx = hu[j, i] - ratio * (cross - west_cross + up_along - low[2, i])
                qy = hv[j, i] - ratio * (along - west_along + up_cross - low[1, i])
                low[0, i], low[1, i], low[2, i], mark[i] = up_mass, above_cross, up_along, j + 1
                west_mass, west_cross, west_along = mass, east_cross, along
                hc, zc, uc, vc = he, ze, ue, ve
                deep_least = min(deep_least, deep)
                if deep <= DRY_M:
                    h2[j, i], hu2[j, i], hv2[j, i] = max(deep, 0.0), 0.0, 0.0
                    continue
                square = qx * qx + qy * qy
                speed = 0.0
                if square > 0.0:
                    speed = math.sqrt(square) / deep
                    if n2[j, i] > 0.0:
                        off = (deep - rough_h[j, i]) / deep
                        if abs(off) > 0.02:
                            rough[j, i], rough_h[j, i], off = G * n2[j, i] / (deep * np.cbrt(deep)), deep, 0.0
                        slower = 1.0 / (1.0 + rough[j, i] * (1.0 - 4.0 / 3.0 * off) * dt * speed)
                        qx, qy, speed = qx * slower, qy * slower, speed * slower
                h2[j, i], hu2[j, i], hv2[j, i] = deep, qx, qy
                top_speed = max(top_speed, speed + math.sqrt(G * deep))
        fastest[block], least[block] = top_speed, deep_least
    return fastest.max(), least.min()


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, parallel=True, error_model="numpy", fastmath={"contract", "arcp", "nsz"})
def observe(
    h: Any, hu: Any, hv: Any, first: Any, last: Any, t: float, past_s: float, wet_m: float,
    deepest: Any, fastest: Any, arrival: Any, wet_s: Any,
) -> None:  # fmt: skip
    """Take in a moment: greatest depth and speed, first time wet, how long wet."""
    rows, _ = h.shape
    for j in prange(rows):
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
