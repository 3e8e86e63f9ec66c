"""What consoles push: each op is judged on its own and answered once and for all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from console.central.problems import Problem
from console.central.repository import Repository
from console.central.shape import wire_size

TEXT_LIMIT = 4000
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


class Op(BaseModel):
    """One pushed operation. id: UUIDv7, the idempotency key. at: client time, UTC s."""

    id: str = Field(min_length=36, max_length=36)
    kind: str = Field(max_length=40)
    body: dict[str, Any]
    base_version: int | None = None
    author: str = Field(min_length=1, max_length=60)
    at: float = Field(allow_inf_nan=False, ge=0, le=4_102_444_800)
    clock_untrusted: bool = False
    based_on: str = Field(default="", max_length=4096)


class OpBatch(BaseModel):
    ops: list[Op] = Field(min_length=1, max_length=100)


def _body_hash(op: Op) -> str:
    text = json.dumps([op.kind, op.body, op.author], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _judge(op: Op) -> tuple[str, str]:
    """Return (status, code) of an op seen for the first time."""
    try:
        UUID(op.id)
        wire_size(op.model_dump())
    except ValueError:
        return "rejected", "bad-content"
    if op.kind == "alarm.ack":
        if not isinstance(op.body.get("alarm_id"), str) or not op.body["alarm_id"]:
            return "rejected", "alarm-missing"
        if not _short(op.body.get("note", "")):
            return "rejected", "text-too-long"
        return "applied", ""
    if op.kind == "log.entry":
        text = op.body.get("text")
        if op.body.get("type") not in LOG_TYPES:
            return "rejected", "bad-type"
        if not isinstance(text, str) or not text.strip():
            return "rejected", "text-missing"
        return ("applied", "") if _short(text) else ("rejected", "text-too-long")
    return "rejected", "unknown-kind"


def _short(text: Any) -> bool:
    return isinstance(text, str) and len(text) <= TEXT_LIMIT


def apply_ops(repo: Repository, ops: Sequence[Op], now_t: float) -> list[dict[str, Any]]:
    """Return one answer per op; one rejected op never holds up the others.

    Raises:
        Problem: 422 key-reused, when the only op carries a known key with another body.
    """
    answers: list[dict[str, Any]] = []
    for op in ops:
        body_hash = _body_hash(op)
        known = repo.answered(op.id)
        if known and known[0] != body_hash:
            if len(ops) == 1:
                raise Problem(422, "key-reused")
            answers.append({"id": op.id, "status": "rejected", "code": "key-reused"})
            continue
        if known:
            first = {"status": known[1], "code": known[2]}
            answers.append({"id": op.id, "status": "duplicate", "code": known[2], "first": first})
            continue
        status, code = _judge(op)
        record = _record(op, now_t) if status == "applied" else None
        repo.apply_op(op.id, body_hash, op.author, (status, code), record)
        answers.append({"id": op.id, "status": status, "code": code})
    return answers


def _record(op: Op, now_t: float) -> tuple[str, str, Mapping[str, Any]]:
    body = dict(op.body) | {
        "author": op.author,
        "at": op.at,
        "received_t": int(now_t),
        "clock_untrusted": op.clock_untrusted,
    }
    return ("ack" if op.kind == "alarm.ack" else "log"), op.id, body
