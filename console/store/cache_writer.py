"""The only writer of telemetry, latest and reference files; lives in the sync process.

Rows of a page go into their month files first, each with the page's cursor; then latest values
and the feed cursor in one transaction. A kill in between leaves the cursor behind the rows, and
rows may come twice (highest rev wins). A power cut that undoes a month file's last commit is
seen at start: its own cursor is behind the one noted in latest.db, and the feed goes back there.
"""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.domain.digests import Digest
from console.paths import Profile
from console.store import schema
from console.store.day_repair import day_digest, days_in, drop_others, replace_window, series_in
from console.store.progress import Progress
from console.store.sqlite import Connection, DatabaseError, migrate, open_writer, transaction

UPSERT = (
    "insert into obs values(?,?,?,?,?) on conflict(sid,t) do update set value=excluded.value,"
    " quality=excluded.quality, rev=excluded.rev where excluded.rev>=obs.rev"
)
REFILL = "refill"  # in link while latest values may differ from the month files
Columns = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]


def month_of(t: int) -> str:
    """Return the UTC month that names a telemetry file, YYYYMM."""
    return datetime.fromtimestamp(t, UTC).strftime("%Y%m")


def _month_keys(t: NDArray[np.int64]) -> NDArray[np.int64]:
    months = (t.astype("datetime64[s]").astype("datetime64[M]")).astype(np.int64)
    return np.asarray((months // 12 + 1970) * 100 + months % 12 + 1)


class CacheWriter:
    """Writes one profile's cache files."""

    def __init__(self, profile: Profile) -> None:
        profile.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._profile = profile
        self._latest = open_writer(profile.latest)
        migrate(self._latest, schema.LATEST, profile.latest.name)
        self._reference = open_writer(profile.reference)
        migrate(self._reference, schema.REFERENCE, profile.reference.name)
        self._months: dict[str, Connection] = {}
        self.progress = Progress(self._latest)
        if REFILL in self.link():  # killed between a day's replacement and what follows from it
            self._refill({sid for name in self._held() for sid in series_in(self._month(name))})

    def close(self) -> None:
        for db in (*self._months.values(), self._latest, self._reference):
            with contextlib.suppress(DatabaseError):  # a damaged file is closed all the same
                db.execute("pragma optimize")
            db.close()
        self._months.clear()

    # --- where a feed stands ------------------------------------------------------------
    def cursor(self, feed: str) -> str:
        """Return the cursor to go on from; the oldest of latest.db's and the month files'."""
        db = self._latest if feed == "obs" else self._reference
        row = db.execute("select cursor from feed where name=?", (feed,)).fetchone()
        if row is None:
            return ""
        cursor = str(row[0])
        if feed == "obs":
            for name, noted in self._latest.execute("select name, cursor from month").fetchall():
                held = self._month(name).execute("select cursor from mark where feed='obs'").fetchone()
                if held is None or seq_of(held[0]) < seq_of(noted):
                    cursor = min(cursor, held[0] if held else "", key=seq_of)
        return cursor

    def link(self) -> dict[str, str]:
        return dict(self._latest.execute("select key, value from link").fetchall())

    def note_link(self, **values: str) -> None:
        with transaction(self._latest):
            self._latest.executemany("insert or replace into link values(?,?)", list(values.items()))

    # --- observations -------------------------------------------------------------------
    def apply(self, columns: Columns, cursor: str | None, tomb: Sequence[tuple[int, int, int]] = ()) -> None:
        """Store one page; cursor None for rows that do not move the feed (latest, bundles)."""
        sid, t, value, quality, rev = columns
        keys = _month_keys(t)
        touched = []
        for key in np.unique(keys):
            part = keys == key
            rows = _rows(sid[part], t[part], value[part], quality[part], rev[part])
            self._into_month(str(key), rows, cursor)
            touched.append(str(key))
        for name, gone in self._by_month(tomb).items():
            self._delete(name, gone, cursor)
            touched.append(name)
        self._commit_latest(columns, tomb, cursor, touched)

    def _month(self, name: str) -> Connection:
        if name not in self._months:
            path = self._profile.telemetry(name)
            db = open_writer(path)
            migrate(db, schema.TELEMETRY, path.name)
            self._months[name] = db
        return self._months[name]

    def _into_month(self, name: str, rows: list[tuple[Any, ...]], cursor: str | None) -> None:
        db = self._month(name)
        with transaction(db):
            db.executemany(UPSERT, rows)
            if cursor is not None:
                db.execute("insert or replace into mark values('obs',?,0)", (cursor,))

    def _by_month(self, tomb: Iterable[tuple[int, int, int]]) -> dict[str, list[tuple[int, int, int]]]:
        found: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        for item in tomb:
            found[month_of(item[1])].append(item)
        return found

    def _delete(self, name: str, gone: list[tuple[int, int, int]], cursor: str | None) -> None:
        db = self._month(name)
        with transaction(db):
            db.executemany("delete from obs where sid=? and t=? and rev<=?", gone)
            if cursor is not None:
                db.execute("insert or replace into mark values('obs',?,0)", (cursor,))

    def _commit_latest(
        self,
        columns: Columns,
        tomb: Sequence[tuple[int, int, int]],
        cursor: str | None,
        touched: list[str],
    ) -> None:
        newest = _newest(columns)
        with transaction(self._latest):
            self._latest.executemany(
                "insert into latest values(?,?,?,?,?) on conflict(sid) do update set t=excluded.t,"
                " value=excluded.value, quality=excluded.quality, rev=excluded.rev"
                " where excluded.t>latest.t or (excluded.t=latest.t and excluded.rev>=latest.rev)",
                newest,
            )
            dropped = [
                sid
                for sid, t, _rev in tomb
                if self._latest.execute("delete from latest where sid=? and t=?", (sid, t)).rowcount
            ]
            if cursor is not None:
                self._latest.execute("insert or replace into feed values('obs',?)", (cursor,))
                self._latest.executemany("insert or replace into month values(?,?)", [(m, cursor) for m in touched])
            self._fill_latest(dropped)

    def put_latest(self, columns: Columns) -> None:
        """Make the latest values those of an answer, which names every series; history is not touched."""
        with transaction(self._latest):
            self._latest.execute("delete from latest")
            self._latest.executemany("insert or replace into latest values(?,?,?,?,?)", _newest(columns))

    def rewind(self, cursor: str) -> None:
        """Set the feed back to an older cursor, if it is one.

        Before rows of an older snapshot come in: what was deleted since then is told again.
        """
        if seq_of(cursor) < seq_of(self.cursor("obs")):
            with transaction(self._latest):
                self._latest.execute("insert or replace into feed values('obs',?)", (cursor,))

    # --- windows and days -----------------------------------------------------------------
    def settle_rows(self) -> None:
        """Bring what the month files hold so far to the disk; a window is noted as fetched after that.

        A checkpoint syncs the log first, so that a power cut cannot take rows of a noted window.
        """
        for db in self._months.values():
            db.execute("pragma wal_checkpoint(passive)").fetchall()

    def days_held(self, from_t: int, to_t: int) -> list[int]:
        """Return the Beijing days (since 1970) of which a reading of from_t ≤ t ≤ to_t is here."""
        found: set[int] = set()
        for name in self._held():
            if month_of(from_t) <= name <= month_of(to_t):
                found |= days_in(self._month(name), from_t, to_t)
        return sorted(found, reverse=True)

    def digest(self, from_t: int, to_t: int) -> Digest:
        """Return count and xor of the cached readings of from_t ≤ t ≤ to_t."""
        total = Digest()
        for db in self._months_of(from_t, to_t).values():
            total = total.plus(day_digest(db, from_t, to_t))
        return total

    def replace(self, from_t: int, to_t: int, pages: Iterable[Columns]) -> set[int]:
        """Make a window equal to a snapshot of it; return the series in which something differed."""
        rows = (_rows(*page) for page in pages if len(page[0]))
        self.note_link(**{REFILL: "due"})
        changed = replace_window(self._months_of(from_t, to_t), month_of, (from_t, to_t), rows)
        self._refill(changed)
        return changed

    def drop_series(self, keep: set[int]) -> None:
        """Drop the readings of all other series; may be done again after a kill."""
        for name in self._held():
            drop_others(self._month(name), keep)
        gone = [(r[0],) for r in self._latest.execute("select sid from latest").fetchall() if r[0] not in keep]
        with transaction(self._latest):
            self._latest.executemany("delete from latest where sid=?", gone)

    def _months_of(self, from_t: int, to_t: int) -> dict[str, Connection]:
        first, last = month_of(from_t), month_of(to_t)
        return {n: self._month(n) for n in sorted({*self._held(), first, last}) if first <= n <= last}

    def _held(self) -> list[str]:
        """Return the months that have a file, oldest first."""
        return [p.stem.removeprefix("tele-") for p in self._profile.telemetry_files()]

    def _refill(self, sids: Iterable[int]) -> None:
        with transaction(self._latest):
            self._latest.executemany("delete from latest where sid=?", [(sid,) for sid in sids])
            self._fill_latest(sids)
            self._latest.execute("delete from link where key=?", (REFILL,))

    def _fill_latest(self, sids: Iterable[int]) -> None:
        """Take the newest reading of each series from the month files; inside a transaction of latest.db."""
        newest_first = self._held()[::-1]
        for sid in sids:
            for name in newest_first:
                query = "select sid,t,value,quality,rev from obs where sid=? order by t desc limit 1"
                if row := self._month(name).execute(query, (sid,)).fetchone():
                    self._latest.execute("insert or replace into latest values(?,?,?,?,?)", tuple(row))
                    break

    def forget(self) -> None:
        """Drop everything that came from the centre: its epoch is another one now."""
        for name in self._held():
            db = self._month(name)
            with transaction(db):
                db.execute("delete from obs")
                db.execute("delete from mark")
        with transaction(self._latest):
            for table in ("latest", "feed", "month"):
                self._latest.execute(f"delete from {table}")
            self._latest.execute("delete from link where key in ('scope','scope_done','asof','asof_real')")
            self.progress.forget()
        with transaction(self._reference):
            for table in ("object", "etag", "record", "feed"):
                self._reference.execute(f"delete from {table}")

    # --- reference and records ----------------------------------------------------------
    def etag(self, kind: str) -> str | None:
        row = self._reference.execute("select value from etag where kind=?", (kind,)).fetchone()
        return str(row[0]) if row else None

    def series(self) -> set[int]:
        """Return the series that the objects name."""
        rows = self._reference.execute("select doc from object where kind='series'").fetchall()
        return {int(json.loads(r[0])["properties"]["sid"]) for r in rows}

    def put_objects(self, kind: str, etag: str, docs: Sequence[Mapping[str, Any]]) -> None:
        """Replace one kind of objects as a whole."""
        rows = list({str(d["code"]): (kind, str(d["code"]), json.dumps(d, ensure_ascii=False)) for d in docs}.values())
        with transaction(self._reference):
            self._reference.execute("delete from object where kind=?", (kind,))
            self._reference.executemany("insert into object values(?,?,?)", rows)
            self._reference.execute("insert or replace into etag values(?,?)", (kind, etag))

    def put_records(self, rows: Sequence[tuple[str, str, int, Mapping[str, Any]]], cursor: str) -> None:
        with transaction(self._reference):
            self._reference.executemany(
                "insert into record values(?,?,?,?) on conflict(kind,id) do update set"
                " rev=excluded.rev, body=excluded.body where excluded.rev>=record.rev",
                [(k, i, r, json.dumps(b, ensure_ascii=False)) for k, i, r, b in rows],
            )
            self._reference.execute("insert or replace into feed values('records',?)", (cursor,))

    def put_room(self, name: str, revision: int, doc: Mapping[str, Any]) -> None:
        with transaction(self._reference):
            self._reference.execute("insert or replace into room values(?,?,?)", (name, revision, json.dumps(doc)))


def seq_of(cursor: str) -> int:
    """Order cursors of one epoch; an empty or foreign one is before all."""
    tail = cursor.rpartition(".")[2]
    return int(tail) if tail.isdigit() else -1


def _rows(*columns: NDArray[Any]) -> list[tuple[Any, ...]]:
    sid, t, value, quality, rev = columns
    values = value.tolist()
    if np.isnan(value).any():
        values = [None if v != v else v for v in values]
    return list(zip(sid.tolist(), t.tolist(), values, quality.tolist(), rev.tolist(), strict=True))


def _newest(columns: Columns) -> list[tuple[Any, ...]]:
    """Return the newest row of each series of a page."""
    sid, t, value, quality, rev = columns
    if not len(sid):
        return []
    order = np.lexsort((rev, t, sid))
    last = order[np.append(np.diff(sid[order]) != 0, True)]
    return _rows(sid[last], t[last], value[last], quality[last], rev[last])
