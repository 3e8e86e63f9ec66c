"""The ground that a breach or a detention area floods, cut out of the sandbox's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from console.domain.objects import Thing
from console.engine.flooding import Plain
from console.errors import ConsoleError
from console.services.sandbox_ground import SandboxGround
from scenes.ground.frame import ORIGIN_M, to_degrees, to_local

Array = NDArray[np.float64]
WIDEST_M = 60_000.0  # of a detention area: an outline beyond it has a vertex mistyped
SHIFT = 0.6  # of half the square's side: how far it lies to the land side


class BreachRefused(ConsoleError):
    """A breach that cannot be computed as it was asked."""


def plain_behind(thing: Thing, at_km: float, ground: SandboxGround | None, half_m: float, cell_m: float) -> Plain:
    """Return the square of 2 half_m a side that lies behind a levee at a chainage; blocks for a second.

    Raises:
        BreachRefused: no ground yet, no line, not on the levee, or no river that tells the sides apart.
    """
    if ground is None:
        raise BreachRefused("地形还没有准备好。", "请等沙盘画出地形后再算。")
    line = levee_line(thing)
    at, river = _sides(thing, line, at_km, ground)
    away = at - river
    middle = at + away / max(float(np.hypot(*away)), 1.0) * half_m * SHIFT
    count = round(2 * half_m / cell_m)
    x, y = (np.round((m - half_m) / cell_m) * cell_m + (np.arange(count) + 0.5) * cell_m for m in middle)
    return Plain(thing.name, ground.label, _made_up(ground), _bed(ground, x, y, cell_m), x, y, line, at, river)


def joined(plains: Mapping[int, Plain], ground: SandboxGround, cell_m: float) -> dict[int, Plain]:
    """Return squares that overlap as one ground, which each of them lies on: what breaches let in there runs together."""
    of: dict[int, tuple[int, ...]] = {k: (k,) for k in plains}  # which squares the ground of each spans
    while True:
        boxes = {some: _box([plains[k] for k in some]) for some in set(of.values())}
        pair = next(((a, b) for a in boxes for b in boxes if a < b and _overlap(boxes[a], boxes[b])), None)
        if pair is None:
            break
        both = tuple(sorted(pair[0] + pair[1]))
        of |= dict.fromkeys(both, both)
    found = dict(plains)
    for some, box in boxes.items():
        if len(some) > 1:
            x, y = (np.linspace(low, high, round((high - low) / cell_m) + 1) for low, high in box)
            bed = _bed(ground, x, y, cell_m)
            found |= {k: replace(plains[k], bed_m=bed, x_m=x, y_m=y) for k in some}
    return found


Box = tuple[tuple[float, float], tuple[float, float]]
"""The first and the last cell centre along x, and along y, m."""


def _box(plains: Sequence[Plain]) -> Box:
    return _ends([p.x_m for p in plains]), _ends([p.y_m for p in plains])


def _ends(axes: Sequence[Array]) -> tuple[float, float]:
    return min(float(axis[0]) for axis in axes), max(float(axis[-1]) for axis in axes)


def _overlap(one: Box, other: Box) -> bool:
    return all(max(a[0], b[0]) <= min(a[1], b[1]) for a, b in zip(one, other, strict=True))


def plain_within(thing: Thing, inlet: tuple[float, float], ground: SandboxGround, cell_m: float) -> Plain:
    """Return the ground around a detention area's outline. inlet: lon, lat where its water comes in.

    Raises:
        BreachRefused: it has no outline, or one that no detention area has.
    """
    ring = levee_line(thing)
    if len(ring) < 3:
        raise BreachRefused(f"“{thing.name}”没有区界。", "请在中心登记它的外廓。")
    (west, south), (east, north) = ring.min(0), ring.max(0)
    if not max(east - west, north - south) <= WIDEST_M:
        wide = f"{max(east - west, north - south) / 1000:.0f} km"
        raise BreachRefused(f"“{thing.name}”的区界跨 {wide}，不像一个蓄滞洪区。", "请在中心改正它的外廓。")
    x, y = (
        np.arange(np.floor(low / cell_m) - 0.5, np.ceil(high / cell_m) + 1.0) * cell_m
        for low, high in ((west, east), (south, north))
    )
    at = _metres([list(inlet)])[0]
    return Plain(thing.name, ground.label, _made_up(ground), _bed(ground, x, y, cell_m), x, y, ring, at, at)


def ground_hash(plains: Mapping[int, Plain]) -> str:
    """Return what tells one ground under a scenario from another, "" for none."""
    found = hashlib.sha256()
    for _, plain in sorted(plains.items()):
        for part in (plain.bed_m, plain.x_m, plain.y_m, plain.line, plain.at):
            found.update(np.ascontiguousarray(part).tobytes())
    return found.hexdigest() if plains else ""


def degrees_of(place: Array) -> tuple[float, float]:
    """Return a place of EPSG:4547 metres as longitude and latitude."""
    lon, lat = to_degrees((place[0] - ORIGIN_M[0]) / 1000, (place[1] - ORIGIN_M[1]) / 1000)
    return float(lon), float(lat)


def levee_line(thing: Thing) -> Array:
    """Return a levee's longest line, (k, 2) metres of EPSG:4547; k is 0 for none."""
    return _metres([list(p) for p in max(thing.lines, key=len, default=())])


def _bed(ground: SandboxGround, x_m: Array, y_m: Array, cell_m: float) -> Array:
    east, north = np.meshgrid((x_m - ORIGIN_M[0]) / 1000, (y_m - ORIGIN_M[1]) / 1000)
    return ground.ground.heights(east, north, cell_m / 1000).astype(float)


def _made_up(ground: SandboxGround) -> bool:
    return any(s.synthetic for s in ground.ground.sources)


def _sides(thing: Thing, line: Array, at_km: float, ground: SandboxGround) -> tuple[Array, Array]:
    """Return the place on the levee, and the nearest one on its river."""
    if len(line) < 2:
        raise BreachRefused(f"“{thing.name}”没有走线。", "请选择一条有走线的堤防。")
    chain = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    if not 0 <= at_km * 1000 <= chain[-1]:
        raise BreachRefused(f"桩号 K{at_km:g} 不在堤上。", f"请填 0 到 {chain[-1] / 1000:.1f} km 之间的数。")
    at = np.array([np.interp(at_km * 1000, chain, line[:, i]) for i in (0, 1)])
    rivers = [_metres(r.line.tolist()) for r in ground.rivers if r.name == str(thing.facts.get("river", ""))]
    if not rivers:
        raise BreachRefused(f"“{thing.name}”所在的河没有河线，分不出哪边是河。", "请补上工程资料里的河名。")
    fine = np.vstack([_fine(r) for r in rivers])
    return at, fine[int(np.argmin(np.hypot(*(fine - at).T)))]


def _fine(line: Array) -> Array:
    """Return a line with a place about every hundred metres."""
    chain = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.linspace(0.0, chain[-1], max(2, int(chain[-1] / 100)))
    return np.column_stack([np.interp(at, chain, line[:, i]) for i in (0, 1)])


def _metres(line: list[list[float]]) -> Array:
    degrees = np.array(line, float).reshape(-1, 2)
    east, north = to_local(degrees[:, 0], degrees[:, 1])
    return np.column_stack([east * 1000 + ORIGIN_M[0], north * 1000 + ORIGIN_M[1]])
