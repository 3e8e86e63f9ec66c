"""The generated ground of the whole root square, for a user without a DEM: a picture of the province, no survey.

It is drawn from typed spot heights, divides and river profiles and the mapped rivers and coast; everything
between them is invented by the growth of a drainage tree. Every view that shows it says 合成地形 仅供演示.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes.ground.synthetic_detail import add_hills, carve, cut_valleys, fill_sea, fix_summits, level_deltas, roughen, unbent
from scenes.ground.synthetic_growth import Growth, Stage, finer, grow
from scenes.ground.synthetic_guides import Bend, Course, Line, courses, make_bend, make_guides

LABEL = "合成地形 仅供演示"
DATUM = "近似 1985 国家高程基准"
STAGES = (Stage(513, 14, 1.0, 0.3, 0.04), Stage(1025, 6, 0.8, 0.6, 0.14), Stage(2049, 4, 0.5, 0.85, 0.55))


def generate(
    relief: Mapping[str, Any],
    rivers: Mapping[str, Line],
    other_rivers: Sequence[Line],
    land: Sequence[Line],
    lakes: Sequence[Line],
    size: int = 4097,
    progress: Callable[[float], None] | None = None,
) -> NDArray[np.float32]:
    """Return heights of the root square, metres above the 1985 datum (approximate), shape (size, size).

    Row 0 south, column 0 west; node i lies at -HALF_KM + i * ROOT_KM / (size - 1). The same input gives the
    same ground. At 4097 nodes (200 m) it takes some 40 s of one core and 1.35 GB.

    Args:
        relief: peaks, hills, plains, passes, flats, divides, streams, lake_levels, profiles as in
            assets/basin/relief_province.toml.
        rivers: name → line (n, 2) lon/lat, downstream order; those with a profile rule the ground.
        other_rivers: lines without a name, any order; valleys follow them.
        land: rings of lon/lat; all else is sea. lakes: rings of lon/lat.
        size: nodes per side, 2ⁿ+1, at least 513.
        progress: called with the share done, 0–1.

    Raises:
        ValueError: size is no 2ⁿ+1 of at least 513.
    """
    if size < 513 or (size - 1) & (size - 2):
        raise ValueError(f"size must be 2ⁿ+1, at least 513, not {size}")
    tell = progress or (lambda share: None)
    ruling = courses(rivers, relief["profiles"])
    bend = make_bend(min(size, 1025))
    growth = _grown(relief, ruling, other_rivers, land, lakes, [s for s in STAGES if s.nodes <= size], bend, tell)
    ground = unbent(growth.height_m, bend, size)
    tell(0.75)
    roughen(ground)
    cut_valleys(ground, growth, ruling, bend)
    tell(0.85)
    level_deltas(ground, relief["flats"])
    add_hills(ground, relief["hills"])
    fix_summits(ground, [p for p in [*relief["peaks"], *relief["hills"]] if isinstance(p[-1], str) and p[-1]])
    fill_sea(ground, land)
    carve(ground, ruling, relief, lakes)
    tell(1.0)
    return ground


def _grown(
    relief: Mapping[str, Any],
    rivers: Sequence[Course],
    other_rivers: Sequence[Line],
    land: Sequence[Line],
    lakes: Sequence[Line],
    stages: Sequence[Stage],
    bend: Bend,
    tell: Callable[[float], None],
) -> Growth:
    before, done = None, 0.0
    for stage in stages:
        guides = make_guides(relief, rivers, other_rivers, land, lakes, stage.nodes, bend)

        def told(part: float, start: float = done, end: float = stage.done) -> None:
            tell(start + part * (end - start))

        growth = grow(guides, before, stage, told)
        done = stage.done
        if stage is not stages[-1]:
            before = finer(growth, 2 * stage.nodes - 1)
    return growth
