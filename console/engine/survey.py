"""Underwater surveys of a levee's or dam's toe: surfaces, sections, what was scoured between two of them.

x is the chainage along the works (m), y the offset from its axis (m, water side positive), z the bed
level (m, the survey's datum). Two surveys of different datums must not be given together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MAX_POINTS = 200_000
MAX_NODES = 250_000
MOST_JOINED = 4 * MAX_NODES
BRIDGE = 3.0  # spacings: a node farther from every sounding is not filled in


class SurveyRefused(ValueError):
    """A survey that cannot be used. code: size, few, flat, shape, order."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """x_m (nx,), y_m (ny,) ascending; z_m (ny, nx), NaN where not surveyed."""

    x_m: Array
    y_m: Array
    z_m: Array


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What happened between two surveys on their common area.

    scour_m: (ny, nx) bed lowering, positive where eroded, NaN outside. Volumes in m³, areas in m²;
    deepest_m at (chainage_m, offset_m); coverage: common area over the earlier survey's.
    """

    x_m: Array
    y_m: Array
    scour_m: Array
    scour_m3: float
    fill_m3: float
    area_m2: float
    deepest_m: float
    chainage_m: float
    offset_m: float
    coverage: float


def surface(x_m: Array, y_m: Array, z_m: Array) -> Surface:
    """Return a gridded survey after checking it.

    Raises:
        SurveyRefused: too large, not (ny, nx), fewer than two lines a way, or axes not ascending.
    """
    x, y, z = (np.asarray(a, float) for a in (x_m, y_m, z_m))
    if z.size > MAX_NODES:
        raise SurveyRefused("size", f"{z.size} nodes")
    if x.ndim != 1 or y.ndim != 1 or z.shape != (len(y), len(x)):
        raise SurveyRefused("shape", str(z.shape))
    if len(x) < 2 or len(y) < 2 or np.isfinite(z).sum() < 4:
        raise SurveyRefused("few")
    if not (np.isfinite(x).all() and np.isfinite(y).all() and (np.diff(x) > 0).all() and (np.diff(y) > 0).all()):
        raise SurveyRefused("order")
    return Surface(x, y, np.where(np.isfinite(z), z, np.nan))


def from_points(points: Array, spacing_m: float) -> Surface:
    """Return soundings (n, 3) as a surface, linear between them and empty away from them.

    Raises:
        SurveyRefused: too many or too few soundings, all on one line, or a grid that would be too large.
    """
    p = np.asarray(points, float)
    if p.ndim != 2 or p.shape[1] != 3 or not spacing_m > 0:
        raise SurveyRefused("shape", str(p.shape))
    if len(p) > MAX_POINTS:
        raise SurveyRefused("size", f"{len(p)} points")
    p = p[np.isfinite(p).all(axis=1)]
    if len(p) < 4:
        raise SurveyRefused("few")
    low, high = p[:, :2].min(axis=0), p[:, :2].max(axis=0)
    nodes = np.floor((high - low) / spacing_m) + 1
    if nodes.prod() > MAX_NODES:
        raise SurveyRefused("size", f"{nodes.prod():.0f} nodes")
    x, y = (low[i] + spacing_m * np.arange(int(nodes[i])) for i in (0, 1))
    if len(x) < 2 or len(y) < 2:
        raise SurveyRefused("flat")
    from scipy.interpolate import LinearNDInterpolator  # scipy is slow to import: not before the first window
    from scipy.spatial import QhullError, cKDTree

    try:
        between = LinearNDInterpolator(p[:, :2], p[:, 2])
    except QhullError as exc:
        raise SurveyRefused("flat") from exc
    gx, gy = np.meshgrid(x, y)
    z = between(gx, gy)
    near, _ = cKDTree(p[:, :2]).query(np.column_stack([gx.ravel(), gy.ravel()]))
    z[near.reshape(z.shape) > BRIDGE * spacing_m] = np.nan
    return surface(x, y, z)


def section(survey: Surface, chainage_m: float) -> tuple[Array, Array]:
    """Return (offset_m, z_m) across the works at a chainage, linear between lines; NaN outside the survey."""
    x = survey.x_m
    if not x[0] <= chainage_m <= x[-1]:
        return survey.y_m, np.full(len(survey.y_m), np.nan)
    i = min(int(np.searchsorted(x, chainage_m, side="right")) - 1, len(x) - 2)
    part = (chainage_m - x[i]) / (x[i + 1] - x[i])
    if part == 0.0:
        return survey.y_m, survey.z_m[:, i]
    if part == 1.0:
        return survey.y_m, survey.z_m[:, i + 1]
    return survey.y_m, survey.z_m[:, i] * (1 - part) + survey.z_m[:, i + 1] * part


def difference(before: Surface, after: Surface, accuracy_m: float = 0.0) -> Change:
    """Return what was scoured and filled between two surveys, on the area that both cover.

    Both are read at the nodes of either, each way: what lies between the nodes of one, or beside those of the other,
    is not lost. A cell counts when its four corners are known; its volume is its area times the mean of its
    corners' scour (or fill). A change within accuracy_m is not told from none and adds no volume.

    Raises:
        SurveyRefused: they have no cell in common.
    """
    from scipy.interpolate import RegularGridInterpolator

    x, y = _joined(before.x_m, after.x_m), _joined(before.y_m, after.y_m)
    if len(x) * len(y) > MOST_JOINED:
        x, y = before.x_m, before.y_m
    gy, gx = np.meshgrid(y, x, indexing="ij")
    places = np.stack([gy, gx], axis=-1)
    was, is_ = (
        RegularGridInterpolator((s.y_m, s.x_m), s.z_m, bounds_error=False, fill_value=np.nan)(places) for s in (before, after)
    )
    scour = was - is_
    cells = np.outer(np.diff(y), np.diff(x))
    known = np.isfinite(_corner_mean(scour))
    if not known.any():
        raise SurveyRefused("few", "no common area")
    own = float(cells[np.isfinite(_corner_mean(was))].sum())
    area = float(cells[known].sum())
    told = np.where(np.abs(scour) > accuracy_m, scour, np.where(np.isfinite(scour), 0.0, np.nan))
    deep = np.where(np.isfinite(scour), scour, -np.inf)
    j, i = np.unravel_index(int(np.argmax(deep)), deep.shape)
    return Change(
        x_m=x,
        y_m=y,
        scour_m=scour,
        scour_m3=float((cells * _corner_mean(np.maximum(told, 0.0)))[known].sum()),
        fill_m3=float((cells * _corner_mean(np.maximum(-told, 0.0)))[known].sum()),
        area_m2=area,
        deepest_m=max(0.0, float(scour[j, i])),
        chainage_m=float(x[i]),
        offset_m=float(y[j]),
        coverage=area / own if own > 0 else 0.0,
    )


def _joined(before: Array, after: Array) -> Array:
    """Return the nodes of both within the earlier one's reach; between them neither survey knows an extreme."""
    inside = after[(after > before[0]) & (after < before[-1])]
    return np.union1d(before, inside)


def scour_state(change: Change, limit_m: float | None) -> str:
    """Return alarm beyond the declared limit, attention beyond half of it, normal, or unknown without a limit."""
    if limit_m is None or not limit_m > 0:
        return "unknown"
    if change.deepest_m > limit_m:
        return "alarm"
    return "attention" if change.deepest_m > limit_m / 2 else "normal"


def _corner_mean(z: Array) -> Array:
    return np.asarray((z[:-1, :-1] + z[1:, :-1] + z[:-1, 1:] + z[1:, 1:]) / 4.0)
