"""Isohyets: gauge rain spread over a grid by inverse distance, cut into bands of equal grade."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from contourpy import FillType, contour_generator
from numpy.typing import NDArray

Array = NDArray[np.float64]
POWER = 2.0
NEAREST = 12  # gauges that speak for a place
CHUNK = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Rain from low to high mm. rings: closed lines (m, 2) of one area with its holes, in grid coordinates."""

    low_mm: float
    high_mm: float
    rings: tuple[tuple[Array, ...], ...]


def spread(gauges: Array, rain_mm: Array, x: Array, y: Array) -> Array:
    """Return rain (ny, nx) at grid nodes by inverse-distance weighting (power 2, nearest 12 gauges).

    gauges (n, 2), rain_mm (n,), x (nx,), y (ny,) in one plane. Values never leave the gauges' range.

    Raises:
        ValueError: no gauge, or something not finite.
    Source: Shepard 1968.
    """
    if not len(rain_mm) or not (np.isfinite(gauges).all() and np.isfinite(rain_mm).all()):
        raise ValueError("gauges need finite places and rain")
    nodes = np.column_stack([g.ravel() for g in np.meshgrid(x, y)])
    out = np.empty(len(nodes))
    k = min(NEAREST, len(rain_mm))
    for first in range(0, len(nodes), CHUNK):
        part = nodes[first : first + CHUNK]
        d2 = ((part[:, None, :] - gauges[None, :, :]) ** 2).sum(2)
        near = np.argpartition(d2, k - 1, axis=1)[:, :k]
        weight = 1.0 / np.maximum(np.take_along_axis(d2, near, 1), 1e-9) ** (POWER / 2)
        out[first : first + CHUNK] = (weight * rain_mm[near]).sum(1) / weight.sum(1)
    return out.reshape(len(y), len(x))


def bands(x: Array, y: Array, z: Array, bounds: tuple[float, ...]) -> list[Band]:
    """Return the filled bands between neighbouring bounds, the last one open upwards; empty ones left out."""
    generator = contour_generator(x, y, z, fill_type=FillType.OuterOffset)
    top = float(np.nanmax(z)) + 1.0
    edges = [*bounds, max(top, bounds[-1] + 1.0)]
    found = []
    for low, high in itertools.pairwise(edges):
        filled = generator.filled(low, high)
        areas, offsets = (cast("list[Any]", part) for part in filled[:2])
        rings = tuple(
            tuple(np.asarray(points[a:b], float) for a, b in itertools.pairwise(cut.tolist()))
            for points, cut in zip(areas, offsets, strict=True)
        )
        if rings:
            found.append(Band(low, high, rings))
    return found
