"""Entries of the command palette: objects with pinyin initials, commands with keys."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Iterable

from console.commands import Command
from console.domain.objects import Thing
from console.domain.topics import Topic
from console.presenters.wording import Translate, state_text, value_text
from console.viewdata.board import Board
from console.viewdata.palette import PaletteItem

READINGS = 8  # of one name


def initials(text: str) -> str:
    """Return the pinyin initials of a name, one word for every way to read it: 长坝 → cb zb; other characters stay.

    Without the library's dictionary of phrases, which takes 45 MB and still reads 长坝 wrongly.
    """
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import Style, pinyin  # slow to import: not before the first window

    read = pinyin(text, style=Style.FIRST_LETTER, heteronym=True)
    ways = itertools.islice(itertools.product(*(dict.fromkeys(r) for r in read)), READINGS)
    return " ".join(dict.fromkeys("".join(way) for way in ways)).lower()


class PaletteEntries:
    """Initials are worked out once per name."""

    def __init__(self) -> None:
        self._initials: dict[str, str] = {}

    async def learn(self, names: Iterable[str]) -> None:
        """Work out the initials of many names off the GUI thread, before somebody opens the palette."""
        await asyncio.to_thread(lambda: [self._of(name) for name in names])

    def build(
        self,
        board: Board,
        commands: Iterable[Command],
        tr: Translate,
        topics: Iterable[Topic] = (),
        works: Iterable[Thing] = (),
    ) -> list[PaletteItem]:
        names = {kind.code: kind.name for topic in topics for kind in topic.objects}
        items = []
        for row in board.rows:
            s = row.station
            value = f"{value_text(row.main)} · {state_text(row, tr)}" if row.main else state_text(row, tr)
            detail = " · ".join(p for p in (tr(names.get(s.kind, s.kind)), s.river, value) if p)
            items.append(PaletteItem(f"object:{s.code}", s.name, detail, self._of(s.name), words=s.river))
        measured = {row.station.code for row in board.rows}
        for thing in works:
            if thing.code not in measured:  # a station of that code has its line already
                river = str(thing.facts.get("river") or "")
                detail = " · ".join(p for p in (tr("工程"), river) if p)
                items.append(PaletteItem(f"object:{thing.code}", thing.name, detail, self._of(thing.name), words=river))
        for c in commands:
            reason = c.enabled()
            text = tr(c.text)
            items.append(PaletteItem(f"command:{c.code}", text, reason or tr(c.group), self._of(c.text), c.key, c.keywords))
        return items

    def _of(self, text: str) -> str:
        if text not in self._initials:
            self._initials[text] = initials(text)
        return self._initials[text]
