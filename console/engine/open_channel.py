"""Depths of a flow in a channel of trapezoidal section: normal by Manning, and critical.

Source: Chow 1959, Open-Channel Hydraulics, ch. 4 and 6.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.engine.refused import EngineRefused

Array = NDArray[np.float64]
G = 9.81
HALVINGS = 80
DEEPEST_M = 1000.0


def normal_depth_m(
    flow_m3s: ArrayLike, bottom_m: ArrayLike, slope: ArrayLike, manning: ArrayLike, side: ArrayLike = 0.0
) -> Array:
    """Return the depth at which a flow runs evenly; arrays are taken together. side: horizontal per vertical.

    Raises:
        EngineRefused: parameter: a section, slope or roughness that is no channel.
    """
    q, b, s, n, m = np.broadcast_arrays(*(np.asarray(v, float) for v in (flow_m3s, bottom_m, slope, manning, side)))
    if not ((s > 0).all() and (n > 0).all()):
        raise EngineRefused("parameter", "比降、糙率须为正")

    def carried(h: Array) -> Array:
        area, wet = (b + m * h) * h, b + 2 * h * np.sqrt(1 + m**2)
        return np.asarray(np.sqrt(s) / n * area ** (5 / 3) / wet ** (2 / 3), float)

    return _depth(q, b, m, carried)


def critical_depth_m(flow_m3s: ArrayLike, bottom_m: ArrayLike, side: ArrayLike = 0.0) -> Array:
    """Return the depth at which a flow's Froude number is 1. Raises: EngineRefused: as normal_depth_m."""
    q, b, m = np.broadcast_arrays(*(np.asarray(v, float) for v in (flow_m3s, bottom_m, side)))

    def carried(h: Array) -> Array:
        area, top = (b + m * h) * h, b + 2 * m * h
        return np.asarray(np.sqrt(G * area**3 / top), float)

    return _depth(q, b, m, carried)


def _depth(q: Array, b: Array, m: Array, carried: Callable[[Array], Array]) -> Array:
    """Return the depth at which a section carries a flow, by halving: what is carried grows with the depth."""
    if not ((q >= 0).all() and (b >= 0).all() and (m >= 0).all() and (b + m > 0).all()):
        raise EngineRefused("parameter", "流量、底宽、边坡不能为负，底宽和边坡不能都为 0")
    low, high = np.full(q.shape, 1e-12), np.full(q.shape, DEEPEST_M)
    for _ in range(HALVINGS):
        h = (low + high) / 2
        over = carried(h) > q
        low, high = np.where(over, low, h), np.where(over, h, high)
    return np.asarray((low + high) / 2, float)
