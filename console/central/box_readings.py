"""Readings asked for by ranges of series, time and id: what a query language of others comes down to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from console.central.store_core import StoreCore

ObsRow = tuple[int, int, float | None, int, int]


class ObsBox(Protocol):
    """Readings by their key, all ends inclusive; an id is series × 2³³ + t. sids: None is every series."""

    @property
    def sids(self) -> frozenset[int] | None: ...
    @property
    def from_t(self) -> int: ...
    @property
    def to_t(self) -> int: ...
    @property
    def from_id(self) -> int: ...
    @property
    def to_id(self) -> int: ...


class BoxReadings(StoreCore):
    """Read only."""

    def observations(
        self,
        boxes: Sequence[ObsBox],
        *,
        by_time: bool,
        descending: bool = False,
        after: tuple[int, int] | None = None,
        skip: int = 0,
        limit: int = 1000,
    ) -> list[ObsRow]:
        """Return readings inside any of the boxes by (t, series) or (series, t), each once.

        after: (series, t) of the last reading that was given out; what follows it in this order comes.
        """
        if not boxes:
            return []
        where, values = _boxes_sql(boxes)
        key, order = ("(t,series)", "t {0}, series {0}") if by_time else ("(series,t)", "series {0}, t {0}")
        if after is not None:
            where = f"({where}) and {key} {'<' if descending else '>'} (?,?)"
            values = [*values, *(reversed(after) if by_time else after)]
        text = f"select series,t,value,quality,rev from obs where {where} order by {order} limit ? offset ?"
        with self._lock:
            return list(self._db.execute(text.format("desc" if descending else "asc"), (*values, limit, skip)).fetchall())

    def count_observations(self, boxes: Sequence[ObsBox]) -> int:
        """Return how many readings are inside any of the boxes."""
        if not boxes:
            return 0
        where, values = _boxes_sql(boxes)
        with self._lock:
            return int(self._db.execute(f"select count(*) from obs where {where}", values).fetchone()[0])


def _boxes_sql(boxes: Sequence[ObsBox]) -> tuple[str, list[int]]:
    """Return (condition, values); row values keep to the primary key."""
    parts: list[str] = []
    values: list[int] = []
    for box in boxes:
        part = "t between ? and ? and (series,t) >= (?,?) and (series,t) <= (?,?)"
        values += [box.from_t, box.to_t]
        for end in (box.from_id, box.to_id):
            values += divmod(end, 2**33)
        if box.sids is not None:
            part += f" and series in ({','.join('?' * len(box.sids))})"
            values += sorted(box.sids)
        parts.append(f"({part})")
    return " or ".join(parts), values
