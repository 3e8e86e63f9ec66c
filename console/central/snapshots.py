"""Snapshots as files in series order, so that a broken download goes on where it stopped."""

from __future__ import annotations

import gzip
import hashlib
import re
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from console.central.repository import Repository
from console.central.scopes import Members

PAGE = 20_000
KEEP = 16


def columns(rows: list[tuple[Any, ...]]) -> dict[str, Sequence[Any]]:
    """Return rows (sid, t, value, quality, rev, …) as the contract's cols."""
    sid, t, value, quality, rev = list(zip(*rows, strict=True))[:5] if rows else [()] * 5
    return {"series": sid, "t": t, "value": value, "quality": quality, "rev": rev}


def snapshot_file(
    repo: Repository, folder: Path, window: tuple[int, int], members: Members, known: str = ""
) -> tuple[Path, str]:
    """Return (gzip JSON-lines file, etag); the first line holds epoch, seq, window and scope.

    The seq is read before the rows: what changes meanwhile comes again with the feed, so the
    pair (snapshot, feed from its seq) never misses a reading. known: the etag a client has a part
    of; while that file is kept it is served again, however far the feed has gone on since.
    """
    epoch, seq = repo.epoch, repo.seq
    # with its series, not its name alone: a station that moves changes a scope without a reading
    what = hashlib.sha256(f"{epoch}.{window}.{members.name}.{members.sids}".encode()).hexdigest()[:24]
    if re.fullmatch(rf"{what}-\d+", known) and (folder / f"{known}.jsonl.gz").exists():
        return folder / f"{known}.jsonl.gz", known
    etag = f"{what}-{seq}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{etag}.jsonl.gz"
    if not path.exists():
        draft = path.with_suffix(f".{uuid.uuid4().hex[:8]}")
        head = {"epoch": epoch, "seq": seq, "next": cursor(epoch, seq), "scope": members.name}
        with gzip.open(draft, "wb", compresslevel=1) as out:
            out.write(orjson.dumps(head | {"from": window[0], "to": window[1]}) + b"\n")
            for line in _lines(repo, window, members):
                out.write(line)
            out.write(b'{"end":true}\n')
        draft.replace(path)
        for old in sorted(folder.glob("*.gz"), key=lambda p: p.stat().st_mtime)[:-KEEP]:
            old.unlink(missing_ok=True)
    return path, etag


def _lines(repo: Repository, window: tuple[int, int], members: Members) -> Iterator[bytes]:
    """Yield lines of about PAGE readings, put together from the texts that the database wrote."""
    parts: list[tuple[str, ...]] = []
    waiting = 0
    for sid, count, texts in repo.packed(*window, members.sids):
        parts.append((",".join([str(sid)] * count), *texts))
        waiting += count
        if waiting >= PAGE:
            yield _line(parts)
            parts, waiting = [], 0
    if parts:
        yield _line(parts)


def _line(parts: Sequence[tuple[str, ...]]) -> bytes:
    names = ("series", "t", "value", "quality", "rev")
    arrays = (f'"{name}":[{",".join(texts)}]' for name, texts in zip(names, zip(*parts, strict=True), strict=True))
    return f'{{"cols":{{{",".join(arrays)}}}}}\n'.encode()


def cursor(epoch: str, seq: int) -> str:
    return f"{epoch[:12]}.{seq}"
