"""The sources page: what each source owes, why it fails, what to do, and which screens it dims."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from console.domain.elements import ELEMENTS
from console.domain.freshness import Freshness, freshness
from console.domain.time import age_text, stamp
from console.presenters.source_words import KINDS, NOTES, REASONS, STATES
from console.presenters.wording import Translate
from console.texts import printable
from console.viewdata.board import Board, Sample
from console.viewdata.sources import Cell, OwedLine, SourceDoc, SourceLine

COLUMNS = ("来源", "类型", "状态", "应到 / 实到", "最新数据", "延迟", "缺口", "用时 · 下次", "影响画面", "说明")
WIDTHS = (116, 124, 104, 112, 112, 92, 50, 150, 150, 220)
GAPS_SHOWN = 12
LEVELS = frozenset({"Z", "RZ", "Q"})
POOLS = frozenset({"RZ", "INQ", "OTQ", "W"})


@dataclass
class Seen:
    """What the picture itself holds of a source that has no document."""

    newest_t: int = 0
    interval_s: int = 86400
    series: int = 0
    elements: set[str] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)

    def add(self, code: str, sample: Sample) -> None:
        self.newest_t = max(self.newest_t, sample.t)
        self.interval_s = min(self.interval_s, sample.interval_s)
        self.series += 1
        self.elements.add(sample.element)
        self.objects.add(code)


def source_lines(docs: Sequence[SourceDoc], board: Board, recorded: bool, tr: Translate) -> tuple[SourceLine, ...]:
    """Return a line for every foreign source and for every other source that the picture names, worst first.

    recorded: the picture is a recording, so a source without a document is the recording itself.
    """
    chained = frozenset(node.code for river in board.rivers for node in river.nodes)
    lines = [_foreign(doc, board, chained, tr) for doc in docs]
    seen = seen_sources(board, {doc.name for doc in docs})
    lines += [_own(name, it, board, recorded, chained, tr) for name, it in seen.items()]
    return tuple(sorted(lines, key=lambda line: (line.rank, line.name)))


def seen_sources(board: Board, but: set[str]) -> dict[str, Seen]:
    """Return the sources that the picture names and that are not in but."""
    found: dict[str, Seen] = {}
    for row in board.rows:
        for sample in (row.level, row.flow, row.inflow, row.outflow, row.rain):
            if sample is not None and sample.source and sample.source not in but:
                if sample.source not in found:
                    found[sample.source] = Seen()
                found[sample.source].add(row.station.code, sample)
    return found


def affected(
    elements: Iterable[str], objects: Iterable[str], board: Board, chained: frozenset[str]
) -> dict[str, tuple[str, ...]]:
    """Return workspace → its panels that show something of these elements and objects.

    chained: codes of the stations on a basin strip.
    """
    wanted = {ELEMENTS[e].bounds or e if e in ELEMENTS else e for e in elements}
    rows = [board.by_code[code] for code in objects if code in board.by_code]
    if not rows or not wanted:
        return {}
    placed = any(r.station.lon is not None and r.station.lat is not None for r in rows)
    monitor = (["一张图"] if placed else []) + ["测站表", "过程线"]
    if wanted & POOLS and any(r.station.kind == "reservoir" for r in rows):
        monitor.append("水库")
    if wanted & LEVELS and any(r.station.code in chained for r in rows):
        monitor.append("河系概化图")
    duty = (["告警"] if wanted & LEVELS and any(r.station.thresholds for r in rows) else []) + ["过程线"]
    scene = ["三维沙盘"] if placed and wanted & LEVELS else []
    found = {"监控": tuple(monitor), "沙盘": tuple(scene), "值守": tuple(duty)}
    return {name: panels for name, panels in found.items() if panels}


def _foreign(doc: SourceDoc, board: Board, chained: frozenset[str], tr: Translate) -> SourceLine:
    newest = doc.newest_t
    state = doc.state if doc.state in STATES else "down"
    if state == "ok" and newest is not None:
        late = freshness(max(0.0, board.now - newest), doc.interval_s or 3600) >= Freshness.LATE
        state = "late" if late else "ok"
    reason = REASONS.get("late" if state == "late" else doc.code, REASONS["unknown"] if doc.code else ("", ""))
    counts = f"{'—' if doc.expected is None else doc.expected} / {doc.got}" if doc.last_ok_t is not None else "—"
    pace = f"{doc.cost_s:.1f} s · {_next(doc, board, tr)}" if doc.next_t is not None else "—"
    screens = affected(doc.elements, doc.objects, board, chained)
    owed = str(doc.gap_count) if doc.last_ok_t is not None else "—"
    cells = _cells(
        doc.name, KINDS.get(doc.kind, doc.kind), state, counts, newest, board, owed, pace, screens, tr(reason[0]), tr
    )
    return SourceLine(doc.name, STATES[state].rank, cells, _facts(doc, reason, screens, board, tr))


def _own(name: str, seen: Seen, board: Board, recorded: bool, chained: frozenset[str], tr: Translate) -> SourceLine:
    newest = seen.newest_t
    fresh = freshness(max(0.0, board.moment - newest), seen.interval_s)
    state = "history" if not recorded else "ok" if fresh == Freshness.LIVE else "late"
    screens = affected(seen.elements, seen.objects, board, chained)
    kind = "recording" if recorded else "import"
    cells = _cells(name, KINDS[kind], state, "—", newest, board, "—", "—", screens, "", tr)
    facts = [("系列", f"{seen.series}"), ("影响画面", _screens(screens, tr) or "—")]
    return SourceLine(name, STATES[state].rank, cells, tuple(((tr(k), "text.dim"), (v, "text")) for k, v in facts))


def _cells(
    name: str,
    kind: str,
    state: str,
    counts: str,
    newest: int | None,
    board: Board,
    owed: str,
    pace: str,
    screens: Mapping[str, tuple[str, ...]],
    reason: str,
    tr: Translate,
) -> tuple[Cell, ...]:
    shown = STATES[state]
    delay = "—" if newest is None else age_text(max(0.0, board.now - newest), tr)
    return (
        (printable(name, 40), "text"),
        (printable(tr(kind), 24), "text.dim"),
        (f"{shown.shape} {tr(shown.word)}", shown.token),
        (counts, "text"),
        ("—" if newest is None else stamp(newest, board.now), "text"),
        (delay, shown.token if state == "late" else "text.dim"),
        (owed, "state.warning" if owed not in ("0", "—") else "text.dim"),
        (pace, "text.dim"),
        (" ".join(tr(name) for name in screens) or "—", "text.dim"),
        (reason, shown.token if state not in ("ok", "history") else "text.dim"),
    )


def _next(doc: SourceDoc, board: Board, tr: Translate) -> str:
    wait = (doc.next_t or 0.0) - board.now
    return f"{age_text(wait, tr)}{tr('后')}" if wait >= 1 else tr("正在读取")


def _facts(
    doc: SourceDoc, reason: tuple[str, str], screens: Mapping[str, tuple[str, ...]], board: Board, tr: Translate
) -> tuple[tuple[Cell, Cell], ...]:
    again = f"（{tr('连续')} {doc.failures} {tr('次')}）" if doc.failures > 1 else ""
    failed = f"{tr(reason[0])}{again}" if reason[0] else ""
    service = " ".join(printable(part, 80) for part in (doc.title, doc.version) if part)
    facts: list[tuple[str, str, str]] = [
        ("出了什么事", failed, "text"),
        ("怎么办", tr(reason[1]), "text"),
        ("影响画面", _screens(screens, tr) or tr("没有画面用到它"), "text"),
        ("最近成功", stamp(doc.last_ok_t, board.now) if doc.last_ok_t is not None else tr("还没有成功读过"), "text"),
        ("对方服务", service, "text.dim"),
        ("系列", _series(doc, tr), "text.dim"),
        *[("缺口" if n == 0 else "", _owed(gap, board, tr), "state.warning") for n, gap in enumerate(doc.gaps[:GAPS_SHOWN])],
        ("", _more(doc, tr), "state.warning"),
        *[("对方的缺陷" if n == 0 else "", _note(note, tr), "text.dim") for n, note in enumerate(doc.notes[:GAPS_SHOWN])],
        ("不认识的质量码", "、".join(printable(q, 30) for q in doc.unknown_quality[:8]), "text.dim"),
        ("技术细节", printable(doc.detail, 240), "text.faint"),
    ]
    return tuple(((tr(k) if k else "", "text.dim"), (v, token)) for k, v, token in facts if v)


def _screens(screens: Mapping[str, tuple[str, ...]], tr: Translate) -> str:
    return "；".join(f"{tr(name)}：{'、'.join(tr(p) for p in panels)}" for name, panels in screens.items())


def _series(doc: SourceDoc, tr: Translate) -> str:
    names = "、".join(tr(ELEMENTS[e].name) for e in doc.elements if e in ELEMENTS)
    unread = f"，{tr('未读')} {doc.unread}" if doc.unread else ""
    return f"{doc.series}{unread}{f'（{names}）' if names else ''}"


def _owed(gap: OwedLine, board: Board, tr: Translate) -> str:
    row = board.row(gap.object_code)
    name = row.station.name if row else printable(gap.object_code, 30)
    element = tr(ELEMENTS[gap.element].name) if gap.element in ELEMENTS else printable(gap.element, 10)
    why = tr(NOTES[gap.reason]) if gap.reason in NOTES else printable(gap.reason, 40)
    return f"{name} {element}  {stamp(gap.from_t, board.now)} — {stamp(gap.to_t, board.now)}  {why}"


def _more(doc: SourceDoc, tr: Translate) -> str:
    rest = doc.gap_count - min(len(doc.gaps), GAPS_SHOWN)
    return f"{tr('另有')} {rest} {tr('处缺口')}" if rest > 0 else ""


def _note(note: str, tr: Translate) -> str:
    code, _, what = note.partition(":")
    return f"{tr(NOTES[code])}{f' {printable(what, 40)}' if what else ''}" if code in NOTES else printable(note, 60)
