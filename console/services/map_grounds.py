"""Feeds a tiled layer of the map: pictures are fetched and made in a few workers, the newest wish first."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage
from shiboken6 import isValid

from console.domain.tile_grid import TileGrid, TileKey
from console.services.ground_words import GROUND_WORDS, GroundTrouble
from console.services.map_readers import NotNow, PictureReader
from console.services.map_vector_tiles import TileStyle
from console.services.tasks import TaskScope

T = TypeVar("T")
log = logging.getLogger(__name__)
READERS = 4  # requests at once to one service
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 120.0
REFUSED_PAUSE_S = 600.0


class TileFeed(QObject):
    """One tiled source. The window calls want() with what it shows; only the last call counts.

    Signals:
        opened: the grid is known now.
        arrived: (TileKey, QImage or None) a tile came; None where the source has none.
        again: what could not be had before may be had now; ask again.
        restyled: pictures made so far are in the colours of another theme.
        noted: note has changed.
    """

    opened = Signal()
    arrived = Signal(object, object)
    again = Signal()
    restyled = Signal()
    noted = Signal()

    def __init__(
        self,
        tasks: TaskScope,
        readers: Sequence[Callable[[], PictureReader]],
        style: TileStyle,
        parent: QObject | None = None,
        *,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        super().__init__(parent)
        self.grid: TileGrid | None = None
        self.trouble: GroundTrouble | None = None
        self._tasks = tasks
        self._makers = list(readers)
        self._idle: list[PictureReader] = []
        self._style = style
        self._lock = threading.Lock()
        self._hands = len(self._makers)
        self._pool = ThreadPoolExecutor(self._hands, "map-tiles")
        self._queue: list[TileKey] = []
        self._running: set[TileKey] = set()
        self._opening = False
        self._paused = False
        self._first_pause_s = self._pause_s = first_pause_s
        self._closed = False

    @property
    def note(self) -> tuple[str, str]:
        """Return what is wrong and what to do, in Chinese; two empty texts when all is well."""
        return GROUND_WORDS[self.trouble.code] if self.trouble is not None else ("", "")

    def want(self, keys: Sequence[TileKey]) -> None:
        """Take the tiles that are missing on the screen, the most wanted first; older wishes are dropped."""
        if self._closed:
            return
        if self.grid is None:
            self._open()
            return
        self._queue = [k for k in keys if k not in self._running]
        for _ in range(min(len(self._queue), self._hands - len(self._running))):
            self._next()

    def restyle(self, style: TileStyle) -> None:
        """Take another theme; the layer forgets its pictures and asks again."""
        self._style = style
        self.restyled.emit()

    def close(self) -> None:
        """Let go of the source; a request under way ends by itself and is heard no more."""
        self._closed = True
        self._queue = []
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for reader in self._idle:
                reader.close()
            self._idle = []

    # --- one after the other ----------------------------------------------------------------
    def _open(self) -> None:
        if not self._opening and not self._paused:
            self._opening = True
            self._tasks.start("map ground", self._read_grid())

    async def _read_grid(self) -> None:
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._pool, self._with_reader, _grid)
        except GroundTrouble as exc:
            self._failed(exc)
            return
        finally:
            self._opening = False
        if isValid(self) and not self._closed:
            self.grid = found
            self._well()
            self.opened.emit()

    def _next(self) -> None:
        if self._queue and not self._closed:
            key = self._queue.pop(0)
            self._running.add(key)
            self._tasks.start("map tile", self._fetch(key))

    async def _fetch(self, key: TileKey) -> None:
        online, style = not self._paused, self._style

        def picture(reader: PictureReader) -> tuple[QImage | None, bool]:
            before = reader.heard
            return reader.picture(key, style, online=online), reader.heard > before

        try:
            found, heard = await asyncio.get_running_loop().run_in_executor(self._pool, self._with_reader, picture)
        except NotNow:
            pass
        except GroundTrouble as exc:
            self._failed(exc)
        else:
            if isValid(self) and not self._closed and style is self._style:
                if heard:
                    self._well()
                self.arrived.emit(key, found)
        finally:
            self._running.discard(key)
        if isValid(self):
            self._next()

    def _with_reader(self, work: Callable[[PictureReader], T]) -> T:
        """Run in a worker: one reader is in one thread's hands until it is given back."""
        with self._lock:
            reader = self._idle.pop() if self._idle else self._makers.pop(0)()
        try:
            return work(reader)
        finally:
            with self._lock:
                if self._closed:
                    reader.close()
                else:
                    self._idle.append(reader)

    # --- well and unwell -----------------------------------------------------------------------
    def _failed(self, trouble: GroundTrouble) -> None:
        if not isValid(self) or self._closed:
            return
        if self.trouble is None or self.trouble.code != trouble.code:
            log.info("map ground: %s", trouble)
            self.trouble = trouble
            self.noted.emit()
        if not self._paused:
            self._paused = True
            pause_s = self._pause_s if trouble.passing else REFUSED_PAUSE_S
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            self._tasks.start("map ground pause", self._rest(pause_s))

    def _well(self) -> None:
        self._pause_s = self._first_pause_s
        if self.trouble is not None:
            self.trouble = None
            self.noted.emit()

    async def _rest(self, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        if isValid(self) and not self._closed:
            self._paused = False
            self.again.emit()


def _grid(reader: PictureReader) -> TileGrid:
    return reader.grid()
