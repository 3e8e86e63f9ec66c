"""A damaged ops.db: the newest sound copy, and every row that the damaged file still gives.

The damaged file keeps a name of its own. What was sent in the last 90 days is offered again: the
centre knows each op by its key, so nothing counts twice. At every moment there is an ops.db; its
old write-ahead log never meets the new file.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import time
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from console.errors import StoreError
from console.processes import AlreadyRunning, sole_owner
from console.store import schema
from console.store.audit import append_audit
from console.store.backups import backups, newest_sound
from console.store.checkup import NotChecked, damage_of, damaged_name
from console.store.encrypting import is_plain
from console.store.keys import OpsKey, is_its_key
from console.store.presence import alone, unmark
from console.store.sqlite import QUIET, Connection, DatabaseError, connect, migrate, open_writer, transaction

log = logging.getLogger(__name__)
REOFFER_S = 90 * 86400.0
CHUNK = 200
PATIENCE = 400  # unreadable rows in a row before the rest of a gap is given up
REPORT = "ops.recovered.json"
RECENT_S = 86400.0


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was saved. rebuilt: ops made anew from their entries; offered: ops that are sent again."""

    at: float
    aside: str
    backup: str
    entries: int
    rescued: int
    rebuilt: int
    offered: int


def needs_recovery(ops: Path, key: OpsKey) -> bool:
    """Tell whether it is damaged, or gone although there are copies of it.

    A wrong key looks like damage, and so does a file that is not encrypted yet: neither is.
    """
    if not is_its_key(ops, key) or is_plain(ops):
        return False
    if not ops.exists() or (ops.is_file() and ops.stat().st_size == 0):
        return bool(backups(ops))
    try:
        return ops.is_file() and bool(damage_of(ops, key))
    except NotChecked:
        return False


def last_recovery(ops: Path) -> Recovery | None:
    """Return the report of the last one, None when there was none."""
    try:
        return Recovery(**json.loads((ops.parent / REPORT).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def recover(ops: Path, key: OpsKey, now: float | None = None) -> Recovery | None:
    """Put a sound ops.db in the place of a damaged one; None when it needs none any more.

    Raises:
        StoreError: it cannot be done now (another process does it, no room on the disk).
    """
    at = time.time() if now is None else now
    try:
        with sole_owner(ops.parent, "ops-recovery"), alone(ops):
            found = _recover(ops, key, at) if needs_recovery(ops, key) else None
            unmark(ops)
            return found
    except AlreadyRunning as exc:
        raise StoreError("本机记录库正在恢复。", "请稍等片刻再试。") from exc
    except (DatabaseError, OSError) as exc:
        raise StoreError(
            "本机记录库已损坏，现在恢复不了。", "请检查磁盘剩余空间和权限；损坏的文件与备份都没有被改动。", str(exc)
        ) from exc


def _recover(ops: Path, key: OpsKey, at: float) -> Recovery:
    draft = ops.with_name("ops.db.recovering")
    for leftover in ops.parent.glob("ops.db.recovering*"):
        leftover.unlink()
    backup = newest_sound(ops, key)
    if backup is not None:
        shutil.copyfile(backup, draft)
    aside = _second_name(ops, at)
    with contextlib.closing(open_writer(draft, key=key)) as new:
        draft.chmod(0o600)
        migrate(new, schema.OPS, draft.name)
        before = _entries(new)
        for source in [p for p in ops.parent.glob("ops.db.damaged-*") if _is_recent(p, at)]:
            _salvage(source, key, new)
        report = _finish(new, at, aside, backup, before, _fill_in(new))
        new.execute("pragma wal_checkpoint(truncate)")
        new.execute("pragma journal_mode=delete")
        if damage_of(draft, key, deep=True):
            raise DatabaseError("the recovered file is not sound")
        for part in ("-wal", "-shm"):
            ops.with_name(ops.name + part).unlink(missing_ok=True)
        draft.replace(ops)
    (ops.parent / REPORT).write_text(json.dumps(asdict(report)), "utf-8")
    log.warning("ops.db recovered: %s", report)
    return report


def _second_name(ops: Path, at: float) -> Path | None:
    if not ops.exists() or ops.stat().st_size == 0:
        ops.unlink(missing_ok=True)
        return None
    aside = damaged_name(ops, at)
    os.link(ops, aside)
    with contextlib.suppress(FileNotFoundError):
        os.link(ops.with_name(ops.name + "-wal"), aside.with_name(aside.name + "-wal"))
    return aside


def _is_recent(path: Path, at: float) -> bool:
    return not path.name.endswith(("-wal", "-shm")) and at - path.stat().st_mtime < RECENT_S


# --- rows out of a damaged file -------------------------------------------------------------
class DamagedFile:
    """Reads what can be read. SQLCipher gives nothing more after one bad page, so each fault means a new connection."""

    def __init__(self, path: Path, key: OpsKey) -> None:
        self._path, self._key = path, key
        self._db: Connection | None = None

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Run a query.

        Raises:
            DatabaseError: it met damage.
        """
        try:
            if self._db is None:
                self._db = connect(str(self._path))
                for pragma in (f"pragma key={self._key.pragma()}", *QUIET, "pragma query_only=on"):
                    self._db.execute(pragma)
            found: list[tuple[Any, ...]] = self._db.execute(query, values).fetchall()
        except DatabaseError:
            self.close()
            raise
        return found

    def columns(self, table: str) -> list[str]:
        try:
            return [r[1] for r in self.rows(f"pragma table_info({table})")]
        except DatabaseError:
            return []

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None


def _salvage(source: Path, key: OpsKey, new: Connection) -> None:
    """Copy every row of every known table that can still be read."""
    with contextlib.closing(DamagedFile(source, key)) as old, transaction(new):
        for table in _tables(new):
            held = old.columns(table)
            columns = [r[1] for r in new.execute(f"pragma table_info({table})") if r[1] in held]
            if columns:
                marks = ",".join("?" * len(columns))
                put = f"insert or replace into {table}({','.join(columns)}) values({marks})"
                for rows in _readable(old, table, columns):
                    new.executemany(put, rows)


def _tables(db: Connection) -> list[str]:
    return [r[0] for r in db.execute("select name from sqlite_master where type='table' and name not like 'sqlite_%'")]


def _readable(old: DamagedFile, table: str, columns: list[str]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield rows from both ends until damage is met, then each numbered row in between by itself."""
    order, listed = columns[0], ",".join(columns)  # every table of ops.db begins with its primary key
    low, whole = yield from _from_one_end(old, f"select {listed} from {table}", order, ">", "")
    if whole:
        return
    high, _ = yield from _from_one_end(old, f"select {listed} from {table}", order, "<", " desc")
    if isinstance(low, int) and isinstance(high, int):
        yield from _one_by_one(old, f"select {listed} from {table} where {order}=?", range(low + 1, high))


def _one_by_one(old: DamagedFile, query: str, numbers: range) -> Iterator[list[tuple[Any, ...]]]:
    refused = 0
    for number in numbers:
        try:
            yield old.rows(query, (number,))
        except DatabaseError:
            refused += 1
            if refused > PATIENCE:
                return
        else:
            refused = 0


def _from_one_end(
    old: DamagedFile, select: str, order: str, sign: str, direction: str
) -> Generator[list[tuple[Any, ...]], None, tuple[Any, bool]]:
    """Yield chunks, single rows near damage; returns the last key that was read and whether the end was reached."""
    last, step = None, CHUNK
    while True:
        bound = "" if last is None else f" where {order}{sign}?"
        query = f"{select}{bound} order by {order}{direction} limit {step}"
        try:
            rows = old.rows(query, () if last is None else (last,))
        except DatabaseError:
            if step == 1:
                return last, False
            step = 1
            continue
        if not rows:
            return last, True
        yield rows
        last = rows[-1][0]


def _entries(db: Connection) -> int:
    return int(db.execute("select count(*) from entry").fetchone()[0])


def _fill_in(new: Connection) -> int:
    """An entry and its op hold the same words: what one lost, the other gives back. Returns the ops made anew."""
    with transaction(new):
        new.execute("insert or ignore into entry select id,kind,body,author,at from outbox")
        return int(
            new.execute(
                "insert into outbox(id,entity,kind,body,author,at,based_on,clock_untrusted,state)"
                " select id,id,kind,body,author,at,'',0,'done' from entry where id not in (select id from outbox) order by id"
            ).rowcount
        )


def _finish(new: Connection, at: float, aside: Path | None, backup: Path | None, before: int, rebuilt: int) -> Recovery:
    with transaction(new):
        again = "update outbox set state='waiting', next_try=0 where state='done' and at>=?"
        offered = int(new.execute(again, (at - REOFFER_S,)).rowcount)
        report = Recovery(
            at,
            aside.name if aside else "",
            backup.name if backup else "",
            _entries(new),
            _entries(new) - before,
            rebuilt,
            offered,
        )
        append_audit(new, at, "", "store.recovered", json.dumps(asdict(report)))
    return report
