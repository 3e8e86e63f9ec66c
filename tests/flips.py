"""Flipped bytes in ops.db and in the audit: each one is to be noticed."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

from console.store.checkup import damage_of
from console.store.keys import OpsKey
from console.store.ops import OpsStore
from console.store.sqlite import open_writer

COLUMNS = ("at", "who", "what", "detail", "hash")


def filled(path: Path, key: OpsKey, entries: int = 60) -> None:
    """Write an ops.db with entries, all of it in the one file."""
    store = OpsStore(path, key)
    for n in range(entries):
        store.add("log.entry", "log", {"text": f"桩号 {n} 渗水"}, "张三")
    store.close()


def unnoticed_in_file(path: Path, key: OpsKey, flips: int, seed: int) -> list[int]:
    """Flip one byte at a time, anywhere; returns the offsets that no check noticed."""
    chance = random.Random(seed)
    missed = []
    size = path.stat().st_size
    for _ in range(flips):
        offset, mask = chance.randrange(size), chance.randrange(1, 256)
        with flipped(path, offset, mask):
            if not damage_of(path, key):
                missed.append(offset)
    assert not damage_of(path, key), "flipped back it is sound"
    return missed


@contextlib.contextmanager
def flipped(path: Path, offset: int, mask: int) -> Iterator[None]:
    flip(path, offset, mask)
    try:
        yield
    finally:
        flip(path, offset, mask)


def flip(path: Path, offset: int, mask: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ mask]))


def unnoticed_in_audit(path: Path, key: OpsKey, flips: int, seed: int) -> list[tuple[int, str]]:
    """Change one byte of one field of one audit line, as someone with the key would; returns what the chain missed."""
    chance = random.Random(seed)
    db = open_writer(path, key=key)
    store = OpsStore(path, key)
    lines = db.execute("select n,at,who,what,detail,hash from audit order by n").fetchall()
    missed = []
    for _ in range(flips):
        n, *values = chance.choice(lines)
        column = chance.randrange(len(COLUMNS))
        db.execute(f"update audit set {COLUMNS[column]}=? where n=?", (changed(values[column], chance), n))
        if store.verify_audit():
            missed.append((n, COLUMNS[column]))
        db.execute(f"update audit set {COLUMNS[column]}=? where n=?", (values[column], n))
    assert store.verify_audit(), "changed back it is whole"
    store.close()
    db.close()
    return missed


def changed(value: float | str, chance: random.Random) -> float | str:
    if isinstance(value, float):
        return value + chance.choice((-1, 1)) * 2.0 ** chance.randrange(-8, 20)
    at = chance.randrange(len(value))
    return value[:at] + chr(ord(value[at]) ^ chance.randrange(1, 32)) + value[at + 1 :]
