"""Verifies an enveloped XML signature against keys that the operator has put down, and nothing else.

The certificate inside a message proves nothing and is not looked at. Only one shape is accepted: one
reference to the whole document, the signature itself left out, canonical XML, SHA-2. What has
another shape stays signed-unverified; what was altered after signing is broken.
Source: W3C XML Signature Syntax and Processing 1.1; RFC 9231 for the algorithm names.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, Hash, HashAlgorithm

from backend_client.adapters.cap.canonical import Document, Node, document_bytes, element_bytes, read
from backend_client.adapters.cap.signature import DSIG, Signature

ENVELOPED = DSIG + "enveloped-signature"
EXCLUSIVE, INCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
CANONICAL = {EXCLUSIVE: True, INCLUSIVE: False}
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
DIGESTS: dict[str, type[HashAlgorithm]] = {
    "http://www.w3.org/2001/04/xmlenc#sha256": SHA256,
    "http://www.w3.org/2001/04/xmlenc#sha512": SHA512,
    MORE + "sha384": SHA384,
}
METHODS: dict[str, tuple[str, type[HashAlgorithm]]] = {
    MORE + f"{kind}-sha{size}": (kind, algorithm)
    for kind in ("rsa", "ecdsa")
    for size, algorithm in ((256, SHA256), (384, SHA384), (512, SHA512))
}
RSA_BITS = 2048


class _Unsupported(Exception):
    """The signature has another shape; the text is a stable code."""


def verified(data: bytes, shape: Signature, trusted: Sequence[x509.Certificate], sent_t: int) -> Signature:
    """Return the state of a message whose signature has the right outer shape (see signature_of).

    trusted: certificates of those who may sign here, by their own key; a chain is not built.
    """
    if shape.state != Signature.UNVERIFIED:
        return shape
    document = read(data)
    try:
        node = _one(document.root, "Signature")
        info = _one(node, "SignedInfo")
        digest, value = _expected_digest(info), _base64(_text(_one(node, "SignatureValue")))
        if not bytes_eq(digest, _actual_digest(document, node, info)):
            return Signature(Signature.BROKEN, "altered-after-signing")
        signed = element_bytes(info, exclusive=_canonical(_one(info, "CanonicalizationMethod"), document))
        method = METHODS.get(_algorithm(_one(info, "SignatureMethod")))
    except _Unsupported as exc:
        return Signature(Signature.UNVERIFIED, str(exc))
    if method is None:
        return Signature(Signature.UNVERIFIED, "signature-method")
    moment = datetime.fromtimestamp(sent_t, UTC)
    for certificate in trusted:
        if not _signed_by(certificate, method, value, signed):
            continue
        if certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
            return Signature(Signature.VERIFIED)
        return Signature(Signature.UNVERIFIED, "certificate-not-valid-then")
    return Signature(Signature.UNVERIFIED, "no-trusted-key" if trusted else "no-keys-configured")


def _expected_digest(info: Node) -> bytes:
    return _base64(_text(_one(_one(info, "Reference"), "DigestValue")))


def _actual_digest(document: Document, signature: Node, info: Node) -> bytes:
    reference = _one(info, "Reference")
    if dict(reference.attributes).get("URI") != "":
        raise _Unsupported("reference")
    transforms = _named(_one(reference, "Transforms"), "Transform")
    names = [_algorithm(t) for t in transforms]
    if names[:1] != [ENVELOPED] or len(names) > 2 or transforms[0].elements():
        raise _Unsupported("transforms")
    exclusive = _canonical(transforms[1], document) if len(names) == 2 else False
    algorithm = DIGESTS.get(_algorithm(_one(reference, "DigestMethod")))
    if algorithm is None:
        raise _Unsupported("digest-method")
    hashed = Hash(algorithm())
    hashed.update(document_bytes(document, exclusive=exclusive, without=signature))
    return hashed.finalize()


def _canonical(node: Node, document: Document) -> bool:
    """Return whether a canonicalization is the exclusive one; its options are not taken.

    The inclusive one would hand xml: attributes of the root down to an inner element: refused.
    """
    name = _algorithm(node)
    if name not in CANONICAL or node.elements():
        raise _Unsupported("canonicalization")
    if not CANONICAL[name] and any(key.startswith("xml:") for key, _ in document.root.attributes):
        raise _Unsupported("canonicalization")
    return CANONICAL[name]


def _signed_by(certificate: x509.Certificate, method: tuple[str, type[HashAlgorithm]], value: bytes, signed: bytes) -> bool:
    kind, algorithm = method
    key = certificate.public_key()
    try:
        if kind == "rsa" and isinstance(key, rsa.RSAPublicKey) and key.key_size >= RSA_BITS:
            key.verify(value, signed, padding.PKCS1v15(), algorithm())
            return True
        if kind == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            size = (key.curve.key_size + 7) // 8
            if len(value) != 2 * size:
                return False
            pair = (int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big"))
            key.verify(encode_dss_signature(*pair), signed, ec.ECDSA(algorithm()))
            return True
    except InvalidSignature:
        return False
    return False


def _named(node: Node, name: str) -> list[Node]:
    return [c for c in node.elements() if c.local == name and c.space == DSIG]


def _one(node: Node, name: str) -> Node:
    found = _named(node, name)
    if len(found) != 1:
        raise _Unsupported(f"not-one-{name}")
    return found[0]


def _algorithm(node: Node) -> str:
    return dict(node.attributes).get("Algorithm", "")


def _text(node: Node) -> str:
    return "".join(c for c in node.children if isinstance(c, str))


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise _Unsupported("not-base64") from exc
