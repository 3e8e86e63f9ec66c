"""Sluices and pumping stations; a works of unknown type is a plain block that says nothing of what it is."""

from __future__ import annotations

import numpy as np

from console.viewdata.scene_works import Dimensions, SceneWorks
from scenes.build.works_gates import Row, bay_row, width_m
from scenes.build.works_solids import CONCRETE, CONCRETE_DARK, EARTH, GRASS, ROOF, UNKNOWN, WALL, Color, Pieces, outline

SUNK_M = 2.0


def add_sluice(pieces: Pieces, works: SceneWorks, d: Dimensions, band: Color) -> None:
    """Add a sluice: floor, bays, side walls and the banks it is set in. Without bays only a covered block stands."""
    wide = width_m(d.bays) or min(d.length_m, 24.0)
    left = -wide / 2
    leaf = max((b.max_opening_m or 1.0 for b in d.bays), default=0.6 * d.height_m)
    row = Row(left, -6.0, 0.0, max(10.0, 2 * leaf), d.base_m, d.crest_m)
    pieces.box("floor", (left - 1, -14.0, d.base_m - SUNK_M), (left + wide + 1, row.y_down + 14.0, d.base_m), CONCRETE_DARK)
    if d.bays:
        for bay, x0, x1 in _steps(d, left):
            if bay > d.base_m + 0.05:
                pieces.box("weir", (x0, -3.0, d.base_m), (x1, 3.0, bay), CONCRETE)
        bay_row(pieces, d.bays, row, works.water_m, band)
    else:
        _unknown_block(pieces, "gate-unknown", (left, -5.0, d.base_m), (left + wide, 5.0, d.crest_m))
        pieces.box("band", (left, -5.2, d.crest_m), (left + wide, 5.2, d.crest_m + 0.6), band)
    _banks(pieces, d, left, wide, row.y_down)


def _steps(d: Dimensions, left: float) -> list[tuple[float, float, float]]:
    """Return (sill, x0, x1) of every bay with its left pier."""
    found, x = [], left
    for bay in d.bays:
        reach = width_m((bay,)) - (width_m((bay,)) - (bay.width_m or 0.0)) / 2
        found.append((bay.sill_m if bay.sill_m is not None else d.base_m, x, x + reach))
        x += reach
    return found


def _banks(pieces: Pieces, d: Dimensions, left: float, wide: float, down: float) -> None:
    """Add the side walls and the bank that they hold."""
    for side, x in ((-1.0, left), (1.0, left + wide)):
        pieces.box("wall", (min(x, x + side), -8.0, d.base_m), (max(x, x + side), down + 2.0, d.crest_m), CONCRETE)
        reach = max(18.0, 2.5 * d.height_m)
        section = [
            (-8.0 - 2.5 * d.height_m, d.base_m - SUNK_M),
            (down + 2.0 + 2.5 * d.height_m, d.base_m - SUNK_M),
            (down + 2.0, d.crest_m - 0.2),
            (-8.0, d.crest_m - 0.2),
        ]
        ends = sorted((x + side, x + side * (1 + reach)))
        pieces.extrude("bank", np.asarray(outline(section)), ends[0], ends[1], (EARTH, GRASS, GRASS, GRASS))


def add_pump(pieces: Pieces, works: SceneWorks, d: Dimensions, band: Color) -> None:
    """Add a pumping station: forebay, hall, outlet to the river side. How many units it has is not drawn."""
    half, floor, top = min(max(d.length_m, 20.0), 120.0) / 2, d.base_m, d.crest_m
    deep = max(12.0, 0.6 * half)
    pieces.box("floor", (-half - 2, -deep - 18.0, floor - SUNK_M), (half + 2, deep + 4.0, floor), CONCRETE_DARK)
    for x in (-half - 2.0, half + 1.0):
        pieces.box("wall", (x, -deep - 18.0, floor), (x + 1.0, -deep / 2, floor + 0.5 * d.height_m), CONCRETE)
    pieces.box("hall", (-half, -deep / 2, floor), (half, deep / 2, top), WALL)
    pieces.box("hall", (-half + 2, -deep / 2 - 0.2, top - 3.2), (half - 2, -deep / 2, top - 1.2), ROOF)
    ridge = np.array([[-deep / 2 - 1.2, top], [deep / 2 + 1.2, top], [0.0, top + 0.22 * deep]])
    pieces.extrude("roof", ridge, -half - 1.0, half + 1.0, ROOF)
    pieces.box("band", (-half - 0.2, -deep / 2 - 0.3, top - 0.7), (half + 0.2, deep / 2 + 0.3, top - 0.1), band)
    pieces.box("outlet", (-0.35 * half, deep / 2, floor + 0.4), (0.35 * half, deep + 4.0, floor + 0.45 * d.height_m), CONCRETE)


def add_unknown(pieces: Pieces, d: Dimensions, band: Color) -> None:
    """Add a striped block for a works whose type nobody stated."""
    _unknown_block(pieces, "unknown", (-8.0, -8.0, d.base_m), (8.0, 8.0, d.crest_m))
    pieces.box("band", (-8.3, -8.3, d.crest_m), (8.3, 8.3, d.crest_m + 0.6), band)


def _unknown_block(pieces: Pieces, part: str, low: tuple[float, float, float], high: tuple[float, float, float]) -> None:
    """Add an open frame of bars: something stands here, nothing is known of its inside."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    thick = 0.06 * min(x1 - x0, y1 - y0, z1 - z0) + 0.2
    corners = [(x, y) for x in (x0, x1) for y in (y0, y1)]
    for x, y in corners:
        pieces.bar(part, (x, y, z0), (x, y, z1), thick, UNKNOWN)
    for z in (z0 + thick, z1 - thick):
        for (ax, ay), (bx, by) in (((x0, y0), (x1, y0)), ((x1, y0), (x1, y1)), ((x1, y1), (x0, y1)), ((x0, y1), (x0, y0))):
            pieces.bar(part, (ax, ay, z), (bx, by, z), thick, UNKNOWN)
    for y in (y0, y1):
        pieces.bar(part, (x0, y, z0), (x1, y, z1), thick, UNKNOWN)
