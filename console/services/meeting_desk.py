"""What the recorder of a consultation does: each step is one entry, saved means on disk with FULL sync."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal
from uuid6 import uuid7

from console.domain.meeting import Decision, Meeting
from console.domain.meeting_rules import entry_fault
from console.domain.response import LEVEL_WORDS, TOPICS
from console.domain.time import full_stamp
from console.errors import ConsoleError
from console.services.duty_desk import BASIS_LIMIT, DutyDesk, EntryRefused
from console.services.meeting_words import ALREADY, ALREADY_NEXT, MEETING_REFUSALS, NO_LEVEL, NO_LEVEL_NEXT
from console.state.desk import DeskState
from console.state.meeting_join import OP_KIND
from console.store.ops import Attached

TOPIC_SHOWN = 60  # characters of a meeting's topic in what its decisions lead to


class NotCarriedOut(ConsoleError):
    """A decision is saved, what it leads to is not, or the two are not linked.

    decision: id of its entry. done: id of the op that was entered, "" when that failed.
    """

    def __init__(self, decision: str, done: str, why: ConsoleError) -> None:
        if done:
            what = f"决定已保存，也已下达，但没有关联上：{why.what}"
        else:
            what = f"决定已保存，但没有下达：{why.what}"
        advice = "不要再下达一次。" if done else "不要再记一次决定；请另行下达。"
        super().__init__(what, f"{why.next_step}{advice}", why.detail)
        self.decision, self.done = decision, done


class MeetingDesk(QObject):
    """Writes entries through the duty desk; what they amount to stands in the desk's state.

    Signals:
        changed: another meeting was chosen, or a meeting has other entries.
    """

    changed = Signal()

    def __init__(self, duty: DutyDesk, desk: DeskState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._duty, self._desk = duty, desk
        self._seen = desk.meetings
        self.current = ""
        self._from_file: Meeting | None = None
        desk.changed.connect(self._desk_changed)

    @property
    def meeting(self) -> Meeting | None:
        """Return the chosen meeting, None while nothing of it is here."""
        return self.of(self.current)

    @property
    def all(self) -> tuple[Meeting, ...]:
        """Return the meetings that can be chosen; one from a file last, unless its entries are here anyway."""
        from_file = self._from_file
        here = {m.meeting_id for m in self._desk.meetings}
        return self._desk.meetings if from_file is None or from_file.meeting_id in here else (*self._desk.meetings, from_file)

    def of(self, meeting_id: str) -> Meeting | None:
        return next((m for m in self.all if m.meeting_id == meeting_id), None)

    def show_file(self, meeting: Meeting) -> None:
        """Show a meeting that was read from a file; nothing of it is entered."""
        self._from_file, self.current = meeting, meeting.meeting_id
        self.changed.emit()

    def choose(self, meeting_id: str) -> None:
        if meeting_id != self.current:
            self.current = meeting_id
            self.changed.emit()

    def _desk_changed(self) -> None:
        if self._desk.meetings is not self._seen:
            self._seen = self._desk.meetings
            if not self.current:  # who opens the console during a meeting wants that one
                self.current = next((m.meeting_id for m in self._seen if m.live and m.known), "")
            self.changed.emit()

    async def open_meeting(self, topic: str, level: str, chair: str, recorder: str, cutoff_t: float, author: str) -> str:
        """Open a meeting and choose it; returns its id once that is on disk. cutoff_t: UTC s of the data.

        Raises:
            EntryRefused: something is missing. Refused: nobody may make entries now.
            StoreError: nothing was saved.
        """
        meeting_id = str(uuid7())
        head = {"topic": topic, "level": level, "chair": chair, "recorder": recorder, "cutoff_t": cutoff_t}
        await self.add(meeting_id, "open", head, author)
        self.choose(meeting_id)
        return meeting_id

    async def add(
        self, meeting_id: str, what: str, fields: Mapping[str, Any], author: str, files: tuple[Attached, ...] = ()
    ) -> str:
        """Enter one thing; returns the entry's id once it is on disk. fields: as meeting_rules says of its kind.

        Raises:
            EntryRefused: no name, or the fields break their form. Refused: nobody may make entries now.
            StoreError: nothing was saved.
        """
        body = self.check(meeting_id, what, fields)
        return await self._duty.enter(OP_KIND, f"meeting:{meeting_id}", body, author, files=files)

    @staticmethod
    def check(meeting_id: str, what: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body that would be entered.

        Raises:
            EntryRefused: the fields break their form.
        """
        body = {**fields, "meeting_id": meeting_id, "what": what}
        code = entry_fault(body)
        if code:
            raise EntryRefused(*MEETING_REFUSALS[code], code)
        return body

    async def decide(
        self,
        meeting_id: str,
        text: str,
        kind: str,
        owner: str,
        due_t: float | None,
        author: str,
        order: bool,
        *,
        topic: str = "",
        level: str = "",
        base_version: int | None = None,
    ) -> str:
        """Enter a decision and, with order, at once what it leads to, linked with it; returns the decision's id.

        A response sets its level: topic and level as domain.response has them, base_version the version the
        officer saw (None: the one that stands here). A dispatch becomes a draft order, anything else a line of
        the duty log. due_t: UTC s.

        Raises:
            EntryRefused: no name, or something is missing; nothing was saved.
            StoreError: nothing was saved. Refused: nobody may make entries now.
            NotCarriedOut: the decision is saved, the rest of it is not.
        """
        if order and kind == "response":
            self._check_level(topic, level)
        fields = {"text": text, "type": kind, "owner": owner, "due_t": due_t}
        decision = await self.add(meeting_id, "decision", fields, author)
        if order:
            await self._carried(meeting_id, decision, fields, author, (topic, level, base_version))
        return decision

    async def carry_out(self, decision: Decision, author: str) -> None:
        """Enter what a decision leads to that was only recorded; not for one that leads somewhere already.

        Raises:
            EntryRefused: it is carried out already, or it sets a response, which needs its level.
            NotCarriedOut: nothing was entered, or it is not linked.
        """
        if decision.links:
            raise EntryRefused("这项决定已经下达。", "需要更改时请更正决定，再另行下达。")
        if decision.kind == "response":
            raise EntryRefused("响应决定要写明种类和级别。", "请在值守的应急响应里设定级别，依据写本次会商。")
        fields = {"text": decision.text, "type": decision.kind, "owner": decision.owner, "due_t": decision.due_t}
        await self._carried(decision.entry.meeting_id, decision.entry.entry_id, fields, author, ("", "", None))

    async def _carried(
        self,
        meeting_id: str,
        decision: str,
        fields: Mapping[str, Any],
        author: str,
        response: tuple[str, str, int | None],
    ) -> None:
        done = ""
        try:
            link = await self._carry_out(meeting_id, fields, author, response)
            done = link["ref"]
            await self.add(meeting_id, "linked", link | {"decision": decision}, author)
        except ConsoleError as exc:
            raise NotCarriedOut(decision, done, exc) from exc

    def _check_level(self, topic: str, level: str) -> None:
        if topic not in TOPICS or level not in LEVEL_WORDS:
            raise EntryRefused(NO_LEVEL, NO_LEVEL_NEXT)
        if self._desk.responses[topic].level == level:
            raise EntryRefused(ALREADY, ALREADY_NEXT)

    async def _carry_out(
        self, meeting_id: str, decided: Mapping[str, Any], author: str, response: tuple[str, str, int | None]
    ) -> dict[str, str]:
        """Enter what a decision leads to; returns the link to it: kind, the op's id, the entity."""
        meeting = self.of(meeting_id)
        said = f"会商决定（{meeting.topic[:TOPIC_SHOWN]}）：" if meeting is not None and meeting.topic else "会商决定："
        text, owner = str(decided["text"]).strip(), str(decided["owner"]).strip()
        due = "未定" if decided["due_t"] is None else f"{full_stamp(decided['due_t'])}（北京时间）"
        if decided["type"] == "response":
            topic, level, base = response
            version = self._desk.responses[topic].version if base is None else base
            basis = f"{said}{text}"[:BASIS_LIMIT]
            return {
                "kind": "response",
                "ref": await self._duty.set_response(topic, level, basis, author, version),
                "entity": f"response:{topic}",
            }
        if decided["type"] == "dispatch":
            order_id = str(uuid7())
            body = {"order_id": order_id, "text": text, "to": owner, "note": f"{said[:-1]}，期限 {due}"}
            ref = await self._duty.enter("order.draft", f"order:{order_id}", body, author, base_version=0)
            return {"kind": "order", "ref": ref, "entity": f"order:{order_id}"}
        line = f"{said}{text.rstrip('。')}。责任单位：{owner}。期限：{due}。"
        return {"kind": "log", "ref": await self._duty.write_log("instruction", line, author), "entity": "log"}
