"""Who owns what: append-only, set union, compare-and-set and last writer, from outside by URL."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from uuid6 import uuid7


def op(kind, body, author="张三", **more):
    return {"id": str(uuid7()), "kind": kind, "body": body, "author": author, "at": time.time(), **more}


@pytest.fixture
def push(http):
    def send(*ops):
        reply = http.post("/v1/ops", json={"ops": list(ops)})
        assert reply.status_code == 200, reply.text
        answers = reply.json()["answers"]
        return answers[0] if len(ops) == 1 else answers

    return send


@pytest.fixture
def record(http):
    def read(kind, record_id):
        doc = http.get("/v1/feeds/records/changes", params={"limit": 20000}).json()
        rows = zip(doc["cols"]["kind"], doc["cols"]["id"], doc["cols"]["body"], strict=True)
        return next((b for k, i, b in rows if (k, i) == (kind, record_id)), None)

    return read


def test_of_two_officers_the_first_to_sign_is_first_and_the_other_has_read_it(push, record):
    alarm = f"warning:X:{uuid.uuid4().hex}"
    first, other = op("alarm.ack", {"alarm_id": alarm}), op("alarm.ack", {"alarm_id": alarm}, "李四")
    again = op("alarm.ack", {"alarm_id": alarm, "note": "已通知"})
    assert [a["status"] for a in push(first, other, again)] == ["applied"] * 3
    assert [record("ack", o["id"])["standing"] for o in (first, other, again)] == ["first", "read", "again"]
    assert record("signed", alarm)["users"] == ["张三", "李四"]


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("alarm.shelve", {"alarm_id": "a", "until_t": 1655900000}, "reason-missing"),
        ("alarm.shelve", {"alarm_id": "a", "reason": "检修"}, "end-missing"),
        ("alarm.shelve", {"alarm_id": "a", "reason": "检修", "until_t": True}, "end-missing"),
        ("alarm.comment", {"alarm_id": "a", "text": " "}, "text-missing"),
        ("log.correction", {"text": "应为 3+300", "corrects": "no-such-entry"}, "entry-missing"),
        ("field.report", {"stage": "follow", "text": "水位回落"}, "report-missing"),
        ("field.report", {"stage": "x", "text": "水位回落"}, "bad-type"),
        ("response.set", {"topic": "flood", "level": "V"}, "bad-level"),
        ("order.issue", {"order_id": str(uuid.UUID(int=9))}, "illegal-transition"),
        ("meeting.entry", {"meeting_id": "m", "what": "step", "step": "lunch"}, "bad-step"),
        ("meeting.entry", {"what": "close"}, "meeting-missing"),
        ("meeting.entry", {"meeting_id": "m", "what": "revise", "corrects": "e", "text": "x"}, "reason-missing"),
        ("log.entry", {"type": "note", "text": "x", "attachments": [{"name": "a", "sha256": "../x"}]}, "bad-attachments"),
    ],
)
def test_what_breaks_a_rule_is_refused_for_good_with_its_reason(push, kind, body, code):
    answer = push(op(kind, body))
    assert (answer["status"], answer["code"]) == ("rejected", code)


def test_a_correction_and_a_follow_up_point_at_what_went_before(push, record):
    entry = op("log.entry", {"type": "danger", "text": "管涌 3+200"})
    fix = op("log.correction", {"corrects": entry["id"], "text": "应为 3+300"})
    report = op("field.report", {"stage": "first", "text": "溃口 20 m"})
    follow = op("field.report", {"stage": "follow", "report_id": report["id"], "text": "溃口 35 m"})
    assert {a["status"] for a in push(entry, fix, report, follow)} == {"applied"}
    assert record("log", entry["id"])["text"] == "管涌 3+200", "the old entry stays as it was"
    assert record("log", fix["id"])["corrects"] == entry["id"]
    assert record("report", follow["id"])["report_id"] == report["id"]


def test_a_meeting_comes_back_entry_by_entry_in_the_centres_order(push, record):
    meeting = {"meeting_id": uuid.uuid4().hex}
    head = {"topic": "北江2号洪水", "level": "Ⅱ", "chair": "王五", "recorder": "张三", "cutoff_t": 1655802000}
    said = {"org": "省水文局", "person": "赵七", "text": "洪峰16500", "step": "regime"}
    opening = op("meeting.entry", meeting | {"what": "open"} | head)
    opinion = op("meeting.entry", meeting | {"what": "opinion"} | said, "赵七")
    fix = op("meeting.entry", meeting | {"what": "revise", "corrects": opinion["id"], "text": "洪峰18100", "reason": "口误"})
    assert {a["status"] for a in push(opening, opinion, fix)} == {"applied"}
    docs = [record("meeting", o["id"]) for o in (opening, opinion, fix)]
    assert [d["what"] for d in docs] == ["open", "opinion", "revise"] and docs[1]["author"] == "赵七"
    assert docs[1]["text"] == "洪峰16500", "the old entry stays as it was"
    assert docs[0]["seq"] < docs[1]["seq"] < docs[2]["seq"]
    assert push(opinion)["status"] == "duplicate"


def test_an_order_goes_step_by_step_and_nobody_skips_one(push, record):
    order = {"order_id": str(uuid.uuid4())}
    steps = ("order.draft", "order.issue", "order.receive", "order.execute", "order.done")
    skipped = None
    for version, kind in enumerate(steps):
        if kind == "order.execute":
            skipped = push(op("order.done", order, base_version=version))
        answer = push(op(kind, order | {"text": "飞来峡下泄 15000"}, base_version=version))
        assert answer["status"] == "applied", answer
    assert skipped["code"] == "illegal-transition" and skipped["current"]["doc"]["state"] == "received"
    assert record("order", order["order_id"])["state"] == "done"
    assert push(op("order.withdraw", order, base_version=5))["code"] == "illegal-transition"


def test_who_built_on_an_old_version_is_told_what_stands_now_and_told_it_again(push, http):
    order = {"order_id": str(uuid.uuid4()), "text": "一"}
    push(op("order.draft", order, base_version=0))
    push(op("order.draft", order | {"text": "二"}, "李四", base_version=1))
    late = op("order.draft", order | {"text": "三"}, base_version=1)
    answer = push(late)
    assert answer["status"] == "conflict" and answer["current"]["version"] == 2
    assert answer["current"]["author"] == "李四" and answer["current"]["doc"]["text"] == "二"
    again = push(late)
    assert again["status"] == "duplicate" and again["first"]["status"] == "conflict"
    assert again["current"] == answer["current"]
    decided = push(op("order.draft", late["body"], base_version=answer["current"]["version"]))
    assert decided["status"] == "applied", "the person's decision is a new op on the current version"


def test_ops_of_one_batch_that_build_on_a_refused_one_do_not_slip_through(push):
    order = {"order_id": str(uuid.uuid4()), "text": "一"}
    push(op("order.draft", order, base_version=0))
    stale, built_on_it = op("order.issue", order, base_version=0), op("order.receive", order, base_version=1)
    assert [a["status"] for a in push(stale, built_on_it)] == ["conflict", "rejected"]


def test_after_a_restore_an_op_may_wait_for_what_it_builds_on(push):
    order = {"order_id": str(uuid.uuid4()), "text": "一"}
    mine = op("order.issue", order, base_version=1)
    early = push(mine)
    assert (early["status"], early["code"], early["current"]["version"]) == ("conflict", "base-ahead", 0)
    push(op("order.draft", order, "李四", base_version=0))
    assert push(mine)["status"] == "applied", "that answer was not kept for its key"
    assert push(mine)["status"] == "duplicate"


def test_of_many_at_once_exactly_one_wins_each_version(http, service):
    order = {"order_id": str(uuid.uuid4()), "text": "一"}
    ops = [op("order.draft", order | {"text": str(i)}, base_version=0) for i in range(12)]

    def send(one):
        return http.post("/v1/ops", json={"ops": [one]}).json()["answers"][0]["status"]

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(send, ops))
    assert sorted(statuses) == ["applied"] + ["conflict"] * 11


def test_of_a_saved_view_the_last_writer_at_the_centre_wins(push, record):
    name = uuid.uuid4().hex
    for i in range(3):
        push(op("view.save", {"id": name, "doc": {"n": i}}))
    assert record("view", name)["doc"] == {"n": 2} and record("view", name)["version"] == 3
