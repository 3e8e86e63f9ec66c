"""An ops.db of the earlier, plain version: encrypted at first opening, whole at every moment."""

from __future__ import annotations

import subprocess
import sys

import pytest

from console.errors import StoreError
from console.store import encrypting, schema
from console.store.ops import OpsStore
from console.store.sqlite import migrate, open_writer, transaction

PROGRAM = """
import sys
from pathlib import Path
from console.store import encrypting
from console.store.keys import OpsKey
path, key, stop_at = Path(sys.argv[1]), OpsKey.from_line(sys.argv[2].encode()), int(sys.argv[3])
import os, signal
calls = 0
def step(event, args):
    global calls
    if event in ("os.link", "os.rename", "os.remove", "os.chmod", "sqlite3.connect", "open"):
        calls += 1
        if calls == stop_at:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(step)
encrypting.encrypt_plain(path, key)
print(calls)
"""


@pytest.fixture
def plain(profile):
    """Write an ops.db as version 1 wrote it, with its last entries still in the write-ahead log."""
    db = open_writer(profile.ops, full=True)
    migrate(db, schema.OPS[:1], "ops.db")
    with transaction(db):
        for n in range(200):
            db.execute("insert into entry values(?,?,?,?,?)", (f"id-{n}", "log.entry", '{"text": "渗水"}', "张三", 1.0))
            db.execute(
                "insert into outbox(id,entity,kind,body,author,at,based_on,clock_untrusted) values(?,?,?,?,?,?,?,?)",
                (f"id-{n}", "log", "log.entry", '{"text": "渗水"}', "张三", 1.0, "", 0),
            )
    db.close()
    return profile.ops


def entries(path, key):
    store = OpsStore(path, key)
    try:
        return len(store.recent(10_000))
    finally:
        store.close()


def nothing_plain(folder):
    return not [p.name for p in folder.iterdir() if "渗水".encode() in p.read_bytes()]


def test_a_plain_file_is_encrypted_at_its_first_opening(plain, key):
    assert not nothing_plain(plain.parent)
    assert entries(plain, key) == 200
    assert not encrypting.is_plain(plain) and nothing_plain(plain.parent)
    assert [p.name for p in plain.parent.iterdir() if "plain" in p.name or "encrypting" in p.name] == []
    assert entries(plain, key) == 200


def test_a_kill_at_any_step_leaves_a_whole_file(plain, key, tmp_path):
    """Killed at each file operation in turn: the next start has all entries, and none is left plain."""
    content = plain.read_bytes()
    for stop_at in range(1, 60):
        for path in plain.parent.glob("ops.db*"):
            path.unlink()
        plain.write_bytes(content)
        words = [sys.executable, "-c", PROGRAM, str(plain), key.to_line().decode().strip(), str(stop_at)]
        child = subprocess.run(words, capture_output=True, text=True)
        assert child.returncode in (0, -9), child.stderr
        assert entries(plain, key) == 200, f"killed at step {stop_at}"
        assert nothing_plain(plain.parent), f"killed at step {stop_at}"
        if child.returncode == 0:
            break
    assert child.returncode == 0 and stop_at > 8, "every step had its kill"


def test_two_that_open_it_at_once_both_find_the_entries(plain, key):
    program = (
        "import sys; from pathlib import Path; from console.store.ops import OpsStore; from console.store.keys import OpsKey\n"
        "print(len(OpsStore(Path(sys.argv[1]), OpsKey.from_line(sys.argv[2].encode())).recent(1000)))"
    )
    words = [sys.executable, "-c", program, str(plain), key.to_line().decode().strip()]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [p.communicate() for p in both] == [("200\n", "")] * 3
    assert nothing_plain(plain.parent)


def test_a_file_that_an_older_program_has_open_is_left_as_it_is(plain, key, monkeypatch):
    other = open_writer(plain, full=True)
    other.execute("begin immediate")
    monkeypatch.setattr(encrypting, "PATIENCE_S", 0.2)
    with pytest.raises(StoreError, match="加密不了"):
        OpsStore(plain, key)
    other.execute("rollback")
    other.close()
    assert encrypting.is_plain(plain) and entries(plain, key) == 200
