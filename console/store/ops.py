"""What a person entered: entry, outbox op and audit line in one FULL transaction."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from uuid6 import uuid7

from console.errors import NewerFile, StoreError
from console.store import schema
from console.store.audit import append_audit, breaks
from console.store.encrypting import encrypt_plain
from console.store.keys import OpsKey, note_key
from console.store.presence import Presence, is_marked, mark_damaged
from console.store.recovery import needs_recovery, recover
from console.store.reserve import RESERVE_BYTES, Reserve
from console.store.sqlite import Connection, DatabaseError, migrate, open_writer, transaction

T = TypeVar("T")
WAIT_MAX_S = 660.0  # no op is ever told to wait longer; a later time means the clock was set back
PASS_AFTER = 8  # tries of an op alone before later append-only ops of its entity go past it
COLUMNS = "id,entity,kind,body,author,at,state,code,tries,clock_untrusted,based_on,base_version,current,settles,next_try,was"
# linear in what waits: one pass finds each entity's first op and its first that was put off
DUE = f"""
    with waits as (select * from outbox where state='waiting'),
    first as (select entity, min(n) as n from waits group by entity),
    put_off as (
        select entity, min(n) as n from waits
        where next_try>:now and next_try<=:now+:far and tries<:pass group by entity)
    select {COLUMNS.replace("entity", "o.entity", 1)} from waits o
    join first f on f.entity=o.entity left join put_off p on p.entity=o.entity
    where (o.next_try<=:now or o.next_try>:now+:far) and case
        when o.base_version is null then p.n is null or o.n<p.n
        when o.settles<>'' then o.n=f.n
        else o.n=f.n and not exists(
            select 1 from outbox u where u.entity=o.entity and u.state in ('conflict','rejected') and u.n<o.n) end
    order by o.n limit :limit
"""


@dataclass(frozen=True, slots=True)
class OutboxOp:
    """One op waiting for, or answered by, the centre.

    base_version: the version of its entity that the person saw; None for append-only kinds.
    current: what stood at the centre when it said conflict. settles: the op whose conflict or
    refusal a person decided by this one. was: the state before that decision.
    state: waiting, done, rejected, conflict, dropped.
    """

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
    base_version: int | None = None
    current: Mapping[str, Any] | None = None
    settles: str = ""
    next_try: float = 0.0
    was: str = ""

    def to_wire(self) -> dict[str, Any]:
        base = {} if self.base_version is None else {"base_version": self.base_version}
        return base | {
            "id": self.op_id,
            "kind": self.kind,
            "body": dict(self.body),
            "author": self.author,
            "at": self.at,
            "clock_untrusted": self.clock_untrusted,
            "based_on": self.based_on,
        }


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that belongs to an entry; its copy lies in the profile under its SHA-256. size: bytes."""

    sha256: str
    name: str
    media: str
    size: int

    def to_doc(self) -> dict[str, Any]:
        return {"sha256": self.sha256, "name": self.name, "media": self.media, "size": self.size}


@dataclass(frozen=True, slots=True)
class NewOp:
    """What a person entered, about to be saved. not_before: UTC s until which it can be undone."""

    kind: str
    entity: str
    body: Mapping[str, Any]
    author: str
    based_on: str = ""
    clock_untrusted: bool = False
    base_version: int | None = None
    files: tuple[Attached, ...] = ()
    settles: str = ""
    not_before: float = 0.0


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
        base_version: int | None = None,
        files: tuple[Attached, ...] = (),
    ) -> str:
        """Save an entry and its op; returns the id only when both are on disk.

        Raises:
            StoreError: the disk is full or the file cannot be written; nothing was saved.
        """
        op = NewOp(kind, entity, body, author, based_on, clock_untrusted, base_version, files)
        return self.save(lambda: self.insert(op))

    def save(self, work: Callable[[], T]) -> T:
        """Do work in one FULL transaction; a full disk is given the reserve, slice by slice.

        Raises:
            StoreError: the disk is full or the file cannot be written; nothing was saved.
        """
        while True:
            try:
                return self._save(work)
            except DatabaseError as exc:
                if not _no_room(exc) or not self.reserve.give():
                    self.trouble(exc)
                    raise _not_saved(exc) from exc

    def _save(self, work: Callable[[], T]) -> T:
        with transaction(self._db):
            return work()

    def insert(self, op: NewOp) -> str:
        """Add an entry, its op, its files and its audit line; inside save() only."""
        op_id, at = str(uuid7()), time.time()
        text = json.dumps(op.body, ensure_ascii=False, sort_keys=True)
        self._db.execute("insert into entry values(?,?,?,?,?)", (op_id, op.kind, text, op.author, at))
        self._db.execute(
            "insert into outbox(id,entity,kind,body,author,at,based_on,clock_untrusted,base_version,settles,next_try)"
            " values(?,?,?,?,?,?,?,?,?,?,?)",
            (
                *(op_id, op.entity, op.kind, text, op.author, at, op.based_on, int(op.clock_untrusted)),
                *(op.base_version, op.settles, op.not_before),
            ),
        )
        self._db.executemany(
            "insert into attachment(op_id,sha256,name,media,size) values(?,?,?,?,?)",
            [(op_id, f.sha256, f.name, f.media, f.size) for f in op.files],
        )
        self.note(op.author, op.kind, text)
        return op_id

    def note(self, who: str, what: str, detail: str) -> None:
        """Add a line to the audit chain; inside save() only."""
        append_audit(self._db, time.time(), who, what, detail)

    @property
    def connection(self) -> Connection:
        """For the other tables of this file: decisions, attachments; their own transactions only."""
        return self._db

    def audit_head(self) -> dict[str, Any] | None:
        """Return this device's newest audit line, with the one named before as it reads now."""
        newest = self._db.execute("select n, hash from audit order by n desc limit 1").fetchone()
        if newest is None:
            return None
        with transaction(self._db):
            self._db.execute("insert or ignore into origin values('device',?)", (str(uuid7()),))
            device = self._db.execute("select value from origin where key='device'").fetchone()[0]
        told = self._db.execute(
            "select a.n, a.hash from origin o join audit a on a.n=cast(o.value as integer) where o.key='audit_told'"
        ).fetchone()
        since = {"n": told[0], "hash": told[1]} if told else None
        return {"device": device, "n": newest[0], "hash": newest[1], "since": since}

    def audit_told(self, n: int) -> None:
        with transaction(self._db):
            self._db.execute("insert or replace into origin values('audit_told',?)", (str(n),))

    def verify_audit(self) -> bool:
        """Tell whether the audit chain is whole."""
        return not breaks(self._db)

    def new_epoch(self, epoch: str) -> int:
        """Note the centre's epoch; when it is another one, offer everything that was done again.

        Also when none was known: an op may have been answered before the first greeting. By number
        and not by the entry's time, which a wrong clock may have put years back. One FULL
        transaction, so that no kill can leave the one without the other.
        """
        with transaction(self._db):
            known = self._db.execute("select value from origin where key='epoch'").fetchone()
            if known and known[0] == epoch:
                return 0
            self._db.execute("insert or replace into origin values('epoch',?)", (epoch,))
            self._db.execute(
                "update attachment set state='waiting', sent=0, next_try=0 where state='done' and op_id in"
                " (select id from outbox where state='done')"
            )
            query = "update outbox set state='waiting', next_try=0, tries=0 where state='done'"
            return int(self._db.execute(query).rowcount)

    def epoch(self) -> str:
        """Return the centre's epoch as last noted; "" before the first hello."""
        row = self._db.execute("select value from origin where key='epoch'").fetchone()
        return str(row[0]) if row else ""

    def due(self, now: float, limit: int = 500) -> list[OutboxOp]:
        """Return ops to send in the order they were entered, at most limit.

        An op on a version (base_version) goes alone: only when no earlier op of its entity waits
        or still needs a person's decision; a decision itself passes the undecided ones. Append-only
        ops of one entity go together in order, but not past an earlier one that was put off, unless
        that one has failed alone so often that the fault is its own.
        """
        rows = self._db.execute(DUE, {"now": now, "far": WAIT_MAX_S, "pass": PASS_AFTER, "limit": limit}).fetchall()
        return [_op(r) for r in rows]

    def answered(self, answers: Sequence[tuple[str, str, str]], current: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Note the centre's words (op id, status, code) together; only then these ops stop waiting.

        current: by op id, what stood at the centre where it said conflict.
        """
        now = time.time()
        stood = {op_id: json.dumps(doc, ensure_ascii=False) for op_id, doc in (current or {}).items()}
        rows = [
            ("done" if s in ("applied", "duplicate") else s, code, now, stood.get(op_id, ""), op_id)
            for op_id, s, code in answers
        ]
        with transaction(self._db):
            self._db.executemany("update outbox set state=?, code=?, answered_at=?, current=? where id=?", rows)

    def postponed(self, op_ids: list[str], until: float) -> None:
        with transaction(self._db):
            self._db.executemany("update outbox set tries=tries+1, next_try=? where id=?", [(until, i) for i in op_ids])

    def retry_now(self) -> None:
        with transaction(self._db):
            self._db.execute("update outbox set next_try=0 where state='waiting' and (settles='' or tries>0)")

    def waiting(self) -> tuple[int, float | None]:
        """Return how many ops wait and when the oldest was entered."""
        row = self._db.execute("select count(*), min(at) from outbox where state in ('waiting')").fetchone()
        return int(row[0]), row[1]

    def recent(self, limit: int = 200) -> list[OutboxOp]:
        """Return everything that is not done, and the newest that are, newest first."""
        rows = self._db.execute(
            f"select {COLUMNS} from outbox where state not in ('done','dropped')"
            " or n>(select coalesce(max(n),0)-? from outbox) order by n desc",
            (limit,),
        ).fetchall()
        return [_op(r) for r in rows]

    def find(self, op_id: str) -> OutboxOp | None:
        row = self._db.execute(f"select {COLUMNS} from outbox where id=?", (op_id,)).fetchone()
        return _op(row) if row else None


def _no_room(exc: Exception) -> bool:
    """A full disk shows as SQLITE_FULL, or as an I/O error where a mapped file could not grow."""
    return "full" in str(exc) or "disk I/O" in str(exc)


def _not_saved(exc: Exception) -> StoreError:
    return StoreError("没有保存：本机磁盘写不进去。", "内容仍在输入框里；请清理磁盘后再点保存。", str(exc))


def _op(r: tuple[Any, ...]) -> OutboxOp:
    current = json.loads(r[12]) if r[12] else None
    body, untrusted = json.loads(r[3]), bool(r[9])
    return OutboxOp(r[0], r[1], r[2], body, r[4], r[5], r[6], r[7], r[8], untrusted, r[10], r[11], current, r[13], r[14], r[15])
