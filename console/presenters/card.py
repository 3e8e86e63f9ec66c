"""Object card: the values now and the figures with their sources."""

from __future__ import annotations

from typing import Protocol

from console.domain.elements import ELEMENTS, signed, storage_text
from console.domain.quality import word
from console.domain.reservoirs import stated
from console.domain.states import TOKENS, State
from console.domain.time import age_text, stamp
from console.presenters.hydrograph import LIMIT_WORDS
from console.presenters.wording import Translate
from console.texts import printable
from console.viewdata.board import Board, Row, Sample
from console.viewdata.duty import Fact, ObjectCardView


class CardTarget(Protocol):
    def show_view(self, view: ObjectCardView | None) -> None: ...


def card_view(row: Row, board: Board, tr: Translate) -> ObjectCardView:
    station = row.station
    facts = [_value(s, board, row.state, tr) for s in (row.level, row.flow, row.inflow, row.outflow, row.rain) if s]
    if not facts:
        facts.append(Fact("数据", tr("本站没有数据"), "", "text.dim"))
    if row.level and row.level.change_1h is not None:
        facts.append(Fact("1h 变化", f"{signed(row.level.change_1h)} m"))
    if row.margin_m is not None:
        facts.append(Fact("距汛限" if station.kind == "reservoir" else "距警戒", f"{signed(row.margin_m)} m"))
    for kind, text in LIMIT_WORDS.items():
        threshold = station.threshold(kind, board.moment)
        if threshold is not None:
            facts.append(Fact(text, f"{threshold.value:.2f} m", printable(threshold.source, 60)))
    for key, name in (("total_mcm", "总库容"), ("flood_control_mcm", "防洪库容")):
        if (figure := stated(station.facts, key)) is not None:
            facts.append(Fact(name, storage_text(figure.value), printable(figure.source, 60) or tr("资料")))
    if station.kind == "river" and station.threshold("guaranteed", board.moment) is None:
        facts.append(Fact("保证", "—", tr("未公布"), "text.dim"))
    facts.append(Fact("基面", printable(station.datum or "—", 40), "", "text.dim"))
    local = tr("本地码，非国家站码") if station.code.startswith("LOC") else ""
    facts.append(Fact("站码", station.code, local, "text.dim"))
    where = " · ".join(p for p in (station.river, station.city) if p)
    return ObjectCardView(station.code, station.name, where, row.state, tuple(facts), printable(station.note))


def _value(sample: Sample, board: Board, state: State, tr: Translate) -> Fact:
    element = ELEMENTS[sample.element]
    age = age_text(board.moment - sample.t, tr)
    token = TOKENS[state] if sample.element in ("Z", "RZ") and state >= State.WARNING else "text"
    source = f"{stamp(sample.t, board.now)} · {age}{tr('前')} · {tr(word(sample.quality))}"
    return Fact(element.name, f"{element.text(sample.value)} {element.unit}", source, token)


def present_card(view: CardTarget, board: Board, selected: str | None, tr: Translate) -> str:
    row = board.row(selected)
    view.show_view(card_view(row, board, tr) if row else None)
    return ""
