"""The panel at which a consultation is recorded: agenda, form, who presents, the meeting as a file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import shiboken6
from PySide6.QtCore import QBuffer, QIODevice, QObject
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog

from console.domain.meeting import Meeting
from console.errors import ConsoleError
from console.presenters.consult import scenario_lines
from console.presenters.meeting import meeting_view
from console.presenters.meeting_material import frozen_tables, option_of
from console.presenters.meeting_typed import fields_of
from console.services.meeting_desk import NotCarriedOut
from console.services.presenting import Presenting
from console.store.meeting_file import read_meeting, write_meeting
from console.texts import printable
from console.viewdata.meeting import MeetingView, Typed
from console.windows.panels import Built, Context
from widgets.annotator import Annotator
from widgets.meeting_board import MeetingBoard
from widgets.name_field import sign_as

NEEDS = frozenset({"desk", "meeting", "consult"})


def shown_meeting(c: Context) -> MeetingView:
    session = c.session
    scenarios = [(line.scenario_id, line.name) for line in scenario_lines(session.consult, c.look.tr) if line.place >= 0]
    return meeting_view(session.meetings.all, session.meetings.current, time.time(), scenarios, c.look.tr)


class MeetingHand(QObject):
    """What the buttons and the form of one panel do; lives as long as the panel."""

    def __init__(self, c: Context, board: MeetingBoard) -> None:
        super().__init__(board)
        self._c, self._board = c, board
        self._desk, tasks = c.session.meetings, c.session.tasks
        form = board.form
        form.author.setText(c.settings.operator)
        form.save_requested.connect(lambda typed: tasks.start("meeting entry", self._enter(typed)))
        self.presenting = Presenting(c.session, board)
        self.presenting.changed.connect(self.show_roles)
        board.lead_toggled.connect(lambda on: self.presenting.lead(form.author.text().strip(), on=on))
        board.follow_toggled.connect(lambda on: self.presenting.follow(on=on))
        board.chosen.connect(self._desk.choose)
        board.step_chosen.connect(lambda code: self._add("step", {"step": code}))
        board.close_requested.connect(lambda: self._add("close", {}))
        board.read_back_requested.connect(lambda: self._add("read_back", {"decisions": list(shown_meeting(c).unread)}))
        form.annotate_requested.connect(self._annotate)
        board.file_requested.connect(self._ask_target)
        board.open_requested.connect(self._ask_source)

    def show_roles(self) -> None:
        tr, somebody = self._c.look.tr, self.presenting.somebody
        self._board.show_roles(leads=self.presenting.leads, follows=self.presenting.follows)
        said = tr("正在向各席主讲") if self.presenting.leads else f"{tr('主讲')} {printable(somebody, 20)}" if somebody else ""
        if self.presenting.follows and not somebody:
            said = tr("现在没有人主讲，画面由您自己掌握")
        self._board.presenting.setText(said)

    def _add(self, what: str, fields: dict[str, object]) -> None:
        async def entered() -> None:
            await self._desk.add(self._desk.current, what, fields, self._board.form.author.text())

        self._c.session.tasks.start("meeting entry", self._said(entered))

    async def _said(self, work: Callable[[], Awaitable[object]]) -> bool:
        """Do work and say in the form what kept it from being done; tells whether it was done."""
        try:
            await work()
        except NotCarriedOut:
            raise
        except ConsoleError as exc:
            if shiboken6.isValid(self._board):
                self._board.form.refused(f"{exc.what}{exc.next_step}")
            return False
        await self._c.session.read_outbox()
        return True

    async def _enter(self, typed: Typed) -> None:
        try:
            done = await self._said(lambda: self._write(typed))
        except NotCarriedOut as exc:  # the decision itself is on disk: typed once more it would stand twice
            await self._c.session.read_outbox()
            if shiboken6.isValid(self._board):
                self._board.form.saved(typed)
                self._board.form.refused(f"{exc.what}{exc.next_step}")
            return
        if done and shiboken6.isValid(self._board):
            self._board.form.saved(typed)

    async def _write(self, typed: Typed) -> None:
        session, meeting = self._c.session, self._desk.meeting
        fields = fields_of(typed, session.situation.now(), meeting.step if meeting is not None else "opening")
        if typed.what == "open":
            cutoff = fields["cutoff_t"] if fields["cutoff_t"] is not None else session.situation.moment()
            topic, level, chair, recorder = (str(fields[k]) for k in ("topic", "level", "chair", "recorder"))
            await self._desk.open_meeting(topic, level, chair, recorder, float(str(cutoff)), typed.author)
        elif typed.what == "decision":
            due = fields["due_t"]
            await self._desk.decide(
                self._desk.current, str(fields["text"]), str(fields["type"]), str(fields["owner"]),
                float(str(due)) if due is not None else None, typed.author, bool(fields["order"]),
                topic=str(fields["topic"]), level=str(fields["level"]),
            )  # fmt: skip
        else:
            await self._desk.add(self._desk.current, typed.what, fields | self._frozen(typed.what, fields), typed.author)

    def _frozen(self, what: str, fields: dict[str, object]) -> dict[str, object]:
        """Return what is taken from the screen as it stands now."""
        session, tr = self._c.session, self._c.look.tr
        if what == "material":
            situation = session.situation.current
            tables = frozen_tables(session.board.board, session.consult, situation.selection, tr)
            return {"situation": situation.to_json(session.situation.moment()), "tables": tables}
        if what == "option":
            name, scenario, figures = option_of(session.consult, str(fields["scenario"]), tr)
            return {"name": name or f"{tr('方案')} {fields['letter']}", "scenario": scenario, "figures": figures}
        return {}

    def _annotate(self) -> None:
        """Mark the picture of this window; kept, it goes with the material whose title is typed."""
        window = Annotator(self._c.look, self._board.window().grab(), self._board)
        window.save_requested.connect(
            lambda image: self._c.session.tasks.start("marked picture", self.keep_picture(window, image))
        )
        window.show()

    async def keep_picture(self, window: Annotator, image: QImage) -> None:
        """Keep a marked picture as material of the item that is dealt with now."""
        typed, session = self._board.form.typed(), self._c.session
        store = QBuffer()
        store.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(store, "PNG")  # type: ignore[call-overload] # bytes, as its stub has it, are refused

        async def enter() -> None:
            meeting = self._desk.meeting
            fields = fields_of(typed, session.situation.now(), meeting.step if meeting is not None else "opening")
            whole = fields | self._frozen("material", fields)
            self._desk.check(self._desk.current, "material", whole)  # before a file is kept that nothing names
            file = await session.duty.attach_made(f"{fields['title']}.png", "image/png", bytes(store.data().data()))
            await self._desk.add(self._desk.current, "material", whole, typed.author, (file,))

        if await self._said(enter) and shiboken6.isValid(self._board):
            self._board.form.saved(typed)
            if shiboken6.isValid(window):
                window.kept()
        elif shiboken6.isValid(window):
            window.say(self._board.form.status.text())

    # --- files ----------------------------------------------------------------------------
    def _ask_target(self) -> None:
        meeting = self._desk.meeting
        if meeting is None:
            return
        dialog = QFileDialog(self._board, self._c.look.tr("存为文件"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("meeting")
        dialog.selectFile(f"{printable(meeting.topic, 40).replace('/', '_') or 'meeting'}.meeting")
        self._open(dialog, lambda path: self.save(meeting, path))

    def _ask_source(self) -> None:
        dialog = QFileDialog(self._board, self._c.look.tr("打开文件"))
        dialog.setNameFilter("*.meeting")
        self._open(dialog, self.show)

    def _open(self, dialog: QFileDialog, work: Callable[[Path], Coroutine[Any, Any, None]]) -> None:
        dialog.fileSelected.connect(lambda name: self._c.session.tasks.start("meeting file", work(Path(name))))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    async def save(self, meeting: Meeting, path: Path) -> None:
        """Write a meeting with all its entries and frozen figures."""
        if await self._said(lambda: asyncio.to_thread(write_meeting, path, meeting)):
            self._board.form.say(f"{self._c.look.tr('已存为')} {printable(path.name, 60)}")

    async def show(self, path: Path) -> None:
        """Show a meeting from a file beside those that are here; nothing of it is entered."""

        async def read() -> None:
            self._desk.show_file(await asyncio.to_thread(read_meeting, path))

        await self._said(read)


def build_meeting(c: Context) -> Built:
    board = MeetingBoard(c.look)
    hand = MeetingHand(c, board)

    def refresh() -> str:
        sign_as(board.form.author, c.session.person)
        view = shown_meeting(c)
        board.show_view(view)
        hand.show_roles()
        return f"{len(view.records)} {c.look.tr('条')}" if view.chosen else ""

    return Built(board, refresh, NEEDS, hand.presenting.close)
