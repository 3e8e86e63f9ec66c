"""Making a bundle: parts are gathered, then sealed to the receiver and signed in one go."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import struct
import tempfile
import time
import uuid
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from console.errors import StoreError
from console.store.bundle.container import PIECE, write_container
from console.store.bundle.manifest import MANIFEST_MAX, OBS, STORED_MAX, Header, Manifest, Part
from console.store.bundle.readings import Columns, ReadingsWriter
from console.store.bundle.refusal import BundleRefused
from console.store.bundle.register import ExchangeRegister
from console.store.bundle.seal import SealedWriter, sealing_key
from console.store.identity import Card, Identity

LIFETIME_S = 7 * 86400.0
LEFT_S = 86400.0


class BundleDraft:
    """Parts of one bundle. Lines stay in memory, deflated: entries never reach the disk plain."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: list[tuple[Part, bytes | Path]] = []

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(part for part, _ in self._parts)

    def add_lines(self, name: str, docs: Iterable[Mapping[str, Any]]) -> int:
        """Add a part of JSON lines; returns how many, and adds no part when there are none.

        Raises:
            BundleRefused: too-large.
        """
        deflate, out, plain, rows = zlib.compressobj(6), bytearray(), 0, 0
        for doc in docs:
            line = json.dumps(doc, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            out += deflate.compress(line)
            plain, rows = plain + len(line), rows + 1
        out += deflate.flush()
        if len(out) > STORED_MAX[name]:
            raise BundleRefused("too-large", f"{name}: {len(out)} bytes")
        if rows:
            digest = hashlib.sha256(out).hexdigest()
            self._parts.append((Part(name, len(out), plain, digest, rows), bytes(out)))
        return rows

    def add_readings(self, pages: Iterable[Columns]) -> int:
        """Add the readings; pages come in series order. Returns the number of rows."""
        path = self._folder / OBS
        writer = ReadingsWriter(path)
        try:
            for page in pages:
                writer.add(page)
        finally:
            writer.close()
        if writer.rows:
            self._add_path(OBS, path, writer.rows)
        return writer.rows

    def add_file(self, file_id: str, path: Path) -> None:
        self._add_path(f"file/{file_id}", path, 0)

    def _add_path(self, name: str, path: Path, rows: int) -> None:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
        self._parts.append((Part(name, size, size, digest, rows), path))

    def write_body(self, manifest: Manifest, out: IO[bytes], key: bytes) -> None:
        sealed = SealedWriter(out, key)
        text = replace(manifest, parts=self.parts).to_json()
        if len(text) > MANIFEST_MAX:
            raise BundleRefused("too-large", "manifest")
        sealed.write(struct.pack(">I", len(text)) + text)
        for _, content in self._parts:
            if isinstance(content, bytes):
                sealed.write(content)
                continue
            with content.open("rb") as file:
                while piece := file.read(PIECE):
                    sealed.write(piece)
        sealed.close()


@contextlib.contextmanager
def bundle_draft(scratch: Path) -> Iterator[BundleDraft]:
    """Give a draft whose working files are gone afterwards, whatever happens."""
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in scratch.glob("bundle-*"):  # of an export that was killed
        if time.time() - left.stat().st_mtime > LEFT_S:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="bundle-", dir=scratch))
    try:
        yield BundleDraft(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def seal_bundle(
    path: Path,
    kind: str,
    draft: BundleDraft,
    manifest: Manifest,
    issuer: Identity,
    receiver: Card,
    register: ExchangeRegister,
    *,
    lifetime_s: float = LIFETIME_S,
) -> Header:
    """Seal, sign and write a bundle; the file appears whole or not at all.

    Raises:
        StoreError: the disk is full or cannot be written.
    """
    sender = X25519PrivateKey.generate()
    bundle, now = uuid.uuid4().hex, time.time()
    number = register.next_number(bundle, kind)
    public = sender.public_key().public_bytes_raw().hex()
    ids = (issuer.card.device_id, receiver.device_id)
    header = Header(kind, *ids, number, now, now + lifetime_s, bundle, public, 0, "0" * 64)
    body = path.with_name(f".{path.name}.body")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with body.open("wb") as out:
            draft.write_body(manifest, out, sealing_key(sender, bytes.fromhex(receiver.seal), header.context()))
        with body.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        header = replace(header, body_size=body.stat().st_size, body_sha256=digest)
        write_container(path, header, body, issuer.sign_key)
    except OSError as exc:
        raise StoreError("联络包写不进去。", f"请检查 {path.parent} 的权限和剩余空间后再导出。", str(exc)) from exc
    finally:
        body.unlink(missing_ok=True)
    return header
