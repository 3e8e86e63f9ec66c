"""The encrypted line: whom the console talks to, whom the centre lets in, and what is said when not."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
import time

import pytest

from backend_client.errors import BackendUnavailable, Untrusted
from backend_client.session import Session
from backend_client.tls import TlsPolicy, context_of, normal_pin
from console.central.process import CentralOptions, encryption
from console.central.tls import CrlWatch, ServerTls, server_context
from console.errors import ConsoleError
from console.settings import Settings
from console.sync.sources import check_source
from console.sync.trust import TRUST_WORDS, TrustError, policy_of, tls_of
from tests.tls_site import Authority, serving


async def hello(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b'{"service": "centre"}'})


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("site"), "site")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")


def ask(url, policy):
    session = Session(url, "secret-token", tls=context_of(policy))
    try:
        return session.get_json("/v1/hello")["service"]
    finally:
        session.close()


def served(pair, **more):
    cert, key = pair
    return serving(hello, server_context(ServerTls(str(cert), str(key), **more)))


def fault(url, policy):
    with pytest.raises(Untrusted) as caught:
        ask(url, policy)
    assert caught.value.code in TRUST_WORDS, "every reason has words"
    return caught.value.code


def test_the_sites_own_authority_is_trusted_pinned_or_not(site):
    with served(site.server()) as url:
        assert ask(url, TlsPolicy(str(site.pem))) == "centre"
        assert ask(url, TlsPolicy(str(site.pem), (site.pin,))) == "centre"


def test_while_the_authority_is_replaced_both_pins_are_good(site, tmp_path):
    coming = Authority(tmp_path, "coming")
    both = tmp_path / "both.pem"
    both.write_bytes(site.pem.read_bytes() + coming.pem.read_bytes())
    policy = TlsPolicy(str(both), (site.pin, coming.pin))
    for authority in (site, coming):
        with served(authority.server()) as url:
            assert ask(url, policy) == "centre"
    with served(coming.server()) as url:
        assert fault(url, TlsPolicy(str(both), (site.pin,))) == "unknown-authority", "in the file, but not pinned"


def test_another_authority_is_refused_even_when_the_system_would_trust_it(site, stranger):
    with served(stranger.server()) as url:
        assert fault(url, TlsPolicy(str(site.pem))) in ("unknown-authority", "self-signed")
        assert fault(url, TlsPolicy()) in ("unknown-authority", "self-signed"), "the system does not know it either"


@pytest.mark.parametrize(
    ("pair", "code"),
    [
        (lambda site: site.server(expired=True), "expired"),
        (lambda site: site.early_server(), "not-yet-valid"),
        (lambda site: site.server("centre.example"), "wrong-host"),
    ],
)
def test_a_certificate_out_of_date_or_of_another_host_is_told_apart(site, pair, code):
    with served(pair(site)) as url:
        assert fault(url, TlsPolicy(str(site.pem), (site.pin,))) == code


def test_a_self_signed_server_is_named_as_one(site, stranger, tmp_path):
    key = tmp_path / "ca.key"
    key.write_bytes(stranger.ca.private_key_pem.bytes())
    with served((stranger.pem, key)) as url:
        assert fault(url, TlsPolicy(str(site.pem))) == "self-signed"


def test_a_leaf_in_the_authority_file_is_no_authority(site):
    cert, _ = site.server()
    leaf = cert.with_suffix(".leaf")
    leaf.write_bytes(cert.read_bytes().split(b"-----END CERTIFICATE-----")[0] + b"-----END CERTIFICATE-----\n")
    with pytest.raises(Untrusted) as caught:
        context_of(TlsPolicy(str(leaf)))
    assert caught.value.code == "authority-unreadable"


def test_an_old_protocol_is_never_spoken(site):
    cert, key = site.server()
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.load_cert_chain(cert, key)
    with pytest.warns(DeprecationWarning):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        raw, _ = listener.accept()
        with raw, pytest.raises(OSError):
            old.wrap_socket(raw, server_side=True)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        assert fault(f"https://127.0.0.1:{listener.getsockname()[1]}", TlsPolicy(str(site.pem))) == "too-old"
    finally:
        thread.join()
        listener.close()
    assert server_context(ServerTls(str(cert), str(key))).minimum_version == ssl.TLSVersion.TLSv1_2


def test_the_centre_asks_field_laptops_for_their_certificate(site, stranger, tmp_path):
    good, lost, old = site.laptop("good"), site.laptop("lost"), site.laptop("old", expired=True)
    foreign = stranger.laptop("foreign")
    crl = site.crl(lost[0])
    with served(site.server(), client_ca=str(site.pem), crl=str(crl)) as url:

        def as_(pair):
            return TlsPolicy(str(site.pem), (site.pin,), str(pair[0]), str(pair[1]))

        assert ask(url, as_(good)) == "centre"
        assert fault(url, TlsPolicy(str(site.pem))) == "client-certificate-missing"
        assert fault(url, as_(lost)) == "client-certificate-revoked"
        assert fault(url, as_(foreign)) == "client-certificate-refused"
        assert fault(url, as_(old)) == "client-certificate-expired"


def test_a_machine_is_revoked_while_the_service_runs(site):
    cert, key = site.server()
    pair = site.laptop("soon-lost")
    crl = site.crl()
    context = server_context(ServerTls(str(cert), str(key), str(site.pem), str(crl)))
    watch = CrlWatch(context, crl)
    policy = TlsPolicy(str(site.pem), (site.pin,), str(pair[0]), str(pair[1]))
    with serving(hello, context) as url:
        assert ask(url, policy) == "centre" and not watch.look()
        crl.write_text("damaged")
        assert not watch.look() and ask(url, policy) == "centre"
        site.crl(pair[0], age=datetime.timedelta(hours=1))
        assert watch.look()
        assert fault(url, policy) == "client-certificate-revoked"


def test_a_policy_that_cannot_be_kept_does_not_start(site, stranger, tmp_path):
    key = site.laptop("k")[1]
    wrong = [
        (TlsPolicy(str(site.pem), (stranger.pin,)), "pin-mismatch"),
        (TlsPolicy("", (site.pin,)), "pins-without-authority"),
        (TlsPolicy(str(site.pem), ("abc",)), "pin-malformed"),
        (TlsPolicy(str(site.pem), (site.pin, stranger.pin, "0" * 64)), "too-many-pins"),
        (TlsPolicy(str(tmp_path / "none.pem")), "authority-unreadable"),
        (TlsPolicy(str(key)), "authority-unreadable"),
        (TlsPolicy(str(site.pem), client_cert=str(tmp_path / "none")), "client-certificate-unreadable"),
    ]
    for policy, code in wrong:
        with pytest.raises(Untrusted) as caught:
            context_of(policy)
        assert caught.value.code == code
    with pytest.raises(TrustError) as said:
        tls_of(Settings(tls_ca=str(site.pem), tls_pins=f"{stranger.pin}, {'0' * 64}"))
    assert "指纹" in said.value.what and said.value.next_step


def test_a_clock_before_the_authority_was_made_is_called_wrong(site):
    with pytest.raises(Untrusted) as caught:
        context_of(TlsPolicy(str(site.pem)), now_t=0.0)
    assert caught.value.code == "clock-slow" and "时钟" in TRUST_WORDS["clock-slow"][1]
    assert time.time() > 0


def test_pins_are_read_as_people_write_them(site):
    raw = bytes.fromhex(site.pin)
    import base64

    assert normal_pin("sha256/" + base64.b64encode(raw).decode()) == site.pin
    assert normal_pin(raw.hex(":").upper()) == site.pin
    assert policy_of(Settings(tls_pins="a , b")).pins == ("a", "b")


@pytest.mark.parametrize(
    "address",
    ["http://centre.example", "http://127.0.0.1:80@evil.example", "http://localhost.evil.example", "ftp://127.0.0.1"],
)
def test_no_token_leaves_this_machine_in_the_clear(address):
    with pytest.raises(Untrusted) as caught:
        Session(address, "secret-token")
    assert caught.value.code == "cleartext"
    with pytest.raises(ConsoleError):
        check_source(address)


def test_https_is_never_tried_again_without_encryption():
    listener = socket.create_server(("127.0.0.1", 0))
    heard = []

    def answer():
        for _ in range(1):
            raw, _ = listener.accept()
            with raw:
                heard.append(raw.recv(4096))
                raw.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    thread = threading.Thread(target=answer)
    thread.start()
    session = Session(f"https://127.0.0.1:{listener.getsockname()[1]}", "secret-token", tls=context_of(TlsPolicy()))
    with pytest.raises((Untrusted, BackendUnavailable)) as caught:
        session.get_json("/v1/hello")
    session.close()
    thread.join()
    listener.close()
    assert isinstance(caught.value, Untrusted) and caught.value.code == "no-tls"
    assert len(heard) == 1 and b"secret-token" not in heard[0]


def test_the_centre_serves_others_only_with_encryption(site):
    assert encryption(CentralOptions("live")) is None
    with pytest.raises(ConsoleError) as caught:
        encryption(CentralOptions("live", host="0.0.0.0"))
    assert "必须加密" in caught.value.what
    cert, key = site.server()
    assert encryption(CentralOptions("live", host="0.0.0.0", tls=ServerTls(str(cert), str(key)))) is not None
    with pytest.raises(ConsoleError):
        encryption(CentralOptions("live", tls=ServerTls(str(cert), str(key), crl=str(cert))))
