"""Where the browser brings the answer: one port of this machine, for one answer, for a short time.

Source: RFC 8252 §7.3 and §8.3 (loopback interface redirection).
"""

from __future__ import annotations

import hmac
import socketserver
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlsplit

from backend_client.identity import LoginFailed

PATH = "/signed-in"
TURN_S = 0.25
PAGE = (
    "<!doctype html><meta charset=utf-8><title>三防指挥台</title>"
    "<p>登录答复已交给三防指挥台，可以关闭此页。<p>The console has the answer; you may close this page."
).encode()


class _Answer(BaseHTTPRequestHandler):
    timeout = 5.0
    protocol_version = "HTTP/1.0"
    server: Listener

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path != PATH or not self.server.take(parts.query):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", "default-src 'none'")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the inherited name
        """Say nothing: the query holds the code."""


class Listener(socketserver.TCPServer):
    """Answers only what carries the expected state; everything else is not found and changes nothing."""

    allow_reuse_address = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.timeout = TURN_S
        self._state = ""
        self._found: dict[str, str] | None = None

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{PATH}"

    def take(self, query: str) -> bool:
        """Keep the first answer that carries our state; True when this was it."""
        try:
            found = dict(parse_qsl(query, max_num_fields=20))
        except ValueError:
            return False
        if self._found is not None or not hmac.compare_digest(found.get("state", "").encode(), self._state.encode()):
            return False
        self._found = found
        return True

    def handle_error(self, request: object, client_address: object) -> None:
        """A broken connection of some local program is not our answer; go on waiting."""

    def wait(self, state: str, patience_s: float, cancelled: Callable[[], bool]) -> dict[str, str]:
        """Return the answer's parameters; closes the port whatever happens.

        Raises:
            LoginFailed: nobody came in time, or it was called off.
        """
        self._state = state
        end = time.monotonic() + patience_s
        with self:
            while self._found is None:
                if cancelled():
                    raise LoginFailed("cancelled")
                if time.monotonic() > end:
                    raise LoginFailed("nobody-came")
                self.handle_request()
        return self._found
