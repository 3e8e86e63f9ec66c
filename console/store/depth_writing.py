"""Computed depths as a NetCDF file (CF, classic), so that any other program can read what was computed here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyproj
from numpy.typing import NDArray

from console.errors import StoreError

GRID = "EPSG:4547"


def write_depths(
    path: Path, x_m: NDArray[np.float64], y_m: NDArray[np.float64], t_s: NDArray[np.float64], depth_m: NDArray[np.float32],
    title: str, source: str,
) -> None:  # fmt: skip
    """Write depths (nt, ny, nx), m, at cell centres of EPSG:4547, ascending, and times UTC s.

    Raises:
        StoreError: it cannot be written.
    """
    from scipy.io import netcdf_file  # scipy is slow to import: not before the first window

    try:
        with netcdf_file(path, "w", version=2) as out:
            out.Conventions, out.title, out.source = b"CF-1.8", title.encode(), source.encode()
            for name, size in (("time", len(t_s)), ("y", len(y_m)), ("x", len(x_m)), ("one", 1)):
                out.createDimension(name, size)
            time = out.createVariable("time", "d", ("time",))
            time.units, time.calendar = b"seconds since 1970-01-01 00:00:00 +00:00", b"standard"
            time[:] = t_s
            for name, axis in (("y", y_m), ("x", x_m)):
                held = out.createVariable(name, "d", (name,))
                held.units, held.standard_name = b"m", f"projection_{name}_coordinate".encode()
                held[:] = axis
            mapping = out.createVariable("crs", "i", ("one",))
            mapping[:] = 0
            for key, value in pyproj.CRS(GRID).to_cf().items():
                setattr(mapping, key, value.encode() if isinstance(value, str) else value)
            depth = out.createVariable("depth", "f", ("time", "y", "x"))
            depth.units, depth._FillValue, depth.grid_mapping = b"m", np.float32(-9999), b"crs"
            depth[:] = depth_m
    except OSError as exc:
        raise StoreError("淹没计算结果没有写下。", "请检查磁盘空间和权限后再算。", repr(exc)) from exc
