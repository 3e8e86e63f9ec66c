"""Mercator between degrees and the pixels of one map view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from console.domain.geo import mercator_lat, mercator_y

MIN_SCALE, MAX_SCALE = 20.0, 40_000.0  # pixels per degree of longitude
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MapFrame:
    """Centre x (lon), y (Mercator degrees), scale (pixels per degree), view size in pixels."""

    x: float
    y: float
    scale: float
    width: int
    height: int

    @classmethod
    def fitting(cls, west: float, south: float, east: float, north: float, width: int, height: int) -> Self:
        y0, y1 = (float(mercator_y(v)) for v in (south, north))
        scale = min(width / max(1e-6, east - west), height / max(1e-6, y1 - y0))
        return cls((west + east) / 2, (y0 + y1) / 2, scale, width, height)

    def to_pixels(self, lon: Array, y_merc: Array) -> tuple[Array, Array]:
        return (
            (lon - self.x) * self.scale + self.width / 2,
            (self.y - y_merc) * self.scale + self.height / 2,
        )

    def to_degrees(self, px: float, py: float) -> tuple[float, float]:
        lon = self.x + (px - self.width / 2) / self.scale
        return lon, mercator_lat(self.y - (py - self.height / 2) / self.scale)

    def moved(self, dx: float, dy: float) -> Self:
        return replace(self, x=self.x - dx / self.scale, y=self.y + dy / self.scale)

    def zoomed(self, factor: float, px: float, py: float) -> Self:
        """Zoom about a pixel, which keeps its place on the ground."""
        scale = min(MAX_SCALE, max(MIN_SCALE, self.scale * factor))
        gx = self.x + (px - self.width / 2) / self.scale
        gy = self.y - (py - self.height / 2) / self.scale
        return replace(self, scale=scale, x=gx - (px - self.width / 2) / scale, y=gy + (py - self.height / 2) / scale)

    def sized(self, width: int, height: int) -> Self:
        return replace(self, width=width, height=height)

    @property
    def width_km(self) -> float:
        """Return how wide the view is at its middle."""
        return self.km_per_pixel * self.width

    @property
    def km_per_pixel(self) -> float:
        return 111.32 * float(np.cos(np.radians(mercator_lat(self.y)))) / self.scale
