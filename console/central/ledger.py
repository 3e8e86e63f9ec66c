"""One writer and one sequence: every change takes the next number, and numbers are in commit order.

Statements are those that SQLite and PostgreSQL both understand (``on conflict``, row values,
``?``): one class serves a file and a database server. The little that differs is in
``console.central.postgres``.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from console.central.postgres import PostgresConnection, StoreConnection
from console.central.schema import STEPS
from console.store.sqlite import migrate, open_writer, transaction

SET_META = "insert into meta values(?, ?) on conflict(key) do update set value=excluded.value"


class Ledger:
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
    return json.dumps(doc, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
