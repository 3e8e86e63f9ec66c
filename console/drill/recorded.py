"""One rebuilt series of a recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RecordedSeries:
    """t (n,) UTC s ascending, value (n,), quality (n,). source: "" for the recording itself."""

    object_code: str
    element: str
    t: NDArray[np.int64]
    value: Array
    quality: NDArray[np.int64]
    source: str = ""
