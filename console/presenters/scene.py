"""The sandbox: rivers through their stages, pools at their level, columns by distance to warning."""

from __future__ import annotations

import math
from typing import Protocol

from console.domain.elements import signed
from console.domain.reservoirs import stated
from console.presenters.map import reach_states
from console.presenters.wording import Translate, stale, value_text
from console.viewdata.board import Board, Row
from console.viewdata.scene import ScenePool, SceneReach, SceneStation, SceneView

LOW_M, HIGH_M = -4.0, 10.0  # margins drawn as the shortest and tallest column


class SceneTarget(Protocol):
    def show_view(self, view: SceneView) -> None: ...


def column_ratio(row: Row) -> float:
    """Return the column height, 0 to 1, from the margin to the warning level; unknown is short."""
    if row.margin_m is None:
        return 0.12
    return min(1.0, max(0.04, (row.margin_m - LOW_M) / (HIGH_M - LOW_M)))


def scene_view(board: Board, selected: str | None) -> SceneView:
    rows = [r for r in board.rows if r.station.lon is not None and r.station.lat is not None]
    stations = tuple(
        SceneStation(
            r.code,
            r.station.name,
            r.station.lon or 0.0,
            r.station.lat or 0.0,
            r.state,
            stale(r),
            column_ratio(r),
            _label(r),
        )
        for r in rows
        if r.station.kind == "river"
    )
    states = reach_states(rows)
    names = {r.station.river for r in rows if r.station.kind == "river"}
    reaches = tuple(SceneReach(name, states.get(name, ()), _stages(rows, name)) for name in sorted(names))
    pools = tuple(_pool(r) for r in rows if r.station.kind == "reservoir")
    return SceneView(board.moment, stations, reaches, pools, selected)


def _stages(rows: list[Row], river: str) -> tuple[tuple[float, float, float], ...]:
    return tuple(
        (r.station.lon or 0.0, r.station.lat or 0.0, r.level.smooth)
        for r in rows
        if r.station.kind == "river" and r.station.river == river and r.level and r.level.smooth is not None
    )


def _label(row: Row) -> str:
    if row.main is None:
        return f"{row.station.name} —"
    margin = f" {signed(row.margin_m)}" if row.margin_m is not None else ""
    unit = "" if row.main.element == "Z" else " m³/s"
    return f"{row.station.name} {value_text(row.main)}{unit}{margin}"


def _pool(row: Row) -> ScenePool:
    total = stated(row.station.facts, "total_mcm")
    radius = min(9.0, max(1.8, 0.9 * math.log10(max(10.0, total.value if total is not None else 100.0))))
    level = row.level.smooth if row.level else None
    text = f"{row.station.name} {level:.2f} m" if level is not None else f"{row.station.name} —"
    s = row.station
    return ScenePool(s.code, s.name, s.lon or 0.0, s.lat or 0.0, radius, level, row.state, text)


def present_scene(view: SceneTarget, board: Board, selected: str | None, tr: Translate) -> str:
    scene = scene_view(board, selected)
    view.show_view(scene)
    known = sum(len(r.stages) for r in scene.reaches)
    return f"{tr('合成地形 仅供演示')} · {tr('水面经过')} {known} {tr('站水位')}"
