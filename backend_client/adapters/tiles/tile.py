"""What a tile is, and whether bytes that claim to be one are whole."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Protocol

SIZE_LIMIT = 8 * 1024 * 1024
ZOOM_LIMIT = 24
MERCATOR, GEOGRAPHIC = "EPSG:3857", "EPSG:4490"  # the latter also for EPSG:4326: centimetres apart
MERCATOR_LAT = 85.051129


@dataclass(frozen=True, slots=True)
class TileSet:
    """kind: png, jpeg, webp, pbf, or "" until a tile tells. bounds: west, south, east, north, degrees.

    crs: MERCATOR (2^z × 2^z tiles) or GEOGRAPHIC (2^(z+1) × 2^z). notes: stable codes.
    """

    title: str
    kind: str
    crs: str
    min_zoom: int
    max_zoom: int
    bounds: tuple[float, float, float, float]
    attribution: str
    notes: tuple[str, ...] = ()


class TileReader(Protocol):
    """Rows are counted from the north, whatever the source does. Used by one thread.

    tile: None where there is none, and where what came is broken (counted in ``troubles`` by code);
    raises BackendError's subclasses when the source is away.
    """

    @property
    def troubles(self) -> dict[str, int]: ...

    def metadata(self) -> TileSet: ...

    def tile(self, z: int, x: int, y: int) -> bytes | None: ...

    def close(self) -> None: ...


def in_range(crs: str, z: int, x: int, y: int) -> bool:
    columns = 2 ** (z + 1) if crs == GEOGRAPHIC and z >= 0 else 2 ** max(z, 0)
    return 0 <= z <= ZOOM_LIMIT and 0 <= x < columns and 0 <= y < 2**z


def kind_of(data: bytes) -> str:
    """Return the format that the bytes themselves show; "" for anything else, an error page for example."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if data[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return "pbf" if _is_vector_tile(data) else ""


def whole(data: bytes) -> bytes | None:
    """Return a tile's bytes ready to draw (vector tiles unpacked), or None when it is broken or cut short."""
    if len(data) > SIZE_LIMIT:
        return None
    if data[:2] == b"\x1f\x8b" and (data := _unpacked(data)) == b"":
        return None
    kind = kind_of(data)
    if kind == "png" and not _png_is_whole(data):
        return None
    if kind == "jpeg" and b"\xff\xd9" not in data[-64:]:  # some writers pad after the end mark
        return None
    if kind == "webp" and len(data) < struct.unpack("<I", data[4:8])[0] + 8:
        return None
    return data if kind else None


def _unpacked(data: bytes) -> bytes:
    """Return gunzipped bytes within the limit; empty when broken, cut short or too large."""
    try:
        reader = zlib.decompressobj(wbits=31)
        found = reader.decompress(data, SIZE_LIMIT)
    except zlib.error:
        return b""
    return found if reader.eof else b""


def _png_is_whole(data: bytes) -> bool:
    """Walk the chunks with their checksums up to IEND."""
    at = 8
    while at + 12 <= len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        end = at + 12 + size
        if end > len(data) or zlib.crc32(data[at + 4 : end - 4]) != struct.unpack(">I", data[end - 4 : end])[0]:
            return False
        if name == b"IEND":
            return True
        at = end
    return False


def _is_vector_tile(data: bytes) -> bool:
    """Tell whether the bytes are layers of a Mapbox vector tile: field 3, with a length, to the very end."""
    at = 0
    while at < len(data):
        if data[at] != 0x1A:
            return False
        size, shift, at = 0, 0, at + 1
        while True:
            if at >= len(data) or shift > 28:
                return False
            size |= (data[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if data[at - 1] < 0x80:
                break
        at += size
    return at == len(data) and bool(data)
