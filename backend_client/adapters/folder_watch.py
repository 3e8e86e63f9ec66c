"""Which files of a folder are new and finished: by size, time and content, so that any share will do."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

SUFFIXES = (".csv", ".xlsx")
QUIET_S = 30.0  # untouched for so long: nobody is writing it any more
FILES_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look at a file showed."""

    size: int
    modified_ns: int


@dataclass(slots=True)
class Scan:
    """Result of one look. fresh: finished files whose content is new. unsettled: still being written."""

    fresh: list[Path] = field(default_factory=list)
    gone: list[Path] = field(default_factory=list)
    unsettled: list[Path] = field(default_factory=list)
    files: int = 0
    read_bytes: int = 0


class FolderWatch:
    """Compares a folder with the last look; used by one thread.

    A file counts as finished when two looks in a row saw the same size and time, or when it has not
    been touched for half a minute. A file renamed into place keeps its old time and is taken at once.
    """

    def __init__(self, folder: Path, suffixes: tuple[str, ...] = SUFFIXES, *, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._suffixes = suffixes
        self._clock = clock
        self._seen: dict[Path, Sighting] = {}
        self._taken: dict[Path, Sighting] = {}
        self._content: dict[Path, bytes] = {}

    def scan(self) -> Scan:
        """Look once.

        Raises:
            OSError: the folder itself cannot be listed: a share that is away is not an empty folder.
        """
        scan = Scan()
        now: dict[Path, Sighting] = {}
        for path in self._tables():
            try:
                facts = path.stat()
            except OSError:
                continue  # taken away between listing and looking: counted as gone
            now[path] = Sighting(facts.st_size, facts.st_mtime_ns)
        for path, sighting in now.items():
            if self._taken.get(path) == sighting:
                continue
            quiet = self._clock() - sighting.modified_ns / 1e9 > QUIET_S
            if not quiet and self._seen.get(path) != sighting:
                scan.unsettled.append(path)
                continue
            if self._is_new(path, scan):
                scan.fresh.append(path)
            self._taken[path] = sighting
        scan.gone = [p for p in self._taken if p not in now]
        for path in scan.gone:
            del self._taken[path]
            self._content.pop(path, None)
        self._seen = now
        scan.files = len(now)
        return scan

    def forget(self, path: Path) -> None:
        """Take a file again at the next look: it could not be read this time."""
        self._taken.pop(path, None)
        self._content.pop(path, None)

    def _is_new(self, path: Path, scan: Scan) -> bool:
        digest = hashlib.sha256()
        try:
            with path.open("rb") as file:
                while part := file.read(1 << 20):
                    digest.update(part)
                    scan.read_bytes += len(part)
        except OSError:
            self._content.pop(path, None)
            return True  # its reader will say why it cannot be read
        if self._content.get(path) == digest.digest():
            return False
        self._content[path] = digest.digest()
        return True

    def _tables(self) -> list[Path]:
        next(self._folder.iterdir(), None)  # raises where the folder is away; rglob would just be empty
        root = self._folder.resolve()
        found = []
        for path in sorted(self._folder.rglob("*")):
            if path.suffix.lower() not in self._suffixes or path.name.startswith(("~$", ".")) or not path.is_file():
                continue
            if path.resolve().is_relative_to(root):  # a link out of the folder is not followed
                found.append(path)
            if len(found) > FILES_LIMIT:
                raise OSError(f"over {FILES_LIMIT} files")
        return found
