"""Whatever a hostile or broken machine sends, it ends in a word, not in all of the memory."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import threading
import tracemalloc
import zlib

import httpx
import numpy as np
import pytest

from backend_client import bounded
from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.bounded import gzip_documents, sse_events, unpacked
from backend_client.central import Central, snapshot_pages
from backend_client.errors import BackendUnavailable, WireFormatError
from backend_client.session import Session
from backend_client.wire import columns, hello_from
from tests.tls_site import serving

MB = 1024 * 1024


def packed(size):
    """Return size bytes of blanks packed to a thousandth, without holding them."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    blank = b" " * MB
    return b"".join(squeeze.compress(blank) for _ in range(size // MB)) + squeeze.flush()


@pytest.fixture(scope="module")
def bomb():
    found = packed(256 * MB)
    assert len(found) < MB
    return found


class Peak:
    """Measures what Python takes at most while it runs."""

    def __enter__(self):
        tracemalloc.start()
        return self

    def __exit__(self, *_):
        self.mb = tracemalloc.get_traced_memory()[1] / MB
        tracemalloc.stop()


def centre(body, *headers, status=200):
    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})

    return serving(app)


def refused(url, ask):
    session = Session(url, "x")
    try:
        with pytest.raises(WireFormatError) as caught, Peak() as peak:
            ask(Central(session))
    finally:
        session.close()
    return str(caught.value), peak.mb


def test_a_small_answer_that_unpacks_to_a_thousandfold_is_refused(bomb):
    with centre(bomb, (b"content-encoding", b"gzip")) as url:
        words, mb = refused(url, lambda c: c.hello())
        assert "over" in words and mb < 16


def test_an_answer_that_is_packed_twice_is_not_unpacked_at_all(bomb):
    twice = gzip.compress(bomb)
    assert len(twice) < 20_000
    with centre(twice, (b"content-encoding", b"gzip, gzip")) as url:
        words, mb = refused(url, lambda c: c.hello())
        assert "packed as" in words and mb < 16
        foreign = ForeignHttp(url)
        with pytest.raises(WireFormatError):
            foreign.get("x")
        foreign.close()


def test_a_refusal_may_not_be_large_either(bomb, tmp_path):
    with centre(bomb, (b"content-encoding", b"gzip"), status=500) as url:
        for ask in (
            lambda c: c.objects("stations"),
            lambda c: c.snapshot(0, 1, tmp_path / "s.gz"),
            lambda c: list(c.events(None)),
        ):
            assert refused(url, ask)[1] < 80


def test_a_snapshot_that_unpacks_to_gigabytes_ends_early(bomb, tmp_path):
    path = tmp_path / "snap.gz"
    path.write_bytes(bomb)
    with pytest.raises(WireFormatError), Peak() as peak:
        list(snapshot_pages(path))
    assert peak.mb < 64


def test_many_short_lines_from_little_are_a_bomb_too(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded, "RATIO_FREE", 100_000)
    path = tmp_path / "snap.gz"
    path.write_bytes(gzip.compress(b"{}\n" * 300_000))
    with pytest.raises(WireFormatError) as caught:
        for _ in snapshot_pages(path):
            pass
    assert "more than it may" in str(caught.value)


@pytest.mark.parametrize("line", [b"[" * 200_000, b"[1]", b"\xff", b'{"a": ' + b"9" * 5000 + b"}", b"not json"])
def test_a_snapshot_line_that_is_no_document_is_one_error(tmp_path, line):
    path = tmp_path / "snap.gz"
    path.write_bytes(gzip.compress(line + b"\n"))
    with pytest.raises(WireFormatError):
        list(gzip_documents(path))


def test_a_snapshot_larger_than_it_may_be_does_not_fill_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("backend_client.central.SNAPSHOT_LIMIT", 100_000)
    path = tmp_path / "snap.gz"
    with centre(b"x" * 300_000, (b"etag", b'"' + b"e" * 5000 + b'"')) as url:
        refused(url, lambda c: c.snapshot(0, 1, path))
    assert not path.exists() and len(path.with_suffix(".etag").read_text()) <= 200
    with centre(gzip.compress(b"x"), (b"content-encoding", b"gzip")) as url:
        assert "twice" in refused(url, lambda c: c.snapshot(0, 1, path))[0]


@pytest.mark.parametrize(
    "stream",
    [
        b"data: " + b"x" * 70_000,
        b"data: xxxxxxxxxx\n" * 7_000,
        b"event: a\ndata: \xff\n\n",
        b"data: not json\n\n",
        b"data: [1]\n\n",
    ],
)
def test_a_doorbell_that_does_not_stop_ringing_is_hung_up(stream):
    with centre(stream, (b"content-type", b"text/event-stream")) as url:
        refused(url, lambda c: list(c.events(None)))


def test_events_arrive_however_they_are_cut():
    text = b'retry: 5\n\nid: 7\r\nevent: changed\r\ndata: {"seq":\r\ndata: 1}\r\n\r\n: hb\n\nevent: hb\ndata: {}\n\n'
    want = [("7", "changed", '{"seq":\n1}'), ("7", "hb", "{}")]
    assert list(sse_events([text])) == want
    assert list(sse_events([text[i : i + 1] for i in range(len(text))])) == want


def test_a_page_of_too_many_rows_is_refused():
    n = 500_001
    with pytest.raises(WireFormatError):
        columns({name: [0] * n for name in ("series", "t", "value", "quality", "rev")})
    five = {name: [0] * 5 for name in ("series", "t", "value", "quality", "rev")}
    assert len(columns(five)[0]) == 5 and columns(five)[0].dtype == np.int64


@pytest.mark.parametrize(
    "change",
    [
        {"now": 1e300},
        {"now": -1},
        {"epoch": "e" * 300},
        {"epoch": ""},
        {"clock": {"real": 1e300}},
        {"clock": {"rate": -5}},
        {"player": {"rate": "fast", "from_t": 0, "to_t": 1, "now_t": 0}},
        {"player": {"title": "t" * 500, "rate": 1, "from_t": 0, "to_t": 1, "now_t": 0}},
        {"player": {"title": ["<b>"], "rate": 1, "from_t": 0, "to_t": 1, "now_t": 0}},
        {"player": {"title": "no times"}},
        {"player": [1]},
    ],
)
def test_a_hello_that_no_window_could_show_is_refused(change):
    good = {"service": "s", "mode": "live", "epoch": "e", "schema": {"min": 1, "max": 1}, "now": 1.0}
    assert hello_from(good).epoch == "e"
    with pytest.raises(WireFormatError):
        hello_from(good | change)


def test_cut_and_plain_answers_are_told_apart():
    whole = gzip.compress(json.dumps({"a": 1}).encode())
    assert b"".join(unpacked([whole[:5], whole[5:]], 100, "x")) == b'{"a": 1}'
    for parts in ([whole[:-3]], [b"plain"], [whole[:3]]):
        with pytest.raises(WireFormatError):
            list(unpacked(parts, 100, "x"))
    assert list(unpacked([], 100, "x")) == []


def test_an_answer_that_trickles_in_for_ever_is_given_up(monkeypatch):
    monkeypatch.setattr(bounded, "PATIENCE_S", 0.1)
    hung_up = threading.Event()

    async def app(_scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(200):
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            with contextlib.suppress(TimeoutError):
                while (await asyncio.wait_for(receive(), 0.02))["type"] != "http.disconnect":
                    pass
                hung_up.set()
                return

    with serving(app) as url:
        session = Session(url, "x")
        with pytest.raises(BackendUnavailable, match="not whole"):
            session.get_json("/v1/hello")
        session.close()
        assert hung_up.wait(5)


def test_headers_have_a_limit_too():
    with centre(b"{}", (b"x-much", b"h" * 300_000)) as url:
        refused(url, lambda c: c.hello())


def test_no_client_takes_a_proxy_from_the_environment(monkeypatch):
    from backend_client.provider import Provider

    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with centre(b'{"service": "s"}') as url:
        session = Session(url, "x")
        assert session.get_json("/v1/hello") == {"service": "s"}
        session.close()
        foreign = ForeignHttp(url)
        assert foreign.get("x").status == 200
        foreign.close()
        provider = Provider(url)
        with pytest.raises(WireFormatError, match="another issuer"):
            provider.endpoints()
        provider.close()
        with httpx.Client() as careless, pytest.raises(httpx.TransportError):
            careless.get(url)  # the test can fail: this one does take it


def test_every_http_client_in_the_sources_ignores_the_environment():
    import ast
    from pathlib import Path

    root = Path(__file__).resolve().parent.parent.parent
    seen = 0
    for path in [p for d in ("console", "backend_client", "widgets", "scenes") for p in (root / d).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom | ast.Import):
                names = {a.name.split(".")[0] for a in node.names} | {getattr(node, "module", None) or ""}
                assert not names & {"requests", "urllib3", "aiohttp"}, path
                assert "urllib.request" not in {a.name for a in node.names} | {getattr(node, "module", "")}, path
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if getattr(node.func.value, "id", "") != "httpx":
                continue
            assert node.func.attr not in ("get", "post", "put", "request", "stream", "delete", "AsyncClient"), (
                f"{path}:{node.lineno}"
            )
            if node.func.attr == "Client":
                given = {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert given.get("trust_env") == "False" and "verify" in given, f"{path}:{node.lineno}"
                seen += 1
    assert seen >= 3


def test_an_unreachable_centre_is_still_only_unavailable():
    session = Session("http://127.0.0.1:9", "x")
    with pytest.raises(BackendUnavailable):
        session.get_json("/v1/hello")
    session.close()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/ops", b"[" * 500_000, 400),
        ("/v1/rooms/a", b'{"doc":' + b'{"a":' * 150_000, 400),
        ("/v1/rooms/a", b'{"doc":' + b'{"a":' * 600 + b"1" + b"}" * 601, 422),
        ("/v1/rooms/a", b'{"doc":' + b'{"a":' * 20 + b"1" + b"}" * 21, 200),
        ("/v1/rooms/a", b'{"doc": {"a": NaN}}', 422),
        ("/v1/rooms/a", b'{"doc": {"a": "\\ud800"}}', 422),
        ("/v1/rooms/a", b'{"doc": {"a": "' + b"x" * 20_000 + b'"}}', 413),
        ("/v1/ops", b" " * 1_100_000, 413),
    ],
)
def test_the_centre_keeps_nothing_that_a_console_could_not_read(tmp_path, path, body, status):
    from console.central.app import build_app
    from console.central.repository import Repository
    from console.central.service import Service

    repo = Repository(tmp_path / "c.db", "t")
    headers = {"Authorization": "Bearer t", "Content-Type": "application/json"}
    with (
        serving(build_app(Service(repo, tmp_path, None), "t")) as url,
        httpx.Client(base_url=url, trust_env=False, headers=headers) as http,
    ):
        reply = http.request("POST" if path == "/v1/ops" else "PUT", path, content=body)
        assert reply.status_code == status, reply.text[:200]
        deep = {"type": "note", "text": "x"}
        for _ in range(300):
            deep = {"type": "note", "text": "x", "a": deep}
        op = {"id": "0190163d-8694-739b-aea5-966c26f8ad90", "kind": "log.entry", "body": deep, "author": "x", "at": 1}
        answer = http.post("/v1/ops", json={"ops": [op]}).json()["answers"][0]
        assert (answer["status"], answer["code"]) == ("rejected", "bad-content")
        assert http.get("/v1/feeds/records/changes").status_code == 200, "one entry cannot spoil everybody's feed"
        kept = http.get("/v1/rooms/a")
        assert kept.status_code == (200 if status == 200 else 404)
    repo.close()
