"""A local line protocol between the sync process and the windows on this machine.

JSON lines over loopback TCP; the first line a client sends is the token. Announcements carry no
readings, only what changed; the windows read the cache themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)
LINE_LIMIT = 64 * 1024
BACKLOG_LIMIT = 4 * 1024 * 1024
MANY = 2000
Command = Callable[[Mapping[str, Any]], None]
Announce = Callable[[str, Mapping[str, Any]], None]


def tell_series(announce: Announce, sid: NDArray[np.int64]) -> None:
    """Announce the series of some readings; more than a screen can name is said as all."""
    if len(sid):
        touched = np.unique(sid)
        announce("changed", {"sids": None if len(touched) > MANY else touched.tolist()})


class AnnounceServer:
    """Runs on the sync process's asyncio loop; announce() may be called from any thread."""

    def __init__(self, token: str, on_command: Command) -> None:
        self._token = token
        self._on_command = on_command
        self._clients: set[asyncio.StreamWriter] = set()
        self._last: dict[str, str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen on a free loopback port and return it."""
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LINE_LIMIT)
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def clients(self) -> int:
        return len(self._clients)

    def announce(self, kind: str, doc: Mapping[str, Any], *, keep: bool = False) -> None:
        """Send to all windows; keep=True also tells windows that connect later."""
        if self._loop is not None and not self._loop.is_closed():
            line = json.dumps({"type": kind, **doc}, ensure_ascii=False) + "\n"
            self._loop.call_soon_threadsafe(self._send, kind, line, keep, None)

    def relay(self, kind: str, doc: Mapping[str, Any], sender: object) -> None:
        """Send to all windows but the sender; on the loop's own thread."""
        line = json.dumps({"type": kind, **doc}, ensure_ascii=False) + "\n"
        self._send(f"{kind}:{doc.get('room', '')}", line, True, sender)

    def _send(self, key: str, line: str, keep: bool, but: object) -> None:
        if keep:
            self._last[key] = line
        data = line.encode()
        for client in list(self._clients):
            if client is but:
                continue
            if client.transport.get_write_buffer_size() > BACKLOG_LIMIT:
                log.warning("a window reads too slowly; dropped")
                client.close()
                self._clients.discard(client)
            else:
                client.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await asyncio.wait_for(reader.readline(), 5.0)
            if not hmac.compare_digest(first.strip(), self._token.encode()):
                return
            self._clients.add(writer)
            for line in self._last.values():
                writer.write(line.encode())
            while line_bytes := await reader.readline():
                self._heard(line_bytes, writer)
        except (TimeoutError, ConnectionError, ValueError, RecursionError) as exc:
            log.info("window gone: %r", exc)
        finally:
            self._clients.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _heard(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        doc = json.loads(line)  # ValueError ends this client, not the server
        if not isinstance(doc, dict):
            raise ValueError("not an object")
        if doc.get("cmd") == "room":
            self.relay("room", {"room": str(doc.get("room")), "doc": doc.get("doc")}, writer)
        self._on_command(doc)
