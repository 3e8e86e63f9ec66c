"""Meetings as the desk sees them: the centre's records joined with what still waits, or was refused, here."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from console.domain.documents import UNREADABLE
from console.domain.meeting import Meeting, MeetingEntry, entry_of
from console.domain.meeting_fold import folded, in_order
from console.store.ops import OutboxOp

log = logging.getLogger(__name__)
OP_KIND = "meeting.entry"
STAMPS = frozenset({"author", "at", "received_t", "clock_untrusted", "seq"})  # of a record: what the centre added
Records = Sequence[tuple[str, Mapping[str, Any]]]
Key = tuple[tuple[str, int | None, str], ...]


class MeetingJoin:
    """Keeps what it read: entries never change, and a meeting is folded again only when it has others.

    unreadable: records that no entry could be made of.
    """

    def __init__(self) -> None:
        self.unreadable = 0
        self._records: Records | None = None
        self._ops: tuple[OutboxOp, ...] = ()
        self._entries: dict[tuple[str, int], MeetingEntry | None] = {}
        self._folded: dict[str, tuple[Key, Meeting]] = {}
        self._found: tuple[Meeting, ...] = ()

    def joined(self, records: Records, outbox: Sequence[OutboxOp]) -> tuple[Meeting, ...]:
        """Return the meetings, the one opened last first; the same object while nothing changed."""
        ops = tuple(op for op in outbox if op.kind == OP_KIND and op.state != "dropped")
        if records is self._records and ops == self._ops:
            return self._found
        self._records, self._ops = records, ops
        known = {record_id for record_id, _ in records}
        local = [_waiting(op) for op in ops if op.op_id not in known]
        read = [self._read(record_id, body) for record_id, body in records]
        self.unreadable = sum(1 for e in (*read, *local) if e is None)
        self._found = self._fold([e for e in (*read, *local) if e is not None])
        return self._found

    def _read(self, record_id: str, body: Mapping[str, Any]) -> MeetingEntry | None:
        seq = body.get("seq")
        key = (record_id, seq if isinstance(seq, int) else 0)
        if key not in self._entries:
            self._entries[key] = _entry(*key, body)
        return self._entries[key]

    def _fold(self, entries: Sequence[MeetingEntry]) -> tuple[Meeting, ...]:
        groups: dict[str, list[MeetingEntry]] = {}
        for entry in entries:
            groups.setdefault(entry.meeting_id, []).append(entry)
        changed: list[MeetingEntry] = []
        keys: dict[str, Key] = {}
        for meeting_id, group in groups.items():
            keys[meeting_id] = tuple((e.entry_id, e.seq, e.refused) for e in group)
            if self._folded.get(meeting_id, ((), None))[0] != keys[meeting_id]:
                changed += group
        fresh = {m.meeting_id: m for m in folded(changed)}
        kept = {i: self._folded[i][1] for i in groups if i not in fresh}
        self._folded = {i: (keys[i], m) for i, m in (kept | fresh).items()}
        return in_order(m for _, m in self._folded.values())


def _waiting(op: OutboxOp) -> MeetingEntry | None:
    refused = "" if op.state in ("waiting", "done") else op.code or op.state
    try:
        return entry_of(op.op_id, op.body, op.author, op.at, refused=refused, clock_untrusted=op.clock_untrusted)
    except UNREADABLE as exc:
        log.warning("meeting op %s unreadable: %r", op.op_id[:60], exc)
        return None


def _entry(record_id: str, seq: int, body: Mapping[str, Any]) -> MeetingEntry | None:
    try:
        sent = {k: v for k, v in body.items() if k not in STAMPS}
        untrusted = bool(body.get("clock_untrusted"))
        return entry_of(record_id, sent, str(body["author"]), body["at"], seq, clock_untrusted=untrusted)
    except UNREADABLE as exc:
        log.warning("meeting record %s unreadable: %r", record_id[:60], exc)
        return None
