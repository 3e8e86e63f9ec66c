"""The push side: what waits in the outbox goes to the centre, each op judged on its own."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence

from backend_client.central import Central
from backend_client.errors import BackendError, BackendRefused, BackendUnavailable
from console.store.ops import OpsStore, OutboxOp

log = logging.getLogger(__name__)
BACKOFF_MAX_S = 300.0
ALONE_AFTER = 3  # tries of a batch before its ops go one by one
ABOUT_THE_OP = frozenset({413, 422})  # refusals that no later try can change
OF_ANOTHER = "author-mismatch"  # written by who was signed in before: it waits until they are again


class Pusher:
    """Used by the push thread only. central returns a client for where the centre is now."""

    def __init__(self, store: OpsStore, central: Callable[[], Central]) -> None:
        self._store = store
        self._central = central
        self._failures = 0

    def drain(self) -> bool:
        """Send what is due until nothing is; True when the centre took something.

        Only a word about the op itself (an answer, 413, 422) ends its waiting. An expired token, a
        proxy's page or a broken answer postpones it: nothing entered is lost to the wire.
        """
        took = False
        while ops := self._store.due(time.time()):
            alone = max(op.tries for op in ops) >= ALONE_AFTER
            batches = [[op] for op in ops] if alone else [ops]
            for batch in batches:
                if not self._send(batch):
                    return took
                took = True
        self._failures = 0
        return took

    def _send(self, ops: Sequence[OutboxOp]) -> bool:
        try:
            answers = self._central().send([op.to_wire() for op in ops])
        except BackendRefused as exc:
            if exc.status not in ABOUT_THE_OP:
                return self._later(ops, exc)
            if len(ops) > 1:
                done = [self._send([op]) for op in ops]
                return all(done)
            self._store.answered([(ops[0].op_id, "rejected", exc.code)])
            return True
        except BackendError as exc:
            return self._later(ops, exc)
        known = {op.op_id for op in ops}
        told = [(a.op_id, a.status, a.code) for a in answers if a.op_id in known and a.code != OF_ANOTHER]
        self._store.answered(told)
        known -= {op_id for op_id, _, _ in told}
        if known:
            self._later([op for op in ops if op.op_id in known], None)
        return len(known) < len(ops)

    def _later(self, ops: Sequence[OutboxOp], exc: BackendError | None) -> bool:
        self._failures += 1
        wait = min(BACKOFF_MAX_S, 2.0 ** min(self._failures, 9)) * random.uniform(0.5, 1.0)
        if isinstance(exc, BackendUnavailable) and exc.retry_after_s:
            wait = max(wait, exc.retry_after_s)
        self._store.postponed([op.op_id for op in ops], time.time() + wait)
        log.info("%s ops postponed by %.0f s: %r", len(ops), wait, exc)
        return False
