"""A disk that loses power: what was not synced may be there, torn, or gone. For apsw's SQLite.

It holds files in memory. A cut keeps of each file what was synced, and of the writes after that any
subset of their sectors. Locks stay within one connection, so exclusive locking stands for shared memory.
"""

from __future__ import annotations

import random
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from unittest.mock import patch

import apsw

from console.store.keys import OpsKey
from console.store.ops import OpsStore
from console.store.sqlite import ops_pragmas

SECTOR = 512
NUMBERS = count()
KEY = OpsKey(bytes(range(32)))


class PowerCut(Exception):
    """The moment in which the power fails."""


@dataclass
class DiskFile:
    synced: bytearray = field(default_factory=bytearray)
    live: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)  # (offset, data), or (size, None) for a cut

    def write(self, offset: int, data: bytes) -> None:
        put(self.live, offset, data)
        self.pending.append((offset, data))

    def truncate(self, size: int) -> None:
        del self.live[size:]
        self.pending.append((size, None))

    def sync(self) -> None:
        self.synced = bytearray(self.live)
        self.pending.clear()

    def after_cut(self, chance: random.Random) -> DiskFile:
        content, share = bytearray(self.synced), chance.choice((0.0, 0.3, 0.7, 1.0))
        for offset, data in self.pending:
            if data is None:
                if chance.random() < share:
                    del content[offset:]
                continue
            for at in range(0, len(data), SECTOR):
                if chance.random() < share:
                    put(content, offset + at, data[at : at + SECTOR])
        return DiskFile(bytearray(content), bytearray(content))


def put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


class Disk(apsw.VFS):
    """A file system with a power switch; operations are counted down to the cut."""

    def __init__(self, files: dict[str, DiskFile] | None = None) -> None:
        self.files = files or {}
        self.name = f"power-{next(NUMBERS)}"
        self.left = -1
        super().__init__(self.name, base="")

    def tick(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise PowerCut

    def after_cut(self, chance: random.Random) -> Disk:
        return Disk({name: found.after_cut(chance) for name, found in self.files.items()})

    def xOpen(self, name, flags):
        key = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        return OpenFile(self, self.files.setdefault(key, DiskFile()), flags)

    def xAccess(self, pathname, flags):
        return pathname in self.files

    def xDelete(self, filename, syncdir):
        self.files.pop(filename, None)

    def xFullPathname(self, name):
        return name


class OpenFile:
    """An open file of the disk, as SQLite calls it."""

    def __init__(self, disk: Disk, found: DiskFile, flags: list[int]) -> None:
        self._disk, self._file = disk, found
        self._level = 0
        flags[1] = flags[0]

    def xRead(self, amount, offset):
        return bytes(self._file.live[offset : offset + amount])

    def xWrite(self, data, offset):
        self._disk.tick()
        self._file.write(offset, bytes(data))

    def xTruncate(self, newsize):
        self._disk.tick()
        self._file.truncate(newsize)

    def xSync(self, flags):
        self._disk.tick()
        self._file.sync()

    def xFileSize(self):
        return len(self._file.live)

    def xLock(self, level):
        self._level = level

    def xUnlock(self, level):
        self._level = level

    def xCheckReservedLock(self):
        return False

    def xFileControl(self, op, ptr):
        return False

    def xSectorSize(self):
        return SECTOR

    def xDeviceCharacteristics(self):
        return 0

    def xClose(self):
        pass


def ops_store(disk: Disk, synchronous: str) -> OpsStore:
    """Open the real OpsStore on such a disk, with the pragmas of ops.db but those of the cipher."""
    db = apsw.Connection("ops.db", vfs=disk.name)
    db.execute("pragma locking_mode=exclusive")
    for pragma in ops_pragmas(KEY):
        if "key" not in pragma and "cipher" not in pragma:
            db.execute(pragma.replace("synchronous=full", f"synchronous={synchronous}"))
    db.execute("pragma wal_autocheckpoint=20")  # so that cuts fall into checkpoints too
    nothing = ("encrypt_plain", "recover", "Presence", "is_marked", "note_key")
    with ExitStack() as stack:
        stack.enter_context(patch("console.store.ops.open_writer", lambda _path, **_: db))
        for name in nothing:
            stack.enter_context(patch(f"console.store.ops.{name}"))
        return OpsStore(Path("ops.db"), KEY)


def cut_once(seed: int, synchronous: str) -> tuple[int, int, bool]:
    """Save entries until the power fails; returns how many were told saved, how many of them are lost, and whether the file is sound."""
    chance = random.Random(seed)
    disk = Disk()
    store = ops_store(disk, synchronous)
    disk.left = chance.randrange(1, 600)
    told: list[str] = []
    try:
        while True:
            told.append(store.add("log.entry", "log", {"text": "巡堤" * chance.randrange(200)}, "张三"))
    except PowerCut:
        after = disk.after_cut(chance)
    disk.left = -1
    store._db.close()
    again = ops_store(after, synchronous)
    kept = {row[0] for row in again._db.execute("select id from entry").fetchall()}
    sound = again._db.execute("pragma integrity_check").fetchall() == [("ok",)] and again.verify_audit()
    again.close()
    return len(told), len(set(told) - kept), sound
