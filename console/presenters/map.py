"""The map: stations in columns, water coloured by the nearest station, counts with unknown beside over."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from console.domain.states import State
from console.presenters.wording import Translate, margin_text, stale, value_text
from console.viewdata.board import Board, Row
from console.viewdata.map import MapCounts, MapStations, MapView


class MapTarget(Protocol):
    def show_view(self, view: MapView) -> None: ...


def map_stations(rows: list[Row]) -> MapStations:
    placed = [r for r in rows if r.station.lon is not None and r.station.lat is not None]
    return MapStations(
        code=tuple(r.code for r in placed),
        lon=np.array([r.station.lon for r in placed], float),
        lat=np.array([r.station.lat for r in placed], float),
        state=np.array([int(r.state) for r in placed], np.int64),
        stale=np.array([stale(r) for r in placed], bool),
        kind=tuple(r.station.kind for r in placed),
        label=tuple(_label(r) for r in placed),
    )


def _label(row: Row) -> tuple[str, str, str, int]:
    main = row.main
    return (
        row.station.name,
        value_text(main) if main and main.element in ("Z", "RZ") else "",
        margin_text(row),
        row.trend,
    )


def reach_states(rows: list[Row]) -> dict[str, tuple[tuple[float, float, State], ...]]:
    """Return each river's stations with their states; a stale one counts as unknown."""
    found: dict[str, list[tuple[float, float, State]]] = {}
    for row in rows:
        s = row.station
        if s.kind == "river" and s.river and s.lon is not None and s.lat is not None:
            state = State.NO_DATA if stale(row) else row.state
            found.setdefault(s.river, []).append((s.lon, s.lat, state))
    return {river: tuple(stations) for river, stations in found.items()}


def present_map(view: MapTarget, board: Board, selected: str | None, tr: Translate) -> str:
    rows = [r for r in board.rows if r.station.kind != "basin"]
    stations = map_stations(rows)
    counts = MapCounts(
        stations=len(rows),
        over=sum(1 for r in rows if r.state >= State.WARNING),
        unknown=sum(1 for r in rows if r.state is State.NO_DATA),
        unplaced=len(rows) - len(stations.code),
    )
    view.show_view(MapView(stations, reach_states(rows), counts, selected))
    newest = max((r.main.t for r in rows if r.main), default=None)
    if newest is None:
        return tr("等待数据")
    over = f"{tr('超限')} {counts.over}" if counts.over else tr("无超限")
    return f"{tr('河道水情 · 水库')} · {over} · {tr('无数据')} {counts.unknown}"
