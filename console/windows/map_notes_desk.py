"""Notes on the map: drawn, worded, kept, and shown as their layer says."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import shiboken6

from console.domain.layers import LayerState
from console.errors import StoreError
from console.store.map_notes import MapNotes
from console.viewdata.notes import Note, Point
from console.windows.panels import Context
from widgets.map_panel import MapPanel


class MapNotesDesk:
    """Keeps the notes of one map panel."""

    def __init__(self, c: Context, panel: MapPanel) -> None:
        self._c = c
        self._panel = panel
        self._store = MapNotes(c.session.source.profile.folder / "map-notes.json")
        self._notes: tuple[Note, ...] = ()
        self._worded: Note | None = None  # drawn or clicked, waiting for its words
        self._shown: tuple[tuple[Note, ...], float] | None = None
        self._layer: LayerState | None = None
        panel.map.tools.drawn.connect(self._drawn)
        panel.map.note_picked.connect(self._picked)
        panel.toolbar.note_worded.connect(self._word)
        c.session.tasks.start("map notes", self._change(self._store.read))

    def refresh(self, layer: LayerState | None) -> None:
        """Show the notes as their layer says; None where it is off."""
        self._layer = layer
        shown = (self._notes if layer is not None else (), layer.opacity / 100 if layer is not None else 1.0)
        if shown != self._shown:
            self._shown = shown
            self._panel.map.tools.set_notes(*shown)

    def _drawn(self, kind: str, points: tuple[Point, ...]) -> None:
        now = self._c.session.situation.now()
        self._worded = Note(uuid.uuid4().hex, kind, points, "", self._c.settings.operator, now)
        self._panel.toolbar.ask_words()

    def _picked(self, note: Note) -> None:
        self._worded = note
        self._panel.toolbar.ask_words(note.text)

    def _word(self, text: str) -> None:
        """Keep the note with its words; without any it goes."""
        note, self._worded = self._worded, None
        if note is not None:
            work = partial(self._store.put, replace(note, text=text)) if text else partial(self._store.drop, note.note_id)
            self._c.session.tasks.start("note", self._change(work))

    async def _change(self, work: Callable[[], tuple[Note, ...]]) -> None:
        try:
            notes = await asyncio.to_thread(work)
        except StoreError as exc:
            if shiboken6.isValid(self._panel):
                self._panel.say(f"{exc.what}{exc.next_step}")
            return
        if shiboken6.isValid(self._panel):
            self._notes, self._shown = notes, None  # the figure just drawn is a note now, or was dropped
            self.refresh(self._layer)
