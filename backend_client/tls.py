"""Whom we talk to: the site's own authority, pinned; our own certificate where the site asks for one.

A pin names the key of the *authority*, not of the server: servers change certificates every year,
authorities seldom, and two pins let one be replaced while both are in use. Only authorities whose
key matches a pin are loaded at all, so every chain that verifies ends in a pinned one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from backend_client.errors import Untrusted

PINS_MAX = 2
FILE_LIMIT = 1024 * 1024
REASONS = {  # OpenSSL's X509_V_ERR_* of a chain that does not verify
    9: "not-yet-valid",
    10: "expired",
    18: "self-signed",
    19: "unknown-authority",
    20: "unknown-authority",
    21: "unknown-authority",
    23: "revoked",
    62: "wrong-host",
    64: "wrong-host",
}
ALERTS = (  # words in OpenSSL's reason when the other side refused ours, the more telling first
    ("CERTIFICATE_REQUIRED", "client-certificate-missing"),
    ("CERTIFICATE_REVOKED", "client-certificate-revoked"),
    ("CERTIFICATE_EXPIRED", "client-certificate-expired"),
    ("ALERT_UNKNOWN_CA", "client-certificate-refused"),
    ("BAD_CERTIFICATE", "client-certificate-refused"),
    ("CERTIFICATE_UNKNOWN", "client-certificate-refused"),
    ("ALERT_ACCESS_DENIED", "client-certificate-refused"),
    ("PROTOCOL_VERSION", "too-old"),
    ("UNSUPPORTED_PROTOCOL", "too-old"),
    ("WRONG_VERSION_NUMBER", "no-tls"),
)


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """ca: PEM file of the site's authorities, "" for the system's. pins: SHA-256 of their public keys.

    client_cert and client_key: PEM files of this machine's own certificate, "" for none.
    """

    ca: str = ""
    pins: tuple[str, ...] = ()
    client_cert: str = ""
    client_key: str = ""


def context_of(policy: TlsPolicy, now_t: float | None = None) -> ssl.SSLContext:
    """Return the context of every connection under a policy.

    Raises:
        Untrusted: a file cannot be used, no authority matches a pin, or a certificate is out of date.
    """
    now_t = time.time() if now_t is None else now_t
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    pins = {normal_pin(pin) for pin in policy.pins}
    if policy.ca:
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN  # the site may hand out an intermediate
        chosen = _authorities(Path(policy.ca), pins)
        if now_t < max(c.not_valid_before_utc.timestamp() for c in chosen):
            raise Untrusted("clock-slow")
        context.load_verify_locations(cadata=b"".join(c.public_bytes(Encoding.DER) for c in chosen))
    elif pins:
        raise Untrusted("pins-without-authority")
    else:
        context.load_default_certs()
    if policy.client_cert:
        _own_certificate(context, policy, now_t)
    return context


def normal_pin(text: str) -> str:
    """Return a pin as 64 hex digits; ``sha256/BASE64`` and colons are understood.

    Raises:
        Untrusted: it is neither.
    """
    try:
        if text.startswith("sha256/"):
            raw = base64.b64decode(text[7:], validate=True)
        else:
            raw = bytes.fromhex(text.replace(":", ""))
    except (binascii.Error, ValueError) as exc:
        raise Untrusted("pin-malformed") from exc
    if len(raw) != 32:
        raise Untrusted("pin-malformed")
    return raw.hex()


def pin_of(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate's public key (SubjectPublicKeyInfo), in hex."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).hexdigest()


def _authorities(path: Path, pins: set[str]) -> list[x509.Certificate]:
    if len(pins) > PINS_MAX:
        raise Untrusted("too-many-pins")
    try:
        found = x509.load_pem_x509_certificates(_bounded(path))
    except (OSError, ValueError) as exc:
        raise Untrusted("authority-unreadable", str(exc)) from exc
    chosen = [c for c in found if _signs(c) and (not pins or pin_of(c) in pins)]
    if not chosen:
        raise Untrusted("pin-mismatch" if pins else "authority-unreadable")
    return chosen


def _signs(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is an authority's: a leaf in the file must not become an anchor."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _own_certificate(context: ssl.SSLContext, policy: TlsPolicy, now_t: float) -> None:
    try:
        own = x509.load_pem_x509_certificates(_bounded(Path(policy.client_cert)))[0]
        # an encrypted key must not ask on the terminal of a process that has none
        context.load_cert_chain(policy.client_cert, policy.client_key or None, password=lambda: b"")
    except (OSError, ValueError, ssl.SSLError) as exc:
        raise Untrusted("client-certificate-unreadable", str(exc)) from exc
    if now_t > own.not_valid_after_utc.timestamp():
        raise Untrusted("client-certificate-expired")
    if now_t < own.not_valid_before_utc.timestamp():
        raise Untrusted("clock-slow")


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(FILE_LIMIT + 1)
    if len(data) > FILE_LIMIT:
        raise ValueError(f"over {FILE_LIMIT} bytes")
    return data


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def verify_for(base_url: str, tls: ssl.SSLContext | None) -> ssl.SSLContext:
    """Return what httpx verifies a server with; cleartext goes to this machine alone.

    Raises:
        Untrusted: an address without encryption that is not 127.0.0.1.
    """
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as exc:
        raise Untrusted("bad-address") from exc
    if url.scheme == "https":
        return tls or context_of(TlsPolicy())
    if url.scheme != "http" or not is_loopback(url.host):
        raise Untrusted("cleartext")
    return tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, should anything ask


def verify_foreign(base_url: str, tls: ssl.SSLContext | None) -> ssl.SSLContext:
    """Return what httpx verifies a server with that is not the centre and may speak cleartext."""
    if tls is None and base_url.lower().startswith("https:"):
        return context_of(TlsPolicy())
    return tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def tls_fault(exc: BaseException) -> Untrusted | None:
    """Return what was wrong with the other side's or our own certificate, if that is what went wrong."""
    seen: BaseException | None = exc
    for _ in range(8):
        if isinstance(seen, ssl.SSLCertVerificationError):
            return Untrusted(REASONS.get(seen.verify_code, "unverified"), f"{seen.verify_code} {seen.verify_message}")
        if isinstance(seen, ssl.SSLError):
            reason = seen.reason or str(seen)
            code = next((code for word, code in ALERTS if word in reason.upper()), None)
            return Untrusted(code, reason) if code else None
        seen = (seen.__cause__ or seen.__context__) if seen is not None else None
    return None
