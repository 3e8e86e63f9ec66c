"""The offline packs panel: what it asks for, what it says, and that nothing is done twice."""

from __future__ import annotations

import threading

import pytest

from console.services import pack_desk as pack_desk_module
from console.services.pack_desk import PackDesk
from console.services.session import Source
from console.services.tasks import TaskScope
from console.store.packs import PackItem, PackJournal, chosen_pack
from tests.gui import until
from widgets.pack_board import PackBoard

ROWS = [
    [
        ("值班包", "text"),
        ("全部", "text"),
        ("7", "text"),
        ("未知", "text"),
        ("未知", "text"),
        ("未下载", "text"),
        ("—", "text"),
    ],
    [("外业包", "text"), ("全部", "text"), ("3", "text"), ("4.0 MB", "text"), ("—", "text"), ("可用", "good"), ("x", "text")],
]


@pytest.fixture
def board(qtbot, look):
    found = PackBoard(look, ("duty", "field"))
    qtbot.addWidget(found)
    found.show_packs(ROWS)
    return found


def test_the_buttons_act_on_the_selected_pack(qtbot, board):
    with qtbot.waitSignal(board.estimate_requested) as asked:
        board.estimate.click()
    assert asked.args == ["duty"], "the first one is selected from the start"
    board.packs.table.selectRow(1)
    with qtbot.waitSignal(board.fetch_requested) as asked:
        board.fetch.click()
    assert asked.args == ["field"]


def test_exporting_needs_a_device_that_is_trusted(qtbot, board):
    board.show_devices([])
    assert not board.export.isEnabled() and "console trust" in board.export.toolTip()
    board.show_devices([("ABCD", "外业一号"), ("EFGH", "<b>二号</b>")])
    assert not board.export.isEnabled(), "of several, one has to be chosen"
    board.device.setCurrentIndex(1)
    with qtbot.waitSignal(board.export_requested) as asked:
        board.export.click()
    assert asked.args == ["duty", "EFGH"]
    board.show_devices([("ABCD", "外业一号"), ("EFGH", "<b>二号</b>")])
    assert board.device.currentIndex() == 1, "a refresh leaves the choice alone"


def test_while_one_thing_runs_only_pausing_is_possible(board):
    board.show_devices([("ABCD", "外业一号")])
    board.show_busy("duty")
    assert board.pause.isEnabled()
    assert not (board.fetch.isEnabled() or board.estimate.isEnabled() or board.export.isEnabled())
    board.show_busy("")
    assert not board.pause.isEnabled() and board.fetch.isEnabled()


@pytest.fixture
def desk(home, hub, qapp, key):
    scope = TaskScope(hub.report)
    found = PackDesk(Source(home, "live", key), scope, str)
    yield found
    found.close()


def test_the_desk_reads_the_journal_and_says_a_missing_centre(desk, home, runner):
    profile = home.profile("live")
    journal = PackJournal(profile.folder / "packs.db")
    journal.begin(chosen_pack("duty"), 86400 * 10, [PackItem("a", "readings")])
    journal.close()

    async def story():
        await desk.reload()
        assert desk.views[0].state.items[0].name == "a" and desk.views[1].state is None
        await desk.estimate("duty")
        assert "中心服务没有运行" in desk.said and desk.busy == ""
        await desk.export("duty", "NOBODY")
        assert "信任名单" in desk.said

    runner.run(story())


def test_a_second_wish_waits_for_nobody_and_pause_reaches_the_worker(desk, runner, monkeypatch):
    started, seen = threading.Event(), []

    def slow(code):
        started.set()
        seen.append(desk._stop.wait(10))

    monkeypatch.setattr(desk, "_fetch", slow)

    async def story():
        scope = TaskScope(lambda *_: None)
        scope.start("fetch", desk.fetch("duty"))
        await until(started.is_set)
        assert desk.busy == "duty"
        await desk.fetch("field")
        assert desk.busy == "duty", "one at a time"
        assert desk._timer.isActive(), "the progress of the first is still watched"
        desk.pause()
        await until(lambda: seen and desk.busy == "")
        assert seen == [True]
        await scope.close()

    runner.run(story())
    assert pack_desk_module.PROGRESS_MS >= 200


def test_a_file_that_is_no_bundle_is_said_where_it_was_chosen(desk, runner, tmp_path):
    path = tmp_path / "x.fccx"
    path.write_bytes(b"no bundle")

    async def story():
        await desk.take(str(path))
        assert "不是联络包" in desk.said
        await desk.export_outbox("NOBODY")
        assert "信任名单" in desk.said

    runner.run(story())
