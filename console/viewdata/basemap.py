"""Base map data: lines and rings in CGCS2000 degrees, shape (n, 2) lon, lat."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Line = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Region:
    """A prefecture or county. rings: outer rings and holes; centre: where its name goes."""

    code: str
    name: str
    rings: tuple[Line, ...]
    centre: tuple[float, float]


@dataclass(frozen=True, slots=True)
class BaseMap:
    """schematic: True when the map packages are absent and lines were drawn from our own table."""

    land: tuple[Line, ...] = ()
    lakes: tuple[Line, ...] = ()
    rivers: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    other_rivers: tuple[Line, ...] = ()
    prefectures: tuple[Region, ...] = ()
    counties: tuple[Line, ...] = ()
    neighbours: tuple[Line, ...] = ()
    credit: str = ""
    schematic: bool = False
    coarse: BaseMap | None = None  # the same with fewer points, for small scales
