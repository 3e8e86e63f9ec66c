"""A whole meeting in one file: its entries as they are, from which it is the same meeting again.

The same meeting always gives the same bytes: JSON with sorted keys, UTF-8, the SHA-256 of the entries inside.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from console.domain.documents import UNREADABLE
from console.domain.meeting import Meeting, MeetingEntry, entry_of
from console.domain.meeting_fold import folded
from console.domain.scenario import canonical
from console.errors import NewerFile, StoreError

FORMAT = "flood-console-meeting"
VERSION = 1
BYTES_MAX = 256 * 1024 * 1024


def write_meeting(path: Path, meeting: Meeting) -> None:
    """Write a meeting; the file is whole or not there, and what lay there before stays until then.

    Raises:
        StoreError: the disk is full, or the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        data = meeting_bytes(meeting)
        with draft.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(draft, path)
    except OSError as exc:
        draft.unlink(missing_ok=True)
        raise StoreError("会商文件没有写下。", "请换一个目录或清理磁盘后再试。", repr(exc)) from exc


def meeting_bytes(meeting: Meeting) -> bytes:
    """Return the file of a meeting."""
    entries = [_doc(e) for e in meeting.entries]
    doc = {
        "format": FORMAT,
        "version": VERSION,
        "sha256": _digest(entries),
        "meeting_id": meeting.meeting_id,
        "entries": entries,
    }
    return _bytes(doc) + b"\n"


def read_meeting(path: Path) -> Meeting:
    """Read a meeting back.

    Raises:
        NewerFile: a newer version of the console wrote it.
        StoreError: it cannot be read, is no such file, or is not as it was written.
    """
    try:
        if path.stat().st_size > BYTES_MAX:
            raise _not_one("too large")
        data = path.read_bytes()
    except OSError as exc:
        raise StoreError(f"会商文件 {path.name} 读不出来。", "请检查文件是否还在、有没有权限。", repr(exc)) from exc
    try:
        doc = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as exc:
        raise _damaged(repr(exc)) from exc
    if not isinstance(doc, dict) or doc.get("format") != FORMAT:
        raise _not_one(repr(type(doc)))
    version = doc.get("version")
    if isinstance(version, int) and version > VERSION:
        raise NewerFile(
            "这个会商文件由更新版本的程序写成。", "请升级本程序，或请对方用相同版本重新导出。", f"version {version}"
        )
    try:
        if version != VERSION or _digest(doc["entries"]) != doc["sha256"]:
            raise ValueError("the entries are not those that were written")
        found = folded(_entry(e) for e in doc["entries"])
        (meeting,) = found
        if meeting.meeting_id != doc["meeting_id"] or meeting_bytes(meeting) != data:
            raise ValueError("it does not give the same bytes again")
    except (*UNREADABLE, RecursionError) as exc:
        raise _damaged(repr(exc)) from exc
    return meeting


def _doc(entry: MeetingEntry) -> dict[str, Any]:
    return {
        "id": entry.entry_id,
        "body": entry.body,
        "author": entry.author,
        "at": entry.at,
        "seq": entry.seq,
        "refused": entry.refused,
        "clock_untrusted": entry.clock_untrusted,
    }


def _entry(doc: Mapping[str, Any]) -> MeetingEntry:
    texts = doc["id"], doc["author"], doc["refused"]
    seq = doc["seq"]
    if not all(isinstance(t, str) for t in texts) or not (seq is None or isinstance(seq, int)):
        raise ValueError(f"entry {str(doc['id'])[:60]!r}")
    entry_id, author, refused = texts
    return entry_of(entry_id, doc["body"], author, doc["at"], seq, refused, bool(doc["clock_untrusted"]))


def _digest(entries: Any) -> str:
    return hashlib.sha256(_bytes(entries)).hexdigest()


def _bytes(doc: Any) -> bytes:
    """Half a character, which JSON can say and UTF-8 cannot, is written as JSON's own escape."""
    return canonical(doc).encode("utf-8", "backslashreplace")


def _damaged(why: str) -> StoreError:
    return StoreError("会商文件已损坏，或被改动过。", "请重新复制一份，或请对方重新导出。", why)


def _not_one(why: str) -> StoreError:
    return StoreError("这不是会商文件。", "请选择由本程序导出的会商文件。", why)
