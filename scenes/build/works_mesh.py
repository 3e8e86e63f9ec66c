"""The parametric model of a works, and its sign for views from afar."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from console.viewdata.scene_works import SceneGate, SceneWorks, dimensions
from scenes.build.works_buildings import add_pump, add_sluice, add_unknown
from scenes.build.works_dam import add_dam
from scenes.build.works_levee import Mark, add_levee, course
from scenes.build.works_solids import UNKNOWN, Color, Mesh, Pieces
from scenes.ground.frame import to_local

Array = NDArray[np.float64]
GroundAt = Callable[[Array, Array], Array]
SIGN_BAYS = 5
SIGN_STATIONS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A works' mesh around its (lon, lat) and what is to be written on it."""

    mesh: Mesh
    marks: tuple[Mark, ...] = ()


def ground_around(heights: Callable[[Array, Array], NDArray[np.float32]], lon: float, lat: float) -> GroundAt:
    """Return the ground in metres around a place, from heights of local kilometres as scenes.ground gives them."""
    x0, y0 = (float(v) for v in to_local(lon, lat))

    def at(east_m: Array, north_m: Array) -> Array:
        return np.asarray(heights(x0 + np.asarray(east_m) / 1000, y0 + np.asarray(north_m) / 1000), float)

    return at


def works_model(works: SceneWorks, ground: GroundAt | None, colors: Mapping[str, Color]) -> Model:
    """Return the model of a works.

    Args:
        works: its facts.
        ground: heights around it; None or NaN where unknown.
        colors: of each state; an unknown word is grey.
    """
    pieces = Pieces()
    band = colors.get(works.state, UNKNOWN)
    if works.type == "levee" and len(works.line) > 1:
        marks = add_levee(pieces, works, ground, colors)
        return Model(pieces.finish(), marks)
    d = dimensions(works, ground_at_place(ground))
    if works.type in ("dam", "hydropower"):
        add_dam(pieces, works, d, ground, band)
    elif works.type == "sluice":
        add_sluice(pieces, works, d, band)
    elif works.type == "pump":
        add_pump(pieces, works, d, band)
    else:
        add_unknown(pieces, d, band)
    return Model(pieces.finish(works.bearing_deg or 0.0), (Mark(works.label or works.name, 0.0, 0.0, d.crest_m + 14.0),))


def ground_at_place(ground: GroundAt | None) -> float | None:
    """Return the ground under a works' own place, None unknown."""
    if ground is None:
        return None
    found = float(np.asarray(ground(np.zeros(1), np.zeros(1)))[0])
    return found if np.isfinite(found) else None


def symbol_mesh(works: SceneWorks, scale_km: float, colors: Mapping[str, Color], ground: GroundAt | None = None) -> Mesh:
    """Return a sign about scale_km wide that can be told from afar: the same parts, few and thick.

    z starts at 0 on the ground, except for a levee, whose sign follows its course at its own level. Of more than
    five bays each drawn one stands for its neighbours: their mean opening, unknown as soon as one of them is unknown.
    """
    k = max(scale_km, 1e-3) * 1000.0
    if works.type == "levee" and len(works.line) > 1:
        return _levee_sign(works, k, colors, ground)
    sign = replace(
        works,
        crest_m=34.0,  # of a dam 100 m wide: what is sized in metres, as walls and rails, is then in proportion
        base_m=0.0,
        height_m=None,
        length_m=100.0,
        sections=(),
        gates=_grouped(works.gates),
        water_m=None,
        tail_m=None,
    )
    model = works_model(sign, None, colors).mesh
    return replace(model, points=(model.points * np.float32(k / 100.0)).astype(np.float32))


def _grouped(gates: Sequence[SceneGate]) -> tuple[SceneGate, ...]:
    """Return at most five bays of one size whose relative opening is that of those they stand for."""
    if not gates:
        return ()
    made = []
    for n, group in enumerate(np.array_split(np.arange(len(gates)), min(SIGN_BAYS, len(gates))), 1):
        shares = [_share(gates[i]) for i in group]
        known = [s for s in shares if s is not None]
        opening = 12.0 * sum(known) / len(known) if len(known) == len(shares) else None
        made.append(SceneGate(n, opening, 12.0, 9.0, 14.0))
    return tuple(made)


def _share(gate: SceneGate) -> float | None:
    if gate.opening_m is None:
        return None
    full = gate.max_opening_m or max(gate.opening_m, 1.0)
    return min(1.0, max(0.0, gate.opening_m / full))


def _levee_sign(works: SceneWorks, k: float, colors: Mapping[str, Color], ground: GroundAt | None) -> Mesh:
    """Return a levee as a thick band along its course, a tenth of k wide, coloured on its top."""
    c = course(works, ground)
    pieces = Pieces()
    if c is None:
        return pieces.finish()
    at = np.unique(np.linspace(0, len(c.place) - 1, SIGN_STATIONS).astype(int))
    half, high = 0.05 * k, 0.05 * k
    low, top = c.ground_m[at] - 0.2 * high, np.maximum(c.crest_m[at], c.ground_m[at]) + high
    rings = np.empty((len(at), 4, 3))
    for i, (sign, z) in enumerate(((1.0, low), (1.0, top), (-1.0, top), (-1.0, low))):
        rings[:, i, :2] = c.place[at] + sign * half * c.left[at]
        rings[:, i, 2] = z
    band = colors.get(works.state, UNKNOWN)
    wall = (140, 150, 132)
    # seen along the way the outline runs left, up, right: the other way round is counter-clockwise
    pieces.sweep("bank", rings[:, ::-1], (wall, band, wall, wall), plane=np.array([[1.0, 0], [1, 1], [-1, 1], [-1, 0]]))
    return pieces.finish()
