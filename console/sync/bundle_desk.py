"""Bundles while the sync process runs: it alone writes the cache, so others ask it over its line."""

from __future__ import annotations

import json
import logging
import queue
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from console.errors import ConsoleError, StoreError
from console.paths import DataHome, Profile
from console.processes import read_endpoint
from console.store.cache_writer import CacheWriter
from console.store.keys import OpsKey
from console.store.sqlite import DatabaseError

log = logging.getLogger(__name__)
Announce = Callable[[str, Mapping[str, Any]], None]
ANSWER_S = 900.0
STARTING_S = 10.0
KINDS = ("alarm", "ack", "log", "meeting")


class BundleDesk:
    """Filled by any thread, emptied by the pull thread, which owns the cache writer."""

    def __init__(self, home: DataHome, profile: Profile, announce: Announce, key: OpsKey | None = None) -> None:
        self._home = home
        self._key = key
        self._profile = profile
        self._announce = announce
        self._queue: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()

    def put(self, command: Mapping[str, Any]) -> None:
        self._queue.put(command)

    def take_waiting(self, writer: CacheWriter) -> None:
        """Take what waits; a bundle that cannot be taken is answered, never raised."""
        while not self._queue.empty():
            doc = self._queue.get()
            ticket, path = str(doc.get("ticket")), Path(str(doc.get("path")))
            try:
                taken = self._take(str(doc.get("what", "bundle")), path, ticket, writer)
            except ConsoleError as exc:
                log.warning("bundle not taken: %s", exc)
                code = str(getattr(exc, "code", "failed"))
                self._answer(ticket, "refused", code=code, what=exc.what, next_step=exc.next_step, detail=exc.detail)
            except (DatabaseError, OSError) as exc:
                log.warning("bundle not taken: %r", exc)
                words = {"what": "本机磁盘写不进去，联络包没有导入完。", "next_step": "请清理磁盘后重新导入；重复导入无害。"}
                self._answer(ticket, "refused", code="disk", detail=repr(exc)[:300], **words)
            else:
                self._answer(ticket, "done", taken=taken)

    def _take(self, what: str, path: Path, ticket: str, writer: CacheWriter) -> dict[str, Any]:
        if what != "bundle":
            from console.sync.pack_apply import apply_file

            taken = apply_file(what, path, writer)
            self._announce("changed" if what == "snapshot" else "objects", {"sids": None})
            return taken
        return self._take_bundle(path, ticket, writer)

    def _take_bundle(self, path: Path, ticket: str, writer: CacheWriter) -> dict[str, Any]:
        from console.sync import bundles  # Arrow and the ciphers: only when a bundle comes

        keeper = bundles.doorkeeper(self._home, self._profile, key=self._key)
        try:
            taken = bundles.take_bundle(
                path, keeper, self._profile, lambda: writer, lambda rows: self._answer(ticket, "rows", rows=rows), self._key
            )
        finally:
            keeper.register.close()
        if taken.kind == "down":
            self._announce("objects", {})
            self._announce("changed", {"sids": None})
            self._announce("records", {"kinds": KINDS})
        return taken.to_doc()

    def _answer(self, ticket: str, state: str, **more: Any) -> None:
        self._announce("bundle", {"ticket": ticket, "state": state, **more})


def ask_sync(profile: Profile, path: Path, tell: Callable[[int], None], what: str = "bundle") -> dict[str, Any]:
    """Have the running sync process take a file in; blocks until it answers.

    Raises:
        StoreError: it refused, or does not answer.
    """
    pause, end = threading.Event(), time.monotonic() + STARTING_S
    while (found := read_endpoint(profile.sync_endpoint)) is None and time.monotonic() < end:
        pause.wait(0.1)  # it holds the lock a moment before it says where it listens
    if found is None:
        raise StoreError("同步进程正在启动，还不能导入。", "请稍后再试。")
    ticket = uuid.uuid4().hex
    command = json.dumps({"cmd": "bundle", "what": what, "path": str(path.resolve()), "ticket": ticket}, ensure_ascii=False)
    try:
        with socket.create_connection((found.host, found.port), timeout=5.0) as line:
            line.settimeout(ANSWER_S)
            line.sendall(f"{found.token}\n{command}\n".encode())
            with line.makefile("r", encoding="utf-8") as said:
                for text in said:
                    doc = json.loads(text)
                    if doc.get("type") != "bundle" or doc.get("ticket") != ticket:
                        continue
                    if doc["state"] == "rows":
                        tell(int(doc["rows"]))
                    elif doc["state"] == "refused":
                        raise TakenNot(str(doc["code"]), str(doc["what"]), str(doc["next_step"]), str(doc.get("detail", "")))
                    else:
                        return dict(doc["taken"])
    except (OSError, ValueError) as exc:
        raise StoreError("同步进程没有答复。", "请稍后重新导入；重复导入无害。", repr(exc)) from exc
    raise StoreError("同步进程中途退出，导入可能没有完成。", "请重新导入；重复导入无害。")


class TakenNot(StoreError):
    """The sync process refused a bundle; code says why."""

    def __init__(self, code: str, what: str, next_step: str, detail: str) -> None:
        super().__init__(what, next_step, detail)
        self.code = code
