"""The card of a works or a camera: its verdict, what is published of it, its subsystems, what lies near it."""

from __future__ import annotations

from collections.abc import Mapping

from console.domain.cameras import masked
from console.domain.objects import Thing
from console.domain.states import TOKENS, State
from console.domain.time import stamp
from console.domain.works import TYPES, Works, works_of
from console.presenters.card_around import around_thing
from console.presenters.card_papers import Papers, papers_section
from console.presenters.wording import Translate
from console.presenters.works import STATE_WORDS, WORKS_STATES, subsystem_cells, works_line
from console.texts import printable
from console.viewdata.board import Board
from console.viewdata.duty import CardSection, Fact, ObjectCardView
from console.viewdata.works import WorksReport

MOST_FACTS = 14
THING_WORDS = {"retention_areas": "蓄滞洪区", "works": "工程", "cameras": "摄像头", "surveys": "水下测量", "typhoons": "台风"}
KEYS = {"river": "河流", "city": "市", "basin": "流域", "type": "类型"}
SUBSYSTEM_INK = {"ok": "text", "partial": "state.warning", "fault": "state.guaranteed"}


def thing_view(
    thing: Thing,
    board: Board,
    tr: Translate,
    things: Mapping[str, tuple[Thing, ...]],
    papers: Papers,
    report: WorksReport | None = None,
) -> ObjectCardView:
    """Return the card of what has no readings of its own. report: the verdict on it where it is a works."""
    city = str(thing.facts.get("city") or "")
    rest = [around_thing(thing, board, things, tr), papers_section(papers, thing.code, thing.name, city, tr)]
    if thing.kind == "works":
        works = works_of(thing)
        state = WORKS_STATES[report.state] if report is not None else State.NO_DATA
        word = tr(STATE_WORDS[report.state if report is not None else "unknown"])
        sections = [_judged(report, board, tr), _published(works, thing, tr), _subsystems(works, board, tr), *rest]
        kind, note = tr(TYPES.get(works.type, "工程")), printable(works.note)
    else:
        state, word, note = State.UNJUDGED, "", ""
        sections, kind = [_stated(thing, tr), *rest], tr(THING_WORDS.get(thing.kind, "对象"))
    where = " · ".join(p for p in (kind, printable(str(thing.facts.get("river") or ""), 20), printable(city, 20)) if p)
    return ObjectCardView(thing.code, thing.name, where, state, tuple(s for s in sections if s.facts), note, word)


def _judged(report: WorksReport | None, board: Board, tr: Translate) -> CardSection:
    """Return what its sensors and surveys say, and the water before it."""
    if report is None:
        return CardSection("工情", (Fact("监测", tr("还没有判断"), "", "text.dim"),))
    ink = TOKENS[WORKS_STATES[report.state]] if WORKS_STATES[report.state] >= State.WATCH else "text"
    facts = [Fact("监测", works_line(report, tr).detail, tr("模拟") if report.works.simulated else "", ink)]
    if report.level_m is not None and report.level_t is not None:
        kind = {"forecast": tr("预报"), "stale": tr("过时")}.get(report.level_kind, "")
        facts.append(Fact("临水位", f"{report.level_m:.2f} m", f"{stamp(report.level_t, board.now)} {kind}".strip()))
    return CardSection("工情", tuple(facts))


def _published(works: Works, thing: Thing, tr: Translate) -> CardSection:
    facts = [Fact(tr(name), tr(text), source) for name, text, source in works.facts[:MOST_FACTS]]
    if works.class_word:
        facts.insert(0, Fact("级别", tr(works.class_word), ""))
    return CardSection("资料", tuple(facts)) if facts else _stated(thing, tr)


def _subsystems(works: Works, board: Board, tr: Translate) -> CardSection:
    facts = []
    for cell in subsystem_cells(works, board, tr):
        share = f" {cell.coverage:.0%}" if cell.coverage is not None else ""
        said = " · ".join(p for p in (cell.at_text, cell.note) if p)
        facts.append(Fact(cell.name, f"{cell.word}{share}", printable(said, 60), SUBSYSTEM_INK.get(cell.state, "text.dim")))
    return CardSection("子系统", tuple(facts))


def _stated(thing: Thing, tr: Translate) -> CardSection:
    listed = thing.facts.get("facts")
    stated = listed if isinstance(listed, Mapping) else {}
    told = {k: thing.facts[k] for k in KEYS if k in thing.facts}
    if "type" in told:
        told["type"] = TYPES.get(str(told["type"]), told["type"])
    shown = {**told, **stated}
    facts = [Fact(tr(KEYS[k]) if k in KEYS else printable(k, 20), _plain(v), _source(v)) for k, v in shown.items() if _plain(v)]
    return CardSection("资料", tuple(facts[:MOST_FACTS]))


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
