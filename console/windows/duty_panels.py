"""Panels where a person decides: the response level in force, and what the centre did not take."""

from __future__ import annotations

import time

import shiboken6

from console.domain.response import LEVEL_WORDS, TOPICS
from console.errors import ConsoleError
from console.presenters.conflicts import undecided
from console.presenters.response import response_tiles
from console.services.conflict_desk import ConflictDesk as Deciding
from console.windows.panels import Built, Context
from widgets.conflict_desk import ConflictDesk
from widgets.name_field import sign_as
from widgets.response_strip import ResponseStrip


def build_response(c: Context) -> Built:
    widget = ResponseStrip(c.look, TOPICS, LEVEL_WORDS, c.settings.operator)
    if c.large:
        widget.read_only()
    else:
        widget.setFixedHeight(round(84 * c.look.scale))
    session = c.session

    async def put(topic: str, level: str, basis: str, name: str, version: int) -> None:
        try:
            await session.duty.set_response(topic, level, basis, name, version)
        except ConsoleError as exc:
            if shiboken6.isValid(widget):
                widget.not_saved(f"{exc.what}{exc.next_step}")
            return
        if shiboken6.isValid(widget):
            widget.saved()
        await session.read_outbox()

    widget.set_requested.connect(lambda *chosen: session.tasks.start("response", put(*chosen)))

    def refresh() -> str:
        tiles = response_tiles(session.desk.responses, session.situation.now(), c.look.tr)
        widget.show_tiles(tiles)
        sign_as(widget.name, session.person)
        active = sum(1 for r in session.desk.responses.values() if r.active)
        return f"{c.look.tr('生效')} {active}" if active else c.look.tr("没有生效的应急响应")

    return Built(widget, refresh, frozenset({"desk", "time"}))


def build_conflicts(c: Context) -> Built:
    widget = ConflictDesk(c.look, c.settings.operator)
    session = c.session
    deciding = Deciding(session.duty)

    async def decide(op_id: str, choice: str, name: str, reason: str) -> None:
        op = next((op for op in session.desk.undecided if op.op_id == op_id), None)
        try:
            if op is not None:
                await deciding.decide(op, choice, name, reason)
        except ConsoleError as exc:
            if shiboken6.isValid(widget):
                widget.not_saved(f"{exc.what}{exc.next_step}")
            return
        await session.read_outbox()
        if shiboken6.isValid(widget):
            widget.saved(c.look.tr("已保存到本机；稍后上报，在此之前可以撤销"))

    async def take_back(op_id: str, name: str) -> None:
        try:
            await deciding.undo(op_id, name)
        except ConsoleError as exc:
            if shiboken6.isValid(widget):
                widget.not_saved(f"{exc.what}{exc.next_step}")
            return
        await session.read_outbox()
        if shiboken6.isValid(widget):
            widget.saved(c.look.tr("已撤销，仍待处理"))

    def edit(op_id: str) -> None:
        op = next((op for op in session.desk.undecided if op.op_id == op_id), None)
        if op is not None:
            session.desk.offer_draft(str(op.body.get("text", "")))
            widget.saved(c.look.tr("内容已放回值班日志的输入框；存好新的一条后，可在这里放弃旧的"))

    widget.decided.connect(lambda *chosen: session.tasks.start("decision", decide(*chosen)))
    widget.undo_requested.connect(lambda op_id, name: session.tasks.start("undo", take_back(op_id, name)))
    widget.edit_requested.connect(edit)

    def refresh() -> str:
        sign_as(widget.name, session.person)
        widget.show_rows(undecided(session.desk, time.time(), c.look.tr))
        return f"{c.look.tr('待处理')} {len(session.desk.undecided)}"

    return Built(widget, refresh, frozenset({"desk", "time"}))
