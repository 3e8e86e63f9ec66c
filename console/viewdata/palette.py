"""Entries of the command palette and how typed text finds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PaletteItem:
    """code: ``object:…`` or ``command:…``. initials: pinyin initials of the title, lower case, a word for each reading."""

    code: str
    title: str
    detail: str = ""
    initials: str = ""
    key: str = ""
    words: str = ""


def score(item: PaletteItem, text: str) -> int:
    """Return how well typed text fits; 0 means not at all."""
    wanted = text.strip().lower()
    if not wanted:
        return 1
    title = item.title.lower()
    tail = item.code.partition(":")[2].lower()
    if wanted in (title, tail):
        return 100
    if title.startswith(wanted):
        return 90
    read = [w for w in item.initials.split() if w.startswith(wanted)]
    if read:
        return 80 - min(20, len(read[0]) - len(wanted))
    if wanted in title:
        return 55
    if tail.startswith(wanted) or wanted in item.words.lower():
        return 45
    return 30 if wanted in item.initials else 0


def best(items: Iterable[PaletteItem], text: str, count: int) -> Sequence[PaletteItem]:
    """Return the best fitting entries, best first, equal ones in their given order."""
    scored = [(score(item, text), i, item) for i, item in enumerate(items)]
    scored = sorted((s for s in scored if s[0] > 0), key=lambda s: (-s[0], s[1]))
    return [item for _, _, item in scored[:count]]
