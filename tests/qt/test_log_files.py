"""Files in the duty log: chosen, dropped or pasted; on disk before saved; never opened."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QUrl

from console.store.attachment_table import AttachmentTable
from console.store.ops import OpsStore
from console.windows.log_panel import build_log
from tests.gui import context_of, session_of, until


@pytest.fixture
def session(home, hub, runner):
    found = session_of(home, "beijiang-2022-06", hub)
    found.source.profile.folder.mkdir(parents=True)
    yield found
    runner.run(found.close())


def test_a_dropped_photo_is_saved_with_its_entry_and_seen_on_the_line(qtbot, qapp, session, runner, hub, tmp_path, key):
    photo = tmp_path / "险情 <b>.jpg"
    photo.write_bytes(b"x" * 5000)
    context = context_of(qapp, session, hub)
    built = build_log(context)
    log = built.widget
    qtbot.addWidget(log)
    log.show()

    async def story():
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(photo)), QUrl("http://example.org/x.jpg")])
        log.text.insertFromMimeData(data)
        await until(lambda: session.desk.draft_files, what="the copy is made")
        assert [text for _, text in log.draft_files.items] == ["险情 <b>.jpg 5 KB"] and log.text.toPlainText() == ""
        photo.unlink()
        log.attach_requested.emit([str(tmp_path / "gone.jpg")])
        await until(lambda: "没有添加" in log.status.text(), what="what is not there is refused in words")
        again = build_log(context)
        assert again.widget.draft_files.items, "a rebuilt panel keeps the files"
        again.widget.deleteLater()
        log.text.setPlainText("桩号 3+200 渗水")
        log.button.click()
        await until(lambda: session.desk.log and not session.desk.draft_files, what="saved")

    runner.run(story())
    built.refresh()
    log.table.setCurrentIndex(log.model.index(0, 0))
    (row,) = log.model.rows
    assert row.files[0].here and "待上传" in row.files[0].text and log.model.index(0, 2).data().startswith("（附件 1）")
    assert log.line_files.items == ((row.files[0].sha256, row.files[0].text),)
    store = OpsStore(session.source.profile.ops, key)
    assert [p.name for p in AttachmentTable(store).all()] == ["险情 <b>.jpg"]
    assert store.recent()[0].body["attachments"][0]["sha256"] == row.files[0].sha256
    store.close()

    async def save_as():
        await session.duty.save_file(row.files[0].sha256, row.files[0].size, tmp_path / "out.jpg")

    runner.run(save_as())
    assert (tmp_path / "out.jpg").read_bytes() == b"x" * 5000
