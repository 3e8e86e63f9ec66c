"""What a duty officer does: acknowledge, write the log. Saved means: on disk with FULL sync."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from console.errors import ConsoleError
from console.services.sync_link import SyncLink
from console.store.ops import OpsStore, OutboxOp

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
        check_person: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = ops
        self._link = link
        self._skew_s = skew_s
        self._based_on = based_on
        self._check_person = check_person  # raises ConsoleError while nobody may make entries
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="ops")
        self._store: OpsStore | None = None

    async def acknowledge(self, alarm_id: str, author: str, note: str) -> str:
        """Sign an alarm; returns the entry's id once it is on disk.

        Raises:
            EntryRefused: no name, or the note is too long. Refused: nobody may make entries now.
            StoreError: nothing was saved.
        """
        author = self._author(author)
        if len(note) > NOTE_LIMIT:
            raise EntryRefused(f"备注超过 {NOTE_LIMIT} 字。", "请缩短后再确认。")
        return await self._add("alarm.ack", alarm_id, {"alarm_id": alarm_id, "note": note}, author)

    async def write_log(self, kind: str, text: str, author: str, object_code: str = "") -> str:
        """Add a log entry; returns its id once it is on disk.

        Raises:
            EntryRefused: empty or too long, or no name. Refused: nobody may make entries now.
            StoreError: nothing was saved.
        """
        author = self._author(author)
        if kind not in LOG_TYPES:
            raise EntryRefused("记录类型不存在。", "请重新选择类型。")
        if not text.strip():
            raise EntryRefused("记录内容是空的。", "请写明事情、时间和处理，再保存。")
        if len(text) > TEXT_LIMIT:
            raise EntryRefused(f"记录超过 {TEXT_LIMIT} 字（现 {len(text)} 字）。", "请分成几条保存。")
        body = {"type": kind, "text": text.strip(), "object": object_code}
        return await self._add("log.entry", "log", body, author)

    @staticmethod
    def _author(author: str) -> str:
        name = author.strip()
        if not name or len(name) > 60:
            raise EntryRefused("没有签名。", "请在姓名栏填写值班员姓名（60 字以内）。")
        return name

    async def _add(self, kind: str, entity: str, body: dict[str, Any], author: str) -> str:
        self._check_person()
        untrusted = abs(self._skew_s()) > UNTRUSTED_SKEW_S
        based_on = self._based_on()
        entry_id = await self._run(
            lambda store: store.add(
                kind,
                entity,
                body,
                author,
                based_on=based_on,
                clock_untrusted=untrusted,
            )
        )
        self._link.send({"cmd": "ops"})
        return str(entry_id)

    async def outbox(self) -> list[OutboxOp]:
        found: list[OutboxOp] = await self._run(lambda store: store.recent())
        return found

    async def _run(self, work: Callable[[OpsStore], Any]) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self._with_store, work)

    def _with_store(self, work: Callable[[OpsStore], Any]) -> Any:
        if self._store is None:
            self._store = OpsStore(self._path)
        return work(self._store)

    def close(self) -> None:
        if self._store is not None:
            self._worker.submit(self._store.close)
        self._worker.shutdown(wait=True)
