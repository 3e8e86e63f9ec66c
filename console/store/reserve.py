"""Disk space held back beside ops.db, so that what a person enters still fits when all else is full.

It is given back in slices: the write-ahead log and a checkpoint need room beside the entry itself,
and another program that eats a slice does not eat the whole reserve.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

RESERVE_BYTES = 64 * 1024 * 1024
SLICE_BYTES = 8 * 1024 * 1024
CHUNK = bytes(1024 * 1024)


class Reserve:
    """One file of zeros that can be given up."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_name("ops.reserve")

    @property
    def held(self) -> int:
        """Return its bytes now."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def keep(self, size: int = RESERVE_BYTES) -> bool:
        """Fill it up when the disk has room for that twice; True when it is whole."""
        missing = size - self.held
        if missing <= 0:
            return True
        try:
            if shutil.disk_usage(self.path.parent).free < missing * 2:
                return False
            with self.path.open("ab") as out:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(out.fileno(), 0, size)
                else:
                    for _ in range(0, missing, len(CHUNK)):  # a file only made longer may hold no space at all
                        out.write(CHUNK[: min(len(CHUNK), size - out.tell())])
        except OSError:
            return False
        return True

    def give(self) -> bool:
        """Give one slice back to the disk; False when nothing is left."""
        held = self.held
        if held <= 0:
            return False
        if held <= SLICE_BYTES:
            self.path.unlink(missing_ok=True)
        else:
            os.truncate(self.path, held - SLICE_BYTES)
        return True
