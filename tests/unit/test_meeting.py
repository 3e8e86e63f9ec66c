"""A consultation as a log of small entries: whatever the order of arrival, everybody has the same meeting."""

from __future__ import annotations

import itertools
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.domain.meeting import STEPS, WHATS, entry_of
from console.domain.meeting_fold import folded
from console.domain.meeting_rules import RULES, entry_fault
from console.domain.time import from_beijing
from console.state.desk import DeskState
from console.store.ops import OpsStore
from console.sync.push import Pusher

T = from_beijing("2022-06-21 17:00")
OPEN = {"topic": "北江2号洪水会商", "level": "Ⅱ", "chair": "王五", "recorder": "张三", "cutoff_t": T}
NAMES = itertools.count(1)


def body(what, meeting="m1", **fields):
    return {"meeting_id": meeting, "what": what, **fields}


def entry(what, seq=None, author="张三", at=T, refused="", meeting="m1", ident="", **fields):
    return entry_of(ident or f"e{next(NAMES):03}", body(what, meeting, **fields), author, at, seq, refused)


def opened(seq=1, **fields):
    return entry("open", seq, **(OPEN | fields))


def only(entries):
    (meeting,) = folded(entries)
    return meeting


def test_the_agenda_is_that_of_a_critical_consultation():
    assert [s.minutes for s in STEPS] == [2, 6, 7, 5, 7, 5, 8, 10] and sum(s.minutes for s in STEPS) == 50
    assert set(RULES) == set(WHATS)


def test_a_whole_meeting_is_read_from_its_entries():
    table = {"title": "超警站", "columns": ["站", "水位 m"], "rows": [["石角", "12.22"]]}
    decision = entry("decision", 9, text="防汛Ⅱ级响应", type="response", owner="省防总", due_t=None)
    plain = entry("decision", 10, text="加强巡堤", type="inspection", owner="清远市", due_t=T + 3600)
    found = only(
        [
            opened(),
            entry("attend", 2, org="省气象局", person="李四", venue="main", online=False),
            entry("step", 3, step="weather", at=T + 120),
            entry("material", 4, title="雨情", step="weather", presenter="李四", situation='{"t":1}', tables=[table]),
            entry("opinion", 5, org="省气象局", person="李四", text="未来24小时暴雨", step="weather"),
            entry("option", 6, letter="B", name="错峰", scenario="", figures=[["石角洪峰", "17500 m³/s"]], note=""),
            entry("option", 7, letter="A", name="预泄", scenario='{"name":"A"}', figures=[], note=""),
            entry("vote", 8, letter="B", org="省气象局", choice="for"),
            decision,
            plain,
            entry("read_back", 11, decisions=[decision.entry_id]),
            entry("linked", 12, decision=decision.entry_id, kind="response", ref="op-1"),
            entry("next", 13, at_t=T + 7200),
            entry("close", 14, at=T + 3000),
        ]
    )
    assert (found.topic, found.level, found.chair, found.recorder, found.cutoff_t) == (
        "北江2号洪水会商",
        "Ⅱ",
        "王五",
        "张三",
        T,
    )
    assert (found.opened_t, found.step, found.step_t, found.next_t, found.closed_t) == (
        T,
        "weather",
        T + 120,
        T + 7200,
        T + 3000,
    )
    assert found.attendance[0].person == "李四" and found.materials[0].tables[0].rows == (("石角", "12.22"),)
    assert [o.letter for o in found.options] == ["A", "B"] and found.votes[0].choice == "for"
    assert [(d.read_back, [x.ref for x in d.links]) for d in found.decisions] == [(True, ["op-1"]), (False, [])]
    assert not found.live and not found.late and found.unreadable == 0 and found.waiting == 0


def test_the_order_is_the_centres_and_the_same_from_any_order_of_arrival():
    slow_clock = entry("step", 5, at=T - 9e5, step="decisions")
    entries = [opened(), entry("step", 3, at=T + 9e5, step="works"), slow_clock, *(entry("close", n) for n in (6, 7))]
    whole = folded(entries)
    assert whole[0].step == "decisions", "a clock that is days behind decides nothing"
    for seed in range(20):
        mixed = [*entries, *entries]
        random.Random(seed).shuffle(mixed)
        assert folded(mixed) == whole, "and an entry that is told twice counts once"


def test_what_waits_here_stands_on_top_and_takes_its_place_once_it_is_back():
    waiting = entry("step", at=T - 9e5, step="local", ident="w")
    assert only([opened(), entry("step", 2, step="works"), waiting]).step == "local"
    back = entry("step", 2, at=T - 9e5, step="local", ident="w")
    found = only([waiting, opened(), back, entry("step", 3, step="options")])
    assert found.step == "options" and found.waiting == 0 and len(found.entries) == 3


def test_the_latest_word_of_each_counts_and_none_is_lost():
    online = entry("attend", 3, org="清远市", person="陈六", venue="branch", online=True)
    here = entry("attend", 2, org="清远市", person="陈六", venue="main", online=False)
    votes = [entry("vote", n, letter="A", org="清远市", choice=c) for n, c in ((4, "for"), (5, "against"))]
    found = only([opened(), here, online, *votes])
    assert [(a.venue, a.online) for a in found.attendance] == [("branch", True)]
    assert [v.choice for v in found.votes] == ["against"] and len(found.entries) == 5


def test_a_correction_stands_and_the_old_words_stay_in_sight():
    said = entry("opinion", 2, org="省水文局", person="赵七", text="洪峰16500", step="regime")
    first = entry("revise", 3, corrects=said.entry_id, text="洪峰18500", reason="口误")
    second = entry("revise", 4, corrects=first.entry_id, text="洪峰18100", reason="更新预报")
    found = only([second, opened(), said, first])
    assert (found.opinions[0].text, found.opinions[0].was) == ("洪峰18100", ("洪峰16500", "洪峰18500"))
    assert found.corrected == {said.entry_id: second.entry_id, first.entry_id: second.entry_id}
    assert [e.body.get("text") for e in found.entries[1:]] == ["洪峰16500", "洪峰18500", "洪峰18100"]


def test_corrections_that_point_nowhere_or_at_themselves_or_at_another_meeting_change_nothing():
    other = entry("opinion", 2, meeting="m2", org="甲", person="乙", text="原话", step="local")
    loop = entry("revise", 3, ident="loop", corrects="loop", text="x", reason="y")
    lost = entry("revise", 4, corrects="nothing", text="x", reason="y")
    across = entry("revise", 5, corrects=other.entry_id, text="x", reason="y")
    found = {m.meeting_id: m for m in folded([opened(), other, loop, lost, across])}
    assert found["m2"].opinions[0].text == "原话" and len(found["m1"].entries) == 4 and not found["m1"].corrected


def test_a_decision_that_was_corrected_is_to_be_read_back_again():
    decision = entry("decision", 2, text="转移3000人", type="transfer", owner="英德市", due_t=T)
    told = [opened(), decision, entry("read_back", 3, decisions=[decision.entry_id])]
    assert only(told).decisions[0].read_back
    told.append(entry("revise", 4, corrects=decision.entry_id, text="转移4300人", reason="漏了一村"))
    assert not only(told).decisions[0].read_back and only(told).decisions[0].was == ("转移3000人",)
    assert only([*told, entry("read_back", 5, decisions=[decision.entry_id])]).decisions[0].read_back


def test_what_comes_after_the_close_is_kept_and_marked():
    late = entry("opinion", 4, at=T - 100, org="甲", person="乙", text="补充", step="local")
    found = only([opened(), entry("close", 3), late])
    assert found.late == {late.entry_id} and found.opinions[0].text == "补充" and not found.live


def test_entries_whose_opening_has_not_come_wait_for_it_by_themselves():
    opinion = entry("opinion", 7, org="甲", person="乙", text="先到", step="local")
    found = only([opinion])
    assert not found.known and found.topic == "" and found.opinions[0].text == "先到" and found.live
    whole = only([opinion, opened(9)])
    assert whole.known and whole.topic == OPEN["topic"] and whole.opinions == found.opinions


def test_the_meeting_opened_last_comes_first_whatever_the_clocks_say():
    early = entry("open", 5, meeting="a", at=T + 9e5, **OPEN)
    later = entry("open", 8, meeting="b", at=T, **OPEN)
    here = entry("open", None, meeting="c", at=T - 9e5, **OPEN)
    assert [m.meeting_id for m in folded([early, later, here])] == ["c", "b", "a"]


def test_what_the_centre_refused_stays_in_sight_and_displaces_nothing():
    refused = entry("step", None, at=T + 900, refused="unknown-kind", step="local")
    assert only([opened(), refused]).step == "local", "at this console the meeting goes on"
    found = only([opened(), entry("step", 2, step="works"), refused])
    assert found.step == "works" and found.entries[-1].refused == "unknown-kind" and found.waiting == 0


def test_one_entry_that_breaks_the_form_spoils_none_of_the_others():
    broken = [
        entry("step", 2, step="午餐"),
        entry("opinion", 3, org="甲", person="乙", text=["不是文字"], step="local"),
        entry("hologram", 4, from_a="newer console"),
        entry("next", 5, at_t=float("nan")),
    ]
    found = only([opened(), *broken, entry("step", 6, step="works")])
    assert found.step == "works" and found.unreadable == 4 and found.known
    assert [e.seq for e in found.entries] == [1, 2, 3, 4, 6], "what is no JSON cannot even be kept in a file"


def test_hostile_words_stay_words():
    evil = "\u202e<b>${x}</b>'; drop table record;--\x00=cmd|' /C calc'!A0"
    found = only([opened(topic=evil), entry("opinion", 2, org=evil, person=evil, text=evil, step="local")])
    assert found.topic == evil and found.opinions[0].text == evil


SOUND = {
    "open": OPEN,
    "attend": {"org": "甲", "person": "乙", "venue": "main", "online": False},
    "step": {"step": "works"},
    "material": {"title": "雨情", "step": "weather", "presenter": "乙", "situation": "{}", "tables": []},
    "opinion": {"org": "甲", "person": "乙", "text": "可以", "step": "local"},
    "option": {"letter": "F", "name": "预泄", "scenario": "", "figures": [["洪峰", "1"]], "note": ""},
    "vote": {"letter": "A", "org": "甲", "choice": "abstain"},
    "decision": {"text": "巡堤", "type": "inspection", "owner": "甲", "due_t": None},
    "linked": {"decision": "d", "kind": "log", "ref": "r"},
    "read_back": {"decisions": ["d"]},
    "next": {"at_t": T},
    "close": {},
    "revise": {"corrects": "e", "text": "新", "reason": "错字"},
}


@pytest.mark.parametrize("what", SOUND)
def test_every_kind_of_entry_has_a_sound_form(what):
    assert entry_fault(body(what, **SOUND[what])) == ""
    assert entry_fault(body(what, **SOUND[what], novel={"from": "a newer console"})) == "", "unknown fields are kept"
    assert entry_fault({"what": what, **SOUND[what]}) == "meeting-missing"


@pytest.mark.parametrize(
    ("what", "fields", "code"),
    [
        ("lunch", {}, "bad-what"),
        ("open", {"topic": " "}, "topic-missing"),
        ("open", {"topic": "字" * 201}, "topic-missing"),
        ("open", {"level": "II"}, "bad-meeting-level"),
        ("open", {"chair": ""}, "chair-missing"),
        ("open", {"recorder": None}, "recorder-missing"),
        ("open", {"cutoff_t": True}, "bad-time"),
        ("open", {"cutoff_t": 10**400}, "bad-time"),
        ("attend", {"org": 3}, "org-missing"),
        ("attend", {"person": ""}, "person-missing"),
        ("attend", {"venue": "bar"}, "bad-venue"),
        ("attend", {"online": 1}, "bad-venue"),
        ("step", {"step": "lunch"}, "bad-step"),
        ("material", {"title": ""}, "title-missing"),
        ("material", {"presenter": ""}, "presenter-missing"),
        ("material", {"situation": "[1]"}, "bad-situation"),
        ("material", {"situation": '{"t":NaN}'}, "bad-situation"),
        ("material", {"situation": '{"t":"' + "x" * 4096 + '"}'}, "bad-situation"),
        ("material", {"situation": "[" * 4000}, "bad-situation"),
        ("material", {"tables": [{"title": "", "columns": ["a"], "rows": [[1]]}]}, "bad-tables"),
        ("material", {"tables": [{"title": "", "columns": ["a"], "rows": [["x" * 50_000]]}]}, "too-large"),
        ("opinion", {"text": "\n "}, "text-missing"),
        ("opinion", {"text": "字" * 4001}, "text-too-long"),
        ("opinion", {"step": ["works"]}, "bad-step"),
        ("option", {"letter": "AB"}, "bad-letter"),
        ("option", {"letter": ""}, "bad-letter"),
        ("option", {"name": ""}, "name-missing"),
        ("option", {"scenario": "{"}, "bad-scenario"),
        ("option", {"figures": [["洪峰"]]}, "bad-figures"),
        ("option", {"figures": [["洪峰", 1]]}, "bad-figures"),
        ("option", {"note": "x" * 4001}, "text-too-long"),
        ("option", {"scenario": json.dumps({"x": "x" * 66_000})}, "too-large"),
        ("vote", {"choice": "maybe"}, "bad-choice"),
        ("decision", {"type": "party"}, "bad-type"),
        ("decision", {"owner": ""}, "owner-missing"),
        ("decision", {"due_t": 0}, "bad-time"),
        ("decision", {"due_t": float("nan")}, "bad-content"),
        ("decision", {"text": "\ud800"}, "bad-content"),
        ("decision", {"text": "字" * 3001}, "text-too-long"),
        ("linked", {"decision": ""}, "decision-missing"),
        ("linked", {"kind": "fax"}, "bad-link"),
        ("linked", {"ref": ""}, "bad-link"),
        ("linked", {"entity": 3}, "bad-link"),
        ("read_back", {"decisions": []}, "decision-missing"),
        ("next", {"at_t": -1}, "bad-time"),
        ("next", {"at_t": 4_102_444_801}, "bad-time"),
        ("revise", {"corrects": ""}, "corrects-missing"),
        ("revise", {"reason": ""}, "reason-missing"),
    ],
)
def test_what_breaks_the_form_is_refused_with_its_reason(what, fields, code):
    assert entry_fault(body(what, **(SOUND.get(what, {}) | fields))) == code


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted({f for sound in SOUND.values() for f in sound})


@settings(max_examples=300, deadline=None)
@given(
    what=st.sampled_from(sorted(SOUND)),
    spoilt=st.dictionaries(st.sampled_from([*FIELDS, "meeting_id", "what"]), JSON, max_size=4),
)
def test_no_body_whatever_it_holds_raises_anything_or_breaks_the_fold(what, spoilt):
    found = body(what, **SOUND[what]) | spoilt
    code = entry_fault(found)
    assert isinstance(code, str)
    if isinstance(found["meeting_id"], str) and found["meeting_id"].strip() and isinstance(found["what"], str):
        meeting = next(m for m in folded([opened(), entry_of("x", found, "张三", T, 2)]) if m.meeting_id == found["meeting_id"])
        assert meeting.unreadable == bool(code)


@given(JSON)
def test_no_document_at_all_raises(doc):
    assert entry_fault({"meeting_id": doc, "what": doc}) != ""
    assert entry_fault({"deep": json.loads("[" * 900 + "]" * 900)}) != ""


def seen(console, ops=None):
    desk = DeskState()
    desk.set_records("meeting", console.reader.records("meeting"))
    desk.set_outbox(ops.recent() if ops else [])
    desk.join()
    return desk


def test_two_consoles_that_wrote_alone_have_one_meeting_again(qapp, centre, console, tmp_path, key):
    """Through the real centre: an entry pushed comes back as a record, and both desks agree."""
    here, there = OpsStore(tmp_path / "here.db", key), OpsStore(tmp_path / "there.db", key)
    try:
        opening = here.add("meeting.entry", "meeting:m1", body("open", **OPEN), "张三")
        Pusher(here, lambda: centre.client).drain()
        console.pull(centre)
        (meeting,) = seen(console).meetings
        assert meeting.entries[0].entry_id == opening and meeting.entries[0].seq is not None and meeting.waiting == 0
        # the line breaks: both write on
        for store, who in ((here, "张三"), (there, "李四")):
            said = {"org": who, "person": who, "text": f"{who}的意见", "step": "works"}
            store.add("meeting.entry", "meeting:m1", body("opinion", **said), who)
        (alone,) = seen(console, here).meetings
        assert [o.text for o in alone.opinions] == ["张三的意见"] and alone.waiting == 1
        bad = there.add("meeting.entry", "meeting:m1", body("step", step="午餐"), "李四")
        for store in (there, here):
            Pusher(store, lambda: centre.client).drain()
        console.pull(centre)
        assert there.find(bad).code == "bad-step"
        ours, theirs = seen(console, here), seen(console, there)
        assert [o.text for o in ours.meetings[0].opinions] == ["李四的意见", "张三的意见"], "the centre's order"
        assert ours.meetings[0].opinions == theirs.meetings[0].opinions
        assert [e.refused for e in theirs.meetings[0].entries] == ["", "", "", "bad-step"]
        before = ours.meetings
        ours.join()
        assert ours.meetings is before, "nothing is folded again while nothing changed"
    finally:
        here.close()
        there.close()


def test_many_long_materials_still_reach_every_console(centre, console):
    """An answer larger than consoles read would hold up the feed for good."""
    table = {"title": "", "columns": [], "rows": [["x" * 47_000]]}
    sheet = body("material", title="雨情", step="weather", presenter="乙", situation="{}", tables=[table])
    centre.repo.put_records([("meeting", f"r{n}", sheet | {"author": "张三", "at": T}) for n in range(400)])
    rows, _, more = centre.repo.record_changes(0, 5000)
    assert more and sum(len(r[3]) for r in rows) <= 8 * 1024 * 1024
    console.pull(centre)
    assert len(console.reader.records("meeting")) == 400
