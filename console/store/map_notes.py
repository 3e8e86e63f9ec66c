"""Notes drawn on the map, kept on this machine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from console.store.kept_list import KeptList
from console.texts import printable
from console.viewdata.notes import Note

POINTS = 2000
KINDS = ("point", "line", "area")


class MapNotes:
    """Of one profile; every call may raise StoreError, and then nothing changed."""

    def __init__(self, path: Path) -> None:
        self._kept = KeptList(path, "标绘", 500)

    def read(self) -> tuple[Note, ...]:
        return self._kept.read(_note)

    def put(self, note: Note) -> tuple[Note, ...]:
        """Keep a note, in place of one of the same id; return all."""
        return self._kept.change(_note, lambda notes: [*(n for n in notes if n.note_id != note.note_id), note], asdict)

    def drop(self, note_id: str) -> tuple[Note, ...]:
        """Forget one note; return the rest."""
        return self._kept.change(_note, lambda notes: [n for n in notes if n.note_id != note_id], asdict)


def _note(raw: Mapping[str, Any]) -> Note:
    points = tuple((float(x), float(y)) for x, y in raw["points"][:POINTS])
    if raw["kind"] not in KINDS or not points or not all(math.isfinite(v) for p in points for v in p):
        raise ValueError("not a note")
    return Note(
        note_id=str(raw["note_id"])[:60],
        kind=raw["kind"],
        points=points,
        text=printable(str(raw["text"]), 60),
        author=printable(str(raw["author"]), 40),
        at_t=float(raw["at_t"]),
    )
