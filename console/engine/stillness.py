"""Has a picture changed? A few luma samples tell, for a few microseconds each second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 64, 36
MEAN_STEPS = 0.5  # grey steps of 255; a repeated picture that is encoded anew moves less, sensor noise more
MOST_STEPS = 8  # one sample that moves more is a real change (a burnt-in clock's digit)


def same_picture(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> bool:
    """Tell whether two samplings of shape (HEIGHT, WIDTH) show the very same picture."""
    if before.shape != now.shape:
        return False
    moved = np.abs(before.astype(np.int16) - now.astype(np.int16))
    return bool(moved.mean() <= MEAN_STEPS and moved.max() <= MOST_STEPS)
