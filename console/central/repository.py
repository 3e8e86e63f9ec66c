"""The centre's store: one writer, a sequence in commit order, answers kept with their effects.

Statements are those that SQLite and PostgreSQL both understand (``on conflict``, row values,
``?``): one class serves a file and a database server. The little that differs is in
``console.central.postgres``.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from console.central.corrections import READING
from console.central.postgres import open_postgres, schema_of
from console.central.reading_store import ReadingStore
from console.central.schema import STEPS
from console.central.store_core import SET_META, json_text
from console.central.verdict import Verdict
from console.domain.digests import day_of
from console.store.sqlite import transaction

PAGE_BYTES = 8 * 1024 * 1024  # of record bodies in one answer: consoles read no more than 64 MB


class Repository(ReadingStore):
    """The whole store: readings and objects, and what people entered."""

    # --- records and ops ----------------------------------------------------------------
    def records(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        with self._lock:
            rows = self._db.execute("select id, body from record where kind=? order by seq", (kind,)).fetchall()
        return [(r[0], json.loads(r[1])) for r in rows]

    def record_changes(self, after: int, limit: int) -> tuple[list[tuple[Any, ...]], int, bool]:
        """Return (kind, id, rev, body text, seq) after a place, up to which that is, and whether more follow.

        Long bodies make a page shorter: one that consoles would not read would hold up all that comes after it.
        """
        with self._lock:
            last = self.seq  # before the rows: what an import commits in between comes next time
            rows = self._db.execute(
                "select kind,id,rev,body,seq from record where seq>? order by seq limit ?",
                (after, limit + 1),
            ).fetchall()
        fits = _fitting(rows)
        more = len(rows) > min(limit, fits)
        rows = rows[: min(limit, fits)]
        return rows, rows[-1][4] if more else max([last, after, *(r[4] for r in rows[-1:])]), more

    def record(self, kind: str, record_id: str) -> dict[str, Any] | None:
        with self._lock:
            row = self._db.execute("select body from record where kind=? and id=?", (kind, record_id)).fetchone()
        return json.loads(row[0]) if row else None

    def judge_op(
        self,
        op_id: str,
        body_hash: str,
        author: str,
        decide: Callable[[Callable[[str, str], Mapping[str, Any] | None]], Verdict],
    ) -> tuple[str | None, Verdict]:
        """Return (body hash of an earlier op with this key or None, the verdict that stands).

        Looking for an earlier answer, deciding on the records as they are, keeping the answer and
        its effect: one transaction, so that two people cannot both build on the same version.
        """
        with self._lock, transaction(self._db):
            row = self._db.execute("select body_hash,status,code,current from op_answer where op_id=?", (op_id,)).fetchone()
            if row:
                return row[0], Verdict(row[1], row[2], current=json.loads(row[3]) if row[3] else None)
            verdict = decide(self._asked)
            if not verdict.final:
                return None, verdict
            for kind, record_id, body in verdict.records if verdict.versions_kept else ():
                self._keep_version(kind, record_id, body, verdict.versions_kept)
            if verdict.records:
                self._put_records(verdict.records)
            if verdict.rows:
                self._revise(verdict.rows)
            current = json_text(verdict.current) if verdict.current is not None else ""
            self._db.execute(
                "insert into op_answer(op_id,body_hash,status,code,author,at,current) values(?,?,?,?,?,?,?)",
                (op_id, body_hash, verdict.status, verdict.code, author, int(time.time()), current),
            )
            done = verdict.records[0][0] if verdict.records else verdict.status
            self._audit(author, done, op_id)
        return None, verdict

    def _asked(self, kind: str, record_id: str) -> dict[str, Any] | None:
        """Return a record, or for kind READING the reading that is stored under "sid:t"."""
        if kind != READING:
            return self.record(kind, record_id)
        sid, _, t = record_id.partition(":")
        return self.reading(int(sid), int(t))

    def _keep_version(self, kind: str, record_id: str, body: Mapping[str, Any], kept: int) -> None:
        n = int(body["version"])
        self._db.execute(
            "insert into version values(?,?,?,?) on conflict(kind,id,n) do update set body=excluded.body",
            (kind, record_id, n, json_text(body)),
        )
        self._db.execute("delete from version where kind=? and id=? and n<=?", (kind, record_id, n - kept))

    def versions(self, kind: str, record_id: str) -> list[dict[str, Any]]:
        """Return the kept versions of a record, newest first."""
        with self._lock:
            rows = self._db.execute(
                "select body from version where kind=? and id=? order by n desc", (kind, record_id)
            ).fetchall()
        return [json.loads(r[0]) for r in rows]

    def note_head(self, device: str, n: int, digest: str, since: tuple[int, str] | None) -> bool:
        """Keep the head of a device's audit chain; False, and an audit line, when the chain is another one."""
        with self._lock, transaction(self._db):
            newest = self._db.execute(
                "select n, hash from audit_head where device=? order by n desc limit 1", (device,)
            ).fetchone()
            told = self._db.execute(
                "select hash from audit_head where device=? and n=?", (device, since[0] if since else -1)
            ).fetchone()
            backwards = newest is not None and (n < newest[0] or (n == newest[0] and digest != newest[1]))
            rewritten = told is not None and since is not None and told[0] != since[1]
            if backwards or rewritten:
                self._audit(device, "audit.broken", f"n={n} {'backwards' if backwards else 'rewritten'}")
                return False
            self._db.execute(
                "insert into audit_head values(?,?,?,?) on conflict(device,n) do nothing", (device, n, digest, int(time.time()))
            )
        return True

    # --- rooms, files, resets -----------------------------------------------------------
    def put_room(self, name: str, doc: Mapping[str, Any]) -> int:
        with self._lock, transaction(self._db):
            self._db.execute(
                "insert into room values(?,1,?) on conflict(name) do update set revision=room.revision+1, doc=excluded.doc",
                (name, json_text(doc)),
            )
            row = self._db.execute("select revision from room where name=?", (name,)).fetchone()
        return int(row[0])

    def room(self, name: str) -> tuple[int, dict[str, Any]] | None:
        with self._lock:
            row = self._db.execute("select revision, doc from room where name=?", (name,)).fetchone()
        return (int(row[0]), json.loads(row[1])) if row else None

    def put_file(self, file_id: str, name: str, media: str, size: int, sha256: str) -> None:
        with self._lock, transaction(self._db):
            self._db.execute(
                "insert into file values(?,?,?,?,?) on conflict(id) do update set"
                " name=excluded.name, media=excluded.media, size=excluded.size, sha256=excluded.sha256",
                (file_id, name, media, size, sha256),
            )

    def file(self, file_id: str) -> tuple[str, str, str] | None:
        """Return (name, media type, sha256)."""
        with self._lock:
            row = self._db.execute("select name,media,sha256 from file where id=?", (file_id,)).fetchone()
        return (row[0], row[1], row[2]) if row else None

    def audit(self, actor: str, action: str, detail: str) -> None:
        with self._lock, transaction(self._db):
            self._audit(actor, action, detail)

    def _audit(self, actor: str, action: str, detail: str) -> None:
        self._db.execute("insert into audit(at,actor,action,detail) values(?,?,?,?)", (int(time.time()), actor, action, detail))

    def audited(self, action: str) -> list[tuple[str, str]]:
        """Return (actor, detail) of the audit lines of an action, oldest first."""
        with self._lock:
            rows = self._db.execute("select actor, detail from audit where action=? order by n", (action,)).fetchall()
        return [(r[0], r[1]) for r in rows]

    def audit_rows(self, after: int, limit: int) -> list[tuple[int, int, str, str, str]]:
        """Return (n, at, actor, action, detail) of what was noted after n, oldest first."""
        with self._lock:
            rows = self._db.execute("select n,at,actor,action,detail from audit where n>? order by n limit ?", (after, limit))
            return [(r[0], r[1], r[2], r[3], r[4]) for r in rows.fetchall()]

    def rewind(self, t: int, **meta: str) -> None:
        """Forget readings and alarms after t under a new epoch; what people entered stays.

        Alarms that were open at t are open again; meta is stored in the same transaction.
        """
        with self._lock, transaction(self._db):
            self._db.execute("delete from obs where t>?", (t,))
            self._db.execute("delete from tomb")
            self._db.execute("delete from day where n>?", (day_of(t),))
            self._touch({day_of(t): self.seq})
            for record_id, body in self._db.execute("select id, body from record where kind='alarm'").fetchall():
                alarm = json.loads(body)
                if alarm["onset_t"] > t:
                    self._db.execute("delete from record where kind='alarm' and id=?", (record_id,))
                    continue
                before = dict(alarm)
                # what began by then stood then, also where the centre jumped past it and saw it only later
                alarm["first_seen_t"] = min(alarm["first_seen_t"], t)
                if (alarm["cleared_t"] or 0) > t or (alarm["peak_t"] or 0) > t:
                    value, at = alarm["value"], alarm["onset_t"]
                    alarm |= {"cleared_t": None, "peak": value, "peak_t": at if value is not None else None}
                if alarm != before:
                    self._put_records([("alarm", record_id, alarm)])
            self._db.executemany(SET_META, list(meta.items()))
            self._db.execute("update meta set value=? where key='epoch'", (uuid.uuid4().hex,))


def _fitting(rows: Sequence[tuple[Any, ...]]) -> int:
    """Return how many rows one answer carries, at least one."""
    left = PAGE_BYTES
    for n, row in enumerate(rows):
        left -= len(row[3].encode())
        if left < 0:
            return max(1, n)
    return len(rows)


def open_repository(folder: Path, source: str, url: str = "", *, sole: bool = False) -> Repository:
    """Return the store of a source: its file, or its schema in the database at url.

    sole: as its only central service; an import or a reader beside it does not claim that.

    Raises:
        StoreError: it cannot be opened; nothing was changed.
    """
    place = open_postgres(url, schema_of(source), STEPS, sole=sole) if url else folder / "central.db"
    return Repository(place, f"embedded:{source}")
