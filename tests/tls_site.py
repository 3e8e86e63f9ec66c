"""A site's certificates and a server that uses them, on loopback, for tests."""

from __future__ import annotations

import contextlib
import datetime
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from backend_client.tls import pin_of
from tests.processes import eventually

DAY = datetime.timedelta(days=1)


@dataclass
class Authority:
    """A private authority of a site; writes what it signs into a folder."""

    folder: Path
    name: str

    def __post_init__(self) -> None:
        self.ca = trustme.CA(organization_name=self.name)
        self.pem = self.folder / f"{self.name}-ca.pem"
        self.pem.write_bytes(self.ca.cert_pem.bytes())

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.ca.cert_pem.bytes())

    @property
    def pin(self) -> str:
        return pin_of(self.certificate)

    def server(self, host: str = "127.0.0.1", *, expired: bool = False) -> tuple[Path, Path]:
        until = datetime.datetime.now(datetime.UTC) - DAY if expired else None
        return self._written(f"server-{host}-{expired}", self.ca.issue_cert(host, not_after=until))

    def early_server(self) -> tuple[Path, Path]:
        now = datetime.datetime.now(datetime.UTC)
        leaf = self.ca.issue_cert("127.0.0.1", not_before=now + DAY, not_after=now + 9 * DAY)
        return self._written("server-early", leaf)

    def laptop(self, name: str, *, expired: bool = False) -> tuple[Path, Path]:
        until = datetime.datetime.now(datetime.UTC) - DAY if expired else None
        return self._written(f"laptop-{name}", self.ca.issue_cert(f"{name}@field.test", not_after=until))

    def crl(self, *laptops: Path, age: datetime.timedelta = DAY) -> Path:
        now = datetime.datetime.now(datetime.UTC)
        key = load_pem_private_key(self.ca.private_key_pem.bytes(), None)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        builder = builder.last_update(now - age).next_update(now + DAY)
        for path in laptops:
            serial = x509.load_pem_x509_certificate(path.read_bytes()).serial_number
            gone = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - DAY).build()
            builder = builder.add_revoked_certificate(gone)
        path = self.folder / f"{self.name}.crl"
        path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
        return path

    def _written(self, name: str, leaf: trustme.LeafCert) -> tuple[Path, Path]:
        cert, key = self.folder / f"{self.name}-{name}.pem", self.folder / f"{self.name}-{name}.key"
        cert.write_bytes(b"".join(b.bytes() for b in leaf.cert_chain_pems))
        key.write_bytes(leaf.private_key_pem.bytes())
        return cert, key


@contextlib.contextmanager
def serving(app: Any, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve an ASGI app on a free loopback port; yields its address."""
    factory = (lambda _config, _default: context) if context else None
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off", ssl_context_factory=factory)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        eventually(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"{'https' if context else 'http'}://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
