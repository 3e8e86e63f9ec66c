"""A detention area that a scenario puts to use: what its gates take spreads over the ground within its ring.

The ring stands as a wall; water comes in at the declared inlet as the chain's own course of the area says, so that the
flood and the river agree to the last cubic metre.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.engine.breach import BreachOutcome, Inlet, followed
from console.engine.flooding import HOUR_S, MANNING, OUT_S, Flooding, Named, Plain, flooding, ground_words
from console.engine.refused import EngineRefused
from console.engine.shallow_water import Area, Flood, Inflow

Array = NDArray[np.float64]
WALL_M = 50.0  # over the ground: nothing leaves the ring
NEAR_M = 600.0  # of the inlet: so far its water is let in


@dataclass(frozen=True, slots=True)
class RetentionPlace:
    """Where a detention area lies. node: of the chain; code: of its outline; inlet: lon, lat degrees.

    above: a node upstream whose level no water in the area can pass, "" where none is declared.
    """

    node: str
    code: str
    inlet: tuple[float, float]
    said: str
    above: str = ""


def retention_places(declared: Mapping[str, Any]) -> dict[str, RetentionPlace]:
    """Return the declared places, by node. Raises: EngineRefused: declared: names the area and the key."""
    found = {}
    for raw in declared.get("retention", ()):
        node, inlet = str(raw.get("node", "")), raw.get("inlet")
        pair = list(inlet) if isinstance(inlet, list | tuple) else []
        numbers = [v for v in pair if isinstance(v, int | float) and not isinstance(v, bool)]
        if len(numbers) != 2 or not (70 <= numbers[0] <= 140 and 3 <= numbers[1] <= 55):
            raise EngineRefused("declared", f"蓄滞洪区“{node}”（retention 段）的 inlet：须为经度和纬度")
        if not node or not raw.get("object"):
            raise EngineRefused("declared", f"蓄滞洪区“{node}”（retention 段）缺少 node 或 object")
        said = f"{raw.get('sure', '假定')}：{raw.get('src', '')}"
        found[node] = RetentionPlace(
            node, str(raw["object"]), (float(numbers[0]), float(numbers[1])), said, str(raw.get("above", ""))
        )
    return found


def filled(entry: int, place: RetentionPlace, plain: Plain, taken_m3s: Array, tell: Callable[..., None]) -> Flooding | None:
    """Run the flood of a detention area; None where it takes nothing.

    Args:
        entry: which input opens it. taken_m3s: hourly from the base moment.

    Raises:
        EngineRefused: gap (bed: cell named), range: no ground within the ring, or unstable.
    """
    some = np.flatnonzero(taken_m3s > 0)
    if not len(some) or some[0] >= len(taken_m3s) - 1:
        return None
    first = max(0, int(some[0]) - 1)
    hours = np.arange(len(taken_m3s) - first, dtype=float)
    area, inflow = _ringed(plain, hours * HOUR_S, np.asarray(taken_m3s[first:], float))
    named = Named(entry, place.code, plain.name, f"{plain.name}蓄洪")
    said = (f"进洪过程按河网计算；区界和进洪口为示意（{place.said}）", ground_words(plain))

    def inside(flood: Flood, _rate: float) -> float:
        at = (inflow.rows, inflow.columns)
        return float((area.bed_m[at] + flood.h_m[at]).mean())

    def so_far(share: float, parts: tuple[BreachOutcome, ...] | None = None) -> None:
        tell(share, None if parts is None else (flooding(named, plain, float(first), parts[0], said),))

    (got,) = followed(area, [Inlet(inflow, inside)], float(hours[-1]), OUT_S, 1, so_far)
    return flooding(named, plain, float(first), got, said)


def _ringed(plain: Plain, t_s: Array, flow_m3s: Array) -> tuple[Area, Inflow]:
    """Return the ground with everything beyond the ring walled off, and the inflow into cells near the inlet."""
    import shapely  # slow to import: not before a flood is computed

    x, y = np.meshgrid(plain.x_m, plain.y_m)
    within = shapely.contains_xy(shapely.make_valid(shapely.polygons(plain.line)), x, y)
    if not within.any():
        raise EngineRefused("range", f"{plain.name}的区界里没有地形")
    if not np.isfinite(plain.bed_m[within]).all():
        row, column = np.argwhere(within & ~np.isfinite(plain.bed_m))[0]
        raise EngineRefused("gap", f"地面高程第 {row + 1} 行第 {column + 1} 列空缺或不是数")
    bed = np.where(within, plain.bed_m, float(plain.bed_m[within].max()) + WALL_M)
    off = np.where(within, np.hypot(x - plain.at[0], y - plain.at[1]), np.inf)
    near = np.argwhere(off <= max(NEAR_M, float(off.min()) + 1.0))
    dx = float(plain.x_m[1] - plain.x_m[0])
    inflow = Inflow(near[:, 0], near[:, 1], t_s, flow_m3s)
    return Area(bed, dx, np.array(MANNING), sources=(inflow,)), inflow
