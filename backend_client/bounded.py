"""Bodies, lines and events of another machine, each within a limit set before it is read.

Decompression is ours: a library that unpacks a whole chunk at once turns a few kilobytes that were
packed twice into more than a machine holds.
"""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson

from backend_client.errors import BackendUnavailable, WireFormatError

GZIP = 31  # zlib's window size for gzip
LINE_LIMIT = 16 * 1024 * 1024
EVENT_LIMIT = 64 * 1024
PATIENCE_S = 300.0  # each read has its own time-out; this one is for the whole
RATIO_MAX = 100  # readings in JSON lines pack 5 to 20 times
RATIO_FREE = 64 * 1024 * 1024


def read_bounded(reply: httpx.Response, limit: int, what: str, whole_s: float | None = None) -> bytes:
    """Return a streamed answer's body.

    Raises:
        WireFormatError: over the limit once unpacked, packed in a way we did not ask for, or cut.
        BackendUnavailable: it trickles in for longer than whole_s (PATIENCE_S unless told).
    """
    patience_s = PATIENCE_S if whole_s is None else whole_s
    end = time.monotonic() + patience_s
    if reply.is_stream_consumed:  # a transport that answered from memory
        if len(reply.content) > limit:
            raise WireFormatError(f"{what}: answer over {limit} bytes")
        return reply.content
    coding = reply.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "", "gzip"):
        raise WireFormatError(f"{what}: packed as {coding[:40]!r}")
    data = bytearray()
    parts = unpacked(reply.iter_raw(), limit, what) if coding == "gzip" else reply.iter_raw()
    for part in parts:
        data += part
        if len(data) > limit:
            raise WireFormatError(f"{what}: answer over {limit} bytes")
        if time.monotonic() > end:
            raise BackendUnavailable(f"{what}: not whole after {patience_s:.0f} s")
    return bytes(data)


def unpacked(parts: Iterable[bytes], limit: int, what: str) -> Iterator[bytes]:
    """Yield unpacked pieces, at most limit + 1 bytes in all.

    Raises:
        WireFormatError: not gzip, or cut short.
    """
    inflate, left, began = zlib.decompressobj(GZIP), limit + 1, False
    for part in parts:
        waiting = part
        began = began or bool(part)
        while waiting and left > 0 and not inflate.eof:
            try:
                piece = inflate.decompress(waiting, min(left, 1 << 20))
            except zlib.error as exc:
                raise WireFormatError(f"{what}: undecodable answer: {exc}") from exc
            left -= len(piece)
            waiting = inflate.unconsumed_tail
            yield piece
        if left <= 0:
            return
    if began and not inflate.eof:
        raise WireFormatError(f"{what}: cut short")


def gzip_documents(path: Path) -> Iterator[dict[str, Any]]:
    """Yield one JSON object per line of a packed file.

    Raises:
        WireFormatError: cut, not JSON objects, a line over LINE_LIMIT, or unpacks suspiciously large.
    """
    try:
        allowed = RATIO_FREE + RATIO_MAX * path.stat().st_size
        with gzip.open(path, "rb") as lines:
            while line := lines.readline(LINE_LIMIT + 1):
                allowed -= len(line)
                if len(line) > LINE_LIMIT or allowed < 0:
                    raise WireFormatError("snapshot unpacks to more than it may")
                doc = orjson.loads(line)
                if not isinstance(doc, dict):
                    raise WireFormatError("snapshot line is not an object")
                yield doc
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as exc:
        raise WireFormatError(f"snapshot: {exc!r}") from exc


def sse_events(parts: Iterable[bytes]) -> Iterator[tuple[str, str, str]]:
    """Yield (id, event, data) of an event stream; comments keep the line alive and yield nothing.

    Raises:
        WireFormatError: a line or an event over EVENT_LIMIT, or not UTF-8.

    Source: WHATWG HTML, server-sent events.
    """
    event_id, event, data = "", "", list[str]()
    for line in _lines(parts):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data or event:
                yield event_id, event or "message", "\n".join(data)
            event, data = "", []
        elif name == "id" and "\0" not in value:
            event_id = value[:200]
        elif name == "event":
            event = value[:60]
        elif name == "data":
            data.append(value)
            if sum(map(len, data)) > EVENT_LIMIT:
                raise WireFormatError("event too large")


def _lines(parts: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            if len(line) > EVENT_LIMIT:
                raise WireFormatError("event line too long")
            try:
                yield line.removesuffix(b"\r").decode("utf-8")
            except UnicodeDecodeError as exc:
                raise WireFormatError("event not UTF-8") from exc
        if len(rest) > EVENT_LIMIT:
            raise WireFormatError("event line too long")
