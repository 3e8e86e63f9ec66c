"""What views draw of an inundation at one moment; grids in EPSG:4547 metres, reduced to what a picture needs.

Plain data without the engine, so that scenes and widgets may import it; console.viewdata.inundation_drawn makes it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Depth = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LegendRow:
    """token: of its colour. area_m2: of the full grid at the moment, None where nothing of it is known."""

    token: str
    text: str
    area_m2: float | None


@dataclass(frozen=True, slots=True)
class BreachPlace:
    """Where water comes from. since: UTC s. width_m: None where it is not known. opened: a detention area put to use."""

    lon: float
    lat: float
    name: str
    since: float | None = None
    width_m: float | None = None
    opened: bool = False


@dataclass(frozen=True, slots=True)
class ExposureLine:
    """One figure of what is under water; number None where it is not known, with why in text."""

    text: str
    number: float | None
    unit: str
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class InundationView:
    """moment: UTC s. extent_m: west, south, east, north of the grids' outer edges, EPSG:4547.

    depth_m: (ny, nx) float32, row 0 is the southernmost, NaN unknown, all NaN where the moment lies outside the
    series. arrival_s: UTC s, infinity where the water does not come within the series, NaN unknown; duration_s;
    both of the whole series, None before they are worked out. simulated: None where the origin does not say.
    bounds_m: lower bounds of the depth classes, one token each.
    """

    label: str
    source: str
    simulated: bool | None
    moment: float
    extent_m: tuple[float, float, float, float]
    depth_m: Depth
    bounds_m: tuple[float, ...]
    tokens: tuple[str, ...]
    legend: tuple[LegendRow, ...] = ()
    arrival_s: Array | None = None
    duration_s: Depth | None = None
    breaches: tuple[BreachPlace, ...] = ()
    exposures: tuple[ExposureLine, ...] = ()
