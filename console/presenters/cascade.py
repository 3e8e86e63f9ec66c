"""Reservoirs operated as one chain, in order downstream, with the room that all of them have left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from console.domain.datum import stated_datum
from console.domain.elements import LEVEL
from console.domain.reservoirs import MADE_UP
from console.presenters.reservoir_figures import Figures, Pool, PoolBook, figures_of
from console.presenters.reservoir_words import DASH, flow_of, judged_word, margin_words, sure_word, volume_text
from console.presenters.wording import Translate, stale
from console.texts import printable
from console.viewdata.board import Board, Row
from console.viewdata.reservoir import CascadeNode, CascadeView


class CascadeTarget(Protocol):
    def show_view(self, view: CascadeView | None) -> None: ...


class CascadePresenter:
    """Shows the chain that the selected reservoir belongs to, else the longest one."""

    def __init__(self, view: CascadeTarget, tr: Translate) -> None:
        self._view = view
        self._tr = tr
        self._book = PoolBook()

    def refresh(self, board: Board, selected: str | None) -> tuple[str, str]:
        """Fill the view; return (title, meta)."""
        chains = chains_of(board)
        name = _chosen(chains, board.row(selected))
        if name is None:
            self._view.show_view(None)
            return self._tr("梯级"), ""
        members = [(row, self._book.of(row.station)) for row in chains[name]]
        members.sort(key=lambda m: (m[1].facts.cascade_order, m[0].code))
        view = cascade_view(name, members, board, selected, self._tr)
        self._view.show_view(view)
        tr = self._tr
        return f"{view.name} · {self._tr('梯级')}", f"{len(view.nodes)} {tr('座水库')}"


def chains_of(board: Board) -> dict[str, list[Row]]:
    """Return the reservoirs of each declared chain; without an order they will stand last, by code."""
    chains: dict[str, list[Row]] = {}
    for row in board.rows:
        name = row.station.facts.get("cascade") if row.station.kind == "reservoir" else None
        if isinstance(name, str) and name:
            chains.setdefault(name, []).append(row)
    return chains


def _chosen(chains: dict[str, list[Row]], row: Row | None) -> str | None:
    """Return the chain of an object: its own, else the one of its river, else the longest."""
    if row is not None:
        own = row.station.facts.get("cascade")
        for name in (own, row.station.river):
            if isinstance(name, str) and name in chains:
                return name
    return max(chains, key=lambda name: (len(chains[name]), name), default=None)


def cascade_view(
    name: str, members: Sequence[tuple[Row, Pool]], board: Board, selected: str | None, tr: Translate
) -> CascadeView:
    """Return a chain as it is drawn; the sum holds only pools whose flood-control top and curve are known."""
    worked = [(row, pool, figures_of(row, pool, board.moment)) for row, pool in members]
    known = [(max(0.0, f.to_top_mcm), pool) for row, pool, f in worked if f.to_top_mcm is not None and not stale(row)]
    total = volume_text(sum(room for room, _ in known), tr) if known else DASH
    sures = sorted({pool.made_up for _, pool in known if pool.made_up in MADE_UP})
    mixed = f"（{tr('含')}{'、'.join(sure_word(s, tr) for s in sures)}）" if sures else ""
    count = f"{len(members)} {tr('座中')} {len(known)} {tr('座可知')}"
    notes = [tr("流量单位 m³/s"), tr("竖线接入的是支流水库，按登记的次序排列，不表示距离")]
    datums = {stated_datum(row.station.datum) for row, _ in members}
    if len(datums) > 1 or "" in datums:
        notes.append(tr("各库水位基面未注明或不同，不可相互比较"))
    if len(known) < len(members):
        notes.append(tr("其余没有库容曲线、防洪高水位或及时的水位，不计入合计"))
    return CascadeView(
        name=printable(name, 30),
        nodes=tuple(_node(row, pool, figures, name, tr) for row, pool, figures in worked),
        total_text=f"{tr('可用防洪库容合计')} {total}{mixed} · {count}",
        selected=selected,
        notes=tuple(notes),
    )


def _node(row: Row, pool: Pool, figures: Figures, chain: str, tr: Translate) -> CascadeNode:
    state, text, token = judged_word(row, figures, tr)
    room = figures.to_top_mcm
    return CascadeNode(
        code=row.code,
        name=row.station.name,
        river=row.station.river,
        branch=row.station.river != chain,
        state=state,
        state_word=text,
        state_token=token,
        stale=stale(row),
        level_m=figures.level_m,
        level_text=LEVEL.text(figures.level_m),
        margin_text=margin_words(row, figures, tr) if figures.limit is not None else "",
        inflow_text=flow_of(row.inflow),
        outflow_text=flow_of(row.outflow),
        available_text=volume_text(None if room is None else max(0.0, room), tr),
        available_sure=sure_word(pool.made_up, tr) if room is not None and pool.made_up else "",
        trend=row.trend,
        marks=figures.marks,
    )
