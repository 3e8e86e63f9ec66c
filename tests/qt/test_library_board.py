"""The lists held offline on screen: which one is shown, which file can be saved, and where it went."""

from __future__ import annotations

import pytest

from console.domain.library import LISTS
from console.services.library_desk import LibraryDesk
from tests.gui import until
from widgets.library_board import LibraryBoard

ROW = [(text, "text") for text in ("预案", "P1", "<b>飞来峡</b>", "北江", "—", "a.pdf")]


@pytest.fixture
def board(qtbot, look):
    found = LibraryBoard(look, list(LISTS.items()))
    qtbot.addWidget(found)
    return found


def test_only_a_line_whose_file_is_here_can_be_saved(qtbot, board):
    board.show_entries([ROW, ROW], [("/kept/a", "a.pdf"), ("", "b.pdf")], "")
    assert not board.save.isEnabled(), "nothing is chosen yet"
    board.table.table.selectRow(0)
    assert board.save.isEnabled()
    board.table.table.selectRow(1)
    assert not board.save.isEnabled()
    board.table.table.selectRow(0)
    board.show_entries([], [], "")
    assert not board.save.isEnabled(), "the line is gone"


def test_choosing_a_list_asks_for_it(qtbot, board):
    board.lists.setCurrentIndex(board.lists.findData("contacts"))
    with qtbot.waitSignal(board.list_chosen) as asked:
        board.lists.activated.emit(board.lists.currentIndex())
    assert asked.args == ["contacts"]


def test_a_file_is_saved_and_a_folder_that_refuses_is_said(home, runner, qapp, tmp_path):
    kept = tmp_path / "kept"
    kept.write_bytes(b"%PDF")
    desk = LibraryDesk(home, "live")

    async def story():
        await desk.reload()
        assert desk.entries == ()
        await desk.save(kept, tmp_path / "out.pdf")
        assert (tmp_path / "out.pdf").read_bytes() == b"%PDF" and "已存为" in desk.said
        await desk.save(kept, tmp_path / "nowhere" / "out.pdf")
        assert "没有存下" in desk.said
        desk.close()
        await until(lambda: True)

    runner.run(story())
