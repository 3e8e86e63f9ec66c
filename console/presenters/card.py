"""Object card: every topic of the object, its figures with their sources, what belongs to it and lies near it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from console.domain.cameras import by_nearness, camera_of, masked
from console.domain.elements import FLOWS, LEVELS, grouped
from console.domain.geo import distance_km
from console.domain.network import downstream_of, upstream_of
from console.domain.objects import Thing
from console.domain.quality import word
from console.domain.states import TOKENS, State
from console.domain.time import age_text, stamp
from console.domain.topics import CardField, Topic
from console.presenters.fields import RAIN_H, field_of
from console.presenters.wording import Translate, state_text
from console.texts import printable
from console.viewdata.board import Board, Row, Sample
from console.viewdata.duty import CardLink, CardSection, Fact, ObjectCardView
from console.viewdata.table import Moments

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
NEAR_KM = 10.0
SAMPLES = {"flow": "flow", "inflow": "inflow", "outflow": "outflow"}
MOST = 4  # lines of a list that the card shows
NEAREST = 40
MOST_FACTS = 14
THING_WORDS = {"retention_areas": "蓄滞洪区", "works": "工程", "cameras": "摄像头", "surveys": "水下测量", "typhoons": "台风"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Papers:
    """Documents that the cache holds, by kind: plans, drawings, contacts, teams."""

    docs: Mapping[str, Sequence[Mapping[str, Any]]]

    def of(self, kind: str, row: Row) -> list[str]:
        """Return what names the object, else what is of its city; at most a few."""
        station = row.station
        found: list[tuple[int, str]] = []
        for doc in self.docs.get(kind, ()):
            props, facts = doc.get("properties"), None
            if not isinstance(props, Mapping):
                continue
            facts = props.get("facts")
            texts = [str(v) for v in (props.get("name"), *(facts.values() if isinstance(facts, Mapping) else ()))]
            named = any(station.code == t or station.name.split("(")[0] in t for t in texts)
            if named or (station.city and props.get("city") == station.city):
                detail = " ".join(str(v) for v in list(facts.values())[:2]) if isinstance(facts, Mapping) else ""
                found.append((0 if named else 1, printable(f"{props.get('name', '')} {detail}".strip(), 60)))
        return [text for _, text in sorted(found)[:MOST]]


NO_PAPERS = Papers({})


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
    sections += [s for s in (_along(row, board, tr), _near(row, board, things or {}, tr), _papers(row, papers)) if s.facts]
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


def _near(row: Row, board: Board, things: Mapping[str, tuple[Thing, ...]], tr: Translate) -> CardSection:
    """Name works, cameras and other stations that belong to the object or lie within a few kilometres."""
    station = row.station
    facts = []
    place = None if station.lon is None or station.lat is None else (station.lon, station.lat)
    ranked = by_nearness((camera_of(t) for t in things.get("cameras", ())), station.code, place)
    mine = [n for n in ranked if n.bound or (n.km is not None and n.km <= NEAR_KM)]
    names = "、".join(n.camera.name for n in mine[:MOST])
    bound = any(n.bound for n in mine)
    facts.append(Fact("摄像头", names or "—", tr("已绑定") if bound else "", "text" if mine else "text.dim"))
    works = [(t.place, t.name) for t in things.get("works", ()) if t.facts.get("object") != station.code]
    own = [t.name for t in things.get("works", ()) if t.facts.get("object") == station.code]
    close = [f"{n} {km:.0f} km" for km, n in _by_distance(station.lon, station.lat, works) if km <= NEAR_KM]
    if own or close:
        facts.append(Fact("工程", "、".join([*own, *close][:MOST]), ""))
    others = [
        (f"{r.station.name} {km:.0f} km")
        for km, r in _by_distance(
            station.lon, station.lat, (((r.station.lon, r.station.lat), r) for r in board.rows if r.code != row.code)
        )
        if km <= NEAR_KM and r.station.kind not in ("sensor", "gate", "basin")
    ]
    if others:
        facts.append(Fact("邻近", "、".join(others[:MOST]), f"{NEAR_KM:g} km {tr('内')}"))
    return CardSection("周边", tuple(facts))


def _by_distance(lon: float | None, lat: float | None, items: Iterable[tuple[Any, T]]) -> list[tuple[float, T]]:
    """Return (km, item) of what has a place, the nearest first."""
    placed = [(at, item) for at, item in items if at is not None and at[0] is not None and at[1] is not None]
    if lon is None or lat is None or not placed:
        return []
    points = np.array([at for at, _ in placed], float)
    far = distance_km(lon, lat, points[:, 0], points[:, 1])
    return [(float(far[i]), placed[i][1]) for i in np.argsort(far, kind="stable")[:NEAREST].tolist()]


def _papers(row: Row, papers: Papers) -> CardSection:
    titles = (("plans", "预案"), ("drawings", "图纸"), ("contacts", "联系人"), ("teams", "队伍"))
    facts = [Fact(title, "；".join(texts), "") for kind, title in titles if (texts := papers.of(kind, row))]
    return CardSection("资料库", tuple(facts))


def present_card(
    view: CardTarget,
    board: Board,
    selected: str | None,
    tr: Translate,
    topics: Sequence[Topic] = (),
    things: Mapping[str, tuple[Thing, ...]] | None = None,
    papers: Papers = NO_PAPERS,
) -> str:
    row = board.row(selected)
    if row is not None:
        view.show_view(card_view(row, board, tr, topics, things, papers))
        return ""
    thing = next((t for kind in (things or {}).values() for t in kind if t.code == selected), None)
    view.show_view(thing_view(thing, board, tr) if thing is not None else None)
    return ""


def thing_view(thing: Thing, board: Board, tr: Translate) -> ObjectCardView:
    """Return the card of a works or a camera: what its document states, and what lies near it."""
    listed = thing.facts.get("facts")
    stated_facts = listed if isinstance(listed, Mapping) else {}
    shown = {**{k: thing.facts[k] for k in ("river", "city", "basin", "type") if k in thing.facts}, **stated_facts}
    facts = [Fact(printable(k, 20), _plain(v), _source(v)) for k, v in shown.items() if _plain(v)]
    lon, lat = thing.place or (None, None)
    near = [
        f"{row.station.name} {km:.0f} km"
        for km, row in _by_distance(lon, lat, (((r.station.lon, r.station.lat), r) for r in board.rows))
        if km <= NEAR_KM and not row.apart
    ]
    sections = [CardSection("资料", tuple(facts[:MOST_FACTS]))]
    if near:
        sections.append(CardSection("周边", (Fact("邻近", "、".join(near[:MOST]), f"{NEAR_KM:g} km {tr('内')}"),)))
    kind, links = tr(THING_WORDS.get(thing.kind, "对象")), links_of(THING_LINKS.get(thing.kind, ()))
    return ObjectCardView(thing.code, thing.name, kind, State.UNJUDGED, tuple(sections), links=links)


def _plain(value: object) -> str:
    """Return a stated fact in a line; what is a table or a list is left to its own panel."""
    if isinstance(value, Mapping):
        value = value.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    text = masked(value) if isinstance(value, str) else f"{value:g}" if abs(value) < 1e12 else ""
    return printable(text, 80)


def _source(value: object) -> str:
    return printable(str(value.get("source") or value.get("src") or ""), 40) if isinstance(value, Mapping) else ""
