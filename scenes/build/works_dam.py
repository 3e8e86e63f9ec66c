"""A dam: blocks of its section profile, spillway bays, powerhouse, abutments into the ground, marks of the water."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from console.viewdata.scene_works import Dimensions, SceneWorks
from scenes.build.works_gates import Row, bay_row, bay_spans, width_m
from scenes.build.works_solids import (
    CONCRETE,
    CONCRETE_DARK,
    EARTH,
    GRASS,
    ROAD,
    ROOF,
    WALL,
    WATER,
    Color,
    Pieces,
    outline,
    turned,
)

Array = NDArray[np.float64]
GroundAt = Callable[[Array, Array], Array]  # metres east, north of the works' place -> height m, NaN unknown
PARAPET_M = 1.1
SUNK_M = 2.0
ABUTMENT_STEPS = 9


def add_dam(pieces: Pieces, works: SceneWorks, d: Dimensions, ground: GroundAt | None, band: Color) -> None:
    """Add a dam whose axis runs along x, the water at negative y, chainage growing to the right."""
    body, earth = body_outline(works, d)
    sides = tuple(_shade(body, i, d.crest_m, earth=earth) for i in range(len(body)))
    left, right = -d.length_m / 2, d.length_m / 2
    house_m = _house_m(works, d)
    spill_m = width_m(d.bays)
    start = left + max(0.0, (d.length_m - spill_m - house_m) / 2)
    middle = start + spill_m + house_m
    for part, x0, x1 in (("body:left", left, start), ("body:right", middle, right)):
        if x1 - x0 > 0.5:
            pieces.extrude(part, body, x0, x1, sides)
            _crest(pieces, body, x0, x1, d.crest_m, band)
            _marks(pieces, works, body, x0, x1)
    if d.bays:
        row = _row(body, d, start)
        _weirs(pieces, row, d, start, start + spill_m)
        bay_row(pieces, d.bays, row, works.water_m, band)
    if house_m:
        pieces.extrude("body:house", body, start + spill_m, middle, sides)
        _crest(pieces, body, start + spill_m, middle, d.crest_m, band)
        _powerhouse(pieces, body, d, start + spill_m, middle)
    for side, x in ((-1.0, left), (1.0, right)):
        _abutment(pieces, works, d, body, ground, side, x)


def body_outline(works: SceneWorks, d: Dimensions) -> tuple[Array, bool]:
    """Return the section (k, 2) in y, z, counter-clockwise, and whether it is of earth.

    The declared profile where it encloses an area; else a gravity section with a downstream face of 1:0.75, or an
    earth bank of 1:2.5. y is downstream: a profile's offset, positive on the water side, is turned about.
    """
    earth = works.material == "earth"
    given = outline([(-offset, z) for offset, z in d.profile]) if d.profile else None
    if given is not None and given[:, 1].max() > d.base_m + 0.5:
        return given, earth
    h, top = d.height_m, d.crest_m
    if earth:
        made = [[-4.0, top], [-4.0 - 2.5 * h, d.base_m], [4.0 + 2.5 * h, d.base_m], [4.0, top]]
    else:
        wide = max(4.0, 0.12 * h)
        neck = top - max(2.0, 0.16 * h)
        made = [[-2.0, d.base_m], [wide + 0.75 * (neck - d.base_m), d.base_m], [wide, neck], [wide, top], [-2.0, top]]
    return np.asarray(outline(made)), earth


def _shade(body: Array, i: int, crest_m: float, *, earth: bool) -> Color:
    """Return the colour of one side: road on top, grass or riprap on earth, concrete else."""
    a, b = body[i], body[(i + 1) % len(body)]
    if min(a[1], b[1]) > crest_m - 0.3:
        return ROAD
    if not earth:
        return CONCRETE
    return GRASS if (a[0] + b[0]) / 2 > 0 else CONCRETE_DARK


def face_y(body: Array, z: float, *, up: bool) -> float | None:
    """Return where the up- or downstream face of a section (k, 2) is at a level, None above and below it."""
    a, b = body, np.roll(body, -1, axis=0)
    cross = (np.minimum(a[:, 1], b[:, 1]) <= z) & (z <= np.maximum(a[:, 1], b[:, 1])) & (a[:, 1] != b[:, 1])
    if not cross.any():
        return None
    share = (z - a[cross, 1]) / (b[cross, 1] - a[cross, 1])
    y = a[cross, 0] + share * (b[cross, 0] - a[cross, 0])
    return float(y.min() if up else y.max())


def _ends(body: Array, z: float) -> tuple[float, float]:
    """Return the faces at a level, those of the whole section where it does not reach there."""
    up, down = face_y(body, z, up=True), face_y(body, z, up=False)
    return (float(body[:, 0].min()) if up is None else up, float(body[:, 0].max()) if down is None else down)


def _crest(pieces: Pieces, body: Array, x0: float, x1: float, crest_m: float, band: Color) -> None:
    """Add the wave wall and the coloured edge; nothing of it hides the crest's own level."""
    up, down = _ends(body, crest_m - 0.05)
    pieces.box("parapet", (x0, up, crest_m), (x1, up + 0.5, crest_m + PARAPET_M), CONCRETE_DARK)
    pieces.box("band", (x0, up - 0.15, crest_m + PARAPET_M), (x1, up + 0.65, crest_m + PARAPET_M + 0.5), band)
    pieces.box("parapet", (x0, down - 0.4, crest_m), (x1, down, crest_m + 0.5), CONCRETE_DARK)


def _marks(pieces: Pieces, works: SceneWorks, body: Array, x0: float, x1: float) -> None:
    """Add a line on each face where the water stands, where that is known."""
    for part, level, up in (("water-mark", works.water_m, True), ("tail-mark", works.tail_m, False)):
        y = None if level is None else face_y(body, level, up=up)
        if level is not None and y is not None:
            reach = (y - 0.35, y + 0.1) if up else (y - 0.1, y + 0.35)
            pieces.box(part, (x0, reach[0], level - 0.25), (x1, reach[1], level + 0.25), WATER)


def _row(body: Array, d: Dimensions, x0: float) -> Row:
    up, _ = _ends(body, d.base_m + 0.5 * d.height_m)
    leaf = max(b.max_opening_m or 1.0 for b in d.bays)
    return Row(x0, up - 1.0, up + 5.0, up + 9.0 + max(12.0, 1.4 * leaf), d.base_m, d.crest_m)


def _weirs(pieces: Pieces, row: Row, d: Dimensions, x0: float, x1: float) -> None:
    """Add the overflow sections: one where all sills are of one level, else one for each bay."""
    sills = [b.sill_m if b.sill_m is not None else d.base_m for b in d.bays]
    if max(sills) - min(sills) < 0.01:
        pieces.extrude("weir", _weir(row, d, sills[0]), x0, x1, CONCRETE)
        return
    for (a, b), sill in zip(bay_spans(d.bays, x0), sills, strict=True):
        pieces.extrude("weir", _weir(row, d, sill), a, b, CONCRETE)


def _weir(row: Row, d: Dimensions, sill: float) -> Array:
    """Return an overflow section: sill, slope and apron."""
    sill = max(sill, d.base_m + 0.3)
    low = d.base_m + 0.10 * (sill - d.base_m)
    y, end = row.y_gate + 4.0, 2 * row.y_down - row.y_gate + 14.0
    drop = y + (row.y_down - row.y_gate)
    points = [[row.y_up + 0.5, d.base_m], [end, d.base_m], [end, low], [drop, low], [y, sill], [row.y_up + 0.5, sill]]
    return np.asarray(outline(points))


def _house_m(works: SceneWorks, d: Dimensions) -> float:
    wanted = works.powerhouse or works.type == "hydropower"
    room = d.length_m - width_m(d.bays)
    return min(max(24.0, 0.16 * d.length_m), 0.5 * room) if wanted and room > 12.0 else 0.0


def _powerhouse(pieces: Pieces, body: Array, d: Dimensions, x0: float, x1: float) -> None:
    """Add a hall at the toe; how many units it has is not drawn, no fact says so."""
    _, y = _ends(body, d.base_m + 0.35 * d.height_m)
    floor, high = d.base_m, d.base_m + max(10.0, 0.55 * d.height_m)
    deep = max(14.0, 0.5 * d.height_m)
    pieces.box("powerhouse", (x0 + 1, y, floor), (x1 - 1, y + deep, high), WALL)
    pieces.box("powerhouse", (x0, y - 0.5, high), (x1, y + deep + 0.5, high + 1.0), ROOF)
    pieces.box("powerhouse", (x0 + 2, y + deep, high - 4.0), (x1 - 2, y + deep + 0.2, high - 1.5), ROOF)


def _abutment(
    pieces: Pieces, works: SceneWorks, d: Dimensions, body: Array, ground: GroundAt | None, side: float, x: float
) -> None:
    """Carry the dam into the bank: on to where the ground reaches the crest, else down a short slope."""
    reach = max(20.0, 1.5 * d.height_m)
    at = x + side * np.linspace(0.0, reach, ABUTMENT_STEPS)
    known = _ground_along(works, ground, at)
    top = np.full(len(at), d.crest_m)
    if known is None:
        top = d.crest_m - (d.height_m - 0.5) * np.linspace(0.0, 1.0, len(at)) ** 1.4
        floor = np.full(len(at), d.base_m)
    else:
        floor = np.minimum(known - SUNK_M, d.base_m)
        high = np.flatnonzero(known >= d.crest_m)
        last = int(high[0]) + 1 if len(high) else len(at)
        at, top, floor = at[: max(2, last)], top[: max(2, last)], floor[: max(2, last)]
    up, down = _ends(body, d.crest_m - 0.05)
    slope = 1.2
    rings = np.empty((len(at), 4, 3))
    rings[:, :, 0] = at[:, None]
    rings[:, 0, 1], rings[:, 0, 2] = up - slope * (top - floor), floor
    rings[:, 1, 1], rings[:, 1, 2] = down + slope * (top - floor), floor
    rings[:, 2, 1], rings[:, 2, 2] = down, top
    rings[:, 3, 1], rings[:, 3, 2] = up, top
    if side < 0:
        rings = rings[::-1]
    pieces.sweep("abutment", rings, (EARTH, GRASS, GRASS, GRASS))


def _ground_along(works: SceneWorks, ground: GroundAt | None, at: Array) -> Array | None:
    """Return the ground under places of the axis, None where any of it is not known."""
    if ground is None:
        return None
    places = turned(np.column_stack([at, np.zeros(len(at)), np.zeros(len(at))]), works.bearing_deg or 0.0)
    found = np.asarray(ground(places[:, 0], places[:, 1]), float)
    return found if np.isfinite(found).all() else None
