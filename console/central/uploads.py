"""Files that consoles send: in pieces, going on where an earlier try stopped, checked at the end.

A file's id is the SHA-256 of its content, so a repeated upload is no second file and a broken one
cannot pass for it. Pieces are appended and flushed to the disk before the answer.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import threading
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from console.central.policies import is_sha256
from console.central.problems import Problem
from console.central.repository import Repository

PIECE_MAX = 256 * 1024
FILE_MAX = 64 * 1024 * 1024
RANGE = re.compile(r"bytes (\d{1,12})-(\d{1,12})/(\d{1,12})")
MEDIA = re.compile(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,60}")


class Uploads:
    """Used from the service's worker threads; one piece is written at a time."""

    def __init__(self, repo: Repository, folder: Path) -> None:
        self._repo = repo
        self._files = folder / "files"
        self._parts = folder / "files" / "parts"
        self._lock = threading.Lock()

    def have(self, file_id: str) -> tuple[int, bool]:
        """Return (bytes that are here, complete)."""
        done = self._files / file_id
        if self._repo.file(file_id) is not None and done.exists():
            return done.stat().st_size, True
        part = self._parts / file_id
        return (part.stat().st_size if part.exists() else 0), False

    def take(self, file_id: str, span: tuple[int, int, int], data: bytes, name: str, media: str) -> tuple[int, bool]:
        """Append one piece (first, last, total); returns as have().

        A service that died between the last piece and the check has every byte and no file: whoever then
        sends the last piece again gets the check made up for.

        Raises:
            Problem: 409 wrong-offset, 422 checksum-mismatch (all pieces are dropped), 507 disk-full.
        """
        first, last, total = span
        with self._lock:
            have, complete = self.have(file_id)
            if complete:
                return have, True
            if have < total:
                if first != have:
                    raise Problem(409, "wrong-offset", str(have))
                self._append(file_id, data)
                if last + 1 < total:
                    return last + 1, False
            self._finish(file_id, name, media, total)
        return total, True

    def _append(self, file_id: str, data: bytes) -> None:
        try:
            self._parts.mkdir(parents=True, exist_ok=True)
            with (self._parts / file_id).open("ab") as out:
                before = out.tell()
                try:
                    out.write(data)
                    out.flush()
                    os.fsync(out.fileno())
                except OSError:
                    out.truncate(before)
                    raise
        except OSError as exc:
            if exc.errno in (errno.ENOSPC, errno.EDQUOT):
                raise Problem(507, "disk-full") from exc
            raise

    def _finish(self, file_id: str, name: str, media: str, total: int) -> None:
        part = self._parts / file_id
        with part.open("rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
        if digest != file_id or part.stat().st_size != total:
            part.unlink()
            raise Problem(422, "checksum-mismatch")
        part.replace(self._files / file_id)
        self._repo.put_file(file_id, name, media, total, file_id)


def span_of(text: str, size: int) -> tuple[int, int, int]:
    """Return (first, last, total) of a Content-Range.

    Raises:
        Problem: it is none, does not fit the body, or the file would be larger than allowed.
    """
    found = RANGE.fullmatch(text)
    if found is None:
        raise Problem(422, "invalid", "Content-Range")
    first, last, total = (int(g) for g in found.groups())
    if total > FILE_MAX or size > PIECE_MAX:
        raise Problem(413, "too-large")
    if not first <= last < total or last - first + 1 != size:
        raise Problem(422, "invalid", "Content-Range")
    return first, last, total


def add_uploads(app: FastAPI, uploads: Uploads) -> None:
    """Add HEAD and PUT of ``/v1/files/{id}``."""

    @app.head("/v1/files/{file_id}")
    def have(file_id: str) -> Response:
        size, complete = uploads.have(file_id) if is_sha256(file_id) else (0, False)
        if not size and not complete:
            raise Problem(404, "not-found")
        return Response(headers=_told(size, complete))

    piece = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}, "required": True}

    @app.put("/v1/files/{file_id}", openapi_extra={"requestBody": piece})
    async def put(
        file_id: str,
        request: Request,
        content_range: str = Header("", max_length=60),
        name: str = Query("", max_length=600),
        media: str = Query("application/octet-stream", max_length=100),
    ) -> Response:
        if not is_sha256(file_id):
            raise Problem(422, "invalid", "a file is named by its SHA-256")
        data = await request.body()
        span = span_of(content_range, len(data))
        plain = "".join(ch for ch in unquote(name) if ch.isprintable() and ch not in '/\\"')[:200] or file_id[:12]
        kind = media if MEDIA.fullmatch(media) else "application/octet-stream"
        size, complete = await run_in_threadpool(uploads.take, file_id, span, data, plain, kind)
        return Response(status_code=201 if complete else 200, headers=_told(size, complete))


def _told(size: int, complete: bool) -> dict[str, Any]:
    return {"Upload-Offset": str(size), "Upload-Complete": "?1" if complete else "?0"}
