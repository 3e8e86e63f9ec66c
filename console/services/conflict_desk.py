"""A person decides what the centre did not take: theirs, mine again, or kept as a log entry."""

from __future__ import annotations

from console.domain.meeting import WHATS
from console.domain.response import LEVEL_WORDS, TOPICS
from console.services.duty_desk import TEXT_LIMIT, DutyDesk, EntryRefused
from console.store.decisions import Decision, settle, undo
from console.store.ops import OutboxOp

KINDS = {
    "alarm.ack": "告警确认",
    "alarm.shelve": "告警搁置",
    "alarm.comment": "告警备注",
    "log.entry": "值班日志",
    "log.correction": "日志更正",
    "field.report": "险情报告",
    "response.set": "应急响应",
    "order.draft": "调度令拟稿",
    "order.issue": "调度令下达",
    "order.receive": "调度令接收",
    "order.execute": "调度令执行",
    "order.done": "调度令完成",
    "order.withdraw": "调度令撤回",
    "view.save": "视图",
    "layout.save": "布局",
    "annotation.save": "标注",
    "reading.correct": "读数订正",
    "meeting.entry": "会商记录",
}
CHOICES = {"theirs": "采用中心的", "mine": "坚持我的", "log": "另存为日志", "drop": "放弃"}


def summary(op: OutboxOp) -> str:
    """Return what an op says, in one line."""
    body = op.body
    if op.kind == "response.set":
        return f"{TOPICS.get(str(body.get('topic')), '')} {LEVEL_WORDS.get(str(body.get('level')), '')}"
    if op.kind == "reading.correct":
        value = body.get("value")
        new = "作废" if value is None else f"{value:g}" if isinstance(value, int | float) else str(value)
        return f"{body.get('name', '')} {body.get('when', '')} → {new}：{body.get('reason', '')}".strip()
    if op.kind == "meeting.entry":
        said = next((str(body[k]) for k in ("text", "topic", "title", "name", "person", "org", "step") if body.get(k)), "")
        return f"{WHATS.get(str(body.get('what')), '')} {said}".strip()
    return str(body.get("text") or body.get("reason") or body.get("note") or body.get("alarm_id") or body.get("order_id") or "")


class ConflictDesk:
    """Every decision is a log entry with the name of who decided; it can be undone until it is sent."""

    def __init__(self, duty: DutyDesk) -> None:
        self._duty = duty

    async def decide(self, op: OutboxOp, choice: str, who: str, reason: str) -> None:
        """Carry a decision out.

        Raises:
            EntryRefused: no name, or something is given up without a reason.
            StoreError: it was decided meanwhile, or nothing could be saved.
        """
        name = self._duty.signed(who)
        if choice == "drop" and not reason.strip():
            raise EntryRefused("没有写明放弃的原因。", "请在原因栏写明，再按放弃；内容会留在审计里。")
        text = f"{'冲突' if op.state == 'conflict' else '退回'}处理：{KINDS.get(op.kind, op.kind)}“{summary(op)}”"
        text += f"（{op.author} 填写），{CHOICES[choice]}。"
        text += f"{reason.strip()}。" if reason.strip() else ""
        body = {"type": "note", "text": f"{text[: TEXT_LIMIT - 80]}决定人 {name}", "object": ""}
        decision = Decision(
            op.op_id, choice == "mine", name, body, self._duty.based_on(), clock_untrusted=self._duty.clock_untrusted()
        )
        await self._duty.write(lambda store: settle(store, decision))

    async def undo(self, op_id: str, who: str) -> None:
        """Take a decision back.

        Raises:
            EntryRefused: no name.
            StoreError: it was sent already.
        """
        name = self._duty.signed(who)
        await self._duty.write(lambda store: undo(store, op_id, name))
