"""Areal rain by Thiessen polygons; a missing gauge is dropped and the polygons are made anew.

Source: Thiessen 1911; Chow, Maidment & Mays 1988, 3.4: areal rain = Σ (area of the gauge's polygon
inside the basin / basin area) × gauge rain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ArealRain:
    """mm over the basin. weights (n,): of every gauge, 0 for one not used. used: gauges with rain and weight.

    polygons: one shapely geometry per gauge, empty for one not used.
    """

    mm: float
    weights: Array
    used: int
    missing: int
    polygons: tuple[Any, ...]


def to_plane(lon: Array, lat: Array, lat0: float) -> Array:
    """Return (n, 2) km on a plane that keeps areas near lat0 (sinusoidal about a mean latitude)."""
    k = math.radians(1) * 6371.0
    return np.column_stack([np.asarray(lon) * k * math.cos(math.radians(lat0)), np.asarray(lat) * k])


def thiessen_weights(basin: Any, gauges: Array) -> tuple[Array, tuple[Any, ...]]:
    """Return (weights (n,), polygons) of gauges (n, 2) on a plane, for a shapely polygon of the same plane.

    Gauges outside the basin count where their polygon reaches into it. Gauges at one place share.

    Raises:
        ValueError: no gauge, a place that is not finite, or a basin without area.
    """
    if not len(gauges) or not np.isfinite(gauges).all():
        raise ValueError("gauges need finite places")
    if not basin.is_valid or basin.area <= 0:
        raise ValueError("the basin has no area")
    places, which = np.unique(gauges, axis=0, return_inverse=True)
    which = which.ravel()
    if len(places) == 1:
        cells = [basin]
    else:
        points = shapely.multipoints(places)
        cells_all = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=shapely.envelope(basin)))
        owner = shapely.STRtree(cells_all).query(shapely.points(places), predicate="intersects")
        mine: dict[int, Any] = {}
        for place, cell in owner.T.tolist():
            mine.setdefault(place, cells_all[cell])
        cells = [shapely.intersection(mine[i], basin) for i in range(len(places))]
    areas = np.array([c.area for c in cells])
    share = np.bincount(which, minlength=len(places))
    weights = (areas / areas.sum() / share)[which]
    return weights, tuple(cells[i] for i in which.tolist())


def areal_rain(basin: Any, gauges: Array, rain_mm: Array) -> ArealRain | None:
    """Return the basin's rain of a window; None when no gauge has one.

    basin: shapely polygon; gauges (n, 2) of the same plane; rain_mm (n,), NaN for a missing gauge.

    Raises:
        ValueError: as thiessen_weights.
    """
    known = np.isfinite(rain_mm) & (rain_mm >= 0)
    if not known.any():
        return None
    part, cells = thiessen_weights(basin, gauges[known])
    weights = np.zeros(len(rain_mm))
    weights[known] = part
    polygons: list[Any] = [shapely.Polygon()] * len(rain_mm)
    for i, cell in zip(np.flatnonzero(known).tolist(), cells, strict=True):
        polygons[i] = cell
    used = int((weights > 1e-9).sum())
    return ArealRain(float(weights @ np.where(known, rain_mm, 0.0)), weights, used, int((~known).sum()), tuple(polygons))
