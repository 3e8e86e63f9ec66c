"""What a machine's owner runs when something is wrong; beside a running desk, and with damaged files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from console.findings import FAULT, GOOD, NOTE
from console.store.backups import back_up, backups
from console.store.cache_reader import CacheReader
from console.store.ops import OpsStore
from console.store.presence import is_marked
from console.store.sqlite import open_writer
from tests.flips import flip
from tests.processes import ROOT, eventually


def run(home, *words, **env):
    command = [sys.executable, "-m", "console", "--home", str(home.root), *words, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, **env})
    return done.returncode, {f["name"]: f for f in json.loads(done.stdout)}


@pytest.fixture
def worked(home, key):
    """A profile with some entries, as after a shift."""
    profile = home.profile("beijiang-2022-06")
    store = OpsStore(profile.ops, key)
    for n in range(40):
        store.add("log.entry", "log", {"text": f"桩号 {n} 渗水"}, "张三")
    store.close()
    return profile


def test_doctor_names_each_thing_with_what_to_do(home, worked):
    status, found = run(home, "doctor")
    assert found["SQLite"]["state"] == GOOD and "3.5" in found["SQLite"]["words"]
    assert found["Qt"]["words"] == "6.11.2" and found["中文字体"]["state"] == GOOD
    assert found["系统钥匙串"]["state"] == NOTE and found["密钥"]["words"].startswith("由口令保管")
    assert found["beijiang-2022-06 待上报"]["words"].startswith("40 条")
    assert found["beijiang-2022-06 记录库备份"]["state"] == NOTE, "no copy was made yet"
    assert all(f["advice"] for f in found.values() if f["state"] == FAULT)
    assert status == (1 if any(f["state"] == FAULT for f in found.values()) else 0)


def test_doctor_says_that_the_passphrase_is_wrong_and_changes_nothing(home, worked):
    before = worked.ops.read_bytes()
    status, found = run(home, "doctor", FLOOD_CONSOLE_PASSPHRASE="not the passphrase")
    assert status == 1 and "口令不对" in found["密钥"]["words"]
    assert worked.ops.read_bytes() == before


def test_verify_passes_on_a_sound_machine_and_finds_what_was_tampered_with(home, worked, key):
    status, found = run(home, "verify")
    assert status == 0 and found["beijiang-2022-06 审计链"]["words"].startswith("40 行")
    db = open_writer(worked.ops, key=key)
    db.execute("update audit set who='李四' where n=7")
    db.execute("delete from outbox where n=9")
    db.close()
    status, found = run(home, "verify")
    assert status == 1 and "第 7 行" in found["beijiang-2022-06 审计链"]["words"]
    assert "没有上报操作的记录 1 条" in found["beijiang-2022-06 待上报"]["words"]


def test_verify_and_doctor_find_a_flipped_byte_and_leave_it_to_the_desk(home, worked):
    flip(worked.ops, worked.ops.stat().st_size - 3000, 1)
    before = worked.ops.read_bytes()
    for word in ("verify", "doctor"):
        status, found = run(home, word)
        assert status == 1 and found["beijiang-2022-06/ops.db"]["state"] == FAULT
        assert "恢复" in found["beijiang-2022-06/ops.db"]["advice"]
    assert worked.ops.read_bytes() == before


def test_a_desk_whose_files_are_damaged_heals_while_it_runs(chain, home, key, runner, hub):
    """ops.db and a month are damaged while everything is down; the next start heals both and says so."""
    from console.services.session import Session, Source
    from tests.gui import until

    flood = chain(rate="3600", start="2022-06-20 08:00")
    flood.start_central()
    sync = flood.start_sync()
    reader = CacheReader(flood.profile)
    eventually(lambda: len(reader.windows(0, 2**31)) > 5, what="the cache fills")
    store = OpsStore(flood.profile.ops, key)
    for n in range(40):
        store.add("log.entry", "log", {"type": "note", "text": f"桩号 {n}", "object": ""}, "张三")
    eventually(lambda: store.waiting()[0] == 0, what="all is sent")
    store.close()
    assert backups(flood.profile.ops), "the sync process made its first copy when it started"
    back_up(flood.profile.ops, key, time.time() + 3600)  # and this is the one of the next hour
    sync.stop()
    month = flood.profile.telemetry_files()[0]
    reader.close()
    for path, used in ((flood.profile.ops, key), (month, None)):
        open_writer(path, key=used).close()  # the last one out takes in the write-ahead log
        pages = path.stat().st_size // 4096
        for page in range(pages - 3 if used else 1, pages):
            flip(path, page * 4096, 0xFF)
    told = []

    async def story():
        session = Session(Source(home, flood.source, key), hub, ())
        session.store_told.connect(told.append)
        session.start()
        flood.start_sync()
        try:
            await until(lambda: any(d["recovery"] for d in told), 40, "the recovery is announced")
            await until(lambda: any(month.name in d["rebuilt"] for d in told), 40, "and the month")
            await until(
                lambda: session.desk.waiting == 0 and len(session.desk.outbox) >= 40, 40, "offered again, answered again"
            )
        finally:
            await session.close()

    runner.run(story())
    reader = CacheReader(flood.profile)
    eventually(lambda: len(reader.windows(0, 2**31)) > 5, what="the month is there again")
    reader.close()
    records = [r for r in flood.ask(lambda c: c.records("", 1000)).records if r.kind == "log"]
    assert len(records) == 40 and not is_marked(flood.profile.ops), "nothing counted twice"
    assert time.time() - max(d["recovery"]["at"] for d in told if d["recovery"]) < 60
