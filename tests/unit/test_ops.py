"""What a person enters: on disk before "saved", sent once, answered once."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from console.errors import StoreError
from console.store.ops import OpsStore
from console.store.sqlite import open_writer


@pytest.fixture
def store(profile, key):
    s = OpsStore(profile.ops, key)
    yield s
    s.close()


def test_an_entry_waits_until_the_centre_answers(store):
    op_id = store.add("log.entry", "log", {"type": "note", "text": "巡堤"}, "张三")
    assert store.waiting()[0] == 1
    (op,) = store.due(time.time())
    assert (op.op_id, op.author, op.body["text"]) == (op_id, "张三", "巡堤")
    store.answered([(op_id, "applied", "")])
    assert store.waiting() == (0, None) and store.due(time.time()) == []


def test_order_is_kept_per_entity_and_one_refusal_blocks_nothing(store):
    first = store.add("alarm.ack", "a", {"alarm_id": "a"}, "张三")
    second = store.add("alarm.ack", "a", {"alarm_id": "a"}, "李四")
    other = store.add("alarm.ack", "b", {"alarm_id": "b"}, "张三")
    assert [op.op_id for op in store.due(time.time())] == [first, second, other], "append-only: together, in order"
    store.postponed([first], time.time() + 60)
    assert [op.op_id for op in store.due(time.time())] == [other], "the later one does not overtake"
    store.answered([(first, "rejected", "alarm-missing")])
    assert [op.op_id for op in store.due(time.time())] == [second, other]


def test_a_postponed_op_is_not_due_until_its_time(store):
    op_id = store.add("log.entry", "log", {"text": "x"}, "张三")
    store.postponed([op_id], time.time() + 60)
    assert store.due(time.time()) == []
    store.retry_now()
    assert [op.op_id for op in store.due(time.time())] == [op_id]


def test_after_a_restored_centre_everything_is_offered_again(store):
    op_id = store.add("log.entry", "log", {"text": "x"}, "张三")
    assert store.new_epoch("e1") == 0, "the first epoch is no change"
    store.answered([(op_id, "applied", "")])
    assert store.new_epoch("e1") == 0
    assert store.new_epoch("e2") == 1
    assert [op.op_id for op in store.due(time.time())] == [op_id]


def test_a_clock_set_back_by_a_day_does_not_hold_ops_for_a_day(store):
    op_id = store.add("log.entry", "log", {"text": "x"}, "张三")
    store.postponed([op_id], time.time() + 86400)
    assert [op.op_id for op in store.due(time.time())] == [op_id]


def test_the_audit_chain_breaks_when_a_line_is_changed(store, profile, key):
    for text in ("一", "二", "三"):
        store.add("log.entry", "log", {"text": text}, "张三")
    assert store.verify_audit()
    db = open_writer(profile.ops, key=key)
    db.execute("update audit set detail='改' where n=2")
    db.close()
    assert not store.verify_audit()


def test_a_killed_process_loses_no_saved_entry(profile, key):
    program = (
        "import sys; from pathlib import Path; from console.store.ops import OpsStore; from console.store.keys import OpsKey\n"
        "s = OpsStore(Path(sys.argv[1]), OpsKey.from_line(sys.argv[2].encode()))\n"
        "while True: print(s.add('log.entry', 'log', {'text': '巡堤'}, '张三'), flush=True)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(profile.ops), key.to_line().decode().strip()], stdout=subprocess.PIPE, text=True
    )
    saved = [child.stdout.readline().strip() for _ in range(40)]
    child.kill()
    saved += [line for line in child.stdout.read().split("\n")[:-1] if len(line) == 36]
    child.wait()
    child.stdout.close()
    store = OpsStore(profile.ops, key)
    kept = {op.op_id for op in store.recent(100_000)}
    assert set(saved) <= kept and len(saved) >= 40
    assert store.verify_audit()
    store.close()


def test_a_full_disk_gives_the_reserve_back_once_then_says_so(store, profile, monkeypatch):
    store.keep_reserve(1_000_000)
    reserve = profile.ops.with_name("ops.reserve")
    assert reserve.stat().st_size == 1_000_000
    real, calls = store._save, []

    def full(*args):
        calls.append(1)
        if len(calls) == 1 or not args:
            raise __import__("console.store.sqlite", fromlist=["x"]).OperationalError("database or disk is full")
        return real(*args)

    monkeypatch.setattr(store, "_save", full)
    store.add("log.entry", "log", {"text": "险情"}, "张三")
    assert not reserve.exists(), "the reserve made room"
    monkeypatch.setattr(store, "_save", lambda *_: (_ for _ in ()).throw(full_error()))
    with pytest.raises(StoreError, match="没有保存"):
        store.add("log.entry", "log", {"text": "险情"}, "张三")


def full_error():
    from console.store.sqlite import OperationalError

    return OperationalError("database or disk is full")
