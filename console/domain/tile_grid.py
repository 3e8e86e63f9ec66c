"""Which tiles a view needs and where each lies on the map: the world's Mercator grid and the one in degrees."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from console.domain.geo import mercator_lat, mercator_y

EDGE_LAT = 85.0  # where the map's own projection ends
TILE_PX = 256
SHARP = 0.35  # of a zoom step: how far a tile may be enlarged before the next zoom is asked for


class TileKey(NamedTuple):
    """z, column from the west, row from the north."""

    z: int
    x: int
    y: int

    def parent(self, up: int = 1) -> TileKey:
        return TileKey(self.z - up, self.x >> up, self.y >> up)

    def children(self) -> tuple[TileKey, ...]:
        x, y = 2 * self.x, 2 * self.y
        return tuple(TileKey(self.z + 1, x + i, y + j) for j in (0, 1) for i in (0, 1))


class MapRect(NamedTuple):
    """Degrees of longitude and Mercator degrees (console.domain.geo); top is the larger."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class TileGrid:
    """geographic: tiles are square in degrees (EPSG:4490, 4326), 2^(z+1) × 2^z; else in Mercator, 2^z × 2^z.

    bounds: west, south, east, north in degrees; nothing is asked for outside.
    """

    geographic: bool = False
    min_zoom: int = 0
    max_zoom: int = 18
    bounds: tuple[float, float, float, float] = (-180.0, -EDGE_LAT, 180.0, EDGE_LAT)

    def step_deg(self, z: int) -> float:
        """Return the width of a tile: degrees of longitude."""
        return (180.0 if self.geographic else 360.0) / 2.0**z

    def rect(self, key: TileKey) -> MapRect:
        """Return where a tile lies on the map; a tile in degrees is taken as warped already."""
        step = self.step_deg(key.z)
        left = -180.0 + key.x * step
        if not self.geographic:
            top = 180.0 - key.y * step
            return MapRect(left, top, left + step, top - step)
        north, south = self.latitudes(key)
        return MapRect(left, float(mercator_y(north)), left + step, float(mercator_y(south)))

    def latitudes(self, key: TileKey) -> tuple[float, float]:
        """Return north and south of a tile in degrees, as far as the map's projection goes."""
        step = self.step_deg(key.z)
        if not self.geographic:
            top = 180.0 - key.y * step
            return mercator_lat(top), mercator_lat(top - step)
        north = 90.0 - key.y * step
        return min(north, EDGE_LAT), max(north - step, -EDGE_LAT)

    def zoom_for(self, pixels_per_degree: float) -> int:
        """Return the zoom whose tiles look sharp at a scale, within what the source has."""
        exact = math.log2(max(1e-9, pixels_per_degree) * self.step_deg(0) / TILE_PX)
        return min(self.max_zoom, max(self.min_zoom, math.ceil(exact - SHARP)))

    def covering(self, z: int, view: MapRect) -> tuple[range, range]:
        """Return columns and rows of the tiles that touch a part of the map and the source's bounds."""
        west, south, east, north = self.bounds
        left, right = max(view.left, west), min(view.right, east)
        top, bottom = min(view.top, float(mercator_y(north))), max(view.bottom, float(mercator_y(south)))
        if left >= right or bottom >= top:
            return range(0), range(0)
        step = self.step_deg(z)
        columns = _span((left + 180.0) / step, (right + 180.0) / step, 2 ** (z + 1) if self.geographic else 2**z)
        if self.geographic:
            rows = _span((90.0 - mercator_lat(top)) / step, (90.0 - mercator_lat(bottom)) / step, 2**z)
        else:
            rows = _span((180.0 - top) / step, (180.0 - bottom) / step, 2**z)
        return columns, rows


def _span(low: float, high: float, count: int) -> range:
    return range(max(0, math.floor(low)), min(count, math.ceil(high - 1e-9)))
