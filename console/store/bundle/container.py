"""The file: magic, version, checked header, signature, sealed body; not a byte that nothing covers.

``FCCX`` · version u16 · header length u32 · SHA-256 of all that and the header · header JSON ·
Ed25519 signature · body. The header holds size and SHA-256 of the body, the signature covers the
header: damage anywhere is seen before a key is used, a changed header before anything is opened.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from console.store.bundle.manifest import Header, header_from
from console.store.bundle.refusal import BundleRefused

MAGIC = b"FCCX"
VERSION = 1
FRAME = struct.Struct(">4sHI32s")
HEADER_MAX = 64 * 1024
SIGNATURE = 64
FILE_SIZE_MAX = 2 * 1024**3
PIECE = 1024 * 1024
PURPOSE = b"fccx/1 signature\0"


@dataclass(frozen=True, slots=True)
class Frame:
    """An undamaged file whose signature nobody has judged yet."""

    path: Path
    header: Header
    signed: bytes
    signature: bytes
    body_at: int


def write_container(path: Path, header: Header, body: Path, key: Ed25519PrivateKey) -> None:
    """Write the file beside its place and rename it when it is on disk.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    data = header.to_json()
    digest = hashlib.sha256(MAGIC + struct.pack(">HI", VERSION, len(data)) + data).digest()
    frame = FRAME.pack(MAGIC, VERSION, len(data), digest) + data
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as out, body.open("rb") as source:
            out.write(frame + key.sign(PURPOSE + frame))
            for piece in _pieces(source, header.body_size):
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read_container(path: Path) -> Frame:
    """Return the frame of a whole, undamaged file; reads it once, in pieces.

    Raises:
        BundleRefused: not-a-bundle, cut, damaged, newer or too-large.
    """
    try:
        size = path.stat().st_size
        if size > FILE_SIZE_MAX:
            raise BundleRefused("too-large", f"{size} bytes")
        with path.open("rb") as file:
            return _checked(path, file, size)
    except OSError as exc:
        raise BundleRefused("not-a-bundle", str(exc)) from exc


def _checked(path: Path, file: IO[bytes], size: int) -> Frame:
    start = file.read(FRAME.size)
    if start[:4] != MAGIC:
        raise BundleRefused("not-a-bundle")
    if len(start) < FRAME.size:
        raise BundleRefused("cut", f"{size} bytes")
    _, version, length, digest = FRAME.unpack(start)
    if length > HEADER_MAX:
        raise BundleRefused("damaged", "header length")
    data = file.read(length)
    signature = file.read(SIGNATURE)
    if len(data) < length or len(signature) < SIGNATURE:
        raise BundleRefused("cut", f"{size} bytes")
    if hashlib.sha256(MAGIC + struct.pack(">HI", version, length) + data).digest() != digest:
        raise BundleRefused("damaged", "header")
    if version != VERSION:
        raise BundleRefused("newer", f"version {version}")
    header = header_from(data)
    body_at = FRAME.size + length + SIGNATURE
    if size < body_at + header.body_size:
        raise BundleRefused("cut", f"{size} of {body_at + header.body_size} bytes")
    if size > body_at + header.body_size:
        raise BundleRefused("damaged", f"{size - body_at - header.body_size} bytes too many")
    body = hashlib.sha256()
    for piece in _pieces(file, header.body_size):
        body.update(piece)
    if body.hexdigest() != header.body_sha256:
        raise BundleRefused("damaged", "body")
    return Frame(path, header, start + data, signature, body_at)


def check_signature(frame: Frame, public: bytes) -> None:
    """Judge the signature.

    Raises:
        BundleRefused: forged.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(frame.signature, PURPOSE + frame.signed)
    except (InvalidSignature, ValueError) as exc:
        raise BundleRefused("forged") from exc


def _pieces(source: IO[bytes], size: int) -> Iterator[bytes]:
    left = size
    while left > 0:
        piece = source.read(min(left, PIECE))
        if not piece:
            raise BundleRefused("cut", f"{left} bytes missing")
        left -= len(piece)
        yield piece
