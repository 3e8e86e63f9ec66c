"""Photos, sound and files of an entry: sealed copies in the profile, named by their SHA-256.

A copy is made when the file is added, so that what the officer chose is what is sent, whatever
happens to the original. It is sealed piece by piece with AES-GCM under a key that lives in ops.db
(which is itself encrypted): a stolen disk gives no photo away.
"""

from __future__ import annotations

import hashlib
import mimetypes
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from console.errors import StoreError
from console.store.ops import Attached

FILE_MAX = 64 * 1024 * 1024
PIECE = 64 * 1024
MAGIC = b"FCA1"
SEAL = 12 + 16  # nonce and tag of one piece
HEAD = len(MAGIC) + 16


class AttachmentRefused(StoreError):
    """A file cannot be added; nothing was kept of it."""


class CopyDamaged(StoreError):
    """The sealed copy is not what was put there."""


@dataclass(frozen=True, slots=True)
class AttachmentFolder:
    """The profile's ``attachments``; key: 32 bytes."""

    folder: Path
    key: bytes

    def add(self, source: Path) -> Attached:
        """Copy a file into the folder; returns once the copy is on the disk.

        Raises:
            AttachmentRefused: it cannot be read, is empty, too large, changed meanwhile, or the disk is full.
        """
        try:
            before = source.stat()
            if not stat.S_ISREG(before.st_mode):
                raise AttachmentRefused(f"“{source.name}”不是普通文件。", "请选择照片、录音或文档。")
            if not 0 < before.st_size <= FILE_MAX:
                limit = f"{FILE_MAX // 1024 // 1024} MB"
                raise AttachmentRefused(f"“{source.name}”是空的，或超过 {limit}。", "请压缩或分成几个文件再添加。")
            with source.open("rb") as pieces:
                found, size = self.seal(iter(lambda: pieces.read(PIECE), b""))
            after = source.stat()
        except OSError as exc:
            raise AttachmentRefused(
                f"“{source.name}”没有添加：读不出或本机磁盘写不进去。",
                "请检查文件是否还在、磁盘是否已满，再添加一次。",
                str(exc),
            ) from exc
        if (after.st_mtime_ns, after.st_size) != (before.st_mtime_ns, before.st_size) or size != before.st_size:
            raise AttachmentRefused(f"“{source.name}”正在被改动。", "等它写完后再添加一次。")
        media = mimetypes.guess_type(source.name)[0] or "application/octet-stream"
        return Attached(found, source.name[-200:], media, size)

    def add_made(self, name: str, media: str, content: bytes) -> Attached:
        """Keep a file that this program made, without a plain copy of it on the disk.

        Raises:
            AttachmentRefused: it is empty or too large, or the disk is full.
        """
        if not 0 < len(content) <= FILE_MAX:
            raise AttachmentRefused(f"“{name}”是空的，或超过 {FILE_MAX // 1024 // 1024} MB。", "请换一个画面再存。")
        try:
            found, size = self.seal(content[n : n + PIECE] for n in range(0, len(content), PIECE))
        except OSError as exc:
            raise AttachmentRefused(
                f"“{name}”没有存下：本机磁盘写不进去。", "请检查磁盘是否已满，再存一次。", str(exc)
            ) from exc
        return Attached(found, name[-200:], media, size)

    def seal(self, pieces: Iterator[bytes]) -> tuple[str, int]:
        """Write plain pieces of PIECE bytes as a sealed copy; returns (SHA-256, size).

        Raises:
            OSError: the disk is full or not writable; nothing is left behind.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self.folder / f"{secrets.token_hex(8)}.part"
        cipher, mark, digest, size = AESGCM(self.key), secrets.token_bytes(16), hashlib.sha256(), 0
        try:
            with part.open("xb") as out:
                part.chmod(0o600)
                out.write(MAGIC + mark)
                for n, piece in enumerate(pieces):
                    nonce = secrets.token_bytes(12)
                    out.write(nonce + cipher.encrypt(nonce, piece, mark + n.to_bytes(4)))
                    digest.update(piece)
                    size += len(piece)
                    if size > FILE_MAX:
                        break
                out.flush()
                os.fsync(out.fileno())
            part.replace(self.folder / digest.hexdigest())
        finally:
            part.unlink(missing_ok=True)
        self._sync_folder()
        return digest.hexdigest(), size

    def _sync_folder(self) -> None:
        if os.name == "posix":
            handle = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def has(self, sha256: str) -> bool:
        return (self.folder / sha256).is_file()

    def remove(self, sha256: str) -> None:
        (self.folder / sha256).unlink(missing_ok=True)

    def read(self, sha256: str, first: int, size: int) -> bytes:
        """Return plain bytes first … first+size.

        Raises:
            CopyDamaged: the copy is gone, cut or changed.
        """
        cipher, found = AESGCM(self.key), bytearray()
        try:
            with (self.folder / sha256).open("rb") as sealed:
                head = sealed.read(HEAD)
                n = first // PIECE
                sealed.seek(HEAD + n * (PIECE + SEAL))
                while len(found) < first % PIECE + size and (piece := sealed.read(PIECE + SEAL)):
                    found += cipher.decrypt(piece[:12], piece[12:], head[len(MAGIC) :] + n.to_bytes(4))
                    n += 1
        except (OSError, InvalidTag, ValueError) as exc:
            raise CopyDamaged("附件在本机的副本已损坏或不见了。", "请重新添加原文件。", repr(exc)) from exc
        return bytes(found[first % PIECE : first % PIECE + size])

    def save_as(self, sha256: str, size: int, target: Path) -> None:
        """Write a plain copy where the user wants it; never opened, never executable.

        Raises:
            CopyDamaged: the copy is not the file it is named after.
            AttachmentRefused: the target cannot be written.
        """
        digest, part = hashlib.sha256(), target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
        try:
            with part.open("xb") as out:
                for first in range(0, size, 4 * PIECE):
                    piece = self.read(sha256, first, min(4 * PIECE, size - first))
                    digest.update(piece)
                    out.write(piece)
            if digest.hexdigest() != sha256:
                raise CopyDamaged("附件在本机的副本已损坏或不见了。", "请重新添加原文件。", "digest")
            part.replace(target)
        except OSError as exc:
            raise AttachmentRefused("附件没有另存：目标位置写不进去。", "请换一个位置再试。", str(exc)) from exc
        finally:
            part.unlink(missing_ok=True)

    def forget_unsaved(self, known: set[str], older_than: float) -> int:
        """Remove copies that no entry names (added, then never saved) from before older_than (UTC s)."""
        gone = 0
        for path in self.folder.glob("*") if self.folder.is_dir() else ():
            if path.name not in known and path.stat().st_mtime < older_than:
                path.unlink(missing_ok=True)
                gone += 1
        return gone
