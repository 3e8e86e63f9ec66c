"""Both sides of every op that the centre did not take, field by field, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.domain.elements import ELEMENTS
from console.domain.meeting import WHATS
from console.domain.quality import word
from console.domain.response import LEVEL_WORDS, TOPICS
from console.domain.time import stamp
from console.presenters.duty import REFUSALS
from console.presenters.wording import Translate
from console.services.conflict_desk import KINDS, summary
from console.state.desk import UNDECIDED, DeskState
from console.state.meeting_join import OP_KIND
from console.store.ops import OutboxOp
from console.texts import printable
from console.viewdata.conflicts import Side, Undecided
from console.viewdata.meeting import FORMS

FIELDS = {
    "topic": "响应种类",
    "level": "响应级别",
    "basis": "依据",
    "state": "状态",
    "text": "内容",
    "note": "备注",
    "to": "接收单位",
    "type": "类型",
    "object": "对象",
    "alarm_id": "告警",
    "order_id": "调度令编号",
    "corrects": "更正的记录",
    "value": "数值",
    "quality": "质量",
    "reason": "原因",
    "name": "名称",
    "when": "读数时间",
    "old": "原值",
    "element": "要素",
}
MEETING_FIELDS = {"what": "类别", "cutoff_t": "资料截止", "due_t": "期限", "at_t": "时间"} | {
    name: label for form in FORMS.values() for name, label, _ in form
}
IN_THE_HEAD = frozenset({"author", "at", "received_t", "version", "clock_untrusted", "since_t", "started_t", "attachments"})
# the name and the time say it already, or nobody reads it here
HIDDEN = frozenset({"series", "t", "rev", "meeting_id", "situation", "tables", "scenario", "figures"})
ORDER_STATES = {
    "draft": "拟稿",
    "issued": "已下达",
    "received": "已接收",
    "executing": "执行中",
    "done": "已完成",
    "withdrawn": "已撤回",
}


def undecided(desk: DeskState, now_wall: float, tr: Translate) -> list[Undecided]:
    """Return what waits for a decision, oldest first, then decisions that can still be taken back."""
    left = {op.settles: op.next_try - now_wall for op in desk.outbox if op.settles and op.state == "waiting" and not op.tries}
    found = [_undecided(op, tr, None) for op in reversed(desk.undecided)]
    for op in desk.outbox:
        seconds = left.get(op.op_id, 0.0)
        if op.state == "dropped" and op.was and seconds > 0:
            found.append(_undecided(op, tr, int(seconds) + 1))
    return found


def _undecided(op: OutboxOp, tr: Translate, undo_s: int | None) -> Undecided:
    conflict = UNDECIDED[0] in (op.state, op.was)
    current = op.current or {}
    doc = current.get("doc") or {}
    word = tr("有冲突") if conflict else tr("被退回")
    if undo_s is not None:
        word = f"{tr('已决定')}，{undo_s} {tr('秒内可撤销')}"
    theirs = tr("中心没有这一条") if not doc else ""
    if doc:
        when = current.get("at")
        theirs = f"{printable(str(current.get('author') or '—'), 60)} · {stamp(float(when)) if when else '—'} · {tr('版本')} "
        theirs += str(current["version"])
    based = f" · {tr('依据版本')} {op.base_version}" if op.base_version is not None else ""
    return Undecided(
        op.op_id,
        f"{tr(KINDS.get(op.kind, op.kind))} {printable(summary(op), 80)}",
        stamp(op.at),
        word,
        "good" if undo_s is not None else "state.guaranteed",
        tr(REFUSALS.get(op.code, "中心没有接受")) + (f"（{printable(op.code, 40)}）" if op.code not in REFUSALS else ""),
        f"{printable(op.author, 60)} · {stamp(op.at)}{based}",
        theirs if conflict or doc else "",
        _sides(op.body, doc, tr, MEETING_FIELDS if op.kind == OP_KIND else FIELDS),
        conflict,
        bool(op.body.get("text")) and op.kind.startswith("log."),
        undo_s,
    )


def _sides(mine: Mapping[str, Any], theirs: Mapping[str, Any], tr: Translate, fields: Mapping[str, str]) -> tuple[Side, ...]:
    names = [n for n in fields if n in mine or n in theirs]
    names += sorted(n for n in {*mine, *theirs} if n not in fields and n not in IN_THE_HEAD | HIDDEN)
    found = []
    for name in names:
        a, b = _word(name, mine.get(name), tr), _word(name, theirs.get(name), tr)
        found.append(Side(tr(fields[name]) if name in fields else printable(name, 40), a, b, bool(theirs) and a != b))
    return tuple(found)


def _word(name: str, value: Any, tr: Translate) -> str:
    if value is None or value == "":
        return "—"
    if name == "quality" and isinstance(value, int):
        return tr(word(value))
    if name == "element" and str(value) in ELEMENTS:
        return tr(ELEMENTS[str(value)].name)
    if name.endswith("_t") and isinstance(value, int | float) and not isinstance(value, bool):
        return stamp(float(value))
    tables = {"topic": TOPICS, "level": LEVEL_WORDS, "state": ORDER_STATES, "what": WHATS}
    text = str(value)
    return tr(tables[name].get(text, text)) if name in tables and text in tables[name] else printable(text, 600)
