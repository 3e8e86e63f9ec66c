"""A recorder keeps a consultation: it stands on this desk at once, and a decision is carried out in the same step."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from console.domain.meeting import DECISION_TYPES
from console.domain.time import from_beijing
from console.errors import StoreError
from console.presenters.conflicts import undecided
from console.presenters.duty import REFUSALS
from console.services.conflict_desk import summary
from console.services.duty_desk import EntryRefused
from console.services.meeting_desk import NotCarriedOut
from console.services.meeting_words import MEETING_REFUSALS
from tests.gui import session_of

T = from_beijing("2022-06-21 17:00")
NO_LINE = {"text": "清远大堤加强巡查", "kind": "inspection", "owner": "清远市", "due_t": T, "author": "张三"}


@pytest.fixture
def session(home, hub, runner):
    found = session_of(home, "beijiang-2022-06", hub)
    found.source.profile.folder.mkdir(parents=True)
    yield found
    runner.run(found.close())


@pytest.fixture
def meeting_id(session, runner):
    return runner.run(session.meetings.open_meeting("北江2号洪水会商", "Ⅱ", "王五", "张三", T, "张三"))


def shown(session, runner):
    runner.run(session.read_outbox())
    return session.meetings.meeting


def ops(session, kind):
    return [op for op in session.desk.outbox if op.kind == kind]


def decide(session, runner, meeting_id, order=True, **fields):
    return runner.run(session.meetings.decide(meeting_id, order=order, **(NO_LINE | fields)))


def test_a_meeting_without_a_network_stands_on_this_desk_at_once(session, runner, meeting_id):
    told = []
    session.meetings.changed.connect(lambda: told.append(1))
    desk = session.meetings
    runner.run(desk.add(meeting_id, "attend", {"org": "甲", "person": "乙", "venue": "main", "online": False}, "张三"))
    runner.run(desk.add(meeting_id, "opinion", {"org": "甲", "person": "乙", "text": "可行", "step": "works"}, "张三"))
    meeting = shown(session, runner)
    assert meeting is session.desk.meetings[0] and meeting.meeting_id == meeting_id and meeting.live
    assert (meeting.topic, meeting.opinions[0].text, meeting.waiting) == ("北江2号洪水会商", "可行", 3)
    assert told == [1], "one change of the desk is told once"
    runner.run(session.read_outbox())
    session.desk.join()
    assert told == [1]
    desk.choose("another")
    desk.choose("another")
    assert told == [1, 1] and desk.meeting is None


def test_a_decision_becomes_a_line_of_the_log_with_owner_and_deadline(session, runner, meeting_id):
    shown(session, runner)
    decision_id = decide(session, runner, meeting_id)
    decision = shown(session, runner).decisions[0]
    (line,) = ops(session, "log.entry")
    assert decision.entry.entry_id == decision_id and [(x.kind, x.ref) for x in decision.links] == [("log", line.op_id)]
    assert line.body["type"] == "instruction" and line.author == "张三"
    assert line.body["text"] == (
        "会商决定（北江2号洪水会商）：清远大堤加强巡查。责任单位：清远市。期限：2022-06-21 17:00（北京时间）。"
    )
    assert session.desk.log[0].entry_id == line.op_id and session.desk.log[0].pending


def test_a_dispatch_becomes_a_draft_order_and_a_response_sets_the_level(session, runner, meeting_id):
    decide(session, runner, meeting_id, text="飞来峡下泄17500", kind="dispatch", owner="飞来峡管理局", due_t=None)
    decide(session, runner, meeting_id, text="启动防汛Ⅱ级响应", kind="response", topic="flood", level="II")
    order, response = (d.links[0] for d in shown(session, runner).decisions)
    (draft,) = ops(session, "order.draft")
    assert (order.kind, order.ref, order.entity) == ("order", draft.op_id, f"order:{draft.body['order_id']}")
    assert draft.base_version == 0 and draft.body["text"] == "飞来峡下泄17500" and draft.body["to"] == "飞来峡管理局"
    (level,) = ops(session, "response.set")
    assert response.ref == level.op_id and (level.body["level"], level.base_version) == ("II", 0)
    assert session.desk.responses["flood"].level == "II" and "启动防汛Ⅱ级响应" in level.body["basis"]
    with pytest.raises(EntryRefused, match="已经是这一级"):
        decide(session, runner, meeting_id, kind="response", topic="flood", level="II")
    with pytest.raises(EntryRefused, match="没有选定"):
        decide(session, runner, meeting_id, kind="response")
    assert len(shown(session, runner).decisions) == 2, "what could not be carried out was not half entered"
    decide(session, runner, meeting_id, order=False, kind="response")
    assert shown(session, runner).decisions[2].links == ()


def test_a_decision_that_could_not_be_carried_out_is_saved_and_that_is_said(session, runner, meeting_id, monkeypatch):
    async def fails(*_args, **_more):
        raise StoreError("没有保存：本机磁盘写不进去。", "请清理磁盘。")

    monkeypatch.setattr(session.duty, "write_log", fails)
    with pytest.raises(NotCarriedOut) as told:
        decide(session, runner, meeting_id)
    assert told.value.what == "决定已保存，但没有下达：没有保存：本机磁盘写不进去。" and "不要再记一次" in told.value.next_step
    (decision,) = shown(session, runner).decisions
    assert decision.entry.entry_id == told.value.decision and not decision.links
    monkeypatch.undo()
    add = session.meetings.add

    async def not_linked(meeting, what, fields, author):
        return await (fails() if what == "linked" else add(meeting, what, fields, author))

    monkeypatch.setattr(session.meetings, "add", not_linked)
    with pytest.raises(NotCarriedOut, match="也已下达") as told:
        decide(session, runner, meeting_id)
    shown(session, runner)
    assert told.value.done == ops(session, "log.entry")[0].op_id


def test_the_longest_decision_still_fits_what_it_becomes(session, runner, meeting_id):
    shown(session, runner)
    for kind in DECISION_TYPES:
        decide(session, runner, meeting_id, text="字" * 3000, owner="局" * 200, kind=kind, topic="typhoon", level="IV")
    assert all(d.links for d in shown(session, runner).decisions)


@pytest.mark.parametrize(
    ("what", "fields", "words"),
    [
        ("opinion", {"org": "甲", "person": "乙", "text": " ", "step": "works"}, "内容是空的"),
        ("vote", {"letter": "Z", "org": "甲", "choice": "for"}, "方案编号无效"),
        ("next", {"at_t": float("inf")}, "不能保存的字符或数值"),
        ("decision", {"text": "x", "type": "other", "owner": "", "due_t": None}, "没有写责任单位"),
        ("revise", {"corrects": "e", "text": "x", "reason": ""}, "没有写更正的原因"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_saved(session, runner, meeting_id, what, fields, words):
    with pytest.raises(EntryRefused, match=words) as told:
        runner.run(session.meetings.add(meeting_id, what, fields, "张三"))
    assert told.value.next_step.startswith("请")
    with pytest.raises(EntryRefused, match="没有签名"):
        runner.run(session.meetings.add(meeting_id, "close", {}, " "))
    assert len(shown(session, runner).entries) == 1


def test_every_refusal_that_a_rule_can_name_has_words():
    import inspect
    import re

    from console.domain import meeting_rules

    source = inspect.getsource(meeting_rules)
    codes = set(re.findall(r'"((?:bad|text|too|[a-z]+)-[a-z-]+)"', source)) | {meeting_rules.TOO_LARGE, meeting_rules.NO_JSON}
    for names in re.findall(r"_names\(body, ([^)]+)\)", source):
        codes |= {f"{name.replace('_', '-')}-missing" for name in json.loads(f"[{names}]")}
    codes -= {"utf-8"}
    assert codes == set(MEETING_REFUSALS) and codes <= set(REFUSALS)


def test_a_refused_entry_is_named_among_what_waits_for_a_decision(session, runner, meeting_id):
    runner.run(session.read_outbox())
    assert summary(session.desk.outbox[0]) == "开会 北江2号洪水会商"


def test_an_entry_that_the_centre_refused_is_worded_as_it_was_typed(session, runner, meeting_id, look):
    fields = {"text": "加强巡查", "type": "inspection", "owner": "清远市", "due_t": T}
    runner.run(session.meetings.add(meeting_id, "decision", fields, "张三"))
    runner.run(session.read_outbox())
    session.desk.set_outbox(replace(op, state="rejected", code="too-large") for op in session.desk.outbox)
    session.desk.join()
    opening, decision = undecided(session.desk, 0.0, look.tr)
    told = {side.name: side.mine for side in decision.sides}
    assert told["期限"] == "06-21 17:00" and told["责任单位"] == "清远市" and told["类别"] == "决定"
    assert "meeting_id" not in told and {s.name: s.mine for s in opening.sides}["议题"] == "北江2号洪水会商"
