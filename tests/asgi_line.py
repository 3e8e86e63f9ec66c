"""A line to a service in the same process that loses what a test wants it to lose."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import httpx

FAULTS = ("refused", "answer lost", "answer cut")


class AsgiLine(httpx.BaseTransport):
    """Synchronous, deterministic. faults: what happens to the next requests, None for nothing."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.faults: deque[str | None] = deque()
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        """Kept open: clients come and go, the line stays."""

    def end(self) -> None:
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        fault = self.faults.popleft() if self.faults else None
        if fault == "refused":
            raise httpx.ConnectError("refused")
        status, headers, body = self._loop.run_until_complete(self._call(request))
        if fault == "answer lost":
            raise httpx.ReadError("lost")
        if fault == "answer cut":
            raise httpx.RemoteProtocolError("cut")
        return httpx.Response(status, headers=headers, content=body)

    async def _call(self, request: httpx.Request) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        sent: list[dict[str, Any]] = []
        body = request.read()
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if asked:
                await asyncio.Event().wait()  # the other side stays until it has its answer
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "path": request.url.path,
            "raw_path": request.url.raw_path,
            "query_string": request.url.query,
            "headers": [(k.lower(), v) for k, v in request.headers.raw],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "scheme": "http",
            "root_path": "",
        }
        await self.app(scope, receive, send)
        parts = [m.get("body", b"") for m in sent if m["type"] == "http.response.body"]
        return sent[0]["status"], sent[0]["headers"], b"".join(parts)
