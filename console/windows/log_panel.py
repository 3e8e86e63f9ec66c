"""The duty log's panel: entries with their files, saved before the screen says so."""

from __future__ import annotations

from pathlib import Path

import shiboken6
from PySide6.QtWidgets import QFileDialog

from console.errors import ConsoleError
from console.presenters.duty import log_rows, size_text
from console.services.duty_desk import FILES_LIMIT, LOG_TYPES
from console.store.ops import Attached
from console.texts import printable
from console.viewdata.duty import FileView
from console.windows.panels import Built, Context
from widgets.duty_log import DutyLog
from widgets.name_field import sign_as


class DraftFiles:
    """The files of the entry being written; their copies are on the disk already."""

    def __init__(self, c: Context, widget: DutyLog) -> None:
        self._c = c
        self._widget = widget
        self.set(self.files)

    @property
    def files(self) -> tuple[Attached, ...]:
        return self._c.session.desk.draft_files

    def add(self, paths: list[str]) -> None:
        self._c.session.tasks.start("attach", self._add([Path(p) for p in paths]))

    async def _add(self, paths: list[Path]) -> None:
        tr = self._c.look.tr
        for path in paths[: FILES_LIMIT - len(self.files)]:
            self._say(f"{tr('正在复制')} {printable(path.name, 60)}…")
            try:
                found = await self._c.session.duty.attach(path)
            except ConsoleError as exc:
                self._say(f"{exc.what}{exc.next_step}")
                return
            if found.sha256 not in {f.sha256 for f in self.files}:
                self.set((*self.files, found))
        self._say(tr("附件已存到本机，保存记录时一起上报"))

    def remove(self, sha256: str) -> None:
        self.set(tuple(f for f in self.files if f.sha256 != sha256))

    def set(self, files: tuple[Attached, ...]) -> None:
        self._c.session.desk.draft_files = files
        if shiboken6.isValid(self._widget):
            self._widget.show_draft_files([(f.sha256, f"{printable(f.name, 60)} {size_text(f.size)}") for f in files])

    def _say(self, text: str) -> None:
        if shiboken6.isValid(self._widget):
            self._widget.say(text)


def build_log(c: Context) -> Built:
    widget = DutyLog(c.look, LOG_TYPES, c.settings.operator)
    session = c.session
    draft = DraftFiles(c, widget)

    async def write(kind: str, text: str, name: str) -> None:
        files = draft.files
        try:
            await session.duty.write_log(kind, text, name, session.situation.current.selection or "", files)
        except ConsoleError as exc:
            if shiboken6.isValid(widget):
                widget.not_saved(f"{exc.what}{exc.next_step}")
            return
        draft.set(tuple(f for f in draft.files if f not in files))
        if shiboken6.isValid(widget):
            widget.saved()
        await session.read_outbox()

    widget.entry_requested.connect(lambda k, t, n: session.tasks.start("log entry", write(k, t, n)))
    widget.attach_requested.connect(draft.add)
    widget.detach_requested.connect(draft.remove)
    widget.file_requested.connect(lambda file: _wanted(c, widget, file))

    def refresh() -> str:
        if session.desk.offered:
            widget.edit_again(session.desk.offered)
            session.desk.offered = ""
        sign_as(widget.name, session.person)
        rows = log_rows(session.desk, c.look.tr)
        widget.show_rows(rows)
        waiting = sum(1 for r in rows if r.pending)
        return f"{len(rows)} {c.look.tr('条')}" + (f" · {c.look.tr('待上报')} {waiting}" if waiting else "")

    return Built(widget, refresh, frozenset({"desk"}))


def _wanted(c: Context, widget: DutyLog, file: FileView) -> None:
    """Save a file where the officer wants it; one that is not here is fetched first. Nothing is opened."""
    if not file.here:
        c.session.duty.fetch_file(file.sha256)
        widget.say(f"{c.look.tr('正在从中心取回')} {file.name}，{c.look.tr('取回后再按一次另存')}")
        return
    dialog = QFileDialog(widget, c.look.tr("附件另存为"))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(file.name.replace("/", "_").replace("\\", "_"))
    dialog.setModal(False)

    async def save(target: str) -> None:
        try:
            await c.session.duty.save_file(file.sha256, file.size, Path(target))
            said = f"{c.look.tr('已另存')} {printable(target, 200)}"
        except ConsoleError as exc:
            said = f"{exc.what}{exc.next_step}"
        if shiboken6.isValid(widget):
            widget.say(said)

    dialog.fileSelected.connect(lambda target: c.session.tasks.start("save file", save(target)))
    dialog.finished.connect(dialog.deleteLater)
    dialog.show()
