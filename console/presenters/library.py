"""Lists held offline as rows of text; a file that is not here yet is said so."""

from __future__ import annotations

from collections.abc import Sequence

from console.domain.cameras import masked
from console.domain.library import LISTS
from console.presenters.packs import size_words
from console.presenters.wording import Translate
from console.services.library_desk import Entry
from console.texts import printable

Cell = tuple[str, str]


def library_rows(entries: Sequence[Entry], tr: Translate) -> Sequence[Sequence[Cell]]:
    """Return one line per entry: list, code, name, place, facts, file."""
    return [
        (
            (tr(LISTS[e.kind]), "text.dim"),
            (printable(e.code, 40), "text.dim"),
            (printable(e.name, 80), "text"),
            (printable(e.place, 60) or "—", "text"),
            ("；".join(f"{printable(k, 20)} {printable(masked(v), 120)}" for k, v in e.facts.items()) or "—", "text"),
            _file(e, tr),
        )
        for e in entries
    ]


def _file(entry: Entry, tr: Translate) -> Cell:
    if not entry.file_name:
        return "—", "text.dim"
    if entry.path is None:
        return f"{printable(entry.file_name, 60)}（{tr('未下载')}）", "state.warning"
    return f"{printable(entry.file_name, 60)} · {size_words(entry.file_size)}", "text"
