"""A person decides: response levels are set in two presses, conflicts are settled field by field."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt

from console.domain.response import LEVEL_WORDS, TOPICS, Response
from console.presenters.conflicts import undecided
from console.presenters.response import response_text, response_tiles
from console.presenters.status import status
from console.services.conflict_desk import ConflictDesk as Deciding
from console.store.ops import OpsStore
from console.windows.duty_panels import build_conflicts
from tests.gui import context_of, session_of, until
from widgets.conflict_desk import ConflictDesk
from widgets.response_strip import ResponseStrip

CURRENT = {
    "version": 3,
    "author": "李四",
    "at": 1655900000,
    "doc": {"topic": "flood", "level": "II", "basis": "会商", "version": 3},
}


@pytest.fixture
def session(home, hub, runner):
    found = session_of(home, "beijiang-2022-06", hub)
    found.source.profile.folder.mkdir(parents=True)
    yield found
    runner.run(found.close())


@pytest.fixture
def store(session, key):
    found = OpsStore(session.source.profile.ops, key)
    yield found
    found.close()


def in_conflict(store, level="III"):
    body = {"topic": "flood", "level": level, "basis": "石角超警"}
    op_id = store.add("response.set", "response:flood", body, "张三", base_version=1)
    store.answered([(op_id, "conflict", "other-version")], {op_id: CURRENT})
    return op_id


def same(text):
    return text


def test_a_level_is_set_by_two_presses_and_never_twice_the_same(qtbot, look):
    strip = ResponseStrip(look, TOPICS, LEVEL_WORDS, "张三")
    qtbot.addWidget(strip)
    strip.show()
    levels = {t: Response(t) for t in TOPICS} | {"typhoon": Response("typhoon", "IV", 5, "李四", 1000.0, 1000.0)}
    strip.show_tiles(response_tiles(levels, 4600.0, same))
    asked = []
    strip.set_requested.connect(lambda *a: asked.append(a))
    strip.button.click()
    assert asked == [("flood", "IV", "", "张三", 0)], "without a basis the desk itself says what is missing"
    strip.not_saved("没有写明依据。")
    qtbot.keyClicks(strip.basis, "hui shang")
    strip.button.click()
    assert len(asked) == 1 and "防汛" in strip.button.text(), "the button repeats what it will do"
    strip.button.click()
    assert asked[1] == ("flood", "IV", "hui shang", "张三", 0)
    strip.saved()
    strip.topic.setCurrentIndex(1)
    assert not strip.button.isEnabled() and "就是这一级" in strip.status.text()
    assert response_text(levels, 4600.0, same) == ("防风 Ⅳ级响应 已持续 1小时", "warn")


def test_both_sides_stand_next_to_each_other_and_the_keyboard_reaches_all(qtbot, look, session, store, runner):
    op_id = in_conflict(store)
    runner.run(session.read_outbox())
    (row,) = undecided(session.desk, time.time(), same)
    sides = {s.name: (s.mine, s.theirs, s.differs) for s in row.sides}
    assert sides["响应级别"] == ("Ⅲ级", "Ⅱ级", True) and sides["响应种类"] == ("防汛", "防汛", False)
    assert "李四" in row.theirs_head and "版本 3" in row.theirs_head and "依据版本 1" in row.mine_head
    desk = ConflictDesk(look, "王五")
    qtbot.addWidget(desk)
    desk.resize(900, 400)
    desk.show()
    desk.show_rows([row])
    words = [r[3][0] for r in desk.sides.model.rows]
    assert words.count("≠ 不同") == 2 and words.count("相同") == 1, "the difference is a word, not a colour alone"
    assert [c for c, b in desk.buttons.items() if b.isVisible()] == ["theirs", "mine", "log"]
    assert all(b.focusPolicy() & Qt.FocusPolicy.TabFocus for b in desk.buttons.values())
    desk.buttons["mine"].setFocus()
    with qtbot.waitSignal(desk.decided) as said:
        qtbot.keyClick(desk.buttons["mine"], Qt.Key.Key_Space)
    assert said.args == [op_id, "mine", "王五", ""]
    desk.not_saved("磁盘")
    assert desk.status.text() == "磁盘" and desk.buttons["mine"].isEnabled()


def test_a_decision_is_counted_logged_and_can_be_taken_back(qapp, session, store, runner, hub):
    op_id = in_conflict(store)
    store.add("log.entry", "log", {"type": "note", "text": "巡堤"}, "张三")
    runner.run(session.read_outbox())
    shown = status(session, same, "")
    assert shown.outbox_text.startswith("1 条冲突或退回待处理 · 待上报 1") and shown.outbox_tone == "bad"
    assert session.desk.responses["flood"].undecided, "no other level can be set before this is decided"
    built = build_conflicts(context_of(qapp, session, hub))
    built.refresh()

    async def decide(choice):
        built.widget.decided.emit(op_id, choice, "王五", "会商意见")
        await until(lambda: not session.desk.undecided, what="decided")

    async def take_back():
        built.widget.undo_requested.emit(op_id, "王五")
        await until(lambda: session.desk.undecided, what="undone")

    runner.run(decide("theirs"))
    (row,) = undecided(session.desk, time.time(), same)
    assert row.undo_s and 0 < row.undo_s <= 10
    runner.run(take_back())
    runner.run(decide("mine"))
    new = next(op for op in store.recent() if op.settles == op_id and op.kind == "response.set" and op.state == "waiting")
    told = next(op for op in store.recent() if op.settles == op_id and op.kind == "log.entry" and op.state == "waiting")
    assert (new.base_version, new.author) == (3, "王五")
    assert "坚持我的" in told.body["text"] and "会商意见" in told.body["text"] and told.body["text"].endswith("决定人 王五")
    assert store.verify_audit()
    built.widget.deleteLater()


def test_a_refused_entry_goes_back_to_the_form_or_is_given_up_with_a_reason(qapp, session, store, runner, hub):
    op_id = store.add("log.entry", "log", {"type": "note", "text": "很长的记录"}, "张三")
    store.answered([(op_id, "rejected", "text-too-long")])
    runner.run(session.read_outbox())
    (row,) = undecided(session.desk, time.time(), same)
    assert row.reason == "内容过长" and row.editable and not row.conflict
    offered = []
    session.desk.draft_offered.connect(offered.append)
    built = build_conflicts(context_of(qapp, session, hub))
    built.refresh()
    built.widget.edit_requested.emit(op_id)
    assert offered == ["很长的记录"] and session.desk.undecided, "it stays until it is given up by name"
    deciding = Deciding(session.duty)

    async def give_up(reason):
        await deciding.decide(session.desk.undecided[0], "drop", "王五", reason)
        await session.read_outbox()

    with pytest.raises(Exception, match="没有写明放弃的原因"):
        runner.run(give_up(" "))
    runner.run(give_up("已重写"))
    assert not session.desk.undecided and store.find(op_id).body["text"] == "很长的记录", "never deleted"
    built.widget.deleteLater()
