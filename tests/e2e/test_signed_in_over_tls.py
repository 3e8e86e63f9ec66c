"""A field laptop with its own certificate: encrypted, signed in, pulling and pushing; then revoked."""

from __future__ import annotations

import contextlib
import json
import socket

import httpx
import pytest

from console.processes import read_endpoint
from console.settings import Settings, save_settings
from console.store.cache_reader import CacheReader
from console.store.ops import OpsStore
from tests.idp import AUDIENCE, Idp
from tests.processes import Running, eventually, make_key
from tests.tls_site import Authority, serving


@contextlib.contextmanager
def line_to(profile):
    """Speak with the sync process as a window does; yields (say, last announcement of a kind)."""
    found = eventually(lambda: read_endpoint(profile.sync_endpoint))
    with socket.create_connection((found.host, found.port)) as sock:
        sock.sendall((found.token + "\n").encode())
        sock.settimeout(0.1)
        heard, rest = {}, b""

        def last(kind):
            nonlocal rest
            with contextlib.suppress(TimeoutError):
                while data := sock.recv(65536):
                    *lines, rest = (rest + data).split(b"\n")
                    heard.update({doc["type"]: doc for doc in map(json.loads, lines)})
            return heard.get(kind, {})

        yield (lambda doc: sock.sendall((json.dumps(doc) + "\n").encode())), last


@pytest.fixture
def idp():
    found = Idp()
    with serving(found.app()) as url:
        found.issuer = url
        yield found


def test_a_laptop_signs_in_over_tls_and_a_revoked_one_does_not_get_in(home, idp, tmp_path):
    site = Authority(tmp_path, "site")
    cert, key = site.server()
    mine, lost = site.laptop("mine"), site.laptop("lost")
    tls = ["--tls-cert", cert, "--tls-key", key, "--tls-client-ca", site.pem, "--tls-crl", site.crl(lost[0])]
    oidc = ["--oidc-issuer", idp.issuer, "--oidc-audience", AUDIENCE, "--rate", "60", "--start", "2022-06-22 08:00"]
    running = [Running(home, "--source", "beijiang-2022-06", "central", *map(str, tls), *oidc)]
    try:
        where = eventually(lambda: read_endpoint(home.central("beijiang-2022-06") / "endpoint.json"))
        assert where.url.startswith("https://127.0.0.1:")

        def settings(pair):
            save_settings(
                home.settings,
                Settings(
                    source=where.url,
                    tls_ca=str(site.pem),
                    tls_pins=site.pin,
                    tls_client_cert=str(pair[0]),
                    tls_client_key=str(pair[1]),
                    oidc_issuer=idp.issuer,
                ),
            )

        profile = home.profile(where.url)
        settings(lost)
        running.append(Running(home, "sync"))
        with line_to(profile) as (say, last):
            eventually(lambda: last("link").get("state") == "login", what="nobody is signed in")
            say({"cmd": "login", "how": "browser", "by": "me"})
            httpx.get(eventually(lambda: last("login").get("url")), trust_env=False, follow_redirects=True)
            told = eventually(lambda: last("link").get("state") == "tls" and last("link"), what="the revoked one is told so")
            assert told["detail"] == "client-certificate-revoked"
        running.pop().stop()
        profile.sync_endpoint.unlink()

        settings(mine)
        store = OpsStore(profile.ops, make_key(home))
        for author in ("张三", "李四"):
            store.add("log.entry", "log", {"type": "note", "text": f"{author}写的"}, author)
        running.append(Running(home, "sync"))
        with line_to(profile) as (say, last):
            eventually(lambda: last("link").get("state") == "login")
            say({"cmd": "login", "how": "browser", "by": "me"})
            httpx.get(eventually(lambda: last("login").get("url")), trust_env=False, follow_redirects=True)
            assert eventually(lambda: last("login").get("state") == "in" and last("login"))["name"] == "张三"
            eventually(lambda: last("link").get("state") == "up", what="pulled over TLS")
            reader = CacheReader(profile)
            assert eventually(lambda: len(reader.latest()) > 5)
            reader.close()
            state = lambda author: next(o.state for o in store.recent() if o.author == author)  # noqa: E731
            eventually(lambda: state("张三") == "done", what="signed by who is signed in")
            assert state("李四") == "waiting", "another's entry waits for its author, it is not thrown away"
            idp.user = "li"
            say({"cmd": "login", "how": "browser", "by": "me"})
            httpx.get(eventually(lambda: last("login").get("url")), trust_env=False, follow_redirects=True)
            assert eventually(lambda: last("login").get("name") == "李四")
            store.retry_now()
            say({"cmd": "ops"})
            eventually(lambda: state("李四") == "done", what="its author is back")
            say({"cmd": "logout"})
            eventually(lambda: last("link").get("state") == "login", what="signed out at once")
        store.close()
        secrets = [*idp.refresh, *idp.spent]
        kept = b"".join(p.read_bytes() for p in home.root.rglob("*") if p.is_file())
        assert secrets and not any(s.encode() in kept for s in secrets), "no token is in any file or log"
    finally:
        for child in running:
            child.stop()
