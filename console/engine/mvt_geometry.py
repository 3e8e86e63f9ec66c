"""Geometry of Mapbox vector tiles as arrays: a few steps per line instead of some per point."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

MOVE, LINE, CLOSE = 1, 2, 7
Points = NDArray[np.int64]


def parts_of(commands: Iterable[int], *, closed: bool = False) -> list[Points]:
    """Return the points, lines or rings of one feature, each of shape (n, 2) in tile units, y down.

    What comes after a command that cannot be is left out. closed: rings get their first point again.

    Source: Mapbox Vector Tile Specification 2.1, 4.3 geometry encoding.
    """
    words = np.fromiter(commands, np.int64)
    at, cursor = 0, np.zeros(2, np.int64)
    parts: list[list[Points]] = []
    while at < len(words):
        word = int(words[at])
        command, count = word & 7, word >> 3
        at += 1
        if command == CLOSE:
            if parts and closed:
                parts[-1].append(parts[-1][0][:1])
            continue
        if command not in (MOVE, LINE) or count <= 0 or at + 2 * count > len(words):
            break
        raw = words[at : at + 2 * count]
        at += 2 * count
        points = cursor + np.cumsum(((raw >> 1) ^ -(raw & 1)).reshape(-1, 2), axis=0)
        cursor = points[-1]
        if command == MOVE:
            parts.extend([points[i : i + 1]] for i in range(count))
        elif parts:
            parts[-1].append(points)
    return [np.concatenate(part) for part in parts]


def joined(parts: list[Points]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
    """Return x, y of all parts in a row, and 1 where a point is joined to the next."""
    if not parts:
        return np.empty(0), np.empty(0), np.empty(0, np.int32)
    points = np.concatenate(parts).astype(np.float64)
    connect = np.ones(len(points), np.int32)
    connect[np.cumsum([len(p) for p in parts]) - 1] = 0
    return points[:, 0], points[:, 1], connect
