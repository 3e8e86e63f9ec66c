"""One step of the Xinanjiang column: evaporation in three layers, saturation-excess runoff, three sources.

All arrays are flat, shape (k,): one entry per member and unit area. Depths in mm per step.

Source: Zhao Renjun (1992), J. Hydrology 135:371–381; 包为民《水文预报》 for the variable free-water area.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SLICE_MM = 5.0  # net rain is split into slices no larger: the free-water storage is not linear
LEAST_MM = 1e-5  # less net rain than this is not split into sources but runs off at the surface


@dataclass(frozen=True, slots=True, eq=False)
class Soil:
    """Parameters of the column for one step, shape (k,); ki and kg are per step already."""

    um: Array
    lm: Array
    dm: Array
    c: Array
    b: Array
    im: Array
    sm: Array
    ex: Array
    ki: Array
    kg: Array
    wmm: Array


@dataclass(slots=True, eq=False)
class Column:
    """What a column holds: tension water wu, wl, wd and free water s (mm), runoff-producing share fr."""

    wu: Array
    wl: Array
    wd: Array
    s: Array
    fr: Array


@dataclass(frozen=True, slots=True, eq=False)
class Fluxes:
    """What a step gave, mm, shape (k,). lost: water cut off at a full column, 0 but for rounding."""

    evaporation: Array
    runoff: Array
    surface: Array
    interflow: Array
    ground: Array
    net_rain: Array
    lost: Array


def split_outflow(ki: Array, kg: Array, parts: Array | float) -> tuple[Array, Array]:
    """Return interflow and groundwater coefficients of a part of the time that ki and kg stand for.

    Source: K_Δ = 1 − (1 − KI − KG)^Δ, in the proportion KI : KG.
    """
    both = ki + kg
    share = (1.0 - (1.0 - both) ** parts) / np.maximum(both, 1e-12)
    return ki * share, kg * share


def step(column: Column, soil: Soil, rain: Array, potential: Array, *, by_area: bool) -> Fluxes:
    """Advance a column by one step, in place.

    Args:
        column: changed to the state at the end of the step.
        rain: mm. potential: potential evaporation KC·EM, mm.
        by_area: the free-water capacity grows with the runoff-producing area (包为民), not constant SM.
    """
    lack = np.maximum(potential - column.wu - rain, 0.0)
    upper = potential - lack
    lower, deep = _deeper(column, soil, lack) if lack.any() else (lack, lack)
    net = rain - potential
    wet = net > 0.0
    dry = np.zeros_like(net)
    runoff = _runoff(column, soil, np.maximum(net, 0.0)) * wet if wet.any() else dry
    lost = _refill(column, soil, rain - upper - runoff, lower, deep)
    surface, interflow, ground = _sources(column, soil, net, runoff, by_area=by_area)
    return Fluxes(upper + lower + deep, runoff, surface, interflow, ground, net, lost)


def _deeper(column: Column, soil: Soil, lack: Array) -> tuple[Array, Array]:
    """Return evaporation of the lower and the deep layer."""
    moist = column.wl >= soil.c * soil.lm
    lower = np.where(moist, np.minimum(lack * column.wl / soil.lm, column.wl), np.minimum(soil.c * lack, column.wl))
    deep = np.where(moist, 0.0, np.minimum(soil.c * lack - lower, column.wd))
    return lower, deep


def _runoff(column: Column, soil: Soil, net: Array) -> Array:
    """Return runoff of the tension-water curve: R = PE − (WM − W) + WM(1 − (A + PE)/WMM)^(1+B)."""
    wm = soil.um + soil.lm + soil.dm
    w = column.wu + column.wl + column.wd
    a = soil.wmm * (1.0 - np.maximum(1.0 - w / wm, 0.0) ** (1.0 / (1.0 + soil.b)))
    left = np.maximum(1.0 - (a + net) / soil.wmm, 0.0)
    return np.clip(net - (wm - w) + wm * left ** (1.0 + soil.b), 0.0, net)


def _refill(column: Column, soil: Soil, gain: Array, lower: Array, deep: Array) -> Array:
    """Update the layers from the top; return what even the full deep layer did not take."""
    wu = column.wu + gain
    over = np.maximum(wu - soil.um, 0.0)
    wl = column.wl - lower + over
    further = np.maximum(wl - soil.lm, 0.0)
    wd = column.wd - deep + further
    lost = np.maximum(wd - soil.dm, 0.0)
    column.wu, column.wl, column.wd = np.maximum(wu - over, 0.0), wl - further, wd - lost
    return lost + np.minimum(wu, 0.0)


def _sources(column: Column, soil: Soil, net: Array, runoff: Array, *, by_area: bool) -> tuple[Array, Array, Array]:
    """Split runoff into surface, interflow and groundwater; drain the free water everywhere."""
    store = column.s * column.fr
    interflow, ground = soil.ki * store, soil.kg * store
    split = (net > LEAST_MM) & (runoff > 1e-6 * net)
    surface = np.where(split, 0.0, runoff)
    s_dry = column.s * (1.0 - soil.ki - soil.kg)
    if not split.any():
        column.s = s_dry
        return surface, interflow, ground
    at = np.flatnonzero(split)
    count = (net[at] / SLICE_MM).astype(np.int64) + 1
    order = np.argsort(-count, kind="stable")
    at, count = at[order], count[order]
    fr = np.minimum(runoff[at] / net[at], 1.0)
    sm, ex, ki, kg = soil.sm[at], soil.ex[at], soil.ki[at], soil.kg[at]
    slice_mm = net[at] / count
    ki, kg = split_outflow(ki, kg, 1.0 / count)
    top = sm * (1.0 + ex) * (1.0 - (1.0 - fr) ** (1.0 / ex)) if by_area else sm * (1.0 + ex)
    mean = top / (1.0 + ex)
    s = store[at] / fr
    rs = np.maximum(s - mean, 0.0) * fr  # the area shrank: what it can no longer hold runs off
    s = np.minimum(s, mean)
    out = np.zeros_like(s)
    less, more = 1.0 / (1.0 + ex), 1.0 + ex
    active = [int(np.searchsorted(-count, -k, side="left")) for k in range(int(count[0]))]  # count > k
    for n in active:
        q, m, held = slice_mm[:n], mean[:n], s[:n]
        au = top[:n] * (1.0 - np.maximum(1.0 - held / m, 0.0) ** less[:n])
        fast = np.maximum(q + held - m + m * np.maximum(1.0 - (q + au) / top[:n], 0.0) ** more[:n], 0.0)
        held = held + q - fast
        rs[:n] += fast * fr[:n]
        out[:n] += held * fr[:n]
        s[:n] = held * (1.0 - ki[:n] - kg[:n])
    surface[at] = rs
    interflow[at], ground[at] = out * ki, out * kg
    fr_all = column.fr.copy()
    fr_all[at] = fr
    s_dry[at] = s
    column.s, column.fr = s_dry, fr_all
    return surface, interflow, ground
