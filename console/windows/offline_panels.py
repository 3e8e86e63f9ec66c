"""Panels for the time without a network: packs, and the lists that they brought."""

from __future__ import annotations

from pathlib import Path

from console.domain.library import LISTS
from console.presenters.library import library_rows
from console.presenters.packs import item_rows, pack_rows, region_words
from console.services.library_desk import Entry, LibraryDesk
from console.services.pack_desk import PackDesk
from console.windows.panels import Built, Context
from widgets.library_board import LibraryBoard
from widgets.pack_board import PackBoard


def build_packs(c: Context) -> Built:
    session = c.session
    desk = PackDesk(session.source, session.tasks, c.look.tr)
    widget = PackBoard(c.look, [v.spec.code for v in desk.views])

    def refresh() -> str:
        widget.show_packs(pack_rows(desk.views, c.look.tr))
        widget.show_items(item_rows(next(v for v in desk.views if v.spec.code == widget.code), c.look.tr))
        widget.show_regions([("", c.look.tr("范围：按声明"))] + [(r, region_words(r, c.look.tr)) for r in desk.regions])
        widget.show_devices([(d.device_id, d.name) for d in desk.devices])
        widget.show_busy(desk.busy)
        widget.say(desk.said)
        return ""

    desk.changed.connect(refresh)
    widget.chosen.connect(refresh)
    widget.region_chosen.connect(desk.choose_region)
    widget.estimate_requested.connect(lambda code: session.tasks.start("pack estimate", desk.estimate(code)))
    widget.fetch_requested.connect(lambda code: session.tasks.start("pack fetch", desk.fetch(code)))
    widget.pause_requested.connect(desk.pause)
    widget.export_requested.connect(lambda code, to: session.tasks.start("pack export", desk.export(code, to)))
    widget.outbox_requested.connect(lambda to: session.tasks.start("outbox export", desk.export_outbox(to)))
    widget.import_requested.connect(lambda path: session.tasks.start("bundle import", desk.take(path)))
    session.tasks.start("packs", desk.reload())
    return Built(widget, refresh, frozenset({"link"}), release=desk.close)


def build_library(c: Context) -> Built:
    session = c.session
    desk = LibraryDesk(session.source.home, session.source.name)
    widget = LibraryBoard(c.look, [(code, c.look.tr(words)) for code, words in LISTS.items()])

    def listed() -> list[Entry]:
        return [e for e in desk.entries if widget.list_code in ("", e.kind)]

    def show() -> None:
        entries = listed()
        widget.show_entries(library_rows(entries, c.look.tr), [(str(e.path or ""), e.file_name) for e in entries], desk.said)

    def refresh() -> str:
        session.tasks.start("library", desk.reload())
        return ""

    desk.changed.connect(show)
    widget.list_chosen.connect(show)
    widget.save_requested.connect(lambda path, to: session.tasks.start("save file", desk.save(Path(path), Path(to))))
    return Built(widget, refresh, frozenset({"link"}), release=desk.close)
