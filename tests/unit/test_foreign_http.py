"""HTTP towards others: bounded, never led to another host, and its cost is counted."""

from __future__ import annotations

import httpx
import pytest

from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.errors import BackendRefused, BackendUnavailable, WireFormatError


def http(answer, **more):
    return ForeignHttp("http://data.example/api", transport=httpx.MockTransport(answer), **more)


def test_paths_are_below_the_base_and_the_cost_is_counted():
    seen = []
    client = http(lambda r: seen.append(str(r.url)) or httpx.Response(200, content=b"{}"))
    assert client.get("x/y", {"$top": 1}).json() == {} and client.get("x/y").status == 200
    assert seen[0].startswith("http://data.example/api/x/y?") and client.meter.requests == 2
    assert client.meter.received_bytes == 4 and client.meter.by_path == {"/api/x/y": 2}
    client.close()


@pytest.mark.parametrize(
    "link",
    [
        "http://evil.example/api/x",
        "https://data.example/api/x",
        "//evil.example/x",
        "http://data.example@evil.example/",
        "http://data.example:81/x",
    ],
)
def test_a_link_to_another_host_is_not_followed(link):
    client = http(lambda r: pytest.fail("asked"))
    with pytest.raises(WireFormatError):
        client.get(link)
    client.close()


def test_raw_spaces_and_bare_offsets_in_links_are_mended():
    seen = []
    client = http(lambda r: seen.append(r.url) or httpx.Response(200))
    client.get("http://data.example/api/o?$filter=phenomenonTime ge 2022-06-20T00:00:00+00:00 and id gt 1&$skip=2")
    assert (
        seen[0].params["$filter"] == "phenomenonTime ge 2022-06-20T00:00:00+00:00 and id gt 1"
        and seen[0].params["$skip"] == "2"
    )
    client.close()


def test_too_much_too_late_and_too_odd_are_told_apart():
    client = http(lambda r: httpx.Response(200, content=b"x" * 2000), limit=1000)
    with pytest.raises(WireFormatError, match="over 1000"):
        client.get("x")
    client.close()

    def refuse(request):
        raise httpx.ConnectError("no route")

    client = http(refuse)
    with pytest.raises(BackendUnavailable):
        client.get("x")
    client.close()
    client = http(lambda r: httpx.Response(503, headers={"retry-after": "9"}))
    with pytest.raises(BackendUnavailable) as caught:
        client.get("x")
    assert caught.value.retry_after_s == 9.0
    assert client.get("x", accept=(503,)).status == 503
    client.close()
    client = http(lambda r: httpx.Response(404))
    with pytest.raises(BackendRefused):
        client.get("x")
    assert client.get("x", missing_ok=True).status == 404
    client.close()


def test_a_server_that_drips_is_left_and_one_that_redirects_is_not_followed():
    client = http(lambda r: httpx.Response(200, content=iter([b"a"] * 1000)), whole_s=-1.0)
    with pytest.raises(BackendUnavailable, match="not whole"):
        client.get("x")
    client.close()
    client = http(lambda r: httpx.Response(301, headers={"location": "http://evil.example/"}))
    with pytest.raises(BackendRefused):
        client.get("x")
    assert client.meter.requests == 1
    client.close()
