"""Reservoir card: the selected reservoir, else the one on the selected river, else the first known."""

from __future__ import annotations

from typing import Protocol

from console.domain.quality import word
from console.presenters.hydrograph import LIMIT_WORDS
from console.presenters.wording import Translate, meta, stale
from console.viewdata.board import Board, Row, Sample
from console.viewdata.curves import ReservoirView

LEVEL_KINDS = ("crest", "check", "design", "normal", "flood_limit", "dead")


class ReservoirTarget(Protocol):
    def show_view(self, view: ReservoirView | None) -> None: ...


def chosen(board: Board, selected: str | None) -> Row | None:
    rows = [r for r in board.rows if r.station.kind == "reservoir"]
    row = board.row(selected)
    if row is not None and row.station.kind == "reservoir":
        return row
    if row is not None:
        near = next((r for r in rows if r.station.river == row.station.river and r.level), None)
        if near is not None:
            return near
    return next((r for r in rows if r.level is not None), rows[0] if rows else None)


def _value(sample: Sample | None) -> float | None:
    return None if sample is None else sample.value


def reservoir_view(row: Row, moment: float) -> ReservoirView:
    """Return the card's figures; hours to the limit need the area, which few reservoirs publish."""
    station = row.station
    levels = tuple(
        (kind, LIMIT_WORDS[kind], th.value, th.source)
        for kind in LEVEL_KINDS
        if (th := station.threshold(kind, moment, "RZ")) is not None
    )
    facts = station.facts
    inflow, outflow = _value(row.inflow), _value(row.outflow)
    hours = None
    area = facts.get("area_km2")
    if area and row.margin_m is not None and row.margin_m < 0 and inflow is not None and outflow is not None:
        net = inflow - outflow
        hours = -row.margin_m * float(area) * 1e6 / net / 3600 if net > 0 else None
    return ReservoirView(
        code=station.code,
        name=station.name,
        river=station.river,
        state=row.state,
        stale=stale(row),
        level_m=_value(row.level),
        level_t=row.level.t if row.level else None,
        quality=word(row.level.quality) if row.level else "",
        levels=levels,
        inflow_m3s=inflow,
        outflow_m3s=outflow,
        storage_mcm=None,
        total_mcm=facts.get("total_mcm"),
        flood_control_mcm=facts.get("flood_control_mcm"),
        margin_m=row.margin_m,
        change_1h=row.level.change_1h if row.level else None,
        hours_to_limit=hours,
        note=station.note,
    )


def present_reservoir(view: ReservoirTarget, board: Board, selected: str | None, tr: Translate) -> tuple[str, str]:
    """Fill the card; return (title, meta)."""
    row = chosen(board, selected)
    view.show_view(reservoir_view(row, board.moment) if row else None)
    if row is None:
        return tr("水库"), ""
    name = row.station.name
    title = name if name.endswith("水库") else f"{name}{tr('水库')}"
    return title, meta(board, row.level, tr)
