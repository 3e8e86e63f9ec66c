"""Rain of a window over the map, computed off the GUI thread when the hour, the window or the gauges change."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from console.domain.quality import Quality
from console.domain.rain import BOUNDS_24H, TOKENS, window_sum
from console.domain.time import DAY_S, hydrological_day
from console.engine.areal_rain import areal_rain, to_plane
from console.engine.isohyets import bands, spread
from console.services.session import Session
from console.state.rows import measured
from console.store.cache_reader import Rows
from console.viewdata.board import Board
from console.viewdata.map import RainBand, RainField

Array = NDArray[np.float64]
GRID = 160  # nodes across the area
MARGIN_DEG = 0.25
ENOUGH = 0.9  # of a window that a gauge must have read to speak for its ground; less makes a false dry hole
SILENT_H = 48  # how far back the last stamps of silent gauges are sought
KM = math.radians(1) * 6371.0


@dataclass(frozen=True, slots=True, eq=False)
class Gauges:
    """Gauges with a place and a sum: lon, lat, mm (NaN for a gauge without readings), share of the window."""

    lon: Array
    lat: Array
    mm: Array
    share: Array


class RainFieldService(QObject):
    """Owned by the map that shows it.

    Signals:
        changed: another field is there.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.hours = 24.0
        self.field: RainField | None = None
        self._key: tuple[object, ...] = ()
        self._busy = self._closed = False

    def close(self) -> None:
        self._closed = True

    def set_hours(self, hours: float) -> None:
        self.hours = hours
        self.want()

    def want(self) -> None:
        """See to it that the field fits the Situation; called at every refresh, cheap when nothing changed."""
        board = self._session.board
        sids = tuple(s.sid for s in board.series.values() if s.element == "P")
        key = (self.hours, int(board.board.moment // 600), id(board.stations), board.revision(sids))
        if key != self._key and not self._busy and not self._closed:
            self._key, self._busy = key, True
            self._session.tasks.start("rain field", self._compute())

    async def _compute(self) -> None:
        board, hours = self._session.board.board, self.hours
        try:
            made = await self.at(board, hours)
        finally:
            self._busy = False
        if not self._closed:
            self.field = made
            self.changed.emit()
            self.want()  # the hour or the window may have moved on meanwhile

    async def at(self, board: Board, hours: float) -> RainField:
        """Return the rain of the hours up to a board's moment, or up to the last stamp where all gauges stopped before it.

        hours: 0 for since the 08:00 that began the hydrological day, which stays the window's beginning. A window that
        is no whole number of the gauges' intervals is lengthened to one: half an hour of an hourly sum is not known.
        """
        state = self._session.board
        moment, day = int(board.moment), hydrological_day(board.moment) - DAY_S
        since = day if hours <= 0 else None
        hours = (moment - day) / 3600 if since is not None else hours
        stations = [s for s in state.stations.values() if s.kind == "rain" and s.lon is not None and s.lat is not None]
        rain = {s.object_code: s for s in state.series.values() if s.element == "P"}
        series = {s.code: rain.get(s.code) for s in stations}
        sids = [s.sid for s in series.values() if s is not None]
        rows = await state.window(sids, int(moment - (hours + SILENT_H) * 3600), moment)
        if not board.ahead:  # what was once forecast for hours that have passed is no rain
            rows = {sid: measured(found) for sid, found in rows.items()}
        newest = max((int(r[0][-1]) for r in rows.values() if len(r[0])), default=moment)
        steps = [s.interval_s for s in series.values() if s is not None]
        longest = _usual(steps, hours)
        until = newest if moment - newest > 1.5 * longest else moment
        whole = math.ceil(round(hours * 3600 / longest, 6)) * longest / 3600
        hours = max(0.0, (until - since) / 3600) if since is not None else whole
        sums = [
            _sum(rows[one.sid], one.interval_s, until, hours) if (one := series[s.code]) is not None else None for s in stations
        ]
        gauges = Gauges(
            np.array([s.lon for s in stations], float),
            np.array([s.lat for s in stations], float),
            np.array([np.nan if x is None or x[1] < ENOUGH else x[0] for x in sums]),
            np.array([0.0 if x is None else x[1] for x in sums]),
        )
        silent_h, ahead = (moment - until) / 3600, board.ahead and until <= board.now
        work = partial(rain_field, gauges, _outlines(board), hours, float(until), silent_h=silent_h, ahead=ahead)
        return await asyncio.get_running_loop().run_in_executor(None, work)


def _usual(steps: Sequence[int], hours: float) -> int:
    """Return the interval, s, that a window is made of: what most gauges read in.

    Where most fit in no window as short as this one it is lengthened for them; a few slow ones keep nobody from it.
    """
    if not steps:
        return 3600
    usual = max(set(steps), key=steps.count)
    fitting = [s for s in steps if hours <= 0 or s <= hours * 3600]
    return usual if usual in fitting or 2 * len(fitting) < len(steps) else max(set(fitting), key=fitting.count)


def _sum(rows: Rows, interval_s: int, until_t: float, hours: float) -> tuple[float, float] | None:
    t, v, quality = rows
    good = (quality != Quality.BAD) & (quality != Quality.SUSPECT)
    found = window_sum(t[good], v[good], interval_s, until_t, hours)
    return (found.mm, found.share) if found else None


def _outlines(board: Board) -> list[tuple[str, Array]]:
    found = []
    for row in board.rows:
        ring = row.station.facts.get("outline") if row.station.kind == "basin" else None
        if not isinstance(ring, list) or len(ring) < 3:
            continue
        try:
            points = np.array(ring, float)
        except (TypeError, ValueError):
            continue  # an outline that is no ring of numbers draws nothing; the gauges still do
        if points.ndim == 2 and points.shape[1] == 2 and np.isfinite(points).all():
            found.append((row.station.name, points))
    return found


def rain_field(
    gauges: Gauges,
    outlines: Sequence[tuple[str, Array]],
    hours: float,
    until_t: float,
    *,
    silent_h: float = 0.0,
    ahead: bool = False,
) -> RainField:
    """Return what the map drapes; without any reading it says so and claims nothing. Runs in a worker."""
    known = np.isfinite(gauges.mm)
    missing = int((~known).sum())
    rings = tuple(ring for _, ring in outlines)
    blank = RainField(hours, until_t, outlines=rings, missing=missing, silent_h=silent_h, ahead=ahead)
    if not known.any():
        said = "这一时段没有雨量站读数" if len(gauges.mm) else "没有带坐标的雨量站"
        return replace(blank, said=said)
    lat0 = float(gauges.lat.mean())
    plane = to_plane(gauges.lon, gauges.lat, lat0)
    areas, cells = [], []
    for name, ring in outlines:
        basin = shapely.Polygon(to_plane(ring[:, 0], ring[:, 1], lat0))
        mean = areal_rain(basin, plane, gauges.mm) if basin.is_valid and basin.area > 0 else None
        if mean is None:
            continue
        share = float(mean.weights @ gauges.share)
        areas.append((name, mean.mm, mean.used, mean.missing, share))
        cells += [
            (_degrees(np.asarray(part.exterior.coords), lat0), float(gauges.mm[i]))
            for i, cell in enumerate(mean.polygons)
            for part in shapely.get_parts(cell)
            if part.geom_type == "Polygon" and not part.is_empty
        ]
    drawn = _isohyets(plane[known], gauges.mm[known], rings, lat0)
    return RainField(
        hours, until_t, drawn, tuple(cells), rings, tuple(areas), int(known.sum()), missing, silent_h=silent_h, ahead=ahead
    )


def _degrees(points: Array, lat0: float) -> Array:
    return np.column_stack([points[:, 0] / (KM * math.cos(math.radians(lat0))), points[:, 1] / KM])


def _isohyets(plane: Array, mm: Array, rings: Sequence[Array], lat0: float) -> tuple[RainBand, ...]:
    """Return the bands inside the basins' outlines, or around the gauges where no outline is known."""
    inside = shapely.union_all([shapely.make_valid(shapely.Polygon(to_plane(r[:, 0], r[:, 1], lat0))) for r in rings])
    if inside.is_empty:
        inside = shapely.convex_hull(shapely.multipoints(plane)).buffer(MARGIN_DEG * KM)
    west, south, east, north = inside.bounds
    x, y = np.linspace(west, east, GRID), np.linspace(south, north, GRID)
    found = []
    for band in bands(x, y, spread(plane, mm, x, y), BOUNDS_24H):
        shape = shapely.union_all([shapely.make_valid(shapely.Polygon(a[0], a[1:])) for a in band.rings if len(a[0]) > 3])
        cut = shapely.intersection(shape, inside)
        areas = tuple(
            tuple(_degrees(np.asarray(r.coords), lat0) for r in (part.exterior, *part.interiors))
            for part in shapely.get_parts(cut)
            if part.geom_type == "Polygon" and not part.is_empty
        )
        if areas:
            found.append(RainBand(band.low_mm, TOKENS[BOUNDS_24H.index(band.low_mm)], areas))
    return tuple(found)
