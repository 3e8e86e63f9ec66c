"""Growing the ground from coarse to fine: trees of least climb whose ridges are driven to the envelope."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt, gaussian_filter, maximum_filter, zoom

from scenes.ground.synthetic_flow import Index, LeastClimb, Tree, drained, slope_factor
from scenes.ground.synthetic_guides import Guides
from scenes.ground.synthetic_noise import fractal

Field = NDArray[np.float32]
RIDGE_KM = 9.0  # ridges stand so far apart: within it some crest reaches the envelope
EVEN_KM = 4.0
MAPPED_KM2 = 400.0  # a mapped river without a profile counts as one of at least so much area
HEAL_KM = 3.0
BANKED_KM = 5.5


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """Fields shape (n, n): height m; log of the steepness (m/km); log of the drained area (km²), averaged over rounds.

    unhealed_m, receiver: of the last round's tree (receiver: flat index).
    """

    height_m: Field
    log_steep: Field
    log_area: Field
    unhealed_m: Field
    receiver: Index


@dataclass(frozen=True, slots=True)
class Stage:
    """One level of the growth. rounds: of routing water. done: share of the whole work when it is through.

    rough: spread of the steepness from cell to cell (log), which bends valleys. settle: the share of it that is
    gone in the last round, so that hillsides end smooth.
    """

    nodes: int
    rounds: int
    rough: float
    settle: float
    done: float


def finer(growth: Growth, size: int) -> tuple[Field, Field]:
    """Return steepness and area (logs) resampled to a finer grid, to grow on."""

    def up(field: Field) -> Field:
        return np.asarray(zoom(field, size / field.shape[0], order=1)[:size, :size], np.float32)

    return up(growth.log_steep), up(growth.log_area)


def grow(guides: Guides, before: tuple[Field, Field] | None, stage: Stage, told: Callable[[float], None]) -> Growth:
    """Return the ground after some rounds of routing water and of raising or lowering steepness.

    before: steepness and area of the coarser level on this grid; None at the first. told: share of the rounds done.
    """
    size, cell_km = guides.top_m.shape[0], guides.cell_km
    top = _envelope(guides)
    soft = np.maximum(guides.valley, guides.stream if before is None else 0)
    floor = np.float32(MAPPED_KM2) * soft + 0.01
    rim = np.maximum(guides.top_m * (0.6 - 0.45 * np.maximum(guides.valley, guides.stream)), 1)
    trees = LeastClimb(guides.outlet_m, guides.basin, rim, cell_km)
    uneven = fractal(size, cell_km, 12 * cell_km, 2 * cell_km, 0.5, size)
    if before is None:
        steep = np.log(np.maximum(top, 4) / 6) + np.log(1 - 0.97 * guides.flat)
        area = np.log(floor)
    else:
        steep, area = before
    pins = _pins(guides)
    steep = steep + np.float32(0.7 if before is None else 0.0) * pins
    tree = Tree(top, np.zeros(0, np.int32))
    for turn in range(stage.rounds):
        now = np.maximum(np.exp(area), floor)
        tree = trees.grow(
            np.exp(steep + stage.rough * (1 - stage.settle * turn / (stage.rounds - 1)) * uneven) * slope_factor(now)
        )
        latest = np.log(drained(tree.receiver, cell_km**2))
        area = np.asarray(latest if before is None and turn == 0 else (area + latest) / 2, np.float32)
        if turn + 1 < stage.rounds:
            steep = np.clip(steep + 0.6 * _lack(guides, tree.height_m, top), np.log(0.3), np.log(1.5 * np.maximum(top, 3)))
            steep += 0.3 * _missing(guides, tree.height_m)
        told((turn + 1) / stage.rounds)
    return Growth(banked(healed(tree.height_m, guides), guides), steep, area, tree.height_m, tree.receiver)


def _envelope(guides: Guides) -> Field:
    """Return the height that ridges shall reach: the typed envelope, low swells in plains, never below a river's side."""
    size, cell = guides.top_m.shape[0], guides.cell_km
    water = np.isnan(guides.outlet_m)
    away, (row, column) = distance_transform_edt(water, return_indices=True)
    level = guides.outlet_m[row, column]
    swells = np.clip(10 + 35 * fractal(size, cell, 12, max(2.5 * cell, 4), 0.8, 306), 0, 90) * (1 - guides.flat)
    return np.asarray(np.maximum(guides.top_m + swells, np.where(away * cell < 25, level + 3, 0)), np.float32)


def basin_windows(basin: NDArray[np.int16], margin: int) -> Iterator[tuple[tuple[slice, slice], NDArray[np.bool_]]]:
    """Yield each basin's window of the grid and its mask there, so that no filter looks across a divide."""
    for label in np.unique(basin):
        row, column = np.nonzero((basin == label).any(1))[0], np.nonzero((basin == label).any(0))[0]
        window = (
            slice(max(row[0] - margin, 0), row[-1] + 1 + margin),
            slice(max(column[0] - margin, 0), column[-1] + 1 + margin),
        )
        yield window, basin[window] == label


def _lack(guides: Guides, height: Field, top: Field) -> Field:
    """Return log(envelope / ridges), smooth, within each basin by itself."""
    cell = guides.cell_km
    wide = int(RIDGE_KM / cell) | 1
    lack = np.zeros_like(height)
    for window, own in basin_windows(guides.basin, wide):
        crest = maximum_filter(np.where(own, height[window], 0), wide)
        ridge = np.maximum(_mean_within(crest, own, 2.0 / cell), 1)
        ratio = np.log(np.clip(top[window] / ridge, 0.3, 3))
        lack[window] = np.where(own, _mean_within(ratio, own, EVEN_KM / cell), lack[window])
    return lack


def _pins(guides: Guides) -> Field:
    """Return 1 at named summits, fading within 2 km: water keeps off steep ground, so the crest runs there."""
    field = np.zeros(guides.top_m.shape, np.float32)
    for row, column, _ in guides.summits:
        window, away = _around(guides, row, column, 6.0)
        field[window] = np.maximum(field[window], np.exp(-((away / 2.0) ** 2)))
    return field


def _missing(guides: Guides, height: Field) -> Field:
    """Return log(typed height / ground's height) at named summits, fading within some km."""
    field = np.zeros(height.shape, np.float32)
    for row, column, typed in guides.summits:
        window, away = _around(guides, row, column, 12.0)
        found = float(np.where(away < 2.5, height[window], 0).max(initial=1.0))
        field[window] += np.exp(-((away / 4.0) ** 2)) * float(np.clip(np.log(typed / max(found, 1.0)), -1, 1))
    return field


def _around(guides: Guides, row: float, column: float, reach_km: float) -> tuple[tuple[slice, slice], Field]:
    """Return a window about a place and the distances from it there, km."""
    size, reach = guides.top_m.shape[0], int(reach_km / guides.cell_km) + 1
    rows = slice(max(int(row) - reach, 0), min(int(row) + reach + 1, size))
    columns = slice(max(int(column) - reach, 0), min(int(column) + reach + 1, size))
    north, east = np.mgrid[rows, columns]
    return (rows, columns), np.asarray(np.hypot(north - row, east - column) * guides.cell_km, np.float32)


def _mean_within(field: Field, own: NDArray[np.bool_], sigma: float) -> Field:
    weight = gaussian_filter(own.astype(np.float32), sigma)
    return np.asarray(gaussian_filter(np.where(own, field, np.float32(0)), sigma) / np.maximum(weight, 1e-3), np.float32)


def banked(height: Field, guides: Guides) -> Field:
    """Return heights that lie above the river they are beside: ground that drains elsewhere may have fallen below it."""
    dry = np.isnan(guides.outlet_m)
    away, (row, column) = distance_transform_edt(dry | guides.sea, return_indices=True)
    lift = np.maximum(guides.outlet_m[row, column] + 2 - height, 0)
    near = np.clip((BANKED_KM - away * guides.cell_km) / 2, 0, 1)
    return np.asarray(height + np.where(dry, lift * near, 0), np.float32)


def healed(height: Field, guides: Guides) -> Field:
    """Return heights whose two sides of a divide meet: the lower side rises towards it over a few km."""
    out = height.copy()
    cell = guides.cell_km
    crest = maximum_filter(height, 3)
    dry = np.isnan(guides.outlet_m)
    reach = round(4 * HEAL_KM / cell)
    for window, own in basin_windows(guides.basin, reach):
        if own.all():
            continue
        edge = own & binary_dilation(~own, np.ones((3, 3), bool)) & dry[window]
        if not edge.any():
            continue
        away, (row, column) = distance_transform_edt(~edge, return_indices=True)
        step = np.where(edge, crest[window] - height[window], 0)[row, column]
        step = _mean_within(step.astype(np.float32), own, 0.8 / cell)
        raised = height[window] + step * np.clip(np.exp(-away * cell / HEAL_KM) - np.exp(-4.0), 0, 1)
        out[window] = np.where(own & dry[window], np.maximum(out[window], raised), out[window])
    return out
