"""The sandbox: rivers through their stages, pools at their level, columns by distance to warning."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from console.domain.elements import signed
from console.domain.geo import snapped
from console.domain.objects import River, Thing
from console.domain.reservoirs import stated
from console.domain.states import State
from console.presenters.map import reach_states
from console.presenters.reservoir_figures import marks_of
from console.presenters.typhoon import typhoon_views
from console.presenters.wording import Translate, stale, value_text
from console.viewdata.board import Board, Row
from console.viewdata.map import RainField
from console.viewdata.reservoir import MARK_WORDS
from console.viewdata.scene import ScenePool, SceneReach, SceneStation, SceneStyle, SceneView

ABOUT_KM = 3.0  # how well a station's place is known where it is general knowledge
LOW_M, HIGH_M = -4.0, 10.0  # margins drawn as the shortest and tallest column
RISE_M = 0.015  # of an hour: less is no rise and no fall


Array = NDArray[np.float64]


class SceneTarget(Protocol):
    def show_view(self, view: SceneView) -> None: ...


def column_ratio(row: Row) -> float:
    """Return the column height, 0 to 1, from the margin to the warning level; unknown is short."""
    if row.margin_m is None:
        return 0.12
    return min(1.0, max(0.04, (row.margin_m - LOW_M) / (HIGH_M - LOW_M)))


def scene_view(
    board: Board,
    selected: str | None,
    typhoons: Iterable[Thing] = (),
    rain: RainField | None = None,
    style: SceneStyle | None = None,
    courses: Mapping[str, Array] | None = None,
) -> SceneView:
    """Return what the sandbox draws.

    courses: rivers' lines (n, 2) lon/lat; a station whose place is only about known stands on its river then.
    """
    rows = [r for r in board.rows if _placed(r)]
    stations = tuple(
        SceneStation(
            r.code,
            r.station.name,
            *_place(r, courses or {}),
            State.NO_DATA if stale(r) else r.state,  # what was over a limit when last heard is not known to be so now
            stale(r),
            column_ratio(r),
            _label(r),
        )
        for r in rows
        if r.station.kind in ("river", "tide")
    )
    states = reach_states(rows)
    names = {r.station.river for r in rows if r.station.kind in ("river", "tide") and r.station.river}
    speeds = _speeds(board.rivers, board)
    reaches = tuple(
        SceneReach(name, states.get(name, ()), _stages(rows, name), _rises(rows, name), speeds.get(name, ()))
        for name in sorted(names)
    )
    pools = tuple(_pool(r, board.moment) for r in rows if r.station.kind == "reservoir")
    winds = typhoon_views(typhoons, board.moment, board.now)
    view = SceneView(board.moment, stations, reaches, pools, selected, {}, winds, rain)
    return replace(view, style=style) if style is not None else view


def _placed(row: Row) -> bool:
    lon, lat = row.station.lon, row.station.lat
    return lon is not None and lat is not None and math.isfinite(lon) and math.isfinite(lat)


def _place(row: Row, courses: Mapping[str, Array]) -> tuple[float, float]:
    line = courses.get(row.station.river)
    lon, lat = row.station.lon or 0.0, row.station.lat or 0.0
    return snapped(line, lon, lat, ABOUT_KM) if line is not None and len(line) > 1 else (lon, lat)


def _stages(rows: list[Row], river: str) -> tuple[tuple[float, float, float], ...]:
    """Return the known stages on a river; a reservoir in its course holds its water at its own level."""
    return tuple(
        (r.station.lon or 0.0, r.station.lat or 0.0, r.level.smooth)
        for r in rows
        if r.station.kind in ("river", "tide")
        and r.station.river == river
        and r.level
        and r.level.smooth is not None
        and r.known
    )


def _rises(rows: list[Row], river: str) -> tuple[tuple[float, float, float], ...]:
    """Return the change of the last hour at the river's stations that tell one; a still one takes no side."""
    return tuple(
        (r.station.lon or 0.0, r.station.lat or 0.0, r.level.change_1h)
        for r in rows
        if r.station.kind == "river"
        and r.station.river == river
        and r.known
        and r.level
        and r.level.change_1h is not None
        and abs(r.level.change_1h) >= RISE_M
    )


def _speeds(rivers: Iterable[River], board: Board) -> dict[str, tuple[tuple[float, float, float, float, float], ...]]:
    """Return how fast a flood travels between neighbouring stations, km/h, where a travel time was published."""
    found: dict[str, tuple[tuple[float, float, float, float, float], ...]] = {}
    for river in rivers:
        legs = []
        for above, below in zip(river.nodes, river.nodes[1:], strict=False):
            a, b = board.row(above.code), board.row(below.code)
            if not below.travel_h or a is None or b is None:
                continue
            start, end = a.station, b.station
            if start.lon is None or start.lat is None or end.lon is None or end.lat is None:
                continue
            speed = (below.chainage_km - above.chainage_km) / below.travel_h
            if speed > 0 and below.travel_h > 0:  # nodes out of order tell of no flood
                legs.append((start.lon, start.lat, end.lon, end.lat, speed))
        if legs:
            found[river.name] = tuple(legs)
    return found


def _label(row: Row) -> str:
    if row.main is None:
        return f"{row.station.name} —"
    margin = f" {signed(row.margin_m)}" if row.margin_m is not None else ""
    unit = "" if row.main.element == "Z" else " m³/s"
    return f"{row.station.name} {value_text(row.main)}{unit}{margin}"


def _pool(row: Row, moment: float) -> ScenePool:
    total = stated(row.station.facts, "total_mcm")
    radius = min(9.0, max(1.8, 0.9 * math.log10(max(10.0, total.value if total is not None else 100.0))))
    level = row.level.smooth if row.level and row.known else None
    text = f"{row.station.name} {level:.2f} m" if level is not None else f"{row.station.name} —"
    rules = tuple((MARK_WORDS[mark.kind], mark.level_m) for mark in marks_of(row.station, moment))
    s = row.station
    return ScenePool(s.code, s.name, s.lon or 0.0, s.lat or 0.0, radius, level, row.state, text, rules)


def present_scene(
    view: SceneTarget,
    board: Board,
    selected: str | None,
    tr: Translate,
    typhoons: Iterable[Thing] = (),
    rain: RainField | None = None,
    style: SceneStyle | None = None,
    courses: Mapping[str, Array] | None = None,
) -> str:
    scene = scene_view(board, selected, typhoons, rain, style, courses)
    view.show_view(scene)
    known = sum(len(r.stages) for r in scene.reaches)
    stations = len(scene.stations)
    return f"{tr('水面经过')} {known}/{stations} {tr('站水位')}"
