"""Pairs of stage and discharge read at the same moments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from console.domain.quality import Quality
from console.store.cache_reader import Rows

USABLE = (Quality.MEASURED, Quality.RECONSTRUCTED, Quality.MANUAL)
GAUGED = (Quality.MEASURED, Quality.MANUAL)


def paired(level: Rows, flow: Rows) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return t, level, flow, measured of the moments at which both were read; nothing is interpolated."""
    t, i, j = np.intersect1d(level[0], flow[0], return_indices=True)
    z, q = level[1][i], flow[1][j]
    a, b = level[2][i], flow[2][j]
    good = np.isfinite(z) & np.isfinite(q) & np.isin(a, USABLE) & np.isin(b, USABLE)
    measured = np.isin(a, GAUGED) & np.isin(b, GAUGED)
    return t[good], z[good], q[good], measured[good]
