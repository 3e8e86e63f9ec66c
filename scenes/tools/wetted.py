"""Water in a section: only what hangs together with the river, not the low land behind a higher levee."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenes.tools import wording

Array = NDArray[np.float64]
Span = tuple[float, float]  # from, to; km along the section


@dataclass(frozen=True, slots=True)
class WaterAt:
    """A water level of one time: level_m above the 1985 datum, moment in seconds UTC."""

    label: str
    level_m: float
    moment: float


@dataclass(frozen=True, slots=True)
class Bank:
    """One side of the river, away from its lowest point.

    top_m: its highest known point, at top_km; freeboard_m: top less water, negative when overtopped.
    guard_m: the highest ground between the water and the first lower land behind it (a levee's crest), None without such land.
    over: the water stands above the section's end. unknown: the water reaches ground of unknown height.
    """

    top_m: float
    top_km: float
    freeboard_m: float
    guard_m: float | None
    over: bool
    unknown: bool

    @property
    def room_m(self) -> float:
        """Return how far the water may still rise: to the guarding crest where there is one, else to the top."""
        return self.freeboard_m if self.guard_m is None else self.guard_m - (self.top_m - self.freeboard_m)


@dataclass(frozen=True, slots=True)
class Wetted:
    """One water in the section.

    span_km: its one connected stretch, None when even the lowest point is dry. cut_off_km: other stretches
    below the level, behind higher ground; not counted in width_m, area_m2, mean_depth_m (area over width).
    start, end: the banks towards the section's first and last point.
    """

    water: WaterAt
    span_km: Span | None
    cut_off_km: tuple[Span, ...]
    width_m: float
    area_m2: float
    mean_depth_m: float
    deepest_m: float
    start: Bank
    end: Bank

    @property
    def flag(self) -> str:
        """Return what makes the figures a part only, "" when the section holds the water."""
        over = {(True, True): "水面高于剖面两端", (True, False): "水面高于剖面起点端", (False, True): "水面高于剖面终点端"}
        parts = [over.get((self.start.over, self.end.over), "")]
        parts.append("水面连到高程未知处" if self.start.unknown or self.end.unknown else "")
        return "，".join(p for p in parts if p)

    def words(self) -> str:
        head = f"{self.water.label} {wording.metres(self.water.level_m)}："
        if self.span_km is None:
            return head + "低于河底最低点，无水"
        text = head + (
            f"水面宽 {wording.km(self.width_m / 1000)}，过水面积 {wording.area(self.area_m2)}，"
            f"平均水深 {wording.metres(self.mean_depth_m)}，距岸顶 起点侧 {_room(self.start)}、终点侧 {_room(self.end)}"
        )
        dry = sum(b - a for a, b in self.cut_off_km)
        text += f"；另有 {wording.km(dry)} 低于水面但被高地隔开，未计" if self.cut_off_km else ""
        return text + (f"；{self.flag}，上述数只是剖面内的" if self.flag else "")


def _room(bank: Bank) -> str:
    return wording.metres(bank.room_m) + ("" if bank.guard_m is None else f"（堤顶 {wording.metres(bank.guard_m)}）")


def wetted(offset_km: Array, height_m: Array, lowest: int, water: WaterAt) -> Wetted:
    """Return the water at a level around a section's lowest point.

    offset_km ascending, height_m: shape (n,), NaN unknown; the ground between two samples is straight.
    """
    level = water.level_m
    under = height_m < level  # NaN is not under water
    runs = _runs(under)
    own = next((r for r in runs if r[0] <= lowest <= r[1]), None)
    others = tuple(_shores(offset_km, height_m, level, r) for r in runs if r != own)
    start = _bank(offset_km, height_m, level, lowest, own, runs, -1)
    end = _bank(offset_km, height_m, level, lowest, own, runs, 1)
    if own is None:
        return Wetted(water, None, others, 0.0, 0.0, 0.0, 0.0, start, end)
    span = _shores(offset_km, height_m, level, own)
    inside = slice(own[0], own[1] + 1)
    x = np.concatenate([[span[0]], offset_km[inside], [span[1]]])
    depth = np.concatenate([[0.0], level - height_m[inside], [0.0]])
    area = float(np.trapezoid(depth, x) * 1000)
    width = (span[1] - span[0]) * 1000
    return Wetted(water, span, others, width, area, area / width if width else 0.0, float(depth.max()), start, end)


def _runs(under: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edge = np.diff(np.concatenate([[0], under.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(edge == 1).tolist(), (np.flatnonzero(edge == -1) - 1).tolist(), strict=True))


def _shores(offset_km: Array, height_m: Array, level: float, run: tuple[int, int]) -> Span:
    """Return where the surface of a run of wet samples meets the ground; at the last known sample where nothing follows."""

    def shore(inner: int, outer: int) -> float:
        if not 0 <= outer < len(height_m) or np.isnan(height_m[outer]):
            return float(offset_km[inner])
        part = (level - height_m[inner]) / (height_m[outer] - height_m[inner])
        return float(offset_km[inner] + part * (offset_km[outer] - offset_km[inner]))

    return shore(run[0], run[0] - 1), shore(run[1], run[1] + 1)


def _bank(
    offset_km: Array,
    height_m: Array,
    level: float,
    lowest: int,
    own: tuple[int, int] | None,
    runs: list[tuple[int, int]],
    side: int,
) -> Bank:
    """Return the bank on one side: -1 towards the section's start, 1 towards its end."""
    n = len(height_m)
    away = np.arange(lowest, -1 if side < 0 else n, side)
    top = int(away[np.nanargmax(height_m[away])])
    edge = (own[0] if side < 0 else own[1]) if own else lowest
    beyond = edge + side
    unknown = own is not None and 0 <= beyond < n and bool(np.isnan(height_m[beyond]))
    over = own is not None and not 0 <= beyond < n
    behind = [r for r in runs if r != own and (r[1] < edge if side < 0 else r[0] > edge)]
    guard: float | None = None
    if behind and own is not None:
        land = behind[-1][1] if side < 0 else behind[0][0]
        between = height_m[min(edge, land) : max(edge, land) + 1]
        guard = None if np.isnan(between).any() else float(between.max())
    return Bank(float(height_m[top]), float(offset_km[top]), float(height_m[top]) - level, guard, over, unknown)
