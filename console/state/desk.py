"""Alarms, acknowledgements, log and outbox as the cache and ops.db have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from console.domain.alarms import Alarm, alarm_from_doc
from console.store.ops import OutboxOp


@dataclass(frozen=True, slots=True)
class Ack:
    """One signature under an alarm; pending while it waits in the outbox."""

    ack_id: str
    alarm_id: str
    author: str
    note: str
    at: float
    pending: bool


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the duty log; pending while it waits, refused with the centre's code."""

    entry_id: str
    kind: str
    text: str
    author: str
    at: float
    pending: bool
    refused: str = ""
    object_code: str = ""
    received_t: float | None = None


class DeskState(QObject):
    """What the duty officer owes and did; centre's records joined with what still waits here.

    Signals:
        changed: alarms, acknowledgements, log or outbox are others.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.alarms: tuple[Alarm, ...] = ()
        self.acks: dict[str, tuple[Ack, ...]] = {}
        self.log: tuple[LogEntry, ...] = ()
        self.outbox: tuple[OutboxOp, ...] = ()
        self.waiting = 0
        self.oldest: float | None = None
        self._records: dict[str, list[tuple[str, dict[str, Any]]]] = {"alarm": [], "ack": [], "log": []}

    def set_records(self, kind: str, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        self._records[kind] = [(i, dict(b)) for i, b in rows]

    def set_outbox(self, ops: Iterable[OutboxOp]) -> None:
        self.outbox = tuple(ops)
        waiting = [op for op in self.outbox if op.state == "waiting"]
        self.waiting = len(waiting)
        self.oldest = min((op.at for op in waiting), default=None)

    def join(self) -> None:
        """Recompute the joined view and tell."""
        self.alarms = tuple(
            sorted(
                (alarm_from_doc(i, b) for i, b in self._records["alarm"]),
                key=lambda a: (not a.active, -a.severity, -a.onset_t),
            )
        )
        known = {i for kind in ("ack", "log") for i, _ in self._records[kind]}
        local = [op for op in self.outbox if op.op_id not in known and op.state != "done"]
        self.acks = self._join_acks(local)
        self.log = self._join_log(local)
        self.changed.emit()

    def unacknowledged(self) -> list[Alarm]:
        return [a for a in self.alarms if a.active and a.alarm_id not in self.acks]

    def _join_acks(self, local: list[OutboxOp]) -> dict[str, tuple[Ack, ...]]:
        found: dict[str, list[Ack]] = {}
        for ack_id, b in self._records["ack"]:
            ack = Ack(ack_id, b["alarm_id"], b["author"], b.get("note", ""), b["at"], pending=False)
            found.setdefault(ack.alarm_id, []).append(ack)
        for op in local:
            if op.kind == "alarm.ack" and op.state == "waiting":
                ack = Ack(op.op_id, op.body["alarm_id"], op.author, op.body.get("note", ""), op.at, pending=True)
                found.setdefault(ack.alarm_id, []).append(ack)
        return {k: tuple(v) for k, v in found.items()}

    def _join_log(self, local: list[OutboxOp]) -> tuple[LogEntry, ...]:
        entries = [
            LogEntry(
                i,
                b["type"],
                b["text"],
                b["author"],
                b["at"],
                pending=False,
                object_code=str(b.get("object") or ""),
                received_t=b.get("received_t"),
            )
            for i, b in self._records["log"]
        ]
        for op in local:
            if op.kind == "log.entry":
                refused = op.code or op.state if op.state != "waiting" else ""
                entries.append(
                    LogEntry(
                        op.op_id,
                        op.body["type"],
                        op.body["text"],
                        op.author,
                        op.at,
                        pending=not refused,
                        refused=refused,
                        object_code=str(op.body.get("object") or ""),
                    )
                )
        return tuple(sorted(entries, key=lambda e: e.entry_id, reverse=True))
