"""Who owns what: one rule for each kind of op, in one table.

append: kept for ever, never changed. union: several people may do it, the first one is "first".
compare: a state machine; an op says on which version it builds, another version is a conflict.
last: the last writer by the centre's order; the versions before it are kept.
revise: a new revision of a reading, built on the revision that was seen; the reading before it is kept.

Source: contract ``fcc-sync/1``, "Who owns what".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from console.central.corrections import RECORD, correction_fault
from console.domain.meeting_rules import entry_fault
from console.domain.response import ENDED, LEVEL_WORDS, TOPICS

TEXT_LIMIT = 4000
DOC_LIMIT = 64 * 1024
VERSIONS_KEPT = 20
LATEST_T = 4_102_444_800
LOG_TYPES = (
    "call_in",
    "call_out",
    "document",
    "forecast",
    "warning",
    "alarm",
    "danger",
    "instruction",
    "visitor",
    "fault",
    "shift",
    "note",
)
STAGES = ("first", "follow", "final")

Body = Mapping[str, Any]
Check = Callable[[Body], str]
Rule = Literal["append", "union", "compare", "last", "revise"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What an op of one kind does.

    record: kind of the record it leaves. check: returns a refusal code, "" when the body is sound.
    key: field of the body that names the entity. points_at: (field, record kind) that must exist.
    to_state: where a compare op leads; moves: from which states it may.
    """

    rule: Rule
    record: str
    check: Check
    key: str = ""
    points_at: tuple[str, str] | None = None
    to_state: str = ""
    moves: frozenset[str] = field(default_factory=frozenset)


def _short(value: Any, limit: int = TEXT_LIMIT) -> bool:
    return isinstance(value, str) and len(value) <= limit


def _text(body: Body) -> str:
    text = body.get("text")
    if not isinstance(text, str) or not text.strip():
        return "text-missing"
    return "" if _short(text) else "text-too-long"


def _named(body: Body, name: str) -> bool:
    value = body.get(name)
    return isinstance(value, str) and 0 < len(value) <= 200


def _log(body: Body) -> str:
    return "bad-type" if body.get("type") not in LOG_TYPES else _text(body) or _attached(body)


def _attached(body: Body) -> str:
    """Files are named by their SHA-256; they come later, by their own call."""
    files = body.get("attachments", [])
    if not isinstance(files, list) or len(files) > 20:
        return "bad-attachments"
    sound = all(isinstance(f, Mapping) and _short(f.get("name"), 200) and is_sha256(f.get("sha256")) for f in files)
    return "" if sound else "bad-attachments"


def is_sha256(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _correction(body: Body) -> str:
    return _text(body) if _named(body, "corrects") else "entry-missing"


def _report(body: Body) -> str:
    stage = body.get("stage")
    if stage not in STAGES:
        return "bad-type"
    if stage != "first" and not _named(body, "report_id"):
        return "report-missing"
    return _text(body) or _attached(body)


def _ack(body: Body) -> str:
    if not _named(body, "alarm_id"):
        return "alarm-missing"
    return "" if _short(body.get("note", "")) else "text-too-long"


def _shelve(body: Body) -> str:
    until = body.get("until_t")
    if not _named(body, "alarm_id"):
        return "alarm-missing"
    if not _named(body, "reason"):
        return "reason-missing"
    number = isinstance(until, int | float) and not isinstance(until, bool) and math.isfinite(until)
    return "" if number and 0 < float(until or 0) <= LATEST_T else "end-missing"


def _comment(body: Body) -> str:
    return _text(body) if _named(body, "alarm_id") else "alarm-missing"


def _order(body: Body) -> str:
    if not _named(body, "order_id"):
        return "order-missing"
    return "" if _short(body.get("text", "")) and _short(body.get("note", "")) else "text-too-long"


def _order_draft(body: Body) -> str:
    return _text(body) if _named(body, "order_id") else "order-missing"


def _response(body: Body) -> str:
    topic, level = body.get("topic"), body.get("level")
    if not (isinstance(topic, str) and topic in TOPICS and isinstance(level, str) and level in LEVEL_WORDS):
        return "bad-level"
    return "" if _short(body.get("basis", ""), 1000) else "text-too-long"


def _saved(body: Body) -> str:
    if not _named(body, "id"):
        return "name-missing"
    return "" if len(str(body.get("doc", ""))) <= DOC_LIMIT else "text-too-long"


def _move(to_state: str, *before: str, check: Check = _order) -> Policy:
    return Policy("compare", "order", check, "order_id", to_state=to_state, moves=frozenset(before))


POLICIES: Mapping[str, Policy] = {
    "log.entry": Policy("append", "log", _log),
    "log.correction": Policy("append", "log", _correction, points_at=("corrects", "log")),
    "field.report": Policy("append", "report", _report, points_at=("report_id", "report")),
    "meeting.entry": Policy("append", "meeting", entry_fault),
    "alarm.ack": Policy("union", "ack", _ack, "alarm_id"),
    "alarm.shelve": Policy("union", "shelve", _shelve, "alarm_id"),
    "alarm.comment": Policy("union", "comment", _comment, "alarm_id"),
    "order.draft": _move("draft", "", "draft", check=_order_draft),
    "order.issue": _move("issued", "draft"),
    "order.receive": _move("received", "issued"),
    "order.execute": _move("executing", "received"),
    "order.done": _move("done", "executing"),
    "order.withdraw": _move("withdrawn", "draft", "issued", "received", "executing"),
    "response.set": Policy("compare", "response", _response, "topic"),
    "view.save": Policy("last", "view", _saved, "id"),
    "layout.save": Policy("last", "layout", _saved, "id"),
    "annotation.save": Policy("last", "annotation", _saved, "id"),
    "reading.correct": Policy("revise", RECORD, correction_fault),
}


def allowed(policy: Policy, body: Body, before: Body | None) -> bool:
    """Tell whether a compare op may follow the document before it (None: there is none yet)."""
    if policy.record == "response":
        level = before["level"] if before else ENDED
        return bool(body["level"] != level)
    return (str(before["state"]) if before else "") in policy.moves
