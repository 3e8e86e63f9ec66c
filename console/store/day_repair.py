"""A day of the cache compared with the centre's, and made equal to it where it differs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from console.domain.digests import BEIJING_S, DAY_S, Digest, digests_by_series
from console.store.sqlite import Connection, transaction

Key = tuple[int, int]
Row = tuple[Any, ...]
FIRST: Key = (-(2**62), 0)
LAST: Key = (2**62, 0)
BATCH = 200
DAYS_IN = (
    "with recursive s(sid) as (select min(sid) from obs union all"
    " select (select min(sid) from obs where sid>s.sid) from s where s.sid is not null)"
    " select distinct (o.t+?)/? from s cross join obs o where o.sid=s.sid and o.t between ? and ?"
)


def series_in(db: Connection) -> Iterator[int]:
    """Yield the series of a month file in order; a jump over the primary key each, no full scan."""
    row = db.execute("select min(sid) from obs").fetchone()
    while row and row[0] is not None:
        yield row[0]
        row = db.execute("select min(sid) from obs where sid>?", row).fetchone()


def days_in(db: Connection, from_t: int, to_t: int) -> set[int]:
    """Return the Beijing days of one month file's readings of from_t ≤ t ≤ to_t; none is read twice."""
    return {r[0] for r in db.execute(DAYS_IN, (BEIJING_S, DAY_S, from_t, to_t)).fetchall()}


def day_digest(db: Connection, from_t: int, to_t: int) -> Digest:
    """Return the digest of one month file's readings of from_t ≤ t ≤ to_t."""
    total = Digest()
    rows: list[Row] = []
    query = "select sid,t,value,quality,rev from obs where sid=? and t between ? and ? order by t"
    for sid in series_in(db):
        rows += db.execute(query, (sid, from_t, to_t)).fetchall()
        if len(rows) > 50_000:
            total, rows = _plus(total, rows), []
    return _plus(total, rows)


def _plus(total: Digest, rows: list[Row]) -> Digest:
    for part in digests_by_series(rows).values():
        total = total.plus(part)
    return total


def replace_window(
    months: dict[str, Connection],
    month_of: Callable[[int], str],
    window: tuple[int, int],
    pages: Iterable[list[Row]],
) -> set[int]:
    """Make a window equal to a snapshot of it; return the series in which something differed.

    pages: rows (sid, t, value, quality, rev) ordered by (sid, t), None for missing; the last page
    ends the snapshot. One transaction for each month file holds all of it: a snapshot that breaks
    off changes nothing. A stretch that is equal already is only read.
    """
    changed: set[int] = set()
    after = FIRST
    with contextlib.ExitStack() as open_transactions:
        for db in months.values():
            open_transactions.enter_context(transaction(db))
        for rows in pages:
            last: Key = (rows[-1][0], rows[-1][1])
            changed |= _replace(months, month_of, window, (after, last), rows)
            after = last
        changed |= _replace(months, month_of, window, (after, LAST), [])
    return changed


def _replace(
    months: dict[str, Connection],
    month_of: Callable[[int], str],
    window: tuple[int, int],
    keys: tuple[Key, Key],
    rows: list[Row],
) -> set[int]:
    changed: set[int] = set()
    for name, db in months.items():
        want = [r for r in rows if month_of(r[1]) == name] if len(months) > 1 else rows
        have = list(_between(db, window, keys))
        if have == want:
            continue
        wanted, held = set(want), set(have)
        gone = [(r[0], r[1]) for r in held - wanted]
        db.executemany("delete from obs where sid=? and t=?", gone)
        db.executemany("insert or replace into obs values(?,?,?,?,?)", list(wanted - held))
        changed |= {r[0] for r in wanted ^ held}
    return changed


def _between(db: Connection, window: tuple[int, int], keys: tuple[Key, Key]) -> Iterator[Row]:
    """Yield the rows of a window whose (sid, t) lies after the first key and not after the last."""
    (first, first_t), (last, last_t) = keys
    sid = db.execute("select min(sid) from obs where sid>=? and sid<=?", (first, last)).fetchone()[0]
    while sid is not None:
        low = max(window[0], first_t + 1) if sid == first else window[0]
        high = min(window[1], last_t) if sid == last else window[1]
        query = "select sid,t,value,quality,rev from obs where sid=? and t between ? and ? order by t"
        yield from db.execute(query, (sid, low, high)).fetchall()
        sid = db.execute("select min(sid) from obs where sid>? and sid<=?", (sid, last)).fetchone()[0]


def drop_others(db: Connection, keep: set[int]) -> int:
    """Delete the readings of series that are not kept, some series a transaction; return how many series."""
    gone = [sid for sid in series_in(db) if sid not in keep]
    for i in range(0, len(gone), BATCH):
        with transaction(db):
            db.executemany("delete from obs where sid=?", [(s,) for s in gone[i : i + BATCH]])
    return len(gone)
