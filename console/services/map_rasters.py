"""Pictures of the user's own imagery and terrain, warped tile by tile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtGui import QColor, QImage
from rasterio.errors import RasterioError

from console.domain.tile_grid import EDGE_LAT, TILE_PX, TileGrid, TileKey
from console.engine.hillshade import height_colors, hillshade, relief_colors
from console.services.ground_words import GroundTrouble
from console.services.map_pictures import of_rgba
from console.services.map_vector_tiles import TileStyle
from console.store.raster_file import RasterFile, RasterRefused
from console.viewdata.map_sources import MapSource

MAX_ZOOM = 22
EQUATOR_M = 40_075_016.68
DETAIL = 1  # zoom steps that pixels are enlarged by warping before tiles are enlarged instead
STEEP_BELOW = 13  # zoom from which heights are drawn true; further out slopes would vanish


class RasterPictures:
    """Tiles of one GeoTIFF. How it is drawn follows the description: imagery or dem."""

    def __init__(self, source: MapSource) -> None:
        self.heard = 0
        self._source = source
        self._file: RasterFile | None = None

    def grid(self) -> TileGrid:
        about = self._opened().about
        west, south, east, north = about.bounds
        finest = np.log2(EQUATOR_M / TILE_PX / max(0.01, about.cell_m)) + DETAIL
        return TileGrid(
            False, 0, int(np.clip(np.ceil(finest), 3, MAX_ZOOM)), (west, max(south, -EDGE_LAT), east, min(north, EDGE_LAT))
        )

    def picture(self, key: TileKey, style: TileStyle, *, online: bool) -> QImage | None:
        file = self._opened()
        try:
            if self._source.kind == "dem":
                return self._relief(file, key, style)
            rgba = file.colors(*key, TILE_PX)
        except (RasterioError, ValueError, MemoryError) as exc:
            raise GroundTrouble("damaged", str(exc)) from exc
        self.heard += 1
        return None if rgba is None else of_rgba(rgba)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _relief(self, file: RasterFile, key: TileKey, style: TileStyle) -> QImage | None:
        heights = file.heights(*key, TILE_PX, 1)
        self.heard += 1
        if heights is None:
            return None
        heights = heights * np.float32(file.about.unit_m)
        step = 360.0 / 2**key.z / TILE_PX
        y = 180.0 - (key.y * TILE_PX + np.arange(TILE_PX) + 0.5) * step
        cell_m = (EQUATOR_M / 360 * step / np.cosh(np.radians(y)))[:, None]
        exaggeration = 2.0 ** (0.5 * max(0, STEEP_BELOW - key.z))
        shade = hillshade(heights, cell_m, exaggeration)
        shadow, flat, light = style.relief
        base = np.array(_rgb(flat), np.float32)
        if self._source.tint:
            base = height_colors(heights[1:-1, 1:-1], np.array([_rgb(c) for c in style.heights], np.float32))
        return of_rgba(relief_colors(shade, base, _rgb(shadow), _rgb(light)))

    def _opened(self) -> RasterFile:
        if self._file is None:
            try:
                self._file = RasterFile(Path(self._source.address), self._source.crs)
            except RasterRefused as exc:
                code = "missing" if not Path(self._source.address).is_file() else "damaged"
                raise GroundTrouble(code, str(exc)) from exc
        return self._file


def _rgb(color: QColor) -> tuple[int, int, int]:
    return color.red(), color.green(), color.blue()
