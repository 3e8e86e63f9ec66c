"""Readers of tiled grounds: a map service with its tiles on this disk, an MBTiles file. Used in workers only."""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

import httpx
from PySide6.QtGui import QImage

from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.tiles.mbtiles import MbTiles
from backend_client.adapters.tiles.tile import GEOGRAPHIC, MERCATOR, TileReader, TileSet, kind_of
from backend_client.adapters.tiles.wmts import WmtsTiles
from backend_client.adapters.tiles.xyz import XyzTiles
from backend_client.errors import BackendError
from console.domain.tile_grid import EDGE_LAT, TileGrid, TileKey
from console.errors import StoreError
from console.services.ground_words import GroundTrouble, trouble_of
from console.services.map_pictures import decoded, placed
from console.services.map_rasters import RasterPictures
from console.services.map_vector_tiles import TileStyle, VectorTile
from console.store.sqlite import open_reader
from console.store.tile_cache import TileCache
from console.viewdata.map_sources import MapSource

log = logging.getLogger(__name__)
FRESH_S = 14 * 86400.0  # a kept tile is not asked for again before
ABSENT_S = 86400.0
TIMEOUT = httpx.Timeout(connect=4.0, read=6.0, write=5.0, pool=5.0)
WHOLE_S = 12.0
BODY_LIMIT = 32 * 1024 * 1024
KEPT_BYTES = 1024 * 1024  # the disk keeps them
PARSED_KEPT = 6
BEYOND = 5  # zoom steps that a vector tile can be drawn larger than it was made for
WMTS_WORDS = frozenset(
    ["service", "request", "version", "layer", "style", "format", "tilematrixset", "tilematrix", "tilerow", "tilecol"]
)
USER_AGENT = "flood-console/0.1"


class NotNow(Exception):
    """A tile that cannot be had at this moment, and perhaps later."""


class PictureReader(Protocol):
    """Used by one thread at a time. picture: None where there is none, painted into the map's projection.

    heard: how often the source itself has answered; what was kept here does not count.
    Raises (both): GroundTrouble. picture: NotNow while offline for a tile that is not kept here.
    """

    heard: int

    def grid(self) -> TileGrid: ...

    def picture(self, key: TileKey, style: TileStyle, *, online: bool) -> QImage | None: ...

    def close(self) -> None: ...


class TileDrawing:
    """Turns a tile's bytes into its picture; parsed vector tiles are kept for their enlarged parts."""

    def __init__(self) -> None:
        self._parsed: OrderedDict[TileKey, VectorTile] = OrderedDict()

    def picture(self, data: bytes, grid: TileGrid, own: TileKey, wanted: TileKey, style: TileStyle) -> QImage | None:
        if kind_of(data) != "pbf":
            found = decoded(data)
            return placed(found, grid, wanted) if found is not None and own == wanted else None
        tile = self._parsed.get(own)
        if tile is None:
            try:
                tile = VectorTile(data)
            except ValueError as exc:
                log.info("vector tile %s: %r", own, exc)
                return None
            self._parsed[own] = tile
            if len(self._parsed) > PARSED_KEPT:
                self._parsed.popitem(last=False)
        return tile.picture(style, own, wanted)


def grid_of(about: TileSet) -> TileGrid:
    west, south, east, north = about.bounds
    box = (max(west, -180.0), max(south, -EDGE_LAT), min(east, 180.0), min(north, EDGE_LAT))
    return TileGrid(about.crs == GEOGRAPHIC, about.min_zoom, about.max_zoom, box)


class MbTilesPictures:
    """An offline map in one file."""

    def __init__(self, path: Path) -> None:
        self.heard = 0
        self._path = path
        self._reader: MbTiles | None = None
        self._drawing = TileDrawing()

    def about(self) -> TileSet:
        return self._opened().metadata()

    def grid(self) -> TileGrid:
        about = self.about()
        beyond = BEYOND if about.kind == "pbf" else 0
        return TileGrid(False, about.min_zoom, about.max_zoom + beyond, grid_of(about).bounds)

    def picture(self, key: TileKey, style: TileStyle, *, online: bool) -> QImage | None:
        reader = self._opened()
        about = reader.metadata()
        own = key.parent(max(0, key.z - about.max_zoom))
        try:
            data = reader.tile(*own)
        except BackendError as exc:
            raise GroundTrouble("damaged", str(exc)) from exc
        self.heard += 1
        return None if data is None else self._drawing.picture(data, grid_of(about), own, key, style)

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _opened(self) -> MbTiles:
        if self._reader is None:
            if not self._path.is_file():
                raise GroundTrouble("missing", str(self._path))
            try:
                self._reader = MbTiles(self._path, open_reader)
            except (BackendError, StoreError) as exc:
                raise GroundTrouble("damaged", str(exc)) from exc
        return self._reader


class WebPictures:
    """A map service. first: another reader of the same source, whose knowledge this one takes over."""

    def __init__(self, source: MapSource, cache: TileCache | None, first: WebPictures | None = None) -> None:
        self._source = source
        self._cache = cache
        self._first = first
        self._reader: TileReader | None = None
        self.heard = 0
        self._grid: TileGrid | None = None
        self._described = False
        self._drawing = TileDrawing()

    def grid(self) -> TileGrid:
        """Return the service's grid; what it said last time where it does not answer now."""
        if self._first is not None:
            return self._first.grid()
        if self._grid is None:
            key = self._source.source_id
            try:
                self._grid = grid_of(self._opened().metadata())
            except BackendError as exc:
                kept = self._cache.about(key) if self._cache is not None else None
                if kept is None:
                    raise trouble_of(exc) from exc
                log.info("service of %s not heard, its last word is used: %r", key, exc)
                self._grid = TileGrid(kept["geographic"], kept["min_zoom"], kept["max_zoom"], tuple(kept["bounds"]))
                return self._grid
            self._described = True
            if self._cache is not None:
                g = self._grid
                words = {"geographic": g.geographic, "min_zoom": g.min_zoom, "max_zoom": g.max_zoom, "bounds": g.bounds}
                self._cache.set_about(key, words)
        return self._grid

    def picture(self, key: TileKey, style: TileStyle, *, online: bool) -> QImage | None:
        kept = self._cache.get(self._source.source_id, *key) if self._cache is not None else None
        fresh = kept is not None and kept[1] < (FRESH_S if kept[0] else ABSENT_S)
        if kept is not None and (fresh or not online):
            return self._drawn(kept[0], key, style)
        if not online:
            raise NotNow
        try:
            data = self._opened().tile(*key)
        except BackendError as exc:
            trouble = trouble_of(exc)
            if kept is not None and trouble.passing:
                return self._drawn(kept[0], key, style)
            raise trouble from exc
        self.heard += 1
        if self._cache is not None:
            self._cache.put(self._source.source_id, *key, data or b"")
        return self._drawn(data or b"", key, style)

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _drawn(self, data: bytes, key: TileKey, style: TileStyle) -> QImage | None:
        return self._drawing.picture(data, self.grid(), key, key, style) if data else None

    def _opened(self) -> TileReader:
        if self._reader is None:
            reader = _web_reader(self._source)
            first = self._first
            if (
                first is not None
                and first._described
                and isinstance(reader, WmtsTiles)
                and isinstance(first._reader, WmtsTiles)
            ):
                reader.know(first._reader)
            self._reader = reader
        return self._reader


def _web_reader(source: MapSource) -> WmtsTiles | XyzTiles:
    base, rest = split_address(source.address)
    http = ForeignHttp(base, headers={"User-Agent": USER_AGENT}, limit=BODY_LIMIT, whole_s=WHOLE_S, timeout=TIMEOUT)
    if source.kind == "wmts":
        path, key = capabilities_path(rest)
        return WmtsTiles(http, path, layer=source.layer, matrix_set=source.matrix_set, extra=key, kept_bytes=KEPT_BYTES)
    geographic = counts_from_one(rest)
    return XyzTiles(
        http,
        rest,
        title=source.name,
        crs=GEOGRAPHIC if geographic else MERCATOR,
        first_matrix=1 if geographic else 0,
        kept_bytes=KEPT_BYTES,
    )


def counts_from_one(template: str) -> bool:
    """Tell whether a template asks for tiles in degrees the way of 天地图: layer ``…_c``, zoom counted from one."""
    return re.search(r"(?:[?&](?:t|layer)=[a-z]+_c\b|tilematrixset=c\b|/[a-z]+_c/)", template, re.IGNORECASE) is not None


def capabilities_path(rest: str) -> tuple[str, dict[str, str]]:
    """Return where a WMTS says what it has, and the words (a key) that belong to every request."""
    path, _, query = rest.partition("?")
    words = {k: v for k, v in parse_qsl(query, keep_blank_values=True) if k.lower() not in WMTS_WORDS}
    return (path if path.lower().endswith(".xml") else f"{path}?SERVICE=WMTS&REQUEST=GetCapabilities"), words


def split_address(address: str) -> tuple[str, str]:
    """Return the origin and what follows; ``{s}``, ``{0-7}`` and ``{switch:…}`` become their first server."""
    address = re.sub(r"\{s\}", "a", address.strip())
    address = re.sub(r"\{(?:switch:)?([A-Za-z0-9]+)(?:-[A-Za-z0-9]+|(?:,[A-Za-z0-9]+)+)\}", r"\1", address)
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}/"
    return origin, address[len(origin) - 1 :].lstrip("/")


def readers_of(source: MapSource, cache: TileCache | None, count: int) -> tuple[Callable[[], PictureReader], ...]:
    """Return how to make each of the readers that share the work of one tiled source."""
    if source.kind in ("imagery", "dem"):
        return (lambda: RasterPictures(source), lambda: RasterPictures(source))
    if source.kind == "mbtiles":
        path = Path(source.address)
        return (lambda: MbTilesPictures(path),)
    first = WebPictures(source, cache)
    return (lambda: first, *(lambda: WebPictures(source, cache, first) for _ in range(count - 1)))
