"""Signing in with the browser or with a code, renewing, and every answer that must not be believed."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from backend_client.device_flow import poll_device, start_device
from backend_client.errors import BackendUnavailable, Untrusted, WireFormatError
from backend_client.identity import LoginFailed, SignedOut
from backend_client.loopback import Listener
from backend_client.oidc import OidcClient
from backend_client.provider import Provider
from tests.idp import AUDIENCE, CLIENT, Idp
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
def client(idp):
    provider = Provider(idp.issuer)
    yield OidcClient(provider, CLIENT)
    provider.close()


def browser(url):
    """Follow the provider's redirect to this machine, as a browser does."""
    return httpx.get(url, trust_env=False, follow_redirects=True, timeout=10)


def sign_in(client, open_browser=browser):
    listener = Listener()
    attempt = client.begin(listener.redirect_uri)
    thread = threading.Thread(target=open_browser, args=(attempt.url,))
    thread.start()
    try:
        return client.finish(attempt, listener.wait(attempt.state, 10, lambda: False))
    finally:
        thread.join()


def code_of(client, work):
    with pytest.raises(LoginFailed) as caught:
        work()
    return caught.value.code


def test_an_officer_signs_in_with_the_browser(client, idp):
    pages = []
    tokens = sign_in(client, lambda url: pages.append(browser(url)))
    assert (tokens.identity.name, tokens.identity.roles) == ("张三", ("duty",))
    assert tokens.good_until > time.monotonic() + 200 and tokens.refresh in idp.refresh
    assert pages[0].status_code == 200 and "可以关闭" in pages[0].text and "code=" not in pages[0].text
    assert tokens.access not in repr(tokens) and tokens.refresh not in repr(tokens)


def test_the_port_of_the_answer_closes_and_strangers_change_nothing(client, idp):
    listener = Listener()
    attempt = client.begin(listener.redirect_uri)
    refused = []

    def strangers_then_the_browser(url):
        for path in ("/favicon.ico", "/signed-in?state=guess&code=evil", "/signed-in"):
            with httpx.Client(trust_env=False) as http:
                refused.append(http.get(listener.redirect_uri.replace("/signed-in", path)).status_code)
        browser(url)

    thread = threading.Thread(target=strangers_then_the_browser, args=(attempt.url,))
    thread.start()
    answer = listener.wait(attempt.state, 10, lambda: False)
    thread.join()
    assert refused == [404, 404, 404] and answer["code"] != "evil"
    with pytest.raises(httpx.ConnectError), httpx.Client(trust_env=False) as http:
        http.get(listener.redirect_uri)


def test_nobody_comes_or_it_is_called_off(client):
    assert code_of(client, lambda: Listener().wait("x", 0.0, lambda: False)) == "nobody-came"
    assert code_of(client, lambda: Listener().wait("x", 9.0, lambda: True)) == "cancelled"


@pytest.mark.parametrize(
    ("twist", "code"),
    [
        ({"redirect": {"iss": "https://evil.example"}}, "wrong-issuer"),
        ({"id": {"nonce": "another login's"}}, "wrong-nonce"),
        ({"id": {"aud": "another program"}}, "wrong-audience"),
        ({"id": {"iss": "https://evil.example"}}, "wrong-issuer"),
        ({"id": {"exp": 1_600_000_000}}, "token-expired"),
        ({"id": {"iat": 4_000_000_000, "exp": 4_000_000_300}}, "token-early"),
        ({"id": {"sub": ""}}, "bad-token"),
        ({"id": {"roles": "duty"}}, "bad-token"),
        ({"token": {"id_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."}}, "bad-signature"),
        ({"token": {"id_token": "x" * 20_000}}, "token-too-large"),
        ({"redirect": {"code": "never given"}}, "provider-refused"),
    ],
)
def test_an_answer_that_is_not_for_this_login_is_refused(client, idp, twist, code):
    idp.twist = twist
    assert code_of(client, lambda: sign_in(client)) == code


def test_a_token_of_another_key_is_refused(client, idp):
    other = Idp(issuer=idp.issuer)
    idp.twist = {"token": {"id_token": other.signed("zhang", CLIENT)}}
    assert code_of(client, lambda: sign_in(client)) == "bad-signature"


def test_a_code_is_good_once_and_only_with_its_proof(client, idp):
    attempt = client.begin("http://127.0.0.1:1/signed-in")
    back = httpx.get(attempt.url, trust_env=False).headers["location"]
    answer = dict(httpx.URL(back).params)
    stolen = client.begin("http://127.0.0.1:1/signed-in")
    assert code_of(client, lambda: client.finish(stolen, answer | {"state": stolen.state})) == "provider-refused"
    assert code_of(client, lambda: client.finish(attempt, answer)) == "provider-refused", "the try has spent it"
    assert code_of(client, lambda: client.finish(attempt, answer | {"state": "x"})) == "wrong-state"
    assert (
        code_of(client, lambda: client.finish(attempt, {"state": attempt.state, "iss": idp.issuer, "error": "access_denied"}))
        == "denied"
    )


def test_the_centres_clock_decides_not_this_machines(idp):
    provider = Provider(idp.issuer)
    idp.shift_s = 3600.0  # provider and centre agree; this machine is an hour slow
    assert code_of(None, lambda: sign_in(OidcClient(provider, CLIENT))) == "token-early"
    right = OidcClient(provider, CLIENT, clock=lambda: time.time() + 3600.0)
    assert sign_in(right).identity.subject == "zhang"
    provider.close()


def test_renewing_spends_the_old_token_and_a_second_use_closes_the_session(client, idp):
    first = sign_in(client)
    second = client.refresh(first.refresh, first.identity)
    assert second.refresh != first.refresh and second.identity == first.identity
    with pytest.raises(SignedOut):
        client.refresh(first.refresh, first.identity)
    with pytest.raises(SignedOut):
        client.refresh(second.refresh, first.identity), "the thief's use closed the family"


def test_signing_out_ends_the_session_at_the_provider(client, idp):
    tokens = sign_in(client)
    client.revoke(tokens.refresh)
    assert not idp.refresh
    with pytest.raises(SignedOut):
        client.refresh(tokens.refresh)


def test_a_wall_signs_in_with_a_code_typed_elsewhere(client, idp):
    code = start_device(client)
    assert code.user_code == "WDJB-MJHT" and code.url.startswith(idp.issuer) and code.secret not in repr(code)
    waits = []

    def pause(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            idp.approved = "yes"
        return threading.Event().wait(0.012)

    idp.approved = "pending"
    assert poll_device(client, code, pause).identity.name == "张三"
    assert idp.polls[:2] == ["pending", "pending"]


@pytest.mark.parametrize(
    ("word", "code"), [("access_denied", "denied"), ("expired_token", "nobody-came"), ("odd", "provider-refused")]
)
def test_a_refused_code_is_told(client, idp, word, code):
    idp.approved = word
    asked = start_device(client)
    assert code_of(client, lambda: poll_device(client, asked, lambda s: threading.Event().wait(0.012))) == code


def test_too_fast_polling_is_slowed_down(client, idp):
    idp.interval_s = 0.5
    asked = start_device(client)
    waits = []

    def pause(seconds):
        waits.append(seconds)
        return len(waits) == 3

    assert code_of(client, lambda: poll_device(client, asked, pause)) == "cancelled"
    assert waits == [0.5, 5.5, 10.5]


@pytest.mark.parametrize(
    "doc",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": 5},
        {"jwks_uri": None},
    ],
)
def test_a_discovery_that_does_not_fit_is_refused(idp, client, doc):
    idp.twist = {"discovery": doc}
    with pytest.raises(WireFormatError):
        client.begin("http://127.0.0.1:1/")


def test_no_secret_goes_to_an_endpoint_in_the_clear(idp, client):
    idp.twist = {"discovery": {"token_endpoint": "http://evil.example/token"}}
    with pytest.raises(Untrusted):
        client.begin("http://127.0.0.1:1/")
    idp.twist = {"device": {"verification_uri": "javascript:alert(1)"}}
    provider = Provider(idp.issuer)
    with pytest.raises(Untrusted):
        start_device(OidcClient(provider, CLIENT))
    provider.close()


def test_a_changed_key_is_fetched_but_a_stranger_cannot_make_us_hammer(idp, client, monkeypatch):
    provider = client.provider
    assert provider.claims(idp.signed("zhang", AUDIENCE), AUDIENCE, time.time())["sub"] == "zhang"
    idp.rotate_key()
    token = idp.signed("zhang", AUDIENCE)
    assert code_of(client, lambda: provider.claims(token, AUDIENCE, time.time())) == "bad-signature", "asked a moment ago"
    monkeypatch.setattr("backend_client.provider.KEYS_PAUSE_S", 0.0)
    assert provider.claims(token, AUDIENCE, time.time())["sub"] == "zhang"


def test_a_provider_that_is_away_is_not_waited_for_call_after_call(idp, monkeypatch):
    provider = Provider(idp.issuer)
    token = idp.signed("zhang", AUDIENCE)
    idp.twist = {"discovery": {"jwks_uri": "http://127.0.0.1:9/"}}
    with pytest.raises(BackendUnavailable, match="Connect"):
        provider.claims(token, AUDIENCE, time.time())
    with pytest.raises(BackendUnavailable, match="a moment ago"):
        provider.claims(token, AUDIENCE, time.time())
    provider.close()
