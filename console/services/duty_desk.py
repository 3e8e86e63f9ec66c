"""What a duty officer does: acknowledge, write the log. Saved means: on disk with FULL sync."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from console.domain.response import LEVEL_WORDS, TOPICS
from console.errors import ConsoleError, StoreError
from console.services.sync_link import SyncLink
from console.store.attachment_table import AttachmentTable, Parcel
from console.store.attachments import AttachmentFolder
from console.store.keys import OpsKey
from console.store.ops import Attached, OpsStore, OutboxOp
from console.store.sqlite import DatabaseError

T = TypeVar("T")
NOTE_LIMIT = 1000
TEXT_LIMIT = 4000
UNTRUSTED_SKEW_S = 300.0
LOG_TYPES = {
    "note": "值班记录",
    "call_in": "来电",
    "call_out": "去电",
    "document": "来文",
    "instruction": "领导批示",
    "danger": "险情",
    "alarm": "告警处置",
    "forecast": "预报",
    "fault": "系统故障",
}
BASIS_LIMIT = 1000
FILES_LIMIT = 20


class EntryRefused(ConsoleError):
    """What was typed cannot be saved as it is; it stays in the form."""


class DutyDesk:
    """Writes ops.db on its own thread, then wakes the sync process."""

    def __init__(
        self,
        ops: Path,
        link: SyncLink,
        skew_s: Callable[[], float],
        based_on: Callable[[], str],
        *,
        key: OpsKey | None = None,
        check_person: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = ops
        self._key = key
        self._attachments = ops.with_name("attachments")
        self._link = link
        self._skew_s = skew_s
        self._based_on = based_on
        self._check_person = check_person  # raises ConsoleError while nobody may make entries
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="ops")
        self._store: OpsStore | None = None
        self._closed = False

    async def acknowledge(self, alarm_id: str, author: str, note: str) -> str:
        """Sign an alarm; returns the entry's id once it is on disk.

        Raises:
            EntryRefused: no name, or the note is too long. Refused: nobody may make entries now.
            StoreError: nothing was saved.
        """
        author = self.signed(author)
        if len(note) > NOTE_LIMIT:
            raise EntryRefused(f"备注超过 {NOTE_LIMIT} 字。", "请缩短后再确认。")
        return await self._add("alarm.ack", alarm_id, {"alarm_id": alarm_id, "note": note}, author)

    async def write_log(
        self, kind: str, text: str, author: str, object_code: str = "", files: tuple[Attached, ...] = ()
    ) -> str:
        """Add a log entry with its files; returns its id once it is on disk.

        Raises:
            EntryRefused: empty or too long, or no name. Refused: nobody may make entries now.
            StoreError: nothing was saved.
        """
        author = self.signed(author)
        if kind not in LOG_TYPES:
            raise EntryRefused("记录类型不存在。", "请重新选择类型。")
        if not text.strip():
            raise EntryRefused("记录内容是空的。", "请写明事情、时间和处理，再保存。")
        if len(text) > TEXT_LIMIT:
            raise EntryRefused(f"记录超过 {TEXT_LIMIT} 字（现 {len(text)} 字）。", "请分成几条保存。")
        if len(files) > FILES_LIMIT:
            raise EntryRefused(f"附件超过 {FILES_LIMIT} 个。", "请分成几条保存。")
        body: dict[str, Any] = {"type": kind, "text": text.strip(), "object": object_code}
        if files:
            body["attachments"] = [f.to_doc() for f in files]
        return await self._add("log.entry", "log", body, author, files=files)

    async def set_response(self, topic: str, level: str, basis: str, author: str, base_version: int) -> str:
        """Set or end a response level, built on the version the officer saw.

        Raises:
            EntryRefused: no name, or no such level, or the basis is missing or too long.
            StoreError: nothing was saved.
        """
        author = self.signed(author)
        if topic not in TOPICS or level not in LEVEL_WORDS:
            raise EntryRefused("响应种类或级别不存在。", "请重新选择。")
        if not basis.strip() or len(basis) > BASIS_LIMIT:
            raise EntryRefused("没有写明依据。", f"请写明会商结论或文号（{BASIS_LIMIT} 字以内）。")
        body = {"topic": topic, "level": level, "basis": basis.strip()}
        return await self._add("response.set", f"response:{topic}", body, author, base_version)

    async def enter(
        self,
        kind: str,
        entity: str,
        body: Mapping[str, Any],
        author: str,
        base_version: int | None = None,
        files: tuple[Attached, ...] = (),
    ) -> str:
        """Save an entry of a kind that another desk knows and has checked; returns its id once it is on disk.

        files: what goes with it; they are named in the body as attachments.

        Raises:
            EntryRefused: no name. Refused: nobody may make entries now.
            StoreError: nothing was saved.
        """
        named = {"attachments": [f.to_doc() for f in files]} if files else {}
        return await self._add(kind, entity, dict(body) | named, self.signed(author), base_version, files)

    @staticmethod
    def signed(author: str) -> str:
        """Return the name that signs.

        Raises:
            EntryRefused: there is none.
        """
        name = author.strip()
        if not name or len(name) > 60:
            raise EntryRefused("没有签名。", "请在姓名栏填写值班员姓名（60 字以内）。")
        return name

    async def _add(
        self,
        kind: str,
        entity: str,
        body: dict[str, Any],
        author: str,
        base_version: int | None = None,
        files: tuple[Attached, ...] = (),
    ) -> str:
        self._check_person()
        untrusted, based_on = self.clock_untrusted(), self._based_on()
        entry_id = await self._run(
            lambda store: store.add(
                kind,
                entity,
                body,
                author,
                based_on=based_on,
                clock_untrusted=untrusted,
                base_version=base_version,
                files=files,
            )
        )
        self._link.send({"cmd": "ops"})
        return str(entry_id)

    def clock_untrusted(self) -> bool:
        """Tell whether this machine's clock is so wrong that entries say so."""
        return abs(self._skew_s()) > UNTRUSTED_SKEW_S

    def based_on(self) -> str:
        return self._based_on()

    async def write(self, work: Callable[[OpsStore], T]) -> T:
        """Do work on the database thread, then wake the sync process.

        Raises:
            StoreError: nothing was saved. Refused: nobody may make entries now.
        """
        self._check_person()
        found: T = await self._run(work)
        self._link.send({"cmd": "ops"})
        return found

    # --- files ------------------------------------------------------------------------------
    async def attach(self, path: Path) -> Attached:
        """Copy a file for the entry being written; the original may go after this.

        Raises:
            AttachmentRefused: it cannot be read, is empty, too large, or the disk is full.
        """
        folder = await self._folder()
        return await asyncio.get_running_loop().run_in_executor(None, folder.add, path)

    async def attach_made(self, name: str, media: str, content: bytes) -> Attached:
        """Keep a file that this program made (a picture of a camera) for an entry.

        Raises:
            AttachmentRefused: it is empty, too large, or the disk is full.
        """
        folder = await self._folder()
        return await asyncio.get_running_loop().run_in_executor(None, folder.add_made, name, media, content)

    async def save_file(self, sha256: str, size: int, target: Path) -> None:
        """Write a plain copy of an attachment.

        Raises:
            CopyDamaged, AttachmentRefused: nothing was written.
        """
        folder = await self._folder()
        await asyncio.get_running_loop().run_in_executor(None, folder.save_as, sha256, size, target)

    async def file_content(self, sha256: str, size: int) -> bytes:
        """Return what is in an attachment that is here.

        Raises:
            CopyDamaged: the copy is not what was attached.
        """
        folder = await self._folder()
        return await asyncio.get_running_loop().run_in_executor(None, folder.read, sha256, 0, size)

    async def parcels(self) -> tuple[list[Parcel], frozenset[str]]:
        """Return the files of this machine's entries, and the SHA-256 of every copy that is here."""
        if self._key is None:
            return [], frozenset()

        def read(store: OpsStore) -> tuple[list[Parcel], frozenset[str]]:
            here = frozenset(p.name for p in self._attachments.glob("*")) if self._attachments.is_dir() else frozenset()
            return AttachmentTable(store).all(), here

        found: tuple[list[Parcel], frozenset[str]] = await self._run(read)
        return found

    def fetch_file(self, sha256: str) -> None:
        """Ask the sync process for a file that another desk attached."""
        self._link.send({"cmd": "file", "sha256": sha256})

    async def _folder(self) -> AttachmentFolder:
        key: bytes = await self._run(lambda store: AttachmentTable(store).key())
        return AttachmentFolder(self._attachments, key)

    async def outbox(self) -> list[OutboxOp]:
        if self._key is None:
            return []
        found: list[OutboxOp] = await self._run(lambda store: store.recent())
        return found

    async def _run(self, work: Callable[[OpsStore], Any]) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self._with_store, work)

    def _with_store(self, work: Callable[[OpsStore], Any]) -> Any:
        if self._key is None:
            raise StoreError("没有保存：本机记录库还没有解锁。", "内容仍在输入框里；请重新启动并输入口令，再保存。")
        if self._store is not None and self._store.must_reopen:
            self._store.close()
            self._store = None
        if self._store is None:
            self._store = OpsStore(self._path, self._key)
        try:
            return work(self._store)
        except DatabaseError as exc:
            raise self._store.trouble(exc) from exc

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._worker.submit(self._let_go)  # after what waits there, which may only now open the file
            self._worker.shutdown(wait=True)

    def _let_go(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
