"""How large station columns are drawn for where the eye is; labels and boxes agree by it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
HALF = 0.0022  # of the eye's distance: half a side
FOOT, HEIGHT = 0.004, 0.055
NEAREST_KM = 1.0  # from nearer by they keep their size: the ground around them is what is looked at
STEP = 1.12


def size_at(distance_km: float) -> float:
    """Return the distance that columns are sized for, in steps, so that they do not breathe with every move."""
    return float(STEP ** np.round(np.log(max(NEAREST_KM, distance_km)) / np.log(STEP)))


def tops_km(ground_km: Array, ratio: Array, distance_km: float) -> Array:
    """Return the height (km, as drawn) of columns whose foot is at ground_km as drawn."""
    return np.asarray(ground_km + size_at(distance_km) * (FOOT + HEIGHT * ratio))
