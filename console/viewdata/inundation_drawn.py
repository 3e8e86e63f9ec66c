"""From a series of depths to what views draw of it: pure, for a worker thread.

Figures come from the full grid, never from the reduced one of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from console.engine.depth_grid import CLASS_BOUNDS_M, Array, Depth, class_areas_m2, edges
from console.engine.exposure import Exposure
from console.engine.inundation_grid import DepthSeries, Sweep
from console.viewdata.inundation import BreachPlace, ExposureLine, InundationView, LegendRow

MOST = 1024  # cells of a picture a way
TOKENS = tuple(f"depth.{k}" for k in range(1, len(CLASS_BOUNDS_M) + 1))  # colours of the classes, the shallowest first
DRY_TOKEN, UNKNOWN_TOKEN = "depth.dry", "depth.unknown"


def inundation_view(
    series: DepthSeries,
    moment: float,
    label: str,
    source: str,
    simulated: bool | None,
    sweep: Sweep | None = None,
    breaches: Sequence[BreachPlace] = (),
    exposures: Sequence[Exposure] = (),
) -> InundationView:
    """Return what is drawn of a series at UTC s; for a worker thread, milliseconds where the two steps are at hand."""
    depth = series.depth_at_time(moment)
    across, along = edges(series.x_m), edges(series.y_m)
    return InundationView(
        label=label,
        source=source,
        simulated=simulated,
        moment=moment,
        extent_m=(float(across[0]), float(along[0]), float(across[-1]), float(along[-1])),
        depth_m=most_of(depth),
        bounds_m=CLASS_BOUNDS_M,
        tokens=TOKENS,
        legend=legend_rows(depth, series.x_m, series.y_m),
        arrival_s=None if sweep is None else least_of(sweep.arrival_s),
        duration_s=None if sweep is None else most_of(sweep.duration_s),
        breaches=tuple(breaches),
        exposures=tuple(line for e in exposures for line in exposure_lines(e)),
    )


def legend_rows(depth_m: Depth, x_m: Array, y_m: Array) -> tuple[LegendRow, ...]:
    """Return a row for each class, the deepest first, then dry and unknown, with the areas of the full grid."""
    unknown, dry, *classes = class_areas_m2(depth_m, x_m, y_m).tolist()
    known = bool(dry or any(classes))
    texts = class_texts()
    rows = [LegendRow(TOKENS[k], texts[k], classes[k] if known else None) for k in reversed(range(len(texts)))]
    dry_text = f"不足 {CLASS_BOUNDS_M[0]:g} m（未淹）"
    return (*rows, LegendRow(DRY_TOKEN, dry_text, dry if known else None), LegendRow(UNKNOWN_TOKEN, "未知", unknown))


def class_texts(bounds_m: tuple[float, ...] = CLASS_BOUNDS_M) -> tuple[str, ...]:
    """Return "0.05–0.5 m" and so on, "≥ 3 m" for the last."""
    between = [f"{a:g}–{b:g} m" for a, b in pairwise(bounds_m)]
    return (*between, f"≥ {bounds_m[-1]:g} m")


def exposure_lines(found: Exposure) -> tuple[ExposureLine, ...]:
    """Return the total of a layer and its classes that are not empty; what is not known is said in the total's text."""
    about = found.about
    source = f"{about.source}（{about.date}）" if about.date else f"{about.source}（日期未注明）"
    doubts = []
    if found.unknown_share:
        doubts.append(f"另有 {found.unknown_share:.0%} 在水深未知处")
    if found.outside_share:
        doubts.append(f"其中 {found.outside_share:.0%} 在计算范围外")
    if found.lacking:
        doubts.append(f"{found.lacking} 处没有数字")
    total = f"受淹{about.name}" + (f"（{'，'.join(doubts)}）" if doubts else "")
    lines = [ExposureLine(total, found.wet, about.unit, source)]
    for text, number in zip(class_texts(found.bounds_m), found.by_class, strict=True):
        if number is None or number > 0:
            lines.append(ExposureLine(f"{about.name} · 水深 {text}", number, about.unit, source))
    return tuple(lines)


def most_of(values: NDArray[np.float32], most: int = MOST) -> Depth:
    """Return at most (most, most) bins of a grid, each with its greatest value: no water is lost.

    NaN where a bin has unknown cells and no water: unknown is not dry.
    """
    known, strict = _binned(np.fmax, values, most), _binned(np.maximum, values, most)
    return np.asarray(np.where(known > 0, known, strict), np.float32)


def least_of(values: Array, most: int = MOST) -> Array:
    """Return at most (most, most) bins, each with its least time; NaN where a bin has unknown cells and no time."""
    known, strict = _binned(np.fmin, values, most), _binned(np.minimum, values, most)
    return np.asarray(np.where(np.isfinite(known), known, strict), float)


def _binned(join: np.ufunc, values: NDArray[np.floating], most: int) -> NDArray[np.floating]:
    """Return bins whose sizes differ by one cell at most, so that the extent stays exact."""
    for axis in (0, 1):
        n = values.shape[axis]
        if n > most:
            values = join.reduceat(values, np.arange(most) * n // most, axis=axis)
    return values
