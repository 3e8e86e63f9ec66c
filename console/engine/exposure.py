"""What is under water: people, houses, roads, fields, by depth class at one moment.

Layers lie in EPSG:4547 metres like the grid. What lies beside the grid or in cells of unknown depth is
counted as such, never as dry. A figure that a layer does not state (NaN) is not made up: its elements
are counted in `lacking`, the sums hold what is stated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.engine.depth_grid import CLASS_BOUNDS_M, Array, Depth, class_of
from console.engine.exposure_layers import About, Layer, LayerRefused, Pieces, pieces_of
from console.engine.inundation_grid import Going, always


@dataclass(frozen=True, slots=True)
class Exposure:
    """Sums in about.unit (metres of lines, m² of areas without an amount).

    by_class: one for each depth class, the least first. wet: their sum. dry: at known depths below the first
    class. unknown: inside the grid at unknown depth. outside: beside the grid. A figure is None where all that
    belongs to it has no stated figure, and (wet, dry, classes) where no part of the layer has a known depth.
    outside_share, unknown_share (with outside): of the stated total; None without one. lacking: elements
    without a figure (cells of a density) that are under water or whose depth is unknown.
    """

    about: About
    bounds_m: tuple[float, ...]
    by_class: tuple[float | None, ...]
    wet: float | None
    dry: float | None
    unknown: float | None
    outside: float | None
    outside_share: float | None
    unknown_share: float | None
    lacking: int


def exposed(
    layer: Layer, depth_m: Depth, x_m: Array, y_m: Array, bounds_m: tuple[float, ...] = CLASS_BOUNDS_M, going: Going = always
) -> Exposure:
    """Return what of a layer is under water at depths (ny, nx), NaN unknown; x_m, y_m: the grid's cell centres.

    going: asked with the share done of the areas; False ends it.

    Raises:
        LayerRefused: arrays that do not fit each other, negative figures, or an axis that does not ascend.
        Stopped: going said no.
    """
    if depth_m.shape != (len(y_m), len(x_m)):
        raise LayerRefused("shape", str(depth_m.shape))
    return _tally(layer.about, pieces_of(layer, x_m, y_m, going), class_of(depth_m, bounds_m).ravel(), bounds_m)


def _tally(about: About, pieces: Pieces, kinds: NDArray[np.int8], bounds_m: tuple[float, ...]) -> Exposure:
    """Sum by bin: 0 outside, 1 unknown, 2 dry, 3 on the classes."""
    n = len(bounds_m) + 3
    bins = np.where(pieces.cell < 0, 0, kinds[pieces.cell].astype(np.intp) + 2)
    stated = np.isfinite(pieces.amount)
    sums = np.bincount(bins[stated], weights=pieces.amount[stated], minlength=n).astype(float)
    gaps = np.bincount(bins[~stated], minlength=n)
    here = not len(bins) or bool((bins >= 2).any())  # an empty layer is known to be nothing
    total = float(sums.sum())

    def figure(first: int, end: int) -> float | None:
        """Return a sum; None where there is only what has no figure, or no depth."""
        found = float(sums[first:end].sum())
        return None if found == 0 and (gaps[first:end].any() or (first >= 2 and not here)) else found

    return Exposure(
        about=about,
        bounds_m=bounds_m,
        by_class=tuple(figure(k, k + 1) for k in range(3, n)),
        wet=figure(3, n),
        dry=figure(2, 3),
        unknown=figure(1, 2),
        outside=figure(0, 1),
        outside_share=float(sums[0]) / total if total > 0 else None,
        unknown_share=float(sums[0] + sums[1]) / total if total > 0 else None,
        lacking=len(np.unique(pieces.owner[~stated & (bins != 2)])),
    )
