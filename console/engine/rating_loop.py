"""The loop of a flood at a gauge: on the rising limb a flow stands lower than by the steady curve, on the falling one higher.

Source: Jones 1916 as in the domain dossier §7.8, Q = Q₀(h)·√(1 + (dh/dt)/(S₀c)) with the kinematic celerity c = Q₀′/B.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.engine.refused import positive

Array = NDArray[np.float64]
HALVINGS = 40
LEAST = 0.25  # of the steady surface slope: a fall that would turn the surface over is cut there


@dataclass(frozen=True, slots=True)
class LoopedReach:
    """slope: of the bed, or of the steady water surface; width_m: of the surface."""

    slope: float
    width_m: float


def looped_level(flow_m3s: Array, rating_m: Array, rating_m3s: Array, reach: LoopedReach, dt_s: float) -> Array:
    """Return levels (members, n) of flows by a steady curve and its loop; the first instant is taken as steady.

    Args:
        rating_m, rating_m3s: (k,), both rising; outside the curve its end goes on.

    Raises:
        EngineRefused: a slope, width or step that is not positive.
    """
    for value, name in ((reach.slope, "绳套的比降"), (reach.width_m, "绳套的河宽"), (dt_s, "时段长")):
        positive(value, name)
    middle = (rating_m[1:] + rating_m[:-1]) / 2
    celerity = np.diff(rating_m3s) / np.diff(rating_m) / reach.width_m
    level = np.empty_like(flow_m3s)
    level[:, 0] = np.interp(flow_m3s[:, 0], rating_m3s, rating_m)
    for k in range(1, flow_m3s.shape[1]):
        before = level[:, k - 1]
        low, high = np.full(len(before), rating_m[0]), np.full(len(before), rating_m[-1])
        for _ in range(HALVINGS):  # what the curve and the loop give grows with the level
            h = (low + high) / 2
            steeper = 1.0 + (h - before) / dt_s / (reach.slope * np.interp(h, middle, celerity))
            over = np.interp(h, rating_m, rating_m3s) * np.sqrt(np.maximum(steeper, LEAST)) > flow_m3s[:, k]
            low, high = np.where(over, low, h), np.where(over, h, high)
        level[:, k] = (low + high) / 2
    return level
