"""The push side: what waits in the outbox goes to the centre, each op judged on its own."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence

from backend_client.central import Central
from backend_client.errors import BackendError, BackendRefused, BackendUnavailable
from console.store.ops import PASS_AFTER, OpsStore, OutboxOp
from console.sync.batches import Pace, batches, wire_size

log = logging.getLogger(__name__)
BACKOFF_MAX_S = 300.0
ALONE_AFTER = 3  # tries of a batch before its ops go one by one
BASE_AHEAD = "base-ahead"  # what an op builds on is not at a restored centre yet: it may still come
ABOUT_THE_OP = frozenset({413, 422})  # refusals that no later try can change
OF_ANOTHER = "author-mismatch"  # written by who was signed in before: it waits until they are again


def back_off_s(tries: int, retry_after_s: float | None = None) -> float:
    """Return how long an op waits after so many failed tries, 1 s to 5 min, never in step with others."""
    wait = float(min(BACKOFF_MAX_S, 2.0 ** min(max(tries, 1), 9))) * random.uniform(0.5, 1.0)
    return max(1.0, wait, retry_after_s or 0.0)


class Pusher:
    """Used by the push thread only. central returns a client for where the centre is now."""

    def __init__(self, store: OpsStore, central: Callable[[], Central]) -> None:
        self._store = store
        self._central = central
        self.pace = Pace()
        self.audit_whole = True

    def drain(self) -> bool:
        """Send what is due until nothing is; True when the centre took something.

        Only a word about the op itself (an answer, 413, 422) ends its waiting. An expired token, a
        proxy's page or a broken answer postpones it: nothing entered is lost to the wire. What the
        centre could not digest is postponed and the rest goes on; a line that is down ends the round.
        """
        took = False
        while ops := self._store.due(time.time()):
            held: set[str] = set()
            for batch in self._planned(ops):
                ready = [op for op in batch if op.entity not in held]
                if not ready:
                    continue
                sent = self._send(ready)
                if sent is None:
                    return took
                took = took or sent
                if not sent:
                    held |= {op.entity for op in ready}
        return took

    def _planned(self, ops: Sequence[OutboxOp]) -> list[list[OutboxOp]]:
        """Return batches; ops that failed in company go one by one, so that a bad one is found."""
        alone = [op for op in ops if op.tries >= ALONE_AFTER]
        fresh = [op for op in ops if op.tries < ALONE_AFTER]
        if not alone:
            return list(batches(fresh, self.pace))
        followers = {op.entity for op in alone}
        free = [op for op in fresh if op.entity not in followers or op.base_version is not None]
        passed = {op.op_id for op in free}
        return [*batches(free, self.pace), *([op] for op in ops if op.op_id not in passed)]

    def _send(self, ops: Sequence[OutboxOp]) -> bool | None:
        """Send one batch; False when nothing of it was taken, None when no more should be tried now."""
        head = self._store.audit_head()
        began = time.monotonic()
        try:
            reply = self._central().send([op.to_wire() for op in ops], head)
        except BackendRefused as exc:
            if exc.status not in ABOUT_THE_OP:
                return self._later(ops, exc)
            if len(ops) > 1:
                return self._halves(ops)
            self._store.answered([(ops[0].op_id, "rejected", exc.code)])
            return True
        except BackendError as exc:
            return self._later(ops, exc)
        self.pace.measured(sum(wire_size(op) for op in ops), time.monotonic() - began)
        if reply.epoch and (again := self._store.new_epoch(reply.epoch)):
            log.info("epoch changed: %s ops offered again", again)
        answers, whole = reply.answers, reply.audit_whole
        if head is not None and whole:
            self._store.audit_told(int(head["n"]))
        if self.audit_whole and not whole:
            log.warning("the centre finds this device's audit chain broken")
        self.audit_whole = whole
        known = {op.op_id for op in ops}
        early = {op.op_id for op in ops if op.tries < PASS_AFTER}
        told = [
            (a.op_id, a.status, a.code)
            for a in answers
            if a.op_id in known and a.code != OF_ANOTHER and not (a.code == BASE_AHEAD and a.op_id in early)
        ]
        self._store.answered(told, {a.op_id: a.current for a in answers if a.op_id in known and a.current})
        known -= {op_id for op_id, _, _ in told}
        if known:
            self._later([op for op in ops if op.op_id in known], None)
        return bool(told)

    def _halves(self, ops: Sequence[OutboxOp]) -> bool | None:
        """Find what the centre will not even read by halving, in order."""
        took: bool | None = False
        for half in (ops[: len(ops) // 2], ops[len(ops) // 2 :]):
            sent = self._send(half)
            if not sent:
                return sent if sent is None else took
            took = True
        return took

    def _later(self, ops: Sequence[OutboxOp], exc: BackendError | None) -> bool | None:
        asked = exc.retry_after_s if isinstance(exc, BackendUnavailable) else None
        wait = back_off_s(max(op.tries for op in ops) + 1, asked)
        self._store.postponed([op.op_id for op in ops], time.time() + wait)
        log.info("%s ops postponed by %.0f s: %r", len(ops), wait, exc)
        no_line = isinstance(exc, BackendUnavailable) and (exc.status is None or asked is not None)
        refused = isinstance(exc, BackendRefused)  # the token, not the op
        return None if no_line or refused else False
