"""Opening a bundle: damage, issuer, signature, receiver, age, replay, in this order; then the parts.

Nothing is applied before all of these hold. Parts come in the order of the manifest; each is
bounded by what the manifest said, and its hash is judged before its content is used.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from console.store.bundle.container import PIECE, Frame, check_signature, read_container
from console.store.bundle.manifest import LINES, MANIFEST_MAX, Header, Manifest, Part, manifest_from
from console.store.bundle.refusal import BundleRefused
from console.store.bundle.register import ExchangeRegister
from console.store.bundle.seal import SealedReader, sealing_key
from console.store.identity import Identity, Trusted, TrustList


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """What a bundle is judged by. now: the best known time, UTC s. place: the data source."""

    identity: Identity
    trust: TrustList
    register: ExchangeRegister
    place: str
    now: float


def judge(path: Path, keeper: Doorkeeper) -> tuple[Frame, Trusted]:
    """Return an undamaged, signed, fitting, fresh, new bundle's frame and who made it.

    Raises:
        BundleRefused: with the reason.
    """
    frame = read_container(path)
    header = frame.header
    issuer = keeper.trust.find(header.issuer)
    if issuer is None:
        raise BundleRefused("foreign", f"device {header.issuer}")
    check_signature(frame, bytes.fromhex(issuer.card.sign))
    if issuer.revoked_at:
        raise BundleRefused("revoked", f"device {header.issuer}")
    if header.receiver != keeper.identity.card.device_id:
        raise BundleRefused("receiver", f"for {header.receiver}")
    now = max(keeper.now, keeper.register.newest_created())
    if now > header.expires:
        raise BundleRefused("expired", f"{(now - header.expires) / 3600:.1f} h")
    if header.number <= keeper.register.highest(header.issuer, header.kind, keeper.place):
        raise BundleRefused("replayed", f"number {header.number}")
    return frame, issuer


class OpenBundle:
    """A judged bundle, read once from its beginning to its end."""

    def __init__(self, frame: Frame, identity: Identity, file: IO[bytes]) -> None:
        self.header: Header = frame.header
        key = sealing_key(identity.seal_key, bytes.fromhex(self.header.sender_key), self.header.context())
        file.seek(frame.body_at)
        self._stream = SealedReader(file, self.header.body_size, key)
        (length,) = struct.unpack(">I", self._stream.read(4))
        if length > MANIFEST_MAX:
            raise BundleRefused("too-large", "manifest")
        self.manifest: Manifest = manifest_from(self._stream.read(length))

    def unpack(self, folder: Path) -> Unpacked:
        """Take all parts in: lines into memory, the rest into files of a working folder.

        Raises:
            BundleRefused: damaged, bad-content or too-large.
        """
        lines: dict[str, bytes] = {}
        files: dict[str, Path] = {}
        for number, part in enumerate(self.manifest.parts):
            if part.name in LINES:
                lines[part.name] = self._in_memory(part)
            else:
                files[part.name] = folder / f"part-{number}"  # never a name out of the bundle
                self._to_file(part, files[part.name])
        if not self._stream.at_end():
            raise BundleRefused("damaged", "bytes after the last part")
        return Unpacked(self.header, self.manifest, lines, files)

    def _in_memory(self, part: Part) -> bytes:
        data = self._stream.read(part.size)
        if hashlib.sha256(data).hexdigest() != part.sha256:
            raise BundleRefused("damaged", part.name)
        return data

    def _to_file(self, part: Part, path: Path) -> None:
        left, digest = part.size, hashlib.sha256()
        with path.open("wb") as out:
            while left:
                piece = self._stream.read(min(left, PIECE))
                digest.update(piece)
                out.write(piece)
                left -= len(piece)
        if digest.hexdigest() != part.sha256:
            raise BundleRefused("damaged", part.name)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The parts of a bundle. lines: deflated; files: plain, by part name."""

    header: Header
    manifest: Manifest
    lines: Mapping[str, bytes]
    files: Mapping[str, Path]

    def docs(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield the documents of a part of lines; nothing when the bundle has no such part.

        Raises:
            BundleRefused: bad-content, or too-large when it inflates beyond what was said.
        """
        part = self.manifest.part(name)
        if part is None:
            return
        inflate = zlib.decompressobj()
        rest, seen, data = b"", 0, self.lines[name]
        try:
            while not inflate.eof:
                piece = inflate.decompress(data, PIECE)
                data = inflate.unconsumed_tail
                seen += len(piece)
                if seen > part.plain:
                    raise BundleRefused("too-large", f"{name} is larger than said")
                if not piece and not data:
                    break
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    yield _document(name, line)
        except zlib.error as exc:
            raise BundleRefused("bad-content", f"{name}: {exc}") from exc
        if rest or seen != part.plain or not inflate.eof or inflate.unused_data:
            raise BundleRefused("bad-content", f"{name} ends early")


def _document(name: str, line: bytes) -> dict[str, Any]:
    try:
        doc = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise BundleRefused("bad-content", f"{name}: {exc}"[:200]) from exc
    if not isinstance(doc, dict):
        raise BundleRefused("bad-content", f"{name}: not an object")
    return doc


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
