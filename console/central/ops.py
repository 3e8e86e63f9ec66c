"""What consoles push: each op is judged on its own and answered once and for all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from console.central.corrections import corrected
from console.central.policies import POLICIES, VERSIONS_KEPT, Policy, allowed
from console.central.problems import Problem
from console.central.repository import Repository
from console.central.shape import wire_size
from console.central.verdict import Verdict
from console.domain.response import ENDED

Reading = Callable[[str, str], Mapping[str, Any] | None]


class Op(BaseModel):
    """One pushed operation. id: UUIDv7, the idempotency key. at: client time, UTC s."""

    id: str = Field(min_length=36, max_length=36)
    kind: str = Field(max_length=40)
    body: dict[str, Any]
    base_version: int | None = Field(default=None, ge=0, le=2**53)
    author: str = Field(min_length=1, max_length=60)
    at: float = Field(allow_inf_nan=False, ge=0, le=4_102_444_800)
    clock_untrusted: bool = False
    based_on: str = Field(default="", max_length=4096)


class ChainMark(BaseModel):
    """A place in a device's audit chain."""

    n: int = Field(ge=0, le=2**53)
    hash: str = Field(max_length=64)


class AuditHead(ChainMark):
    """The newest line of a device's audit chain; since: the line it named before, as it reads now."""

    device: str = Field(min_length=1, max_length=60)
    since: ChainMark | None = None


class OpBatch(BaseModel):
    ops: list[Op] = Field(min_length=1, max_length=100)
    audit_head: AuditHead | None = None


def _body_hash(op: Op) -> str:
    text = json.dumps([op.kind, op.body, op.author], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def apply_ops(repo: Repository, ops: Sequence[Op], now_t: float) -> list[dict[str, Any]]:
    """Return one answer per op; one rejected op never holds up the others.

    Raises:
        Problem: 422 key-reused, when the only op carries a known key with another body.
    """
    answers: list[dict[str, Any]] = []
    for op in ops:
        body_hash = _body_hash(op)

        def decide(read: Reading, op: Op = op) -> Verdict:
            return judge(op, read, now_t)

        known, verdict = repo.judge_op(op.id, body_hash, op.author, decide)
        if known is not None and known != body_hash:
            if len(ops) == 1:
                raise Problem(422, "key-reused")
            answers.append({"id": op.id, "status": "rejected", "code": "key-reused"})
            continue
        answer: dict[str, Any] = {"id": op.id, "status": verdict.status, "code": verdict.code}
        if known is not None:
            answer |= {"status": "duplicate", "first": {"status": verdict.status, "code": verdict.code}}
        if verdict.current is not None:
            answer["current"] = dict(verdict.current)
        answers.append(answer)
    return answers


def judge(op: Op, read: Reading, now_t: float) -> Verdict:
    """Return the verdict on an op seen for the first time; read gives the record of (kind, id)."""
    try:
        UUID(op.id)
        wire_size(op.model_dump())
    except ValueError:
        return Verdict("rejected", "bad-content")
    policy = POLICIES.get(op.kind)
    if policy is None:
        return Verdict("rejected", "unknown-kind")
    code = policy.check(op.body)
    if code:
        return Verdict("rejected", code)
    if policy.points_at is not None:
        name, kind = policy.points_at
        if op.body.get(name) and read(kind, str(op.body[name])) is None:
            return Verdict("rejected", f"{'entry' if kind == 'log' else kind}-missing")
    if policy.rule == "revise":
        return corrected(op.body, op.base_version, _stamped(op, now_t), read)
    if policy.rule == "compare":
        return _compare(op, policy, read, now_t)
    if policy.rule == "last":
        before = read(policy.record, str(op.body["id"]))
        doc = _stamped(op, now_t) | {"version": int(before["version"]) + 1 if before else 1}
        return Verdict("applied", records=((policy.record, str(op.body["id"]), doc),), versions_kept=VERSIONS_KEPT)
    if policy.rule == "union":
        return _union(op, policy, read, now_t)
    doc = _stamped(op, now_t)
    if op.kind == "log.correction":
        doc["type"] = "correction"
    return Verdict("applied", records=((policy.record, op.id, doc),))


def _union(op: Op, policy: Policy, read: Reading, now_t: float) -> Verdict:
    """Keep everybody's signature: the first at the centre, others as read, one's own again as again."""
    alarm_id = str(op.body["alarm_id"])
    if policy.record != "ack":
        return Verdict("applied", records=((policy.record, op.id, _stamped(op, now_t)),))
    before = read("signed", alarm_id)
    users = list(before["users"]) if before else []
    standing = "first" if not users else "again" if op.author in users else "read"
    signed = {"alarm_id": alarm_id, "users": users if op.author in users else [*users, op.author]}
    first = before["first"] if before else op.id
    records = (("ack", op.id, _stamped(op, now_t) | {"standing": standing}), ("signed", alarm_id, signed | {"first": first}))
    return Verdict("applied", records=records)


def _compare(op: Op, policy: Policy, read: Reading, now_t: float) -> Verdict:
    entity = str(op.body[policy.key])
    before = read(policy.record, entity)
    version = int(before["version"]) if before else 0
    current = {
        "version": version,
        "doc": dict(before) if before else None,
        "author": before["author"] if before else "",
        "at": before["received_t"] if before else None,
    }
    if (op.base_version or 0) > version:
        # what it builds on is not here (yet): after a restore another desk still has to offer it
        return Verdict("conflict", "base-ahead", current=current, final=False)
    if (op.base_version or 0) != version:
        return Verdict("conflict", "other-version", current=current)
    if not allowed(policy, op.body, before):
        return Verdict("rejected", "illegal-transition", current=current)
    doc = {**(before or {}), **_stamped(op, now_t), "version": version + 1}
    if policy.record == "order":
        doc["state"] = policy.to_state
    else:
        ongoing = before is not None and before["level"] != ENDED
        doc |= {"since_t": int(now_t), "started_t": before["started_t"] if ongoing and before else int(now_t)}
    return Verdict("applied", records=((policy.record, entity, doc),))


def _stamped(op: Op, now_t: float) -> dict[str, Any]:
    return dict(op.body) | {
        "author": op.author,
        "at": op.at,
        "received_t": int(now_t),
        "clock_untrusted": op.clock_untrusted,
    }
