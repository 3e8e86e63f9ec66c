"""A centre that answers 500, garbage or half a body, or lives ten minutes off: told, retried, never fatal."""

from __future__ import annotations

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from console.presenters.status import status
from console.store.cache_reader import CacheReader
from tests.gui import session_of, until
from tests.processes import Running, eventually


class Spoiler(BaseHTTPRequestHandler):
    """Passes requests to a real centre and spoils the answers as told by the class attribute."""

    mode = "well"
    upstream = ("", "")
    real_shift_s = 0.0

    def do_GET(self):
        self._pass()

    do_POST = do_PUT = do_GET

    def _pass(self):
        import httpx

        url, token = Spoiler.upstream
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if Spoiler.mode == "500":
            return self._answer(500, b"<html>oops</html>")
        if Spoiler.mode == "garbage" or (Spoiler.mode == "one-bad-kind" and self.path == "/v1/objects/events"):
            return self._answer(200, b"\x00\xff not json at all")
        if self.path == "/v1/events":
            return self._answer(503, b"{}")
        reply = httpx.request(
            self.command,
            url + self.path,
            content=body,
            trust_env=False,
            timeout=10,
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
                "If-None-Match": self.headers.get("if-none-match", ""),
            },
        )
        data = reply.content
        if self.path == "/v1/hello" and Spoiler.real_shift_s:
            doc = json.loads(data)
            doc["clock"]["real"] += Spoiler.real_shift_s
            data = json.dumps(doc).encode()
        if Spoiler.mode == "half" and len(data) > 40:
            self._answer(reply.status_code, data[: len(data) // 2], length=len(data))
            self.connection.shutdown(socket.SHUT_RDWR)
            return None
        return self._answer(reply.status_code, data, etag=reply.headers.get("etag"))

    def _answer(self, code, data, length=None, etag=None):
        self.send_response(code)
        self.send_header("Content-Length", str(length or len(data)))
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        if code != 304:
            self.wfile.write(data)

    def log_message(self, *_):
        pass


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # the client hangs up on spoiled answers; that is the test


@pytest.fixture
def spoiled(chain, home):
    flood = chain(rate="60", start="2022-06-22 08:00")
    flood.start_central()
    found = flood.endpoint()
    Spoiler.mode, Spoiler.upstream, Spoiler.real_shift_s = "well", (found.url, found.token), 0.0
    server = QuietServer(("127.0.0.1", 0), Spoiler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    source = f"http://127.0.0.1:{server.server_address[1]}"
    sync = Running(home, "--source", source, "sync", env={"FLOOD_CONSOLE_TOKEN": "x"})
    yield source, home.profile(source), sync
    sync.stop()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("mode", "word"), [("500", "失联"), ("garbage", "应答异常"), ("half", "应答异常")])
def test_bad_answers_are_told_and_survived(spoiled, home, runner, hub, mode, word):
    source, profile, sync = spoiled
    eventually(lambda: (profile.folder / "run" / "sync.json").exists())

    async def story():
        session = session_of(home, source, hub)
        session.start()
        try:
            await until(lambda: session.link.state == "up" and any(r.level for r in session.board.board.rows))
            Spoiler.mode = mode
            await until(lambda: session.link.alone, 40, "the banner tells")
            shown = status(session, str, "")
            assert word in shown.banner
            await session.duty.write_log("note", "在故障中写的", "张三")
            Spoiler.mode = "well"
            await until(lambda: session.link.state == "up", 40, "it comes back by itself")
            await until(lambda: session.desk.waiting == 0 and session.desk.log, 40, "the entry arrives")
        finally:
            await session.close()

    runner.run(story())
    assert sync.process.poll() is None, "the sync process lives"


def test_one_broken_kind_does_not_stop_the_readings(spoiled):
    _, profile, _ = spoiled
    Spoiler.mode = "one-bad-kind"
    reader = CacheReader(profile)
    try:
        assert eventually(lambda: len(reader.latest()) > 5, 30)
    finally:
        reader.close()


def test_a_clock_ten_minutes_wrong_is_told_and_entries_are_marked(spoiled, home, runner, hub):
    source, _, _ = spoiled
    Spoiler.real_shift_s = 600.0

    async def story():
        session = session_of(home, source, hub)
        session.start()
        try:
            await until(lambda: session.link.state == "up" and abs(session.link.skew_s) > 500, 30)
            shown = status(session, str, "")
            assert "时钟" in shown.banner and "慢" in shown.banner and "10分" in shown.banner
            before = session.situation.now()
            await until(lambda: session.situation.now() > before)
            assert abs(session.situation.now() - time.time()) > 86400, "the screen follows the centre, not this clock"
            await session.duty.write_log("note", "钟不准时写的", "张三")
            assert [op.clock_untrusted for op in await session.duty.outbox()] == [True]
        finally:
            await session.close()

    runner.run(story())
