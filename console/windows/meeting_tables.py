"""What was recorded in a consultation: the record, options with votes, decisions; each with what can be done with a row."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import shiboken6
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog

from console.domain.meeting import Meeting, MeetingEntry
from console.domain.scenario import scenario_from_json
from console.domain.scenario_reader import ScenarioError
from console.domain.situation import Situation, SituationError
from console.errors import ConsoleError
from console.presenters.meeting_minutes import minutes
from console.texts import printable
from console.viewdata.briefing import Briefing
from console.viewdata.meeting import Cell, MeetingView
from console.windows.meeting_panels import NEEDS, shown_meeting
from console.windows.panels import Built, Context, Document
from widgets.acted_table import ActedTable

Rows = Callable[[MeetingView], Sequence[Sequence[Cell]]]
Act = Callable[[str, Meeting, int], Awaitable[str]]  # code of the button, the meeting, the row
TITLES: Mapping[str, tuple[tuple[str, ...], tuple[int, ...], str]] = {
    "record": (("时间", "类别", "单位、姓名", "内容", "状态"), (110, 84, 150, 560), "开会之后，每一条记录列在这里"),
    "options": (("方案", "名称", "指标", "说明", "表态"), (50, 170, 420, 150), "把情景记为方案后，各单位的表态列在这里"),
    "decisions": (
        ("决定", "类型", "责任单位", "期限", "办理", "宣读"),
        (460, 90, 150, 100, 150),
        "会议决定列在这里：谁办、何时办完、转成了什么",
    ),
}
PICTURE_MOST = 20_000_000  # bytes: a screen in PNG is a tenth of it
ACTIONS = {
    "record": {"again": "重现当时画面", "picture": "另存标注画面"},
    "options": {"take": "取回情景"},
    "decisions": {"carry": "下达"},
}


def build_record(c: Context) -> Built:
    async def again(code: str, meeting: Meeting, row: int) -> str:
        entry = meeting.entries[row]
        if code == "picture":
            return await _save_picture(c, entry)
        found = next((m for m in meeting.materials if m.entry.entry_id == entry.entry_id), None)
        if found is None:
            return c.look.tr("这一条没有存画面；请选一条材料")
        try:
            situation = Situation.from_json(found.situation, c.session.situation.ref())
        except SituationError:
            return c.look.tr("当时的画面读不出来；冻结的表仍在纪要里")
        c.session.situation.adopt(situation)
        return c.look.tr("已回到当时的画面")

    async def document(notes: list[str]) -> Briefing:
        meeting = c.session.meetings.meeting or Meeting("")
        return minutes(meeting, notes, time.time(), c.look.tr, await _pictures(c, meeting))

    return _built(c, "record", lambda view: view.records, again, document)


async def _pictures(c: Context, meeting: Meeting) -> dict[str, bytes]:
    """Return the marked pictures that are on this computer, by their entry.

    A damaged copy, or what is no picture, is left out; the minutes say that no sound one is here.
    """
    found = {}
    for material in meeting.materials:
        sha256, size = _attached(material.entry)
        if sha256 in c.session.desk.files_here and 0 < size <= PICTURE_MOST:
            with contextlib.suppress(ConsoleError):
                content = await c.session.duty.file_content(sha256, size)
                if await asyncio.to_thread(_is_picture, content):
                    found[material.entry.entry_id] = content
    return found


def _is_picture(content: bytes) -> bool:
    return not QImage.fromData(content).isNull()


def _attached(entry: MeetingEntry) -> tuple[str, int]:
    """Return SHA-256 and size of an entry's picture; ("", 0) where it has none."""
    held = entry.body.get("attachments")
    named = held[0] if isinstance(held, list) and held and isinstance(held[0], dict) else {}
    size = named.get("size")
    return (str(named.get("sha256") or ""), size) if isinstance(size, int) else ("", 0)


async def _save_picture(c: Context, entry: MeetingEntry) -> str:
    """Save a marked picture where the officer wants it; one that is not here is fetched first. Returns what came of it.

    Raises:
        ConsoleError: it was not written.
    """
    tr = c.look.tr
    sha256, size = _attached(entry)
    if not sha256:
        return tr("这一条没有标注画面")
    if sha256 not in c.session.desk.files_here:
        c.session.duty.fetch_file(sha256)
        return tr("正在从中心取回画面，取回后再按一次")
    chosen: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    dialog = QFileDialog(None, tr("另存标注画面"))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("png")
    dialog.selectFile(f"{sha256[:12]}.png")
    dialog.finished.connect(lambda code: chosen.set_result(dialog.selectedFiles()[0] if code else ""))
    dialog.open()
    try:
        target = await chosen
    finally:
        dialog.deleteLater()
    if not target:
        return ""
    await c.session.duty.save_file(sha256, size, Path(target))
    return f"{tr('已另存')} {printable(target, 200)}"


def build_options(c: Context) -> Built:
    async def take(_code: str, meeting: Meeting, row: int) -> str:
        option = meeting.options[row]
        if not option.scenario:
            return c.look.tr("这个方案没有附情景")
        try:
            await c.session.consult.create(scenario_from_json(option.scenario))
        except ScenarioError:
            return c.look.tr("这个情景由较新的程序写成，请升级本机程序")
        return c.look.tr("情景已取回本机，正在计算")

    return _built(c, "options", lambda view: view.options, take)


def build_decisions(c: Context) -> Built:
    async def carry(_code: str, meeting: Meeting, row: int) -> str:
        await c.session.meetings.carry_out(meeting.decisions[row], c.session.person or c.settings.operator)
        await c.session.read_outbox()
        return c.look.tr("已下达")

    return _built(c, "decisions", lambda view: view.decisions, carry)


def _built(c: Context, kind: str, rows: Rows, act: Act, document: Document | None = None) -> Built:
    titles, widths, empty = TITLES[kind]
    widget = ActedTable(c.look, titles, widths, empty, ACTIONS[kind])

    async def acted(code: str, row: int) -> None:
        meeting, bad = c.session.meetings.meeting, True
        if meeting is None:
            return
        try:
            said, bad = await act(code, meeting, row), False
        except ConsoleError as exc:
            said = f"{exc.what}{exc.next_step}"
        if shiboken6.isValid(widget):
            widget.say(said, bad=bad)

    widget.acted.connect(lambda code, row: c.session.tasks.start(f"meeting {kind}", acted(code, row)))

    def refresh() -> str:
        view = shown_meeting(c)
        widget.show_rows(rows(view))
        return f"{c.look.tr('未宣读')} {len(view.unread)}" if kind == "decisions" and view.unread else ""

    def cells() -> list[list[str]]:
        return [[c.look.tr(t) for t in titles], *([text for text, _ in row] for row in rows(shown_meeting(c)))]

    return Built(widget, refresh, NEEDS, export_table=cells, export_document=document)
