"""Sealing a stream to one receiver: X25519, HKDF-SHA256, ChaCha20-Poly1305 in numbered chunks.

A fresh sender key per bundle gives a fresh cipher key, so that a counter is nonce enough. The last
chunk is marked in its nonce: a stream that ends early does not open.
"""

from __future__ import annotations

from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from console.store.bundle.refusal import BundleRefused

CHUNK = 64 * 1024
TAG = 16


def sealing_key(own: X25519PrivateKey, other: bytes, context: bytes) -> bytes:
    """Return the cipher key both ends derive; context binds it to this bundle's header.

    Raises:
        BundleRefused: the other public key is not a usable point.
    """
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(other))
    except ValueError as exc:
        raise BundleRefused("damaged", "sender key") from exc
    return HKDF(SHA256(), 32, salt=None, info=b"fccx/1 seal\0" + context).derive(shared)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")


class SealedWriter:
    """Encrypts what is written, chunk by chunk; close() writes the last chunk, never the stream's file."""

    def __init__(self, out: IO[bytes], key: bytes) -> None:
        self._out = out
        self._cipher = ChaCha20Poly1305(key)
        self._held = bytearray()
        self._number = 0

    def write(self, data: bytes) -> None:
        self._held += data
        while len(self._held) > CHUNK:
            self._put(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]

    def close(self) -> None:
        self._put(bytes(self._held), last=True)

    def _put(self, plain: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, last=last), plain, None))
        self._number += 1


class SealedReader:
    """Decrypts a stream of a known size in order."""

    def __init__(self, source: IO[bytes], size: int, key: bytes) -> None:
        self._source = source
        self._left = size
        self._cipher = ChaCha20Poly1305(key)
        self._number = 0
        self._held = b""

    def read(self, size: int) -> bytes:
        """Return exactly so many bytes.

        Raises:
            BundleRefused: a chunk does not open or the stream ends early.
        """
        parts = []
        while size > 0:
            if not self._held:
                self._held = self._next()
            parts.append(self._held[:size])
            self._held = self._held[size:]
            size -= len(parts[-1])
        return b"".join(parts)

    def at_end(self) -> bool:
        return not self._held and self._left == 0

    def _next(self) -> bytes:
        take = min(self._left, CHUNK + TAG)
        if take < TAG:
            raise BundleRefused("damaged", "sealed stream ends early")
        self._left -= take
        nonce = _nonce(self._number, last=self._left == 0)
        self._number += 1
        try:
            plain = self._cipher.decrypt(nonce, self._source.read(take), None)
        except InvalidTag as exc:
            raise BundleRefused("damaged", f"chunk {self._number}") from exc
        if not plain:
            raise BundleRefused("damaged", "sealed stream ends early")
        return plain
