"""The service's end of the encrypted line; with an authority for clients it knows every machine."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from console.errors import ConsoleError


@dataclass(frozen=True, slots=True)
class ServerTls:
    """PEM files. client_ca: who signs the field laptops' certificates. crl: those taken back."""

    cert: str = ""
    key: str = ""
    client_ca: str = ""
    crl: str = ""


class TellingHandshake(ssl.SSLObject):
    """Says why a handshake failed: asyncio would hang up before the alert has left.

    The first failure asks for one more read, which sends what is pending; the next call raises it.
    """

    _failure: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLSyscallError, ssl.SSLEOFError):
            raise
        except ssl.SSLError as exc:
            self._failure = exc
            raise ssl.SSLWantReadError from exc


def server_context(tls: ServerTls) -> ssl.SSLContext:
    """Return the context: TLS 1.2 at least; a client without a valid certificate ends in the handshake.

    Raises:
        ConsoleError: a file cannot be used, or a list of revoked machines has nobody who signs.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslobject_class = TellingHandshake
    if tls.crl and not tls.client_ca:
        raise ConsoleError("给了吊销名单而没有给客户端证书机构。", "请同时给出 --tls-client-ca。")
    try:
        context.load_cert_chain(tls.cert, tls.key or None, password=lambda: b"")
        if tls.client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(tls.client_ca)
        if tls.crl:
            context.load_verify_locations(tls.crl)
            context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    except (OSError, ssl.SSLError) as exc:
        raise ConsoleError("证书、密钥或吊销名单文件不能用。", "请核对各 --tls 选项指向的 PEM 文件。", str(exc)) from exc
    return context
