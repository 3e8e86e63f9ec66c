"""Importing the user's terrain and imagery from the sandbox: asked in a form, done off the GUI thread, cancellable."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import shiboken6
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from console.errors import ConsoleError
from console.services.sandbox_ground import library_folder
from console.windows.panels import Context
from widgets.ground_form import GroundAsk, GroundForm


class GroundDesk(QObject):
    """Owned by the sandbox's desk.

    Signals:
        changed: an import came or went.
    """

    changed = Signal()
    _progress = Signal(float)

    def __init__(self, c: Context, parent: QWidget) -> None:
        super().__init__()
        self._c = c
        self._folder = library_folder(c.session.source.home.shared_cache)
        self.form = GroundForm(c.look, parent)
        self._stop = threading.Event()
        self.form.import_requested.connect(self._begin)
        self.form.cancel_requested.connect(self._stop.set)
        self.form.remove_requested.connect(self._remove)
        self._progress.connect(self._told)

    def show(self) -> None:
        self.form.show()
        self.form.raise_()
        if not self.form.running:
            self._run(self._list)

    def close(self) -> None:
        self._stop.set()

    def _run(self, work: Callable[[], str], *, imported: bool = False) -> None:
        """Do work in a thread, then show what is held and what it says; an import empties the form for the next."""
        self._c.session.tasks.start("ground import", self._done(work, imported))

    async def _done(self, work: Callable[[], str], imported: bool) -> None:
        try:
            words, refused = await asyncio.to_thread(work), False
        except ConsoleError as exc:
            words, refused = f"{exc.what}{exc.next_step}", True
        held = await asyncio.to_thread(self._held)
        if not shiboken6.isValid(self.form):
            return
        self.form.show_held(held)
        if refused or not words:
            self.form.say(words)
            return
        self.form.taken(words) if imported else self.form.say(words)
        self.changed.emit()

    def _held(self) -> list[tuple[str, str]]:
        from scenes.ground.library import GroundLibrary  # rasterio: only when somebody imports

        return [
            (e.name, f"{e.name} · {e.about.datum or e.about.label}" if e.about else e.problem)
            for e in GroundLibrary(self._folder).entries()
        ]

    def _list(self) -> str:
        return ""

    def _begin(self, ask: GroundAsk) -> None:
        tr = self._c.look.tr
        try:
            offset = float(ask.offset) if ask.offset else None
        except ValueError:
            self.form.say(f"{ask.offset[:20]}：{tr('改正数应为以米计的数，如 0.744')}")
            return
        self._stop.clear()
        self.form.say(tr("正在导入…"), running=True)
        self._run(lambda: self._import(ask, offset), imported=True)

    def _import(self, ask: GroundAsk, offset: float | None) -> str:
        from scenes.ground.dem_import import Vertical
        from scenes.ground.library import GroundLibrary

        library, path, tr = GroundLibrary(self._folder), Path(ask.file), self._c.look.tr
        if ask.kind == "picture":
            name, _ = library.add_picture(path, ask.crs, self._progress.emit, self._stop.is_set)
            return f"{tr('已导入')} {name}"
        vertical = Vertical(ask.datum, offset) if ask.datum else None
        name, report = library.add_dem(path, vertical, ask.crs, self._progress.emit, self._stop.is_set)
        figures = f"{report.low_m:.1f}–{report.high_m:.1f} m · {report.datum}"
        return " · ".join([f"{tr('已导入')} {name}", figures, *report.notes])

    def _remove(self, name: str) -> None:
        def work() -> str:
            from scenes.ground.library import GroundLibrary

            GroundLibrary(self._folder).remove(name)
            return f"{self._c.look.tr('已移除')} {name}"

        if name:
            self._run(work)

    def _told(self, share: float) -> None:
        if self.form.running:
            self.form.say(f"{self._c.look.tr('正在导入…')} {share:.0%}", running=True)
