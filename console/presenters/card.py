"""Object card: every topic of the object, its figures with their sources, what belongs to it and lies near it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from console.domain.elements import FLOWS, LEVELS, grouped
from console.domain.network import downstream_of, upstream_of
from console.domain.objects import Thing
from console.domain.quality import word
from console.domain.states import TOKENS, State
from console.domain.time import age_text, stamp
from console.domain.topics import CardField, Topic
from console.presenters.card_around import around
from console.presenters.card_papers import NO_PAPERS, Papers, papers_section
from console.presenters.fields import RAIN_H, field_of
from console.presenters.thing_card import thing_view
from console.presenters.wording import Translate, state_text
from console.texts import printable
from console.viewdata.board import Board, Row, Sample
from console.viewdata.duty import CardLink, CardSection, Fact, ObjectCardView
from console.viewdata.table import Moments
from console.viewdata.works import WorksReport

LINK_WORDS = {
    "hydrograph": "过程线",
    "rating": "水位流量",
    "reservoir": "水库",
    "storage": "库容曲线",
    "reservoirs": "水库总表",
    "cascade": "梯级",
    "strip": "河系概化图",
    "works": "工程健康",
    "dam_safety": "安全监测",
    "section": "工程断面",
    "gates": "闸门",
    "video": "视频",
    "log.entry": "记一条",
    "alarm.ack": "看告警",
    "table": "列表",
    "sandbox": "沙盘",
}
THING_LINKS = {"works": ("works", "section", "dam_safety", "gates", "log.entry"), "cameras": ("video", "log.entry")}
SAMPLES = {"flow": "flow", "inflow": "inflow", "outflow": "outflow"}
MOST = 4  # lines of a list that the card shows


class CardTarget(Protocol):
    def show_view(self, view: ObjectCardView | None) -> None: ...


def card_view(
    row: Row,
    board: Board,
    tr: Translate,
    topics: Sequence[Topic] = (),
    things: Mapping[str, tuple[Thing, ...]] | None = None,
    papers: Papers = NO_PAPERS,
) -> ObjectCardView:
    station = row.station
    sections = [_topic(t, row, board, tr) for t in topics if station.kind in t.kinds]
    if row.main is None and not row.ledger:
        sections.insert(0, CardSection("", (Fact("数据", tr("本站没有数据"), "", "text.dim"),)))
    sections.append(_about(row, tr))
    sections += [
        s
        for s in (
            _along(row, board, tr),
            around(row, board, things or {}, tr),
            papers_section(papers, station.code, station.name, station.city, tr),
        )
        if s.facts
    ]
    where = " · ".join(p for p in (station.river, station.city) if p)
    note = printable(station.note)
    links = links_of([code for t in topics if station.kind in t.kinds for code in (*t.charts, *t.actions)])
    return ObjectCardView(station.code, station.name, where, row.state, tuple(sections), note, state_text(row, tr), links)


def links_of(codes: Iterable[str]) -> tuple[CardLink, ...]:
    return tuple(CardLink(code, LINK_WORDS[code]) for code in dict.fromkeys(codes))


def _topic(topic: Topic, row: Row, board: Board, tr: Translate) -> CardSection:
    return CardSection(topic.name, tuple(_fact(f, row, board, tr) for f in topic.card))


def _fact(spec: CardField, row: Row, board: Board, tr: Translate) -> Fact:
    moments = Moments(board.moment, board.now)
    text = field_of(spec.field, tr).text(row, moments)
    head, _, key = spec.field.partition(".")
    if head == "threshold":
        found = row.station.threshold(key, board.moment, row.station.main_element)
        if found is None:
            return Fact(spec.title, "—", tr("未公布"), "text.dim")
        return Fact(spec.title, f"{text} {row.station.what.unit}", printable(found.source, 60))
    if head == "fact":
        given = row.station.facts.get(key)
        source = printable(_source(given), 60)
        shown = text if isinstance(given, str) else grouped(text)
        return Fact(spec.title, shown, source, "text.dim" if text == "—" else "text")
    sample = _sample(spec.field, row)
    if sample is not None:
        return _value(spec.title, text, sample, row, board, tr)
    unit = {"margin": _unit(row), "change_1h": _unit(row)}.get(spec.field, "mm" if spec.field in RAIN_H else "")
    known = text not in ("—", "")
    ink = TOKENS[row.state] if spec.field == "margin" and row.state >= State.WARNING else "text" if known else "text.dim"
    return Fact(spec.title, f"{text} {unit}".strip() if known else "—", "", ink)


def _sample(field: str, row: Row) -> Sample | None:
    if field == "value":
        return row.main
    if field.startswith("element."):
        return row.samples.get(field.removeprefix("element."))
    return row.samples.get({"flow": "Q", "inflow": "INQ", "outflow": "OTQ"}.get(field, ""))


def _unit(row: Row) -> str:
    return row.main.what.unit if row.main else ""


def _value(title: str, text: str, sample: Sample, row: Row, board: Board, tr: Translate) -> Fact:
    age = age_text(max(0.0, board.moment - sample.t), tr)
    strong = sample is row.main and row.state >= State.WARNING
    source = f"{stamp(sample.t, board.now)} · {age}{tr('前')} · {tr(word(sample.quality))}"
    ink = TOKENS[row.state] if strong else "text.faint" if row.stale else "text"
    shown = grouped(text) if sample.element in FLOWS else text
    return Fact(title, f"{shown} {sample.what.unit}", source, ink)


def _about(row: Row, tr: Translate) -> CardSection:
    station = row.station
    local = tr("本地码，非国家站码") if station.code.startswith("LOC") else ""
    code = Fact("编号" if row.ledger else "站码", station.code, local, "text.dim")
    datum = Fact("基面", printable(station.datum or "—", 40), "", "text.dim")
    return CardSection("资料", (datum, code) if station.main_element in LEVELS and not row.ledger else (code,))


def _along(row: Row, board: Board, tr: Translate) -> CardSection:
    """Name the stations next up and down the river."""
    names = {r.code: r for r in board.rows}

    def worded(codes: frozenset[str]) -> str:
        found = [names[c] for c in codes if c in names]
        found.sort(key=lambda r: (-int(r.state), r.station.name))
        over = sum(1 for r in found if r.state >= State.WARNING)
        text = "、".join(r.station.name for r in found[:MOST]) + ("…" if len(found) > MOST else "")
        return text + (f"（{tr('超限')} {over}）" if over else "")

    facts = [
        Fact(title, text, "")
        for title, text in (
            ("上游", worded(upstream_of(row.code, board.rivers))),
            ("下游", worded(downstream_of(row.code, board.rivers))),
        )
        if text
    ]
    return CardSection("河系", tuple(facts))


def present_card(
    view: CardTarget,
    board: Board,
    selected: str | None,
    tr: Translate,
    topics: Sequence[Topic] = (),
    things: Mapping[str, tuple[Thing, ...]] | None = None,
    papers: Papers = NO_PAPERS,
    report: WorksReport | None = None,
) -> str:
    """Show the card of a station, else of a works or a camera. report: the verdict on the works that is selected."""
    row = board.row(selected)
    if row is not None:
        view.show_view(card_view(row, board, tr, topics, things, papers))
        return ""
    thing = next((t for kind in (things or {}).values() for t in kind if t.code == selected), None)
    if thing is None:
        view.show_view(None)
        return ""
    links = links_of(THING_LINKS.get(thing.kind, ()))
    view.show_view(replace(thing_view(thing, board, tr, things or {}, papers, report), links=links))
    return ""


def _source(value: object) -> str:
    return str(value.get("source") or value.get("src") or "") if isinstance(value, Mapping) else ""
