"""The object card as a panel, with the papers that the cache holds of the selected object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import shiboken6

from console.errors import StoreError
from console.presenters.card import NO_PAPERS, Papers, present_card
from console.windows.panels import Built, Context
from widgets.object_card import ObjectCard

KINDS = ("plans", "drawings", "contacts", "teams")


def build_card(c: Context) -> Built:
    widget = ObjectCard(c.look)
    session = c.session
    papers = [NO_PAPERS]
    read_for: list[object] = [None]

    def show() -> str:
        board, chosen = session.board.board, session.situation.current.selection
        return present_card(widget, board, chosen, c.look.tr, c.topics, session.board.things, papers[0])

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

    return Built(widget, refresh, frozenset({"board", "selection"}))
