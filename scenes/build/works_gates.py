"""A row of bays: weir, piers, gates lifted by their opening, deck and hoists. An unknown opening is hatched, never closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from console.viewdata.scene_works import BAY_M, PIER_SHARE, SceneGate
from scenes.build.works_solids import (
    CONCRETE,
    CONCRETE_DARK,
    ROAD,
    STEEL,
    UNKNOWN,
    UNKNOWN_DARK,
    WALL,
    WATER,
    WHITE,
    Color,
    Pieces,
)

FINE = 18  # bays up to which ribs, hoists and rounded piers are drawn
LEAF_M = 0.9
HATCH = 6  # bars across an unknown bay
STROKE = ((-0.35, 0.75), (-0.3, 1.0), (0.3, 1.0), (0.35, 0.7), (0.0, 0.45), (0.0, 0.22))  # of a question mark, x, z


@dataclass(frozen=True, slots=True)
class Row:
    """Where a row of bays stands. x0: its left side; y_gate: plane of the gates; y_up, y_down: ends of the piers."""

    x0: float
    y_up: float
    y_gate: float
    y_down: float
    base_m: float
    crest_m: float

    @property
    def beam_y(self) -> tuple[float, float]:
        return self.y_gate - 2.2, self.y_gate + 2.2


def width_m(bays: Sequence[SceneGate]) -> float:
    """Return the length of a row, its outer piers included."""
    if not bays:
        return 0.0
    widths = [b.width_m or BAY_M for b in bays]
    return sum(widths) + sum(_pier(w) for w in widths) + _pier(widths[-1])


def bay_spans(bays: Sequence[SceneGate], x0: float) -> list[tuple[float, float]]:
    """Return (left, right) of every bay's clear opening."""
    found, x = [], x0
    for bay in bays:
        width = bay.width_m or BAY_M
        found.append((x + _pier(width), x + _pier(width) + width))
        x += _pier(width) + width
    return found


def bay_row(pieces: Pieces, bays: Sequence[SceneGate], row: Row, water_m: float | None, band: Color) -> None:
    """Add a row of bays whose sizes are all filled in (dimensions().bays)."""
    fine = len(bays) <= FINE
    x = row.x0
    top = max([row.crest_m, *(_hoist_m(b) for b in bays)])
    for n, bay in enumerate(bays):
        width = bay.width_m or BAY_M
        pier = _pier(width)
        _stand(pieces, f"pier:{n}", x, x + pier, row, fine=fine)
        if fine:
            _columns(pieces, x + pier / 2, row, top)
        _gate(pieces, bay, x + pier, width, row, fine=fine)
        _flow(pieces, bay, x + pier, width, row, water_m)
        x += pier + width
    last = _pier(bays[-1].width_m or BAY_M)
    _stand(pieces, f"pier:{len(bays)}", x, x + last, row, fine=fine)
    if fine:
        _columns(pieces, x + last / 2, row, top)
    x += last
    a, b = row.beam_y
    pieces.box("hoist", (row.x0, a, top), (x, b, top + 1.0), CONCRETE_DARK)
    pieces.box("hoist", (row.x0, a + 0.5, top + 1.0), (x, b - 0.5, top + 3.6), WALL)
    pieces.box("band", (row.x0, a, top + 3.6), (x, b, top + 4.1), band)
    deck = max(row.y_gate + 3.0, row.y_down - 9.0)
    pieces.box(
        "bridge", (row.x0 - 0.1, deck, row.crest_m - 0.8), (x + 0.1, max(row.y_down, deck + 4.0) + 0.3, row.crest_m + 0.2), ROAD
    )


def _pier(width: float) -> float:
    return PIER_SHARE * width


def _hoist_m(bay: SceneGate) -> float:
    """Return the level to which a leaf's upper edge rises when its gate is fully open."""
    full = bay.max_opening_m or 1.0
    return (bay.sill_m or 0.0) + full + max(full, bay.opening_m or 0.0)


def _stand(pieces: Pieces, part: str, x0: float, x1: float, row: Row, *, fine: bool) -> None:
    middle, nose = (x0 + x1) / 2, (x1 - x0) * 0.8
    plan = [[x0, row.y_up], [x1, row.y_up], [x1, row.y_down], [x0, row.y_down]]
    if fine:
        plan = [[x0, row.y_up], [middle, row.y_up - nose], [x1, row.y_up], [x1, row.y_down], [x0, row.y_down]]
    pieces.prism(part, np.array(plan), row.base_m, row.crest_m, CONCRETE)


def _columns(pieces: Pieces, x: float, row: Row, top: float) -> None:
    if top > row.crest_m + 0.1:
        pieces.box("hoist", (x - 0.6, row.y_gate - 1.6, row.crest_m), (x + 0.6, row.y_gate + 1.6, top), CONCRETE)


def _gate(pieces: Pieces, bay: SceneGate, x: float, width: float, row: Row, *, fine: bool) -> None:
    full, sill = bay.max_opening_m or 1.0, bay.sill_m or 0.0
    gap = 0.02 * width
    if bay.opening_m is None:
        _hatch(pieces, bay, x + gap, x + width - gap, row.y_gate, bars=HATCH if fine else 2)
        return
    low = sill + bay.opening_m
    part, half = f"gate:{bay.number}", LEAF_M / 2
    pieces.box(part, (x + gap, row.y_gate - half, low), (x + width - gap, row.y_gate + half, low + full), STEEL)
    if fine:
        for share in (0.18, 0.5, 0.82):
            z = low + share * full
            y = row.y_gate + half
            pieces.box(part, (x + gap, y, z - 0.03 * full), (x + width - gap, y + 0.5, z + 0.03 * full), CONCRETE_DARK)


def _hatch(pieces: Pieces, bay: SceneGate, x0: float, x1: float, y: float, *, bars: int) -> None:
    """Draw a bay whose opening is not known: slanted bars with gaps within a frame, and a question mark before it."""
    part = f"gate-unknown:{bay.number}"
    full, sill = bay.max_opening_m or 1.0, bay.sill_m or 0.0
    z0, z1, width = sill + 0.06 * full, sill + full, x1 - x0
    step = (width + (z1 - z0)) / (bars + 1)
    thick = min(0.3 * step, 0.16 * full)
    for k in range(1, bars + 1):
        c = k * step  # along x + z = c, cut to the frame
        low = (x0 + min(c, width), y, z0 + max(0.0, c - width))
        high = (x0 + max(0.0, c - (z1 - z0)), y, z0 + min(c, z1 - z0))
        pieces.bar(part, low, high, thick, UNKNOWN if k % 2 else UNKNOWN_DARK)
    if bars < HATCH:
        return
    for a, b in (((x0, z1), (x1, z1)), ((x0, z0), (x0, z1)), ((x1, z0), (x1, z1))):
        pieces.bar(part, (a[0], y, a[1]), (b[0], y, b[1]), 0.06 * full, UNKNOWN_DARK)
    for side in (-1.0, 1.0):
        _question(pieces, part, ((x0 + x1) / 2, y + side, z0 + 0.25 * full), 0.5 * min(width, z1 - z0), side)


def _question(pieces: Pieces, part: str, foot: tuple[float, float, float], size: float, side: float) -> None:
    """Add a flat question mark that is read from left to right from the side it is on."""
    strokes = [*pairwise(STROKE), ((0.0, 0.0), (0.0, 0.12))]
    half = 0.055
    found = []
    for a, b in strokes:
        way = np.subtract(b, a)
        across = half * np.array([-way[1], way[0]]) / np.linalg.norm(way)
        p, q, r, t = np.add(a, across), np.subtract(a, across), np.subtract(b, across), np.add(b, across)
        found += [[p, q, r], [p, r, t]]
    flat: NDArray[np.float64] = np.array(found, float)
    corners = np.stack(
        [foot[0] - side * flat[..., 0] * size, np.full(flat.shape[:2], foot[1]), foot[2] + flat[..., 1] * size], -1
    )
    pieces.triangles(part, corners, WHITE)


def _flow(pieces: Pieces, bay: SceneGate, x: float, width: float, row: Row, water_m: float | None) -> None:
    """Draw water under a gate that is known to be open and has known water above its sill."""
    if bay.opening_m is None or bay.sill_m is None or bay.opening_m < 0.02 or water_m is None or water_m <= bay.sill_m:
        return
    depth = min(bay.opening_m, water_m - bay.sill_m)
    y0, y1, reach = row.y_gate - 1.0, row.y_gate + 4.0, row.y_down - row.y_gate
    low = row.base_m + 0.10 * (bay.sill_m - row.base_m)
    skin = [[y0, bay.sill_m], [y1, bay.sill_m], [y1 + reach, low + 0.1], [y1 + reach + 6.0, low + 0.1]]
    skin += [[y1 + reach + 6.0, low + 0.3 * depth + 0.2], [y1 + reach, low + 0.4 * depth + 0.2], [y1, bay.sill_m + 0.8 * depth]]
    skin += [[y0, bay.sill_m + depth]]
    pieces.extrude(f"flow:{bay.number}", np.array(skin), x, x + width, WATER)
