"""Whether a message carries an XML signature, and whether that can be one of the whole message.

verify.py says more, where the operator has put down whose signatures count.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any, ClassVar

from backend_client.adapters.safe_xml import attribute, children, descendants, first, space_of, text_at

DSIG = "http://www.w3.org/2000/09/xmldsig#"


@dataclass(frozen=True, slots=True)
class Signature:
    """state: one of the four. reason: a stable code where it is broken."""

    UNSIGNED: ClassVar[str] = "unsigned"
    UNVERIFIED: ClassVar[str] = "signed-unverified"
    VERIFIED: ClassVar[str] = "verified"
    BROKEN: ClassVar[str] = "broken"

    state: str
    reason: str = ""

    @property
    def rank(self) -> int:
        return (self.BROKEN, self.UNSIGNED, self.UNVERIFIED, self.VERIFIED).index(self.state)


def signature_of(root: Any) -> Signature:
    """Return the state of an enveloped signature, without verifying it."""
    found = [n for n in descendants(root, "Signature") if space_of(n) == DSIG]
    if not found:
        return Signature(Signature.UNSIGNED)
    if len(found) > 1 or not any(child is found[0] for child in root):
        return Signature(Signature.BROKEN, "signature-not-one-of-the-whole")
    node = found[0]
    info = first(node, "SignedInfo")
    references = list(children(info, "Reference")) if info is not None else []
    if len(references) != 1 or attribute(references[0], "URI") != "":
        return Signature(Signature.BROKEN, "signature-covers-a-part")
    for value in (text_at(node, "SignatureValue"), text_at(references[0], "DigestValue")):
        if not _is_base64(value):
            return Signature(Signature.BROKEN, "signature-empty")
    return Signature(Signature.UNVERIFIED)


def _is_base64(text: str) -> bool:
    try:
        return len(base64.b64decode("".join(text.split()), validate=True)) >= 16
    except (binascii.Error, ValueError):
        return False
