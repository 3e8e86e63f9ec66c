"""Entries of the command palette: objects with pinyin initials, commands with keys."""

from __future__ import annotations

from collections.abc import Iterable

from console.commands import Command
from console.domain.states import WORDS
from console.presenters.wording import Translate, value_text
from console.viewdata.board import Board
from console.viewdata.palette import PaletteItem

KINDS = {"river": "河道站", "reservoir": "水库", "basin": "流域", "tide": "潮位站", "rain": "雨量站"}


def initials(text: str) -> str:
    """Return the pinyin initials of a name: 石角 → sj; other characters stay."""
    from pypinyin import Style, lazy_pinyin  # slow to import: not before the first window

    return "".join(lazy_pinyin(text, style=Style.FIRST_LETTER)).lower()


class PaletteEntries:
    """Initials are worked out once per name."""

    def __init__(self) -> None:
        self._initials: dict[str, str] = {}

    def build(self, board: Board, commands: Iterable[Command], tr: Translate) -> list[PaletteItem]:
        items = []
        for row in board.rows:
            s = row.station
            value = f"{value_text(row.main)} · {tr(WORDS[row.state])}" if row.main else tr("无数据")
            detail = " · ".join(p for p in (tr(KINDS.get(s.kind, s.kind)), s.river, value) if p)
            items.append(PaletteItem(f"object:{s.code}", s.name, detail, self._of(s.name), words=s.river))
        for c in commands:
            reason = c.enabled()
            text = tr(c.text)
            items.append(PaletteItem(f"command:{c.code}", text, reason or tr(c.group), self._of(c.text), c.key, c.keywords))
        return items

    def _of(self, text: str) -> str:
        if text not in self._initials:
            self._initials[text] = initials(text)
        return self._initials[text]
