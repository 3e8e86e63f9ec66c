"""What a reservoir's level means now: storage, room to the marks, inflow worked back, hours to the limit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from console.domain.freshness import Freshness, freshness
from console.domain.objects import Station, Threshold
from console.domain.quality import Quality
from console.domain.reservoirs import MADE_UP, PointCurve, ReservoirFacts, reservoir_facts
from console.engine.inflow import BackInflow, back_calculated
from console.engine.storage import LevelTable, hours_to_fill, rain_absorption_mm, storage_between_mcm
from console.viewdata.board import Row, Sample
from console.viewdata.reservoir import MARK_WORDS, Mark

FLOOD_TOPS = ("flood_control_high", "design")
HIGHEST_M = 1e4
UNVERIFIED = ("未核实", "常识")  # words of a threshold's source: general knowledge, not published


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """A reservoir's checked facts with its curves ready to be read."""

    facts: ReservoirFacts
    storage: LevelTable | None
    area: LevelTable | None
    releases: tuple[tuple[str, PointCurve, LevelTable], ...]

    def between(self, from_m: float | None, to_m: float | None) -> float | None:
        return storage_between_mcm(self.storage, self.area, from_m, to_m)

    def area_at(self, level_m: float) -> float | None:
        """Return the water's area, km²: as the storage curve has it, else as it is stated."""
        grown = self.storage.slope(level_m) if self.storage else None
        return grown if grown is not None else (self.area.at(level_m) if self.area else None)

    @property
    def made_up(self) -> str:
        """Return the certainty word that must stand beside figures of this curve, "" for a published one."""
        used = self.facts.storage or self.facts.area
        return used.sure if used is not None and used.sure in MADE_UP else ""


def pool_of(facts: Mapping[str, Any]) -> Pool:
    """Return the pool of an object's facts."""
    read = reservoir_facts(facts)
    return Pool(
        read,
        _table(read.storage),
        _table(read.area),
        tuple((name, points, LevelTable(*_axes(points))) for name, points in read.releases),
    )


def _axes(points: PointCurve) -> tuple[list[float], list[float]]:
    return [z for z, _ in points.points], [v for _, v in points.points]


def _table(points: PointCurve | None) -> LevelTable | None:
    return LevelTable(*_axes(points)) if points is not None else None


class PoolBook:
    """Pools of many reservoirs, read once per document."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[Mapping[str, Any], Pool]] = {}

    def of(self, station: Station) -> Pool:
        known = self._read.get(station.code)
        if known is None or known[0] is not station.facts:
            known = self._read[station.code] = (station.facts, pool_of(station.facts))
        return known[1]


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything worked out from one row; None is not known.

    top: the mark up to which flood storage is counted. ratio_of: what the ratio divides by. net_by:
    reported or worked_back. absorb_to: the mark that the rain would fill it to.
    """

    level_m: float | None = None
    limit: Threshold | None = None
    top: Mark | None = None
    storage_mcm: float | None = None
    ratio: float | None = None
    ratio_of: str = ""
    to_limit_mcm: float | None = None
    to_top_mcm: float | None = None
    absorb_mm: float | None = None
    absorb_to: str = ""
    back: BackInflow | None = None
    net_m3s: float | None = None
    net_by: str = ""
    hours: float | None = None
    marks: tuple[Mark, ...] = field(default_factory=tuple)


def figures_of(row: Row, pool: Pool, moment: float, *, beside: bool = True) -> Figures:
    """Return a reservoir's figures; the limit is the one in force on the date of the reading.

    beside: work the inflow back even where one is reported, to be shown beside it.
    """
    station = row.station
    judged_t = float(row.level.t) if row.level is not None else moment
    level = usable(row.level)
    marks = marks_of(station, judged_t)
    limit = next((m for m in marks if m.kind == "flood_limit"), None)
    top = _top(marks, pool.facts.flood_top)
    to_limit = pool.between(level, limit.level_m if limit else None)
    to_top = pool.between(level, top.level_m if top else None)
    ratio, ratio_of = _ratio(pool, level, marks)
    absorb, absorb_to = _absorb(pool, to_limit, to_top, top)
    reported = None if stale_at(row.inflow, moment) else usable(row.inflow)
    back = worked_back(row, pool) if beside or reported is None else None
    net, net_by = _net(row, reported, back, moment)
    rising = to_limit is not None and to_limit > 0 and net is not None and not stale_at(row.level, moment)
    return Figures(
        level_m=level,
        limit=station.threshold("flood_limit", judged_t, "RZ") if limit else None,
        top=top,
        storage_mcm=pool.storage.at(level) if pool.storage else None,
        ratio=ratio,
        ratio_of=ratio_of,
        to_limit_mcm=to_limit,
        to_top_mcm=to_top,
        absorb_mm=absorb,
        absorb_to=absorb_to,
        back=back,
        net_m3s=net,
        net_by=net_by,
        hours=hours_to_fill(to_limit or 0.0, net or 0.0) if rising else None,
        marks=marks,
    )


def usable(sample: Sample | None) -> float | None:
    """Return a reading's value unless it is doubtful: nothing is worked out from a bad level."""
    if sample is None or sample.value is None or sample.quality in (Quality.BAD, Quality.SUSPECT):
        return None
    return sample.value if math.isfinite(sample.value) else None


def stale_at(sample: Sample | None, moment: float) -> bool:
    return sample is None or freshness(max(0.0, moment - sample.t), sample.interval_s) >= Freshness.STALE


def marks_of(station: Station, t: float) -> tuple[Mark, ...]:
    """Return the marks in force on a date, lowest first; a figure that is no level is left out."""
    found = []
    for kind in MARK_WORDS:
        th = station.threshold(kind, t, "RZ")
        if th is not None and math.isfinite(th.value) and abs(th.value) < HIGHEST_M:
            found.append(Mark(kind, th.value, th.source, unverified(th.source)))
    return tuple(sorted(found, key=lambda m: m.level_m))


def unverified(source: str) -> bool:
    """Tell whether a figure's source itself says that nobody vouches for it."""
    return any(word in source for word in UNVERIFIED)


def _top(marks: tuple[Mark, ...], declared: str) -> Mark | None:
    """Return the mark up to which flood storage counts: as declared, else 防洪高水位, else 设计洪水位."""
    for kind in (declared, *FLOOD_TOPS):
        if (found := next((m for m in marks if m.kind == kind), None)) is not None:
            return found
    return None


def _ratio(pool: Pool, level: float | None, marks: tuple[Mark, ...]) -> tuple[float | None, str]:
    now = pool.storage.at(level) if pool.storage else None
    normal = next((m.level_m for m in marks if m.kind == "normal"), None)
    full = pool.storage.at(normal) if pool.storage else None
    if now is not None and full:
        return now / full, "normal"
    total = pool.facts.total_mcm
    return (now / total.value, "total") if now is not None and total is not None else (None, "")


def _absorb(pool: Pool, to_limit: float | None, to_top: float | None, top: Mark | None) -> tuple[float | None, str]:
    """Return the rain that fills the pool to the limit; above the limit (or without one) to the top mark."""
    room, kind = (to_limit, "flood_limit") if to_limit is not None and to_limit > 0 else (to_top, top.kind if top else "")
    alpha, area = pool.facts.runoff_coefficient, pool.facts.catchment_km2
    if room is None or room <= 0 or alpha is None or area is None:
        return None, kind
    return rain_absorption_mm(room, alpha.value, area.value), kind


def worked_back(row: Row, pool: Pool) -> BackInflow | None:
    """Return the inflow that the last hours of level and outflow stand for."""
    level, out = row.level, row.outflow
    if usable(level) is None or level is None or out is None or (pool.storage is None and pool.area is None):
        return None
    gap = 1.5 * max(level.interval_s, out.interval_s)
    return back_calculated((level.recent_t, level.recent_v), (out.recent_t, out.recent_v), pool.between, pool.area_at, gap)


def _net(row: Row, reported: float | None, back: BackInflow | None, moment: float) -> tuple[float | None, str]:
    """Return inflow less outflow; where no inflow is reported, with the one worked back."""
    out = None if stale_at(row.outflow, moment) else usable(row.outflow)
    if out is None:
        return None, ""
    if reported is not None:
        return reported - out, "reported"
    return (back.value_m3s - out, "worked_back") if back is not None else (None, "")
