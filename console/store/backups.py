"""Hourly copies of ops.db, encrypted as it is; seven are kept."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from pathlib import Path

from console.store.checkup import damage_of
from console.store.keys import OpsKey
from console.store.sqlite import Connection, DatabaseError, connect, open_writer

log = logging.getLogger(__name__)
KEPT = 7
EVERY_S = 3600.0


def backup_folder(ops: Path) -> Path:
    return ops.parent / "backups"


def backups(ops: Path) -> list[Path]:
    """Return the copies, newest first."""
    return sorted(backup_folder(ops).glob("ops-*.db"), reverse=True)


def newest_sound(ops: Path, key: OpsKey) -> Path | None:
    return next((p for p in backups(ops) if not damage_of(p, key)), None)


def is_due(ops: Path, now: float) -> bool:
    newest = backups(ops)[:1]
    return ops.exists() and not (newest and 0 <= now - newest[0].stat().st_mtime < EVERY_S)


def back_up(ops: Path, key: OpsKey, now: float) -> Path:
    """Copy ops.db while it is in use; a copy that is not sound replaces none of the older ones.

    Raises:
        DatabaseError, OSError: it cannot be read or there is no room; nothing was removed.
    """
    folder = backup_folder(ops)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / time.strftime("ops-%Y%m%dT%H%M%S.db", time.gmtime(now))
    draft = target.with_suffix(".part")
    for leftover in folder.glob("*.part*"):
        leftover.unlink()
    with contextlib.closing(open_writer(ops, key=key)) as source, contextlib.closing(_target(draft, key)) as copy:
        source.backup(copy, pages=256)
        copy.execute("pragma journal_mode=delete")
    if found := damage_of(draft, key):
        draft.unlink()
        raise DatabaseError(f"the copy is not sound: {found[0]}")
    draft.chmod(0o600)
    draft.replace(target)
    for old in backups(ops)[KEPT:]:
        old.unlink()
    return target


def _target(path: Path, key: OpsKey) -> Connection:
    db = connect(str(path))
    db.execute(f"pragma key={key.pragma()}")
    db.execute("pragma synchronous=full")
    os.chmod(path, 0o600) if path.exists() else None
    return db
