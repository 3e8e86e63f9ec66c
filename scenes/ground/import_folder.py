"""A folder with one folder per import, which several consoles use at once.

An import is made under a name of its own and moved to a free one when whole; folders whose name begins with a dot are
somebody's work and are never listed.
"""

from __future__ import annotations

import logging
import re
import shutil
import time
import uuid
from pathlib import Path

log = logging.getLogger(__name__)
WORK = re.compile(r"\.import-[0-9a-f]{12}(\.part|\.old)?|\..+\.(part|old|gone)-[0-9a-f]{8}")  # imports under way
ABANDONED_S = 86_400  # work of nobody: nothing was written in it for a day
NAME_MAX = 60


class ImportFolder:
    """The imports of one kind. removed: a file put in a folder that cannot be deleted while another window reads it."""

    def __init__(self, path: Path, kind: str, removed: str) -> None:
        self.path, self._kind, self._removed = path, kind, removed

    def folders(self) -> list[Path]:
        """Return what is there and whole, by name."""
        return [p for p in self._all() if not p.name.startswith(".") and not (p / self._removed).exists()]

    def named(self, name: str) -> Path | None:
        return next((f for f in self.folders() if f.name == name), None)

    def draft(self) -> Path:
        """Return a folder name that nobody else has."""
        return self.path / f".import-{uuid.uuid4().hex[:12]}"

    def settle(self, draft: Path, path: Path) -> str:
        """Give a whole import the first free name after its file; another console may take one at the same time.

        Raises:
            OSError: it cannot be moved; the draft is still there. FileExistsError: every name is taken.
        """
        stem = self._stem(path)
        for number in range(1, 10_000):
            name = stem if number == 1 else f"{stem}-{number}"
            target = self.path / name
            if target.exists():
                continue
            try:
                draft.rename(target)
            except OSError:
                if target.exists():
                    continue
                raise
            return name
        raise FileExistsError(stem)

    def _stem(self, path: Path) -> str:
        """Return the name that a file's import has or that its number is put behind."""
        return re.sub(r'[<>:"/\\|?*\x00-\x1f]+', "_", path.stem).strip(" .")[:NAME_MAX] or self._kind

    def remove(self, folder: Path) -> None:
        """Delete an import; one that is gone already is no fault. Another window that shows it keeps it until it opens anew.

        Raises:
            OSError: the folder cannot be changed.
        """
        aside = self.path / f".{folder.name}.gone-{uuid.uuid4().hex[:8]}"
        try:
            folder.rename(aside)
        except FileNotFoundError:
            return
        except OSError as exc:  # Windows, while another window has it open
            log.info("%s is in use, deleted later: %r", folder, exc)
            (folder / self._removed).touch()
        else:
            shutil.rmtree(aside, ignore_errors=True)

    def sweep(self, now_s: float | None = None) -> None:
        """Delete what was removed while in use, and the halves of imports that were cut off more than a day ago."""
        now = time.time() if now_s is None else now_s
        for folder in self._all():
            half = WORK.fullmatch(folder.name) and now - _last_change_s(folder) > ABANDONED_S
            if half or (folder / self._removed).exists():
                shutil.rmtree(folder, ignore_errors=True)

    def _all(self) -> list[Path]:
        try:
            return sorted(p for p in self.path.iterdir() if p.is_dir())
        except OSError:  # nothing was imported yet
            return []


def _last_change_s(folder: Path) -> float:
    try:
        return max((p.stat().st_mtime for p in (folder, *folder.iterdir())), default=0.0)
    except OSError:  # it is being moved or deleted
        return time.time()
