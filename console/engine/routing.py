"""Channel routing."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def muskingum(inflow: Array, k_h: float, x: float, dt_h: float, first_outflow: float | None = None) -> Array:
    """Route a hydrograph through one reach.

    Args:
        inflow: shape (n,), any conserved quantity per time (m³/s).
        k_h: storage constant, hours, > 0.
        x: weighting, 0 to 0.5.
        dt_h: time step, hours.
        first_outflow: outflow at the first step; None takes the first inflow (steady start).

    Returns:
        shape (n,), same unit. The reach is split so that dt ≤ 2K(1−x)/n holds; a step shorter
        than 2Kx keeps a small negative first coefficient, which the caller accepts by its dt.

    Raises:
        ValueError: k_h or dt_h not positive, x outside 0..0.5, or inflow not finite.

    Source: Chow, Maidment & Mays (1988), section 8.4; C0+C1+C2 = 1.
    """
    if k_h <= 0 or dt_h <= 0 or not 0 <= x <= 0.5:
        raise ValueError(f"k_h={k_h}, dt_h={dt_h}, x={x}")
    if not np.isfinite(inflow).all():
        raise ValueError("inflow has gaps")
    parts = max(1, math.floor(2 * k_h * x / dt_h)) if 2 * k_h * x > dt_h else 1
    k = k_h / parts
    scale = k - k * x + 0.5 * dt_h
    c0, c1, c2 = (0.5 * dt_h - k * x) / scale, (0.5 * dt_h + k * x) / scale, (k - k * x - 0.5 * dt_h) / scale
    flow = np.asarray(inflow, float)
    for _ in range(parts):
        out = np.empty_like(flow)
        out[0] = flow[0] if first_outflow is None else first_outflow
        for i in range(1, len(flow)):
            out[i] = c0 * flow[i] + c1 * flow[i - 1] + c2 * out[i - 1]
        flow = out
    return flow
