"""A photo reaches the centre and the other desk whole, although everything is killed on the way."""

from __future__ import annotations

import hashlib
import os

from console.paths import DataHome
from console.store.attachment_table import AttachmentTable
from console.store.attachments import AttachmentFolder
from console.store.ops import OpsStore
from tests.gui import session_of, until
from tests.processes import Running, eventually, make_key

SIZE = 8 * 1024 * 1024


def test_a_photo_survives_kills_of_both_sides_and_reaches_another_desk(chain, tmp_path, runner, hub, key):
    flood = chain(rate="60", start="2022-06-20 08:00")
    central = flood.start_central()
    sync = flood.start_sync()
    eventually(flood.profile.ops.exists)
    source = tmp_path / "险情.jpg"
    plain = os.urandom(SIZE)
    source.write_bytes(plain)
    sha256 = hashlib.sha256(plain).hexdigest()
    store = OpsStore(flood.profile.ops, key)
    table = AttachmentTable(store)
    found = AttachmentFolder(flood.profile.attachments, table.key()).add(source)
    source.unlink()
    body = {"type": "danger", "text": "渗水", "attachments": [found.to_doc()]}
    op_id = store.add("log.entry", "log", body, "张三", files=(found,))
    part = flood.home.central(flood.source) / "files" / "parts" / sha256
    eventually(lambda: part.exists() and part.stat().st_size > 0, what="on its way")
    assert store.find(op_id).state == "done", "the text went first"
    sync.kill()
    there = part.stat().st_size if part.exists() else SIZE
    sync = flood.start_sync()
    eventually(lambda: not part.exists() or part.stat().st_size > there, what="it goes on, not from the start")
    central.kill()
    flood.start_central()
    try:
        eventually(lambda: table.waiting() == (0, 0), 40, "all there")
        assert [(p.state, p.code) for p in table.all()] == [("done", "")]
        done = flood.home.central(flood.source) / "files" / sha256
        assert hashlib.sha256(done.read_bytes()).hexdigest() == sha256 and not part.exists()
    finally:
        store.close()
    fetched_by_another_desk(flood, tmp_path, runner, hub, sha256, plain)


def fetched_by_another_desk(flood, tmp_path, runner, hub, sha256, plain):
    other = DataHome(tmp_path / "other")
    other.prepare()
    make_key(other)
    found = flood.endpoint()
    flood.running.append(Running(other, "--source", found.url, "sync", env={"FLOOD_CONSOLE_TOKEN": found.token}))

    async def story():
        session = session_of(other, found.url, hub)
        session.start()
        try:
            await until(lambda: any(e.files for e in session.desk.log), what="the entry names its file")
            assert sha256 not in session.desk.files_here
            session.duty.fetch_file(sha256)
            await until(lambda: sha256 in session.desk.files_here, what="fetched")
            await session.duty.save_file(sha256, SIZE, tmp_path / "out.jpg")
        finally:
            await session.close()

    runner.run(story())
    assert (tmp_path / "out.jpg").read_bytes() == plain
