"""GeoTIFFs as users have them: a hill near Qingyuan in any coordinate system, flat fields, holes."""

from __future__ import annotations

import numpy as np
import rasterio
from pyproj import Transformer
from rasterio.transform import Affine, from_origin

from scenes.ground.frame import GRID, ORIGIN_M

HILL = (12.0, 95.0)  # local km, near Qingyuan


def hill(east_km, north_km):
    """Return a hill of 300 m on a plain of 20 m."""
    return 20 + 300 * np.exp(-((east_km - HILL[0]) ** 2 + (north_km - HILL[1]) ** 2) / 0.5)


def write(path, values, transform, crs=GRID, **options):
    """Write a GeoTIFF; values (rows, columns) or (bands, rows, columns), north first."""
    bands = values[None] if values.ndim == 2 else values
    after = {k: options.pop(k) for k in ("units", "scales", "offsets", "colormap", "mask") if k in options}
    count, height, width = bands.shape
    about = {"driver": "GTiff", "count": count, "height": height, "width": width, "dtype": bands.dtype.name}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, "w", **about, crs=crs, transform=transform, **options) as out,
    ):
        out.write(bands)
        if "units" in after:
            out.units = (after["units"],)
        if "scales" in after:
            out.scales, out.offsets = (after["scales"],), (after["offsets"],)
        if "colormap" in after:
            out.write_colormap(1, after["colormap"])
        if "mask" in after:
            out.write_mask(after["mask"])
    return path


def near(east_km=HILL[0], north_km=HILL[1], cell_m=10.0, n=100):
    """Return a transform of n cells around a place, in the scene's own projection."""
    x, y = ORIGIN_M[0] + east_km * 1000, ORIGIN_M[1] + north_km * 1000
    return from_origin(x - n / 2 * cell_m, y + n / 2 * cell_m, cell_m, cell_m)


def hill_in(path, crs, cell, n=200, turned=0.0, **options):
    """Write the hill in a coordinate system, cells of its own unit, the rows turned by degrees."""
    to_own = Transformer.from_crs(GRID, crs, always_xy=True)
    x, y = to_own.transform(HILL[0] * 1000 + ORIGIN_M[0], HILL[1] * 1000 + ORIGIN_M[1])
    place = Affine.translation(x, y) * Affine.rotation(turned) * Affine(cell, 0, -n / 2 * cell, 0, -cell, n / 2 * cell)
    column, row = np.meshgrid(np.arange(n) + 0.5, np.arange(n) + 0.5)
    grid_x, grid_y = to_own.transform(*(place * (column, row)), direction="INVERSE")
    values = hill((grid_x - ORIGIN_M[0]) / 1000, (grid_y - ORIGIN_M[1]) / 1000)
    return write(path, values.astype(np.float32), place, crs, **options)


def flat(path, value=50.0, n=40, dtype="float32", **options):
    return write(path, np.full((n, n), value, dtype), near(n=n), **options)


def one(source, east, north, cell_km=0.0):
    return float(source.heights(np.array([east]), np.array([north]), cell_km)[0])


def left_in(folder):
    return sorted(f.name for f in folder.iterdir()) if folder.exists() else []
