"""Which ops go together: in order per entity, short ones first when the line is thin."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from console.store.ops import OutboxOp

COUNT_MAX = 100
BYTES_MAX = 512 * 1024  # half the centre's limit on a body
BYTES_MIN = 8 * 1024
SHORT_BYTES = 2 * 1024
THIN_BYTES_S = 64 * 1024.0
SEND_S = 5.0  # how long one request should take


class Pace:
    """Bytes per second that the line was measured to take; None until something was sent."""

    def __init__(self) -> None:
        self.bytes_s: float | None = None

    def measured(self, size: int, seconds: float) -> None:
        if seconds <= 0 or size < 512:
            return
        now = size / seconds
        self.bytes_s = now if self.bytes_s is None else 0.7 * self.bytes_s + 0.3 * now

    @property
    def thin(self) -> bool:
        return self.bytes_s is not None and self.bytes_s < THIN_BYTES_S

    def room(self, least: int = BYTES_MIN, most: int = BYTES_MAX) -> int:
        """Return how many bytes one request should carry."""
        if self.bytes_s is None:
            return most
        return max(least, min(most, int(self.bytes_s * SEND_S)))


def wire_size(op: OutboxOp) -> int:
    return len(json.dumps(op.to_wire(), ensure_ascii=False).encode())


def batches(ops: Sequence[OutboxOp], pace: Pace) -> Iterator[list[OutboxOp]]:
    """Yield what is sent in one request each.

    On a thin line an entity whose next op is long lets the others' short ones pass; within an
    entity the order stays.
    """
    short: list[tuple[OutboxOp, int]] = []
    long: list[tuple[OutboxOp, int]] = []
    behind: set[str] = set()
    for op in ops:
        size = wire_size(op)
        if pace.thin and (size > SHORT_BYTES or op.entity in behind):
            behind.add(op.entity)
            long.append((op, size))
        else:
            short.append((op, size))
    for group in (short, long):
        batch: list[OutboxOp] = []
        room = pace.room()
        for op, size in group:
            if batch and (len(batch) == COUNT_MAX or size > room):
                yield batch
                batch, room = [], pace.room()
            batch.append(op)
            room -= size
        if batch:
            yield batch
