"""The session of a signed-in person: where its tokens rest, when they are renewed, when it ends."""

from __future__ import annotations

import logging
import threading
import time

import httpx
import keyring
import keyring.backends.fail
import pytest

from backend_client.errors import BackendRefused, BackendUnavailable
from backend_client.identity import SignedOut
from backend_client.oidc import OidcClient
from backend_client.provider import Provider
from backend_client.session import Session
from console.settings import Settings
from console.store.token_vault import TokenVault, sound_keyring
from console.sync import login_tool
from console.sync.credentials import PersonalCredentials
from console.sync.login import SignIn
from tests.idp import CLIENT, Idp
from tests.keyrings import Ring
from tests.processes import eventually
from tests.tls_site import serving


@pytest.fixture(scope="module")
def served():
    found = Idp()
    with serving(found.app()) as url:
        found.issuer = url
        yield found


@pytest.fixture
def idp(served):
    served.__init__(served.issuer)  # each story meets a fresh provider at the same address
    return served


@pytest.fixture
def session(idp):
    provider = Provider(idp.issuer)
    client = OidcClient(provider, CLIENT)
    ring, told = Ring(), []
    found = PersonalCredentials(client, TokenVault("a", ring), told.append)
    yield found, client, ring, told
    provider.close()


def tokens_of(client):
    attempt = client.begin("http://127.0.0.1:1/signed-in")
    back = httpx.get(attempt.url, trust_env=False).headers["location"]
    return client.finish(attempt, dict(httpx.URL(back).params))


def test_a_sign_in_lasts_over_a_restart_by_the_keyring_alone(session):
    found, client, ring, told = session
    tokens = tokens_of(client)
    found.sign_in(tokens)
    assert found.bearer() == tokens.access and told[-1].name == "张三"
    assert list(ring.kept.values()) == [tokens.refresh], "the access token is not among what is kept"
    again = PersonalCredentials(client, TokenVault("a", ring), told.append)
    assert again.bearer() != tokens.access and list(ring.kept.values()) != [tokens.refresh]


def test_the_token_is_renewed_before_it_ends_and_the_centre_is_not_troubled(session, idp):
    found, client, _, _ = session
    idp.access_s = 20
    tokens = tokens_of(client)
    found.sign_in(tokens)
    assert found.bearer() != tokens.access


def test_while_the_provider_is_away_a_token_that_is_still_good_serves(session, idp, monkeypatch):
    found, client, _, _ = session
    idp.access_s = 20
    tokens = tokens_of(client)
    found.sign_in(tokens)

    def away(*_):
        raise BackendUnavailable("away")

    monkeypatch.setattr(client, "refresh", away)
    assert found.bearer() == tokens.access
    with pytest.raises(BackendUnavailable):
        found.renewed(tokens.access)


def test_threads_renew_once_together(session, idp):
    found, client, _, _ = session
    first = tokens_of(client)
    found.sign_in(first)
    got = []
    threads = [threading.Thread(target=lambda: got.append(found.renewed(first.access))) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(set(got)) == 1 and got[0] != first.access


def test_a_session_used_by_someone_else_ends_here_and_is_wiped(session):
    found, client, ring, told = session
    tokens = tokens_of(client)
    found.sign_in(tokens)
    client.refresh(tokens.refresh)  # a thief was faster
    with pytest.raises(SignedOut):
        found.renewed(tokens.access)
    assert not ring.kept and told[-1] is None
    with pytest.raises(SignedOut):
        found.bearer()


def test_signing_out_wipes_and_tells_the_provider(session, idp):
    found, client, ring, told = session
    found.sign_in(tokens_of(client))
    spent = next(iter(ring.kept.values()))
    found.sign_out()
    assert not ring.kept and told[-1] is None and spent not in idp.refresh
    with pytest.raises(SignedOut):
        found.bearer()


@pytest.mark.parametrize(
    "module", ["keyring.backends.fail", "keyring.backends.null", "keyrings.alt.file", "somebody.plaintext"]
)
def test_a_keyring_that_does_not_protect_is_not_used(module, monkeypatch):
    backend = type("Keyring", (Ring,), {"__module__": module})()
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    assert sound_keyring() is None
    vault = TokenVault("a", sound_keyring())
    vault.save("secret")
    assert not vault.kept and vault.load() == "secret" and not backend.kept


def test_a_sound_keyring_is_found_among_several(monkeypatch):
    good = type("Keyring", (Ring,), {"__module__": "keyring.backends.SecretService"})()
    chain = type("ChainerBackend", (Ring,), {"__module__": "keyring.backends.chainer"})()
    chain.backends = [type("Keyring", (Ring,), {"__module__": "keyrings.alt.file"})(), good]
    monkeypatch.setattr(keyring, "get_keyring", lambda: chain)
    assert sound_keyring() is good


def test_a_locked_keyring_means_memory_only_and_says_so():
    ring = Ring()
    vault = TokenVault("a", ring)
    ring.locked = True
    vault.save("secret")
    assert not vault.kept and vault.load() == "secret" and not ring.kept
    vault.forget()
    assert vault.load() == ""


def test_a_refused_token_is_renewed_once_and_then_it_is_refused(monkeypatch):
    seen = []

    async def centre(scope, _receive, send):
        token = dict(scope["headers"])[b"authorization"].decode()
        seen.append(token)
        good = token == "Bearer second" and scope["path"] == "/v1/hello"
        await send({"type": "http.response.start", "status": 200 if good else 401, "headers": []})
        await send({"type": "http.response.body", "body": b'{"service": "x"}' if good else b'{"code": "token-expired"}'})

    class Two:
        def bearer(self):
            return "first"

        def renewed(self, refused):
            assert refused == "first"
            return "second"

    with serving(centre) as url:
        session = Session(url, Two())
        assert session.get_json("/v1/hello") == {"service": "x"}
        with pytest.raises(BackendRefused) as caught:
            session.call("POST", "/v1/ops", body={"ops": []})
        session.close()
    assert caught.value.code == "token-expired"
    assert seen == ["Bearer first", "Bearer second"] * 2


def test_a_window_asks_and_the_tokens_stay_in_the_sync_process(idp, caplog):
    caplog.set_level(logging.DEBUG)
    told = []
    provider = Provider(idp.issuer)
    login = SignIn(OidcClient(provider, CLIENT), TokenVault("a", None), told.append)
    login.command({"cmd": "login", "how": "browser", "by": "w1"})
    asked = eventually(lambda: next((d for d in told if d["state"] == "asked"), None))
    assert asked["by"] == "w1" and asked["url"].startswith(idp.issuer)
    httpx.get(asked["url"], trust_env=False, follow_redirects=True)
    done = eventually(lambda: next((d for d in told if d["state"] == "in"), None))
    assert (done["name"], done["roles"], done["kept"]) == ("张三", ["duty"], False)
    access = login.credentials.bearer()
    said = repr(told) + caplog.text
    assert access not in said and not any(token in said for token in idp.refresh)
    login.command({"cmd": "logout"})
    eventually(lambda: told[-1] == {"state": "out"})
    provider.close()


def test_a_login_that_is_called_off_or_refused_is_told(idp):
    told = []
    provider = Provider(idp.issuer)
    login = SignIn(OidcClient(provider, CLIENT), TokenVault("a", None), told.append)
    login.command({"cmd": "login", "how": "browser", "by": "w1"})
    eventually(lambda: told)
    login.command({"cmd": "login-cancel"})
    eventually(lambda: told[-1] == {"state": "failed", "code": "cancelled"})
    idp.approved = "access_denied"
    login.command({"cmd": "login", "how": "code", "by": "w1"})
    eventually(lambda: told[-1] == {"state": "failed", "code": "denied"})
    assert told[-2]["code"] == "WDJB-MJHT"
    login.close()
    provider.close()


def test_the_command_line_signs_in_and_out(idp, monkeypatch):
    ring = type("Keyring", (Ring,), {"__module__": "keyring.backends.SecretService"})()
    monkeypatch.setattr(keyring, "get_keyring", lambda: ring)
    settings = Settings(oidc_issuer=idp.issuer)
    words = []

    def browse(url):
        threading.Thread(target=httpx.get, args=(url,), kwargs={"trust_env": False, "follow_redirects": True}).start()
        return True

    monkeypatch.setattr("webbrowser.open", browse)
    assert login_tool.sign_in(settings, with_code=False, say=words.append) == 0
    assert words == ["已登录：张三（角色：duty）。"] and len(ring.kept) == 1
    idp.approved = "yes"
    idp.interval_s = 0.01
    words.clear()
    assert login_tool.sign_in(settings, with_code=True, say=words.append) == 0
    assert "WDJB-MJHT" in words[0] and idp.issuer in words[0]
    login_tool.sign_out(settings, say=words.append)
    assert not ring.kept and "已退出" in words[-1]


def test_the_command_line_keeps_no_session_where_nothing_protects_it(idp, monkeypatch):
    monkeypatch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)
    with pytest.raises(login_tool.NotSignedIn) as caught:
        login_tool.sign_in(Settings(oidc_issuer=idp.issuer), with_code=True, say=print)
    assert "密钥环" in caught.value.what and "不会写进文件" in caught.value.what
    assert time.monotonic() > 0
