"""What the user put on the map: opened, remembered in order, turned into feeds and overlays."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from console.errors import StoreError
from console.look import Look
from console.paths import DataHome
from console.services.ground_kinds import describe_address, describe_file, service_layers
from console.services.map_grounds import READERS, TileFeed
from console.services.map_readers import readers_of
from console.services.map_vector_tiles import TileStyle
from console.services.tasks import TaskScope
from console.services.vector_files import VectorProcesses
from console.store.map_sources import load_sources, save_sources
from console.store.tile_cache import LIMIT_BYTES, TileCache
from console.viewdata.map_sources import MapSource
from console.viewdata.overlay import Overlay

T = TypeVar("T")
FOLDER, LIST, TILES = "map", "sources.json", "tiles.db"


class MapSources(QObject):
    """The user's grounds and layers, lowest first. Files stay where they are; only their paths are kept.

    Signals:
        changed: the list is another one, or one of its entries.
        told: (what happened, what to do) in Chinese; the list could not be read or saved.
    """

    changed = Signal()
    told = Signal(str, str)

    def __init__(
        self, home: DataHome, tasks: TaskScope, look: Look, parent: QObject | None = None, *, cache_bytes: int = LIMIT_BYTES
    ) -> None:
        super().__init__(parent)
        self.sources: tuple[MapSource, ...] = ()
        self._folder = home.root / FOLDER
        self._tasks = tasks
        self._look = look
        self._cache_bytes = cache_bytes
        self._cache: TileCache | None = None
        self._feeds: weakref.WeakSet[TileFeed] = weakref.WeakSet()
        self._processes = VectorProcesses()
        self._fresh: dict[str, Overlay] = {}
        self._work = ThreadPoolExecutor(2, "map-sources")
        self._disk = ThreadPoolExecutor(1, "map-list")  # one after the other: the last change is what stays
        self._writable = False
        self._saved: tuple[MapSource, ...] = ()
        self._saving = False
        self._closed = False
        look.changed.connect(self._restyle)

    async def start(self) -> None:
        """Read the list and open the store of tiles."""
        try:
            loaded = await self._run(self._disk, load_sources, self._folder / LIST)
        except StoreError as exc:  # a newer file, or one that cannot be read: shown as empty, never overwritten
            if self._closed or not isValid(self):
                return
            self.told.emit(exc.what, exc.next_step)
        else:
            if self._closed or not isValid(self):
                return
            self._writable = True
            self.sources = self._saved = loaded.sources
            if loaded.notice:
                self.told.emit(loaded.notice, "")
        if self._cache is None and not self._closed:
            cache = await self._run(self._disk, self._open_cache)
            if self._closed and cache is not None:
                cache.close()
            else:
                self._cache = cache
        if not self._closed and isValid(self):
            self.changed.emit()

    def close(self) -> None:
        """Let go of everything; feeds that were handed out are closed too."""
        self._closed = True
        self._processes.close()
        for feed in list(self._feeds):
            if isValid(feed):
                feed.close()
        if self._writable and self._saved is not self.sources:
            self._disk.submit(save_sources, self._folder / LIST, self.sources)
        self._work.shutdown(wait=False, cancel_futures=True)
        self._disk.shutdown(wait=True)
        if self._cache is not None:
            self._cache.close()

    # --- what the user does ------------------------------------------------------------------
    async def add_path(self, path: Path, *, layer: str = "", crs: str = "") -> MapSource:
        """Add a file on top. layer: of a file that has several. crs: where the file does not say, e.g. ``EPSG:4526``.

        Raises:
            ConsoleError: what is wrong with it and what to do.
        """
        source, overlay = await self._run(self._work, describe_file, path, layer, crs, self._processes)
        if overlay is not None:
            self._fresh[source.source_id] = overlay
        self._set((*self.sources, source))
        return source

    async def add_address(self, address: str, *, name: str = "", layer: str = "", matrix_set: str = "") -> MapSource:
        """Add a map service at the bottom, under what is there.

        Raises:
            ConsoleError: what is wrong with it and what to do.
        """
        source = await self._run(self._work, describe_address, address, layer, matrix_set, name)
        self._set((source, *self.sources))
        return source

    async def service_layers(self, address: str) -> tuple[tuple[str, str], ...]:
        """Return (identifier, title) of what a WMTS offers.

        Raises:
            ConsoleError: it does not say.
        """
        return await self._run(self._work, service_layers, address)

    def remove(self, source_id: str) -> None:
        """Take it off the map; a file stays where it is, kept tiles of a service are removed."""
        self._fresh.pop(source_id, None)
        self._set(tuple(s for s in self.sources if s.source_id != source_id))
        if self._cache is not None:
            cache = self._cache
            self._tasks.start("map tiles removed", self._run(self._disk, cache.forget, source_id))

    def move(self, source_id: str, place: int) -> None:
        """Put an entry at a place of the drawing order, 0 for the lowest."""
        moved = next((s for s in self.sources if s.source_id == source_id), None)
        if moved is not None:
            rest = [s for s in self.sources if s.source_id != source_id]
            rest.insert(max(0, place), moved)
            self._set(tuple(rest))

    def change(self, source_id: str, **values: Any) -> None:
        """Change name, opacity, visible, min_scale, max_scale, color, label_field, tint or kind (imagery, dem)."""
        if "opacity" in values:
            values["opacity"] = min(100, max(0, int(values["opacity"])))
        self._set(tuple(replace(s, **values) if s.source_id == source_id else s for s in self.sources))

    # --- what the map shows ------------------------------------------------------------------
    def feed(self, source: MapSource, parent: QObject | None = None) -> TileFeed:
        """Return a feed for one layer of one map; close() it with the layer. Not for vector files."""
        if source.kind == "vector":
            raise ValueError("a vector file has no tiles: ask for its overlay")
        feed = TileFeed(self._tasks, readers_of(source, self._cache, READERS), TileStyle.of(self._look), parent)
        self._feeds.add(feed)
        return feed

    async def overlay(self, source: MapSource) -> Overlay:
        """Return a vector file's shapes.

        Raises:
            ConsoleError: the file is missing or has become unreadable.
        """
        fresh = self._fresh.pop(source.source_id, None)
        if fresh is not None:
            return fresh
        found = await self._run(self._work, self._processes.read, Path(source.address), source.layer, source.crs)
        return found.overlay

    # --- inside -----------------------------------------------------------------------------------
    def _set(self, sources: tuple[MapSource, ...]) -> None:
        if sources != self.sources:
            self.sources = sources
            if self._writable:
                self._tasks.start("map list", self._save())
            self.changed.emit()

    async def _save(self) -> None:
        """Write the list; what changes meanwhile (a slider) is written once, at the end."""
        if self._saving:
            return
        self._saving = True
        try:
            while self._saved is not self.sources and not self._closed:
                writing = self.sources
                await self._run(self._disk, save_sources, self._folder / LIST, writing)
                self._saved = writing
        except StoreError as exc:
            self.told.emit(exc.what, exc.next_step)
        finally:
            self._saving = False

    def _open_cache(self) -> TileCache:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return TileCache(self._folder / TILES, limit_bytes=self._cache_bytes)

    def _restyle(self) -> None:
        style = TileStyle.of(self._look)
        for feed in list(self._feeds):
            if isValid(feed):
                feed.restyle(style)

    @staticmethod
    async def _run(pool: ThreadPoolExecutor, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, work, *args)
