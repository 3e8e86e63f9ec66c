"""A download goes on where it stopped, begins anew when the file is another one, and ends when told."""

from __future__ import annotations

import re

import httpx
import pytest

from backend_client.downloads import CHUNK, download, sample
from backend_client.errors import BackendRefused, BackendUnavailable, WireFormatError
from backend_client.session import Session

WHOLE = bytes(range(256)) * (CHUNK * 4 // 256)


class FileServer:
    """Serves one file by ranges, as the contract says; may cut an answer short."""

    def __init__(self):
        self.content, self.etag, self.asked, self.cut = WHOLE, '"one"', [], None

    def __call__(self, request):
        self.asked.append(request.headers.get("range", ""))
        if request.url.path == "/none":
            return httpx.Response(404, json={"code": "not-found"})
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        fresh = request.headers.get("if-range", self.etag) == self.etag
        if not span or not fresh:
            return self._answer(200, self.content, {})
        start, end = int(span[1]), int(span[2] or len(self.content) - 1)
        if start >= len(self.content):
            return httpx.Response(416)
        part = self.content[start : end + 1]
        return self._answer(206, part, {"content-range": f"bytes {start}-{start + len(part) - 1}/{len(self.content)}"})

    def _answer(self, status, data, headers):
        headers |= {"etag": self.etag, "content-length": str(len(data))}
        return httpx.Response(status, stream=httpx.ByteStream(data[: self.cut]), headers=headers)


@pytest.fixture
def server():
    return FileServer()


@pytest.fixture
def session(server):
    found = Session("http://127.0.0.1:1", "t")
    found.http.close()
    found.http = httpx.Client(base_url="http://127.0.0.1:1", transport=httpx.MockTransport(server))
    yield found
    found.close()


def fetch(session, path, going=lambda _have, _all: True, limit=10**9):
    return download(session, "/f", {}, path, going, limit)


def test_stopped_in_the_middle_it_goes_on_from_there(session, server, tmp_path):
    path = tmp_path / "f"
    assert not fetch(session, path, lambda have, total: have < CHUNK * 2)
    have = path.stat().st_size
    assert CHUNK <= have < len(WHOLE)
    assert fetch(session, path)
    assert path.read_bytes() == WHOLE and server.asked[-1] == f"bytes={have}-"
    assert fetch(session, path), "a whole file is not fetched twice"
    assert path.read_bytes() == WHOLE


def test_another_file_at_the_centre_begins_anew(session, server, tmp_path):
    path = tmp_path / "f"
    fetch(session, path, lambda have, total: False)
    server.content, server.etag = WHOLE[::-1], '"two"'
    assert fetch(session, path)
    assert path.read_bytes() == WHOLE[::-1]


def test_a_line_that_breaks_is_told_and_what_came_stays(session, server, tmp_path):
    path = tmp_path / "f"
    server.cut = CHUNK
    with pytest.raises(BackendUnavailable):
        fetch(session, path)
    server.cut = None
    assert path.stat().st_size == CHUNK
    assert fetch(session, path) and path.read_bytes() == WHOLE


def test_a_file_without_end_is_cut_off(session, tmp_path):
    with pytest.raises(WireFormatError):
        fetch(session, tmp_path / "f", limit=CHUNK)


def test_the_size_is_what_the_centre_says_or_unknown(session, server):
    assert sample(session, "/f", {}, 1) == (len(WHOLE), 1)
    with pytest.raises(BackendRefused):
        sample(session, "/none", {}, 1)
