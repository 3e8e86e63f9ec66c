"""What a console can pass on from its own cache: to relay what it has to the next laptop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from console.errors import StoreError
from console.paths import Profile
from console.store.bundle.manifest import Manifest
from console.store.bundle.readings import TIME_MAX, Columns
from console.store.cache_reader import CacheReader
from console.store.cache_writer import seq_of
from console.store.sqlite import Connection, DatabaseError, open_reader

PAGE = 50_000
LATEST_FIRST_T = 0


class CacheSource:
    """Reads one profile's cache files; cursors are read before the rows they stand for."""

    def __init__(self, profile: Profile, source: str) -> None:
        self._profile = profile
        self._source = source
        reader = CacheReader(profile)
        try:
            self._link = reader.link()
            self._extent = reader.extent()
        finally:
            reader.close()
        if not self._link.get("epoch") or self._extent is None:
            raise StoreError("本机缓存还没有数据，没有内容可导出。", "请先连上中心同步一次。")
        self._obs_cursor = _feed(profile.latest, "obs")
        self._records_cursor = _feed(profile.reference, "records")

    def window_of(self, days: float | None) -> tuple[int, int]:
        """Return from and to, UTC s: the last days up to the newest reading, or all there is."""
        high = self._extent[1] if self._extent else 0
        return (LATEST_FIRST_T, TIME_MAX) if days is None else (max(0, int(high - days * 86400) + 1), TIME_MAX)

    def manifest(self, window: tuple[int, int]) -> Manifest:
        whole = window[0] <= (self._extent or (0, 0))[0] and bool(self._obs_cursor)
        return Manifest(
            source=self._source,
            service=self._link.get("service", ""),
            epoch=self._link["epoch"],
            cursor=self._obs_cursor,
            covers_from=0 if whole else None,
            records_cursor=self._records_cursor,
            records_from=0 if self._records_cursor else None,
            window=window,
            scope="all",
            asof=float(self._link.get("last_now") or 0.0),
            mode=self._link.get("mode", ""),
            title=self._link.get("title", ""),
            cold_only=True,  # a cache keeps no deletions: only an empty receiver moves its cursor
        )

    def readings(self, window: tuple[int, int]) -> Iterator[Columns]:
        """Yield pages in series order, month by month."""
        for path in self._profile.telemetry_files():
            db = open_reader(path)
            try:
                cursor = db.execute("select sid,t,value,quality,rev from obs where t between ? and ? order by sid,t", window)
                while rows := cursor.fetchmany(PAGE):
                    yield to_columns(rows)
            finally:
                db.close()

    def records(self) -> Iterator[dict[str, Any]]:
        for kind, record_id, rev, body in self._rows("select kind,id,rev,body from record order by kind,id"):
            yield {"kind": kind, "id": record_id, "rev": rev, "body": json.loads(body)}

    def objects(self) -> Iterator[dict[str, Any]]:
        for kind, doc in self._rows("select kind,doc from object order by kind,code"):
            yield {"kind": kind, "doc": json.loads(doc)}

    def tombs(self) -> Iterator[dict[str, Any]]:
        """A cache forgets what was deleted."""
        return iter(())

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        db = open_reader(self._profile.reference)
        try:
            return list(db.execute(query).fetchall())
        finally:
            db.close()


def to_columns(rows: list[tuple[Any, ...]]) -> Columns:
    """Return rows (sid, t, value or None, quality, rev) as arrays; NaN for missing."""
    sid, t, value, quality, rev = zip(*rows, strict=True)
    return (
        np.array(sid, np.int64),
        np.array(t, np.int64),
        np.array([np.nan if v is None else v for v in value], np.float64),
        np.array(quality, np.int64),
        np.array(rev, np.int64),
    )


def _feed(path: Path, name: str) -> str:
    db: Connection = open_reader(path)
    try:
        row = db.execute("select cursor from feed where name=?", (name,)).fetchone()
    except DatabaseError as exc:
        raise StoreError("本机缓存读不出来。", "请等待同步完成后再导出。", str(exc)) from exc
    finally:
        db.close()
    cursor = str(row[0]) if row else ""
    return cursor if seq_of(cursor) >= 0 else ""
