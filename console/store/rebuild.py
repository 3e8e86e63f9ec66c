"""Cache files that are damaged: set aside and filled again; the centre has what they held.

A month file: the feed is told to start anew, so the pull fetches it again. latest.db: filled from the
month files, so that the picture is there without the centre. ref.db: fetched with the next pull.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from console.errors import NewerFile, StoreError
from console.paths import Profile
from console.store import schema
from console.store.cache_writer import CacheWriter
from console.store.checkup import PARTS, NotChecked, cache_files, damage_of, set_aside
from console.store.progress import Progress
from console.store.sqlite import Connection, DatabaseError, connect, migrate, open_reader, open_writer, transaction

log = logging.getLogger(__name__)


def open_cache(profile: Profile, now: float, epoch: str = "") -> tuple[CacheWriter, list[str]]:
    """Open the cache for writing; what cannot be opened for damage is set aside first. Returns the names of that.

    Raises:
        NewerFile: a newer version wrote it; it is left as it is.
        StoreError: the files cannot be used, and not for damage.
    """
    try:
        return CacheWriter(profile), []
    except NewerFile:
        raise
    except StoreError:
        damaged = [p.name for p in cache_files(profile) if _is_damaged(p)]
        if not damaged:
            raise
    rebuild(profile, damaged, now, epoch)
    return CacheWriter(profile), damaged


def _is_damaged(path: Path) -> bool:
    try:
        return bool(damage_of(path))
    except NotChecked:
        return False


def rebuild(profile: Profile, names: Iterable[str], now: float, epoch: str = "") -> None:
    """Set damaged files aside; nobody may have the cache open for writing.

    epoch: the centre's, as ops.db knows it: rows of another epoch are dropped at the next hello.
    """
    for name in names:
        path = profile.folder / name
        if path == profile.latest:
            set_aside(path, now)
            _refill_latest(profile, epoch)
        elif path == profile.reference:
            set_aside(path, now)
        elif path in profile.telemetry_files():
            _start_feed_anew(profile, path.stem.removeprefix("tele-"))  # first: a kill in between fetches once too often
            set_aside(path, now)
        log.warning("%s was damaged and is set aside", name)


def _start_feed_anew(profile: Profile, month: str) -> None:
    with contextlib.closing(open_writer(profile.latest)) as db:
        migrate(db, schema.LATEST, profile.latest.name)
        with transaction(db):
            for statement in (
                "delete from feed where name='obs'",
                "delete from coverage",
                "delete from wanted",
                "delete from checked",
            ):
                db.execute(statement)
            db.execute("delete from month where name=?", (month,))


def _refill_latest(profile: Profile, epoch: str) -> None:
    with contextlib.closing(open_writer(profile.latest)) as db:
        migrate(db, schema.LATEST, profile.latest.name)
        with transaction(db):
            if epoch:
                db.execute("insert or replace into link values('epoch',?)", (epoch,))
        for path in reversed(profile.telemetry_files()):
            _take_newest(db, path)


def _take_newest(db: Connection, path: Path) -> None:
    newest = "select o.* from (select sid, max(t) as t from obs group by sid) m join obs o on o.sid=m.sid and o.t=m.t"
    try:
        with contextlib.closing(connect(str(path))) as month:
            rows = month.execute(newest).fetchall()
    except DatabaseError as exc:
        log.warning("%s gives no latest values: %s", path.name, exc)
        return
    with transaction(db):
        db.executemany("insert or ignore into latest values(?,?,?,?,?)", rows)


# --- months that are old enough -------------------------------------------------------------
def old_months(profile: Profile, now: float, keep_days: int) -> list[str]:
    """Return the month files that lie wholly before the days to keep.

    The days are counted back from the newest month held or the centre's time, where these are before
    now: a recording of an old flood is not thrown away for its age, nor the whole cache for one
    reading that is dated years ahead.
    """
    files = profile.telemetry_files()
    if not files:
        return []
    newest = datetime.strptime(files[-1].stem.removeprefix("tele-"), "%Y%m").replace(tzinfo=UTC) + timedelta(days=31)
    until = min(datetime.fromtimestamp(min(now, _centre_now(profile) or now), UTC), newest)
    first = (until - timedelta(days=keep_days)).strftime("%Y%m")
    return [p.name for p in files[:-1] if p.stem.removeprefix("tele-") < first]


def _centre_now(profile: Profile) -> float | None:
    """Return the centre's time as it was last told, UTC s; None when it never was, or the file is damaged."""
    try:
        with contextlib.closing(open_reader(profile.latest)) as db:
            row = db.execute("select value from link where key='last_now'").fetchone()
    except (DatabaseError, StoreError):  # the check in the background finds the damage and says it
        return None
    return float(row[0]) if row else None


def retire(profile: Profile, names: Iterable[str]) -> None:
    """Remove month files by unlinking them; nobody may have the cache open for writing."""
    for name in names:
        path = profile.folder / name
        month = path.stem.removeprefix("tele-")
        after = datetime(int(month[:4]) + int(month[4:]) // 12, int(month[4:]) % 12 + 1, 1, tzinfo=UTC)
        with contextlib.closing(open_writer(profile.latest)) as db:
            Progress(db).dropped_before(int(after.timestamp()))
            with transaction(db):
                db.execute("delete from month where name=?", (month,))
        for part in PARTS:
            path.with_name(path.name + part).unlink(missing_ok=True)
        log.info("%s is old enough and was removed", name)
