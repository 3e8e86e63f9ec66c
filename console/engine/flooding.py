"""What a scenario puts under water: behind a levee that breaks, or in a detention area that is put to use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from console.engine.breach import BreachOutcome, outcome_so_far
from console.engine.shallow_water import WET_M

Array = NDArray[np.float64]
HOUR_S = 3600.0
OUT_S = 1800.0  # between two frames
MANNING = 0.05
COURSES = ("hours", "flow_m3s", "gone_m3", "level_m")


@dataclass(frozen=True, slots=True, eq=False)
class Plain:
    """Ground that is flooded: bed_m (rows, columns), 1985, at cell centres x_m, y_m, EPSG:4547, ascending.

    line (k, 2): the levee, or the ring of a detention area. at (2,): where water comes in. river (2,): a place on the
    river's side. name: of the levee or area; ground: what it is made of, as shown; synthetic: nobody surveyed it.
    """

    name: str
    ground: str
    synthetic: bool
    bed_m: Array
    x_m: Array
    y_m: Array
    line: Array
    at: Array
    river: Array


@dataclass(frozen=True, slots=True)
class Count:
    """One figure of what was under water at some time. number: None where it is not known, with why in source.

    else_none: a flood that does not have this figure has none of it; without it that is not known.
    """

    text: str
    number: float | None
    unit: str
    source: str
    else_none: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Flooding:
    """One place under water. entry: which of the scenario's inputs does it. code, name: of the levee or area; title: of this
    flood of it. at_km: on a levee.

    hours (k,) after the base moment; flow_m3s that comes in, negative for what runs back, gone_m3 in all until then; volume_m3
    comes in, back_m3 runs back; level_m: before the levee, or in
    the area where water comes in (1985). area_m2: wet at some time; deepest_m of any cell. synthetic: on ground that
    nobody surveyed. flood: the depths, None once they are kept elsewhere; result: where. counts: of what was under water.
    doubt: why its depths are not to be believed, "" for none. beside: the entry whose flood holds the depths and the area of
    both, for they were computed together on one ground; together: the titles of those that this one holds.
    """

    entry: int
    code: str
    name: str
    title: str
    at_km: float | None
    width_m: float | None
    hours: Array
    flow_m3s: Array
    gone_m3: Array
    level_m: Array
    volume_m3: float
    area_m2: float
    deepest_m: float
    mass_error: float
    limits: tuple[str, ...]
    synthetic: bool = False
    flood: BreachOutcome | None = None
    result: str = ""
    counts: tuple[Count, ...] = ()
    doubt: str = ""
    back_m3: float = 0.0
    beside: int | None = None
    together: tuple[str, ...] = ()

    @property
    def said(self) -> list[str]:
        """Return what must be said of it beside a result."""
        peak = int(np.argmax(self.flow_m3s))
        back = f"，退回河道 {self.back_m3 / 1e6:.1f} 百万m³" if self.back_m3 > 0 else ""
        wet = "受淹与上游一处合计" if self.beside is not None else f"受淹 {self.area_m2 / 1e6:.1f} km²"
        wet += f"（与{'、'.join(self.together)}同时算）" if self.together else ""
        head = (
            f"{self.title}：进水 {self.volume_m3 / 1e6:.1f} 百万m³{back}，最大 {self.flow_m3s[peak]:.0f} m³/s"
            f"（第 {self.hours[peak]:.1f} h），{wet}，水量误差 {self.mass_error:.0e}"
        )
        return [head, *(f"{self.title}：{line}" for line in self.limits)]


@dataclass(frozen=True, slots=True)
class Named:
    """What a flood is of: see Flooding."""

    entry: int
    code: str
    name: str
    title: str
    at_km: float | None = None
    width_m: float | None = None


def flooding(named: Named, plain: Plain, start_h: float, got: BreachOutcome, said: Sequence[str]) -> Flooding:
    """Return a run's outcome, or a part of it, as a flood that begins start_h hours after the base moment."""
    deepest, dx = got.depth_m.max(axis=0), float(plain.x_m[1] - plain.x_m[0])
    area_m2 = float((deepest >= WET_M).sum()) * dx * dx
    return Flooding(
        named.entry, named.code, named.name, named.title, named.at_km, named.width_m,
        start_h + got.t_s / HOUR_S, _flow(got), got.gone_m3, got.river_m, got.let_in_m3, area_m2, float(deepest.max()),
        got.mass_error, (*said, *got.limits), plain.synthetic, got, back_m3=got.let_out_m3,
    )  # fmt: skip


def ground_words(plain: Plain) -> str:
    return f"网格 {plain.x_m[1] - plain.x_m[0]:g} m，糙率 {MANNING:g}（假定）；地形：{plain.ground}"


def stopped(parts: Sequence[Sequence[Flooding]]) -> tuple[Flooding, ...]:
    """Return what a run that was ended told of its floods, in the order in which they began; less than two frames are none."""
    told = [one for part in parts for one in part]
    of_each = [[one for one in told if one.entry == entry] for entry in dict.fromkeys(one.entry for one in told)]
    return tuple(found for some in of_each if (found := _joined(some)) is not None)


def _joined(parts: Sequence[Flooding]) -> Flooding | None:
    """Return the parts of one flood as one; of a flood whose depths are with another's its courses."""
    last = parts[-1]
    hours, flow, gone, level = (np.concatenate([getattr(p, k) for p in parts]) for k in COURSES)
    if len(hours) < 2:
        return None
    found = replace(last, hours=hours, flow_m3s=flow, gone_m3=gone, level_m=level)
    got = outcome_so_far([p.flood for p in parts if p.flood is not None])
    if got is None:
        return found if last.beside is not None else None
    area, deepest = max(p.area_m2 for p in parts), max(p.deepest_m for p in parts)
    limits = (*last.limits, got.limits[0])
    return replace(found, flow_m3s=_flow(got), area_m2=area, deepest_m=deepest, limits=limits, flood=got)


def kept(one: Flooding, result: str, counts: tuple[Count, ...]) -> Flooding:
    """Return a flood whose depths lie among the inundation results under a name."""
    return replace(one, flood=None, result=result, counts=counts)


def _flow(got: BreachOutcome) -> Array:
    """Return the flow that came in, m³/s: around each moment, so that its sum is the volume."""
    if len(got.t_s) < 2:
        return got.inflow_m3s
    flow = np.gradient(got.gone_m3, got.t_s)
    flow[0] = got.inflow_m3s[0]
    return np.asarray(flow, float)
