"""The centre's word on an op and what it leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RecordItem = tuple[str, str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The centre's word on an op and what it leaves.

    status: applied, conflict or rejected. current: what stands at the centre, for a conflict.
    versions_kept: how many versions of its records are kept; 0 for the newest alone.
    final: the answer is kept for the op's key; False when a later try may well end otherwise.
    rows: readings (sid, t, value, quality) that the op revises.
    """

    status: str
    code: str = ""
    records: tuple[RecordItem, ...] = ()
    current: Mapping[str, Any] | None = None
    versions_kept: int = 0
    final: bool = True
    rows: tuple[tuple[int, int, float | None, int], ...] = ()
