"""What terrain and imagery this computer has of its own: a folder with one pyramid per import.

Several consoles may use it at once: an import is made under a name of its own and moved to a free one
when whole; folders whose name begins with a dot are somebody's work and are never read.
"""

from __future__ import annotations

import logging
import re
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from console.errors import ConsoleError
from scenes.ground.dem_import import DemReport, Vertical, import_dem
from scenes.ground.picture_import import Cancelled, PictureReport, Progress, import_picture
from scenes.ground.picture_pyramid import PicturePyramid
from scenes.ground.pyramid import HEIGHTS, About, HeightPyramid, PyramidNotWritten, read_about_folder, writing

log = logging.getLogger(__name__)
REMOVED = "removed-ground"  # a file in a folder that could not be deleted while another window read it
WORK = re.compile(r"\.import-[0-9a-f]{12}|\..+\.(part|old|gone)-[0-9a-f]{8}")  # folders of imports under way
ABANDONED_S = 86_400  # work of nobody: nothing was written in it for a day
NAME_MAX = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """One import. about: None where the folder cannot be used; problem then says why and what to do."""

    folder: Path
    about: About | None
    problem: str = ""

    @property
    def name(self) -> str:
        return self.folder.name


class GroundLibrary:
    """The imported terrain and imagery in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self) -> tuple[Entry, ...]:
        """Return all imports by name, those that cannot be used with their problem."""
        return tuple(entry for entry, _ in self._opened())

    def sources(self) -> tuple[HeightPyramid, ...]:
        """Return the height sources that can be used."""
        return tuple(p for _, p in self._opened() if isinstance(p, HeightPyramid))

    def pictures(self) -> tuple[PicturePyramid, ...]:
        """Return the picture sources that can be used."""
        return tuple(p for _, p in self._opened() if isinstance(p, PicturePyramid))

    def add_dem(
        self,
        path: Path,
        vertical: Vertical | None,
        crs: str = "",
        progress: Progress = lambda _share: None,
        cancelled: Cancelled = lambda: False,
    ) -> tuple[str, DemReport]:
        """Import terrain; returns its name here and the report.

        Raises:
            GroundRefused, ImportCancelled, PyramidNotWritten: as import_dem.
        """
        draft = self._draft()
        report = import_dem(path, draft, vertical, crs, progress, cancelled)
        return self._settled(draft, path), report

    def add_picture(
        self, path: Path, crs: str = "", progress: Progress = lambda _share: None, cancelled: Cancelled = lambda: False
    ) -> tuple[str, PictureReport]:
        """Import imagery; returns its name here and the report.

        Raises:
            GroundRefused, ImportCancelled, PyramidNotWritten: as import_picture.
        """
        draft = self._draft()
        report = import_picture(path, draft, crs, progress, cancelled)
        return self._settled(draft, path), report

    def remove(self, name: str) -> None:
        """Delete an import; one that is gone already is no fault. Another window that shows it keeps it until it opens anew.

        Raises:
            PyramidNotWritten: the folder cannot be changed.
        """
        folder = next((f for f in self._folders() if f.name == name), None)
        if folder is None:
            return
        aside = self.folder / f".{name}.gone-{uuid.uuid4().hex[:8]}"
        try:
            folder.rename(aside)
        except FileNotFoundError:
            return
        except OSError as exc:  # Windows, while another window has it open
            log.info("%s is in use, deleted later: %r", folder, exc)
            with writing(folder):
                (folder / REMOVED).touch()
        else:
            shutil.rmtree(aside, ignore_errors=True)

    def sweep(self, now_s: float | None = None) -> None:
        """Delete what was removed while in use, and the halves of imports that were cut off more than a day ago."""
        now = time.time() if now_s is None else now_s
        for folder in self._all():
            half = WORK.fullmatch(folder.name) and now - _last_change_s(folder) > ABANDONED_S
            if half or (folder / REMOVED).exists():
                shutil.rmtree(folder, ignore_errors=True)

    def _draft(self) -> Path:
        """Return a folder name that nobody else has."""
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        self.sweep()
        return self.folder / f".import-{uuid.uuid4().hex[:12]}"

    def _settled(self, draft: Path, path: Path) -> str:
        """Give a whole import the first free name after its file; another console may take one at the same time."""
        stem = re.sub(r'[<>:"/\\|?*\x00-\x1f]+', "_", path.stem).strip(" .")[:NAME_MAX] or "ground"
        for number in range(1, 10_000):
            name = stem if number == 1 else f"{stem}-{number}"
            target = self.folder / name
            if target.exists():
                continue
            try:
                draft.rename(target)
            except OSError as exc:
                if target.exists():
                    continue
                shutil.rmtree(draft, ignore_errors=True)
                raise PyramidNotWritten(f"目录 {self.folder} 写不进去。", "请检查该目录的权限后再试。", repr(exc)) from exc
            return name
        raise PyramidNotWritten(f"名为 {stem} 的导入太多了。", "请先移除一些再导入。")

    def _opened(self) -> list[tuple[Entry, HeightPyramid | PicturePyramid | None]]:
        found: list[tuple[Entry, HeightPyramid | PicturePyramid | None]] = []
        for folder in self._folders():
            try:
                about = read_about_folder(folder)
                opened = HeightPyramid(folder) if about.kind == HEIGHTS else PicturePyramid(folder)
            except ConsoleError as exc:
                if folder.is_dir():  # else another window has just removed it
                    found.append((Entry(folder, None, f"{exc.what}{exc.next_step}"), None))
            else:
                found.append((Entry(folder, about), opened))
        return found

    def _all(self) -> list[Path]:
        try:
            return sorted(p for p in self.folder.iterdir() if p.is_dir())
        except OSError:  # nothing was imported yet
            return []

    def _folders(self) -> list[Path]:
        return [p for p in self._all() if not p.name.startswith(".") and not (p / REMOVED).exists()]


def _last_change_s(folder: Path) -> float:
    try:
        return max((p.stat().st_mtime for p in (folder, *folder.iterdir())), default=0.0)
    except OSError:  # it is being moved or deleted
        return time.time()
