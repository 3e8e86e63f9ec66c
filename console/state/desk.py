"""Alarms, acknowledgements, log and outbox as the cache and ops.db have them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal

from console.domain.alarms import Alarm, alarm_from_doc
from console.domain.documents import UNREADABLE
from console.domain.meeting import Meeting
from console.domain.response import TOPICS, Response, response_from_doc
from console.domain.time import sane_t
from console.state.meeting_join import MeetingJoin
from console.store.attachment_table import Parcel
from console.store.ops import Attached, OutboxOp

log = logging.getLogger(__name__)
RECORD_KINDS = ("alarm", "ack", "log", "response", "correction", "meeting")
UNDECIDED = ("conflict", "rejected")
T = TypeVar("T")


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
    files: tuple[Mapping[str, Any], ...] = ()
    clock_untrusted: bool = False
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person made of a reading. value None: voided. original: what the source said first.

    pending: it waits in the outbox; refused: the centre's code.
    """

    sid: int
    t: int
    value: float | None
    original: float | None
    author: str
    reason: str
    at: float
    pending: bool = False
    refused: str = ""


class DeskState(QObject):
    """What the duty officer owes and did; centre's records joined with what still waits here.

    Signals:
        changed: alarms, acknowledgements, log, response levels, meetings or outbox are others.
        draft_offered: an entry that was refused goes back into the log form; arg is its text.
    """

    changed = Signal()
    draft_offered = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.alarms: tuple[Alarm, ...] = ()
        self.acks: dict[str, tuple[Ack, ...]] = {}
        self.log: tuple[LogEntry, ...] = ()
        self.outbox: tuple[OutboxOp, ...] = ()
        self.loaded = False
        self.unreadable = 0
        self.waiting = 0
        self.oldest: float | None = None
        self.responses: dict[str, Response] = {topic: Response(topic) for topic in TOPICS}
        self.corrections: dict[tuple[int, int], Correction] = {}
        self.meetings: tuple[Meeting, ...] = ()
        self.undecided: tuple[OutboxOp, ...] = ()
        self.held: frozenset[str] = frozenset()
        self.offered = ""
        self.draft_files: tuple[Attached, ...] = ()  # of the entry being written; outlives a rebuilt panel
        self.parcels: dict[str, Parcel] = {}
        self.files_here: frozenset[str] = frozenset()
        self._meetings = MeetingJoin()
        self._records: dict[str, list[tuple[str, dict[str, Any]]]] = {kind: [] for kind in RECORD_KINDS}

    def set_records(self, kind: str, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Take the centre's records of a kind, in the centre's order."""
        self._records[kind] = sorted(((i, dict(b)) for i, b in rows), key=lambda r: _seq(r[1]))
        self.loaded = self.loaded or kind == "alarm"

    def set_outbox(self, ops: Iterable[OutboxOp]) -> None:
        self.outbox = tuple(ops)
        waiting = [op for op in self.outbox if op.state == "waiting"]
        self.waiting = len(waiting)
        self.oldest = min((op.at for op in waiting), default=None)
        self.undecided = tuple(op for op in self.outbox if op.state in UNDECIDED)
        entities = {op.entity for op in self.undecided if op.base_version is not None}
        self.held = frozenset(
            op.op_id for op in waiting if op.entity in entities and op.base_version is not None and not op.settles
        )

    def set_parcels(self, parcels: Iterable[Parcel], here: frozenset[str]) -> bool:
        """Note how far the files have come; True when that changed."""
        found = {p.sha256: p for p in parcels}
        changed = (found, here) != (self.parcels, self.files_here)
        self.parcels, self.files_here = found, here
        return changed

    def offer_draft(self, text: str) -> None:
        """Give a refused entry's text back to the log form, wherever that is built."""
        self.offered = text
        self.draft_offered.emit(text)
        self.changed.emit()

    def join(self) -> None:
        """Recompute the joined view and tell."""
        self.unreadable = 0
        self.alarms = tuple(
            sorted(
                self._read("alarm", alarm_from_doc),
                key=lambda a: (not a.active, -a.severity, -a.onset_t),
            )
        )
        known = {i for kind in ("ack", "log") for i, _ in self._records[kind]}
        local = [op for op in self.outbox if op.op_id not in known]
        self.acks = self._join_acks(local)
        self.log = self._join_log(local)
        self.responses = self._join_responses()
        self.corrections = self._join_corrections()
        self.meetings = self._meetings.joined(self._records["meeting"], self.outbox)
        self.unreadable += self._meetings.unreadable
        self.changed.emit()

    def _read(self, kind: str, convert: Callable[[str, dict[str, Any]], T]) -> list[T]:
        """Convert records one by one; one that cannot be read is counted, the others stay."""
        found = []
        for record_id, body in self._records[kind]:
            try:
                found.append(convert(record_id, body))
            except UNREADABLE as exc:
                self.unreadable += 1
                log.warning("%s record %s unreadable: %r", kind, record_id[:60], exc)
        return found

    def unacknowledged(self) -> list[Alarm]:
        return [a for a in self.alarms if a.active and a.alarm_id not in self.acks]

    def _join_acks(self, local: list[OutboxOp]) -> dict[str, tuple[Ack, ...]]:
        found: dict[str, list[Ack]] = {}
        for ack in self._read("ack", _ack):
            found.setdefault(ack.alarm_id, []).append(ack)
        for op in local:
            if op.kind == "alarm.ack" and op.state in ("waiting", "done"):
                ack = Ack(op.op_id, op.body["alarm_id"], op.author, op.body.get("note", ""), op.at, pending=True)
                found.setdefault(ack.alarm_id, []).append(ack)
        return {k: tuple(v) for k, v in found.items()}

    def _join_log(self, local: list[OutboxOp]) -> tuple[LogEntry, ...]:
        entries = self._read("log", _entry)
        for op in local:
            if op.kind == "log.entry" and op.state != "dropped":
                refused = "" if op.state in ("waiting", "done") else op.code or op.state
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
                        files=_files(op.body),
                        clock_untrusted=op.clock_untrusted,
                    )
                )
        # the centre's order, never a client's clock; what waits here comes on top as it was entered
        return tuple(sorted(entries, key=lambda e: (e.seq is None, e.seq or 0), reverse=True))

    def _join_corrections(self) -> dict[tuple[int, int], Correction]:
        """The centre's corrections, then those that wait here or were not taken."""
        found = {(c.sid, c.t): c for c in self._read("correction", _correction)}
        for op in reversed(self.outbox):
            if op.kind == "reading.correct" and op.state in ("waiting", *UNDECIDED):
                b, refused = op.body, "" if op.state == "waiting" else op.code or op.state
                c = Correction(
                    int(b["series"]),
                    int(b["t"]),
                    b["value"],
                    b.get("old"),
                    op.author,
                    str(b["reason"]),
                    op.at,
                    not refused,
                    refused,
                )
                found[c.sid, c.t] = c
        return found

    def _join_responses(self) -> dict[str, Response]:
        """The centre's level, then what was set here on top of it and is not back yet."""
        found = {topic: Response(topic) for topic in TOPICS}
        found |= {r.topic: r for r in self._read("response", response_from_doc)}
        for op in reversed(self.outbox):
            topic = str(op.body.get("topic"))
            if op.kind != "response.set" or topic not in found or op.base_version is None:
                continue
            before = found[topic]
            if op.state in UNDECIDED:
                found[topic] = replace(before, undecided=True)
            elif op.state in ("waiting", "done") and op.base_version >= before.version and op.op_id not in self.held:
                level, version = str(op.body["level"]), op.base_version + 1
                found[topic] = Response(topic, level, version, op.author, pending=True, undecided=before.undecided)
        return found


def _seq(body: Mapping[str, Any]) -> int:
    seq = body.get("seq")
    return seq if isinstance(seq, int) else 0


def _ack(ack_id: str, b: dict[str, Any]) -> Ack:
    return Ack(ack_id, str(b["alarm_id"]), str(b["author"]), str(b.get("note", "")), sane_t(b["at"]), pending=False)


def _entry(entry_id: str, b: dict[str, Any]) -> LogEntry:
    received = b.get("received_t")
    return LogEntry(
        entry_id,
        str(b["type"]),
        str(b["text"]),
        str(b["author"]),
        sane_t(b["at"]),
        pending=False,
        object_code=str(b.get("object") or ""),
        received_t=None if received is None else sane_t(received),
        files=_files(b),
        clock_untrusted=bool(b.get("clock_untrusted")),
        seq=_seq(b),
    )


def _correction(record_id: str, b: dict[str, Any]) -> Correction:
    sid, _, t = record_id.partition(":")
    figures = (b["value"], b["original"]["value"])
    value, original = (None if v is None else float(v) for v in figures)
    return Correction(int(sid), int(t), value, original, str(b["author"]), str(b["reason"]), sane_t(b["at"]))


def _files(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    files = body.get("attachments")
    return tuple(f for f in files if isinstance(f, Mapping)) if isinstance(files, list) else ()
