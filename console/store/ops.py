"""What a person entered: entry, outbox op and audit line in one FULL transaction."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uuid6 import uuid7

from console.errors import NewerFile, StoreError
from console.store import schema
from console.store.audit import append_audit, breaks
from console.store.encrypting import encrypt_plain
from console.store.keys import OpsKey, note_key
from console.store.presence import Presence, is_marked, mark_damaged
from console.store.recovery import needs_recovery, recover
from console.store.reserve import RESERVE_BYTES, Reserve
from console.store.sqlite import DatabaseError, migrate, open_writer, transaction


@dataclass(frozen=True, slots=True)
class OutboxOp:
    """One op waiting for, or answered by, the centre."""

    op_id: str
    entity: str
    kind: str
    body: Mapping[str, Any]
    author: str
    at: float
    state: str
    code: str
    tries: int
    clock_untrusted: bool
    based_on: str

    def to_wire(self) -> dict[str, Any]:
        return {
            "id": self.op_id,
            "kind": self.kind,
            "body": dict(self.body),
            "author": self.author,
            "at": self.at,
            "clock_untrusted": self.clock_untrusted,
            "based_on": self.based_on,
        }


class OpsStore:
    """Opened by the GUI's database thread and by the sync process; short writes on both sides.

    A damaged file is recovered when it is opened.
    """

    def __init__(self, path: Path, key: OpsKey) -> None:
        self._path = path
        self.reserve = Reserve(path)
        try:
            gone = not path.exists() or path.stat().st_size == 0
        except OSError as exc:
            raise StoreError(f"数据目录 {path.parent} 打不开。", "请检查它的权限。", str(exc)) from exc
        if is_marked(path) or (gone and needs_recovery(path, key)):
            recover(path, key)
        try:
            self._open(key)
        except NewerFile:
            raise
        except StoreError:
            if not needs_recovery(path, key):
                raise
            mark_damaged(path)
            recover(path, key)
            self._open(key)

    def _open(self, key: OpsKey) -> None:
        self._presence = Presence(self._path)
        try:
            encrypt_plain(self._path, key)
            self._db = open_writer(self._path, key=key)
            try:
                migrate(self._db, schema.OPS, self._path.name)
                note_key(self._path, key)
            except BaseException:
                self._db.close()
                raise
        except BaseException:
            self._presence.close()
            raise

    @property
    def must_reopen(self) -> bool:
        """The file was found damaged: close this, and open anew to have it recovered."""
        return is_marked(self._path)

    def trouble(self, exc: Exception) -> StoreError:
        """Return a database fault in words; damage also means that everybody is to let go, and the file is recovered."""
        if "malformed" in str(exc) or "not a database" in str(exc):
            mark_damaged(self._path)
            return StoreError("本机记录库有损坏，正在用备份恢复。", "请稍等片刻再试；已保存的记录会尽量找回。", str(exc))
        return StoreError("本机记录库现在用不了。", "程序会继续重试；若一直如此请检查磁盘空间和权限。", str(exc))

    def close(self) -> None:
        self._db.close()
        self._presence.close()

    def keep_reserve(self, size: int = RESERVE_BYTES) -> bool:
        """Hold disk space back so that entries still fit when everything else is full."""
        return self.reserve.keep(size)

    def add(
        self,
        kind: str,
        entity: str,
        body: Mapping[str, Any],
        author: str,
        *,
        based_on: str = "",
        clock_untrusted: bool = False,
    ) -> str:
        """Save an entry and its op; returns the id only when both are on disk.

        Raises:
            StoreError: the disk is full or the file cannot be written; nothing was saved.
        """
        op_id = str(uuid7())
        at = time.time()
        text = json.dumps(body, ensure_ascii=False, sort_keys=True)
        while True:
            try:
                self._save(op_id, kind, entity, text, author, at, based_on, clock_untrusted)
            except DatabaseError as exc:
                if not _no_room(exc) or not self.reserve.give():
                    self.trouble(exc)
                    raise _not_saved(exc) from exc
            else:
                return op_id

    def _save(
        self, op_id: str, kind: str, entity: str, text: str, author: str, at: float, based_on: str, untrusted: bool
    ) -> None:
        with transaction(self._db):
            self._db.execute("insert into entry values(?,?,?,?,?)", (op_id, kind, text, author, at))
            self._db.execute(
                "insert into outbox(id,entity,kind,body,author,at,based_on,clock_untrusted) values(?,?,?,?,?,?,?,?)",
                (op_id, entity, kind, text, author, at, based_on, int(untrusted)),
            )
            append_audit(self._db, at, author, kind, text)

    def verify_audit(self) -> bool:
        """Tell whether the audit chain is whole."""
        return not breaks(self._db)

    def new_epoch(self, epoch: str, since: float) -> int:
        """Note the centre's epoch; when it is another one, offer everything since then again.

        One FULL transaction, so that no kill can leave the one without the other.
        """
        with transaction(self._db):
            known = self._db.execute("select value from origin where key='epoch'").fetchone()
            if known and known[0] == epoch:
                return 0
            self._db.execute("insert or replace into origin values('epoch',?)", (epoch,))
            if known is None:
                return 0
            query = "update outbox set state='waiting', next_try=0 where state='done' and at>=?"
            return int(self._db.execute(query, (since,)).rowcount)

    def epoch(self) -> str:
        """Return the centre's epoch as last noted; "" before the first hello."""
        row = self._db.execute("select value from origin where key='epoch'").fetchone()
        return str(row[0]) if row else ""

    def due(self, now: float, limit: int = 50) -> list[OutboxOp]:
        """Return ops to send: the oldest waiting one of each entity whose time has come."""
        rows = self._db.execute(
            "select id,entity,kind,body,author,at,state,code,tries,clock_untrusted,based_on from outbox o"
            " where state='waiting' and (next_try<=? or next_try>?+300) and not exists(select 1 from outbox p where"
            " p.entity=o.entity and p.state='waiting' and p.n<o.n) order by n limit ?",
            (now, now, limit),
        ).fetchall()
        return [_op(r) for r in rows]

    def answered(self, answers: Sequence[tuple[str, str, str]]) -> None:
        """Note the centre's words (op id, status, code) together; only then these ops stop waiting."""
        now = time.time()
        rows = [("done" if s in ("applied", "duplicate") else s, code, now, op_id) for op_id, s, code in answers]
        with transaction(self._db):
            self._db.executemany("update outbox set state=?, code=?, answered_at=? where id=?", rows)

    def postponed(self, op_ids: list[str], until: float) -> None:
        with transaction(self._db):
            self._db.executemany("update outbox set tries=tries+1, next_try=? where id=?", [(until, i) for i in op_ids])

    def retry_now(self) -> None:
        with transaction(self._db):
            self._db.execute("update outbox set next_try=0 where state='waiting'")

    def waiting(self) -> tuple[int, float | None]:
        """Return how many ops wait and when the oldest was entered."""
        row = self._db.execute("select count(*), min(at) from outbox where state in ('waiting')").fetchone()
        return int(row[0]), row[1]

    def recent(self, limit: int = 200) -> list[OutboxOp]:
        """Return everything that is not done, and the newest that are, newest first."""
        rows = self._db.execute(
            "select id,entity,kind,body,author,at,state,code,tries,clock_untrusted,based_on from outbox"
            " where state<>'done' or n>(select coalesce(max(n),0)-? from outbox) order by n desc",
            (limit,),
        ).fetchall()
        return [_op(r) for r in rows]


def _no_room(exc: Exception) -> bool:
    """A full disk shows as SQLITE_FULL, or as an I/O error where a mapped file could not grow."""
    return "full" in str(exc) or "disk I/O" in str(exc)


def _not_saved(exc: Exception) -> StoreError:
    return StoreError("没有保存：本机磁盘写不进去。", "内容仍在输入框里；请清理磁盘后再点保存。", str(exc))


def _op(r: tuple[Any, ...]) -> OutboxOp:
    return OutboxOp(r[0], r[1], r[2], json.loads(r[3]), r[4], r[5], r[6], r[7], r[8], bool(r[9]), r[10])
