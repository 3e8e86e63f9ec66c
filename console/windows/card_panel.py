"""The object card as a panel, with the papers that the cache holds of the selected object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import shiboken6

from console.domain.topics import topic_of
from console.errors import StoreError
from console.presenters.card import present_card
from console.presenters.card_papers import NO_PAPERS, Papers
from console.windows.panels import Built, Context
from widgets.card_desk import CardDesk
from widgets.object_card import ObjectCard

ACTION_PANELS = {"log.entry": "duty.log", "alarm.ack": "duty.alarms", "table": "monitor.table", "sandbox": "sandbox.scene"}
KINDS = ("plans", "drawings", "contacts", "teams")


def build_card(c: Context) -> Built:
    widget = ObjectCard(c.look) if c.large else CardDesk(c.look)
    session = c.session
    if isinstance(widget, CardDesk):
        widget.link_chosen.connect(lambda code: _follow(c, widget, code))
    papers = [NO_PAPERS]
    read_for: list[object] = [None]

    def show() -> str:
        board, chosen = session.board.board, session.situation.current.selection
        session.works.follow()
        report = session.works.report(chosen)
        return present_card(widget, board, chosen, c.look.tr, c.topics, session.board.things, papers[0], report)

    async def read() -> None:
        docs: dict[str, Sequence[Mapping[str, Any]]] = {}
        try:
            for kind in KINDS:
                docs[kind] = await session.board.read("objects", kind)
        except StoreError as exc:
            session.cache_problem.emit(f"{exc.what}{exc.next_step}")
            return
        papers[0] = Papers(docs)
        if shiboken6.isValid(widget):
            show()

    def refresh() -> str:
        wanted = id(session.board.stations)  # another reference came: the lists may be other ones too
        if read_for[0] != wanted:
            read_for[0] = wanted
            session.tasks.start("papers", read())
        return show()

    def judged() -> None:
        if shiboken6.isValid(widget) and widget.isVisible():
            show()

    session.works.changed.connect(judged)

    def release() -> None:
        session.works.changed.disconnect(judged)

    asks = widget.panel_wanted if isinstance(widget, CardDesk) else None
    return Built(widget, refresh, frozenset({"board", "selection"}), release, asks=asks)


def _follow(c: Context, widget: CardDesk, code: str) -> None:
    """Open what a card offers; the table opens on the object's own topic."""
    situation, board = c.session.situation, c.session.board
    station = board.stations.get(situation.current.selection or "")
    topic = topic_of(station.kind, c.topics) if station is not None else None
    if code == "table" and topic is not None:
        situation.look_into(topic.code)
    widget.panel_wanted.emit(ACTION_PANELS.get(code, f"monitor.{code}"))
