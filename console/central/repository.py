"""The centre's store: one writer, a sequence in commit order, answers kept with their effects.

The interface is small on purpose: a PostgreSQL twin has to offer these methods and no more.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.central.schema import STEPS
from console.store.sqlite import migrate, open_writer, transaction

Row = tuple[int, int, float | None, int]
RecordItem = tuple[str, str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Identity and description of a series; unit and datum as published."""

    object_code: str
    element: str
    unit: str
    datum: str = ""
    source: str = ""
    interval_s: int = 3600


class Repository:
    """Thread-safe by one lock; every public method is one short transaction."""

    def __init__(self, path: Path, service: str) -> None:
        self._db = open_writer(path, full=True)  # what was answered "applied" survives a power cut
        self._lock = threading.RLock()
        migrate(self._db, STEPS, path.name)
        self.service = service
        with self._lock, transaction(self._db):
            for key, value in (("epoch", uuid.uuid4().hex), ("seq", "0")):
                self._db.execute("insert or ignore into meta values(?, ?)", (key, value))

    def close(self) -> None:
        with self._lock:
            self._db.execute("pragma optimize")
            self._db.close()

    # --- meta ---------------------------------------------------------------------------
    def meta(self, key: str, default: str = "") -> str:
        with self._lock:
            row = self._db.execute("select value from meta where key=?", (key,)).fetchone()
        return str(row[0]) if row else default

    def set_meta(self, **values: str) -> None:
        with self._lock, transaction(self._db):
            self._db.executemany("insert or replace into meta values(?, ?)", list(values.items()))

    @property
    def epoch(self) -> str:
        return self.meta("epoch")

    @property
    def seq(self) -> int:
        return int(self.meta("seq", "0"))

    def data_version(self) -> int:
        """Change whenever another process (an import) wrote to the file."""
        with self._lock:
            return int(self._db.execute("pragma data_version").fetchone()[0])

    def _take_seq(self, count: int) -> int:
        first = int(self._db.execute("select value from meta where key='seq'").fetchone()[0]) + 1
        self._db.execute("update meta set value=? where key='seq'", (str(first + count - 1),))
        return first

    # --- objects ------------------------------------------------------------------------
    def put_objects(self, kind: str, docs: Iterable[Mapping[str, Any]]) -> None:
        rows = [(kind, d["code"], int(d.get("version", 1)), _json(d)) for d in docs]
        with self._lock, transaction(self._db):
            self._db.executemany("insert or replace into object values(?,?,?,?)", rows)

    def drop_object(self, kind: str, code: str) -> None:
        with self._lock, transaction(self._db):
            self._db.execute("delete from object where kind=? and code=?", (kind, code))

    def objects(self, kind: str) -> list[dict[str, Any]]:
        if kind == "series":
            return self._series_docs()
        with self._lock:
            rows = self._db.execute("select doc from object where kind=? order by code", (kind,)).fetchall()
        return [json.loads(r[0]) for r in rows]

    def ensure_series(self, key: SeriesKey) -> int:
        with self._lock, transaction(self._db):
            self._db.execute(
                "insert or ignore into series(object_code,element,unit,datum,source,interval_s) values(?,?,?,?,?,?)",
                (key.object_code, key.element, key.unit, key.datum, key.source, key.interval_s),
            )
            row = self._db.execute(
                "select sid from series where object_code=? and element=? and source=?",
                (key.object_code, key.element, key.source),
            ).fetchone()
        return int(row[0])

    def _series_docs(self) -> list[dict[str, Any]]:
        with self._lock:
            rows = self._db.execute(
                "select sid,object_code,element,unit,datum,source,interval_s from series order by sid"
            ).fetchall()
        names = ("sid", "object", "element", "unit", "datum", "source", "interval_s")
        return [{"code": str(r[0]), "version": 1, "properties": dict(zip(names, r, strict=True))} for r in rows]

    # --- observations -------------------------------------------------------------------
    def commit_rows(
        self, rows: Sequence[Row], then: Callable[[list[Row]], Sequence[RecordItem]] | None = None, **meta: str
    ) -> list[Row]:
        """Store readings (sid, t, value, quality); return those that were new or changed.

        An identical reading changes nothing; another value for the same time is a new revision.
        then() is given the fresh readings and returns records (alarms) that belong to them; they
        and the meta values are stored in the same transaction.
        """
        fresh: list[Row] = []
        stored = []
        with self._lock, transaction(self._db):
            for sid, t, value, quality in {(r[0], r[1]): r for r in rows}.values():
                old = self._db.execute("select value, quality, rev from obs where series=? and t=?", (sid, t)).fetchone()
                if old and old[0] == value and old[1] == quality:
                    continue
                fresh.append((sid, t, value, quality))
                stored.append([sid, t, value, quality, (old[2] + 1) if old else 1])
            first = self._take_seq(len(stored)) if stored else 0
            self._db.executemany(
                "insert or replace into obs values(?,?,?,?,?,?)",
                [(*row, first + i) for i, row in enumerate(stored)],
            )
            records = then(fresh) if then is not None and fresh else ()
            if records:
                self._put_records(records)
            self._db.executemany("insert or replace into meta values(?, ?)", list(meta.items()))
        return fresh

    def changes(self, after: int, limit: int) -> tuple[list[tuple[Any, ...]], int, bool]:
        """Return (rows sid,t,value,quality,rev,seq in commit order, next, more)."""
        with self._lock:
            rows = self._db.execute(
                "select series,t,value,quality,rev,seq from obs where seq>? order by seq limit ?",
                (after, limit + 1),
            ).fetchall()
            last = self.seq
        more = len(rows) > limit
        rows = rows[:limit]
        return rows, rows[-1][5] if more else max(last, after), more

    def tombs(self, after: int, upto: int) -> list[tuple[int, int, int]]:
        with self._lock:
            rows = self._db.execute(
                "select series,t,rev from tomb where seq>? and seq<=? order by seq", (after, upto)
            ).fetchall()
        return [(r[0], r[1], r[2]) for r in rows]

    def delete_row(self, sid: int, t: int) -> None:
        with self._lock, transaction(self._db):
            old = self._db.execute("select rev from obs where series=? and t=?", (sid, t)).fetchone()
            if old is None:
                return
            seq = self._take_seq(1)
            self._db.execute("delete from obs where series=? and t=?", (sid, t))
            self._db.execute("insert or replace into tomb values(?,?,?,?)", (sid, t, old[0] + 1, seq))

    def latest(self) -> list[tuple[Any, ...]]:
        with self._lock:
            return list(
                self._db.execute(
                    "select o.series,o.t,o.value,o.quality,o.rev from series s join obs o on"
                    " o.series=s.sid and o.t=(select max(t) from obs where series=s.sid)"
                ).fetchall()
            )

    def in_series_order(self, from_t: int, to_t: int, page: int) -> Iterator[list[tuple[Any, ...]]]:
        """Yield pages of (sid,t,value,quality,rev) of from_t ≤ t ≤ to_t in series order."""
        last: tuple[int, int] = (-1, -1)
        while True:
            with self._lock:
                rows = self._db.execute(
                    "select series,t,value,quality,rev from obs where (series,t)>(?,?)"
                    " and t between ? and ? order by series,t limit ?",
                    (*last, from_t, to_t, page),
                ).fetchall()
            if not rows:
                return
            yield rows
            last = (rows[-1][0], rows[-1][1])

    def extent(self) -> tuple[int, int] | None:
        with self._lock:
            row = self._db.execute("select min(t), max(t) from obs").fetchone()
        return (row[0], row[1]) if row and row[0] is not None else None

    # --- records and ops ----------------------------------------------------------------
    def put_records(self, items: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
        """Store (kind, id, body) as new revisions."""
        with self._lock, transaction(self._db):
            self._put_records(items)

    def _put_records(self, items: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
        first = self._take_seq(len(items))
        for i, (kind, record_id, body) in enumerate(items):
            self._db.execute(
                "insert into record values(?,?,1,?,?) on conflict(kind,id) do update set"
                " rev=record.rev+1, seq=excluded.seq, body=excluded.body",
                (kind, record_id, first + i, _json(body)),
            )

    def records(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        with self._lock:
            rows = self._db.execute("select id, body from record where kind=? order by seq", (kind,)).fetchall()
        return [(r[0], json.loads(r[1])) for r in rows]

    def record_changes(self, after: int, limit: int) -> tuple[list[tuple[Any, ...]], int, bool]:
        with self._lock:
            rows = self._db.execute(
                "select kind,id,rev,body,seq from record where seq>? order by seq limit ?",
                (after, limit + 1),
            ).fetchall()
            last = self.seq
        more = len(rows) > limit
        rows = rows[:limit]
        return rows, rows[-1][4] if more else max(last, after), more

    def answered(self, op_id: str) -> tuple[str, str, str] | None:
        """Return (body_hash, status, code) of an op answered before."""
        with self._lock:
            row = self._db.execute("select body_hash,status,code from op_answer where op_id=?", (op_id,)).fetchone()
        return (row[0], row[1], row[2]) if row else None

    def apply_op(
        self,
        op_id: str,
        body_hash: str,
        author: str,
        verdict: tuple[str, str],
        record: tuple[str, str, Mapping[str, Any]] | None,
    ) -> None:
        """Keep the answer and its effect in one transaction."""
        with self._lock, transaction(self._db):
            if record is not None:
                self._put_records([record])
            self._db.execute(
                "insert into op_answer values(?,?,?,?,?,?)",
                (op_id, body_hash, *verdict, author, int(time.time())),
            )
            self._db.execute(
                "insert into audit(at,actor,action,detail) values(?,?,?,?)",
                (int(time.time()), author, record[0] if record else "refused", op_id),
            )

    # --- rooms, files, resets -----------------------------------------------------------
    def put_room(self, name: str, doc: Mapping[str, Any]) -> int:
        with self._lock, transaction(self._db):
            self._db.execute(
                "insert into room values(?,1,?) on conflict(name) do update set revision=room.revision+1, doc=excluded.doc",
                (name, _json(doc)),
            )
            row = self._db.execute("select revision from room where name=?", (name,)).fetchone()
        return int(row[0])

    def room(self, name: str) -> tuple[int, dict[str, Any]] | None:
        with self._lock:
            row = self._db.execute("select revision, doc from room where name=?", (name,)).fetchone()
        return (int(row[0]), json.loads(row[1])) if row else None

    def put_file(self, file_id: str, name: str, media: str, size: int, sha256: str) -> None:
        with self._lock, transaction(self._db):
            self._db.execute("insert or replace into file values(?,?,?,?,?)", (file_id, name, media, size, sha256))

    def file(self, file_id: str) -> tuple[str, str, str] | None:
        """Return (name, media type, sha256)."""
        with self._lock:
            row = self._db.execute("select name,media,sha256 from file where id=?", (file_id,)).fetchone()
        return (row[0], row[1], row[2]) if row else None

    def audit(self, actor: str, action: str, detail: str) -> None:
        with self._lock, transaction(self._db):
            self._db.execute(
                "insert into audit(at,actor,action,detail) values(?,?,?,?)",
                (int(time.time()), actor, action, detail),
            )

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
            for record_id, body in self._db.execute("select id, body from record where kind='alarm'").fetchall():
                alarm = json.loads(body)
                if alarm["first_seen_t"] > t or alarm["onset_t"] > t:
                    self._db.execute("delete from record where kind='alarm' and id=?", (record_id,))
                elif (alarm["cleared_t"] or 0) > t or (alarm["peak_t"] or 0) > t:
                    value, at = alarm["value"], alarm["onset_t"]
                    alarm |= {"cleared_t": None, "peak": value, "peak_t": at if value is not None else None}
                    self._put_records([("alarm", record_id, alarm)])
            self._db.executemany("insert or replace into meta values(?, ?)", list(meta.items()))
            self._db.execute("update meta set value=? where key='epoch'", (uuid.uuid4().hex,))


def _json(doc: Mapping[str, Any]) -> str:
    return json.dumps(doc, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
