"""Fan-out of small events to the connected consoles; a slow one loses events, never the rest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

HEARTBEAT_S = 15.0
QUEUE = 64


class Doorbell:
    """Events carry no data worth keeping: whoever misses one pulls at the next."""

    def __init__(self, also: Callable[[str, Mapping[str, Any]], None] | None = None) -> None:
        """Also: where every event goes besides the listeners, e.g. a broker; must not block."""
        self._also = also
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[asyncio.Queue[str]] = set()
        self._number = 0

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def ring(self, event: str, data: Mapping[str, Any]) -> None:
        """Send an event to everyone; may be called from any thread."""
        if self._also is not None:
            self._also(event, data)
        self._number += 1
        text = f"id: {self._number}\nevent: {event}\ndata: {json.dumps(data)}\n\n"
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._deliver, text)

    def _deliver(self, text: str) -> None:
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(text)

    async def stream(self) -> AsyncIterator[str]:
        """Yield server-sent events, a heartbeat comment every HEARTBEAT_S."""
        queue: asyncio.Queue[str] = asyncio.Queue(QUEUE)
        self._listeners.add(queue)
        try:
            yield "retry: 2000\n\n"
            while True:
                try:
                    yield await asyncio.wait_for(queue.get(), HEARTBEAT_S)
                except TimeoutError:
                    yield "event: hb\ndata: {}\n\n"
        finally:
            self._listeners.discard(queue)
