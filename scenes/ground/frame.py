"""The scene's own coordinates: kilometres east and north of one fixed place, for the whole province.

Small numbers keep single precision exact to a millimetre beside a tile's own corner. One projection
(EPSG:4547, CGCS2000 3-degree, central meridian 114 E) serves the province; at its western end lengths
are 0.2 % too long, which no view of it shows.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

Array = NDArray[np.float64]
GRID = "EPSG:4547"
GEOGRAPHIC = "EPSG:4490"
ORIGIN_M = (450_000.0, 2_530_000.0)  # easting, northing of local zero
ROOT_KM = 819.2  # side of the square that the quadtree divides
HALF_KM = ROOT_KM / 2
Box = tuple[float, float, float, float]  # west, south, east, north; local km


def to_local(lon: Array | float, lat: Array | float) -> tuple[Array, Array]:
    """Return east, north in local km of CGCS2000 degrees."""
    east, north = _forward().transform(np.asarray(lon, float), np.asarray(lat, float))
    return (np.asarray(east) - ORIGIN_M[0]) / 1000, (np.asarray(north) - ORIGIN_M[1]) / 1000


def to_degrees(east_km: Array | float, north_km: Array | float) -> tuple[Array, Array]:
    """Return CGCS2000 longitude, latitude of local km."""
    x, y = np.asarray(east_km, float) * 1000 + ORIGIN_M[0], np.asarray(north_km, float) * 1000 + ORIGIN_M[1]
    lon, lat = _forward().transform(x, y, direction="INVERSE")
    return np.asarray(lon), np.asarray(lat)


def touch(a: Box, b: Box) -> bool:
    """Tell whether two boxes have an area in common."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@lru_cache(maxsize=1)
def _forward() -> Transformer:
    return Transformer.from_crs(GEOGRAPHIC, GRID, always_xy=True)
