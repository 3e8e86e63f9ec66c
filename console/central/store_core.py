"""The centre's store, its ground: connection, lock, sequence, objects and series."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.central.postgres import PostgresConnection, StoreConnection
from console.central.schema import STEPS
from console.store.sqlite import migrate, open_writer, transaction

Row = tuple[int, int, float | None, int]
SET_META = "insert into meta values(?, ?) on conflict(key) do update set value=excluded.value"
KEYS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Identity and description of a series; unit and datum as published."""

    object_code: str
    element: str
    unit: str
    datum: str = ""
    source: str = ""
    interval_s: int = 3600


class StoreCore:
    """Thread-safe by one lock; every public method is one short transaction."""

    def __init__(self, path: Path | PostgresConnection, service: str) -> None:
        self._lock = threading.RLock()
        self._db: StoreConnection = path if isinstance(path, PostgresConnection) else _file(path)
        self.service = service
        with self._lock, transaction(self._db):
            for key, value in (("epoch", uuid.uuid4().hex), ("seq", "0")):
                self._db.execute("insert into meta values(?, ?) on conflict do nothing", (key, value))

    def close(self) -> None:
        with self._lock:
            if not isinstance(self._db, PostgresConnection):
                self._db.execute("pragma optimize")
            self._db.close()

    # --- meta ---------------------------------------------------------------------------
    def meta(self, key: str, default: str = "") -> str:
        with self._lock:
            row = self._db.execute("select value from meta where key=?", (key,)).fetchone()
        return str(row[0]) if row else default

    def set_meta(self, **values: str) -> None:
        with self._lock, transaction(self._db):
            self._db.executemany(SET_META, list(values.items()))

    @property
    def epoch(self) -> str:
        return self.meta("epoch")

    @property
    def seq(self) -> int:
        return int(self.meta("seq", "0"))

    def renew_epoch(self, why: str) -> None:
        """Begin a new epoch: every console refetches and offers its entries again."""
        with self._lock, transaction(self._db):
            self._db.execute("update meta set value=? where key='epoch'", (uuid.uuid4().hex,))
            self._db.execute(
                "insert into audit(at,actor,action,detail) values(?,?,?,?)", (int(time.time()), "service", "epoch", why)
            )

    def data_version(self) -> int:
        """Change whenever another process (an import) wrote to the store."""
        with self._lock:
            if isinstance(self._db, PostgresConnection):
                return self._db.data_version()
            return int(self._db.execute("pragma data_version").fetchone()[0])

    def _take_seq(self, count: int) -> int:
        first = int(self._db.execute("select value from meta where key='seq'").fetchone()[0]) + 1
        self._db.execute("update meta set value=? where key='seq'", (str(first + count - 1),))
        return first

    # --- objects ------------------------------------------------------------------------
    def objects_version(self) -> int:
        """Return a number that grows whenever an object or a series is put or dropped."""
        return int(self.meta("objects", "0"))

    def _objects_changed(self) -> None:
        self._db.execute(
            "insert into meta values('objects','1') on conflict(key) do update set value=cast(meta.value as integer)+1"
        )

    def put_objects(self, kind: str, docs: Iterable[Mapping[str, Any]]) -> None:
        rows = [(kind, d["code"], int(d.get("version", 1)), json_text(d)) for d in docs]
        with self._lock, transaction(self._db):
            self._db.executemany(
                "insert into object values(?,?,?,?) on conflict(kind,code) do update set"
                " version=excluded.version, doc=excluded.doc",
                rows,
            )
            if kind != "sources":  # their states say nothing about who belongs to which scope
                self._objects_changed()

    def drop_object(self, kind: str, code: str) -> None:
        with self._lock, transaction(self._db):
            self._db.execute("delete from object where kind=? and code=?", (kind, code))
            if kind != "sources":  # their states say nothing about who belongs to which scope
                self._objects_changed()

    def objects(self, kind: str) -> list[dict[str, Any]]:
        if kind == "series":
            return self._series_docs()
        with self._lock:
            rows = self._db.execute("select doc from object where kind=? order by code", (kind,)).fetchall()
        return [json.loads(r[0]) for r in rows]

    def ensure_series(self, key: SeriesKey) -> int:
        return self.ensure_all([key])[0]

    def ensure_all(self, keys: Sequence[SeriesKey]) -> list[int]:
        """Return the number of each series, new or known, in one transaction."""
        found = []
        with self._lock, transaction(self._db):
            before = self._db.execute("select count(*) from series").fetchone()[0]
            self._db.executemany(
                "insert into series(object_code,element,unit,datum,source,interval_s) values(?,?,?,?,?,?)"
                " on conflict do nothing",
                [(k.object_code, k.element, k.unit, k.datum, k.source, k.interval_s) for k in keys],
            )
            if self._db.execute("select count(*) from series").fetchone()[0] != before:
                self._objects_changed()
            for key in keys:
                row = self._db.execute(
                    "select sid from series where object_code=? and element=? and source=?",
                    (key.object_code, key.element, key.source),
                ).fetchone()
                found.append(int(row[0]))
        return found

    def _series_docs(self) -> list[dict[str, Any]]:
        with self._lock:
            rows = self._db.execute(
                "select sid,object_code,element,unit,datum,source,interval_s from series order by sid"
            ).fetchall()
        names = ("sid", "object", "element", "unit", "datum", "source", "interval_s")
        return [{"code": str(r[0]), "version": 1, "properties": dict(zip(names, r, strict=True))} for r in rows]

    # --- records --------------------------------------------------------------------------
    def put_records(self, items: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
        """Store (kind, id, body) as new revisions."""
        with self._lock, transaction(self._db):
            self._put_records(items)

    def _put_records(self, items: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
        """Each body carries its place in the centre's order: what is shown is never ordered by a client's clock."""
        first = self._take_seq(len(items))
        for i, (kind, record_id, body) in enumerate(items):
            self._db.execute(
                "insert into record values(?,?,1,?,?) on conflict(kind,id) do update set"
                " rev=record.rev+1, seq=excluded.seq, body=excluded.body",
                (kind, record_id, first + i, json_text({**body, "seq": first + i})),
            )


def _file(path: Path) -> Any:
    db = open_writer(path, full=True)  # what was answered "applied" survives a power cut
    migrate(db, STEPS, path.name)
    return db


def json_text(doc: Mapping[str, Any]) -> str:
    """Return a document as it is stored: one text for equal documents."""
    return json.dumps(doc, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
