"""The minutes of a meeting (会商纪要): from its entries alone, each with where it stands in the record."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from console.domain.meeting import DECISION_TYPES, LINK_KINDS, STEPS, VENUES, VOTES, Material, Meeting
from console.domain.time import full_stamp
from console.presenters.wording import Translate
from console.texts import printable
from console.viewdata.briefing import Briefing, Section

Rows = tuple[tuple[str, ...], ...]


def minutes(
    meeting: Meeting, notes: list[str], made_t: float, tr: Translate, pictures: Mapping[str, bytes] = MappingProxyType({})
) -> Briefing:
    """Return the minutes; what waits here or was refused is said so. pictures: PNG by the entry of their material."""
    sections = [Section(tr("会议情况"), _head(meeting, tr))]
    if meeting.attendance:
        sections.append(Section(tr("到会"), rows=_attendance(meeting, tr)))
    for step in STEPS:
        lines = tuple(
            f"{printable(o.org)} {printable(o.person)}：{printable(o.text, 4000)}" + _was(o.was, tr)
            for o in meeting.opinions
            if o.step == step.code
        )
        shown = [m for m in meeting.materials if m.step == step.code]
        if not lines and not shown:
            continue
        materials = tuple(_material(m, tr, here=m.entry.entry_id in pictures) for m in shown)
        sections.append(Section(tr(step.title), (*materials, *lines)))
        for m in shown:
            if picture := pictures.get(m.entry.entry_id):
                caption = f"{tr('标注画面')}，{m.entry.entry_id[:13]}"
                sections.append(Section(printable(m.title), picture=picture, caption=caption))
            sections += [Section(printable(t.title), rows=(t.columns, *t.rows)) for t in m.tables if t.rows]
    if meeting.options:
        sections.append(Section(tr("方案比选"), rows=_options(meeting, tr)))
    sections.append(
        Section(tr("会议决定"), rows=_decisions(meeting, tr)) if meeting.decisions else Section(tr("会议决定"), ("—",))
    )
    if meeting.next_t is not None:
        sections.append(Section(tr("下次会商"), (full_stamp(meeting.next_t),)))
    sections.append(Section(tr("记录"), _trace(meeting, tr)))
    title = f"{tr('会商纪要')}：{printable(meeting.topic)}" if meeting.topic else tr("会商纪要")
    return Briefing(title, (f"{tr('编制')} {full_stamp(made_t)} {tr('北京时间')}", *notes), tuple(sections))


def _material(m: Material, tr: Translate, *, here: bool) -> str:
    marked = ""
    if m.entry.body.get("attachments"):
        marked = f"，{tr('附标注画面') if here else tr('附标注画面，本机没有完好的原件')}"
    return f"{tr('材料')}：{printable(m.title)}（{tr('主讲')} {printable(m.presenter)}，{m.entry.entry_id[:13]}{marked}）"


def _head(m: Meeting, tr: Translate) -> tuple[str, ...]:
    def at(t: float | None) -> str:
        return full_stamp(t) if t is not None else "—"

    return (
        f"{tr('开会')}：{at(m.opened_t)}　{tr('散会')}：{at(m.closed_t)}",
        f"{tr('主持')}：{printable(m.chair) or '—'}　{tr('记录')}：{printable(m.recorder) or '—'}",
        f"{tr('资料截止')}：{at(m.cutoff_t)}　{tr('响应级别')}：{m.level or '—'}",
    )


def _attendance(m: Meeting, tr: Translate) -> Rows:
    head = (tr("单位"), tr("姓名"), tr("会场"), tr("视频接入"))
    rows = ((a.org, a.person, tr(VENUES[a.venue]), tr("是") if a.online else tr("否")) for a in m.attendance)
    return (head, *(tuple(printable(c) for c in row) for row in rows))


def _options(m: Meeting, tr: Translate) -> Rows:
    labels = list(dict.fromkeys(label for o in m.options for label, _ in o.figures))
    figures = {o.letter: dict(o.figures) for o in m.options}
    head = (tr("方案"), *(f"{o.letter} {printable(o.name)}" for o in m.options))
    rows = [(printable(label), *(printable(figures[o.letter].get(label, "—")) for o in m.options)) for label in labels]
    notes = (tr("说明"), *(printable(o.note, 400) or "—" for o in m.options))
    votes = [(tr(w), *(_votes(m, o.letter, c) for o in m.options)) for c, w in VOTES.items()]
    return (head, *rows, notes, *votes)


def _votes(m: Meeting, letter: str, choice: str) -> str:
    return "、".join(printable(v.org) for v in m.votes if v.letter == letter and v.choice == choice) or "—"


def _decisions(m: Meeting, tr: Translate) -> Rows:
    head = tuple(tr(w) for w in ("决定", "类型", "责任单位", "期限", "办理", "宣读"))
    rows = []
    for d in m.decisions:
        due = full_stamp(d.due_t) if d.due_t is not None else "—"
        done = "、".join(f"{tr(LINK_KINDS[link.kind])} {link.ref[:13]}" for link in d.links) or tr("未下达")
        read = tr("已宣读") if d.read_back else tr("未宣读")
        text = printable(d.text, 3000) + _was(d.was, tr)
        rows.append((text, tr(DECISION_TYPES[d.kind]), printable(d.owner), due, done, read))
    return (head, *rows)


def _was(was: tuple[str, ...], tr: Translate) -> str:
    return f"（{tr('更正前')}：{printable(was[-1], 400)}）" if was else ""


def _trace(m: Meeting, tr: Translate) -> tuple[str, ...]:
    refused = sum(1 for e in m.entries if e.refused)
    lines = [f"{tr('会商编号')} {m.meeting_id}，{tr('记录')} {len(m.entries)} {tr('条')}"]
    if m.waiting:
        lines.append(f"{m.waiting} {tr('条还没有报到中心')}")
    if refused:
        lines.append(f"{refused} {tr('条中心没有收下，只在本机')}")
    if m.late:
        lines.append(f"{len(m.late)} {tr('条在散会之后补记')}")
    return tuple(lines)
