"""Basin strip: a river's stations in order and where the flood peak is under way."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from console.domain.objects import ReachNode, River
from console.domain.states import State
from console.domain.time import stamp
from console.engine.travel import travel_hours
from console.presenters.wording import Translate, margin_text, stale, value_text
from console.viewdata.board import Board, Row, Sample
from console.viewdata.curves import StripNode, StripView

PASSED_FALL_M = 0.02
TRAVEL_BAND = 0.2  # published travel times scatter by about a fifth


class StripTarget(Protocol):
    def show_view(self, view: StripView) -> None: ...


def river_of(board: Board, selected: str | None) -> River | None:
    """Return the river of the selection, else the one with the worst station."""
    for river in board.rivers:
        if any(n.code == selected for n in river.nodes):
            return river

    def worst(river: River) -> int:
        return max((int(r.state) for n in river.nodes if (r := board.row(n.code))), default=-1)

    return max(board.rivers, key=lambda r: (worst(r), len(r.nodes)), default=None)


def passed_peak(sample: Sample | None, moment: float) -> tuple[int, float] | None:
    """Return (t, level) of a peak of the last 24 h that the level has fallen from; None if none."""
    if sample is None or len(sample.recent_v) < 3:
        return None
    i = int(np.nanargmax(sample.recent_v))
    t, top = int(sample.recent_t[i]), float(sample.recent_v[i])
    at_edge = i in (0, len(sample.recent_v) - 1)
    if at_edge or sample.value is None or sample.value > top - PASSED_FALL_M or t > moment:
        return None
    return t, top


def travelling(nodes: tuple[ReachNode, ...], rows: list[Row | None], moment: float) -> tuple[float, str] | None:
    """Return (km of the peak, what is expected) on the way from the last station it passed."""
    for i in range(len(nodes) - 2, -1, -1):
        row = rows[i]
        if row is None or row.state < State.WARNING or row.station.kind != "river":
            continue
        peak = passed_peak(row.level, moment)
        nxt = next((k for k in range(i + 1, len(nodes)) if nodes[k].travel_h), None)
        travel_h = travel_hours(nodes, nodes[i].code, nodes[nxt].code) if nxt is not None else None
        if peak is None or nxt is None or not travel_h:
            continue  # a hop that nobody published is not a hop of no time
        arrives = peak[0] + travel_h * 3600
        if moment > arrives + TRAVEL_BAND * travel_h * 3600:
            continue
        part = min(1.0, (moment - peak[0]) / (travel_h * 3600))
        km = nodes[i].chainage_km + part * (nodes[nxt].chainage_km - nodes[i].chainage_km)
        target = rows[nxt]
        name = target.station.name if target else nodes[nxt].code
        text = (
            f"{row.station.name} {peak[1]:.2f} m（{stamp(peak[0])}）→ {name} 约 {stamp(arrives)} ±{TRAVEL_BAND * travel_h:.0f}h"
        )
        return km, text
    return None


def present_strip(view: StripTarget, board: Board, selected: str | None, tr: Translate) -> tuple[str, str]:
    """Fill the strip; return (title, meta)."""
    river = river_of(board, selected)
    if river is None:
        view.show_view(StripView("", ()))
        return tr("河系概化图"), tr("没有河系数据")
    rows = [board.row(n.code) for n in river.nodes]
    nodes = tuple(
        StripNode(
            code=n.code,
            name=row.station.name if row else n.code,
            chainage_km=n.chainage_km,
            state=row.state if row else State.NO_DATA,
            stale=stale(row) if row else True,
            value_text=_value(row),
            margin_text=margin_text(row) if row else "",
            trend=row.trend if row else 0,
            reservoir=bool(row and row.station.kind == "reservoir"),
        )
        for n, row in zip(river.nodes, rows, strict=True)
    )
    peak = travelling(river.nodes, rows, board.moment)
    text = f"{tr('洪峰')} {peak[1]}" if peak else ""
    view.show_view(StripView(river.name, nodes, peak[0] if peak else None, text, selected))
    known = sum(1 for r in rows if r is not None and r.main is not None)
    return f"{tr(river.name)}{tr('河系概化图')}", f"{tr('有数据')} {known}/{len(rows)} · {tr('传播时间为公布预报值')}"


def _value(row: Row | None) -> str:
    if row is None or row.main is None:
        return "—"
    unit = "" if row.main.element in ("Z", "RZ") else " m³/s"
    return value_text(row.main) + unit
