"""A consultation as its panels show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from console.domain.meeting import (
    DECISION_TYPES,
    LETTERS,
    LINK_KINDS,
    MEETING_LEVELS,
    STEPS,
    VENUES,
    VOTES,
    WHATS,
    Decision,
    Meeting,
    MeetingEntry,
)
from console.domain.response import LEVEL_WORDS, TOPICS
from console.domain.time import age_text, stamp
from console.presenters.wording import Translate
from console.texts import printable
from console.viewdata.meeting import AgendaLine, Cell, Choice, MeetingView

PLAIN, DIM, WAITING, BAD = "text", "text.dim", "state.stale", "state.guaranteed"
STEP_TITLES = {s.code: s.title for s in STEPS}
TEXT_SHOWN = 400
RECORDED = ("material", "opinion", "option", "vote", "decision")


def meeting_view(
    meetings: Sequence[Meeting], chosen: str, now: float, scenarios: Sequence[Choice], tr: Translate
) -> MeetingView:
    """Return what is shown of the chosen meeting. scenarios: those that may become options, (id, name)."""
    listed = tuple((m.meeting_id, _listed(m, tr)) for m in meetings)
    meeting = next((m for m in meetings if m.meeting_id == chosen), None)
    if meeting is None:
        return MeetingView("", listed, choices=_choices(None, scenarios, tr))
    return MeetingView(
        chosen,
        listed,
        _head(meeting, now, tr),
        meeting.live,
        tuple(_agenda(meeting, tr)),
        tuple(_record(e, meeting, tr) for e in meeting.entries),
        tuple(_options(meeting, tr)),
        tuple(_decision(d, tr) for d in meeting.decisions),
        _choices(meeting, scenarios, tr),
        tuple(d.entry.entry_id for d in meeting.decisions if not d.read_back),
    )


def _listed(m: Meeting, tr: Translate) -> str:
    began = m.opened_t if m.opened_t is not None else min((e.at for e in m.entries), default=0.0)
    state = tr("进行中") if m.live else tr("已散会")
    return f"{stamp(began)} {printable(m.topic, 40) or tr('开会记录未到')} · {state}"


def _head(m: Meeting, now: float, tr: Translate) -> str:
    if not m.known:
        return tr("开会的记录还没有到本机，先列出已有的内容")
    here = [a for a in m.attendance if a.venue == "main"]
    away = len(m.attendance) - len(here)
    parts = [
        f"{tr('主持')} {printable(m.chair, 20)}",
        f"{tr('记录')} {printable(m.recorder, 20)}",
        f"{tr('资料截止')} {stamp(m.cutoff_t)}" if m.cutoff_t is not None else "",
        f"{tr('主会场')} {len(here)} · {tr('分会场')} {away}",
        f"{tr('响应级别')} {m.level}" if m.level else "",
        f"{tr('已开')} {age_text(now - m.opened_t, tr)}" if m.live and m.opened_t is not None and now > m.opened_t else "",
        f"{tr('下次会商')} {stamp(m.next_t)}" if m.next_t is not None else "",
        f"{tr('待上报')} {m.waiting}" if m.waiting else "",
        f"{tr('读不出')} {m.unreadable}" if m.unreadable else "",
    ]
    return " · ".join(p for p in parts if p)


def _agenda(m: Meeting, tr: Translate) -> list[AgendaLine]:
    """Return the agenda; what has no item of its own is counted under the one that was dealt with then."""
    counts: dict[str, dict[str, int]] = {}
    at = STEPS[0].code
    for e in m.entries:
        if e.what == "step":
            at = str(e.body.get("step"))
        elif e.what in RECORDED:
            of = counts.setdefault(str(e.body.get("step") or at), {})
            of[e.what] = of.get(e.what, 0) + 1
    found = []
    for i, step in enumerate(STEPS):
        told = "、".join(f"{tr(WHATS[what])} {n}" for what, n in counts.get(step.code, {}).items())
        title = f"{i + 1} {tr(step.title)}"
        found.append(AgendaLine(step.code, title, f"{step.minutes} {tr('分钟')}", told, m.live and step.code == m.step))
    return found


def _record(e: MeetingEntry, m: Meeting, tr: Translate) -> tuple[Cell, ...]:
    who = " ".join(printable(str(e.body[k]), 20) for k in ("org", "person") if e.body.get(k)) or printable(e.author, 20)
    said = printable(_said(e, m, tr), TEXT_SHOWN)
    note, ink = "", PLAIN
    if e.refused:
        note, ink = f"{tr('中心没有收下')}：{printable(e.refused, 40)}", BAD
    elif e.entry_id in m.corrected:
        note, ink = tr("已更正"), DIM
    elif e.entry_id in m.late:
        note = tr("散会后补记")
    elif e.seq is None:
        note = tr("待上报")
    clock = f" {tr('时钟不准')}" if e.clock_untrusted else ""
    note_ink = BAD if e.refused else WAITING if e.seq is None else DIM
    word = WHATS.get(e.what, e.what)
    return ((stamp(e.at) + clock, DIM), (tr(word), DIM), (who, ink), (said, ink), (note, note_ink))


def _said(e: MeetingEntry, m: Meeting, tr: Translate) -> str:
    """Return an entry in a line; nothing in it can make this fail."""
    told = SAID.get(e.what)
    try:
        return told(e, m, tr) if told is not None else ""
    except (KeyError, TypeError, ValueError, AttributeError):
        return tr("这一条读不出来")


def _vote_words(e: MeetingEntry, _m: Meeting, tr: Translate) -> str:
    return f"{tr('方案')} {e.body['letter']}：{tr(VOTES[e.body['choice']])}"


def _linked_words(e: MeetingEntry, m: Meeting, tr: Translate) -> str:
    decision = next((d for d in m.decisions if d.entry.entry_id == e.body["decision"]), None)
    text = f"：{decision.text[:60]}" if decision is not None else ""
    return f"{tr('已转为')}{tr(LINK_KINDS[e.body['kind']])}{text}"


def _attend_words(e: MeetingEntry, _m: Meeting, tr: Translate) -> str:
    return f"{tr(VENUES[e.body['venue']])}{' · ' + tr('视频接入') if e.body['online'] else ''}"


def _decision_words(e: MeetingEntry, _m: Meeting, tr: Translate) -> str:
    due = f" {tr('期限')} {stamp(float(e.body['due_t']))}" if e.body.get("due_t") is not None else ""
    return f"[{tr(DECISION_TYPES[e.body['type']])}] {e.body['text']}（{e.body['owner']}{due}）"


SAID: Mapping[str, Callable[[MeetingEntry, Meeting, Translate], str]] = {
    "open": lambda e, _m, _tr: str(e.body["topic"]),
    "attend": _attend_words,
    "step": lambda e, _m, tr: tr(STEP_TITLES[e.body["step"]]),
    "material": lambda e, _m, tr: (
        f"{e.body['title']}（{tr('主讲')} {e.body['presenter']}，{len(e.body['tables'])} {tr('张表')}）"
    ),
    "opinion": lambda e, _m, _tr: str(e.body["text"]),
    "option": lambda e, _m, _tr: f"{e.body['letter']} {e.body['name']}  {e.body['note']}",
    "vote": _vote_words,
    "decision": _decision_words,
    "linked": _linked_words,
    "read_back": lambda e, _m, tr: f"{len(e.body['decisions'])} {tr('项')}",
    "next": lambda e, _m, _tr: stamp(float(e.body["at_t"])),
    "close": lambda _e, _m, _tr: "",
    "revise": lambda e, _m, tr: f"{e.body['text']}（{tr('原因')}：{e.body['reason']}）",
}


def _options(m: Meeting, tr: Translate) -> list[tuple[Cell, ...]]:
    found = []
    for o in m.options:
        votes = {c: [v.org for v in m.votes if v.letter == o.letter and v.choice == c] for c in VOTES}
        told = "；".join(f"{tr(VOTES[c])} {len(orgs)}（{'、'.join(orgs)}）" for c, orgs in votes.items() if orgs)
        figures = "，".join(f"{label} {text}" for label, text in o.figures)
        row = (o.letter, o.name, figures or "—", o.note, told or "—")
        found.append(tuple((printable(text, TEXT_SHOWN), PLAIN if i < 2 else DIM) for i, text in enumerate(row)))
    return found


def _decision(d: Decision, tr: Translate) -> tuple[Cell, ...]:
    due = stamp(d.due_t) if d.due_t is not None else "—"
    done = "、".join(tr(LINK_KINDS[link.kind]) for link in d.links)
    read = tr("已宣读") if d.read_back else tr("未宣读")
    return (
        (printable(d.text, TEXT_SHOWN), PLAIN),
        (tr(DECISION_TYPES[d.kind]), DIM),
        (printable(d.owner, 40), PLAIN),
        (due, PLAIN if d.due_t is not None else DIM),
        (f"{tr('已转为')}{done}" if done else tr("未下达"), DIM if done else WAITING),
        (read, DIM if d.read_back else WAITING),
    )


def _choices(m: Meeting | None, scenarios: Sequence[Choice], tr: Translate) -> dict[str, tuple[Choice, ...]]:
    fixable = [e for e in m.entries if e.what in ("opinion", "decision", "material")] if m is not None else []
    entries = tuple((e.entry_id, f"{stamp(e.at)} {printable(_said(e, m, tr), 40)}") for e in reversed(fixable)) if m else ()
    choose = ("", tr("请选择"))  # what has effects is never chosen by leaving it as it was
    return {
        "letter": (choose, *((letter, letter) for letter in LETTERS)),
        "scenario": (("", tr("不附情景")), *scenarios),
        "vote": (choose, *((c, tr(w)) for c, w in VOTES.items())),
        "decision": (choose, *((c, tr(w)) for c, w in DECISION_TYPES.items())),
        "response": (choose, *((c, tr(w)) for c, w in TOPICS.items())),
        "level": (choose, *((c, tr(w)) for c, w in LEVEL_WORDS.items())),
        "venue": tuple((c, tr(w)) for c, w in VENUES.items()),
        "grade": tuple((c, c or tr("无")) for c in MEETING_LEVELS),
        "entry": entries,
    }
