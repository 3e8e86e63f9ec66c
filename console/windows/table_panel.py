"""The station table as a panel: its topic, its saved views, what it exports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import shiboken6
from PySide6.QtCore import Qt

from console.errors import StoreError
from console.presenters.table import present_table
from console.presenters.works_rows import WorksRows
from console.store.saved_views import SavedView, SavedViews
from console.windows.panels import Built, Context
from widgets.station_table import StationTable


def build_table(c: Context) -> Built:
    widget = StationTable(c.look)
    widget.show_controls(not c.large)
    session = c.session
    views = SavedViews(session.source.profile.folder / "views.json")
    kept: dict[str, SavedView] = {}
    widget.selected.connect(session.situation.select)

    works = WorksRows()

    def refresh() -> str:
        session.works.follow()
        now = session.situation.current
        board = works.judged(session.board.board, session.works.reports)
        return present_table(widget, board, now.selection, c.look.tr, c.topics, now.topic)

    def back() -> None:
        widget.set_filter("")
        session.situation.look_into("")

    def pick(name: str) -> None:
        view = kept.get(name, SavedView(""))
        session.situation.look_into(view.topic)
        refresh()
        widget.set_filter(view.filter)
        widget.sort_by(view.order, Qt.SortOrder.DescendingOrder if view.descending else Qt.SortOrder.AscendingOrder)

    def remember(found: tuple[SavedView, ...], current: str) -> None:
        kept.clear()
        kept.update({v.name: v for v in found})
        widget.views.show_names(sorted(kept), current)

    async def change(work: Callable[[], tuple[SavedView, ...]], current: str) -> None:
        try:
            found = await asyncio.to_thread(work)
        except StoreError as exc:
            if shiboken6.isValid(widget):
                widget.complain(f"{exc.what}{exc.next_step}")
            return
        if shiboken6.isValid(widget):
            remember(found, current)

    def save(name: str) -> None:
        field, order = widget.model.order
        view = SavedView(
            name, session.situation.current.topic, widget.filter.text(), field, order == Qt.SortOrder.DescendingOrder
        )
        session.tasks.start("save view", change(lambda: views.put(view), name))

    def drop(name: str) -> None:
        session.tasks.start("drop view", change(lambda: views.drop(name), ""))

    widget.topic_chosen.connect(session.situation.look_into)
    widget.back_requested.connect(back)
    widget.views.picked.connect(pick)
    widget.views.save_requested.connect(save)
    widget.views.removed.connect(drop)
    session.tasks.start("saved views", change(views.read, ""))
    session.works.changed.connect(refresh)

    def release() -> None:
        session.works.changed.disconnect(refresh)

    needs = frozenset({"board", "selection", "topic"})
    return Built(widget, refresh, needs, release=release, export_table=widget.model.cells)
