"""The centre's readings: a feed in commit order, deletions, and which day was changed last."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from console.central.box_readings import BoxReadings
from console.central.corrections import RECORD, key_of
from console.central.store_core import SET_META, Row
from console.central.verdict import RecordItem
from console.domain.digests import day_of
from console.domain.quality import Quality
from console.store.sqlite import transaction

KEYS_AT_ONCE = 1000
PACK = 20_000  # readings of one series that come at once
PACKED = (  # the limit stands in the text: as a parameter it costs half as much again
    "select json_group_array(t), json_group_array(value), json_group_array(quality), json_group_array(rev)"
    " from (select t,value,quality,rev from obs where series=? and t between ? and ?"
    f" order by t limit {PACK}) as w"
)


class ReadingStore(BoxReadings):
    """Every public method is one short transaction."""

    def commit_rows(
        self, rows: Sequence[Row], then: Callable[[list[Row]], Sequence[RecordItem]] | None = None, **meta: str
    ) -> list[Row]:
        """Store readings (sid, t, value, quality); return those that were new or changed.

        An identical reading changes nothing; another value for the same time is a new revision.
        then() is given the fresh readings and returns records (alarms) that belong to them; they
        and the meta values are stored in the same transaction.
        """
        with self._lock, transaction(self._db):
            fresh = self._revise(self._as_corrected(rows))
            records = then(fresh) if then is not None and fresh else ()
            if records:
                self._put_records(records)
            self._db.executemany(SET_META, list(meta.items()))
        return fresh

    def _revise(self, rows: Sequence[Row]) -> list[Row]:
        """Store what is new or changed as new revisions; return that. Within a transaction."""
        fresh: list[Row] = []
        stored: list[tuple[int, int, float | None, int, int]] = []
        wanted = {(r[0], r[1]): r for r in rows}
        known = self._known(list(wanted))
        for sid, t, value, quality in wanted.values():
            old = known.get((sid, t))
            if old and old[0] == value and old[1] == quality:
                continue
            fresh.append((sid, t, value, quality))
            stored.append((sid, t, value, quality, (old[2] if old else self._buried(sid, t)) + 1))
        first = self._take_seq(len(stored)) if stored else 0
        self._db.executemany(
            "insert into obs values(?,?,?,?,?,?) on conflict(series,t) do update set"
            " value=excluded.value, quality=excluded.quality, rev=excluded.rev, seq=excluded.seq",
            [(*row, first + i) for i, row in enumerate(stored)],
        )
        self._touch({day_of(row[1]): first + i for i, row in enumerate(stored)})
        return fresh

    def _as_corrected(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return rows as people corrected them: what a source says again does not undo a person's word."""
        if self._db.execute("select 1 from record where kind=? limit 1", (RECORD,)).fetchone() is None:
            return rows
        ids = list({key_of(r[0], r[1]) for r in rows})
        word: dict[str, tuple[float | None, int]] = {}
        for first in range(0, len(ids), KEYS_AT_ONCE):
            part = ids[first : first + KEYS_AT_ONCE]
            query = f"select id, body from record where kind=? and id in ({','.join('?' * len(part))})"
            for record_id, body in self._db.execute(query, [RECORD, *part]).fetchall():
                doc = json.loads(body)
                word[record_id] = (doc["value"], int(doc["quality"]))
        return [(r[0], r[1], *word.get(key_of(r[0], r[1]), (r[2], r[3]))) for r in rows] if word else rows

    def reading(self, sid: int, t: int) -> dict[str, Any] | None:
        """Return one reading with the object and element it is of."""
        with self._lock:
            row = self._db.execute(
                "select o.value,o.quality,o.rev,s.object_code,s.element from obs o join series s on s.sid=o.series"
                " where o.series=? and o.t=?",
                (sid, t),
            ).fetchone()
        return dict(zip(("value", "quality", "rev", "object", "element"), row, strict=True)) if row else None

    def _buried(self, sid: int, t: int) -> int:
        """A reading that comes again after its deletion goes on from the tombstone's rev, which it lifts."""
        row = self._db.execute("delete from tomb where series=? and t=? returning rev", (sid, t)).fetchone()
        return int(row[0]) if row else 0

    def _known(self, keys: list[tuple[int, int]]) -> dict[tuple[int, int], tuple[float | None, int, int]]:
        """Return (value, quality, rev) of the readings that are stored, by (sid, t)."""
        found = {}
        for first in range(0, len(keys), KEYS_AT_ONCE):
            part = keys[first : first + KEYS_AT_ONCE]
            marks = ",".join(["(?,?)"] * len(part))
            rows = self._db.execute(
                f"select series,t,value,quality,rev from obs where (series,t) in (values {marks})",
                [v for key in part for v in key],
            ).fetchall()
            found.update({(r[0], r[1]): (r[2], r[3], r[4]) for r in rows})
        return found

    def changes(self, after: int, limit: int) -> tuple[list[tuple[Any, ...]], int, bool]:
        """Return (rows sid,t,value,quality,rev,seq in commit order, next, more)."""
        with self._lock:
            last = self.seq  # before the rows: what an import commits in between comes next time
            rows = self._db.execute(
                "select series,t,value,quality,rev,seq from obs where seq>? order by seq limit ?",
                (after, limit + 1),
            ).fetchall()
        more = len(rows) > limit
        rows = rows[:limit]
        return rows, rows[-1][5] if more else max([last, after, *(r[5] for r in rows[-1:])]), more

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
            self._db.execute(
                "insert into tomb values(?,?,?,?,?) on conflict(series,t) do update set"
                " rev=excluded.rev, seq=excluded.seq, at=excluded.at",
                (sid, t, old[0] + 1, seq, int(time.time())),
            )
            self._touch({day_of(t): seq})

    def _touch(self, days: Mapping[int, int]) -> None:
        self._db.executemany("insert into day values(?,?) on conflict(n) do update set seq=excluded.seq", list(days.items()))

    def touched(self, day: int) -> int:
        """Return the seq that last changed a reading of a Beijing day (days since 1970); 0 for none."""
        with self._lock:
            row = self._db.execute("select seq from day where n=?", (day,)).fetchone()
        return int(row[0]) if row else 0

    def days_after(self, seq: int) -> list[int]:
        """Return the Beijing days in which something changed after seq, newest first."""
        with self._lock:
            return [r[0] for r in self._db.execute("select n from day where seq>? order by n desc", (seq,)).fetchall()]

    def prune_tombs(self, before: int) -> int:
        """Forget deletions noted before a wall time, UTC s; return the floor of the feed.

        A cursor below the floor may have missed a deletion: it has expired.
        """
        with self._lock, transaction(self._db):
            self._db.execute("update tomb set at=? where at=0", (int(time.time()),))  # of before deletions were dated
            row = self._db.execute("select max(seq) from tomb where at<?", (before,)).fetchone()
            if row[0] is not None:
                self._db.execute("delete from tomb where at<?", (before,))
                floor = max(int(row[0]), self.floor)
                self._db.execute(SET_META, ("floor_obs", str(floor)))
        return self.floor

    @property
    def floor(self) -> int:
        """The seq of the newest deletion that was forgotten; 0 for none."""
        return int(self.meta("floor_obs", "0"))

    def latest(self) -> list[tuple[Any, ...]]:
        with self._lock:
            return list(
                self._db.execute(
                    "select o.series,o.t,o.value,o.quality,o.rev from series s join obs o on"
                    " o.series=s.sid and o.t=(select max(t) from obs where series=s.sid)"
                ).fetchall()
            )

    def last_observed(self, sid: int) -> int:
        """Return the time of a series' newest reading that is no forecast, 0 for none."""
        with self._lock:
            row = self._db.execute(
                "select t from obs where series=? and quality<>? order by t desc limit 1", (sid, int(Quality.FORECAST))
            ).fetchone()
        return int(row[0]) if row else 0

    def in_series_order(
        self, from_t: int, to_t: int, page: int, sids: Sequence[int] | None = None
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Yield pages of (sid,t,value,quality,rev) of from_t ≤ t ≤ to_t, ordered by (sid, t).

        sids: the series wanted, in order; None for all. Each series is sought by the primary key:
        a day costs what the day holds, however long the history is.
        """
        rows: list[tuple[Any, ...]] = []
        for sid in self._sids() if sids is None else sids:
            start = from_t
            while True:
                with self._lock:
                    rows += self._db.execute(
                        "select series,t,value,quality,rev from obs where series=? and t between ? and ? order by t limit ?",
                        (sid, start, to_t, page - len(rows)),
                    ).fetchall()
                if len(rows) < page:
                    break
                yield rows
                start, rows = rows[-1][1] + 1, []
        if rows:
            yield rows

    def packed(
        self, from_t: int, to_t: int, sids: Sequence[int] | None = None
    ) -> Iterator[tuple[int, int, tuple[str, str, str, str]]]:
        """Yield (sid, count, (t, value, quality, rev)) as JSON arrays without their brackets, in series order.

        The database writes the text itself: a reading never becomes five objects here, which costs
        several times what it takes to store it. At most PACK readings of a series come at once.
        """
        for sid in self._sids() if sids is None else sids:
            start, full = from_t, True
            while full:
                with self._lock:
                    arrays = self._db.execute(PACKED, (sid, start, to_t)).fetchone()
                t, value, quality, rev = ((a or "[]")[1:-1] for a in arrays)
                count = t.count(",") + 1 if t else 0
                if count:
                    yield sid, count, (t, value, quality, rev)
                    start = int(t.rpartition(",")[2]) + 1
                full = count == PACK

    def _sids(self) -> list[int]:
        with self._lock:
            return [r[0] for r in self._db.execute("select sid from series order by sid").fetchall()]

    def extent(self) -> tuple[int, int] | None:
        with self._lock:
            row = self._db.execute("select min(t), max(t) from obs").fetchone()
        return (row[0], row[1]) if row and row[0] is not None else None
