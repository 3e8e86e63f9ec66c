"""MBTiles 1.3 files: the offline form. Rows are stored from the south and handed out from the north."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from backend_client.adapters.plain_words import one_line
from backend_client.adapters.plausible import number
from backend_client.adapters.sqlite_file import opened
from backend_client.adapters.tiles.tile import MERCATOR, MERCATOR_LAT, SIZE_LIMIT, ZOOM_LIMIT, TileSet, in_range, whole
from backend_client.errors import BackendUnavailable, WireFormatError

KINDS = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp", "pbf": "pbf"}


class MbTiles:
    """open_sqlite: opens a file read-only. A damaged page costs its tiles, not the map."""

    def __init__(self, path: Path, open_sqlite: Callable[[Path], Any]) -> None:
        self._name = path.stem
        self._db = opened(path, open_sqlite)
        self.troubles: dict[str, int] = {}
        try:
            self._set = self._read_metadata()
        except WireFormatError:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    def metadata(self) -> TileSet:
        return self._set

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        if not in_range(MERCATOR, z, x, y) or not self._set.min_zoom <= z <= self._set.max_zoom:
            return None
        sql = (
            "select case when length(tile_data) <= ? then tile_data end, length(tile_data) from tiles"
            " where zoom_level = ? and tile_column = ? and tile_row = ?"
        )
        try:
            row = self._db.execute(sql, (SIZE_LIMIT, z, x, 2**z - 1 - y)).fetchone()
        except self._db.OperationalError as exc:
            raise BackendUnavailable(f"MBTiles: {exc}") from exc
        except self._db.DatabaseError:
            self._trouble("damaged-page")
            return None
        if row is None:
            return None
        if not isinstance(row[0], bytes):
            self._trouble("not-a-whole-tile")
            return None
        data = whole(row[0])
        if data is None:
            self._trouble("not-a-whole-tile")
        return data

    def _read_metadata(self) -> TileSet:
        try:
            said = {str(k).lower(): str(v) for k, v in self._db.execute("select name, value from metadata limit 1000")}
            self._db.execute("select zoom_level, tile_column, tile_row, tile_data from tiles limit 0")
        except self._db.DatabaseError as exc:
            raise WireFormatError(f"{self._name}: not an MBTiles file: {exc}") from exc
        notes = []
        try:
            low, high = self._db.execute("select min(zoom_level), max(zoom_level) from tiles").fetchone()
        except self._db.DatabaseError:
            notes.append("damaged")
            low, high = number(said.get("minzoom")), number(said.get("maxzoom"))
            low, high = int(low or 0), int(ZOOM_LIMIT if high is None else high)
        if not isinstance(low, int) or not isinstance(high, int):
            low, high = 0, -1
        if high < 0:
            notes.append("no-tiles")
        if said.get("scheme", "tms").lower() == "xyz":
            notes.append("scheme-xyz-ignored")  # MBTiles is TMS by definition; the word is a leftover of TileJSON
        bounds = _bounds(said.get("bounds", ""))
        if bounds is None:
            notes.append("no-bounds")
        return TileSet(
            title=one_line(said.get("name") or self._name),
            kind=KINDS.get(said.get("format", "").lower(), ""),
            crs=MERCATOR,
            min_zoom=max(0, low),
            max_zoom=min(ZOOM_LIMIT, high),
            bounds=bounds or (-180.0, -MERCATOR_LAT, 180.0, MERCATOR_LAT),
            attribution=one_line(said.get("attribution", ""), 400),
            notes=tuple(notes),
        )

    def _trouble(self, code: str) -> None:
        self.troubles[code] = self.troubles.get(code, 0) + 1


def _bounds(text: str) -> tuple[float, float, float, float] | None:
    found = [number(word) for word in text.split(",")]
    if len(found) != 4:
        return None
    west, south, east, north = found
    if west is None or south is None or east is None or north is None or not (west < east and south < north):
        return None
    inside = west >= -180 and east <= 180 and south >= -90 and north <= 90
    return (west, south, east, north) if inside else None
