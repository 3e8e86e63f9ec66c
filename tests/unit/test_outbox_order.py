"""Order in the outbox: strict per entity, free across entities, a person decides what conflicts."""

from __future__ import annotations

import time

import pytest

from backend_client.errors import BackendRefused, BackendUnavailable, WireFormatError
from backend_client.wire import OpAnswer, OpsReply
from console.errors import StoreError
from console.store.decisions import Decision, settle, undo
from console.store.ops import PASS_AFTER, OpsStore
from console.store.sqlite import transaction
from console.sync.batches import BYTES_MAX, Pace, batches, wire_size
from console.sync.push import Pusher, back_off_s

NOTE = {"type": "note", "text": "冲突处理"}


@pytest.fixture
def store(profile, key):
    found = OpsStore(profile.ops, key)
    yield found
    found.close()


def log_entry(store, text="巡堤"):
    return store.add("log.entry", "log", {"type": "note", "text": text}, "张三")


def level(store, level, base, topic="flood"):
    return store.add("response.set", f"response:{topic}", {"topic": topic, "level": level}, "张三", base_version=base)


def due(store, after_s=0.0):
    return [op.op_id for op in store.due(time.time() + after_s)]


class Scripted:
    """A centre that answers as told, op by op, and remembers each request."""

    def __init__(self, answer):
        self.answer = answer
        self.epoch = ""
        self.requests = []

    def send(self, ops, head=None):
        self.requests.append([op["id"] for op in ops])
        found = [self.answer(op) for op in ops]
        for one in found:
            if isinstance(one, Exception):
                raise one
        return OpsReply(tuple(found), self.epoch)


def applied(op):
    return OpAnswer(op["id"], "applied", "", None)


def test_a_thousand_log_entries_leave_in_ten_requests_in_their_order(store):
    rows = [(f"log-{i:04}", "log", "log.entry", '{"text":"x"}', "张三", 1.0, "", 0) for i in range(1000)]
    with transaction(store.connection):
        store.connection.executemany(
            "insert into outbox(id,entity,kind,body,author,at,based_on,clock_untrusted) values(?,?,?,?,?,?,?,?)", rows
        )
    alarm = store.add("alarm.ack", "a", {"alarm_id": "a"}, "张三")
    centre = Scripted(applied)
    assert Pusher(store, lambda: centre).drain()
    sent = [op_id for request in centre.requests for op_id in request]
    assert len(centre.requests) <= 12 and sent == [f"log-{i:04}" for i in range(1000)] + [alarm]


def test_one_entity_that_waits_for_its_time_holds_up_no_other(store):
    stuck, other, entry = level(store, "IV", 0), level(store, "IV", 0, "typhoon"), log_entry(store)
    store.postponed([stuck], time.time() + 200)
    assert due(store) == [other, entry]


def test_only_one_op_on_a_version_is_under_way_per_entity(store):
    first, second = level(store, "IV", 0), level(store, "III", 1)
    assert due(store) == [first]
    store.answered([(first, "applied", "")])
    assert due(store) == [second]


def test_what_was_built_on_a_conflict_waits_for_the_persons_decision(store):
    first, second = level(store, "IV", 0), level(store, "III", 1)
    entry = log_entry(store)
    current = {"version": 4, "doc": {"level": "II"}, "author": "李四", "at": 1}
    store.answered([(first, "conflict", "other-version")], {first: current})
    assert due(store) == [entry], "held, and the log goes on"
    assert store.find(first).current == current
    settle(store, Decision(first, True, "王五", NOTE))
    assert store.find(first).state == "dropped"
    assert (store.find(second).state, store.find(second).code) == ("conflict", "built-on-undecided")
    new = next(op for op in store.recent() if op.settles == first and op.kind == "response.set")
    assert (new.base_version, new.author, new.body["level"]) == (4, "王五", "IV")
    assert due(store) == [entry], "it can still be undone"
    assert set(due(store, 11)) >= {new.op_id, entry} and second not in due(store, 11)
    assert store.verify_audit()


def test_a_decision_can_be_taken_back_until_it_is_sent(store):
    op_id = level(store, "IV", 0)
    store.answered([(op_id, "conflict", "other-version")], {op_id: {"version": 1, "doc": {}, "author": "李四", "at": 1}})
    settle(store, Decision(op_id, False, "王五", NOTE))
    with pytest.raises(StoreError, match="已经处理过"):
        settle(store, Decision(op_id, True, "赵六", NOTE))
    undo(store, op_id, "王五")
    assert store.find(op_id).state == "conflict" and due(store, 11) == []
    settle(store, Decision(op_id, False, "王五", NOTE))
    store._db.execute("update outbox set next_try=0 where settles=?", (op_id,))
    with pytest.raises(StoreError, match="已经送出"):
        undo(store, op_id, "王五")
    whats = [w for (w,) in store._db.execute("select what from audit order by n")]
    assert whats == ["response.set", "log.entry", "decision.undone", "log.entry"] and store.verify_audit()


def test_nothing_dropped_comes_back_after_a_restored_centre(store):
    op_id = level(store, "IV", 0)
    store.new_epoch("e1")
    store.answered([(op_id, "rejected", "illegal-transition")])
    settle(store, Decision(op_id, False, "王五", NOTE))
    store.new_epoch("e2")
    assert op_id not in due(store, 11)


def test_a_poisonous_op_is_found_and_the_rest_goes_on(store):
    bad, good = log_entry(store, "poison"), [store.add("alarm.ack", f"a{i}", {"alarm_id": f"a{i}"}, "张三") for i in range(5)]
    after = log_entry(store, "after")

    def answer(op):
        return BackendUnavailable("HTTP 500 fault", None, 500) if op["id"] == bad else applied(op)

    centre = Scripted(answer)
    pusher = Pusher(store, lambda: centre)
    for _ in range(PASS_AFTER + 1):
        pusher.drain()
        store._db.execute("update outbox set next_try=0")
    assert {op.op_id for op in store.recent() if op.state == "done"} == {*good, after}
    assert store.find(bad).state == "waiting", "it is kept, not lost"


def test_a_line_that_is_down_is_tried_once_a_round_and_a_wish_to_wait_is_kept(store):
    for i in range(5):
        store.add("alarm.ack", f"a{i}", {"alarm_id": f"a{i}"}, "张三")
    store._db.execute("update outbox set tries=5")
    centre = Scripted(lambda op: BackendUnavailable("refused"))
    assert not Pusher(store, lambda: centre).drain() and len(centre.requests) == 1
    store._db.execute("update outbox set next_try=0, tries=0")
    centre.answer = lambda op: BackendUnavailable("HTTP 503", 600.0, 503)
    Pusher(store, lambda: centre).drain()
    assert due(store) == [] and due(store, 599) == [] and len(due(store, 601)) == 5


def test_an_expired_token_or_a_broken_answer_loses_nothing(store):
    op_id = log_entry(store)
    for fault in (BackendRefused(401, "token-required"), WireFormatError("half a body")):
        Pusher(store, lambda fault=fault: Scripted(lambda op: fault)).drain()
        assert store.find(op_id).state == "waiting"
    store.retry_now()
    Pusher(store, lambda: Scripted(lambda op: BackendRefused(413, "too-large"))).drain()
    assert (store.find(op_id).state, store.find(op_id).code) == ("rejected", "too-large")


def test_the_back_off_grows_from_a_second_to_five_minutes_and_is_jittered():
    waits = [[back_off_s(n) for _ in range(50)] for n in range(1, 12)]
    assert min(waits[0]) >= 1.0 and max(waits[-1]) <= 300.0 and min(waits[-1]) >= 150.0
    assert all(len(set(w)) > 10 for w in waits)
    assert back_off_s(1, 600.0) == 600.0


def test_on_a_thin_line_short_texts_of_others_go_before_a_long_one(store):
    long = log_entry(store, "长" * 3000)
    behind = log_entry(store, "同一本日志的下一条")
    ack = store.add("alarm.ack", "a", {"alarm_id": "a"}, "张三")
    ops = store.due(time.time())
    assert [op.op_id for b in batches(ops, Pace()) for op in b] == [long, behind, ack]
    thin = Pace()
    thin.measured(4000, 4.0)
    assert [[op.op_id for op in b] for b in batches(ops, thin)] == [[ack], [long], [behind]]


def test_no_request_outgrows_what_the_centre_takes(store):
    for _ in range(120):
        log_entry(store, "长" * 4000)
    found = list(batches(store.due(time.time()), Pace()))
    assert sum(len(b) for b in found) == 120 and max(len(b) for b in found) <= 100
    assert all(sum(wire_size(op) for op in b) <= BYTES_MAX for b in found)


def test_the_audit_head_names_the_line_told_before(store):
    log_entry(store)
    heads = []

    class Centre(Scripted):
        def send(self, ops, head=None):
            heads.append(head)
            return super().send(ops, head)

    pusher = Pusher(store, lambda: Centre(applied))
    pusher.drain()
    log_entry(store)
    pusher.drain()
    assert heads[0]["since"] is None and heads[1]["since"] == {"n": 1, "hash": heads[0]["hash"]}
    assert heads[1]["n"] == 2 and heads[0]["device"] == heads[1]["device"]


def test_after_a_restore_an_op_waits_for_what_another_desk_still_has_to_offer(store):
    op_id, entry = level(store, "II", 2), log_entry(store)
    current = {"version": 1, "doc": {"level": "IV"}, "author": "李四", "at": 1}

    def answer(op):
        return applied(op) if op["kind"] == "log.entry" else OpAnswer(op["id"], "conflict", "base-ahead", current)

    pusher = Pusher(store, lambda: Scripted(answer))
    pusher.drain()
    assert store.find(op_id).state == "waiting" and store.find(entry).state == "done"
    for _ in range(PASS_AFTER):
        store._db.execute("update outbox set next_try=0")
        pusher.drain()
    assert store.find(op_id).state == "conflict" and store.find(op_id).current == current, "then a person decides"


def test_a_restored_centre_that_a_push_meets_first_gets_everything_again(store):
    old = log_entry(store, "restored away")
    store.new_epoch("e1")
    centre = Scripted(applied)
    centre.epoch = "e1"
    Pusher(store, lambda: centre).drain()
    new = log_entry(store, "the next")
    centre.epoch, centre.requests = "e2", []
    Pusher(store, lambda: centre).drain()
    assert [op_id for r in centre.requests for op_id in r] == [new, old] and store.waiting()[0] == 0
