"""A person corrects a reading: a new revision at the centre, the old value kept, the source cannot undo it."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from types import SimpleNamespace

import pytest
from uuid6 import uuid7

from console.central.corrections import RECORD, key_of
from console.central.ops import Op, apply_ops
from console.domain.elements import LEVEL
from console.domain.quality import Quality
from console.services.correction_desk import CorrectionDesk, Reading, typed_value
from console.services.duty_desk import DutyDesk, EntryRefused
from console.store.ops import OpsStore
from console.store.presence import alone
from tests.in_process import HOUR, NOW, Centre, Console


@pytest.fixture
def centre(tmp_path):
    (tmp_path / "centre").mkdir()
    found = Centre(tmp_path / "centre")
    found.readings("S2", range(6))
    yield found
    found.client.session.close()
    found.repo.close()


def correct(centre, value, *, base=1, reason="与人工观测不符", author="张三", t=NOW - 2 * HOUR, **more):
    body = {"series": centre.sid["S2"], "t": t, "value": value, "reason": reason, **more}
    op = Op(id=str(uuid7()), kind="reading.correct", body=body, author=author, at=time.time(), base_version=base)
    return apply_ops(centre.repo, [op], float(NOW))[0]


def stored(centre, t=NOW - 2 * HOUR):
    found = centre.repo.reading(centre.sid["S2"], t)
    return found["value"], found["quality"], found["rev"]


def test_a_correction_is_a_new_revision_and_the_first_value_stays_on_record(centre):
    assert stored(centre) == (20.02, 0, 1)
    assert correct(centre, 19.87)["status"] == "applied"
    assert stored(centre) == (19.87, Quality.MANUAL, 2)
    assert correct(centre, 19.9, base=2, author="李四")["status"] == "applied"
    key = key_of(centre.sid["S2"], NOW - 2 * HOUR)
    doc = centre.repo.record(RECORD, key)
    assert doc["before"] == {"value": 19.87, "quality": int(Quality.MANUAL), "rev": 2}
    assert doc["original"] == {"value": 20.02, "quality": 0, "rev": 1}
    assert (doc["author"], doc["reason"], doc["object"], doc["element"]) == ("李四", "与人工观测不符", "S2", "Z")
    assert [v["author"] for v in centre.repo.versions(RECORD, key)] == ["李四", "张三"]


def test_a_voided_reading_has_no_value_and_is_bad(centre):
    assert correct(centre, None, reason="浮子卡住")["status"] == "applied"
    assert stored(centre) == (None, Quality.BAD, 2)
    assert correct(centre, None, base=2)["code"] == "same-value"


def test_what_a_source_says_again_does_not_undo_a_persons_word(centre):
    correct(centre, 19.87)
    centre.readings("S2", range(6))
    assert stored(centre) == (19.87, Quality.MANUAL, 2)
    fresh = centre.repo.commit_rows([(centre.sid["S2"], NOW - 2 * HOUR, 25.0, 0), (centre.sid["S2"], NOW - HOUR, 25.0, 0)])
    assert [(r[1], r[2]) for r in fresh] == [(NOW - HOUR, 25.0)], "its neighbour is revised as always"
    centre.repo.rewind(NOW - 4 * HOUR)
    centre.readings("S2", range(6))
    assert stored(centre)[:2] == (19.87, Quality.MANUAL), "a recording that is played again stays corrected"


def test_two_people_who_looked_at_the_same_reading_do_not_overwrite_each_other(centre):
    correct(centre, 19.87)
    answer = correct(centre, 19.5, author="李四")
    assert (answer["status"], answer["code"]) == ("conflict", "other-version")
    assert answer["current"]["version"] == 2 and answer["current"]["author"] == "张三"
    assert answer["current"]["doc"]["value"] == 19.87
    assert correct(centre, 19.5, base=2, author="李四")["status"] == "applied"
    assert correct(centre, 19.6, base=9)["code"] == "base-ahead", "seen before the centre was restored"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"value": math.nan}, "bad-content"),
        ({"value": 1e12}, "bad-value"),
        ({"value": "12"}, "bad-value"),
        ({"value": True}, "bad-value"),
        ({"value": 19.0, "reason": "  "}, "reason-missing"),
        ({"value": 19.0, "reason": "字" * 1001}, "text-too-long"),
        ({"value": 19.0, "t": NOW - 2 * HOUR + 7}, "reading-missing"),
        ({"value": 19.0, "t": -5}, "reading-missing"),
        ({"value": 19.0, "series": 99}, "reading-missing"),
        ({"value": 19.0, "series": "1; drop"}, "reading-missing"),
        ({"value": 19.0, "series": True}, "reading-missing"),
    ],
)
def test_an_unsound_correction_is_refused_with_its_reason(centre, changes, code):
    given = {"value": 19.0, **changes}
    answer = correct(centre, given.pop("value"), **given)
    assert (answer["status"], answer["code"]) == ("rejected", code)
    assert stored(centre) == (20.02, 0, 1)


def test_the_corrected_value_reaches_every_console_with_who_and_why(centre, profile):
    console = Console(profile)
    try:
        console.pull(centre)
        correct(centre, 19.87)
        console.pull(centre)
        t, v, q = console.reader.window(centre.sid["S2"], NOW - 2 * HOUR, NOW - 2 * HOUR)
        assert (v[0], q[0]) == (19.87, Quality.MANUAL)
        ((_, doc),) = console.reader.records(RECORD)
        assert doc["reason"] == "与人工观测不符" and doc["original"]["value"] == 20.02
    finally:
        console.stop()


def test_an_officers_correction_goes_from_the_form_through_the_outbox_to_the_centre_and_back(centre, profile, key, tmp_path):
    """What the desk saves is what the centre takes; the value comes back as 人工 to the same cache."""
    console, store = Console(profile), OpsStore(profile.ops, key)
    sid, t = centre.sid["S2"], NOW - 2 * HOUR
    sent = []
    duty = DutyDesk(profile.ops, SimpleNamespace(send=sent.append), lambda: 0.0, lambda: "", key=key)
    try:
        console.pull(centre)
        value, quality, rev = console.reader.reading(sid, t)
        seen = Reading(sid, "石角", LEVEL, t, value, quality, rev)
        asyncio.run(CorrectionDesk(duty).correct(seen, typed_value("Z", " 19.87 "), "与人工观测不符", "张三"))
        assert sent == [{"cmd": "ops"}], "the sync process is told only after the commit"
        (op,) = store.due(time.time())
        reply = centre.client.send([op.to_wire()], None)
        assert [a.status for a in reply.answers] == ["applied"]
        console.pull(centre)
        assert console.reader.reading(sid, t) == (19.87, int(Quality.MANUAL), rev + 1)
    finally:
        duty.close()
        store.close()
        console.stop()


@pytest.mark.parametrize("text", ["", "三米", "nan", "inf", "-1e9", "70000"])
def test_a_value_that_no_gauge_can_show_is_refused_with_a_sentence(text):
    with pytest.raises(EntryRefused) as refused:
        typed_value("Z", text)
    assert refused.value.what.endswith("。") and refused.value.next_step
    assert typed_value("Z", "−3.5") == -3.5


def test_a_desk_that_closes_while_its_file_is_still_being_opened_lets_go_of_it(profile, key):
    """Somebody starts and leaves at once: another window must be able to have the file to itself."""
    duty = DutyDesk(profile.ops, SimpleNamespace(send=lambda _: None), lambda: 0.0, lambda: "", key=key)
    gate = threading.Event()
    duty._worker.submit(gate.wait, 10)
    waiting = duty._worker.submit(duty._with_store, lambda store: store)
    threading.Timer(0.05, gate.set).start()
    duty.close()
    assert waiting.done() and duty._store is None
    with alone(profile.ops):
        pass
