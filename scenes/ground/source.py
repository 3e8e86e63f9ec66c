"""What heights and pictures of the ground come from, and their stack: the finest that knows a place speaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scenes.ground.frame import Box, touch

Array = NDArray[np.float64]
Heights = NDArray[np.float32]


class HeightSource(Protocol):
    """Heights in metres above the 1985 national datum, after the conversion that `datum` states.

    label: what it is, as shown ("合成地形 仅供演示", "地形：石角段 1 m.tif"). datum: the original
    datum and what was done about it, as shown. synthetic: not surveyed. cell_km: its finest spacing.
    box: where it may know something, local km.
    """

    label: str
    datum: str
    synthetic: bool
    cell_km: float
    box: Box

    def heights(self, east_km: Array, north_km: Array, cell_km: float) -> Heights:
        """Return heights at places (arrays of one shape), averaged over about cell_km; NaN where unknown."""
        ...


class PictureSource(Protocol):
    """Imagery. pixel_km: its finest spacing."""

    label: str
    pixel_km: float
    box: Box

    def pixels(self, east_km: Array, north_km: Array, pixel_km: float) -> NDArray[np.uint8]:
        """Return RGBA (*shape, 4) at places; alpha 0 where there is no picture."""
        ...


class Ground:
    """A stack of sources, finest first."""

    def __init__(self, sources: Sequence[HeightSource], pictures: Sequence[PictureSource] = ()) -> None:
        self.sources = tuple(sorted(sources, key=lambda s: s.cell_km))
        self.pictures = tuple(sorted(pictures, key=lambda p: p.pixel_km))

    def heights(self, east_km: Array, north_km: Array, cell_km: float = 0.0) -> Heights:
        """Return heights (m, 1985) at places; NaN where no source knows."""
        east, north = np.broadcast_arrays(np.asarray(east_km, float), np.asarray(north_km, float))
        out = np.full(east.shape, np.nan, np.float32)
        if not out.size:
            return out
        area = (float(east.min()), float(north.min()), float(east.max()) + 1e-9, float(north.max()) + 1e-9)
        for source in self.sources:
            open_ = np.isnan(out)
            if not open_.any():
                break
            if touch(source.box, area):
                out[open_] = source.heights(east[open_], north[open_], cell_km)
        return out

    def at(self, east_km: float, north_km: float) -> float | None:
        """Return the finest height of one place, None where no source knows."""
        found = float(self.heights(np.array([east_km]), np.array([north_km]))[0])
        return None if np.isnan(found) else found

    def source_at(self, east_km: float, north_km: float) -> HeightSource | None:
        """Return the source that speaks for a place."""
        x, y = np.array([east_km]), np.array([north_km])
        near = (east_km, north_km, east_km + 1e-9, north_km + 1e-9)
        return next((s for s in self.sources if touch(s.box, near) and np.isfinite(s.heights(x, y, 0.0)[0])), None)

    def finest_km(self, box: Box) -> float:
        """Return the finest spacing of anything within a box, of heights or of pictures (a picture's 8 pixels a cell)."""
        cells = [s.cell_km for s in self.sources if touch(s.box, box)]
        cells += [8 * p.pixel_km for p in self.pictures if touch(p.box, box)]
        return min(cells, default=np.inf)
