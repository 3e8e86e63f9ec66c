"""An ops.db of an earlier, plain version becomes an encrypted one; a kill at any point loses nothing.

Beside the plain file an encrypted copy is made and checked; then the plain file gets a second name,
the copy takes the first one, and what has the second name is overwritten and removed. At every
moment ops.db is whole: the plain one or the encrypted one.
"""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from urllib.parse import quote

from sqlcipher3 import dbapi2 as sqlite3

from console.errors import StoreError
from console.store.keys import OpsKey
from console.store.presence import in_turn

log = logging.getLogger(__name__)
PLAIN = b"SQLite format 3\0"
DRAFT, OLD = ".encrypting", ".plain-old"
WIPE_CHUNK = 1 << 20
PATIENCE_S = 10.0


def encrypt_plain(path: Path, key: OpsKey) -> bool:
    """Encrypt the file when it is a plain database; True when that was done now.

    Raises:
        StoreError: another process has it open, or the disk is full; the plain file is as it was.
    """
    old = path.with_name(path.name + OLD)
    try:
        with in_turn(path):  # the look too: while it has the file open, another's try to encrypt it would be refused
            plain = is_plain(path)
            done = plain and _encrypt(path, old, key)
    except (sqlite3.Error, OSError) as exc:
        if not is_plain(path):
            return False  # another process was faster
        raise StoreError(
            "本机记录库还没有加密，现在加密不了。",
            "请退出本程序的其他窗口、检查磁盘空间后重新启动；原文件没有被改动。",
            str(exc),
        ) from exc
    if not plain and path.exists() and old.exists():  # killed before the plain one was gone
        wipe(old)
    if done:
        wipe(old)
        log.info("%s is encrypted now", path.name)
    return done


def is_plain(path: Path) -> bool:
    """Tell whether this is a database that opens without a key.

    SQLite itself looks: another way of opening the file would, when closed, take away the locks
    that this process holds on it.
    """
    try:
        if path.stat().st_size == 0:
            return False
        with contextlib.closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=PATIENCE_S)) as db:
            db.execute("select count(*) from sqlite_master").fetchone()
    except (sqlite3.Error, OSError):
        return False
    return True


def _encrypt(path: Path, old: Path, key: OpsKey) -> bool:
    draft = path.with_name(path.name + DRAFT)
    seen = path.stat().st_ino
    with contextlib.closing(sqlite3.connect(str(path), isolation_level=None, timeout=PATIENCE_S)) as db:
        db.execute("pragma journal_mode=delete")  # takes in the write-ahead log; refused while others have it open
        db.execute("pragma locking_mode=exclusive")
        db.execute("begin exclusive")
        db.execute("commit")  # the lock stays
        if path.stat().st_ino != seen:  # another process was faster
            return False
        for leftover in (draft, path.with_name(draft.name + "-journal")):
            leftover.unlink(missing_ok=True)
        version = int(db.execute("pragma user_version").fetchone()[0])
        db.execute(f"attach ? as crypt key {key.pragma()}", (str(draft),))
        db.execute("pragma crypt.synchronous=full")
        db.execute("select sqlcipher_export('crypt')")
        db.execute(f"pragma crypt.user_version={version}")
        same = _rows(db, "main") == _rows(db, "crypt")
        db.execute("detach crypt")
        if not same or not _sound(draft, key):
            raise sqlite3.DatabaseError("the encrypted copy is not the same")
        draft.chmod(0o600)
        old.unlink(missing_ok=True)
        os.link(path, old)
        draft.replace(path)
        _sync_folder(path.parent)
    return True


def _rows(db: sqlite3.Connection, schema: str) -> dict[str, int]:
    names = [r[0] for r in db.execute(f"select name from {schema}.sqlite_master where type='table' order by name")]
    return {n: int(db.execute(f'select count(*) from {schema}."{n}"').fetchone()[0]) for n in names}


def _sound(path: Path, key: OpsKey) -> bool:
    with contextlib.closing(sqlite3.connect(str(path), isolation_level=None)) as db:
        db.execute(f"pragma key={key.pragma()}")
        return not db.execute("pragma cipher_integrity_check").fetchall() and db.execute(
            "pragma integrity_check"
        ).fetchone() == ("ok",)


def wipe(path: Path) -> None:
    """Overwrite and remove. On flash memory old blocks may stay until the drive reuses them."""
    try:
        file = path.open("r+b")
    except FileNotFoundError:
        return  # another process wiped it
    with file:
        left = os.fstat(file.fileno()).st_size
        while left > 0:
            left -= file.write(bytes(min(left, WIPE_CHUNK)))
        file.flush()
        os.fsync(file.fileno())
    path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
