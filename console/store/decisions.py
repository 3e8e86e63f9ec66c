"""What a person decides about an op that the centre did not take; undone until it is sent."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.errors import StoreError
from console.store.ops import NewOp, OpsStore, OutboxOp

UNDO_S = 10.0
UNDECIDED = ("conflict", "rejected")


@dataclass(frozen=True, slots=True)
class Decision:
    """insist: one's own words go again, on the centre's version. log: body of the log entry about it."""

    op_id: str
    insist: bool
    who: str
    log: Mapping[str, Any]
    based_on: str = ""
    clock_untrusted: bool = False


def settle(store: OpsStore, decision: Decision, undo_s: float = UNDO_S) -> None:
    """Carry a decision out: the op is put down, a new one takes its place, a log entry tells.

    Later ops of the same entity that were built on it need a decision of their own. undo_s: how
    long nothing of it is sent.

    Raises:
        StoreError: it is decided already, or nothing could be saved.
    """
    store.save(lambda: _settle(store, decision, time.time() + undo_s))


def _settle(store: OpsStore, decision: Decision, not_before: float) -> None:
    db = store.connection
    op = store.find(decision.op_id)
    if op is None or op.state not in UNDECIDED:
        raise StoreError("这一条已经处理过了。", "列表会自动更新。")
    db.execute("update outbox set state='dropped', was=? where id=?", (op.state, op.op_id))
    db.execute(
        "update outbox set state='conflict', code='built-on-undecided', current=?"
        " where entity=? and state='waiting' and base_version is not null and settles=''"
        " and n>(select n from outbox where id=?)",
        (json.dumps(op.current, ensure_ascii=False) if op.current else "", op.entity, op.op_id),
    )
    told = {"based_on": decision.based_on, "clock_untrusted": decision.clock_untrusted, "not_before": not_before}
    if decision.insist:
        base = _next_base(store, op)
        store.insert(
            NewOp(op.kind, op.entity, op.body, decision.who, base_version=base, settles=op.op_id, **told)  # type: ignore[arg-type]
        )
    store.insert(
        NewOp("log.entry", f"decision:{op.op_id}", decision.log, decision.who, settles=op.op_id, **told)  # type: ignore[arg-type]
    )


def _next_base(store: OpsStore, op: OutboxOp) -> int | None:
    """Return the version a new op builds on: the centre's, after what already waits for it."""
    if op.base_version is None:
        return None
    version = int(op.current["version"]) if op.current else op.base_version
    row = store.connection.execute(
        "select max(base_version) from outbox where entity=? and state='waiting'", (op.entity,)
    ).fetchone()
    return version if row[0] is None else max(version, int(row[0]) + 1)


def undo(store: OpsStore, op_id: str, who: str) -> None:
    """Take a decision back while nothing of it was sent.

    Raises:
        StoreError: it is too late, or nothing could be saved.
    """
    store.save(lambda: _undo(store, op_id, who, time.time()))


def _undo(store: OpsStore, op_id: str, who: str, now: float) -> None:
    db = store.connection
    rows = db.execute("select state, next_try from outbox where settles=?", (op_id,)).fetchall()
    open_rows = [r for r in rows if r[0] != "dropped"]
    if not open_rows or any(state != "waiting" or next_try <= now for state, next_try in open_rows):
        raise StoreError("已经送出，不能撤销。", "如需更改，请按新的情况再操作一次。")
    db.execute("update outbox set state='dropped', code='undone' where settles=? and state='waiting'", (op_id,))
    db.execute("update outbox set state=was, was='' where id=? and state='dropped'", (op_id,))
    store.note(who, "decision.undone", op_id)
