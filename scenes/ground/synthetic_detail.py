"""From the grown ground to the finest grid: hillside detail, lone hills, exact summits, channels, sea bed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (
    distance_transform_edt,
    gaussian_filter,
    map_coordinates,
    maximum_filter,
    minimum_filter,
    spline_filter,
    zoom,
)

from scenes.ground.frame import HALF_KM, ROOT_KM, to_local
from scenes.ground.synthetic_flow import drained, highest_below, steepest
from scenes.ground.synthetic_growth import Growth
from scenes.ground.synthetic_guides import Bend, Course, Line, cells, inside, lake_levels
from scenes.ground.synthetic_noise import fractal, ridged

Array = NDArray[np.float64]
Field = NDArray[np.float32]
CHANNEL_KM = 0.32  # half width: wider than nature's, so that three nodes always lie in it
BANK_KM = 1.2
BANK_M = 1.5  # above it
SUMMIT_KM = 2.5  # a named summit is within so far of its typed place
STREAM_KM2 = 5.0
VALLEY_KM = 0.8  # sides are shaped so far
SHORE_M = 0.3  # the lowest ground
ROWS = 128
SPUR, GULLY = 0.09, 0.03  # heights of spurs and, per doubling of area, of gullies, as shares of the relief about
GULLY_KM2 = 5.0


def unbent(height: Field, bend: Bend, size: int) -> Field:
    """Return the grown ground (on the bent grid) at the nodes of a plain grid of size²."""
    cell, grown = ROOT_KM / (size - 1), ROOT_KM / (height.shape[0] - 1)
    smooth = spline_filter(gaussian_filter(height, 0.55), order=3, output=np.float32)
    axis = np.arange(size) * cell - HALF_KM
    out = np.empty((size, size), np.float32)
    for first in range(0, size, ROWS):
        north, east = np.meshgrid(axis[first : first + ROWS], axis, indexing="ij")
        x, y = bend(east, north)
        at = np.stack([(y + HALF_KM) / grown, (x + HALF_KM) / grown])
        out[first : first + ROWS] = map_coordinates(smooth, at, order=3, mode="nearest", prefilter=False)
    return out


def roughen(ground: Field) -> None:
    """Add spurs in place and let water cut gullies between; their size goes with the relief around, plains stay plain."""
    size = ground.shape[0]
    cell = ROOT_KM / (size - 1)
    every = max(1, round(0.4 / cell))
    coarse = ground[::every, ::every]
    wide = max(3, int(2.0 / (cell * every)) | 1)
    relief = gaussian_filter(maximum_filter(coarse, wide) - minimum_filter(coarse, wide), 1.0)
    relief = zoom(relief, size / relief.shape[0], order=1)[:size, :size]
    noise = fractal(size, cell, max(2.4, 4 * cell), max(0.4, 2 * cell), 1.0, 309)
    ground += (SPUR * relief) * (ridged(noise) - 0.1)
    del noise
    area = drained(steepest(ground), cell**2)
    depth = np.log2(np.clip(area / cell**2, 1, GULLY_KM2 / cell**2 + 1))
    del area
    ground -= (GULLY * relief) * gaussian_filter(depth, 0.6)


def cut_valleys(ground: Field, growth: Growth, rivers: Sequence[Course], bend: Bend) -> None:
    """Cut valleys along the grown streams and the rivers in place: resampling and detail have dammed narrow ones.

    A stream is cut near the level of the tree it grew on, which falls all the way, though healing its
    basin's divide may have lifted the ground. Beside the cut the ground slumps, so no edge shows.
    """
    size = ground.shape[0]
    cell = ROOT_KM / (size - 1)
    reach = max(1, round(VALLEY_KM / cell))
    valley = np.full(ground.shape, np.inf, np.float32)
    for east, north, bottom, width, rise in _bottoms(growth, rivers, bend, cell):
        _widen(valley, east, north, bottom, width, rise, reach)
    cut = maximum_filter(np.maximum(ground - valley, 0), 3)
    ground -= gaussian_filter(cut, 1.3, truncate=2.5, output=cut)
    np.minimum(ground, valley, out=ground)
    valley.fill(np.inf)
    for east, north, bottom, width, rise in _bottoms(growth, rivers, bend, cell):
        _widen(valley, east, north, bottom, width, rise, 0)
    lowest = minimum_filter(valley, 5)  # neither slump nor gully lies below the stream it is beside
    np.maximum(ground, lowest, out=ground, where=np.isfinite(lowest))


def _bottoms(
    growth: Growth, rivers: Sequence[Course], bend: Bend, cell_km: float
) -> Iterator[tuple[Array, Array, Array, Array, float]]:
    """Yield places along valleys: east, north (km), bottom (m), half width of its floor (km), rise of its sides (m/km)."""
    for river in rivers:
        width = _uneven(river.east_km, river.north_km) * (0.35 + 0.35 * np.exp(-river.level_m / 80))
        yield river.east_km[::2], river.north_km[::2], river.level_m[::2] + BANK_M + 1, width[::2], 70.0
    to, grown = growth.receiver.ravel(), growth.receiver.shape[0]
    coarse = ROOT_KM / (grown - 1)
    area = drained(growth.receiver, coarse**2).ravel()
    start = np.flatnonzero((area >= STREAM_KM2) & (np.arange(to.size, dtype=np.int32) != to))
    level = (0.3 * highest_below(growth.height_m, growth.receiver) + 0.7 * growth.unhealed_m).ravel()
    first, last = (bend.undone(i % grown * coarse - HALF_KM, i // grown * coarse - HALF_KM) for i in (start, to[start]))
    width = np.clip(0.05 * area[start] ** 0.33, 0.05, 0.45) * _uneven(*first)
    steps = max(1, round(1.5 * coarse / cell_km))
    for share in np.arange(steps) / steps:
        east, north = ((1 - share) * p + share * q for p, q in zip(first, last, strict=True))
        yield east, north, (1 - share) * level[start] + share * level[to[start]], width, 150.0


def _widen(valley: Field, east: Array, north: Array, bottom: Array, floor_km: Array, rise_m_km: float, reach: int) -> None:
    """Lower a field to valleys: their bottoms, and sides that rise from half the floor's width on."""
    size = valley.shape[0]
    cell = ROOT_KM / (size - 1)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            row, column, on = cells(east + dx * cell, north + dy * cell, size)
            side = rise_m_km * np.maximum(0.0, float(np.hypot(dx, dy)) * cell - floor_km)
            np.minimum.at(valley, (row[on], column[on]), (bottom + side)[on].astype(np.float32))


def _uneven(east_km: Array, north_km: Array) -> Array:
    """Return a factor about 1 that varies along valleys: basins and narrows."""
    noise = fractal(513, ROOT_KM / 512, 30, 4.0, 0.8, 310)
    at = (np.stack([north_km, east_km]) + HALF_KM) * 512 / ROOT_KM
    return np.asarray(np.exp(0.45 * map_coordinates(noise, at, order=1, mode="nearest")))


def level_deltas(ground: Field, flats: Sequence[Mapping[str, Any]]) -> None:
    """Lower what stands up in the typed deltas to about their height, in place; they fray into the hills around."""
    size = ground.shape[0]
    cell = ROOT_KM / (size - 1)
    frayed = 3.5 * fractal(size, cell, 25, max(3.0, 2 * cell), 0.8, 311)
    for flat in (f for f in flats if f["delta"]):
        ring = np.array(flat["ring"], float)
        x, y = to_local(ring[:, 0], ring[:, 1])
        low = [max(int((v.min() - 20 + HALF_KM) / cell), 0) for v in (y, x)]
        high = [int((v.max() + 20 + HALF_KM) / cell) + 1 for v in (y, x)]
        window = slice(low[0], high[0]), slice(low[1], high[1])
        within = inside([ring], size)[window]
        off = (distance_transform_edt(~within) - distance_transform_edt(within)) * cell + frayed[window]
        share = np.clip(0.6 - off / 9.0, 0, 1)
        share = share * share * (3 - 2 * share)
        ground[window] -= share * np.maximum(ground[window] - flat["height_m"], 0)


def add_hills(ground: Field, hills: Sequence[Sequence[Any]]) -> None:
    """Raise the hills that stand alone in plains, in place."""
    size = ground.shape[0]
    cell = ROOT_KM / (size - 1)
    for number, (lon, lat, height, radius, *_) in enumerate(hills):
        (rows, columns), away, angle = _near(size, lon, lat, 1.3 * radius)
        lobes = np.random.default_rng(400 + number).uniform(0, 2 * np.pi, 4)
        foot = radius * (1 + sum(0.16 / (k + 1) ** 0.4 * np.cos((k + 2) * angle + lobes[k]) for k in range(4)))
        up = np.clip(1 - away / foot, 0, 1)
        side = max(8, *away.shape)
        grain = fractal(side, cell, max(radius / 1.5, 3 * cell), 2 * cell, 1.0, 500 + number)[: away.shape[0], : away.shape[1]]
        shape = height * up**1.35 * (1 + 0.6 * (ridged(grain) - 0.5) * (1 - up) * (away > 0.2))
        ground[rows, columns] = np.maximum(ground[rows, columns], shape)


def fix_summits(ground: Field, named: Sequence[Sequence[Any]]) -> None:
    """Bring named summits to their typed heights in place, each the highest ground about it.

    Only what stands above the valleys about is stretched or lowered. named: lon, lat, height m first.
    """
    size = ground.shape[0]
    for lon, lat, height, *_ in named:
        (rows, columns), away, _ = _near(size, lon, lat, 11.0)
        if not away.size:
            continue
        window = ground[rows, columns]
        top = np.unravel_index(np.where(away < SUMMIT_KM, window, -np.inf).argmax(), window.shape)
        cell = ROOT_KM / (size - 1)
        row, column = np.mgrid[: window.shape[0], : window.shape[1]]
        off = np.hypot(row - top[0], column - top[1]) * cell
        reach = max(1, round(2.0 / cell))
        floor = np.minimum(gaussian_filter(minimum_filter(window, 2 * reach + 1), reach / 2), window)
        gain = (height - floor[top]) / max(float(window[top] - floor[top]), 30.0) - 1
        window += (window - floor) * gain * np.exp(-((off / 3.5) ** 2))
        cap = height - 3.0 * (off > 0) - 10.0 * np.clip(off - cell, 0, None)
        above = np.maximum(window - np.maximum(cap, floor + 1), 0) / np.maximum(window - floor, 1)
        window -= (window - floor) * _hull(above * np.clip((8.5 - off) / 4.0, 0, 1), reach)
        window[top] = height


def _hull(share: Array, reach: int) -> Array:
    """Return a smooth field nowhere below the given one, so that what it lowers keeps its shape."""
    highest = maximum_filter(share, 2 * reach + 1)
    return np.asarray(gaussian_filter(highest, reach / 2, truncate=2.0))


def _near(size: int, lon: float, lat: float, reach_km: float) -> tuple[tuple[slice, slice], Array, Array]:
    """Return a window of nodes about a place, their distances (km) and directions (rad) from it."""
    cell = ROOT_KM / (size - 1)
    x, y = (float(v) for v in to_local(lon, lat))
    low = [int(np.clip((v - reach_km + HALF_KM) / cell, 0, size)) for v in (y, x)]
    high = [int(np.clip((v + reach_km + HALF_KM) / cell + 2, 0, size)) for v in (y, x)]
    rows, columns = slice(low[0], high[0]), slice(low[1], high[1])
    north = np.arange(low[0], high[0])[:, None] * cell - HALF_KM - y
    east = np.arange(low[1], high[1])[None, :] * cell - HALF_KM - x
    return (rows, columns), np.hypot(north, east), np.arctan2(north, east)


def fill_sea(ground: Field, land: Sequence[Line]) -> None:
    """Put the sea below zero and land above it, in place; the shelf deepens offshore."""
    size = ground.shape[0]
    coarse = min(size, 1025)
    off = distance_transform_edt(~inside(land, coarse)) * (ROOT_KM / (coarse - 1))
    off = zoom(gaussian_filter(off.astype(np.float32), 0.7), size / coarse, order=1)[:size, :size]
    sea = ~inside(land, size)
    np.maximum(ground, SHORE_M, out=ground)
    ground[sea] = -(1.5 + 1.4 * off[sea] ** 0.75)


def carve(ground: Field, rivers: Sequence[Course], relief: Mapping[str, Any], lakes: Sequence[Line]) -> None:
    """Cut channels along rivers with a profile and bowls of lakes, in place.

    A node of the channel takes the lowest bed within its half width, so that beds fall along the line. Beside
    it the ground is kept above low water: no river runs on a ridge.
    """
    size = ground.shape[0]
    cell = ROOT_KM / (size - 1)
    bank, bed = np.full(ground.shape, -np.inf, np.float32), np.full(ground.shape, np.inf, np.float32)
    for river in rivers:
        _stamp(np.maximum, bank, river, river.level_m + BANK_M, BANK_KM)
        _stamp(np.minimum, bed, river, river.level_m - bed_depth_m(river.level_m), max(CHANNEL_KM, 0.9 * cell))
    np.maximum(ground, np.where(ground < 0, -np.inf, bank), out=ground)
    for ring, level in lake_levels(relief, lakes):
        water = inside([ring], size)
        depth = distance_transform_edt(water)[water] * cell
        ground[water] = np.minimum(level - 2 - 12 * depth, ground[water])
    np.minimum(ground, bed, out=ground)


def bed_depth_m(level_m: Array) -> Array:
    """Return how deep a bed lies below low water: 6 m near the sea, 2 m in the mountains."""
    return np.asarray(2.0 + 4.0 * np.exp(-level_m / 60.0))


def _stamp(of: np.ufunc, field: Field, river: Course, level: Array, radius_km: float) -> None:
    size = field.shape[0]
    cell = ROOT_KM / (size - 1)
    reach = int(radius_km / cell) + 1
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            row, column, on = cells(river.east_km + dx * cell, river.north_km + dy * cell, size)
            off = np.hypot(column * cell - HALF_KM - river.east_km, row * cell - HALF_KM - river.north_km)
            on &= off <= radius_km
            of.at(field, (row[on], column[on]), level[on].astype(np.float32))
