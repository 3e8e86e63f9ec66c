"""What terrain and imagery this computer has of its own: a folder with one pyramid per import.

Several consoles may use it at once: an import is made under a name of its own and moved to a free one
when whole; folders whose name begins with a dot are somebody's work and are never read.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from console.errors import ConsoleError
from scenes.ground.dem_import import DemReport, Vertical, import_dem
from scenes.ground.import_folder import ImportFolder
from scenes.ground.picture_import import Cancelled, PictureReport, Progress, import_picture
from scenes.ground.picture_pyramid import PicturePyramid
from scenes.ground.pyramid import HEIGHTS, About, HeightPyramid, PyramidNotWritten, read_about_folder, writing

REMOVED = "removed-ground"  # a file in a folder that could not be deleted while another window read it


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
        self._imports = ImportFolder(folder, "ground", REMOVED)

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
        folder = self._imports.named(name)
        if folder is not None:
            with writing(folder):
                self._imports.remove(folder)

    def sweep(self, now_s: float | None = None) -> None:
        """Delete what was removed while in use, and the halves of imports that were cut off more than a day ago."""
        self._imports.sweep(now_s)

    def _draft(self) -> Path:
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        self.sweep()
        return self._imports.draft()

    def _settled(self, draft: Path, path: Path) -> str:
        try:
            return self._imports.settle(draft, path)
        except FileExistsError as exc:
            raise PyramidNotWritten(f"名为 {exc} 的导入太多了。", "请先移除一些再导入。") from exc
        except OSError as exc:
            shutil.rmtree(draft, ignore_errors=True)
            raise PyramidNotWritten(f"目录 {self.folder} 写不进去。", "请检查该目录的权限后再试。", repr(exc)) from exc

    def _opened(self) -> list[tuple[Entry, HeightPyramid | PicturePyramid | None]]:
        found: list[tuple[Entry, HeightPyramid | PicturePyramid | None]] = []
        for folder in self._imports.folders():
            try:
                about = read_about_folder(folder)
                opened = HeightPyramid(folder) if about.kind == HEIGHTS else PicturePyramid(folder)
            except ConsoleError as exc:
                if folder.is_dir():  # else another window has just removed it
                    found.append((Entry(folder, None, f"{exc.what}{exc.next_step}"), None))
            else:
                found.append((Entry(folder, about), opened))
        return found
