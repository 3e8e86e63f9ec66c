"""What a centre may say of a reservoir beside its marks: curves, catchment, its place in a chain.

Everything comes from another machine. A part that cannot be true is left out with the reason, the
rest stays usable.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

MAX_POINTS = 2000
MAX_OPENINGS = 24
MADE_UP = frozenset({"重建", "推算", "假定", "模拟", "演练"})  # certainty words that must be written beside a figure
TOPS = ("flood_control_high", "design", "check", "normal")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with where it comes from. sure: 公布, 常识, 重建, 推算, 假定 or as the centre says."""

    value: float
    source: str = ""
    sure: str = ""


@dataclass(frozen=True, slots=True)
class PointCurve:
    """Points of level (m) and storage (10⁶ m³), area (km²) or release (m³/s), both rising."""

    points: tuple[tuple[float, float], ...]
    source: str = ""
    sure: str = ""

    @property
    def made_up(self) -> bool:
        return self.sure in MADE_UP


@dataclass(frozen=True, slots=True)
class ReservoirFacts:
    """Checked facts of one reservoir; None is not known.

    releases: (opening in words, curve). flood_top: kind of the mark up to which flood storage counts.
    refused: (what, why) of each part that was left out; why is short, rising, number or shape.
    """

    storage: PointCurve | None = None
    area: PointCurve | None = None
    releases: tuple[tuple[str, PointCurve], ...] = ()
    catchment_km2: Figure | None = None
    runoff_coefficient: Figure | None = None
    total_mcm: Figure | None = None
    flood_control_mcm: Figure | None = None
    flood_top: str = ""
    cascade: str = ""
    cascade_order: float = math.inf
    refused: tuple[tuple[str, str], ...] = ()


class _Refused(ValueError):
    """Why a part is left out, as a code."""


def reservoir_facts(facts: Mapping[str, Any]) -> ReservoirFacts:
    """Return what can be used of a reservoir's facts; never raises on what a centre sends."""
    refused: list[tuple[str, str]] = []

    def curve(key: str, strict: bool) -> PointCurve | None:
        try:
            return _curve(facts[key], strict) if facts.get(key) is not None else None
        except _Refused as why:
            refused.append((key, str(why)))
            return None

    def figure(key: str, highest: float) -> Figure | None:
        try:
            return _figure(facts[key], highest) if facts.get(key) is not None else None
        except _Refused as why:
            refused.append((key, str(why)))
            return None

    area = curve("area", False)
    if area is None and (one := figure("area_km2", 1e5)) is not None:
        area = PointCurve(((-1e4, one.value), (1e4, one.value)), one.source, one.sure or "推算")
    top, order = facts.get("flood_top"), facts.get("cascade_order")
    return ReservoirFacts(
        storage=curve("storage_curve", True),
        area=area,
        releases=_releases(facts.get("release_curve"), refused),
        catchment_km2=figure("catchment_km2", 1e7),
        runoff_coefficient=figure("runoff_coefficient", 1.0),
        total_mcm=figure("total_mcm", 1e7),
        flood_control_mcm=figure("flood_control_mcm", 1e7),
        flood_top=top if isinstance(top, str) and top in TOPS else "",
        cascade=facts["cascade"] if isinstance(facts.get("cascade"), str) else "",
        cascade_order=order if isinstance(order, int | float) and _is_number(order) else math.inf,
        refused=tuple(refused),
    )


def stated(facts: Mapping[str, Any], key: str) -> Figure | None:
    """Return one figure of an object's facts, a storage of over 0 up to 10⁷; None where it cannot be one."""
    try:
        return _figure(facts[key], 1e7) if facts.get(key) is not None else None
    except _Refused:
        return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12 and math.isfinite(value)


def _words(raw: Mapping[str, Any], *keys: str) -> str:
    return next((str(raw[k])[:400] for k in keys if isinstance(raw.get(k), str)), "")


def _figure(raw: object, highest: float) -> Figure:
    given = raw if isinstance(raw, Mapping) else {"value": raw}
    value = given.get("value")
    if not isinstance(value, int | float) or not _is_number(value) or not 0 < value <= highest:
        raise _Refused("number")
    return Figure(float(value), _words(given, "source", "src"), _words(given, "sure"))


def _curve(raw: object, strict: bool) -> PointCurve:
    """Check a curve: two or more points, numbers, levels rising, values rising (strict) or not falling."""
    points = raw.get("points") if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or not isinstance(points, list | tuple):
        raise _Refused("shape")
    if not 2 <= len(points) <= MAX_POINTS:
        raise _Refused("short")
    found = []
    for point in points:
        if not isinstance(point, list | tuple) or len(point) != 2 or not all(_is_number(p) for p in point):
            raise _Refused("number")
        found.append((float(point[0]), float(point[1])))
    for (z, v), (next_z, next_v) in pairwise(found):
        if not (z < next_z and (v < next_v if strict else v <= next_v)):
            raise _Refused("rising")
    if found[0][1] < 0 or abs(found[0][0]) > 1e4 or abs(found[-1][0]) > 1e4:
        raise _Refused("number")
    return PointCurve(tuple(found), _words(raw, "source", "src"), _words(raw, "sure"))


def _releases(raw: object, refused: list[tuple[str, str]]) -> tuple[tuple[str, PointCurve], ...]:
    """Read one curve, or a list of curves that each name their opening."""
    if raw is None:
        return ()
    given = raw if isinstance(raw, list | tuple) else [raw]
    found = []
    for one in given[:MAX_OPENINGS]:
        try:
            found.append((_words(one, "opening") if isinstance(one, Mapping) else "", _curve(one, False)))
        except _Refused as why:
            refused.append(("release_curve", str(why)))
    return tuple(found)
