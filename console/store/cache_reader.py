"""Read-only view of the cache for one worker thread; every query has a deadline."""

from __future__ import annotations

import contextlib
import json
import math
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.domain.objects import WATCHED
from console.domain.quality import Quality
from console.domain.scopes import ALL, basin_names, scopes_of, within
from console.errors import StoreError
from console.paths import Profile
from console.store.cache_writer import month_of
from console.store.progress import gaps, merged
from console.store.sqlite import Connection, DatabaseError, OperationalError, open_reader

DEADLINE_S = 5.0
CHECK_OPCODES = 20_000
Rows = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]
EMPTY: Rows = (np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))


# the key is (sid, t): each series' ends are sought, instead of looking through every reading
EXTENT = (
    "with recursive s(sid) as (select min(sid) from obs union all"
    " select (select min(o.sid) from obs o where o.sid>s.sid) from s where s.sid is not null)"
    " select min((select o.t from obs o where o.sid=s.sid order by o.t limit 1)),"
    " max((select o.t from obs o where o.sid=s.sid order by o.t desc limit 1)) from s"
)

WINDOWS = (
    "with recursive s(sid) as (select min(sid) from obs union all"
    " select (select min(o.sid) from obs o where o.sid>s.sid) from s where s.sid is not null),"
    " part(sid,t,value,quality) as (select sid,t,ifnull(value,'nan'),quality from obs)"
    " select s.sid,"
    + ",".join(
        f"(select group_concat({x}) from (select {x} from part where sid=s.sid and t between :from_t and :to_t order by t))"
        for x in ("t", "value", "quality")
    )
    + " from s where s.sid is not null"
)


class QueryTooLong(StoreError):
    """A query passed its deadline and was given up."""


UNBELIEVABLE = 1e9  # larger than any level, flow or rain in any of the units here


class CacheReader:
    """Not shared between threads; files that do not exist yet read as empty."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._open: dict[str, Connection] = {}
        self._inodes: dict[str, int] = {}
        self._thread: int | None = None

    def close(self) -> None:
        for db in self._open.values():
            db.close()
        self._open.clear()

    def _replaced(self, path: Path) -> bool:
        """Tell whether the file was set aside, and perhaps another one made, since it was opened."""
        try:
            return path.stat().st_ino != self._inodes[path.name]
        except FileNotFoundError:
            return True

    @contextlib.contextmanager
    def _db(self, name: str) -> Iterator[Connection | None]:
        me = threading.get_ident()
        if self._thread not in (None, me):
            raise RuntimeError("a CacheReader belongs to one thread")
        self._thread = me
        path = self._profile.folder / name
        if name in self._open and self._replaced(path):
            self._open.pop(name).close()
        if name not in self._open:
            if not path.exists():
                yield None
                return
            self._inodes[name] = path.stat().st_ino
            self._open[name] = open_reader(path)
        db = self._open[name]
        unmade = False
        end = time.monotonic() + DEADLINE_S
        db.set_progress_handler(lambda: 1 if time.monotonic() > end else 0, CHECK_OPCODES)
        try:
            yield db
        except OperationalError as exc:
            if "interrupted" in str(exc):
                raise QueryTooLong("查询时间过长，已放弃。", "请缩短时段后再试。", name) from exc
            unmade = "no such table" in str(exc)  # the file is being made right now: reads as empty
            if not unmade:
                raise StoreError("本机缓存读不出来。", "程序会继续重试；若一直如此请重新启动。", str(exc)) from exc
        except DatabaseError as exc:
            raise StoreError("本机缓存已损坏。", "请退出后把数据目录里的缓存文件改名保留，再启动。", str(exc)) from exc
        finally:
            db.set_progress_handler(None, 0)
            if unmade:
                self._open.pop(name).close()

    def objects(self, kind: str) -> list[dict[str, Any]]:
        rows: list[Any] = []
        with self._db("ref.db") as db:
            if db is not None:
                query = "select doc from object where kind=? order by code"
                rows = db.execute(query, (kind,)).fetchall()
        return [json.loads(r[0]) for r in rows]

    def records(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        rows: list[Any] = []
        with self._db("ref.db") as db:
            if db is not None:
                rows = db.execute("select id, body from record where kind=?", (kind,)).fetchall()
        return [(r[0], json.loads(r[1])) for r in rows]

    def link(self) -> dict[str, str]:
        found: dict[str, str] = {}
        with self._db("latest.db") as db:
            if db is not None:
                found = dict(db.execute("select key, value from link").fetchall())
        return found

    def latest(self) -> list[tuple[int, int, float | None, int]]:
        rows: list[Any] = []
        with self._db("latest.db") as db:
            if db is not None:
                rows = db.execute("select sid,t,value,quality from latest").fetchall()
        return rows

    def holes(self, code: str, from_t: int, to_t: int) -> list[tuple[int, int]]:
        """Return what of [from_t, to_t] was not fetched yet for an object; the rest is known.

        A known stretch without readings is missing at the source. What the centre has said since
        the last complete pull is not known either.
        """
        return gaps(self.coverage(code), from_t, to_t)

    def coverage(self, code: str) -> list[tuple[int, int]]:
        """Return the windows in which everything of an object is here, UTC s, in order."""
        spans: list[Any] = []
        until = 0.0
        with self._db("latest.db") as db:
            if db is not None:
                spans = db.execute("select scope, from_t, to_t from coverage").fetchall()
                asof = db.execute("select value from link where key='asof'").fetchone()
                until = float(asof[0]) if asof else math.inf
        scopes = self._scopes(code) if any(s[0] != ALL for s in spans) else frozenset()
        mine = [(a, int(min(b, until))) for part, a, b in spans if (part == ALL or within(scopes, (part,))) and a <= until]
        return merged(mine)

    def _scopes(self, code: str) -> frozenset[str]:
        query = f"select doc from object where code=? and kind in ({','.join('?' * len(WATCHED))})"
        row = None
        with self._db("ref.db") as db:
            if db is not None:
                row = db.execute(query, (code, *WATCHED)).fetchone()
        return scopes_of(json.loads(row[0]), basin_names(self.objects("basins"))) if row else frozenset()

    def extent(self) -> tuple[int, int] | None:
        """Return the first and last time of the cached readings, UTC s."""
        files = self._profile.telemetry_files()
        low: int | None = None
        high: int | None = None
        for path in files:
            row = None
            with self._db(path.name) as db:
                if db is not None:
                    row = db.execute(EXTENT).fetchone()
            if row and row[0] is not None:
                low = row[0] if low is None else min(low, row[0])
                high = row[1] if high is None else max(high, row[1])
        return None if low is None or high is None else (low, high)

    def window(self, sid: int, from_t: int, to_t: int) -> Rows:
        """Return t (n,), value (n,) with NaN for missing, quality (n,) of from_t ≤ t ≤ to_t."""
        rows: list[Any] = []
        for path in self._files(from_t, to_t):
            with self._db(path) as db:
                if db is not None:
                    rows += db.execute(
                        "select t,value,quality from obs where sid=? and t between ? and ? order by t",
                        (sid, from_t, to_t),
                    ).fetchall()
        if not rows:
            return EMPTY
        t, value, quality = zip(*rows, strict=True)
        return (
            np.array(t, np.int64),
            _believable(value),
            np.array(quality, np.int64),
        )

    def reading(self, sid: int, t: int) -> tuple[float | None, int, int] | None:
        """Return (value, quality, rev) of one reading; None if it is not here."""
        for path in self._files(t, t):
            with self._db(path) as db:
                row = db and db.execute("select value,quality,rev from obs where sid=? and t=?", (sid, t)).fetchone()
            if row:
                return row[0], row[1], row[2]
        return None

    def last_before(self, sid: int, t: int) -> tuple[int, float | None, int] | None:
        """Return the newest reading at or before t; a forecast is none."""
        for path in reversed(self._files(0, t)):
            row = None
            with self._db(path) as db:
                if db is None:
                    continue
                row = db.execute(
                    "select t,value,quality from obs where sid=? and t<=? and quality<>? order by t desc limit 1",
                    (sid, t, int(Quality.FORECAST)),
                ).fetchone()
            if row:
                return row[0], row[1], row[2]
        return None

    def windows(self, from_t: int, to_t: int) -> dict[int, Rows]:
        """Return every series' window at once.

        Each series is sought by the primary key, so a window costs what it holds and not what its month
        does; the database joins the readings to texts itself, a quarter of the time of a row each.
        """
        parts: dict[int, list[Rows]] = {}
        for path in self._files(from_t, to_t):
            with self._db(path) as db:
                if db is not None:
                    for sid, t, value, quality in db.execute(WINDOWS, {"from_t": from_t, "to_t": to_t}):
                        if t:
                            parts.setdefault(sid, []).append((_whole(t), _believable(_real(value)), _whole(quality)))
        return {sid: found[0] if len(found) == 1 else _joined(found) for sid, found in parts.items()}

    def _files(self, from_t: int, to_t: int) -> list[str]:
        first, last = month_of(max(0, from_t)), month_of(max(0, to_t))
        names = [p.name for p in self._profile.telemetry_files()]
        return [n for n in names if first <= n[5:11] <= last]


def _whole(text: str) -> NDArray[np.int64]:
    return np.fromstring(text, np.int64, sep=",")


def _real(text: str) -> NDArray[np.float64]:
    return np.fromstring(text, float, sep=",")


def _joined(parts: Sequence[Rows]) -> Rows:
    """Return windows of one series from files that come in order of time."""
    t, value, quality = (np.concatenate(column) for column in zip(*parts, strict=True))
    return t, value, quality


def _believable(values: Sequence[float | None] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values with NaN for the missing and for what no gauge can measure: such a number breaks every axis."""
    found = np.array(values, float)
    found[np.abs(found) > UNBELIEVABLE] = np.nan
    return found
