"""Depths that were computed here, put among the inundation results: shown, counted and read like any other."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from console.services.flood_library import FloodLibrary, Site
from console.services.levee_plain import BreachRefused
from console.store.depth_frames import Told
from console.store.depth_writing import write_depths

Array = NDArray[np.float64]


def keep_computed(
    library: FloodLibrary, stem: str, axes: tuple[Array, Array], t_s: Array, depth_m: NDArray[np.float32], said: str, site: Site
) -> str:
    """Write depths (nt, ny, nx) at cell centres and take them among the results; blocks. Returns the name there.

    Args:
        stem: of the name. t_s: UTC s. said: what it rests on. site: with its label.

    Raises:
        ConsoleError: it cannot be written or taken.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{stem}.nc"
            write_depths(path, *axes, t_s, depth_m, site.label, said)
            return library.add(path, Told(unit="m", simulated=True), site)
    except OSError as exc:  # no room even for the folder
        raise BreachRefused("淹没算完了，但结果没有地方存。", "请清理磁盘后再算。", repr(exc)) from exc
