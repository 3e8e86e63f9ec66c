"""Tiles of map services kept on this machine within a limit: what an officer saw once can be seen offline."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from console.errors import StoreError
from console.store.sqlite import Connection, DatabaseError, OperationalError, migrate, open_writer, transaction

log = logging.getLogger(__name__)
LIMIT_BYTES = 2 * 1024**3
SPARE = 0.9  # of the limit, left after the oldest were removed
TOUCH_S = 3600.0  # how finely the last use is remembered; not every look is a write
STEPS = (
    """
    create table tile(
        source text not null, z integer not null, x integer not null, y integer not null, fetched real not null,
        used real not null, size integer not null, data blob not null, primary key(source, z, x, y)) strict, without rowid;
    create index tile_used on tile(used);
    create table about(source text primary key, doc text not null) strict, without rowid
    """,
)


class TileCache:
    """Shared by the threads of one process; other processes may use the same file.

    A damaged or full cache costs only its tiles: it is begun anew, or left alone until the next start.
    """

    def __init__(self, path: Path, *, limit_bytes: int = LIMIT_BYTES, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._limit = limit_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._size = 0
        self._db: Connection | None = self._opened()

    def close(self) -> None:
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def get(self, source: str, z: int, x: int, y: int) -> tuple[bytes, float] | None:
        """Return (bytes, age in seconds); empty bytes are a tile that the service does not have."""
        where = (source, z, x, y)
        with self._use() as db:
            if db is None:
                return None
            row = db.execute("select data, fetched, used from tile where source=? and z=? and x=? and y=?", where).fetchone()
            if row is None:
                return None
            now = self._clock()
            if now - row[2] > TOUCH_S:
                db.execute("update tile set used=? where source=? and z=? and x=? and y=?", (now, *where))
            return bytes(row[0]), max(0.0, now - row[1])
        return None

    def put(self, source: str, z: int, x: int, y: int, data: bytes) -> None:
        now = self._clock()
        with self._use() as db:
            if db is None:
                return
            with transaction(db):
                db.execute(
                    "insert or replace into tile values(?,?,?,?,?,?,?,?)", (source, z, x, y, now, now, len(data) + 100, data)
                )
                self._size += len(data) + 100
                if self._size > self._limit:
                    self._make_room(db)

    def about(self, source: str) -> dict[str, Any] | None:
        """Return what a service said about itself when it was last heard."""
        with self._use() as db:
            row = db.execute("select doc from about where source=?", (source,)).fetchone() if db is not None else None
            found = json.loads(row[0]) if row else None
            return found if isinstance(found, dict) else None
        return None

    def set_about(self, source: str, doc: dict[str, Any]) -> None:
        with self._use() as db:
            if db is not None:
                db.execute("insert or replace into about values(?,?)", (source, json.dumps(doc, ensure_ascii=False)))

    def forget(self, source: str) -> None:
        """Remove a source that the user took off the map."""
        with self._use() as db:
            if db is not None:
                with transaction(db):
                    db.execute("delete from tile where source=?", (source,))
                    db.execute("delete from about where source=?", (source,))
                    self._size = _total(db)

    def size_bytes(self) -> int:
        with self._use() as db:
            return _total(db) if db is not None else 0
        return 0

    def _make_room(self, db: Connection) -> None:
        """Remove the tiles that were not looked at for longest; the true size is asked for, others write too."""
        self._size = _total(db)
        while self._size > self._limit * SPARE:
            rows = db.execute("select source, z, x, y, size from tile order by used limit 200").fetchall()
            if not rows:
                return
            for *where, size in rows:
                db.execute("delete from tile where source=? and z=? and x=? and y=?", where)
                self._size -= size
                if self._size <= self._limit * SPARE:
                    return

    @contextlib.contextmanager
    def _use(self) -> Iterator[Connection | None]:
        """Hand out the file to one thread at a time; a fault ends in a fresh file or none."""
        with self._lock:
            try:
                yield self._db
            except OperationalError as exc:  # a full disk, or another process that holds it for long
                log.warning("tile cache not used this time: %r", exc)
            except (DatabaseError, ValueError) as exc:
                log.warning("tile cache damaged, begun anew: %r", exc)
                if self._db is not None:
                    self._db.close()
                self._db = self._begun_anew()

    def _opened(self) -> Connection | None:
        try:
            return self._ready()
        except (StoreError, DatabaseError) as exc:
            log.warning("tile cache unreadable, begun anew: %r", exc)
            return self._begun_anew()

    def _ready(self) -> Connection:
        db = open_writer(self._path)
        try:
            migrate(db, STEPS, self._path.name)
            self._size = _total(db)
        except (StoreError, DatabaseError):
            db.close()
            raise
        return db

    def _begun_anew(self) -> Connection | None:
        try:
            for end in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + end).unlink(missing_ok=True)
            return self._ready()
        except (StoreError, DatabaseError, OSError) as exc:
            log.warning("no tile cache in this run: %r", exc)
            return None


def _total(db: Connection) -> int:
    return int(db.execute("select coalesce(sum(size), 0) from tile").fetchone()[0])
