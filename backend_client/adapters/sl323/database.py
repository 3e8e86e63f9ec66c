"""Read-only sessions on SQLite and PostgreSQL: names from the catalogue, values as parameters, a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg

from backend_client.adapters.sqlite_file import opened
from backend_client.errors import BackendRefused, BackendUnavailable, WireFormatError

BATCH = 5000


class Database(Protocol):
    """mark: the parameter's place in SQL. Used by one thread."""

    mark: str

    def quote(self, name: str) -> str: ...

    def columns(self, schema: str, table: str) -> tuple[str, tuple[str, ...]]:
        """Return the quoted table and its columns' true names; no columns when there is no such table."""
        ...

    def snapshot(self) -> Any:
        """Return a context in which every query sees the same state; within another it is that one.

        A lost connection is made anew when the outermost begins, never within.
        """
        ...

    def rows(self, sql: str, parameters: Sequence[object]) -> Iterator[tuple[Any, ...]]: ...

    def close(self) -> None: ...


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class SqliteDatabase:
    """A file that another program may be writing; opened by what the caller gives us."""

    mark = "?"

    def __init__(self, path: Path, open_sqlite: Callable[[Path], Any], timeout_s: float) -> None:
        self._path = path
        self._open_sqlite = open_sqlite
        self._timeout_s = timeout_s
        self._inside = False
        self._deadline = time.monotonic() + timeout_s
        self._db, self._file = self._connected()

    def _connected(self) -> tuple[Any, tuple[int, int]]:
        """Open read-only; also return which file it is, to notice when another takes its place."""
        db = opened(self._path, self._open_sqlite)
        db.set_progress_handler(lambda: int(time.monotonic() > self._deadline), 10_000)
        db.execute("pragma query_only=1")
        return db, self._identity()

    def _identity(self) -> tuple[int, int]:
        try:
            facts = self._path.stat()
        except OSError as exc:
            raise BackendUnavailable(f"{self._path.name}: {exc.strerror or exc}") from exc
        return facts.st_dev, facts.st_ino

    def quote(self, name: str) -> str:
        return quoted(name)

    def columns(self, schema: str, table: str) -> tuple[str, tuple[str, ...]]:
        kinds = "select name from sqlite_master where type in ('table', 'view') and lower(name) = lower(?)"
        true = [str(r[0]) for r in self.rows(kinds, (table,))]
        if not true:
            return "", ()
        found = tuple(str(r[0]) for r in self.rows("select name from pragma_table_info(?)", (true[0],)))
        return quoted(true[0]), found

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        if self._inside:
            yield
            return
        if self._identity() != self._file:  # a copy that is renamed into place each night
            before = self._db
            self._db, self._file = self._connected()
            before.close()
        list(self.rows("begin", ()))
        self._inside = True
        try:
            yield
        finally:
            self._inside = False
            if self._db.in_transaction:
                self._db.rollback()

    def rows(self, sql: str, parameters: Sequence[object]) -> Iterator[tuple[Any, ...]]:
        self._deadline = time.monotonic() + self._timeout_s
        try:
            cursor = self._db.execute(sql, tuple(parameters))
            while part := cursor.fetchmany(BATCH):
                yield from part
        except self._db.OperationalError as exc:  # locked, interrupted at the deadline, disk
            raise BackendUnavailable(f"SQLite: {exc}") from exc
        except self._db.DatabaseError as exc:
            raise WireFormatError(f"SQLite: {exc}") from exc

    def close(self) -> None:
        self._db.close()


class PostgresDatabase:
    """A session that the server itself keeps from writing and from running long."""

    mark = "%s"

    def __init__(self, dsn: str, timeout_s: float) -> None:
        self._dsn = dsn
        self._options = f"-c default_transaction_read_only=on -c statement_timeout={int(timeout_s * 1000)} -c datestyle=ISO"
        self._inside = False
        self._db = self._connected()

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        try:
            db = psycopg.connect(self._dsn, options=self._options, connect_timeout=10, application_name="flood-console reader")
        except psycopg.ProgrammingError as exc:
            raise BackendRefused(0, "dsn") from exc
        except psycopg.Error as exc:
            raise BackendUnavailable(f"PostgreSQL: {_words(exc)}") from exc
        db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        db.read_only = True
        return db

    def quote(self, name: str) -> str:
        return quoted(name).replace("%", "%%")  # the driver reads % in the text

    def columns(self, schema: str, table: str) -> tuple[str, tuple[str, ...]]:
        sql = (
            "select table_schema, table_name, column_name from information_schema.columns"
            " where lower(table_name) = lower(%s) and (table_schema = %s or (%s = '' and table_schema ="
            " any(current_schemas(false)))) order by table_schema, table_name, ordinal_position"
        )
        with self.snapshot():
            found = list(self.rows(sql, (table, schema, schema)))
        if not found:
            return "", ()
        home = found[0][:2]
        return f"{self.quote(home[0])}.{self.quote(home[1])}", tuple(str(r[2]) for r in found if r[:2] == home)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        if self._inside:
            yield
            return
        if self._db.closed:
            self._db = self._connected()
        self._inside = True
        try:
            yield
        finally:
            self._inside = False
            if not self._db.closed:
                self._rolled_back()

    def _rolled_back(self) -> None:
        """End the transaction: left open it would hold the server's old rows, and show us yesterday's."""
        try:
            self._db.rollback()
        except psycopg.Error:
            self._db.close()  # the connection is lost: the next snapshot makes a new one

    def rows(self, sql: str, parameters: Sequence[object]) -> Iterator[tuple[Any, ...]]:
        try:
            with self._db.cursor(name="reader") as cursor:
                cursor.itersize = BATCH
                cursor.execute(sql, tuple(parameters))
                yield from cursor
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidAuthorizationSpecification) as exc:
            raise BackendRefused(403, "database-privilege") from exc
        except (psycopg.OperationalError, psycopg.InterfaceError) as exc:  # lost, cancelled at the time limit
            raise BackendUnavailable(f"PostgreSQL: {_words(exc)}") from exc
        except psycopg.Error as exc:
            raise WireFormatError(f"PostgreSQL: {_words(exc)}") from exc

    def close(self) -> None:
        self._db.close()


def _words(exc: psycopg.Error) -> str:
    """Return the error's first line; a connection's error repeats the DSN's host but never the password."""
    return str(exc).strip().splitlines()[0][:200] if str(exc).strip() else type(exc).__name__
