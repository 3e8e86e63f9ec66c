"""One way to open SQLite: a library with the WAL-reset fix, explicit transactions, safe pragmas."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlcipher3 import dbapi2 as sqlite3

from console.errors import NewerFile, StoreError
from console.store.keys import OpsKey

Connection = Any  # sqlcipher3 ships no types; it follows PEP 249 and the standard sqlite3
DatabaseError = sqlite3.Error
OperationalError = sqlite3.OperationalError
LIBRARY = sqlite3.sqlite_version
REQUIRED = (3, 51, 3)
LOCK_WAIT_S = 5.0
QUIET = ("pragma cipher_log=off",)  # it would write to standard error; every fault comes as an exception too


def check_library() -> None:
    """Refuse a SQLite without the fix of the WAL-reset corruption (3.51.3).

    Raises:
        StoreError: the linked library is older.
    """
    if tuple(int(p) for p in LIBRARY.split(".")) < REQUIRED:
        raise StoreError(f"SQLite {LIBRARY} 太旧，可能损坏本地缓存。", "请重新安装本程序的运行环境后再启动。")


def ops_pragmas(key: OpsKey) -> tuple[str, ...]:
    """Return what is set at every opening of ops.db, in this order; the key comes first."""
    return (f"pragma key={key.pragma()}", *QUIET, *_pragmas("full"), "pragma secure_delete=on")


def _pragmas(synchronous: str) -> tuple[str, ...]:
    return (
        "pragma journal_mode=wal",
        f"pragma synchronous={synchronous}",
        "pragma busy_timeout=5000",
        "pragma temp_store=memory",
        "pragma trusted_schema=off",
        "pragma journal_size_limit=67108864",
    )


def cipher_version() -> str:
    """Return the version of the encryption that the library has."""
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        return str(db.execute("pragma cipher_version").fetchone()[0])


def open_writer(path: Path, *, full: bool = False, key: OpsKey | None = None) -> Connection:
    """Open for writing: WAL, explicit transactions, FULL for what a person entered; encrypted with a key (and FULL).

    Raises:
        StoreError: the file cannot be opened or is not a database.
    """
    db = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        db = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False, timeout=5.0)
        for pragma in ops_pragmas(key) if key is not None else _pragmas("full" if full else "normal"):
            _set(db, pragma)
    except (sqlite3.Error, OSError) as exc:
        if db is not None:
            db.close()
        raise StoreError(
            f"数据文件 {path.name} 打不开。",
            f"请检查 {path.parent} 的权限和剩余空间；若文件已损坏，请先改名保留，再重新启动。",
            str(exc),
        ) from exc
    return db


def _set(db: Connection, pragma: str) -> None:
    """Run one pragma; two that turn a new file into WAL at once are refused without a wait, so it is done here.

    Raises:
        sqlite3.Error: it failed, or the file stayed locked.
    """
    until = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            db.execute(pragma)
        except sqlite3.OperationalError as exc:
            if "locked" not in str(exc) or time.monotonic() > until:
                raise
            threading.Event().wait(0.01)
        else:
            return


def connect(name: str) -> Connection:
    """Open a file by path or file: address with no settings at all, for checks and copies."""
    return sqlite3.connect(name, uri=name.startswith("file:"), isolation_level=None, check_same_thread=False, timeout=2.0)


def open_reader(path: Path) -> Connection:
    """Open read-only for one thread.

    Raises:
        StoreError: the file does not exist or cannot be read.
    """
    try:
        db = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)
        db.execute("pragma query_only=1")
        db.execute("pragma busy_timeout=2000")
        db.execute("pragma cache_size=-16384")
    except sqlite3.Error as exc:
        raise StoreError(f"数据文件 {path.name} 读不出来。", "请等待同步完成或重新启动。", str(exc)) from exc
    return db


@contextlib.contextmanager
def transaction(db: Connection) -> Iterator[None]:
    """Run a write in one IMMEDIATE transaction; any error rolls all of it back."""
    db.execute("begin immediate")
    try:
        yield
    except BaseException:
        if db.in_transaction:
            db.execute("rollback")
        raise
    db.execute("commit")


def migrate(db: Connection, steps: tuple[str, ...], name: str) -> None:
    """Bring a file to the newest schema; ``pragma user_version`` counts the steps done.

    Each step is a script that runs once, in its own transaction, and is never edited later.

    Raises:
        NewerFile: the file was written by a newer version.
        StoreError: the file is not a database.
    """
    try:
        version = int(db.execute("pragma user_version").fetchone()[0])
    except sqlite3.Error as exc:
        raise StoreError(f"数据文件 {name} 已损坏。", "请先把它改名保留，再重新启动；缓存会从中心重新取回。", str(exc)) from exc
    if version > len(steps):
        raise NewerFile(
            f"数据文件 {name} 由更新的版本写成（{version} > {len(steps)}）。",
            "请升级本程序；不要用旧版本打开，文件没有被改动。",
        )
    for number, script in enumerate(steps, 1):
        if number <= version:
            continue
        with transaction(db):
            # another process may have done this step while we waited for the lock
            if int(db.execute("pragma user_version").fetchone()[0]) >= number:
                continue
            for statement in script.split(";"):
                if statement.strip():
                    db.execute(statement)
            db.execute(f"pragma user_version={number}")
