"""What a pack fetched, into the cache by its one writer: this process, or the running sync process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from backend_client.central import snapshot_pages
from backend_client.errors import WireFormatError
from backend_client.wire import columns
from console.errors import StoreError
from console.paths import Profile
from console.processes import AlreadyRunning, sole_owner
from console.store.cache_writer import CacheWriter
from console.sync.bundle_desk import ask_sync


def take_in(profile: Profile, what: str, path: Path) -> None:
    """Bring a fetched file into a profile's cache; blocks.

    Raises:
        StoreError: it cannot be used, or the disk failed.
    """
    try:
        with sole_owner(profile.folder, "sync"):
            writer = CacheWriter(profile)
            try:
                apply_file(what, path, writer)
            finally:
                writer.close()
    except AlreadyRunning:
        ask_sync(profile, path, lambda _rows: None, what)


def apply_file(what: str, path: Path, writer: CacheWriter) -> dict[str, Any]:
    """Apply a snapshot or a kind of objects; rows are guarded by their revisions.

    Raises:
        StoreError: the file is not whole, not what it should be, or of another epoch.
    """
    try:
        if what == "snapshot":
            return {"rows": _snapshot(path, writer)}
        doc = json.loads(path.read_text("utf-8"))
        writer.put_objects(str(doc["kind"]), "", [dict(d) for d in doc["docs"]])
        return {"objects": len(doc["docs"])}
    except (WireFormatError, ValueError, KeyError, TypeError) as exc:
        raise StoreError("下载的内容不完整或不合格式。", "请重新下载这一项。", repr(exc)[:200]) from exc


def _snapshot(path: Path, writer: CacheWriter) -> int:
    rows, whole = 0, False
    for page in snapshot_pages(path):
        if "epoch" in page:
            _same_epoch(str(page["epoch"]), writer)
            writer.rewind(str(page["next"]))
        if "cols" in page:
            cols = columns(page["cols"])
            writer.apply(cols, None)
            rows += len(cols[0])
        whole = whole or bool(page.get("end"))
    if not whole:
        raise WireFormatError("snapshot ended early")
    return rows


def _same_epoch(epoch: str, writer: CacheWriter) -> None:
    known = writer.link().get("epoch")
    if known is None:
        writer.note_link(epoch=epoch)
    elif known != epoch:
        raise StoreError("中心已换了一次运行，本机缓存还没有跟上。", "请等同步完成后再下载。", f"{epoch[:12]} ≠ {known[:12]}")
