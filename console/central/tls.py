"""The service's end of the encrypted line; with an authority for clients it knows every machine."""

from __future__ import annotations

import logging
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

from console.errors import ConsoleError

log = logging.getLogger(__name__)
LOOK_S = 5.0


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


class CrlWatch:
    """Takes a newer list of revoked machines into a context that is in use.

    OpenSSL goes by the newest list of an issuer. A machine that is connected stays so until its
    connection ends; its next handshake is refused.
    """

    def __init__(self, context: ssl.SSLContext, path: Path) -> None:
        self._context = context
        self._path = path
        self._seen = self._mark()

    def _mark(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def look(self) -> bool:
        """Load the list when the file is another one; a file that cannot be read leaves the old list."""
        mark = self._mark()
        if mark is None or mark == self._seen:
            return False
        try:
            self._context.load_verify_locations(self._path)
        except (OSError, ssl.SSLError) as exc:
            log.warning("revocation list not read: %s", exc)
            return False
        self._seen = mark
        log.info("revocation list read again")
        return True

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(LOOK_S):
            self.look()
