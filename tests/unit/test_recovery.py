"""A damaged ops.db: what can be read is kept, the rest comes from the hourly copy, the outbox is offered again."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from console.errors import NewerFile, StoreError
from console.store import backups
from console.store.checkup import damage_of
from console.store.keys import OpsKey
from console.store.ops import OpsStore
from console.store.presence import mark_damaged
from console.store.recovery import last_recovery, recover
from console.store.sqlite import open_writer
from tests.flips import flip


@pytest.fixture
def entered(profile, key):
    """An hour of work: 60 entries, then a copy, then 40 more; all sent but the last ten."""
    store = OpsStore(profile.ops, key)
    ids = [store.add("log.entry", "log", {"text": f"桩号 {n} 渗水" * 20}, "张三") for n in range(60)]
    store.close()
    backups.back_up(profile.ops, key, time.time())
    store = OpsStore(profile.ops, key)
    ids += [store.add("log.entry", "log", {"text": f"桩号 {n} 渗水" * 20}, "张三") for n in range(60, 100)]
    store.answered([(op_id, "applied", "") for op_id in ids[:90]])
    store.close()
    return ids


def entries(profile, key):
    store = OpsStore(profile.ops, key)
    try:
        return {op.op_id: op for op in store.recent(10_000)}
    finally:
        store.close()


def asides(profile):
    return [p for p in profile.folder.glob("ops.db.damaged-*") if not p.name.endswith(("-wal", "-shm"))]


def test_many_bad_pages_cost_no_entry_that_any_copy_still_holds(profile, key, entered):
    pages = profile.ops.stat().st_size // 4096
    for page in range(14, pages, 3):  # the first pages are the tables' roots: without them only the copy is left
        flip(profile.ops, page * 4096 + 100, 0xFF)
    mark_damaged(profile.ops)
    kept = entries(profile, key)
    assert set(entered[:60]) <= set(kept), "the copy had them"
    assert len(kept) > 60, "and some of what came after was still readable"
    assert damage_of(profile.ops, key, deep=True) == []
    assert all(op.state == "waiting" for op in kept.values()), "the centre knows them by their keys"
    report = last_recovery(profile.ops)
    assert report.backup and report.entries == len(kept) and len(asides(profile)) == 1


def test_a_single_flip_without_any_copy_costs_at_most_the_rows_of_one_page(profile, key, entered):
    """Each entry is there twice, in the entry and in its op: what one page lost, the other mostly gives back."""
    pages = profile.ops.stat().st_size // 4096
    flip(profile.ops, (pages // 2) * 4096 + 7, 1)
    for copy in backups.backups(profile.ops):
        copy.unlink()
    mark_damaged(profile.ops)
    store = OpsStore(profile.ops, key)
    readable = {row[0] for row in store._db.execute("select id from entry").fetchall()}
    store.close()
    assert len(readable) >= 98, "at most the rows of one page"


@pytest.mark.parametrize("harm", ["cut", "header", "empty", "gone"])
def test_a_file_that_cannot_even_be_opened_comes_back_from_the_copy(profile, key, entered, harm):
    if harm == "cut":
        with profile.ops.open("r+b") as file:
            file.truncate(5000)
    elif harm == "header":
        flip(profile.ops, 3, 0x10)
    elif harm == "empty":
        profile.ops.write_bytes(b"")
    else:
        profile.ops.unlink()
    kept = entries(profile, key)
    assert set(entered[:60]) <= set(kept)
    assert last_recovery(profile.ops).backup
    assert len(asides(profile)) == (1 if harm in ("cut", "header") else 0), "what was damaged is kept"


def test_without_any_copy_a_wholly_unreadable_file_is_kept_and_a_new_one_begins(profile, key, entered):
    for copy in backups.backups(profile.ops):
        copy.unlink()
    profile.ops.write_bytes(b"\x07" * 8192)
    assert entries(profile, key) == {}
    assert asides(profile)[0].read_bytes() == b"\x07" * 8192 and last_recovery(profile.ops).entries == 0


def test_a_wrong_key_is_never_taken_for_damage(profile, key, entered):
    """Another key cannot read a page; the file stays where it is, and the right key still opens it."""
    before = profile.ops.read_bytes()
    with pytest.raises(StoreError):
        OpsStore(profile.ops, OpsKey(bytes(32)))
    assert profile.ops.read_bytes() == before and not asides(profile)
    assert len(entries(profile, key)) == 100


def test_a_newer_file_is_refused_byte_for_byte_as_it_was(profile, key, entered):
    db = open_writer(profile.ops, key=key)
    db.execute("pragma user_version=99")
    db.close()
    before = profile.ops.read_bytes()
    with pytest.raises(NewerFile):
        OpsStore(profile.ops, key)
    assert profile.ops.read_bytes() == before and not asides(profile)


def test_a_folder_in_its_place_is_said(profile, key):
    profile.ops.mkdir()
    with pytest.raises(StoreError, match="ops.db"):
        OpsStore(profile.ops, key)


def test_a_folder_that_cannot_be_written_is_said(profile, key):
    (profile.folder / "ops.in-use").mkdir()
    with pytest.raises(StoreError, match="不能记录"):
        OpsStore(profile.ops, key)


def test_it_waits_until_nobody_has_the_file_open(profile, key, entered):
    other = OpsStore(profile.ops, key)
    flip(profile.ops, 8192 + 9, 1)
    mark_damaged(profile.ops)
    assert other.must_reopen
    with pytest.raises(StoreError, match="放开后恢复"):
        OpsStore(profile.ops, key)
    other.close()
    assert set(entered[:60]) <= set(entries(profile, key)) and not other.must_reopen


def test_a_sound_file_is_left_alone(profile, key, entered):
    before = profile.ops.read_bytes()
    assert recover(profile.ops, key) is None
    assert profile.ops.read_bytes() == before


def test_a_kill_in_the_middle_of_a_recovery_loses_nothing(profile, key, entered):
    program = """
import os, signal, sys
from pathlib import Path
from console.store.recovery import recover
from console.store.keys import OpsKey
stop_at, calls = int(sys.argv[3]), 0
def step(event, args):
    global calls
    if event in ("os.link", "os.rename", "os.remove", "os.chmod", "sqlite3.connect", "shutil.copyfile"):
        calls += 1
        if calls == stop_at:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(step)
recover(Path(sys.argv[1]), OpsKey.from_line(sys.argv[2].encode()))
"""
    pages = profile.ops.stat().st_size // 4096
    flip(profile.ops, (pages - 2) * 4096 + 100, 0xFF)
    damaged = profile.ops.read_bytes()
    for stop_at in range(1, 40):
        for path in [*profile.folder.glob("ops.db*"), profile.folder / "ops.recovered.json"]:
            path.unlink(missing_ok=True)
        profile.ops.write_bytes(damaged)
        mark_damaged(profile.ops)
        words = [sys.executable, "-c", program, str(profile.ops), key.to_line().decode().strip(), str(stop_at)]
        child = subprocess.run(words, capture_output=True, text=True)
        assert child.returncode in (0, -9), child.stderr
        assert set(entered[:60]) <= set(entries(profile, key)), f"killed at step {stop_at}"
        if child.returncode == 0:
            break
    assert child.returncode == 0 and stop_at > 4


def test_seven_copies_are_kept_and_each_opens_only_with_the_key(profile, key, entered):
    for hour in range(1, 10):
        backups.back_up(profile.ops, key, time.time() + 3600 * hour)
    found = backups.backups(profile.ops)
    assert len(found) == backups.KEPT and not any(damage_of(p, key) for p in found)
    assert damage_of(found[0], OpsKey(bytes(32)))
    assert not backups.is_due(profile.ops, time.time() + 60) and backups.is_due(profile.ops, time.time() + 4000)


def test_a_damaged_file_makes_no_copy_and_removes_none(profile, key, entered):
    before = backups.backups(profile.ops)
    flip(profile.ops, 8192 + 9, 1)
    with pytest.raises(Exception, match="malformed|HMAC|hmac|not"):
        backups.back_up(profile.ops, key, time.time() + 3600)
    assert backups.backups(profile.ops) == before
