"""Is a file sound? Page seals and structure; what is damaged is set aside, never deleted."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from console.paths import Profile
from console.store.keys import OpsKey
from console.store.sqlite import QUIET, Connection, DatabaseError, connect

SHOWN = 5
JUST_MADE_S = 60.0
PARTS = ("", "-wal", "-shm")
NOT_DAMAGE = ("locked", "busy", "unable to open", "readonly")  # the file may be well; it is only not ours now


class NotChecked(Exception):
    """The file could not be looked at now; that says nothing about it."""


def damage_of(path: Path, key: OpsKey | None = None, *, deep: bool = False) -> list[str]:
    """Return what is wrong with a database file; empty when it is sound or absent.

    deep: also compares indexes with their tables (integrity_check), which takes longer.

    Raises:
        NotChecked: it cannot be opened now.
    """
    if not path.exists():
        return []
    if path.is_dir():
        return ["a folder is in its place"]
    if path.stat().st_size == 0 and time.time() - path.stat().st_mtime > JUST_MADE_S:
        return ["the file is empty"]
    try:
        with contextlib.closing(open_to_look(path, key)) as db:
            found = [str(r[0]) for r in db.execute("pragma cipher_integrity_check").fetchall()] if key else []
            found += [
                str(r[0]) for r in db.execute(f"pragma {'integrity' if deep else 'quick'}_check({SHOWN})") if r[0] != "ok"
            ]
            return found[:SHOWN]
    except DatabaseError as exc:
        if any(word in str(exc) for word in NOT_DAMAGE):
            raise NotChecked(str(exc)) from exc
        return [str(exc)]


def open_to_look(path: Path, key: OpsKey | None = None) -> Connection:
    """Open read-only, for a check: nothing is made, migrated or recovered."""
    db = connect(f"file:{quote(str(path))}?mode=ro")
    if key is not None:
        db.execute(f"pragma key={key.pragma()}")
        for pragma in QUIET:
            db.execute(pragma)
    return db


def cache_files(profile: Profile) -> list[Path]:
    return [p for p in (profile.latest, profile.reference) if p.exists()] + profile.telemetry_files()


def set_aside(path: Path, now: float) -> Path:
    """Rename a damaged file with its log, so that it can still be looked at; returns the new name."""
    aside = damaged_name(path, now)
    for part in PARTS:
        with contextlib.suppress(FileNotFoundError):
            os.replace(path.with_name(path.name + part), aside.with_name(aside.name + part))
    return aside


def damaged_name(path: Path, now: float) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    wanted = path.with_name(f"{path.name}.damaged-{stamp}")
    return next(p for p in _numbered(wanted) if not p.exists())


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    for n in range(2, 10_000):
        yield path.with_name(f"{path.name}-{n}")
