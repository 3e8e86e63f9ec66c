"""Table of all reservoirs: worked out off the GUI thread, the most dangerous first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from console.domain.elements import LEVEL, flow_text, signed
from console.domain.objects import Station
from console.domain.quality import word
from console.domain.states import State
from console.domain.time import age_text, stamp
from console.presenters.reservoir_figures import Figures, Pool, PoolBook, figures_of, stale_at, usable
from console.presenters.reservoir_words import (
    DASH,
    datum_word,
    hours_words,
    judged_word,
    margin_words,
    mark_text,
    storage_of,
    with_sure,
)
from console.presenters.wording import Translate, stale
from console.services.session import Session
from console.viewdata.board import Board, Row, Sample
from console.viewdata.reservoir import MARK_WORDS, ReservoirRow

UNJUDGED = 0.5  # between below the limit and near it: nobody published what to judge it by


class ReservoirTable(Protocol):
    def show_rows(self, rows: Sequence[ReservoirRow]) -> None: ...
    def show_selected(self, code: str | None) -> None: ...
    def show_summary(self, text: str) -> None: ...


def reservoir_row(row: Row, board: Board, pool: Pool, tr: Translate) -> ReservoirRow:
    """Return a reservoir's line of the table."""
    figures = figures_of(row, pool, board.moment, beside=False)
    state, text, token = judged_word(row, figures, tr)
    inflow, worked_back = _inflow(row, figures, board.moment)
    outflow = None if stale_at(row.outflow, board.moment) else usable(row.outflow)
    change = row.level.change_1h if row.level is not None else None
    margin = None if figures.limit is None or figures.level_m is None else figures.level_m - figures.limit.value
    room = None if figures.to_top_mcm is None else max(0.0, figures.to_top_mcm)
    return ReservoirRow(
        code=row.code,
        name=row.station.name,
        river=row.station.river,
        state=state,
        state_word=text,
        state_token=token,
        rank=_rank(state, figures, margin),
        stale=stale(row),
        level_m=figures.level_m,
        level_text=LEVEL.text(figures.level_m),
        margin_m=margin,
        margin_text=margin_words(row, figures, tr),
        available_mcm=room,
        available_text=storage_of(room, pool, tr),
        available_to=mark_text(figures.top, tr) if figures.top is not None and room is not None else "",
        absorb_mm=figures.absorb_mm,
        absorb_text=_absorb_text(figures, pool, tr),
        absorb_to=tr(MARK_WORDS[figures.absorb_to]) if figures.absorb_mm is not None else "",
        inflow_m3s=inflow,
        inflow_text=flow_text(inflow) + (f" {tr('反推')}" if worked_back else ""),
        outflow_m3s=outflow,
        outflow_text=flow_text(outflow),
        change_1h=change,
        change_text=signed(change),
        hours=figures.hours,
        hours_text=hours_words(row, figures, tr),
        t=row.level.t if row.level is not None else None,
        time_text=_time_text(row.level, board, tr) if row.level is not None else tr("缺报"),
        quality=tr(word(row.level.quality)) if row.level is not None else DASH,
        marks=figures.marks,
        datum=datum_word(row.station.datum, tr),
    )


def _absorb_text(figures: Figures, pool: Pool, tr: Translate) -> str:
    if figures.absorb_mm is None or pool.facts.runoff_coefficient is None:
        return DASH
    return with_sure(f"{figures.absorb_mm:.0f}", pool.made_up or pool.facts.runoff_coefficient.sure, tr)


def _time_text(level: Sample, board: Board, tr: Translate) -> str:
    age = board.moment - level.t
    return stamp(level.t, board.now) + (f" · {age_text(age, tr)}{tr('前')}" if age >= 60 else "")


def _inflow(row: Row, figures: Figures, moment: float) -> tuple[float | None, bool]:
    """Return the reported inflow, else the one worked back, and whether it is that; of one reported long ago, nothing."""
    reported = None if stale_at(row.inflow, moment) else usable(row.inflow)
    if reported is not None or figures.back is None or stale(row):
        return reported, False
    return figures.back.value_m3s, True


def _rank(state: State, figures: Figures, margin: float | None) -> tuple[float, float]:
    """Order by state, then by distance to the limit; a pool that nobody can judge stands before the safe ones."""
    if figures.level_m is None:
        return -1.0, 0.0
    if state is State.NO_DATA:
        return UNJUDGED, 0.0
    return float(state), margin if margin is not None else 0.0


class RowBook:
    """Lines of the table; one is worked out again only when its reservoir has something new to say."""

    def __init__(self) -> None:
        self._pools = PoolBook()
        self._made: dict[str, tuple[Station, tuple[object, ...], ReservoirRow]] = {}

    def rows(self, board: Board, tr: Translate) -> list[ReservoirRow]:
        """Return every reservoir's line; takes no Qt object, so that a worker can make them."""
        return [self._row(r, board, tr) for r in board.rows if r.station.kind == "reservoir"]

    def _row(self, row: Row, board: Board, tr: Translate) -> ReservoirRow:
        flows = (_said(row.inflow), _said(row.outflow), stale_at(row.inflow, board.moment), stale_at(row.outflow, board.moment))
        key = (row.state, row.freshness, _said(row.level), *flows, tr("无数据"))
        made = self._made.get(row.code)
        if made is None or made[0] is not row.station or made[1] != key or row.level is None:
            made = row.station, key, reservoir_row(row, board, self._pools.of(row.station), tr)
            self._made[row.code] = made
            return made[2]
        when = _time_text(row.level, board, tr)
        return made[2] if made[2].time_text == when else replace(made[2], time_text=when)


def _said(sample: Sample | None) -> tuple[object, ...]:
    return () if sample is None else (sample.t, sample.value, sample.quality, sample.change_1h)


def summary(rows: Sequence[ReservoirRow], tr: Translate) -> str:
    if not rows:
        return ""
    known = sum(1 for r in rows if r.level_m is not None)
    over = sum(1 for r in rows if r.state >= State.FLOOD_LIMIT)
    unjudged = sum(1 for r in rows if r.level_m is not None and r.state is State.NO_DATA)
    parts = [
        tr("按危险程度"),
        f"{tr('有数据')} {known}/{len(rows)}",
        f"{tr('超汛限及以上')} {over}",
        f"{tr('没有汛限可比')} {unjudged}",
    ]
    return " · ".join(parts)


class ReservoirBoardPresenter:
    """Keeps one calculation going at a time; only the newest board waits."""

    def __init__(self, session: Session, view: ReservoirTable, tr: Translate) -> None:
        self._session = session
        self._view = view
        self._tr = tr
        self._book = RowBook()
        self._wanted: Board | None = None
        self._busy = False
        self._closed = False

    def close(self) -> None:
        """The view is going: a calculation on its way fills nothing any more."""
        self._closed = True

    def refresh(self) -> None:
        self._wanted = self._session.board.board
        self._view.show_selected(self._session.situation.current.selection)
        if not self._busy:
            self._busy = True
            self._session.tasks.start("reservoir table", self._fill())

    async def _fill(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._wanted is not None and not self._closed:
                board, self._wanted = self._wanted, None
                rows = await loop.run_in_executor(None, self._book.rows, board, self._tr)
                if self._closed:
                    return
                self._view.show_rows(rows)
                self._view.show_summary(summary(rows, self._tr))
                self._view.show_selected(self._session.situation.current.selection)
        finally:
            self._busy = False
