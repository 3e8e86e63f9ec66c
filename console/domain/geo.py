"""Positions: Mercator for the flat map, distances on the sphere, along-line chainage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

EARTH_KM = 6371.0
Array = NDArray[np.float64]


def mercator_y(lat_deg: Array | float) -> Array:
    """Return Mercator y in degrees of longitude at the equator; lat_deg within ±85."""
    lat = np.radians(np.clip(lat_deg, -85.0, 85.0))
    return np.asarray(np.degrees(np.log(np.tan(math.pi / 4 + lat / 2))))


def mercator_lat(y_deg: float) -> float:
    return math.degrees(2 * math.atan(math.exp(math.radians(y_deg))) - math.pi / 2)


def distance_km(lon0: float, lat0: float, lon1: Array | float, lat1: Array | float) -> Array:
    """Return great-circle distances, haversine, km."""
    a0, a1 = np.radians(lat0), np.radians(lat1)
    h = np.sin((a1 - a0) / 2) ** 2 + np.cos(a0) * np.cos(a1) * np.sin(np.radians(np.asarray(lon1) - lon0) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(h, 0, 1))))


def chainage_km(line: Array) -> Array:
    """Return the distance along a line of shape (n, 2) lon/lat from its first point, km."""
    step = distance_km_pairs(line[:-1], line[1:])
    return np.concatenate([[0.0], np.cumsum(step)])


def distance_km_pairs(a: Array, b: Array) -> Array:
    """Return distances between rows of two (n, 2) lon/lat arrays, km (small distances)."""
    mid = np.radians((a[:, 1] + b[:, 1]) / 2)
    dx = np.radians(b[:, 0] - a[:, 0]) * np.cos(mid)
    dy = np.radians(b[:, 1] - a[:, 1])
    return np.asarray(EARTH_KM * np.hypot(dx, dy))


def nearest_on_line(line: Array, lon: float, lat: float) -> tuple[float, float]:
    """Return (chainage km, distance km) of the vertex-interpolated nearest point of a line."""
    scale = np.array([math.cos(math.radians(lat)), 1.0])
    p = (line - [lon, lat]) * scale
    a, d = p[:-1], np.diff(p, axis=0)
    length2 = np.maximum((d**2).sum(1), 1e-18)
    s = np.clip(-(a * d).sum(1) / length2, 0.0, 1.0)
    offset = a + s[:, None] * d
    dist = np.hypot(offset[:, 0], offset[:, 1])
    i = int(dist.argmin())
    along = chainage_km(line)
    km = along[i] + s[i] * (along[i + 1] - along[i])
    return float(km), float(dist[i] * math.radians(1) * EARTH_KM)


def snapped(line: Array, lon: float, lat: float, most_km: float) -> tuple[float, float]:
    """Return the place on a line of shape (n, 2) lon/lat that is nearest, or the place itself where that is too far."""
    km, away = nearest_on_line(line, lon, lat)
    if away > most_km:
        return lon, lat
    along = chainage_km(line)
    return float(np.interp(km, along, line[:, 0])), float(np.interp(km, along, line[:, 1]))


def geodesic_km(points: Sequence[tuple[float, float]]) -> float:
    """Return the length of a line of lon/lat points on the CGCS2000 ellipsoid, km."""
    lon, lat = zip(*points, strict=True)
    return float(_geod().line_length(lon, lat)) / 1000


def area_km2(ring: Sequence[tuple[float, float]]) -> float:
    """Return the area inside a ring of lon/lat points on the CGCS2000 ellipsoid, km²; never negative."""
    lon, lat = zip(*ring, strict=True)
    return abs(float(_geod().polygon_area_perimeter(lon, lat)[0])) / 1e6


@lru_cache(maxsize=1)
def _geod() -> Any:
    from pyproj import Geod  # slow to import: not before the first window

    return Geod(a=6378137.0, rf=298.257222101)  # CGCS2000
