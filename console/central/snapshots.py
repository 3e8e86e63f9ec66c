"""Snapshots as files in series order, so that a broken download goes on where it stopped."""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
import uuid
from pathlib import Path
from typing import Any

from console.central.repository import Repository

PAGE = 20_000
KEEP = 8


def columns(rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """Return rows (sid, t, value, quality, rev, …) as the contract's cols."""
    sid, t, value, quality, rev = ([r[i] for r in rows] for i in range(5))
    return {"series": sid, "t": t, "value": value, "quality": quality, "rev": rev}


def snapshot_file(repo: Repository, folder: Path, from_t: int, to_t: int) -> tuple[Path, str]:
    """Return (gzip JSON-lines file, etag); the first line holds epoch, seq and window.

    The seq is read before the rows: what changes meanwhile comes again with the feed, so the
    pair (snapshot, feed from its seq) never misses a reading.
    """
    epoch, seq = repo.epoch, repo.seq
    etag = hashlib.sha256(f"{epoch}.{seq}.{from_t}.{to_t}".encode()).hexdigest()[:32]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{etag}.jsonl.gz"
    if not path.exists():
        draft = path.with_suffix(f".{uuid.uuid4().hex[:8]}")
        with gzip.open(draft, "wt", encoding="utf-8", compresslevel=1) as out:
            head = {"epoch": epoch, "seq": seq, "next": cursor(epoch, seq), "from": from_t, "to": to_t}
            out.write(json.dumps(head) + "\n")
            for rows in repo.in_series_order(from_t, to_t, PAGE):
                out.write(json.dumps({"cols": columns(rows)}, separators=(",", ":")) + "\n")
            out.write('{"end":true}\n')
        draft.replace(path)
        for old in sorted(folder.glob("*.gz"), key=lambda p: p.stat().st_mtime)[:-KEEP]:
            old.unlink()
    return path, etag


def cursor(epoch: str, seq: int) -> str:
    return f"{epoch[:12]}.{seq}"


def row_hash(sid: int, t: int, value: float | None, quality: int, rev: int) -> int:
    """Return the 64-bit hash of one reading that day digests are made of."""
    packed = struct.pack("<qqdqq?", sid, t, value or 0.0, quality, rev, value is None)
    return int.from_bytes(hashlib.blake2b(packed, digest_size=8).digest(), "little")


def day_digest(repo: Repository, from_t: int, to_t: int) -> dict[str, Any]:
    """Return count and xor of row hashes of from_t ≤ t ≤ to_t."""
    count, mixed = 0, 0
    for rows in repo.in_series_order(from_t, to_t, PAGE):
        count += len(rows)
        for row in rows:
            mixed ^= row_hash(*row[:5])
    return {"count": count, "xor": f"{mixed:016x}"}
