"""The page that asks for the passphrase: keyboard alone, wrong ones said, watching always possible."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from console.store.keys import unlock
from console.windows.unlock import UnlockPage
from tests.gui import until

CHEAP = 2**10


def type_in(qtbot, line, text):
    line.setFocus()
    line.clear()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)


@pytest.fixture
def asking(qtbot, look, runner, tmp_path):
    """Run a story with a page that waits for its answer."""

    def run(story):
        async def whole():
            page = UnlockPage(look, tmp_path)
            qtbot.addWidget(page)
            page.show()
            return await story(page)

        return runner.run(whole())

    return run


def test_the_first_time_a_passphrase_is_entered_twice(asking, qtbot, tmp_path):
    async def story(page):
        type_in(qtbot, page.entry, "short")
        page.go.click()
        assert "8" in page.trouble.text()
        type_in(qtbot, page.entry, "long enough")
        type_in(qtbot, page.again, "long enougH")
        assert "不一样" in page.trouble.text() and not (tmp_path / "ops.key").exists()
        type_in(qtbot, page.again, "long enough")
        return await page.wait()

    assert asking(story) == unlock(tmp_path, "long enough")


def test_a_wrong_passphrase_is_said_and_may_be_tried_again(asking, qtbot, tmp_path):
    made = unlock(tmp_path, "the right one", CHEAP)

    async def story(page):
        assert not page.again.isVisible()
        type_in(qtbot, page.entry, "the wrong one")
        await until(page.trouble.text, what="it says so")
        assert "口令不对" in page.trouble.text() and page.go.isEnabled()
        type_in(qtbot, page.entry, "the right one")
        return await page.wait()

    assert asking(story) == made


def test_a_forgotten_passphrase_does_not_hide_the_flood(asking, tmp_path):
    async def story(page):
        page.without.click()
        return await page.wait(), page.given_up

    assert asking(story) == (None, False)
    assert list(tmp_path.iterdir()) == []


def test_closing_the_page_gives_up(asking):
    async def story(page):
        page.close()
        return await page.wait(), page.given_up

    assert asking(story) == (None, True)
